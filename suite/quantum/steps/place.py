"""Where a Gauss-Newton run stands, in its own steps and in a burst."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from suite.quantum.steps.course import Incumbent, Vector

__all__ = ["Place", "better"]


class Place(NamedTuple):
    """The point a step starts from, and what is kept besides.

    `recent` the energies of the last accepted steps of the phase, oldest first; `spread` an
    estimate of the width of the observable's spectrum; `kicks` how many more may find nothing
    better before the search ends. `best` is what earlier rounds ended with, `lowest` the lowest
    point of the burst under way, `burst` the number of its steps.
    """

    at: Incumbent
    recent: Vector
    spread: float
    kicks: int
    best: Incumbent | None = None
    lowest: Incumbent | None = None
    burst: int = 0

    def answer(self) -> Incumbent:
        """The lowest of all that is kept."""
        return better(better(self.at, self.lowest), self.best)


def better(a: Incumbent, b: Incumbent | None) -> Incumbent:
    """The lower of two; one whose energy is not a number is never the lower."""
    if b is None or a.energy <= b.energy:
        return a
    return b if np.isfinite(b.energy) else a
