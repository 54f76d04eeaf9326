"""Nothing is called singular that only looks so."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from suite.core import Status
from suite.dynamics.methods.explicit import dop853, dormand_prince
from suite.dynamics.solve import solve
from suite.dynamics.watch.singularity import stopped
from tests.dynamics.watch.singular import CLOSEST, integrate, kepler


def lorenz(t: float, y: Any) -> Any:
    return np.array(
        [10.0 * (y[1] - y[0]), y[0] * (28.0 - y[2]) - y[1], y[0] * y[1] - 8.0 / 3.0 * y[2]]
    )


def near_miss(distance: float) -> tuple[Any, ...]:
    """y = 1 / ((t - 1)² + ε)."""
    return lambda t, y: -2.0 * (t - 1.0) * y**2, [1.0 / (1.0 + distance)], 2.0


DECOYS: dict[str, tuple[Any, ...]] = {
    "exponential": (lambda t, y: y, [1.0], 100.0),
    "double exponential": (lambda t, y: y * np.exp(t), [1.0], 6.5),
    "y log y": (lambda t, y: y * np.log(y), [3.0], 6.0),
    "logistic": (lambda t, y: y**2 * (1.0 - y), [1e-2], 200.0),
    "Gaussian": (lambda t, y: 2.0 * t * y, [1.0], 26.0),
    "growing oscillation": (lambda t, y: np.array([y[1], 0.5 * y[1] - 100.0 * y[0]]), [1.0, 0], 40),
    "pole behind": (lambda t, y: -(y**2), [1e3], 5.0),
    "stiff": (lambda t, y: -200.0 * (y - np.cos(t)), [0.0], 3.0),
    "still": (lambda t, y: 0.0 * y, [1.0], 10.0),
    "kink": (lambda t, y: np.abs(t - 1.0) + 0.0 * y, [0.0], 2.0),
    **{f"near miss {e:g}": near_miss(e) for e in (1e-2, 1e-6, 1e-8, 1e-10, 1e-12)},
    "Kepler 0.6": (kepler, [0.4, 0.0, 0.0, 2.0], 20.0),
    "Kepler 0.99": (kepler, [0.01, 0.0, 0.0, math.sqrt(199.0)], 13.0),
    "Kepler 0.9999": (kepler, [1.9999, 0.0, 0.0, math.sqrt(1e-4 / 1.9999)], 6.0),
    "Lorenz": (lorenz, [1.0, 1.0, 1.0], 10.0),
    "van der Pol": (
        lambda t, y: np.array([y[1], 50.0 * (1.0 - y[0] ** 2) * y[1] - y[0]]),
        [2.0, 0.0],
        50.0,
    ),
}


@pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-9])
@pytest.mark.parametrize("name", DECOYS)
def test_nothing_is_called_singular_that_is_not(name: str, rtol: float) -> None:
    fun, y0, end = DECOYS[name]
    run = integrate(fun, y0, end, rtol=rtol)
    assert run.status == Status.ENDPOINT
    assert run.found is None
    assert run.evaluations == run.cost


@pytest.mark.parametrize("scheme", [dop853, dormand_prince])
@pytest.mark.parametrize("rtol", [1e-3, 1e-6, 1e-9])
def test_what_turns_away_at_the_last_moment_is_not_singular(rtol: float, scheme: Any) -> None:
    """A passage, a growth that is switched off, and one that is bounded by 1e12."""

    def switched(t: float, y: Any) -> Any:
        return y**2 if t < 1.0 - 1e-4 else 0.0 * y

    def bounded(t: float, y: Any) -> Any:
        return y**2 - 1e-12 * y**3

    for fun, y0, end in (
        (kepler, CLOSEST, 4.0),
        (switched, [1.0], 2.0),
        (bounded, [1.0], 1.0 + 1e-9),
    ):
        run = integrate(fun, y0, end, rtol=rtol, scheme=scheme, most=3000)
        assert run.status != Status.SINGULAR
        assert not (run.status == Status.UNDERFLOW and stopped(run.flow, run.equation))


def test_errors_that_grow_on_the_way_make_no_singularity() -> None:
    """At this tolerance the computed solution has a pole that the true one misses by 1e-5."""
    fun, y0, end = near_miss(1e-10)
    run = integrate(fun, y0, end, rtol=1e-9, scheme=dormand_prince)
    assert run.status != Status.SINGULAR
    assert run.ever


def e5(t: float, y: Any) -> Any:
    """The stiff chemistry of Hairer and Wanner's test set, which decays for ever."""
    a, b, c, d = y
    slow, fast, both, back = 7.89e-10 * a, 1.1e7 * a * c, 1.13e9 * b * c, 1.13e3 * d
    return np.array([-slow - fast, slow - both, slow - fast - both + back, fast - back])


SLIPS: dict[str, tuple[Any, ...]] = {
    "-y^2": (lambda t, y: -(y**2), [1.0], 1e14),
    "recombination": (lambda t, y: 1e-12 - 1e9 * y**2, [0.0], 1e4),
    "E5": (e5, [1.76e-3, 0.0, 0.0, 0.0], 1e13),
}


@pytest.mark.parametrize("tolerance", [{}, {"rtol": 1e-6, "atol": 1e-12}, {"method": "Radau"}])
@pytest.mark.parametrize("name", SLIPS)
def test_errors_below_the_tolerance_that_slip_into_a_pole_make_no_singularity(
    name: str, tolerance: dict[str, Any]
) -> None:
    """What decays below `atol` may come out negative, where each of these has a pole ahead."""
    fun, y0, end = SLIPS[name]
    done = solve(fun, (0.0, end), y0, **tolerance)
    assert done.status in (Status.UNDERFLOW, Status.ENDPOINT)
    if done.status == Status.UNDERFLOW:
        assert "thousandth of the tolerance" in done.message
        assert len(done.t) > 5
        assert f"The last point is t = {done.t[-1]:.12g} of" in done.message
