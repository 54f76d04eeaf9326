"""Resets of qubits that nothing has touched: they do nothing, and are left out."""

from __future__ import annotations

from typing import Any

__all__ = ["without_idle_resets"]

IDLE = ("barrier", "delay", "id", "global_phase")
"""What leaves a qubit as it is."""


def without_idle_resets(circuit: Any) -> Any:
    """The circuit without resets of fresh qubits, such as `initialize` begins with.

    Other resets are left where they are.

    >>> from qiskit import QuantumCircuit
    >>> circuit = QuantumCircuit(1)
    >>> _ = circuit.initialize([0.6, 0.8])
    >>> dict(without_idle_resets(circuit).count_ops())
    {'state_preparation': 1}
    """
    if not {"reset", "initialize"} & circuit.count_ops().keys():
        return circuit
    kept = circuit.copy_empty_like()
    touched: set[Any] = set()
    for instruction in circuit.data:
        name, qubits = instruction.operation.name, instruction.qubits
        if touched.isdisjoint(qubits) and name in ("reset", "initialize"):
            if name == "reset":
                continue
            for part in instruction.operation.definition.data:
                if part.operation.name != "reset":
                    kept.append(part.operation, qubits)
        else:
            kept.append(instruction)
        if name not in IDLE:
            touched.update(qubits)
    return kept
