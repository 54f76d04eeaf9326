"""The way into a singularity, as a run remembers it: few points, spaced by the steps they allowed.

Near a singularity the step that accuracy allows is a steady share of the time left. So the points
worth keeping are those at which it shrank: every recent one, and older ones evenly in its
logarithm.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from suite.dynamics.equation import EPS, Equation, Flow, Tolerance, Vector
from suite.dynamics.watch.extrapolation import OFFSET, curvature

__all__ = [
    "Passed",
    "Past",
    "anchored",
    "begun",
    "bent",
    "compressed",
    "first_shift",
    "kept",
    "past_of",
    "real",
    "shifts",
    "spread",
    "steady",
    "with_bends",
]

RECENT, MOST_RECENT = 6, 12
MOST_NEW = 100
"""Points that wait to be worked in, many at a time, unless there may be something to see."""
LUCKY = 1.5
"""By how much a small error may let a step seem longer than it was."""
_LUCK = LUCKY**-8.0
FELL = 200.0
"""By what factor the steps that accuracy allows must have shrunk before a run is looked at."""
OLDER = 20
MOST_GONE = 16
"""Points let go before what they leave behind is summed up, all at once since arrays are."""
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
MOST_AGAIN = 400
"""Steps of a way that may be gone again."""


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
    now, the logarithm of what errors have grown by, whether each step is corrected by its own error
    estimate, points before `older` that `shift` does not count yet, and the point from which the
    way in could be gone again, with what errors before it can have shifted t_s by."""

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
    gone: tuple[Any, ...] = ()
    anchor: tuple[Any, ...] = ()


Kept: TypeAlias = tuple[tuple[Any, ...], int, float, tuple[Any, ...]]
"""A past as a plain tuple; the number of steps after which newer points are to be worked into it;
the step below which there may be something to see; and the newest point: time, y, rate, the step
that led there, its error over the tolerance and the order of that, the number of steps, and the
point before, back to the newest one of the past. An accepted step adds this point and nothing more,
as it may cost microseconds."""


def begun(flow: Flow, extrapolated: bool) -> Past:
    """The memory of a run that starts here."""
    first = tuple(Passed(flow.time, flow.y, flow.rate, None, 0.0, 0.0, 0))
    told = None, math.inf, 0, 0, 0.0, 0.0, 0.0
    past = Past(flow.time, (), (first,), None, math.inf, 0.0, *told, extrapolated)
    return past._replace(anchor=(first, None))


def anchored(past: Past) -> Past:
    """The memory with a way in that is short enough to be gone again."""
    oldest = (*past.gone, *past.older, *past.recent)[0]
    if past.recent[-1][6] - past.anchor[0][6] <= MOST_AGAIN:
        return past
    return past._replace(anchor=(oldest, past.shift))


def first_shift(equation: Equation, point: Passed, shift: Vector | None) -> Vector:
    """What errors before a point can have shifted t_s by [n], as if they had all been there."""
    if shift is not None or not point.steps:
        return np.zeros_like(real(point.y)) if shift is None else shift
    scale = equation.tolerance.scale(point.y, point.y)
    scale = np.repeat(scale, 2) if point.y.dtype.kind == "c" else scale
    size, steep = np.abs(real(point.y)), np.abs(real(point.rate))
    with np.errstate(all="ignore"):
        error: Vector = point.spent * math.sqrt(size.size) * scale + point.steps * EPS * size
        return error / steep


def kept(past: Past) -> Kept:
    """A memory in the form in which a flow keeps it."""
    steps = past.recent[-1][6]
    longest = max(past.longest, *(point[4] for point in past.recent))
    alarm = longest / FELL if past.looked == math.inf else math.inf
    return tuple(past), steps + MOST_NEW, alarm, (None,) * 6 + (steps, None)


