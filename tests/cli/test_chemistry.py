"""`suite chemistry ts` and `plot`, and what the commands refuse, as their user meets them."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.spatial.transform import Rotation

from suite.chemistry import Molecule, pyscf_surface, read_xyz
from suite.cli.main import run
from suite.molecule import BOHR

ROOT = Path(__file__).parents[2]
HCN = ROOT / "examples" / "chemistry" / "hcn.xyz"
REFERENCE = ROOT / "tests" / "reference"


def written(path, symbols, coordinates, comment=""):
    rows = [
        f"{s} {x:.10f} {y:.10f} {z:.10f}" for s, (x, y, z) in zip(symbols, coordinates, strict=True)
    ]
    path.write_text("\n".join([str(len(rows)), comment, *rows]) + "\n")
    return path


def test_ts_brings_a_rattled_guess_back_to_its_saddle(tmp_path, capsys):
    case = json.loads((REFERENCE / "hcn_hnc.json").read_text())
    shaken = np.array(case["ts"]["xyz"]) + np.random.default_rng(3).normal(scale=0.05, size=(3, 3))
    guess = written(tmp_path / "guess.xyz", case["symbols"], shaken)
    output = tmp_path / "ts"
    words = ["chemistry", "ts", str(guess), "--basis", "3-21g", "-o", str(output)]
    assert run(words) == 0
    said = capsys.readouterr()
    assert "A transition state: one imaginary mode, 1216i cm⁻¹." in said.out
    assert said.err.count("\n") <= 12  # a line an attempt
    names = {path.name for path in output.iterdir()}
    assert {"ts.xyz", "attempts.csv", "summary.json", "report.html", "command.json"} <= names
    summary = json.loads((output / "summary.json").read_text())
    assert summary["energy"] == pytest.approx(case["ts"]["energy"], abs=1e-6)
    imaginary = case["ts"]["imaginary_frequency_cm1"]
    assert summary["imaginary_frequency_cm1"] == pytest.approx(imaginary, abs=2.0)
    found = read_xyz(output / "ts.xyz").coordinates
    a, b = (v - v.mean(axis=0) for v in (found, np.array(case["ts"]["xyz"])))
    assert np.abs(a - Rotation.align_vectors(a, b)[0].apply(b)).max() < 1e-3
    # Asked again it answers from its run; what it wrote is a saddle for itself.
    assert run([*words, "--json"]) == 0
    again = capsys.readouterr()
    assert json.loads(again.out) == summary
    assert again.err == ""
    words[2], words[-1] = str(output / "ts.xyz"), str(tmp_path / "second")
    assert run([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["gradients"] == 1


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    output = tmp_path_factory.mktemp("irc") / "run"
    options = ["--basis", "sto-3g", "--no-ends", "--accuracy", "0.1", "-o", str(output)]
    assert run(["chemistry", "irc", str(HCN), *options]) == 0
    return output


@pytest.mark.parametrize(
    ("suffix", "magic"), [("pdf", b"%PDF-"), ("png", b"\x89PNG\r\n"), ("svg", b"<?xml")]
)
def test_plot_writes_the_figure_the_suffix_asks_for(traced, suffix, magic, tmp_path, capsys):
    figure = tmp_path / f"profile.{suffix}"
    assert run(["chemistry", "plot", str(traced), "-o", str(figure)]) == 0
    assert figure.read_bytes().startswith(magic)
    assert str(figure) in capsys.readouterr().err
    if suffix == "svg":
        drawn = figure.read_text()
        summary = json.loads((traced / "summary.json").read_text())
        assert f"{summary['barrier_reverse_kcal_mol']:.1f}<" in drawn
        assert "TS" in drawn


@pytest.mark.parametrize("name", ["profile.bmp", "profile"])
def test_plot_refuses_another_suffix_and_writes_nothing(traced, name, tmp_path, capsys):
    assert run(["chemistry", "plot", str(traced), "-o", str(tmp_path / name)]) == 3
    assert f"A figure is written as .pdf, .svg or .png. Got '{name}'." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_plot_refuses_what_is_no_run(tmp_path, capsys):
    (tmp_path / "run").mkdir()
    figure = tmp_path / "profile.pdf"
    assert run(["chemistry", "plot", str(tmp_path / "run"), "-o", str(figure)]) == 3
    assert "is no folder of a finished reaction path" in capsys.readouterr().err
    (tmp_path / "run" / "path.csv").write_text("s,energy\n0.0,low\n")
    (tmp_path / "run" / "summary.json").write_text("{}")
    assert run(["chemistry", "plot", str(tmp_path / "run"), "-o", str(figure)]) == 3
    assert "is no folder of a finished reaction path" in capsys.readouterr().err
    assert not figure.exists()


REFUSED = [
    (["--basis", "3-21gg"], "no basis '3-21gg' for C, H, N; did you mean 321g"),
    (["--method", "b3lpy", "--basis", "sto-3g"], "Got 'b3lpy'; did you mean b3lyp"),
    (["--basis", "sto-3g", "--spin", "1"], "spin must be an even number, at most 14"),
    (["--basis", "sto-3g", "--charge", "14"], "charge 14 leaves no electrons"),
    pytest.param(
        ["--basis", "sto-3g", "--mode", "9"],
        "mode counts the vibrations from 1 to 3. Got 9.",
    ),
]


@pytest.mark.parametrize("command", ["ts", "irc"])
@pytest.mark.parametrize(("words", "sentence"), REFUSED)
def test_what_cannot_be_calculated_is_refused_by_one_sentence(
    command, words, sentence, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert run(["chemistry", command, str(HCN), *words]) == 3
    refused(sentence, capsys.readouterr())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["inf", "nan", "0", "-5"])
@pytest.mark.parametrize("name", ["temperature", "pressure"])
@pytest.mark.parametrize("batch", [[], [str(HCN)]])
def test_conditions_that_no_gas_can_have_are_refused(
    batch, name, value, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    words = ["chemistry", "irc", str(HCN), *batch, f"--{name}={value}"]
    assert run(words) == 3
    refused(f"{name} must be positive and finite", capsys.readouterr())
    assert list(tmp_path.iterdir()) == []


def refused(sentence, said):
    assert sentence in said.err
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["ts", "irc"])
def test_a_single_atom_and_a_minimum_are_no_reaction(command, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    atom = written(tmp_path / "atom.xyz", "H", [[0.0, 0.0, 0.0]], "spin=1")
    assert run(["chemistry", command, str(atom), "--basis", "sto-3g"]) == 3
    refused("A reaction needs two atoms at least", capsys.readouterr())

    def h2(length):
        return np.array([[0.0, 0.0, 0.0], [0.0, 0.0, length]])

    surface = pyscf_surface(Molecule(("H", "H"), h2(0.7)), "hf", "sto-3g")
    length = minimize_scalar(
        lambda r: surface.measure(h2(r).ravel() / BOHR).energy, (0.7, 0.75), tol=1e-9
    ).x
    bottom = written(tmp_path / "h2.xyz", "HH", h2(length))
    assert run(["chemistry", command, str(bottom), "--basis", "sto-3g"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "exactly one imaginary mode. Found none" in said.err.splitlines()[-1]
    assert not list(tmp_path.glob("*/*.html"))  # what was paid is kept, no result is written


def test_ts_does_not_write_over_its_guess(tmp_path, capsys):
    guess = written(tmp_path / "ts.xyz", "HH", [[0, 0, 0], [0, 0, 0.7]])
    before = guess.read_bytes()
    assert run(["chemistry", "ts", str(guess), "-o", str(tmp_path)]) == 3
    refused("would write over the input", capsys.readouterr())
    assert guess.read_bytes() == before


def test_a_guess_without_a_saddle_stops_short_with_its_sentence(tmp_path, capsys):
    place = [[0, 0, 0.0664], [0, 0.7541, -0.5267], [0, -0.7541, -0.5267]]
    guess = written(tmp_path / "water.xyz", "OHH", place)
    words = ["chemistry", "ts", str(guess), "--basis", "3-21g", "-o", str(tmp_path / "out")]
    assert run([*words, "--json"]) == 4
    said = capsys.readouterr()
    summary = json.loads(said.out)
    assert summary["status"] == "out_of_attempts"
    assert "angstrom apart, which is no transition state" in summary["sentence"]
    assert summary["gradients"] < 60
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == summary
    assert not (tmp_path / "out" / "ts.xyz").exists()


@pytest.mark.parametrize("command", ["ts", "irc"])
def test_help_tells_every_option_of_the_level(command, capsys):
    from dataclasses import fields

    from suite.cli.levels import Level

    assert run(["chemistry", command, "--help"]) == 0
    said = capsys.readouterr().out
    for field in fields(Level):
        assert f"--{field.name.replace('_', '-')}" in said
    assert "the most abundant isotope" in " ".join(said.split())
