"""Normal modes: what translation and rotation are, and wavenumbers of a Hessian's eigenvalues."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["AMU", "WAVENUMBER", "frequencies", "internal_projector"]

Vector = NDArray[np.float64]

AMU = 1822.888486209
"""One atomic mass unit in electron masses, CODATA 2018."""
WAVENUMBER = 219474.6313632
"""One hartree in cm⁻¹, CODATA 2018."""


def frequencies(eigenvalues: Vector) -> Vector:
    """Wavenumbers (cm⁻¹) of eigenvalues of a Hessian in hartree/(amu bohr²); negative if imaginary.

    >>> frequencies(np.array([-1.0])).round(1)
    array([-5140.5])
    """
    roots = np.sign(eigenvalues) * np.sqrt(np.abs(eigenvalues) / AMU)
    return np.asarray(roots * WAVENUMBER)


def internal_projector(x: Vector, masses: Vector) -> Vector:
    """Projector [n, n] that takes translation and rotation out of mass-weighted coordinates.

    Wilson, Decius and Cross, Molecular Vibrations, 2-2. Coordinates that are not three an atom (a
    model surface) have nothing to take out.
    """
    if x.size != 3 * len(masses):
        return np.eye(x.size)
    place = x.reshape(-1, 3)
    place = place - np.average(place, axis=0, weights=masses)
    root = np.sqrt(masses)[:, None]
    rigid = [root * axis for axis in np.eye(3)]
    rigid += [root * np.cross(axis, place) for axis in np.eye(3)]
    vectors, strengths, _ = np.linalg.svd(
        np.array([v.ravel() for v in rigid]).T, full_matrices=False
    )
    # A linear molecule has two rotations only.
    kept = vectors[:, strengths > 1e-6 * strengths[0]]
    return np.asarray(np.eye(x.size) - kept @ kept.T)
