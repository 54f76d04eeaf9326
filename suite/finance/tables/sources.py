"""Tables as they come: files of many kinds, databases and the frames of other libraries."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import warnings
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from suite.errors import InputError, missing
from suite.finance.tables.texts import opened, read_text, text_of

__all__ = ["Source", "frame_of_source", "read_source"]

_SQLITE = b"SQLite format 3\x00"
_DATABASES = (".duckdb", ".sqlite", ".sqlite3", ".db")
_SELECT = re.compile(r"\s*(select|with|from)\b", re.IGNORECASE)


class Source(NamedTuple):
    """The raw columns of a table, where they come from, and the lines above its header."""

    frame: pd.DataFrame
    where: str
    preamble: tuple[str, ...] = ()


def frame_of_source(source: Any, query: str | None = None) -> tuple[pd.DataFrame, str]:
    """The raw columns of anything that is a table, and words for where it is; see `read_source`.

    >>> frame, where = frame_of_source({"strike": [95.0, 100.0], "bid": [8.1, 5.0]})
    >>> frame.shape, where
    ((2, 2), 'the table')
    """
    return read_source(source, query)[:2]


def read_source(source: Any, query: str | None = None) -> Source:
    """Read a table without knowing what it means.

    `source` is a path or an object. Paths: text with commas, semicolons, tabs or bars between the
    cells, with or without lines above the header, in UTF-8, UTF-16 or Latin-1; JSON (records,
    columns, lines, or either below data, results or result); Parquet; Feather and Arrow; each plain
    or packed (.gz, .zst, .bz2); and a DuckDB or SQLite file, read only, with `query` a table's name
    or a SELECT. Objects: pandas and polars frames, Arrow tables and batches, DuckDB relations,
    mappings of columns. Names that repeat get `.1`, `.2`. Raises `InputError` in one sentence for
    what cannot be read.
    """
    if isinstance(source, (str, Path)):
        path = Path(source)
        return _guarded(path, lambda: _read_path(path, query))
    if query is not None:
        raise InputError(f"A query goes with a database file. Got {query!r} with a table.")
    return Source(_unique(_frame_of_object(source)), "the table")


def _guarded(path: Path, read: Callable[[], Source]) -> Source:
    """Run a reader; what it raises on bad content becomes one sentence."""
    if not path.is_file():
        raise InputError(f"{path} is no file. Give a table of option quotes: CSV, JSON or Parquet.")
    bad = (ValueError, OSError, csv.Error, pa.ArrowException, sqlite3.Error, EOFError)
    try:
        with warnings.catch_warnings():
            # A row that is longer than the header would lose cells: the warning says so.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            source = read()
    except (InputError, ImportError):
        raise
    except (*bad, pd.errors.ParserWarning, MemoryError, OverflowError, RecursionError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} cannot be read as a table: {reason[:300]}") from error
    return source._replace(frame=_unique(source.frame))


def _read_path(path: Path, query: str | None) -> Source:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    suffix = next((s for s in reversed(suffixes) if s not in (".gz", ".zst", ".bz2")), "")
    if suffix in _DATABASES:
        return Source(_read_database(path, query), str(path))
    if query is not None:
        raise InputError(f"A query goes with a database file. Got {query!r} with {path}.")
    if suffix in (".parquet", ".pq"):
        return Source(_read_parquet(path), str(path))
    if suffix in (".arrow", ".feather", ".ipc", ".arrows"):
        return Source(_read_arrow(path), str(path))
    if suffix in (".json", ".jsonl", ".ndjson"):
        with opened(path) as stream:
            return Source(_read_json(text_of(stream.read())), str(path))
    frame, preamble = read_text(path)
    return Source(frame, str(path), preamble)


def _read_json(text: str) -> pd.DataFrame:
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        lines = [line for line in text.splitlines() if line.strip()]
        found = [json.loads(line) for line in lines]
    return _frame_of_json(found)


def _frame_of_json(found: Any) -> pd.DataFrame:
    for name in ("data", "results", "result"):
        if isinstance(found, dict) and isinstance(found.get(name), (list, dict)):
            return _frame_of_json(found[name])
    if isinstance(found, dict):
        if found and all(isinstance(column, list) for column in found.values()):
            return pd.DataFrame(found)
        if found and all(isinstance(column, dict) for column in found.values()):
            return pd.DataFrame(found)
        found = [found]
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise InputError("The JSON holds no table: no list of records and no mapping of columns.")
    return pd.DataFrame([_flat(row) for row in found])


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A record with what is nested in it one level up, under `outer.inner`."""
    out: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            out.update({f"{name}.{inner}": cell for inner, cell in value.items()})
        else:
            out[name] = value
    return out


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq

    return pq.ParquetFile(path).read().to_pandas()


