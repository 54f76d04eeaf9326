"""The solution between the steps: one polynomial a step, as a function of time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.dynamics.equation import Vector
from suite.errors import InputError

__all__ = ["Trajectory", "along"]


class Trajectory:
    """y(t) over a whole run: called with a time it gives [n], with times [k] an array [n, k].

    `times` [m] are the ends of the steps, `states` [m, n] the solution there, `polynomials` one
    array [d, n] a step: y = states[i] + Σ c[k] θ^(k+1), θ the fraction of step i. Times outside
    of the run are refused, since no polynomial was measured there.

    >>> line = Trajectory([0.0, 2.0], [[1.0], [5.0]], [np.array([[4.0]])])
    >>> line(0.5), line([0.0, 2.0])
    (array([2.]), array([[1., 5.]]))
    """

    def __init__(self, times: ArrayLike, states: ArrayLike, polynomials: Sequence[Vector]) -> None:
        self.times = np.asarray(times, float)
        self.states = np.asarray(states)
        degree = max((len(part) for part in polynomials), default=0)
        shape = (len(polynomials), degree, self.states.shape[1])
        self._powers = np.zeros(shape, self.states.dtype)
        for row, part in zip(self._powers, polynomials, strict=True):
            row[: len(part)] = part

    @property
    def t_min(self) -> float:
        """The earliest time."""
        return float(min(self.times[0], self.times[-1]))

    @property
    def t_max(self) -> float:
        """The latest time."""
        return float(max(self.times[0], self.times[-1]))

    def __call__(self, time: ArrayLike) -> Vector:
        asked = np.atleast_1d(np.asarray(time, float))
        self._check(asked)
        if not len(self._powers):
            values = np.repeat(self.states[:1].T, len(asked), axis=1)
        else:
            values = self._values(asked).T
        return values[:, 0] if np.ndim(time) == 0 else values

    def _check(self, asked: NDArray[np.float64]) -> None:
        outside = ~((asked >= self.t_min) & (asked <= self.t_max))
        if outside.any():
            raise InputError(
                f"The run covers times from {self.t_min:.12g} to {self.t_max:.12g}. "
                f"Got {asked[outside][0]:.12g}."
            )

    def _values(self, asked: NDArray[np.float64]) -> Vector:
        sign = 1.0 if self.times[-1] >= self.times[0] else -1.0
        step = np.searchsorted(sign * self.times, sign * asked, side="right") - 1
        step = np.minimum(step, len(self._powers) - 1)
        start = self.times[step]
        theta = ((asked - start) / (self.times[step + 1] - start))[:, None]
        values = along(self._powers[step].swapaxes(0, 1), theta, self.states[step])
        values[asked == self.times[-1]] = self.states[-1]
        return values


def along(powers: Vector, theta: NDArray[np.float64] | float, y: Vector) -> Vector:
    """A step's polynomial at fractions of it: y + Σ powers[k] θ^(k+1), by Horner's rule.

    >>> along(np.array([[1.0], [2.0]]), 0.5, np.array([10.0]))
    array([11.])
    """
    total = powers[-1] * theta
    for power in powers[-2::-1]:
        total = (total + power) * theta
    return y + total
