"""What a parametrised gate turns about: exp(-iφ Σ c P) with Pauli words P that commute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from suite.quantum.exact.action import sparse_pauli
from suite.quantum.exact.pauli_frame import Pauli, pauli_of

__all__ = ["ROTATIONS", "Letters", "diagonalised", "letters_of", "placed", "split_words"]

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
    operator = _evolved(gate)
    if operator is None or len(gate.params) != 1 or not _commute(operator):
        return None
    if operator.coeffs.dtype == object or np.any(np.abs(operator.coeffs.imag) > 0.0):
        return None
    words = operator.paulis.to_labels()
    return tuple(zip(operator.coeffs.real.tolist(), words, strict=True))


def split_words(gate: Any) -> int:
    """The number of words of an evolution that a product formula takes one by one; 0 elsewhere.

    So it is where they do not commute, and then not exp(-itH) but near it.

    >>> from qiskit.circuit.library import PauliEvolutionGate
    >>> from qiskit.quantum_info import SparsePauliOp
    >>> split_words(PauliEvolutionGate(SparsePauliOp(["XX", "ZI"]), time=0.1))
    2
    """
    operator = _evolved(gate)
    if operator is None or _commute(operator) or not hasattr(gate.synthesis, "reps"):
        return 0
    return len(operator)


def diagonalised(gate: Any) -> Any:
    """A `HamiltonianGate` exp(-itA) as a circuit: to A's eigenvectors, by words of Z, and back."""
    from qiskit import QuantumCircuit
    from qiskit.circuit.library import PauliEvolutionGate, UnitaryGate
    from qiskit.quantum_info import Operator, SparsePauliOp

    matrix, time = gate.params
    values, vectors = np.linalg.eigh(matrix)
    words = SparsePauliOp.from_operator(Operator(np.diag(values)))
    circuit = QuantumCircuit(gate.num_qubits)
    circuit.append(UnitaryGate(vectors.conj().T), circuit.qubits)
    circuit.append(PauliEvolutionGate(words, time=time), circuit.qubits)
    circuit.append(UnitaryGate(vectors), circuit.qubits)
    return circuit


def _evolved(gate: Any) -> Any:
    """The `SparsePauliOp` of a `PauliEvolutionGate`, None for other gates and operators."""
    if gate.name != "PauliEvolution":
        return None
    from qiskit.quantum_info import SparsePauliOp

    given = gate.operator if isinstance(gate.operator, list) else [gate.operator]
    parts = [sparse_pauli(part) for part in given]
    if not all(hasattr(part, "paulis") for part in parts):
        return None
    return parts[0] if len(parts) == 1 else SparsePauliOp.sum(parts)


def _commute(operator: Any) -> bool:
    x, z = operator.paulis.x.astype(int), operator.paulis.z.astype(int)
    return not np.any((x @ z.T + z @ x.T) % 2)


def placed(letters: Letters, qubits: tuple[int, ...]) -> Iterator[tuple[float, Pauli]]:
    """Words over a gate's qubits as words over the circuit's."""
    for coefficient, word in letters:
        small = pauli_of(word)
        x = sum(1 << q for place, q in enumerate(qubits) if small.x >> place & 1)
        z = sum(1 << q for place, q in enumerate(qubits) if small.z >> place & 1)
        yield coefficient, Pauli(x, z, small.phase)
