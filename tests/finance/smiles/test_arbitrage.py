"""Arbitrage between quotes: made by hand, by brute force, and none where there is none."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from suite.finance import solve_file
from suite.finance.smiles.arbitrage import KINDS, arbitrage

EXAMPLES = Path(__file__).parents[3] / "examples" / "finance"
SPX, AAPL = EXAMPLES / "spx_cboe_2025-10-01.csv", EXAMPLES / "aapl_yahoo_2025-10-06.csv"

STRIKES = np.array([80.0, 90.0, 95.0, 100.0, 110.0, 125.0])
YEARS = {"2026-01-16": 0.25, "2026-06-18": 0.7}


def black(forward, strike, s, call):
    """Undiscounted price by the textbook formula; its rounding is far below any spread here."""
    d = np.log(forward / strike) / s + 0.5 * s
    sign = np.where(call, 1.0, -1.0)
    return sign * (forward * ndtr(sign * d) - strike * ndtr(sign * (d - s)))


def table(volatility=0.2, skew=0.0, half=0.05, rate=0.04, carry=0.02, american=False):
    """Calls and puts of two expirations, 24 rows, with exact prices between bid and ask."""
    rows = pd.DataFrame(
        [(e, k, c) for e in YEARS for k in STRIKES for c in (True, False)],
        columns=["expiration", "strike", "call"],
    )
    years = rows["expiration"].map(YEARS).to_numpy()
    rows["forward"], rows["discount"] = 100.0 * np.exp(carry * years), np.exp(-rate * years)
    k = np.log(rows["strike"] / rows["forward"]).to_numpy()
    s = np.sqrt(years * (volatility**2 + skew * (np.hypot(k, 0.2) - 0.2)))
    mid = black(rows["forward"], rows["strike"], s, rows["call"]) * rows["discount"]
    rows["bid"], rows["ask"] = np.maximum(mid - half, 0.0), mid + half
    rows["put"], rows["quoted"], rows["root"] = ~rows["call"], pd.Timestamp("2025-10-17"), "X"
    rows["expiration"] = pd.to_datetime(rows["expiration"])
    rows["american"] = american
    return rows


def place(rows, expiration, strike, kind):
    call = rows["call"] == (kind == "call")
    dated = rows["expiration"] == pd.Timestamp(list(YEARS)[expiration])
    return int(rows.index[call & dated & (rows["strike"] == strike)][0])


@settings(max_examples=60, deadline=None)
@given(
    volatility=st.floats(0.05, 1.0),
    skew=st.floats(0.0, 0.05),
    half=st.floats(1e-6, 2.0),
    rate=st.floats(-0.05, 0.15),
    carry=st.floats(-0.1, 0.1),
)
def test_exact_prices_with_a_constant_spread_have_none(volatility, skew, half, rate, carry):
    assert arbitrage(table(volatility, skew, half, rate, carry)).empty


def quoted_at(rows, row, bid, ask):
    rows.loc[row, ["bid", "ask"]] = [bid, ask]


def test_a_dearer_call_of_a_higher_strike_is_a_vertical():
    rows = table()
    sold, bought = place(rows, 0, 110.0, "call"), place(rows, 0, 100.0, "call")
    # Above the lower strike's ask, and below what would break convexity with no other quote near.
    quoted_at(rows, sold, rows.loc[bought, "ask"] + 0.3, rows.loc[bought, "ask"] + 0.4)
    found = arbitrage(rows)
    vertical = found[(found["kind"] == "vertical")].iloc[0]
    assert vertical["rows"] == [sold, bought]
    assert vertical["amount"] == pytest.approx(0.3, abs=1e-12)
    assert vertical["sentence"].startswith(f"Sell row {sold} (2026-01-16 110 call at")


def test_a_spread_above_its_largest_pay_is_a_vertical():
    rows = table()
    sold, bought = place(rows, 1, 110.0, "put"), place(rows, 1, 100.0, "put")
    discount = rows.loc[sold, "discount"]
    ask = rows.loc[bought, "ask"]
    quoted_at(rows, sold, ask + 10.0 * discount + 0.2, ask + 10.0 * discount + 0.3)
    largest = arbitrage(rows).query("kind == 'vertical'").iloc[0]
    assert largest["rows"] == [sold, bought]
    assert largest["amount"] == pytest.approx(0.2, abs=1e-12)
    assert "set aside the most it can pay" in largest["sentence"]


def test_a_bid_above_the_chord_of_unequal_strikes_is_a_butterfly():
    rows = table(half=0.01)
    left, body, right = (place(rows, 0, k, "put") for k in (90.0, 95.0, 110.0))
    quoted_at(rows, place(rows, 0, 100.0, "put"), np.nan, np.nan)
    cover = 0.75 * rows.loc[left, "ask"] + 0.25 * rows.loc[right, "ask"]
    quoted_at(rows, body, cover + 0.02, cover + 0.03)
    found = arbitrage(rows).query("kind == 'butterfly'")
    assert found["rows"].tolist() == [[body, left, right]]
    assert found["amount"].iloc[0] == pytest.approx(0.02, abs=1e-12)
    assert f"0.75 of row {left}" in found["sentence"].iloc[0]


def test_a_nearer_bid_above_the_farther_cover_is_a_calendar():
    # Without carry the strikes of both expirations are of the same moneyness.
    rows = table(carry=0.0, rate=0.0)
    near, far = place(rows, 0, 110.0, "call"), place(rows, 1, 110.0, "call")
    quoted_at(rows, far, rows.loc[near, "bid"] - 0.2, rows.loc[near, "bid"] - 0.1)
    found = arbitrage(rows).query("kind == 'calendar'")
    assert [near, far] in found["rows"].tolist()
    first = found[[r == [near, far] for r in found["rows"]]].iloc[0]
    assert first["amount"] == pytest.approx(0.1, abs=1e-12)


def test_parity_is_held_against_the_forward_and_its_error():
    rows = table()
    call, put = (place(rows, 0, 100.0, kind) for kind in ("call", "put"))
    rows.loc[call, ["bid", "ask"]] += 0.4
    gain = 0.3  # 0.4 less the half widths of both
    found = arbitrage(rows).query("kind == 'parity'")
    assert found["rows"].tolist() == [[call, put]]
    assert found["amount"].iloc[0] == pytest.approx(gain, abs=1e-12)
    group = rows[["quoted", "root", "expiration"]].drop_duplicates()
    for error, left in ((0.01, True), (0.2, False)):
        errors = group.assign(forward_error=error, discount_error=0.0)
        assert ("parity" in arbitrage(rows, errors)["kind"].tolist()) is left


def test_american_rows_have_no_parity_and_calendars_of_equal_strikes():
    rows = table(american=True, rate=0.0, carry=0.0)
    call = place(rows, 0, 100.0, "call")
    rows.loc[call, ["bid", "ask"]] += 0.3
    assert "parity" not in arbitrage(rows)["kind"].tolist()
    # With a high rate a European put of a farther expiration may be cheaper, an American not.
    for american in (True, False):
        rows = table(half=0.01, rate=0.2, carry=0.0, american=american)
        kinds = arbitrage(rows)["kind"].tolist()
        assert ("calendar" in kinds) is american
        assert "parity" not in kinds


prices = st.integers(0, 40).map(lambda n: 0.25 * n)
unusable = st.sampled_from([np.nan, -1.0])


@settings(max_examples=60, deadline=None)
@given(
    bid=st.lists(st.one_of(prices, unusable), min_size=24, max_size=24),
    width=st.lists(st.sampled_from([0.25, 0.5, 2.0, np.nan, -0.25]), min_size=24, max_size=24),
    american=st.booleans(),
)
def test_the_largest_of_each_kind_is_that_of_a_search_of_all(bid, width, american):
    rows = table(american=american)
    rows["bid"], rows["ask"] = bid, np.array(bid) + np.array(width)
    found = arbitrage(rows).groupby("kind")["amount"].max()
    for kind, gain in brute_force(rows).items():
        if gain > 1e-6:
            assert found[kind] == pytest.approx(gain, abs=1e-9), kind
        else:
            assert kind not in found, kind


def brute_force(rows):
    """The largest gain of each kind by trying all pairs and triples of rows."""
    usable = [r for r in rows.itertuples() if 0.0 <= r.bid <= r.ask and r.ask > 0.0]
    gains = dict.fromkeys(KINDS, -np.inf)
    for sold in usable:
        for bought in usable:
            kind, gain = pair(sold, bought)
            gains[kind] = max(gains[kind], gain)
    for sold in usable:
        for low, high in product([r for r in usable if r.call == sold.call], repeat=2):
            kind, gain = triple(sold, low, high)
            gains[kind] = max(gains[kind], gain)
    return gains


def pair(sold, bought):
    """The gain of selling one row and buying another of the same expiration."""
    if sold.expiration != bought.expiration or sold.Index == bought.Index:
        return "vertical", -np.inf
    worth = sold.discount * (sold.forward - sold.strike)
    if sold.call != bought.call:
        same = sold.strike == bought.strike and not sold.american
        gain = sold.bid - bought.ask - (worth if sold.call else -worth)
        return "parity", gain if same else -np.inf
    pay = max(sold.strike - bought.strike, 0.0) if not sold.call else 0.0
    pay = max(bought.strike - sold.strike, 0.0) if sold.call else pay
    rate = max(sold.discount, 1.0) if sold.american else sold.discount
    return "vertical", sold.bid - bought.ask - rate * pay


def triple(sold, low, high):
    """The gain of covering a row by two others of one expiration, its own or the next."""
    kind = "butterfly" if low.expiration == sold.expiration else "calendar"
    if low.expiration != high.expiration or low.expiration < sold.expiration:
        return kind, -np.inf
    unit = (lambda r: 1.0) if sold.american else (lambda r: r.forward)
    worth = (lambda r: 1.0) if sold.american else (lambda r: r.forward * r.discount)
    at, left, right = (r.strike / unit(r) for r in (sold, low, high))
    if not left <= at <= right:
        return kind, -np.inf
    share = 1.0 if left == right else (right - at) / (right - left)
    if kind == "butterfly" and not 0.0 < share < 1.0:
        return kind, -np.inf
    cost = (share * low.ask + (1.0 - share) * high.ask) / worth(low)
    return kind, sold.bid - cost * worth(sold)


def test_spx_has_none_and_aapl_has_its_stale_rows():
    assert arbitrage(*frames(SPX)).empty
    quotes, forwards = frames(AAPL)
    quotes["american"] = True
    found = arbitrage(quotes, forwards)
    assert set(found["kind"]) == {"vertical", "butterfly", "calendar"}
    # The 360 put of December is bid 161.95 with the stock below 260: 60 above its worth.
    assert found.head(5)["rows"].map(lambda rows: rows[0] == 719).any()
    assert (np.diff(found["amount"]) <= 0.0).all()


def frames(path):
    solved = solve_file(path)
    return solved.quotes.copy(), solved.forwards


def test_an_empty_table_has_none():
    found = arbitrage(table().iloc[:0])
    assert found.empty
    assert found.columns.tolist() == ["kind", "rows", "amount", "sentence"]
