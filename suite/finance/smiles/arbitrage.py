"""Arbitrage between the quotes of a table, without a model: buy at the ask, sell at the bid.

Prices of calls fall with the strike, by no more than the discounted distance of the strikes, and
are convex in it; those of puts rise likewise; and a call, a put and a forward of one strike hold
parity. Across expirations, prices at equal strike over forward, in units of discounted forwards,
do not fall with time (Gatheral and Jacquier, Quantitative Finance 14, 59 (2014), lemma 2.1, for
deterministic rates and dividends proportional to the price); of American options, prices at equal
strikes. Carr and Madan, Finance Research Letters 2, 125 (2005). All expirations of a table are
looked at together, without a loop over rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["KINDS", "arbitrage"]

Vector = NDArray[np.float64]
Places = NDArray[Any]

KINDS = {
    "vertical": "two strikes: the better right costs less, or a spread costs more than it pays",
    "butterfly": "three strikes: the middle one is dearer than the outer two that cover it",
    "calendar": "two expirations: the nearer option is dearer than the farther that covers it",
    "parity": "call less put is not the forward less the strike, beyond the forward's own error",
}
"""The kinds of arbitrage and what each means."""

_GROUP = ["quoted", "root", "expiration"]
# Standard errors of forward and discount that a gain has to exceed: twenty expirations are looked
# at, and the forward comes from the very quotes.
_ERRORS = 3.0
# Passes over the convex hull; points that a last pass would still take away only hide flags.
_SWEEPS = 64
_ROUNDING = 1e-9
# Flags that get a sentence; a table with more is not one to read.
_TOLD = 10_000


class _Found(NamedTuple):
    """Flags as columns: rows sold, rows bought with the shares of the first, and the gain."""

    kind: str
    sold: Places
    bought: Places
    second: Places
    share: Vector
    amount: Vector


def arbitrage(quotes: pd.DataFrame, forwards: pd.DataFrame | None = None) -> pd.DataFrame:
    """Every riskless gain between quotes that crossing the market would still leave.

    `quotes` has one row a contract: strike, bid, ask, call, put, quoted, root, expiration,
    forward, discount, and american where it is known; `forwards` has the errors of forward and
    discount for each quote time, root and expiration. Rows that are crossed themselves, or without
    a strike or a kind, are left out, and American rows are left out of parity, which does not hold
    for them. Returns one row a flag, the largest gain first: `kind` of `KINDS`, `rows` (places in
    the table, the one sold first), `amount` in price units for one option sold, and `sentence`
    (empty after the ten thousand largest).
    Of all flags of a kind with the same purchase only the largest is kept.

    >>> table = pd.DataFrame({"strike": [90.0, 100.0], "bid": [9.0, 9.5], "ask": [9.2, 9.7],
    ...     "call": True, "put": False, "quoted": 0, "root": "X", "expiration": 1,
    ...     "forward": 99.0, "discount": 1.0})
    >>> arbitrage(table)[["kind", "rows", "amount"]].round(9).to_dict("records")
    [{'kind': 'vertical', 'rows': [1, 0], 'amount': 0.3}]
    """
    rows = _usable(quotes, forwards)
    found = [*_vertical(rows), *_butterfly(rows), *_calendar(rows), *_parity(rows)]
    flags = pd.concat([_largest(f) for f in found], ignore_index=True)
    flags = flags.sort_values("amount", ascending=False, kind="stable", ignore_index=True)
    places = flags[["sold", "bought", "second"]].to_numpy(np.int64).tolist()
    named = [[int(rows.row[i]) for i in three if i >= 0] for three in places]
    told = zip(flags["kind"], places[:_TOLD], flags["share"], flags["amount"], strict=False)
    sentences = [_sentence(kind, rows, *line) for kind, *line in told]
    sentences += [""] * (len(flags) - len(sentences))
    columns = {"kind": flags["kind"], "rows": named, "amount": flags["amount"]}
    return pd.DataFrame(columns | {"sentence": sentences})


class _Rows(NamedTuple):
    """The usable rows, sorted by group, kind and strike, as plain columns."""

    row: Places
    strike: Vector
    bid: Vector
    ask: Vector
    call: NDArray[np.bool_]
    american: NDArray[np.bool_]
    forward: Vector
    discount: Vector
    forward_error: Vector
    discount_error: Vector
    group: Places
    chain: Places
    root: NDArray[Any]
    expiration: NDArray[Any]
    quoted: NDArray[Any]


def _usable(quotes: pd.DataFrame, forwards: pd.DataFrame | None) -> _Rows:
    table = quotes.reset_index(drop=True)
    table["american"] = table.get("american", False)
    errors = ["forward_error", "discount_error"]
    table = table.drop(columns=errors, errors="ignore")
    if forwards is not None and len(forwards) and set(errors) <= set(forwards.columns):
        table = table.merge(forwards[[*_GROUP, *errors]], on=_GROUP, how="left")
    else:
        table[errors] = 0.0
    table[errors] = table[errors].fillna(0.0)
    bid, ask = table["bid"].to_numpy(float), table["ask"].to_numpy(float)
    kept = (table["strike"] > 0.0) & (table["call"] != table["put"]) & (bid >= 0.0) & (ask > 0.0)
    kept &= (bid <= ask) & table[_GROUP].notna().all(axis=1)
    table = table[kept.to_numpy(bool)]
    group = table.groupby(_GROUP, sort=True).ngroup().to_numpy(np.int64)
    call = table["call"].to_numpy(bool)
    chain = 2 * group + call
    order = np.lexsort((table["strike"].to_numpy(float), chain))
    names = ["strike", "bid", "ask", "forward", "discount", *errors]
    numbers = {name: table[name].to_numpy(float)[order] for name in names}
    return _Rows(
        row=table.index.to_numpy(np.int64)[order],
        call=call[order],
        american=table["american"].to_numpy(bool)[order],
        group=group[order],
        chain=chain[order],
        **{name: table[name].to_numpy()[order] for name in ("root", "expiration", "quoted")},
        **numbers,
    )


def _flags(
    kind: str, rows: _Rows, sold: Places, bought: Places, gain: Vector, cover: Any = None
) -> _Found:
    """The flags with a gain that is more than rounding; `cover` is the second purchase's share."""
    kept = np.flatnonzero(gain > _ROUNDING * np.maximum(rows.strike[sold], rows.ask[sold]))
    second, share = (np.full(len(gain), -1), np.ones(len(gain))) if cover is None else cover
    return _Found(kind, sold[kept], bought[kept], second[kept], share[kept], gain[kept])


