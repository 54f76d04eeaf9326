"""Runs with shots: they arrive, resume bit for bit, stay in their budget, and tell no lies."""

from itertools import islice

import numpy as np
import pytest
from qiskit.quantum_info import SparsePauliOp

from suite.core import Record, Status, Store, finish, run
from suite.quantum.noise.annealed import NoisyCourse, annealed
from suite.quantum.noise.baselines import Setting, adam, fixed_natural_gradient, qnspsa, spsa
from suite.quantum.noise.groups import grouped
from suite.quantum.noise.simulator import simulator
from suite.quantum.noise.unrolled import unroll
from tests.quantum.noise.circuits import layered

HAMILTONIAN = SparsePauliOp(["ZZ", "XI", "IX", "II"], [-1.0, 0.5, 0.5, 0.3])
LOWEST = float(np.linalg.eigvalsh(HAMILTONIAN.to_matrix())[0])


def method_at(seed, shots, **options):
    unrolled, observable = unroll(layered(2, 1)), grouped(HAMILTONIAN)
    machine = simulator(unrolled, observable, seed=seed)
    return annealed(NoisyCourse(unrolled, observable, machine, shots, **options)), machine


def start(seed):
    return np.random.default_rng(seed).uniform(-np.pi, np.pi, 8)


def test_it_arrives_and_the_final_energy_is_unbiased():
    errors, pulls = [], []
    for seed in range(8):
        method, machine = method_at(seed, 30_000)
        end = finish(method.walk(method.prepare(start(seed))))
        assert end.status == Status.ENDPOINT
        energy, answer = method.answer(end.after.state)
        exact = machine.exact_energies(machine.unrolled.angles(answer)[None])[0]
        errors.append(exact - LOWEST)
        pulls.append((energy - exact) / end.after.state.error)
    assert np.median(errors) < 2e-2
    # Pulls of fresh shots are of mean 0 and width 1: eight of them, at four standard errors.
    assert abs(np.mean(pulls)) < 4 / np.sqrt(8)
    assert 0.4 < np.std(pulls) < 1.8


def test_the_record_says_what_bound_each_step_and_what_it_cost():
    method, _ = method_at(1, 60_000, final_shots=500)
    attempts = list(method.walk(method.prepare(start(1))))
    steps = [a for a in attempts if a.phase == "anneal"][1:]
    assert {a.bound for a in steps} <= {"curvature", "angle"}
    assert all(a.accept and 0.0 < a.step.size <= 0.3 for a in steps)
    assert [a.phase for a in attempts[-2:]] == ["check", "final"]
    spent = sum(a.trial.cost["shots"] for a in attempts)
    assert attempts[-1].after.state.spent == spent
    assert spent <= 60_000 * 1.01 + 500
    # Effort follows what was spent: an iteration is at most a percent of it, once that is more
    # than the first one.
    late = steps[-1]
    assert late.trial.cost["shots"] < 0.02 * late.after.state.spent
    notes = steps[5].trial.notes
    assert notes["gain"] > 0.0
    assert notes["gain_bias"] > 0.0
    assert notes["standard_error"] > 0.0


@pytest.mark.parametrize("stops", [(3, 9), (40,), (-2,), (-1,)])
def test_a_run_in_pieces_is_the_same_to_the_bit(tmp_path, stops):
    whole = list(method_at(7, 20_000)[0].walk(method_at(7, 20_000)[0].prepare(start(7))))
    about = {"job": "test"}
    for stop in (*stops, None):
        method, _ = method_at(7, 20_000)
        with Store(tmp_path, about, kinds=method.kinds) as store:
            record = Record()
            done = sum(1 for _ in store.rows()) if store.point() is not None else 0
            count = None if stop is None else (stop if stop > 0 else len(whole) + stop) - done

            def walk(origin, method=method, count=count):
                return islice(method.walk(origin), count)

            status = run(walk, lambda m=method: m.prepare(start(7)), record, store=store)
    assert status == Status.ENDPOINT
    assert len(record) == len(whole)
    with Store(tmp_path, about, kinds=method.kinds) as store:
        state = store.point().state
    last = whole[-1].after.state
    for name in ("parameters", "answer", "metric", "sums", "shots"):
        np.testing.assert_array_equal(getattr(state, name), getattr(last, name))
    assert (state.energy, state.error, state.spent) == (last.energy, last.error, last.spent)


@pytest.mark.parametrize(
    ("make", "rate"), [(fixed_natural_gradient, 0.1), (adam, 0.1), (spsa, 0.2), (qnspsa, 0.02)]
)
def test_baselines_go_down_within_their_shots(make, rate):
    unrolled, observable = unroll(layered(2, 1)), grouped(HAMILTONIAN)
    machine = simulator(unrolled, observable, seed=3)
    method = make(Setting(unrolled, machine, 60_000, 100, rate))
    first = start(5)
    end = finish(method.walk(method.prepare(first)))
    assert end.status == Status.ENDPOINT
    assert end.after.state.spent <= 60_000
    before, after = machine.exact_energies(
        np.array([unrolled.angles(v) for v in (first, method.answer(end.after.state)[1])])
    )
    assert after < before - 0.5 * (before - LOWEST)
