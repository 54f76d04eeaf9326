"""A sum of Pauli words acting on states: by a sparse matrix, or by words where that is large."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.errors import InputError
from suite.quantum.exact.kernel import add_words
from suite.quantum.exact.memory import allowance
from suite.quantum.exact.pauli_frame import Frame, Pauli

__all__ = ["action", "checked_observable", "matrix_allowed", "matrix_bytes", "sparse_pauli"]

States = NDArray[np.complex128]

MATRIX_SHARE = 0.25
"""Share of the allowed memory that the observable's sparse matrix may take."""
MATRIX_BYTES = 2**28
"""Beyond this the matrix takes many seconds to build and is no quicker than the words."""


def matrix_allowed() -> int:
    """Bytes that the sparse matrix may take."""
    return min(MATRIX_BYTES, int(MATRIX_SHARE * allowance()))


def sparse_pauli(observable: Any) -> Any:
    """A `SparseObservable` as a `SparsePauliOp`; anything else as it is."""
    if not hasattr(observable, "as_paulis"):
        return observable
    from qiskit.quantum_info import SparsePauliOp

    return SparsePauliOp.from_sparse_observable(observable)


def checked_observable(observable: Any, qubits: int) -> Any:
    """The observable as a `SparsePauliOp`, refused by a sentence where it is no real sum of words
    of this width."""
    observable = sparse_pauli(observable)
    if not hasattr(observable, "to_matrix") or not hasattr(observable, "coeffs"):
        raise InputError(f"The observable must be a SparsePauliOp. Got {observable!r}.")
    if observable.num_qubits != qubits:
        raise InputError(
            f"The observable acts on {observable.num_qubits} qubits, the circuit has {qubits}."
        )
    coefficients = np.asarray(observable.coeffs, complex)
    wrong = np.flatnonzero(
        (np.abs(coefficients.imag) > 1e-12 * np.abs(coefficients)) | ~np.isfinite(coefficients)
    )
    if len(wrong):
        word, value = observable.to_list()[int(wrong[0])]
        raise InputError(
            f"An observable must have real, finite coefficients. Got {value} for {word}."
        )
    return observable


def matrix_bytes(observable: Any) -> int:
    """What the sparse matrix takes: a value and an index for each pattern of X in each column."""
    patterns = len(np.unique(observable.paulis.x, axis=0))
    return int(28 * patterns * 2**observable.num_qubits)  # complex values and indices, and a copy


def action(observable: Any, frame: Frame) -> Callable[[States], States]:
    """A function from states [rows, dimension] to the observable on them, in the frame.

    Every word is pulled through the frame's Clifford gates.
    """
    words, coefficients = _pulled(observable, frame)
    if matrix_bytes(observable) <= matrix_allowed():
        return _by_matrix(words, coefficients, observable.num_qubits)
    return _by_words(words, coefficients)


def _pulled(observable: Any, frame: Frame) -> tuple[list[Pauli], NDArray[np.float64]]:
    bits = 1 << np.arange(observable.num_qubits, dtype=object)
    xs = [int(mask) for mask in observable.paulis.x.astype(object) @ bits]
    zs = [int(mask) for mask in observable.paulis.z.astype(object) @ bits]
    words = [frame.pull(Pauli(x, z, (x & z).bit_count() % 4)) for x, z in zip(xs, zs, strict=True)]
    signs = np.array([word.sign for word in words], float)
    return words, signs * np.asarray(observable.coeffs, complex).real


def _by_matrix(
    words: list[Pauli], coefficients: NDArray[np.float64], qubits: int
) -> Callable[[States], States]:
    from qiskit.quantum_info import PauliList, SparsePauliOp

    masks = np.array([[word.x, word.z] for word in words], np.int64)
    letters = (masks[:, :, None] >> np.arange(qubits)) & 1 == 1
    paulis = PauliList.from_symplectic(letters[:, 1], letters[:, 0])
    matrix = SparsePauliOp(paulis, coefficients).to_matrix(sparse=True).tocsr()
    matrix.eliminate_zeros()
    if not np.any(matrix.data.imag):
        matrix = matrix.real.tocsr()

    def act(states: States) -> States:
        rows, dimension = states.shape
        columns = np.ascontiguousarray(states.T)
        if np.isrealobj(matrix.data):
            # A real matrix acts on real and imaginary parts alike; SciPy would make it complex.
            real = columns.view(float)
            return np.ascontiguousarray((matrix @ real).view(complex).T)
        return np.ascontiguousarray((matrix @ columns).T).reshape(rows, dimension)

    return act


def _by_words(words: list[Pauli], coefficients: NDArray[np.float64]) -> Callable[[States], States]:
    x = np.array([word.x for word in words], np.int64)
    z = np.array([word.z for word in words], np.int64)
    phases = np.array([1j ** ((word.x & word.z).bit_count() % 4) for word in words])
    weights = np.ascontiguousarray(coefficients * phases)

    def act(states: States) -> States:
        out = np.zeros_like(states)
        for target, state in zip(out, np.ascontiguousarray(states), strict=True):
            add_words(target, state, x, z, weights)
        return out

    return act
