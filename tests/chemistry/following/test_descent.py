"""Steepest descent against closed forms and against SciPy's Radau."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from suite.chemistry import MullerBrown
from suite.chemistry.following.descent import descend
from suite.chemistry.following.surrogate import Local


def valley(values):
    values = np.array(values)
    return lambda x: Local(0.5 * float(values @ x**2), values * x, np.diag(values))


NODES, WEIGHTS = np.polynomial.legendre.leggauss(30)


def length_of(curvatures, x, time):
    """The arc length of exp(-λt) x up to a time, by quadrature in pieces as fine as its decays."""
    edges = np.concatenate([[0.0], np.geomspace(1e-7, 1.0, 40) * time])
    half = 0.5 * np.diff(edges)[:, None]
    t = (edges[:-1, None] + half * (1.0 + NODES)).ravel()
    speed = np.linalg.norm(curvatures * x * np.exp(-np.outer(t, curvatures)), axis=1)
    return float(np.sum(half * WEIGHTS * speed.reshape(half.size, -1)))


@settings(max_examples=30)
@given(
    st.lists(st.floats(-2.0, 1e3), min_size=2, max_size=4),
    st.floats(0.05, 0.6),
    st.integers(0, 2**32 - 1),
)
def test_a_quadratic_valley_is_followed_exactly_however_stiff(values, share, seed):
    curvatures = np.array(values)
    x = np.random.default_rng(seed).uniform(0.2, 1.0, len(values))
    time = share / max(1.0, float(np.abs(curvatures).min()))
    length = length_of(curvatures, x, time)
    assume(length > 1e-3)
    end = descend(valley(values), x, length, tolerance=1e-6)[-1]
    assert end.arc_length == pytest.approx(length, rel=1e-7)
    np.testing.assert_allclose(end.x, x * np.exp(-curvatures * time), atol=1e-6 * max(1.0, length))


def exact(surface, x, length):
    def rate(_, x):
        gradient = surface.measure(x).gradient
        return -gradient / np.linalg.norm(gradient)

    return solve_ivp(rate, (0.0, length), x, "Radau", rtol=1e-11, atol=1e-12, dense_output=True).sol


def seen(surface):
    def at(x):
        found = surface.measure(x)
        return Local(found.energy, found.gradient, surface.hessian(x))

    return at


def test_muller_brown_agrees_with_radau_at_every_point():
    surface, length = MullerBrown(), 0.6
    x = surface.saddle + 0.05 * np.array([0.761, -0.648])
    curve = exact(surface, x, length)
    points = descend(seen(surface), x, length, tolerance=1e-7)
    s = np.array([point.arc_length for point in points])
    assert s[0] == 0.0
    assert s[-1] == pytest.approx(length, rel=1e-9)
    assert np.all(np.diff(s) > 0.0)
    missed = [np.linalg.norm(point.x - curve(point.arc_length)) for point in points]
    assert max(missed) < 3e-5
    energies = [point.local.energy for point in points]
    assert np.all(np.diff(energies) < 0.0)


def test_the_error_falls_with_the_tolerance():
    surface, length = MullerBrown(), 0.6
    x = surface.saddle + 0.05 * np.array([0.761, -0.648])
    end = exact(surface, x, length)(length)
    missed = [
        np.linalg.norm(descend(seen(surface), x, length, tolerance=t)[-1].x - end)
        for t in (1e-3, 1e-5, 1e-7)
    ]
    assert missed[0] > 5 * missed[1] > 25 * missed[2]


def test_it_ends_in_a_minimum_and_where_it_is_told():
    surface = MullerBrown()
    x = surface.saddle + 0.05 * np.array([0.761, -0.648])
    points = descend(seen(surface), x, 50.0, tolerance=1e-5)
    assert np.linalg.norm(points[-1].local.gradient) < 1e-9
    low = descend(seen(surface), x, 50.0, tolerance=1e-5, arrived=lambda p: p.arc_length > 0.5)
    assert 0.5 < low[-1].arc_length < 0.8
    assert low[-2].arc_length <= 0.5
