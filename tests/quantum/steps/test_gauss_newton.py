"""Gauss-Newton on states with known minima; kicks and bursts out of basins."""

import itertools

import numpy as np
import pytest
from qiskit.quantum_info import SparsePauliOp

from suite.core import Point, Status
from suite.quantum.exact.circuits import circuit_engine
from suite.quantum.steps.bursts import BURST, LENGTH
from suite.quantum.steps.course import ROUNDINGS, angle_between
from suite.quantum.steps.gauss_newton import FIRST_DAMPING, GAUSS_NEWTON
from suite.quantum.steps.region import FARTHEST
from tests.quantum.steps.engines import attempts, chain, sphere, su2


@pytest.mark.parametrize("seed", range(8))
def test_where_every_state_is_reachable_it_finds_the_lowest_eigenvalue_quadratically(seed):
    engine, lowest = sphere(12, seed)
    first = np.random.default_rng(seed).normal(size=11) * 0.3
    made, way = attempts(engine, first, gradient=1e-10)
    energy, _ = way.answer(made[-1].after.state)
    assert made[-1].status is Status.CONVERGED
    assert energy == pytest.approx(lowest, abs=1e-11)
    errors = [a.trial.notes["energy"] - lowest for a in made if a.accept]
    late = [(a, b) for a, b in itertools.pairwise(errors) if 1e-9 < a < 1e-3]
    assert all(b < 30.0 * a**1.5 for a, b in late)


def test_the_record_says_what_each_attempt_was():
    engine, _ = sphere(8, 3)
    made, _ = attempts(engine, np.full(7, 0.4))
    for before, attempt in itertools.pairwise(made):
        notes = attempt.trial.notes
        old, new = before.after.state.at, attempt.trial.state.at
        assert notes["gained"] == old.energy - new.energy
        assert notes["angle"] == pytest.approx(angle_between(old.here.state, new.here.state))
        assert 0 < notes["metric_rank"] <= 7
        assert attempt.step.damping >= 1e-3
        assert attempt.step.size <= FARTHEST
        assert attempt.accept == (attempt.refused == "")
        rounding = attempt.trial.evidence["gain"].noise * notes["predicted_gain"]
        assert attempt.accept == (notes["gained"] > 3.0 * rounding)
        assert set(attempt.trial.evidence) == {"gain", "angle"}


def test_energies_fall_and_every_evaluation_is_counted():
    engine, _ = sphere(10, 5)
    made, _ = attempts(engine, np.full(9, 0.2))
    assert len(engine.calls) == sum(a.trial.cost["evaluations"] for a in made)
    energies = [a.trial.notes["energy"] for a in made if a.accept]
    assert np.all(np.diff(energies) < 0.0)


def spins(letters="XXYYZZ", width=4, repetitions=2, field=0.0):
    observable = chain(width, letters, field)
    engine = circuit_engine(su2(width, repetitions), observable)
    return engine, float(np.linalg.eigvalsh(observable.to_matrix())[0])


def evaluations_to(goal, engine, starts, method="gauss-newton", **knobs):
    """The mean number of evaluations to an energy, at most 60, from random angles."""
    counts = []
    for seed in range(starts):
        first = np.random.default_rng(seed).uniform(-np.pi, np.pi, engine.parameters)
        made, _ = attempts(engine, first, method, evaluations=60, gradient=1e-5, **knobs)
        lower = (a.number for a in made if a.trial.notes["energy"] <= goal)
        counts.append(next(lower, 59) + 1)
    return np.mean(counts)


def test_where_one_basin_rules_it_takes_six_tenths_of_the_best_fixed_natural_gradient():
    # H2, STO-3G, 0.735 angstrom, on two qubits.
    words = ["II", "IZ", "ZI", "ZZ", "XX"]
    numbers = [-1.052373245772859, 0.39793742484318, -0.39793742484318, -0.01128010425624]
    observable = SparsePauliOp(words, [*numbers, 0.18093119978])
    engine = circuit_engine(su2(2, 2), observable)
    lowest = float(np.linalg.eigvalsh(observable.to_matrix())[0])
    goal = lowest + 1e-3 * abs(lowest)
    fixed = min(evaluations_to(goal, engine, 40, "qng", rate=rate) for rate in (0.4, 0.5))
    assert evaluations_to(goal, engine, 40) < 0.6 * fixed


def test_three_spins_are_solved_in_a_dozen_evaluations():
    engine, lowest = spins(width=3)
    assert evaluations_to(lowest + 1e-6, engine, 12) < 12.0


