"""Foresight: singularities named from the accepted steps, before a run gets there.

A watcher keeps a few points of the trajectory. At the end of a run, and where the steps that
accuracy allows shrink in proportion to the time left to some moment, it looks for components whose
length of growth vanishes at a finite time. "approaching" may be withdrawn, and is where the growth
stops; "singular" is said once the same time was foretold again and again until the clock resolves
no more of the time left, and f itself bears it out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite.core import Status, Step, Trial
from suite.dynamics.equation import ENDED, Equation, Flow, Try, Vector
from suite.dynamics.watch.approach import (
    FELL,
    LUCKY,
    Passed,
    Past,
    anchored,
    begun,
    bent,
    compressed,
    kept,
    past_of,
    real,
    shifts,
    spread,
    steady,
    with_bends,
)
from suite.dynamics.watch.certainty import is_sure
from suite.dynamics.watch.confirmation import (
    LEAST_FALL,
    WEAK,
    is_deep,
    judged,
    may_be_final,
    missed,
    withdrawn,
)
from suite.dynamics.watch.extrapolation import forecast
from suite.dynamics.watch.poles import candidates

__all__ = [
    "LUCKY",
    "NAME",
    "Singularity",
    "beyond",
    "confirmed",
    "foreseen",
    "last_safe_time",
    "may_pass",
    "singularity_of",
    "stopped",
]

NAME = "way in"
"""The name under which a flow remembers the way it came."""
FIRST_LOOK, FIRST_DOUBT = 5, 0.5
"""Points that a first look takes y'' at, and what it may leave in doubt, over the time left."""
AGAIN, AGAIN_DEEP = 0.7, 0.9
AGAIN_IN_VAIN = 0.5
AGAIN_SURE = 0.3
"""By what factor they must shrink before it is looked at again, after looks that showed something,
also where it may be told for good, after one that did not, and where nothing new is awaited before
the resolution of the clock."""
NEAR_END = 1e-3, 0.1
"""Shares of the time since the start, and of the time left at first, that the time left must have
fallen to where a run ends beside a singularity."""
OVER = 2.5
"""An approach is over where they have grown by this since."""
MOST_SUSPECTS = 2
"""Components that are looked at: those nearest to their poles, and as many that grow steepest."""
READABLE = 1e3
"""Over the least shift of the time by errors, that of a component which is still read."""
SUSPECT_FALL = 10.0
"""By what factor the time left must have fallen, as rates alone foretell it, before the evaluations
for y'' are spent."""


@dataclass(frozen=True, slots=True)
class Singularity:
    """Where a solution ceases to exist: y ~ C (t_s - t)^(-exponent).

    `time` t_s and `error`, a bound on it that counts the errors of the integration and of the
    extrapolation. A negative exponent -b is a state that stays finite while its rate does not,
    y ~ A + C (t_s - t)^b; `logarithmic` is y ~ C log(t_s - t), with exponent 0. `component` is the
    index of the one that was read; `status` "approaching" or "singular".
    """

    time: float
    error: float
    exponent: float
    logarithmic: bool
    component: int
    status: str


def foreseen(attempt: Try, equation: Equation, *, extrapolated: bool = False) -> Try:
    """An attempt that watches for singularities, at no evaluation before one is suspected.

    `extrapolated` is whether a step is corrected by its own error estimate, as in step doubling:
    what is left of its error is then less well known. On suspicion it takes y'' by differences,
    counted in the cost. Notes of steps with an estimate: `singular_time`, `singular_error`,
    `singular_exponent`, `approaching`.

    >>> from suite.core import ErrorControl, begin, finish, march
    >>> from suite.dynamics.equation import Tolerance, start
    >>> from suite.dynamics.methods.explicit import dop853
    >>> equation = Equation(lambda t, y: y**2, Tolerance(1e-9), end=0.99)
    >>> attempt, law = foreseen(dop853(equation).attempt, equation), ErrorControl()
    >>> first = begin(start(equation.fun, 0.0, [1.0]), law, 0.01)
    >>> last = finish(march(attempt, first, law, equation.until, equation.limits))
    >>> found = singularity_of(last.after.state)
    >>> abs(found.time - 1.0) < found.error < 1e-8, round(found.exponent, 6), found.status
    (True, 1.0, 'approaching')
    """

    end = equation.end

    def looking(flow: Flow, step: Step) -> Trial:
        trial = attempt(flow, step)
        after, evidence, _, _, _, _, _ = trial
        value, noise, order = evidence["error"]
        if not value <= 1.0 and not value <= 3.0 * noise:
            return trial
        past, most, alarm, before = flow.memory.get(NAME) or kept(begun(flow, extrapolated))
        time, y, rate, _, memory = after
        size, steps = step[0], before[6] + 1
        newest = time, y, rate, size, value, order, steps, before
        # The step that accuracy would have allowed is this one or longer.
        if LUCKY * size > FELL * alarm:
            alarm = LUCKY * size / FELL
        way = past, most, alarm, newest
        if size < alarm or steps >= most or time == end:
            now = compressed(equation, past_of(way))
            if now.looked < math.inf or FELL * now.recent[-1][4] < now.longest or time == end:
                now = _watched(equation, now, trial)
            way = kept(now)
            if now.estimate is not None and now.estimate[5] == "singular":
                memory[ENDED] = int(Status.SINGULAR)
        memory[NAME] = way
        return trial

    return looking


def _watched(equation: Equation, past: Past, trial: Trial) -> Past:
    """The memory after a step at which there may be something to see; fills cost and notes."""
    if _worth_a_look(past, equation):
        past, evaluations = _looked(equation, past)
        trial.cost["evaluations"] += evaluations  # type: ignore[index]
    elif past.looked < math.inf and _over(past, equation):
        past = withdrawn(past)._replace(looked=math.inf)
    if past.estimate is not None:
        names = ("singular_time", "singular_error", "singular_exponent")
        told = dict(zip(names, past.estimate, strict=False))
        trial.notes.update(told, approaching=True)  # type: ignore[attr-defined]
    return past


def singularity_of(flow: Flow) -> Singularity | None:
    """The singularity that a run foretells where it stands, or None."""
    estimate = _estimate(flow)
    return Singularity(*estimate) if estimate else None


def _estimate(flow: Flow) -> tuple[Any, ...] | None:
    memory = flow.memory.get(NAME)
    return None if memory is None else memory[0][6]


def confirmed(flow: Flow) -> bool:
    """Whether a singularity is beyond doubt, so that the run has come to its end."""
    estimate = _estimate(flow)
    return estimate is not None and estimate[5] == "singular"


def beyond(flow: Flow, equation: Equation) -> bool:
    """Whether a run that came to its end lies within the error bar of a singularity, or past it.

    Where the state stays finite, or where a close passage may look like this, the answer is no.
    """
    estimate = _estimate(flow)
    if estimate is None:
        return False
    past = past_of(flow.memory[NAME])
    found = Singularity(*estimate)
    span = abs(flow.time - past.origin)
    if equation.direction * (found.time - flow.time) > found.error or found.exponent < 0.0:
        return False
    if past.left > min(NEAR_END[0] * span, NEAR_END[1] * past.first_left):
        return False
    return not may_pass(found, flow.y) and is_sure(equation, past)


def may_pass(found: Singularity, y: Vector) -> bool:
    """Whether a close passage of a state y [n] may look like this."""
    return found.exponent <= WEAK and not found.logarithmic and real(y).size > 1


def stopped(flow: Flow, equation: Equation) -> bool:
    """Whether a run that could not be carried on was stopped by the singularity it foretold."""
    if _estimate(flow) is None:
        return False
    past = past_of(flow.memory[NAME])
    return is_deep(past) and is_sure(equation, past)


def last_safe_time(singularity: Singularity, equation: Equation) -> float:
    """The last time at which the solution is known to exist: t_s less its error."""
    return singularity.time - equation.direction * singularity.error


def _worth_a_look(past: Past, equation: Equation) -> bool:
    newest = past.recent[-1]
    if newest[0] == equation.end:
        return True
    size: float = newest[4]
    if past.estimate is not None:
        again = AGAIN if not is_deep(past) else AGAIN_DEEP if may_be_final(past) else AGAIN_SURE
        return size <= again * past.looked
    if size > AGAIN_IN_VAIN * past.looked:
        return False
    return FELL * size < past.longest and steady(past)


def _over(past: Past, equation: Equation) -> bool:
    """Whether the steps have grown again, or the time that was foretold is past."""
    newest = past.recent[-1]
    if newest[4] > OVER * past.looked:
        return True
    if past.estimate is None:
        return False
    time, error = past.estimate[:2]
    return bool(equation.direction * (newest[0] - time) > error)


def _looked(equation: Equation, past: Past) -> tuple[Past, int]:
    """Look for a singularity from where the run stands; answers the evaluations it took."""
    past = anchored(past) if past.looked == math.inf else past
    past = past._replace(looked=past.recent[-1][4])
    places = spread(past)
    everything = (*past.older, *past.recent)
    points = [Passed(*everything[i]) for i in places]
    suspects, left, slope = _suspects(equation, past, points)
    if not suspects.size:
        return missed(equation, past), 0
    evaluations = 0
    if past.estimate is None:
        # A few points tell most false alarms.
        few, evaluations = bent(equation, points[-FIRST_LOOK:], left, slope)
        points = [*points[:-FIRST_LOOK], *few]
        if not candidates(equation, few, suspects, 1.0, FIRST_DOUBT):
            return missed(equation, with_bends(past, places, points)), evaluations
    points, more = bent(equation, points, left, slope)
    past = with_bends(past, places, points)
    past, again = judged(equation, past, points, suspects)
    return past, evaluations + more + again


def _suspects(equation: Equation, past: Past, points: list[Passed]) -> tuple[Vector, float, float]:
    """Components whose rates alone foretell a pole; time left and exponent of the first of them."""
    nothing = np.zeros(0, int), 0.0, 0.0
    if len(points) < 4:
        return nothing
    times = np.array([equation.direction * each.time for each in points[-4:]])
    rates = np.array([real(each.rate) for each in points[-4:]])
    left, slopes = forecast(times, rates)
    at_end = points[-1].time == equation.end
    fall = SUSPECT_FALL if past.estimate is None and not at_end else LEAST_FALL
    farthest = abs(points[-1].time - points[0].time) / (fall - 1.0)
    found = np.flatnonzero(left < farthest)
    if not found.size:
        return _turning(times, rates, farthest)
    # A component that errors move far, as one that is nothing but error, tells nothing.
    moved = shifts(equation, past)[found]
    found = found[moved <= READABLE * moved.min()] if moved.min() < math.inf else found
    nearest = found[np.argsort(left[found], kind="stable")][:MOST_SUSPECTS]
    steepest = found[np.argsort(-slopes[found], kind="stable")][:MOST_SUSPECTS]
    first = nearest[0]
    return np.union1d(nearest, steepest), float(left[first]), float(slopes[first])


def _turning(times: Vector, rates: Vector, farthest: float) -> tuple[Vector, float, float]:
    """As `_suspects`, where only the length of the vector of all rates [4, n] foretells a pole, as
    in a spiral: the steepest component stands for it."""
    with np.errstate(all="ignore"):
        largest = np.abs(rates).max(axis=1, keepdims=True)
        sizes = largest * np.linalg.norm(rates / largest, axis=1, keepdims=True)
    left, slopes = forecast(times, sizes)
    if not left[0] < farthest:
        return np.zeros(0, int), 0.0, 0.0
    # In a spiral a rate turns faster than it grows, which is what differences for y'' must resolve.
    turns = np.linalg.norm(rates[-1] - rates[-2]) / sizes[-1, 0] / (times[-1] - times[-2])
    steepest = max(float(slopes[0]), float(turns * left[0]))
    return np.array([np.argmax(np.abs(rates[-1]))]), float(left[0]), steepest
