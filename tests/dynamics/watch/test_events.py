"""Events against closed forms and SciPy's: times, directions, terminal ones, none found twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from suite.core import Status
from suite.dynamics import solve
from suite.errors import InputError

TIGHT = {"rtol": 1e-11, "atol": 1e-13}


def swing(t, y):
    """The harmonic oscillator: y = (cos t, -sin t) from (1, 0)."""
    return np.array([y[1], -y[0]])


def event(direction=0, terminal=False, level=0.0):
    def crossing(t, y):
        return y[0] - level

    crossing.direction, crossing.terminal = direction, terminal
    return crossing


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"terminal": "yes"}, "event 1: terminal must be True, False or a count .* Got 'yes'"),
        ({"terminal": -1}, "event 1: terminal must be .* Got -1"),
        ({"terminal": 1.5}, "event 1: terminal must be .* Got 1.5"),
        ({"direction": "up"}, "event 1: direction must be a number. Got 'up'"),
        ({"direction": float("nan")}, "event 1: direction must be a number. Got nan"),
    ],
)
def test_what_an_event_asks_for_is_checked(attributes, sentence):
    def bad(t, y):
        return y[0]

    vars(bad).update(attributes)
    with pytest.raises(InputError, match=sentence):
        solve(swing, (0.0, 1.0), [1.0, 0.0], events=[event(), bad])


def test_crossings_of_a_cosine():
    done = solve(swing, (0.0, 20.0), [1.0, 0.0], events=[event(), event(1), event(-1)], **TIGHT)
    every, up, down = done.t_events
    expected = np.pi * (np.arange(6) + 0.5)
    assert done.status is Status.ENDPOINT
    np.testing.assert_allclose(every, expected, rtol=1e-10)
    np.testing.assert_allclose(up, expected[1::2], rtol=1e-10)
    np.testing.assert_allclose(down, expected[::2], rtol=1e-10)
    np.testing.assert_allclose(done.y_events[0][:, 0], 0.0, atol=1e-10)


@pytest.mark.parametrize("method", ["auto", "DOP853", "RK45", "RK4", "Radau"])
def test_a_terminal_event_ends_the_run_there(method):
    done = solve(
        swing, (0.0, 50.0), [1.0, 0.0], method, events=event(terminal=2), rtol=1e-9, atol=1e-10
    )
    assert done.status is Status.EVENT
    assert done.success
    assert done.t[-1] == done.t_events[0][-1]
    assert abs(done.t[-1] - 1.5 * np.pi) < 1e-7
    np.testing.assert_allclose(done.y[:, -1], [0.0, 1.0], atol=1e-7)


@given(level=st.floats(-0.9, 0.9), sign=st.sampled_from([1.0, -1.0]))
def test_as_scipy_finds_them_in_both_directions_of_time(level, sign):
    span, events = (0.0, sign * 7.0), [event(1, level=level), event(-1, level=level)]
    ours = solve(swing, span, [0.95, 0.1], events=events, dense_output=True, **TIGHT)
    theirs = solve_ivp(swing, span, [0.95, 0.1], "DOP853", events=events, **TIGHT)
    for mine, other in zip(ours.t_events, theirs.t_events, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-8)
    for times, states in zip(ours.t_events, ours.y_events, strict=True):
        np.testing.assert_allclose(ours.sol(times).T, states, atol=1e-9)


def test_a_ball_that_starts_on_the_ground_has_not_hit_it():
    def ground(t, y):
        return y[0]

    ground.terminal = True
    done = solve(lambda t, y: np.array([y[1], -10.0]), (0.0, 9.0), [0.0, 5.0], events=ground)
    assert done.status is Status.EVENT
    assert abs(done.t[-1] - 1.0) < 1e-9


def test_a_zero_that_a_step_lands_on_is_found_once():
    def passes(t, y):
        return t - 2.0

    done = solve(lambda t, y: 0.0 * y, (0.0, 4.0), [1.0], events=passes, max_step=1.0)
    np.testing.assert_allclose(done.t_events[0], [2.0], atol=1e-14)


def test_what_is_no_event_is_refused():
    with pytest.raises(InputError, match=r"events must be functions of \(t, y\). Got 3"):
        solve(swing, (0.0, 1.0), [1.0, 0.0], events=[3])
