"""What drivers and control laws say to each other: a step, the evidence it gave, a verdict on it.

A law turns three things: `size` (how far), `damping` (how little the metric is trusted) and
`effort` (how hard to measure). What it has no opinion on it leaves as `NO_SIZE`, `NO_DAMPING` or
`NO_EFFORT`; the driver then keeps what there was, and `Both` listens to the other law.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NO_DAMPING",
    "NO_EFFORT",
    "NO_SIZE",
    "UNMEASURED",
    "Evidence",
    "Law",
    "Memory",
    "Number",
    "Signal",
    "Step",
    "Verdict",
]

# A float of one trajectory, or an array with one value a row.
Number: TypeAlias = Any
Memory: TypeAlias = Any

NO_SIZE = np.inf
NO_DAMPING = -np.inf
NO_EFFORT = -np.inf


class Step(NamedTuple):
    """What a law may turn, and which attempt this is.

    `size` is the scalar that the law turns (arc length, angle, time), `damping` and `effort` are
    dimensionless, `tries` counts the refusals since the last accepted step, `number` all attempts.
    """

    size: Number
    damping: Number = 0.0
    effort: Number = 1.0
    tries: Any = 0
    number: int = 0


class Signal(NamedTuple):
    """One dimensionless thing that a step showed.

    `noise` is its standard error, from shots or from rounding; `order` the power of the step size
    with which it vanishes.
    """

    value: Number
    noise: Number = 0.0
    order: Number = 1.0


Evidence: TypeAlias = Mapping[str, Signal]


class Verdict(NamedTuple):
    """What a law answers.

    `reason` is an index into the law's `reasons`: of an accepted step what sets the next size, of
    a refused one why. `memory` is kept only where the step is. `stalled` says of a refused step
    that no other step can do better, because what it could still gain is below the noise.
    """

    accept: bool | NDArray[np.bool_]
    step: Step
    reason: Any
    memory: Memory
    stalled: bool | NDArray[np.bool_] = False


class Law(Protocol):
    """A control law: a frozen value with these two functions and the names of its reasons."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """The texts that a verdict's `reason` points into."""

    def begin(self, like: Number) -> Memory:
        """The memory before the first step, of the shape of `like`."""

    def decide(self, evidence: Evidence, step: Step, memory: Memory) -> Verdict:
        """Judge a step by its evidence."""


class _Unmeasured(Mapping[str, Signal]):
    """The evidence of an attempt that raised: every signal is NaN."""

    def __getitem__(self, name: str) -> Signal:
        return Signal(np.nan)

    def __iter__(self) -> Iterator[str]:
        return iter(("failure",))

    def __len__(self) -> int:
        return 1


UNMEASURED: Evidence = _Unmeasured()
