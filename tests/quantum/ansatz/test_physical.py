"""Circuits that a user has transpiled already."""

import numpy as np
import pytest
from qiskit.circuit.library import efficient_su2
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_ibm_runtime.fake_provider import FakeGuadalupeV2

from suite.errors import InputError
from suite.quantum import vqe
from suite.quantum.ansatz.named import ansatz_of
from suite.quantum.exact.circuits import energy_gradient_metric
from suite.quantum.problems.spins import chain, heisenberg


def transpiled(circuit, level=1):
    device = FakeGuadalupeV2()
    return generate_preset_pass_manager(level, backend=device, seed_transpiler=7).run(circuit)


@pytest.mark.parametrize("level", [0, 3])
@pytest.mark.parametrize("measured", [False, True])
def test_a_transpiled_circuit_is_the_circuit_it_was_made_of(level, measured):
    problem, circuit = heisenberg(chain(4)), efficient_su2(4, reps=1, entanglement="full")
    values = np.random.default_rng(0).normal(size=circuit.num_parameters)
    wide = circuit.copy()
    if measured:
        wide.measure_all()
    wide = transpiled(wide, level)
    assert wide.num_qubits == 16
    assert wide.layout.final_index_layout() != wide.layout.initial_index_layout()[:4]  # it swaps
    found = ansatz_of(wide, problem)
    assert found.num_qubits == 4
    for ours, plain in zip(
        energy_gradient_metric(found.circuit, problem.observable, values),
        energy_gradient_metric(circuit, problem.observable, values),
        strict=True,
    ):
        np.testing.assert_allclose(ours, plain, atol=1e-12)


def test_an_observable_with_the_layout_is_taken_as_it_stands():
    problem, circuit = heisenberg(chain(3)), efficient_su2(3, reps=1)
    wide = transpiled(circuit)
    spread = problem.observable.apply_layout(wide.layout)
    found, plain = (
        vqe(operator, ansatz=form, evaluations=1, seed=2).energy
        for operator, form in ((spread, wide), (problem.observable, circuit))
    )
    assert found == pytest.approx(plain, abs=1e-12)


def test_a_wider_circuit_of_another_number_of_qubits_is_refused():
    wide = transpiled(efficient_su2(4, reps=1))
    with pytest.raises(InputError, match="acts on 3 qubits, the circuit has 16"):
        vqe(heisenberg(chain(3)), ansatz=wide)
