"""The fields of a quote table as numbers, kinds and times, whatever its vendor wrote."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suite.errors import InputError
from suite.finance.tables.cells import Times, is_day_first, kinds, numbers, rates, times
from suite.finance.tables.daycount import expiry_instants, year_fraction
from suite.finance.tables.layouts import Table
from suite.finance.tables.moments import one_time, whole_days, with_clock
from suite.finance.tables.symbols import Symbols, is_am_settled, is_american, read_symbols, roots_of

__all__ = ["Fields", "fields_of", "quotes_of", "span_of"]

Vector = NDArray[np.float64]
Flags = NDArray[np.bool_]

_NOWHERE: Any = np.datetime64("NaT", "s")
_START = np.datetime64("1970-01-01", "s")
_BILLIONTH = 1e-9
_NO_VALUE = 9.2e18
_LEAST_BILLIONTHS = 1e6


class Fields(NamedTuple):
    """The quotes frame of `quotes_of`, and what had to be said about reading it."""

    quotes: pd.DataFrame
    notes: tuple[str, ...]


def quotes_of(
    table: Table,
    quoted: str | None = None,
    convention: str = "ACT/365",
    exercise: str | None = None,
    stale_after: str | pd.Timedelta = "1D",
    snapshot: bool | None = None,
) -> pd.DataFrame:
    """The fields of a table, one row a contract in its order, NaN or NaT where unreadable.

    Columns: strike, bid, ask, last, mid (where the table has one), underlying, forward_given, rate,
    dividend, tick, multiplier and years [float]; call and put [bool]; quoted and expires (instants)
    and expiration (the day) [datetime64[s], on the exchange's clock: New York, for Deribit UTC];
    timed [bool: the quote has a clock]; root [str]; american, stale, coin (prices are in coin) and
    nonstandard [bool]. Strikes and other prices are in money, whatever the vendor's units are.
    `quoted` is the time of the quotes where the table has none; `exercise` ('european' or
    'american') overrules what table and root say. In a `snapshot` every row has a quote time of its
    own, but all of a root stand for its newest, and rows older than that by more than `stale_after`
    are stale; None: where the vendor's tables are such (Polygon, Interactive Brokers).
    Raises `InputError` for a table without a quote time and for options that mean nothing.

    >>> from suite.finance.tables.layouts import of_frame
    >>> table = of_frame(pd.DataFrame({"symbol": ["SPX   251219P06700000"], "bid": ["$41.20"],
    ...     "ask": [41.6], "date": ["2025-10-20"]}))
    >>> row = quotes_of(table).iloc[0]
    >>> float(row["strike"]), float(row["bid"]), str(row["expires"]), bool(row["american"])
    (6700.0, 41.2, '2025-12-19 09:30:00', False)
    """
    return fields_of(table, quoted, convention, exercise, stale_after, snapshot).quotes


def fields_of(
    table: Table,
    quoted: str | None = None,
    convention: str = "ACT/365",
    exercise: str | None = None,
    stale_after: str | pd.Timedelta = "1D",
    snapshot: bool | None = None,
) -> Fields:
    """The quotes frame and the notes of reading it; see `quotes_of`."""
    symbols = _symbols(table)
    out = pd.DataFrame(index=pd.RangeIndex(len(table.frame)))
    out["strike"] = _strikes(table, symbols)
    out["call"], out["put"] = _kinds(table, symbols)
    root = _roots(table, symbols)
    _prices(out, table)
    notes = _market(out, table)
    out["coin"] = symbols.inverse if table.rules.coin else np.zeros(len(out), bool)
    expires_am = _am_settled(table, root)
    notes += _dates(out, table, symbols, quoted, expires_am)
    out["root"] = pd.Series(root, dtype="str")
    out["multiplier"] = _multiplier(table, symbols)
    out["american"] = _american(table, symbols, root, exercise)
    out["stale"] = False
    if snapshot or (snapshot is None and table.rules.snapshot and _each_once(out)):
        out["stale"] = _at_the_newest(out, span_of(stale_after))
    _years(out, table, convention)
    out["nonstandard"] = _nonstandard(table)
    return Fields(out, tuple(notes))


def _cells(table: Table, field: str) -> pd.Series[Any] | None:
    return table.frame[table.columns[field]] if field in table.columns else None


def _numbers(table: Table, field: str) -> Vector:
    column = _cells(table, field)
    return np.full(len(table.frame), np.nan) if column is None else numbers(column)


def _symbols(table: Table) -> Symbols:
    column = _cells(table, "symbol")
    rows = len(table.frame)
    if column is not None:
        return read_symbols(column)
    blank = np.full(rows, "", object)
    days = np.full(rows, np.datetime64("NaT", "D"))
    return Symbols(blank, days, blank, np.full(rows, np.nan), np.zeros(rows, bool))


def _strikes(table: Table, symbols: Symbols) -> Vector:
    strike = _fixed(table, "strike") * table.rules.strike_unit
    return np.where(np.isnan(strike), symbols.strike, strike)


def _fixed(table: Table, field: str) -> Vector:
    """Numbers of a column; of whole billionths, where a vendor may write such, in units."""
    values = _numbers(table, field)
    column = _cells(table, field)
    if table.rules.fixed_point and column is not None and _in_billionths(column, values):
        return np.where(np.abs(values) > _NO_VALUE, np.nan, values * _BILLIONTH)
    return values


def _in_billionths(column: pd.Series[Any], values: Vector) -> bool:
    """Whether prices are whole numbers of a size that only billionths have.

    A column of whole numbers with a hole in it is read as one of floats.
    """
    if column.dtype.kind in "iu":
        return True
    known = values[np.isfinite(values) & (values != 0.0)]
    whole = known.size > 0 and bool((known == np.round(known)).all())
    return whole and float(np.median(np.abs(known))) > _LEAST_BILLIONTHS


def _kinds(table: Table, symbols: Symbols) -> tuple[Flags, Flags]:
    call, put = symbols.kind == "C", symbols.kind == "P"
    column = _cells(table, "kind")
    if column is None:
        return call, put
    is_call, is_put = kinds(column)
    known = is_call | is_put
    return np.where(known, is_call, call), np.where(known, is_put, put)


def _roots(table: Table, symbols: Symbols) -> NDArray[Any]:
    """The symbol's root, which tells adjusted and weekly contracts apart; else the column's."""
    column = _cells(table, "root")
    if column is None or (symbols.root != "").all():
        return symbols.root
    return np.where(symbols.root != "", symbols.root, roots_of(column))


def _prices(out: pd.DataFrame, table: Table) -> None:
    none = table.rules.none
    for field in ("bid", "ask", "last", "mid"):
        values = _fixed(table, field)
        out[field] = values if none is None else np.where(values == none, np.nan, values)


def _market(out: pd.DataFrame, table: Table) -> list[str]:
    """What the table says of the underlying and its rates; says which were read as percent."""
    notes = []
    with np.errstate(invalid="ignore"):
        spot = _positive(_numbers(table, "underlying"))
        sides = [_positive(_numbers(table, f"underlying_{side}")) for side in ("bid", "ask")]
    out["underlying"] = np.where(np.isnan(spot), 0.5 * (sides[0] + sides[1]), spot)
    out["forward_given"] = _positive(_numbers(table, "forward"))
    for field in ("rate", "dividend"):
        column = _cells(table, field)
        if column is None:
            out[field] = np.nan
            continue
        out[field], percent = rates(column, field in table.rules.percent)
        notes += [f"{field} read as percent"] * percent
    out["tick"] = _positive(_numbers(table, "tick"))
    return notes


def _positive(values: Vector) -> Vector:
    return np.where(values > 0.0, values, np.nan)


def _am_settled(table: Table, root: NDArray[Any]) -> Flags:
    column = _cells(table, "settlement")
    if column is None:
        return is_am_settled(root)
    text = column.astype(str).str.strip().str.upper()
    return text.isin(["1", "1.0", "AM", "A", "TRUE"]).to_numpy(bool)


def _multiplier(table: Table, symbols: Symbols) -> Vector:
    given = _positive(_numbers(table, "multiplier"))
    if table.rules.coin or "symbol" not in table.columns:
        return given
    # An adjusted contract delivers something else; only its own table can say what.
    codes, roots = pd.factorize(symbols.root)
    usual = np.array([100.0 if root and not root[-1].isdigit() else np.nan for root in roots])
    return np.where(np.isnan(given) & (symbols.kind != ""), usual[codes], given)


def _american(table: Table, symbols: Symbols, root: NDArray[Any], exercise: str | None) -> Flags:
    if exercise is not None:
        if exercise not in ("european", "american"):
            raise InputError(f"exercise must be 'european' or 'american'. Got {exercise!r}.")
        return np.full(len(root), exercise == "american")
    # BTC is a fund's ticker too, so what is named as options on the coin is told by its symbol.
    by_root = np.zeros(len(root), bool) if table.rules.coin else is_american(root)
    by_root &= ~symbols.inverse
    column = _cells(table, "style")
    if column is None:
        return by_root
    style = column.astype(str).str.strip().str.lower().str.slice(0, 1)
    return np.where(style.isin(["a", "e"]), style == "a", by_root).astype(bool)


def _nonstandard(table: Table) -> Flags:
    column = _cells(table, "nonstandard")
    if column is None:
        return np.zeros(len(table.frame), bool)
    text = column.astype(str).fillna("").str.strip()
    return ~text.isin(["0", "0.0", "", "nan", "None", "<NA>"]).to_numpy(bool)


def _dates(
    out: pd.DataFrame, table: Table, symbols: Symbols, quoted: str | None, am: Flags
) -> list[str]:
    """Fill in when rows were quoted and when they expire; says where the table has no dates."""
    columns = [_cells(table, field) for field in ("expiration", "quoted")]
    day_first = is_day_first([column for column in columns if column is not None])
    zone, notes = table.rules.zone, []
    nothing = Times(np.full(len(out), _NOWHERE), np.zeros(len(out), bool))
    expires = nothing if columns[0] is None else times(columns[0], zone, day_first)
    day = expires.instant.astype("datetime64[D]")
    day = np.where(np.isnat(day), symbols.expiration, day)
    if quoted is not None:
        found = one_time(quoted, zone, len(out))
    elif columns[1] is not None:
        found = times(columns[1], zone, day_first)
    elif "years" in table.columns:
        found = Times(np.full(len(out), _START), np.zeros(len(out), bool))
        notes.append("without dates: times count from 1970-01-01")
        span = _numbers(table, "years") * 365.0
        day = _START.astype("datetime64[D]") + whole_days(span).astype("timedelta64[D]")
    else:
        raise InputError("The table does not say when it was quoted; give the date with --quoted.")
    found = with_clock(found, table.rules.clock)
    out["quoted"], out["timed"] = found.instant, found.timed
    out["expiration"] = day.astype("datetime64[s]")
    instant = expiry_instants(day, am, table.rules.coin)
    out["expires"] = np.where(expires.timed, expires.instant, instant)
    last = _cells(table, "last_time")
    traded = nothing if last is None else times(last, zone, day_first)
    out["last_time"] = traded.instant
    return notes


def span_of(stale_after: str | pd.Timedelta) -> pd.Timedelta:
    """A span of time like 1D or 30min. Raises `InputError` for a text that is none."""
    try:
        span = pd.Timedelta(stale_after)
    except ValueError:
        span = pd.Timedelta(-1)
    if not span >= pd.Timedelta(0):
        raise InputError(f"stale_after must be a time like 1D or 30min. Got {stale_after!r}.")
    return span


def _each_once(out: pd.DataFrame) -> bool:
    """Whether no contract stands twice: what is quoted again is a history, not a snapshot."""
    return not out.duplicated(["root", "expiration", "strike", "call", "put"]).any()


def _at_the_newest(out: pd.DataFrame, stale_after: pd.Timedelta) -> Flags:
    """Bring all rows of a root to its newest quote time; returns which are older by too much."""
    newest = out.groupby("root", sort=False)["quoted"].transform("max")
    stale = (newest - out["quoted"] > stale_after).to_numpy(bool)
    out["quoted"] = newest.where(out["quoted"].notna()).astype("datetime64[s]")
    return stale


def _years(out: pd.DataFrame, table: Table, convention: str) -> None:
    """Time to expiration: the table's own years where it has such, else of the two times."""
    quoted, expires = out["quoted"].to_numpy(), out["expires"].to_numpy()
    years = year_fraction(quoted, expires, convention, out["timed"].to_numpy(bool))
    out["years_of_dates"] = years
    given = _numbers(table, "years")
    out["years"] = np.where(np.isnan(given), years, given)
