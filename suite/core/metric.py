"""How long a step is: the inner products in which domains measure their steps.

A metric is a helper of domains; the drivers never call one. `length(dx)` is the norm of a step,
`direction(gradient)` the steepest descent direction in that norm, -M⁻¹g (Amari, Neural Comput.
10, 251 (1998), eq. 2).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dense", "Diagonal", "Euclidean", "Metric"]

Vector = NDArray[np.float64]


class Metric(ABC):
    """An inner product on steps."""

    __slots__ = ()

    @abstractmethod
    def inner(self, a: Vector, b: Vector) -> float:
        """Inner product of two steps."""

    @abstractmethod
    def direction(self, gradient: Vector) -> Vector:
        """Steepest descent direction of a gradient in this metric, -M⁻¹g."""

    def length(self, dx: Vector) -> float:
        """Length of a step in this metric."""
        return float(np.sqrt(self.inner(dx, dx)))


@dataclass(frozen=True, slots=True)
class Euclidean(Metric):
    """The plain dot product.

    >>> Euclidean().length(np.array([3.0, 4.0]))
    5.0
    """

    def inner(self, a: Vector, b: Vector) -> float:
        return float(np.vdot(a, b))

    def direction(self, gradient: Vector) -> Vector:
        return -gradient


@dataclass(frozen=True, slots=True, eq=False)
class Diagonal(Metric):
    """A weight for each coordinate: masses, inverse squared tolerances, second moments.

    `weights` [n] must be positive and have the shape of a step.

    >>> Diagonal(np.array([4.0, 1.0])).length(np.array([1.0, 0.0]))
    2.0
    """

    weights: Vector

    def __post_init__(self) -> None:
        smallest = np.min(self.weights)
        if not smallest > 0.0:
            raise ValueError(f"Metric weights must be positive. Got a smallest one of {smallest}.")

    def inner(self, a: Vector, b: Vector) -> float:
        return float(np.sum(self.weights * a * b))

    def direction(self, gradient: Vector) -> Vector:
        return -gradient / self.weights


@dataclass(frozen=True, slots=True, eq=False)
class Dense(Metric):
    """A symmetric positive semidefinite matrix, damped when it is inverted.

    `matrix` [n, n] gives lengths as it is; `direction` inverts matrix + damping · tr(matrix)/n,
    so that `damping` is a dimensionless share of the mean eigenvalue. Directions that neither the
    matrix nor the damping resolves (below n · eps of the largest eigenvalue) are left out, as in
    a pseudo-inverse.

    >>> Dense(np.eye(2), damping=1.0).direction(np.array([2.0, 0.0]))
    array([-1., -0.])
    """

    matrix: NDArray[np.float64]
    damping: float = 0.0

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or self.matrix.shape[0] != self.matrix.shape[1]:
            raise ValueError(f"A dense metric must be square. Got shape {self.matrix.shape}.")

    def inner(self, a: Vector, b: Vector) -> float:
        return float(a @ self.matrix @ b)

    def length(self, dx: Vector) -> float:
        # A semidefinite matrix can give a null step a square of -1e-17.
        return float(np.sqrt(max(self.inner(dx, dx), 0.0)))

    def direction(self, gradient: Vector) -> Vector:
        size = len(self.matrix)
        eigenvalues, vectors = np.linalg.eigh(self.matrix)
        damped = eigenvalues + self.damping * np.trace(self.matrix) / size
        kept = damped > size * np.finfo(float).eps * max(damped[-1], 0.0)
        components = vectors[:, kept].T @ gradient
        return np.asarray(-(vectors[:, kept] @ (components / damped[kept])))
