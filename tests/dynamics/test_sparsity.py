"""Sparse Jacobians: columns in groups, and elimination that leaves zeros alone."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix, diags_array

from suite.dynamics import solve
from suite.dynamics.methods.collocation import radau_iia
from suite.dynamics.methods.jacobian import differences
from suite.dynamics.methods.newton import factorised
from suite.dynamics.sparsity import sparsity
from suite.errors import InputError

N = 60


def diffusion(t, y):
    z = np.concatenate([[0.0], y, [0.0]])
    return (N + 1.0) ** 2 * (z[2:] - 2.0 * y + z[:-2]) + y * (1.0 - y)


def banded(size):
    return diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(size, size))


def test_no_two_columns_of_a_group_share_a_row():
    pattern = np.random.default_rng(3).random((40, 40)) < 0.05
    groups = sparsity(pattern).groups
    assert sorted(np.concatenate(groups)) == list(range(40))
    assert all(pattern[:, group].sum(axis=1).max() <= 1 for group in groups)
    assert len(groups) < 20


def test_grouped_differences_are_the_single_ones():
    y = np.linspace(0.1, 0.9, N)
    rate, scale = diffusion(0.0, y), np.full(N, 1e-6)
    calls = []

    def counted(t, y):
        calls.append(t)
        return diffusion(t, y)

    grouped = differences(counted, 0.0, y, rate, scale, 1e-3, sparsity(banded(N).toarray()))
    assert len(calls) == 3
    exact = (N + 1.0) ** 2 * (banded(N).toarray() - 3.0 * np.eye(N)) + np.diag(1.0 - 2.0 * y)
    # Half the digits of a function of the size of its Jacobian times y.
    assert np.max(np.abs(grouped - exact)) < 1e-6 * (N + 1.0) ** 2


def test_a_group_that_leaves_the_domain_is_taken_the_other_way():
    def fun(t, y):
        return np.sqrt(1.0 - y)

    y = np.array([1.0, 0.5])
    with np.errstate(invalid="ignore"):
        found = differences(fun, 0.0, y, fun(0.0, y), np.full(2, 1e-6), 1e-3, sparsity(np.eye(2)))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("stages", [3, 7])
def test_sparse_elimination_solves_the_same_systems(dtype, stages):
    random = np.random.default_rng(5)
    jacobian = (banded(N).toarray() * random.standard_normal((N, N))).astype(dtype)
    right = random.standard_normal(N).astype(dtype)
    method = radau_iia(stages)
    dense, sparse = (factorised(method, jacobian, 0.3, way) for way in (False, True))
    for k in range(stages // 2 + 1):
        b = right if k == 0 else right.astype(complex)
        assert np.allclose(dense(k, b), sparse(k, b), rtol=1e-11)


@pytest.mark.parametrize("method", ["auto", "Radau"])
def test_sparsity_spares_evaluations_and_changes_nothing_else(method):
    y0 = np.sin(np.linspace(0.0, np.pi, N + 2)[1:-1])
    whole = solve(diffusion, (0.0, 1.0), y0, method, rtol=1e-5)
    sparse = solve(diffusion, (0.0, 1.0), y0, method, rtol=1e-5, jac_sparsity=banded(N))
    assert sparse.success
    assert sparse.evaluations <= whole.evaluations - (N - 3)
    assert np.allclose(sparse.y[:, -1], whole.y[:, -1], rtol=1e-5, atol=1e-9)


def test_a_jacobian_given_sparse_may_be_solved_sparse():
    linear = csr_matrix(banded(N) - 3.0 * np.eye(N))
    ends = [
        solve(
            lambda t, y: linear @ y, (0.0, 5.0), np.ones(N), "Radau", jac=linear, jac_sparsity=way
        ).y[:, -1]
        for way in (None, linear)
    ]
    assert np.allclose(*ends, rtol=1e-9)


@pytest.mark.parametrize("wrong", [np.ones((2, 3)), [[1.0], [1.0, 2.0]], "dense"])
def test_a_wrong_sparsity_is_refused(wrong):
    with pytest.raises(InputError, match="jac_sparsity must be a matrix of 2 by 2"):
        solve(lambda t, y: -y, (0.0, 1.0), [1.0, 1.0], jac_sparsity=wrong)
