"""What a run with shots tells of its steps: energies and angles, and no more than is known."""

import json

import numpy as np
import pytest

from suite.cli.main import run
from suite.quantum import vqe
from suite.quantum.ansatz.named import ansatz_of
from suite.quantum.asked.problem_file import Task
from suite.quantum.exact.circuits import engine_of
from suite.quantum.problems.hamiltonian import molecule
from suite.quantum.problems.spins import chain, tfim
from suite.quantum.shots import with_shots
from suite.report.quantum import sections

PROBLEM = tfim(chain(3))
FORM = ansatz_of("real_amplitudes", PROBLEM, 1)
METHODS = ["annealed", "natural", "qng", "adam", "spsa", "qnspsa"]


def task(shots=20000, seed=7, **more):
    return Task(PROBLEM, FORM, FORM.name, seed=seed, backend="simulator", shots=shots, **more)


@pytest.mark.parametrize("method", METHODS)
def test_evaluations_end_the_search_and_the_answer_is_measured_all_the_same(method):
    """Found by use: three were asked for, and 63 paid."""
    for most in (1, 3):
        found = with_shots(task(60000, evaluations=most), method=method)
        assert found.evaluations == most
        true = found.details["exact_energy_of_parameters"]
        assert abs(found.energy - true) < 5.0 * found.standard_error
    free = with_shots(task(60000), method=method)
    assert free.evaluations > 3


def test_a_run_ended_by_evaluations_is_read_back(tmp_path):
    asked = task(evaluations=4)
    found = with_shots(asked, store=tmp_path)
    again = with_shots(asked, store=tmp_path)
    assert (again.energy, again.evaluations) == (found.energy, 4)


@pytest.mark.parametrize("method", METHODS)
def test_every_step_tells_its_energy_near_the_exact_one_of_its_parameters(method):
    """Found by use: methods to compare with had an empty trace."""
    seen = []
    found = with_shots(task(120_000), method=method, rate=0.05, observe=(seen.append,))
    trace = found.trace()
    assert len(trace) == sum(a.accept for a in seen if a.phase not in ("check", "final"))
    spent = [entry["evaluations"] for entry in trace]
    assert spent == sorted(spent)
    assert method == "natural" or len(set(spent)) == len(spent)
    engine = engine_of(PROBLEM, FORM)
    sided = method in ("spsa", "qnspsa")
    for attempt in seen:
        state, notes = attempt.trial.state, attempt.trial.notes
        if attempt.phase in ("check", "final") or not attempt.accept:
            continue
        at = getattr(state, "at", state)
        # The mean of two sides is off by the curvature, at most ½ s² Σ|H| along the signs.
        off = 0.5 if sided else 0.0
        error = abs(notes["energy"] - engine.energy(at.parameters))
        assert error < 6.0 * notes["standard_error"] + off
        assert not sided or notes["energy_is"] == "mean of two sides"


@pytest.mark.parametrize("method", ["annealed", "natural", "qng"])
def test_entries_of_the_trace_are_steps_and_have_an_angle(method):
    found = with_shots(task(120_000), method=method)
    trace, summary = found.trace(), found.summary()
    assert trace[0]["angle"] == 0.0
    assert all(0.0 < entry["angle"] < 1.0 for entry in trace[1:])
    if method != "qng":
        assert summary["closing"].keys() == {"check", "final"}
        assert summary["closing"]["final"]["energy"] == found.energy
        assert summary["closing"]["final"]["standard_error"] == found.standard_error


def test_an_angle_that_was_not_measured_is_not_called_so():
    """Found by use: the page drew the angle that was asked for as the one really turned."""

    def told(found):
        parts = sections(found.record, found.summary())
        return next(part for part in parts if part.title == "The record of the steps")

    plain = told(with_shots(task(), method="annealed"))
    assert "was not measured" in plain.text
    assert "angle really turned" not in [trace.name for trace in plain.figure.data]
    measured = told(vqe(PROBLEM, ansatz=FORM, method="natural", evaluations=5))
    assert "really turned." in measured.text
    assert "angle really turned" in [trace.name for trace in measured.figure.data]
    rate = told(with_shots(task(40_000), method="adam"))
    assert "rate, which does not adapt" in rate.text
    assert rate.figure.layout.yaxis.title.text == "rate"


def test_a_metric_that_is_a_bound_is_called_one():
    problem = molecule("H 0 0 0; H 0 0 0.735")
    form = ansatz_of("uccsd", problem)
    found = with_shots(Task(problem, form, form.name, shots=20000))
    spectrum = next(row["notes"]["metric_spectrum"] for row in found.record)
    assert np.allclose(spectrum, 1.0)
    page = {part.title: part for part in sections(found.record, found.summary())}
    assert "an upper bound" in page["The metric at the end"].text
    blocks = with_shots(task()).summary()
    assert blocks["metric"] == "the blocks of commuting gates"


def test_the_simulator_counts_its_jobs_where_the_plan_does(tmp_path, capsys):
    path = tmp_path / "tfim.toml"
    path.write_text('[spin_model]\nname = "tfim"\nsites = 3\n[ansatz]\nname = "real_amplitudes"\n')
    assert run(["quantum", "vqe", str(path), "--shots", "9000", "-o", str(tmp_path / "out")]) == 0
    text = (tmp_path / "out" / "summary.json").read_text()
    assert text.endswith("}\n")
    summary = json.loads(text)
    assert summary["jobs"] == summary["record"]["cost"]["jobs"] > 0


@pytest.mark.parametrize("method", ["qng", "adam", "spsa", "qnspsa"])
def test_a_method_to_compare_with_has_attempts_enough_to_go_somewhere(method):
    found = vqe(tfim(chain(3)), method=method, shots=20000, seed=1)
    assert 30 <= found.evaluations <= 55  # blocks of a metric take 50 shots at least
    assert found.details["shots"] <= 21_500


def test_the_end_of_a_search_says_which_bound_it_reached():
    way = {"ansatz": "real_amplitudes", "repetitions": 1, "shots": 3000, "seed": 1}
    ends = ({}, {"evaluations": 2})
    said = [vqe(tfim(chain(2)), **way, **more).summary()["sentence"] for more in ends]
    assert said == [
        "Endpoint reached. The search has spent its 3,000 shots.",
        "Endpoint reached. The search had its 2 evaluations.",
    ]
