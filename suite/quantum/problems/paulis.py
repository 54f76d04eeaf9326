"""Sums of Pauli words: read from text, checked, and their lowest eigenvalue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.errors import InputError
from suite.quantum.problems.jordan_wigner import sparse_pauli_op

__all__ = ["is_pauli_text", "lowest_eigenvalue", "pauli_terms", "read_terms"]

MOST_EXACT_ELEMENTS = 2**23
"""Elements of the sparse matrix up to which its lowest eigenvalue is computed beside."""
MOST_DENSE_STATES = 32
"""Dimension below which it is by a dense matrix."""

_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_TERM = re.compile(rf"\s*([+-])?\s*({_NUMBER})?\s*\*?\s*([IXYZ]+)\s*")
_PAIR = re.compile(rf"\s*([IXYZ]+)[\s,:]\s*([+-]?\s*{_NUMBER})\s*")


def is_pauli_text(given: object) -> bool:
    """Whether this is a sum of Pauli words as text, and no name of a file.

    >>> is_pauli_text("-1.0 ZZ + 0.5*XI"), is_pauli_text("h2.toml"), is_pauli_text("X.toml")
    (True, False, False)
    """
    try:
        return isinstance(given, str) and bool(read_terms(given))
    except InputError:
        return False


def read_terms(terms: Any) -> list[tuple[str, float]]:
    """Pairs of a word and a number, from such pairs, a mapping, or text.

    Text is a sum, "-1.0 ZZI + 0.5*XII", or has a word and a number on each line; # begins a
    comment. Raises `InputError` naming what cannot be read.

    >>> read_terms("ZZ -1.0")
    [('ZZ', -1.0)]
    """
    if isinstance(terms, str):
        lines = [line.split("#")[0] for line in re.split(r"[\n;]", terms)]
        return [term for line in lines if line.strip() for term in _line(line)]
    if isinstance(terms, Mapping):
        return list(terms.items())
    if not isinstance(terms, Iterable):
        raise InputError(f"Pauli terms must be text or pairs of word and number. Got {terms!r}.")
    pairs = [tuple(term) if isinstance(term, list | tuple) else (term,) for term in terms]
    for pair in pairs:
        if len(pair) != 2:
            raise InputError(f'[pauli] terms must be pairs like ["ZZ", -1.0]. Got {pair!r}.')
    return pairs


def _line(line: str) -> list[tuple[str, float]]:
    if pair := _PAIR.fullmatch(line):
        return [(pair[1], float(pair[2].replace(" ", "")))]
    terms: list[tuple[str, float]] = []
    at = 0
    for found in _TERM.finditer(line):
        if found.start() != at or (terms and not found[1]):
            break
        number = float(found[2] or 1.0)
        terms.append((found[3], -number if found[1] == "-" else number))
        at = found.end()
    if at != len(line):
        raise InputError(
            f"{line[at:].strip()!r} is no Pauli term; write a sum like '-1.0 ZZI + 0.5 XII'."
        )
    return terms


def pauli_terms(terms: list[tuple[str, float]]) -> Any:
    """The sum as a `SparsePauliOp`; raises `InputError` for the first term that is wrong."""
    if not terms:
        raise InputError('[pauli] terms is empty; give pairs like ["ZZ", -1.0].')
    width = len(str(terms[0][0]))
    for word, value in terms:
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        fits = isinstance(word, str) and len(word) == width > 0 and not set(word) - set("IXYZ")
        if not fits or not number or not np.isfinite(value):
            many = f"{width} letters" if isinstance(terms[0][0], str) and width else "letters"
            raise InputError(
                f"A term must be {many} of I, X, Y, Z and a finite number. Got {word!r}, {value!r}."
            )
    return sparse_pauli_op().from_list(terms).simplify()


def lowest_eigenvalue(observable: Any, states: NDArray[np.int64] | None = None) -> float | None:
    """The exact ground-state energy where it takes no more than seconds, else None.

    Of the whole space, or of the span of the basis states of these numbers.
    """
    qubits = observable.num_qubits
    patterns = len(np.unique(observable.paulis.x, axis=0))
    if patterns * 2**qubits > MOST_EXACT_ELEMENTS:
        return None
    matrix = observable.to_matrix(sparse=True)
    if states is not None:
        matrix = matrix.tocsr()[states][:, states]
    if matrix.shape[0] < MOST_DENSE_STATES:
        return float(np.linalg.eigvalsh(matrix.toarray())[0])
    if not np.any(matrix.data.imag):
        matrix = matrix.real
    from scipy.sparse.linalg import eigsh

    # A fixed start, so that the same file gives the same digits.
    start = np.random.default_rng(0).normal(size=matrix.shape[0])
    return float(eigsh(matrix, 1, which="SA", v0=start, return_eigenvectors=False)[0])
