"""What a charged particle's state says: momentum, place, γ, 1 - v/c, proper time, work, lag."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from suite.dynamics.equation import Vector
from suite.dynamics.particles.kinematics import beta, kinetic, lorentz_factor, one_minus_speed

__all__ = ["COLUMNS", "Frame", "Motion"]

COLUMNS = (
    *("px", "py", "pz", "x", "y", "z", "gamma", "one_minus_speed"),
    *("proper_time", "work", "lag"),
)
"""The columns of a particle's table after its time."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """A particle at one time, or at m times.

    `t`, `momentum` [3], `position` [3], `velocity` [3], `gamma`, `one_minus_speed` = 1 - |v|/c,
    `kinetic_energy` = (γ - 1) m c², `proper_time` and `work` done on it since the start, and `lag`
    = c t - n·x, how far it is behind light that runs along n; with m times each has [m] behind.
    All come from the momentum without subtraction; |v| is below c to the last digit.
    """

    t: NDArray[np.float64]
    momentum: Vector
    position: Vector
    velocity: Vector
    gamma: NDArray[np.float64]
    one_minus_speed: NDArray[np.float64]
    kinetic_energy: NDArray[np.float64]
    proper_time: NDArray[np.float64]
    work: NDArray[np.float64]
    lag: NDArray[np.float64]

    def columns(self) -> Vector:
        """The values of `COLUMNS` [11] or [11, m]."""
        return np.concatenate(
            [
                self.momentum,
                self.position,
                [self.gamma, self.one_minus_speed, self.proper_time, self.work, self.lag],
            ]
        )

    def __repr__(self) -> str:
        names = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self)[:3])
        return f"Motion({names}, ...)"


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """From a particle to the state that is integrated, and back.

    `axes` [3, 3] has the followed direction as its first row; `mass` and `c` are the units.
    """

    axes: Vector
    mass: float
    c: float

    def motion(self, time: NDArray[np.float64] | float, y: Vector) -> Motion:
        """What a state [9] or states [9, m] of [u, x, τ, w, ξ] say."""
        reduced = self.axes.T @ y[:3]
        unit = self.mass * self.c
        return Motion(
            np.asarray(time, float),
            unit * reduced,
            self.axes.T @ y[3:6],
            self.c * beta(reduced),
            lorentz_factor(reduced),
            one_minus_speed(reduced),
            unit * self.c * kinetic(reduced),
            y[6],
            unit * self.c * y[7],
            y[8],
        )

    def state(self, time: float, position: Vector, momentum: Vector) -> Vector:
        """The state [9] from which a particle starts."""
        place = self.axes @ position
        reduced = self.axes @ (momentum / (self.mass * self.c))
        return np.concatenate([reduced, place, [0.0, 0.0, self.c * time - place[0]]])
