"""A burst of attempts in plain arithmetic, which `native` compiles.

These are the attempts of `explicit` and the bookkeeping of the core's `march`, written on numbers
and arrays alone. What judges a step is no copy: `next_size` is the core's function.
"""

from __future__ import annotations

import math

import numpy as np

from suite.core.control import next_size
from suite.dynamics.compiled.layout import (
    BOUND,
    BY_LAW,
    BY_LIMIT,
    CAUSE,
    ENDPOINT,
    FAILED,
    FAILURE,
    HERE,
    KEPT,
    LOG_ERROR,
    LOG_SIZE,
    NOISE,
    NOT_FINITE,
    REASON,
    REFUSALS,
    SIZE,
    STABILITY,
    TIME,
    UNDERFLOW,
    VALUE,
    WISH,
    Bounds,
    Constants,
    Floats,
    Measure,
    Method,
    Rate,
    Rows,
)

__all__ = ["PARTS", "TOOLS", "burst", "extra_slopes"]

EPS = 2.220446049250313e-16
LEAST = 5e-324
"""The smallest positive number, in place of a scale of zero."""


def choose(condition: bool, yes: float, no: float) -> float:
    """The one or the other."""
    return yes if condition else no


def log(x: float) -> float:
    """The natural logarithm, as the core takes it of one number."""
    return float(np.log(x))


def exp(x: float) -> float:
    """The exponential, as the core takes it of one number."""
    return float(np.exp(x))


TOOLS = (choose, log, exp)
"""What the law takes from outside."""


def fill(out: Floats, values: Floats) -> None:
    """Copy one vector into another."""
    for k in range(out.size):
        out[k] = values[k]


def combine(y: Floats, h: float, weights: Floats, slopes: Floats, count: int, out: Floats) -> None:
    """y + h · Σ weights[j] slopes[j] over the first `count` slopes."""
    for k in range(y.size):
        total = 0.0
        for j in range(count):
            total += weights[j] * slopes[j, k]
        out[k] = y[k] + h * total


def rate_of_change(weights: Floats, slopes: Floats) -> float:
    """|h·λ| from the last two slopes, both at the new time (Hairer and Wanner, Solving ODEs II,
    IV.2)."""
    s = slopes.shape[0]
    change, apart = 0.0, 0.0
    for k in range(slopes.shape[1]):
        rise, away = slopes[s - 1, k] - slopes[s - 2, k], 0.0
        for j in range(s):
            away += (weights[s - 2, j] - weights[s - 3, j]) * slopes[j, k]
        change += rise * rise
        apart += away * away
    return math.sqrt(change / apart) if apart > 0.0 else 0.0


def scales(measure: Measure, y: Floats, y_new: Floats, work: Floats, scale: Floats) -> None:
    """What an error is measured by, into `scale` [n]; `work` [n] is overwritten."""
    relative, absolute, blocks, _ = measure
    n = y.size
    for k in range(n):
        scale[k] = max(abs(y[k]), abs(y_new[k]))
    if blocks.size > 0:
        for k in range(n):
            work[k] = 0.0
        for k in range(n):
            work[blocks[k]] += scale[k] * scale[k]
        for k in range(n):
            scale[k] = math.sqrt(work[blocks[k]])
    for k in range(n):
        # A state that is not finite has no error either; no error over no scale is none.
        allowed = absolute[k] + relative[k] * scale[k] if scale[k] < np.inf else np.nan
        scale[k] = LEAST if allowed == 0.0 else allowed


def squares(h: float, errors: Floats, slopes: Floats, scale: Floats) -> tuple[float, float]:
    """Sums of squares of the two error estimates over the tolerance."""
    first, second = 0.0, 0.0
    for k in range(scale.size):
        one, other = 0.0, 0.0
        for j in range(slopes.shape[0]):
            one += errors[0, j] * slopes[j, k]
            other += errors[1, j] * slopes[j, k]
        one, other = h * one / scale[k], h * other / scale[k]
        first += one * one
        second += other * other
    return first, second


def rounding(y_new: Floats, scale: Floats) -> float:
    """Half an ulp of the new state over the tolerance."""
    total = 0.0
    for k in range(y_new.size):
        ratio = y_new[k] / scale[k]
        total += ratio * ratio
    return 0.5 * EPS * math.sqrt(total / y_new.size)


def take_step(
    rate: Rate,
    parameters: Floats,
    method: Method,
    measure: Measure,
    time: float,
    after: float,
    y: Floats,
    slopes: Floats,
    y_new: Floats,
    work: Floats,
) -> tuple[float, float, int, float]:
    """One step: its error over the tolerance, the noise of that, `failed`, and |h·λ|.

    The first of `slopes` is given. Where `fun` raised, `y_new` holds the state it raised at.
    """
    nodes, weights, errors, order = method
    last = nodes.size
    h = after - time
    stage, scale = work[0], work[1]
    for i in range(last):
        combine(y, h, weights[i], slopes, i + 1, y_new)
        fill(stage, y_new)  # f may write into what it is given
        node = after if i == last - 1 else time + nodes[i] * h
        if rate(node, stage, slopes[i + 1], parameters) != 0:
            return np.nan, 0.0, i + 1, 0.0
    scales(measure, y, y_new, stage, scale)
    value, second = squares(h, errors, slopes, scale)
    noise = measure.noise if measure.noise >= 0.0 else rounding(y_new, scale)
    if order < 8.0:
        value = math.sqrt(value / y.size)
    elif value + 0.01 * second != 0.0:
        value = value / math.sqrt((value + 0.01 * second) * y.size)
    if not value < np.inf:
        value = np.nan
    return value, noise, 0, rate_of_change(weights, slopes)


