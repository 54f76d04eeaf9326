"""What modes say of stiffness: matrices made of known modes, and motions that hold them or not."""

import numpy as np
import pytest

from suite.dynamics.watch.modes import Motion, decays_fastest

TURNING = np.array([[-1.0, 5.0], [-5.0, -1.0]])


def motion(change, rate=1.0, size=0.1):
    """A step of two components with a tolerance of 1e-6."""
    return Motion(size, np.full(2, rate), np.full(2, change), np.full(2, 1e-6))


def test_what_decides():
    assert decays_fastest(np.diag([-100.0, 1.0, -3.0]), 50.0)
    assert decays_fastest(100.0 * np.array([[-1.0, 2.0], [-2.0, -1.0]]), 50.0)
    assert not decays_fastest(np.diag([-100.0, 100.0]), 50.0)  # a saddle, as at a pericentre
    assert not decays_fastest(20.0 * TURNING, 50.0)  # it turns more than it decays
    assert not decays_fastest(np.full((2, 2), np.nan), 50.0)


def test_a_mode_that_turns_counts_as_one_that_decays_where_the_motion_shows_none_of_it():
    fast = 20.0 * TURNING  # |λ| = 102, 79 degrees from the negative axis
    assert decays_fastest(fast, 50.0, motion(1e-5))  # a slow motion
    assert decays_fastest(fast, 50.0, motion(1e-5, 1e-5))  # 1e-7 of the mode: below the tolerance
    assert not decays_fastest(fast, 50.0, motion(1.0))  # it turns in the solution
    assert not decays_fastest(fast, 200.0, motion(1e-5))


@pytest.mark.parametrize("damping", [0.0, -1.0])
def test_a_mode_that_does_not_decay_is_never_counted(damping):
    growing = np.array([[-damping, 100.0], [-100.0, -damping]])
    assert not decays_fastest(growing, 50.0, motion(0.0))


def test_a_matrix_without_all_its_eigenvectors():
    joined = np.array([[-1.0, 5.0, 1.0, 0.0], [-5.0, -1.0, 0.0, 1.0]])
    whole = 20.0 * np.vstack([joined, np.hstack([np.zeros((2, 2)), TURNING])])
    step = Motion(0.1, np.ones(4), np.ones(4), np.full(4, 1e-6))
    assert not decays_fastest(whole, 50.0, step)
