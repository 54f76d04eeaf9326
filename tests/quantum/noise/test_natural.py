"""Natural gradient on shots: both orders' jobs, drift, refusals, overlaps, and runs in pieces."""

from itertools import cycle, islice, pairwise

import numpy as np
import pytest
from qiskit.quantum_info import SparsePauliOp, Statevector

from suite.core import Record, Status, Store, finish, run
from suite.errors import JobFailed
from suite.quantum.noise.annealed import NoisyCourse
from suite.quantum.noise.groups import grouped
from suite.quantum.noise.natural import GROWTH, natural
from suite.quantum.noise.simulator import simulator
from suite.quantum.noise.unrolled import unroll
from tests.quantum.noise.circuits import layered

HAMILTONIAN = SparsePauliOp(["ZZ", "XI", "IX", "II"], [-1.0, 0.5, 0.5, 0.3])
LOWEST, HIGHEST = np.linalg.eigvalsh(HAMILTONIAN.to_matrix())[[0, -1]]
BOTH = ["together", "energy first"]


class Watched:
    """An instrument whose requests are kept and whose answers may be changed."""

    def __init__(self, inner, change=lambda measured, _: measured):
        self.inner, self.change, self.asked = inner, change, []

    def measure(self, request, number, groups=None):
        self.asked.append((number, request))
        measured, groups = self.inner.measure(request, number, groups)
        return self.change(measured, len(self.asked)), groups


def method_at(seed, shots, order, change=lambda measured, _: measured, **options):
    unrolled, observable = unroll(layered(2, 1)), grouped(HAMILTONIAN)
    machine = Watched(simulator(unrolled, observable, seed=seed), change)
    course = NoisyCourse(
        unrolled, observable, machine, shots, **{"final_shots": 500, "growth": GROWTH} | options
    )
    return natural(course, lambda *_: (order, "as asked")), machine


def start(seed):
    return np.random.default_rng(seed).uniform(-np.pi, np.pi, 8)


def carried(seed, shots, order, change=lambda measured, _: measured, **options):
    method, machine = method_at(seed, shots, order, change, **options)
    attempts = []
    finish(method.walk(method.prepare(start(seed))), observe=(attempts.append,))
    return attempts, machine


@pytest.mark.parametrize("order", BOTH)
def test_it_arrives_and_the_final_energy_is_unbiased(order):
    errors, pulls = [], []
    for seed in range(8):
        attempts, machine = carried(seed, 30_000, order)
        end = attempts[-1].after.state
        assert attempts[-1].status == Status.ENDPOINT
        exact = machine.inner.exact_energies(machine.inner.unrolled.angles(end.answer)[None])[0]
        errors.append(exact - LOWEST)
        pulls.append((end.energy - exact) / end.error)
        assert end.spent == sum(a.trial.cost["shots"] for a in attempts)
        # The check and the final energy are beyond the search.
        assert end.spent <= 30_000 + 500
    assert np.median(errors) < 0.01 * (HIGHEST - LOWEST)
    # Pulls of fresh shots are of mean 0 and width 1: eight of them, at four standard errors.
    assert abs(np.mean(pulls)) < 4 / np.sqrt(8)


@pytest.mark.parametrize("order", BOTH)
def test_a_refused_candidate_pays_for_its_gradient_only_where_all_goes_together(order):
    # Every third comparison is told to be far worse.
    def worse(measured, count):
        if measured.incumbent is None or count % 3:
            return measured
        low = measured.incumbent._replace(values=measured.incumbent.values - 50.0)
        return measured._replace(incumbent=low)

    attempts, machine = carried(3, 30_000, order, worse)
    steps = [a for a in attempts[1:] if a.phase == "natural"]
    refused = [a for a in steps if not a.accept]
    assert len(refused) > 5
    assert {a.refused for a in refused} <= {"gain"}
    jobs = [[r for n, r in machine.asked if n == a.number] for a in steps]
    rows = len(machine.asked[0][1].rows) - 1
    for a, asked, before in zip(steps, jobs, attempts, strict=False):
        assert [r.part for r in asked] == list(range(len(asked)))
        comparison = asked[-1]
        assert comparison.incumbent is not None
        assert comparison.incumbent_shots == comparison.shots[0]
        if order == "together":
            assert len(asked) == 1
            assert len(comparison.rows) == rows + 1
            assert comparison.values is not None
            assert a.trial.cost["evaluations"] == 1
        else:
            # Rows and metric are measured once, of a point that was kept.
            due = before.accept and before.number > 0
            assert len(asked) == 1 + due
            assert len(comparison.rows) == 1
            assert comparison.values is None
            assert a.trial.cost["evaluations"] == due
            if due:
                assert len(asked[0].rows) == rows
    # Noise is not shared by the jobs of an attempt, nor by attempts.
    if order == "energy first":
        two = next(asked for asked in jobs if len(asked) == 2)
        first, second = (machine.inner.measure(two[0]._replace(part=p), 9)[0] for p in (0, 1))
        assert not np.array_equal(first.energies.values, second.energies.values)


@pytest.mark.parametrize("order", BOTH)
def test_evaluations_end_the_search_before_its_shots(order):
    attempts, _ = carried(3, 30_000, order, evaluations=6)
    assert sum(a.trial.cost.get("evaluations", 0) for a in attempts) == 6
    assert [a.phase for a in attempts[-2:]] == ["check", "final"]
    assert attempts[-1].after.state.spent < 10_000


