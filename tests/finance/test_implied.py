"""The inversion against mpmath, row independence, and the verdict of every kind of row."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.core import Status
from suite.errors import InputError
from suite.finance import Verdict, implied_volatility
from suite.finance.implied import invert
from tests.finance.test_black import exact_price

EPS = 2.0**-52


@settings(max_examples=150, deadline=None)
@given(
    log_moneyness=st.floats(-5.0, 5.0),
    s=st.floats(0.02, 6.0),
    call=st.booleans(),
)
def test_round_trip_through_mpmath(log_moneyness, s, call):
    strike = 100.0 * float(np.exp(log_moneyness))
    exact = exact_price(100.0, strike, s, call)
    quote = float(exact)
    intrinsic = max(100.0 - strike if call else strike - 100.0, 0.0)
    upper = 100.0 if call else strike
    if not (intrinsic + 1e-9 < quote < upper - 1e-9):
        return
    found = implied_volatility(quote, forward=100.0, strike=strike, expiry=1.0, kind=call * 2 - 1)
    assert Verdict(int(found.status)) is Verdict.SOLVED
    d1 = mpmath.log(mpmath.mpf(100.0) / strike) / s + mpmath.mpf(s) / 2
    vega = float(100.0 * mpmath.npdf(d1))
    # Half an ulp of price is what the quote itself leaves open; the thin inversion may lose a few
    # hundred of these near the money, where vega is large and the normalised terms cancel.
    open_range = EPS * quote / vega + EPS * s
    assert abs(float(found.volatility) - s) < 500 * open_range + 2000 * EPS * abs(log_moneyness)


GRID = np.random.default_rng(7)
X = np.concatenate([GRID.uniform(0.0, 5.0, 400), 10.0 ** GRID.uniform(-9.0, 0.0, 400)])
S = 10.0 ** GRID.uniform(-2.0, 0.7, 800)
RATIO = np.array([float(exact_price(1.0, np.exp(x), s)) for x, s in zip(X, S, strict=True)])
KEPT = (RATIO > 1e-250) & (RATIO < 1.0)


def test_answers_do_not_depend_on_neighbours_or_order():
    x, ratio = X[KEPT], RATIO[KEPT]
    together = invert(x, ratio)
    order = GRID.permutation(len(x))
    shuffled = invert(x[order], ratio[order])
    np.testing.assert_array_equal(shuffled.answer, together.answer[order])
    np.testing.assert_array_equal(shuffled.count, together.count[order])
    for row in range(0, len(x), 37):
        alone = invert(x[row : row + 1], ratio[row : row + 1])
        assert alone.answer[0] == together.answer[row]


def test_every_row_of_a_hard_grid_is_solved_in_few_attempts():
    done = invert(X[KEPT], RATIO[KEPT])
    assert set(done.status) <= {Status.CONVERGED, Status.STALLED}
    assert done.count.max() <= 10
    assert done.tally.attempts == done.count.sum()
    assert sum(done.tally.bound.values()) == done.tally.attempts


def test_a_tolerance_below_rounding_ends_with_a_status_not_with_creeping():
    usual = invert(X[KEPT], RATIO[KEPT])
    tight = invert(X[KEPT], RATIO[KEPT], tolerance=1e-17)
    assert set(tight.status) <= {Status.CONVERGED, Status.STALLED}
    assert tight.count.max() <= usual.count.max() + 3
    assert tight.tally.refused["gain at rounding"] > 0


NAN, INF = np.nan, np.inf
ROWS = [
    # price, strike, expiry, kind, verdict
    (10.0, 100.0, 1.0, "c", Verdict.SOLVED),
    (19.0, 80.0, 1.0, "call", Verdict.BELOW_INTRINSIC),
    (20.0, 80.0, 1.0, "C", Verdict.NO_TIME_VALUE),
    (0.0, 120.0, 1.0, "c", Verdict.NO_TIME_VALUE),
    (100.0, 120.0, 1.0, "c", Verdict.ABOVE_MAXIMUM),
    (130.0, 120.0, 1.0, "p", Verdict.ABOVE_MAXIMUM),
    (10.0, 100.0, 0.0, "p", Verdict.EXPIRED),
    (10.0, 100.0, -1.0, "p", Verdict.EXPIRED),
    (NAN, 100.0, 1.0, "p", Verdict.MISSING_FIELD),
    (10.0, NAN, 1.0, "p", Verdict.MISSING_FIELD),
    (10.0, 0.0, 1.0, "put", Verdict.MISSING_FIELD),
    (10.0, -5.0, 1.0, "put", Verdict.MISSING_FIELD),
    (INF, 100.0, 1.0, "put", Verdict.MISSING_FIELD),
    (-1.0, 100.0, 1.0, "put", Verdict.MISSING_FIELD),
    (1e-290, 50.0, 1.0, "put", Verdict.SOLVED),
]


def test_each_kind_of_row_gets_its_verdict_and_changes_no_other():
    price, strike, expiry, kind, _ = (list(column) for column in zip(*ROWS, strict=True))
    found = implied_volatility(price, forward=100.0, strike=strike, expiry=expiry, kind=kind)
    expected = [row[-1] for row in ROWS]
    assert [Verdict(int(code)) for code in found.status] == expected
    solved = np.array([verdict is Verdict.SOLVED for verdict in expected])
    np.testing.assert_array_equal(np.isfinite(found.volatility), solved)
    alone = implied_volatility(10.0, forward=100.0, strike=100.0, expiry=1.0, kind="c")
    assert found.volatility[0] == alone.volatility


def test_spot_with_rate_and_dividend_is_the_forward():
    quote = float(np.exp(-0.05) * float(exact_price(100.0 * np.exp(0.03), 110.0, 0.25)))
    found = implied_volatility(
        quote, spot=100.0, rate=0.05, dividend=0.02, strike=110.0, expiry=1.0, kind="c"
    )
    assert float(found.volatility) == pytest.approx(0.25, abs=1e-13)


def test_shapes_broadcast_and_the_result_is_an_array():
    strikes, expiries = np.array([90.0, 100.0, 110.0]), np.array([[0.5], [1.0]])
    found = implied_volatility(12.0, forward=100.0, strike=strikes, expiry=expiries, kind="c")
    assert np.asarray(found).shape == (2, 3)
    assert found.to_frame().shape == (6, 3)
    assert found.summary() == "6 rows, 6 solved"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "straddle"}, "'straddle' in row 0"),
        ({"spot": 100.0}, "exactly one of spot"),
        ({"model": "bachelier"}, "model must be 'black'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(change, sentence):
    arguments = {"forward": 100.0, "strike": 100.0, "expiry": 1.0, "kind": "c"} | change
    with pytest.raises(InputError, match=sentence):
        implied_volatility(10.0, **arguments)
