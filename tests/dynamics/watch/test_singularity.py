"""Foresight against closed forms and quadratures in many digits: time, bar, exponent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.core import Status
from suite.dynamics.equation import Equation, Tolerance
from suite.dynamics.methods.explicit import dop853, dormand_prince
from suite.dynamics.solve import solve
from suite.dynamics.watch.singularity import beyond, last_safe_time, stopped
from tests.dynamics.watch.singular import CASES, CLOSEST, LOOSE, REACH, integrate, kepler


@pytest.mark.parametrize("rtol", [1e-4, *REACH, 1e-12])
@pytest.mark.parametrize("name", CASES)
def test_time_bar_and_exponent_from_99_percent(name: str, rtol: float) -> None:
    fun, y0, truth, exponent = CASES[name]
    run = integrate(fun, y0, 0.99 * truth, rtol=rtol)
    assert run.status == Status.ENDPOINT
    assert run.found is not None
    assert run.found.status == "approaching"
    error = abs(run.found.time - truth)
    assert error <= run.found.error
    if rtol in REACH:
        assert error <= REACH[rtol] * truth * LOOSE.get(name, 1.0)
        assert run.found.exponent == pytest.approx(exponent, abs=1e-3)
    assert not run.found.logarithmic


@pytest.mark.parametrize("scheme", [dop853, dormand_prince])
@pytest.mark.parametrize("name", ["y^2.0", "1 + y^2", "downwards", "coupled"])
@pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-9])
def test_bar_is_no_wider_than_it_must_be(name: str, rtol: float, scheme: Any) -> None:
    fun, y0, truth, _ = CASES[name]
    found = integrate(fun, y0, 0.99 * truth, rtol=rtol, scheme=scheme).found
    assert found is not None
    error = abs(found.time - truth)
    # A tolerance on the RMS over n components leaves √n of it to one.
    widest = 10.0 * rtol * math.sqrt(len(y0)) * truth
    assert error <= found.error <= max(100.0 * error, widest)


def test_a_logarithm_is_named() -> None:
    found = integrate(lambda t, y: np.exp(y), [0.0], 0.99).found
    assert found is not None
    assert (found.logarithmic, found.exponent) == (True, 0.0)
    assert abs(found.time - 1.0) <= found.error < 1e-6


@pytest.mark.parametrize("rtol", [1e-6, 1e-10, 1e-12])
@pytest.mark.parametrize("rate", [1.0, 7.0 / 1.4e7])
def test_a_bar_below_the_tolerance_is_told_wide_enough(rate: float, rtol: float) -> None:
    # At tight tolerances what is left is the rounding in y'', which no second run makes smaller.
    found = solve(
        lambda t, y: rate * np.exp(y), (0.0, 0.99 / rate), [0.0], rtol=rtol, atol=rtol
    ).singularity
    assert found is not None
    assert abs(found.time * rate - 1.0) <= found.error * rate <= 10.0 * rtol


@pytest.mark.parametrize("scheme", [dop853, dormand_prince])
@pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-9])
@pytest.mark.parametrize(
    "name", ["y^1.5", "y^2.0", "y^4.0", "6 y^2", "100 + tau^-1/2", "collision"]
)
def test_a_run_into_it_ends_singular(name: str, rtol: float, scheme: Any) -> None:
    fun, y0, truth, exponent = CASES[name]
    run = integrate(fun, y0, 2.0 * truth, rtol=rtol, scheme=scheme)
    assert run.status == Status.SINGULAR
    assert run.found is not None
    assert run.found.status == "singular"
    assert abs(run.found.time - truth) <= run.found.error
    assert run.found.exponent == pytest.approx(exponent, abs=2e-3)
    safe = last_safe_time(run.found, Equation(lambda t, y: y, Tolerance(1e-6)))
    assert safe == run.found.time - run.found.error <= truth
    assert run.evaluations == run.cost


@pytest.mark.parametrize("scheme", [dop853, dormand_prince])
@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0])
def test_a_pole_in_time_ends_singular(p: float, scheme: Any) -> None:
    run = integrate(lambda t, y: 0.0 * y + abs(1.0 - t) ** -p, [0.0], 2.0, scheme=scheme)
    assert run.status == Status.SINGULAR
    assert run.found is not None
    assert abs(run.found.time - 1.0) <= run.found.error < 1e-7
    assert run.found.exponent == pytest.approx(p - 1.0, abs=1e-6)
    run = integrate(lambda t, y: 2.0 * y / (1.3 - t), [1.0], 2.0, scheme=scheme)
    assert run.status == Status.SINGULAR


@pytest.mark.parametrize("rtol", [1e-6, 1e-8, 1e-10])
def test_a_finite_end_is_one_only_where_there_is_nothing_beyond(rtol: float) -> None:
    root = integrate(lambda t, y: -0.5 / y, [1.0], 2.0, rtol=rtol)
    assert root.status == Status.SINGULAR
    assert root.found is not None
    assert root.found.exponent == pytest.approx(-0.5, abs=1e-3)
    assert abs(root.found.time - 1.0) <= root.found.error
    # The cube root goes on beyond its infinite rate, and so does the state under one in time.
    cube = integrate(lambda t, y: 1.0 / (3.0 * y**2), [-1.0], 2.0, rtol=rtol)
    in_time = integrate(lambda t, y: 0.0 * y + abs(1.0 - t) ** -0.5, [0.0], 2.0, rtol=rtol)
    for run in (cube, in_time):
        assert run.status != Status.SINGULAR
        assert not stopped(run.flow, run.equation)


@pytest.mark.parametrize("rtol", [1e-3, 1e-5, 1e-8])
def test_an_end_within_the_bar_lies_beyond_and_one_before_it_does_not(rtol: float) -> None:
    for name in ("y^2.0", "y^3.0"):
        fun, y0, truth, _ = CASES[name]
        at = integrate(fun, y0, truth, rtol=rtol)
        assert at.status == Status.ENDPOINT
        assert beyond(at.flow, at.equation)
        for share in (0.9, 0.99, 0.999):
            before = integrate(fun, y0, share * truth, rtol=rtol)
            assert not beyond(before.flow, before.equation)
    passing = integrate(kepler, CLOSEST, math.pi, rtol=rtol)
    bounded = integrate(lambda t, y: y**2 - 1e-11 * y**3, [1.0], 1.0, rtol=rtol)
    for run in (passing, bounded):
        assert not beyond(run.flow, run.equation)


@pytest.mark.parametrize("rotation", [1.0, 1j, -1.0])
def test_a_component_of_rounding_alone_is_not_read(rotation: complex) -> None:
    done = solve(
        lambda t, y: y**2 / rotation, (0.0, 2.0), [rotation], "Radau", rtol=1e-8, atol=1e-8
    )
    assert done.status == Status.SINGULAR
    assert done.singularity is not None
    assert abs(done.singularity.time - 1.0) <= done.singularity.error < 1e-6
    assert done.singularity.exponent == pytest.approx(1.0, abs=1e-3)
    assert len(done.t) > 10


@settings(max_examples=40, deadline=None)
@given(
    p=st.floats(1.25, 5.0),
    scale=st.floats(-6.0, 6.0),
    digits=st.floats(4.0, 11.0),
    shift=st.floats(-3.0, 3.0),
    direction=st.sampled_from([1.0, -1.0]),
)
def test_truth_is_in_the_bar_wherever_time_begins(
    p: float, scale: float, digits: float, shift: float, direction: float
) -> None:
    left = 10.0**scale
    begin_at = shift * left
    high = ((p - 1.0) * left) ** (-1.0 / (p - 1.0))
    run = integrate(
        lambda t, y: direction * y**p,
        [high],
        begin_at + direction * 0.99 * left,
        begin_at=begin_at,
        rtol=10.0**-digits,
        atol=0.0,
    )
    assert run.found is not None
    assert abs(run.found.time - (begin_at + direction * left)) <= run.found.error
    assert run.found.exponent == pytest.approx(1.0 / (p - 1.0), rel=5e-3)
