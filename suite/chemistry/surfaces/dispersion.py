"""The dispersion of ωB97X-D, which PySCF leaves out: pairs of atoms with a damping of its own.

Chai and Head-Gordon, Phys. Chem. Chem. Phys. 10, 6615 (2008), eqs. 10 and 11; coefficients and
radii of Grimme, J. Comput. Chem. 27, 1787 (2006), table 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from suite.chemistry.surfaces.protocol import Vector
from suite.errors import InputError
from suite.molecule import BOHR

__all__ = ["PairDispersion", "pair_dispersion"]

DAMPING = 6.0
"""The one parameter `a` of the damping, fitted together with the functional."""
C6_UNIT = 1e-3 / 2625.4996394799 * (10.0 / BOHR) ** 6
"""One J nm⁶/mol in hartree bohr⁶."""

_ELEMENTS = [
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si",
    "P", "S", "Cl", "Ar", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni",
    "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y", "Zr", "Nb", "Mo",
    "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I", "Xe",
]  # fmt: skip
_C6 = (
    [0.14, 0.08, 1.61, 1.61, 3.13, 1.75, 1.23, 0.70, 0.75, 0.63]
    + [5.71, 5.71, 10.79, 9.23, 7.84, 5.57, 5.07, 4.61]
    + [10.8] * 12
    + [16.99, 17.10, 16.37, 12.64, 12.47, 12.01]
    + [24.67] * 12
    + [37.32, 38.71, 38.44, 31.74, 31.50, 29.99]
)
_RADII = (
    [1.001, 1.012, 0.825, 1.408, 1.485, 1.452, 1.397, 1.342, 1.287, 1.243]
    + [1.144, 1.364, 1.639, 1.716, 1.705, 1.683, 1.639, 1.595, 1.485, 1.474]
    + [1.562] * 10
    + [1.650, 1.727, 1.760, 1.771, 1.749, 1.727, 1.628, 1.606]
    + [1.639] * 10
    + [1.672, 1.804, 1.881, 1.892, 1.892, 1.881]
)


class PairDispersion(NamedTuple):
    """Energy (hartree), gradient [3 atoms] and Hessian [3 atoms, 3 atoms] of a sum over pairs."""

    energy: float
    gradient: Vector
    hessian: Vector


def pair_dispersion(symbols: Sequence[str], x: Vector) -> PairDispersion:
    """The dispersion of ωB97X-D at x [3 atoms] in bohr.

    -C6/r⁶ · 1/(1 + a (r/R)⁻¹²) over all pairs, with C6 the geometric mean and R the sum of the two
    atoms' values. Raises `InputError` for elements beyond xenon.

    >>> f"{pair_dispersion(['Ne', 'Ne'], np.array([0, 0, 0, 0, 0, 6.0])).energy:.3e}"
    '-1.776e-04'
    """
    c6, radius = _coefficients(symbols)
    first, second = np.triu_indices(len(symbols), 1)
    r = x.reshape(-1, 3)[first] - x.reshape(-1, 3)[second]
    d = np.linalg.norm(r, axis=1)
    c = np.sqrt(c6[first] * c6[second])
    reach = DAMPING * (radius[first] + radius[second]) ** 12
    # c/(r⁶ (1 + b r⁻¹²)) is c r⁶/(r¹² + b): smooth, also where two atoms meet.
    below = d**12 + reach
    energy = -c * d**6 / below
    slope = -c * 6 * d**5 * (reach - d**12) / below**2
    bend = -c * 6 * d**4 * (5 * reach**2 - 36 * reach * d**12 + 7 * d**24) / below**3
    unit = r / d[:, None]
    gradient = np.zeros((len(symbols), 3))
    np.add.at(gradient, first, slope[:, None] * unit)
    np.add.at(gradient, second, -slope[:, None] * unit)
    return PairDispersion(
        float(energy.sum()), gradient.ravel(), _hessian(len(symbols), unit, slope / d, bend)
    )


def _coefficients(symbols: Sequence[str]) -> tuple[Vector, Vector]:
    beyond = sorted(set(symbols) - set(_ELEMENTS))
    if beyond:
        raise InputError(
            f"wb97x-d has dispersion coefficients up to xenon. Got {', '.join(beyond)}: "
            "choose wb97x-d4 or another method."
        )
    places = [_ELEMENTS.index(symbol) for symbol in symbols]
    return np.array(_C6)[places] * C6_UNIT, np.array(_RADII)[places] / BOHR


def _hessian(atoms: int, unit: Vector, across: Vector, along: Vector) -> Vector:
    first, second = np.triu_indices(atoms, 1)
    outer = unit[:, :, None] * unit[:, None, :]
    blocks = across[:, None, None] * (np.eye(3) - outer) + along[:, None, None] * outer
    hessian = np.zeros((atoms, 3, atoms, 3))
    for i, j, block in zip(first, second, blocks, strict=True):
        hessian[i, :, i] += block
        hessian[j, :, j] += block
        hessian[i, :, j] -= block
        hessian[j, :, i] -= block
    return hessian.reshape(3 * atoms, 3 * atoms)
