"""Scans: each point its own run, warm from its neighbour, none stopped by another."""

import csv
import importlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyscf import fci, gto, scf

from suite.errors import InputError
from suite.quantum.asked.coordinate import coupled, stretched, values_of
from suite.quantum.asked.settings import amended, read_settings, to_toml
from suite.quantum.problems.geometry_text import atoms_of
from suite.quantum.scan import scan

H2 = '[molecule]\ngeometry = "H 0 0 0; H 0 0 0.735"\nbasis = "sto-3g"\n'
TFIM = (
    '[spin_model]\nname = "tfim"\nsites = 3\ncoupling = 1.0\nfield = 0.5\n'
    '[ansatz]\nname = "real_amplitudes"\n[start]\nseed = 2\n'
)


@pytest.fixture
def h2(tmp_path):
    path = tmp_path / "h2.toml"
    path.write_text(H2)
    return path


def full_ci(distance):
    molecule = gto.M(atom=f"H 0 0 0; H 0 0 {distance}", basis="sto-3g", verbose=0)
    return fci.FCI(scf.RHF(molecule).run()).kernel()[0]


def test_a_curve_of_h2_agrees_with_full_ci_and_is_read_back_at_no_cost(h2, tmp_path):
    folder, seen = tmp_path / "out", []
    curve = scan(h2, folder, distance="0.6:1.8:4", observe=(seen.append,))
    assert curve.finished
    assert [row["value"] for row in curve.rows] == [0.6, 1.0, 1.4, 1.8]
    assert seen == list(curve.rows)
    for row in curve.rows:
        exact = full_ci(row["value"])
        assert abs(row["energy"] - exact) < 1e-8
        assert abs(row["exact_energy"] - exact) < 1e-8
        assert row["energy"] < row["hartree_fock_energy"]
    assert [row["start"] for row in curve.rows] == ["usual", *["neighbour"] * 3]
    curve.save(folder)
    with open(folder / "curve.csv", encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [float(line["energy"]) for line in table] == [row["energy"] for row in curve.rows]
    before = (folder / "000_0.6" / "attempts.csv").read_bytes()
    again = scan(h2, folder, distance="0.6:1.8:4")
    assert again.rows == curve.rows
    assert (folder / "000_0.6" / "attempts.csv").read_bytes() == before
    lowest = min(curve.rows, key=lambda row: row["energy"])
    assert curve.summary()["lowest"]["value"] == lowest["value"]
    assert len(curve.to_frame()) == 4
    assert "iframe" in curve._repr_html_()


def test_a_scan_goes_on_where_it_was_killed(h2, tmp_path):
    whole = scan(h2, tmp_path / "whole", distance="0.6,0.9,1.2")

    class Killed(BaseException):
        pass

    def kill(row):
        if row["value"] == 0.9:
            raise Killed

    with pytest.raises(Killed):
        scan(h2, tmp_path / "killed", distance="0.6,0.9,1.2", observe=(kill,))
    assert scan(h2, tmp_path / "killed", distance="0.6,0.9,1.2").rows == whole.rows


def test_one_point_that_fails_is_a_row_and_stops_no_other(h2, tmp_path, monkeypatch):
    module = importlib.import_module("suite.quantum.vqe")
    real = module.vqe

    def failing(path, **more):
        if "0.9" in str(path):
            raise InputError("Hartree-Fock does not converge.")
        if "1.2" in str(path):
            raise ZeroDivisionError("division by zero")
        return real(path, **more)

    monkeypatch.setattr(module, "vqe", failing)
    curve = scan(h2, tmp_path / "out", distance="0.6,0.9,1.2,1.5")
    assert [row["status"] for row in curve.rows] == ["converged", "failed", "failed", "converged"]
    assert curve.rows[1]["sentence"] == "Hartree-Fock does not converge."
    assert "a defect" in curve.rows[2]["sentence"]
    assert curve.rows[3]["start"] == "neighbour"
    assert not curve.finished
    curve.save(tmp_path / "out")
    saved = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert saved["sentence"] == "4 points, 2 of them fell short."
    monkeypatch.undo()
    assert scan(h2, tmp_path / "out", distance="0.6,0.9,1.2,1.5").finished


def test_a_coupling_is_scanned_against_the_exact_energy_of_the_spins(tmp_path):
    path = tmp_path / "tfim.toml"
    path.write_text(TFIM)
    curve = scan(path, tmp_path / "out", coupling=("J", [0.5, 1.0]), options={"evaluations": 300})
    x, z, one = np.array([[0, 1], [1, 0]]), np.diag([1, -1]), np.eye(2)

    def word(*letters):
        return np.kron(np.kron(letters[0], letters[1]), letters[2])

    zz = word(z, z, one) + word(one, z, z)
    xs = word(x, one, one) + word(one, x, one) + word(one, one, x)
    for row in curve.rows:
        exact = np.linalg.eigvalsh(-row["value"] * zz - 0.5 * xs)[0]
        assert abs(row["exact_energy"] - exact) < 1e-9
        assert exact - 1e-9 < row["energy"] < exact + 0.05
    written = read_settings(tmp_path / "out" / "001_1" / "problem.toml")
    assert written["spin_model"]["coupling"] == 1.0
    assert written["stop"]["evaluations"] == 300


def test_with_shots_every_point_has_an_error_and_a_noise_of_its_own(h2, tmp_path):
    shots = {"shots": 4000, "seed": 3}
    curve = scan(h2, tmp_path / "out", distance="0.7,0.72,0.74,0.76", options=shots)
    errors = [(row["energy"] - row["exact_energy"]) / row["standard_error"] for row in curve.rows]
    assert all(abs(error) < 5.0 for error in errors)
    assert np.std(errors) > 0.1
    seeds = [
        read_settings(tmp_path / "out" / row["folder"] / "problem.toml")["start"]["seed"]
        for row in curve.rows
    ]
    assert seeds == [3, 4, 5, 6]
    again = scan(h2, tmp_path / "out", distance="0.7,0.72,0.74,0.76", options=shots)
    assert again.rows == curve.rows


def test_stretching_moves_what_is_beyond_the_bond_and_nothing_else():
    water = {"molecule": {"geometry": "O 0 0 0; H 0.96 0 0; H -0.24 0.93 0"}}
    moved = np.array([r for _, r in atoms_of(stretched(water, "1-2", 1.5)["molecule"]["geometry"])])
    np.testing.assert_allclose(moved, [[0, 0, 0], [1.5, 0, 0], [-0.24, 0.93, 0]], atol=1e-9)
    chain = {"molecule": {"geometry": "H 0 0 0; H 0 0 1; H 0 0 2; H 0 0 3"}}
    moved = np.array([r for _, r in atoms_of(stretched(chain, "2-3", 2.0)["molecule"]["geometry"])])
    np.testing.assert_allclose(moved[:, 2], [0, 1, 3, 4])
    assert water["molecule"]["geometry"].startswith("O 0 0 0")


def test_an_xyz_file_keeps_its_charge_and_spin(tmp_path):
    (tmp_path / "a.xyz").write_text("2\ncharge=1 spin=1\nH 0 0 0\nH 0 0 1\n")
    (tmp_path / "a.toml").write_text('[molecule]\ngeometry = "a.xyz"\n')
    found = stretched(read_settings(tmp_path / "a.toml"), "1-2", 1.3)["molecule"]
    assert (found["charge"], found["spin"]) == (1, 1)
    assert atoms_of(found["geometry"])[1][1] == (0.0, 0.0, 1.3)


def test_a_charge_of_zero_in_the_problem_file_wins_over_the_xyz_files(tmp_path):
    (tmp_path / "a.xyz").write_text("2\ncharge=1 spin=2\nO 0 0 0\nH 0 0 1\n")
    (tmp_path / "a.toml").write_text('[molecule]\ngeometry = "a.xyz"\ncharge = 0\nspin = 1\n')
    found = stretched(read_settings(tmp_path / "a.toml"), "1-2", 1.3)["molecule"]
    assert (found["charge"], found["spin"]) == (0, 1)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({}, "one of them"),
        ({"distance": "1:2:3", "coupling": ("J", "1:2:3")}, "one of them"),
        ({"distance": "1:2"}, "first:last:count"),
        ({"distance": "1:2:1"}, "first:last:count"),
        ({"distance": "1,nan"}, "first:last:count"),
        ({"distance": "0.1,1"}, "over 0.3 angstrom. Got 0.1"),
        ({"distance": "1,2", "atoms": "1-3"}, "--atoms takes two different atoms of 1 to 2"),
        ({"distance": "1,2", "atoms": "2-2"}, "--atoms takes two different atoms of 1 to 2"),
        ({"coupling": ("J", "1,2")}, r"needs a \[spin_model\]"),
        ({"distance": "1,2", "options": {"ansatz": "ucc"}}, "h2.toml: .*uccsd"),
    ],
)
def test_a_scan_that_cannot_be_is_refused_before_anything_is_written(h2, tmp_path, wrong, sentence):
    with pytest.raises(InputError, match=sentence):
        scan(h2, tmp_path / "out", **wrong)
    assert not (tmp_path / "out").exists()


