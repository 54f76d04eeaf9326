"""Options that count take whole numbers and round nothing."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from suite.cli.main import run
from suite.cli.whole import whole

H2 = str(Path(__file__).parents[2] / "examples" / "quantum" / "h2.toml")


@pytest.mark.parametrize(("text", "number"), [("7", 7), ("-2", -2), ("3.0", 3), ("3e5", 300_000)])
def test_whole_numbers_may_be_written_as_one_likes(text, number):
    assert whole(int, [SimpleNamespace(value=text)]) == number


def test_large_ones_keep_all_digits():
    assert whole(int, [SimpleNamespace(value=str(2**62 + 1))]) == 2**62 + 1


@pytest.mark.parametrize("text", ["5000.5", "inf", "nan", "many"])
@pytest.mark.parametrize(
    "words",
    [["quantum", "vqe", H2, "--shots"], ["dynamics", "solve", "lorenz", "--max-evaluations"]],
)
def test_others_are_refused_by_a_sentence(words, text, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run([*words, text]) == 2
    assert f"Invalid value for {words[-1]}: {text} is no whole number" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_file_of_options_is_read_alike(tmp_path, capsys):
    config = tmp_path / "options.toml"
    config.write_text("[quantum.vqe]\nevaluations = 1\n")
    out = str(tmp_path / "out")
    assert run(["--config", str(config), "quantum", "vqe", H2, "-o", out]) == 4
    assert "1 evaluations" in capsys.readouterr().out
