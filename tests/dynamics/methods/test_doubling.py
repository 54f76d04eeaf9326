"""Step doubling: measured orders, its polynomial, costs, and any method that somebody brings."""

import math

import numpy as np
import pytest

from suite.core import Fixed, Status, Step, begin, march
from suite.dynamics.equation import Equation, Flow, Tolerance, start
from suite.dynamics.methods.doubling import classical, step_doubling
from suite.errors import AttemptFailed


def oscillator(time, y):
    """y'' = -y + t."""
    return np.array([y[1], -y[0] + time])


def exact(time):
    """The closed form for y(0) = y'(0) = 1: y = t + cos t."""
    return np.array([time + np.cos(time), 1.0 - np.sin(time)])


def midpoint(fun, time, y, h):
    """The explicit midpoint rule, of order 2."""
    return y + h * fun(time + h / 2, y + h / 2 * fun(time, y))


METHODS = pytest.mark.parametrize(("advance", "order"), [(classical, 4), (midpoint, 2)])


def equation_of(fun, rtol=1.0, direction=1.0):
    return Equation(fun, Tolerance(0.0, rtol), 2.0 * direction, direction)


@METHODS
@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_extrapolation_gives_one_more_order(advance, order, direction):
    law, equation, errors = Fixed(), equation_of(oscillator, direction=direction), []
    for steps in (16, 32, 64):
        first = begin(start(oscillator, 0.0, [1.0, 1.0]), law, 2.0 / steps)
        *_, last = march(
            step_doubling(advance, order, equation).attempt, first, law, equation.until
        )
        assert (last.number, last.status) == (steps, Status.ENDPOINT)
        errors.append(np.linalg.norm(last.after.state.y - exact(2.0 * direction)))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, order + 1, atol=0.3)  # the next term is of relative size h


@METHODS
def test_the_error_signal_has_the_order_it_claims(advance, order):
    scheme = step_doubling(advance, order, equation_of(oscillator, 1e-6))
    flow = start(oscillator, 0.3, exact(0.3))
    signals = [scheme.attempt(flow, Step(h)).evidence["error"] for h in (0.04, 0.02, 0.01)]
    values = np.array([s.value for s in signals])
    np.testing.assert_allclose(np.log2(values[:-1] / values[1:]), order + 1, atol=0.2)
    assert signals[0].order == order + 1
    # It is an honest size of the error of the lower order, so it bounds that of the kept value.
    after = scheme.attempt(flow, Step(0.04)).state
    assert np.linalg.norm(after.y - exact(0.34)) < values[0] * 1e-6 * 2.0


def test_the_polynomial_is_as_good_as_the_step():
    scheme = step_doubling(classical, 4, equation_of(oscillator))
    worst = []
    for h in (0.2, 0.1):
        before = start(oscillator, 0.3, exact(0.3))
        after = scheme.attempt(before, Step(h)).state
        polynomial, cost = scheme.dense(before, after)
        assert (len(polynomial), cost) == (5, 1)
        theta = np.linspace(0.0, 1.0, 21)
        y = before.y[:, None] + polynomial.T @ theta ** np.arange(1, 6)[:, None]
        worst.append(np.abs(y - exact(0.3 + theta * h)).max())
        # Hermite's polynomial of degree 5 on exact values errs by h^6 / 6! / 2^6 at most; the rest
        # is the error of the step itself.
        step = np.abs(after.y - exact(after.time)).max()
        assert worst[-1] < step + h**6 / math.factorial(6) / 64.0
        powers = np.arange(1, 6)
        np.testing.assert_allclose(before.y + polynomial.sum(0), after.y, atol=1e-14)
        np.testing.assert_allclose(powers @ polynomial, h * after.rate, atol=1e-14)
    assert math.log2(worst[0] / worst[1]) == pytest.approx(6.0, abs=0.3)


def test_complex_states():
    scheme = step_doubling(classical, 4, equation_of(lambda t, z: 1j * z))
    after = scheme.attempt(Flow(0.0, np.array([1.0 + 0j]), np.array([1j])), Step(0.1)).state
    assert abs(after.y[0] - np.exp(0.1j)) < 1e-9
    np.testing.assert_allclose(after.rate, 1j * after.y, rtol=1e-15)


def test_costs_are_the_calls_made():
    calls = []

    def counted(time, y):
        calls.append(time)
        if len(calls) == fails:
            raise AttemptFailed("no value")
        return -y

    fails = 0
    scheme = step_doubling(classical, 4, equation_of(counted))
    flow = Flow(0.0, np.ones(1), -np.ones(1))
    assert scheme.attempt(flow, Step(0.01)).cost == {"evaluations": len(calls)}
    assert len(calls) == 11
    for fails in range(1, 12):
        calls.clear()
        with pytest.raises(AttemptFailed, match="no value") as caught:
            scheme.attempt(flow, Step(0.01))
        assert caught.value.cost == {"evaluations": fails}


def test_slopes_that_are_not_finite_are_refused():
    scheme = step_doubling(classical, 4, equation_of(lambda t, y: np.full(2, math.inf)))
    with np.errstate(all="ignore"):
        trial = scheme.attempt(Flow(0.0, np.zeros(2), np.ones(2)), Step(0.1))
    assert math.isnan(trial.evidence["error"].value)


def test_a_trial_has_dicts_of_its_own():
    # Watchers add to them in place.
    scheme = step_doubling(classical, 4, equation_of(lambda t, y: -y))
    flow = Flow(0.0, np.ones(1), -np.ones(1), None, {"kept": 1})
    one, two = (scheme.attempt(flow, Step(0.1)) for _ in range(2))
    for first, second in ((one.cost, two.cost), (one.notes, two.notes)):
        assert first is not second
    assert one.state.memory == {"kept": 1}
    assert one.state.memory is not flow.memory
