"""Compiled runs beside the core's march: the same attempts, the same law, resumed bit for bit."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from types import FunctionType, SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.core import ErrorControl, Point, Signal, Status, Step, begin, finish, march
from suite.core.document import decode, encode
from suite.dynamics import solve
from suite.dynamics.compiled import (
    ahead_of,
    is_compiled,
    kernel,
    layout,
    march_ahead,
    numba_takes,
    whole,
)
from suite.dynamics.compiled.bursts import _measure_of
from suite.dynamics.compiled.native import _parts, native_rate
from suite.dynamics.equation import (
    EPS,
    Equation,
    Flow,
    Tolerance,
    first_size,
    guarded,
    smallest_step,
    start,
)
from suite.dynamics.trajectory import along
from suite.dynamics.watch.events import eventful, events_of
from suite.errors import InputError, MissingPackage

numba = pytest.importorskip("numba")


@numba.njit
def kepler(t, y):
    cube = (y[0] * y[0] + y[1] * y[1]) ** -1.5
    return np.array([y[2], y[3], -y[0] * cube, -y[1] * cube])


@numba.njit
def lorenz(t, y):
    return 10.0 * (y[1] - y[0]), y[0] * (28.0 - y[2]) - y[1], y[0] * y[1] - 8.0 / 3.0 * y[2]


@numba.njit
def pushed(t, y, rate, push):
    return push - rate * y


@numba.njit
def square(t, y):
    return y * y


@numba.njit
def falling(t, y):
    """y = 1 - t; there is nothing below zero."""
    if y[0] < 0.0:
        raise ValueError("negative")
    return np.array([-1.0])


@numba.njit
def broken(t, y):
    return np.array([1.0]) if t < 0.5 else np.array([np.nan])


ORBIT = [0.4, 0.0, 0.0, 2.0]  # e = 0.6, period 2 pi


def prepared(fun, y0, end, tolerance, method="DOP853", args=(), **options):
    """A run ready to start: its equation, what runs ahead, the first attempt."""
    call = (lambda t, y: fun(t, y, *args)) if args else fun
    if not isinstance(tolerance, Tolerance):
        tolerance = Tolerance(tolerance, tolerance)
    equation = Equation(guarded(call), tolerance, end, 1.0 if end > 0.0 else -1.0)
    ahead = ahead_of(fun, equation, method, args=args, **options)
    flow = start(equation.fun, 0.0, y0)
    size, _ = first_size(equation, flow, ahead.base.order)
    first = begin(flow, ahead.law, size, cost={"evaluations": 2})
    return SimpleNamespace(equation=equation, ahead=ahead, first=first)


def by_march(run, around=lambda attempt: attempt):
    """The attempts of the core's march, in Python."""
    equation = run.equation

    def limits(flow):
        return {"max_step": run.ahead.most, **equation.limits(flow)}

    attempt, until = around(run.ahead.base.attempt), equation.until
    with np.errstate(all="ignore"):
        law = run.ahead.law
        return list(march(attempt, run.first, law, until, limits, floor=smallest_step))


def made_ahead(run, where=None, around=lambda attempt: attempt, **options):
    """The attempts made ahead, from the first one or from a point."""
    attempt, equation = around(run.ahead.scheme.attempt), run.equation
    until, where = equation.until, where or run.first
    with np.errstate(all="ignore"):
        walk = march_ahead(
            run.ahead, attempt, where, until, equation.limits, floor=smallest_step, **options
        )
        return list(walk)


def verdicts(attempts):
    return [
        (one.number, one.accept, one.bound, one.refused, one.status, dict(one.trial.cost))
        for one in attempts
    ]


def everything(attempt):
    """All that an attempt says and leaves behind, to the bit."""
    point = attempt.after
    arrays = (point.state.y, point.state.rate, np.array(point.memory, float))
    return (
        *verdicts([attempt])[0],
        *(attempt.step, attempt.phase, point.step, point.bound, point.phase, point.state.time),
        *(array.tobytes() for array in arrays),
    )


