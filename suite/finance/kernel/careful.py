"""The rows that the short way refused, by careful steps in the core's lanes.

The attempt takes a share of Householder's step and measures the residual there; the law refuses a
step that does not pay, and a bracket that every attempt tightens bounds the next. Where no step can
be seen to pay any more, exact steps finish.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from suite.core import Rows, Signal, Status, Step, Trial, TrustRegion, lanes
from suite.core.control import Law
from suite.finance.kernel.inversion import Rough

__all__ = ["Measure", "approach"]

Vector = NDArray[np.float64]
Measure: TypeAlias = Callable[[Any, Vector], Rough]
"""The rough step of some rows, given their problem [columns, rows] and their s."""

NOISE = 1e-5
"""Error of the residual of a rough step."""
ARRIVED = 1e-4
"""A step that small, relative to s, is what the exact ones do better."""


class Guess(NamedTuple):
    """Where the rows stand: problem, s, what was measured there, and a bracket. All [rows]."""

    problem: tuple[Vector, ...]
    s: Vector
    residual: Vector
    proposal: Vector
    lower: Vector
    upper: Vector


def approach(
    measure: Measure, problem: tuple[Vector, ...], start: Vector, law: Law | None = None
) -> Rows:
    """Total volatilities near enough for exact steps, with the core's account of the way there.

    `problem` has what `measure` needs of each row, `start` a positive guess for each.
    """

    def measured(problem: Any, s: Vector, lower: Vector, upper: Vector) -> Guess:
        residual, newton, step = measure(problem, s)
        # Where the third-order step is undefined, or turns round, Newton's own goes the right way.
        usable = np.isfinite(step) & (step * newton > 0.0)
        proposal: Any = np.where(usable, step, newton)
        low = np.where(newton > 0.0, np.maximum(lower, s), lower)
        high = np.where(newton < 0.0, np.minimum(upper, s), upper)
        return Guess(problem, s, residual, proposal, low, high)

    def begin(rows: slice) -> Guess:
        nothing = np.zeros_like(start[rows])
        part = tuple(column[rows] for column in problem)
        unbounded = np.full_like(nothing, np.inf)
        return measured(part, start[rows], nothing, unbounded)

    def attempt(guess: Guess, step: Step) -> Trial:
        s = guess.s + step.size * guess.proposal
        after = measured(guess.problem, s, guess.lower, guess.upper)
        before, left = np.abs(guess.residual), np.abs(after.residual)
        predicted = step.size * before
        gain = Signal((before - left) / predicted, NOISE / predicted)
        learned = guess._replace(lower=after.lower, upper=after.upper)
        return Trial(after, {"gain": gain}, {"evaluations": 1}, learned=learned)

    law = law or TrustRegion(most_size=1.0)
    with np.errstate(all="ignore"):  # what is not finite is evidence, and the law's to refuse
        return lanes(attempt, begin, law, _until, lambda g: g.s, len(start), limits=_limits)


def _until(guess: Guess) -> Any:
    small = np.abs(guess.proposal) <= ARRIVED * guess.s
    return np.where(small | (guess.residual == 0.0), Status.CONVERGED, Status.RUNNING)


def _limits(guess: Guess) -> dict[str, Vector]:
    """The share of the proposed step that stays in the bracket: half the way to its side."""
    ahead = np.where(guess.proposal > 0.0, guess.upper, guess.lower) - guess.s
    room = ahead / guess.proposal
    return {"bracket": np.where(room <= 1.0, 0.5 * room, np.inf)}
