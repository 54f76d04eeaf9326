"""A record of a trajectory as arrays, and what of a long series a page shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["History", "between", "history_of", "is_wide", "thinned"]

MOST = 4000
"""Points that a trace shows at most."""
FINEST = 12
"""Points drawn between two accepted ones at most."""

Row = Mapping[str, Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class History:
    """The attempts of one track as columns [k], and its accepted points as arrays [m], [m, n].

    `start` is the time at which an attempt began, `size` how far it went, `error` its largest
    evidence over tolerance; `rows` are the attempts themselves, without the preparation. `kept`
    are the rows that led to the accepted points, the preparation first.
    """

    rows: Sequence[Row]
    kept: Sequence[Row]
    start: Floats
    size: Floats
    accepted: NDArray[np.bool_]
    time: Floats
    y: NDArray[Any]

    @cached_property
    def bound(self) -> list[str]:
        """What set the size of each attempt."""
        return [row["bound"] for row in self.rows]

    def up_to(self, time: float) -> History:
        """The history with its accepted points up to a time; all attempts are left."""
        if not len(self.time):
            return self
        here = abs(self.time - self.time[0]) <= abs(time - self.time[0])
        kept = [row for row, before in zip(self.kept, here, strict=True) if before]
        return replace(self, kept=kept, time=self.time[here], y=self.y[here])

    def evidence(self, name: str) -> Floats:
        """The value of a signal over tolerance, by attempt; NaN where there was none."""
        return np.array([row["evidence"].get(name, (np.nan,))[0] for row in self.rows], float)

    def signals(self) -> list[str]:
        """The names of all signals."""
        return list(dict.fromkeys(name for row in self.rows for name in row["evidence"]))

    def note(self, name: str, rows: Sequence[Row] | None = None) -> Floats:
        """A scalar note by attempt, or by row of `rows`; NaN where there was none."""
        rows = self.rows if rows is None else rows
        return np.array([_number(row["notes"].get(name)) for row in rows], float)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float | np.number) else np.nan


def history_of(rows: Iterable[Row], track: str | None = None) -> History:
    """The history of a track, or of the first one that a record has."""
    tried: list[Row] = []
    kept: list[Row] = []
    start: list[float] = []
    now = np.nan
    for row in rows:
        track = row["track"] if track is None else track
        if row["track"] != track:
            continue
        if row["number"] > 0:
            tried.append(row)
            start.append(now)
        if row["accepted"] and row["notes"].get("y") is not None:
            kept.append(row)
            now = float(row["notes"]["time"])
    points = [np.atleast_1d(row["notes"]["y"]) for row in kept]
    return History(
        tried,
        kept,
        np.array(start, float),
        np.array([row["size"] for row in tried], float),
        np.array([row["accepted"] for row in tried], bool),
        np.array([float(row["notes"]["time"]) for row in kept], float),
        np.array(points) if points else np.empty((0, 0)),
    )


def thinned(values: Any, most: int = MOST) -> NDArray[np.int64]:
    """The places of at most `most` values of a series [n] that keep its ends and extremes.

    >>> series = np.zeros(100_000)
    >>> series[31_415] = 1.0
    >>> places = thinned(series, 100)
    >>> len(places) <= 100, 31_415 in places
    (True, True)
    """
    values = np.asarray(values, float)
    count = len(values)
    if count <= most:
        return np.arange(count)
    edges = np.linspace(0, count, (most - 2) // 2 + 1).astype(int)
    places = {0, count - 1}
    low, high = (
        np.where(np.isnan(values), np.inf, values),
        np.where(np.isnan(values), -np.inf, values),
    )
    for first, last in pairwise(edges):
        places.add(first + int(np.argmin(low[first:last])))
        places.add(first + int(np.argmax(high[first:last])))
    return np.array(sorted(places), int)


def between(history: History, most: int = MOST) -> tuple[Floats, NDArray[Any]]:
    """Times and states to draw a line through: accepted points, and points between where few.

    Between two points stands the polynomial of the step where the record has it ("dense"), else a
    cubic through both with the slopes of parabolas through three neighbours: a drawing, no result.
    """
    time, y = history.time, history.y
    count = len(time)
    finer = min(FINEST, most // max(count, 1))
    if count < 3 or finer < 2:
        return time, y
    theta = np.arange(finer) / finer
    known = [row["notes"].get("dense") for row in history.kept[1:]]
    slopes = None if all(c is not None for c in known) else _slopes(time, y)
    parts = []
    for place, coefficients in enumerate(known):
        if coefficients is None and slopes is not None:
            coefficients = _cubic(time[place : place + 2], y[place : place + 2], slopes[place:])
        coefficients = np.asarray(coefficients)
        powers = theta[:, None] ** np.arange(1, len(coefficients) + 1)
        parts.append(y[place] + powers @ coefficients)
    times = (time[:-1, None] + theta * np.diff(time)[:, None]).ravel()
    return np.append(times, time[-1]), np.concatenate([*parts, y[-1:]])


def _slopes(time: Floats, y: NDArray[Any]) -> NDArray[Any]:
    """Slopes [m, n] of the parabolas through each point and its neighbours."""
    return np.asarray(np.gradient(y, time, axis=0, edge_order=2))


def _cubic(time: Floats, y: NDArray[Any], slopes: NDArray[Any]) -> NDArray[Any]:
    """Coefficients [3, n] of Hermite's cubic in θ from 0 to 1, without its value at 0."""
    step, rise = time[1] - time[0], y[1] - y[0]
    first, last = step * slopes[0], step * slopes[1]
    return np.array([first, 3.0 * rise - 2.0 * first - last, first + last - 2.0 * rise])


def is_wide(values: Any, ratio: float = 300.0) -> bool:
    """Whether positive values lie so far apart that only a logarithmic axis shows them.

    Told by the middle of them, so that a first or last small step makes no decades of its own.
    """
    values = np.asarray(values, float)
    values = values[np.isfinite(values) & (values > 0.0)]
    if len(values) < 3:
        return False
    return bool(np.max(values) > ratio * np.median(values)) or bool(
        np.quantile(values, 0.9) > ratio * np.quantile(values, 0.1)
    )
