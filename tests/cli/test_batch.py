"""A folder of saddles as one job: one that fails is a row, and stops no other."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from suite.cli.main import run

HCN = Path(__file__).parents[2] / "examples" / "chemistry" / "hcn.xyz"
OPTIONS = ["--basis", "sto-3g", "--no-ends", "--accuracy", "0.1"]


def rows_of(output):
    with open(output / "batch.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A batch of a good saddle, a file that is none, and an impossible spin: folder, exit code."""
    folder = tmp_path_factory.mktemp("batch") / "saddles"
    folder.mkdir()
    (folder / "a_hcn.xyz").write_text(HCN.read_text())
    (folder / "b_broken.xyz").write_text("3\n\nC 0 0 0\nN 0 0\n")
    lines = HCN.read_text().splitlines()
    (folder / "c_spin.xyz").write_text("\n".join([lines[0], "spin=1", *lines[2:]]))
    (folder / "notes.txt").write_text("no saddle")
    output = folder.parent / "out"
    code = run(["chemistry", "irc", str(folder), *OPTIONS, "-o", str(output)])
    return folder, output, code


def test_one_that_fails_stops_no_other(done):
    _, output, code = done
    assert code == 4
    good, broken, spin = rows_of(output)
    assert (good["name"], good["status"]) == ("a_hcn", "endpoint")
    assert (broken["name"], broken["status"]) == ("b_broken", "failed")
    assert "b_broken.xyz" in broken["sentence"]
    assert (spin["name"], spin["status"]) == ("c_spin", "failed")
    assert "spin must be an even number" in spin["sentence"]
    assert broken["barrier_forward_kcal_mol"] == ""
    assert (output / "report.html").read_text().startswith("<!doctype html>")
    # What failed leaves no folder that looks like a result.
    assert {path.name for path in output.iterdir()} == {
        "a_hcn",
        "batch.csv",
        "command.json",
        "report.html",
    }


def test_a_row_is_the_summary_of_its_run(done):
    _, output, _ = done
    row = rows_of(output)[0]
    summary = json.loads((output / "a_hcn" / "summary.json").read_text())
    for name in ("barrier_forward_kcal_mol", "barrier_reverse_kcal_mol"):
        assert float(row[name]) == summary[name]
    assert int(row["gradients"]) == summary["gradients"]
    assert "bond formed" in row["connectivity"]


def test_called_again_it_reads_back_what_is_finished(done, capsys):
    folder, output, _ = done
    before = (output / "batch.csv").read_bytes()
    assert run(["chemistry", "irc", str(folder), *OPTIONS, "-o", str(output), "--json"]) == 4
    said = capsys.readouterr()
    assert [row["status"] for row in json.loads(said.out)] == ["endpoint", "failed", "failed"]
    assert "step=" not in said.err  # no attempt was made
    assert (output / "batch.csv").read_bytes() == before


def test_a_batch_in_which_all_arrive_answers_zero(done, tmp_path):
    folder, output, _ = done
    whole = tmp_path / "out"
    shutil.copytree(output / "a_hcn", whole / "a_hcn")
    for name in ("b_broken.xyz", "c_spin.xyz"):
        (folder / name).unlink()
    assert run(["chemistry", "irc", str(folder), *OPTIONS, "-o", str(whole)]) == 0
    assert [row["status"] for row in rows_of(whole)] == ["endpoint"]
    assert (whole / "a_hcn" / "path.csv").read_bytes() == (
        output / "a_hcn" / "path.csv"
    ).read_bytes()


def test_an_empty_folder_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert run(["chemistry", "irc", "empty"]) == 3
    assert "empty holds no .xyz file" in capsys.readouterr().err
    assert run(["chemistry", "irc", str(HCN), "--cluster", "local:2"]) == 3
    assert "--cluster spreads a batch of several files" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_files_and_lists_are_a_batch_too(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in "ab":
        (tmp_path / folder / "ts.xyz").write_text(HCN.read_text())
    (tmp_path / "a" / "list.txt").write_text("# two\nts.xyz\n../b/ts.xyz # again\nnone.xyz\n\n")
    for words in (["a/list.txt"], ["@a/list.txt"], ["a/ts.xyz", "b", "a/none.xyz", "a/ts.xyz"]):
        assert run(["chemistry", "ts", *words, "--basis", "sto-3g", "-o", "out", "--json"]) == 4
        first, second, none = json.loads(capsys.readouterr().out)
        assert (first["name"], second["name"], none["name"]) == ("a_ts", "b_ts", "none")
        assert first["status"] == second["status"] == "converged"
        assert first["energy"] == second["energy"]
        assert "none.xyz cannot be read" in none["sentence"]
    summary = json.loads((tmp_path / "out" / "a_ts" / "summary.json").read_text())
    assert float(rows_of(tmp_path / "out")[0]["energy"]) == summary["energy"]
    assert run(["resume", "out"]) == 4
    assert "chemistry ts: 3 transition states" in capsys.readouterr().out


def test_a_list_of_nothing_and_names_alike_are_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text("# nothing\n")
    assert run(["chemistry", "irc", "list.txt"]) == 3
    assert "list.txt names no file" in capsys.readouterr().err
    assert run(["chemistry", "irc", "@none.txt"]) == 3
    assert "none.txt cannot be read as a list of files" in capsys.readouterr().err
    assert run(["chemistry", "irc", "x/a/ts.xyz", "y/a/ts.xyz"]) == 3
    assert "Two files of the batch would both be called 'a_ts'" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["list.txt"]


def test_a_defect_in_one_reaction_is_a_row_too(tmp_path, capsys, monkeypatch):
    def breaks(*_, **__):
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr("suite.chemistry.trace", breaks)
    monkeypatch.chdir(tmp_path)
    assert run(["chemistry", "irc", str(HCN), "other.xyz", "--json"]) == 4
    first, second = json.loads(capsys.readouterr().out)
    assert first["status"] == "failed"
    assert "ZeroDivisionError: by nought" in first["sentence"]
    assert second["status"] == "failed"
