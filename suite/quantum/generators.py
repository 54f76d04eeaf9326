"""What a parametrised gate turns about: exp(-iφ Σ c P) with Pauli words P that commute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from suite.quantum.pauli_frame import Pauli, pauli_of

__all__ = ["ROTATIONS", "Letters", "letters_of", "placed"]

# Words as (coefficient, letters over the gate's qubits with the last qubit leftmost).
Letters: TypeAlias = tuple[tuple[float, str], ...]

# p is diag(1, e^iφ) = exp(-iφZ/2) and cp exp(iφ(1-Z)(1-Z)/4), up to a phase of the whole state.
ROTATIONS: dict[str, Letters] = {
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
"""By Qiskit's name of the gate; one that is controlled on 0 has another name (crx_o0)."""


def letters_of(gate: Any) -> Letters | None:
    """The words of a gate whose only parameter is φ; None if it is no such gate.

    Evolutions whose words do not commute are none: Qiskit's synthesis makes other gates of them.

    >>> from qiskit.circuit.library import CRXGate
    >>> letters_of(CRXGate(0.3)), letters_of(CRXGate(0.3, ctrl_state=0))
    (((0.25, 'XI'), (-0.25, 'XZ')), None)
    """
    if gate.name in ROTATIONS:
        return ROTATIONS[gate.name]
    operator: Any = getattr(gate, "operator", None)
    if gate.name != "PauliEvolution" or len(gate.params) != 1 or not hasattr(operator, "paulis"):
        return None
    if operator.coeffs.dtype == object or np.any(np.abs(operator.coeffs.imag) > 0.0):
        return None
    x, z = operator.paulis.x.astype(int), operator.paulis.z.astype(int)
    if np.any((x @ z.T + z @ x.T) % 2):
        return None
    words = operator.paulis.to_labels()
    return tuple(zip(operator.coeffs.real.tolist(), words, strict=True))


def placed(letters: Letters, qubits: tuple[int, ...]) -> Iterator[tuple[float, Pauli]]:
    """Words over a gate's qubits as words over the circuit's."""
    for coefficient, word in letters:
        small = pauli_of(word)
        x = sum(1 << q for place, q in enumerate(qubits) if small.x >> place & 1)
        z = sum(1 << q for place, q in enumerate(qubits) if small.z >> place & 1)
        yield coefficient, Pauli(x, z, small.phase)
