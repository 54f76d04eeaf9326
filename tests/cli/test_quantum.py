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
    words = ["quantum", "vqe", HEISENBERG, "--evaluations", "12", "--seed", "0", "-o", str(output)]
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
    assert again[2:] == [HEISENBERG, "--evaluations=12", "--seed=0"]
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
    (PAULI, ["--backend", "fake:manilla"], 5, "Did you mean 'fake:manila'"),
    (PAULI, ["--backend", "aerr"], 5, "Did you mean 'aer'"),
    (PAULI, ["--backend", "ibm:torino"], 5, "No IBM Quantum account"),
    (PAULI, ["--backend", "fake:torino"], 3, "too many to simulate"),
    (PAULI + '[backend]\nname = "fake:manilla"\n', [], 5, "Did you mean 'fake:manila'"),
    (PAULI, ["--backend", "fake:manila", "--shots", "0"], 3, "shots"),
    (PAULI, ["--shots", "1000", "--max-shots", "100"], 4, "Nothing was submitted"),
    (PAULI, ["--shots", "1000", "--method", "anealed"], 3, "Did you mean 'annealed'"),
    (PAULI, ["--shots", "1000", "--method", "natural", "--order", "both"], 3, "together, energy"),
    (PAULI, ["--shots", "1000", "--overlaps"], 3, "an option of the method 'natural'"),
    (PAULI, ["--method", "adan"], 3, "Did you mean 'adam'"),
    (PAULI, ["--ansatz", "real_amplitude"], 3, "Did you mean 'real_amplitudes'"),
    (PAULI, ["--gradient", "0"], 3, "gradient"),
    (PAULI, ["--gradient", "nan"], 3, "gradient"),
    (PAULI, ["--evaluations", "0"], 3, "evaluations"),
    (PAULI, ["--seed", "-1"], 3, "seed"),
    (PAULI, ["--backend", "exact", "--shots", "1000"], 3, "name the backend 'simulator'"),
    ("shots = 1000\n" + PAULI, [], 3, "'shots' belongs to [backend]"),
    (PAULI, ["--shots", "5"], 3, "The first attempt alone takes"),
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
    assert found == code, said.err
    assert sentence in said.err
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
    assert "/tmp" not in said.err.replace(str(tmp_path), "")


@pytest.mark.parametrize("verb", ["vqe", "plan", "scan"])
@pytest.mark.parametrize("name", ["fake:manilla", "ibm:torino"])
def test_a_backend_or_account_that_is_not_there_ends_every_command_alike(
    verb, name, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.delenv("QISKIT_IBM_TOKEN", raising=False)
    output = tmp_path / "out"
    words = ["quantum", verb, H2, "--backend", name, "--shots", "1000"]
    words += [] if verb == "plan" else ["-o", str(output)]
    words += ["--distance", "0.6:1.4:3"] if verb == "scan" else []
    assert run(words) == 5
    said = capsys.readouterr()
    assert "'fake:manila'" in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert not output.exists()


def test_a_plan_that_no_budget_pays_is_shown_and_refused(capsys):
    assert run(["quantum", "plan", H2]) == 3
    assert "has no price" in capsys.readouterr().err
    assert run(["quantum", "scan", H2]) == 3
    assert "one of them" in capsys.readouterr().err
    assert run(["quantum", "scan", H2, "--distance", "1,2", "--jobs", "0"]) == 3
    assert run(["quantum", "scan", H2, "--coupling", "J"]) == 2


XYZ = "2\ncharge=1 spin=0\nHe 0 0 0\nH 0 0 0.9\n"
GONE = [
    ('[molecule]\ngeometry = "ion.xyz"\n', []),
    ('[pauli]\nfile = "terms.txt"\n[ansatz]\nname = "real_amplitudes"\n', ["--seed", "2"]),
    (PAULI, ["--shots", "3000"]),
    ('[pauli]\nterms = [["ZZ", 1.0]]\n[ansatz]\nfile = "own.qasm"\n', []),
]
QASM = (
    'OPENQASM 3.0;\ninclude "stdgates.inc";'
    "\ninput float a;\nqubit[2] q;\nry(a) q[0];\ncx q[0], q[1];\n"
)


@pytest.mark.parametrize(("text", "options"), GONE)
def test_a_run_needs_none_of_the_files_it_was_begun_with(text, options, tmp_path, capsys):
    """Found by use: with its problem file deleted not even a finished run could be shown again."""
    problem, output = tmp_path / "job.toml", tmp_path / "out"
    files = {"ion.xyz": XYZ, "terms.txt": "ZZ -1.0\nXI 0.5\n", "own.qasm": QASM}
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    problem.write_text(text)
    run(["quantum", "vqe", str(problem), *options, "-o", str(output)])
    before = (output / "summary.json").read_bytes()
    capsys.readouterr()
    for name in (*files, problem.name):
        (tmp_path / name).unlink()
    assert run(["resume", str(output)]) in (0, 4)
    said = capsys.readouterr().err
    assert f"{problem} is gone; its copy {output / 'problem.toml'} is used." in said
    assert (output / "summary.json").read_bytes() == before
    assert run(["show", str(output)]) == 0
    energy = json.loads(before)["energy"]
    assert f"{energy:.5f}"[:-1] in capsys.readouterr().out


def test_a_run_whose_problem_changed_is_refused_and_its_copy_stays(tmp_path, capsys):
    problem, output = tmp_path / "job.toml", tmp_path / "out"
    problem.write_text(PAULI)
    assert run(["quantum", "vqe", str(problem), "-o", str(output)]) in (0, 4)
    kept = (output / "problem.toml").read_text()
    problem.write_text(PAULI.replace("1.0", "2.0"))
    assert run(["resume", str(output)]) == 3
    assert "observable" in capsys.readouterr().err
    assert (output / "problem.toml").read_text() == kept


def test_a_copy_takes_no_place_of_a_users_file(tmp_path, capsys):
    mine = tmp_path / "problem.toml"
    mine.write_text("# mine\n")
    (tmp_path / "job.toml").write_text(PAULI)
    assert run(["quantum", "vqe", str(tmp_path / "job.toml"), "-o", str(tmp_path)]) == 3
    assert "Use another folder" in capsys.readouterr().err
    assert mine.read_text() == "# mine\n"
    mine.write_text(PAULI)
    assert run(["quantum", "vqe", str(mine), "-o", str(tmp_path)]) in (0, 4)
    assert mine.read_text() == PAULI


def test_folders_that_are_none_are_told_so(tmp_path, capsys):
    assert run(["resume", str(tmp_path / "nowhere")]) == 3
    assert f"There is no folder {tmp_path / 'nowhere'}." in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert run(["resume", str(tmp_path / "empty")]) == 3
    assert "holds no command.json" in capsys.readouterr().err
    file = tmp_path / "file"
    file.write_text("")
    assert run(["quantum", "vqe", H2, "-o", str(file)]) == 3
    assert f"-o {file} is a file" in capsys.readouterr().err
    assert file.read_text() == ""


def test_a_run_that_goes_on_shows_the_energy_so_far(tmp_path, capsys):
    output = tmp_path / "out"
    assert run(["quantum", "vqe", HEISENBERG, "--evaluations", "3", "-o", str(output)]) == 4
    assert run(["show", str(output)]) == 0
    assert "exact energy" in capsys.readouterr().out
    (output / "summary.json").unlink()
    assert run(["show", str(output)]) == 0
    assert "energy so far" in capsys.readouterr().out
