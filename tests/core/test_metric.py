"""Metrics against linear algebra done another way."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.core import Dense, Diagonal, Euclidean, Metric

seeds = st.integers(0, 2**32 - 1)


def random_metric(seed, n=4):
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(n, n))
    return half @ half.T + 0.1 * np.eye(n), rng


@given(seed=seeds)
def test_all_metrics_agree_where_they_coincide(seed):
    rng = np.random.default_rng(seed)
    weights, a, b = rng.uniform(0.1, 10.0, 5), rng.normal(size=5), rng.normal(size=5)
    for one, other in (
        (Euclidean(), Diagonal(np.ones(5))),
        (Diagonal(weights), Dense(np.diag(weights))),
    ):
        assert one.inner(a, b) == pytest.approx(other.inner(a, b), rel=1e-12, abs=1e-12)
        assert one.length(a) == pytest.approx(other.length(a), rel=1e-12)
        np.testing.assert_allclose(one.direction(b), other.direction(b), rtol=1e-12)


@given(seed=seeds)
def test_the_direction_is_the_steepest_one(seed):
    # Of all steps of its length none falls more in the gradient: the definition, not the formula.
    matrix, rng = random_metric(seed)
    gradient = rng.normal(size=4)
    metric = Dense(matrix)
    best = metric.direction(gradient)
    best /= metric.length(best)
    others = rng.normal(size=(200, 4))
    others /= np.array([[metric.length(other)] for other in others])
    assert gradient @ best <= (others @ gradient).min() + 1e-12


@given(seed=seeds, damping=st.floats(0.0, 1.0))
def test_a_damped_direction_solves_its_linear_system(seed, damping):
    matrix, rng = random_metric(seed)
    gradient = rng.normal(size=4)
    with mpmath.workdps(40):
        system = mpmath.matrix(matrix.tolist())
        share = damping * sum(system[i, i] for i in range(4)) / 4
        exact = mpmath.lu_solve(system + share * mpmath.eye(4), mpmath.matrix(gradient.tolist()))
    got = Dense(matrix, damping).direction(gradient)
    # Backward stable: eps times the condition number, below 1e4 for 0.1 on the diagonal.
    np.testing.assert_allclose(got, [-float(x) for x in exact], rtol=0, atol=1e-10)


def test_directions_without_metric_are_left_out():
    # Two angles of a circuit that do the same thing: the metric sees their sum only.
    singular = np.array([[1.0, 1.0], [1.0, 1.0]])
    direction = Dense(singular).direction(np.array([1.0, 1.0]))
    np.testing.assert_allclose(direction, [-0.5, -0.5], rtol=1e-14)
    assert Dense(singular).length(np.array([1.0, -1.0])) == 0.0
    np.testing.assert_array_equal(Dense(np.zeros((2, 2))).direction(np.ones(2)), [0.0, 0.0])


def test_what_is_no_metric_is_refused():
    with pytest.raises(ValueError, match=r"Got a smallest one of 0\.0"):
        Diagonal(np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match="positive"):
        Diagonal(np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match=r"Got shape \(2, 3\)"):
        Dense(np.zeros((2, 3)))
    with pytest.raises(TypeError):
        Metric()
