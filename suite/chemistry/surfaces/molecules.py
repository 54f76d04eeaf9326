"""The molecule as PySCF has it: basis, effective core potentials, charge and spin, all checked."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from suite.chemistry.surfaces.methods import nearest
from suite.core_potentials import core_potentials
from suite.errors import InputError, missing
from suite.molecule import BOHR, Molecule

__all__ = ["pyscf_molecule"]


def pyscf_molecule(molecule: Molecule, basis: str) -> Any:
    """The PySCF molecule in bohr.

    Basis sets made for an effective core potential bring it (`core_potentials`). Raises
    `InputError` for an element, basis, charge or spin that does not exist.
    """
    try:
        from pyscf import gto
    except ImportError as error:
        raise missing("PySCF", "chemistry") from error
    _check_elements(molecule.symbols)
    _check_electrons(molecule)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice on where else to look for a basis
        _check_basis(molecule.symbols, basis)
        return gto.M(
            atom=list(zip(molecule.symbols, molecule.coordinates / BOHR, strict=True)),
            unit="Bohr",
            basis=basis,
            ecp=core_potentials(molecule.symbols, basis),
            charge=molecule.charge,
            spin=molecule.spin,
            verbose=0,
        )


def _check_elements(symbols: Sequence[str]) -> None:
    from pyscf.data.elements import ELEMENTS

    for number, symbol in enumerate(symbols, 1):
        if symbol not in ELEMENTS[1:]:
            raise InputError(f"Atom {number} is no element that PySCF knows. Got {symbol!r}.")


def _check_electrons(molecule: Molecule) -> None:
    from pyscf.data.elements import charge

    electrons = sum(charge(symbol) for symbol in molecule.symbols) - molecule.charge
    if electrons < 1:
        raise InputError(f"charge {molecule.charge} leaves no electrons. Got {electrons}.")
    if molecule.spin < 0 or molecule.spin > electrons or (electrons - molecule.spin) % 2:
        parity = "an even" if electrons % 2 == 0 else "an odd"
        raise InputError(
            f"charge {molecule.charge} with spin {molecule.spin} (unpaired electrons) is not "
            f"possible for {electrons} electrons: spin must be {parity} number, at most "
            f"{electrons} and not negative."
        )


def _check_basis(symbols: Sequence[str], basis: str) -> None:
    from pyscf import gto
    from pyscf.gto.basis import ALIAS

    lacking = []
    for symbol in sorted(set(symbols)):
        try:
            found = gto.basis.load(basis, symbol)
        except (RuntimeError, KeyError, ValueError, OSError, AssertionError):
            found = None  # PySCF's ways of saying that there is none
        if not found:
            lacking.append(symbol)
    if lacking:
        known = [] if _plain(basis) in ALIAS else list(ALIAS)
        raise InputError(
            f"PySCF has no basis {basis!r} for {', '.join(lacking)}{nearest(_plain(basis), known)}"
        )


def _plain(basis: str) -> str:
    return basis.lower().replace("-", "").replace("_", "").replace(" ", "")
