"""`suite quantum` as its user meets it: progress, options that win, plans, scans, refusals."""

import csv
import json
from pathlib import Path

import pytest

from suite.cli.main import run

EXAMPLES = Path(__file__).parents[2] / "examples" / "quantum"
H2 = str(EXAMPLES / "h2.toml")
HEISENBERG = str(EXAMPLES / "heisenberg.toml")
NOISY = str(EXAMPLES / "h2_noisy.toml")


def test_every_attempt_is_a_line_and_options_win_over_the_file(tmp_path, capsys):
    output = tmp_path / "out"
    words = ["quantum", "vqe", HEISENBERG, "--evaluations", "12", "--seed", "4", "-o", str(output)]
    assert run(words) == 4
    said = capsys.readouterr()
    lines = said.err.strip().splitlines()
    assert len(lines) == 12
    for part in ("gauss-newton", "E=", "angle=", "gain=", "damping=", "rank=", "bound by"):
        assert part in lines[1]
    assert any("refused: gain" in line for line in lines)
    assert "evaluations" in said.out
    summary = json.loads((output / "summary.json").read_text())
    assert summary["evaluations"] == 12
    again = json.loads((output / "command.json").read_text())["command"]
    assert again[2:] == [HEISENBERG, "--evaluations=12", "--seed=4"]
    page = (output / "report.html").read_text(encoding="utf-8")
    for title in ("Convergence", "The metric at the end", "The ansatz", "refused: gain"):
        assert title in page


def test_lih_in_all_its_orbitals_takes_a_few_evaluations(tmp_path):
    lih = str(EXAMPLES / "lih.toml")
    assert run(["quantum", "vqe", lih, "-o", str(tmp_path)]) == 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    # Full CI of LiH at 1.595 angstrom in STO-3G; UCCSD stays 1e-5 above it.
    assert abs(summary["exact_energy"] + 7.882402) < 1e-6
    assert 0.0 < summary["energy"] - summary["exact_energy"] < 2e-5
    assert summary["evaluations"] <= 6


