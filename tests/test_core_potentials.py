"""Basis sets that are made for effective core potentials.

Energies by PySCF 2.14 with `ecp` given by hand: RHF, and CASCI(2, 2) of copper hydride.
"""

import numpy as np
import pytest
from pyscf import gto, scf

from suite.chemistry import pyscf_surface
from suite.core_potentials import core_potentials
from suite.errors import InputError
from suite.molecule import BOHR, Molecule
from suite.quantum import molecule as problem_of_molecule


@pytest.mark.parametrize(
    ("geometry", "basis", "energy"),
    [
        ("Cu 0 0 0; H 0 0 1.46", "lanl2dz", -195.5351879811),
        ("I 0 0 0; H 0 0 1.6", "def2-svp", -297.2315508860),
        ("C 0 0 0; O 0 0 1.128", "ccecp-cc-pvdz", -21.2812243912),
        ("Cl 0 0 0; H 0 0 1.27", "sbkjc", -15.2433453929),
    ],
)
@pytest.mark.filterwarnings("ignore::suite.quantum.problems.active.SplitShellWarning")
def test_a_basis_brings_the_potential_it_is_made_for(geometry, basis, energy):
    found = problem_of_molecule(geometry, basis, active_space=(2, 2))
    assert found.hartree_fock == pytest.approx(energy, abs=1e-8)
    assert found.exact < found.hartree_fock


@pytest.mark.parametrize(
    ("symbols", "bond", "basis"),
    [(["Cl", "H"], 1.27, "lanl2dz"), (["C", "O"], 1.128, "ccecp-cc-pvdz")],
)
def test_a_surface_has_them_too(symbols, bond, basis):
    molecule = Molecule(symbols, np.array([[0, 0, 0], [0, 0, bond]]))
    potential = {symbol: basis.removesuffix("-cc-pvdz") for symbol in symbols if symbol != "H"}
    by_hand = gto.M(
        atom=f"{symbols[0]} 0 0 0; {symbols[1]} 0 0 {bond}", basis=basis, ecp=potential, verbose=0
    )
    surface = pyscf_surface(molecule, basis=basis)
    measured = surface.measure(np.ravel(molecule.coordinates) / BOHR)
    solved = scf.RHF(by_hand).run(conv_tol=1e-11)
    assert measured.energy == pytest.approx(solved.e_tot, abs=1e-8)
    np.testing.assert_allclose(
        np.reshape(measured.gradient, (2, 3)), solved.nuc_grad_method().kernel(), atol=1e-6
    )


def test_bases_of_all_electrons_bring_none_and_periodic_ones_are_refused():
    assert core_potentials(["Cu", "H"], "sto-3g") == {}
    assert core_potentials(["Cu", "I"], "def2-svp") == {"I": "def2-svp"}
    with pytest.raises(InputError, match="'gth-szv' is for pseudopotentials of periodic"):
        problem_of_molecule("H 0 0 0; H 0 0 0.74", "gth-szv")
