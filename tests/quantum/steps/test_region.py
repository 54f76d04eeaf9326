"""The trust-region problem against what makes a minimum, and against a search by force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.quantum.geometry import Geometry
from suite.quantum.steps.region import Region, region_of


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


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(1, 12),
    lack=st.integers(0, 5),
    seed=st.integers(0, 2**31),
    angle=st.floats(1e-6, 10.0),
    damping=st.sampled_from([1e-3, 1e-1, 1.0]),
)
def test_the_minimum_meets_the_conditions_of_more_and_sorensen(size, lack, seed, angle, damping):
    here = random_point(size, max(size - lack, 1), seed)
    region = region_of(here, damping)
    y = region.lowest(angle)
    length = np.linalg.norm(y)
    assert length <= angle * (1 + 1e-9)
    residual = region.curvatures * y + region.slopes
    shift = -(residual @ y) / max(y @ y, 1e-300)
    scale = region.top * max(length, 1e-300) + np.abs(region.slopes).max()
    # (K + shift) y = -b with shift >= 0, K + shift positive, and shift only at the edge.
    np.testing.assert_allclose(residual + shift * y, 0.0, atol=1e-7 * scale)
    assert shift > -1e-7 * region.top
    assert np.min(region.curvatures) + shift > -1e-7 * region.top
    if length < angle * (1 - 1e-6):
        assert shift < 2e-9 * region.top + 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_no_point_of_the_region_is_lower(seed):
    here = random_point(3, 3, seed)
    region = region_of(here, 1e-3)
    found = region.gain(region.lowest(0.3))
    directions = np.random.default_rng(seed).normal(size=(20_000, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    for share in (0.25, 0.5, 0.75, 1.0):
        others = -(
            0.3 * share * directions @ region.slopes
            + 0.5 * np.square(0.3 * share * directions) @ region.curvatures
        )
        assert found >= others.max() - 1e-12


def test_the_coordinates_are_those_in_which_the_metric_is_the_identity():
    here = random_point(6, 4, 0)
    region = region_of(here, 0.1)
    damped = here.metric + 0.1 * np.trace(here.metric) / 6 * np.eye(6)
    np.testing.assert_allclose(region.basis.T @ damped @ region.basis, np.eye(6), atol=1e-12)
    y = np.linspace(-1, 1, 6)
    move = region.basis @ y
    model = -(here.gradient @ move + 0.5 * move @ here.curvature @ move)
    assert region.gain(y) == pytest.approx(model, rel=1e-12)


def test_the_hard_case_goes_down_a_saddle_that_has_no_slope():
    y = Region(np.eye(2), np.zeros(2), np.array([-1.0, 2.0]), np.ones(2)).lowest(0.3)
    np.testing.assert_allclose(np.abs(y), [0.3, 0.0], atol=1e-9)


def test_a_direction_that_moves_nothing_is_not_moved_along():
    here = Geometry(0.0, np.array([1.0, 1e-16]), np.diag([1.0, 0.0]), np.diag([4.0, 1e-17]), None)
    region = region_of(here, 1e-3)
    move = region.basis @ region.lowest(10.0)
    np.testing.assert_allclose(move, [-0.25, 0.0], atol=1e-3)


def test_while_there_is_a_slope_a_direction_without_one_is_not_taken():
    slopes, curvatures = np.array([0.0, 0.5]), np.array([-1.0, 2.0])
    region = Region(np.eye(2), slopes, curvatures, np.ones(2))
    np.testing.assert_allclose(region.lowest(0.4), [0.0, -0.25], atol=1e-8)
    # Where the slope has led all the way, it is.
    y = region._replace(slopes=slopes * 1e-3).lowest(0.4)
    assert abs(y[0]) == pytest.approx(0.4, abs=1e-3)
