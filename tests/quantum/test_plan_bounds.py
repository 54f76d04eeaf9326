"""A plan is what a run submits at most, whatever the noise of the rows makes of their shots."""

import pytest

from suite.quantum.ansatz.named import ansatz_of
from suite.quantum.asked.problem_file import Task
from suite.quantum.planning import plan_of
from suite.quantum.problems.hamiltonian import MAPPINGS, TAPERED, molecule
from suite.quantum.problems.spins import chain, tfim
from suite.quantum.shots import with_shots

PROBLEM = tfim(chain(3))
FORM = ansatz_of("real_amplitudes", PROBLEM, 1)


def task(backend, shots, seed, **more):
    return Task(PROBLEM, FORM, FORM.name, seed=seed, backend=backend, shots=shots, **more)


CASES = [
    *(("simulator", None, shots, seed) for shots in (900, 5000, 20000) for seed in range(5)),
    *(("simulator", "natural", 15000, seed) for seed in range(3)),
    *(("statevector", None, shots, seed) for shots in (900, 4000) for seed in (3, 11)),
    ("statevector", None, 20000, 3),
    ("statevector", "natural", 8000, 3),
    *(("statevector", method, 6000, 3) for method in ("qng", "adam", "spsa", "qnspsa")),
]


@pytest.mark.parametrize(("backend", "method", "shots", "seed"), CASES)
def test_no_run_submits_more_than_its_plan(backend, method, shots, seed):
    """Found by use: 61 jobs of 56 on the statevector, whose shots are rounded less than planned."""
    asked = task(backend, shots, seed)
    plan = plan_of(task(backend, shots, seed, method=method))
    found = with_shots(asked, method=method)
    attempts = [row for row in found.record if row["phase"] != "final"]
    assert len(attempts) <= plan.attempts
    assert found.details["jobs"] <= plan.total.jobs
    assert found.details["shots"] <= plan.total.shots
    # A bound that is far off is of no use either.
    assert plan.total.jobs <= 1.2 * found.details["jobs"] + 3


@pytest.mark.parametrize("method", ["annealed", "natural", "adam", "spsa"])
def test_a_plan_knows_that_evaluations_end_a_search(method):
    few = plan_of(task("simulator", 60000, 0, method=method, evaluations=3))
    found = with_shots(task("simulator", 60000, 0, evaluations=3), method=method)
    assert found.details["jobs"] <= few.total.jobs <= found.details["jobs"] + 5
    assert found.details["shots"] <= few.total.shots


def test_a_plan_for_a_device_says_that_tapering_is_cheaper():
    plans = {}
    for mapping in MAPPINGS:
        problem = molecule("H 0 0 0; H 0 0 0.735", mapping=mapping)
        form = ansatz_of("uccsd", problem)
        plans[mapping] = plan_of(Task(problem, form, form.name, backend="fake:manila", shots=6000))
    hints = {
        mapping
        for mapping, plan in plans.items()
        if "tapered" in dict(plan.lines()).get("hint", "")
    }
    assert hints == set(MAPPINGS) - {TAPERED}
    assert plans[TAPERED].attempt.groups < plans["jordan-wigner"].attempt.groups
    assert "hint" not in dict(plan_of(task("statevector", 900, 0)).lines())
