"""The closed form of the motion of two bodies on an ellipse.

Murray and Dermott, Solar System Dynamics, chapter 2. It is worked out in extended precision where
the machine has it, so that after thousands of periods its phase is better than what it judges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Elements", "elements_of", "passages_of"]

Floats = NDArray[np.float64]
Extended = NDArray[np.longdouble]

_NEWTON_STEPS = 60
_ROUND = 1e-8
"""Eccentricity below which rounding places the pericentre: it then has no direction or time."""
_SOON = 1e-9
"""Share of a period by which a passage is missed: after the start it is the start itself and does
not count, before the end it is one that counts."""


@dataclass(frozen=True, eq=False)
class Elements:
    """An ellipse about a gravitational parameter, and where on it the body is.

    `towards` and `across` [d] are unit vectors to the pericentre and, in the plane of the motion,
    a right angle further; the angles are in radians.
    """

    axis: np.longdouble
    shape: np.longdouble
    mean_anomaly: np.longdouble
    motion: np.longdouble
    towards: Extended
    across: Extended

    @property
    def semi_major_axis(self) -> float:
        """In the unit of the positions."""
        return float(self.axis)

    @property
    def eccentricity(self) -> float:
        """0 for a circle, below 1."""
        return float(self.shape)

    @property
    def period(self) -> float:
        """In the unit of time."""
        return float(2.0 * _PI / self.motion)

    @property
    def time_from_pericentre(self) -> float:
        """The time since the pericentre that is nearest in time; negative before it."""
        return float(self.mean_anomaly / self.motion)

    def turned_from(self, other: Elements) -> float | None:
        """The angle by which the pericentre has moved on from that of another ellipse; None if
        either is round."""
        if min(self.shape, other.shape) < _ROUND:
            return None
        along, aside = self.towards.dot(other.towards), self.towards.dot(other.across)
        return math.atan2(float(aside), float(along))

    def state_after(self, time: float) -> Floats:
        """Position and velocity after a time [2d]."""
        mean = self.mean_anomaly + self.motion * np.longdouble(time)
        mean -= 2.0 * _PI * np.rint(mean / (2.0 * _PI))
        angle = _eccentric_anomaly(mean, self.shape)
        flat = np.sqrt(1.0 - self.shape * self.shape)
        cos, sin = np.cos(angle), np.sin(angle)
        speed = self.axis * self.motion / (1.0 - self.shape * cos)
        place = self.axis * ((cos - self.shape) * self.towards + flat * sin * self.across)
        velocity = speed * (flat * cos * self.across - sin * self.towards)
        return np.concatenate([place, velocity]).astype(np.float64)


_PI = np.longdouble(2.0) * np.arccos(np.longdouble(0.0))


def elements_of(state: Any, parameter: float) -> Elements | None:
    """The ellipse of a relative position and velocity [2d]; None where the orbit is not one.

    >>> found = elements_of(np.array([0.4, 0.0, 0.0, 2.0]), 1.0)
    >>> round(found.eccentricity, 15), round(found.semi_major_axis, 15)
    (0.6, 1.0)
    """
    place, velocity = np.asarray(state, np.longdouble).reshape(2, -1)
    distance, square = np.sqrt(place.dot(place)), velocity.dot(velocity)
    weight = np.longdouble(parameter)
    inverse = 2.0 / distance - square / weight
    radial = place.dot(velocity)
    spin = distance * distance * square - radial * radial
    if not (inverse > 0.0 and spin > 0.0):
        return None
    axis = 1.0 / inverse
    vector = ((square - weight / distance) * place - radial * velocity) / weight
    shape = np.sqrt(vector.dot(vector))
    motion = np.sqrt(weight * inverse) * inverse
    # On a circle any direction will do for the pericentre.
    towards = vector / shape if shape > 0.0 else place / distance
    across = _across(towards, place, velocity)
    sin = radial / np.sqrt(weight * axis)
    angle = np.arctan2(sin, 1.0 - distance * inverse)
    mean = angle - sin
    return Elements(axis, shape, mean, motion, towards, across)


def passages_of(t: Floats, y: Floats, parameter: float) -> list[float]:
    """The times after the start at which two bodies were nearest, from states y [2d, m] at t [m];
    none on a round orbit.

    Each from the elements at the first point after it, so without the error of a polynomial.
    """
    start, half = elements_of(y[:, 0], parameter), len(y) // 2
    if start is None or start.shape < _ROUND:
        return []
    sign = math.copysign(1.0, float(t[-1] - t[0]))
    outward = sign * np.einsum("ij,ij->j", y[:half], y[half:]) > 0.0
    times = []
    for i in (np.flatnonzero(outward[1:] & ~outward[:-1]) + 1).tolist():
        here = elements_of(y[:, i], parameter)
        time = float(t[i]) - (0.0 if here is None else here.time_from_pericentre)
        if sign * (time - float(t[0])) > _SOON * start.period:
            times.append(time)
    # On which side of the pericentre a run of whole periods ends is rounding's luck.
    end = elements_of(y[:, -1], parameter)
    if not outward[-1] and end is not None:
        late = -sign * end.time_from_pericentre
        if 0.0 <= late < _SOON * start.period < sign * float(t[-1] - t[0]):
            times.append(float(t[-1]))
    return times


def _across(towards: Extended, place: Extended, velocity: Extended) -> Extended:
    """The unit vector in the plane of motion a right angle ahead of `towards`."""
    # v (r·p) - r (v·p) lies across p, on the side of the motion.
    found = velocity * place.dot(towards) - place * velocity.dot(towards)
    return np.asarray(found / np.sqrt(found.dot(found)))


def _eccentric_anomaly(mean: np.longdouble, shape: np.longdouble) -> np.longdouble:
    """Kepler's equation E - e sin E = M for M from -π to π, by Newton's method.

    From E = ±π or M + e, on the side from which it converges without overshooting.
    """
    size = abs(mean)
    angle = min(_PI, size + shape)
    for _ in range(_NEWTON_STEPS):
        change = (angle - shape * np.sin(angle) - size) / (1.0 - shape * np.cos(angle))
        angle -= change
        if abs(change) <= 1e-19 * angle:
            break
    return np.longdouble(np.copysign(angle, mean))
