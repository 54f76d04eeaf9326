"""Quote tables larger than memory: solved a part at a time, whole or not at all, after any kill."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from suite.cluster import map_parts
from suite.core.files import write_whole
from suite.core.versions import versions
from suite.errors import InputError, StoreMismatch
from suite.finance.forwards.curve import read_curve
from suite.finance.forwards.fitted import given_of, legs_of
from suite.finance.options import Options, options_of
from suite.finance.parts.arrow import Answered, Reading, market_of_part, reading_of, solved_part
from suite.finance.parts.batches import Part, Source, identity, largest_of, open_source, parts
from suite.finance.parts.checkpoint import Checkpoint, discard, join, open_checkpoint, write_part
from suite.finance.parts.collect import collect, read_forwards
from suite.finance.parts.summary import (
    Observer,
    Progress,
    Summary,
    add_counts,
    meter,
    read_summary,
    totals,
)
from suite.finance.tables.cells import numbers
from suite.finance.verdict import Verdict

__all__ = ["Progress", "Summary", "solve_stream"]

ROWS_PER_PART = 1_000_000
AT_ONCE = 1 << 18
"""Rows of a part that are looked at together, which bounds the memory."""
_HEAD = 1000
_SAYING = {
    **dict.fromkeys(("forward", "underlying", "underlying_bid", "underlying_ask"), 0.0),
    **dict.fromkeys(("rate", "dividend"), -np.inf),
}
"""Fields that can say a row's forward, and what their numbers are above."""


class _Work(NamedTuple):
    """What was asked: of which source, how it is read, and who listens."""

    source: Source
    reading: Reading
    options: Options
    rows_per_part: int
    observe: Callable[..., Callable[[int], None]]


class _Found(NamedTuple):
    """Forwards that were collected: their file, how many, and the first and the last quote time
    of each part; no file where the table says its forwards itself."""

    path: Path | None
    groups: int
    spans: list[tuple[str, str]]


def solve_stream(
    source: str | Path,
    output: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    rows_per_part: int = ROWS_PER_PART,
    cluster: str | None = None,
    progress: Observer | None = None,
    **options: Any,
) -> Summary:
    """Answer every row of a Parquet or CSV file of any size; options are those of `solve_quotes`.

    `output` is a .parquet file, written whole or not at all: the rows of the source in order, its
    columns untouched, and those that `solve_quotes` adds. In memory are `rows_per_part` rows as
    they were read and `AT_ONCE` of them in work (on a `cluster` in each worker, and the parts of a
    CSV file here too: see `cluster.map_parts`). Forwards come from the table's own columns where
    every row has them, else from a first pass over the whole file (`collect.collect` says what it
    keeps). Finished parts are kept in `OUTPUT.parts/`, so that the same call goes on where a killed
    one was, and does nothing where all is done. `progress` hears a `Progress` after each part.

    Rows are answered as in one piece, with three exceptions. Repeated contracts and swapped columns
    are looked for among `AT_ONCE` rows, forwards that are far from their neighbours' among those
    that are fitted together. Dates like 06/10/2025 must be plain from those rows. Rows keep their
    own quote times: a snapshot needs `quoted`.

    Raises `InputError` for a source that cannot be read, `StoreMismatch` where the parts were begun
    with another source, other options or versions, `StoreLocked` while another process writes them.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "quotes.csv"
    ...     _ = path.write_text("strike,type,bid,ask,expiration,quoted\\n" + "".join(
    ...         f"{k},{kind},{mid - 0.1:.2f},{mid + 0.1:.2f},2026-01-16,2025-10-06\\n"
    ...         for k, call, put in ((95, 8.2, 2.7), (100, 5.1, 4.6), (105, 2.9, 7.3))
    ...         for kind, mid in (("C", call), ("P", put))))
    ...     summary = solve_stream(path, Path(folder) / "iv.parquet", rows_per_part=4)
    >>> summary.describe(), summary.parts
    ('6 rows, 6 solved', 2)
    """
    began = time.monotonic()
    output = _checked(Path(source), Path(output), rows_per_part)
    asked = _asked(options)
    opened = open_source(source)
    head = next(parts(opened, _HEAD)).read()
    reading = reading_of(head, columns, partial(largest_of, opened))
    job = {
        "input": identity(source),
        "options": _asked_of_parts(asked, columns, rows_per_part),
        "versions": versions("pandas", "pyarrow", "scipy"),
    }
    with open_checkpoint(output, job) as state:
        if asked.errors == "raise":
            _check_finished(state)
        if state.joined:
            discard(state)
            return read_summary(output)
        resumed = len(state.finished)
        work = _Work(opened, reading, asked, rows_per_part, meter(progress))
        found = _forwards(state, work)
        _solve_parts(state, work, found, cluster)
        if identity(source) != job["input"]:
            raise StoreMismatch(f"{source} changed while it was solved; start again.")
        summary = Summary(
            output=output,
            **totals(state.finished),
            expirations=found.groups,
            parts=len(state.finished),
            resumed=resumed,
            seconds=time.monotonic() - began,
        )
        join(state, summary.summary(), work.observe("joining", summary.rows))
    return summary


