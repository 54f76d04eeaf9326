"""Gates as fixed matrices or as rotations about sums of commuting Pauli words."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from suite.quantum.exact.generators import letters_of, placed

__all__ = ["Gate", "Word", "words_of"]

Whole = NDArray[np.int64]
# Coefficient, and the masks of a Pauli word (qubit 0 the lowest bit, Y in both).
Word: TypeAlias = tuple[float, int, int]


class Gate(NamedTuple):
    """A fixed `matrix` on `qubits` (first qubit lowest), or exp(-iφ Σ c P) with commuting `words`.

    `angle` is the place of φ among the unrolled angles; -1 where it is the number `constant`.
    """

    qubits: tuple[int, ...]
    matrix: Any = None
    words: tuple[Word, ...] = ()
    angle: int = -1
    constant: float = 0.0

    @property
    def support(self) -> int:
        """Its qubits as a mask."""
        return sum(1 << qubit for qubit in self.qubits)

    def basis(self, width: int) -> Whole | None:
        """1 (Z), 2 (X) or 3 (Y) [n] where the generator acts; None if no local basis fits it."""
        basis = np.zeros(width, np.int64)
        for _, x, z in self.words:
            for qubit in range((x | z).bit_length()):
                letter = (z >> qubit & 1) + 2 * (x >> qubit & 1)
                if letter and basis[qubit] not in (0, letter):
                    return None
                basis[qubit] = max(basis[qubit], letter)
        return basis


def words_of(gate: Any, qubits: tuple[int, ...]) -> tuple[Word, ...] | None:
    """The generator of a gate exp(-iφ Σ c P) with commuting words; None if it is no such gate."""
    letters = letters_of(gate)
    if letters is None:
        return None
    words = placed(letters, qubits)
    return tuple((c, word.x, word.z) for c, word in words if word.x or word.z)
