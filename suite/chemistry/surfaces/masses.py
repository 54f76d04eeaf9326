"""The masses of atoms: averages over the natural isotopes, or the isotopes asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from suite.chemistry.surfaces.protocol import Vector
from suite.errors import InputError, missing

__all__ = ["Masses", "masses_of"]

Masses: TypeAlias = str | Sequence[float] | Mapping[int, float]


def masses_of(symbols: Sequence[str], masses: Masses = "average") -> Vector:
    """Masses [atoms] in amu.

    `masses` is "average" (standard atomic weights, as PySCF's thermochemistry has them), "common"
    (the most abundant isotope of each element), one number an atom, or a mapping from atom number
    (the first is 1) to the mass of that atom, the others being averages. Raises `InputError` for
    any other.

    >>> masses_of(["O", "H", "H"], {2: 2.014102}).tolist()
    [15.999, 2.014102, 1.008]
    """
    if isinstance(masses, str):
        return _tabulated(symbols, masses)
    if isinstance(masses, Mapping):
        found = _tabulated(symbols, "average")
        for atom, mass in masses.items():
            if not isinstance(atom, int) or not 1 <= atom <= len(symbols):
                raise InputError(f"masses has no atom {atom!r}: atoms are 1 to {len(symbols)}.")
            found[atom - 1] = mass
    else:
        found = np.array(masses, float)
    if found.shape != (len(symbols),) or not np.all(np.isfinite(found) & (found > 0.0)):
        raise InputError(
            f"masses must be {len(symbols)} positive numbers of amu, one an atom. "
            f"Got {np.array2string(found)}."
        )
    return found


def _tabulated(symbols: Sequence[str], kind: str) -> Vector:
    try:
        from pyscf.data import elements
    except ImportError as error:
        raise missing("PySCF", "chemistry") from error
    tables = {"average": elements.MASSES, "common": elements.COMMON_ISOTOPE_MASSES}
    if kind not in tables:
        raise InputError(f"masses must be average, common or numbers of amu. Got {kind!r}.")
    try:
        return np.array([tables[kind][elements.charge(symbol)] for symbol in symbols], float)
    except (KeyError, IndexError) as error:
        raise InputError(f"There is no mass for an element among {', '.join(symbols)}.") from error
