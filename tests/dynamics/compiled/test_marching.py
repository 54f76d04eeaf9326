"""Attempts made ahead in machine code: the core's march and law, resumed bit for bit."""

from types import FunctionType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.core import ErrorControl, Point, Signal, Status, Step, begin
from suite.core.document import decode, encode
from suite.dynamics.compiled import (
    whole,
)
from suite.dynamics.compiled.native import _parts
from suite.dynamics.equation import (
    EPS,
    Flow,
    Tolerance,
)
from suite.dynamics.watch.events import eventful, events_of
from tests.dynamics.compiled.functions import (
    ORBIT,
    broken,
    by_march,
    everything,
    falling,
    kepler,
    lorenz,
    made_ahead,
    prepared,
    verdicts,
)

numba = pytest.importorskip("numba")


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


@given(share=st.floats(0.0, 1.0))
@settings(max_examples=20, deadline=None)
def test_a_run_that_was_killed_goes_on_to_the_bit(orbit, share):
    run, attempts = orbit
    number = int(share * (len(attempts) - 2))
    kinds = (Point, Step, Flow)
    point = decode(*encode(attempts[number].after, kinds), kinds)
    rest = made_ahead(run, point)
    assert [everything(one) for one in rest] == [everything(one) for one in attempts[number + 1 :]]


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
