"""Reading XYZ files, and refusing them by line."""

import numpy as np
import pytest

from suite.chemistry import Molecule, read_xyz
from suite.errors import InputError
from suite.molecule import BOHR

GOOD = "2\ncharge=-1 spin=1\nO 0 0 0\nh 0.0 0.0 0.97\n"


def test_charge_and_spin_of_the_comment_are_read_and_arguments_win(tmp_path):
    path = tmp_path / "a.xyz"
    path.write_text(GOOD)
    found = read_xyz(path)
    assert (found.symbols, found.charge, found.spin) == (("O", "H"), -1, 1)
    assert read_xyz(path, charge=0, spin=0).charge == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "line 1 must hold the number of atoms"),
        ("two\n", "Got 'two'"),
        ("3\n\nO 0 0 0\nH 0 0 1\n", "announces 3 atoms in line 1 and has 2"),
        ("2\n\nO 0 0 0\nH 0 zero 1\n", "line 4 must hold an element and three numbers"),
        ("2\n\nO 0 0 0\nH 0 0\n", "line 4"),
        ("2\n\nO 0 0 0\n1 0 0 1\n", "line 4"),
        ("2\n\nO 0 0 0\nH 0 0 nan\n", "line 4"),
        ("2\n\nO 0 0 0\nH 0 0 0.1\n", "Atoms 1 \\(O\\) and 2 \\(H\\) are 0.100 angstrom apart"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, text, sentence):
    path = tmp_path / "a.xyz"
    path.write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_xyz(path)


def test_coordinates_must_fit_the_symbols():
    with pytest.raises(InputError, match="coordinates must be"):
        Molecule(("O", "H"), np.zeros((3, 3)))


@pytest.mark.parametrize(
    ("comment", "expected"),
    [("Charge = -1 SPIN=2", (-1, 2)), ("mulliken-charge=1", (0, 0)), ("", (0, 0))],
)
def test_the_comment_is_read_in_any_case_and_nothing_else_is_taken_for_it(
    tmp_path, comment, expected
):
    path = tmp_path / "a.xyz"
    path.write_text(f"\ufeff2\n{comment}\nO 0 0 0\nH 0 0 1\n", encoding="utf-8")
    found = read_xyz(path)
    assert (found.charge, found.spin) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2\n\nO 0 0 0\n\nH 0 0 1\n", "line 4 must hold an element"),
        ("2\n\nO 0 0 0\nH 0 0 1\nH 0 1 0\n", "line 5 holds 'H 0 1 0'"),
        ("2\n\nO 0 0 0\nH 0 0 1\n\n2\n\nO 0 0 0\nH 0 0 1\n", "line 6 holds '2'"),
    ],
)
def test_what_follows_the_atoms_is_no_secret(tmp_path, text, sentence):
    path = tmp_path / "a.xyz"
    path.write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_xyz(path)


def test_blank_lines_at_the_end_are_nothing(tmp_path):
    path = tmp_path / "a.xyz"
    path.write_text(GOOD + "\n  \n")
    assert read_xyz(path).symbols == ("O", "H")


def _written(path, symbols, coordinates):
    rows = [f"{s} {x} {y} {z}" for s, (x, y, z) in zip(symbols, coordinates, strict=True)]
    path.write_text("\n".join([str(len(symbols)), "", *rows]) + "\n")
    return path


@pytest.mark.parametrize(
    ("symbols", "angstrom"),
    [
        ("OHH", [[0, 0, 0], [0, 0.757, 0.587], [0, -0.757, 0.587]]),
        ("NNO", [[0, 0, 0], [0, 0, 1.128], [0, 0, 2.312]]),
        # The transition states of HCN, with one long bond, and of H + H2.
        ("HCN", [[1.17, 0.4, 0], [0, 0, 0], [-0.1, 1.19, 0]]),
        ("HHH", [[0, 0, -0.93], [0, 0, 0], [0, 0, 0.93]]),
    ],
)
def test_bohr_for_angstrom_is_noticed(tmp_path, symbols, angstrom):
    right = np.array(angstrom, float)
    assert read_xyz(_written(tmp_path / "a.xyz", symbols, right)).symbols == tuple(symbols)
    wrong = _written(tmp_path / "b.xyz", symbols, right / BOHR)
    with pytest.raises(InputError, match="seems to be in bohr"):
        read_xyz(wrong)
    np.testing.assert_allclose(read_xyz(wrong, units="bohr").coordinates, right, atol=1e-12)
    assert np.allclose(read_xyz(wrong, units="angstrom").coordinates, right / BOHR)
    with pytest.raises(InputError, match="units must be angstrom or bohr"):
        read_xyz(wrong, units="nm")


def test_what_is_loose_by_nature_is_not_taken_for_bohr(tmp_path):
    argon = _written(tmp_path / "a.xyz", ["Ar"] * 3, [[0, 0, 0], [0, 0, 3.8], [0, 3.3, 1.9]])
    assert len(read_xyz(argon).symbols) == 3
    stretched = _written(tmp_path / "b.xyz", ["H", "H"], [[0, 0, 0], [0, 0, 1.5]])
    assert len(read_xyz(stretched).symbols) == 2
