"""Forwards and discount factors of a quote table, one for each quote time, root and expiration."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suite.errors import InputError
from suite.finance.forwards.parity import Fits, LeftOut, Pairs, fit_forwards
from suite.finance.verdict import Verdict

__all__ = [
    "DATE",
    "FORWARDS",
    "GROUP",
    "Curve",
    "Parity",
    "fit_legs",
    "forwards_of",
    "given_of",
    "legs_of",
    "parity_of",
]

Vector = NDArray[np.float64]

GROUP = ["quoted", "root", "expiration"]
"""What the contracts that share a forward have in common."""

FORWARDS = [
    *(*GROUP, "years", "forward", "discount", "forward_error", "discount_error"),
    *("pairs", "outliers", "source", "note"),
]
LEFT_OUT = [*GROUP, "strike", "call_row", "put_row", "misfit", "reason"]

DATE: Any = "datetime64[s]"
_LEAST_JUMP = 0.2
_JUMP_A_YEAR = 0.5
_ERRORS = 10.0
_MOST_RATE = 0.5


class Curve(Protocol):
    """Anything that gives discount factors: `suite.finance.forwards.curve.RateCurve`."""

    def discount(self, years: Any) -> Any:
        """Discount factors for times in years."""


class Parity(NamedTuple):
    """Forwards, one row a group, and the pairs that do not tell of them, one row each.

    `forwards` has the columns quoted, root, expiration, years, forward, discount, forward_error,
    discount_error (one standard deviation), pairs (used), outliers (left out because they miss the
    line), source and note. `left_out` has quoted, root, expiration, strike, the row numbers
    call_row and put_row, misfit (in half widths of the pair's market) and reason.
    """

    forwards: pd.DataFrame
    left_out: pd.DataFrame


def forwards_of(
    quotes: pd.DataFrame, market: NDArray[Any], *, curve: Curve | None = None
) -> pd.DataFrame:
    """Forward and discount factor of each quote time, root and expiration; see `parity_of`."""
    return parity_of(quotes, market, curve=curve).forwards


def parity_of(quotes: pd.DataFrame, market: NDArray[Any], *, curve: Curve | None = None) -> Parity:
    """Forwards and discount factors from put-call parity, and the pairs left out.

    `quotes` has one row a contract: quoted, root, expiration, years, strike, call, put, bid, ask;
    and, where known, american, rate, underlying, dividend, forward_given. `market` [rows] are the
    `Verdict` codes of the rows by themselves; only solved rows are used. `curve` fixes the discount
    factors, and so do the table's own rates; one pair of a group is then enough. Groups of which
    every row says forward and rate are not fitted. Of American options the pairs below the
    forward are used (`parity.fit_forwards` says why). Raises `InputError` for a table that mixes
    underlyings.
    """
    legs = legs_of(quotes, market, curve=curve)
    return fit_legs(legs)


def given_of(quotes: pd.DataFrame, curve: Curve | None = None) -> tuple[Vector, Vector]:
    """Forward and discount factor of each row as the table says them, NaN where it does not.

    The discount factor is the curve's, or that of the row's own rate; the forward is the one that
    is given, or comes from the underlying, its dividend yield and the discount factor.
    """
    years = quotes["years"].to_numpy(float)
    rate = _column(quotes, "rate")
    discount = np.exp(-rate * years)
    if curve is not None:
        discount = np.asarray(curve.discount(years), float)
    dividend = np.nan_to_num(_column(quotes, "dividend"))
    carried = _column(quotes, "underlying") * np.exp(-dividend * years) / discount
    forward = _column(quotes, "forward_given")
    return np.where(np.isnan(forward), carried, forward), discount


def _column(quotes: pd.DataFrame, name: str) -> Vector:
    if name not in quotes:
        return np.full(len(quotes), np.nan)
    return quotes[name].to_numpy(float)


def legs_of(
    quotes: pd.DataFrame, market: NDArray[Any], *, curve: Curve | None = None
) -> pd.DataFrame:
    """What the fit needs of each row: its group, strike, kind, mid, half width and verdict."""
    known = quotes["quoted"].notna() & quotes["expiration"].notna()
    kept = np.asarray(known & (quotes["strike"] > 0.0) & (quotes["call"] | quotes["put"]), bool)
    part = quotes[kept]
    forward, discount = given_of(part, curve)
    return pd.DataFrame(
        {
            **{name: part[name] for name in (*GROUP, "years", "strike", "call")},
            "row": part.index,
            "bid": part["bid"],
            "ask": part["ask"],
            "market": np.asarray(market)[kept],
            "american": part.get("american", False),
            "forward": forward,
            "discount": discount,
            "by_curve": curve is not None,
        }
    )


def fit_legs(legs: pd.DataFrame) -> Parity:
    """Match calls with puts and fit every group that has a good row."""
    good = legs["market"].to_numpy() == Verdict.SOLVED
    number = legs.groupby(GROUP, sort=True).ngroup().to_numpy()
    live = np.unique(number[good])
    place = np.searchsorted(live, number)
    in_live = np.isin(number, live)
    legs = legs[in_live].assign(group=place[in_live], good=good[in_live])
    _check_one_underlying(legs[legs["good"]])
    groups = _groups(legs[legs["good"]])
    matched = _matched(legs)
    both = matched[matched["good_call"] & matched["good_put"]]
    pairs = _pairs(both)
    fits = fit_forwards(
        pairs,
        len(groups),
        discount=groups["discount"].to_numpy(float),
        american=groups["american"].to_numpy(bool),
    )
    return Parity(_forwards(groups, fits), _left_out(groups, matched, both, fits))


def _groups(good: pd.DataFrame) -> pd.DataFrame:
    """One row a group, in order: its keys, and what its rows say of forward and discount."""
    by_group = good.groupby("group", sort=True)
    groups = by_group[[*GROUP, "years", "by_curve"]].first()
    groups["american"] = by_group["american"].any()
    groups["discount"] = by_group["discount"].median()
    given = by_group[["forward", "discount"]].count().min(axis=1) == by_group.size()
    groups["forward"] = by_group["forward"].median().where(given)
    return groups


def _matched(legs: pd.DataFrame) -> pd.DataFrame:
    """Calls and puts at one strike of a group; of a contract quoted twice the first good row."""
    legs = legs.sort_values(
        ["group", "strike", "good"], ascending=[True, True, False], kind="stable"
    )
    legs = legs.drop_duplicates(["group", "strike", "call"])
    kept = ["group", "strike", "row", "bid", "ask", "market", "good"]
    call = legs["call"].to_numpy(bool)
    return legs.loc[call, kept].merge(
        legs.loc[~call, kept], on=["group", "strike"], suffixes=("_call", "_put")
    )


def _pairs(both: pd.DataFrame) -> Pairs:
    mids = [0.5 * (both[f"bid_{kind}"] + both[f"ask_{kind}"]) for kind in ("call", "put")]
    halves = [0.5 * (both[f"ask_{kind}"] - both[f"bid_{kind}"]) for kind in ("call", "put")]
    return Pairs(
        both["group"].to_numpy(),
        both["strike"].to_numpy(float),
        (mids[0] - mids[1]).to_numpy(float),
        (halves[0] + halves[1]).to_numpy(float),
    )


def _forwards(groups: pd.DataFrame, fits: Fits) -> pd.DataFrame:
    table = groups[[*GROUP, "years"]].reset_index(drop=True)
    given = groups["forward"].notna().to_numpy()
    table["forward"] = np.where(given, groups["forward"], fits.forward)
    table["discount"] = np.where(given, groups["discount"], fits.discount)
    for name in ("forward_error", "discount_error"):
        table[name] = np.where(given, np.nan, getattr(fits, name))
    for name in ("pairs", "outliers"):
        table[name] = np.where(given, 0, getattr(fits, name))
    table["source"] = _source(groups, given)
    table["note"] = _suspects(table)
    return table[FORWARDS].astype({"quoted": DATE, "expiration": DATE, "root": str})


def _source(groups: pd.DataFrame, given: NDArray[np.bool_]) -> pd.Series[Any]:
    known, by_curve = groups["discount"].notna(), groups["by_curve"]
    words = np.select(
        [known & by_curve, known], ["parity with curve", "parity with rate"], "parity"
    )
    words = np.where(groups["american"], np.strings.add(words, ", american"), words)
    return pd.Series(np.where(given, "given", words), dtype=str)


def _suspects(table: pd.DataFrame) -> pd.Series[Any]:
    """Say which forward lies absurdly far from those of the expirations next to it."""
    notes = pd.Series("", index=table.index, dtype=str)
    known = table[table["forward"] > 0.0].sort_values(["quoted", "root", "years"], kind="stable")
    by_chain = known.groupby(["quoted", "root"], sort=False)
    level = np.log(known["forward"])
    sides = [-2, -1, 1, 2]
    others = pd.concat([by_chain["forward"].shift(n) for n in sides], axis=1)
    away = pd.concat([(by_chain["years"].shift(n) - known["years"]).abs() for n in sides], axis=1)
    near = others.median(axis=1)
    jump = (level - np.log(near)).abs()
    error = known["forward_error"].fillna(0.0) / known["forward"]
    most = np.maximum(_LEAST_JUMP + _JUMP_A_YEAR * away.median(axis=1), _ERRORS * error)
    absurd = (jump > most) & (others.notna().sum(axis=1) >= 2)
    for row, forward, other in zip(
        known.index[absurd], known["forward"][absurd], near[absurd], strict=True
    ):
        notes[row] = (
            f"the forward {forward:.6g} is far from {other:.6g}, that of the expirations next to it"
        )
    return notes.mask(notes == "", _odd_discounts(table))


def _odd_discounts(table: pd.DataFrame) -> pd.Series[Any]:
    """Say which discount factor no rate explains: then prices and strikes differ in unit."""
    discount, years = table["discount"], table["years"].clip(lower=1.0 / 365.0)
    error = table["discount_error"].fillna(0.0) / discount
    odd = np.log(discount).abs() > _MOST_RATE * years + _ERRORS * error + 0.1
    return pd.Series(
        [
            f"a discount factor of {d:.4g} at {y:.2f} years: are prices and strikes in "
            "the same unit?"
            if doubt
            else ""
            for d, y, doubt in zip(discount, years, odd, strict=True)
        ],
        index=table.index,
        dtype=str,
    )


def _left_out(
    groups: pd.DataFrame, matched: pd.DataFrame, both: pd.DataFrame, fits: Fits
) -> pd.DataFrame:
    """One row for each pair that is not used, with the reason."""
    reason = pd.Series("", index=matched.index, dtype=object)
    misfit = pd.Series(np.nan, index=matched.index)
    misfit[both.index] = fits.misfit
    for why in (LeftOut.MISFIT, LeftOut.TOO_WIDE, LeftOut.EARLY_EXERCISE):
        reason[both.index[fits.left_out == why]] = why.sentence
    for kind in ("put", "call"):
        for code in np.unique(matched.loc[~matched[f"good_{kind}"], f"market_{kind}"]):
            here = ~matched[f"good_{kind}"] & (matched[f"market_{kind}"] == code)
            reason[here] = f"{Verdict(code).name.lower().replace('_', ' ')} of the {kind}"
    rows = matched.assign(misfit=misfit, reason=reason)[reason != ""]
    rows = rows.rename(columns={"row_call": "call_row", "row_put": "put_row"})
    rows = rows.join(groups[GROUP], on="group").reset_index(drop=True)
    return rows[LEFT_OUT].astype({"reason": str})


def _check_one_underlying(good: pd.DataFrame) -> None:
    """Refuse a table with a group in which most contracts stand again with other quotes."""
    contract = ["group", "strike", "call"]
    quotes = good.drop_duplicates([*contract, "bid", "ask"])
    again = quotes.duplicated(contract, keep=False)
    if not again.any():
        return
    counts = again.groupby(quotes["group"]).agg(["sum", "mean"])
    mixed = counts.index[(counts["sum"] > 2) & (counts["mean"] > 0.5)]
    if len(mixed):
        rows = quotes.loc[again & (quotes["group"] == mixed[0]), "row"][:2].tolist()
        raise InputError(
            f"Rows {rows[0]} and {rows[1]} and many others quote the same strike, kind and "
            f"expiration differently. If the table holds several underlyings or times, name "
            f"their column with --map root=COLUMN or quoted=COLUMN."
        )