def _read_arrow(path: Path) -> pd.DataFrame:
    with pa.memory_map(str(path)) as file:
        try:
            return pa.ipc.open_file(file).read_all().to_pandas()
        except pa.ArrowInvalid:
            file.seek(0)
            return pa.ipc.open_stream(file).read_all().to_pandas()


def _read_database(path: Path, query: str | None) -> pd.DataFrame:
    with path.open("rb") as file:
        is_sqlite = file.read(len(_SQLITE)) == _SQLITE
    return _read_sqlite(path, query) if is_sqlite else _read_duckdb(path, query)


def _read_sqlite(path: Path, query: str | None) -> pd.DataFrame:
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
        select = _select(path, query, [name for (name,) in rows])
        return pd.read_sql_query(select, connection)


def _read_duckdb(path: Path, query: str | None) -> pd.DataFrame:
    try:
        import duckdb
    except ImportError as error:
        raise missing("DuckDB", "tables") from error
    try:
        with closing(duckdb.connect(str(path), read_only=True)) as connection:
            rows = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
            select = _select(path, query, [name for (name,) in rows])
            return pa.table(connection.sql(select)).to_pandas()
    except duckdb.Error as error:
        raise ValueError(str(error).partition("\n")[0]) from error


def _select(path: Path, query: str | None, tables: list[str]) -> str:
    """The SELECT for a query; a table's name is one, and none where there is one table only."""
    if query is None and len(tables) == 1:
        query = tables[0]
    if query in tables:
        name = str(query).replace('"', '""')
        return f'SELECT * FROM "{name}"'  # noqa: S608 - a name that the database itself gave
    if query is not None and _SELECT.match(query):
        return query
    known = ", ".join(tables) or "none"
    said = "is needed" if query is None else f"must be a table's name or a SELECT. Got {query!r}"
    raise InputError(f"{path}: a query {said}; the tables are {known}.")


def _frame_of_object(source: Any) -> pd.DataFrame:
    if isinstance(source, pd.DataFrame):
        # An index with a name is a column by another door (the times of a history, say).
        named = [name for name in source.index.names if name is not None]
        kept = [name for name in named if name not in source.columns]
        return source.reset_index(level=kept) if kept else source
    if isinstance(source, Mapping):
        return _checked(lambda: pd.DataFrame(dict(source)))
    if hasattr(source, "collect"):  # a lazy frame of polars
        source = source.collect()
    if isinstance(source, pa.RecordBatch):
        source = pa.Table.from_batches([source])
    if hasattr(source, "__arrow_c_stream__"):
        return _checked(lambda: pa.table(source).to_pandas())
    raise InputError(
        f"quotes must be a path or a table (pandas, polars, Arrow, DuckDB). "
        f"Got {type(source).__name__}."
    )


def _checked(make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    try:
        return make()
    except (ValueError, TypeError, pa.ArrowException) as error:
        raise InputError(f"The columns make no table: {error}") from error


def _unique(frame: pd.DataFrame) -> pd.DataFrame:
    """The same frame with text for names, each of them once."""
    names: list[str] = []
    seen: set[str] = set()
    for name in map(str, frame.columns):
        number = 0
        unique = name
        for number in range(len(frame.columns) + 1):
            unique = f"{name}.{number}" if number else name
            if unique not in seen:
                break
        seen.add(unique)
        names.append(unique)
    if names == list(frame.columns):
        return frame
    frame = frame.copy(deep=False)
    frame.columns = pd.Index(names)
    return frame
