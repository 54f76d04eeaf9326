"""Quote tables as vendors write them, brought to one row a contract."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from suite.errors import InputError
from suite.finance.tables.cells import numbers
from suite.finance.tables.sources import Source, read_source
from suite.finance.tables.symbols import read_symbols
from suite.finance.tables.vendors import DERIBIT, NAMES, VENDORS, WIDE, Rules, Vendor

__all__ = ["FIELDS", "Table", "of_frame", "of_source", "read_table"]

FIELDS = tuple(NAMES)
"""What is read from a table. Strike, kind, expiration and a price must be there; the first three
may come from the contract's symbol, and years may stand for the expiration."""

_LOOKED_AT = 200


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A quote table, one row a contract, with the columns that hold each field.

    `columns` maps names of `FIELDS` to columns of `frame`; `layout` says how it was read; `rules`
    what its numbers mean. `wide` where a row of the source was several contracts.
    """

    frame: pd.DataFrame
    columns: Mapping[str, str]
    layout: str
    rules: Rules = dataclasses.field(default_factory=Rules)
    wide: bool = False


def read_table(
    path: str | Path, columns: Mapping[str, str] | None = None, query: str | None = None
) -> Table:
    """Read a file of quotes; see `suite.finance.tables.sources.read_source` for what can be read.

    `columns` maps fields to column names where the table has its own. Raises `InputError` for a
    file that is no table, or that lacks a field.
    """
    return of_source(read_source(path, query), columns)


def of_frame(frame: pd.DataFrame, columns: Mapping[str, str] | None = None) -> Table:
    """Find the fields among the columns of a frame; see `of_source`.

    >>> frame = pd.DataFrame({"contractSymbol": ["AAPL251219C00250000"], "lastTradeDate": [""],
    ...     "bid": [9.1], "ask": [9.3], "impliedVolatility": [0.3]})
    >>> of_frame(frame).layout
    'Yahoo'
    """
    return of_source(read_source(frame), columns)


def of_source(source: Source, columns: Mapping[str, str] | None = None) -> Table:
    """Recognise the layout of raw columns and find the fields in them.

    Layouts: Cboe's delayed quotes (calls and puts side by side), Cboe DataShop, OptionMetrics,
    Yahoo, Deribit, ORATS, OptionsDX, Databento, Polygon, Interactive Brokers; any other table by
    the names of its columns. `columns` has the last word. Raises `InputError` for a field that is
    not there, with the columns that are.
    """
    frame = source.frame
    if {"Calls", "Puts"} <= set(frame.columns):
        return _overridden(_cboe(source), columns)
    plain: dict[str, str] = {}
    for name in frame.columns:
        plain.setdefault(_plain(name), name)
    vendor = next((v for v in VENDORS if _is(v, plain, frame)), Vendor("one contract a row", ()))
    found = _fields(vendor, plain, frame, columns or {})
    sides = next((names for names in WIDE if set(names) <= set(plain)), None)
    table = Table(frame, found, vendor.name, vendor.rules)
    if sides is not None and "bid" not in found:
        table = _stacked(table, [plain[name] for name in sides])
    table = _overridden(table, columns)
    _check(table)
    return _judged(table, vendor)


def _plain(name: str) -> str:
    """A column's name without case, blanks, brackets, hyphens and underscores."""
    return re.sub(r"[\s_\-\[\]]", "", name.lower())


def _is(vendor: Vendor, plain: Mapping[str, str], frame: pd.DataFrame) -> bool:
    if not all(any(name in plain for name in names.split("|")) for names in vendor.marks):
        return False
    if vendor.name != DERIBIT:
        return True
    name = next(plain[n] for n in ("instrumentname", "symbol") if n in plain)
    seen = frame[name].dropna().head(_LOOKED_AT).astype(str)
    return bool(seen.str.match(r"[A-Z0-9_]+-\d{1,2}[A-Z]{3}\d\d-").any())


def _fields(
    vendor: Vendor, plain: Mapping[str, str], frame: pd.DataFrame, said: Mapping[str, str]
) -> dict[str, str]:
    """The column of each field: the vendor's own name for it, else any that tables use."""
    taken = set(said.values())
    found = {}
    for field, names in NAMES.items():
        own = vendor.columns.get(field)
        for name in () if own == () else (*(own or ()), *names):
            column = plain.get(name)
            if column is not None and column not in taken and _may_hold(field, frame[column]):
                found[field] = column
                break
    return found


def _may_hold(field: str, column: pd.Series[Any]) -> bool:
    """Whether a column can be that field, where its name alone does not tell."""
    if _plain(str(column.name)) == "underlying":
        return (field == "underlying") == pd.api.types.is_numeric_dtype(column)
    if field == "symbol":
        seen = column.dropna().head(_LOOKED_AT)
        return bool((read_symbols(seen).kind != "").any())
    return True


def _overridden(table: Table, columns: Mapping[str, str] | None) -> Table:
    found = dict(table.columns)
    for field, name in (columns or {}).items():
        if field not in FIELDS:
            raise InputError(f"There is no field {field!r}; the fields are {', '.join(FIELDS)}.")
        if name not in table.frame.columns:
            raise InputError(f"The table has no column {name!r}.{_nearest(name, table.frame)}")
        found[field] = name
    return replace(table, columns=found)


