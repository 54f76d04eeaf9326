"""How far an estimate of a singularity can be trusted: its error bar, and when it is final."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite.dynamics.equation import EPS, Equation, Vector
from suite.dynamics.watch.approach import Passed, Past, real, shifts
from suite.dynamics.watch.extrapolation import OFFSET, drift
from suite.dynamics.watch.poles import Candidate, candidates, chosen_of, named, refined
from suite.errors import AttemptFailed

__all__ = [
    "LEAST_FALL",
    "WEAK",
    "is_deep",
    "is_sure",
    "judged",
    "may_be_final",
    "missed",
    "withdrawn",
]

LEAST_FALL = 8.0
"""By what factor the time left must have fallen over the points that foretell a singularity."""
SAME = 0.05
"""The same time is foretold again if it moved by less than this share of the time left."""
REPEATS = 8
MOST_MISSED = 3
"""Looks in a row that may show nothing before an estimate is withdrawn."""
DEEP = 1e-6
"""Share of the time since the start that the time left must have fallen to before anything is
final."""
NEAREST, SHORTEST = 100.0, 20.0
"""Time left, or the step that accuracy allows, in ulps of the time, below which nothing more can be
learned: whatever bends a solution away from its pole may do so later than anything seen before."""
DEPTH_COMPLEX = 1e-10
"""The same for a complex state, as a share of the time since the start: rounding moves its pole off
the real axis, and the computed solution passes it."""
WEAK = 0.9
"""Exponents below this are weak: a close passage (1/x potentials) looks like one for long."""
MARGIN = 6.0
"""The error bar over the sum of the shifts: errors of components that are not singular themselves
act on those that are."""
MARGIN_FINITE = 60.0
"""The same where the state stays finite: an error estimate may vanish at a step of the size that
such an end allows, and the steps then seek that size."""
MARGIN_EXTRAPOLATED = 2.0
"""What both are multiplied by where each step is corrected by its own error estimate."""
MOST_GROWTH = 3.0
"""Logarithm of the growth of early errors above which no singularity is final."""
PASSING = 30.0
"""How far, in tolerances, from the end of a state that stays finite a step may miss it."""
IN_TIME = 0.5
"""A rate whose own change with time foretells this share of its growth has its pole in time."""
FURTHER, KEPT = (0.25, 1.0), 0.5
"""Where in the error bar a rate is taken again at the same state, and what must be left of it."""
DOUBT = 8.0
"""The error bar over the error that the extrapolation foretells."""


def withdrawn(past: Past) -> Past:
    """The memory without an estimate."""
    return past._replace(
        estimate=None, doubt=math.inf, repeats=0, missed=0, first_left=0.0, left=0.0, growth=0.0
    )


def missed(equation: Equation, past: Past) -> Past:
    """What a look that shows nothing leaves of an estimate: it may fail now and then."""
    now = past.recent[-1][0]
    if past.estimate is None or past.missed >= MOST_MISSED or now == equation.end:
        return withdrawn(past)
    if equation.direction * (now - past.estimate[0]) > past.estimate[1]:
        return withdrawn(past)
    return past._replace(missed=past.missed + 1)


def judged(
    equation: Equation, past: Past, points: list[Passed], suspects: Vector
) -> tuple[Past, int]:
    """The estimate that the points give, how often it was given, and whether it is final; and the
    evaluations that took."""
    found = candidates(equation, points, suspects, LEAST_FALL)
    if not found:
        return missed(equation, past), 0
    now = equation.direction * points[-1].time
    chosen = refined(equation, points, chosen_of(found), found)
    zero = chosen.zero
    left = zero.time - now
    growth = _growth(equation, past, points[-1], chosen.component, left)
    error = _error(equation, past, points, found, chosen, growth)
    exponent, logarithmic = named(chosen)
    doubt = zero.slope_error + zero.slope * (math.ulp(now) + zero.error) / left
    component = chosen.component // (2 if points[-1].y.dtype.kind == "c" else 1)
    before = past.estimate
    same = before is not None and abs(zero.time - equation.direction * before[0]) <= SAME * left
    repeats, first_left = (past.repeats + 1, past.first_left) if same else (1, left)
    if same and before is not None and _told_better(before, past.doubt, component, exponent, doubt):
        exponent, logarithmic, component, doubt = *before[2:5], past.doubt
    past = past._replace(
        doubt=doubt, repeats=repeats, missed=0, first_left=first_left, left=left, growth=growth
    )
    time = float(equation.direction * zero.time)
    estimate = (time, error, float(exponent), logarithmic, component, "approaching")
    past = past._replace(estimate=estimate)
    final, more = _is_final(equation, past, points[-1])
    if final:
        past = past._replace(estimate=(*estimate[:-1], "singular"))
    return past, 1 + more


def _told_better(
    before: tuple[Any, ...], its_doubt: float, component: int, exponent: float, doubt: float
) -> bool:
    """Whether the exponent is better known from before: of the same component, or of one that
    grows without bound where this one stays finite."""
    if before[4] == component:
        return its_doubt <= doubt
    return bool(before[2] >= 0.0 > exponent)


def _is_final(equation: Equation, past: Past, point: Passed) -> tuple[bool, int]:
    """Whether a singularity was foretold from as near as the clock can tell; evaluations taken."""
    if past.estimate is None:
        return False, 0
    if past.estimate[2] < 0.0 and (is_deep(past) or _is_there(equation, past)):
        return _ends(equation, past)
    if past.estimate[2] < 0.0 or not is_deep(past):
        return False, 0
    tick = _ticks(past)
    near = past.left <= NEAREST * tick or point.size <= SHORTEST * tick
    if point.y.dtype.kind == "c":
        near = near or past.left <= DEPTH_COMPLEX * _span(past)
    pole, evaluations = _in_time(equation, past)
    if pole or not near:
        return pole, evaluations
    return _stays(equation, past), evaluations + len(FURTHER)


def is_deep(past: Past) -> bool:
    """Whether the same time was foretold often enough, and from near."""
    deep = past.left <= min(DEEP * _span(past), 1e-3 * past.first_left)
    return deep and past.repeats >= REPEATS and past.growth < MOST_GROWTH


def is_sure(equation: Equation, past: Past) -> bool:
    """Whether the true solution must have the singularity that the computed one has."""
    if past.estimate is None or past.growth >= MOST_GROWTH:
        return False
    if past.estimate[2] < 0.0:
        return _ends(equation, past)[0]
    return _in_time(equation, past)[0] or _stays(equation, past)


def may_be_final(past: Past) -> bool:
    """Whether the next step may come as near as the clock can tell."""
    return past.recent[-1][4] <= 3.0 * SHORTEST * _ticks(past)


def _ticks(past: Past) -> float:
    """The resolution of the clock: an ulp of the time, or of the time since the start."""
    return max(math.ulp(past.recent[-1][0]), math.ulp(_span(past)))


def _span(past: Past) -> float:
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
    for _ in range(math.floor(math.log10(max(left / (SHORTEST * _ticks(past)), 1.0)))):
        left *= 0.1
        evaluations += 1
        now = abs(_rate(equation, end - equation.direction * left, y, component))
        if not 0.7 * power < math.log10(now / before) < 1.3 * power:
            return False, evaluations
        before = now
    return True, evaluations


def _is_there(equation: Equation, past: Past) -> bool:
    """Whether a state that stays finite has come so near to its end that an error may pass it."""
    assert past.estimate is not None
    _, y, rate = past.recent[-1][:3]
    gap = past.left * np.abs(rate) / -past.estimate[2]
    near = gap <= PASSING * equation.tolerance.scale(y, y)
    return past.repeats > 1 and past.growth < MOST_GROWTH and bool(near.all())


def _ends(equation: Equation, past: Past) -> tuple[bool, int]:
    """Whether one equation y' = f(y), whose rate alone grows without bound, has no solution beyond;
    and the evaluations taken.

    The rate must grow as |y - A|^(1 - 1/b) as near to the end A as the clock can tell, and on the
    other side of A lead back to it, or not exist. Of systems this is not known.
    """
    assert past.estimate is not None
    time, y, rate = past.recent[-1][:3]
    if real(y).size > 1:
        return False, 0
    left, power = past.left, -past.estimate[2]
    gap = -equation.direction * rate * left / power
    end, before, evaluations = y - gap, abs(rate[0]), 0
    rise = (1.0 - power) / power
    for _ in range(math.ceil(power * math.log10(max(left / (NEAREST * _ticks(past)), 10.0)))):
        gap = 0.1 * gap
        evaluations += 1
        now = abs(_rate(equation, time, end + gap, 0))
        if not 0.7 * rise < math.log10(now / before) < 1.3 * rise:
            return False, evaluations
        before = now
    there = _rate(equation, time, end - gap, 0).real
    return not there * float(rate[0]) > 0.0, evaluations + 1


def _rate(equation: Equation, time: float, y: Vector, component: int) -> complex:
    """One component of the rate; NaN where the function fails."""
    try:
        return complex(equation.fun(time, y)[component])
    except AttemptFailed:
        return complex(math.nan)


def _growth(equation: Equation, past: Past, point: Passed, component: int, left: float) -> float:
    """The logarithm of what a shift of t_s by an early error has grown by.

    A shift s obeys s' = -s f_t / f. Where f_t / f ~ -κ / (t_s - t), it grows without bound: the
    singularity may be one of the computed solution only.
    """
    offset = equation.direction * OFFSET * left
    change = real(drift(equation.fun, point.time, point.y, point.rate, offset))[component]
    kappa = float(-equation.direction * change * left)
    if not kappa > 0.0:
        return past.growth
    before = past.left if past.estimate is not None else abs(point.time - past.origin) + left
    return past.growth + min(kappa, 10.0) * max(math.log(before / left), 0.0)


def _error(
    equation: Equation,
    past: Past,
    points: list[Passed],
    found: list[Candidate],
    chosen: Candidate,
    growth: float,
) -> float:
    """The error bar: of the extrapolation, of the integration, and of the clock."""
    moved = shifts(equation, past)
    shift = float(max(moved[each.component] for each in found))
    margin = MARGIN_FINITE if named(chosen)[0] < 0.0 else MARGIN
    if past.extrapolated:
        margin *= MARGIN_EXTRAPOLATED
    rounding = 4.0 * EPS * max(abs(points[-1].time), abs(chosen.zero.time))
    return DOUBT * chosen.zero.error + margin * shift * math.exp(min(growth, 100.0)) + rounding