def _largest(found: _Found) -> pd.DataFrame:
    """Of all flags with the same purchase the largest: a bad quote is told once, not per strike."""
    flags = pd.DataFrame(found._asdict()).sort_values("amount", ascending=False, kind="stable")
    return flags.drop_duplicates(["bought", "second"])


def _running_least(value: Vector, chain: Places) -> tuple[Vector, Places]:
    """The least value before each row in its chain and where it is (-1: nothing is before)."""
    frame = pd.DataFrame({"value": value, "chain": chain})
    least = frame.groupby("chain")["value"].cummin().to_numpy()
    place = pd.Series(np.where(value == least, np.arange(len(value)), np.nan)).ffill()
    before = np.full(len(value), -1)
    before[1:] = np.where(chain[1:] == chain[:-1], place.to_numpy()[:-1], -1)
    return np.where(before >= 0, value[before], np.inf), before


def _vertical(rows: _Rows) -> Iterator[_Found]:
    """Two strikes of one chain: monotony, and the most a spread can pay."""
    # A spread of American options pays the whole distance at once; else the discounted one.
    sure = rows.discount + _ERRORS * rows.discount_error
    distance = np.where(rows.american, np.maximum(sure, 1.0), sure) * rows.strike
    for is_call in (True, False):
        mine = np.flatnonzero(rows.call == is_call)
        for step, toll in ((1, np.zeros(len(rows.row))), (-1, distance)):
            # Calls fall with the strike and puts rise: the dearer right is to one side of each
            # row; the side where it is cheaper has the toll of the distance.
            forwards = (step == 1) == is_call
            places = mine if forwards else mine[::-1]
            sign = 1.0 if is_call else -1.0
            ask, bid = rows.ask + sign * toll, rows.bid + sign * toll
            known = places[np.isfinite(ask[places])]
            least, before = _running_least(ask[known], rows.chain[known])
            behind = before >= 0
            sold, bought = known[behind], known[before[behind]]
            yield _flags("vertical", rows, sold, bought, (bid[known] - least)[behind])


