"""Model surfaces: derivatives, stationary points and published values."""

import numpy as np
import pytest

from suite.chemistry.surfaces import Leps, MullerBrown, ValleyRidge, model_surface
from suite.errors import InputError

NAMES = ["muller-brown", "valley-ridge", "leps"]


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_are_those_of_the_energy(name):
    surface = model_surface(name)
    x = surface.saddle + 0.1 * np.cos(np.arange(surface.saddle.size))
    here = surface.measure(x)
    for i in range(x.size):
        step = np.eye(x.size)[i] * 1e-5
        up, down = surface.measure(x + step), surface.measure(x - step)
        assert here.gradient[i] == pytest.approx((up.energy - down.energy) / 2e-5, abs=1e-8)
        if surface.has_hessian:
            slope = (up.gradient - down.gradient) / 2e-5
            np.testing.assert_allclose(surface.hessian(x)[i], slope, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_its_saddle_is_one(name):
    surface = model_surface(name)
    x = surface.saddle
    np.testing.assert_allclose(surface.measure(x).gradient, 0.0, atol=1e-11)
    steps = np.eye(x.size) * 1e-4
    hessian = [(surface.measure(x + s).gradient - surface.measure(x - s).gradient) for s in steps]
    assert np.sum(np.linalg.eigvalsh(np.array(hessian) / 2e-4) < -1e-6) == 1


def test_published_energies_of_muller_and_brown():
    surface = MullerBrown()
    for x, energy in (
        ([-0.822, 0.624], -40.665),
        ([-0.558, 1.442], -146.700),
        ([0.623, 0.028], -108.167),
    ):
        assert 200 * surface.measure(np.array(x)).energy == pytest.approx(energy, abs=2e-3)


def test_h2_alone_is_its_morse_curve():
    x = np.array([0, 0, 0, 0, 0, 1.4016, 0, 0, 200.0])
    assert Leps().measure(x).energy == pytest.approx(-0.1744, abs=1e-12)
    assert abs(Leps().measure(x + np.array([0, 0, 0, 0, 0, 500.0, 0, 0, 0])).energy) < 1e-12


def test_the_valley_turns_into_a_ridge():
    surface = ValleyRidge()
    across = [surface.hessian(np.array([x, 0.0]))[1, 1] for x in (0.2, 0.25, 0.3)]
    assert across[0] > 0
    assert across[1] == pytest.approx(0.0, abs=1e-15)
    assert across[2] < 0


def test_an_unknown_model_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="did you mean muller-brown"):
        model_surface("muler brown")
    with pytest.raises(InputError, match="differences"):
        Leps().hessian(Leps().saddle)