@pytest.mark.parametrize("order", BOTH)
def test_drift_is_noted_and_judges_nothing(order):
    def drifting(measured, count):
        # Up by 5 from the tenth job on, and by 5 more from the thirtieth.
        shift = 5.0 * (count > 10) + 5.0 * (count > 30)
        moved = [
            part and part._replace(values=part.values + shift)
            for part in (measured.energies, measured.incumbent)
        ]
        return measured._replace(energies=moved[0], incumbent=moved[1])

    still, _ = carried(5, 20_000, order)
    moved, machine = carried(5, 20_000, order, drifting)
    numbers = [number for number, _ in machine.asked]
    jumps = {numbers[10], numbers[30]}
    noted = {a.number: a.trial.notes["drift"] for a in moved if a.trial.notes.get("drift")}
    # Others are three standard errors of noise, one in 370.
    assert jumps <= noted.keys()
    assert len(noted) <= 4
    assert all(abs(noted[number] - 5.0) < 2.5 for number in jumps)
    assert [a.accept for a in moved] == [a.accept for a in still]
    answers = [each[-1].after.state.answer for each in (still, moved)]
    np.testing.assert_allclose(*answers, atol=1e-9)


def test_steps_that_are_all_measured_to_be_worse_end_the_search_and_not_the_run():
    def worse(measured, _):
        if measured.incumbent is None:
            return measured
        low = measured.incumbent._replace(values=measured.incumbent.values - 50.0)
        return measured._replace(incumbent=low)

    attempts, _ = carried(2, 100_000, "energy first", worse)
    natural_ones = [a for a in attempts if a.phase == "natural"]
    assert not any(a.accept for a in natural_ones[1:])
    # Four times shorter each: from 0.3 rad to one in a million, ten of them.
    assert len(natural_ones) <= 12
    assert [a.phase for a in attempts[-2:]] == ["check", "final"]
    assert attempts[-2].bound == "underflow"
    end = attempts[-1].after.state
    np.testing.assert_array_equal(end.answer, start(2))
    assert np.isfinite(end.energy)


def test_gains_that_drown_are_kept_within_the_bound_and_steps_do_not_outgrow_it():
    attempts, _ = carried(4, 20_000, "energy first")
    steps = [a for a in attempts[1:] if a.phase == "natural"]
    dark = [a for a in steps if a.trial.evidence["gain"].noise > 1.0]
    assert len(dark) > 20
    for a in dark:
        within = a.trial.evidence["stretch"].value <= 1.0
        stands_out = abs(a.trial.evidence["gain"].value) > 3.0 * a.trial.evidence["gain"].noise
        assert a.accept == within or stands_out
    assert np.median([a.trial.evidence["stretch"].value for a in dark]) <= 0.5
    for a in steps:
        assert {
            "gained",
            "gained_error",
            "predicted_gain",
            "drift",
            "order",
        } <= a.trial.notes.keys()
        assert a.trial.notes["predicted_gain"] > 0.0


def test_overlaps_tell_the_angle_and_govern_the_damping():
    unrolled, observable = unroll(layered(2, 1)), grouped(HAMILTONIAN)
    machine = simulator(unrolled, observable, seed=1)
    course = NoisyCourse(unrolled, observable, machine, 400_000, growth=GROWTH, first_shots=500)
    method = natural(course, lambda *_: ("together", ""), overlaps=True)
    attempts = list(islice(method.walk(method.prepare(start(1))), 12))
    dampings = {float(a.step.damping) for a in attempts}
    assert len(dampings) > 1
    assert min(dampings) >= 0.03
    compared = 0
    for before, a in pairwise(attempts):
        if "angle" not in a.trial.notes:
            continue
        compared += 1
        states = [
            Statevector(layered(2, 1).assign_parameters(state.at.parameters))
            for state in (before.after.state, a.trial.state)
        ]
        true = np.arccos(min(1.0, abs(states[0].inner(states[1]))))
        # Asked for: a tenth of the angle; five such errors.
        assert abs(a.trial.notes["angle"] - true) < 0.5 * a.step.size + 1e-9
    assert compared > 5


def test_an_incumbent_that_is_no_number_ends_the_run_by_a_sentence():
    def broken(measured, count):
        if measured.incumbent is None or count < 5:
            return measured
        return measured._replace(incumbent=measured.incumbent._replace(values=np.array([np.nan])))

    with pytest.raises(JobFailed, match="answered nan"):
        carried(1, 20_000, "together", broken)


@pytest.mark.parametrize("order", BOTH)
@pytest.mark.parametrize("stops", [(3, 9), (-2,), (-1,)])
def test_a_run_in_pieces_is_the_same_to_the_bit(tmp_path, order, stops):
    whole, _ = carried(7, 15_000, order)
    about = {"job": "test"}
    for stop in (*stops, None):
        method, _ = method_at(7, 15_000, order)
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


def test_the_order_may_change_between_attempts():
    names = cycle(["energy first", "together"])
    shares = []

    def order(energies, rest, share, wait):
        shares.append(share)
        assert len(energies.rows) == 1
        assert rest.values is not None
        return next(names), "in turn"

    unrolled, observable = unroll(layered(2, 1)), grouped(HAMILTONIAN)
    machine = Watched(simulator(unrolled, observable, seed=2))
    course = NoisyCourse(unrolled, observable, machine, 10_000, growth=GROWTH)
    method = natural(course, order)
    end = finish(method.walk(method.prepare(start(2))))
    assert end.status == Status.ENDPOINT
    assert shares[0] == 0.7
    assert shares[-1] > 0.7
