"""The ends of a path: a proved minimum, fragments in words, a saddle that is pushed off."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from suite.chemistry import Molecule, MullerBrown, model_surface, pyscf_surface, trace
from suite.chemistry.ends.both import end_of, left_open
from suite.chemistry.journal import Journal
from suite.core import Status
from suite.errors import AttemptFailed
from suite.molecule import BOHR

REFERENCE = Path(__file__).parents[2] / "reference"
KCAL = 627.5094740631


def ended(surface, x, model, slope=1e-4):
    journal = Journal()
    energy = surface.measure(x).energy
    end = end_of(surface, x, energy, slope, model, guess=None, journal=journal, track="forward end")
    return end, journal


def test_a_bowl_ends_in_its_minimum_proved():
    surface, x = MullerBrown(), np.array([-0.6, 1.4])
    end, journal = ended(surface, x, surface.hessian(x))
    exact = minimize(lambda x: surface.measure(x).energy, x, tol=1e-12).x
    assert end.kind == "minimum"
    assert end.sentence == "A minimum: no imaginary mode."
    np.testing.assert_allclose(end.x, exact, atol=1e-4)
    assert np.all(end.vibrations.wavenumbers > 0.0)
    assert journal.record.tally.cost["hessians"] == 1


def test_atoms_already_apart_are_told_and_cost_one_gradient():
    surface = model_surface("leps")
    x = np.array([0, 0, 0, 0, 0, 1.4016, 0, 0, 7.0])
    end, journal = ended(surface, x, np.eye(9), slope=2e-3)
    assert end.kind == "fragments"
    assert end.vibrations is None
    assert journal.record.tally.cost == {"gradients": 1}
    found = re.search(r"(\d\.\d\d) angstrom .* falls by (\d\.\d\d) kcal/mol", end.sentence)
    assert float(found[1]) == pytest.approx((7.0 - 1.4016) * BOHR, abs=5e-3)
    assert float(found[2]) == pytest.approx(2e-3 * KCAL, abs=5e-3)
    assert "H2 + H" in end.sentence
    told = end.summary(surface.symbols)
    assert told["kind"] == "fragments"
    assert not told["optimised"]
    assert json.loads(json.dumps(told)) == told


def test_exchange_ends_in_fragments_on_both_sides():
    surface = model_surface("leps")
    path = trace(surface, start=surface.saddle)
    assert set(path.status.values()) == {Status.ENDPOINT}
    assert {end.kind for end in path.ends.values()} == {"fragments"}
    # The surface and its saddle are symmetric, and H2 alone is at the bottom of its Morse curve.
    np.testing.assert_allclose(path.barrier("forward"), path.barrier("reverse"), atol=0.01)
    top = surface.measure(surface.saddle).energy + 0.1744
    assert path.barrier("forward") == pytest.approx(top * KCAL, abs=0.5)


def test_a_saddle_by_symmetry_is_said_and_pushed_into_the_minimum():
    case = json.loads((REFERENCE / "nh3_inversion.json").read_text())
    molecule = Molecule(tuple(case["symbols"]), np.array(case["ts"]["xyz"]))
    surface, x = pyscf_surface(molecule, "hf", "3-21g"), molecule.coordinates.ravel() / BOHR
    end, journal = ended(surface, x, np.eye(12))
    assert end.kind == "minimum"
    assert "The path ends in a saddle" in end.sentence
    assert "Pushed off it, the search went 1.61 kcal/mol further down." in end.sentence
    assert end.energy == pytest.approx(case["endpoints"]["forward"]["energy"], abs=1e-6)
    assert {row["track"] for row in journal.record} == {"forward end", "forward end pushed"}


class Failing(MullerBrown):
    def measure(self, x, guess=None):
        raise AttemptFailed("The SCF did not converge.")


def test_an_end_that_cannot_be_measured_stays_where_the_path_arrived():
    x = np.array([-0.6, 1.4])
    end = end_of(
        Failing(), x, -1.0, 1e-4, np.eye(2), guess=None, journal=Journal(), track="forward end"
    )
    assert end.kind == "failed"
    assert end.sentence == "The end was not optimised: The SCF did not converge."
    np.testing.assert_array_equal(end.x, x)


def test_an_open_end_bears_the_name_of_its_status():
    end = left_open(Status.OUT_OF_BUDGET, np.zeros(2), -1.0, "")
    assert end.kind == "out_of_budget"
    assert end.sentence == Status.OUT_OF_BUDGET.sentence
    assert not end.summary(("X",))["optimised"]


@pytest.mark.parametrize("apart", [False, True])
def test_a_path_that_went_astray_is_never_called_an_end(apart):
    surface = model_surface("leps") if apart else MullerBrown()
    x = np.array([0, 0, 0, 0, 0, 1.4016, 0, 0, 7.0]) if apart else np.array([-0.6, 1.4])
    energy = surface.measure(x).energy
    end = end_of(
        surface,
        x,
        energy + 0.01,
        1e-4,
        np.eye(x.size),
        guess=None,
        journal=Journal(),
        track="forward end",
    )
    assert end.kind == "failed"
    assert end.sentence.startswith(
        "The path went astray: its last point is taken to be 6.3 kcal/mol above"
    )
    assert end.energy <= energy
