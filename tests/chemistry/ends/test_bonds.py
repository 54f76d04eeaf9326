"""Bonds, fragments and names of 160 known molecules, and what a reaction does to them."""

from collections import Counter

import ase.data
import numpy as np
import pytest
from ase.collections import g2
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from suite.chemistry.ends.bonds import (
    ELEMENTS,
    RADII,
    bonds,
    changed,
    changes,
    formula,
    fragments,
    name_of,
    smiles,
)
from suite.errors import InputError

WATER = (["O", "H", "H"], np.array([[0.0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]]))


def test_radii_are_those_of_ase():
    assert ase.data.chemical_symbols[1 : len(ELEMENTS) + 1] == list(ELEMENTS)
    assert list(RADII.values()) == ase.data.covalent_radii[1 : len(RADII) + 1].tolist()


@pytest.mark.parametrize("name", g2.names)
def test_every_molecule_of_the_g2_set_is_one_fragment_of_its_formula(name):
    atoms = g2[name]
    symbols = atoms.get_chemical_symbols()
    found = formula(symbols, atoms.positions)
    assert " + " not in found
    assert found == atoms.get_chemical_formula(mode="hill")


def test_valences_are_right():
    """Bonds of hydrogen and carbon in molecules whose octets are full."""
    for name in ("CH4", "C2H6", "C6H6", "CH3CH2OH", "isobutane", "C5H8", "CH3CONH2", "CH3NO2"):
        atoms = g2[name]
        symbols = atoms.get_chemical_symbols()
        ends = Counter(i for pair in bonds(symbols, atoms.positions) for i in pair)
        assert all(ends[i] == 1 for i, s in enumerate(symbols) if s == "H")
        assert all(ends[i] in (3, 4) for i, s in enumerate(symbols) if s == "C")


def test_two_waters_of_a_hydrogen_bond_are_two_fragments():
    symbols, place = WATER
    both = np.concatenate([place, place + np.array([2.9, 0.0, 0.0])])
    assert fragments(symbols * 2, both) == [(0, 1, 2), (3, 4, 5)]
    assert formula(symbols * 2, both) == "H2O + H2O"


@given(st.integers(0, 10**6), st.floats(-5.0, 5.0), st.permutations(range(9)))
def test_bonds_know_no_frame_and_no_order(seed, shift, order):
    atoms = g2["CH3CH2OH"]
    symbols = np.array(atoms.get_chemical_symbols())
    moved = Rotation.random(random_state=seed).apply(atoms.positions) + shift
    plain = set(bonds(list(symbols), atoms.positions))
    shuffled = bonds(list(symbols[order]), moved[order])
    assert {tuple(sorted((order[i], order[j]))) for i, j in shuffled} == plain


def test_a_reaction_is_told_in_words():
    symbols = ["C", "N", "H"]
    hcn = np.array([[0.0, 0, 0], [1.15, 0, 0], [-1.07, 0, 0]])
    hnc = np.array([[0.0, 0, 0], [1.17, 0, 0], [2.16, 0, 0]])
    assert changes(symbols, hnc, hcn) == "C1-H3 bond formed, H3-N2 bond broken"
    assert changes(symbols, hcn, hcn) == "no bond formed or broken"
    apart = np.array([[0.0, 0, 0], [1.128, 0, 0], [5.0, 0, 0], [5.74, 0, 0]])
    together = np.array([[0.0, 0, 0], [1.2, 0, 0], [-0.55, 0.94, 0], [-0.55, -0.94, 0]])
    told = changes(["C", "O", "H", "H"], together, apart)
    assert told == "H3-H4 bond formed, C1-H3 and C1-H4 bonds broken"


@given(st.floats(0.5, 4.0), st.floats(0.5, 4.0))
def test_the_way_back_is_the_other_way_round_and_a_quiver_is_no_reaction(before, after):
    symbols = ["C", "H"]
    one, two = (np.array([[0.0, 0, 0], [r, 0, 0]]) for r in (before, after))
    formed, broken = changed(symbols, one, two)
    assert (broken, formed) == changed(symbols, two, one)
    if abs(before - after) < 0.1:
        assert not formed
        assert not broken


def test_names_of_fragments():
    assert [name_of(s) for s in (["Na", "Cl"], ["Cl", "H"], ["H", "C", "N"])] == [
        "ClNa",
        "HCl",
        "CHN",
    ]
    assert name_of([]) == ""


@pytest.mark.parametrize(
    ("symbols", "place"),
    [(["H", "H"], np.zeros((3, 3))), (["H"], np.full((1, 3), np.nan)), (["Xx"], np.zeros((1, 3)))],
)
def test_impossible_geometries_are_refused(symbols, place):
    with pytest.raises(InputError, match=r"coordinates|radius"):
        bonds(symbols, place)


SMILES = {"H2O": "O", "C6H6": "c1ccccc1", "CO": "[C-]#[O+]", "HCN": "C#N", "C3H4_D2d": "C=C=C"}
SMILES |= {"CH3CONH2": "CC(N)=O", "H2": "[H][H]", "CH3NO2": "C[N+](=O)[O-]"}
# Radicals, bare atoms (which would be read with hydrogens), and what has no Lewis structure there.
SMILES |= {"CH3": None, "NO": None, "C": None, "O": None, "H": None, "NaCl": None, "CH": None}


@pytest.mark.parametrize("name", SMILES)
def test_smiles_are_those_of_the_molecules_or_none(name, capfd):
    pytest.importorskip("rdkit")
    atoms = g2[name]
    assert smiles(atoms.get_chemical_symbols(), atoms.positions) == SMILES[name]
    assert capfd.readouterr() == ("", "")


def test_smiles_of_fragments_and_of_ions():
    pytest.importorskip("rdkit")
    symbols, place = WATER
    assert smiles(symbols * 2, np.concatenate([place, place + 4.0])) == "O.O"
    corners = np.array([[0.0, 0, 0], [1, 1, 1], [-1, -1, 1], [1, -1, -1], [-1, 1, -1]]) * 0.59
    assert smiles(["N", "H", "H", "H", "H"], corners, charge=1) == "[NH4+]"


def test_without_rdkit_there_are_no_smiles(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "rdkit", None)
    assert smiles(*WATER) is None
