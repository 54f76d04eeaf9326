"""Whole quote tables: from bids and asks to volatilities, every row with its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suite.core import Tally
from suite.errors import InputError
from suite.finance.forwards.curve import read_curve
from suite.finance.forwards.fitted import GROUP, given_of, parity_of
from suite.finance.greeks import GREEKS, greeks
from suite.finance.implied import ImpliedVolatility, of_forward
from suite.finance.options import Options, options_of
from suite.finance.solved import SolvedTable
from suite.finance.tables.alike import alike, as_kind, renamed
from suite.finance.tables.layouts import Table, of_source, read_table
from suite.finance.tables.market import Market, market_of
from suite.finance.tables.notes import Answers, notes_of
from suite.finance.tables.sources import read_source
from suite.finance.verdict import Verdict, answered

__all__ = ["SolvedTable", "solve_file", "solve_quotes", "solve_table"]

Vector = NDArray[np.float64]
Codes = NDArray[np.int8]


def solve_table(table: Any, *, columns: Mapping[str, str] | None = None, **options: Any) -> Any:
    """The same table with `iv`, `iv_bid`, `iv_ask`, `iv_status` and what led to them added.

    `table` is a pandas or polars frame, an Arrow table or batch, a DuckDB relation or a mapping of
    columns, with one contract a row or in a layout that `tables.layouts` knows. It comes back as
    what it was, rows, order, index and its own columns as they were; only of a layout with
    calls and puts side by side each row becomes two. `columns` maps fields to columns where names
    do not tell; the other options are those of `suite.finance.options.Options`. Raises `InputError`
    for what is no quote table.

    >>> quotes = pd.DataFrame({"strike": [95.0, 100, 105] * 2, "type": list("cccppp"),
    ...     "bid": [8.1, 5.0, 2.8, 2.6, 4.5, 7.2], "ask": [8.3, 5.2, 3.0, 2.8, 4.7, 7.4],
    ...     "expiration": "2026-01-16", "quoted": "2025-10-06"})
    >>> solve_table(quotes)["iv"].round(2).tolist()
    [0.24, 0.23, 0.22, 0.24, 0.23, 0.22]
    """
    read = of_source(read_source(table), columns)
    solved = solve_quotes(read, **options)
    if read.wide:
        return as_kind(table, solved.frame)
    return alike(table, solved.frame[list(solved.added)])


def solve_file(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    query: str | None = None,
    **options: Any,
) -> SolvedTable:
    """Read a quote file and answer every row.

    `columns` maps fields to columns, `query` is for a database file (see
    `suite.finance.tables.sources.read_source`); the other options are those of
    `suite.finance.options.Options`.
    """
    return solve_quotes(read_table(path, columns, query), **options)


def solve_quotes(
    table: Table,
    options: Options | None = None,
    *,
    forwards: pd.DataFrame | None = None,
    **changes: Any,
) -> SolvedTable:
    """Answer every row of a quote table with the volatilities of its bid, mid and ask.

    Options are given as such or by name. Forward and discount factor of a row are the table's own
    or those of the options where they say both; else those of its quote time, root and expiration
    in `forwards` (as `forwards_of` makes them), which come from put-call parity where they are not
    given. Each row has a status; of those with a volatility the last that holds of SOLVED,
    AMERICAN, STALE, SUSPECT and LOW_INFORMATION.
    """
    options = options_of(changes) if options is None else replace(options, **changes)
    options = _with_curve(options)
    market = market_of(table, options)
    quotes = market.quotes
    _check_tick(quotes, options)
    with np.errstate(all="ignore"):  # rates and times of any size overflow to what is refused
        left_out = None
        if forwards is None:
            forwards, left_out = parity_of(quotes, market.for_parity, curve=options.curve)
        group = _put_forwards(quotes, forwards, options)
    sides = _sides(market, options)
    used = sides[options.price]
    status = _status(market, used)
    known = answered(status)
    error = np.where(known, used.error, np.nan)
    for name, of in (("iv", options.price), ("iv_bid", "bid"), ("iv_ask", "ask")):
        quotes[name] = sides[of].volatility
    quotes["iv"] = quotes["iv"].where(known)
    of_group = [group[n].to_numpy(float) for n in ("forward_error", "discount_error", "pairs")]
    notes = notes_of(quotes, Answers(status, market.price, options.price, error, *of_group), table)
    quotes["iv_status"] = _names(status)
    if options.errors == "raise":
        _raise_first(known, market.price, quotes, notes)
    added = _added(quotes, error, notes, options)
    tally = Tally()
    for name in {"bid", "ask", options.price}:
        tally.merge(sides[name].tally)
    layout = ", ".join((table.layout, *market.notes))
    return SolvedTable(
        _joined(table.frame, added),
        quotes,
        forwards,
        layout,
        tally,
        tuple(added.columns),
        left_out,
        options.model,
    )


def _check_tick(quotes: pd.DataFrame, options: Options) -> None:
    if options.most_move < np.inf and len(quotes) and quotes["tick"].isna().all():
        raise InputError(
            "most_move is told by the tick of the price: give the tick, or name its column "
            "(--map tick=COLUMN)."
        )


def _with_curve(options: Options) -> Options:
    if not isinstance(options.curve, (str, Path)):
        return options
    return replace(options, curve=read_curve(options.curve, quoted=options.quoted))


def _put_forwards(quotes: pd.DataFrame, forwards: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Set forward and discount of each row; returns what its group's fit says, [rows]."""
    names = ["forward", "discount", "forward_error", "discount_error", "pairs", "note"]
    group = quotes[GROUP].merge(forwards[[*GROUP, *names]], on=GROUP, how="left")
    forward, discount = given_of(quotes, options.curve)
    own = ~np.isnan(forward)
    quotes["forward"] = np.where(own, forward, group["forward"].to_numpy(float))
    fitted = group["discount"].to_numpy(float)
    quotes["discount"] = np.where(np.isnan(discount), fitted, discount)
    own &= ~np.isnan(discount)
    for name in ("forward_error", "discount_error"):
        # What a row says itself has no error of a fit.
        group[name] = group[name].where(~own, 0.0)
    _suspect_forwards(quotes, group["note"], own)
    return group


