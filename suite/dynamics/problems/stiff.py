"""Stiff problems: chemical kinetics and relaxation oscillations, with their Jacobians."""

from __future__ import annotations

import numpy as np

from suite.dynamics.numbers import finite
from suite.dynamics.problems.described import ODEProblem, Vector

__all__ = ["hires", "oregonator", "robertson", "van_der_pol"]

_TEST_SET = "Test Set for IVP Solvers; Hairer and Wanner, Solving ODEs II, IV.10"


def robertson() -> ODEProblem:
    """Robertson's three reactions, to t = 1e5."""

    def fun(t: float, y: Vector) -> Vector:
        a, b, c = y.tolist()
        slow, back, fast = 0.04 * a, 1e4 * b * c, 3e7 * b * b
        return np.array((back - slow, slow - back - fast, fast))

    def jacobian(t: float, y: Vector) -> Vector:
        _, b, c = y.tolist()
        u, v, w = 1e4 * c, 1e4 * b, 6e7 * b
        return np.array(((-0.04, u, v), (0.04, -u - w, -v), (0.0, w, 0.0)))

    def mass(t: float, y: Vector) -> float:
        return float(y.sum())

    return ODEProblem(
        "robertson",
        fun,
        (0.0, 1e5),
        (1.0, 0.0, 0.0),
        ("y1", "y2", "y3"),
        f"Robertson 1966; {_TEST_SET}",
        jacobian,
        {"mass": mass},
    )


def van_der_pol(mu: float = 1000.0) -> ODEProblem:
    """Van der Pol's oscillator x'' = mu (1 - x²) x' - x from (2, 0) to t = max(20, 2 mu).

    Raises `InputError` unless mu is a finite number.
    """
    mu = finite("mu", mu)

    def fun(t: float, y: Vector) -> Vector:
        x, v = y.tolist()
        return np.array((v, mu * (1.0 - x * x) * v - x))

    def jacobian(t: float, y: Vector) -> Vector:
        x, v = y.tolist()
        return np.array(((0.0, 1.0), (-2.0 * mu * x * v - 1.0, mu * (1.0 - x * x))))

    return ODEProblem(
        "van_der_pol",
        fun,
        (0.0, max(20.0, 2.0 * mu)),
        (2.0, 0.0),
        ("x", "v"),
        f"van der Pol 1926; {_TEST_SET}",
        jacobian,
    )


def hires() -> ODEProblem:
    """Eight reactions of a plant's answer to light, to t = 321.8122."""

    def fun(t: float, y: Vector) -> Vector:
        a, b, c, d, e, f, g, h = y.tolist()
        made = 280.0 * f * h
        return np.array(
            (
                -1.71 * a + 0.43 * b + 8.32 * c + 0.0007,
                1.71 * a - 8.75 * b,
                -10.03 * c + 0.43 * d + 0.035 * e,
                8.32 * b + 1.71 * c - 1.12 * d,
                -1.745 * e + 0.43 * (f + g),
                -made + 0.69 * d + 1.71 * e - 0.43 * f + 0.69 * g,
                made - 1.81 * g,
                1.81 * g - made,
            )
        )

    linear = np.zeros((8, 8))
    linear[0, :3] = -1.71, 0.43, 8.32
    linear[1, :2] = 1.71, -8.75
    linear[2, 2:5] = -10.03, 0.43, 0.035
    linear[3, 1:4] = 8.32, 1.71, -1.12
    linear[4, 4:7] = -1.745, 0.43, 0.43
    linear[5, 3:7] = 0.69, 1.71, -0.43, 0.69
    linear[6, 6], linear[7, 6] = -1.81, 1.81

    def jacobian(t: float, y: Vector) -> Vector:
        full = linear.copy()
        by_f, by_h = 280.0 * y[7], 280.0 * y[5]
        full[5, 5] -= by_f
        full[6, 5] += by_f
        full[7, 5] -= by_f
        full[5, 7] -= by_h
        full[6, 7] += by_h
        full[7, 7] -= by_h
        return full

    def enzyme(t: float, y: Vector) -> float:
        return float(y[6] + y[7])

    return ODEProblem(
        "hires",
        fun,
        (0.0, 321.8122),
        (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057),
        tuple(f"y{i}" for i in range(1, 9)),
        f"Schäfer 1975; {_TEST_SET}",
        jacobian,
        {"enzyme": enzyme},
    )


def oregonator() -> ODEProblem:
    """The Oregonator of the Belousov-Zhabotinskii reaction, to t = 360."""
    s, q, w = 77.27, 8.375e-6, 0.161

    def fun(t: float, y: Vector) -> Vector:
        a, b, c = y.tolist()
        return np.array((s * (b + a * (1.0 - q * a - b)), (c - (1.0 + a) * b) / s, w * (a - c)))

    def jacobian(t: float, y: Vector) -> Vector:
        a, b, _ = y.tolist()
        return np.array(
            (
                (s * (1.0 - 2.0 * q * a - b), s * (1.0 - a), 0.0),
                (-b / s, -(1.0 + a) / s, 1.0 / s),
                (w, 0.0, -w),
            )
        )

    return ODEProblem(
        "oregonator",
        fun,
        (0.0, 360.0),
        (1.0, 2.0, 3.0),
        ("HBrO2", "Br-", "Ce(IV)"),
        f"Field and Noyes 1974; {_TEST_SET}",
        jacobian,
    )
