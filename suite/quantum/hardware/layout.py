"""Circuits in the instructions of a machine: transpiled once, with a fixed seed, and kept."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "SIMPLE",
    "Isa",
    "isa_of",
    "measurement_groups",
    "packed",
    "squares_of",
    "unpacked",
]

SIMPLE = ("rx", "ry", "rz", "h", "s", "sdg", "x", "sx", "cx")
"""Gates for a simulator that knows no device: no matrix exponential is left in the circuit."""

# Two qubits of a device are worth some seconds of search; more gains little and costs minutes.
_LEVEL = 2
_ROUNDS = 8
# Estimators read words one by one; more of them would take longer than the job.
_MOST_SQUARES = 256


@dataclass(frozen=True, slots=True, eq=False)
class Isa:
    """A circuit in a machine's own instructions, its parameters still symbolic.

    `names` are those parameters of the logical circuit that the machine's circuit still has;
    `seconds` how long one execution takes.
    """

    circuit: Any
    names: tuple[str, ...]
    seconds: float

    def observable(self, operator: Any) -> Any:
        """An observable of the logical qubits as one of the machine's qubits."""
        layout = self.circuit.layout
        return operator if layout is None else operator.apply_layout(layout)

    def places(self) -> list[int] | None:
        """The machine's qubit that each logical qubit starts on."""
        layout = self.circuit.layout
        if layout is None:
            return None
        return list(layout.initial_index_layout(filter_ancillas=True))


def isa_of(circuit: Any, backend: Any, seed: int, places: list[int] | None = None) -> Isa:
    """Transpile a circuit for a backend (None: an ideal simulator).

    `places` are the machine's qubits that the logical ones start on, so that the metric's circuits
    run on the qubits of the energy's circuit.
    """
    from qiskit import transpile
    from qiskit.transpiler import generate_preset_pass_manager

    bare = _plain(circuit.remove_final_measurements(inplace=False))
    if backend is None or getattr(backend, "coupling_map", None) is None:
        # All-to-all: nothing to place.
        out = transpile(bare, basis_gates=list(SIMPLE), optimization_level=1, seed_transpiler=seed)
        return _isa(out, None)
    manager = generate_preset_pass_manager(
        _LEVEL, backend=backend, seed_transpiler=seed, initial_layout=places
    )
    return _isa(manager.run(bare), backend)


def _plain(circuit: Any) -> Any:
    """The same circuit with parameters that stand alone: QPY does not keep part of a vector."""
    from qiskit.circuit import Parameter

    return circuit.assign_parameters({p: Parameter(p.name) for p in circuit.parameters})


def _isa(circuit: Any, backend: Any) -> Isa:
    names = tuple(parameter.name for parameter in circuit.parameters)
    return Isa(circuit, names, 0.0 if backend is None else _duration(circuit, backend))


def _duration(circuit: Any, backend: Any) -> float:
    """Seconds of one execution, with its measurement; 0 where the backend does not say."""
    from qiskit.exceptions import QiskitError

    measured = circuit.copy()
    if not measured.num_clbits:
        measured.measure_all()
    try:
        return float(measured.estimate_duration(backend.target, unit="s"))
    except QiskitError:
        return 0.0


def packed(isa: Isa) -> dict[str, Any]:
    """A machine's circuit for the run file: QPY bytes and what belongs to them."""
    from qiskit import qpy

    text = io.BytesIO()
    qpy.dump(isa.circuit, text)
    return {"qpy": np.frombuffer(text.getvalue(), np.uint8), "seconds": float(isa.seconds)}


def unpacked(kept: dict[str, Any]) -> Isa:
    """The machine's circuit from a run file."""
    from qiskit import qpy

    circuit = qpy.load(io.BytesIO(np.asarray(kept["qpy"], np.uint8).tobytes()))[0]
    return Isa(circuit, tuple(p.name for p in circuit.parameters), float(kept["seconds"]))


def measurement_groups(operator: Any) -> list[Any]:
    """The observable as sums of words that are measured together (qubit-wise commuting).

    Estimators group the words again, in the order in which they meet them; the groups come in an
    order that leads them to the same groups, so that what is priced is what is run.

    >>> from qiskit.quantum_info import SparsePauliOp
    >>> words = SparsePauliOp(["ZZ", "XX", "IZ"], [1.0, 2.0, 3.0])
    >>> [group.paulis.to_labels() for group in measurement_groups(words)]
    [['XX'], ['IZ', 'ZZ']]
    """
    operator = operator.sort()
    for _ in range(_ROUNDS):
        groups = operator.group_commuting(qubit_wise=True)
        again = sum(groups[1:], groups[0])
        if again.paulis == operator.paulis:
            break
        operator = again
    return list(groups)


def squares_of(groups: list[Any]) -> list[Any]:
    """The square of each group, which the same measurements show: its spread without a guess.

    Estimators take the words of a group as independent, or add their errors up; neither is the
    error of their sum. Empty where the squares would need further measurements, or hours to read.
    """
    squares = [(group @ group).simplify() for group in groups]
    if sum(len(square) for square in squares) > _MOST_SQUARES:
        return []
    every = [*groups, *squares]
    words = sum(every[1:], every[0]).paulis
    words = words[np.any(words.x | words.z, axis=1)]
    _, first = np.unique(words.to_labels(), return_index=True)
    for order in (np.sort(first), first):  # as they come, and sorted
        if len(words[order].group_commuting(qubit_wise=True)) > len(groups):
            return []
    return squares
