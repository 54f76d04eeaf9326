"""The way into a singularity, as a run remembers it: few points, spaced by the steps they allowed.

Near a singularity the step that accuracy allows is a steady share of the time left. So the points
worth keeping are those at which it shrank: every recent one, and older ones evenly in its
logarithm.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from suite.dynamics.equation import EPS, Equation, Flow, Vector
from suite.dynamics.watch.extrapolation import OFFSET, curvature

__all__ = [
    "MOST_RECENT",
    "Passed",
    "Past",
    "begun",
    "bent",
    "compressed",
    "real",
    "shifts",
    "spread",
    "steady",
    "with_bends",
]

RECENT, MOST_RECENT = 6, 12
OLDER = 20
CLOSER = 0.8
"""An older point is kept where the step has shrunk by this since the one before."""
LONGER = 1.2
"""Steps grow where the next is longer by this."""
APART = 1.25
"""Steps this many times as long belong to points that lie well apart."""
COARSE = 3.0
ALIKE = 2.5
"""Paces at which steps shrink with time that differ by less than this factor are the same."""
FEWEST_TICKS = 4.0
"""Step of the differences for y'', in ulps of the time, that is still worth taking."""
MOST = 14
FEW = 6


class Passed(NamedTuple):
    """A point of the trajectory: `size` is the step that accuracy would have allowed there, `spent`
    the errors of all steps up to there over the tolerance, `steps` their number."""

    time: float
    y: Vector
    rate: Vector
    bend: Vector | None
    size: float
    spent: float
    steps: int


class Past(NamedTuple):
    """What a run remembers: its start, points (as plain tuples), what errors before the first of
    them can have shifted t_s by [n], the step at the last look and the longest, the estimate, the
    error of its exponent, how often it was given, how often in vain, the time left at first and
    now, the logarithm of what errors have grown by, and whether each step is corrected by its own
    error estimate."""

    origin: float
    older: tuple[Any, ...]
    recent: tuple[Any, ...]
    shift: Vector | None
    looked: float
    longest: float
    estimate: tuple[Any, ...] | None
    doubt: float
    repeats: int
    missed: int
    first_left: float
    left: float
    growth: float
    extrapolated: bool


def begun(flow: Flow, extrapolated: bool) -> Past:
    """The memory of a run that starts here."""
    first = Passed(flow.time, flow.y, flow.rate, None, 0.0, 0.0, 0)
    recent, far = (tuple(first),), math.inf
    return Past(flow.time, (), recent, None, far, 0.0, None, far, 0, 0, 0.0, 0.0, 0.0, extrapolated)


def compressed(
    equation: Equation, memory: tuple[Any, ...], recent: tuple[Any, ...]
) -> tuple[Any, ...]:
    """The memory when recent points are too many: some become older ones, others are let go."""
    origin, older, _, shift, looked, longest, *others = memory
    extrapolated: bool = others[-1]
    for leaving in recent[:-RECENT]:
        size = leaving[4]
        if not older or size <= CLOSER * older[-1][4]:
            older = (*older, leaving)
            if len(older) > OLDER:
                shift = _summed(equation, shift, older[:2], extrapolated)
                older = older[1:]
        elif size >= LONGER * older[-1][4]:
            # A step that is long again shows that what shrank it is over.
            left = next((i for i in range(len(older), 0, -1) if older[i - 1][4] > size), 0)
            if left == 0:
                shift, longest = _summed(equation, shift, (*older, leaving), extrapolated), 0.0
            older = (*older[:left], leaving)
    longest = max(longest, older[0][4])
    return (origin, older, recent[-RECENT:], shift, looked, longest, *others)


def real(y: Vector) -> Vector:
    """Real and imaginary parts as components of their own [n or 2 n]."""
    return y.view(np.float64) if y.dtype.kind == "c" else y


def steady(past: Past) -> bool:
    """Whether the steps shrink in proportion to the time left to a moment that stays the same.

    Steps of a few to a pole scatter by half, so those compared differ by more than that.
    """
    points = (*past.older, *past.recent)
    found = [points[-1]]
    for each in points[-2::-1]:
        if each[4] >= COARSE * found[-1][4]:
            found.append(each)
            if len(found) == 3:
                break
    if len(found) < 3:
        return False
    (now, c), (middle, b), (first, a) = ((each[0], each[4]) for each in found)
    pace, pace_before = (b - c) * abs(middle - first), (a - b) * abs(now - middle)
    return bool(pace < ALIKE * pace_before and pace_before < ALIKE * pace)


def spread(past: Past) -> list[int]:
    """Places, in all points, of those that lie well apart, from the first to the newest."""
    points = (*past.older, *past.recent)
    found = [len(points) - 1]
    for i in range(len(points) - 2, -1, -1):
        if points[i][4] >= APART * points[found[0]][4]:
            found.insert(0, i)
            if len(found) == MOST:
                break
    return found if len(found) >= FEW else list(range(max(0, len(points) - FEW - 2), len(points)))


def shifts(equation: Equation, past: Past) -> Vector:
    """By how much the errors of all steps can have shifted t_s, read in each component [n].

    An error e of a component is its solution of another time, off by e / y'.
    """
    return _summed(equation, past.shift, (*past.older, *past.recent), past.extrapolated)


def _summed(
    equation: Equation, shift: Vector | None, kept: tuple[Any, ...], extrapolated: bool
) -> Vector:
    """The shift up to the first point, or what it must have been, and those between the points."""
    points = [Passed(*each) for each in kept]
    steps = np.diff([float(each.steps) for each in points])[:, None]
    spent = np.diff([each.spent for each in points])[:, None]
    sizes = np.abs([real(each.y) for each in points])
    rates = np.array([real(each.rate) for each in points])
    steep = np.abs(rates)
    scales = np.array([equation.tolerance.scale(a.y, b.y) for a, b in pairwise(points)])
    if points[0].y.dtype.kind == "c":
        scales = np.repeat(scales, 2, axis=1)
    root = math.sqrt(sizes.shape[1])
    with np.errstate(all="ignore"):
        steepest = np.maximum(steep[1:], steep[:-1])
        # What a pair keeps is one order better than what it estimates: by the share of the time
        # left that a step is, which the change of the rate shows.
        change = np.abs(np.diff(rates, axis=0)) / (steepest * steps)
        share = np.where((change < 1.0) & (not extrapolated), change, 1.0)
        moved = (spent * root * share * scales + steps * EPS * sizes[1:]) / steepest
        if shift is None and points[0].steps:
            # The steps before the first point, as if they had all been there.
            error = points[0].spent * root * share[0] * scales[0]
            shift = (error + points[0].steps * EPS * sizes[0]) / steep[0]
    total: Vector = moved.sum(axis=0)
    return total if shift is None else total + shift


def with_bends(past: Past, places: list[int], points: list[Passed]) -> Past:
    """The memory with y'' at the points where it was taken."""
    everything = [*past.older, *past.recent]
    for i, point in zip(places, points, strict=True):
        everything[i] = tuple(point)
    split = len(past.older)
    return past._replace(older=tuple(everything[:split]), recent=tuple(everything[split:]))


def bent(
    equation: Equation, points: list[Passed], left: float, slope: float
) -> tuple[list[Passed], int]:
    """The points with y'', taken by differences where it is not known yet."""
    pole = equation.direction * points[-1].time + left
    found, evaluations = [], 0
    for each in points:
        if each.bend is None:
            before = pole - equation.direction * each.time
            offset = OFFSET * before / max(1.0, abs(slope))
            offset = max(offset, FEWEST_TICKS * math.ulp(each.time))
            bend = curvature(equation.fun, each.time, each.y, each.rate, offset)
            each = each._replace(bend=np.full_like(each.y, np.nan) if bend is None else bend)
            evaluations += 4
        found.append(each)
    return found, evaluations
