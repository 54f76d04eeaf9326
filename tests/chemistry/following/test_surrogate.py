"""The surrogate agrees with its data, with its derivatives, and at the saddle with the Hessian."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.chemistry import Molecule, model_surface, pyscf_surface
from suite.chemistry.following.features import features_of
from suite.chemistry.following.surrogate import OTHER, WORKING, Surrogate, prior_of
from suite.chemistry.stationary.modes import internal_projector
from suite.chemistry.stationary.saddle import refine
from suite.molecule import BOHR
from tests.chemistry.following.test_features import differences

REFERENCE = Path(__file__).parents[2] / "reference"
NOISE = 2e-6


def molecule(name):
    case = json.loads((REFERENCE / f"{name}.json").read_text())
    return Molecule(tuple(case["symbols"]), np.array(case["ts"]["xyz"]))


def saddle_of(name):
    """Surface, saddle (mass-weighted), its projected Hessian, and the projector."""
    if name == "leps":
        surface = model_surface(name)
        start = surface.saddle
    else:
        found = molecule(name)
        surface = pyscf_surface(found, "hf", "3-21g" if name == "hcn_hnc" else "sto-3g")
        start = found.coordinates.ravel() / BOHR
    place, saddle = refine(surface, start)
    root = np.sqrt(np.repeat(surface.masses, 3))
    return surface, place.x * root, saddle.hessian, internal_projector(place.x, surface.masses)


@pytest.mark.parametrize("name", ["hcn_hnc", "nh3_inversion", "leps"])
def test_the_prior_has_the_saddles_hessian_bent_flat_or_linear(name):
    surface, x, hessian, internal = saddle_of(name)
    prior = prior_of(features_of(surface.masses, x.size), x, hessian, internal)
    local = Surrogate.begin(prior, WORKING, NOISE, x.size).at(x)
    assert local.energy == 0.0
    np.testing.assert_allclose(local.gradient, 0.0, atol=1e-12)
    np.testing.assert_allclose(local.hessian, hessian, atol=1e-9 * np.abs(hessian).max())


def taught(kernel, points, seed=0):
    """A surrogate of four atoms that knows some points of a surface made up for the purpose."""
    rng = np.random.default_rng(seed)
    masses = np.array([12.011, 1.008, 15.999, 14.007])
    root = np.sqrt(np.repeat(masses, 3))
    saddle = np.array([0, 0, 0, 2, 2, 0, 2, 0, 2, 0, 2, 2], float)
    features = features_of(masses, 12)
    half = rng.normal(size=(12, 12))
    internal = internal_projector(saddle, masses)
    hessian = internal @ (half + half.T) @ internal / 100.0
    prior = prior_of(features, saddle * root, hessian, internal)
    surrogate = Surrogate.begin(prior, kernel, NOISE, 12)
    data = []
    for _ in range(points):
        x = (saddle + rng.normal(scale=0.2, size=12)) * root
        seen = features.see(x)
        wave = np.sin(seen.values)
        data.append((x, 0.1 * float(wave.sum()), 0.1 * seen.jacobian.T @ np.cos(seen.values)))
    return surrogate, data


@settings(max_examples=15)
@given(st.integers(1, 8), st.sampled_from([WORKING, OTHER]), st.integers(0, 2**32 - 1))
def test_it_agrees_with_every_energy_and_gradient_it_was_taught(points, kernel, seed):
    surrogate, data = taught(kernel, points, seed)
    for point in data:
        surrogate = surrogate.learned(*point)
    for x, energy, gradient in data:
        local = surrogate.at(x)
        assert local.energy == pytest.approx(energy, abs=1e-5)
        np.testing.assert_allclose(local.gradient, gradient, atol=1e-5)


@settings(max_examples=10)
@given(st.integers(0, 4), st.sampled_from([WORKING, OTHER]), st.integers(0, 2**32 - 1))
def test_gradient_and_hessian_are_the_derivatives_of_the_energy(points, kernel, seed):
    surrogate, data = taught(kernel, points + 1, seed)
    for point in data[:-1]:
        surrogate = surrogate.learned(*point)
    x = data[-1][0]
    local = surrogate.at(x)
    slope = differences(lambda x: np.array(surrogate.at(x).energy), x, h=1e-3)
    np.testing.assert_allclose(local.gradient, slope, atol=1e-7)
    bent = differences(lambda x: surrogate.at(x).gradient, x, h=1e-3)
    np.testing.assert_allclose(local.hessian, bent, atol=1e-7)
    np.testing.assert_allclose(local.hessian, local.hessian.T, atol=1e-14)


def test_a_held_out_point_is_met_better_the_more_is_known():
    surrogate, data = taught(WORKING, 25)
    x, energy, _ = data[-1]
    missed = [abs(surrogate.at(x).energy - energy)]
    for point in data[:-1]:
        surrogate = surrogate.learned(*point)
        missed.append(abs(surrogate.at(x).energy - energy))
    assert missed[-1] < 0.02 * missed[0]


def test_the_mean_is_that_of_gaussian_process_regression():
    """One coordinate, against the textbook formula with the covariance written out in full."""
    features = features_of(np.ones(1), 1)
    prior = prior_of(features, np.zeros(1), np.zeros((1, 1)), np.eye(1))
    (length,), (variance,) = OTHER.lengths, OTHER.variances
    points = np.array([-0.9, 0.2, 1.1])
    surrogate = Surrogate.begin(prior, OTHER, NOISE, 1)
    for p in points:
        surrogate = surrogate.learned(np.array([p]), np.sin(p), np.array([np.cos(p)]))

    def block(a, b):
        d = a - b
        k = variance * np.exp(-0.5 * d * d / length**2)
        return k * np.array(
            [[1.0, d / length**2], [-d / length**2, 1.0 / length**2 - d * d / length**4]]
        )

    full = np.block([[block(a, b) for b in points] for a in points]) + NOISE**2 * np.eye(6)
    data = np.array([f(p) for p in points for f in (np.sin, np.cos)])
    at = 0.5
    across = np.hstack([block(at, b) for b in points])
    energy, slope = across @ np.linalg.solve(full, data)
    local = surrogate.at(np.array([at]))
    assert local.energy == pytest.approx(energy, abs=1e-9)
    assert local.gradient[0] == pytest.approx(slope, abs=1e-9)


def test_learning_in_two_goes_gives_the_bits_of_one():
    surrogate, data = taught(WORKING, 6)
    once = surrogate
    for point in data:
        once = once.learned(*point)
    kept = surrogate
    for point in data[:3]:
        kept = kept.learned(*point)
    aside = kept.learned(*data[5])  # learning elsewhere changes nothing here
    assert len(aside.seen) == 4
    for point in data[3:]:
        kept = kept.learned(*point)
    for name in ("factor", "residuals", "slopes", "heights"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(once, name))
    assert len(surrogate.seen) == 0
    np.testing.assert_array_equal(kept.at(data[0][0]).hessian, once.at(data[0][0]).hessian)
