"""The electronic Hamiltonian on determinants of fixed particle numbers, from integrals.

With E_pq = a†_p a_q of one spin on its own strings of occupied orbitals, H is a sum over the up
strings, one over the down strings, and Σ (pq|rs) E_pq ⊗ E_rs between them (Helgaker, Jørgensen and
Olsen, Molecular Electronic-Structure Theory, section 11.8).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["hamiltonian_bytes", "sector_action", "strings"]

Vector = NDArray[np.float64]
Whole = NDArray[np.int64]

DENSE_FACTOR = 12
"""A dense product runs at about this many times the rate of a sparse one per element."""


def strings(orbitals: int, electrons: int) -> Whole:
    """All ways to fill orbitals, as bit masks in growing order.

    >>> strings(3, 2)
    array([3, 5, 6])
    """
    masks = [sum(1 << q for q in own) for own in combinations(range(orbitals), electrons)]
    return np.array(sorted(masks), np.int64)


def hamiltonian_bytes(orbitals: int, electrons: tuple[int, int]) -> int:
    """What the sparse matrix takes: singles of each spin, and pairs of them."""
    links = [1 + n * (orbitals - n) for n in electrons]
    doubles = [comb(n, 2) * comb(orbitals - n, 2) for n in electrons]
    size = comb(orbitals, electrons[0]) * comb(orbitals, electrons[1])
    return 36 * size * (links[0] * links[1] + sum(doubles))


def sector_action(hamiltonian: Any, matrix: bool) -> tuple[Callable[[Vector], Vector], float]:
    """A function from real rows [m, dimension] to the Hamiltonian on them, and a bound on it.

    Rows are determinants with the down strings slowest. As a matrix where asked, else string by
    string.
    """
    one, two = np.asarray(hamiltonian.one, float), np.asarray(hamiltonian.two, float)
    constant = float(hamiltonian.constant)
    bound = float(abs(constant) + 2.0 * np.sum(np.abs(one)) + 2.0 * np.sum(np.abs(two)))
    orbitals = len(one)
    up, down = (_moves(strings(orbitals, n), orbitals) for n in hamiltonian.electrons)
    own = [_one_spin(moves, one, two) for moves in (up, down)]
    if matrix:
        return _by_matrix(_whole(own, up, down, two, constant)), bound
    return _by_strings(own, up, down, two, constant), bound


def _moves(masks: Whole, orbitals: int) -> list[list[Any]]:
    """E_pq on the strings of one spin, as sparse matrices [p][q]."""
    from scipy.sparse import csr_array

    def move(p: int, q: int) -> Any:
        source = np.flatnonzero(masks >> q & 1)
        without = masks[source] ^ (1 << q)
        free = np.flatnonzero(without >> p & 1 == 0)
        source, without = source[free], without[free]
        below = np.bitwise_count(without & ((1 << q) - 1)).astype(int)
        below += np.bitwise_count(without & ((1 << p) - 1))
        target = np.searchsorted(masks, without | (1 << p))
        shape = (len(masks), len(masks))
        return csr_array((1.0 - 2.0 * (below % 2), (target, source)), shape=shape)

    return [[move(p, q) for q in range(orbitals)] for p in range(orbitals)]


def _one_spin(moves: list[list[Any]], one: Vector, two: Vector) -> Any:
    """Σ (h_pq - ½ Σ_r (pr|rq)) E_pq + ½ Σ (pq|rs) E_pq E_rs on one spin's strings."""
    orbitals = len(one)
    effective = one - 0.5 * np.einsum("prrq->pq", two)
    total = moves[0][0] * 0.0
    for p in range(orbitals):
        for q in range(orbitals):
            inner = _weighted(moves, 0.5 * two[p, q])
            total = total + effective[p, q] * moves[p][q] + moves[p][q] @ inner
    return total.tocsr()


def _weighted(moves: list[list[Any]], weights: Vector) -> Any:
    """Σ w_rs E_rs."""
    total = moves[0][0] * 0.0
    for r, s in np.argwhere(np.abs(weights) > 1e-15):
        total = total + weights[r, s] * moves[r][s]
    return total


def _whole(
    own: list[Any], up: list[list[Any]], down: list[list[Any]], two: Vector, constant: float
) -> Any:
    from scipy.sparse import eye_array, kron

    sizes = [part.shape[0] for part in own]
    total = kron(eye_array(sizes[1]), own[0]) + kron(own[1], eye_array(sizes[0]))
    total = total.tocsr() + constant * eye_array(sizes[0] * sizes[1], format="csr")
    for p, q in np.ndindex(two.shape[:2]):
        if up[p][q].nnz:
            total = total + kron(_weighted(down, two[p, q]), up[p][q], format="csr")
    return total


def _by_matrix(matrix: Any) -> Callable[[Vector], Vector]:
    matrix.eliminate_zeros()
    if matrix.shape[0] ** 2 <= DENSE_FACTOR * matrix.nnz:
        dense = matrix.toarray()
        return lambda rows: rows @ dense
    return lambda rows: np.ascontiguousarray((matrix @ np.ascontiguousarray(rows.T)).T)


def _by_strings(
    own: list[Any], up: list[list[Any]], down: list[list[Any]], two: Vector, constant: float
) -> Callable[[Vector], Vector]:
    sizes = (own[1].shape[0], own[0].shape[0])
    links = [
        (_weighted(down, two[p, q]).tocsr(), up[p][q].T.tocsr())
        for p, q in np.ndindex(two.shape[:2])
        if up[p][q].nnz
    ]
    right = own[0].T.tocsr()

    def act(rows: Vector) -> Vector:
        out = np.empty_like(rows)
        for row, target in zip(rows, out, strict=True):
            table = row.reshape(sizes)
            total = constant * table + own[1] @ table + table @ right
            for left, move in links:
                total += left @ (table @ move)
            target[:] = total.ravel()
        return out

    return act
