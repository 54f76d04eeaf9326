"""Machines' circuits: transpiled once, kept without loss, measured in as many groups as priced."""

import numpy as np
import pytest
from qiskit.circuit.library import efficient_su2
from qiskit.primitives import BackendEstimatorV2
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector
from qiskit_ibm_runtime.fake_provider import FakeGuadalupeV2, FakeManilaV2

from suite.quantum.hardware.layout import isa_of, measurement_groups, packed, unpacked
from tests.quantum.hardware.pieces import OBSERVABLE, SOME, circuit, energy


def test_a_circuit_means_the_same_on_the_machine_and_after_the_run_file():
    isa = isa_of(circuit(), FakeManilaV2(), 1)
    again = unpacked(packed(isa))
    assert again.circuit == isa.circuit
    assert again.names == isa.names
    assert again.seconds == isa.seconds > 0.0
    bound = again.circuit.assign_parameters(
        dict(zip(("θ[0]", "θ[1]", "θ[2]", "θ[3]"), SOME, strict=True))
    )
    found = Statevector(bound).expectation_value(again.observable(OBSERVABLE))
    assert found.real == pytest.approx(energy(SOME), abs=1e-12)


def test_the_seed_is_fixed():
    wide = efficient_su2(4, reps=2)
    one, two = (isa_of(wide, FakeGuadalupeV2(), 5) for _ in range(2))
    values = np.linspace(0.1, 1.0, len(one.names))
    assert one.places() == two.places()
    assert one.circuit.assign_parameters(values) == two.circuit.assign_parameters(values)


def test_a_simulator_gets_gates_and_no_exponentials():
    isa = isa_of(circuit(), None, 0)
    assert isa.observable(OBSERVABLE) == OBSERVABLE
    values = dict(zip(("θ[0]", "θ[1]", "θ[2]", "θ[3]"), SOME, strict=True))
    ours = Operator(isa.circuit.assign_parameters(values))
    assert ours.equiv(Operator(circuit().assign_parameters(SOME)))


@pytest.mark.parametrize("seed", range(4))
def test_groups_are_those_that_the_estimators_form_themselves(seed):
    from qiskit_ibm_runtime.executor_estimator import Estimator
    from qiskit_ibm_runtime.executor_estimator.prepare import prepare

    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(list("IXYZ"), 4)) for _ in range(40)]
    whole = SparsePauliOp([w for w in words if w != "IIII"], 1.0 + rng.random()).simplify()
    backend = FakeManilaV2()
    isa = isa_of(efficient_su2(4, reps=1), backend, 3)
    groups = measurement_groups(isa.observable(whole))
    assert sum(len(group) for group in groups) == len(whole)
    for group in groups:
        assert len(group.group_commuting(qubit_wise=True)) == 1
    rows = np.zeros((3, len(isa.names)))
    pub = (isa.circuit, [[group] for group in groups], {isa.names: rows})
    classic = BackendEstimatorV2(backend=backend)
    assert len(classic._preprocess_pub(EstimatorPub.coerce(pub, 0.1)).circuits) == 3 * len(groups)
    estimator = Estimator(mode=backend, options={"resilience_level": 0})
    program, _ = prepare([pub], estimator.options, 0.1, add_tags=True, backend=backend)
    assert sum(item.size() for item in program.items) == 3 * len(groups)
