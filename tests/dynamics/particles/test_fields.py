"""Constant fields of every kind and plane waves, to γ = 1e9, against closed forms."""

import math

import numpy as np
import pytest

from suite.core import Status
from suite.dynamics.particles.particle import particle
from tests.dynamics.particles.closed_forms import Exact, Wave, far

NONE = (0.0, 0.0, 0.0)
# At rtol 1e-12, whatever the field.
REACH = 1e-11


def test_fields_as_functions_are_followed_along_their_drift():
    # 1 - v_n/c by subtraction would leave 1e-12 of γ here, times what rounding adds up to.
    exact = Exact((1, 0, 0), (0, 1, 0), NONE, 1e9)
    path = particle(lambda t, x: (1, 0, 0), lambda t, x: (0, 1, 0), (0.0, 1e9), rtol=1e-12)
    assert path.direction.tolist() == [0.0, 0.0, 1.0]
    assert abs(path.gamma[-1] / exact.gamma - 1.0) < 1e-12
    assert abs(path.lag[-1] / (1e9 - exact.position[2]) - 1.0) < 1e-9


CROSSED = {
    "null to γ = 1.7e6": ((1, 0, 0), (0, 1, 0), NONE, 1e9),
    "null to γ = 1.7e8": ((1, 0, 0), (0, 1, 0), NONE, 1e12),
    "null, from 1e3 backwards": ((1, 0, 0), (0, 1, 0), (0, 0, -1e3), 1e6),
    "E > B to γ = 9e8": ((1, 0, 0), (0, 0.5, 0), (0.3, 0.2, 0), 1e9),
    "E < B, 11 turns": ((0.5, 0, 0), (0, 1, 0), NONE, 1e2),
    "E < B, 110 turns": ((0.5, 0, 0), (0, 1, 0), NONE, 1e3),
    "E nearly B": ((0.999, 0, 0), (0, 1, 0), NONE, 1e5),
    "drift at γ = 7e4": ((0.9, 0, 0), (0, 1, 0), (1e4, 0, 0), 1e5),
    "cyclotron at γ = 1e6": (NONE, (0, 0, 1), (1e6, 0, 3), 1e7),
    "oblique": ((1, 0.3, -0.2), (0.5, 0.8, -2), (0.1, -5, 2), 1e6),
    "braked, turned, to γ = 1e5": ((-1, 0, 0), NONE, (1e3, 0, 0), 1e5),
}


@pytest.mark.parametrize("name", CROSSED)
def test_constant_fields_of_every_kind(name):
    electric, magnetic, u0, end = CROSSED[name]
    exact = Exact(electric, magnetic, u0, end)
    path = particle(electric, magnetic, (0.0, end), momentum=u0, rtol=1e-12)
    assert path.status == Status.ENDPOINT
    assert abs(path.gamma[-1] / exact.gamma - 1.0) < REACH
    assert abs(path.one_minus_speed[-1] / exact.one_minus_speed - 1.0) < REACH
    assert abs(path.proper_time[-1] / exact.proper_time - 1.0) < REACH
    assert far(path.momentum[:, -1], exact.momentum) < REACH
    assert far(path.position[:, -1], exact.position) < REACH


def test_null_fields_in_a_slanted_frame():
    # E and B are null only to their last digit: what is off, times γ⁻¹ p⊥² t, is all that is seen.
    electric, magnetic, end = (1.0, 2.0, 2.0), (0.0, -3 / math.sqrt(2), 3 / math.sqrt(2)), 1e7
    exact = Exact(electric, magnetic, (0.1, 0.2, -0.3), end)
    path = particle(electric, magnetic, (0.0, end), momentum=(0.1, 0.2, -0.3), rtol=1e-12)
    assert far(path.direction, np.cross(electric, magnetic) / 9.0) < 1e-15
    assert abs(path.gamma[-1] / exact.gamma - 1.0) < REACH
    assert far(path.momentum[:, -1], exact.momentum) < REACH


def test_null_fields_keep_gamma_minus_momentum():
    path = particle((1, 0, 0), (0, 1, 0), (0.0, 1e12), rtol=1e-9)
    behind = (1.0 + path.momentum[0] ** 2) / (path.gamma + path.momentum[2])
    assert np.abs(behind - 1.0).max() < 1e-9


def test_a_hundred_and_sixty_turns_at_gamma_1e6():
    # With |p| restored the phase drifts in proportion to the turns, else with their square.
    arguments = (NONE, (0, 0, 1), (0.0, 1e9), NONE, (1e6, 0, 3))
    exact = Exact(NONE, (0, 0, 1), (1e6, 0, 3), 1e9)
    kept = particle(*arguments, rtol=1e-9, dense_output=False)
    free = particle(*arguments, rtol=1e-9, dense_output=False, project=False)
    assert abs(kept.gamma[-1] / exact.gamma - 1.0) < 1e-14
    assert abs(kept.one_minus_speed[-1] / exact.one_minus_speed - 1.0) < 1e-14
    assert far(kept.momentum[:, -1], exact.momentum) < 1e-6
    assert far(free.momentum[:, -1], exact.momentum) > 1e-6


@pytest.mark.parametrize(("strength", "push", "end"), [(1.5, 0.0, 50.0), (300.0, 0.0, 1e5)])
def test_plane_wave_as_a_field_of_time_and_place(strength, push, end):
    exact = Wave(strength, push, end)
    path = particle(
        lambda t, x: (0.0, strength * math.cos(t - x[0]), 0.0),
        lambda t, x: (0.0, 0.0, strength * math.cos(t - x[0])),
        (0.0, end),
        momentum=(push, 0.0, 0.0),
        rtol=1e-12,
    )
    # The phase t - x is a difference of numbers up to t: its last digit is that of t.
    doubt = 1e-11 + 50.0 * math.ulp(end)
    assert abs(path.gamma[-1] / exact.gamma - 1.0) < doubt
    assert far(path.momentum[:, -1], exact.momentum) < doubt
    assert far(path.position[:, -1], exact.position) < doubt


@pytest.mark.parametrize("push", [0.0, 1e3, 1e6])
@pytest.mark.parametrize("turn", [np.eye(3), np.linalg.qr(np.vander([0.3, 1.7, -0.4]))[0]])
def test_plane_wave_by_its_phase(push, turn):
    turn = turn * np.sign(np.linalg.det(turn))
    kept = 1.0 / (math.hypot(1.0, push) + push)
    end = 20.0 * (1.0 + 2.0**2) / kept**2
    exact = Wave(2.0, push, end)
    path = particle(
        NONE,
        NONE,
        (0.0, end),
        momentum=turn[0] * push,
        wave=lambda phase: 2.0 * math.cos(phase) * turn[1],
        along=turn[0],
        rtol=1e-12,
    )
    # 1 - v_n/c rests on p⊥, which at the start is the last digit of p in a slanted frame.
    doubt = 1e-11 + 1e-15 * push * (turn != np.eye(3)).any()
    assert abs(path.gamma[-1] / exact.gamma - 1.0) < doubt
    assert abs(path.one_minus_speed[-1] / exact.one_minus_speed - 1.0) < doubt
    assert abs(path.lag[-1] / exact.lag - 1.0) < doubt
    assert far(turn @ path.momentum[:, -1], exact.momentum) < doubt