@pytest.mark.parametrize("method", ["DOP853", "RK45"])
@pytest.mark.parametrize(
    ("fun", "y0", "end", "most"),
    [(kepler, ORBIT, 20.0, 0.15), (kepler, ORBIT, -20.0, np.inf), (lorenz, [1.0] * 3, 4.0, np.inf)],
)
def test_the_attempts_are_those_of_the_core_s_march(fun, y0, end, most, method):
    """Compiled sums are rounded in another order, and an error estimate is a difference: one ulp of
    the state is EPS/rtol = 2e-10 of the tolerance, the estimate has some tens of ulps, and the
    orbit amplifies them further. Sizes agree to 1e-6 of themselves, and no verdict differs."""
    run = prepared(fun, y0, end, 1e-6, method, most=most)
    ours, theirs = made_ahead(run), by_march(run)
    assert verdicts(ours) == verdicts(theirs)
    sizes = np.array([[one.step.size for one in attempts] for attempts in (ours, theirs)])
    np.testing.assert_allclose(sizes[0, 1:], sizes[1, 1:], rtol=1e-6)
    states = [attempts[-1].after.state for attempts in (ours, theirs)]
    np.testing.assert_allclose(states[0].y, states[1].y, rtol=1e-8)
    assert states[0].time == end
    assert any(one.bound == "max_step" for one in ours) == (most < 1.0)


def test_an_orbit_against_its_closed_form():
    """After a period the orbit is where it was; DOP853's global error is some tens of rtol."""
    run = prepared(kepler, ORBIT, 2.0 * np.pi, 1e-11)
    assert np.abs(made_ahead(run)[-1].after.state.y - ORBIT).max() < 1e-8


SIGNALS = st.one_of(st.floats(0.0, 1e3), st.sampled_from([0.0, 1.0, 1e-300, np.inf, np.nan]))


@settings(max_examples=300, deadline=None)
@given(
    value=SIGNALS,
    noise=st.sampled_from([0.0, 1e-12, 1e-3, 0.5, np.inf, np.nan]),
    size=st.floats(1e-12, 1e6),
    refusals=st.integers(0, 2),
    memory=st.sampled_from([(np.nan, np.nan), (-0.3, 0.2), (-7.0, -20.0)]),
)
def test_the_law_is_the_core_s(value, noise, size, refusals, memory):
    """The compiled body is that of `ErrorControl`; log and exp are another library's, each good to
    an ulp: of the sum of logarithms (at most 100), so of the size to some hundred ulps."""
    law = ErrorControl()
    signal, step = Signal(value, noise, 8.0), Step(size, tries=refusals)
    verdict = law.decide({"error": signal}, step, memory)
    kept, wanted, reason, learned = compiled_law()(
        value, noise, 8.0, size, refusals == 0, memory, law.filter, (0.9, 0.2, 5.0)
    )
    assert (kept, reason) == (verdict.accept, verdict.reason)
    np.testing.assert_allclose(wanted, verdict.step.size, rtol=500 * EPS)
    np.testing.assert_allclose(learned, verdict.memory, rtol=4 * EPS, atol=4 * EPS)


def compiled_law(made=[]):  # noqa: B006
    if not made:

        def law(value, noise, order, size, fresh, memory, filter, bounds):
            return next_size(value, noise, order, size, fresh, memory, filter, bounds, TOOLS)  # noqa: F821

        numbers = numba.float64
        three = numba.types.UniTuple(numbers, 3)
        pair = numba.types.UniTuple(numbers, 2)
        signature = (*[numbers] * 4, numba.boolean, pair, three, three)
        with pytest.warns(numba.NumbaExperimentalFeatureWarning):
            compiled = numba.njit(signature, _nrt=False)(FunctionType(law.__code__, _parts()))
        made.append(lambda *args: compiled(*args[:6], tuple(map(float, args[6])), args[7]))
    return made[0]


@pytest.mark.parametrize(
    "tolerance",
    [
        Tolerance(np.array([1e-5, 1e-7, 1e-5, 1e-6]), np.array([1e-8, 1e-5, 1e-7, 1e-6])),
        Tolerance(1e-6, np.array([1e-8, 1e-5, 1e-7, 1e-6]), np.array([0, 0, 1, 1])),
        Tolerance(np.array([1e-15, 1e-6, 1e-6, 1e-6]), 1e-18),
    ],
)
def test_tolerances_by_component_by_block_and_below_rounding(tolerance):
    """One attempt from the same point: an estimate of some tens of ulps of rounding."""
    run = prepared(kepler, ORBIT, 3.0, tolerance)
    step = Step(0.2)
    theirs = run.ahead.base.attempt(run.first.after.state, step).evidence["error"]
    ours = made_ahead(run, run.first.after._replace(step=step), most=1)[0].trial.evidence["error"]
    scale = tolerance.scale(np.array(ORBIT), np.array(ORBIT))
    assert ours.noise == pytest.approx(theirs.noise, rel=1e-9)
    assert ours.value == pytest.approx(theirs.value, rel=1e-9, abs=50 * EPS / scale.min())


