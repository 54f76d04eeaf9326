"""Real kills at random moments: the resumed run is the uninterrupted one, bit by bit."""

import os
import random
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from suite.core import Reader, Store
from suite.errors import StoreUnreadable

EXAMPLE = Path(__file__).parents[2] / "examples" / "core" / "kepler.py"
# Long enough that a run takes several lives, short enough that reading it back is quick.
RUNS = {
    "embedded": ("--rtol", "1e-11", "--periods", "60"),
    "doubling": ("--rtol", "1e-11", "--periods", "42"),
    "energy": ("--rtol", "1e-11", "--periods", "48"),
}
KILLS = 17  # of each method


def life(method, folder):
    """Start, or go on with, the run in a folder."""
    command = [sys.executable, EXAMPLE, "--method", method, *RUNS[method], "--store", folder]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=one_thread
    )


def finished(method, folder):
    """Let a run go on to its end; what it printed."""
    printed, errors = life(method, folder).communicate()
    assert errors == ""
    return printed


def content(folder):
    """Every attempt with all its columns, and the last point, as the bytes that are stored."""
    with sqlite3.connect(f"{(folder / 'run.sqlite').as_uri()}?mode=ro", uri=True) as database:
        attempts = database.execute("SELECT * FROM attempt ORDER BY rowid").fetchall()
        points = database.execute("SELECT * FROM point").fetchall()
    database.close()
    return attempts, points


def stored(folder):
    """How many attempts a run that may be cut off anywhere holds."""
    try:
        return len(content(folder)[0])
    except sqlite3.OperationalError:  # killed before the tables were there
        return 0


def kill_and_resume(method, seed, root):
    """Kill lives of a run until it gets to its end, and begin another, for `KILLS` kills.

    Answers how far the run was at each kill, and how far it goes.
    """
    rng = random.Random(f"{seed} {method}")
    began = time.monotonic()
    printed = finished(method, root / "whole")
    shortest = time.monotonic() - began
    whole = content(root / "whole")
    reached = []
    for round_number in count():
        folder = root / f"round{round_number}"
        while len(reached) < KILLS:
            fresh, began = not folder.exists(), time.monotonic()
            process = life(method, folder)
            try:
                # The moment is one of a life's own time, start-up and last commit included.
                output, errors = process.communicate(timeout=rng.uniform(0.2, 0.95) * shortest)
                assert (output, errors) == (printed, "")
                # A machine less busy than at first would outrun every moment chosen.
                if fresh:
                    shortest = min(shortest, time.monotonic() - began)
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                reached.append(stored(folder))
        else:
            assert finished(method, folder) == printed
        assert content(folder) == whole
        if len(reached) == KILLS:
            break
    return reached, len(whole[0])


OPENS_AND_CLOSES = """
import sys
from suite.core import Store
sys.stdout.write("ready\\n")
sys.stdout.flush()
while True:
    Store(sys.argv[1], {"job": "x"}).close()
"""


def test_a_kill_while_a_file_is_made_opened_or_closed(tmp_path):
    # Here the file changes between its log and its journal, each of which can be left half done.
    seed = random.SystemRandom().getrandbits(32)
    sys.stdout.write(f"seed {seed}\n")
    rng = random.Random(seed)
    for number in range(20):
        folder = tmp_path / str(number // 4)
        command = [sys.executable, "-c", OPENS_AND_CLOSES, folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"ready\n"
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=rng.uniform(0.0, 0.03))
            process.kill()
        if (folder / "run.sqlite").exists():
            with suppress(StoreUnreadable), Reader(folder) as reader:
                assert reader.about()["job"] == "x"
        with Store(folder, {"job": "x"}) as store:
            assert store.point() is None
        with Reader(folder) as reader:
            assert reader.about()["job"] == "x"


@pytest.mark.timeout(300)
def test_a_killed_run_goes_on_as_if_nothing_had_been(tmp_path):
    seed = random.SystemRandom().getrandbits(32)
    sys.stdout.write(f"seed {seed}\n")  # shown by pytest on failure
    with ThreadPoolExecutor(max_workers=2) as pool:
        chase = partial(kill_and_resume, seed=seed)
        jobs = {method: pool.submit(chase, method, root=tmp_path / method) for method in RUNS}
        found = [job.result() for job in jobs.values()]
    assert sum(len(reached) for reached, _ in found) >= 50
    # The kills are worth something only if they hit runs at work, at different places.
    places = [len({n for n in reached if 0 < n < total}) for reached, total in found]
    assert min(places) >= 2, found
