"""Steepest descent on a quadratic surface against a stiff ODE solver."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from suite.chemistry.valley import descend, update_hessian


def quadratic(seed, size=5):
    rng = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(rng.normal(size=(size, size)))
    values = rng.uniform(-0.3, 1.5, size) * 10.0 ** rng.uniform(-2, 0, size)
    return rng.normal(size=size), axes @ np.diag(values) @ axes.T


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), length=st.floats(0.01, 1.0))
def test_a_step_lies_on_the_path_that_radau_finds(seed, length):
    gradient, hessian = quadratic(seed)
    step, walked = descend(gradient, hessian, length)

    def rate(_, x):
        slope = gradient + hessian @ x
        return -slope / np.linalg.norm(slope)

    path = solve_ivp(rate, (0.0, walked), np.zeros(5), "Radau", rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(step, path.y[:, -1], atol=2e-7)


def test_the_models_minimum_ends_the_walk():
    gradient, hessian = np.array([1.0, 0.5]), np.diag([2.0, 50.0])
    step, walked = descend(gradient, hessian, 10.0)
    np.testing.assert_allclose(step, -np.linalg.solve(hessian, gradient), atol=1e-10)
    assert walked < 10.0


@given(seed=st.integers(0, 10**6))
def test_the_update_explains_the_new_gradient_and_stays_symmetric(seed):
    rng = np.random.default_rng(seed)
    _, hessian = quadratic(seed)
    dx, dg = rng.normal(size=(2, 5))
    updated = update_hessian(hessian, dx, dg)
    np.testing.assert_allclose(updated @ dx, dg, atol=1e-8)
    np.testing.assert_allclose(updated, updated.T, atol=1e-9 * np.abs(updated).max())


def test_a_quadratic_surface_needs_no_update():
    _, hessian = quadratic(3)
    dx = np.ones(5)
    assert update_hessian(hessian, dx, hessian @ dx) == pytest.approx(hessian, abs=1e-12)
