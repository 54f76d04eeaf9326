"""Internal coordinates beside ASE's, without jumps along a path, and the ones chosen by default."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from suite.chemistry.internal import along, choose, parse, values
from suite.errors import InputError

SEEDS = st.integers(0, 10**6)


@given(SEEDS)
def test_values_are_those_of_ase(seed):
    frames = np.random.default_rng(seed).normal(size=(1, 4, 3))
    atoms = Atoms("CNOF", positions=frames[0])
    assert values((2, 0), frames)[0] == pytest.approx(atoms.get_distance(2, 0))
    assert values((2, 0, 3), frames)[0] == pytest.approx(atoms.get_angle(2, 0, 3))
    turned = values((2, 0, 3, 1), frames)[0] - atoms.get_dihedral(2, 0, 3, 1)
    assert abs((turned + 180.0) % 360.0 - 180.0) < 1e-8


@given(SEEDS)
def test_values_know_no_frame_and_a_mirror_turns_dihedrals(seed):
    rng = np.random.default_rng(seed)
    frames = rng.normal(size=(1, 4, 3))
    moved = Rotation.random(random_state=seed).apply(frames[0])[None] + rng.normal(size=3)
    for atoms in ((0, 1), (0, 1, 2), (0, 1, 2, 3)):
        assert values(atoms, moved) == pytest.approx(values(atoms, frames), abs=1e-7)
    mirrored = values((0, 1, 2, 3), frames * [1, 1, -1])
    assert mirrored == pytest.approx(-values((0, 1, 2, 3), frames), abs=1e-9)


def _rotor(angles):
    """Four atoms whose dihedral is given, degrees."""
    angle = np.radians(angles)
    frames = np.zeros((len(angle), 4, 3))
    frames[:, 0] = [1.0, 0.0, 0.0]
    frames[:, 2] = [0.0, 0.0, 1.5]
    frames[:, 3] = np.stack([np.cos(angle), np.sin(angle), np.full_like(angle, 1.5)], axis=1)
    return frames


def test_a_dihedral_goes_on_past_half_a_turn():
    angles = np.linspace(-170.0, 700.0, 60)
    found = values((0, 1, 2, 3), _rotor(angles))
    assert np.abs(np.diff(found)) == pytest.approx(np.diff(angles), abs=1e-9)
    assert abs(found[0]) <= 180.0


def test_angles_near_a_straight_line_keep_their_digits():
    for bend in (1e-7, 1e-4):
        frames = np.array([[[-1.0, 0, 0], [0, 0, 0], [np.cos(bend), np.sin(bend), 0]]])
        assert 180.0 - values((0, 1, 2), frames)[0] == pytest.approx(np.degrees(bend), rel=1e-6)


def test_a_dihedral_about_atoms_in_line_is_bridged_or_refused():
    frames = _rotor(np.linspace(0.0, 40.0, 5))
    frames[2, 3] = [0.0, 0.0, 2.5]
    assert values((0, 1, 2, 3), frames) == pytest.approx([0, 10, 20, 30, 40], abs=1e-9)
    with pytest.raises(InputError, match=r"1-2-3-4 is not defined"):
        values((0, 1, 2, 3), frames[2:3])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1", "two, three or four"),
        ("1-2-3-4-5", "two, three or four"),
        ("1-x", "two, three or four"),
        ("1--2", "two, three or four"),
        ("", "two, three or four"),
        ("0-1", "Atom 0"),
        ("1-7", "from 1 to 4"),
        ("1-2-1", "twice"),
    ],
)
def test_a_coordinate_that_is_none_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        parse(text, 4)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=4, unique=True))
def test_a_coordinate_is_read_as_it_is_written(atoms):
    assert parse(" - ".join(map(str, atoms)), 9) == tuple(i - 1 for i in atoms)


def test_frames_of_another_shape_are_refused():
    with pytest.raises(InputError, match="frames must be"):
        values((0, 1), np.zeros((3, 3)))
    with pytest.raises(InputError, match="frames must be"):
        values((0, 1), np.full((1, 2, 3), np.nan))


def test_columns_are_named_with_their_unit():
    found = along(["C", "N", "H"], [(0, 1), (2, 0, 1)], np.eye(3)[None])
    assert list(found) == ["C1-N2 (angstrom)", "H3-C1-N2 (degree)"]
    assert found["C1-N2 (angstrom)"] == pytest.approx([np.sqrt(2.0)])


def test_a_reaction_is_told_by_its_bonds_first():
    together = np.array([[0.0, 0, 0], [1.2, 0, 0], [-0.55, 0.94, 0], [-0.55, -0.94, 0]])
    apart = np.array([[0.0, 0, 0], [1.128, 0, 0], [-3.0, 0.37, 0], [-3.0, -0.37, 0]])
    symbols = ["C", "O", "H", "H"]
    chosen = choose(symbols, together, apart)
    assert set(chosen[:3]) == {(0, 2), (0, 3), (2, 3)}
    assert chosen[3:] == [(0, 1)]
    assert choose(symbols, together, apart, most=2) == chosen[:2]


def test_a_rotation_is_told_by_a_dihedral_and_an_inversion_by_a_plane():
    peroxide = molecule("H2O2")
    turned = peroxide.copy()
    turned.set_dihedral(2, 0, 1, 3, 180.0)
    first = choose(peroxide.get_chemical_symbols(), peroxide.positions, turned.positions)[0]
    assert set(first[1:3]) == {0, 1}
    assert len(first) == 4
    ammonia = molecule("NH3").positions
    inverted = ammonia * [1, 1, -1]
    first = choose(["N", "H", "H", "H"], ammonia, inverted)[0]
    assert len(first) == 4
    change = np.diff(values(first, np.array([ammonia, inverted])))[0]
    assert 40.0 < abs(change) < 180.0


def test_a_bend_is_told_by_its_angle_and_no_change_by_one_bond():
    bent, straight = (
        np.array([[np.cos(a), np.sin(a), 0], [0, 0, 0], [-1.0, 0, 0]]) * 1.2 for a in (0.6, 0.0)
    )
    assert choose(["O", "C", "O"], bent, straight) == [(0, 1, 2)]
    assert len(choose(["O", "C", "O"], bent, bent)) == 1
    assert choose(["He", "He"], np.eye(3)[:2] * 9, np.eye(3)[:2] * 9) == []
