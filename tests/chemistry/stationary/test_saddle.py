"""Saddles of molecules: refined from guesses, proved, refused by sentence, killed and resumed."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from suite.chemistry import Molecule, pyscf_surface
from suite.chemistry.journal import Journal, Unfinished
from suite.chemistry.stationary.saddle import NotASaddle, refine
from suite.chemistry.stationary.state import Stationary
from suite.chemistry.surfaces import Measured
from suite.core import Status, Store
from suite.errors import InputError
from suite.molecule import BOHR

REFERENCE = Path(__file__).parents[2] / "reference"


HONO = [
    *("N O O H", -0.17568625, -0.51846956, -0.03003815, 0.99754018, -0.44119372, -0.06041599),
    *(-0.79020713, 0.82793803, 0.02561901, -0.84948837, 1.06615172, 0.96970363),
]


def case(name):
    """Surface, saddle (bohr), its imaginary wavenumber and the next: from another program's run."""
    if name == "hono":  # HF/3-21G, by eigenvector following with exact Hessians, as the others
        symbols, xyz, imaginary, following = HONO[0].split(), HONO[1:], -516.2, None
    else:
        ts = json.loads((REFERENCE / f"{name}.json").read_text())
        symbols, ts = ts["symbols"], ts["ts"]
        xyz, imaginary = ts["xyz"], ts["imaginary_frequency_cm1"]
        following = ts["next_frequencies_cm1"]
    molecule = Molecule(tuple(symbols), np.array(xyz, float).reshape(-1, 3))
    surface = pyscf_surface(molecule, "hf", "3-21g")
    return surface, molecule.coordinates.ravel() / BOHR, imaginary, following


def apart(a, b):
    """Largest distance of an atom from its place in the other geometry, bohr."""
    a, b = (v.reshape(-1, 3) - v.reshape(-1, 3).mean(axis=0) for v in (a, b))
    return np.abs(a - Rotation.align_vectors(a, b)[0].apply(b)).max()


class Watched:
    """A surface whose calls are kept, and which may be killed or have no Hessian."""

    def __init__(self, surface, killed_at=None, has_hessian=True):
        self.surface, self.killed_at, self.has_hessian = surface, killed_at, has_hessian
        self.calls = []

    def __getattr__(self, name):
        return getattr(self.surface, name)

    def _call(self, kind, x):
        if len(self.calls) == self.killed_at:
            raise KeyboardInterrupt
        self.calls.append((kind, x.tobytes()))

    def measure(self, x, guess=None):
        self._call("gradient", x)
        return self.surface.measure(x, guess)

    def hessian(self, x, guess=None):
        assert self.has_hessian
        self._call("hessian", x)
        return self.surface.hessian(x, guess)


def disturbed(x, seed, angstrom):
    return x + np.random.default_rng(seed).normal(size=x.size) * angstrom / BOHR


@pytest.mark.parametrize(("name", "most"), [("hcn_hnc", 12), ("nh3_inversion", 16), ("hono", 14)])
def test_a_guess_comes_back_to_its_saddle(name, most):
    surface, saddle, imaginary, _ = case(name)
    journal = Journal()
    place, proved = refine(surface, disturbed(saddle, 1, 0.05), journal=journal)
    # What 2e-5 hartree/bohr leaves of the way along the softest mode, 0.05 hartree/bohr².
    assert apart(place.x, saddle) < 1e-3
    # The Hessian was measured a milli-bohr away.
    assert proved.imaginary == pytest.approx(imaginary, rel=1e-3)
    assert np.abs(place.gradient).max() < 2e-5
    assert journal.record.tally.cost["gradients"] <= most
    assert journal.record.tally.cost["hessians"] <= 3


def test_what_is_a_saddle_already_costs_one_gradient_and_one_hessian():
    surface, x, imaginary, following = case("hcn_hnc")
    journal = Journal()
    place, proved = refine(surface, x, journal=journal)
    assert journal.record.tally.cost == {"gradients": 1, "hessians": 1}
    assert np.array_equal(place.x, x)
    assert proved.wavenumbers == pytest.approx([imaginary, *following], abs=0.2)


