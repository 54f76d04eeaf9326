"""A solved quote table: what is shown of it and how it is saved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from suite.core import Tally
from suite.core.files import write_whole
from suite.finance.verdict import told

__all__ = ["SolvedTable", "summary_of"]

SCHEMA = 1


def summary_of(
    layout: str, verdicts: Mapping[str, int], expirations: int, record: Mapping[str, Any]
) -> dict[str, Any]:
    """What `summary.json` holds of a table, solved at once or in parts."""
    return {
        "schema": SCHEMA,
        "job": "finance iv",
        "status": "converged",
        "sentence": "Every row is answered with a volatility or a verdict.",
        "layout": layout,
        "rows": sum(verdicts.values()),
        "verdicts": dict(verdicts),
        "expirations": expirations,
        "record": dict(record),
    }


@dataclass(frozen=True, slots=True, eq=False)
class SolvedTable:
    """A quote table with its volatilities, the forwards behind them, and the record's counts.

    `frame` is the table as it was read, one row a contract in its order, with the columns `mid`,
    `years`, `forward`, `discount`, `iv_bid`, `iv`, `iv_ask`, `iv_error`, `iv_status` and `iv_note`
    (and the Greeks) added; `added` are their names. A column that bore one of these is kept as
    NAME_given. `quotes` has the fields as they were understood; `forwards` one row a group of quote
    time, root and expiration, `left_out` the pairs that did not tell of them and why; `model` the
    pricing model of the volatilities.
    """

    frame: pd.DataFrame
    quotes: pd.DataFrame
    forwards: pd.DataFrame
    layout: str
    tally: Tally
    added: tuple[str, ...] = ()
    left_out: pd.DataFrame | None = None
    model: str = "black"

    def verdicts(self) -> dict[str, int]:
        """How many rows ended with each verdict."""
        return {str(k): int(n) for k, n in self.frame["iv_status"].value_counts().items()}

    def describe(self) -> str:
        """One line: rows, rows with a volatility, and the verdicts of the others."""
        return told(self.verdicts())

    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds."""
        expirations, record = len(self.forwards), self.tally.to_dict()
        return summary_of(self.layout, self.verdicts(), expirations, record)

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
        if self.left_out is not None:
            write_whole(path / "left_out.csv", self.left_out.to_csv(index=False))
        write_whole(path / "attempts.csv", self.tally.to_csv())
        write_whole(path / "summary.json", json.dumps(self.summary(), indent=1))
        return path

    def _write_parquet(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(_storable(self.frame), preserve_index=False)
        metadata = {**(table.schema.metadata or {}), b"suite": json.dumps(self.summary()).encode()}
        pq.write_table(table.replace_schema_metadata(metadata), path)

    def _repr_html_(self) -> str:
        counts = ", ".join(f"{n} {name}" for name, n in self.verdicts().items())
        return f"<p>{len(self.frame)} rows: {counts}</p>{self.frame.head(20).to_html()}"


def _storable(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with columns of mixed kinds as text, which Arrow has no type for."""
    import pyarrow as pa

    out = frame.copy(deep=False)
    for place, dtype in enumerate(frame.dtypes):
        if pd.api.types.is_object_dtype(dtype):
            column = frame.iloc[:, place]
            try:
                pa.array(column, from_pandas=True)
            except (pa.ArrowException, OverflowError):
                text: Any = column.astype(str).where(column.notna(), None)
                out.isetitem(place, text)
    return out
