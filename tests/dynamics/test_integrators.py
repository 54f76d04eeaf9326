"""The integrators against closed forms: Kepler's equation, measured orders, the rounding floor."""

import importlib.util
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.core import ErrorControl, Fixed, Record, Signal, Status, Step, begin, march
from suite.core.record import row_of
from suite.dynamics.integrators import (
    Flow,
    Tolerance,
    classical,
    dormand_prince,
    end_at,
    smallest_step,
    start,
    step_doubling,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "core" / "kepler.py"
spec = importlib.util.spec_from_file_location("kepler", EXAMPLE)
kepler = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kepler)

METHODS = pytest.mark.parametrize("method", kepler.METHODS)


def exact_orbit(time):
    """Position and velocity on the Kepler orbit e = 0.6, a = 1, to 30 digits."""
    with mpmath.workdps(30):
        e = mpmath.mpf(6) / 10
        mean = mpmath.mpf(time)
        anomaly = mpmath.findroot(
            lambda x: x - e * mpmath.sin(x) - mean, (mean - e, mean + e), solver="anderson"
        )
        rate = 1 / (1 - e * mpmath.cos(anomaly))
        minor = mpmath.sqrt(1 - e * e)
        found = (
            mpmath.cos(anomaly) - e,
            minor * mpmath.sin(anomaly),
            -mpmath.sin(anomaly) * rate,
            minor * mpmath.cos(anomaly) * rate,
        )
        return np.array([float(x) for x in found])


def oscillator(time, y):
    """y'' = -y + t."""
    return np.array([y[1], -y[0] + time])


def exact_oscillator(time):
    """The closed form for y(0) = y'(0) = 1: y = t + cos t."""
    return np.array([time + math.cos(time), 1.0 - math.sin(time)])


def integrators(fun, rtol=1e-6):
    tolerance = Tolerance(rtol, rtol)
    return {
        "dormand_prince": dormand_prince(fun, tolerance),
        "step_doubling": step_doubling(classical, 4, fun, tolerance),
    }


@pytest.mark.parametrize("name", ["dormand_prince", "step_doubling"])
def test_the_order_of_convergence_is_five(name):
    attempt = integrators(oscillator)[name]
    law = Fixed()
    errors = []
    for steps in (16, 32, 64):
        run = march(
            attempt,
            begin(start(oscillator, 0.0, [1.0, 1.0]), law, 2.0 / steps),
            law,
            lambda state: state.time > 2.0 - 1e-6,
        )
        *_, last = run
        assert last.number == steps
        errors.append(np.linalg.norm(last.after.state.y - exact_oscillator(last.after.state.time)))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, 5.0, atol=0.2)  # the next term is of relative size h


@pytest.mark.parametrize("name", ["dormand_prince", "step_doubling"])
def test_the_error_signal_has_the_order_it_claims(name):
    attempt = integrators(oscillator)[name]
    flow = start(oscillator, 0.3, exact_oscillator(0.3))
    signals = [attempt(flow, Step(h)).evidence["error"] for h in (0.04, 0.02, 0.01)]
    values = np.array([s.value for s in signals])
    np.testing.assert_allclose(np.log2(values[:-1] / values[1:]), signals[0].order, atol=0.2)
    # It is an honest size of the error of the lower order, so it bounds that of the kept value.
    after = attempt(flow, Step(0.04)).state
    assert np.linalg.norm(after.y - exact_oscillator(0.34)) < values[0] * 1e-6 * 2.0


def test_dormand_prince_is_scipys():
    # The same tableau in another program: one step of each, to rounding.
    integrate = pytest.importorskip("scipy.integrate")
    solver = integrate.RK45(
        kepler.gravity, 0.0, kepler.PERICENTRE, 1.0, first_step=0.05, rtol=1.0, atol=1.0
    )
    solver.step()
    attempt = dormand_prince(kepler.gravity, Tolerance(0.0, 1.0))
    trial = attempt(start(kepler.gravity, 0.0, kepler.PERICENTRE), Step(0.05))
    np.testing.assert_allclose(trial.state.y, solver.y, rtol=4e-16)
    error = solver._estimate_error(solver.K, 0.05)
    # Differences of slopes of order one, each rounded: absolute, not relative.
    rms = np.linalg.norm(error) / 2.0
    assert trial.evidence["error"].value == pytest.approx(rms, abs=4 * 0.05 * 2.3e-16)


@given(st.floats(-50.0, 50.0))
def test_the_examples_closed_form(time):
    # Newton's method in the example against a bracketing root in 30 digits: the mean anomaly
    # carries the rounding of `time`, up to 25 half periods of it.
    difference = kepler.exact_position(time) - exact_orbit(time)[:2]
    assert np.linalg.norm(difference) < 50.0 * 2.3e-16 * 2.5


@METHODS
def test_the_orbit_converges_to_keplers(method):
    found = {}
    for rtol in (1e-6, 1e-8, 1e-10):
        status, record, end = kepler.orbit(method, rtol, 2.0)
        assert status is Status.ENDPOINT
        assert end.time == 2.0 * kepler.PERIOD
        error = np.linalg.norm(end.y - exact_orbit(end.time)) / 2.0
        found[rtol] = error, record.tally.attempts
    errors = np.array([error for error, _ in found.values()])
    counts = np.array([count for _, count in found.values()])
    # Local errors at the tolerance: global errors follow rtol^(4/5) or better in a steady regime.
    assert np.all(errors[:-1] / errors[1:] > 100**0.8 / 2.0)
    # Attempts grow as rtol^(-1/5), the price of order five.
    np.testing.assert_allclose(counts[2] / counts[1], 100**0.2, rtol=0.15)


