"""Energies, metric blocks and fidelities on every kind of machine, in one job."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import SparsePauliOp

from suite.core import Store
from suite.errors import InputError
from suite.quantum import energy_gradient_metric
from suite.quantum.hardware import Request, machine_of, measurer_of
from suite.quantum.request import compared
from tests.quantum.hardware.pieces import (
    OBSERVABLE,
    OTHER,
    SOME,
    circuit,
    energy,
    layers,
    overlap,
)

ROWS = np.array([SOME, OTHER, SOME])
REQUEST = Request(
    rows=ROWS,
    shots=[3000, 6000, 12000],
    values=SOME,
    metric_shots=8000,
    pairs=np.array([[SOME, OTHER], [SOME, SOME]]),
    pair_shots=4000,
)
# Machine, options, and how far its noise may move an energy (most of 1.5).
MACHINES = [
    ("statevector", {}, 0.0),
    ("aer", {}, 0.0),
    ("fake:manila", {}, 0.12),
    ("fake:manila", {"estimator": "legacy"}, 0.12),
    ("fake:manila", {"resilience": 1}, 0.06),
]


def measurer(name, **options):
    return measurer_of(machine_of(name, **options), circuit(), OBSERVABLE, layers())


@pytest.mark.parametrize(("name", "options", "bias"), MACHINES)
def test_everything_of_an_attempt_comes_from_one_job(name, options, bias):
    found = measurer(name, **options).measure(REQUEST, 1)[0]
    exact = np.array([energy(row) for row in ROWS])
    errors = found.energies.standard_errors
    assert np.all(np.abs(found.energies.values - exact) < 5.0 * errors + bias)
    assert np.all(errors > 0.0)
    assert errors[2] < errors[0]
    metric = energy_gradient_metric(circuit(), OBSERVABLE, SOME)[2]
    assert [list(indices) for indices, _ in found.blocks] == [[0, 1], [2, 3]]
    for indices, block in found.blocks:
        assert np.max(np.abs(block - metric[np.ix_(indices, indices)])) < 0.03 + bias
    wanted = np.array([overlap(SOME, OTHER), 1.0])
    got = found.fidelities
    # An ideal simulator's noise knows nothing of how few shots can differ near 1.
    near = 0.02 if name == "statevector" else bias
    assert np.all(np.abs(got.values - wanted) < 5.0 * got.standard_errors + near)
    # No row gets fewer shots than asked, and the job not many more.
    asked = 3000 + 6000 + 12000 + 2 * 8000 + 2 * 4000
    assert asked <= found.shots <= 1.25 * asked


@pytest.mark.parametrize("name", ["statevector", "aer", "fake:manila"])
def test_standard_errors_are_the_spread(name):
    # The same row many times; its noise is independent in each.
    made = measurer(name)
    count = 120
    found = made.energies(np.tile(SOME, (count, 1)), 600)
    spread = found.values.std(ddof=1)
    told = found.standard_errors.mean()
    # Three standard errors of a spread of so many, and a bound where the noise is only modelled.
    doubt = 3.0 / np.sqrt(2.0 * count)
    assert abs(told / spread - 1.0) < doubt + (0.15 if name == "statevector" else 0.0)


def test_the_shots_of_a_backend_are_unbiased_over_unequal_rows():
    made = measurer("aer")
    rows = np.tile(SOME, (20, 1))
    found = made.energies(rows, np.linspace(100, 2000, 20).astype(int))
    pulls = (found.values - energy(SOME)) / found.standard_errors
    assert abs(pulls.mean()) < 4.0 / np.sqrt(20)


@pytest.mark.parametrize("name", ["statevector", "aer", "fake:manila"])
def test_the_same_attempt_sees_the_same_noise_and_the_next_another(name):
    first, again, other = measurer(name), measurer(name), measurer(name)
    one = first.at(4).energies([SOME], 500).values
    assert np.array_equal(one, again.at(4).energies([SOME], 500).values)
    assert not np.array_equal(one, other.at(5).energies([SOME], 500).values)
    here = first.at(4)
    assert not np.array_equal(here.energies([SOME], 500).values, here.energies([SOME], 500).values)


def test_a_kept_run_repeats_nothing(tmp_path, monkeypatch):
    machine = machine_of("aer")
    with Store(tmp_path, {"job": "test"}) as store:
        first = measurer_of(machine, circuit(), OBSERVABLE, layers(), store=store)
        one = first.measure(REQUEST, 1)[0]
        spent = store.spent()
    from suite.quantum.hardware import measurer as measuring
    from suite.quantum.hardware import services

    def refuse(*_, **__):
        raise AssertionError("this was kept")

    monkeypatch.setattr(services, "run", refuse)
    monkeypatch.setattr(measuring, "isa_of", refuse)
    with Store(tmp_path, {"job": "test"}) as store:
        again = measurer_of(machine, circuit(), OBSERVABLE, layers(), store=store)
        two = again.measure(REQUEST, 1)[0]
        assert store.spent() == spent
    assert np.array_equal(one.energies.values, two.energies.values)
    assert np.array_equal(one.blocks[1][1], two.blocks[1][1])


def test_an_incumbent_is_measured_in_the_job_of_its_candidate():
    made = measurer("aer")
    request = Request(rows=[OTHER], shots=20_000, incumbent=SOME, incumbent_shots=20_000)
    found = compared(made.measure(request, 2)[0])
    assert abs(found.gained - (energy(SOME) - energy(OTHER))) < 5.0 * found.error
    assert abs(found.incumbent - energy(SOME)) < 5.0 * found.incumbent_error
    assert found.incumbent_error < found.error < 2.0 * found.incumbent_error


def test_the_jobs_of_an_attempt_have_names_and_noise_of_their_own(tmp_path):
    request = Request(rows=[SOME], shots=500)
    with Store(tmp_path, {"job": "test"}) as store:
        made = measurer_of(machine_of("aer"), circuit(), OBSERVABLE, layers(), store=store)
        found = [
            made.measure(request._replace(part=part), 3)[0].energies.values[0] for part in (0, 1, 0)
        ]
        price = made.price(request).shots
        assert store.spent()["shots"] == 2 * price
    assert found[0] == found[2] != found[1]


def test_the_circuit_of_fidelities_is_made_once(monkeypatch):
    made = measurer("aer")
    count, make = [], made.backwards
    monkeypatch.setattr(made, "backwards", lambda: count.append(1) or make())
    request = Request(pairs=[[SOME, OTHER]], pair_shots=100)
    for number in (1, 2, 3):
        made.measure(request, number)
    assert len(count) == 1


@pytest.mark.filterwarnings("ignore:Qiskit backend .* has no QubitProperties")
def test_any_backend_of_qiskit_will_do():
    machine = machine_of(GenericBackendV2(3, seed=1, noise_info=False))
    made = measurer_of(machine, circuit(), OBSERVABLE)
    found = made.energies([SOME], 4000)
    assert abs(found.values[0] - energy(SOME)) < 5.0 * found.standard_errors[0]


def test_parameters_are_bound_by_name():
    # Alphabetical order is not the order of use, and one of them the machine can drop.
    made = QuantumCircuit(2)
    for name, qubit in (("b", 0), ("a10", 1), ("a9", 0)):
        made.ry(Parameter(name), qubit)
    values = {"b": 0.3, "a10": 1.0, "a9": 0.5}
    row = [values[parameter.name] for parameter in made.parameters]
    found = measurer_of(machine_of("statevector"), made, SparsePauliOp(["IZ", "ZI"]))
    got = found.energies([row], 10**6)
    assert got.values[0] == pytest.approx(np.cos(0.8) + np.cos(1.0), abs=0.01)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request(rows=[[0.1, 0.2]], shots=100), r"rows must be of shape \[any, 4\]"),
        (Request(rows=[[0.1, np.nan, 0.0, 0.0]], shots=100), "must be finite. Got nan in rows"),
        (Request(rows=[SOME], shots=0), "shots must be a whole number of at least 1"),
        (Request(rows=[SOME], shots=2.5), "Got 2.5"),
        (Request(values=SOME), "metric_shots must be"),
        (Request(pairs=[SOME, OTHER], pair_shots=10), r"pairs must be of shape \[any, 2, 4\]"),
    ],
)
def test_bad_requests_are_refused_by_sentence(request_, words):
    with pytest.raises(InputError, match=words):
        measurer("statevector").measure(request_, 1)


@pytest.mark.parametrize(
    ("observable", "words"),
    [
        (SparsePauliOp("ZZZ"), "acts on 3 qubits, the circuit has 2"),
        (SparsePauliOp("II", 2.0), "a constant: there is nothing to measure"),
    ],
)
def test_bad_observables_are_refused_by_sentence(observable, words):
    with pytest.raises(InputError, match=words):
        measurer_of(machine_of("statevector"), circuit(), observable)


def test_a_problem_wider_than_the_machine_is_refused():
    wide = QuantumCircuit(6)
    wide.ry(Parameter("a"), 0)
    with pytest.raises(InputError, match="fake:manila has 5 qubits, the problem needs 6"):
        measurer_of(machine_of("fake:manila"), wide, SparsePauliOp("Z" * 6))
