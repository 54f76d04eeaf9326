"""Circuits that were transpiled to a machine, brought back to the qubits of their problem."""

from __future__ import annotations

from typing import Any

from suite.errors import InputError
from suite.quantum.exact.resets import IDLE

__all__ = ["on_its_own_qubits"]


def on_its_own_qubits(circuit: Any, qubits: int) -> Any:
    """A transpiled circuit on the qubits it was written for, by its layout, without the idle ones.

    Any other circuit, and one of the right width, is left as it is. Raises `InputError` where the
    routing used more qubits than the circuit has.

    >>> from qiskit import QuantumCircuit, transpile
    >>> line, circuit = [[0, 1], [1, 2], [2, 3]], QuantumCircuit(2)
    >>> _ = circuit.h(1), circuit.cx(1, 0)
    >>> moved = transpile(circuit, coupling_map=line, initial_layout=[3, 2])
    >>> moved.num_qubits, on_its_own_qubits(moved, 2) == circuit
    (4, True)
    """
    layout = getattr(circuit, "layout", None)
    if layout is None or circuit.num_qubits <= qubits:
        return circuit
    ends = layout.final_index_layout(filter_ancillas=True)
    if len(ends) != qubits:
        return circuit
    from qiskit import QuantumCircuit

    bare = circuit.remove_final_measurements(inplace=False)
    # Where each qubit ends, since there the observable looks.
    place = {bare.qubits[physical]: wire for wire, physical in enumerate(ends)}
    moved = QuantumCircuit(qubits, global_phase=bare.global_phase, name=circuit.name)
    for instruction in bare.data:
        if instruction.operation.name in IDLE:
            continue
        if not all(bit in place for bit in instruction.qubits):
            raise InputError(
                f"The transpiled circuit uses more than the {qubits} qubits it was written for: "
                "give the circuit as it was before; a machine's own is made by the run."
            )
        moved.append(instruction.operation, [place[bit] for bit in instruction.qubits])
    return moved
