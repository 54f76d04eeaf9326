"""The exact engine against mpmath's energies, gradients and metrics (25 digits)."""

import json
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import PauliEvolutionGate
from qiskit.quantum_info import SparsePauliOp

from suite.errors import InputError
from suite.quantum import energy_gradient_metric

REFERENCE = Path(__file__).parents[1] / "reference" / "metric_refs.json"
CASES = json.loads(REFERENCE.read_text())["circuits"]


def circuit_of(case):
    """The case as a Qiskit circuit; parameters sort like their numbers."""
    circuit = QuantumCircuit(case["n_qubits"])
    angles = ParameterVector("t", case["n_params"])
    for gate in case["gates"]:
        angle = ()
        if "param" in gate:
            angle = (float(gate["coeff"]) * angles[gate["param"]] + float(gate["offset"]),)
        if gate["gate"] == "pauli_evolution":
            operator = SparsePauliOp(gate["pauli"])
            circuit.append(PauliEvolutionGate(operator, time=angle[0]), gate["qubits"])
        else:
            getattr(circuit, gate["gate"])(*angle, *gate["qubits"])
    return circuit


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_energy_gradient_and_metric_match_mpmath(case):
    circuit = circuit_of(case)
    used = [int(p.name.split("[")[1][:-1]) for p in circuit.parameters]
    values = np.array(case["params"], float)[used]
    hamiltonian = SparsePauliOp.from_list([(w, float(v)) for w, v in case["hamiltonian"]])
    energy, gradient, metric = energy_gradient_metric(circuit, hamiltonian, values)
    assert energy == pytest.approx(float(case["energy"]), abs=1e-10)
    np.testing.assert_allclose(gradient, np.array(case["gradient"], float)[used], atol=1e-10)
    expected = np.array(case["fubini_study_metric"], float)[np.ix_(used, used)]
    np.testing.assert_allclose(metric, expected, atol=1e-10)


def test_nonlinear_expressions_follow_the_chain_rule():
    t = Parameter("t")
    circuit = QuantumCircuit(1)
    circuit.ry(t * t, 0)
    energy, gradient, metric = energy_gradient_metric(circuit, SparsePauliOp("Z"), [0.7])
    assert energy == pytest.approx(np.cos(0.49), abs=1e-14)
    assert gradient[0] == pytest.approx(-np.sin(0.49) * 1.4, abs=1e-14)
    assert metric[0, 0] == pytest.approx(1.4**2 / 4, abs=1e-14)


@pytest.mark.parametrize(
    ("values", "observable", "sentence"),
    [
        ([0.1], "Z", "has 2 parameters"),
        ([0.1, np.nan], "Z", "must be finite"),
        ([0.1, 0.2], "ZZ", "acts on 2 qubits"),
    ],
)
def test_what_does_not_fit_is_refused_by_a_sentence(values, observable, sentence):
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("a"), 0)
    circuit.rz(Parameter("b"), 0)
    with pytest.raises(InputError, match=sentence):
        energy_gradient_metric(circuit, SparsePauliOp(observable), values)


def test_a_mid_circuit_measurement_is_refused():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    circuit.rx(Parameter("a"), 0)
    with pytest.raises(InputError, match="no unitary gate"):
        energy_gradient_metric(circuit, SparsePauliOp("Z"), [0.1])
