"""Reading XYZ files, and refusing them by line."""

import numpy as np
import pytest

from suite.chemistry import Molecule, read_xyz
from suite.errors import InputError

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
        ("1\n\nO 0 0 0\n", "a single one"),
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
