"""Right-hand sides that jump along the solution: such a run ends soon, and says where and why."""

import itertools

import numpy as np
import pytest

from suite.core import Status
from suite.dynamics import solve


def friction(t, y):
    """A block on a rough table, held by a spring: it sticks where the spring is too weak."""
    return [y[1], -y[0] - 0.4 * np.sign(y[1])]


def relay(t, y):
    return [y[1], -np.sign(y[0] + y[1])]


def thermostat(t, y):
    return [10.0 * (y[0] < 20.0) - 0.5 * (y[0] - 10.0)]


# Where each begins to slide, in closed form: half periods of the spring about +-0.4; the parabola
# that meets the line x = -v; the heating at full power; y' = -sign y.
CASES = {
    "sign": (lambda t, y: -np.sign(y), [1.0], 1.0),
    "friction": (friction, [3.0, 0.0], 4.0 * np.pi),
    "relay": (relay, [1.0, 0.0], np.sqrt(3.0) - 1.0),
    "thermostat": (thermostat, [15.0], 2.0 * np.log(15.0 / 10.0)),
}


@pytest.mark.parametrize(
    ("case", "method"), [*itertools.product(CASES, ["auto", "RK45"]), ("friction", "Radau")]
)
def test_sliding_ends_soon_with_a_sentence(case, method):
    fun, y0, slides = CASES[case]
    done = solve(fun, (0.0, 1e3), y0, method, rtol=1e-7, atol=1e-10)
    assert done.status == Status.DISCONTINUOUS
    assert not done.success
    assert done.evaluations < 100_000
    assert done.t[-1] >= slides - 1e-3
    assert "jumps in component" in done.message
    assert "event" in done.message
    component = len(y0) - 1
    assert f"component {component} " in done.message


def test_both_sides_of_the_jump_are_told():
    done = solve(CASES["thermostat"][0], (0.0, 10.0), [15.0])
    # Heating or not, at 20 degrees: 10 - 5 and -5.
    assert "from 5 to -5" in done.message or "from -5 to 5" in done.message


def test_a_pole_that_was_passed_is_not_run_across_for_ever():
    """y' = -1/2 / (y - 100) ends at t = 1; a step that leads beyond comes back again and again."""

    def fun(t, y):
        return [-0.5 / (y[0] - 100.0), y[0]]

    done = solve(fun, (0.0, 3.0), [101.0, 0.0], foresight=False)
    assert not done.success
    assert done.evaluations < 100_000


PASSED = {
    "square wave": lambda t, y: [np.sign(np.sin(20.0 * t)) - y[0]],
    "switched oscillator": lambda t, y: [-np.sign(np.sin(t)) * y[0]],
    "steep but smooth": lambda t, y: [np.cos(t) - np.tanh(1e4 * y[0])],
}


@pytest.mark.parametrize("case", PASSED)
def test_jumps_that_are_passed_end_nothing(case):
    assert solve(PASSED[case], (0.0, 10.0), [0.5]).status == Status.ENDPOINT


def test_a_slow_run_without_jumps_spends_its_evaluations():
    done = solve(lambda t, y: 1j * y, (0.0, 1e6), [1.0 + 0j], max_evaluations=50_000)
    assert done.status == Status.OUT_OF_BUDGET
