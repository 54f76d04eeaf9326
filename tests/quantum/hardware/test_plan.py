"""The price beforehand is the price of what is submitted, and a budget is held."""

import numpy as np
import pytest
from qiskit_ibm_runtime.executor_estimator import Estimator
from qiskit_ibm_runtime.executor_estimator.prepare import prepare

from suite.errors import BudgetExhausted, InputError
from suite.quantum.hardware import Price, Request, budget_of, machine_of, measurer_of, order_of
from suite.quantum.hardware.primitives import _precision, _pub
from suite.quantum.hardware.program import build, price_of
from suite.quantum.request import checked
from tests.quantum.hardware.pieces import OBSERVABLE, OTHER, SOME, circuit, layers


def measurer(name="fake:manila", **options):
    return measurer_of(machine_of(name, **options), circuit(), OBSERVABLE, layers())


def request(scale=1):
    rows = np.tile(SOME, (9, 1))
    return Request(rows, scale * np.arange(100, 1000, 100), SOME, 500 * scale)


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("scale", [1, 7])
def test_shots_are_counted_as_the_runtime_counts_them(level, scale):
    made = measurer(resilience=level)
    program = build(checked(request(scale), 4), made.circuits, made.machine.timing)
    estimator = Estimator(mode=made.machine.backend, options={"resilience_level": level})
    pubs = [_pub(pub) for pub in program.pubs]
    quantum, _ = prepare(
        pubs,
        estimator.options,
        _precision(program.shots),
        add_tags=True,
        backend=made.machine.backend,
    )
    shots = quantum.shots * sum(item.size() for item in quantum.items)
    price = made.price(request(scale))
    # The calibration of the readout is run once more or less than is assumed.
    assert price.shots == pytest.approx(shots, rel=0.05)
    assert price.shots >= shots or level == 0
    assert price.jobs == 1
    assert price.circuits == 3


def test_a_price_counts_what_a_hand_counts():
    # Three groups of words, one row; the layers have 2 + 1 more.
    made = measurer()
    price = made.price(Request([SOME], [300]))
    assert price[:5] == (1, 1, 3, 1, 300)
    each = made.circuits.energy.seconds + 250e-6
    assert price.qpu_seconds == pytest.approx(2.0 + 300 * each + 3 * 2e-3)


def test_a_simulator_charges_no_time():
    assert measurer("aer").price(request()).qpu_seconds == 0.0


@pytest.mark.parametrize("scale", [1, 3, 10, 100])
def test_no_row_gets_less_than_it_asked_and_the_whole_little_more(scale):
    made = measurer()
    wanted = checked(request(scale), 4)
    program = build(wanted, made.circuits, made.machine.timing)
    (_, owner), pub = program.parts[0], program.pubs[0]
    got = np.bincount(owner) * program.shots * pub.bases
    assert np.all(got >= wanted.shots)
    asked = wanted.shots.sum() + 2 * wanted.metric_shots
    assert price_of(program, made.machine.timing).shots <= 1.35 * asked


def test_a_device_takes_no_more_shots_than_it_can():
    made = measurer()
    most = made.machine.timing._replace(most_shots=100)
    program = build(checked(Request([SOME], [3000]), 4), made.circuits, most)
    assert program.shots <= 100
    assert len(program.pubs[0].rows) == 10


def test_a_plan_is_the_worst_case_and_what_a_run_then_spends():
    made = measurer("aer")
    final = Request([SOME], [5000])
    plan = made.plan(request(), 4, final=final, budget=budget_of(max_shots=1e6))
    spent = made.ledger.keeper.spent
    for number in range(4):
        made.measure(request(), number)
    made.measure(final, 4)
    assert plan.total.shots == spent["shots"]
    assert plan.total.jobs == 5
    assert plan.affordable_attempts == 4
    assert dict(plan.lines())["backend"] == "aer"
    assert plan.summary()["worst_case"]["shots"] == plan.total.shots


def test_a_budget_bounds_the_attempts_of_a_plan_and_refuses_less_than_one():
    made = measurer()
    each = made.price(request())
    plan = made.plan(request(), 50, budget={"shots": 3.5 * each.shots})
    assert plan.affordable_attempts == 3
    plan.check()
    with pytest.raises(BudgetExhausted, match=r"One attempt on fake:manila costs up to .* shots"):
        made.plan(request(), 50, budget={"shots": 0.5 * each.shots}).check()
    with pytest.raises(BudgetExhausted, match="QPU seconds, the budget is 1"):
        made.plan(request(), 50, budget=budget_of(max_qpu_seconds=1)).check()


def test_the_share_of_the_open_plan_is_told():
    made = measurer()
    plan = made.plan(request(), 10)
    assert plan.open_plan_share is None
    from dataclasses import replace

    share = replace(plan, open_plan=True).open_plan_share
    assert share == pytest.approx(plan.total.qpu_seconds / 600.0)


def test_the_order_of_jobs_follows_the_price_and_can_be_chosen():
    energy, rest = Price(1, 1, 3, 1, 300, 2.1), Price(1, 3, 9, 20, 60_000, 20.0)
    first = order_of(energy, rest)
    assert first.name == "energy first"
    assert "70%" in first.sentence
    assert order_of(energy, rest, wait_seconds=600.0).name == "together"
    assert order_of(energy, rest, accepted=1.0).name == "together"
    # Where no time is charged shots are: a gradient that is not measured is saved.
    free = [price._replace(qpu_seconds=0.0) for price in (energy, rest)]
    shots = order_of(*free)
    assert shots.name == "energy first"
    assert "60,300 shots an attempt, the energy first 42,300 shots" in shots.sentence
    assert order_of(*free, accepted=1.0).name == "together"
    # A job that waits costs time even there.
    assert order_of(*free, wait_seconds=12.0).name == "together"
    chosen = order_of(energy, rest, chosen="together")
    assert chosen == ("together", "Jobs of an attempt: together, as asked.")
    with pytest.raises(InputError, match="must be one of together, energy first"):
        order_of(energy, rest, chosen="both")
    with pytest.raises(InputError, match=r"in 0 to 1. Got 1.5"):
        order_of(energy, rest, accepted=1.5)


def test_rows_of_two_sizes_do_not_change_what_is_measured():
    made = measurer("aer")
    found = made.energies([SOME, OTHER], [100, 40_000])
    assert found.standard_errors[1] < 0.2 * found.standard_errors[0]
