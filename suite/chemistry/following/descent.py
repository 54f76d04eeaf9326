"""Steepest descent on a surrogate surface, integrated on the core's march.

dx/dt = -g is followed with an exponential Rosenbrock step: exact for a quadratic valley, however
stiff, and of third order beyond: Hochbruck, Ostermann and Schweitzer, SIAM J. Numer. Anal. 47, 786
(2009), exprb32. The arc length is the integral of |g|.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from suite.chemistry.following.surrogate import Local
from suite.core import INTEGRAL, ErrorControl, Signal, Status, Step, Trial, begin, march

__all__ = ["Descent", "descend"]

Vector = NDArray[np.float64]

LAW = ErrorControl(filter=INTEGRAL)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)
_MOST = 1000


class Descent(NamedTuple):
    """A point of the path on the surrogate: `x` [n], `arc_length` from the start, the surface."""

    x: Vector
    arc_length: float
    local: Local
    values: Vector
    vectors: Vector
    components: Vector


def descend(
    surface: Callable[[Vector], Local],
    x: Vector,
    length: float,
    *,
    tolerance: float,
    slope: Callable[[Vector], Vector] | None = None,
    arrived: Callable[[Descent], bool] = lambda point: False,
) -> list[Descent]:
    """The path of steepest descent from x [n], of a given arc length, as points with the surface.

    `surface` answers energy, gradient and Hessian in mass-weighted coordinates, `slope` the
    gradient alone where that is cheaper; `tolerance` is the error of one step, amu^1/2 bohr. It
    ends earlier where `arrived` says so, and in a minimum.

    >>> bowl = lambda x: Local(float(x @ x), 2 * x, 2 * np.eye(2))
    >>> points = descend(bowl, np.array([1.0, 0.0]), 0.5, tolerance=1e-8)
    >>> points[-1].x.round(9), round(points[-1].arc_length, 9)
    (array([0.5, 0. ]), 0.5)
    """

    gradient = slope or (lambda x: surface(x).gradient)

    def attempt(point: Descent, step: Step) -> Trial:
        time, walked = _within(point, step.size, length - point.arc_length)
        straight = -_along(point, time, 1) * point.components * time
        reached = point.x + point.vectors @ straight
        linear = point.local.gradient + point.local.hessian @ (point.vectors @ straight)
        missed = point.vectors.T @ (gradient(reached) - linear)
        correction = point.vectors @ (-2.0 * time * _along(point, time, 3) * missed)
        after = _point(surface, reached + correction, point.arc_length + walked)
        error = float(np.linalg.norm(correction)) / tolerance
        return Trial(
            after,
            {"error": Signal(error, order=3)},
            {},
            size=time if time < step.size else None,
        )

    def until(point: Descent) -> int:
        over = (
            point.arc_length >= length * (1.0 - 1e-9) or np.linalg.norm(point.local.gradient) < 1e-9
        )
        return Status.ENDPOINT if over or arrived(point) else Status.RUNNING

    start = _point(surface, x, 0.0)
    stiffest = float(np.max(np.abs(start.values)))
    speed = float(np.linalg.norm(start.local.gradient))
    first = min(1.0 / max(stiffest, 1e-12), 0.1 * length / max(speed, 1e-12))
    run = march(attempt, begin(start, LAW, first), LAW, until, most=_MOST)
    return [made.after.state for made in run if not made.refused]


def _point(surface: Callable[[Vector], Local], x: Vector, arc_length: float) -> Descent:
    local = surface(x)
    values, vectors = np.linalg.eigh(local.hessian)
    return Descent(x, arc_length, local, values, vectors, vectors.T @ local.gradient)


def _along(point: Descent, time: float, order: int) -> Vector:
    """φ₁ or φ₃ of -λt: what an exponential integrator weighs slopes with."""
    z = -point.values * time
    small = np.abs(z) < 1e-2
    safe = np.where(small, 1.0, np.minimum(z, 500.0))
    if order == 1:
        return np.where(small, 1.0 + z / 2.0 + z * z / 6.0 + z**3 / 24.0, np.expm1(safe) / safe)
    exact = (np.expm1(safe) - safe - safe * safe / 2.0) / safe**3
    return np.where(small, 1.0 / 6.0 + z / 24.0 + z * z / 120.0 + z**3 / 720.0, exact)


def _arc_length(point: Descent, time: float) -> float:
    """The integral of |g| over the quadratic model, by Gauss-Legendre in halves of a decay."""
    fastest = 2.0 / max(float(np.max(np.abs(point.values))), 1e-12)
    count = max(1, int(np.ceil(np.log2(1.0 + time / fastest))))
    edges = time * (2.0 ** np.arange(count + 1) - 1.0) / (2.0**count - 1.0)
    half = 0.5 * np.diff(edges)
    times = (edges[:-1, None] + half[:, None] * (1.0 + _NODES)).ravel()
    left = point.components * np.exp(np.minimum(-np.outer(times, point.values), 300.0))
    speeds = np.sqrt(np.einsum("tn,tn->t", left, left)).reshape(count, -1)
    return float(half @ (speeds @ _WEIGHTS))


def _within(point: Descent, time: float, length: float) -> tuple[float, float]:
    """The time itself, or that at which the arc length is used up; and the arc length walked."""
    walked = _arc_length(point, time)
    if walked <= length:
        return time, walked
    used = brentq(lambda t: _arc_length(point, t) - length, 0.0, time, xtol=1e-300, rtol=1e-11)
    return float(used), length