def test_an_unknown_coupling_is_refused_with_the_nearest(tmp_path):
    path = tmp_path / "tfim.toml"
    path.write_text(TFIM)
    with pytest.raises(InputError, match="Did you mean 'field'"):
        scan(path, tmp_path / "out", coupling=("feld", "1,2"))
    with pytest.raises(InputError, match="tfim has no 'anisotropy'"):
        scan(path, tmp_path / "out", coupling=("delta", "1,2"))
    custom = {"spin_model": {"name": "custom", "couplings": {"ZZ": 1.0}, "fields": {"X": 1.0}}}
    assert coupled(custom, "X", 0.25)["spin_model"]["fields"] == {"X": 0.25}
    with pytest.raises(InputError, match="Known are ZZ, X"):
        coupled(custom, "J", 0.25)


def test_a_folder_of_another_scan_is_not_written_over(h2, tmp_path):
    scan(h2, tmp_path / "out", distance="0.6,0.9")
    other = scan(h2, tmp_path / "out", distance="0.6,0.9", options={"gradient": 1e-3})
    assert {row["status"] for row in other.rows} == {"failed"}
    assert "another scan" in other.rows[0]["sentence"]
    assert scan(h2, tmp_path / "out", distance="0.6,0.9").finished


SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8"), max_size=20),
)
KEYS = st.text("abcXYZ_-. é", min_size=1, max_size=8)


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        KEYS, st.dictionaries(KEYS, st.one_of(SCALARS, st.lists(SCALARS, max_size=3)), max_size=4)
    )
)
def test_settings_written_are_the_settings_read(given_settings):
    import tomllib

    assert tomllib.loads(to_toml(given_settings)) == given_settings


def test_options_take_their_places_and_leave_the_settings_as_they_were():
    before = {"molecule": {"geometry": "x"}, "stop": {"gradient": 1.0}}
    after = amended(before, {"gradient": 2.0, "shots": 10, "method": "adam", "seed": None})
    assert after["stop"] == {"gradient": 2.0}
    assert after["backend"] == {"shots": 10}
    assert after["method"] == "adam"
    assert "start" not in after
    assert before == {"molecule": {"geometry": "x"}, "stop": {"gradient": 1.0}}
    assert values_of("0.5,0.25", "x") == [0.5, 0.25]