def _nearest(name: str, frame: pd.DataFrame) -> str:
    near = difflib.get_close_matches(name, [str(c) for c in frame.columns], 1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _check(table: Table) -> None:
    """Raise for a field without which no row can be answered."""
    found = table.columns
    known = {
        "strike": "strike" in found or "symbol" in found,
        "expiration": bool({"expiration", "symbol", "years"} & set(found)),
        "kind": "kind" in found or "symbol" in found,
        "bid": bool({"bid", "ask", "mid", "last"} & set(found)),
        "ask": bool({"ask", "mid", "last"} & set(found)),
    }
    for field, there in known.items():
        if not there:
            names = list(map(str, table.frame.columns))
            shown = ", ".join(names[:40]) + (", ..." if len(names) > 40 else "")
            shown = " ".join(shown.split())
            raise InputError(
                f"No column of the table holds the {field}. Its columns are "
                f"{shown[:1000]}; name it with --map {field}=COLUMN."
            )


def _judged(table: Table, vendor: Vendor) -> Table:
    """Rules and words that depend on what is in the columns."""
    rules, words = table.rules, [table.layout]
    if rules.strike_unit != 1.0:
        strike = numbers(table.frame[table.columns["strike"]])
        if not np.nanmax(strike, initial=0.0) >= 1000.0:
            # Strikes below a dollar only: somebody has divided them already.
            rules = replace(rules, strike_unit=1.0)
        else:
            words.append("strikes in thousandths")
    bid = _plain(table.columns.get("bid", ""))
    if bid.endswith("1545"):
        rules = replace(rules, clock="15:45")
        words.append("prices of 15:45")
    elif bid.endswith("eod"):
        words.append("prices of the close")
    if table.wide and vendor.marks:
        words.append("calls and puts side by side")
    return replace(table, rules=rules, layout=", ".join(words))


def _stacked(table: Table, sides: list[str]) -> Table:
    """Two rows for each: the call's, then the put's, with columns for kind, bid and ask."""
    frame = table.frame
    long = frame.iloc[np.repeat(np.arange(len(frame)), 2)].reset_index(drop=True)
    columns = dict(table.columns)
    call = pd.Series(["C", "P"] * len(frame), dtype="str")
    cells = {"kind": call}
    for field, names in (("bid", sides[0::2]), ("ask", sides[1::2])):
        ours, theirs = (long[name] for name in names)
        cells[field] = ours.where(call == "C", theirs)
    for field, column in cells.items():
        name = field if field not in long else f"{field}_of_row"
        long[name] = column
        columns[field] = name
    return replace(table, frame=long, columns=columns, wide=True)


def _cboe(source: Source) -> Table:
    """Cboe's layout: a preamble, then calls to the left and puts to the right of the strike."""
    raw, names = source.frame, list(source.frame.columns)
    if "Strike" not in names or not names.index("Calls") < names.index("Strike"):
        raise InputError(
            f"{source.where} has calls and puts side by side, but no column 'Strike' after the "
            f"calls. Its columns are {', '.join(names)}."
        )
    strike, puts = names.index("Strike"), names.index("Puts")
    sides = []
    for kind, first, last in (("C", names.index("Calls"), strike), ("P", puts, len(names))):
        side = raw.iloc[:, first:last].copy()
        side.columns = ["Contract", *(re.sub(r"\.\d+$", "", n) for n in names[first + 1 : last])]
        side.insert(0, "Expiration Date", raw[names[0]])
        side.insert(2, "Type", kind)
        side.insert(3, "Strike", raw["Strike"])
        sides.append(side)
    if not all({"Bid", "Ask"} <= set(side.columns) and side.columns.is_unique for side in sides):
        raise InputError(
            f"{source.where} has calls and puts side by side, but not Bid and Ask once for each. "
            f"Its columns are {', '.join(names)}."
        )
    # The contracts of a line stay together, call first.
    frame = pd.concat(sides).sort_index(kind="stable").reset_index(drop=True)
    root = frame["Contract"].astype(str).str.extract(r"^([A-Z^.]+\d?)\d{6}[CP]\d", expand=False)
    frame.insert(1, "Root", root)
    date = next((line for line in source.preamble if "Date:" in line), "")
    frame.insert(0, "Quoted", pd.Series([_time_of(date)] * len(frame), dtype="datetime64[us]"))
    columns = {
        "strike": "Strike",
        "expiration": "Expiration Date",
        "kind": "Type",
        "bid": "Bid",
        "ask": "Ask",
        "root": "Root",
        "symbol": "Contract",
    }
    if date:
        columns["quoted"] = "Quoted"
    if "Last Sale" in frame:
        columns["last"] = "Last Sale"
    return Table(frame, columns, "Cboe, calls and puts side by side", wide=True)


def _time_of(line: str) -> Any:
    """`October 1, 2025 at 6:03 PM EDT` of the preamble, in New York; after the close the day alone.

    Quotes of an evening are those of the close, whole days from their expirations.
    """
    text = line.partition("Date:")[2].partition('"')[0].strip()
    found = re.match(
        r"(.*?\d{4})(?: at (\d{1,2}:\d{2}(?::\d{2})? ?[AP]M)(?: ([A-Z]{2,4}))?)?", text
    )
    if found is None:
        return pd.NaT
    date, clock, zone = found.groups()
    time: Any = pd.to_datetime(f"{date} {clock or ''}".strip(), errors="coerce")
    if zone in ("CDT", "CST", "CT"):
        time += pd.Timedelta(hours=1)
    return time if time is pd.NaT or time.hour < 16 else time.normalize()
