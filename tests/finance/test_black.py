"""Prices against 50-digit arithmetic."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.finance.black import normal_price, price

mpmath.mp.dps = 50
ULP = 2.0**-52


def exact_price(forward, strike, s, call=True):
    """Undiscounted Black price by the textbook formula, in mpmath."""
    forward, strike, s = (mpmath.mpf(v) for v in (forward, strike, s))
    d1 = mpmath.log(forward / strike) / s + s / 2
    sign = 1 if call else -1
    return sign * (forward * mpmath.ncdf(sign * d1) - strike * mpmath.ncdf(sign * (d1 - s)))


def exact_normal_price(forward, strike, s, call=True):
    """Undiscounted Bachelier price by the textbook formula, in mpmath."""
    forward, strike, s = (mpmath.mpf(v) for v in (forward, strike, s))
    sign = 1 if call else -1
    z = sign * (forward - strike) / s
    return sign * (forward - strike) * mpmath.ncdf(z) + s * mpmath.npdf(z)


WINGS = [
    (strike, s)
    for strike in (1e-3, 40.0, 99.999999, 100.0, 101.0, 250.0, 1e5, 100.0 * np.exp(40.0))
    for s in (1e-5, 1e-2, 0.1, 0.5, 0.9, 2.0, 8.0)
    if abs(np.log(strike / 100.0)) / s < 36.0  # a smaller price is below the range of doubles
]


@pytest.mark.parametrize(("strike", "s"), WINGS)
def test_prices_agree_with_mpmath_into_the_far_wings(strike, s):
    call = strike >= 100.0
    expected = exact_price(100.0, strike, s, call)
    found = float(price(s, forward=100.0, strike=strike, expiry=1.0, call=call))
    assert (
        float(abs(found - expected) / expected)
        < (4.0 + 0.1 * (np.log(strike / 100.0) / s) ** 2) * ULP
    )


@settings(max_examples=200, deadline=None)
@given(
    distance=st.floats(-37.0, 37.0),
    log_volatility=st.floats(-7.0, 4.0),
    years=st.floats(1e-3, 30.0),
    model=st.sampled_from(["black", "bachelier"]),
    call=st.booleans(),
)
def test_both_models_agree_with_mpmath(distance, log_volatility, years, model, call):
    sigma = float(np.exp(log_volatility))
    with mpmath.workdps(60):
        s = mpmath.mpf(sigma) * mpmath.sqrt(mpmath.mpf(years))
        if model == "black":
            forward, strike = (
                100.0,
                100.0 * float(np.exp(np.clip(distance * float(s), -40.0, 40.0))),
            )
            expected = exact_price(forward, strike, s, call)
            found = price(sigma, forward=forward, strike=strike, expiry=years, call=call)
        else:
            forward, strike = -3.0, -3.0 + distance * float(s)
            expected = exact_normal_price(forward, strike, s, call)
            found = normal_price(sigma, forward=forward, strike=strike, expiry=years, call=call)
    most = (4.0 + 0.1 * distance**2) * ULP
    assert float(abs(found - expected)) <= most * float(expected) + 1e-305


def test_without_volatility_or_time_a_price_is_its_intrinsic_value():
    strikes = np.array([80.0, 100.0, 120.0])
    for sigma, years in ((0.0, 1.0), (0.2, 0.0)):
        calls = price(sigma, forward=100.0, strike=strikes, expiry=years, discount=0.5)
        np.testing.assert_array_equal(calls, [10.0, 0.0, 0.0])
        puts = normal_price(sigma, forward=100.0, strike=strikes, expiry=years, call=False)
        np.testing.assert_array_equal(puts, [0.0, 0.0, 20.0])


def test_a_price_below_the_range_of_doubles_is_zero():
    assert price(0.05, forward=100.0, strike=226.7, expiry=0.066) == 0.0
    assert normal_price(1.0, forward=0.0, strike=60.0, expiry=1.0) == 0.0


def test_what_is_no_number_gives_no_price():
    assert np.isnan(price(np.nan, forward=100.0, strike=100.0, expiry=1.0))
    assert np.isnan(price(0.2, forward=-1.0, strike=100.0, expiry=1.0))
