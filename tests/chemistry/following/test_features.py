"""What the surrogate sees: its derivatives, and what it must not see."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from suite.chemistry.following.features import Coordinates, LogDistances, features_of

MASSES = np.array([12.011, 1.008, 15.999, 14.007])
ROOT = np.sqrt(np.repeat(MASSES, 3))


def geometry(seed):
    """Four atoms at least 0.9 bohr apart (a tetrahedron, shaken), mass-weighted."""
    corners = np.array([[0, 0, 0], [2, 2, 0], [2, 0, 2], [0, 2, 2]], float)
    shaken = corners + np.random.default_rng(seed).uniform(-0.55, 0.55, corners.shape)
    return shaken.ravel() * ROOT


def differences(function, x, h=1e-4):
    """Central differences of fourth order, the derivative's index last."""
    columns = []
    for axis in np.eye(x.size):
        near = function(x + h * axis) - function(x - h * axis)
        far = function(x + 2 * h * axis) - function(x - 2 * h * axis)
        columns.append((8.0 * near - far) / (12.0 * h))
    return np.array(columns).T


seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_values_are_the_logarithms_of_the_distances(seed):
    x = geometry(seed)
    place = (x / ROOT).reshape(-1, 3)
    apart = [np.linalg.norm(place[i] - place[j]) for i in range(4) for j in range(i + 1, 4)]
    np.testing.assert_allclose(LogDistances(MASSES).see(x).values, np.log(apart), atol=1e-14)


@given(seeds)
def test_both_derivatives_agree_with_differences(seed):
    features, x = LogDistances(MASSES), geometry(seed)
    seen = features.see(x)
    exact = differences(lambda x: features.see(x).values, x)
    np.testing.assert_allclose(seen.jacobian, exact, atol=1e-10)
    slope = np.random.default_rng(seed).normal(size=6)
    bent = features.bend(seen.geometry, slope)
    exact = differences(lambda x: features.see(x).jacobian.T @ slope, x)
    np.testing.assert_allclose(bent, exact, atol=1e-9)
    np.testing.assert_array_equal(bent, bent.T)


@given(seeds, st.tuples(*[st.floats(-50.0, 50.0)] * 3))
def test_nothing_changes_when_a_molecule_turns_and_moves(seed, shift):
    features, x = LogDistances(MASSES), geometry(seed)
    turn = Rotation.random(random_state=seed)
    moved = ((turn.apply((x / ROOT).reshape(-1, 3))) + shift).ravel() * ROOT
    here, there = features.see(x), features.see(moved)
    np.testing.assert_allclose(there.values, here.values, atol=1e-12)
    turned = turn.apply(here.jacobian.reshape(-1, 3)).reshape(here.jacobian.shape)
    np.testing.assert_allclose(there.jacobian, turned, atol=1e-12)
    # Rigid motions change no feature, so the Jacobian has 3n - 6 directions.
    assert np.linalg.matrix_rank(here.jacobian, tol=1e-10) == 6


def test_a_model_surface_is_seen_as_it_is():
    features, x = features_of(np.ones(1), 2), np.array([0.3, -0.7])
    assert isinstance(features, Coordinates)
    assert isinstance(features_of(MASSES, 12), LogDistances)
    seen = features.see(x)
    np.testing.assert_array_equal(seen.values, x)
    np.testing.assert_array_equal(seen.jacobian, np.eye(2))
    assert not features.bend(seen.geometry, np.ones(2)).any()


@pytest.mark.parametrize("count", [2, 3, 6])
def test_as_many_features_as_pairs(count):
    x = np.random.default_rng(1).normal(size=3 * count)
    assert LogDistances(np.ones(count)).see(x).jacobian.shape == (
        count * (count - 1) // 2,
        3 * count,
    )
