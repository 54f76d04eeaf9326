"""Searches that find no saddle end soon, say why, and end alike when they are resumed."""

from dataclasses import dataclass

import numpy as np
import pytest

from suite.chemistry import Molecule, pyscf_surface
from suite.chemistry.journal import Journal, Unfinished
from suite.chemistry.search import PATIENCE, search
from suite.chemistry.surfaces import Measured, MullerBrown
from suite.chemistry.transition import find
from suite.core import Status
from suite.errors import InputError
from suite.molecule import BOHR

WATER = Molecule(
    ("O", "H", "H"), np.array([[0, 0, 0.0664], [0, 0.7541, -0.5267], [0, -0.7541, -0.5267]])
)


def test_water_near_its_minimum_is_given_up_once_its_parts_are_apart(tmp_path):
    with pytest.raises(Unfinished, match=r"fragments 3\.\d angstrom apart") as first:
        find(WATER, basis="3-21g", store=tmp_path)
    assert first.value.status is Status.OUT_OF_ATTEMPTS

    def made(*_):
        pytest.fail("an attempt was made again")

    with pytest.raises(Unfinished) as again:
        find(WATER, basis="3-21g", store=tmp_path, observe=(made,))
    assert str(again.value) == str(first.value)


@dataclass(frozen=True)
class Hill(MullerBrown):
    """It rises for ever along x, steeper and steeper: no point of it is stationary."""

    def measure(self, x, guess=None):
        rise = 0.01 * np.exp(x[0])
        energy = 0.05 * x[0] + rise + 0.15 * x[1] ** 2
        return Measured(float(energy), np.array([0.05 + rise, 0.3 * x[1]]))

    def hessian(self, x, guess=None):
        return np.diag([0.01 * np.exp(x[0]), 0.3])


def test_a_search_without_headway_ends():
    journal = Journal()
    with pytest.raises(Unfinished, match=f"the last {PATIENCE} attempts met no smaller gradient"):
        search(Hill(), np.array([0.0, 0.1]), mode=None, journal=journal)
    assert journal.record.tally.attempts < 2 * PATIENCE


def test_fragments_apart_are_no_saddle():
    place = np.array([[0.0, 0, 0], [0, 0, 0.7], [0, 0, 30.0], [0, 0, 30.7]])
    surface = pyscf_surface(Molecule(("H",) * 4, place), "hf", "sto-3g")
    with pytest.raises((InputError, Unfinished)):
        search(surface, place.ravel() / BOHR, mode=None, journal=Journal())
