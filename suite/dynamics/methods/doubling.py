"""Step doubling: an error estimate and one more order for any one-step method."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from suite.core import Step, Trial
from suite.dynamics.equation import Equation, Flow, Rate, Scheme, Vector
from suite.errors import AttemptFailed

__all__ = ["classical", "step_doubling"]

Advance: TypeAlias = Callable[[Rate, float, Vector, float], Vector]
"""`advance(fun, t, y, h)`: one step, the new y."""


def step_doubling(advance: Advance, order: int, equation: Equation) -> Scheme:
    """Any one-step method with an error estimate: one step against two halves, extrapolated.

    `advance(fun, t, y, h)` takes one step of the given order. The kept value is the extrapolation
    of both (Hairer, Nørsett and Wanner, Solving ODEs I, II.4), the signal `error`, of order
    `order` + 1, their difference over 2^order - 1. The polynomial is Hermite's of degree 5 on both
    ends and the middle; it costs one evaluation.

    >>> from suite.dynamics.equation import Tolerance, start
    >>> equation = Equation(lambda t, y: -y, Tolerance(1e-6), end=1.0)
    >>> trial = step_doubling(classical, 4, equation).attempt(
    ...     start(equation.fun, 0.0, [1.0]), Step(0.1)
    ... )
    >>> abs(trial.state.y[0] - np.exp(-0.1)) < 1e-9, trial.cost
    (np.True_, {'evaluations': 11})
    """
    share = 1.0 / (2.0**order - 1.0)

    def attempt(flow: Flow, step: Step) -> Trial:
        calls = 0

        def fun(time: float, y: Vector) -> Vector:
            nonlocal calls
            if y is flow.y and time == flow.time:
                return flow.rate  # the first slope of the whole and of the first half
            calls += 1
            return equation.fun(time, y)

        time, y = flow.time, flow.y
        after = equation.arrive(time, step.size)
        h = after - time
        try:
            whole = advance(fun, time, y, h)
            middle = advance(fun, time, y, h / 2.0)
            halves = advance(fun, time + h / 2.0, middle, h / 2.0)
            difference = share * (halves - whole)
            y_new = halves + difference
            rate = np.array(fun(after, y_new), y.dtype)
        except AttemptFailed as failure:
            raise AttemptFailed(str(failure), {"evaluations": calls}) from failure
        signal = equation.tolerance.error(difference, y, y_new, order + 1)
        if not np.isfinite(y_new).all():
            signal = signal._replace(value=math.nan)
        # The first half made half of the error of both.
        stages = (middle + 0.5 * difference)[None]
        state = Flow(after, y_new, rate, stages, {**flow.memory})
        return Trial(state, {"error": signal}, {"evaluations": calls}, notes={})

    def dense(before: Flow, after: Flow) -> tuple[Vector, int]:
        return _quintic(equation, before, after), 1

    return Scheme("doubling", order + 1, attempt, dense)


def _quintic(equation: Equation, before: Flow, after: Flow) -> Vector:
    """Powers of θ [5, n] of Hermite's polynomial through the state and rate at 0, 1/2 and 1."""
    h = after.time - before.time
    middle = after.stages[0]
    first, last = h * before.rate, h * after.rate
    middle_rate = h * equation.fun(before.time + 0.5 * h, middle)
    half, whole = middle - before.y, after.y - before.y
    rows = np.array([first, half, middle_rate, whole, last])
    return _HERMITE.dot(rows)


# The inverse of the conditions: rate at 0, value and rate at 1/2, value and rate at 1.
_HERMITE = np.array(
    [
        [1.0, 0.0, 0.0, 0.0, 0.0],
        [-6.0, 16.0, -8.0, 7.0, -1.0],
        [13.0, -32.0, 32.0, -34.0, 5.0],
        [-12.0, 16.0, -40.0, 52.0, -8.0],
        [4.0, 0.0, 16.0, -24.0, 4.0],
    ]
)


def classical(fun: Rate, time: float, y: Vector, h: float) -> Vector:
    """One step of the classical Runge-Kutta method of order 4 (Kutta 1901)."""
    k1 = fun(time, y)
    k2 = fun(time + h / 2, y + h / 2 * k1)
    k3 = fun(time + h / 2, y + h / 2 * k2)
    k4 = fun(time + h, y + h * k3)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
