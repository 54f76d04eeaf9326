"""The Radau IIA methods against their order conditions and published coefficients."""

import numpy as np
import pytest

from suite.dynamics.methods.collocation import radau_iia

STAGES = pytest.mark.parametrize("stages", [3, 5, 7])
# Sums of some ten terms of size one, and inverses of matrices of condition 1e4 at most.
CLOSE = {"rtol": 1e-11, "atol": 1e-12}


@STAGES
def test_order_conditions(stages):
    """B(2s-1) and C(s) of Hairer and Wanner II, IV.5: they define the method."""
    method = radau_iia(stages)
    weights = np.linalg.inv(method.inverse)
    for k in range(1, 2 * stages):
        assert np.isclose(weights[-1] @ method.nodes ** (k - 1), 1.0 / k, **CLOSE)
    for k in range(1, stages + 1):
        powers = method.nodes ** (k - 1)
        assert np.allclose(weights @ powers, method.nodes * powers / k, **CLOSE)


@STAGES
def test_eigenvalues_separate_the_stages_and_one_is_real(stages):
    method = radau_iia(stages)
    separated = method.into @ method.inverse @ method.back
    assert np.allclose(separated, np.diag(method.eigenvalues), rtol=0.0, atol=1e-10)
    assert method.eigenvalues[0].imag == 0.0
    upper = method.eigenvalues[1 : stages // 2 + 1]
    lower = method.eigenvalues[stages // 2 + 1 :]
    assert np.all(upper.imag > 0.0)
    assert np.array_equal(np.conj(upper), lower)


@STAGES
def test_l_stable(stages):
    """R(infinity) = 1 - b A^-1 1 is zero."""
    method = radau_iia(stages)
    weights = np.linalg.inv(method.inverse)
    assert abs(1.0 - weights[-1] @ method.inverse @ np.ones(stages)) < 1e-11


@STAGES
def test_polynomial_goes_through_the_stages(stages):
    method = radau_iia(stages)
    increments = np.random.default_rng(1).standard_normal((stages, 2))
    coefficients = method.power @ increments
    powers = method.nodes[:, None] ** np.arange(1, stages + 1)
    assert np.allclose(powers @ coefficients, increments, rtol=0.0, atol=1e-11)


def test_published_coefficients_of_order_5():
    """Hairer and Wanner II, IV.8: nodes, the real eigenvalue (8.11) and the estimate (8.19)."""
    method, root = radau_iia(3), 6.0**0.5
    assert np.allclose(method.nodes, [(4 - root) / 10, (4 + root) / 10, 1.0], rtol=1e-15)
    assert np.isclose(method.eigenvalues[0].real, 3 + 3 ** (2 / 3) - 3 ** (1 / 3), rtol=1e-13)
    published = np.array([-13 - 7 * root, -13 + 7 * root, -1]) / 3
    assert np.allclose(method.error, published, rtol=1e-12)