def past_of(memory: Kept) -> Past:
    """The memory that a flow keeps, with all newer points among the recent ones."""
    past, _, _, point = memory
    origin, older, recent, *others = past
    since: list[tuple[Any, ...]] = []
    for _ in range(point[6] - recent[-1][6]):
        since.append(point)
        point = point[7]
    spent, newer = recent[-1][5], []
    for time, y, rate, size, error, order, steps, _ in reversed(since):
        spent += float(error)
        allowed = float(size) * (LUCKY if error < _LUCK else float(error) ** (-1.0 / order))
        newer.append((time, y, rate, None, allowed, spent, steps))
    return Past(origin, older, (*recent, *newer), *others)


def compressed(equation: Equation, past: Past) -> Past:
    """The memory when recent points are too many: some become older ones, others are let go."""
    recent, shift, longest = past.recent, past.shift, past.longest
    leave = MOST_RECENT + 1 - RECENT
    older, gone = list(past.older), list(past.gone)
    for first in range(0, len(recent) - MOST_RECENT, leave):
        for leaving in recent[first : first + leave]:
            size = leaving[4]
            if not older or size <= CLOSER * older[-1][4]:
                older.append(leaving)
                if len(older) > OLDER:
                    gone.append(older.pop(0))
            elif size >= LONGER * older[-1][4]:
                # A step that is long again shows that what shrank it is over.
                left = _longer(older, size)
                if left == 0:
                    gone += older
                    longest = 0.0
                older[left:] = [leaving]
        if len(gone) > MOST_GONE:
            shift = _summed(equation, shift, (*gone, older[0]), past.extrapolated)
            gone = []
        longest = max(longest, older[0][4])
    recent = recent[-(RECENT + (len(recent) - RECENT) % leave) :]
    return past._replace(
        older=tuple(older), recent=recent, shift=shift, longest=longest, gone=tuple(gone)
    )


def _longer(older: list[tuple[Any, ...]], size: float) -> int:
    """How many of the older points, whose steps shrink, have a longer step than this."""
    left = len(older)
    for point in reversed(older):
        if point[4] > size:
            break
        left -= 1
    return left


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
    points = (*past.gone, *past.older, *past.recent)
    return _summed(equation, past.shift, points, past.extrapolated)


def _summed(
    equation: Equation, shift: Vector | None, kept: tuple[Any, ...], extrapolated: bool
) -> Vector:
    """The shift up to the first point, or what it must have been, and those between the points."""
    _, states, slopes, _, _, errors, counts = zip(*kept, strict=True)
    steps = np.diff(np.array(counts, float))[:, None]
    spent = np.diff(np.array(errors))[:, None]
    scales = _scales(equation.tolerance, np.array(states))
    sizes, rates = np.abs(real(np.array(states))), real(np.array(slopes))
    steep = np.abs(rates)
    if scales.shape[1] < sizes.shape[1]:
        scales = np.repeat(scales, 2, axis=1)
    root = math.sqrt(sizes.shape[1])
    with np.errstate(all="ignore"):
        steepest = np.maximum(steep[1:], steep[:-1])
        # What a pair keeps is one order better than what it estimates: by the share of the time
        # left that a step is, which the change of the rate shows.
        change = np.abs(np.diff(rates, axis=0)) / (steepest * steps)
        share = np.where((change < 1.0) & (not extrapolated), change, 1.0)
        moved = (spent * root * share * scales + steps * EPS * sizes[1:]) / steepest
        if shift is None and counts[0]:
            # The steps before the first point, as if they had all been there.
            error = errors[0] * root * share[0] * scales[0]
            shift = (error + counts[0] * EPS * sizes[0]) / steep[0]
    total: Vector = moved.sum(axis=0)
    return total if shift is None else total + shift


def _scales(tolerance: Tolerance, states: Vector) -> Vector:
    """What errors between states [m, n], one after another, are measured by [m - 1, n]."""
    if tolerance.blocks is None:
        return tolerance.scale(states[:-1], states[1:])
    return np.array([tolerance.scale(a, b) for a, b in pairwise(states)])


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
