"""Spin models on any bonds: transverse-field Ising, Heisenberg, XXZ and XYZ, in Pauli matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from suite.errors import InputError
from suite.quantum.problems.hamiltonian import Problem
from suite.quantum.problems.jordan_wigner import sparse_pauli_op
from suite.quantum.problems.paulis import lowest_eigenvalue

__all__ = ["chain", "grid", "heisenberg", "ring", "spin_model", "tfim", "xxz"]

Bonds: TypeAlias = Sequence[tuple[int, int]]

MOST_SITES = 1_000
"""Far beyond any engine, and still a few megabytes of Pauli words."""


def chain(sites: int) -> list[tuple[int, int]]:
    """The bonds of an open chain.

    >>> chain(3)
    [(0, 1), (1, 2)]
    """
    _whole("sites", sites, 2)
    return [(site, site + 1) for site in range(sites - 1)]


def ring(sites: int) -> list[tuple[int, int]]:
    """The bonds of a closed chain.

    >>> ring(3)
    [(0, 1), (1, 2), (0, 2)]
    """
    _whole("sites", sites, 3)
    return [*chain(sites), (0, sites - 1)]


def grid(rows: int, columns: int, *, periodic: bool = False) -> list[tuple[int, int]]:
    """The bonds of a square grid, site = row · columns + column; periodic ones are a torus.

    >>> grid(2, 2)
    [(0, 1), (0, 2), (1, 3), (2, 3)]
    """
    _whole("rows", rows, 1)
    _whole("columns", columns, 1)
    found = set()
    for row in range(rows):
        for column in range(columns):
            for down, right in ((row, column + 1), (row + 1, column)):
                inside = down < rows and right < columns
                if inside or periodic:
                    here, there = row * columns + column, down % rows * columns + right % columns
                    found.add((min(here, there), max(here, there)))
    bonds = sorted(bond for bond in found if bond[0] != bond[1])
    if not bonds:
        raise InputError("A grid needs two sites at least. Got 1 by 1.")
    return bonds


def tfim(bonds: Bonds, coupling: ArrayLike = 1.0, field: ArrayLike = 1.0) -> Problem:
    """Transverse-field Ising model: H = -J Σ Z Z - h Σ X.

    `coupling` J one number or one a bond, `field` h one number or one a site; in Pauli matrices,
    not spin operators, as everywhere here.

    >>> round(tfim(chain(4)).exact, 6)
    -4.75877
    """
    pairs, count = _bonds(bonds)
    couplings = _one_each(coupling, len(pairs), "coupling", "bonds")
    fields = _one_each(field, count, "field", "sites")
    return spin_model(pairs, {"ZZ": [-j for j in couplings]}, {"X": [-h for h in fields]})


def heisenberg(bonds: Bonds, coupling: ArrayLike = 1.0, field: ArrayLike = 0.0) -> Problem:
    """Heisenberg model: H = J Σ (X X + Y Y + Z Z) + h Σ Z; J > 0 is the antiferromagnet.

    >>> round(heisenberg(chain(4)).exact, 6)
    -6.464102
    """
    return xxz(bonds, coupling, 1.0, field)


def xxz(
    bonds: Bonds, coupling: ArrayLike = 1.0, anisotropy: ArrayLike = 1.0, field: ArrayLike = 0.0
) -> Problem:
    """XXZ model: H = J Σ (X X + Y Y + Δ Z Z) + h Σ Z.

    `coupling` J and `anisotropy` Δ one number or one a bond, `field` h one number or one a site.

    >>> round(xxz(chain(6), anisotropy=0.5).exact, 6)
    -8.391551
    """
    pairs, count = _bonds(bonds)
    plane = _one_each(coupling, len(pairs), "coupling", "bonds")
    shares = _one_each(anisotropy, len(pairs), "anisotropy", "bonds")
    axis = [j * share for j, share in zip(plane, shares, strict=True)]
    fields = _one_each(field, count, "field", "sites")
    return spin_model(pairs, {"XX": plane, "YY": plane, "ZZ": axis}, {"Z": fields})


def spin_model(
    bonds: Bonds,
    couplings: Mapping[str, ArrayLike],
    fields: Mapping[str, ArrayLike] | None = None,
    sites: int | None = None,
) -> Problem:
    """Any couplings on any bonds: H = Σ_bonds Σ_AB J_AB A B + Σ_sites Σ_A h_A A.

    `couplings` from two letters, such as "ZZ" or "XY" (the first letter on the bond's first site),
    and `fields` from one letter, to one number or one a bond (a site). Site 0 is the rightmost
    letter of a word; `sites` defaults to those that the bonds name. Raises `InputError` for bonds
    and numbers that do not fit.

    >>> spin_model([(0, 1)], {"ZZ": 1.0}, {"X": [0.5, 0.25]}).observable.to_list()
    [('ZZ', (1+0j)), ('IX', (0.5+0j)), ('XI', (0.25+0j))]
    """
    pairs, count = _bonds(bonds, sites)
    if not isinstance(couplings, Mapping):
        raise InputError(f'couplings must be by letters, such as {{"ZZ": 1.0}}. Got {couplings!r}.')
    terms: list[tuple[str, list[int], float]] = []
    for letters, values in couplings.items():
        _letters(letters, 2)
        found = _one_each(values, len(pairs), f"coupling {letters}", "bonds")
        terms += [(letters, list(p), v) for p, v in zip(pairs, found, strict=True)]
    for letter, values in (fields or {}).items():
        _letters(letter, 1)
        found = _one_each(values, count, f"field {letter}", "sites")
        terms += [(letter, [site], value) for site, value in enumerate(found)]
    kept = [term for term in terms if term[2]]
    if not kept:
        raise InputError("All couplings and fields of the spin model are zero.")
    observable = sparse_pauli_op().from_sparse_list(kept, count).simplify()
    return Problem(observable, exact=lowest_eigenvalue(observable), spins=True)


def _bonds(bonds: Bonds, sites: int | None = None) -> tuple[list[tuple[int, int]], int]:
    """The bonds, checked, and the number of sites."""
    if not isinstance(bonds, Sequence) and not hasattr(bonds, "__iter__"):
        raise InputError(f"bonds must be pairs of sites, such as chain(4). Got {bonds!r}.")
    pairs = [_bond(bond) for bond in bonds]
    if sites is not None:
        _whole("sites", sites, 1)
    if not pairs and sites is None:
        raise InputError("A spin model needs a bond at least, such as [0, 1].")
    count = 1 + max(max(pair) for pair in pairs) if sites is None else sites
    if any(max(pair) >= count for pair in pairs):
        raise InputError(f"A bond names site {max(map(max, pairs))}; there are {count} sites.")
    if len({frozenset(pair) for pair in pairs}) < len(pairs):
        raise InputError("A bond is given twice.")
    return pairs, count


def _bond(bond: Sequence[int]) -> tuple[int, int]:
    if not isinstance(bond, Sequence | np.ndarray):
        raise InputError(f"A bond must be two different sites, such as [0, 1]. Got {bond!r}.")
    whole = all(isinstance(s, int | np.integer) and not isinstance(s, bool) for s in bond)
    if len(bond) != 2 or not whole or bond[0] == bond[1] or min(bond) < 0:
        raise InputError(f"A bond must be two different sites, such as [0, 1]. Got {list(bond)}.")
    return int(bond[0]), int(bond[1])


def _letters(letters: str, count: int) -> None:
    if not isinstance(letters, str) or len(letters) != count or set(letters) - set("XYZ"):
        raise InputError(f"{letters!r} must be {count} of the letters X, Y, Z.")


def _one_each(values: ArrayLike, count: int, name: str, what: str) -> list[float]:
    try:
        found = np.asarray(values, float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be numbers. Got {values!r}.") from error
    if found.shape not in ((), (count,)) or not np.all(np.isfinite(found)):
        raise InputError(
            f"{name} must be one finite number or one for each of the {count} {what}. "
            f"Got {found.tolist()!r}."
        )
    return [float(value) for value in np.broadcast_to(found, count)]


def _whole(name: str, value: int, least: int) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not least <= value <= MOST_SITES:
        raise InputError(
            f"{name} must be a whole number from {least} to {MOST_SITES:,}. Got {value!r}."
        )
