"""How far the solution of a big table is, and what became of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pyarrow.parquet as pq

from suite.finance.solved import summary_of
from suite.finance.verdict import told

__all__ = ["Observer", "Progress", "Summary", "add_counts", "meter", "read_summary", "totals"]


class Progress(NamedTuple):
    """How far a run is: `stage` is forwards, volatilities or joining; rows done, rows in all, rows
    a second, and the seconds left, both of this stage."""

    stage: str
    done: int
    total: int
    rate: float
    left: float


Observer: TypeAlias = Callable[[Progress], object]


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """What became of a big table: rows with each verdict, forwards fitted, parts, seconds.

    `resumed` counts the parts that an earlier process had finished; `record` holds the counts of
    the inversion's steps.
    """

    output: Path
    layout: str
    rows: int
    verdicts: Mapping[str, int]
    expirations: int
    parts: int
    resumed: int
    seconds: float
    record: Mapping[str, Any]

    def describe(self) -> str:
        """One line: rows, rows with a volatility, and the verdicts of the others."""
        return told(self.verdicts)

    def summary(self) -> dict[str, Any]:
        """What the output's metadata holds; the same for every way the run was cut into lives."""
        return summary_of(self.layout, self.verdicts, self.expirations, self.record)


def meter(progress: Observer | None) -> Callable[..., Callable[[int], None]]:
    """For each stage a function that hears of rows done and tells how it goes."""

    def begin(stage: str, total: int, before: int = 0) -> Callable[[int], None]:
        began = time.monotonic()

        def observe(done: int) -> None:
            # What an earlier life did says nothing of this one's pace.
            rate = (done - before) / max(time.monotonic() - began, 1e-9)
            if progress is not None:
                progress(Progress(stage, done, total, rate, (total - done) / max(rate, 1e-9)))

        return observe

    return begin


def add_counts(one: Any, other: Any) -> Any:
    """Counts by name added up, however deep.

    >>> add_counts({"a": 1}, {"a": 2, "b": {"c": 3}})
    {'a': 3, 'b': {'c': 3}}
    """
    if not isinstance(other, Mapping):
        return one + other
    out = dict(one)
    for name, more in other.items():
        out[name] = add_counts(out.get(name, {} if isinstance(more, Mapping) else 0), more)
    return out


def totals(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Layout, rows, verdicts (the most frequent first) and record of the parts of a table."""
    out: dict[str, Any] = {"rows": 0, "verdicts": {}, "record": {}}
    for entry in entries:
        layout = entry["layout"]
        out = add_counts(out, {name: entry[name] for name in ("rows", "verdicts", "record")})
    verdicts = sorted(out["verdicts"].items(), key=lambda item: -item[1])
    return {**out, "verdicts": dict(verdicts), "layout": layout}


def read_summary(output: Path) -> Summary:
    """Of an output that is already in place."""
    stored = json.loads((pq.read_schema(output).metadata or {})[b"suite"])
    kept = {name: stored[name] for name in ("layout", "rows", "verdicts", "expirations", "record")}
    return Summary(output=output, **kept, parts=0, resumed=0, seconds=0.0)
