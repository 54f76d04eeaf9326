"""Greeks against derivatives of the 50-digit price."""

import mpmath
import numpy as np
import pytest

from suite.finance import implied_volatility
from suite.finance.greeks import GREEKS, greeks, of_spot
from tests.finance.test_black import exact_normal_price, exact_price

SPOT, RATE, DIVIDEND = 100.0, 0.05, 0.02
CASES = [(k, t, call) for k in (60.0, 100.0, 101.0, 180.0) for t in (0.02, 2.0) for call in (0, 1)]


def value(spot, sigma, rate, years, strike, call, model):
    forward = spot * mpmath.exp((rate - mpmath.mpf(DIVIDEND)) * years)
    formula = exact_price if model == "black" else exact_normal_price
    return mpmath.exp(-rate * years) * formula(forward, strike, sigma * mpmath.sqrt(years), call)


@pytest.mark.parametrize("model", ["black", "bachelier"])
@pytest.mark.parametrize(("strike", "years", "call"), CASES)
def test_each_is_the_derivative_of_the_price(strike, years, call, model):
    sigma = 0.3 if model == "black" else 30.0
    at = [mpmath.mpf(v) for v in (SPOT, sigma, RATE, years)]

    def derivative(*orders):
        return float(
            mpmath.diff(lambda s, v, r, t: value(s, v, r, t, strike, call, model), at, orders)
        )

    forward, discount = SPOT * np.exp((RATE - DIVIDEND) * years), np.exp(-RATE * years)
    row = [np.float64(v) for v in (sigma, forward, strike, years, discount)]
    found = of_spot(greeks(*row, bool(call), model=model), forward, SPOT, years, RATE, DIVIDEND)
    expected = {
        "delta": derivative(1, 0, 0, 0),
        "gamma": derivative(2, 0, 0, 0),
        "vega": derivative(0, 1, 0, 0),
        "theta": -derivative(0, 0, 0, 1),
        "rho": derivative(0, 0, 1, 0),
        "vanna": derivative(1, 1, 0, 0),
        "volga": derivative(0, 2, 0, 0),
    }
    for name in GREEKS:
        size = max(abs(expected[name]), 1e-12)
        assert found[name] == pytest.approx(expected[name], rel=2e-12, abs=1e-13 * size + 1e-14)


def test_rows_without_a_volatility_have_no_greeks():
    row = [np.array([v, v]) for v in (100.0, 100.0, 1.0, 1.0)]
    found = greeks(np.array([np.nan, 0.2]), *row, np.array([True, False]))
    assert all(np.isnan(column[0]) and np.isfinite(column[1]) for column in found.values())


def test_they_come_with_the_volatility():
    arguments = {"strike": [90.0, 110.0], "expiry": 0.5, "kind": "c"}
    of_forward = implied_volatility([13.0, 3.0], forward=101.0, **arguments, greeks=True)
    expected = greeks(
        of_forward.volatility, 101.0, np.array([90.0, 110.0]), 0.5, 1.0, np.array([True, True])
    )
    assert list(of_forward.greeks) == list(GREEKS)
    for name in GREEKS:
        np.testing.assert_array_equal(of_forward.greeks[name], expected[name])
    spot = 101.0 * np.exp(-0.03 * 0.5)
    of_the_spot = implied_volatility(
        [13.0, 3.0], spot=spot, rate=0.05, dividend=0.02, **arguments, greeks=True
    )
    later = implied_volatility(
        [13.0, 3.0],
        spot=spot,
        rate=0.05,
        dividend=0.02,
        **arguments,
        model="bachelier",
        greeks=True,
    )
    assert (of_the_spot.greeks["delta"] > 0.0).all()
    assert (later.greeks["delta"] > 0.0).all()
    assert of_forward.to_frame().shape == (2, 11)