def _hull(x: Vector, y: Vector, chain: Places) -> Places:
    """Places of the points on the lower convex hull of each chain; x rises along it."""
    kept = np.arange(len(x))
    for _ in range(_SWEEPS):
        left, mid, right = kept[:-2], kept[1:-1], kept[2:]
        inner = (chain[left] == chain[mid]) & (chain[mid] == chain[right])
        with np.errstate(all="ignore"):
            share = (x[right] - x[mid]) / (x[right] - x[left])
            above = y[mid] >= share * y[left] + (1.0 - share) * y[right]
        gone = np.flatnonzero(inner & above) + 1
        if not gone.size:
            break
        kept = np.delete(kept, gone)
    return kept


def _cheapest(x: Vector, ask: Vector, chain: Places) -> Places:
    """Places of the cheapest quote of each x of a chain; rows are sorted by chain and x."""
    order = np.lexsort((ask, x, chain))
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(x[order]) > 0.0) | (np.diff(chain[order]) > 0)
    return order[new]


def _cover(
    at: Vector, chain: Places, hull_x: Vector, hull_chain: Places
) -> tuple[Places, Places, Vector]:
    """The hull points left and right of each place in the same chain, and the share of the left.

    Where the place is outside of the hull, left is -1; on a point of it, the share is one.
    """
    # One number that sorts by chain, then by x, whatever the size of x.
    key = 2.0 * chain + at / (1.0 + at)
    right = np.searchsorted(2.0 * hull_chain + hull_x / (1.0 + hull_x), key, side="left")
    right = np.minimum(right, len(hull_x) - 1)
    exact = (hull_chain[right] == chain) & (hull_x[right] == at)
    left = np.where(exact, right, np.maximum(right - 1, 0))
    inside = (hull_chain[left] == chain) & (hull_chain[right] == chain)
    inside &= (hull_x[left] <= at) & (hull_x[right] >= at)
    width = np.where(inside & ~exact, hull_x[right] - hull_x[left], 1.0)
    share = np.where(exact, 1.0, (hull_x[right] - at) / width)
    return np.where(inside, left, -1), right, share


def _butterfly(rows: _Rows) -> Iterator[_Found]:
    """Three strikes: the bid of the middle one above the cheapest cover by two others."""
    hull = _cheapest(rows.strike, rows.ask, rows.chain)
    hull = hull[_hull(rows.strike[hull], rows.ask[hull], rows.chain[hull])]
    if not hull.size:
        return
    left, right, share = _cover(rows.strike, rows.chain, rows.strike[hull], rows.chain[hull])
    # At a share of one the cover is the quote itself.
    sold = np.flatnonzero((left >= 0) & (share < 1.0))
    first, second, share = hull[left[sold]], hull[right[sold]], share[sold]
    gain = rows.bid[sold] - share * rows.ask[first] - (1.0 - share) * rows.ask[second]
    yield _flags("butterfly", rows, sold, first, gain, (second, share))


