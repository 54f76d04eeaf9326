"""The inversion against mpmath, row independence, and the verdict of every kind of row."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.core import Fixed, TrustRegion
from suite.errors import InputError
from suite.finance import Verdict, black, implied_volatility
from suite.finance.kernel import native
from suite.finance.kernel.stages import MODELS
from tests.finance.test_black import exact_price

EPS = 2.0**-52


def units_off(found, price, forward, strike, years, call, s):
    """Error of a volatility in units of what half an ulp of price and of volatility leave open."""
    with mpmath.workdps(60):
        s = mpmath.mpf(s)
        x = mpmath.log(mpmath.mpf(forward) / mpmath.mpf(strike))
        for _ in range(8):
            vega = mpmath.mpf(forward) * mpmath.npdf(x / s + s / 2)
            s -= (exact_price(forward, strike, s, call) - mpmath.mpf(price)) / vega
        root = mpmath.sqrt(mpmath.mpf(years))
        unit = np.spacing(price) / 2 / (vega * root) + np.spacing(float(s / root)) / 2
        return float(abs(mpmath.mpf(float(found)) - s / root) / unit)


@settings(max_examples=150, deadline=None)
@given(
    log_moneyness=st.floats(-5.0, 5.0),
    s=st.floats(0.02, 6.0),
    years=st.floats(1e-3, 30.0),
    call=st.booleans(),
)
def test_round_trip_through_mpmath(log_moneyness, s, years, call):
    strike = 100.0 * float(np.exp(log_moneyness))
    quote = float(exact_price(100.0, strike, s, call))
    intrinsic = max(100.0 - strike if call else strike - 100.0, 0.0)
    upper = 100.0 if call else strike
    if not (intrinsic + 1e-9 < quote < upper - 1e-9):
        return
    found = implied_volatility(quote, forward=100.0, strike=strike, expiry=years, kind=call * 2 - 1)
    assert Verdict(int(found.status)) is Verdict.SOLVED
    assert units_off(found.volatility, quote, 100.0, strike, years, call, s) <= 4.0


GRID = np.random.default_rng(7)
ROWS = 6000
FORWARD, YEARS = GRID.uniform(1.0, 200.0, ROWS), 10.0 ** GRID.uniform(-3.0, 1.0, ROWS)
CALL = GRID.random(ROWS) < 0.5
TOTAL = 10.0 ** GRID.uniform(-3.0, 0.9, ROWS)
STRIKE = FORWARD * np.exp(TOTAL * GRID.normal(0.0, 2.0, ROWS))
CALL |= STRIKE > 3.0 * FORWARD
PRICE = black.price(TOTAL / np.sqrt(YEARS), forward=FORWARD, strike=STRIKE, expiry=YEARS, call=CALL)
COLUMNS = {"forward": FORWARD, "strike": STRIKE, "expiry": YEARS, "kind": CALL * 2 - 1}


def solved(rows=slice(None), **options):
    part = {name: column[rows] for name, column in COLUMNS.items()}
    return implied_volatility(PRICE[rows], **part, **options)


def same(a, b):
    for name in ("volatility", "error", "status", "steps"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def assert_within_bars(volatility, found):
    """The error bar is what the last bit of the price leaves open: answers differ by less."""
    rows = found.status == Verdict.SOLVED
    assert (np.abs(volatility - found.volatility)[rows] <= 2.0 * found.error[rows]).all()


@pytest.mark.parametrize("model", ["black", "bachelier"])
def test_bits_do_not_depend_on_neighbours_order_threads_or_compiler(model, monkeypatch):
    together = solved(model=model, threads=1)
    same(solved(model=model, threads=2), together)
    order = GRID.permutation(ROWS)
    shuffled = solved(order, model=model)
    np.testing.assert_array_equal(shuffled.volatility, together.volatility[order])
    for row in range(0, ROWS, 997):
        assert solved(slice(row, row + 1), model=model).volatility[0] == together.volatility[row]
    assert native.load(model, MODELS[model].plan) is not None
    monkeypatch.setattr(native, "load", lambda name, plan: None)
    same(solved(model=model), together)


@pytest.mark.parametrize("model", ["black", "bachelier"])
def test_short_way_and_careful_way_meet(model):
    short, careful = solved(model=model), solved(model=model, law=TrustRegion(most_size=1.0))
    np.testing.assert_array_equal(short.status, careful.status)
    assert_within_bars(careful.volatility, short)
    assert careful.tally.attempts == sum(careful.tally.bound.values()) > 0


def test_a_step_that_never_adapts_does_not_invent_numbers():
    rows = TOTAL > 0.5
    fixed, usual = solved(rows, law=Fixed()), solved(rows)
    good = fixed.status == Verdict.SOLVED
    assert good.any()
    assert_within_bars(np.where(good, fixed.volatility, usual.volatility), usual)
    assert np.isnan(fixed.volatility[~good]).all()


def test_compiled_code_is_kept_and_what_is_damaged_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv("SUITE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(native, "_loaded", {})
    first = solved()
    (path,) = (tmp_path / "cache").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-100] + b"x" * 100)
    monkeypatch.setattr(native, "_loaded", {})
    same(solved(), first)
    assert path.read_bytes() == whole
    path.chmod(0o666)  # another user could have written it
    monkeypatch.setattr(native, "_loaded", {})
    same(solved(), first)


def test_every_answer_carries_its_error_bar():
    found = solved(threads=1)
    with_tick = solved(tick=0.01, threads=1)
    assert (with_tick.error >= found.error)[found.status == 0].all()
    nudged = implied_volatility(PRICE + 1e-7, **COLUMNS)
    bar = solved(tick=2e-7).error
    clear = (found.status == 0) & (nudged.status == 0) & (bar < 1e-4 * found.volatility)
    clear &= PRICE > 1e-4
    np.testing.assert_allclose(
        (nudged.volatility - found.volatility)[clear], bar[clear], rtol=0.05, atol=1e-12
    )


NAN, INF = np.nan, np.inf
KINDS = [
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
    (10.0, 100.0, 1.0, "straddle", Verdict.MISSING_FIELD),
    (10.0, 100.0, 365.0, "put", Verdict.SUSPECT),
    (1e-290, 50.0, 1.0, "put", Verdict.SOLVED),
]


def test_each_kind_of_row_gets_its_verdict_and_changes_no_other():
    price, strike, expiry, kind, _ = (list(column) for column in zip(*KINDS, strict=True))
    found = implied_volatility(price, forward=100.0, strike=strike, expiry=expiry, kind=kind)
    expected = [row[-1] for row in KINDS]
    assert [Verdict(int(code)) for code in found.status] == expected
    solved = np.array([verdict.answered for verdict in expected])
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
    assert found.to_frame().shape == (6, 4)
    assert found.summary() == "6 rows, 6 solved"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "straddle", "errors": "raise"}, "Row 0 has no implied volatility"),
        ({"errors": "ignore"}, "must be 'nan' or 'raise'. Got 'ignore'"),
        ({"spot": 100.0}, "exactly one of spot"),
        ({"model": "heston"}, "model must be 'black' or 'bachelier'. Got 'heston'"),
        ({"strike": [1.0, 2.0], "expiry": [1.0, 2.0, 3.0]}, "do not broadcast"),
        ({"strike": "many"}, "must be numbers. Got 'many'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(change, sentence):
    arguments = {"forward": 100.0, "strike": 100.0, "expiry": 1.0, "kind": "c"} | change
    with pytest.raises(InputError, match=sentence):
        implied_volatility(10.0, **arguments)
