"""Vibrations across a path: the Hessian without translation, rotation and the path itself.

Miller, Handy and Adams, J. Chem. Phys. 72, 99 (1980), section II. All in mass-weighted coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.stationary.modes import frequencies, internal_projector
from suite.errors import InputError

__all__ = [
    "Across",
    "inflections",
    "projected_wavenumbers",
    "spread",
    "transverse",
    "valley_ridge",
]

Vector = NDArray[np.float64]


def projected_wavenumbers(hessian: Vector, tangent: Vector, x: Vector, masses: Vector) -> Vector:
    """Wavenumbers (cm⁻¹, rising) of the vibrations across a path; imaginary ones negative.

    `hessian` [n, n] in hartree/(amu bohr²) and `tangent` [n], the path's direction or the gradient
    of any length and sign, both mass-weighted; `x` [n] the Cartesian geometry in bohr; `masses`
    [atoms] in amu. There are 3 atoms - 7 of them, 3 atoms - 6 where the atoms are in line, one less
    than coordinates on a model surface. Raises `InputError` for a tangent of no length.

    >>> projected_wavenumbers(np.diag([-1.0, 1.0]), np.array([2.0, 0.0]), np.zeros(2), np.ones(1))
    array([5140.48...])
    """
    return frequencies(transverse(hessian, tangent, internal_projector(x, masses))[0])


def valley_ridge(hessian: Vector, tangent: Vector, projector: Vector) -> float:
    """The lowest curvature across a path, hartree/(amu bohr²): its sign tells valley from ridge.

    It is positive in a valley and negative on a ridge; the path passes a valley-ridge inflection
    where it changes. `projector` [n, n] takes translation and rotation out (`internal_projector`).
    Answers infinity where nothing is across the path, as in a diatomic molecule.

    >>> valley_ridge(np.diag([1.0, -0.5, 2.0]), np.array([1.0, 0.0, 0.0]), np.eye(3))
    -0.5
    """
    curvatures, _ = transverse(hessian, tangent, projector)
    return float(curvatures[0]) if curvatures.size else np.inf


def transverse(hessian: Vector, tangent: Vector, projector: Vector) -> tuple[Vector, Vector]:
    """Curvatures [m] (rising) and modes [n, m] across a path, m being what the projections leave.

    The arguments are those of `valley_ridge`; the modes are orthonormal mass-weighted columns.
    """
    hessian, tangent = np.asarray(hessian, float), np.asarray(tangent, float)
    if not (np.all(np.isfinite(hessian)) and np.all(np.isfinite(tangent))):
        raise InputError("Hessian and tangent must be finite numbers. Got NaN or infinity.")
    along = projector @ tangent
    length = float(np.linalg.norm(along))
    if not length > 1e-6 * float(np.linalg.norm(tangent)):
        raise InputError(
            f"A path's direction must move atoms against each other. Got a tangent of length "
            f"{np.linalg.norm(tangent):.2g}, {length:.2g} of it such motion."
        )
    along = along / length
    left, basis = np.linalg.eigh(projector - np.outer(along, along))
    # A basis of what is left, since a projected matrix would mix soft modes with its zeros.
    basis = basis[:, left > 0.5]
    curvatures, modes = np.linalg.eigh(basis.T @ (0.5 * (hessian + hessian.T)) @ basis)
    return np.asarray(curvatures), np.asarray(basis @ modes)


def inflections(arc_length: Vector, lowest: Vector) -> list[float]:
    """The arc lengths where a path leaves a valley for a ridge: `lowest` from positive to negative.

    `arc_length` [frames] from the saddle down, `lowest` [frames] from `valley_ridge`; between
    frames it is taken for linear.

    >>> inflections(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.2, 0.1, -0.1, 0.1]))
    [1.5]
    """
    s, v = np.asarray(arc_length, float), np.asarray(lowest, float)
    if s.shape != v.shape or s.ndim != 1:
        raise InputError(f"arc_length and lowest must be alike. Got {s.shape} and {v.shape}.")
    down = np.flatnonzero((v[:-1] > 0.0) & (v[1:] <= 0.0))
    return [float(s[i] + (s[i + 1] - s[i]) * v[i] / (v[i] - v[i + 1])) for i in down]


@dataclass(frozen=True, slots=True, eq=False)
class Across:
    """Frequencies across a path: `s` [frames] rising, and the `wavenumbers` of each (cm⁻¹)."""

    s: Vector
    wavenumbers: list[Vector]

    def inflections(self) -> dict[str, list[float]]:
        """Where each side passes from a valley to a ridge: s of the valley-ridge inflections.

        >>> path = Across(np.array([0.0, 1.0, 2.0]), [np.array([w]) for w in (90.0, 60.0, -60.0)])
        >>> path.inflections()
        {'reverse': [], 'forward': [1.5]}
        """
        # Curvatures go through zero smoothly, where wavenumbers have a root's vertical slope.
        lowest = np.array(
            [np.sign(w[0]) * w[0] ** 2 if w.size else np.inf for w in self.wavenumbers]
        )
        forward, reverse = self.s >= 0.0, self.s <= 0.0
        back = inflections(-self.s[reverse][::-1], lowest[reverse][::-1])
        return {
            "reverse": [-s for s in back],
            "forward": inflections(self.s[forward], lowest[forward]),
        }

    def columns(self) -> dict[str, list[Any]]:
        """The columns of `projected.csv`: s, and a column a mode (cm⁻¹), imaginary ones negative.

        A linear frame has one mode more; it is left empty elsewhere.
        """
        most = max((w.size for w in self.wavenumbers), default=0)
        table: dict[str, list[Any]] = {"s": self.s.tolist()}
        for k in range(most):
            table[f"mode_{k + 1}_cm1"] = [
                float(w[k]) if k < w.size else None for w in self.wavenumbers
            ]
        return table

    def summary(self) -> dict[str, Any]:
        """Plain values for `summary.json`."""
        waves = [w.tolist() for w in self.wavenumbers]
        found = self.inflections()
        return {"s": self.s.tolist(), "wavenumbers_cm1": waves, "inflections": found}

    def remarks(self) -> list[str]:
        """A sentence for each valley-ridge inflection, with the frames that it lies between."""
        told = []
        for side, places in self.inflections().items():
            for s in places:
                k = int(np.clip(np.searchsorted(self.s, s), 1, len(self.s) - 1))
                told.append(
                    f"A valley-ridge inflection on the {side} side between s = {self.s[k - 1]:.2f} "
                    f"and {self.s[k]:.2f} (about {s:.2f}), by Hessians there: the lowest mode "
                    f"across the path turns imaginary, and trajectories may part from the path."
                )
        return told


def spread(s: Vector, count: int) -> list[int]:
    """The frames nearest to `count` places evenly between the ends of s [frames], rising.

    Each frame once, and the saddle (s = 0) not among them.

    >>> spread(np.array([-2.0, -1.1, 0.0, 0.9, 2.0]), 2)
    [0, 4]
    """
    away = np.flatnonzero(s != 0.0)
    if count < 1 or not away.size:
        return []
    left, found = list(away), []
    for place in np.linspace(s[0], s[-1], count):
        if left:
            found.append(min(left, key=lambda k: abs(s[k] - place)))
            left.remove(found[-1])
    return sorted(int(k) for k in found)
