"""Normal modes: what translation and rotation are, wavenumbers, and modes as displacements."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "AMU",
    "WAVENUMBER",
    "Vibrations",
    "displacement",
    "frequencies",
    "internal_basis",
    "internal_projector",
    "reduced_masses",
    "rigid_generators",
    "root_masses",
    "vibrations",
]

Vector = NDArray[np.float64]

AMU = 1822.888486209
"""One atomic mass unit in electron masses, CODATA 2018."""
WAVENUMBER = 219474.6313632
"""One hartree in cm⁻¹, CODATA 2018."""
LINEAR = 1e-2
"""A rotation that moves the atoms less than this share of the largest rigid motion is none: HCN
bent by two degrees, and an optimisation on a noisy surface leaves it bent by one."""


class Vibrations(NamedTuple):
    """The vibrations of a geometry, lowest first; v is 3 atoms - 6, - 5 if linear.

    `wavenumbers` [v] in cm⁻¹, imaginary ones negative; `modes` [n, v] unit vectors in mass-weighted
    coordinates, the largest component of each positive; `hessian` [n, n] mass-weighted,
    hartree/(amu bohr²), translation and rotation projected out.
    """

    wavenumbers: Vector
    modes: Vector
    hessian: Vector


def frequencies(eigenvalues: Vector) -> Vector:
    """Wavenumbers (cm⁻¹) of eigenvalues of a Hessian in hartree/(amu bohr²); negative if imaginary.

    >>> frequencies(np.array([-1.0])).round(1)
    array([-5140.5])
    """
    roots = np.sign(eigenvalues) * np.sqrt(np.abs(eigenvalues) / AMU)
    return np.asarray(roots * WAVENUMBER)


def root_masses(x: Vector, masses: Vector) -> Vector:
    """The square root of the mass [n] that belongs to each coordinate of x [n], amu^1/2."""
    return np.asarray(np.sqrt(np.repeat(masses, x.size // len(masses))))


def rigid_generators(x: Vector, masses: Vector) -> Vector:
    """Translations and rotations about the centre of mass [n, 6], mass-weighted, not normalised.

    Wilson, Decius and Cross, Molecular Vibrations, 2-2. Coordinates that are not three an atom (a
    model surface) have none: [n, 0]. `masses` of one give those of Cartesian coordinates.
    """
    if x.size != 3 * len(masses):
        return np.zeros((x.size, 0))
    place = x.reshape(-1, 3)
    place = place - np.average(place, axis=0, weights=masses)
    root = np.sqrt(masses)[:, None]
    rigid = [root * axis for axis in np.eye(3)]
    rigid += [root * np.cross(axis, place) for axis in np.eye(3)]
    return np.array([motion.ravel() for motion in rigid]).T


def internal_basis(x: Vector, masses: Vector) -> Vector:
    """Orthonormal basis [n, v] of the mass-weighted coordinates without translation and rotation.

    >>> water = np.array([0.0, 0.0, 0.1, 0.0, 0.8, -0.5, 0.0, -0.8, -0.5])
    >>> internal_basis(water, np.array([16.0, 1.0, 1.0])).shape
    (9, 3)
    """
    vectors, rank = _split(x, masses)
    return vectors[:, rank:]


def internal_projector(x: Vector, masses: Vector) -> Vector:
    """Projector [n, n] that takes translation and rotation out of mass-weighted coordinates."""
    vectors, rank = _split(x, masses)
    rigid = vectors[:, :rank]
    return np.asarray(np.eye(x.size) - rigid @ rigid.T)


def _split(x: Vector, masses: Vector) -> tuple[Vector, int]:
    """Orthonormal vectors, the rigid ones first, and how many those are."""
    generators = rigid_generators(x, masses)
    if not generators.size:
        return np.eye(x.size), 0
    vectors, strengths, _ = np.linalg.svd(generators)
    # A linear molecule has two rotations only.
    return vectors, int(np.sum(strengths > LINEAR * strengths[0]))


def vibrations(hessian: Vector, x: Vector, masses: Vector) -> Vibrations:
    """Wavenumbers and modes of a Hessian [n, n] (hartree/bohr²) at x [n] (bohr); masses in amu.

    >>> spring = 0.25 * np.array([[1.0, -1.0], [-1.0, 1.0]])
    >>> hessian = np.kron(spring, np.diag([1.0, 0.0, 0.0]))
    >>> x = np.array([0.0, 0.0, 0.0, 1.4, 0.0, 0.0])
    >>> vibrations(hessian, x, np.array([1.0, 1.0])).wavenumbers.round(1)
    array([3634.9])
    """
    root, basis = root_masses(x, masses), internal_basis(x, masses)
    weighted = hessian / np.outer(root, root)
    inner = basis.T @ (0.5 * (weighted + weighted.T)) @ basis
    values, vectors = np.linalg.eigh(inner)
    modes = basis @ vectors
    largest = modes[np.argmax(np.abs(modes), axis=0), np.arange(modes.shape[1])]
    return Vibrations(frequencies(values), modes * np.sign(largest), basis @ inner @ basis.T)


def displacement(mode: Vector, masses: Vector) -> Vector:
    """A mass-weighted mode [n] as a picture: Cartesian displacements [atoms, n / atoms].

    Scaled so that the atom that moves most moves by one.

    >>> displacement(np.array([0.0, 0.0, 1.0, 0.0, 0.0, -1.0]), np.array([1.0, 4.0]))
    array([[ 0. ,  0. ,  1. ],
           [ 0. ,  0. , -0.5]])
    """
    moved = (mode / root_masses(mode, masses)).reshape(len(masses), -1)
    return np.asarray(moved / np.max(np.linalg.norm(moved, axis=1)) + 0.0)


def reduced_masses(modes: Vector, masses: Vector) -> Vector:
    """Reduced masses [v] in amu of mass-weighted unit modes [n, v], as Gaussian prints them.

    >>> reduced_masses(np.array([[0.0], [0.8 ** 0.5], [0.2 ** 0.5]]), np.array([1.0, 1.0, 4.0]))
    array([1.17647059])
    """
    root = root_masses(modes[:, 0], masses)
    return np.asarray(1.0 / np.sum((modes / root[:, None]) ** 2, axis=0))
