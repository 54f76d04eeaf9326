"""Marches with foresight laid around them, and equations whose singular time is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import numpy as np

from suite.core import ErrorControl, Status, begin, march
from suite.dynamics.equation import (
    Equation,
    Flow,
    Tolerance,
    first_size,
    guarded,
    smallest_step,
    start,
)
from suite.dynamics.methods.explicit import dop853
from suite.dynamics.watch.singularity import (
    Singularity,
    confirmed,
    foreseen,
    singularity_of,
)

RICCATI = 2.003147359426884708  # zero of J_{-3/4}(t²/2), in mpmath


class Run(NamedTuple):
    found: Singularity | None
    status: Status
    time: float
    evaluations: int
    cost: int
    ever: bool
    flow: Flow
    equation: Equation


def integrate(
    fun: Callable[..., Any],
    y0: Any,
    end: float,
    *,
    begin_at: float = 0.0,
    rtol: Any = 1e-8,
    atol: Any = None,
    scheme: Any = dop853,
    extrapolated: bool = False,
    most: int = 100_000,
) -> Run:
    """March to `end`, or to a confirmed singularity."""
    calls = [0]

    def counted(time: float, y: Any) -> Any:
        calls[0] += 1
        return fun(time, y)

    direction = 1.0 if end > begin_at else -1.0
    tolerance = Tolerance(rtol, rtol if atol is None else atol)
    equation = Equation(guarded(counted), tolerance, end, direction)
    method, law = scheme(equation), ErrorControl()
    attempt = foreseen(method.attempt, equation, extrapolated=extrapolated)
    ever = False
    with np.errstate(all="ignore"):
        flow = start(counted, begin_at, y0)
        size, _ = first_size(equation, flow, method.order)
        prepared, cost = calls[0], 0
        for made in march(
            attempt,
            begin(flow, law, size),
            law,
            lambda flow: Status.SINGULAR if confirmed(flow) else equation.until(flow),
            equation.limits,
            floor=smallest_step,
            most=most,
        ):
            cost += made.trial.cost.get("evaluations", 0)
            ever = ever or singularity_of(made.after.state) is not None
    flow = made.after.state
    found = singularity_of(flow)
    return Run(found, made.status, flow.time, calls[0] - prepared, cost, ever, flow, equation)


def power(p: float) -> tuple[Any, ...]:
    return lambda t, y: y**p, [1.0], 1.0 / (p - 1.0), 1.0 / (p - 1.0)


def elliptic() -> float:
    """The time of y'' = 6 y² from y = 1, y' = 0: the integral of 1 / (2 sqrt(y³ - 1))."""
    with mpmath.workdps(30):
        return float(mpmath.quad(lambda u: 1 / mpmath.sqrt(1 - u**6), [0, 1]))


def quadrature(slope: Callable[[Any], Any], q: float) -> float:
    """The time that y' = slope(y) takes from 1 to infinity, with y = u^-q."""
    with mpmath.workdps(30):
        return float(mpmath.quad(lambda u: q * u ** (-q - 1) / slope(u**-q), [0, 1]))


def one_of_fifty(t: float, y: Any) -> Any:
    rate = np.cos(np.arange(50.0) * t)
    rate[17] = y[17] ** 2
    return rate


CASES: dict[str, tuple[Any, ...]] = {
    **{f"y^{p}": power(p) for p in (1.2, 1.5, 2.0, 3.0, 4.0, 6.0)},
    "1 + y^2": (lambda t, y: 1.0 + y**2, [0.0], math.pi / 2, 1.0),
    "y^2 + t^2": (lambda t, y: t**2 + y**2, [0.0], RICCATI, 1.0),
    "y^2 + y": (lambda t, y: y**2 + y, [1.0], math.log(2.0), 1.0),
    "coupled": (
        lambda t, y: np.array([y[0] * y[1], y[0] * y[1]]),
        [2.0, 1.0],
        math.log(2.0),
        1.0,
    ),
    "tan beside an oscillator": (
        lambda t, y: np.array([1.0 + y[0] ** 2, y[2], -49.0 * y[1]]),
        [0.0, 50.0, 0.0],
        math.pi / 2,
        1.0,
    ),
    "100 + tau^-1/2": (lambda t, y: 0.5 * (y - 100.0) ** 3, [101.0], 1.0, 0.5),
    "downwards": (lambda t, y: -(y**2), [-1.0], 1.0, 1.0),
    "one of fifty": (one_of_fifty, np.r_[np.zeros(17), 1.0, np.zeros(32)], 1.0, 1.0),
    "6 y^2": (lambda t, y: np.array([y[1], 6.0 * y[0] ** 2]), [1.0, 0.0], elliptic(), 2.0),
    "y^2 cos t": (lambda t, y: y**2 * np.cos(t), [1.25], math.asin(0.8), 1.0),
    "complex": (lambda t, y: y**2 / (0.6 + 0.8j), [0.6 + 0.8j], 1.0, 1.0),
    "y^3 + y^2": (
        lambda t, y: y**3 + y**2,
        [1.0],
        quadrature(lambda y: y**3 + y**2, 0.5),
        0.5,
    ),
    "collision": (lambda t, y: np.array([y[1], -1.0 / y[0] ** 2]), [2.0, 0.0], math.pi, 1.0 / 3.0),
    "square-root end": (lambda t, y: -0.5 / y, [1.0], 1.0, -0.5),
}
# The project's aim for an error at these tolerances, from data to 99 % of the way.
REACH = {1e-6: 1e-6, 1e-8: 1e-7, 1e-10: 1e-8}
# Tolerance is the RMS over components, so one of fifty may have seven times the error of one.
LOOSE = {"one of fifty": 7.0, "100 + tau^-1/2": 10.0}


def kepler(t: float, y: Any) -> Any:
    return np.array([y[2], y[3], *(-y[:2] / (y[0] ** 2 + y[1] ** 2) ** 1.5)])


CLOSEST = [2.0 - 1e-8, 0.0, 0.0, math.sqrt(1e-8 / (2.0 - 1e-8))]
"""The apocentre of an eccentricity of 1 - 1e-8; the pericentre is passed at t = π."""
