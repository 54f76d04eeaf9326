"""The fidelity of two states: the circuit of one, then that of the other backwards."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.quantum.hardware.layout import Isa
from suite.quantum.request import Estimates

__all__ = [
    "MOST_FIDELITY_QUBITS",
    "fidelities_of",
    "fidelity_circuit",
    "left",
    "projector",
    "right",
]

Vector = NDArray[np.float64]

MOST_FIDELITY_QUBITS = 10
"""The projector on |0...0> is measured as its 2^n words of Z, all from one circuit."""


def fidelity_circuit(circuit: Any) -> Any:
    """A circuit at one set of values, then backwards at another: |0...0> returns as often as the
    two states agree."""
    from qiskit.circuit import Parameter

    bare = circuit.remove_final_measurements(inplace=False)
    first, second = (
        bare.assign_parameters({p: Parameter(named(p.name)) for p in bare.parameters})
        for named in (left, right)
    )
    first.barrier()
    return first.compose(second.inverse())


def projector(isa: Isa, qubits: int) -> tuple[Any, ...]:
    """The words of Z but the identity, on the machine's qubits."""
    from qiskit.quantum_info import SparsePauliOp

    labels = [
        "".join("IZ"[mask >> q & 1] for q in reversed(range(qubits)))
        for mask in range(1, 2**qubits)
    ]
    return tuple(isa.observable(SparsePauliOp(label)) for label in labels)


def left(name: str) -> str:
    """A parameter's name in the first circuit."""
    return f"{name}:from"


def right(name: str) -> str:
    """A parameter's name in the circuit that runs backwards."""
    return f"{name}:to"


def fidelities_of(words: Vector, shots: NDArray[np.int64], spent: int) -> Estimates:
    """Fidelities [rows] from the values of all words of Z but the identity."""
    fidelity = (1.0 + words.sum(axis=0)) / (len(words) + 1)
    # A fidelity of 1 seen in N shots is not known exactly: the rule of succession.
    likely = (np.clip(fidelity, 0.0, 1.0) * shots + 1.0) / (shots + 2.0)
    return Estimates(fidelity, np.sqrt(likely * (1.0 - likely) / shots), spent)