def bounded(time: float, wish: float, bound: int, bounds: Bounds) -> tuple[float, int, float]:
    """The size to try, the code of what set it, and the time it leads to."""
    size = wish
    if bounds.most < size:
        size, bound = bounds.most, BY_LIMIT
    left = bounds.direction * (bounds.end - time)
    if left < size:
        size, bound = left, BY_LIMIT + 1
    after = time + bounds.direction * size
    return size, bound, bounds.end if abs(bounds.end - after) <= bounds.miss else after


def ending(time: float, wish: float, own: bool, failed: int, reason: int, bounds: Bounds) -> int:
    """The status code after an attempt: at the end, or where the next size is too small."""
    if bounds.direction * (time - bounds.end) >= 0.0:
        return ENDPOINT
    if not own or wish > max(10.0 * np.spacing(abs(time)), bounds.least):
        return 0
    if failed != 0:
        return FAILURE
    return NOT_FINITE if reason == 2 else UNDERFLOW


def burst(
    rate: Rate,
    parameters: Floats,
    method: Method,
    law: Constants,
    bounds: Bounds,
    measure: Measure,
    rows: Rows,
) -> tuple[int, int]:
    """Fill the rows with attempts; answers how many were made and the status code they ended with.

    Every slot holds all that the next attempt depends on, so that a run can go on after any.
    """
    numbers, codes, y, rates, slopes, work = rows
    last = method.nodes.size
    time, wish = numbers[0, TIME], numbers[0, WISH]
    memory = (numbers[0, LOG_ERROR], numbers[0, LOG_SIZE])
    bound, refusals = codes[0, BOUND], codes[0, REFUSALS]
    current, status, row = 0, 0, 0
    for row in range(1, numbers.shape[0]):
        size, cause, after = bounded(time, wish, bound, bounds)
        own = slopes[row if slopes.shape[0] > 1 else 0]
        fill(own[0], rates[current])
        value, noise, failed, stability = take_step(
            rate,
            parameters,
            method,
            measure,
            time,
            after,
            y[current],
            own,
            y[row],
            work,
        )
        fresh = refusals == 0
        kept, wanted, reason, learned = next_size(
            value, noise, method.order, size, fresh, memory, law.filter, law.bounds, TOOLS
        )
        lawful = not kept or size == wish
        if kept:
            # A step that a limit cut short does not lower the law's wish.
            if size < wish and refusals == 0 and wanted < wish:
                wanted = wish
            else:
                bound = BY_LAW + reason
            fill(rates[row], own[last])
            current, time, refusals, memory = row, after, 0, learned
        else:
            bound, refusals = BY_LAW + reason, refusals + 1
        wish = wanted
        status = ending(time, wish, lawful, failed, reason, bounds)
        numbers[row, TIME], numbers[row, WISH] = time, wish
        numbers[row, LOG_ERROR], numbers[row, LOG_SIZE] = memory
        numbers[row, SIZE], numbers[row, VALUE] = size, value
        numbers[row, NOISE], numbers[row, STABILITY] = noise, stability
        codes[row, BOUND], codes[row, REFUSALS], codes[row, HERE] = bound, refusals, current
        codes[row, CAUSE], codes[row, REASON] = cause, reason
        codes[row, KEPT], codes[row, FAILED] = int(kept), failed
        if status != 0:
            break
    return row, status


def extra_slopes(
    rate: Rate,
    parameters: Floats,
    nodes: Floats,
    weights: Floats,
    times: Floats,
    sizes: Floats,
    y: Floats,
    slopes: Floats,
    work: Floats,
) -> int:
    """Fill in the slopes that only the polynomial needs, after the first ones, of many steps.

    `nodes` [e], `weights` [e, s + e]; `times`, `sizes` (signed) [m], `y` [m, n] where each step
    begins; `slopes` [m, s + e, n]. Answers 0, or the number of the step where `fun` failed.
    """
    first = weights.shape[1] - nodes.size
    for step in range(times.size):
        for i in range(nodes.size):
            combine(y[step], sizes[step], weights[i], slopes[step], first + i, work[0])
            node = times[step] + nodes[i] * sizes[step]
            if rate(node, work[0], slopes[step, first + i], parameters) != 0:
                return step + 1
    return 0


PARTS = (fill, combine, rate_of_change, scales, squares, rounding, take_step, bounded, ending)
"""What `burst` is made of, each after what it calls."""
