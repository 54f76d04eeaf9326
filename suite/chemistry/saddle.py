"""Saddles: the Hessian's modes at a transition state, and the proof that it is one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.modes import frequencies, internal_projector
from suite.chemistry.surfaces import Surface
from suite.errors import InputError

__all__ = ["Saddle", "analyse"]

Vector = NDArray[np.float64]

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
