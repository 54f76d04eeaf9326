"""Kill a command at random moments, again and again, until it gets to its end."""

import os
import random
import subprocess
import sys
from pathlib import Path

ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1"}


def suite(*words):
    """The command line of `suite` in this environment."""
    return [sys.executable, "-m", "suite", *map(str, words)]


def killed_until_done(command, kills, within, seed):
    """Run a command, killing its first `kills` lives after a random part of `within` seconds.

    Answers how many lives were really killed; the last one must end well.
    """
    rng, done = random.Random(seed), 0
    for _ in range(kills):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ONE_THREAD
        )
        try:
            process.wait(timeout=rng.uniform(0.1, 0.7) * within)
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            done += 1
    last = subprocess.run(command, capture_output=True, text=True, env=ONE_THREAD, check=False)
    assert last.returncode == 0, last.stderr
    return done


def files(folder):
    """The result files of a run, those of the run's own life left out."""
    left_out = {"command.json", "run.sqlite", "run.sqlite.lock"}
    return {p.name: p.read_bytes() for p in Path(folder).iterdir() if p.name not in left_out}
