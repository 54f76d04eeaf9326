"""Solutions that end in a singularity at a finite time, and some that only seem to."""

from __future__ import annotations

import math

import numpy as np

from suite.dynamics.numbers import finite, positive
from suite.dynamics.problems.described import ODEProblem, Rate, Vector
from suite.errors import InputError

__all__ = [
    "blow_up",
    "collision",
    "exponential_blow_up",
    "exponential_growth",
    "near_miss",
    "riccati",
    "tangent",
    "weierstrass",
]

_NEAREST = 1e-7
"""The least distance of a pole whose square is more than a few ulps of 1."""


def blow_up(p: float = 2.0, factor: float = 1.0, start: float = 1.0) -> ODEProblem:
    """y' = factor · y^p from y = start: y grows like (t_s - t)^(-1/(p-1)).

    t_s = start^(1-p) / (factor (p - 1)); the span ends at 1.1 t_s. Raises `InputError` unless p > 1
    and factor and start are positive.

    >>> blow_up(3.0).singular_time
    0.5
    """
    p, factor, start = finite("p", p), positive("factor", factor), positive("start", start)
    if not p > 1.0:
        raise InputError(f"p must be above 1: y' = factor · y^p blows up for such only. Got {p!r}.")

    def fun(t: float, y: Vector) -> Vector:
        return factor * y**p

    def jacobian(t: float, y: Vector) -> Vector:
        return (factor * p) * y[:, None] ** (p - 1.0)

    time = start ** (1.0 - p) / (factor * (p - 1.0))
    return _alone("blow_up", fun, start, time, "closed form", jacobian)


def exponential_blow_up(start: float = 0.0) -> ODEProblem:
    """y' = e^y: y = -log(t_s - t), logarithmic; t_s = e^(-start).

    Raises `InputError` unless start is a finite number.
    """
    start = finite("start", start)

    def fun(t: float, y: Vector) -> Vector:
        return np.exp(y)

    def jacobian(t: float, y: Vector) -> Vector:
        return np.exp(y[:, None])

    return _alone("exponential_blow_up", fun, start, math.exp(-start), "closed form", jacobian)


def tangent() -> ODEProblem:
    """y' = 1 + y² from 0: y = tan t, with its pole at π/2."""

    def fun(t: float, y: Vector) -> Vector:
        return 1.0 + y * y

    def jacobian(t: float, y: Vector) -> Vector:
        return 2.0 * y[:, None]

    return _alone("tangent", fun, 0.0, 0.5 * math.pi, "closed form", jacobian)


def riccati() -> ODEProblem:
    """y' = y² + t² from 0: a quotient of Bessel functions, with its first pole at 2.00315."""

    def fun(t: float, y: Vector) -> Vector:
        return y * y + t * t

    def jacobian(t: float, y: Vector) -> Vector:
        return 2.0 * y[:, None]

    source = "Riccati; the first zero of u'' + t² u = 0, u(0) = 1, u'(0) = 0"
    return _alone("riccati", fun, 0.0, 2.003147359426884708004611, source, jacobian)


def weierstrass() -> ODEProblem:
    """y'' = 6 y² from y = 1, y' = 2: the double pole (1 - t)^-2, where Weierstrass's ℘ ends too."""

    def fun(t: float, y: Vector) -> Vector:
        return np.array((y[1], 6.0 * y[0] * y[0]))

    def jacobian(t: float, y: Vector) -> Vector:
        return np.array(((0.0, 1.0), (12.0 * y[0], 0.0)))

    def energy(t: float, y: Vector) -> float:
        return float(0.5 * y[1] * y[1] - 2.0 * y[0] ** 3)

    return ODEProblem(
        "weierstrass",
        fun,
        (0.0, 1.1),
        (1.0, 2.0),
        ("y", "dy"),
        "closed form",
        jacobian,
        {"energy": energy},
        1.0,
    )


def collision() -> ODEProblem:
    """x'' = -1/x² from rest at x = 1: the fall into the centre at t = π/√8, x ~ (t_s - t)^(2/3)."""

    def fun(t: float, y: Vector) -> Vector:
        return np.array((y[1], -1.0 / (y[0] * y[0])))

    def energy(t: float, y: Vector) -> float:
        return float(0.5 * y[1] * y[1] - 1.0 / y[0])

    return ODEProblem(
        "collision",
        fun,
        (0.0, 1.25),
        (1.0, 0.0),
        ("x", "v"),
        "closed form: Kepler's equation at eccentricity 1",
        invariants={"energy": energy},
        singular_time=math.pi / math.sqrt(8.0),
    )


def near_miss(distance: float = 1e-3) -> ODEProblem:
    """y = 1/((t - 1)² + distance²), whose poles pass the real axis at that distance, to t = 2.

    Raises `InputError` for a distance below 1e-7.
    """
    distance = finite("distance", distance)
    if not distance >= _NEAREST:
        raise InputError(
            f"distance must be at least {_NEAREST:g}: what y starts from, 1/(1 + distance²), does "
            f"not tell a nearer one from a pole on the axis. Got {distance!r}."
        )

    def fun(t: float, y: Vector) -> Vector:
        return (2.0 * (1.0 - t)) * y * y

    def jacobian(t: float, y: Vector) -> Vector:
        return (4.0 * (1.0 - t)) * y[:, None]

    start = 1.0 / (1.0 + distance * distance)
    return ODEProblem("near_miss", fun, (0.0, 2.0), (start,), ("y",), "closed form", jacobian)


def exponential_growth(rate: float = 1.0) -> ODEProblem:
    """y' = rate · y from 1, until y = e^100: growth without end and without a singularity.

    Raises `InputError` unless rate is positive.
    """
    rate = positive("rate", rate)

    def fun(t: float, y: Vector) -> Vector:
        return rate * y

    def jacobian(t: float, y: Vector) -> Vector:
        return np.array(((rate,),))

    return ODEProblem(
        "exponential_growth", fun, (0.0, 100.0 / rate), (1.0,), ("y",), "closed form", jacobian
    )


def _alone(
    name: str,
    fun: Rate,
    start: float,
    singular_time: float,
    source: str,
    jacobian: Rate,
) -> ODEProblem:
    """One component, asked for until a tenth beyond its singular time."""
    return ODEProblem(
        name,
        fun,
        (0.0, 1.1 * singular_time),
        (start,),
        ("y",),
        source,
        jacobian,
        singular_time=singular_time,
    )
