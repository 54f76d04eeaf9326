"""Fermions to qubits by the Jordan-Wigner transformation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from suite.errors import InputError, missing

__all__ = ["Ladder", "fermion_to_qubits", "sparse_pauli_op"]

# Creation (True) or annihilation of a mode, in the order in which they are written.
Ladder: TypeAlias = tuple[tuple[int, bool], ...]
Words: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.complex128]]

MOST_MODES = 62
"""Modes whose words fit into the bits of one integer."""
CHUNK = 2**20
"""Words held at once."""
NEGLIGIBLE = 1e-14


def fermion_to_qubits(terms: Mapping[Ladder, complex], modes: int, constant: complex = 0.0) -> Any:
    """Jordan-Wigner: a sum of products of ladder operators as a `SparsePauliOp`.

    A mode is a qubit, the first mode the rightmost letter: a_p = (X + iY)_p/2 · Z on all below
    (Jordan and Wigner, Z. Phys. 47, 631 (1928)). Raises `InputError` above 62 modes.

    >>> fermion_to_qubits({((0, True), (0, False)): 1.0}, 1).to_list()
    [('I', (0.5+0j)), ('Z', (-0.5+0j))]
    """
    if modes > MOST_MODES:
        raise InputError(f"{modes} qubits are too many, {MOST_MODES} the most: use active_space.")
    zero = np.zeros(1, np.int64)
    found: Words = (zero, zero, np.array([constant], complex))
    for ladders, values in _by_length(terms):
        parts = (np.concatenate(pair) for pair in zip(found, _words(ladders, values), strict=True))
        found = _collected(*parts)
    x, z, weights = found
    kept = np.abs(weights) > NEGLIGIBLE
    if not kept.any():
        kept[0] = True
    x, z, weights = x[kept], z[kept], weights[kept]
    from_bits = (np.stack([z, x])[:, :, None] >> np.arange(modes)) & 1 == 1
    sparse_pauli_op()
    from qiskit.quantum_info import PauliList, SparsePauliOp

    # X^x Z^z is the word of letters times -i for every Y, as XZ = -iY.
    phases = np.array([1.0, -1.0j, -1.0, 1.0j])[np.bitwise_count(x & z) % 4]
    return SparsePauliOp(PauliList.from_symplectic(*from_bits), weights * phases)


def _by_length(
    terms: Mapping[Ladder, complex],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.complex128]]]:
    """Ladders of equal length as arrays [ladders, length, 2], in chunks, with their weights."""
    groups: dict[int, list[Ladder]] = defaultdict(list)
    for ladder in terms:
        groups[len(ladder)].append(ladder)
    for length, ladders in sorted(groups.items()):
        size = max(1, CHUNK >> length)
        for at in range(0, len(ladders), size):
            some = ladders[at : at + size]
            shaped = np.array(some, np.int64).reshape(len(some), length, 2)
            yield shaped, np.array([terms[ladder] for ladder in some], complex)


def _words(ladders: NDArray[np.int64], values: NDArray[np.complex128]) -> Words:
    """The words X^x Z^z of products of ladder operators, each product of length k as 2^k words."""
    count = len(ladders)
    x, z = np.zeros((2, count, 1), np.int64)
    weights = values[:, None]
    for place in range(ladders.shape[1]):
        mode, create = ladders[:, place, 0, None], ladders[:, place, 1, None]
        bit = np.int64(1) << mode
        # a = X(1 - Z)/2 · Z_below and a† = X(1 + Z)/2 · Z_below, since iY = -XZ; a Z that the
        # product has there already moves past the new X.
        moved = weights * np.where(z & bit, -0.5, 0.5)
        x, below = x ^ bit, z ^ (bit - 1)
        x = np.concatenate([x, x], axis=1)
        z = np.concatenate([below, below ^ bit], axis=1)
        weights = np.concatenate([moved, moved * np.where(create, 1.0, -1.0)], axis=1)
    return _collected(x.ravel(), z.ravel(), weights.ravel())


def _collected(
    x: NDArray[np.int64], z: NDArray[np.int64], weights: NDArray[np.complex128]
) -> Words:
    """Equal words added up, in the order of their bits."""
    order = np.lexsort((z, x))
    x, z, weights = x[order], z[order], weights[order]
    first = np.r_[True, (np.diff(x) != 0) | (np.diff(z) != 0)]
    starts = np.flatnonzero(first)
    return x[starts], z[starts], np.add.reduceat(weights, starts)


def sparse_pauli_op() -> Any:
    """Qiskit's class of Pauli sums."""
    try:
        from qiskit.quantum_info import SparsePauliOp
    except ImportError as error:
        raise missing("Qiskit", "quantum") from error
    return SparsePauliOp
