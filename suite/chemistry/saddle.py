"""Saddles: the Hessian's modes at a transition state, and the proof that it is one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.surface import Surface
from suite.errors import InputError

__all__ = ["Saddle", "analyse", "frequencies", "internal_projector"]

Vector = NDArray[np.float64]

AMU = 1822.888486209
"""One atomic mass unit in electron masses, CODATA 2018."""
WAVENUMBER = 219474.6313632
"""One hartree in cm⁻¹, CODATA 2018."""
STILL = 2e-3
"""Largest gradient component (hartree/bohr) at which a geometry may still be called a saddle."""


@dataclass(frozen=True, slots=True, eq=False)
class Saddle:
    """A proved saddle in mass-weighted coordinates (amu^1/2 bohr).

    `hessian` [n, n] with translation and rotation projected out, `mode` [n] the unit vector of the
    imaginary mode (its largest component positive), `wavenumbers` [n] in cm⁻¹, imaginary ones
    negative.
    """

    hessian: Vector
    mode: Vector
    wavenumbers: Vector

    @property
    def imaginary(self) -> float:
        """The imaginary wavenumber, as a negative number of cm⁻¹."""
        return float(self.wavenumbers[0])


def analyse(surface: Surface, x: Vector, gradient: Vector, hessian: Vector) -> Saddle:
    """Prove that x [3 atoms] (bohr) is a saddle and answer its modes.

    Raises `InputError` where the gradient is not small, or where there is no imaginary mode or more
    than one.
    """
    steepest = float(np.max(np.abs(gradient)))
    if steepest > STILL:
        raise InputError(
            f"The geometry is no stationary point: its largest gradient is {steepest:.4f} "
            f"hartree/bohr (at most {STILL} is taken). Optimise the transition state first."
        )
    root = np.sqrt(np.repeat(surface.masses, x.size // len(surface.masses)))
    projector = internal_projector(x, surface.masses)
    weighted = projector @ (hessian / np.outer(root, root)) @ projector
    weighted = 0.5 * (weighted + weighted.T)
    values, modes = np.linalg.eigh(weighted)
    wavenumbers = frequencies(values)
    imaginary = wavenumbers[wavenumbers < -10.0]
    if len(imaginary) != 1:
        found = ", ".join(f"{-w:.0f}i" for w in imaginary) or "none"
        raise InputError(
            f"A transition state has exactly one imaginary mode. Found {found} (cm⁻¹): "
            f"optimise the transition state again."
        )
    mode = modes[:, 0]
    mode = mode * np.sign(mode[np.argmax(np.abs(mode))])
    return Saddle(weighted, mode, wavenumbers)


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