def test_shots_alone_are_drawn_here_planned_beforehand_and_resumed_to_the_same_bits(
    tmp_path, capsys
):
    asked = [H2, "--shots", "30000", "--seed", "3"]
    assert run(["quantum", "plan", *asked, "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["backend"] == "simulator"
    output = tmp_path / "out"
    assert run(["quantum", "vqe", *asked, "--json", "-o", str(output)]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert 0.9 * plan["worst_case"]["shots"] < summary["shots"] <= plan["worst_case"]["shots"]
    # What was measured agrees with the energy of those parameters, which is no lower than exact.
    true = summary["exact_energy_of_parameters"]
    assert abs(summary["energy"] - true) < 5.0 * summary["standard_error"]
    assert 0.0 < summary["standard_error"] < 0.1
    assert true > summary["exact_energy"] - 1e-9
    assert run(["resume", str(output)]) == 0
    assert json.loads((output / "summary.json").read_text())["energy"] == summary["energy"]


def test_a_fake_device_runs_the_path_of_a_real_one(tmp_path, capsys):
    pytest.importorskip("qiskit_ibm_runtime")
    pytest.importorskip("qiskit_aer")
    small = ["--shots", "6000", "--seed", "1"]
    assert run(["quantum", "plan", NOISY, *small]) == 0
    told = capsys.readouterr().out
    for line in ("circuits", "measurement groups", "rows", "shots", "jobs", "seconds on"):
        assert line in told
    output = tmp_path / "out"
    assert run(["quantum", "vqe", NOISY, *small, "-o", str(output)]) == 0
    summary = json.loads((output / "summary.json").read_text())
    assert summary["backend"] == "fake:manila"
    assert summary["jobs"] >= 3
    # The device's noise lifts what is measured, not the answer's own energy.
    assert summary["exact_energy_of_parameters"] < summary["energy"]


def test_a_scan_draws_a_curve_and_goes_on_by_resume(tmp_path, capsys):
    output = tmp_path / "out"
    words = ["quantum", "scan", H2, "--distance", "0.6:1.4:3", "-o", str(output)]
    assert run(words) == 0
    said = capsys.readouterr()
    assert said.err.count("converged") == 3
    with open(output / "curve.csv", encoding="utf-8", newline="") as file:
        assert [line["value"] for line in csv.DictReader(file)] == ["0.6", "1.0", "1.4"]
    assert (output / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert "Hartree-Fock" in (output / "report.html").read_text(encoding="utf-8")
    before = (output / "curve.csv").read_bytes()
    assert run(["resume", str(output)]) == 0
    assert (output / "curve.csv").read_bytes() == before
    assert run(["show", str(output)]) == 0
    assert "quantum scan" in capsys.readouterr().out


@pytest.mark.slow
def test_a_scan_on_two_processes_finds_the_same_energies(tmp_path):
    for jobs in ("1", "2"):
        words = ["quantum", "scan", H2, "--distance", "0.6:1.4:4", "--jobs", jobs]
        assert run([*words, "-o", str(tmp_path / jobs)]) == 0
    one, two = (
        json.loads((tmp_path / jobs / "summary.json").read_text())["points"] for jobs in ("1", "2")
    )
    for a, b in zip(one, two, strict=True):
        assert abs(a["energy"] - b["energy"]) < 1e-9


MOLECULE = '[molecule]\ngeometry = "H 0 0 0; H 0 0 0.735"\n'
PAULI = '[pauli]\nterms = [["ZZ", 1.0]]\n[ansatz]\nname = "real_amplitudes"\n'
REFUSED = [
    (MOLECULE + "spin = 1\n", [], 3, "spin"),
    (MOLECULE + "charge = 5\n", [], 3, "charge"),
    (MOLECULE + 'basis = "no-such"\n', [], 3, "no-such"),
    (MOLECULE + "active_space = [2, 9]\n", [], 3, "active_space"),
    (MOLECULE + "active_space = [9, 2]\n", [], 3, "active_space"),
    (MOLECULE + "[molecul]\n", [], 3, "Did you mean 'molecule'"),
    (MOLECULE + "[stop]\ngradients = 1\n", [], 3, "Did you mean 'gradient'"),
    (MOLECULE + "[start]\nparameters = [0.0, nan, 0.0]\n", [], 3, "nan"),
    (MOLECULE + "[start]\nparameters = [0.0]\n", [], 3, "3 parameters"),
    ('[pauli]\nterms = [["ZZ", 1.0], ["Z", 1.0]]\n', [], 3, "2 letters"),
    ('[pauli]\nterms = [["ZA", 1.0]]\n', [], 3, "ZA"),
    (f'[pauli]\nterms = [["{"Z" * 60}", 1.0]]\n[ansatz]\nname = "hva"\n', [], 3, "60 qubits"),
    (PAULI, ["--backend", "fake:manilla"], 3, "Did you mean 'fake:manila'"),
    (PAULI, ["--backend", "aerr"], 3, "Did you mean 'aer'"),
    (PAULI, ["--backend", "ibm:torino"], (3, 5), "No IBM Quantum account"),
    (PAULI, ["--backend", "fake:manila", "--shots", "0"], 3, "shots"),
    (PAULI, ["--shots", "1000", "--max-shots", "100"], 4, "Nothing was submitted"),
    (PAULI, ["--shots", "1000", "--method", "anealed"], 3, "Did you mean 'annealed'"),
    (PAULI, ["--method", "adan"], 3, "Did you mean 'adam'"),
    (PAULI, ["--ansatz", "real_amplitude"], 3, "Did you mean 'real_amplitudes'"),
    (PAULI, ["--gradient", "0"], 3, "gradient"),
    (PAULI, ["--gradient", "nan"], 3, "gradient"),
    (PAULI, ["--evaluations", "0"], 3, "evaluations"),
    (PAULI, ["--seed", "-1"], 3, "seed"),
    (PAULI, ["--shots", "many"], 2, "many"),
    (PAULI, ["--shoots", "1"], 2, "--shoots"),
]


@pytest.mark.parametrize(("text", "options", "code", "sentence"), REFUSED)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    text, options, code, sentence, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    for name in ("QISKIT_IBM_TOKEN", "IBM_QUANTUM_TOKEN", "QISKIT_IBM_RUNTIME_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    problem = tmp_path / "problem.toml"
    problem.write_text(text)
    found = run(["quantum", "vqe", str(problem), *options, "-o", str(tmp_path / "out")])
    said = capsys.readouterr()
    assert found in (code if isinstance(code, tuple) else (code,)), said.err
    assert sentence in said.err
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
    assert "/tmp" not in said.err.replace(str(tmp_path), "")


def test_a_plan_that_no_budget_pays_is_shown_and_refused(capsys):
    assert run(["quantum", "plan", H2]) == 3
    assert "has no price" in capsys.readouterr().err
    assert run(["quantum", "scan", H2]) == 3
    assert "one of them" in capsys.readouterr().err
    assert run(["quantum", "scan", H2, "--distance", "1,2", "--jobs", "0"]) == 3
    assert run(["quantum", "scan", H2, "--coupling", "J"]) == 2
