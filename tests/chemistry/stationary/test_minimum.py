"""Minima of molecules: reached in few gradients, proved, pushed where symmetry held a saddle."""

import json
from pathlib import Path

import numpy as np
import pytest

from suite.chemistry import Molecule, pyscf_surface
from suite.chemistry.journal import Journal
from suite.chemistry.stationary.minimum import pushed, relax, settle
from suite.chemistry.stationary.state import Stationary, steepest
from suite.core import Status, Store
from suite.molecule import BOHR

REFERENCE = Path(__file__).parents[2] / "reference"


def water(bend=0.0):
    place = np.array([[0.0, 0.757, 0.587], [0.0, 0.0, 0.0], [0.0, -0.757, 0.587]])
    molecule = Molecule(("H", "O", "H"), place * (1.0 + bend))
    return pyscf_surface(molecule, "hf", "3-21g"), molecule.coordinates.ravel() / BOHR


def test_water_has_its_tabulated_geometry_after_few_gradients():
    surface, x = water(0.02)
    journal = Journal()
    end = relax(surface, x, surface.hessian(x), journal=journal)
    oxygen, sides = end.place.x[3:6], end.place.x.reshape(3, 3)[[0, 2]]
    bonds = sides - oxygen
    lengths = np.linalg.norm(bonds, axis=1)
    angle = np.degrees(np.arccos(bonds[0] @ bonds[1] / lengths.prod()))
    # Hehre, Radom, Schleyer, Pople, Ab Initio Molecular Orbital Theory: HF/3-21G water.
    assert lengths * BOHR == pytest.approx(0.967, abs=6e-4)
    assert angle == pytest.approx(107.6, abs=0.15)
    assert end.place.energy == pytest.approx(-75.58596, abs=1e-5)
    assert end.proved
    assert end.sentence == ""
    assert journal.record.tally.cost["gradients"] <= 5
    assert journal.record.tally.cost["hessians"] == 1


def test_planar_ammonia_is_told_for_a_saddle_and_pushed_into_its_pyramid(tmp_path):
    reference = json.loads((REFERENCE / "nh3_inversion.json").read_text())
    ts, bottom = reference["ts"], reference["endpoints"]["forward"]
    molecule = Molecule(tuple(reference["symbols"]), np.array(ts["xyz"]))
    surface, x = pyscf_surface(molecule, "hf", "3-21g"), molecule.coordinates.ravel() / BOHR
    model = np.eye(12)  # a model without the imaginary mode, as of a path that kept the plane
    with Store(tmp_path, {"job": "test"}, kinds=(Stationary,)) as store:
        end = settle(surface, x, model, journal=Journal(store=store))
        again = settle(surface, x, model, journal=Journal(store=store))
    assert end.saddle is not None
    assert end.saddle.imaginary == pytest.approx([ts["imaginary_frequency_cm1"]], abs=0.5)
    assert end.proved
    assert end.place.energy == pytest.approx(bottom["energy"], abs=1e-6)
    lowest = end.vibrations.wavenumbers[:3]
    # 1e-6 hartree short of the bottom of the umbrella mode is 0.01 amu^1/2 bohr, and 3 cm⁻¹.
    assert lowest == pytest.approx(bottom["lowest_frequencies_cm1"], abs=3.0)
    assert "kept a symmetry. Pushed off it, the search went 1.61 kcal/mol further down." in (
        end.sentence
    )
    assert np.array_equal(again.place.x, end.place.x)


def test_a_push_goes_either_way_and_down():
    surface, x = water()
    straight = np.array([0.0, 0.0, -1.76193, 0.0, 0.0, 0.0, 0.0, 0.0, 1.76193])
    end = relax(surface, straight, np.eye(9))
    assert len(end.imaginary) == 2
    assert not end.proved
    for side in (1, -1):
        there = pushed(surface, end, side)
        assert surface.measure(there).energy < end.place.energy - 2e-4
    bottom = relax(surface, x, surface.hessian(x))
    assert np.array_equal(pushed(surface, bottom), bottom.place.x)


def test_fragments_that_drift_apart_are_ended_by_the_caller():
    molecule = Molecule(("He", "He"), np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.2]]))
    surface = pyscf_surface(molecule, "hf", "sto-3g")
    x = molecule.coordinates.ravel() / BOHR

    def apart(place):
        return Status.ENDPOINT if np.linalg.norm(place.x[3:] - place.x[:3]) > 4.0 else 0

    end = relax(surface, x, surface.hessian(x), stop=apart)
    assert (end.status, end.vibrations) == (Status.ENDPOINT, None)
    assert end.sentence.startswith("The end was not optimised: Endpoint reached")
    assert steepest(end.place) < 0.1
