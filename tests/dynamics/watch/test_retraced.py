"""The end of a run that foretells a singularity: a second, tighter run, and what is handed over."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest

from suite.core import Status
from suite.dynamics.solve import solve
from tests.dynamics.watch.singular import REACH, kepler, quadrature


class Known(NamedTuple):
    fun: Any
    y0: Any
    time: float
    exponent: float


def turned(t: float, y: Any) -> Any:
    """A pole that drives nine others, which turn into each other and grow as its logarithm."""
    rates = TURNS @ y
    rates[0] = y[0] ** 2
    return rates


def turning(t: float, y: Any) -> Any:
    """A pole at 1 of the length of a vector that turns ever faster."""
    return np.array([y[0] - 10.0 * y[1], y[1] + 10.0 * y[0]]) * np.hypot(*y)


def painleve(t: float, y: Any) -> Any:
    return np.array([y[1], 6.0 * y[0] ** 2 + t])


def blowing_up(t: float, u: Any) -> Any:
    """u_t = u_xx + u² on 20 points between walls that hold u at zero."""
    return 21.0**2 * (np.append(u[1:], 0.0) - 2.0 * u + np.append(0.0, u[:-1])) + u * u


HALVES = np.random.default_rng(5).normal(size=(10, 10))
TURNS = HALVES - HALVES.T
FALL = 0.375 * math.pi
# A double pole of Painlevé I from y = 0, y' = 0: Taylor series of mpmath in 30 digits, from which t
# was extrapolated to y/y' = 0 on eight points.
PAINLEVE = 2.615571209882374

CASES = {
    "100 + tau^-1/2": Known(lambda t, y: 0.5 * (y - 100.0) ** 3, [101.0], 1.0, 0.5),
    "1000 + 1/tau": Known(lambda t, y: (y - 1000.0) ** 2, [1001.0], 1.0, 1.0),
    "plateau": Known(lambda t, y: y**2 + 1e-4, [0.0], 50.0 * math.pi, 1.0),
    "y^2 + y^1.5": Known(lambda t, y: y**2 + y**1.5, [1.0], 2.0 - 2.0 * math.log(2.0), 1.0),
    "one of ten": Known(turned, np.ones(10), 1.0, 1.0),
    "6 y^2 + t": Known(painleve, [0.0, 0.0], PAINLEVE, 2.0),
    "complex": Known(lambda t, y: 0.5 * y**3 * np.exp(-0.6j), [np.exp(0.3j)], 1.0, 0.5),
    "two bodies": Known(kepler, [2.0 * math.cos(0.7), 2.0 * math.sin(0.7), 0, 0], math.pi, 1 / 3),
    "spiral": Known(lambda t, y: (1.0 + 3.0j) * y * np.abs(y) ** 2, [1.0 + 0.0j], 0.5, 0.5),
    "spiral of two": Known(turning, [0.6, 0.8], 1.0, 1.0),
    # Rest at 1, force -x^(-3/2): v²/2 = 2 (x^(-1/2) - 1), and the time is a beta function.
    "fall": Known(lambda t, y: np.array([y[1], -(np.abs(y[0]) ** -1.5)]), [1.0, 0.0], FALL, 0.2),
    "finite end": Known(lambda t, y: np.array([-0.5 / y[0], y[0]]), [1.0, 0.0], 1.0, -0.5),
}


@pytest.mark.parametrize("rtol", REACH)
@pytest.mark.parametrize("name", CASES)
def test_from_99_percent_the_reach_is_met(name: str, rtol: float) -> None:
    """The project's aims for time, exponent and bar, where errors act on the time most."""
    fun, y0, truth, exponent = CASES[name]
    calls = 0

    def counted(t: float, y: Any) -> Any:
        nonlocal calls
        calls += 1
        return fun(t, y)

    done = solve(counted, (0.0, 0.99 * truth), y0, rtol=rtol, atol=rtol)
    found = done.singularity
    assert done.success
    assert done.t[-1] == 0.99 * truth
    assert found is not None
    assert found.status == "approaching"
    error = abs(found.time - truth)
    assert error <= REACH[rtol] * truth
    assert error <= found.error <= max(100.0 * error, 10.0 * rtol * truth)
    assert found.exponent == pytest.approx(exponent, abs=1e-3)
    assert done.evaluations == calls


@pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-9])
@pytest.mark.parametrize("name", [name for name in CASES if name != "6 y^2 + t"])
def test_a_run_into_it_hands_nothing_over_that_lies_beyond(name: str, rtol: float) -> None:
    fun, y0, truth, _ = CASES[name]
    done = solve(fun, (0.0, 1.5 * truth), y0, rtol=rtol, atol=1e-3 * rtol)
    assert done.status == Status.SINGULAR
    assert done.singularity is not None
    assert abs(done.singularity.time - truth) <= done.singularity.error
    assert done.t[-1] < truth


def test_steep_growth_that_ends_by_its_smallest_step_is_cut_before_the_truth() -> None:
    """Of an exponent of 20 y overflows while the clock still resolves the time left."""
    done = solve(lambda t, y: y**1.05, (0.0, 22.0), [1.0], rtol=1e-4, atol=1e-4)
    assert done.singularity is not None
    assert abs(done.singularity.time - 20.0) <= done.singularity.error
    assert done.t[-1] < 20.0


@pytest.mark.parametrize("rtol", [1e-6, 1e-10, 1e-12])
def test_far_from_zero_the_clock_ends_a_run_and_the_status_says_so(rtol: float) -> None:
    done = solve(lambda t, y: 100.0 * y**2, (1e6, 1e6 + 0.02), [1.0], rtol=rtol, atol=rtol)
    assert done.status == Status.SINGULAR
    assert done.singularity is not None
    assert abs(done.singularity.time - (1e6 + 0.01)) <= done.singularity.error


@pytest.mark.parametrize("rtol", [1e-6, 1e-8, 1e-10])
def test_a_finite_end_of_a_system_is_one_where_there_is_nothing_beyond(rtol: float) -> None:
    def falling(t: float, y: Any) -> Any:
        """y - z = sqrt(1 - t) above a floor z = t that rises."""
        return np.array([1.0 - 0.5 / (y[0] - y[1]), 1.0 + 0.0 * y[1]])

    def through(t: float, y: Any) -> Any:
        """A cube root, which goes on beyond its infinite rate."""
        return np.array([1.0 / (3.0 * y[0] ** 2), y[0]])

    ended = solve(falling, (0.0, 1.6), [1.0, 0.0], rtol=rtol, atol=1e-2 * rtol)
    assert ended.status == Status.SINGULAR
    assert ended.singularity is not None
    assert abs(ended.singularity.time - 1.0) <= ended.singularity.error
    assert "stays finite" in ended.message
    passed = solve(through, (0.0, 1.6), [-1.0, 0.0], rtol=rtol, atol=1e-2 * rtol)
    assert passed.status != Status.SINGULAR


@pytest.mark.parametrize("rtol", [1e-6, 1e-8, 1e-10])
def test_a_pole_is_seen_where_the_energy_is_projected(rtol: float) -> None:
    """After a projection the rate is that of the point beside it, to the last digits."""
    done = solve(
        lambda t, y: np.array([y[1], 6.0 * y[0] ** 2]),
        (0.0, 2.0),
        [1.0, 2.0],
        rtol=rtol,
        invariants={"energy": lambda t, y: 0.5 * y[1] ** 2 - 2.0 * y[0] ** 3},
        project=True,
    )
    assert done.status == Status.SINGULAR
    assert done.singularity is not None
    assert abs(done.singularity.time - 1.0) <= done.singularity.error < 10.0 * rtol
    assert done.singularity.exponent == pytest.approx(2.0, abs=1e-3)
    assert 0.99 < done.t[-1] < 1.0


UNSTABLE = {
    "beside sin t": lambda t, y: np.cos(t) + (y - np.sin(t)) + (y - np.sin(t)) ** 2,
    "a cubic beside sin t": lambda t, y: np.cos(t) + (y - np.sin(t)) + (y - np.sin(t)) ** 3,
}


@pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-9])
@pytest.mark.parametrize("name", UNSTABLE)
def test_a_pole_that_only_errors_lead_to_is_not_one_of_the_solution(name: str, rtol: float) -> None:
    """y = sin t solves these for ever; what errors leave of it blows up, the later the smaller."""
    done = solve(UNSTABLE[name], (0.0, 60.0), [0.0], rtol=rtol, atol=rtol)
    assert done.status == Status.UNDERFLOW
    assert "unstable" in done.message
    assert done.singularity is None or done.singularity.status == "approaching"


@pytest.mark.parametrize("rtol", [1e-6, 1e-8, 1e-10])
def test_a_pole_that_errors_move_far_lies_within_the_bar(rtol: float) -> None:
    """Chazy's equation from 6 / (1 - t), beside which every disturbance grows as a power."""
    done = solve(
        lambda t, y: np.array([y[1], y[2], 2.0 * y[0] * y[2] - 3.0 * y[1] ** 2]),
        (0.0, 1.1),
        [6.0, 6.0, 12.0],
        rtol=rtol,
        atol=rtol,
    )
    assert done.singularity is not None
    assert abs(done.singularity.time - 1.0) <= done.singularity.error


def test_of_many_points_the_one_that_grows_steepest_is_read() -> None:
    x = np.arange(1, 21) / 21.0
    times = []
    for rtol in (1e-5, 1e-8):
        done = solve(blowing_up, (0.0, 0.1), 100.0 * np.sin(np.pi * x), rtol=rtol, atol=rtol)
        assert done.status == Status.SINGULAR
        assert done.singularity is not None
        assert done.singularity.exponent == pytest.approx(1.0, abs=0.02)
        assert not done.singularity.logarithmic
        times.append(done.singularity)
    assert abs(times[0].time - times[1].time) <= times[0].error


def test_a_stop_before_what_was_foretold_withdraws_it() -> None:
    """Growth that oscillates in its own logarithm ends by its smallest step; what is then still
    foretold must hold the truth."""
    with mpmath.workdps(20):
        slow = mpmath.quad(
            lambda u: mpmath.exp(-u) / (2 + mpmath.sin(u)), mpmath.linspace(0, 60, 61)
        )
    for rtol in (1e-4, 1e-6, 1e-8):
        done = solve(
            lambda t, y: y**2 * (2.0 + np.sin(np.log(y))), (0.0, 1.0), [1.0], rtol=rtol, atol=rtol
        )
        assert not done.success
        found = done.singularity
        assert found is None or abs(found.time - float(slow)) <= found.error


def test_a_quadrature_agrees_with_the_closed_form_of_y2_and_y1_5() -> None:
    assert quadrature(lambda y: y**2 + y ** mpmath.mpf(1.5), 2) == pytest.approx(
        CASES["y^2 + y^1.5"].time, rel=1e-14
    )


@pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-8, 1e-10])
@pytest.mark.parametrize("end", [0.99, 2.0])
@pytest.mark.parametrize("gap", [1e-1, 1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("later", [0, 1])
def test_of_two_poles_the_first_in_time_is_told(
    later: int, gap: float, end: float, rtol: float
) -> None:
    y0 = [1.0, 1.0]
    y0[later] /= 1.0 + gap
    done = solve(lambda t, y: y * y, (0.0, end), y0, rtol=rtol, atol=1e-3 * rtol)
    assert done.singularity is not None
    assert abs(done.singularity.time - 1.0) <= done.singularity.error
    assert done.t[-1] <= 1.0
    assert done.status == (Status.SINGULAR if end > 1.0 else Status.ENDPOINT)


@pytest.mark.parametrize("rtol", [1e-5, 1e-7])
def test_of_many_cells_that_explode_together_the_first_is_told(rtol: float) -> None:
    times = 1.0 + 1e-6 * np.random.default_rng(3).random(20)
    done = solve(lambda t, y: np.exp(y), (0.0, 2.0), -np.log(times), rtol=rtol, atol=rtol)
    assert done.status == Status.SINGULAR
    assert done.singularity is not None
    assert abs(done.singularity.time - times.min()) <= done.singularity.error