def _checked(source: Path, output: Path, rows_per_part: int) -> Path:
    if output.suffix != ".parquet":
        raise InputError(f"A big table is written to a .parquet file. Got {str(output)!r}.")
    if output.absolute() == source.absolute():
        raise InputError(f"{output} is the input itself; give another file for the output.")
    if rows_per_part < 1:
        raise InputError(f"rows_per_part must be 1 or more. Got {rows_per_part}.")
    return output.absolute()


def _asked(given: Mapping[str, Any]) -> Options:
    """The options, with the curve read; one number each, since rows come in parts."""
    options = options_of(given)
    for name in ("forward", "spot", "rate", "dividend", "tick"):
        if np.ndim(getattr(options, name)):
            raise InputError(
                f"{name} must be one number for a table that is solved in parts; put numbers that "
                f"differ from row to row into a column of the table."
            )
    if options.snapshot:
        raise InputError(
            "A snapshot is not solved in parts, since its newest time is not known before its end; "
            "give quoted= instead."
        )
    options = replace(options, snapshot=False)
    if isinstance(options.curve, (str, Path)):
        curve = read_curve(options.curve, quoted=options.quoted)
        options = replace(options, curve=curve)
    return options


def _asked_of_parts(
    options: Options, columns: Mapping[str, str] | None, rows_per_part: int
) -> dict[str, Any]:
    """What the parts depend on: `errors` says only whether to go on, so it may change."""
    plain: dict[str, Any] = _plain(options)
    del plain["errors"]
    return plain | {"columns": _plain(columns), "rows_per_part": rows_per_part}


def _check_finished(state: Checkpoint) -> None:
    """Refuse a row without a volatility in what an earlier life finished while it went on."""
    for entry in state.finished:
        if "without" in entry:
            raise _unanswered(*entry["without"])


