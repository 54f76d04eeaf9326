"""One-step methods for y' = f(t, y), as `attempt` functions of the core.

Each integrator takes the right-hand side and a tolerance and answers `attempt(state, step)`; the
control law, the loop and the record are the core's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from suite.core import Signal, Status, Step, Trial

__all__ = ["Flow", "Tolerance", "dormand_prince", "end_at", "smallest_step", "step_doubling"]

Vector: TypeAlias = NDArray[np.float64]
Rate: TypeAlias = Callable[[float, Vector], Vector]

EPS = float(np.finfo(float).eps)


class Flow(NamedTuple):
    """A point of a trajectory: time, state y [n] and its rate f(t, y) [n]."""

    time: float
    y: Vector
    rate: Vector


class Tolerance(NamedTuple):
    """Allowed error of one step: `absolute` + `relative` · |y|, by component or for all."""

    relative: float
    absolute: float | Vector = 0.0

    def error(self, difference: Vector, y: Vector, y_new: Vector, order: float) -> Signal:
        """The RMS of an error estimate over its tolerance, and the rounding in it.

        The rounding is that of the update itself, half an ulp of y in each component.
        """
        largest = np.maximum(np.abs(y), np.abs(y_new))
        scale = self.absolute + self.relative * largest
        scaled, relative = difference / scale, largest / scale
        # sqrt(a·a/n) is the number that np.linalg.norm gives, at a third of its time.
        value = np.sqrt(scaled.dot(scaled) / scaled.size)
        rounding = 0.5 * EPS * np.sqrt(relative.dot(relative) / relative.size)
        return Signal(value, rounding, order)


# Dormand and Prince, J. Comput. Appl. Math. 6, 19 (1980), RK5(4)7M.
_NODES = (1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0)
# Rows of weights on the seven slopes: stages two to six, the new value, the error.
_WEIGHTS = np.array(
    [
        [1 / 5, 0, 0, 0, 0, 0, 0],
        [3 / 40, 9 / 40, 0, 0, 0, 0, 0],
        [44 / 45, -56 / 15, 32 / 9, 0, 0, 0, 0],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0, 0, 0],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0, 0],
        [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0],
        [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40],
    ]
)


def dormand_prince(
    fun: Rate,
    tolerance: Tolerance,
    watch: Mapping[str, Callable[[Flow, Flow], Signal]] | None = None,
) -> Callable[[Flow, Step], Trial]:
    """The embedded Runge-Kutta pair of orders 5(4) of Dormand and Prince, as an attempt.

    Shows the signal `error` of order 5, and one more for each function of `watch`, called with the
    points before and after the step. Costs six evaluations (the seventh is the next step's first).

    >>> attempt = dormand_prince(lambda t, y: -y, Tolerance(1e-6))
    >>> trial = attempt(Flow(0.0, np.ones(1), -np.ones(1)), Step(0.1))
    >>> abs(trial.state.y[0] - np.exp(-0.1)) < 1e-9
    np.True_
    """

    cost = {"evaluations": 6}

    def attempt(state: Flow, step: Step) -> Trial:
        time, y, rate = state
        h = step.size
        *stages, update, error = h * _WEIGHTS
        slopes = np.zeros((7, y.size))
        slopes[0] = rate
        for i, (weights, node) in enumerate(zip(stages, _NODES, strict=True), 1):
            slopes[i] = fun(time + node * h, y + weights.dot(slopes))
        y_new = y + update.dot(slopes)
        slopes[6] = rate_new = fun(time + h, y_new)
        after = Flow(time + h, y_new, rate_new)
        evidence = {"error": tolerance.error(error.dot(slopes), y, y_new, 5)}
        if watch:
            for name, look in watch.items():
                evidence[name] = look(state, after)
        return Trial(after, evidence, cost)

    return attempt


def step_doubling(
    advance: Callable[[Rate, float, Vector, float], tuple[Vector, int]],
    order: int,
    fun: Rate,
    tolerance: Tolerance,
) -> Callable[[Flow, Step], Trial]:
    """Any one-step method with an error estimate: one step against two halves, extrapolated.

    `advance(fun, t, y, h)` takes one step of the given order and answers the new y and the
    evaluations it cost. The kept value is the extrapolation of both (Hairer, Nørsett and Wanner,
    Solving ODEs I, II.4), the signal `error` their difference over 2^order - 1.
    """

    def attempt(state: Flow, step: Step) -> Trial:
        time, y, _ = state
        h = step.size
        whole, cost = advance(fun, time, y, h)
        middle, cost_first = advance(fun, time, y, h / 2)
        halves, cost_second = advance(fun, time + h / 2, middle, h / 2)
        difference = (halves - whole) / (2.0**order - 1.0)
        y_new = halves + difference
        after = Flow(time + h, y_new, fun(time + h, y_new))
        evidence = {"error": tolerance.error(difference, y, y_new, order + 1)}
        return Trial(after, evidence, {"evaluations": cost + cost_first + cost_second + 1})

    return attempt


def classical(fun: Rate, time: float, y: Vector, h: float) -> tuple[Vector, int]:
    """One step of the classical Runge-Kutta method of order 4 (Kutta 1901)."""
    k1 = fun(time, y)
    k2 = fun(time + h / 2, y + h / 2 * k1)
    k3 = fun(time + h / 2, y + h / 2 * k2)
    k4 = fun(time + h, y + h * k3)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), 4


def end_at(time: float) -> tuple[Callable[[Flow], int], Callable[[Flow], dict[str, float]]]:
    """The `until` and `limits` of a trajectory that ends exactly at a time."""

    def until(state: Flow) -> int:
        return Status.ENDPOINT if state.time >= time else Status.RUNNING

    def limits(state: Flow) -> dict[str, float]:
        return {"end": time - state.time}

    return until, limits


def smallest_step(state: Flow) -> float:
    """The size below which a step no longer moves the time: ten ulps of it."""
    return 10.0 * math.ulp(state.time)


def start(fun: Rate, time: float, y: Any) -> Flow:
    """The first point of a trajectory."""
    y = np.array(y, float)
    return Flow(time, y, fun(time, y))
