"""Where a growing quantity becomes infinite, from its growth at a few times.

If a ~ C (t_s - t)^-α, then its length of growth L = a/a' vanishes at t_s, and the time is a smooth
function of it: t = t_s - α L + O(L²). So t_s is the value of t at L = 0, and α the slope there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from suite.dynamics.equation import Rate, Vector
from suite.errors import AttemptFailed

__all__ = ["OFFSET", "Zero", "curvature", "drift", "forecast", "vanishing"]

MOST_POINTS = 12
"""Points farther back than these only cost time."""
CLOSEST = 0.9
"""Lengths nearer to each other than this ratio only amplify noise."""
UNLIKELY = 0.1
"""A change this much smaller than the one before may be luck."""
SLOWEST = 0.75
"""Ratio of successive changes of an estimate that is taken for the worst."""
AMPLIFIED = 30.0
"""By how much extrapolation multiplies the noise of the lengths, about."""
STEEPEST = 25.0
"""Exponents above this are not those of a pole but of something steeper than any."""
OFFSET = 1e-3
"""Step of the differences for y'', over the time left: their truncation and their rounding are
then both about 1e-12 of it."""
MOST_LEFT = 4.0
"""A pole counts if it lies nearer than this many times the stretch that foretells it."""
_TINY = 1e-300


class Zero(NamedTuple):
    """Where a length of growth vanishes: the time, the error of extrapolating to it, the slope α
    and its error, and by what factor the length fell over the points."""

    time: float
    error: float
    slope: float
    slope_error: float
    fall: float


def vanishing(
    times: Sequence[float],
    lengths: Sequence[float],
    bends: Sequence[float] | None = None,
    *,
    noise: float = 0.0,
    power: float = 1.0,
) -> Zero | None:
    """Extrapolate the times at which a growth had these lengths to the length zero.

    Reads the points from the newest, the last, backwards as long as lengths are positive and grow.
    `bends` are dL/dt where they are known, `noise` is the relative error of a length. Newton's
    polynomial t(L), of the order at which the next one changes least; the error is that change,
    or what the changes before it foretell. A `power` γ below one stands for t = t_s - α L +
    c L^(1 + γ) + ..., as near branch points.

    >>> zero = vanishing([0.0, 0.5, 0.75, 0.875], [0.5, 0.25, 0.125, 0.0625])
    >>> zero.time, zero.slope, zero.fall
    (1.0, 2.0, 8.0)
    """
    used = _falling(lengths)
    if len(used) < 3:
        return None
    fall = lengths[used[-1]] / lengths[used[0]]
    used = used[:MOST_POINTS]
    newest = times[used[0]]
    # From the newest time, so that nothing is lost where t is large beside the time left.
    points = [(lengths[i], times[i] - newest) for i in used]
    slopes = None
    if bends is not None:
        slopes = [1.0 / bends[i] if bends[i] else math.nan for i in used]
    rows = [
        _newton(points[k:], slopes and slopes[k:]) if power == 1.0 else _branch(points[k:], power)
        for k in range(min(3, len(points) - 2))
    ]
    left, error, order = _best([values for values, _ in rows])
    if not 0.0 < left < MOST_LEFT * abs(points[-1][1]):
        return None
    slope, before = -rows[0][1][order], -rows[0][1][order - 1]
    if slope > STEEPEST:
        return None
    error += AMPLIFIED * noise * left
    return Zero(newest + left, error, slope, abs(slope - before), fall)


def _falling(lengths: Sequence[float]) -> list[int]:
    """The points from the newest back over which the length fell, none too near to the next."""
    last = len(lengths) - 1
    used = [last] if lengths[last] > 0.0 else []
    for i in range(last - 1, -1, -1):
        if not used or not lengths[used[-1]] < lengths[i] < math.inf:
            break
        if lengths[used[-1]] < CLOSEST * lengths[i]:
            used.append(i)
    return used


def _newton(
    points: list[tuple[float, float]], slopes: list[float] | None
) -> tuple[list[float], list[float]]:
    """Values and slopes at zero of the polynomials through the first 1, 2, ... points (x, y).

    With slopes each point counts twice (Hermite).
    """
    places: list[float] = []
    diagonal: list[float] = []
    value, slope, weight, weight_slope = 0.0, 0.0, 1.0, 0.0
    values, at_zero = [], []
    for i, (x, y) in enumerate(points):
        for twice in range(1 if slopes is None else 2):
            new = [y]
            for k, before in enumerate(diagonal):
                gap = x - places[-1 - k]
                confluent = twice and k == 0 and slopes is not None
                new.append(slopes[i] if confluent else (new[k] - before) / gap)  # type: ignore[index]
            diagonal = new
            places.append(x)
            value += new[-1] * weight
            slope += new[-1] * weight_slope
            weight, weight_slope = -x * weight, weight - x * weight_slope
            values.append(value)
            at_zero.append(slope)
    return values, at_zero


def _branch(points: list[tuple[float, float]], power: float) -> tuple[list[float], list[float]]:
    """As `_newton`, of combinations of 1, x, x^(1 + γ), x^(1 + 2 γ), ... through the points."""
    x, y = np.array(points).T
    unit = x[0]
    exponents = np.concatenate([[0.0], 1.0 + power * np.arange(len(x) - 1)])
    table = (x[:, None] / unit) ** exponents
    values, at_zero = [y[0]], [0.0]
    for size in range(2, len(x) + 1):
        try:
            found = np.linalg.solve(table[:size, :size], y[:size])
        except np.linalg.LinAlgError:
            break
        values.append(float(found[0]))
        at_zero.append(float(found[1] / unit))
    return values, at_zero


def _best(rows: list[list[float]]) -> tuple[float, float, int]:
    """The value that can be trusted most, its error and its place.

    `rows` are the values from all points, without the newest, and without the newest two. The
    error is the larger of the change with the last point added, and of what the changes with the
    newest points foretell, which alone sees a series that does not converge to the truth.
    """
    values = rows[0]
    best = (math.nan, math.inf, 0)
    for i in range(2, len(values)):
        last = abs(values[i] - values[i - 1])
        before = abs(values[i - 1] - values[i - 2]) if i > 2 else 0.0
        error = max(last, UNLIKELY * before, _remaining([row[i : i + 1] for row in rows]))
        if error < best[1]:
            best = (values[i], error, i)
    return best


def _remaining(estimates: list[list[float]]) -> float:
    """The error of the newest of up to three estimates that close in geometrically (Aitken)."""
    known = [each[0] for each in estimates if each]
    if len(known) < 2:
        return math.inf
    last = abs(known[0] - known[1])
    before = abs(known[1] - known[2]) if len(known) > 2 else 0.0
    ratio = min(last / before, SLOWEST) if before > 0.0 else SLOWEST
    return last * ratio / (1.0 - ratio)


def forecast(times: Vector, rates: Vector) -> tuple[Vector, Vector]:
    """Time left at the last of four points, and exponent, of each component of a rate [4, n].

    From the mean growth over the three intervals, without any evaluation; NaN where the rate does
    not grow ever faster towards a pole that the two halves agree on.
    """
    gaps = times[1:] - times[:-1]  # np.diff takes ten times as long, and every run ends with a look
    with np.errstate(all="ignore"):
        logarithms = np.log(np.abs(rates) + _TINY)
        growth = (logarithms[1:] - logarithms[:-1]) / gaps[:, None]
        if not (growth > 0.0).all(axis=0).any():
            nowhere = np.full(growth.shape[1], np.nan)
            return nowhere, nowhere
        lengths = 1.0 / growth
        middles = 0.5 * (times[1:] + times[:-1])
        slopes = (middles[1:] - middles[:-1])[:, None] / (lengths[:-1] - lengths[1:])
        poles = middles[1:, None] + slopes * lengths[1:]
        left = poles[1] - times[-1]
        drift = np.abs(poles[1] - poles[0])
        span = times[-1] - times[0]
        good = (growth > 0.0).all(axis=0) & (slopes > 0.0).all(axis=0)
        good &= (left > -0.5 * gaps[-1]) & (left < MOST_LEFT * span)
        good &= drift < 0.8 * np.maximum(left, gaps[-1])
        left = np.where(good, np.maximum(left, 0.2 * gaps[-1]), np.nan)
    return left, slopes[1]


def drift(fun: Rate, time: float, y: Vector, rate: Vector, offset: float) -> Vector:
    """f_t / f at a point [n], from one evaluation; zero where the function fails, or the clock does
    not resolve the offset (a rate that a projection left behind would then seem to change at once).
    """
    step = (time + offset) - time
    try:
        with np.errstate(all="ignore"):
            change = np.asarray(fun(time + step, y)) - rate
            return change / (step * rate) if step else np.zeros_like(rate)
    except AttemptFailed:
        return np.zeros_like(rate)


def curvature(fun: Rate, time: float, y: Vector, rate: Vector, offset: float) -> Vector | None:
    """y'' at a point [n], from four evaluations along the tangent; None where the function fails.

    g(s) = f(t + s, y + s y') has g'(0) = y''; the central difference of order 4.
    """
    values = []
    step = (time + offset) - time
    if step == 0.0:
        return None
    try:
        for k in (1.0, -1.0, 2.0, -2.0):
            values.append(np.asarray(fun(time + k * step, y + k * step * rate)))
    except AttemptFailed:
        return None
    ahead, behind, further, before = values
    return (8.0 * (ahead - behind) - (further - before)) / (12.0 * step)
