"""Gates as fixed matrices or as rotations about sums of commuting Pauli words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Gate", "Word", "words_of"]

Whole = NDArray[np.int64]
# Coefficient, and the masks of a Pauli word (qubit 0 the lowest bit, Y in both).
Word: TypeAlias = tuple[float, int, int]

# Words over a gate's qubits, the last qubit leftmost, up to a phase of the whole state.
_ROTATIONS: dict[str, tuple[tuple[float, str], ...]] = {
    "rx": ((0.5, "X"),),
    "ry": ((0.5, "Y"),),
    "rz": ((0.5, "Z"),),
    "p": ((0.5, "Z"),),
    "u1": ((0.5, "Z"),),
    "rxx": ((0.5, "XX"),),
    "ryy": ((0.5, "YY"),),
    "rzz": ((0.5, "ZZ"),),
    "rzx": ((0.5, "XZ"),),
    "crx": ((0.25, "XI"), (-0.25, "XZ")),
    "cry": ((0.25, "YI"), (-0.25, "YZ")),
    "crz": ((0.25, "ZI"), (-0.25, "ZZ")),
    "cp": ((0.25, "IZ"), (0.25, "ZI"), (-0.25, "ZZ")),
    "cu1": ((0.25, "IZ"), (0.25, "ZI"), (-0.25, "ZZ")),
}


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
    # A gate controlled on 0 has the same name but another generator.
    standard = getattr(gate, "ctrl_state", None) in (None, 1)
    if gate.name in _ROTATIONS and standard:
        return tuple(_spread(_ROTATIONS[gate.name], qubits))
    if gate.name != "PauliEvolution" or len(gate.params) != 1:
        return None
    operator = gate.operator
    if not hasattr(operator, "paulis") or operator.coeffs.dtype == object:
        return None
    x, z = operator.paulis.x.astype(int), operator.paulis.z.astype(int)
    if np.any((x @ z.T + z @ x.T) % 2) or np.any(np.abs(operator.coeffs.imag) > 0.0):
        return None
    letters = zip(operator.coeffs.real.tolist(), operator.paulis.to_labels(), strict=True)
    return tuple(word for word in _spread(tuple(letters), qubits) if word[1] or word[2])


def _spread(letters: tuple[tuple[float, str], ...], qubits: tuple[int, ...]) -> Iterator[Word]:
    """Words over a gate's qubits as masks over the circuit's."""
    for coefficient, word in letters:
        x = z = 0
        for letter, qubit in zip(reversed(word), qubits, strict=True):
            x |= (letter in "XY") << qubit
            z |= (letter in "YZ") << qubit
        yield coefficient, x, z
