"""Results as the kind of table that was given, with its own columns untouched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

__all__ = ["alike", "as_kind", "renamed"]


def renamed(columns: list[str], added: list[str]) -> dict[str, str]:
    """New names for the columns that bear an added name: NAME_given, or with more of it.

    >>> renamed(["iv", "iv_given", "bid"], ["iv"])
    {'iv': 'iv_given_given'}
    """
    names = {}
    for name in columns:
        if name in added:
            new = f"{name}_given"
            for _ in columns:
                new += "_given" * (new in columns or new in added)
            names[name] = new
    return names


def alike(source: Any, added: pd.DataFrame) -> Any:
    """The source with the columns of `added` [rows] to its right, as the kind of table it is.

    pandas keeps its index and polars its types; an Arrow batch stays one; what can be turned into
    an Arrow table (a DuckDB relation) becomes one, and a mapping of columns a pandas frame.
    """
    if isinstance(source, Mapping):
        source = pd.DataFrame(dict(source))
    if isinstance(source, pd.DataFrame):
        return _pandas(source, added)
    if hasattr(source, "collect"):
        return alike(source.collect(), added).lazy()
    if type(source).__module__.partition(".")[0] == "polars":
        return _polars(source, added)
    if isinstance(source, pa.RecordBatch):
        table = _arrow(pa.Table.from_batches([source]), added).combine_chunks()
        return pa.RecordBatch.from_arrays(
            [_one(column) for column in table.columns], names=table.column_names
        )
    return _arrow(source if isinstance(source, pa.Table) else pa.table(source), added)


def as_kind(source: Any, frame: pd.DataFrame) -> Any:
    """A pandas frame as the kind of table that the source is."""
    if isinstance(source, (Mapping, pd.DataFrame)):
        return frame
    table = pa.Table.from_pandas(frame, preserve_index=False)
    if type(source).__module__.partition(".")[0] != "polars":
        return table
    import polars as pl

    found = pl.DataFrame(table)
    return found.lazy() if hasattr(source, "collect") else found


def _pandas(source: pd.DataFrame, added: pd.DataFrame) -> pd.DataFrame:
    names = renamed(list(source.columns), list(added.columns))
    left = source.rename(columns=names)
    right = added.set_axis(source.index)
    return pd.concat([left, right], axis=1)


def _polars(source: Any, added: pd.DataFrame) -> Any:
    import polars as pl

    names = renamed(source.columns, list(added.columns))
    right = pl.DataFrame(pa.Table.from_pandas(added, preserve_index=False))
    return source.rename(names).hstack(right.get_columns())


def _arrow(source: pa.Table, added: pd.DataFrame) -> pa.Table:
    names = renamed(source.column_names, list(added.columns))
    table = source.rename_columns([names.get(name, name) for name in source.column_names])
    right = pa.Table.from_pandas(added, preserve_index=False)
    for name in right.column_names:
        table = table.append_column(name, right.column(name))
    return table


def _one(column: Any) -> Any:
    """A column of at most one chunk as an array."""
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)
