"""Big quote files, read a part at a time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from suite.errors import InputError
from suite.finance.parts.header import Header, header_of, not_plain
from suite.finance.tables.cells import numbers

__all__ = ["Part", "Source", "identity", "largest_of", "open_source", "parts"]

_PRINT = 1 << 16
_BLOCK = 1 << 22
"""Bytes of CSV text read at once; what the first block looks like gives the columns' types."""
_BATCH = 1 << 17
_CSV = (".csv", ".tsv", ".txt")
_PACKED = (".gz", ".zst", ".bz2")
_COLUMN = re.compile(r"In CSV column #(\d+)")


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A file of quotes: its columns and its rows.

    `schema` has one field a column, named apart where the file repeats a name; `largest` is the
    greatest size of the numbers of each, NaN where the file does not say: `largest_of` finds it.
    `delimiter` is that of a CSV file, '' for Parquet; `decimal` what its decimals begin with.
    """

    path: Path
    schema: pa.Schema
    rows: int
    largest: Mapping[str, float]
    delimiter: str = ""
    decimal: str = "."


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some consecutive rows of a source; `table` is None where they are still to be read."""

    number: int
    start: int
    source: Source
    rows: int
    table: pa.Table | None = None

    def read(self) -> pa.Table:
        """The rows."""
        if self.table is not None:
            return self.table
        return next(_sized(_tables(self.source, self.start, None), self.rows))


def identity(path: str | Path) -> dict[str, Any]:
    """What tells whether a file is the same as before, without reading it all.

    Its absolute path, size, time of last change, and a hash of its first and last 64 KiB (a
    Parquet file's footer with the statistics of every row group is at its end).
    """
    path = Path(path).absolute()
    try:
        about = path.stat()
        with path.open("rb") as file:
            head = file.read(_PRINT)
            file.seek(max(0, about.st_size - _PRINT))
            tail = file.read(_PRINT)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    return {
        "path": str(path),
        "size": about.st_size,
        "mtime_ns": about.st_mtime_ns,
        "fingerprint": hashlib.sha256(head + tail).hexdigest(),
    }


def open_source(path: str | Path) -> Source:
    """A Parquet file, or a CSV file (also .gz, .zst, .bz2), that need not fit into memory.

    A CSV file is read through once, to count its rows and to find out which columns hold numbers
    or times all the way down; the others stay text. Raises `InputError` for anything else.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} is no file. Give a Parquet or CSV file of option quotes.")
    try:
        if path.suffix in (".parquet", ".pq"):
            return _parquet(path)
        plain = path.with_suffix("") if path.suffix in _PACKED else path
        if plain.suffix in _CSV:
            return _scanned(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError, EOFError) as error:
        if isinstance(error, InputError):
            raise
        said = str(error).splitlines()[0]
        raise InputError(f"{path} cannot be read as a table: {said}") from error
    raise InputError(f"{path} is neither Parquet nor CSV; big tables are read from these.")


def largest_of(source: Source, name: str) -> float:
    """The greatest size of the numbers of a column, 0 for none; read through if it must be.

    Cells with a percent sign say their unit themselves and are left out.
    """
    known = source.largest.get(name, 0.0)
    if not np.isnan(known):
        return known
    columns = (table.column(0).to_pandas() for table in _tables(source, 0, [name]))
    return max(map(_largest_of_cells, columns), default=0.0)


def _largest_of_cells(column: Any) -> float:
    signed = column.astype(str).str.strip().str.endswith("%").fillna(False).to_numpy(bool)
    return float(np.nanmax(np.abs(numbers(column[~signed])), initial=0.0))


def parts(
    source: Source,
    rows: int,
    *,
    first: int = 0,
    columns: list[str] | None = None,
    read: bool = True,
) -> Iterator[Part]:
    """The source in parts of so many rows, from part `first` on; the last one may be shorter.

    A part has the same rows whichever is the first. With `read=False` the tables of a Parquet file
    are left to whoever reads the part; CSV can be read in order only.
    """
    if not source.rows:
        empty = source.schema.empty_table()
        yield Part(0, 0, source, 0, empty.select(columns) if columns else empty)
        return
    count = -(-source.rows // rows)
    sizes = [min(rows, source.rows - number * rows) for number in range(count)]
    if not read and not source.delimiter:
        for number in range(first, count):
            yield Part(number, number * rows, source, sizes[number])
        return
    tables = _sized(_tables(source, first * rows, columns), rows)
    for number, table in zip(range(first, count), tables, strict=False):
        if len(table) != sizes[number]:
            break
        yield Part(number, number * rows, source, sizes[number], table)
    else:
        return
    raise InputError(f"{source.path} changed while it was read; start again.")


def _parquet(path: Path) -> Source:
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        _check_names(names, path)
        about = file.metadata
        places = {about.schema.column(i).path: i for i in range(about.num_columns)}
        groups = range(about.num_row_groups)
        largest = {}
        for name in names:
            known = (_statistics(about.row_group(g), places.get(name)) for g in groups)
            largest[name] = float(np.max([0.0, *map(_largest, known)]))
        return Source(path, file.schema_arrow, about.num_rows, largest)


def _statistics(group: Any, place: int | None) -> Any:
    return None if place is None else group.column(place).statistics


def _largest(statistics: Any) -> float:
    if statistics is None or not statistics.has_min_max:
        return np.nan
    ends = statistics.min, statistics.max
    return max(abs(float(end)) for end in ends) if isinstance(ends[0], (int, float)) else np.nan


def _check_names(names: list[str], path: Path) -> None:
    again = sorted({name for name in names if names.count(name) > 1})
    if again:
        raise InputError(f"{path} has several columns named {', '.join(again)}; rename them.")


def _scanned(path: Path) -> Source:
    """Read a CSV file through, widening a column's type whenever a cell of it has another."""
    header = header_of(path)
    names = header.names
    types: dict[str, pa.DataType] = {}
    for _ in range(2 * len(names) + 1):
        try:
            return _scan(path, header, types)
        except pa.ArrowInvalid as error:
            if "invalid UTF8" in str(error):
                raise not_plain(path, "bytes that are no UTF-8") from error
            found = _COLUMN.search(str(error))
            if found is None:
                raise
            whole = "conversion error to int64" in str(error)
            types[names[int(found[1])]] = pa.float64() if whole else pa.string()
    raise InputError(f"{path} cannot be read as a table.")


