"""Gates without a definition of their own, on the exact engine and with shots alike."""

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import AnnotatedOperation, ControlModifier, Gate, InverseModifier, Parameter
from qiskit.circuit.library import LinearFunction, PermutationGate, RXGate
from qiskit.quantum_info import SparsePauliOp, Statevector

from suite.errors import InputError
from suite.quantum.exact.circuits import circuit_engine, energy_gradient_metric
from suite.quantum.noise.unrolled import unroll

A, B, C = (Parameter(name) for name in "abc")
OBSERVABLE = SparsePauliOp(["ZZX", "IYI", "XIZ"], [1.0, 0.7, -0.4])
VALUES = np.array([0.7, -0.4, 1.1])


def part():
    circuit = QuantumCircuit(2, global_phase=A)
    circuit.rx(B, 0)
    circuit.cx(0, 1)
    circuit.rz(A, 1)
    return circuit.to_gate()


CASES = {
    "controlled": (AnnotatedOperation(part(), ControlModifier(1)), [2, 0, 1]),
    "controlled on 0": (AnnotatedOperation(part(), ControlModifier(1, ctrl_state=0)), [2, 0, 1]),
    "inverse": (AnnotatedOperation(part(), InverseModifier()), [0, 1]),
    "annotated=True": (RXGate(A).control(2, annotated=True), [0, 2, 1]),
    "permutation": (PermutationGate([2, 0, 1]), [1, 0, 2]),
    "linear function": (LinearFunction([[1, 1], [0, 1]]), [0, 2]),
}


def circuit_of(name):
    operation, qubits = CASES[name]
    circuit = QuantumCircuit(3)
    circuit.h([0, 1, 2])
    circuit.t(0)
    circuit.append(operation, qubits)
    circuit.rx(C, 2)
    return circuit


def state_of(circuit, values):
    bound = circuit.assign_parameters(dict(zip(circuit.parameters, values, strict=True)))
    return Statevector(transpile(bound, basis_gates=["u", "cx"], optimization_level=0))


@pytest.mark.parametrize("name", CASES)
def test_annotated_operations_and_gates_without_definition_are_what_qiskit_makes_of_them(name):
    circuit = circuit_of(name)
    values = VALUES[: circuit.num_parameters]
    energy, gradient, _ = energy_gradient_metric(circuit, OBSERVABLE, values)
    expected = state_of(circuit, values).expectation_value(OBSERVABLE).real
    assert energy == pytest.approx(expected, abs=1e-12)
    step = 1e-5
    for i, slope in enumerate(gradient):
        there, back = (
            state_of(circuit, values + side * step * np.eye(len(values))[i])
            .expectation_value(OBSERVABLE)
            .real
            for side in (1, -1)
        )
        assert slope == pytest.approx((there - back) / (2 * step), abs=1e-9)  # step² and rounding
    found = unroll(circuit)
    overlap = state_of(circuit, values).inner(state_of(found.circuit, found.angles(values)))
    assert abs(overlap) == pytest.approx(1.0, abs=1e-12)


def test_a_gate_of_which_nobody_knows_what_it_is_made_is_named():
    circuit = QuantumCircuit(3)
    circuit.append(Gate("oracle", 3, []), [0, 1, 2])
    for read in (unroll, lambda each: circuit_engine(each, SparsePauliOp("ZZZ"))):
        with pytest.raises(InputError, match="'oracle' has no definition, and Qiskit knows none"):
            read(circuit)
