"""Runs with shots: what is planned is what is spent, what is killed goes on to the same bits."""

import numpy as np
import pytest

from suite.errors import BudgetExhausted, InputError, JobFailed
from suite.quantum import vqe
from suite.quantum.asked.problem_file import Task, read_task
from suite.quantum.noisy_setup import setup_of
from suite.quantum.planning import plan_of
from suite.quantum.problems.hamiltonian import pauli_sum
from suite.quantum.request import Estimates, Measured, energies_of
from suite.quantum.shots import Positive, with_shots

TEXT = (
    '[spin_model]\nname = "tfim"\nsites = 3\n[ansatz]\nname = "real_amplitudes"\nrepetitions = 1\n'
    '[backend]\nname = "simulator"\nshots = 20000\n[start]\nseed = 7\n'
)


@pytest.fixture
def task(tmp_path):
    path = tmp_path / "tfim.toml"
    path.write_text(TEXT)
    return read_task(path, backends=None)


def changed(task, **more):
    names = Task.__dataclass_fields__
    return Task(**{name: getattr(task, name) for name in names} | more)


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_the_plan_is_the_least_that_bounds_what_a_run_then_spends(task, seed):
    plan = plan_of(changed(task, seed=seed))
    found = with_shots(changed(task, seed=seed))
    jobs, shots = found.record.tally.cost["jobs"], found.details["shots"]
    assert jobs <= plan.total.jobs <= jobs + 3
    assert shots <= plan.total.shots <= 1.06 * shots
    assert found.details["backend"] == "simulator"


@pytest.mark.parametrize("order", [None, "together", "energy first"])
@pytest.mark.parametrize("seed", [7, 8])
def test_the_plan_of_natural_bounds_what_a_run_then_spends(task, seed, order):
    asked = changed(task, seed=seed, method="natural", order=order)
    plan = plan_of(asked)
    found = with_shots(asked, method="natural")
    jobs, shots = found.record.tally.cost["jobs"], found.details["shots"]
    assert jobs <= plan.total.jobs <= jobs + 6
    assert shots <= plan.total.shots <= 1.06 * shots
    search = [row for row in found.record if row["phase"] == "natural"]
    assert max(row["cost"]["shots"] for row in search) <= 1.25 * plan.attempt.shots
    # On the simulator nothing but shots is paid.
    name = order or "energy first"
    assert plan.order.startswith(f"Jobs of an attempt: {name}")
    assert found.summary()["order"].startswith(f"Jobs of an attempt: {name}")


def test_natural_tells_what_all_tell_and_its_order_and_drift(task):
    found = with_shots(task, method="natural")
    true = found.details["exact_energy_of_parameters"]
    assert abs(found.energy - true) < 5.0 * found.standard_error
    assert found.summary()["method"] == "natural"
    assert {"order", "drifted_at_attempts", "exact_energy_of_parameters"} <= found.summary().keys()
    steps = [row["notes"] for row in found.record if row["phase"] == "natural"][1:]
    assert all(0.0 < notes["metric_angle"] <= 0.3 for notes in steps)
    assert not any("angle" in notes for notes in steps)  # asked for, or not measured
    assert list(found.record)[-1]["phase"] == "final"


@pytest.mark.parametrize("order", ["together", "energy first"])
def test_natural_goes_down_on_a_device_with_noise_in_both_orders(task, order):
    pytest.importorskip("qiskit_aer")
    found = with_shots(
        changed(task, backend="aer", shots=8000, order=order, overlaps=True), method="natural"
    )
    first, *_ = [row["notes"]["energy"] for row in found.record]
    assert found.details["exact_energy_of_parameters"] < min(first, 0.0)
    assert {row["notes"].get("order") for row in found.record} - {None} == {order}


def test_options_of_natural_are_refused_elsewhere(task):
    with pytest.raises(InputError, match="order is an option of the method 'natural'"):
        setup_of(changed(task, order="together"))
    with pytest.raises(InputError, match="overlaps is an option of the method 'natural'"):
        setup_of(changed(task, overlaps=True), method="adam")
    with pytest.raises(InputError, match="order must be one of together, energy first"):
        changed(task, order="both")
    with pytest.raises(InputError, match="with shots: give shots"):
        vqe(pauli_sum([("Z", 1.0)]), ansatz="real_amplitudes", method="natural", overlaps=True)


def test_the_energy_is_measured_anew_with_its_error_and_stands_beside_the_exact_one(task):
    found = with_shots(task)
    true = found.details["exact_energy_of_parameters"]
    assert abs(found.energy - true) < 5.0 * found.standard_error
    assert true >= found.exact_energy - 1e-9
    last = list(found.record)[-1]
    assert last["phase"] == "final"
    assert last["notes"]["energy"] == found.energy
    assert 0.001 < found.standard_error < 0.5
    assert "answer_taken_from" in found.details["noise"]


