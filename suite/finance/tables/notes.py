"""For each row of a solved table that needs words: what exactly is the matter with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suite.finance.forwards.fitted import GROUP
from suite.finance.forwards.parity import LEAST_PAIRS
from suite.finance.tables.cells import codes_of
from suite.finance.tables.layouts import Table
from suite.finance.tables.market import bad_fields
from suite.finance.verdict import Verdict, answered

__all__ = ["Answers", "notes_of"]

Vector = NDArray[np.float64]
Texts = NDArray[Any]

_ERRORS = 2.0
"""Standard errors of the forward that count as its own doubt."""
_LONGEST = 40


class Answers(NamedTuple):
    """What was found of each row [rows]: its status, the price inverted and its name, the error
    bar of the volatility, and of its group the errors of forward and discount and the pairs."""

    status: NDArray[np.int8]
    price: Vector
    name: str
    error: Vector
    forward_error: Vector
    discount_error: Vector
    pairs: Vector


def notes_of(quotes: pd.DataFrame, answers: Answers, table: Table) -> pd.Series[Any]:
    """One text a row, '' where there is nothing to say; work is done only for the other rows.

    `quotes` has forward and discount beside its fields. A row without a volatility always has one.
    """
    notes = np.full(len(quotes), "", object)
    for code in np.unique(answers.status).tolist():
        rows = np.flatnonzero(answers.status == code)
        words = _WRITERS.get(code)
        if words is not None:
            notes[rows] = words(quotes, answers, table, rows)
        elif not Verdict(code).answered:
            notes[rows] = Verdict(code).sentence
    _add(notes, *_suspect(quotes, answers))
    _add(notes, *_lost_sides(quotes, answers))
    _add(notes, *_repeated(quotes))
    return pd.Series(notes, dtype="str")


def _add(notes: Texts, rows: NDArray[Any], words: Iterable[str]) -> None:
    for row, word in zip(rows.tolist(), words, strict=True):
        notes[row] = f"{notes[row]}; {word}" if notes[row] else word


def _missing(quotes: Any, answers: Answers, table: Table, rows: NDArray[Any]) -> Texts:
    """Which fields, and what stands there instead."""
    words = np.full(len(rows), "", object)
    for name, bad in bad_fields(quotes, answers.name).items():
        here = np.flatnonzero(bad[rows])
        if not here.size:
            continue
        column = table.columns.get(name, table.columns.get("symbol"))
        said = np.full(here.size, name, object)
        if column is not None:
            codes, cells = codes_of(table.frame[column].iloc[rows[here]])
            said = np.array([*(f"{name}{_shown(cell)}" for cell in cells), name], object)[codes]
        first = words[here] == ""
        words[here[first]] = said[first]
        more = here[~first]
        pairs = zip(words[more].tolist(), said[~first].tolist(), strict=True)
        words[more] = [f"{old}, {new}" for old, new in pairs]
    # What is not bad by itself was refused by the solver: forward or discount factor.
    words[words == ""] = "rate or forward"
    return np.array([f"missing or unreadable: {word}" for word in words.tolist()], object)


def _shown(cell: Any) -> str:
    """The cell as it stands in the table, cut short; nothing where it is empty."""
    text = " ".join(str(cell).split())
    if text in ("", "nan", "NaT", "None", "<NA>"):
        return ""
    return f" {text[:_LONGEST]!r}" + ("..." if len(text) > _LONGEST else "")


def _crossed(quotes: Any, answers: Answers, table: Table, rows: NDArray[Any]) -> list[str]:
    bid, ask = (quotes[name].to_numpy(float)[rows].tolist() for name in ("bid", "ask"))
    return [f"bid {b:g} above ask {a:g}" for b, a in zip(bid, ask, strict=True)]


def _below(quotes: Any, answers: Answers, table: Table, rows: NDArray[Any]) -> list[str]:
    """By how much a price is below intrinsic, and whether that is inside what is not known."""
    intrinsic = _intrinsic(quotes)[rows]
    price, ask = answers.price[rows], quotes["ask"].to_numpy(float)[rows]
    short = intrinsic - price
    spread = np.where(ask > intrinsic, ", inside the spread of bid and ask", "")
    doubt = _doubt(quotes, answers)[rows]
    with np.errstate(invalid="ignore"):
        own = np.where(short <= doubt, ", inside the error of the forward", "")
    columns = (price.tolist(), short.tolist(), intrinsic.tolist(), spread.tolist(), own.tolist())
    name = answers.name
    return [
        f"{name} {p:g} is {s:.4g} below the intrinsic value {i:.6g}{inside}{error}"
        for p, s, i, inside, error in zip(*columns, strict=True)
    ]


def _intrinsic(quotes: pd.DataFrame) -> Vector:
    forward, strike, discount = (
        quotes[name].to_numpy(float) for name in ("forward", "strike", "discount")
    )
    side = np.where(quotes["call"].to_numpy(bool), 1.0, -1.0)
    return np.asarray(discount * np.maximum(side * (forward - strike), 0.0))


def _doubt(quotes: pd.DataFrame, answers: Answers) -> Vector:
    """Two standard errors of an intrinsic value, from those of forward and discount factor."""
    away = quotes["forward"].to_numpy(float) - quotes["strike"].to_numpy(float)
    of_forward = quotes["discount"].to_numpy(float) * answers.forward_error
    return np.asarray(_ERRORS * np.hypot(of_forward, away * answers.discount_error))


def _no_forward(quotes: Any, answers: Answers, table: Table, rows: NDArray[Any]) -> Texts:
    given = quotes["forward_given"].to_numpy(float)[rows]
    timed = quotes["timed"].to_numpy(bool)[rows].tolist()
    known = ~np.isnan(quotes["discount"].to_numpy(float)[rows])
    pairs = np.nan_to_num(answers.pairs[rows]).astype(int)
    words = [
        f"{n} good pairs of call and put at this expiration"
        + (
            ", but call less put does not fall with the strike: are the kinds swapped?"
            if n >= least
            else f"{' and quote time' * clock}; {least} {'is' if least == 1 else 'are'} needed"
            f"{' (snapshot=True takes rows of different times together)' * clock}"
        )
        for n, least, clock in zip(
            pairs.tolist(), np.where(known, 1, LEAST_PAIRS).tolist(), timed, strict=True
        )
    ]
    no_rate = "the forward is given, but no rate; give rate= or a curve"
    return np.where(np.isnan(given), np.array(words, object), no_rate)


def _low(quotes: Any, answers: Answers, table: Table, rows: NDArray[Any]) -> list[str]:
    tick, error = quotes["tick"].to_numpy(float)[rows], answers.error[rows]
    return [
        f"one tick of {t:g} moves the volatility by {2.0 * e:.2g}"
        for t, e in zip(tick.tolist(), error.tolist(), strict=True)
    ]


def _stale(quotes: Any, answers: Answers, table: Table, rows: NDArray[Any]) -> Texts:
    if answers.name != "last":
        return np.full(len(rows), "quoted long before the newest row", object)
    days = quotes["last_time"].to_numpy().astype("datetime64[D]")[rows].astype(str)
    return np.array([f"last traded on {day}" for day in days.tolist()], object)


_WRITERS: dict[int, Any] = {
    int(Verdict.MISSING_FIELD): _missing,
    int(Verdict.CROSSED): _crossed,
    int(Verdict.BELOW_INTRINSIC): _below,
    int(Verdict.NO_FORWARD): _no_forward,
    int(Verdict.LOW_INFORMATION): _low,
    int(Verdict.STALE): _stale,
}


def _suspect(quotes: pd.DataFrame, answers: Answers) -> tuple[NDArray[Any], list[str]]:
    suspect = quotes["suspect"].to_numpy(object)
    rows = np.flatnonzero(suspect != "")
    return rows, suspect[rows].tolist()


def _lost_sides(quotes: pd.DataFrame, answers: Answers) -> tuple[NDArray[Any], list[str]]:
    """Answered rows whose bid is below the intrinsic value, so that it has no volatility."""
    with np.errstate(invalid="ignore"):
        short = _intrinsic(quotes) - quotes["bid"].to_numpy(float)
        rows = np.flatnonzero(answered(answers.status) & (short > 0.0))
    return rows, [f"bid is {s:.4g} below intrinsic" for s in short[rows].tolist()]


def _repeated(quotes: pd.DataFrame) -> tuple[NDArray[Any], list[str]]:
    """Rows whose contract stands in an earlier row of the same quote time."""
    contract = [*GROUP, "strike", "call", "put"]
    readable = (quotes["strike"] > 0.0) & (quotes["call"] | quotes["put"])
    rows = np.flatnonzero(quotes.duplicated(contract) & readable)
    if not rows.size:
        return rows, []
    place = pd.Series(quotes.index, index=quotes.index)
    keys = [quotes[name] for name in contract]
    first = place.groupby(keys, dropna=False, sort=False).transform("first")
    return rows, [f"the same contract as row {n}" for n in first.iloc[rows].astype(int).tolist()]
