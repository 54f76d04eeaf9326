"""Point masses under their mutual gravity: their equation of motion and what it conserves.

Any consistent units do, with the gravitational constant given in them. Two bodies are carried as
their relative motion, more of them about their centre of mass; what the centre does is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.dynamics.equation import Vector
from suite.dynamics.numbers import finite, positive
from suite.errors import InputError

__all__ = ["Bodies", "two_bodies"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bodies:
    """Point masses [N] with positions [N, d] and velocities [N, d], d = 2 or 3.

    `G` is the gravitational constant in the units of the rest. Bodies of mass 0 feel the others and
    are not felt. Raises `InputError` for shapes that do not agree, for masses that are negative or
    all 0, and for two bodies in one place.

    >>> Bodies([1.0, 0.0], [[0, 0], [1, 0]], [[0, 0], [0, 1]]).energy_of(np.array([1.0, 0, 0, 1]))
    -0.5
    """

    masses: Floats
    positions: Floats
    velocities: Floats
    G: float = 1.0
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("masses", "positions", "velocities"):
            object.__setattr__(self, name, _numbers(name, getattr(self, name)))
        count, places = len(self.masses), self.positions
        if self.masses.ndim != 1 or count < 2:
            raise InputError(f"masses must be a vector of 2 or more. Got {self.masses!r}.")
        if places.shape not in ((count, 2), (count, 3)):
            raise InputError(
                f"positions must have shape [{count}, 2] or [{count}, 3]. Got {places.shape}."
            )
        if self.velocities.shape != places.shape:
            raise InputError(
                f"velocities must have the shape of positions, {places.shape}. "
                f"Got {self.velocities.shape}."
            )
        if np.any(self.masses < 0.0) or not np.any(self.masses > 0.0):
            raise InputError(f"masses must be 0 or more, one of them more. Got {self.masses}.")
        object.__setattr__(self, "G", positive("G", self.G))
        near = np.argwhere(self.distances == 0.0)
        if len(near):
            raise InputError(f"Bodies {near[0][0]} and {near[0][1]} are in one place.")
        object.__setattr__(self, "names", self._named())

    def _named(self) -> tuple[str, ...]:
        named = isinstance(self.names, list | tuple)
        found = tuple(self.names) if named else ()
        if named and not found:
            found = tuple(str(i) for i in range(len(self.masses)))
        if len(set(found)) != len(self.masses):
            raise InputError(f"names must be {len(self.masses)} different ones. Got {self.names}.")
        return found

    @property
    def dimension(self) -> int:
        """2 in a plane, 3 in space."""
        return self.positions.shape[1]

    @property
    def pair(self) -> bool:
        """Whether there are two bodies, carried as position and velocity of the second from the
        first."""
        return len(self.masses) == 2

    @property
    def parameter(self) -> float:
        """The gravitational parameter G · (sum of masses)."""
        return self.G * float(self.masses.sum())

    @cached_property
    def distances(self) -> Floats:
        """Distances of all pairs at the start [N, N], infinite from a body to itself."""
        between = self.positions[:, None] - self.positions
        found: Floats = np.sqrt(np.square(between).sum(axis=2))
        np.fill_diagonal(found, np.inf)
        return found

    @cached_property
    def centre(self) -> tuple[Floats, Floats]:
        """Position and velocity of the centre of mass at the start, [d] each."""
        share = self.masses / self.masses.sum()
        return share.dot(self.positions), share.dot(self.velocities)

    @cached_property
    def start(self) -> Floats:
        """The state that is carried: all positions, then all velocities."""
        if self.pair:
            both = (self.positions, self.velocities)
            return np.concatenate([part[1] - part[0] for part in both])
        place, speed = self.centre
        return np.concatenate([(self.positions - place).ravel(), (self.velocities - speed).ravel()])

    def expanded(self, y: Vector, which: int) -> Floats:
        """Places (0) or velocities (1) of all bodies about their centre [N, d, m] from y [n, m]."""
        part = np.split(y, 2)[which]
        if not self.pair:
            return np.asarray(part.reshape(len(self.masses), self.dimension, part.shape[1]))
        share = self.masses / self.masses.sum()
        return np.stack([-share[1] * part, share[0] * part])

    @cached_property
    def components(self) -> tuple[str, ...]:
        """The names of the components of the state."""
        axes = "xyz"[: self.dimension]
        if self.pair:
            return (*axes, *(f"v{axis}" for axis in axes))
        return tuple(f"{kind}{a}_{name}" for kind in ("", "v") for name in self.names for a in axes)

    @cached_property
    def blocks(self) -> NDArray[np.int64]:
        """Which components form one vector: the position, the velocity of each body."""
        return np.arange(len(self.start) // self.dimension).repeat(self.dimension)

    @cached_property
    def sizes(self) -> Floats:
        """What each component is at least measured against, beside its own vector.

        The distance to the nearest other body at the start, and the speed of a circular orbit
        there: a body that passes near the centre of mass is none to be slow at. For two bodies 0,
        since their distance is the state.
        """
        if self.pair:
            return np.zeros_like(self.start)
        near = self.distances.argmin(axis=1)
        distance = self.distances.min(axis=1)
        speed = np.sqrt(self.G * (self.masses + self.masses[near]) / distance)
        return np.concatenate([distance, speed]).repeat(self.dimension)

    @cached_property
    def rate(self) -> Callable[[float, Vector], Vector]:
        """The equation of motion, f(t, y)."""
        if self.pair:
            return (_plane_pair if self.dimension == 2 else _space_pair)(self.parameter)
        half, count, dimension = len(self.start) // 2, len(self.masses), self.dimension
        weights = self.G * self.masses

        def rate(time: float, y: Vector) -> Vector:
            places = y[:half].reshape(count, dimension)
            between = places - places[:, None]
            squares = np.einsum("ijk,ijk->ij", between, between)
            squares.flat[:: count + 1] = 1.0
            pulls = weights / (squares * np.sqrt(squares))
            fall = np.einsum("ij,ijk->ik", pulls, between)
            return np.concatenate([y[half:], fall.ravel()])

        return rate

    def energy_of(self, y: Vector) -> float:
        """The total energy in the frame of the centre; of two bodies per reduced mass."""
        half = len(y) // 2
        if self.pair:
            values = y.tolist()
            speed = sum(v * v for v in values[half:])
            return 0.5 * speed - self.parameter / math.sqrt(sum(x * x for x in values[:half]))
        squares = np.square(y[half:]).reshape(len(self.masses), -1).sum(axis=1)
        places = y[:half].reshape(len(self.masses), -1)
        first, second, product = self._pairs
        between = places[first] - places[second]
        distance = np.sqrt(np.einsum("ij,ij->i", between, between))
        return float(0.5 * self.masses.dot(squares) - (product / distance).sum())

    def energies(self, states: Vector) -> Floats:
        """The energy at each of many states [n, m], [m]."""
        if not self.pair:
            return np.array([self.energy_of(y) for y in states.T], float)
        places, speeds = np.square(states).reshape(2, self.dimension, -1).sum(axis=1)
        return np.asarray(0.5 * speeds - self.parameter / np.sqrt(places))

    def angular_momenta(self, states: Vector) -> Floats:
        """The angular momentum at each of many states [n, m]: [m] in a plane, [m, 3] in space."""
        shape = (-1,) if self.dimension == 2 else (-1, 3)
        return np.array([self.angular_momentum_of(y) for y in states.T], float).reshape(shape)

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        first, second = np.triu_indices(len(self.masses), 1)
        return first, second, self.G * self.masses[first] * self.masses[second]

    def energy_gradient(self, rate: Vector) -> Floats:
        """∂E/∂y [n] from f(t, y): minus the forces, and the momenta."""
        half = len(rate) // 2
        gradient = np.concatenate([-rate[half:], rate[:half]])
        return gradient if self.pair else gradient * self._inertia

    @cached_property
    def _inertia(self) -> Floats:
        return np.tile(self.masses.repeat(self.dimension), 2)

    def centre_of(self, y: Vector) -> Floats:
        """Place and velocity of the centre of mass [2d]; not of two bodies."""
        share = self.masses / self.masses.sum()
        return share.dot(y.reshape(2, len(share), -1)).ravel()

    @cached_property
    def centre_gradient(self) -> Floats:
        """The gradient of the centre [2d, n]."""
        return np.array([self.centre_of(row) for row in np.eye(len(self.start))]).T

    def angular_momentum_of(self, y: Vector) -> Any:
        """The total angular momentum: a number in a plane, [3] in space; of two bodies per reduced
        mass."""
        places, speeds = y.reshape(2, -1, self.dimension)
        weights = np.ones(1) if self.pair else self.masses
        return weights.dot(_cross(places, speeds))

    def angular_momentum_gradient(self, y: Vector) -> Floats:
        """∂L/∂y, [n] in a plane, [3, n] in space."""
        places, speeds = y.reshape(2, -1, self.dimension)
        weights = np.ones((1, 1)) if self.pair else self.masses[:, None]
        places, speeds = weights * places, weights * speeds
        if self.dimension == 2:
            return np.concatenate([_turned(speeds), -_turned(places)]).ravel()
        axes = np.eye(3)
        rows = [
            np.concatenate([np.cross(speeds, axis), np.cross(axis, places)]).ravel()
            for axis in axes
        ]
        return np.array(rows)


def two_bodies(
    eccentricity: float, semi_major_axis: float = 1.0, mass: float = 1.0, G: float = 1.0
) -> Bodies:
    """A body of no mass at the pericentre of its orbit about another, in the plane.

    Raises `InputError` for an eccentricity outside of 0 to below 1, and for an axis, a mass or a G
    that is not positive.

    >>> two_bodies(0.6).start
    array([0.4, 0. , 0. , 2. ])
    """
    eccentricity = finite("eccentricity", eccentricity)
    if not 0.0 <= eccentricity < 1.0:
        raise InputError(f"eccentricity must be 0 or more and below 1. Got {eccentricity}.")
    semi_major_axis = positive("semi_major_axis", semi_major_axis)
    mass, G = positive("mass", mass), positive("G", G)
    distance = semi_major_axis * (1.0 - eccentricity)
    speed = math.sqrt(G * mass / semi_major_axis * (1.0 + eccentricity) / (1.0 - eccentricity))
    places, speeds = [[0.0, 0.0], [distance, 0.0]], [[0.0, 0.0], [0.0, speed]]
    return Bodies(np.array([mass, 0.0]), np.array(places), np.array(speeds), G)


def _numbers(name: str, given: ArrayLike) -> Floats:
    try:
        found = np.array(given, float)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be numbers. Got {given!r}.") from None
    if not np.isfinite(found).all():
        raise InputError(f"{name} must be finite. Got {found.tolist()}.")
    return found


def _plane_pair(parameter: float) -> Callable[[float, Vector], Vector]:
    def rate(time: float, state: Vector) -> Vector:
        x, y, vx, vy = state.tolist()
        square = x * x + y * y
        pull = -parameter / (square * math.sqrt(square))
        return np.array([vx, vy, pull * x, pull * y])

    return rate


def _space_pair(parameter: float) -> Callable[[float, Vector], Vector]:
    def rate(time: float, state: Vector) -> Vector:
        x, y, z, vx, vy, vz = state.tolist()
        square = x * x + y * y + z * z
        pull = -parameter / (square * math.sqrt(square))
        return np.array([vx, vy, vz, pull * x, pull * y, pull * z])

    return rate


def _cross(a: Floats, b: Floats) -> Floats:
    if a.shape[1] == 2:
        return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    return np.cross(a, b)


def _turned(a: Floats) -> Floats:
    """Each vector of the plane turned by a right angle, clockwise: (x, y) to (y, -x)."""
    return np.stack([a[:, 1], -a[:, 0]], axis=1)
