"""The rows that the short way refused, by careful steps in the core's lanes.

The attempt takes a share of Householder's step and measures the residual there; the law refuses a
step that does not pay, and a bracket that every attempt tightens bounds the next. So it goes with
rough steps until none can be seen to pay any more, and then with exact ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from suite.core import Rows, Signal, Status, Step, Trial, TrustRegion, lanes
from suite.core.law import Law
from suite.finance.kernel.inversion import Rough
from suite.finance.kernel.normalised import Row

__all__ = ["EXACTLY", "ROUGHLY", "Measure", "approach"]

Vector = NDArray[np.float64]
Measure: TypeAlias = Callable[[Row, Vector], Rough]
"""The rough step of some rows from their s."""


class Sharpness(NamedTuple):
    """How well a step is measured: the error of its residual, and the step, relative to s, that is
    small enough to end with."""

    noise: float
    arrived: float


ROUGHLY = Sharpness(1e-5, 1e-4)
EXACTLY = Sharpness(1e-15, 1e-6)


class Guess(NamedTuple):
    """Where the rows stand: what they are, s, what was measured, and a bracket. All [rows]."""

    row: Row
    s: Vector
    residual: Vector
    proposal: Vector
    lower: Vector
    upper: Vector


def approach(
    measure: Measure, row: Row, start: Vector, law: Law | None, sharpness: Sharpness
) -> Rows:
    """Total volatilities as near as steps of this sharpness come, with the core's account of them.

    `start` is a positive guess for each row.
    """

    def measured(row: Row, s: Vector, lower: Vector, upper: Vector) -> Guess:
        residual, newton, step = measure(row, s)
        # Where the third-order step is undefined, or turns round, Newton's own goes the right way.
        usable = np.isfinite(step) & (step * newton > 0.0)
        proposal: Any = np.where(usable, step, newton)
        low = np.where(newton > 0.0, np.maximum(lower, s), lower)
        high = np.where(newton < 0.0, np.minimum(upper, s), upper)
        return Guess(row, s, residual, proposal, low, high)

    def begin(rows: slice) -> Guess:
        nothing = np.zeros_like(start[rows])
        part = Row(*(column[rows] for column in row))
        unbounded = np.full_like(nothing, np.inf)
        return measured(part, start[rows], nothing, unbounded)

    def attempt(guess: Guess, step: Step) -> Trial:
        s = guess.s + step.size * guess.proposal
        after = measured(guess.row, s, guess.lower, guess.upper)
        before, left = np.abs(guess.residual), np.abs(after.residual)
        predicted = step.size * before
        gain = Signal((before - left) / predicted, sharpness.noise / predicted)
        learned = guess._replace(lower=after.lower, upper=after.upper)
        return Trial(after, {"gain": gain}, {"evaluations": 1}, learned=learned)

    def until(guess: Guess) -> Any:
        small = np.abs(guess.proposal) <= sharpness.arrived * guess.s
        return np.where(small | (guess.residual == 0.0), Status.CONVERGED, Status.RUNNING)

    law = law or TrustRegion(most_size=1.0)
    with np.errstate(all="ignore"):  # what is not finite is evidence, and the law's to refuse
        return lanes(attempt, begin, law, until, lambda g: g.s, len(start), limits=_limits)


def _limits(guess: Guess) -> dict[str, Vector]:
    """The share of the proposed step that stays in the bracket: half the way to its side."""
    ahead = np.where(guess.proposal > 0.0, guess.upper, guess.lower) - guess.s
    room = ahead / guess.proposal
    return {"bracket": np.where(room <= 1.0, 0.5 * room, np.inf)}