def _calendar(rows: _Rows) -> Iterator[_Found]:
    """Two expirations in succession: the nearer bid above the cheapest cover by the farther."""
    unit = np.where(rows.american, 1.0, rows.forward)
    worth = np.where(rows.american, 1.0, rows.forward * rows.discount)
    with np.errstate(all="ignore"):
        x, ask, bid = rows.strike / unit, rows.ask / worth, rows.bid / worth
        doubt = _ERRORS * rows.forward_error / rows.forward
        doubt_of_worth = doubt + _ERRORS * rows.discount_error / rows.discount
    doubt, doubt_of_worth = (np.where(rows.american, 0.0, d) for d in (doubt, doubt_of_worth))
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(ask))
    chain = rows.chain[known]
    hull = known[_cheapest(x[known], ask[known], chain)]
    hull = hull[_hull(x[hull], ask[hull], rows.chain[hull])]
    farther = _next_chain(rows)
    near = known[farther[known] >= 0]
    if not hull.size or not near.size:
        return
    left, right, share = _cover(x[near], farther[near], x[hull], rows.chain[hull])
    covered = left >= 0
    near, share = near[covered], share[covered]
    first, second = hull[left[covered]], hull[right[covered]]
    cost = share * ask[first] + (1.0 - share) * ask[second]
    # A forward that is off by its error moves the place on the hull and the unit of the price.
    width = np.where(first == second, 1.0, x[second] - x[first])
    slack = np.abs((ask[second] - ask[first]) / width) * x[near] * (doubt[near] + doubt[first])
    slack += cost * (doubt_of_worth[near] + doubt_of_worth[first])
    gain = (bid[near] - cost - slack) * worth[near]
    yield _flags("calendar", rows, near, first, gain, (np.where(share < 1.0, second, -1), share))


def _next_chain(rows: _Rows) -> Places:
    """The chain of the next expiration with the same quote time, root, kind and exercise."""
    groups, first = np.unique(rows.group, return_index=True)
    same = np.zeros(len(groups), bool)
    same[:-1] = (
        (rows.root[first][1:] == rows.root[first][:-1])
        & (rows.quoted[first][1:] == rows.quoted[first][:-1])
        & (rows.american[first][1:] == rows.american[first][:-1])
    )
    following = np.where(same[np.searchsorted(groups, rows.group)], rows.group + 1, -1)
    return np.where(following >= 0, 2 * following + rows.call, -1)


def _parity(rows: _Rows) -> Iterator[_Found]:
    """A call and a put of one strike against the forward; European rows only."""
    european = np.flatnonzero(~rows.american & np.isfinite(rows.forward * rows.discount))
    frame = pd.DataFrame(
        {"place": european, "group": rows.group[european], "strike": rows.strike[european]}
    )
    is_call = rows.call[european]
    pairs = frame[is_call].merge(frame[~is_call], on=["group", "strike"])
    call, put = pairs["place_x"].to_numpy(np.int64), pairs["place_y"].to_numpy(np.int64)
    away = rows.forward[call] - rows.strike[call]
    worth = rows.discount[call] * away
    doubt = rows.discount[call] * rows.forward_error[call]
    doubt = _ERRORS * (doubt + rows.discount_error[call] * np.abs(away))
    yield _flags("parity", rows, call, put, rows.bid[call] - rows.ask[put] - worth - doubt)
    yield _flags("parity", rows, put, call, rows.bid[put] - rows.ask[call] + worth - doubt)


def _sentence(kind: str, rows: _Rows, places: list[int], share: float, amount: float) -> str:
    """What to sell, what to buy, and what it leaves; the third place is -1 where there is none."""
    sold, bought = _words(rows, places[0], "bid"), _words(rows, places[1], "ask")
    if places[2] >= 0:
        bought = (
            f"{share:.4g} of {bought} and {1.0 - share:.4g} of {_words(rows, places[2], 'ask')}"
        )
    other = ""
    if kind == "parity":
        other = " and the forward" if rows.call[places[0]] else ", sell the forward"
    elif kind == "vertical" and bool(rows.call[places[0]]) == (
        rows.strike[places[0]] < rows.strike[places[1]]
    ):
        other = ", set aside the most it can pay"
    return f"Sell {sold}, buy {bought}{other}: {amount:.4g} is left."


def _words(rows: _Rows, place: int, side: str) -> str:
    price = rows.bid[place] if side == "bid" else rows.ask[place]
    kind = "call" if rows.call[place] else "put"
    words = [f"{rows.strike[place]:g} {kind} at {price:g}"]
    if np.issubdtype(rows.expiration.dtype, np.datetime64):
        words.insert(0, str(np.datetime_as_string(rows.expiration[place], unit="D")))
    return f"row {rows.row[place]} ({' '.join(words)})"
