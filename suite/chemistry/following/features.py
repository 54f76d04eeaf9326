"""What a surrogate surface sees of a geometry: coordinates free of translation and rotation.

A molecule is seen through the logarithms of all its interatomic distances. They do not change when
it turns, near atoms count more than far ones, and their number of correlation lengths along a
reaction depends little on the size of the molecule. A model surface is seen as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Coordinates", "Features", "LogDistances", "Seen", "features_of"]

Vector = NDArray[np.float64]


class Seen(NamedTuple):
    """The features of one geometry.

    `values` [f], `jacobian` [f, n] their derivatives by mass-weighted coordinates, `geometry` what
    their second derivatives need.
    """

    values: Vector
    jacobian: Vector
    geometry: Any


class Features(Protocol):
    """Features of mass-weighted coordinates x [n]."""

    def see(self, x: Vector) -> Seen:
        """The features and their first derivatives."""

    def bend(self, geometry: Any, slope: Vector) -> Vector:
        """The features' second derivatives, weighted by `slope` [f] and summed: [n, n]."""


@lru_cache(maxsize=8)
def _pairs(count: int) -> tuple[NDArray[np.intp], ...]:
    """The pairs of so many atoms, first and second, and their places in a flat [pairs, count].

    Made once, as they are asked for at every evaluation.
    """
    first, second = np.triu_indices(count, 1)
    rows = np.arange(len(first)) * count
    return first, second, rows + first, rows + second


@dataclass(frozen=True, slots=True, eq=False)
class LogDistances:
    """The logarithms of all interatomic distances (bohr); `masses` [atoms] in amu.

    >>> features = LogDistances(np.array([1.0, 4.0]))
    >>> features.see(np.array([0.0, 0.0, 0.0, 0.0, 0.0, 2.0])).values  # one bohr apart
    array([0.])
    """

    masses: Vector

    def see(self, x: Vector) -> Seen:
        count = len(self.masses)
        first, second, here, there = _pairs(count)
        inverse = 1.0 / np.sqrt(self.masses)[:, None]
        place = x.reshape(-1, 3) * inverse
        apart = place[first] - place[second]
        squared = np.einsum("pi,pi->p", apart, apart)
        slope = apart / squared[:, None]
        jacobian = np.zeros((len(first) * count, 3))
        jacobian[here] = slope * inverse[first]
        jacobian[there] = -slope * inverse[second]
        return Seen(0.5 * np.log(squared), jacobian.reshape(len(first), -1), (slope, squared))

    def bend(self, geometry: Any, slope: Vector) -> Vector:
        direction, squared = geometry
        count = len(self.masses)
        first, second, *_ = _pairs(count)
        blocks = direction[:, :, None] * direction[:, None, :] * (2.0 * slope)[:, None, None]
        blocks[:, (0, 1, 2), (0, 1, 2)] -= (slope / squared)[:, None]
        bent = np.zeros((count, count, 3, 3))
        bent[first, second] = bent[second, first] = blocks
        atoms = np.arange(count)
        bent[atoms, atoms] = -bent.sum(axis=1)
        inverse = 1.0 / np.sqrt(np.repeat(self.masses, 3))
        flat = bent.transpose(0, 2, 1, 3).reshape(3 * count, 3 * count)
        return np.asarray(flat * np.multiply.outer(inverse, inverse))


@dataclass(frozen=True, slots=True)
class Coordinates:
    """The coordinates themselves, for surfaces in which nothing can turn."""

    def see(self, x: Vector) -> Seen:
        return Seen(x, np.eye(x.size), None)

    def bend(self, geometry: Any, slope: Vector) -> Vector:
        return np.zeros((slope.size, slope.size))


def features_of(masses: Vector, coordinates: int) -> Features:
    """The features for `coordinates` numbers of as many atoms as there are masses (amu)."""
    return LogDistances(masses) if coordinates == 3 * len(masses) else Coordinates()
