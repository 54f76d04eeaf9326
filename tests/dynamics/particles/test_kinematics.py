"""Kinematics from the momentum against mpmath, from rest to γ = 1e100."""

import mpmath as mp
import numpy as np
import pytest

from suite.dynamics.particles.kinematics import beta, kinetic, lorentz_factor, one_minus_speed


@pytest.mark.parametrize("size", [0.0, 1e-12, 1e-3, 1.0, 1e6, 1e9, 1e100])
def test_kinematics_lose_nothing(size):
    u = np.array([0.6, 0.0, -0.8]) * size
    with mp.workdps(250):
        square = sum(mp.mpf(part) ** 2 for part in u)
        gamma = mp.sqrt(1 + square)
        exact = [float(gamma), float(gamma - 1), float(1 - mp.sqrt(square) / gamma)]
    found = [lorentz_factor(u), kinetic(u), one_minus_speed(u)]
    np.testing.assert_allclose(found, exact, rtol=1e-15 * 4, atol=0.0)
    assert np.linalg.norm(beta(u)) < 1.0
