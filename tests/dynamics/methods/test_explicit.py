"""The explicit methods against the order conditions, closed forms and SciPy's solvers."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

from suite.core import ErrorControl, Fixed, Status, Step, begin, march
from suite.dynamics.equation import EPS, Equation, Flow, Tolerance, guarded, start
from suite.dynamics.methods.explicit import dop853, dormand_prince
from suite.errors import AttemptFailed

EXAMPLE = Path(__file__).parents[3] / "examples" / "core" / "kepler.py"
spec = importlib.util.spec_from_file_location("kepler", EXAMPLE)
kepler = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kepler)

METHODS = pytest.mark.parametrize("method", kepler.METHODS)
SCHEMES = pytest.mark.parametrize("scheme", [dormand_prince, dop853])
# Slopes, then those of the polynomial alone; its order; the orders of the error estimates.
FACTS = {dormand_prince: (7, 0, 4, (4,)), dop853: (13, 3, 7, (5, 3))}


def oscillator(time, y):
    """y'' = -y + t."""
    return np.array([y[1], -y[0] + time])


def exact_oscillator(time):
    """The closed form for y(0) = y'(0) = 1: y = t + cos t."""
    return np.array([time + np.cos(time), 1.0 - np.sin(time)])


def equation_of(fun, rtol=1.0, end=100.0, direction=1.0):
    return Equation(fun, Tolerance(0.0, rtol), end, direction)


def value(coefficients, y, theta):
    """y + Σ c[k] θ^(k+1)."""
    return y + sum(row * theta**power for power, row in enumerate(coefficients, 1))


@pytest.mark.parametrize(("scheme", "solver"), [(dormand_prince, "RK45"), (dop853, "DOP853")])
def test_a_step_and_its_polynomial_are_scipys(scheme, solver):
    integrate = pytest.importorskip("scipy.integrate")
    theirs = getattr(integrate, solver)(
        kepler.gravity, 0.0, kepler.PERICENTRE, 1.0, first_step=0.05, rtol=1.0, atol=1.0
    )
    theirs.step()
    method = scheme(Equation(kepler.gravity, Tolerance(1.0, 1.0), 1.0))
    before = start(kepler.gravity, 0.0, kepler.PERICENTRE)
    trial = method.attempt(before, Step(0.05))
    np.testing.assert_allclose(trial.state.y, theirs.y, atol=2 * EPS * 2.0)
    scale = 1.0 + np.maximum(abs(theirs.y), abs(kepler.PERICENTRE))
    norm = theirs._estimate_error_norm(theirs.K, 0.05, scale)
    # Differences of slopes of up to 6, each rounded: absolute, not relative.
    assert trial.evidence["error"].value == pytest.approx(norm, abs=0.05 * 6 * EPS)
    polynomial, _ = method.dense(before, trial.state)
    dense = theirs.dense_output()
    for theta in (0.0, 0.2, 0.5, 0.9, 1.0):
        here = value(polynomial, before.y, theta)
        np.testing.assert_allclose(here, dense(0.05 * theta), atol=4 * EPS * 2.0)


def errors_of(scheme, steps, direction=1.0):
    """The error at t = ±2 in fixed steps, and the largest of the polynomial on the way."""
    law, method = Fixed(), scheme(equation_of(oscillator, end=2.0 * direction, direction=direction))
    equation = equation_of(oscillator, end=2.0 * direction, direction=direction)
    run = march(
        method.attempt,
        begin(start(oscillator, 0.0, [1.0, 1.0]), law, 2.0 / steps),
        law,
        equation.until,
    )
    before, between = None, 0.0
    for one in run:
        after = one.after.state
        if before is not None:
            polynomial, _ = method.dense(before, after)
            for theta in (0.25, 0.6):
                exact = exact_oscillator(before.time + theta * (after.time - before.time))
                wrong = value(polynomial, before.y, theta) - exact
                between = max(between, np.linalg.norm(wrong))
        before = after
    assert (one.number, one.status, after.time) == (steps, Status.ENDPOINT, 2.0 * direction)
    return np.linalg.norm(after.y - exact_oscillator(after.time)), between


@SCHEMES
@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_the_orders_of_convergence(scheme, direction):
    numbers = (16, 32, 64) if scheme is dormand_prince else (3, 6, 12)
    errors = np.array([errors_of(scheme, steps, direction) for steps in numbers])
    orders = np.log2(errors[:-1] / errors[1:])
    # The next term is of relative size h. Locally the polynomial has one order more.
    order, dense = scheme(equation_of(oscillator)).order, FACTS[scheme][2]
    np.testing.assert_allclose(orders[-1, 0], order, atol=0.5)
    assert orders[-1, 1] > dense + 0.5


