"""Relativistic kinematics from the momentum, where nothing is lost however near to light.

All take the reduced momentum u = p / (m c) [3] or [3, m], and none subtracts two numbers that are
nearly equal: a speed near 1 holds γ = 1e6 to four digits only, a momentum holds it to sixteen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.dynamics.equation import EPS

__all__ = ["beta", "kinetic", "lorentz_factor", "one_minus_speed"]

Numbers = NDArray[np.float64]

_FASTEST = 1.0 - 8.0 * EPS
"""The largest |v|/c answered: a norm of three rounded components cannot round up to 1 from here."""


def _norm(reduced: Any) -> Any:
    return np.hypot(np.hypot(reduced[0], reduced[1]), reduced[2])


def lorentz_factor(reduced: ArrayLike) -> Any:
    """γ = sqrt(1 + u²).

    >>> float(lorentz_factor([0.0, 0.75, 0.0]))
    1.25
    """
    return np.hypot(1.0, _norm(np.asarray(reduced, float)))


def kinetic(reduced: ArrayLike) -> Any:
    """γ - 1 = u² / (γ + 1), the kinetic energy over m c².

    >>> float(kinetic([1e-9, 0.0, 0.0]))
    5e-19
    """
    u = _norm(np.asarray(reduced, float))
    return u * (u / (np.hypot(1.0, u) + 1.0))


def one_minus_speed(reduced: ArrayLike) -> Any:
    """1 - |v|/c = 1 / (γ (γ + u)).

    >>> float(one_minus_speed([1e6, 0.0, 0.0]))
    4.99999999999625e-13
    """
    u = _norm(np.asarray(reduced, float))
    gamma = np.hypot(1.0, u)
    return 1.0 / gamma / (gamma + u)


def beta(reduced: ArrayLike) -> Any:
    """v / c = u / γ, of a norm that is below 1 however it is summed.

    From γ = 1.7e7 on the norm stays at 1 - 8 ulps; `one_minus_speed` then has the truth.

    >>> bool(np.linalg.norm(beta([3e11, 2e11, 1e11])) < 1.0)
    True
    """
    reduced = np.asarray(reduced, float)
    u = _norm(reduced)
    moving = np.where(u > 0.0, u, 1.0)
    return reduced / moving * np.minimum(u / np.hypot(1.0, u), _FASTEST)
