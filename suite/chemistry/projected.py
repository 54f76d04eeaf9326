"""Vibrations across a path: the Hessian without translation, rotation and the path itself.

Miller, Handy and Adams, J. Chem. Phys. 72, 99 (1980), section II. All in mass-weighted coordinates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.modes import frequencies, internal_projector
from suite.errors import InputError

__all__ = ["inflections", "projected_wavenumbers", "transverse", "valley_ridge"]

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
