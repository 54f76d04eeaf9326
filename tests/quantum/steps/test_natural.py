"""The two-signal natural gradient: each signal governs its own knob."""

import itertools

import numpy as np
import pytest

from suite.core import Status
from suite.quantum.steps.natural import along
from tests.quantum.steps.engines import attempts, sphere


@pytest.mark.parametrize("seed", range(4))
def test_it_goes_down_to_the_lowest_eigenvalue(seed):
    engine, lowest = sphere(6, seed)
    first = np.random.default_rng(seed).normal(size=5) * 0.3
    made, way = attempts(engine, first, "natural", evaluations=500, gradient=1e-6)
    assert made[-1].status is Status.CONVERGED
    assert way.answer(made[-1].after.state)[0] == pytest.approx(lowest, abs=1e-9)


def test_no_step_goes_beyond_the_lowest_point_along_it_at_the_damping_of_the_step():
    engine, _ = sphere(8, 3)
    made, _ = attempts(engine, np.full(7, 0.4), "natural")
    cut = 0
    for before, attempt in itertools.pairwise(made):
        here = before.after.state.here
        unit, slope, bend = along(here, attempt.step.damping)
        assert np.sqrt(unit @ here.metric @ unit) == pytest.approx(1.0)
        if bend > 0.0:
            assert attempt.step.size <= -slope / bend * (1 + 1e-12)
        cut += attempt.bound == "curvature"
        assert attempt.step.damping >= 1e-6
    assert cut > 0


def test_damping_rises_where_the_metric_misjudges_the_angle():
    engine, _ = sphere(8, 3)
    made, _ = attempts(engine, np.full(7, 0.9), "natural")
    for attempt in made[1:]:
        departure, before = attempt.trial.evidence["angle"].value, attempt.step.damping
        if departure > 0.3:
            assert attempt.after.step.damping > before
        if departure < 0.1:
            assert attempt.after.step.damping <= before
