"""Model surfaces in closed form, for tests and teaching."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.surfaces.protocol import Measured

__all__ = ["MullerBrown"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MullerBrown:
    """The Müller-Brown surface in two coordinates, in closed form, for tests and teaching.

    Müller and Brown, Theor. Chim. Acta 53, 75 (1979). One "atom" of mass 1 with two coordinates;
    energies are divided by 200, so that their size is that of a reaction's.
    """

    symbols: tuple[str, ...] = ("X",)
    masses: Any = field(default_factory=lambda: np.ones(1))
    noise: float = 1e-15

    def _terms(self, x: Vector) -> tuple[Any, Any, Any, Any]:
        a, b, c = (
            np.array([-1, -1, -6.5, 0.7]),
            np.array([0, 0, 11, 0.6]),
            np.array([-10, -10, -6.5, 0.7]),
        )
        dx, dy = x[0] - np.array([1, 0, -0.5, -1]), x[1] - np.array([0, 0.5, 1.5, 1])
        terms = np.array([-200, -100, -170, 15]) * np.exp(a * dx * dx + b * dx * dy + c * dy * dy)
        return terms / 200.0, 2 * a * dx + b * dy, b * dx + 2 * c * dy, (2 * a, b, 2 * c)

    def measure(self, x: Vector, guess: Any = None) -> Measured:
        """Energy and gradient [2]."""
        terms, sx, sy, _ = self._terms(x)
        return Measured(float(terms.sum()), np.array([terms @ sx, terms @ sy]))

    def hessian(self, x: Vector, guess: Any = None) -> Vector:
        """Second derivatives [2, 2]."""
        terms, sx, sy, (xx, xy, yy) = self._terms(x)
        off = terms @ (sx * sy + xy)
        return np.array([[terms @ (sx * sx + xx), off], [off, terms @ (sy * sy + yy)]])

    def about(self) -> dict[str, Any]:
        """Its name."""
        return {"method": "muller-brown"}