@SCHEMES
def test_the_error_signal_has_the_order_it_claims(scheme):
    method = scheme(equation_of(oscillator, 1e-6))
    flow = start(oscillator, 0.3, exact_oscillator(0.3))
    sizes = (0.04, 0.02, 0.01) if scheme is dormand_prince else (0.4, 0.2, 0.1)
    signals = [method.attempt(flow, Step(h)).evidence["error"] for h in sizes]
    values = np.array([s.value for s in signals])
    np.testing.assert_allclose(np.log2(values[:-1] / values[1:]), signals[0].order, atol=0.25)
    # It is an honest size of the error of a lower order, so it bounds that of the kept value.
    after = method.attempt(flow, Step(sizes[0])).state
    assert np.linalg.norm(after.y - exact_oscillator(after.time)) < values[0] * 1e-6 * 2.0


@SCHEMES
def test_complex_states_turn_as_their_real_parts_do(scheme):
    # z' = i z, z = exp(i t), beside (cos t, sin t)' = (-sin t, cos t).
    turning = scheme(equation_of(lambda t, z: 1j * z))
    flat = scheme(equation_of(lambda t, y: np.array([-y[1], y[0]])))
    trial = turning.attempt(Flow(0.0, np.array([1.0 + 0j]), np.array([1j])), Step(0.3))
    same = flat.attempt(Flow(0.0, np.array([1.0, 0.0]), np.array([0.0, 1.0])), Step(0.3))
    z = trial.state.y[0]
    np.testing.assert_allclose([z.real, z.imag], same.state.y, atol=2 * EPS)
    assert abs(z - np.exp(0.3j)) < 1e-6
    # The norm of one complex component is √2 that of two real ones.
    found, expected = trial.evidence["error"], same.evidence["error"]
    assert found.value == pytest.approx(math.sqrt(2.0) * expected.value, rel=1e-6)


@SCHEMES
def test_tolerances_by_component(scheme):
    # A component that must not count is given no bound.
    alone = scheme(equation_of(lambda t, y: -y, 1e-6))
    both = scheme(Equation(lambda t, y: -y, Tolerance(0.0, np.array([1e-6, np.inf])), 100.0))
    one = alone.attempt(start(lambda t, y: -y, 0.0, [1.0]), Step(0.2)).evidence["error"]
    two = both.attempt(start(lambda t, y: -y, 0.0, [1.0, 5.0]), Step(0.2)).evidence["error"]
    assert two.value == pytest.approx(one.value / math.sqrt(2.0), rel=1e-6)


@SCHEMES
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_slopes_that_are_not_finite_are_refused(scheme, bad):
    for place in range(1, FACTS[scheme][0]):
        count = [0]

        def fun(time, y, count=count, place=place):
            count[0] += 1
            return np.array([bad if count[0] == place else 1.0, 1.0])

        method = scheme(equation_of(fun))
        flow = Flow(0.0, np.zeros(2), np.ones(2))
        with np.errstate(all="ignore"):
            signal = method.attempt(flow, Step(0.1)).evidence["error"]
            assert not ErrorControl().decide({"error": signal}, Step(0.1), (0.0, 0.0)).accept
        assert math.isnan(signal.value)


@SCHEMES
def test_an_exact_step_has_no_error(scheme):
    still = scheme(equation_of(lambda t, y: np.zeros(2)))
    trial = still.attempt(start(lambda t, y: np.zeros(2), 0.0, [1.0, 2.0]), Step(0.1))
    assert trial.evidence["error"].value == 0.0


@SCHEMES
def test_costs_are_the_calls_made(scheme):
    calls = []

    def counted(time, y):
        calls.append(time)
        if len(calls) == fails:
            raise AttemptFailed("no value")
        return kepler.gravity(time, y)

    fails = 0
    method = scheme(equation_of(counted))
    flow = start(counted, 0.0, kepler.PERICENTRE)
    calls.clear()
    trial = method.attempt(flow, Step(0.01))
    assert trial.cost == {"evaluations": len(calls)}
    calls.clear()
    assert method.dense(flow, trial.state)[1] == len(calls)
    for fails in range(1, FACTS[scheme][0]):
        calls.clear()
        with pytest.raises(AttemptFailed, match="no value") as caught:
            method.attempt(flow, Step(0.01))
        assert caught.value.cost == {"evaluations": fails}


def test_the_polynomial_meets_a_projected_state():
    # A watcher may move the state after a step: the polynomial still joins both ends smoothly.
    for scheme in FACTS:
        method = scheme(equation_of(oscillator))
        before = start(oscillator, 0.0, [1.0, 1.0])
        after = method.attempt(before, Step(0.1)).state
        y = after.y + 1e-3
        after = after._replace(y=y, rate=oscillator(after.time, y))
        polynomial, _ = method.dense(before, after)
        powers = np.arange(1, len(polynomial) + 1)
        np.testing.assert_allclose(value(polynomial, before.y, 1.0), y, atol=1e-14)
        np.testing.assert_allclose(powers @ polynomial, 0.1 * after.rate, atol=1e-14)


