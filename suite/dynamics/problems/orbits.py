"""Orbits: two bodies, three, seven, and a spacecraft between the earth and the moon; G = 1."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from suite.dynamics.numbers import finite
from suite.dynamics.problems.described import Invariant, ODEProblem, Rate, Vector
from suite.errors import InputError

__all__ = ["arenstorf", "figure_eight", "kepler", "pleiades"]

_PLANAR = ("x", "y", "vx", "vy")


def kepler(eccentricity: float = 0.6) -> ODEProblem:
    """The Kepler orbit of semi-major axis 1 about a unit mass, from pericentre; its period is 2π.

    Raises `InputError` unless 0 <= eccentricity < 1.

    >>> kepler(0.9).y0[0]
    0.09999999999999998
    """
    eccentricity = finite("eccentricity", eccentricity)
    if not 0.0 <= eccentricity < 1.0:
        raise InputError(
            f"The eccentricity of a closed orbit lies in [0, 1). Got {eccentricity!r}."
        )

    def fun(t: float, y: Vector) -> Vector:
        x, z, u, v = y.tolist()
        attraction = -((x * x + z * z) ** -1.5)
        return np.array((u, v, attraction * x, attraction * z))

    def jacobian(t: float, y: Vector) -> Vector:
        x, z, _, _ = y.tolist()
        square = x * x + z * z
        cube, fifth = square**-1.5, 3.0 * square**-2.5
        cross = fifth * x * z
        return np.array(
            (
                (0.0, 0.0, 1.0, 0.0),
                (0.0, 0.0, 0.0, 1.0),
                (fifth * x * x - cube, cross, 0.0, 0.0),
                (cross, fifth * z * z - cube, 0.0, 0.0),
            )
        )

    def energy(t: float, y: Vector) -> float:
        x, z, u, v = y.tolist()
        return 0.5 * (u * u + v * v) - 1.0 / math.hypot(x, z)

    def angular_momentum(t: float, y: Vector) -> float:
        x, z, u, v = y.tolist()
        return x * v - z * u

    speed = math.sqrt((1.0 + eccentricity) / (1.0 - eccentricity))
    return ODEProblem(
        "kepler",
        fun,
        (0.0, 100.0),
        (1.0 - eccentricity, 0.0, 0.0, speed),
        _PLANAR,
        "Kepler 1609; Hairer, Nørsett and Wanner, Solving ODEs I, II.10",
        jacobian,
        {"energy": energy, "angular_momentum": angular_momentum},
    )


def arenstorf() -> ODEProblem:
    """The restricted three-body orbit of Arenstorf, one period, with its Jacobi integral."""
    moon = 0.012277471
    earth = 1.0 - moon

    def fun(t: float, y: Vector) -> Vector:
        x, z, u, v = y.tolist()
        a, b = x + moon, x - earth
        square = z * z
        first = earth * (a * a + square) ** -1.5
        second = moon * (b * b + square) ** -1.5
        return np.array(
            (u, v, x + 2.0 * v - first * a - second * b, z - 2.0 * u - (first + second) * z)
        )

    def jacobi(t: float, y: Vector) -> float:
        x, z, u, v = y.tolist()
        potential = earth / math.hypot(x + moon, z) + moon / math.hypot(x - earth, z)
        return x * x + z * z + 2.0 * potential - u * u - v * v

    return ODEProblem(
        "arenstorf",
        fun,
        (0.0, 17.0652165601579625588917206249),
        (0.994, 0.0, 0.0, -2.00158510637908252240537862224),
        _PLANAR,
        "Arenstorf 1963; Hairer, Nørsett and Wanner, Solving ODEs I, II.0",
        invariants={"jacobi": jacobi},
    )


def pleiades() -> ODEProblem:
    """Seven bodies of masses 1 to 7 in the plane, with close encounters, to t = 3."""
    x0 = (3.0, 3.0, -1.0, -3.0, 2.0, -2.0, 2.0)
    y0 = (3.0, -3.0, 2.0, 0.0, 0.0, -4.0, 4.0)
    u0 = (0.0, 0.0, 0.0, 0.0, 0.0, 1.75, -1.5)
    v0 = (0.0, 0.0, 0.0, -1.25, 1.0, 0.0, 0.0)
    return _planar(
        "pleiades",
        tuple(range(1, 8)),
        (*x0, *y0, *u0, *v0),
        3.0,
        "Hairer, Nørsett and Wanner, Solving ODEs I, II.10; Test Set for IVP Solvers",
    )


def figure_eight() -> ODEProblem:
    """Three equal masses that chase each other along an eight, one period."""
    x, y = 0.97000436, -0.24308753
    u, v = 0.93240737 / 2.0, 0.86473146 / 2.0
    return _planar(
        "figure_eight",
        (1.0, 1.0, 1.0),
        (x, -x, 0.0, y, -y, 0.0, u, u, -2.0 * u, v, v, -2.0 * v),
        6.32591398,
        "Chenciner and Montgomery 2000, with Simó's initial values",
    )


def _planar(
    name: str, masses: Sequence[float], y0: tuple[float, ...], end: float, source: str
) -> ODEProblem:
    """Bodies that attract each other in the plane: y = (x [n], y [n], vx [n], vy [n])."""
    n = len(masses)
    names = [f"{axis}{i}" for axis in _PLANAR for i in range(1, n + 1)]
    return ODEProblem(
        name,
        _attraction(np.array(masses, float)),
        (0.0, end),
        y0,
        tuple(names),
        source,
        invariants=_of_motion(np.array(masses, float)),
    )


def _attraction(masses: Vector) -> Rate:
    n = len(masses)
    # A body attracts itself with the distance 0 times the inverse cube of 1.
    itself = np.eye(n)

    def fun(t: float, y: Vector) -> Vector:
        places = y[: 2 * n].reshape(2, n)
        apart = places[:, None, :] - places[:, :, None]
        squares = apart * apart
        cubes = (squares[0] + squares[1] + itself) ** -1.5
        rates = np.empty_like(y)
        rates[: 2 * n] = y[2 * n :]
        rates[2 * n :] = ((apart * cubes) @ masses).ravel()
        return rates

    return fun


def _of_motion(masses: Vector) -> dict[str, Invariant]:
    n = len(masses)
    first, second = np.triu_indices(n, 1)
    pairs = masses[first] * masses[second]

    def energy(t: float, y: Vector) -> float:
        x, z, u, v = y.reshape(4, n)
        apart = np.hypot(x[first] - x[second], z[first] - z[second])
        return float(0.5 * masses @ (u * u + v * v) - (pairs / apart).sum())

    def angular_momentum(t: float, y: Vector) -> float:
        x, z, u, v = y.reshape(4, n)
        return float(masses @ (x * v - z * u))

    def momentum(axis: int) -> Invariant:
        def along(t: float, y: Vector) -> float:
            return float(masses @ y.reshape(4, n)[2 + axis])

        return along

    return {
        "energy": energy,
        "angular_momentum": angular_momentum,
        "momentum_x": momentum(0),
        "momentum_y": momentum(1),
    }
