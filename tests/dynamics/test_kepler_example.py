"""The example of the core against Kepler's equation: convergence, rounding, energy as a law."""

import importlib.util
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.core import Status, Step
from suite.dynamics.equation import start

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
    _, attempt, _ = kepler.setup("energy", 1e-9, 4.0)
    flow = start(kepler.gravity, 1.0, exact_orbit(1.0))
    values = [attempt(flow, Step(h)).evidence["energy"].value for h in (0.08, 0.04)]
    order = attempt(flow, Step(0.08)).evidence["energy"].order
    assert order == pytest.approx(math.log2(values[0] / values[1]), abs=1.0)
