"""The command line as its user meets it: results, exit codes, sentences."""

import json
import subprocess
import sys
import warnings
from pathlib import Path

import pandas as pd
import pytest

from suite.cli.main import build, run
from suite.cli.tree import COMMANDS, GROUPS

ROOT = Path(__file__).parents[2]
SPX = str(ROOT / "examples" / "finance" / "spx_cboe_2025-10-01.csv")
HCN = str(ROOT / "examples" / "chemistry" / "hcn.xyz")
H2 = str(ROOT / "examples" / "quantum" / "h2.toml")


def test_three_jobs_say_in_the_same_words_what_their_steps_did(tmp_path, capsys):
    jobs = {
        "finance": ["finance", "iv", SPX],
        "chemistry": ["chemistry", "irc", HCN, "--basis", "3-21g"],
        "quantum": ["quantum", "vqe", H2],
    }
    for name, words in jobs.items():
        assert run([*words, "-o", str(tmp_path / name)]) == 0
        done = capsys.readouterr().out
        assert run(["show", str(tmp_path / name)]) == 0
        shown = capsys.readouterr().out
        for line in ("attempts", "bound by", "refused", "cost"):
            assert line in done
            assert line in shown
        summary = json.loads((tmp_path / name / "summary.json").read_text())
        assert {"schema", "job", "status", "sentence", "record"} <= summary.keys()
        assert set(summary["record"]) == {"attempts", "accepted", "refused", "bound", "cost"}
        page = (tmp_path / name / "report.html").read_text()
        assert page.startswith("<!doctype html>")
        assert (tmp_path / name / "attempts.csv").read_text().count("\n") > 1
        assert run(["resume", str(tmp_path / name)]) == 0
        assert "written to" in capsys.readouterr().out
    assert run(["show", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("bound by") == 3


def test_a_table_goes_to_one_file_and_json_to_standard_output(tmp_path, capsys):
    output = tmp_path / "iv.parquet"
    assert run(["finance", "iv", SPX, "-o", str(output), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["rows"] == len(pd.read_parquet(output)) == 434
    assert [path.name for path in tmp_path.iterdir()] == ["iv.parquet"]
    assert run(["show", str(output), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == summary


REFUSED = [
    (["finance", "iv", "no.csv"], 3, "no.csv is no file"),
    (["finance", "iv", SPX, "--map", "strike"], 3, "--map takes field=column. Got 'strike'"),
    (["finance", "iv", SPX, "--quoted", "soon"], 3, "must be a date"),
    (["chemistry", "irc", "no.xyz"], 3, "cannot be read as an XYZ file"),
    (["chemistry", "irc", HCN, "--basis", "no-such"], 3, "no basis 'no-such'"),
    (["chemistry", "irc", HCN, "--accuracy", "0"], 3, "accuracy must be positive"),
    (["quantum", "vqe", "no.toml"], 3, "cannot be read as a TOML file"),
    (["show", "nothing"], 3, "nothing is no run"),
    (["resume", "nothing"], 3, "There is no folder nothing."),
    (["chemistry", "irc"], 2, "SADDLE"),
    (["chemistry", "irc", HCN, "--acuracy", "1"], 2, "--acuracy"),
    (["chemistry", "irc", HCN, "--accuracy", "fine"], 2, "fine"),
    (["chemstry"], 2, "chemstry"),
]


@pytest.mark.parametrize(("words", "code", "sentence"), REFUSED)
def test_a_refusal_is_one_sentence_with_its_exit_code_and_leaves_nothing(
    words, code, sentence, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert run(words) == code
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_stops_short_keeps_its_results_and_answers_four(tmp_path, capsys):
    problem = tmp_path / "h2.toml"
    problem.write_text('[molecule]\ngeometry = "H 0 0 0; H 0 0 2.5"\n[stop]\nevaluations = 2\n')
    assert run(["quantum", "vqe", str(problem), "-o", str(tmp_path / "run")]) == 4
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["status"] == "out_of_attempts"
    assert "results so far are kept" in capsys.readouterr().out


WORDS = [(), *((group.name,) for group in GROUPS), *(command.words for command in COMMANDS)]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_every_help_ends_with_two_commands_that_parse(words, capsys):
    assert run([*words, "--help"]) == 0
    said = capsys.readouterr().out.strip().splitlines()
    examples = [line.split()[1:] for line in said if line.startswith("    suite ")][-2:]
    assert len(examples) == 2
    assert said[-1].strip() == "suite " + " ".join(examples[1])
    for example in examples:
        build().parse_args(example, exit_on_error=False, print_error=False)


def test_doctor_names_what_is_missing_with_the_line_that_installs_it(capsys, monkeypatch):
    import suite.cli.doctor as doctor

    assert run(["doctor"]) == 0
    assert "numpy" in capsys.readouterr().out
    monkeypatch.setitem(doctor.EXTRAS, "report", ("no-such-package",))
    assert run(["doctor"]) == 0
    assert "pip install 'suite-adaptive[report]'" in capsys.readouterr().out


def without(package, *words):
    """Run suite in a process where a package cannot be imported."""
    block = f"import sys; sys.modules[{package!r}] = None; from suite.cli.main import run; "
    code = f"{block} sys.exit(run({list(words)!r}))"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )


@pytest.mark.parametrize(
    ("package", "words", "extra"),
    [
        ("pandas", ("finance", "iv", SPX, "-o", "OUT"), "finance"),
        ("pyscf", ("chemistry", "irc", HCN, "-o", "OUT"), "chemistry"),
        ("pyscf", ("quantum", "vqe", H2, "-o", "OUT"), "quantum"),
        ("qiskit", ("quantum", "vqe", H2, "-o", "OUT"), "quantum"),
    ],
)
def test_a_missing_package_is_one_sentence_with_its_install_line(package, words, extra, tmp_path):
    done = without(package, *(str(tmp_path / "run") if word == "OUT" else word for word in words))
    assert done.returncode == 5, done.stderr
    assert f"pip install 'suite-adaptive[{extra}]'" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_without_plotly_the_results_are_there_and_the_page_is_explained(tmp_path):
    done = without("plotly", "quantum", "vqe", H2, "-o", str(tmp_path))
    assert done.returncode == 0
    assert "suite-adaptive[report]" in done.stderr
    assert (tmp_path / "summary.json").exists()
    assert not (tmp_path / "report.html").exists()


def test_importing_suite_and_asking_for_help_import_nothing_heavy():
    for code in ("import suite", "from suite.cli.main import run; run(['--help'])"):
        names = {"cyclopts", "numpy", "scipy", "pandas", "pyscf", "qiskit", "plotly"}
        heavy = f"{names} & set(sys.modules)"
        check = f"import sys; {code}; assert not ({heavy}), {heavy}"
        subprocess.run([sys.executable, "-c", check], check=True, stdout=subprocess.DEVNULL)


def test_options_come_from_a_toml_file_and_flags_win(tmp_path, capsys):
    config = tmp_path / "options.toml"
    config.write_text('[finance.iv]\nquoted = "2025-10-01"\njson = true\n')
    output = str(tmp_path / "iv.parquet")
    assert run(["finance", "iv", SPX, "-o", output, "--config", str(config)]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 434
    assert run(["finance", "iv", SPX, "-o", output, f"--config={config}", "--quoted", "soon"]) == 3
    assert "must be a date" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        ('[finance.iv]\nquotd = "2025-10-01"\n', 2, "Did you mean --quoted?"),
        ("[finance.iv\n", 3, "options.toml"),
        (None, 3, "which is no file"),
    ],
)
def test_a_bad_options_file_is_refused(text, code, sentence, tmp_path, capsys):
    config = tmp_path / "options.toml"
    if text is not None:
        config.write_text(text)
    assert (
        run(["finance", "iv", SPX, "-o", str(tmp_path / "x.csv"), "--config", str(config)]) == code
    )
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.strip().splitlines()) == 1


def test_the_input_is_never_written_over(tmp_path, capsys):
    table = tmp_path / "same.csv"
    table.write_bytes(Path(SPX).read_bytes())
    assert run(["finance", "iv", str(table), "-o", str(table)]) == 3
    assert table.read_bytes() == Path(SPX).read_bytes()
    saddle = tmp_path / "path.xyz"
    saddle.write_bytes(Path(HCN).read_bytes())
    assert run(["chemistry", "irc", str(saddle), "--basis", "3-21g", "-o", str(tmp_path)]) == 3
    assert saddle.read_bytes() == Path(HCN).read_bytes()
    assert capsys.readouterr().err.count("would write over the input") == 2
    assert run(["finance", "iv", SPX, "-o", str(tmp_path / "iv.xlsx")]) == 3


def test_a_folder_keeps_its_job_and_a_refused_command_leaves_it_resumable(tmp_path, capsys):
    folder = tmp_path / "h2"
    assert run(["quantum", "vqe", H2, "-o", str(folder)]) == 0
    before = (folder / "summary.json").read_bytes()
    assert run(["finance", "iv", SPX, "-o", str(folder)]) == 3
    assert "holds a run of suite quantum vqe" in capsys.readouterr().err
    other = tmp_path / "other.toml"
    other.write_text('[pauli]\nterms = [["Z", 1.0]]\n[ansatz]\nname = "real_amplitudes"\n')
    assert run(["quantum", "vqe", str(other), "-o", str(folder)]) == 3
    said = capsys.readouterr().err
    assert "was started differently" in said
    assert len(said) < 1000
    assert (folder / "summary.json").read_bytes() == before
    moved = folder.rename(tmp_path / "moved")
    assert run(["resume", str(moved)]) == 0
    assert not folder.exists()


def test_a_warning_is_a_note_and_is_said_once(monkeypatch, capsys):
    def warned(*_, **__):
        for said in ("first", "second", "first"):
            warnings.warn(said, UserWarning, stacklevel=1)
            warnings.warn_explicit(said, UserWarning, "elsewhere", len(said))

    monkeypatch.setattr("suite.cli.main.build", lambda config: warned)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert run(["doctor"]) == 0
    assert capsys.readouterr().err.splitlines() == ["suite: note: first", "suite: note: second"]
