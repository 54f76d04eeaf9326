"""The acceleration keeps a step on its geodesic to third order, and never outweighs the step."""

import itertools

import numpy as np
import pytest

from suite.quantum.exact.circuits import circuit_engine
from suite.quantum.steps.acceleration import MOST, accelerated
from suite.quantum.steps.course import Incumbent, across
from suite.quantum.steps.region import Region, region_of
from tests.quantum.steps.engines import chain, sphere, su2


def somewhere(engine, seed, size=1.0, damping=0.0):
    """A random place of an engine, and the region about it."""
    parameters = size * np.random.default_rng(seed).normal(size=engine.parameters)
    at = Incumbent(parameters, engine.geometry(parameters))
    return at, region_of(at.here, damping)


def towards(region, seed, angle):
    """A random y of a length."""
    y = np.random.default_rng(seed).normal(size=region.basis.shape[1])
    return y * angle / np.linalg.norm(y)


def steady(at):
    """A region of directions that move the state well: along others moves are long."""
    spectrum, vectors = np.linalg.eigh(at.here.metric)
    kept = spectrum > 0.1 * spectrum[-1]
    nil = np.zeros(np.count_nonzero(kept))
    return Region(vectors[:, kept] / np.sqrt(spectrum[kept]), nil, nil, spectrum)


def miss(engine, at, region, move, y):
    """What a move lacks, along the region's directions, of the end of its geodesic."""
    straight = region.basis @ y
    length = np.sqrt(straight @ at.here.metric @ straight)
    wanted = np.sinc(length / np.pi) * (at.here.metric @ straight)
    reached = across(engine.state(at.parameters + move), at.here.state)
    return np.linalg.norm(region.basis.T @ (wanted - engine.overlaps(at.parameters, reached)))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("circuit", [False, True])
def test_what_is_missed_of_the_geodesic_falls_with_the_third_power(circuit, seed):
    engine = circuit_engine(su2(3, 1), chain(3)) if circuit else sphere(6, seed)[0]
    at, _ = somewhere(engine, seed, size=1.0 if circuit else 0.5)
    region = steady(at)
    misses = {True: [], False: []}
    for angle in (4e-2, 2e-2, 1e-2):
        y = towards(region, seed, angle)
        for bent in misses:
            move = accelerated(engine, at, region, y) if bent else region.basis @ y
            misses[bent].append(miss(engine, at, region, move, y))
    assert misses[True][-1] < 0.2 * misses[False][-1]
    for before, after in itertools.pairwise(misses[True]):
        assert before / after == pytest.approx(8.0, rel=0.3)
    for before, after in itertools.pairwise(misses[False]):
        assert before / after == pytest.approx(4.0, rel=0.3)


def test_along_a_geodesic_nothing_is_corrected():
    engine, _ = sphere(6, 1)
    at, region = somewhere(engine, 1, size=0.0)  # where straight lines are great circles
    y = towards(region, 2, 0.7)
    np.testing.assert_allclose(accelerated(engine, at, region, y), region.basis @ y, atol=1e-3)


@pytest.mark.parametrize("angle", [1e-9, 0.3, 1.5])
def test_a_correction_is_at_most_half_the_step(angle):
    engine = circuit_engine(su2(4, 2), chain(4, "XXYYZZ", 0.0))
    for seed in range(6):
        at, region = somewhere(engine, seed, size=2.0, damping=1e-3)
        y = towards(region, seed, angle)
        move = accelerated(engine, at, region, y)
        assert np.all(np.isfinite(move))
        correction = np.linalg.lstsq(region.basis, move - region.basis @ y, rcond=None)[0]
        assert np.linalg.norm(correction) <= MOST * angle * (1.0 + 1e-9)


def test_no_step_is_no_move():
    engine, _ = sphere(4, 0)
    at, region = somewhere(engine, 0)
    assert not np.any(accelerated(engine, at, region, np.zeros(region.basis.shape[1])))
