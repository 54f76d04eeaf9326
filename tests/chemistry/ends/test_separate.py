"""Fragments of an end: each alone, the complex that they form, and what follows for barriers.

Reference values: optimised by geomeTRIC 1.1 on PySCF 2.14 energies (HF or UHF/3-21G, gradients
below 2e-5 hartree/bohr), zero-point energies by `pyscf.hessian.thermo`.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from suite.chemistry import Molecule, model_surface, pyscf_surface, trace
from suite.chemistry.ends.both import KCAL, end_of
from suite.chemistry.journal import Journal
from suite.core import Status
from suite.errors import AttemptFailed
from suite.molecule import BOHR

REFERENCE = {  # energy and zero-point energy, hartree
    "F-": (-98.77213527501664, 0.0),
    "CH3F": (-138.28189322490056, 0.0422502638133497),
    "F-CH3F": (-237.10863183510156, 0.04296786814596856),
    "H2O": (-75.58595974300715, 0.021771604935873257),
    "H": (-0.49619860938093907, 0.0),
    "OH": (-74.9702283022493, 0.008220313794811227),
    "H2": (-1.1229598355236008, 0.010608747340813277),
}
CH3F = [[0, 0, 0], [0, 0, 1.42], [1.03, 0, -0.36], [-0.515, 0.892, -0.36], [-0.515, -0.892, -0.36]]


def ended(molecule, method="hf", model=None):
    surface, x = pyscf_surface(molecule, method, "3-21g"), molecule.coordinates.ravel() / BOHR
    found, journal = surface.measure(x), Journal()
    model = 0.5 * np.eye(x.size) if model is None else model
    end = end_of(
        surface, x, found.energy, 1e-3, model, guess=found.guess, journal=journal, track="end"
    )
    return end, journal


def test_an_ion_and_its_molecule_are_a_complex_with_a_hessian_and_known_apart():
    place = np.array([[0, 0, -2.3], *CH3F])
    end, journal = ended(Molecule(("F", "C", "F", "H", "H", "H"), place, charge=-1))
    assert end.kind == "minimum"
    assert end.sentence.startswith("A complex of F- + CH3F, 2.2")
    assert "34.26 kcal/mol below them apart. A minimum: no imaginary mode." in end.sentence
    assert end.energy == end.foot == pytest.approx(REFERENCE["F-CH3F"][0], abs=2e-6)
    assert end.vibrations.wavenumbers[[0, 2, 3]] == pytest.approx([151.3, 334.4, 985.2], abs=3.0)
    ion, molecule = end.separate.parts
    assert (ion.name, molecule.name) == ("F-", "CH3F")
    assert ion.energy == pytest.approx(REFERENCE["F-"][0], abs=1e-7)
    assert molecule.energy == pytest.approx(REFERENCE["CH3F"][0], abs=2e-6)
    told = json.loads(json.dumps(end.summary(("F", "C", "F", "H", "H", "H"), -1)))
    assert told["held_by_kcal_mol"] == pytest.approx(34.264, abs=0.005)
    assert [p["charge"] for p in told["separate"]["parts"]] == [-1, 0]
    tracks = {row["track"] for row in journal.record}
    assert tracks == {"end point", "end fragment 1", "end fragment 2", "end complex"}


def test_what_hardly_holds_is_said_and_not_optimised():
    place = np.array(
        [
            [-0.2703, -0.0601, 0.0000],
            [-0.4714, 0.9044, 0.0000],
            [2.0570, -0.1484, 0.0000],
            [2.7047, 0.1978, 0.0000],
        ]
    )
    end, journal = ended(Molecule(("O", "H", "H", "H"), place, spin=1))
    assert end.kind == "fragments"
    assert "HO (1 unpaired) + H2" in end.sentence
    assert "So weak a van der Waals contact is not optimised." in end.sentence
    assert end.foot == pytest.approx(REFERENCE["OH"][0] + REFERENCE["H2"][0], abs=2e-6)
    assert end.foot != end.energy
    assert "end complex" not in {row["track"] for row in journal.record}


def test_what_cannot_be_told_apart_stays_as_it_was_and_says_why():
    place = np.array([[0, 0, 0], [0, 0, 3.5]])
    end, journal = ended(Molecule(("H", "F"), place))
    assert end.kind == "fragments"
    assert end.separate is None
    assert end.foot == end.energy
    assert "They were not computed apart:" in end.sentence
    assert journal.record.tally.cost == {"gradients": 1}
    surface = model_surface("leps")
    x = np.array([0, 0, 0, 0, 0, 1.4016, 0, 0, 7.0])
    energy = surface.measure(x).energy
    end = end_of(surface, x, energy, 0.0, np.eye(9), guess=None, journal=Journal(), track="end")
    assert "known from PySCF surfaces only" in end.sentence


def test_a_fragment_whose_scf_fails_leaves_the_end_where_it_was(monkeypatch):
    from suite.chemistry.surfaces import electronic

    real = electronic.solve

    def failing(recipe, guess, **more):
        if recipe.mean_field.mol.natm == 1:
            raise AttemptFailed("The SCF did not converge.")
        return real(recipe, guess, **more)

    monkeypatch.setattr(electronic, "solve", failing)
    place = np.array([[0, 0, -2.3], *CH3F])
    end, _ = ended(Molecule(("F", "C", "F", "H", "H", "H"), place, charge=-1))
    assert end.kind == "fragments"
    assert end.sentence.endswith("They were not computed apart: The SCF did not converge.")


@pytest.fixture(scope="module")
def exchange():
    """OH + H2 → H2O + H, which separates on both sides."""
    case = Path(__file__).parents[3] / "benchmarks" / "chemistry" / "cases" / "oh_h2.json"
    case = json.loads(case.read_text())
    saddle = Molecule(tuple(case["symbols"]), np.array(case["ts"]["xyz"]), 0, 1)
    return trace(saddle, basis="3-21g")


def test_a_reaction_of_fragments_has_the_energies_of_the_fragments(exchange):
    thermo = exchange.thermochemistry
    water, hydroxyl = (
        sum(np.array(REFERENCE[name]) for name in names) for names in (("H2O", "H"), ("OH", "H2"))
    )
    electronic, zero_point = (hydroxyl - water) * KCAL
    reaction = thermo["reaction"]
    assert reaction["electronic_kcal_mol"] == pytest.approx(electronic, abs=0.003)
    assert reaction["zero_point_kcal_mol"] == pytest.approx(electronic + zero_point, abs=0.01)
    assert thermo["reverse"]["molecules"] == thermo["forward"]["molecules"] == 2
    assert thermo["reverse"]["rate_unit"] == "cm3/molecule/s"
    # Detailed balance: both rates are over the same saddle.
    ratio = thermo["reverse"]["rate"] / thermo["forward"]["rate"]
    gibbs = reaction["gibbs_kcal_mol"] / KCAL / (3.1668115634556e-6 * 298.15)
    assert np.log(ratio) == pytest.approx(-gibbs, abs=1e-6)
    assert "order of magnitude" in thermo["forward"]["rate_sentence"]


def test_a_run_with_fragments_answers_again_for_nothing(exchange, tmp_path):
    case = Path(__file__).parents[3] / "benchmarks" / "chemistry" / "cases" / "oh_h2.json"
    case = json.loads(case.read_text())
    saddle = Molecule(tuple(case["symbols"]), np.array(case["ts"]["xyz"]), 0, 1)
    seen = []
    for _ in range(2):
        path = trace(
            saddle, basis="3-21g", store=tmp_path, observe=(lambda track, _: seen.append(track),)
        )
        count = len(seen)
        assert path.thermochemistry == exchange.thermochemistry
    assert len(seen) == count
    assert set(exchange.status.values()) == {Status.ENDPOINT}
