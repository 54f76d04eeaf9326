"""What a potential energy surface offers: energy, gradient and Hessian of a geometry."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Measured", "Surface", "Vector"]

Vector = NDArray[np.float64]


class Measured(NamedTuple):
    """One evaluation of a surface: energy (hartree) and gradient [3 atoms] (hartree/bohr).

    `guess` is what the next evaluation may start from (the converged orbitals), a nest of plain
    values and arrays, None on a surface that has none. `notes` are numbers worth recording, among
    them `spin_square` where the wave function has one.
    """

    energy: float
    gradient: Vector
    guess: Any = None
    notes: Mapping[str, float] = MappingProxyType({})


class Surface(Protocol):
    """A surface in Cartesian coordinates [3 atoms] in bohr; model surfaces may have fewer.

    `measure` and `hessian` are pure: the same arguments give the same bits, so that a run that was
    killed goes on as if it had not been.
    """

    @property
    def symbols(self) -> tuple[str, ...]:
        """The elements, one an atom."""

    @property
    def masses(self) -> Vector:
        """Masses [atoms] in amu."""

    @property
    def noise(self) -> float:
        """The error of a gradient component, hartree/bohr."""

    @property
    def has_hessian(self) -> bool:
        """Whether `hessian` answers; if not, differences of gradients have to do."""

    def measure(self, x: Vector, guess: Any = None) -> Measured:
        """Energy and gradient; raises `AttemptFailed` where there is none."""

    def hessian(self, x: Vector, guess: Any = None) -> Vector:
        """Second derivatives [3 atoms, 3 atoms] in hartree/bohr²."""

    def about(self) -> dict[str, Any]:
        """What identifies the surface, as plain values."""
