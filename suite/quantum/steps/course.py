"""What the methods of VQE have in common: what a run stays with, and what its record says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.core import Attempt, Point, Signal, Status
from suite.core.law import Law
from suite.quantum.geometry import Engine, Geometry

__all__ = [
    "Course",
    "Incumbent",
    "Method",
    "across",
    "angle_between",
    "flat",
    "gain_signal",
    "notes_of",
]

Vector = NDArray[np.float64]

EPS = float(np.finfo(float).eps)
RESOLVED = 1e-10
"""Share of the metric's largest eigenvalue below which a direction moves nothing."""
ROUNDINGS = 16.0
"""Roundings of an energy: what sums of its many terms are off by, and no more."""


class Incumbent(NamedTuple):
    """Parameters [p] and what was measured there."""

    parameters: Vector
    here: Geometry

    @property
    def energy(self) -> float:
        """The energy there."""
        return self.here.energy


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What stays the same over a run.

    It ends where the largest gradient component falls below `gradient`, or after `evaluations`.
    `kicks` is how many kicks in a row may find nothing better before the search ends, `rate` the
    step of a method that does not adapt, `law` replaces the method's own.
    """

    engine: Engine
    gradient: float
    evaluations: int
    seed: int = 0
    kicks: int = 0
    rate: float | None = None
    law: Law | None = None

    @property
    def most(self) -> int:
        """Attempts after the preparation: each is one evaluation, as the preparation was."""
        return self.evaluations - 1

    def reached(self, gradient: Vector) -> int:
        """The status of a point with this gradient."""
        return Status.CONVERGED if flat(gradient) < self.gradient else Status.RUNNING


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """A way to go down: how it starts, goes on from there, and what its answer is.

    `prepare(parameters)` makes attempt 0, `walk(origin)` the attempts from there or from a stored
    point; `answer(state)` is the best energy and its parameters; `kinds` the classes of its states.
    """

    law: Law
    prepare: Callable[[Vector], Attempt]
    walk: Callable[[Attempt | Point], Iterator[Attempt]]
    answer: Callable[[Any], tuple[float, Vector]]
    kinds: tuple[type, ...]


def flat(gradient: Vector) -> float:
    """The largest gradient component; 0 where there is none."""
    return float(np.max(np.abs(gradient), initial=0.0))


def across(state: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """A state in the phase of another, less its part along that one."""
    overlap = np.vdot(other, state)
    size = abs(overlap)
    return state * (np.conj(overlap) / size if size > 0.0 else 1.0) - size * other


def angle_between(a: NDArray[Any], b: NDArray[Any]) -> float:
    """The Fubini-Study angle between two normalised states, radians, accurate for small ones too.

    >>> angle_between(np.array([1.0, 0.0]), np.array([np.cos(1e-9), np.sin(1e-9)]))
    1e-09
    """
    overlap = np.vdot(a, b)
    size = abs(overlap)
    phase = overlap / size if size > 0.0 else 1.0
    # arccos of the overlap would lose half the digits near 1.
    chord = float(np.linalg.norm(b - phase * a))
    return 2.0 * float(np.arcsin(min(chord / 2.0, 1.0)))


def gain_signal(
    here: Geometry, there: Geometry, move: Vector, model: float, scale: float
) -> Signal:
    """Energy gained over what the `model` predicted, with its rounding as its noise.

    Where rounding hides the difference of the energies (whose bound is `scale`), it is the integral
    of the two slopes along the move [p]: their rounding shrinks with the move. Hager and Zhang,
    SIAM J. Optim. 16, 170 (2005), section 4.1.
    """
    if model == 0.0:
        return Signal(0.0, np.inf)
    gained, noise = here.energy - there.energy, EPS * scale
    if abs(model) < ROUNDINGS * noise and abs(gained) < ROUNDINGS * noise:
        gained = -0.5 * float((here.gradient + there.gradient) @ move)
        noise *= float(np.linalg.norm(move))
    return Signal(gained / model, noise / abs(model))


def notes_of(here: Geometry, spectrum: NDArray[Any] | None = None) -> dict[str, Any]:
    """The domain's columns of the record at a point.

    `spectrum` [p] are the eigenvalues of the metric in which the step there was taken; without it
    they are those of the point itself.
    """
    known: Any = np.linalg.eigvalsh(here.metric) if spectrum is None else spectrum
    rank = int(np.count_nonzero(known > RESOLVED * np.max(known, initial=1e-300)))
    return {
        "energy": here.energy,
        "largest_gradient": flat(here.gradient),
        "metric_rank": rank,
        "metric_spectrum": known,
    }
