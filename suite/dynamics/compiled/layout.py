"""What the kernel is given and what it fills: plain tuples of numbers and arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BOUND",
    "BY_LAW",
    "BY_LIMIT",
    "CAUSE",
    "ENDPOINT",
    "FAILED",
    "FAILURE",
    "HERE",
    "KEPT",
    "LOG_ERROR",
    "LOG_SIZE",
    "NOISE",
    "NOT_FINITE",
    "REASON",
    "REFUSALS",
    "SIZE",
    "STABILITY",
    "TIME",
    "UNDERFLOW",
    "VALUE",
    "WISH",
    "Bounds",
    "Constants",
    "Floats",
    "Measure",
    "Method",
    "Rate",
    "Rows",
]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Rate: TypeAlias = Callable[[float, Floats, Floats, Floats], int]
"""rate(t, y [n], out [n], parameters): writes f(t, y); answers 0, or what went wrong."""

BY_LAW, BY_LIMIT = 1, 4
"""Codes of what bound a step: 0 what the first point says, from 1 the law's reasons, from 4 the
limits `max_step` and `end`."""
ENDPOINT, UNDERFLOW, NOT_FINITE, FAILURE = 2, 4, 5, 6
"""Codes of `suite.core.Status`."""


class Method(NamedTuple):
    """A tableau of s slopes: `nodes` [s-1], `weights` [s-1, s], `errors` [m, s], the order of the
    error signal."""

    nodes: Floats
    weights: Floats
    errors: Floats
    order: float


class Constants(NamedTuple):
    """Those of the law, `ErrorControl`: its filter, and (safety, shrink, grow)."""

    filter: tuple[float, float, float]
    bounds: tuple[float, float, float]


class Bounds(NamedTuple):
    """The end, which way it lies, what counts as met; the largest and the smallest step."""

    end: float
    direction: float
    miss: float
    most: float
    least: float


class Measure(NamedTuple):
    """The tolerance: `relative`, `absolute` [n]; `blocks` [n], labels or none at all [0]; `noise`,
    the rounding in the signal or NaN where it must be worked out."""

    relative: Floats
    absolute: Floats
    blocks: Integers
    noise: float


TIME, WISH, LOG_ERROR, LOG_SIZE, SIZE, VALUE, NOISE, STABILITY = range(8)
"""Columns of `Rows.numbers`: where the run stands after an attempt (time, next size, the law's
memory), and the attempt (size, the signal and its noise, |h·λ|)."""
BOUND, REFUSALS, HERE, CAUSE, REASON, KEPT, FAILED = range(7)
"""Columns of `Rows.codes`: after an attempt (what bounds the next size, refusals since the last
kept step, the slot of the state), and the attempt (what bound its size, the law's reason, whether
it is kept, evaluations made when `fun` raised or 0)."""


class Rows(NamedTuple):
    """The attempts of a burst: slot 0 is where it starts, slot k attempt k.

    `numbers` [k + 1, 8], `codes` [k + 1, 7]; `y`, `rates` [k + 1, n], where each attempt led;
    `slopes` [k + 1, s, n], or [1, s, n] where they are not kept; `work` [2, n] is overwritten.
    """

    numbers: Floats
    codes: Integers
    y: Floats
    rates: Floats
    slopes: Floats
    work: Floats