def test_a_run_that_was_killed_goes_on_to_the_same_bits(task, tmp_path):
    whole = with_shots(task, store=tmp_path / "whole")

    class Killed(BaseException):
        pass

    def kill(attempt):
        if attempt.number == 9:
            raise Killed

    with pytest.raises(Killed):
        with_shots(task, store=tmp_path / "killed", observe=(kill,))
    again = with_shots(task, store=tmp_path / "killed")
    assert again.energy == whole.energy
    assert np.array_equal(again.parameters, whole.parameters)
    assert len(again.record) == len(whole.record)
    finished = with_shots(task, store=tmp_path / "killed")
    assert finished.energy == whole.energy


@pytest.mark.parametrize("method", ["qng", "adam", "spsa", "qnspsa"])
def test_methods_to_compare_with_measure_their_answer_too(task, method):
    found = with_shots(changed(task, shots=40000), method=method, rate=0.02)
    true = found.details["exact_energy_of_parameters"]
    assert abs(found.energy - true) < 5.0 * found.standard_error
    assert found.method == method
    assert found.details["shots"] >= 20000


def test_what_cannot_be_paid_or_is_unknown_is_refused_before_anything_is_measured(task):
    with pytest.raises(BudgetExhausted, match="Nothing was submitted"):
        setup_of(changed(task, max_shots=20000))
    assert setup_of(changed(task, shots=None, max_shots=22000)).shots == 20000
    with pytest.raises(InputError, match="Did you mean 'annealed'"):
        setup_of(task, method="aneal")
    with pytest.raises(InputError, match="Did you mean 'statevector'"):
        setup_of(changed(task, backend="statevectr"))
    with pytest.raises(InputError, match="no price"):
        plan_of(changed(task, backend="exact", shots=None))
    from qiskit import QuantumCircuit

    with pytest.raises(InputError, match="no parameters"):
        setup_of(changed(task, circuit=QuantumCircuit(3)))


def test_a_machine_whose_noise_makes_the_metric_negative_is_no_reason_to_stop():
    from suite.quantum.ansatz.named import ansatz_of
    from suite.quantum.problems.spins import chain, tfim

    problem = tfim(chain(3))
    form = ansatz_of("hva", problem, 2)
    noisy = Task(problem, form, "hva", 1e-6, 100, 0, backend="statevector", shots=20000)
    found = with_shots(noisy)
    assert abs(found.energy - found.details["exact_energy_of_parameters"]) < 0.5
    block = np.array([[1.0, 2.0], [2.0, 1.0]])
    instrument = Positive(Constant(block), 0)
    (_, kept), *_ = instrument.measure(None, 1)[0].blocks
    np.testing.assert_allclose(kept, 1.5 * np.ones((2, 2)))


class Constant:
    def __init__(self, block):
        self.block = block

    def measure(self, request, number, groups=None):
        return Measured(blocks=((np.arange(2), self.block),)), groups


def test_jobs_of_a_finished_run_are_read_back_and_not_run_again(task, tmp_path):
    pytest.importorskip("qiskit_aer")
    small = changed(task, backend="aer", shots=2000)
    found = with_shots(small, store=tmp_path / "aer")
    assert found.details["jobs"] == found.record.tally.cost["jobs"]
    assert with_shots(small, store=tmp_path / "aer").energy == found.energy


def test_pauli_terms_of_one_qubit_do():
    from suite.quantum.ansatz.named import ansatz_of

    problem = pauli_sum([("Z", 1.0), ("X", 0.5)])
    task = Task(problem, ansatz_of("real_amplitudes", problem, 1), "x", 1e-6, 100, 0, shots=20000)
    found = with_shots(task)
    assert abs(found.details["exact_energy_of_parameters"] + np.sqrt(1.25)) < 0.01


# Twelve rows for six angles, the energy, and the metric of the layer that is no product state.
@pytest.mark.parametrize(
    ("method", "least"), [("annealed", 12 * 20 + 10 + 50), ("adam", 12 * 20 + 10)]
)
def test_shots_that_one_attempt_would_overdraw_are_refused_before_it(task, method, least):
    """Found by use: 50 shots were asked for and 2,500 spent."""
    with pytest.raises(InputError, match=f"The first attempt alone takes {least:,} shots"):
        setup_of(changed(task, shots=50), method=method)


@pytest.mark.parametrize("part", ["values", "standard_errors"])
def test_an_energy_that_is_no_number_ends_the_run_by_a_sentence(part):
    found = Estimates(np.ones(3), np.full(3, 0.1), 30)
    wrong = getattr(found, part).copy()
    wrong[1] = np.nan
    with pytest.raises(JobFailed, match=r"answered .*nan.* for row 1"):
        energies_of(Measured(energies=found._replace(**{part: wrong})))
    assert energies_of(Measured(energies=found)) is found
