"""Molden files read back by PySCF, and QCSchema checked by its own library."""

import json

import numpy as np
import pytest
from pyscf import scf
from pyscf.tools import molden

from suite.chemistry.export import qcschema, write_molden
from suite.chemistry.surfaces import Measured, MullerBrown, pyscf_surface
from suite.errors import InputError, StoreError
from suite.molecule import BOHR, Molecule

RADICAL = Molecule(("O", "H"), np.array([[0, 0, 0], [0, 0.1, 0.97]]), 0, 1)
X = RADICAL.coordinates.ravel() / BOHR


def test_molden_holds_the_orbitals_of_the_energy(tmp_path):
    surface = pyscf_surface(RADICAL, "hf", "3-21g")
    found = surface.measure(X)
    path = write_molden(surface, X, found.guess, tmp_path / "a" / "oh.molden")
    molecule, _, coefficients, occupations, _, _ = molden.load(str(path))
    molecule.spin = 1
    molecule.build()
    field = scf.UHF(molecule)
    # A density on the file's orbitals must have the energy; the file keeps about 8 digits.
    density = field.make_rdm1(coefficients, occupations)
    assert field.energy_tot(density) == pytest.approx(found.energy, abs=1e-6)
    assert [p.name for p in path.parent.iterdir()] == ["oh.molden"]


def test_casscf_has_orbitals_too_and_a_model_has_none(tmp_path):
    hydride = Molecule(("Li", "H"), np.array([[0, 0, 0], [0, 0, 1.6]]))
    x = hydride.coordinates.ravel() / BOHR
    surface = pyscf_surface(hydride, "casscf(2,2)", "sto-3g")
    assert "[MO]" in write_molden(surface, x, None, tmp_path / "lih.molden").read_text()
    with pytest.raises(InputError, match="Only a surface by PySCF"):
        write_molden(MullerBrown(), np.zeros(2), None, tmp_path / "x.molden")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="could not be written"):
        write_molden(surface, x, None, tmp_path / "file" / "x.molden")


def test_qcschema_is_valid_and_says_what_was_computed():
    surface = pyscf_surface(RADICAL, "pbe", "sto-3g")
    found = surface.measure(X)
    made = json.loads(json.dumps(qcschema(surface, found, X), allow_nan=False))
    assert made["properties"]["return_energy"] == found.energy
    assert made["molecule"]["molecular_multiplicity"] == 2
    assert made["keywords"] == {"grid": 4}
    assert made["model"] == {"method": "pbe", "basis": "sto-3g"}
    models = pytest.importorskip("qcelemental").models
    checked = getattr(models, "v1", models).AtomicResult(**made)
    np.testing.assert_allclose(np.ravel(checked.return_result), found.gradient)
    np.testing.assert_allclose(np.ravel(checked.molecule.geometry), X, atol=1e-8)


def test_qcschema_refuses_what_it_cannot_hold():
    with pytest.raises(InputError, match="3 coordinates an atom"):
        qcschema(MullerBrown(), MullerBrown().measure(np.zeros(2)), np.zeros(2))
    surface = pyscf_surface(RADICAL, "hf", "sto-3g")
    with pytest.raises(InputError, match="finite"):
        qcschema(surface, Measured(np.nan, np.zeros(6)), X)
