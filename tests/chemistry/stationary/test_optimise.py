"""The search for stationary points: its step, and all there are on Müller and Brown's surface."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.chemistry import MullerBrown
from suite.chemistry.journal import Journal
from suite.chemistry.stationary import optimise
from suite.chemistry.stationary.minimum import relax
from suite.chemistry.stationary.saddle import refine
from suite.chemistry.surfaces import Measured
from suite.core import Fixed, Status
from suite.errors import AttemptFailed

# Müller and Brown, Theor. Chim. Acta 53, 75 (1979): positions, and energies over 200.
MINIMA = {(-0.558, 1.442): -146.700, (0.623, 0.028): -108.167, (-0.050, 0.467): -80.768}
SADDLES = {(-0.822, 0.624): -40.665, (0.212, 0.293): -72.249}


@given(st.integers(0, 10_000), st.integers(1, 12), st.floats(0.01, 10.0), st.floats(0.0, 1.0))
def test_no_step_within_the_radius_lowers_the_model_more(seed, size, radius, share):
    random = np.random.default_rng(seed)
    values = random.normal(size=size)
    components = random.normal(size=size) * (random.uniform(size=size) > share)

    def model(step):
        return step @ components + 0.5 * (step * step) @ values

    best = optimise.restricted(values, components, radius)
    assert np.linalg.norm(best) <= radius * (1.0 + 1e-9)
    others = random.normal(size=(2000, size))
    others *= radius * random.uniform(size=(2000, 1)) / np.linalg.norm(others, axis=1)[:, None]
    others = np.vstack([others, best + 1e-3 * radius * random.normal(size=(200, size))])
    others = others[np.linalg.norm(others, axis=1) <= radius]
    lowest = others @ components + 0.5 * (others * others) @ values
    assert model(best) <= lowest.min(initial=0.0) + 1e-9 * (1.0 + abs(model(best)))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("place", MINIMA)
def test_the_three_minima_from_all_around(place, seed):
    surface = MullerBrown()
    x = np.array(place) + np.random.default_rng(seed).uniform(-0.1, 0.1, 2)
    journal = Journal()
    end = relax(surface, x, surface.hessian(x), journal=journal)
    assert end.proved
    # The papers' three digits.
    assert end.place.x == pytest.approx(place, abs=6e-4)
    assert end.place.energy * 200.0 == pytest.approx(MINIMA[place], abs=6e-3)
    assert journal.record.tally.cost["gradients"] < 12


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("place", SADDLES)
def test_both_saddles_from_all_around(place, seed):
    x = np.array(place) + np.random.default_rng(seed).uniform(-0.1, 0.1, 2)
    journal = Journal()
    found, saddle = refine(MullerBrown(), x, journal=journal)
    assert found.x == pytest.approx(place, abs=6e-4)
    assert found.energy * 200.0 == pytest.approx(SADDLES[place], abs=6e-3)
    assert saddle.wavenumbers[0] < 0.0 < saddle.wavenumbers[1]
    assert journal.record.tally.cost["gradients"] < 15


class Broken(MullerBrown):
    """Answers NaN, or fails, where y is above a line."""

    def __init__(self, line, failure=None):
        super().__init__()
        object.__setattr__(self, "bounds", (line, failure))

    def measure(self, x, guess=None):
        line, failure = self.bounds
        if x[1] > line and failure:
            raise AttemptFailed(failure, cost={"gradients": 1})
        return Measured(np.nan, x * np.nan) if x[1] > line else super().measure(x)


def test_a_hole_on_the_way_makes_the_step_smaller_and_a_wall_ends_the_search():
    x = np.array([-0.7, 1.2])
    journal = Journal()
    beyond = relax(Broken(1.46), x, MullerBrown().hessian(x), journal=journal)
    assert beyond.proved
    wall = relax(Broken(1.4), x, MullerBrown().hessian(x))
    assert (wall.status, wall.vibrations) == (Status.NOT_FINITE, None)
    assert "NaN" in wall.sentence
    failing = relax(Broken(1.4, "The SCF did not converge."), x, MullerBrown().hessian(x))
    assert failing.status == Status.FAILED


def test_a_caller_may_end_the_search_and_fixed_steps_are_a_law_like_any_other():
    surface, x = MullerBrown(), np.array([-0.7, 1.2])

    def low_enough(place):
        return Status.ENDPOINT if place.energy < -0.7 else Status.RUNNING

    end = relax(surface, x, surface.hessian(x), stop=low_enough)
    assert (end.status, end.proved) == (Status.ENDPOINT, False)
    found, _ = refine(surface, np.array([-0.8, 0.6]), law=Fixed())
    assert found.x == pytest.approx((-0.822, 0.624), abs=6e-4)
