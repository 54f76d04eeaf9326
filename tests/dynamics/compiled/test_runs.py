"""Whole runs in arrays: the same as attempt by attempt, where nothing has to look at them."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.core import Status, finish
from suite.dynamics import solve
from suite.dynamics.compiled import (
    whole,
)
from suite.dynamics.trajectory import along
from tests.dynamics.compiled.functions import (
    ORBIT,
    everything,
    kepler,
    made_ahead,
    prepared,
    pushed,
    square,
)

numba = pytest.importorskip("numba")


def test_a_whole_run_in_arrays_is_the_same_run(orbit):
    run, attempts = orbit
    trace = whole(run.ahead, run.first)
    assert [everything(one) for one in trace.attempts()] == [everything(one) for one in attempts]
    kept = [one.after.state for one in attempts if one.accept]
    assert trace.times.tolist() == [flow.time for flow in kept]
    assert np.array_equal(trace.states, [flow.y for flow in kept])
    assert np.array_equal(trace.rates, [flow.rate for flow in kept])
    assert trace.rejected == sum(not one.accept for one in attempts)
    assert trace.evaluations == sum(one.trial.cost["evaluations"] for one in attempts)
    again = made_ahead(run, made=trace.bursts)
    assert [everything(one) for one in again] == [everything(one) for one in attempts]


@pytest.mark.parametrize("method", ["DOP853", "RK45"])
def test_polynomials_are_those_of_the_method(method):
    """Their power coefficients reach some hundreds of the state, so values agree to 1e-12."""
    run = prepared(kepler, ORBIT, 10.0, 1e-8, method)
    trace = whole(run.ahead, run.first, slopes=True)
    found, evaluations = trace.polynomials()
    kept = [one.after.state for one in trace.attempts() if one.accept]
    assert len(found) == len(kept) - 1
    assert evaluations == (3 * len(found) if method == "DOP853" else 0)
    for powers, before, after in zip(found, kept, kept[1:], strict=False):
        expected, _ = run.ahead.base.dense(before, after)
        for theta in (0.3, 0.8, 1.0):
            value = along(powers, theta, before.y)
            np.testing.assert_allclose(value, along(expected, theta, before.y), atol=1e-12)


@given(most=st.integers(1, 1500))
@settings(max_examples=20, deadline=None)
def test_a_budget_ends_a_whole_run_where_it_ends_any(orbit, most):
    run, attempts = orbit
    spent = 0

    def budget(attempt):
        nonlocal spent
        spent += attempt.trial.cost["evaluations"]
        return Status.OUT_OF_BUDGET if spent >= most else Status.RUNNING

    last = finish(iter(attempts), (budget,))
    trace = whole(run.ahead, run.first, most_evaluations=most)
    assert (trace.status, trace.last.step) == (last.status, last.after.step)
    *_, ours = trace.attempts()
    assert ours.status is trace.status


@pytest.mark.parametrize("method", ["DOP853", "RK45"])
@pytest.mark.parametrize("tol", [1e-4, 1e-7, 1e-10])
def test_a_run_towards_a_pole_or_a_stiff_one_is_not_called_quiet(tol, method):
    pole = prepared(square, [1.0], 0.99, tol, method)
    through = prepared(square, [1.0], 2.0, tol, method)
    stiff = prepared(pushed, [0.0], 50.0, tol, method, args=(50.0, 3.0))
    for run in (pole, through, stiff):
        trace = whole(run.ahead, run.first)
        before = trace.evaluations
        assert not trace.is_quiet()
        assert trace.evaluations == before + trace.looked
    assert whole(pole.ahead, pole.first).looked == 0
    calm = prepared(kepler, ORBIT, 5.0 * np.pi, tol, method)
    assert whole(calm.ahead, calm.first).is_quiet() or tol == 1e-4


RUNS = {
    "dense": {"t_span": (20.0, 0.0), "dense_output": True, "max_step": 0.3},
    "times": {"t_span": (0.0, 20.0), "t_eval": np.linspace(0.0, 20.0, 7), "method": "RK45"},
    "blocks": {"t_span": (0.0, 20.0), "blocks": [0, 0, 1, 1]},
    "budget": {"t_span": (0.0, 900.0), "max_evaluations": 3000},
    "observed": {"t_span": (0.0, 20.0), "observe": (lambda attempt: None,)},
    "pole": {"fun": square, "y0": [1.0], "t_span": (0.0, 2.0), "rtol": 1e-8},
    "near": {"fun": square, "y0": [1.0], "t_span": (0.0, 0.99)},
    "long": {"fun": square, "y0": [1.0], "t_span": (0.0, 0.99), "rtol": 1e-11, "method": "RK45"},
    "stiff": {"fun": pushed, "y0": [0.0], "t_span": (0.0, 50.0), "args": (1e4, 1.0)},
}


POLES = ("pole", "near", "long")


@pytest.mark.parametrize("name", RUNS)
def test_solve_answers_the_same_with_and_without(name):
    options = {"fun": kepler, "y0": ORBIT, **RUNS[name]}
    ours, theirs = solve(**options), solve(**options, compiled=False)
    assert (ours.status, ours.message[:12]) == (theirs.status, theirs.message[:12])
    # Where the first look shows something, watchers go through the run and look again.
    looked = ours.evaluations - theirs.evaluations
    assert 0 <= looked <= (300 if name in POLES else 0)
    assert ours.rejected == theirs.rejected
    tallies = [replace(one.record.tally, cost=Counter()) for one in (ours, theirs)]
    assert tallies[0] == tallies[1]
    # A singularity is looked at once more after the last attempt.
    again = ours.evaluations - ours.record.tally.cost["evaluations"]
    assert again > 0 if name in POLES else again == 0
    # Where the solution has come to rest, what is left of the error is rounding.
    np.testing.assert_allclose(ours.t, theirs.t, rtol=1e-4 if name == "stiff" else 1e-6)
    if name != "pole":
        np.testing.assert_allclose(ours.y, theirs.y, rtol=1e-6, atol=1e-8)
    assert (ours.singularity is None) == (theirs.singularity is None) == (name not in POLES)
    if ours.sol is not None:
        times = np.linspace(0.0, 20.0, 41)
        np.testing.assert_allclose(ours.sol(times), theirs.sol(times), atol=1e-9)


def test_a_stored_run_goes_on_where_its_budget_ended(tmp_path):
    options = {"fun": kepler, "t_span": (0.0, 30.0), "y0": ORBIT, "rtol": 1e-9}
    for most in (300, 1000, 1100):
        done = solve(**options, store=tmp_path / "run", max_evaluations=most)
        assert done.status is Status.OUT_OF_BUDGET
    done = solve(**options, store=tmp_path / "run")
    other = solve(**options)
    assert done.status is Status.ENDPOINT
    assert np.array_equal(done.t, other.t)
    assert np.array_equal(done.y, other.y)
    assert done.record.tally == other.record.tally


@numba.njit
def overwriting(t, y):
    for i in range(y.size):
        y[i] = -y[i]
    return y


@pytest.mark.parametrize("method", ["auto", "RK45"])
def test_a_function_may_write_into_the_state_it_is_given(method):
    done = solve(overwriting, (0.0, 2.0), [1.0, 2.0], method, rtol=1e-8)
    plain = solve(overwriting.py_func, (0.0, 2.0), [1.0, 2.0], method, rtol=1e-8)
    assert done.success
    np.testing.assert_allclose(done.y[:, -1], plain.y[:, -1], rtol=1e-13)


@numba.njit
def switched(t, y):
    return -np.sign(y)


@pytest.mark.parametrize(("fun", "y0"), [(pushed, [0.0]), (switched, [1.0])])
def test_what_watchers_have_a_word_on_is_not_carried_to_the_end_of_the_budget(fun, y0):
    args = (1e6, 1.0) if fun is pushed else ()
    run = prepared(fun, y0, 50.0, 1e-6, args=args)
    trace = whole(run.ahead, run.first, most_evaluations=5_000_000)
    assert trace.status is Status.RUNNING
    assert trace.evaluations < 50_000
    assert not trace.is_quiet()
    assert not trace.is_quiet(foresight=False)
