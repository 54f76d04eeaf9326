"""The run in velocities beside the one on the momentum: what is lost, and that it is told."""

import math

import numpy as np
import pytest

from suite.core import Status
from suite.dynamics.particles.velocities import comparison
from suite.errors import InputError
from tests.dynamics.particles.closed_forms import far

NONE = (0.0, 0.0, 0.0)


class TestInVelocities:
    def test_momentum_keeps_what_velocities_lose(self):
        found = comparison((1, 0, 0), NONE, (0.0, 1e6), rtol=1e-7)
        assert abs(found.momentum.gamma[-1] / math.hypot(1.0, 1e6) - 1.0) < 1e-14
        assert found.velocities.status == Status.ENDPOINT
        # A speed next to 1 is known to 1.1e-16, γ² times that is what γ is known to.
        assert found.summary()["largest_gamma_error"] > 1e-5
        assert "γ is wrong by up to" in found.sentence

    def test_beyond_1e8_nothing_is_left(self):
        found = comparison((1, 0, 0), NONE, (0.0, 1e9), rtol=1e-7)
        assert abs(found.momentum.gamma[-1] / 1e9 - 1.0) < 1e-14
        assert not np.isfinite(found.gamma_error[-1]) or found.gamma_error[-1] > 0.5
        assert found.lost_at is not None
        assert found.beyond_c > 0
        assert f"{found.beyond_c} attempts met |v| > c" in found.sentence

    def test_agree_where_both_can(self):
        found = comparison(
            (0.3, 0, 0), (0, 0, 1), (0.0, 20.0), momentum=(0, 0.5, 0), rtol=1e-11,
            potential=lambda t, x: -0.3 * x[0],
        )  # fmt: skip
        assert np.abs(found.gamma_error).max() < 1e-9
        assert found.lost_at is None
        assert far(found.velocities.position[:, -1], found.momentum.position[:, -1]) < 1e-9

    def test_a_store_keeps_the_momentum_alone(self, tmp_path):
        where = ((1, 0, 0), NONE, (0.0, 20.0))
        first = comparison(*where, store=tmp_path)
        again = comparison(*where, store=tmp_path)
        np.testing.assert_array_equal(again.momentum.solution.y, first.momentum.solution.y)
        np.testing.assert_array_equal(again.gamma_error, first.gamma_error)

    def test_shown_at_times_of_their_own(self):
        found = comparison((1, 0, 0), NONE, (0.0, 20.0), t_eval=[5.0, 7.0])
        assert found.t.tolist() == [5.0, 7.0]
        assert found.gamma_error.max() < 1e-6
        with pytest.raises(InputError, match="t_eval must have a time to compare at"):
            comparison((1, 0, 0), NONE, (0.0, 20.0), t_eval=[])
