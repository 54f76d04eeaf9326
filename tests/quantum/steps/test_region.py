"""The model and its minimum against eigenvalues, states on geodesics, and a search by force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigh

from suite.quantum.geometry import Geometry
from suite.quantum.steps.region import FARTHEST, Region, region_of
from tests.quantum.steps.engines import sphere


def random_point(size, rank, seed):
    """A point with a metric of some rank, and a gradient and curvature that live where it does."""
    rng = np.random.default_rng(seed)
    across = rng.normal(size=(size, rank)) / np.sqrt(rank)
    middle = rng.normal(size=(rank, rank))
    return Geometry(
        0.0,
        across @ rng.normal(size=rank),
        across @ across.T,
        across @ (middle + middle.T) @ across.T,
        np.zeros(1),
    )


def rayleigh_quotient(here, damping):
    """Matrix and overlaps of the observable over the state and its damped derivatives."""
    size = len(here.gradient)
    damped = here.metric + damping * np.trace(here.metric) / size * np.eye(size)
    matrix, overlaps = np.zeros((size + 1, size + 1)), np.eye(size + 1)
    matrix[0, 1:] = matrix[1:, 0] = 0.5 * here.gradient
    matrix[1:, 1:] = 0.5 * here.curvature
    overlaps[1:, 1:] = damped
    return matrix, overlaps


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(1, 12),
    lack=st.integers(0, 5),
    seed=st.integers(0, 2**31),
    angle=st.floats(1e-6, 1.5),
    damping=st.sampled_from([1e-3, 1e-1, 1.0]),
)
def test_the_minimum_is_the_lowest_eigenvector_or_at_the_edge(size, lack, seed, angle, damping):
    here = random_point(size, max(size - lack, 1), seed)
    region = region_of(here, damping)
    y = region.lowest(angle)
    length = np.linalg.norm(y)
    assert length <= angle * (1 + 1e-9)
    x = np.tan(length) * y / length
    residual = region.curvatures * x + region.slopes
    shift = -(residual @ x) / (x @ x)
    scale = (region.top + shift) * np.linalg.norm(x) + np.abs(region.slopes).max()
    # (K + shift) x = -b with K + shift positive: Moré and Sorensen's conditions for a radius.
    np.testing.assert_allclose(residual + shift * x, 0.0, atol=1e-7 * scale)
    assert np.min(region.curvatures) + shift > -1e-7 * region.top
    lowest = eigh(*rayleigh_quotient(here, damping), eigvals_only=True)[0]
    assert region.gain(y) <= -lowest + 1e-9 * region.top
    if length < angle * (1 - 1e-6):
        assert region.gain(y) == pytest.approx(-lowest, rel=1e-6, abs=1e-8 * region.top)


@pytest.mark.parametrize("seed", range(5))
def test_no_point_of_the_region_is_lower(seed):
    here = random_point(3, 3, seed)
    region = region_of(here, 1e-3)
    found = region.gain(region.lowest(0.3))
    matrix, overlaps = rayleigh_quotient(here, 1e-3)
    directions = np.random.default_rng(seed).normal(size=(20_000, 3))
    lengths = np.sqrt(np.einsum("ki,ij,kj->k", directions, overlaps[1:, 1:], directions))
    directions /= lengths[:, None]
    for share in (0.25, 0.5, 0.75, 1.0):
        angle = 0.3 * share
        states = np.hstack([np.full((20_000, 1), np.cos(angle)), np.sin(angle) * directions])
        others = np.einsum("ki,ij,kj->k", states, matrix, states)
        assert found >= -others.min() - 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_a_step_along_geodesics_leads_to_the_ground_state_at_once(seed):
    # The angles of this engine are lengths of geodesics from its first basis state.
    engine, lowest = sphere(9, seed)
    here = engine.geometry(np.zeros(8))
    region = region_of(here, 0.0)
    y = region.lowest(FARTHEST)
    assert here.energy - region.gain(y) == pytest.approx(lowest, abs=1e-12)
    assert engine.geometry(region.basis @ y).energy == pytest.approx(lowest, abs=1e-12)


@pytest.mark.parametrize("angle", [1e-6, 0.2, 1.0, 1.5])
def test_the_model_is_the_energy_along_a_geodesic(angle):
    engine, _ = sphere(7, 3)
    here = engine.geometry(np.zeros(6))
    region = region_of(here, 0.0)
    y = region.lowest(angle)
    there = engine.geometry(region.basis @ y).energy
    assert region.gain(y) == pytest.approx(here.energy - there, rel=1e-8)


def test_the_coordinates_are_those_in_which_the_metric_is_the_identity():
    here = random_point(6, 4, 0)
    region = region_of(here, 0.1)
    damped = rayleigh_quotient(here, 0.1)[1][1:, 1:]
    np.testing.assert_allclose(region.basis.T @ damped @ region.basis, np.eye(6), atol=1e-12)


def test_the_hard_case_goes_down_a_saddle_that_has_no_slope():
    y = Region(np.eye(2), np.zeros(2), np.array([-1.0, 2.0]), np.ones(2)).lowest(0.3)
    np.testing.assert_allclose(np.abs(y), [0.3, 0.0], atol=1e-9)


def test_a_direction_that_moves_nothing_is_not_moved_along():
    here = Geometry(0.0, np.array([1.0, 1e-16]), np.diag([1.0, 0.0]), np.diag([4.0, 1e-17]), None)
    region = region_of(here, 1e-3)
    move = region.basis @ region.lowest(1.5)
    # On the one geodesic the energy is 1 - cos 2a + sin 2a / 2.
    np.testing.assert_allclose(move, [-0.5 * np.arctan(0.5), 0.0], atol=1e-3)


def test_while_there_is_a_slope_a_direction_without_one_is_not_taken():
    slopes, curvatures = np.array([0.0, 0.5]), np.array([-1.0, 2.0])
    region = Region(np.eye(2), slopes, curvatures, np.ones(2))
    np.testing.assert_allclose(region.lowest(0.4), [0.0, -0.5 * np.arctan(0.5)], atol=1e-8)
    # Where the slope has led all the way, it is.
    y = region._replace(slopes=slopes * 1e-3).lowest(0.4)
    assert abs(y[0]) == pytest.approx(0.4, abs=1e-3)