def test_wide_states_meet_the_same_attempts():
    """A line of 200 oscillators, whose sums the Python method leaves to BLAS."""

    @numba.njit
    def line(t, y):
        out = np.empty(200)
        for k in range(100):
            left = y[k - 1] if k > 0 else 0.0
            right = y[k + 1] if k < 99 else 0.0
            out[k], out[100 + k] = y[100 + k], left - 2.0 * y[k] + right
        return out

    y0 = np.exp(-((np.arange(200) - 50.0) ** 2) / 50.0) * (np.arange(200) < 100)
    run = prepared(line, y0, 30.0, 1e-6)
    assert verdicts(made_ahead(run)) == verdicts(by_march(run))


@pytest.fixture(scope="module")
def orbit():
    run = prepared(kepler, ORBIT, 40.0, 1e-7)
    return run, made_ahead(run)


@given(share=st.floats(0.0, 1.0))
@settings(max_examples=20, deadline=None)
def test_a_run_that_was_killed_goes_on_to_the_bit(orbit, share):
    run, attempts = orbit
    number = int(share * (len(attempts) - 2))
    kinds = (Point, Step, Flow)
    point = decode(*encode(attempts[number].after, kinds), kinds)
    rest = made_ahead(run, point)
    assert [everything(one) for one in rest] == [everything(one) for one in attempts[number + 1 :]]


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


def test_events_are_looked_for_on_attempts_made_ahead():
    def crossing(t, y):
        return y[1]

    crossing.terminal = 5
    events = events_of(crossing)

    run = prepared(kepler, ORBIT, 50.0, 1e-9)

    def around(attempt):
        scheme = run.ahead.scheme._replace(attempt=attempt)
        return eventful(attempt, scheme, run.equation, events)

    ours = made_ahead(run, around=around)
    theirs = by_march(run, around)
    assert ours[-1].status is Status.EVENT
    assert verdicts(ours) == verdicts(theirs)
    # Half periods: the start lies on the line, and a zero there is no crossing.
    assert ours[-1].after.state.time == pytest.approx(5.0 * np.pi, abs=1e-6)


def test_a_step_that_a_watcher_moves_is_judged_by_the_core():
    """Here every state is put back to the length that the oscillator keeps."""

    @numba.njit
    def swing(t, y):
        return np.array([y[1], -y[0]])

    def around(attempt):
        def pulled(flow, step):
            trial = attempt(flow, step)
            after = trial.state
            y = after.y / np.sqrt(after.y.dot(after.y))
            return trial._replace(state=after._replace(y=y, rate=np.array([y[1], -y[0]])))

        return pulled

    run = prepared(swing, [1.0, 0.0], 5.0, 1e-6)
    ours, theirs = made_ahead(run, around=around), by_march(run, around)
    assert verdicts(ours) == verdicts(theirs)
    assert all(abs(one.after.state.y @ one.after.state.y - 1.0) < 4 * EPS for one in ours)


@pytest.mark.parametrize("method", ["DOP853", "RK45"])
@pytest.mark.parametrize(("fun", "status"), [(falling, Status.FAILED), (broken, Status.NOT_FINITE)])
def test_a_function_that_fails_says_the_same(fun, status, method):
    """Which stage of the last attempts is the first to fail is a matter of rounding."""
    run = prepared(fun, [1.0], 2.0, 1e-6, method)
    ours, theirs = made_ahead(run), by_march(run)
    assert ours[-1].status is theirs[-1].status is status
    said = [[(one.accept, one.bound, one.refused[:40]) for one in all_] for all_ in (ours, theirs)]
    assert said[0] == said[1]
    assert whole(run.ahead, run.first).status is status


def test_parameters_that_are_floats_need_no_other_compilation():
    run = prepared(pushed, [0.0], 50.0, 1e-9, args=(2.0, 3.0))
    assert made_ahead(run)[-1].after.state.y[0] == pytest.approx(1.5, rel=1e-8)
    assert native_rate(pushed, (2.0, 3.0)).rate is native_rate(pushed, (4.0, 1.0)).rate


def test_other_parameters_are_compiled_in():
    rates = np.array([1.0, 2.0])
    run = prepared(pushed, [0.0, 0.0], 50.0, 1e-9, args=(rates, 2))
    np.testing.assert_allclose(made_ahead(run)[-1].after.state.y, [2.0, 1.0], rtol=1e-8)
    assert native_rate(pushed, (rates.copy(), 2)).rate is run.ahead.native.rate
    assert native_rate(pushed, (rates, 2.0)).rate is not run.ahead.native.rate


