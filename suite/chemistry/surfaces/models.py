"""Model surfaces in closed form, for tests and teaching."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from suite.chemistry.surfaces.methods import nearest
from suite.chemistry.surfaces.protocol import Measured, Vector
from suite.errors import InputError

__all__ = ["Leps", "ModelSurface", "MullerBrown", "ValleyRidge", "model_surface"]


@dataclass(frozen=True, slots=True)
class MullerBrown:
    """The Müller-Brown surface in two coordinates, in closed form, for tests and teaching.

    Müller and Brown, Theor. Chim. Acta 53, 75 (1979). One "atom" of mass 1 with two coordinates;
    energies are divided by 200, so that their size is that of a reaction's. Two saddles, three
    minima, and a path that bends.
    """

    symbols: tuple[str, ...] = ("X",)
    masses: Any = field(default_factory=lambda: np.ones(1))
    noise: float = 1e-15
    has_hessian: bool = True

    @property
    def saddle(self) -> Vector:
        """The higher one of its saddles [2]."""
        return np.array([-0.8220015587327, 0.6243128028148])

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


@dataclass(frozen=True, slots=True)
class ValleyRidge:
    """A valley that turns into a ridge in two coordinates: the path forks behind the saddle.

    E = 0.05 (x⁴/4 - x²/2 + (1 - 4x) y²/2 + y⁴): saddle at (0, 0), valley-ridge inflection at
    (1/4, 0), where the valley's floor stops being one, a second saddle at (1, 0), and two equal
    minima on its sides; the other side ends in a minimum at (-1, 0). The form, without the walls
    added here, is that of Collins, Carpenter, Ezra and Wiggins, J. Chem. Phys. 139, 154108 (2013).
    """

    symbols: tuple[str, ...] = ("X",)
    masses: Any = field(default_factory=lambda: np.ones(1))
    noise: float = 1e-16
    has_hessian: bool = True

    @property
    def saddle(self) -> Vector:
        """The first saddle [2]."""
        return np.zeros(2)

    def measure(self, point: Vector, guess: Any = None) -> Measured:
        """Energy and gradient [2]."""
        x, y = point
        energy = x**4 / 4 - x**2 / 2 + (1 - 4 * x) * y**2 / 2 + y**4
        gradient = np.array([x**3 - x - 2 * y**2, (1 - 4 * x) * y + 4 * y**3])
        return Measured(0.05 * float(energy), 0.05 * gradient)

    def hessian(self, point: Vector, guess: Any = None) -> Vector:
        """Second derivatives [2, 2]."""
        x, y = point
        return 0.05 * np.array([[3 * x**2 - 1, -4 * y], [-4 * y, 1 - 4 * x + 12 * y**2]])

    def about(self) -> dict[str, Any]:
        """Its name."""
        return {"method": "valley-ridge"}


@dataclass(frozen=True, slots=True)
class Leps:
    """H + H2 exchange by the London-Eyring-Polanyi-Sato formula: three atoms in space.

    Sato, J. Chem. Phys. 23, 592 (1955). Morse curve of H2 (well 0.1744 hartree, 1.028 per bohr,
    1.4016 bohr), Sato parameter 0.18; its saddle is symmetric and linear, and both ends separate.
    """

    symbols: tuple[str, ...] = ("H", "H", "H")
    masses: Any = field(default_factory=lambda: np.full(3, 1.008))
    noise: float = 1e-14
    has_hessian: bool = False
    sato: float = 0.18

    @property
    def saddle(self) -> Vector:
        """The linear saddle [9] in bohr, along z."""
        return np.array([0, 0, -SADDLE_BOND, 0, 0, 0, 0, 0, SADDLE_BOND])

    def measure(self, x: Vector, guess: Any = None) -> Measured:
        """Energy (hartree) and gradient [9] (hartree/bohr); zero for three atoms apart."""
        atoms = x.reshape(3, 3)
        pairs = ((0, 1), (1, 2), (0, 2))
        r = np.array([atoms[i] - atoms[j] for i, j in pairs])
        d = np.linalg.norm(r, axis=1)
        coulomb, exchange, coulomb_slope, exchange_slope = _london(d, self.sato)
        apart = exchange - np.roll(exchange, -1)
        root = float(np.sqrt(0.5 * apart @ apart))
        # The root's derivative by an exchange integral: twice itself less the two others.
        pull = (3.0 * exchange - exchange.sum()) / (2.0 * max(root, 1e-300))
        slopes = coulomb_slope - pull * exchange_slope
        gradient = np.zeros((3, 3))
        for (i, j), slope, vector, distance in zip(pairs, slopes, r, d, strict=True):
            gradient[i] += slope * vector / distance
            gradient[j] -= slope * vector / distance
        return Measured(float(coulomb.sum()) - root, gradient.ravel())

    def hessian(self, x: Vector, guess: Any = None) -> Vector:
        """None in closed form: refused."""
        raise InputError("The LEPS surface has no Hessian: take differences of gradients.")

    def about(self) -> dict[str, Any]:
        """Its name and Sato parameter."""
        return {"method": "leps", "sato": self.sato}


WELL, WIDTH, LENGTH = 0.1744, 1.028, 1.4016
"""Morse parameters of H2: hartree, 1/bohr, bohr."""
SADDLE_BOND = 1.729586372364673
"""Bond length (bohr) at the saddle for a Sato parameter of 0.18."""


def _london(d: Vector, sato: float) -> tuple[Vector, Vector, Vector, Vector]:
    """Coulomb and exchange terms of the three pairs over 1 + Sato's parameter; their slopes."""
    near = np.exp(-WIDTH * (d - LENGTH))
    bound, bound_slope = near**2 - 2 * near, -2 * WIDTH * (near**2 - near)
    loose, loose_slope = 0.5 * (near**2 + 2 * near), -WIDTH * (near**2 + near)
    half = 0.5 * WELL / (1.0 + sato)
    plus, minus = (1 + sato) * bound, (1 - sato) * loose
    plus_slope, minus_slope = (1 + sato) * bound_slope, (1 - sato) * loose_slope
    return (
        half * (plus + minus),
        half * (plus - minus),
        half * (plus_slope + minus_slope),
        half * (plus_slope - minus_slope),
    )


ModelSurface = MullerBrown | ValleyRidge | Leps
_MODELS: dict[str, Callable[[], ModelSurface]] = {
    "muller-brown": MullerBrown,
    "valley-ridge": ValleyRidge,
    "leps": Leps,
}


def model_surface(name: str) -> ModelSurface:
    """A model surface by name: muller-brown, valley-ridge or leps; `saddle` is where to start.

    >>> model_surface("Valley-Ridge").measure(np.zeros(2)).energy
    0.0
    """
    plain = name.lower().replace("ü", "u").replace("_", "-").replace(" ", "-")
    if plain not in _MODELS:
        raise InputError(
            f"There is no model surface {name!r}, only {', '.join(_MODELS)}"
            f"{nearest(plain, _MODELS)}"
        )
    return _MODELS[plain]()
