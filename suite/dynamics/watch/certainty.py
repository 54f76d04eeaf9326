"""Whether a singularity of the computed solution must be one of the true one, asked of f itself."""

from __future__ import annotations

import math

import numpy as np

from suite.dynamics.equation import Equation, Vector
from suite.dynamics.watch.approach import Past, real
from suite.dynamics.watch.extrapolation import OFFSET, drift
from suite.errors import AttemptFailed

__all__ = [
    "MOST_GROWTH",
    "NEAREST",
    "SHORTEST",
    "ends",
    "is_sure",
    "is_there",
    "looked_ahead",
    "span_of",
    "ticks",
]

NEAREST, SHORTEST = 100.0, 20.0
"""Time left, or the step that accuracy allows, in ulps of the time, below which nothing more can be
learned: whatever bends a solution away from its pole may do so later than anything seen before."""
PASSING = 30.0
"""How far, in tolerances, from the end of a state that stays finite a step may miss it."""
IN_TIME = 0.5
"""A rate whose own change with time foretells this share of its growth has its pole in time."""
FURTHER, KEPT = (0.25, 1.0), 0.5
"""Where in the error bar a rate is taken again at the same state, and what must be left of it."""
MOST_GROWTH = 3.0
"""Logarithm of the growth of early errors above which no singularity is final."""
ALIKE = 0.2
"""By how much the growth of a rate over a factor of ten may differ from its law."""
CLEAR = 1e7
"""Time left, in ulps of the time, that is known well enough without an extrapolation."""


def is_sure(equation: Equation, past: Past) -> bool:
    """Whether the true solution must have the singularity that the computed one has."""
    if past.estimate is None or past.growth >= MOST_GROWTH:
        return False
    if past.estimate[2] < 0.0:
        return ends(equation, past)[0]
    return looked_ahead(equation, past, True)[0]


def looked_ahead(equation: Equation, past: Past, near: bool) -> tuple[bool, int]:
    """Whether the rate has its pole in time or, if it is `near` enough, lasts and goes on growing;
    and the evaluations taken."""
    pole, evaluations = _in_time(equation, past)
    if pole or not near:
        return pole, evaluations
    more = evaluations + len(FURTHER)
    if not _stays(equation, past):
        return False, more
    grows, evaluations = _goes_on(equation, past)
    return grows, more + evaluations


def ticks(past: Past) -> float:
    """The resolution of the clock: an ulp of the time, or of the time since the start."""
    return max(math.ulp(past.recent[-1][0]), math.ulp(span_of(past)))


def span_of(past: Past) -> float:
    """The time from the start to the singularity."""
    return float(abs(past.recent[-1][0] - past.origin)) + past.left


def _stays(equation: Equation, past: Past) -> bool:
    """Whether the rate of the growing component would last through the error bar.

    Where the singularity is uncertain by more than the time that the rate lasts, it may be one of
    the computed solution only.
    """
    assert past.estimate is not None
    _, error, _, _, component, _ = past.estimate
    time, y, rate = past.recent[-1][:3]
    here = abs(rate[component])
    for share in FURTHER:
        there = _rate(equation, time + equation.direction * share * error, y, component)
        if not abs(there) >= KEPT * here:
            return False
    return True


def _in_time(equation: Equation, past: Past) -> tuple[bool, int]:
    """Whether the rate has its pole in time, whatever the state, as near to it as can be told; and
    the evaluations taken."""
    assert past.estimate is not None
    end, component = past.estimate[0], past.estimate[4]
    time, y, rate = past.recent[-1][:3]
    left, before = abs(end - time), abs(rate[component])
    offset = equation.direction * OFFSET * left
    power = float((drift(equation.fun, time, y, rate, offset)[component] * offset).real / OFFSET)
    evaluations = 1
    if not power > IN_TIME:
        return False, evaluations
    for _ in range(math.floor(max(0.0, _decades(left, SHORTEST * ticks(past))))):
        left *= 0.1
        evaluations += 1
        now = abs(_rate(equation, end - equation.direction * left, y, component))
        if not abs(_decades(now, before) - power) < 0.3 * power:
            return False, evaluations
        before = now
    return True, evaluations


