"""Oscillating, periodic and chaotic problems that are neither stiff nor singular."""

from __future__ import annotations

import math

import numpy as np

from suite.dynamics.numbers import finite, positive
from suite.dynamics.problems.described import ODEProblem, Vector

__all__ = ["brusselator", "harmonic_oscillator", "lorenz", "lotka_volterra", "rigid_body"]


def harmonic_oscillator(omega: float = 1.0) -> ODEProblem:
    """x'' = -omega² x from x = 1 at rest, ten periods: x = cos(omega t).

    Raises `InputError` unless omega is positive.
    """
    omega = positive("omega", omega)

    def fun(t: float, y: Vector) -> Vector:
        x, v = y.tolist()
        return np.array((v, -omega * omega * x))

    def jacobian(t: float, y: Vector) -> Vector:
        return np.array(((0.0, 1.0), (-omega * omega, 0.0)))

    def energy(t: float, y: Vector) -> float:
        x, v = y.tolist()
        return 0.5 * (v * v + omega * omega * x * x)

    return ODEProblem(
        "harmonic_oscillator",
        fun,
        (0.0, 20.0 * math.pi / omega),
        (1.0, 0.0),
        ("x", "v"),
        "closed form",
        jacobian,
        {"energy": energy},
    )


def lorenz(sigma: float = 10.0, rho: float = 28.0, beta: float = 8.0 / 3.0) -> ODEProblem:
    """Lorenz's chaotic convection from (1, 1, 1) to t = 10.

    Raises `InputError` unless all parameters are finite numbers.
    """
    sigma, rho, beta = finite("sigma", sigma), finite("rho", rho), finite("beta", beta)

    def fun(t: float, y: Vector) -> Vector:
        a, b, c = y.tolist()
        return np.array((sigma * (b - a), a * (rho - c) - b, a * b - beta * c))

    def jacobian(t: float, y: Vector) -> Vector:
        a, b, c = y.tolist()
        return np.array(((-sigma, sigma, 0.0), (rho - c, -1.0, -a), (b, a, -beta)))

    return ODEProblem(
        "lorenz",
        fun,
        (0.0, 10.0),
        (1.0, 1.0, 1.0),
        ("x", "y", "z"),
        "Lorenz, J. Atmos. Sci. 20, 130 (1963)",
        jacobian,
    )


def brusselator(a: float = 1.0, b: float = 3.0) -> ODEProblem:
    """The Brusselator's limit cycle from (1.5, 3) to t = 20.

    Raises `InputError` unless a and b are finite numbers.
    """
    a, b = finite("a", a), finite("b", b)

    def fun(t: float, y: Vector) -> Vector:
        u, v = y.tolist()
        made = u * u * v
        return np.array((a + made - (b + 1.0) * u, b * u - made))

    def jacobian(t: float, y: Vector) -> Vector:
        u, v = y.tolist()
        return np.array(((2.0 * u * v - b - 1.0, u * u), (b - 2.0 * u * v, -u * u)))

    return ODEProblem(
        "brusselator",
        fun,
        (0.0, 20.0),
        (1.5, 3.0),
        ("u", "v"),
        "Lefever and Nicolis 1971; Hairer, Nørsett and Wanner, Solving ODEs I, I.16",
        jacobian,
    )


def lotka_volterra() -> ODEProblem:
    """Prey u' = u (1 - v) and predators v' = v (u - 1) from (3, 1) to t = 30."""

    def fun(t: float, y: Vector) -> Vector:
        u, v = y.tolist()
        return np.array((u * (1.0 - v), v * (u - 1.0)))

    def kept(t: float, y: Vector) -> float:
        u, v = y.tolist()
        return u - math.log(u) + v - math.log(v)

    return ODEProblem(
        "lotka_volterra",
        fun,
        (0.0, 30.0),
        (3.0, 1.0),
        ("u", "v"),
        "Lotka 1925; Volterra 1926",
        invariants={"first_integral": kept},
    )


def rigid_body() -> ODEProblem:
    """Euler's equations of a free rigid body, to t = 20: Jacobi's sn, cn and dn for k² = 0.51."""

    def fun(t: float, y: Vector) -> Vector:
        a, b, c = y.tolist()
        return np.array((b * c, -a * c, -0.51 * a * b))

    def first(t: float, y: Vector) -> float:
        a, b, _ = y.tolist()
        return a * a + b * b

    def second(t: float, y: Vector) -> float:
        a, _, c = y.tolist()
        return 0.51 * a * a + c * c

    return ODEProblem(
        "rigid_body",
        fun,
        (0.0, 20.0),
        (0.0, 1.0, 1.0),
        ("y1", "y2", "y3"),
        "Hull, Enright, Fellen and Sedgwick, SIAM J. Numer. Anal. 9, 603 (1972), B5",
        invariants={"energy": second, "angular_momentum": first},
    )
