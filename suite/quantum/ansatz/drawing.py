"""An ansatz drawn as text, by Qiskit's own drawer."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["drawing_of"]

MOST_GATES = 40
"""Gates that are drawn; of a longer circuit the first ones stand for all."""
WIDTH = 110


def drawing_of(circuit: Any, most: int = MOST_GATES) -> str:
    """The first `most` gates of a circuit as lines of text, and a line that says what is left out.

    >>> from qiskit.circuit.library import real_amplitudes
    >>> print(drawing_of(real_amplitudes(2, reps=1)))
         ┌──────────┐     ┌──────────┐
    q_0: ┤ Ry(θ[0]) ├──■──┤ Ry(θ[2]) ├
         ├──────────┤┌─┴─┐├──────────┤
    q_1: ┤ Ry(θ[1]) ├┤ X ├┤ Ry(θ[3]) ├
         └──────────┘└───┘└──────────┘
    """
    short = circuit.copy_empty_like()
    short.global_phase = 0
    for instruction in circuit.data[:most]:
        operation, qubits = _named(instruction.operation, instruction.qubits)
        short.append(operation, qubits, instruction.clbits)
    lines = str(short.draw("text", fold=WIDTH, with_layout=False)).splitlines()
    left = len(circuit.data) - most
    if left > 0:
        lines.append(f"... and {left} more gates of {len(circuit.data)} in all")
    return "\n".join(line.rstrip() for line in lines)


def _named(operation: Any, qubits: Any) -> tuple[Any, Any]:
    """A Pauli evolution on the qubits that it moves, by its first word: eight do not fit a line."""
    if operation.name != "PauliEvolution":
        return operation, qubits
    from qiskit.circuit import Gate

    words = re.findall(r"[IXYZ]+", str(operation.label).removeprefix("exp"))
    if not words or any(len(word) != len(qubits) for word in words):
        return operation, qubits
    # The leftmost letter is the highest qubit.
    moved = [i for i in range(len(qubits)) if any(word[-1 - i] != "I" for word in words)]
    more = f" + {len(words) - 1} more" if len(words) > 1 else ""
    first = "".join(words[0][-1 - i] for i in reversed(moved))
    name = f"exp(-i {operation.time} ({first}{more}))"
    return Gate(name, len(moved), []), [qubits[i] for i in moved]
