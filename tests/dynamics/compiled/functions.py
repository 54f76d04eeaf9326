"""Compiled right-hand sides, and their runs by the core's march and in machine code."""

from types import SimpleNamespace

import numpy as np
import pytest

from suite.core import begin, march
from suite.dynamics.compiled import (
    ahead_of,
    march_ahead,
)
from suite.dynamics.equation import (
    Equation,
    Tolerance,
    first_size,
    guarded,
    smallest_step,
    start,
)

numba = pytest.importorskip("numba")


@numba.njit
def kepler(t, y):
    cube = (y[0] * y[0] + y[1] * y[1]) ** -1.5
    return np.array([y[2], y[3], -y[0] * cube, -y[1] * cube])


@numba.njit
def lorenz(t, y):
    return 10.0 * (y[1] - y[0]), y[0] * (28.0 - y[2]) - y[1], y[0] * y[1] - 8.0 / 3.0 * y[2]


@numba.njit
def pushed(t, y, rate, push):
    return push - rate * y


@numba.njit
def square(t, y):
    return y * y


@numba.njit
def falling(t, y):
    """y = 1 - t; there is nothing below zero."""
    if y[0] < 0.0:
        raise ValueError("negative")
    return np.array([-1.0])


@numba.njit
def broken(t, y):
    return np.array([1.0]) if t < 0.5 else np.array([np.nan])


ORBIT = [0.4, 0.0, 0.0, 2.0]  # e = 0.6, period 2 pi


def prepared(fun, y0, end, tolerance, method="DOP853", args=(), **options):
    """A run ready to start: its equation, what runs ahead, the first attempt."""
    call = (lambda t, y: fun(t, y, *args)) if args else fun
    if not isinstance(tolerance, Tolerance):
        tolerance = Tolerance(tolerance, tolerance)
    equation = Equation(guarded(call), tolerance, end, 1.0 if end > 0.0 else -1.0)
    ahead = ahead_of(fun, equation, method, args=args, **options)
    flow = start(equation.fun, 0.0, y0)
    size, _ = first_size(equation, flow, ahead.base.order)
    first = begin(flow, ahead.law, size, cost={"evaluations": 2})
    return SimpleNamespace(equation=equation, ahead=ahead, first=first)


def by_march(run, around=lambda attempt: attempt):
    """The attempts of the core's march, in Python."""
    equation = run.equation

    def limits(flow):
        return {"max_step": run.ahead.most, **equation.limits(flow)}

    attempt, until = around(run.ahead.base.attempt), equation.until
    with np.errstate(all="ignore"):
        law = run.ahead.law
        return list(march(attempt, run.first, law, until, limits, floor=smallest_step))


def made_ahead(run, where=None, around=lambda attempt: attempt, **options):
    """The attempts made ahead, from the first one or from a point."""
    attempt, equation = around(run.ahead.scheme.attempt), run.equation
    until, where = equation.until, where or run.first
    with np.errstate(all="ignore"):
        walk = march_ahead(
            run.ahead, attempt, where, until, equation.limits, floor=smallest_step, **options
        )
        return list(walk)


def verdicts(attempts):
    return [
        (one.number, one.accept, one.bound, one.refused, one.status, dict(one.trial.cost))
        for one in attempts
    ]


def everything(attempt):
    """All that an attempt says and leaves behind, to the bit."""
    point = attempt.after
    arrays = (point.state.y, point.state.rate, np.array(point.memory, float))
    return (
        *verdicts([attempt])[0],
        *(attempt.step, attempt.phase, point.step, point.bound, point.phase, point.state.time),
        *(array.tobytes() for array in arrays),
    )
