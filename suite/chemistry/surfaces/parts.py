"""Fragments of a molecule: what charge and spin each has, and the surface of each alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from suite.chemistry.surfaces.electronic import PySCFSurface, has_gradients, is_analytic
from suite.chemistry.surfaces.protocol import Surface, Vector
from suite.chemistry.surfaces.recipes import Recipe
from suite.errors import InputError

__all__ = ["Share", "part_of", "shares", "whole_numbers"]

SPLIT = 0.4
"""A population farther than this from the whole number that it is taken for decides nothing."""


class Share(NamedTuple):
    """What one fragment has of a molecule: atoms (from 0), charge in e, unpaired electrons."""

    atoms: tuple[int, ...]
    charge: int
    spin: int


def shares(
    surface: Surface, x: Vector, fragments: Sequence[Sequence[int]], guess: Any = None
) -> list[Share]:
    """Charge and spin of each fragment, from the Mulliken populations of the density at x [n] bohr.

    Populations (Mulliken, J. Chem. Phys. 23, 1833 (1955)) are rounded to whole numbers that add up
    to the molecule's. Raises `InputError` where a surface has none, where one lies between two
    whole numbers, and where a fragment cannot have the spin that it is given; `AttemptFailed`
    where the SCF does not converge.

    >>> from suite.chemistry.surfaces import pyscf_surface
    >>> from suite.molecule import BOHR, Molecule
    >>> place = np.array([[0, 0, 0], [0, 0, 4.0], [0, 0, 4.74]])
    >>> apart = pyscf_surface(Molecule(("F", "H", "H"), place, charge=-1), "hf", "sto-3g")
    >>> shares(apart, place.ravel() / BOHR, [(0,), (1, 2)])
    [Share(atoms=(0,), charge=-1, spin=0), Share(atoms=(1, 2), charge=0, spin=0)]
    """
    if not isinstance(surface, PySCFSurface):
        raise InputError("The charges of fragments are known from PySCF surfaces only.")
    solution = surface.solve(x, guess)
    molecule = solution.mean_field.mol
    alpha, beta = _populations(solution.mean_field)
    numbers = molecule.atom_charges()
    groups = [list(fragment) for fragment in fragments]
    charge = [float(np.sum(numbers[g] - alpha[g] - beta[g])) for g in groups]
    spin = [float(np.sum(alpha[g] - beta[g])) for g in groups]
    charges = whole_numbers(charge, int(molecule.charge), "charges")
    spins = whole_numbers(spin, int(molecule.spin), "spins")
    found = []
    for group, q, s in zip(groups, charges, spins, strict=True):
        electrons = int(np.sum(numbers[group])) - q
        if electrons < 1 or abs(s) > electrons or (electrons - s) % 2:
            raise InputError(
                f"A fragment of {electrons} electrons cannot have {abs(s)} unpaired, as the wave "
                "function has it: a restricted one does not break a bond into radicals, try the "
                "method with a leading u, as in ub3lyp."
            )
        found.append(Share(tuple(group), q, abs(s)))
    return found


def whole_numbers(values: Sequence[float], total: int, what: str) -> list[int]:
    """Populations as whole numbers of a given sum; raises `InputError` where they are split.

    >>> whole_numbers([-0.8, 0.1, -0.3], -1, "charges")
    [-1, 0, 0]
    """
    found = np.rint(values).astype(int)
    short = total - int(found.sum())
    for _ in range(abs(short)):
        left = (np.asarray(values) - found) * np.sign(short)
        found[int(np.argmax(left))] += int(np.sign(short))
    if np.max(np.abs(np.asarray(values) - found)) > SPLIT:
        told = ", ".join(f"{value:.2f}" for value in values)
        raise InputError(
            f"The {what} of the fragments are not whole ({told} by Mulliken populations), so that "
            "it is not known what they would be apart."
        )
    return [int(value) for value in found]


def _populations(mean_field: Any) -> tuple[Vector, Vector]:
    """Mulliken populations of alpha and beta electrons, each [atoms]."""
    density = np.asarray(mean_field.make_rdm1())
    pair = density if density.ndim == 3 else np.array([0.5 * density] * 2)
    gross = np.einsum("sij,ji->si", pair, mean_field.get_ovlp())
    rows = mean_field.mol.aoslice_by_atom()[:, 2:]
    alpha, beta = (np.array([np.sum(g[a:b]) for a, b in rows]) for g in gross)
    return alpha, beta


def part_of(surface: Surface, x: Vector, share: Share) -> PySCFSurface:
    """The surface of one fragment alone, by the method of the whole; x [n] in bohr of the whole.

    Raises `InputError` where the method does not allow it: active spaces cannot be split, CISD does
    not add up over fragments, somebody's own PySCF object may not fit another spin.

    >>> from suite.chemistry.surfaces import pyscf_surface
    >>> from suite.molecule import BOHR, Molecule
    >>> place = np.array([[0, 0, 0], [0, 0, 4.0], [0, 0, 4.74]])
    >>> apart = pyscf_surface(Molecule(("F", "H", "H"), place, charge=-1), "hf", "sto-3g")
    >>> hydrogen = part_of(apart, place.ravel() / BOHR, Share((1, 2), 0, 0))
    >>> f"{hydrogen.measure(place.ravel()[3:] / BOHR).energy:.4f}"
    '-1.1168'
    """
    if not isinstance(surface, PySCFSurface):
        raise InputError("Fragments can be computed apart on PySCF surfaces only.")
    atoms = list(share.atoms)
    molecule = surface._molecule.copy()
    place = np.asarray(x, float).reshape(-1, 3)[atoms]
    symbols = tuple(surface.symbols[i] for i in atoms)
    # Labels of atoms may have a basis of their own.
    labels = [surface._molecule.atom_symbol(i) for i in atoms]
    molecule.atom, molecule.unit = list(zip(labels, place.tolist(), strict=True)), "Bohr"
    molecule.charge, molecule.spin = share.charge, share.spin
    molecule.build(False, False)
    build = _build_of(surface, molecule)
    method = has_gradients(build(molecule), str(surface.details["method"]))
    return PySCFSurface(
        symbols,
        np.asarray(surface.masses, float)[atoms],
        surface.noise,
        is_analytic(method),
        {**surface.details, "charge": share.charge, "spin": share.spin},
        surface.triples and molecule.nelectron > 1,
        surface.pairs,
        surface.grid_response,
        molecule,
        build,
    )


def _build_of(surface: PySCFSurface, molecule: Any) -> Any:
    """How a fragment is calculated: as the whole, but a single electron has no correlation."""
    whole = surface._build(surface._molecule)
    if surface.own and (whole.finish is not None or molecule.spin):
        raise InputError("A PySCF object of one's own is not made over for a fragment of it.")
    if whole.finish is None:
        return surface._build
    theory = str(surface.details["method"])
    if "cisd" in theory or "casscf" in theory:
        raise InputError(f"{theory} does not add up over fragments that are computed apart.")
    if surface.triples and molecule.spin:
        raise InputError("There is no trustworthy gradient of ccsd(t) for open shells.")
    return partial(_mean_field_only, surface._build) if molecule.nelectron < 2 else surface._build


def _mean_field_only(build: Any, molecule: Any) -> Recipe:
    return Recipe(build(molecule).mean_field)
