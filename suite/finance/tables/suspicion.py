"""What is hard to believe in a quote table: fields that are probably something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["suspicions"]

Flags = NDArray[np.bool_]

MOST_YEARS = 100.0
MOST_RATIO = 100.0
MOST_RATE = 1.0
"""A rate beyond 100% a year that is no percent either."""


def suspicions(quotes: pd.DataFrame) -> pd.Series[Any]:
    """For each row the fields that are hard to believe and why, or ''.

    `quotes` is the frame that `fields` makes, with what was given as options put in. No number is
    changed for it.

    >>> rows = pd.DataFrame({"strike": [100.0, 100.0], "bid": [4.0, 104.0], "ask": [5.0, 105.0],
    ...     "last": np.nan, "call": False, "put": True, "underlying": 99.0, "forward_given": np.nan,
    ...     "years": 0.5, "years_of_dates": 0.5, "rate": 0.0, "dividend": 0.0,
    ...     "nonstandard": False})
    >>> suspicions(rows).tolist()
    ['', 'price: a put dearer than its strike']
    """
    text = np.full(len(quotes), "", object)
    for flags, words in _checks(quotes):
        here = np.flatnonzero(flags)
        if here.size:
            text[here] = [f"{old}; {words}" if old else words for old in text[here]]
    return pd.Series(text, index=quotes.index, dtype="str")


def _checks(quotes: pd.DataFrame) -> Iterator[tuple[Flags, str]]:
    columns = {name: quotes[name].to_numpy() for name in quotes.columns}
    strike, bid, call, put = (columns[name] for name in ("strike", "bid", "call", "put"))
    mid = 0.5 * (bid + columns["ask"])
    mid = np.where(np.isnan(mid), columns["last"], mid)
    spot = columns["underlying"]
    level = np.where(np.isnan(spot), columns["forward_given"], spot)
    with np.errstate(invalid="ignore", divide="ignore"):
        yield call & (mid > level), "price: a call dearer than its underlying"
        yield put & (mid > strike), "price: a put dearer than its strike"
        yield strike > MOST_RATIO * level, "strike: 100 times the underlying; is it in thousandths?"
        yield columns["years"] > MOST_YEARS, "time: beyond 100 years; is it in days?"
        yield _swapped(bid, strike), "strike: below the prices; are the columns swapped?"
        for name in ("rate", "dividend"):
            yield np.abs(columns[name]) > MOST_RATE, f"{name}: beyond 100% a year"
        yield columns["nonstandard"], "settlement: not in the usual shares"
        yield _late(columns["years"], columns["years_of_dates"]), "time: not that of its dates"


def _swapped(bid: NDArray[Any], strike: NDArray[Any]) -> Flags:
    """Whether the prices of a whole table are mostly above its strikes."""
    known = np.isfinite(bid) & np.isfinite(strike)
    swapped = known.any() and np.median(bid[known]) > np.median(strike[known])
    return known & bool(swapped)


def _late(years: NDArray[Any], of_dates: NDArray[Any]) -> Flags:
    """Whether a table's years are not those between its dates, by a tenth and by three days."""
    return np.abs(years - of_dates) > np.maximum(0.1 * np.abs(of_dates), 3.0 / 365.0)