@METHODS
def test_a_tolerance_below_rounding_goes_on_at_rounding(method):
    counts = {}
    for rtol in (1e-14, 1e-17, 1e-20):
        status, record, end = kepler.orbit(method, rtol, 1.0)
        assert status is Status.ENDPOINT
        counts[rtol] = record.tally.attempts
    error = np.linalg.norm(end.y[:2] - exact_orbit(end.time)[:2])
    # Each step rounds y by half an ulp; one revolution shears an error of velocity at pericentre
    # into 3 v / (1 - e)^2 of phase.
    steps = counts[1e-20]
    assert error < steps * 1.2e-16 * 3 * 2.0 / 0.4**2
    bound = record.tally.bound
    at_rounding = sum(n for name, n in bound.items() if name.endswith(" at rounding"))
    assert at_rounding == record.tally.attempts - bound["start"] - bound["end"]
    assert bound["error at rounding"] > 0.9 * record.tally.attempts
    assert counts[1e-20] == pytest.approx(counts[1e-17], rel=0.1)
    assert counts[1e-17] < 3 * counts[1e-14]


def test_the_energy_watched_is_better_kept():
    # Watching the energy can only refuse more; where it binds the energy is kept better.
    kept = {}
    for method in ("embedded", "energy"):
        _, record, end = kepler.orbit(method, 1e-5, 4.0)
        kept[method] = abs(sum(kepler.energies(end.y)) - kepler.ENERGY)
    assert record.tally.bound["energy"] > record.tally.bound["error"]
    assert kept["energy"] < kept["embedded"]


def test_the_energy_signal_has_the_order_it_claims():
    # On the way out from pericentre, where the change does not pass through zero.
    _, attempt = kepler.setup("energy", 1e-9)
    flow = start(kepler.gravity, 1.0, exact_orbit(1.0))
    values = [attempt(flow, Step(h)).evidence["energy"].value for h in (0.08, 0.04)]
    order = attempt(flow, Step(0.08)).evidence["energy"].order
    assert order == pytest.approx(math.log2(values[0] / values[1]), abs=1.0)


def test_costs_are_the_calls_made():
    calls = []

    def counted(time, y):
        calls.append(time)
        return kepler.gravity(time, y)

    flow = start(counted, 0.0, kepler.PERICENTRE)
    for attempt in integrators(counted).values():
        calls.clear()
        assert attempt(flow, Step(0.01)).cost == {"evaluations": len(calls)}


@given(
    relative=st.floats(1e-12, 1e-2),
    absolute=st.floats(1e-12, 1.0),
    share=st.floats(1e-3, 1e3),
)
def test_an_error_that_is_a_multiple_of_the_tolerance_reads_that_multiple(
    relative, absolute, share
):
    y, y_new = np.array([1.0, -2.0, 0.5]), np.array([-3.0, 1.0, 0.25])
    allowed = absolute + relative * np.array([3.0, 2.0, 0.5])
    signal = Tolerance(relative, absolute).error(share * allowed, y, y_new, 5)
    assert signal.value == pytest.approx(share, rel=1e-12)
    assert signal.order == 5
    by_component = Tolerance(relative, np.full(3, absolute))
    assert by_component.error(share * allowed, y, y_new, 5) == signal


def test_a_vanishing_solution_with_relative_tolerance_only():
    # Zero over zero has no meaning: the attempt is refused as not finite, not accepted.
    def blind(time, y):
        return 0.0 * y

    attempt = dormand_prince(blind, Tolerance(1e-6))
    law = ErrorControl()
    with np.errstate(invalid="ignore"):
        run = march(
            attempt,
            begin(start(blind, 0.0, [0.0]), law, 0.1),
            law,
            *end_at(1.0),
            floor=smallest_step,
        )
        *_, last = run
    assert last.status is Status.NOT_FINITE


def test_a_pole_ends_at_its_place():
    # y' = y^2, y(0) = 1: y = 1/(1 - t).
    def square(time, y):
        return y * y

    law = ErrorControl()
    until, limits = end_at(2.0)
    record = Record()
    with np.errstate(over="ignore", invalid="ignore"):
        for one in march(
            dormand_prince(square, Tolerance(1e-8, 1e-8)),
            begin(start(square, 0.0, [1.0]), law, 0.1),
            law,
            until,
            limits,
            floor=smallest_step,
        ):
            record.append(row_of(one))
    assert one.status in (Status.UNDERFLOW, Status.NOT_FINITE)
    assert one.after.state.time == pytest.approx(1.0, abs=1e-7)
    # Towards the pole every decade of its distance takes the same number of steps, some thirty.
    assert record.tally.attempts < 1000


def test_the_noise_of_the_signal_is_the_rounding_of_the_update():
    # Half an ulp of y, over the tolerance: at rtol = eps it is one half.
    eps = np.finfo(float).eps
    signal = Tolerance(eps).error(np.zeros(2), np.array([1.0, 4.0]), np.array([1.0, 4.0]), 5)
    assert signal == Signal(0.0, 0.5, 5)
    assert isinstance(Flow(0.0, np.zeros(1), np.zeros(1)), tuple)
