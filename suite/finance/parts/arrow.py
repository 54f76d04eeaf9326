"""One part of a big table: an Arrow table of quotes in, an Arrow table with volatilities out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from suite.finance.forwards.fitted import DATE, FORWARDS
from suite.finance.options import Options
from suite.finance.quotes import solve_quotes
from suite.finance.tables.alike import renamed
from suite.finance.tables.cells import is_percent
from suite.finance.tables.layouts import Table, of_frame
from suite.finance.tables.market import Market, market_of
from suite.finance.verdict import Verdict

__all__ = ["Answered", "Reading", "market_of_part", "reading_of", "solved_part"]

_ANSWERED = [verdict.name.lower() for verdict in Verdict if verdict.answered]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """How every part of a table is read: what is told from its head holds to its end.

    `head` is a table without rows, whose rules hold for all; `columns` are the user's names of
    fields.
    """

    head: Table
    columns: Mapping[str, str] | None

    def table(self, part: pa.Table) -> Table:
        """The quotes of a part."""
        frame = _frame(part)
        if self.head.wide:
            return replace(of_frame(frame, self.columns), rules=self.head.rules)
        return replace(self.head, frame=frame)

    def needed(self) -> list[str] | None:
        """The columns of the source that hold fields; None for all."""
        return None if self.head.wide else list(dict.fromkeys(self.head.columns.values()))


class Answered(NamedTuple):
    """A solved part: its rows with what was added, what the manifest says of it, and the place,
    status and note of its first row without a volatility."""

    table: pa.Table
    verdicts: dict[str, int]
    layout: str
    record: dict[str, Any]
    without: tuple[int, str, str] | None


def reading_of(
    head: pa.Table, columns: Mapping[str, str] | None, largest: Callable[[str], float]
) -> Reading:
    """Recognise the layout from the first rows; `largest` tells the greatest size in a column.

    Rates that are percent somewhere in the table are so everywhere.
    """
    table = of_frame(_frame(head), columns)
    known = [field for field in ("rate", "dividend") if field in table.columns]
    names = {field: table.columns[field] for field in known}
    percent = [field for field, name in names.items() if is_percent(name, largest(name))]
    rules = replace(table.rules, percent=(*table.rules.percent, *percent))
    return Reading(replace(table, frame=table.frame.iloc[:0], rules=rules), columns)


def market_of_part(part: pa.Table, reading: Reading, options: Options) -> Market:
    """The quotes of a part, and the verdict of each row by itself."""
    return market_of(reading.table(part), options)


def solved_part(
    part: pa.Table, reading: Reading, options: Options, forwards: pd.DataFrame | None
) -> Answered:
    """Solve the rows of a part; `forwards` are those of its groups where they were collected.

    The columns of the part stay the same Arrow arrays; one that bears an added name is kept as
    NAME_given. What is added has the same type in every part: numbers, or text.
    """
    none = pd.DataFrame(columns=FORWARDS).astype({"quoted": DATE, "expiration": DATE, "root": str})
    table = reading.table(part)
    solved = solve_quotes(table, options, forwards=none if forwards is None else forwards)
    answers = _arrays(solved.frame[list(solved.added)])
    given = _arrays(solved.frame.drop(columns=list(solved.added))) if table.wide else part
    names = renamed(given.column_names, answers.column_names)
    joined = given.rename_columns([names.get(name, name) for name in given.column_names])
    for name in answers.column_names:
        joined = joined.append_column(name, answers.column(name))
    without = solved.frame.loc[~solved.frame["iv_status"].isin(_ANSWERED), ["iv_status", "iv_note"]]
    return Answered(
        joined.replace_schema_metadata(None),
        solved.verdicts(),
        solved.layout,
        solved.tally.to_dict(),
        None if without.empty else (int(without.index[0]), *without.iloc[0].tolist()),
    )


def _arrays(frame: pd.DataFrame) -> pa.Table:
    return pa.table({str(name): _plain(frame[name]) for name in frame.columns})


def _frame(part: pa.Table) -> pd.DataFrame:
    return part.to_pandas(ignore_metadata=True, date_as_object=False)


def _plain(column: pd.Series[Any]) -> pa.Array:
    """Numbers as float64, times as they are, anything else as text: so all parts fit together."""
    if pd.api.types.is_numeric_dtype(column):
        return pa.array(column.to_numpy(np.float64, na_value=np.nan), from_pandas=True)
    if pd.api.types.is_datetime64_any_dtype(column):
        return pa.array(column, pa.timestamp("ns" if column.dt.unit == "ns" else "us"))
    return pa.array(column.astype(str), pa.string())