def _plain(value: Any) -> Any:
    """Options as data that can be compared with those of an earlier life."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value if isinstance(value, (int, float, str, bool, type(None))) else repr(value)


def _forwards(state: Checkpoint, work: _Work) -> _Found:
    """Collect the forwards in a first pass, or read what an earlier life found."""
    done = state.folder / "spans.json"
    if done.exists():
        stored = json.loads(done.read_text())
        path = state.forwards if stored["collected"] else None
        return _Found(path, stored["groups"], [tuple(span) for span in stored["spans"]])
    found = _Found(None, 0, [])
    if not _says_forwards(work):
        spans: dict[int, tuple[str, str]] = {}
        groups = collect(state.forwards, partial(_legs, work, spans))
        found = _Found(state.forwards, groups, [spans[number] for number in sorted(spans)])
    content = {"collected": found.path is not None, "groups": found.groups, "spans": found.spans}
    write_whole(done, json.dumps(content))
    return found


def _says_forwards(work: _Work) -> bool:
    """Whether every row of the table has its forward and discount factor."""
    head = next(parts(work.source, _HEAD)).read()
    market = market_of_part(head, work.reading, work.options)
    forward, discount = given_of(market.quotes, work.options.curve)
    used = market.for_price == Verdict.SOLVED
    if not (np.isfinite(forward) & np.isfinite(discount))[used].all() or not used.any():
        return False
    named = work.reading.head.columns
    asked = {named[field]: least for field, least in _SAYING.items() if field in named}
    if not set(asked) <= set(work.source.schema.names):
        return False
    for part in parts(work.source, work.rows_per_part, columns=list(asked)) if asked else ():
        frame = part.read().to_pandas()
        if not all((numbers(frame[name]) > least).all() for name, least in asked.items()):
            return False
    return True


def _legs(work: _Work, spans: dict[int, tuple[str, str]]) -> Iterator[pd.DataFrame]:
    """What parity needs of the rows, batch by batch, and the quote times of each part."""
    observe = work.observe("forwards", work.source.rows)
    for part in parts(work.source, work.rows_per_part, columns=work.reading.needed()):
        times = []
        for start, table in _slices(part):
            market = market_of_part(table, work.reading, work.options)
            legs = legs_of(market.quotes, market.for_parity, curve=work.options.curve)
            times += market.quotes["quoted"].agg(["min", "max"]).tolist()
            yield legs.assign(row=legs["row"] + part.start + start)
        known = [moment for moment in times if not pd.isna(moment)]
        spans[part.number] = (str(min(known)), str(max(known))) if known else ("NaT", "NaT")
        observe(part.start + part.rows)


def _solve_parts(state: Checkpoint, work: _Work, found: _Found, cluster: str | None) -> None:
    """Solve what is not finished, in order; the manifest counts a part once its file is there."""
    first = len(state.finished)
    observe = work.observe("volatilities", work.source.rows, first * work.rows_per_part)
    todo = parts(work.source, work.rows_per_part, first=first, read=cluster is None)
    solve = partial(_solve_part, state, work.reading, work.options, found)
    for number, entry in enumerate(map_parts(solve, todo, cluster), first):
        state.record(entry)
        observe(min((number + 1) * work.rows_per_part, work.source.rows))


def _solve_part(
    state: Checkpoint,
    reading: Reading,
    options: Options,
    found: _Found,
    part: Part,
) -> dict[str, Any]:
    """Solve one part and write its file; answers its entry in the manifest."""
    forwards = None
    if found.path is not None:
        forwards = read_forwards(found.path, *map(pd.Timestamp, found.spans[part.number]))
    entry: dict[str, Any] = {}

    def solved() -> Iterator[pa.Table]:
        options_here = replace(options, errors="nan")
        for start, table in _slices(part):
            answered = solved_part(table, reading, options_here, forwards)
            if answered.without is not None:
                row, *why = answered.without
                entry.setdefault("without", [part.start + start + row, *why])
                if options.errors == "raise":
                    raise _unanswered(*entry["without"])
            _count(entry, answered)
            yield answered.table
            pa.default_memory_pool().release_unused()

    write_part(state.part(part.number), solved())
    return entry


def _slices(part: Part) -> Iterator[tuple[int, pa.Table]]:
    table = part.read()
    for start in range(0, max(len(table), 1), AT_ONCE):
        yield start, table.slice(start, AT_ONCE)


def _count(entry: dict[str, Any], answered: Answered) -> None:
    """Add what became of some rows to the entry of their part."""
    new = {
        "rows": len(answered.table),
        "verdicts": answered.verdicts,
        "record": answered.record,
    }
    entry.update(add_counts(entry, new), layout=answered.layout)


def _unanswered(row: int, status: str, note: str) -> InputError:
    return InputError(
        f"Row {row} has no implied volatility ({status}: {note}). Errors 'nan' answers the others."
    )