def is_there(equation: Equation, past: Past) -> bool:
    """Whether a state that stays finite has come so near to its end that an error may pass it."""
    assert past.estimate is not None
    _, y, rate = past.recent[-1][:3]
    component = past.estimate[4]
    gap = past.left * abs(rate[component]) / -past.estimate[2]
    near = bool(gap <= PASSING * equation.tolerance.scale(y, y)[component])
    return past.repeats > 1 and past.growth < MOST_GROWTH and near


def ends(equation: Equation, past: Past) -> tuple[bool, int]:
    """Whether a state that stays finite, whose rate alone grows without bound, has no solution
    beyond; and the evaluations taken.

    The rate must grow as |y - A|^(1 - 1/b) as near to the end A as the clock can tell, and on the
    other side of A lead back to it, or not exist: by itself, with time and the rest of a system
    where they are then.
    """
    assert past.estimate is not None
    if past.recent[-1][1].dtype.kind == "c":
        return False, 0
    time, y, rate, left = _seen_from(equation, past)
    if not left > 0.0:
        return False, 0
    power, component = -past.estimate[2], past.estimate[4]
    onwards = equation.direction * left
    gap = np.zeros_like(y)
    gap[component] = -onwards * rate[component] / power
    end = y + onwards * rate
    end[component] = y[component] - gap[component]
    time, before, evaluations = time + onwards, abs(rate[component]), 0
    rise = (1.0 - power) / power
    for _ in range(math.ceil(power * max(1.0, _decades(left, NEAREST * ticks(past))))):
        gap = 0.1 * gap
        evaluations += 1
        now = abs(_rate(equation, time, end + gap, component))
        if not abs(_decades(now, before) - rise) < ALIKE * rise:
            return False, evaluations
        before = now
    there = _rate(equation, time, end - gap, component).real
    return not there * float(rate[component]) > 0.0, evaluations + 1


def _goes_on(equation: Equation, past: Past) -> tuple[bool, int]:
    """Whether the rate of one equation keeps growing with the state by its law as near to the pole
    as the clock can tell, and the evaluations taken; systems are taken at their word."""
    assert past.estimate is not None
    if real(past.recent[-1][1]).size > 1:
        return True, 0
    time, y, rate, left = _seen_from(equation, past)
    if not left > 0.0:
        return False, 0
    power, logarithmic, before = past.estimate[2], past.estimate[3], abs(rate[0])
    count = math.floor(max(0.0, _decades(left, NEAREST * ticks(past))))
    for k in range(1, count + 1):
        grown = k * math.log(10.0) if logarithmic else (10.0 ** (k * power) - 1.0) / power
        now = abs(_rate(equation, time, y + equation.direction * rate * left * grown, 0))
        if not abs(_decades(now, before) - 1.0 - power) < ALIKE * (1.0 + power):
            return False, k
        before = now
    return True, count


def _seen_from(equation: Equation, past: Past) -> tuple[float, Vector, Vector, float]:
    """A point from which the time left is well known: time, state, rate, and that time."""
    assert past.estimate is not None
    points = [*past.older, *past.recent]
    if points[-1][4] == past.looked:
        return (*points[-1][:3], past.left)
    for each in points[::-1]:
        left = float(equation.direction * (past.estimate[0] - each[0]))
        if left >= CLEAR * ticks(past):
            return (*each[:3], left)
    return (*points[0][:3], math.nan)


def _decades(now: float, before: float) -> float:
    """The logarithm of a ratio of positive numbers; NaN of others."""
    ratio = now / before if before > 0.0 else math.nan
    return math.log10(ratio) if ratio > 0.0 else math.nan


def _rate(equation: Equation, time: float, y: Vector, component: int) -> complex:
    """One component of the rate; NaN where the function fails."""
    try:
        return complex(equation.fun(time, y)[component])
    except AttemptFailed:
        return complex(math.nan)
