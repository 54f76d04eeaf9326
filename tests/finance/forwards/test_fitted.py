"""Forwards of whole quote tables."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.errors import InputError
from suite.finance import solve_table
from suite.finance.black import price
from suite.finance.forwards.curve import RateCurve
from suite.finance.forwards.fitted import forwards_of, given_of, parity_of
from suite.finance.verdict import Verdict

GOOD = int(Verdict.SOLVED)


def chain(forward=100.0, rate=0.04, years=0.5, strikes=None, **columns):
    """A clean chain of quotes whose forward and discount factor are known."""
    strikes = np.arange(80.0, 121.0, 5.0) if strikes is None else np.asarray(strikes, float)
    strike, call = np.repeat(strikes, 2), np.tile([True, False], len(strikes))
    discount = np.exp(-rate * years)
    mid = price(0.25, forward=forward, strike=strike, expiry=years, discount=discount, call=call)
    day = pd.Timestamp("2025-10-06").as_unit("s")
    table = {
        "quoted": day,
        "root": "X",
        "expiration": day + pd.Timedelta(days=round(365 * years)),
        "years": years,
        "strike": strike,
        "call": call,
        "put": ~call,
        "bid": mid - 0.05,
        "ask": mid + 0.05,
    }
    return pd.DataFrame(table | columns)


def good(quotes):
    return np.full(len(quotes), GOOD)


def test_the_columns_are_the_promised_ones():
    found = forwards_of(chain(), good(chain()))
    assert found.columns.tolist()[:-1] == [
        *("quoted", "root", "expiration", "years", "forward", "discount", "forward_error"),
        *("discount_error", "pairs", "outliers", "source"),
    ]
    row = found.iloc[0]
    assert row["forward"] == pytest.approx(100.0, rel=1e-10)
    assert row["discount"] == pytest.approx(np.exp(-0.02), rel=1e-10)
    assert (row["pairs"], row["outliers"], row["source"], row["note"]) == (9, 0, "parity", "")
    empty = parity_of(chain().iloc[:0], np.array([], int))
    assert len(empty.forwards) == len(empty.left_out) == 0
    assert empty.forwards.columns.tolist() == found.columns.tolist()


def test_a_curve_or_a_rate_fixes_the_discount_and_one_pair_is_enough():
    quotes = chain(strikes=[95.0], rate=0.03)
    assert np.isnan(forwards_of(quotes, good(quotes))["forward"][0])
    for options, columns, source in (
        ({"curve": RateCurve.flat(0.03)}, {}, "parity with curve"),
        ({}, {"rate": 0.03}, "parity with rate"),
        ({"curve": RateCurve.flat(0.03)}, {"rate": 0.2}, "parity with curve"),
    ):
        found = forwards_of(quotes.assign(**columns), good(quotes), **options)
        assert found["forward"][0] == pytest.approx(100.0, rel=1e-10)
        assert found["discount"][0] == pytest.approx(np.exp(-0.015), rel=1e-14)
        assert (found["source"][0], found["pairs"][0]) == (source, 1)


def test_what_the_table_says_is_not_fitted():
    quotes = chain(rate=0.03, years=1.0)
    said = quotes.assign(underlying=98.0, dividend=0.01, rate=0.03)
    found = forwards_of(said, good(said)).iloc[0]
    assert found["source"] == "given"
    assert found["forward"] == pytest.approx(98.0 * np.exp(0.02))
    said = quotes.assign(forward_given=101.0, rate=0.03)
    assert forwards_of(said, good(said))["forward"][0] == 101.0
    # A forward without a rate, or of some rows only, does not end the fit.
    assert forwards_of(quotes.assign(forward_given=101.0), good(quotes))["source"][0] == "parity"
    said.loc[0, "forward_given"] = np.nan
    assert forwards_of(said, good(said))["source"][0] == "parity with rate"
    forward, discount = given_of(said)
    assert np.isnan(forward[0])
    assert (forward[1], discount[1]) == (101.0, np.exp(-0.03))


def test_american_roots_are_said_and_fitted_below_their_forward():
    quotes = chain(strikes=np.arange(60.0, 141.0, 2.0), american=True)
    found = parity_of(quotes, good(quotes))
    assert found.forwards["source"][0] == "parity, american"
    assert found.left_out["strike"].min() >= 100.0
    assert found.left_out["reason"].str.contains("early exercise").all()


def test_every_pair_left_out_is_told_with_its_rows_and_reason():
    quotes = chain()
    market = good(quotes)
    quotes.loc[2, ["bid", "ask"]] += 3.0  # the call at 85
    market[5] = Verdict.ZERO_BID  # the put at 90
    market[8:10] = Verdict.CROSSED, Verdict.ONE_SIDED  # both at 100
    quotes.loc[17, "ask"] += 40.0  # the put at 120
    found = parity_of(quotes, market)
    left = found.left_out.set_index("strike")
    assert left.index.tolist() == [85.0, 90.0, 100.0, 120.0]
    assert left["call_row"].tolist() == [2, 4, 8, 16]
    assert left["put_row"].tolist() == [3, 5, 9, 17]
    assert left.loc[85.0, "misfit"] == pytest.approx(30.0)
    assert "misses the line" in left.loc[85.0, "reason"]
    assert left.loc[90.0, "reason"] == "zero bid of the put"
    assert left.loc[100.0, "reason"] == "crossed of the call"
    assert "too wide" in left.loc[120.0, "reason"]
    row = found.forwards.iloc[0]
    assert (row["pairs"], row["outliers"]) == (5, 1)
    assert row["forward"] == pytest.approx(100.0, rel=1e-10)


def test_an_absurd_forward_among_its_neighbours_is_noted():
    years = [0.1, 0.2, 0.3, 0.5, 1.0]
    forwards = [100.0, 100.5, 160.0, 101.0, 103.0]
    parts = [
        chain(f, years=t, strikes=f * np.linspace(0.8, 1.2, 9))
        for t, f in zip(years, forwards, strict=True)
    ]
    quotes = pd.concat(parts, ignore_index=True)
    notes = forwards_of(quotes, good(quotes))["note"].tolist()
    assert [bool(note) for note in notes] == [False, False, True, False, False]
    assert "160" in notes[2]


def test_a_table_of_several_underlyings_is_refused_and_a_few_repeats_are_not():
    mixed = pd.concat([chain(), chain(150.0)], ignore_index=True)
    with pytest.raises(InputError, match="--map root=COLUMN"):
        forwards_of(mixed, good(mixed))
    told = mixed.assign(root=["X"] * 18 + ["Y"] * 18)
    np.testing.assert_allclose(forwards_of(told, good(told))["forward"], [100.0, 150.0], rtol=1e-9)
    repeated = pd.concat([chain(), chain().iloc[:2].assign(bid=1.0)], ignore_index=True)
    assert forwards_of(repeated, good(repeated))["pairs"][0] == 9


@given(seed=st.integers(0, 10_000))
def test_bad_rows_and_the_order_of_rows_change_nothing(seed):
    rng = np.random.default_rng(seed)
    quotes = pd.concat(
        [chain(100.0, years=0.25), chain(102.0, years=0.5), chain(50.0, root="Y")],
        ignore_index=True,
    )
    plain = forwards_of(quotes, good(quotes))
    bad = quotes.sample(5, random_state=seed).reset_index(drop=True)
    bad["bid"] = rng.choice([np.nan, np.inf, -1.0], 5)
    bad.loc[rng.integers(0, 5), "strike"] = np.nan
    bad.loc[rng.integers(0, 5), "expiration"] = pd.NaT
    both = pd.concat([quotes, bad], ignore_index=True)
    market = np.r_[good(quotes), np.full(5, Verdict.MISSING_FIELD)]
    order = rng.permutation(len(both))
    shuffled = both.iloc[order].reset_index(drop=True)
    pd.testing.assert_frame_equal(forwards_of(shuffled, market[order]), plain, check_exact=True)


def test_a_discount_factor_that_no_rate_explains_is_said():
    strikes = np.array([90.0, 95.0, 100.0, 105.0, 110.0])
    table = {
        "strike": np.tile(strikes, 2),
        "type": ["c"] * 5 + ["p"] * 5,
        "expiration": "2026-01-16",
        "quoted": "2025-10-06",
    }
    years = 102 / 365.0
    mids = np.concatenate(
        [price(0.2, forward=100.0, strike=strikes, expiry=years, call=c) for c in (True, False)]
    )
    table["strike"] = 1000.0 * table["strike"]
    solved = solve_table(pd.DataFrame(table | {"bid": mids - 0.01, "ask": mids + 0.01}))
    assert set(solved["iv_status"]) == {"suspect"}
    assert solved["iv_note"].str.contains("in the same unit").all()
