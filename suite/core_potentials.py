"""Effective core potentials that a basis set is made for."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from suite.errors import InputError

__all__ = ["core_potentials"]

_FAMILIES = ("bfd", "ccecp", "ccecphe", "ccecpreg", "ccecp28", "ccecp36")
"""Potentials whose basis sets have names of their own that begin with theirs; longer ones later."""
_PERIODIC = "gth"
"""Basis sets for pseudopotentials of periodic calculations."""


def core_potentials(symbols: Iterable[str], basis: str) -> dict[str, str]:
    """The potential of each element that the basis has none of the core electrons of.

    PySCF gives a molecule all its electrons unless it is told, with energies that mean nothing.
    Raises `InputError` for a basis of a pseudopotential that PySCF's molecules do not have.

    >>> core_potentials(["Cu", "H"], "lanl2dz")
    {'Cu': 'lanl2dz'}
    """
    plain = basis.lower().replace("-", "").replace("_", "")
    if plain.startswith(_PERIODIC):
        raise InputError(
            f"The basis {basis!r} is for pseudopotentials of periodic calculations; take one for "
            "molecules, such as sto-3g or def2-svp."
        )
    name = next((each for each in _FAMILIES[::-1] if plain.startswith(each)), basis)
    return {symbol: name for symbol in symbols if _has(name, symbol)}


def _has(name: str, symbol: str) -> bool:
    from pyscf import gto

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice on where else to look for one
            return bool(gto.basis.load_ecp(name, symbol.rstrip("0123456789")))
    except (RuntimeError, KeyError, ValueError, OSError, AssertionError):
        return False  # PySCF's ways of saying that there is none