def test_a_plain_function_is_compiled_on_request_or_refused():
    run = prepared(lambda t, y: -y, [1.0], 1.0, 1e-9)
    assert made_ahead(run)[-1].after.state.y[0] == pytest.approx(np.exp(-1.0), rel=1e-8)
    equation = Equation(lambda t, y: y, Tolerance(1e-6))
    for refused in (lambda t, y: sorted(vars(y)), lambda t, y: 1.0):
        assert not numba_takes(refused)
        with pytest.raises(InputError, match="numba cannot compile fun"):
            ahead_of(refused, equation)
    assert numba_takes(square)
    with pytest.raises(InputError, match="plain functions only"):
        ahead_of(np.negative, equation)
    with pytest.raises(InputError, match="DOP853 and RK45"):
        ahead_of(square, equation, "Radau")


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


def test_numba_is_not_loaded_to_find_out():
    code = (
        "import sys, suite.dynamics; from suite.dynamics.compiled import is_compiled; "
        "assert not is_compiled(lambda t, y: y); assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert is_compiled(kepler)


@pytest.mark.parametrize("method", ["DOP853", "RK45"])
def test_machine_code_is_the_kernel_to_the_bit(method):
    """Nothing is fused or reordered: a step of plain Python gives the same bits. Only log and exp
    of the law are another library's."""

    def rate(time, y, out, parameters):
        out[:] = lorenz.py_func(time, y)
        return 0

    run = prepared(lorenz, [1.0, 2.0, 3.0], 1.0, 1e-9, method)
    burst = run.ahead.burst(run.first.after, 1)
    rows = run.ahead._rows(run.first.after, 1, True)
    ahead, tolerance = run.ahead, _measure_of(run.equation.tolerance, 3)
    kernel.burst(rate, np.zeros(0), ahead._method, ahead._constants, ahead._bounds, tolerance, rows)
    assert np.array_equal(burst.y, rows.y)
    assert np.array_equal(burst.slopes[1], rows.slopes[1])
    assert np.array_equal(burst.codes, rows.codes)
    exact = [layout.TIME, layout.SIZE, layout.VALUE, layout.NOISE, layout.STABILITY]
    assert np.array_equal(burst.numbers[1, exact], rows.numbers[1, exact])
    np.testing.assert_allclose(burst.numbers[1], rows.numbers[1], rtol=20 * EPS)


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


def test_without_numba_the_package_to_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    assert not is_compiled(lambda t, y: y)
    with pytest.raises(MissingPackage, match=r"suite-adaptive\[compiled\]"):
        native_rate(lambda t, y: y)


RATE = 1.0


def test_what_a_plain_function_takes_from_outside_may_change(monkeypatch):
    step, rates = 1.0, np.array([1.0])

    def globally(t, y):
        return -RATE * y

    def within(t, y):
        return -step * y

    def by_array(t, y):
        return -rates * y

    def end(fun):
        return solve(fun, (0.0, 1.0), [1.0], compiled=True, rtol=1e-9).y[0, -1]

    kept = [native_rate(fun).rate for fun in (globally, within, by_array)]
    assert [native_rate(fun).rate for fun in (globally, within, by_array)] == kept
    assert [end(fun) for fun in (globally, within, by_array)] == pytest.approx([np.exp(-1.0)] * 3)
    monkeypatch.setitem(globals(), "RATE", 2.0)
    step, rates[0] = 2.0, 2.0
    assert [end(fun) for fun in (globally, within, by_array)] == pytest.approx([np.exp(-2.0)] * 3)


@numba.njit
def beside_nothing(t, y):
    return -y[0], 0.0


@pytest.mark.parametrize("method", ["DOP853", "RK45"])
@pytest.mark.parametrize("rtol", [1e-6, 3e-15])
def test_a_component_that_stays_zero_has_no_error(method, rtol):
    with np.errstate(invalid="ignore"):
        run = prepared(beside_nothing, [1.0, 0.0], 3.0, Tolerance(rtol), method)
    run.first = begin(run.first.after.state, run.ahead.law, 0.1, cost={"evaluations": 2})
    made = made_ahead(run)
    assert made[-1].status is Status.ENDPOINT
    assert verdicts(made) == verdicts(by_march(run))


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