def test_a_stall_is_followed_by_a_kick_a_burst_and_gauss_newton_again():
    engine, _ = spins()
    first = np.random.default_rng(0).uniform(-np.pi, np.pi, engine.parameters)
    made, _ = attempts(engine, first, kicks=2, evaluations=160)
    phases = [a.phase for a in made]
    assert phases[0] == GAUSS_NEWTON
    start = phases.index(BURST)
    assert phases[start : start + LENGTH + 1] == [BURST] * (LENGTH + 1)
    assert phases[start + LENGTH + 1] == GAUSS_NEWTON
    kicked, burst = made[start], made[start : start + LENGTH + 1]
    assert kicked.step.size == pytest.approx(0.6)
    assert max(a.step.size for a in burst) <= 1.0
    # It goes on from the lowest point of the burst, and keeps the best of before.
    lowest = min(a.trial.notes["energy"] for a in burst)
    after = burst[-1].after.state
    assert after.at.energy == lowest
    assert after.best.energy == min(a.trial.notes["energy"] for a in made[:start] if a.accept)
    assert len(made) <= 160


def test_without_kicks_it_only_goes_down():
    engine, _ = spins()
    first = np.random.default_rng(0).uniform(-np.pi, np.pi, engine.parameters)
    made, _ = attempts(engine, first, evaluations=500, gradient=1e-6)
    assert {a.phase for a in made} == {GAUSS_NEWTON}
    assert made[-1].status is Status.CONVERGED
    # Steps whose gain is hidden in rounding are judged by their slopes.
    rounding = ROUNDINGS * np.finfo(float).eps * engine.scale
    energies = np.array([a.trial.notes["energy"] for a in made if a.accept])
    assert np.all(np.diff(energies) < rounding)
    assert np.all(np.diff(energies[energies > energies[-1] + rounding]) < 0.0)


def test_bursts_find_a_better_basin_than_going_down_does():
    engine, exact = spins(repetitions=2)
    ends = {}
    for kicks in (0, 10):
        ends[kicks] = []
        for seed in range(8):
            first = np.random.default_rng(seed).uniform(-np.pi, np.pi, engine.parameters)
            made, way = attempts(engine, first, kicks=kicks, evaluations=250, gradient=1e-6)
            ends[kicks].append(way.answer(made[-1].after.state)[0])
    assert min(ends[10]) > exact - 1e-10
    assert all(b <= a + 1e-3 for a, b in zip(ends[0], ends[10], strict=True))
    # Which of them get out depends on the last bits of the processor's arithmetic.
    caught = {kicks: sum(end > min(ends[10]) + 0.05 for end in ends[kicks]) for kicks in ends}
    assert caught[10] < caught[0]


def test_an_eigenstate_with_a_way_down_is_no_end():
    # |00> is an eigenstate of ZZ with the highest energy, and no gradient shows the way.
    engine = circuit_engine(su2(2, 1), chain(2, "ZZ", 0.0) * -1.0)
    made, way = attempts(engine, np.zeros(engine.parameters), kicks=1, gradient=1e-7)
    assert way.answer(made[-1].after.state)[0] == pytest.approx(-1.0, abs=1e-9)


def test_at_the_ground_state_no_kick_is_wasted():
    engine, lowest = sphere(6, 1)
    made, way = attempts(engine, np.full(5, 0.3), kicks=5)
    assert made[-1].status is Status.CONVERGED
    assert BURST not in {a.phase for a in made}
    assert way.answer(made[-1].after.state)[0] == pytest.approx(lowest)


@pytest.mark.parametrize("cut", [3, 30, 45, 70])
def test_it_goes_on_from_any_point_as_if_it_had_not_stopped(cut):
    engine, _ = spins()
    first = np.random.default_rng(0).uniform(-np.pi, np.pi, engine.parameters)
    made, way = attempts(engine, first, kicks=2, evaluations=90, seed=7)
    again = list(way.walk(made[cut].after))
    assert isinstance(made[cut].after, Point)
    assert [a.trial.notes["energy"] for a in again] == [
        a.trial.notes["energy"] for a in made[cut + 1 :]
    ]
    assert [a.phase for a in again] == [a.phase for a in made[cut + 1 :]]


def test_a_surface_that_fails_is_refused_and_the_best_is_kept():
    engine, _ = sphere(6, 2)
    whole = engine.geometry

    def torn(values, **options):
        found = whole(values, **options)
        return found._replace(energy=np.nan) if len(engine.calls) > 4 else found

    engine.geometry = torn
    made, way = attempts(engine, np.full(5, 0.5), evaluations=60)
    assert made[-1].status in (Status.NOT_FINITE, Status.UNDERFLOW)
    assert np.isfinite(way.answer(made[-1].after.state)[0])


def test_the_law_may_be_another():
    from suite.core import Fixed

    engine, _ = sphere(6, 2)
    made, _ = attempts(engine, np.full(5, 0.5), law=Fixed(), evaluations=10)
    assert all(a.accept for a in made)
    assert all(a.step.damping == FIRST_DAMPING for a in made)