def test_attempts_may_run_inside_each_other():
    # A function that takes a step of the same method in between spoils nothing.
    def nested(time, y):
        if not inside:
            inside.append(time)
            method.attempt(flow, Step(0.7))
            inside.pop()
        return -y

    inside = []
    for scheme in FACTS:
        flow = Flow(0.0, np.ones(1), -np.ones(1))
        alone = scheme(equation_of(lambda t, y: -y)).attempt(flow, Step(0.1))
        method = scheme(equation_of(nested))
        assert method.attempt(flow, Step(0.1)).state.y == alone.state.y


def test_a_trial_has_dicts_of_its_own():
    # Watchers add to them in place.
    for scheme in FACTS:
        method = scheme(equation_of(oscillator))
        flow = start(oscillator, 0.0, [1.0, 1.0])._replace(memory={"kept": 1})
        one, two = (method.attempt(flow, Step(0.1)) for _ in range(2))
        assert one.cost is not two.cost
        assert one.notes is not two.notes
        assert one.state.memory == {"kept": 1}
        assert one.state.memory is not flow.memory


@SCHEMES
def test_few_components_are_measured_as_many_are(scheme):
    # Plain floats up to a size, arrays beyond: four copies of an orbit have its root mean square.
    def copies(time, y):
        return np.concatenate([kepler.gravity(time, part) for part in y.reshape(4, 4)])

    for tolerance in (Tolerance(1e-6, 1e-9), Tolerance(np.full(4, 1e-6), np.geomspace(1e-9, 1, 4))):
        many = Tolerance(*(np.resize(x, 16) for x in (tolerance.relative, tolerance.absolute)))
        y = kepler.PERICENTRE
        one = scheme(Equation(kepler.gravity, tolerance, 1.0))
        four = scheme(Equation(copies, many, 1.0))
        few = one.attempt(start(kepler.gravity, 0.0, y), Step(0.1)).evidence["error"]
        all16 = four.attempt(start(copies, 0.0, np.tile(y, 4)), Step(0.1)).evidence["error"]
        assert few.value == pytest.approx(all16.value, rel=1e-9)
        assert (few.noise, few.order) == (all16.noise, all16.order)


@SCHEMES
def test_what_a_bare_function_raises_refuses_the_attempt(scheme):
    # A step guards its stages at once, and words the failure as `guarded` does; other mistakes
    # come through.
    def half_plane(time, y):
        if y[0] < 0.9:
            raise ValueError("below 0.9")
        return [-math.sqrt(y[0])]

    def mistaken(time, y):
        return [missing]  # noqa: F821

    flow = Flow(0.0, np.ones(1), -np.ones(1))
    method = scheme(Equation(guarded(half_plane), Tolerance(1e-6), 100.0, bare=half_plane))
    with pytest.raises(AttemptFailed) as caught:
        method.attempt(flow, Step(2.0))
    with pytest.raises(AttemptFailed) as worded:
        guarded(half_plane)(0.0, np.zeros(1))
    assert str(caught.value) == str(worded.value)
    assert caught.value.cost["evaluations"] >= 1
    assert method.attempt(flow, Step(0.01)).state.y[0] == pytest.approx((1 - 0.005) ** 2)
    method = scheme(Equation(guarded(mistaken), Tolerance(1e-6), 100.0, bare=mistaken))
    with pytest.raises(NameError):
        method.attempt(flow, Step(0.1))


@SCHEMES
def test_long_states_are_stepped_as_short_ones_are(scheme):
    # Beyond some size the sums of the stages are cut to the slopes that there are.
    def copies(time, y):
        return np.concatenate([kepler.gravity(time, part) for part in y.reshape(-1, 4)])

    y = kepler.PERICENTRE
    one = scheme(Equation(kepler.gravity, Tolerance(1e-6), 1.0))
    many = scheme(Equation(copies, Tolerance(1e-6), 1.0))
    short = one.attempt(start(kepler.gravity, 0.0, y), Step(0.1)).state
    long = many.attempt(start(copies, 0.0, np.tile(y, 300)), Step(0.1)).state
    np.testing.assert_allclose(long.y, np.tile(short.y, 300), atol=4 * EPS * 2.0)
    np.testing.assert_allclose(long.stages, np.tile(short.stages, 300), atol=1e-13)


@SCHEMES
@pytest.mark.parametrize("size", [2, 40])
def test_a_component_that_stays_zero_has_no_error_where_only_its_size_allows_one(scheme, size):
    """Half of the components add nothing to the sum of squares, only to their number."""

    def error(y):
        equation = Equation(lambda t, y: -y, Tolerance(1e-6), 1.0)
        return scheme(equation).attempt(start(equation.fun, 0.0, y), Step(0.3)).evidence["error"]

    whole = error(np.ones(size))
    half = error(np.append(np.ones(size), np.zeros(size)))
    assert 0.0 < half.value == pytest.approx(whole.value * math.sqrt(0.5), rel=1e-6)
    assert half.noise == whole.noise
