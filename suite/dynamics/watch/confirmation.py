"""How far an estimate of a singularity can be trusted: its error bar, and when it is final."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite.dynamics.equation import EPS, Equation, Vector
from suite.dynamics.watch.approach import Passed, Past, real, shifts
from suite.dynamics.watch.certainty import (
    MOST_GROWTH,
    NEAREST,
    SHORTEST,
    ends,
    is_there,
    looked_ahead,
    span_of,
    ticks,
)
from suite.dynamics.watch.extrapolation import OFFSET, drift
from suite.dynamics.watch.poles import Candidate, candidates, chosen_of, named, refined

__all__ = [
    "LEAST_FALL",
    "WEAK",
    "is_deep",
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
STUCK = 300.0
"""The same in ulps of the time, for a start so far from zero that steps end before that share."""
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
DOUBT = 12.0
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
    if past.estimate[2] < 0.0 and (is_deep(past) or is_there(equation, past)):
        return ends(equation, past)
    if past.estimate[2] < 0.0 or not is_deep(past):
        return False, 0
    tick = ticks(past)
    near = past.left <= NEAREST * tick or point.size <= SHORTEST * tick
    if point.y.dtype.kind == "c":
        near = near or past.left <= DEPTH_COMPLEX * span_of(past)
    return looked_ahead(equation, past, near)


def is_deep(past: Past) -> bool:
    """Whether the same time was foretold often enough, and from near."""
    depth = max(DEEP * span_of(past), STUCK * ticks(past))
    deep = past.left <= min(depth, 1e-3 * past.first_left)
    return deep and past.repeats >= REPEATS and past.growth < MOST_GROWTH


def may_be_final(past: Past) -> bool:
    """Whether the next step may come as near as the clock can tell."""
    return past.recent[-1][4] <= 3.0 * SHORTEST * ticks(past)


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
    if chosen.modulus:
        shift *= _winding(points[-1])
    margin = MARGIN_FINITE if named(chosen)[0] < 0.0 else MARGIN
    if past.extrapolated:
        margin *= MARGIN_EXTRAPOLATED
    rounding = 4.0 * EPS * max(abs(points[-1].time), abs(chosen.zero.time))
    return DOUBT * chosen.zero.error + margin * shift * math.exp(min(growth, 100.0)) + rounding


def _winding(point: Passed) -> float:
    """How much faster a vector changes than its length: what an error shifts its pole by, over what
    it shifts it by where it only grows."""
    y, rate = real(point.y), real(point.rate)
    with np.errstate(all="ignore"):
        y, rate = y / np.abs(y).max(), rate / np.abs(rate).max()
        return float(np.linalg.norm(y) * np.linalg.norm(rate) / np.abs(y @ rate))