def _suspect_forwards(quotes: pd.DataFrame, note: pd.Series[Any], own: NDArray[np.bool_]) -> None:
    """Rows of a group whose forward is far from its neighbours' are hard to believe."""
    rows = np.flatnonzero(note.fillna("").ne("").to_numpy(bool) & ~own)
    if rows.size:
        suspect = quotes["suspect"].to_numpy(object, copy=True)
        words = zip(suspect[rows].tolist(), note.iloc[rows].tolist(), strict=True)
        suspect[rows] = [f"{old}; {new}" if old else new for old, new in words]
        quotes["suspect"] = pd.Series(suspect, dtype="str")


def _sides(market: Market, options: Options) -> dict[str, ImpliedVolatility]:
    """Invert bid, ask and the price that is asked for."""
    quotes = market.quotes
    forward, strike, years, discount = (
        quotes[name].to_numpy(float) for name in ("forward", "strike", "years", "discount")
    )
    return {
        name: of_forward(
            quotes[name].to_numpy(float),
            forward,
            strike,
            years,
            discount,
            quotes["call"].to_numpy(bool),
            model=options.model,
            tick=quotes["tick"].to_numpy(float),
            most_move=options.most_move,
            threads=options.threads,
            law=options.law,
        )
        for name in dict.fromkeys(("bid", options.price, "ask"))
    }


def _status(market: Market, used: ImpliedVolatility) -> Codes:
    """One status a row: the market's, that of the inversion, and what makes an answer doubtful."""
    quotes = market.quotes
    sought = market.for_price == Verdict.SOLVED
    no_forward = np.isnan(quotes["forward"].to_numpy(float) * quotes["discount"].to_numpy(float))
    status = np.where(no_forward, Verdict.NO_FORWARD, used.status)
    status = np.where(sought, status, market.for_price)
    known = answered(status)
    low, far = status == Verdict.LOW_INFORMATION, status == Verdict.SUSPECT
    for flags, code in (
        (quotes["american"].to_numpy(bool), Verdict.AMERICAN),
        (quotes["stale"].to_numpy(bool), Verdict.STALE),
        (far | quotes["suspect"].ne("").to_numpy(bool), Verdict.SUSPECT),
        (low, Verdict.LOW_INFORMATION),
    ):
        status = np.where(known & flags, code, status)
    return status.astype(np.int8)


def _names(status: Codes) -> pd.Series[Any]:
    names = pd.array([verdict.name.lower() for verdict in Verdict], dtype="str")
    return pd.Series(names.take(status))


def _added(
    quotes: pd.DataFrame, error: Vector, notes: pd.Series[Any], options: Options
) -> pd.DataFrame:
    """The columns that a solved table gets."""
    before = ["mid", "years", "forward", "discount", "iv_bid", "iv", "iv_ask"]
    added = quotes[before].copy()
    added["iv_error"] = error
    added["iv_status"], added["iv_note"] = quotes["iv_status"], notes
    if options.greeks:
        sigma, forward, strike, years, discount = (
            quotes[name].to_numpy(float)
            for name in ("iv", "forward", "strike", "years", "discount")
        )
        call = quotes["call"].to_numpy(bool)
        found = greeks(sigma, forward, strike, years, discount, call, model=options.model)
        added[list(GREEKS)] = np.column_stack([found[name] for name in GREEKS])
    return added


def _joined(frame: pd.DataFrame, added: pd.DataFrame) -> pd.DataFrame:
    names = renamed(list(frame.columns), list(added.columns))
    frame = frame.rename(columns=names).reset_index(drop=True)
    return pd.concat([frame, added], axis=1)


def _raise_first(
    known: NDArray[np.bool_], price: Vector, quotes: pd.DataFrame, notes: pd.Series[Any]
) -> None:
    """Name the first row without a volatility, if there is one."""
    without = np.flatnonzero(~known)
    if len(without):
        row = int(without[0])
        raise InputError(
            f"Row {row} has no implied volatility (price {price[row]:g}, "
            f"{quotes['iv_status'].iloc[row]}: {notes.iloc[row]}); {len(without)} of {len(known)} "
            f"rows have none. Errors 'nan' answers the others."
        )
