"""The gates that a gate is made of."""

from __future__ import annotations

import warnings
from typing import Any

from suite.errors import InputError
from suite.quantum.exact.generators import diagonalised, split_words

__all__ = ["ProductFormulaWarning", "definition_of"]

_BASIS = ("cx", "u", "p", "rz", "ry")


class ProductFormulaWarning(UserWarning):
    """An evolution's words do not commute: it is the product that its synthesis makes of them."""


def definition_of(gate: Any) -> Any:
    """The circuit that a gate stands for, parameters free; an operation that is no instruction yet
    (a Clifford, an annotated operation) and a gate without definition are synthesised by Qiskit.

    Raises `InputError` with its name for what is no unitary gate; warns where words of an evolution
    do not commute.

    >>> from qiskit.circuit.library import PermutationGate, SwapGate
    >>> [dict(definition_of(gate).count_ops()) for gate in (SwapGate(), PermutationGate([1, 0]))]
    [{'cx': 3}, {'cx': 3}]
    """
    if gate.name == "hamiltonian":
        return diagonalised(gate)
    if not hasattr(type(gate), "definition"):
        return _synthesised(gate)
    _warn_of_product(gate)
    from qiskit.circuit import Gate
    from qiskit.exceptions import QiskitError

    try:
        found = gate.definition
    except (QiskitError, TypeError, ValueError) as error:
        raise InputError(
            f"The gate {gate.name!r} is no product of rotations while its parameters are free "
            f"({error}): write it in gates such as rx, ry, rz, rzz or PauliEvolutionGate."
        ) from error
    if found is None and isinstance(gate, Gate):
        return _synthesised(gate)
    if found is None:
        used = " of a qubit that was used before" if gate.name == "reset" else ""
        raise InputError(f"The circuit has a {gate.name!r}{used}, which is no unitary gate.")
    return found


def _warn_of_product(gate: Any) -> None:
    if count := split_words(gate):
        warnings.warn(
            f"A PauliEvolutionGate has {count} words that do not commute: it is taken as the "
            f"product of exponentials that its synthesis ({type(gate.synthesis).__name__}) makes, "
            "as a machine runs it, and not as exp(-itH).",
            ProductFormulaWarning,
            stacklevel=3,
        )


def _synthesised(operation: Any) -> Any:
    from qiskit import QuantumCircuit, transpile
    from qiskit.exceptions import QiskitError

    circuit = QuantumCircuit(operation.num_qubits)
    circuit.append(operation, range(operation.num_qubits))
    try:
        return transpile(circuit, basis_gates=_BASIS, optimization_level=0)
    except QiskitError as error:
        raise InputError(
            f"The gate {operation.name!r} has no definition, and Qiskit knows none: {error.message}"
        ) from error
