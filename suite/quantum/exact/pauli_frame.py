"""Pauli words as bit masks, and the frame in which a circuit's Clifford gates cost nothing.

A rotation about the word P after a Clifford gate C is the rotation about C†PC before it. Pulling
all Clifford gates to the end leaves rotations about words alone; the observable is pulled through
the same gates (Gottesman, arXiv:quant-ph/9807006).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Frame", "Pauli", "clifford_images", "commute", "pauli_of", "word_matrix"]

Matrix = NDArray[np.complex128]


class Pauli(NamedTuple):
    """The product i^phase · X^x · Z^z over all qubits, masks with qubit 0 as the lowest bit."""

    x: int
    z: int
    phase: int = 0

    def times(self, other: Pauli) -> Pauli:
        """This word after the other."""
        crossed = 2 * (self.z & other.x).bit_count()
        phase = (self.phase + other.phase + crossed) % 4
        return Pauli(self.x ^ other.x, self.z ^ other.z, phase)

    @property
    def sign(self) -> int:
        """+1 or -1 before the letters of a Hermitian word (Y is iXZ)."""
        return 1 - (self.phase - (self.x & self.z).bit_count()) % 4


def pauli_of(word: str) -> Pauli:
    """The word as masks; the leftmost letter is the highest qubit.

    >>> pauli_of("XYZ")
    Pauli(x=6, z=3, phase=1)
    """
    x = z = 0
    for letter in word:
        x, z = 2 * x + (letter in "XY"), 2 * z + (letter in "YZ")
    return Pauli(x, z, (x & z).bit_count() % 4)


def commute(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Whether two words (x mask, z mask) commute."""
    return ((a[0] & b[1]).bit_count() + (a[1] & b[0]).bit_count()) % 2 == 0


class Frame:
    """What each X and Z of the circuit's end is at its beginning, through the Cliffords so far."""

    def __init__(self, qubits: int) -> None:
        self.x = [Pauli(1 << q, 0) for q in range(qubits)]
        self.z = [Pauli(0, 1 << q) for q in range(qubits)]

    def append(self, images: tuple[tuple[Pauli, Pauli], ...], qubits: tuple[int, ...]) -> None:
        """A Clifford gate given by the images U†XU, U†ZU on each of its own qubits."""
        new = [tuple(self._pull(word, qubits) for word in pair) for pair in images]
        for qubit, (x, z) in zip(qubits, new, strict=True):
            self.x[qubit], self.z[qubit] = x, z

    def pull(self, word: Pauli) -> Pauli:
        """The word C†PC."""
        return self._pull(word, tuple(range(len(self.x))))

    def _pull(self, word: Pauli, qubits: tuple[int, ...]) -> Pauli:
        found = Pauli(0, 0, word.phase)
        for place, qubit in enumerate(qubits):
            if word.x >> place & 1:
                found = found.times(self.x[qubit])
            if word.z >> place & 1:
                found = found.times(self.z[qubit])
        return found


def clifford_images(matrix: Matrix) -> tuple[tuple[Pauli, Pauli], ...] | None:
    """The images U†XU and U†ZU of each qubit if the gate is a Clifford, else None."""
    width = len(matrix).bit_length() - 1
    pairs = []
    for qubit in range(width):
        seen = [_image(matrix, Pauli(1 << qubit, 0)), _image(matrix, Pauli(0, 1 << qubit))]
        if seen[0] is None or seen[1] is None:
            return None
        pairs.append((seen[0], seen[1]))
    return tuple(pairs)


def _image(matrix: Matrix, word: Pauli) -> Pauli | None:
    width = len(matrix).bit_length() - 1
    turned = matrix.conj().T @ word_matrix(word.x, word.z, width) @ matrix
    for x, z in product(range(2**width), repeat=2):
        weight = np.vdot(word_matrix(x, z, width), turned) / 2**width
        if abs(weight) > 0.9:
            phase = round(float(np.angle(weight)) / (np.pi / 2)) % 4
            return Pauli(x, z, phase) if abs(weight - 1j**phase) < 1e-12 else None
    return None


@lru_cache(maxsize=1024)
def word_matrix(x: int, z: int, width: int) -> Any:
    """X^x Z^z as a dense matrix, for gates of few qubits."""
    index = np.arange(2**width)
    matrix = np.zeros((2**width, 2**width), complex)
    matrix[index ^ x, index] = 1.0 - 2.0 * (np.bitwise_count(index & z) % 2)
    return matrix
