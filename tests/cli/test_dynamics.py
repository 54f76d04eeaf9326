"""`suite dynamics` as its user meets it: files, names, pages, refusals by line, runs that go on."""

import csv
import json
import math
import random
import re
import shutil
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import mpmath
import numpy as np
import pytest

from suite.cli.integration import parameters_of
from suite.cli.main import run
from suite.cli.programs import program_of
from tests.kill import ONE_THREAD, files, killed_until_done, suite

EXAMPLES = Path(__file__).parents[2] / "examples" / "dynamics"
DECAY = """
import numpy as np

t_span = (0.0, 2.0)
y0 = [1.0, 2.0]
names = ["slow", "fast"]
rtol = 1e-9
atol = 1e-12


def fun(t, y):
    return np.array([-1.0, -3.0]) * y
"""


@pytest.fixture
def decay(tmp_path):
    path = tmp_path / "decay.py"
    path.write_text(DECAY)
    return path


def table(folder):
    with open(folder / "trajectory.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def summary(folder):
    return json.loads((folder / "summary.json").read_text())


def test_a_program_is_solved_into_a_folder_that_shows_and_resumes(decay, tmp_path, capsys):
    output = tmp_path / "out"
    assert run(["dynamics", "solve", str(decay), "-o", str(output)]) == 0
    said = capsys.readouterr()
    for line in ("reached", "evaluations", "attempts", "bound by", "refused", "written to"):
        assert line in said.out
    found = table(output)
    assert list(found) == ["t", "slow", "fast"]
    # Local errors of 1e-9 of y add up along a decay to some times that.
    np.testing.assert_allclose(found["slow"], np.exp(-found["t"]), rtol=2e-8)
    np.testing.assert_allclose(found["fast"], 2.0 * np.exp(-3.0 * found["t"]), rtol=2e-8)
    told = summary(output)
    assert told["job"] == "dynamics solve"
    assert told["y"] == [found["slow"][-1], found["fast"][-1]]
    assert (output / "problem.py").read_text() == DECAY
    page = (output / "report.html").read_text(encoding="utf-8")
    for title in ("The solution", "The plane", "The record of the steps", "Errors", "Attempts"):
        assert f"<h2>{title}</h2>" in page
    assert not re.search(r"(src|href)=\"https?:", page[page.index("<body>") :])
    before = (output / "trajectory.csv").read_bytes()
    assert run(["resume", str(output)]) == 0
    assert (output / "trajectory.csv").read_bytes() == before
    capsys.readouterr()
    assert run(["show", str(output)]) == 0
    assert "dynamics solve" in capsys.readouterr().out


def test_options_win_over_the_program_and_json_is_the_summary(decay, tmp_path, capsys):
    output = tmp_path / "out"
    words = ["dynamics", "solve", str(decay), "--span", "1", "-1", "--rtol", "1e-6"]
    words += ["--method", "RK45", "--dense", "11", "--json", "-o", str(output)]
    assert run(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["t0"], told["t_end"], told["method"]) == (1.0, -1.0, "RK45")
    found = table(output)
    np.testing.assert_allclose(found["t"], np.linspace(1.0, -1.0, 11), atol=1e-15)
    # Errors of 1e-6 a step grow with the solution itself, e² and e⁶, and no faster.
    np.testing.assert_allclose(found["slow"], np.exp(1.0 - found["t"]), rtol=1e-4)
    again = json.loads((output / "command.json").read_text())["command"]
    assert again[:3] == ["dynamics", "solve", str(decay)]
    assert run(["resume", str(output)]) == 0
    np.testing.assert_array_equal(table(output)["slow"], found["slow"])


def test_a_run_out_of_budget_answers_four_and_goes_on_with_more_to_the_same_files(
    decay, tmp_path, capsys
):
    words = ["dynamics", "solve", str(decay), "-o"]
    assert run([*words, str(tmp_path / "out"), "--max-evaluations", "60"]) == 4
    assert summary(tmp_path / "out")["status"] == "out_of_budget"
    assert "written to" in capsys.readouterr().out
    assert run([*words, str(tmp_path / "out")]) == 0
    assert run([*words, str(tmp_path / "whole")]) == 0
    for name in ("trajectory.csv", "attempts.csv"):
        cut, whole = ((tmp_path / run / name).read_text() for run in ("out", "whole"))
        # The row at which the budget ran out says so.
        assert cut.replace("out_of_budget", "") == whole


def test_a_compiled_function_gives_the_same_solution(decay, tmp_path, capsys):
    words = ["dynamics", "solve", str(decay), "--method", "DOP853", "--dense", "5", "-o"]
    try:
        import numba  # noqa: F401
    except ImportError:
        assert run([*words, str(tmp_path / "fast"), "--compiled"]) == 5
        assert "suite-adaptive[compiled]" in capsys.readouterr().err
        return
    assert run([*words, str(tmp_path / "fast"), "--compiled"]) == 0
    assert run([*words, str(tmp_path / "plain")]) == 0
    fast, plain = table(tmp_path / "fast"), table(tmp_path / "plain")
    # Fused operations may differ in the last bits, and steps by them; the tolerance is 1e-9.
    np.testing.assert_allclose(fast["slow"], plain["slow"], rtol=1e-11)


def test_a_changed_program_may_not_go_on(decay, tmp_path, capsys):
    output = tmp_path / "out"
    words = ["dynamics", "solve", str(decay), "-o", str(output)]
    assert run(words) == 0
    before = (output / "command.json").read_bytes()
    decay.write_text(DECAY.replace("-3.0", "-4.0"))
    assert run(words) == 3
    assert "is not what the run in" in capsys.readouterr().err
    assert (output / "command.json").read_bytes() == before
    assert run(["dynamics", "solve", "kepler", "-o", str(output)]) == 3


def test_a_built_in_problem_takes_parameters(tmp_path):
    words = ["dynamics", "solve", "kepler", "--set", "eccentricity=0.3", "--span", "0", "5"]
    assert run([*words, "-o", str(tmp_path / "out")]) == 0
    found = table(tmp_path / "out")
    assert found["x"][0] == pytest.approx(0.7)
    assert parameters_of(" mu = 2,eps=1e-3") == {"mu": 2.0, "eps": 1e-3}


def test_hand_over_is_told_while_it_happens_and_shown(tmp_path, capsys):
    words = ["dynamics", "solve", "van_der_pol", "--set", "mu=100", "--span", "0", "150"]
    assert run([*words, "-o", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert "explicit hands over to stiff" in said.err
    assert "stiff " in said.out
    told = summary(tmp_path / "out")
    assert told["stiff"]
    assert told["changes"][0]["to"] == "stiff"
    assert "<h2>Stability</h2>" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_invariants_of_a_program_are_kept_and_its_events_found(tmp_path):
    pendulum = str(EXAMPLES / "pendulum.py")
    assert run(["dynamics", "solve", pendulum, "--project", "-o", str(tmp_path / "out")]) == 0
    told = summary(tmp_path / "out")
    assert told["invariants"]["energy"]["largest_departure"] < 1e-14
    # A quarter period of a pendulum is K(m), m = v² / 4 for v at the lowest point.
    half = 2.0 * float(mpmath.ellipk(mpmath.mpf("1.999") ** 2 / 4))
    passages = told["events"][0]
    assert len(passages) == int(60.0 / half)
    np.testing.assert_allclose(passages, half * np.arange(1, 7), rtol=1e-7)


def test_a_singularity_is_named_with_its_time_and_error(tmp_path, capsys):
    explosion = str(EXAMPLES / "explosion.py")
    output = tmp_path / "out"
    assert run(["dynamics", "singularity", explosion, "--rtol", "1e-8", "-o", str(output)]) == 0
    out = capsys.readouterr().out
    assert "singular time" in out
    assert "logarithm" in out
    found = summary(output)["singularity"]
    with mpmath.workdps(30):
        truth = mpmath.quad(lambda y: 1 / (mpmath.exp(y) / 2 - y), [0, 1, 5, 20, 80])
    assert abs(found["time"] - float(truth)) <= found["error"] < 1e-6
    assert found["logarithmic"]
    assert table(output)["t"][-1] < float(truth)
    page = (output / "report.html").read_text(encoding="utf-8")
    assert "The singularity closing in" in page
    # An end before it is reached as any other; nothing singular is named there.
    words = ["dynamics", "singularity", explosion, "--span", "0", "1", "-o", str(tmp_path / "b")]
    assert run(words) == 0
    assert summary(tmp_path / "b")["singularity"] is None
    assert run(["dynamics", "singularity", explosion, "--no-foresight"]) == 3


def test_an_orbit_by_its_eccentricity_keeps_energy_and_finds_its_pericentres(tmp_path, capsys):
    output = tmp_path / "out"
    words = ["dynamics", "orbit", "--eccentricity", "0.9", "--periods", "3", "-o", str(output)]
    assert run(words) == 0
    assert "position error" in capsys.readouterr().out
    told = summary(output)
    assert told["largest_energy_error"] < 2e-14
    assert told["position_error"] < 1e-11
    turns = [told["period"], *np.diff(told["pericentre_passages"])]
    np.testing.assert_allclose(turns, 2.0 * math.pi, rtol=1e-12)
    assert {"energy_error", "angular_momentum_error"} <= table(output).keys()
    assert "pericentres" in (output / "report.html").read_text(encoding="utf-8")
    assert run(["resume", str(output)]) == 0


def test_planets_of_a_file_go_round_in_their_years(tmp_path):
    planets = str(EXAMPLES / "planets.toml")
    words = ["dynamics", "orbit", planets, "--time", "12", "--rtol", "1e-10"]
    assert run([*words, "-o", str(tmp_path / "out")]) == 0
    found = table(tmp_path / "out")
    angle = np.unwrap(
        np.arctan2(found["y_jupiter"] - found["y_sun"], found["x_jupiter"] - found["x_sun"])
    )
    # Kepler's third law: 5.2044^1.5 years; the other planets pull at 1e-3 of the sun's force.
    year = 2.0 * math.pi * found["t"][-1] / (angle[-1] - angle[0])
    assert year == pytest.approx(5.2044**1.5, rel=5e-3)
    assert summary(tmp_path / "out")["largest_energy_error"] < 1e-12


def test_a_particle_by_its_fields_reaches_its_lorentz_factor(tmp_path, capsys):
    output = tmp_path / "out"
    words = ["dynamics", "particle", "--electric", "1 0 0", "--time", "1e6", "-o", str(output)]
    assert run(words) == 0
    out = capsys.readouterr().out
    assert "beside it     In velocities" in out
    found = table(output)
    # p = t: γ = √(1 + t²), and 1 - v/c = 1 / (γ (γ + p)).
    gamma = np.hypot(1.0, found["t"])
    np.testing.assert_allclose(found["gamma"], gamma, rtol=1e-12)
    slow = 1.0 / (gamma * (gamma + found["t"]))
    np.testing.assert_allclose(found["one_minus_speed"], slow, rtol=1e-12)
    page = (output / "report.html").read_text(encoding="utf-8")
    assert "The same in velocities" in page
    assert run(["resume", str(output)]) == 0
    backwards = ["dynamics", "particle", "--electric", "-1,0,0", "--momentum=0 -1 0"]
    assert run([*backwards, "--time", "2", "-o", str(tmp_path / "b")]) == 0
    last = {name: values[-1] for name, values in table(tmp_path / "b").items()}
    assert (last["px"], last["py"]) == pytest.approx((-2.0, -1.0))
    assert run(["resume", str(tmp_path / "b")]) == 0


def test_fields_of_a_program_are_functions_and_magnetic_ones_do_no_work(tmp_path):
    trap = str(EXAMPLES / "trap.py")
    words = ["dynamics", "particle", trap, "--time", "20", "--rtol", "1e-11"]
    assert run([*words, "-o", str(tmp_path / "out")]) == 0
    found = table(tmp_path / "out")
    gamma = math.sqrt(1.0 + 0.6**2 + 0.5**2)
    np.testing.assert_allclose(found["gamma"], gamma, rtol=1e-9)
    assert np.abs(found["z"]).max() < 5.0
    particle = tmp_path / "p.toml"
    particle.write_text("electric = [0.0, 1.0, 0.0]\nmomentum = [1, 0, 0]\ntime = 2.0\n")
    assert run(["dynamics", "particle", str(particle), "-o", str(tmp_path / "b")]) == 0
    np.testing.assert_allclose(table(tmp_path / "b")["py"][-1], 2.0, rtol=1e-9)


HEAD = "t_span = (0.0, 1.0)\ny0 = [1.0]\n"
FUN = "def fun(t, y):\n    return -y\n"
REFUSED = [
    (FUN + "t_span = (0, 1)\n", "defines no y0"),
    (FUN + "tspan = (0, 1)\ny0 = [1.0]\n", "defines no t_span. A problem file"),
    (FUN + "tspan = (0, 1)\ny0 = [1.0]\n", "Did you mean 'tspan' by it?"),
    (HEAD, "defines no fun"),
    (HEAD + "fun = 3\n", "fun must be a function of t and y. Got 3"),
    (HEAD + "def fun(t, y):\n    return [y[0], 1.0]\n", "line 3: fun must return 1 numbers"),
    (HEAD + "def fun(t, y):\n    return None\n", "line 3: fun must return 1 numbers"),
    (HEAD + "def fun(t, y):\n    return [1j]\n", "write y0 as complex numbers"),
    (HEAD + "def fun(t, y):\n    return -y[1]\n", "line 4 in fun: IndexError"),
    (HEAD + "def fun(t, y):\n    return undefined\n", "line 4 in fun: NameError"),
    (HEAD + "def fun(t):\n    return -t\n", "line 3: fun must take t and y. It takes (t)"),
    (HEAD + FUN + "events = [lambda y: y[0]]\n", "line 5: event 1 must take t and y"),
    (HEAD + FUN + "jac = lambda t: 1\n", "line 5: jac must take t and y"),
    (HEAD + "def fun(t, y):\n    return (\n", "line 4: '(' was never closed"),
    (HEAD + FUN + "1 / 0\n", "line 5: ZeroDivisionError"),
    (HEAD + FUN + "raise SystemExit(3)\n", "line 5: SystemExit: 3"),
    (HEAD + FUN + "import no_such_thing\n", "line 5: ModuleNotFoundError"),
    (FUN + "t_span = (0.0, 1.0)\ny0 = 'one'\n", "y0 must be a list of numbers. Got 'one'"),
    (FUN + "t_span = (0.0, 1.0)\ny0 = [1.0, float('nan')]\n", "y0 must be finite"),
    (FUN + "t_span = (0.0, 1.0)\ny0 = [[1.0], [1.0, 2.0]]\n", "y0 must be a list of numbers"),
    (FUN + "t_span = (1.0, 1.0)\ny0 = [1.0]\n", "two different times"),
    (FUN + "t_span = 1.0\ny0 = [1.0]\n", "two different times"),
    (HEAD + FUN + "names = ['a', 'b']\n", "names must name each of the 1 components"),
    (HEAD + FUN + "invariants = [1]\n", "invariants must be a dict"),
    (HEAD + FUN + "invariants = {'a': 1}\n", "the invariant 'a' must be a function"),
    (HEAD + FUN + "events = 3\n", "event 1 must be a function"),
    (HEAD + FUN + "rtol = -1.0\n", "rtol"),
    (HEAD + FUN + "method = 'DOP835'\n", "Did you mean 'DOP853'"),
    (HEAD + "def fun(t, y):\n    return -y if t < 0.1 else nothing\n", "line 4 in fun: NameError"),
]


@pytest.mark.parametrize(("text", "sentence"), REFUSED)
def test_a_program_that_cannot_be_solved_is_one_sentence_with_its_place(
    text, sentence, tmp_path, capsys
):
    path = tmp_path / "problem.py"
    path.write_text(text)
    assert run(["dynamics", "solve", str(path), "-o", str(tmp_path / "out")]) == 3
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert not (tmp_path / "__pycache__").exists()
    assert not (tmp_path / "out" / "summary.json").exists()


PRINTS = """
print("at import")
t_span = (0.0, 1.0)
y0 = [1.0]
time = 1.0


def fun(t, y):
    print("fun")
    return -y


def electric(t, x):
    print("field")
    return (1.0, 0.0, 0.0)
"""


@pytest.mark.parametrize("verb", ["solve", "singularity", "particle"])
def test_what_a_program_prints_is_no_result(verb, tmp_path, capsys):
    path = tmp_path / "prints.py"
    path.write_text(PRINTS)
    assert run(["dynamics", verb, str(path), "-o", str(tmp_path / "out"), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["status"] == "endpoint"
    assert "at import" in said.err


def test_what_the_equation_does_not_conserve_is_told_with_its_file(tmp_path, capsys):
    path = tmp_path / "damped.py"
    path.write_text(HEAD + FUN + "invariants = {'energy': lambda t, y: y[0]}\n")
    assert run(["dynamics", "solve", str(path), "-o", str(tmp_path / "out")]) == 3
    assert f"suite: {path}: energy is not conserved" in capsys.readouterr().err
    # What the command line said is not the file's.
    assert run(["dynamics", "solve", str(path), "--rtol", "-1", "-o", str(tmp_path / "out")]) == 3
    assert "suite: rtol must be" in capsys.readouterr().err


def test_a_name_that_is_nearly_that_of_an_option_is_hinted_at(decay, tmp_path, capsys):
    decay.write_text(DECAY + "\nmetod = 'RK45'\ntolerance_of_mine = 3\n")
    assert run(["dynamics", "solve", str(decay), "-o", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().err
    assert "defines 'metod', which is no option. Did you mean 'method'?" in said
    assert "tolerance_of_mine" not in said


def test_that_there_is_no_singularity_is_told(tmp_path, capsys):
    words = ["dynamics", "singularity", "lorenz", "--span", "0", "1", "-o", str(tmp_path / "out")]
    assert run(words) == 0
    assert re.search(r"singularity +none up to t = 1\n", capsys.readouterr().out)


def test_a_result_can_be_traced_to_its_tolerance_and_parameters(tmp_path, capsys):
    words = ["dynamics", "solve", "kepler", "--set", "eccentricity=0.3", "--rtol", "1e-7"]
    output = tmp_path / "out"
    assert run([*words, "--span", "0", "1", "-o", str(output)]) == 0
    found = summary(output)
    assert (found["options"]["rtol"], found["options"]["atol"]) == (1e-7, 1e-9)
    assert found["parameters"] == {"eccentricity": 0.3}
    said = capsys.readouterr().out
    assert re.search(r"tolerance +rtol 1e-07, atol 1e-09\n", said)
    assert "eccentricity = 0.3" in (output / "report.html").read_text()
    # The same folder with other options is refused, and the way out is named.
    assert run(["dynamics", "solve", "kepler", "--span", "0", "1", "-o", str(output)]) == 3
    assert "-o DIR" in capsys.readouterr().err


def test_help_breaks_no_line_twice(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["dynamics", "solve", "--help"]) == 0
    entry = capsys.readouterr().out.split("PROBLEM: ")[1].split("[required]")[0]
    lines = entry.splitlines()
    assert all(line.startswith("      ") for line in lines[1:])
    assert min(len(line) for line in lines[1:-1]) > 60


NOT_ASKED = [
    (["solve", "no.py"], 3, "no.py is no file"),
    (["solve", "keplr"], 3, "The nearest: kepler"),
    (["solve", "kepler", "--set", "e=0.9"], 3, "no parameter 'e'"),
    (["solve", "kepler", "--set", "eccentricity"], 3, "--set takes name=number"),
    (["solve", str(EXAMPLES / "pendulum.py"), "--set", "a=1"], 3, "--set is for built-in"),
    (["solve", "kepler", "--dense", "1"], 3, "--dense must be at least 2"),
    (["solve", "kepler", "--rtol", "0", "--atol", "0"], 3, "rtol and atol"),
    (["solve", "kepler", "--span", "1", "nan"], 3, "t_span must be finite"),
    (["solve", "kepler", "--rtol", "small"], 2, "small"),
    (["solve", "kepler", "--rtoll", "1"], 2, "--rtoll"),
    (["orbit"], 3, "either a file of bodies or --eccentricity"),
    (["orbit", "--eccentricity", "1.0", "--periods", "1"], 3, "eccentricity must be"),
    (["orbit", "--eccentricity", "0.5"], 3, "periods or t_end"),
    (["orbit", "--eccentricity", "0.5", "--periods", "1", "--project", "all"], 3, "Got 'all'"),
    (["orbit", "no.toml"], 3, "no.toml is no file."),
    (["particle"], 3, "How long?"),
    (["particle", "--time", "1"], 3, "No field is given"),
    (["particle", "--time", "1", "--electric", "1,0"], 3, "--electric must be 3 numbers"),
    (["particle", "--time", "1", "--electric", "a,b,c"], 3, "takes three numbers"),
    (["particle", "--time", "1", "--electric", "1,0,0", "--mass", "0"], 3, "mass must be"),
]


@pytest.mark.parametrize(("words", "code", "sentence"), NOT_ASKED)
def test_a_refusal_is_one_sentence_and_leaves_nothing(
    words, code, sentence, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert run(["dynamics", *words]) == code
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


BODY = '[[body]]\nname = "a"\nmass = 1.0\nposition = [0, 0]\nvelocity = [0, 0]\n'
OTHER = "[[body]]\nmass = 0.0\nposition = [1, 0]\nvelocity = [0, 1]\n"
BAD_FILES = [
    ("orbit", "time = 1.0\n", "must have a [[body]]"),
    ("orbit", BODY + OTHER.replace("mass = 0.0\n", ""), "body 2 has no mass"),
    ("orbit", BODY + OTHER.replace("velocity", "velocty"), "Did you mean 'velocity'?"),
    ("orbit", BODY + OTHER.replace("[1, 0]", "[1, 0, 0]"), "body 2 must have a position"),
    ("orbit", BODY + OTHER.replace("0.0", '"heavy"'), "mass must be a list of numbers"),
    ("orbit", BODY + OTHER.replace("[1, 0]", "[0, 0]"), "in one place"),
    ("orbit", 'G = "big"\n' + BODY + OTHER, "G must be a number. Got 'big'"),
    ("orbit", "[[body\n", "cannot be read as a TOML file"),
    ("particle", "electrc = [1, 0, 0]\n", "Did you mean 'electric'?"),
    ("particle", "electric = [1, 0]\ntime = 1.0\n", "electric must be 3 numbers. Got [1, 0]"),
    ("particle", "electric = 3\ntime = 1.0\n", "electric must be 3 numbers. Got [3]"),
    ("particle", "electric = [1, 0, 0]\ncharge = true\ntime = 1.0\n", "charge must be a number"),
]


@pytest.mark.parametrize(("verb", "text", "sentence"), BAD_FILES)
def test_a_file_of_bodies_or_fields_is_refused_by_its_place(verb, text, sentence, tmp_path, capsys):
    path = tmp_path / "input.toml"
    path.write_text(text)
    assert run(["dynamics", verb, str(path), "-o", str(tmp_path / "out")]) == 3
    said = capsys.readouterr()
    assert sentence in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_the_input_is_never_written_over(tmp_path, capsys):
    problem = tmp_path / "problem.py"
    problem.write_text(DECAY)
    assert run(["dynamics", "solve", str(problem), "-o", str(tmp_path)]) == 3
    planets = shutil.copy(EXAMPLES / "planets.toml", tmp_path / "problem.toml")
    assert run(["dynamics", "orbit", str(planets), "-o", str(tmp_path)]) == 3
    assert capsys.readouterr().err.count("would write over the input") == 2


def test_a_program_imports_its_neighbours_and_leaves_no_trace(tmp_path):
    (tmp_path / "neighbour_of_it.py").write_text("RATE = -2.0\n")
    path = tmp_path / "problem.py"
    path.write_text(
        HEAD + "from neighbour_of_it import RATE\ndef fun(t, y):\n    return RATE * y\n"
    )
    before = list(sys.path)
    assert program_of(path).fun(0.0, np.ones(1)) == -2.0
    assert sys.path == before
    assert not [name for name in sys.modules if name.startswith("suite_program")]


LONG = {
    "orbit": ["orbit", "--eccentricity", "0.9", "--periods", "8"],
    "stiff": ["solve", "van_der_pol", "--set", "mu=1000", "--rtol", "1e-8", "--dense", "500"],
    "particle": ["particle", str(EXAMPLES / "trap.py")],
    "singularity": ["singularity", str(EXAMPLES / "explosion.py"), "--rtol", "1e-11"],
}


@pytest.mark.parametrize("name", LONG)
def test_a_killed_run_resumes_to_the_same_files(name, tmp_path):
    seed = random.SystemRandom().getrandbits(32)
    sys.stdout.write(f"seed {seed}\n")  # shown by pytest on failure
    command = suite("dynamics", *LONG[name])
    began = time.monotonic()
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    subprocess.run([*command, "-o", whole], check=True, capture_output=True, env=ONE_THREAD)
    life = time.monotonic() - began
    assert killed_until_done([*command, "-o", str(cut)], 3, life, seed) >= 1
    assert files(cut) == files(whole)


def test_a_long_run_is_told_ever_more_seldom(monkeypatch, capsys):
    from suite.cli import strides as module
    from suite.core import Attempt, Point, Step, Trial
    from suite.dynamics import Flow

    now = 0.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    watch = module.strides()
    told = []
    for second in range(400):
        now = float(second)
        flow = Flow(0.1 * second, np.ones(1), np.ones(1))
        point = Point(flow, Step(0.1), None)
        trial = Trial(flow, {}, {"evaluations": 12})
        watch(Attempt(second, Step(0.1), True, "error", "", trial, point))
        if capsys.readouterr().err:
            told.append(second)
    gaps = [b - a for a, b in pairwise(told)]
    assert told[0] == 2
    assert gaps == sorted(gaps)
    assert max(gaps) == 30