def _scan(path: Path, header: Header, types: dict[str, pa.DataType]) -> Source:
    names, delimiter, decimal = header
    source = Source(path, pa.schema(list(types.items())), 0, {}, delimiter, decimal)
    rows, largest = 0, np.full(len(names), np.nan)
    with _csv_reader(source, names, None) as reader:
        schema = reader.schema
        for batch in reader:
            rows += batch.num_rows
            largest = np.fmax(largest, [_largest_in(column) for column in batch.columns])
    if any(pa.types.is_binary(field.type) for field in schema):
        raise not_plain(path, "bytes that are no UTF-8")
    # A column of which the first block had no cell may hold anything.
    void = [field.name for field in schema if pa.types.is_null(field.type)]
    if void:
        return _scan(path, header, types | dict.fromkeys(void, pa.string()))
    by_name = dict(zip(names, largest.tolist(), strict=True))
    return replace(source, schema=schema, rows=rows, largest=by_name)


def _largest_in(column: Any) -> float:
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        return np.nan
    ends = pc.min_max(column)
    known = [abs(float(end.as_py())) for end in ends.values() if end.as_py() is not None]
    return max(known, default=0.0)


def _csv_reader(source: Source, names: list[str], columns: list[str] | None) -> Any:
    return pa_csv.open_csv(
        pa.input_stream(str(source.path), compression="detect"),
        read_options=pa_csv.ReadOptions(
            use_threads=False, block_size=_BLOCK, skip_rows=1, column_names=names
        ),
        parse_options=pa_csv.ParseOptions(delimiter=source.delimiter, newlines_in_values=False),
        convert_options=pa_csv.ConvertOptions(
            column_types=source.schema,
            include_columns=columns or [],
            decimal_point=source.decimal,
        ),
    )


def _tables(source: Source, start: int, columns: list[str] | None) -> Iterator[pa.Table]:
    """Small tables from row `start` on."""
    skip = start
    if source.delimiter:
        with _csv_reader(source, source.schema.names, columns) as reader:
            for batch in reader:
                yield from _rest(batch, skip)
                skip = max(0, skip - batch.num_rows)
        return
    # Without the buffer whole columns of a row group would be held.
    with pq.ParquetFile(source.path, buffer_size=1 << 20, pre_buffer=False) as file:
        about = file.metadata
        sizes = [about.row_group(g).num_rows for g in range(about.num_row_groups)]
        ends = np.cumsum(sizes)
        group = int(np.searchsorted(ends, start, side="right"))
        skip -= int(ends[group - 1]) if group else 0
        groups = list(range(group, len(sizes)))
        batches = file.iter_batches(_BATCH, row_groups=groups, columns=columns, use_threads=False)
        for batch in batches:
            yield from _rest(batch, skip)
            skip = max(0, skip - batch.num_rows)


def _rest(batch: Any, skip: int) -> Iterator[pa.Table]:
    if batch.num_rows > skip:
        yield pa.Table.from_batches([batch.slice(skip)])


def _sized(tables: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of `rows` rows; the last one is what is left."""
    held: list[pa.Table] = []
    count = 0
    for table in tables:
        held.append(table)
        count += len(table)
        for _ in range(count // rows):
            joined = pa.concat_tables(held)
            yield joined.slice(0, rows)
            held, count = [joined.slice(rows)], count - rows
    if count:
        yield pa.concat_tables(held)
