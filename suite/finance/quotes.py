"""Whole quote tables: from bids and asks to volatilities, every row with its verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suite.core import Tally
from suite.core.control import Law
from suite.core.files import write_whole
from suite.errors import InputError
from suite.finance.implied import ImpliedVolatility, of_forward
from suite.finance.layouts import Table, of_frame, read_table
from suite.finance.parity import fit_forward
from suite.finance.verdict import Verdict

__all__ = ["SolvedTable", "solve_file", "solve_quotes", "solve_table"]

Vector = NDArray[np.float64]

DAYS_A_YEAR = 365.0
SCHEMA = 1


@dataclass(frozen=True, slots=True, eq=False)
class SolvedTable:
    """A quote table with its volatilities, the forwards behind them, and the record's counts.

    `frame` is the table as it was read, one row a contract in its order, with the columns `mid`,
    `years`, `forward`, `discount`, `iv_bid`, `iv`, `iv_ask`, `iv_status` and `iv_note` added.
    `quotes` has the fields as they were understood; `forwards` one row a group of quote date,
    root and expiration.
    """

    frame: pd.DataFrame
    quotes: pd.DataFrame
    forwards: pd.DataFrame
    layout: str
    tally: Tally

    def verdicts(self) -> dict[str, int]:
        """How many rows ended with each verdict."""
        return {str(k): int(n) for k, n in self.frame["iv_status"].value_counts().items()}

    def describe(self) -> str:
        """One line: rows, solved rows, and the verdicts of the others."""
        verdicts = self.verdicts()
        solved = verdicts.pop("solved", 0)
        others = "".join(f", {n:,} {name.replace('_', ' ')}" for name, n in verdicts.items())
        return f"{len(self.frame):,} rows, {solved:,} solved{others}"

    def curves(self) -> list[dict[str, Any]]:
        """The out-of-the-money smile of each expiration, as arrays to draw."""
        quotes, frame = self.quotes, self.frame
        twin = quotes["call"] == (quotes["strike"] > quotes["forward"])
        kept = np.asarray(twin & quotes["iv_known"], bool)
        curves = []
        for (_, root, expiration), rows in quotes[kept].groupby(_GROUP, sort=True):
            places = rows.index.to_numpy()
            curve = {n: frame[n].to_numpy(float)[places] for n in ("iv_bid", "iv", "iv_ask")}
            curves.append(
                {
                    "label": f"{root} {expiration:%Y-%m-%d}".strip(),
                    "years": float(rows["years"].iloc[0]),
                    "moneyness": np.log((rows["strike"] / rows["forward"]).to_numpy(float)),
                    **curve,
                }
            )
        return curves

    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds."""
        return {
            "schema": SCHEMA,
            "job": "finance iv",
            "status": "converged",
            "sentence": "Every row is answered with a volatility or a verdict.",
            "layout": self.layout,
            "rows": len(self.frame),
            "verdicts": self.verdicts(),
            "expirations": len(self.forwards),
            "record": self.tally.to_dict(),
        }

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.frame

    def save(self, path: str | Path) -> Path:
        """Write the table to a .parquet or .csv file, or everything to a folder.

        A Parquet file carries the summary in its metadata, so that `suite show` can read it.
        """
        path = Path(path)
        if path.suffix == ".parquet":
            return write_whole(path, self._write_parquet)
        if path.suffix == ".csv":
            return write_whole(path, self.frame.to_csv(index=False))
        write_whole(path / "iv.parquet", self._write_parquet)
        write_whole(path / "forwards.csv", self.forwards.to_csv(index=False))
        write_whole(path / "attempts.csv", self.tally.to_csv())
        write_whole(path / "summary.json", json.dumps(self.summary(), indent=1))
        return path

    def _write_parquet(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(self.frame, preserve_index=False)
        metadata = {**(table.schema.metadata or {}), b"suite": json.dumps(self.summary()).encode()}
        pq.write_table(table.replace_schema_metadata(metadata), path)

    def _repr_html_(self) -> str:
        counts = ", ".join(f"{n} {name}" for name, n in self.verdicts().items())
        return f"<p>{len(self.frame)} rows: {counts}</p>{self.frame.head(20).to_html()}"


def solve_table(frame: pd.DataFrame, **options: Any) -> pd.DataFrame:
    """The same table with `iv`, `iv_bid`, `iv_ask`, `iv_status` and what led to them added.

    `frame` has one contract a row with strike, expiration, kind, bid and ask; rows and their order
    are kept. Options are those of `solve_quotes`.

    >>> quotes = pd.DataFrame({"strike": [95.0, 100, 105] * 2, "type": list("cccppp"),
    ...     "bid": [8.1, 5.0, 2.8, 2.6, 4.5, 7.2], "ask": [8.3, 5.2, 3.0, 2.8, 4.7, 7.4],
    ...     "expiration": "2026-01-16", "quoted": "2025-10-06"})
    >>> solve_table(quotes)["iv"].round(2).tolist()
    [0.24, 0.23, 0.22, 0.24, 0.23, 0.22]
    """
    columns = options.pop("columns", None)
    return solve_quotes(of_frame(frame, columns), **options).frame


def solve_file(
    path: str | Path, *, columns: Mapping[str, str] | None = None, **options: Any
) -> SolvedTable:
    """Read a quote file and answer every row; options are those of `solve_quotes`."""
    return solve_quotes(read_table(path, columns), **options)


def solve_quotes(
    table: Table,
    *,
    quoted: str | None = None,
    law: Law | None = None,
) -> SolvedTable:
    """Answer every row of a quote table with Black volatilities of its bid, mid and ask.

    Forward and discount factor of each quote date, root and expiration come from put-call parity.
    Time is calendar days over 365. `quoted` is the date of the quotes where the table has none.
    """
    quotes = _fields(table, quoted)
    quotes["mid"] = 0.5 * (quotes["bid"] + quotes["ask"])
    market = _market_verdict(quotes)
    forwards = _forwards(quotes, market)
    quotes = quotes.join(forwards.set_index(_GROUP)[["forward", "discount"]], on=_GROUP)
    frame = table.frame.copy()
    for name in ("mid", "years", "forward", "discount"):
        frame[name] = quotes[name].to_numpy()
    tally = Tally()
    for side in ("bid", "mid", "ask"):
        solved = _solve(quotes, side, law)
        tally.merge(solved.tally)
        status = solved.status
        if side == "mid":
            status = np.where(market == Verdict.SOLVED, status, market)
            no_forward = quotes["forward"].isna() & (market == Verdict.SOLVED)
            status = np.where(no_forward, Verdict.NO_FORWARD, status)
            verdicts = [Verdict(code).name.lower() for code in status]
            notes = _notes(quotes, status)
        name = "iv" if side == "mid" else f"iv_{side}"
        known = (status == Verdict.SOLVED) | (side != "mid")
        frame[name] = np.where(known, solved.volatility, np.nan)
    frame["iv_status"], frame["iv_note"] = verdicts, notes
    quotes["iv_known"] = frame["iv"].notna().to_numpy()
    return SolvedTable(frame, quotes, forwards, table.layout, tally)


_GROUP = ["quoted", "root", "expiration"]
_DATE: Any = "datetime64[s]"


def _fields(table: Table, quoted: str | None) -> pd.DataFrame:
    """The fields as numbers, dates and kinds; what cannot be read is missing, not an error."""
    frame, columns = table.frame, table.columns
    if not frame.columns.is_unique:
        raise InputError(f"Column names repeat: {', '.join(map(str, frame.columns))}.")
    out = pd.DataFrame(index=pd.RangeIndex(len(frame)))
    for name in ("strike", "bid", "ask"):
        out[name] = _numbers(frame[columns[name]])
    day_first = _day_first([frame[columns[n]] for n in ("expiration", "quoted") if n in columns])
    out["expiration"] = _dates(frame[columns["expiration"]], day_first)
    if quoted is not None:
        out["quoted"] = _one_date(quoted)
    elif "quoted" in columns:
        out["quoted"] = _dates(frame[columns["quoted"]], day_first)
    else:
        raise InputError("The table does not say when it was quoted; give the date with --quoted.")
    out["root"] = _roots(frame[columns["root"]]) if "root" in columns else ""
    kind = frame[columns["kind"]].astype(str).str.strip().str.lower()
    out["call"] = kind.isin(["c", "call", "calls", "1", "1.0", "+1"]).to_numpy()
    out["put"] = kind.isin(["p", "put", "puts", "-1", "-1.0"]).to_numpy()
    out["years"] = (out["expiration"] - out["quoted"]).dt.days / DAYS_A_YEAR
    return out


def _numbers(column: pd.Series[Any]) -> Vector:
    """Numbers; a comma is read where it can only part thousands. Infinity is no quote."""
    if column.dtype == object or pd.api.types.is_string_dtype(column):
        text = column.astype(str).str.strip()
        thousands = text.str.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
        column = text.where(~thousands, text.str.replace(",", "", regex=False))
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(float, copy=True)
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def _roots(column: pd.Series[Any]) -> NDArray[Any]:
    """The underlying of each row; of an OCC symbol (AAPL251010C00110000) its first part."""
    text = column.astype(str).str.strip()
    root = text.str.extract(r"^([A-Z.^]+\d?)\s*\d{6}[CP]\d{8}$", expand=False)
    return root.fillna(text).to_numpy()


_SLASHED = r"\s*(\d{1,2})[/.\-](\d{1,2})[/.\-]\d{4}\b.*"


def _day_first(columns: list[pd.Series[Any]]) -> bool:
    """Whether dates like 16/01/2026 have the day first; refuses those that could be either."""
    text = pd.concat([column.astype(str) for column in columns]).drop_duplicates()
    parts = text.str.extract(_SLASHED).dropna().astype(int)
    if parts.empty:
        return False
    day_first, month_first = bool((parts[0] > 12).any()), bool((parts[1] > 12).any())
    if day_first == month_first:
        example = text[parts.index[0]] if isinstance(parts.index[0], str) else text.iloc[0]
        raise InputError(
            f"Dates like {example!r} can be read in two ways; write them as 2025-10-06 in the "
            f"columns of the expiration and the quote date."
        )
    return day_first


def _dates(column: pd.Series[Any], day_first: bool) -> Any:
    """Calendar days; numbers like 20260116 are read as they are written."""
    if pd.api.types.is_numeric_dtype(column):
        column = column.astype("Int64", errors="ignore").astype(str)
    if column.dtype == object or pd.api.types.is_string_dtype(column):
        column = column.astype(str).str.strip()
    dates = pd.to_datetime(column, errors="coerce", utc=True, format="mixed", dayfirst=day_first)
    dates = dates.dt.tz_localize(None).dt.normalize().astype(_DATE)
    # Anything else is a number taken for a date.
    return dates.where(dates.dt.year.between(1980, 2200)).to_numpy()


def _one_date(text: str) -> pd.Timestamp:
    try:
        date = pd.Timestamp(text)
        if pd.isna(date):
            raise ValueError(text)
        return date.tz_localize(None).normalize().as_unit("s")
    except (ValueError, TypeError):
        raise InputError(f"--quoted must be a date like 2025-10-06. Got {text!r}.") from None


def _market_verdict(quotes: pd.DataFrame) -> NDArray[np.int64]:
    """What the fields and the market alone say of a row."""
    bid, ask = quotes["bid"], quotes["ask"]
    missing = ~(quotes["strike"] > 0.0) | quotes["years"].isna() | ~(quotes["call"] | quotes["put"])
    return np.select(
        [
            missing | (bid < 0.0) | (ask < 0.0),
            quotes["years"] < 0.0,
            quotes["years"] == 0.0,
            bid.isna() | ask.isna(),
            bid == 0.0,
            bid > ask,
        ],
        [
            Verdict.MISSING_FIELD,
            Verdict.EXPIRED,
            Verdict.EXPIRES_TODAY,
            Verdict.ONE_SIDED,
            Verdict.ZERO_BID,
            Verdict.CROSSED,
        ],
        Verdict.SOLVED,
    )


def _forwards(quotes: pd.DataFrame, market: NDArray[np.int64]) -> pd.DataFrame:
    """Forward and discount of each group, from its pairs of good calls and puts."""
    good = quotes[market == Verdict.SOLVED].copy()
    good["half"] = 0.5 * (good["ask"] - good["bid"])
    rows = []
    for key, group in good.groupby(_GROUP, sort=True):
        _check_one_underlying(group)
        calls = group[group["call"]].drop_duplicates("strike").set_index("strike")
        puts = group[group["put"]].drop_duplicates("strike").set_index("strike")
        pairs = calls.join(puts, how="inner", suffixes=("_call", "_put")).sort_index()
        found = fit_forward(
            pairs.index.to_numpy(float),
            (pairs["mid_call"] - pairs["mid_put"]).to_numpy(float),
            (pairs["half_call"] + pairs["half_put"]).to_numpy(float),
        )
        row = dict(zip(_GROUP, key, strict=True)) | {"years": float(group["years"].iloc[0])}
        if found is not None:
            row |= {name: getattr(found, name) for name in found.__slots__}
        rows.append(row)
    names = ["forward", "discount", "forward_error", "discount_error", "pairs", "outliers"]
    table = pd.DataFrame(rows, columns=[*_GROUP, "years", *names])
    return table.astype({"quoted": _DATE, "expiration": _DATE, "root": str})


def _check_one_underlying(group: pd.DataFrame) -> None:
    """Refuse a group in which most contracts stand more than once with other quotes."""
    contract = ["strike", "call"]
    quotes = group.drop_duplicates([*contract, "bid", "ask"])
    again = quotes.duplicated(contract, keep=False)
    if again.sum() > 2 and again.mean() > 0.5:
        rows = quotes.index[again][:2].tolist()
        raise InputError(
            f"Rows {rows[0]} and {rows[1]} and many others quote the same strike, kind and "
            f"expiration differently. If the table holds several underlyings or times, name "
            f"their column with --map root=COLUMN or quoted=COLUMN."
        )


def _solve(quotes: pd.DataFrame, side: str, law: Law | None) -> ImpliedVolatility:
    return of_forward(
        quotes[side].to_numpy(float),
        quotes["forward"].to_numpy(float),
        quotes["strike"].to_numpy(float),
        quotes["years"].to_numpy(float),
        quotes["discount"].to_numpy(float),
        quotes["call"].to_numpy(bool),
        law=law,
    )


def _notes(quotes: pd.DataFrame, status: NDArray[Any]) -> list[str]:
    """For each row that has no volatility, what exactly is wrong with it."""
    notes = []
    rows: Any = quotes.itertuples()
    for row, code in zip(rows, status, strict=True):
        if code == Verdict.SOLVED:
            notes.append("")
        elif code == Verdict.MISSING_FIELD:
            notes.append(f"missing or unreadable: {', '.join(_missing(row))}")
        elif code == Verdict.BELOW_INTRINSIC:
            notes.append(f"mid {row.mid:g} is {_intrinsic(row) - row.mid:.4g} below intrinsic")
        elif code == Verdict.CROSSED:
            notes.append(f"bid {row.bid:g} above ask {row.ask:g}")
        else:
            notes.append(Verdict(code).sentence)
    return notes


def _missing(row: Any) -> list[str]:
    checks = {
        "strike": row.strike > 0.0,
        "expiration": row.expiration == row.expiration,
        "quote date": row.quoted == row.quoted,
        "kind": row.call or row.put,
        "bid": not row.bid < 0.0,
        "ask": not row.ask < 0.0,
    }
    return [name for name, present in checks.items() if not present]


def _intrinsic(row: Any) -> float:
    forward_value = row.forward - row.strike if row.call else row.strike - row.forward
    return float(row.discount * max(forward_value, 0.0))