def test_without_a_hessian_of_its_own_the_surface_is_asked_for_gradients_only():
    surface, x, imaginary, _ = case("hcn_hnc")
    journal = Journal()
    surface = Watched(surface, has_hessian=False)
    _, proved = refine(surface, x, journal=journal)
    assert journal.record.tally.cost == {"gradients": 1 + 2 * 3}
    assert proved.imaginary == pytest.approx(imaginary, abs=1.0)


@pytest.mark.parametrize("has_hessian", [True, False])
@pytest.mark.parametrize("killed_at", [3, 9])
def test_a_killed_search_goes_on_without_repeating_a_gradient(tmp_path, killed_at, has_hessian):
    surface, saddle, _, _ = case("hcn_hnc")
    x, about = disturbed(saddle, 2, 0.04), {"job": "test"}
    whole, killed, resumed = (
        Watched(surface, kill, has_hessian) for kill in (None, killed_at, None)
    )
    expected, _ = refine(whole, x)
    assert len(whole.calls) > 7
    killed.killed_at = min(killed_at, len(whole.calls) - 1)
    with Store(tmp_path, about, kinds=(Stationary,)) as store, pytest.raises(KeyboardInterrupt):
        refine(killed, x, journal=Journal(store=store))
    with Store(tmp_path, about, kinds=(Stationary,)) as store:
        found, _ = refine(resumed, x, journal=Journal(store=store))
        again, _ = refine(Watched(surface, 0), x, journal=Journal(store=store))
    assert killed.calls + resumed.calls == whole.calls
    assert np.array_equal(found.x, expected.x)
    assert np.array_equal(again.x, expected.x)


def test_two_imaginary_modes_are_refused_with_what_to_do():
    # Linear water is held straight by its symmetry: both bends are imaginary.
    water = Molecule(("H", "O", "H"), np.array([[0, 0, -0.93237], [0, 0, 0], [0, 0, 0.93237]]))
    surface = pyscf_surface(water, "hf", "3-21g")
    x = water.coordinates.ravel() / BOHR
    with pytest.raises(NotASaddle, match=r"Found \d+i, \d+i.*distort it a little") as raised:
        refine(surface, x, tolerance=2e-3)
    assert np.sum(raised.value.wavenumbers < -20.0) == 2
    assert raised.value.modes.shape == (9, 4)


def test_a_minimum_is_refused_with_what_to_do():
    hcn = Molecule(("H", "C", "N"), np.array([[0, 0, -1.0502], [0, 0, 0], [0, 0, 1.1371]]))
    surface = pyscf_surface(hcn, "hf", "3-21g")
    with pytest.raises(NotASaddle, match=r"Found none \(lowest: \d+.*mode=1 is the lowest"):
        refine(surface, hcn.coordinates.ravel() / BOHR, tolerance=2e-3)


def test_a_mode_may_be_named_and_must_exist():
    surface, x, _, _ = case("hcn_hnc")
    with pytest.raises(InputError, match=r"from 1 to 3\. Got 4"):
        refine(surface, x, mode=4)


class Falling:
    """A slope without end, and numbers that are none."""

    symbols, masses, noise = ("X",), np.ones(1), 1e-12

    def __init__(self, value=1.0):
        self.value = value

    def measure(self, x, guess=None):
        return Measured(float(self.value * x.sum()), self.value * np.ones(2))

    def hessian(self, x, guess=None):
        return np.diag([1.0, -1.0])


def test_a_search_that_does_not_arrive_says_so_and_nan_is_no_start():
    with pytest.raises(InputError, match=r"NaN or infinity at the starting geometry"):
        refine(Falling(np.nan), np.zeros(2))
    with pytest.raises(Unfinished, match=r"The saddle was not found.*largest gradient") as raised:
        refine(Falling(), np.zeros(2), most=20)
    assert raised.value.status in (Status.OUT_OF_ATTEMPTS, Status.UNDERFLOW)
