"""Quote tables as vendors write them, brought to one row a contract."""

from __future__ import annotations

import csv
import difflib
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from suite.errors import InputError

__all__ = ["FIELDS", "Table", "read_table"]

FIELDS = ("strike", "expiration", "kind", "bid", "ask", "quoted", "root")
"""What is read from a table; `quoted` and `root` may be absent."""

# Names by which tables call the fields, in lower case, blanks as underscores.
_NAMES = {
    "strike": ("strike", "strike_price", "k"),
    "expiration": ("expiration", "expiry", "expiration_date", "exdate", "maturity"),
    "kind": ("kind", "type", "option_type", "cp_flag", "call_put", "right", "put_call"),
    "bid": ("bid", "best_bid", "bid_price"),
    "ask": ("ask", "best_offer", "ask_price", "offer"),
    "quoted": ("quoted", "quote_date", "date_pulled", "quote_datetime", "date"),
    "root": (
        *("root", "option_root", "underlying_symbol", "underlying", "ticker", "act_symbol"),
        *("symbol", "contract_symbol", "contractsymbol", "option_symbol", "occ_symbol"),
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A quote table, one row a contract, with the columns that hold each field.

    `columns` maps the names of `FIELDS` to columns of `frame`; `layout` says how it was read.
    """

    frame: pd.DataFrame
    columns: Mapping[str, str]
    layout: str


def read_table(path: str | Path, columns: Mapping[str, str] | None = None) -> Table:
    """Read a CSV (plain or gzip) or Parquet file of quotes.

    `columns` maps fields to column names where the table has its own. Raises `InputError` for a
    file that is no table, or that lacks a field.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} is no file. Give a CSV or Parquet file of option quotes.")
    try:
        if path.suffix == ".parquet":
            return of_frame(pd.read_parquet(path), columns)
        lines = _first_lines(path)
        if any("Calls" in line and "Puts" in line for line in lines):
            return _side_by_side(path, lines)
        return of_frame(_read_csv(path), columns)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError, OSError) as error:
        raise InputError(f"{path} cannot be read as a table: {error}") from error
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} cannot be read as a table: {error}") from error


def of_frame(frame: pd.DataFrame, columns: Mapping[str, str] | None = None) -> Table:
    """Find the fields among the columns of a frame with one row a contract."""
    plain = {str(name).strip().lower().replace(" ", "_"): name for name in frame.columns}
    found = {
        field: plain[name]
        for field, names in reversed(_NAMES.items())
        for name in reversed(names)
        if name in plain
    }
    for field, name in (columns or {}).items():
        if field not in FIELDS:
            raise InputError(f"There is no field {field!r}; the fields are {', '.join(FIELDS)}.")
        if name not in frame.columns:
            raise InputError(f"The table has no column {name!r}.{_nearest(name, frame)}")
        found[field] = name
    for field in FIELDS[:5]:
        if field not in found:
            raise InputError(
                f"No column of the table holds the {field}. Its columns are "
                f"{', '.join(map(str, frame.columns))}; name it with --map {field}=COLUMN."
            )
    return Table(frame, found, "one contract a row")


def _nearest(name: str, frame: pd.DataFrame) -> str:
    near = difflib.get_close_matches(name, [str(c) for c in frame.columns], 1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _first_lines(path: Path, count: int = 10) -> list[str]:
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig") as text:
        return [line for _, line in zip(range(count), text, strict=False)]


def _read_csv(path: Path, **options: Any) -> pd.DataFrame:
    # Decimals must be rounded correctly (as pandas does since 3.1): an ulp shows near intrinsic.
    return pd.read_csv(path, encoding="utf-8-sig", **options)


def _side_by_side(path: Path, lines: list[str]) -> Table:
    """Cboe's layout: a preamble, then calls to the left and puts to the right of the strike."""
    header = next(i for i, line in enumerate(lines) if "Calls" in line and "Puts" in line)
    names = [name.strip() for name in next(csv.reader([lines[header]]))]
    raw = _read_csv(path, skiprows=header + 1, header=None)
    if raw.shape[1] != len(names):
        raise InputError(
            f"{path}: the rows have {raw.shape[1]} cells, the header in line {header + 1} "
            f"has {len(names)}."
        )
    strike, puts = names.index("Strike"), names.index("Puts")
    date = next((line for line in lines[:header] if "Date:" in line), "")
    sides = []
    for kind, first, last in (("C", names.index("Calls"), strike), ("P", puts, len(names))):
        side = raw.iloc[:, first:last].copy()
        side.columns = ["Contract", *names[first + 1 : last]]
        side.insert(0, "Expiration Date", raw[0])
        side.insert(2, "Type", kind)
        side.insert(3, "Strike", raw[strike])
        sides.append(side)
    # The contracts of a line stay together, call first.
    frame = pd.concat(sides).sort_index(kind="stable").reset_index(drop=True)
    frame.insert(1, "Root", frame["Contract"].astype(str).str.extract(r"^(\D+)", expand=False))
    quoted = pd.to_datetime(pd.Series([_date_of(date)] * len(frame)), errors="coerce")
    frame.insert(0, "Quoted", quoted)
    columns = {
        "strike": "Strike",
        "expiration": "Expiration Date",
        "kind": "Type",
        "bid": "Bid",
        "ask": "Ask",
        "quoted": "Quoted",
        "root": "Root",
    }
    return Table(frame, columns, "Cboe, calls and puts side by side")


def _date_of(line: str) -> str:
    """`October 1, 2025` of the preamble's `"Date: October 1, 2025 at 6:03 PM EDT",...`."""
    return line.partition("Date:")[2].partition(" at ")[0].strip()
