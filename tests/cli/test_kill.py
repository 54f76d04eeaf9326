"""SIGKILL on each job at random moments: the resumed run's files are the uninterrupted one's."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from suite.core import Reader
from tests.kill import ONE_THREAD, files, killed_until_done, suite

ROOT = Path(__file__).parents[2]

H4 = """
[molecule]
geometry = "H 0 0 0; H 0 0 1; H 0 0 2; H 0 0 3"
[stop]
gradient = 1e-6
"""


def stored(folder):
    """Every attempt with its columns and the last points, as bytes."""
    with sqlite3.connect(folder / "run.sqlite") as database:
        attempts = database.execute("SELECT * FROM attempt ORDER BY track, number").fetchall()
        points = database.execute("SELECT * FROM point ORDER BY track").fetchall()
    database.close()
    return attempts, points


def job(name, folder):
    """The command of a job that takes some seconds."""
    if name == "finance":
        path = ROOT / "examples" / "finance" / "aapl_yahoo_2025-10-06.csv"
        return suite("finance", "iv", path)
    if name == "chemistry":
        path = ROOT / "examples" / "chemistry" / "hcn.xyz"
        return suite("chemistry", "irc", path, "--basis", "3-21g")
    path = folder / "h4.toml"
    path.write_text(H4)
    return suite("quantum", "vqe", path)


@pytest.mark.parametrize("name", ["finance", "chemistry", "quantum"])
def test_a_killed_job_resumes_to_the_same_files(name, tmp_path):
    seed = random.SystemRandom().getrandbits(32)
    sys.stdout.write(f"seed {seed}\n")  # shown by pytest on failure
    command = job(name, tmp_path)
    began = time.monotonic()
    whole = tmp_path / "whole"
    subprocess.run([*command, "-o", whole], check=True, capture_output=True, env=ONE_THREAD)
    life = time.monotonic() - began
    cut = tmp_path / "cut"
    kills = killed_until_done([*command, "-o", str(cut)], 5, life, seed)
    assert kills >= 1
    assert files(cut) == files(whole)
    if name != "finance":
        assert stored(cut) == stored(whole)


def test_resume_starts_a_killed_run_where_it_was(tmp_path):
    command = [*job("chemistry", tmp_path), "-o", str(tmp_path / "run")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ONE_THREAD)
    kept = 0
    for _ in process.stderr:  # a line for each attempt; those of 0.2 s share a commit
        with Reader(tmp_path / "run") as reader:
            kept = len(list(reader.rows("reverse")))
        if kept >= 3:
            break
    process.kill()
    process.wait()
    process.stderr.close()
    again = suite("resume", tmp_path / "run")
    resumed = subprocess.run(again, capture_output=True, text=True, env=ONE_THREAD, check=True)
    first = resumed.stderr.split()[:2]
    assert first[0] == "reverse"
    assert int(first[1]) >= kept >= 3
    assert "barrier" in resumed.stdout


def test_ctrl_c_says_how_to_go_on_and_answers_130(tmp_path):
    command = [*job("chemistry", tmp_path), "-o", str(tmp_path / "run")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ONE_THREAD)
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 130
    assert f"suite resume {tmp_path / 'run'}" in said
    assert "Traceback" not in said


def test_follow_prints_the_attempts_of_a_run_that_is_being_written(tmp_path):
    command = [*job("chemistry", tmp_path), "-o", str(tmp_path / "run")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ONE_THREAD)
    process.stderr.readline()  # it has begun
    follower = subprocess.Popen(
        suite("show", tmp_path / "run", "--follow"), stdout=subprocess.PIPE, text=True
    )
    first = follower.stdout.readline()
    assert process.poll() is None  # seen while it is written
    process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0
    lines = [first, *follower.stdout]
    follower.stdout.close()
    assert follower.wait() == 0
    total = json.loads((tmp_path / "run" / "summary.json").read_text())["record"]["attempts"]
    assert len(lines) == total + 5  # and the preparations: saddle, two sides, their two ends
