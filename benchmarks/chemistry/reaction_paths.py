"""Reaction paths by `suite` and by other programs: gradients spent against error, on one gradient.

    python benchmarks/chemistry/reaction_paths.py [CASE ...] [--suite-only] [--out results.json]

Each case is a saddle with a reference path (`cases/`). Each program at each setting is a process of
its own on one thread, starts from that saddle, and gets its gradients from one counted surface:
every distinct geometry counts once, Hessians are counted apart and also priced at 6N gradients. The
answer is a table in Markdown and, with `--out`, all numbers as JSON; runs that the file already
holds are not made again unless `--again` says so.

Needs geometric, sella, pysisyphus and ase beside `suite`.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import ours
import peers
import tables
from scoring import case_names, read_case, score

SETTINGS = [*ours.SETTINGS, *peers.SETTINGS]
RUNNERS = {ours.PROGRAM: ours.suite, **peers.RUNNERS}


def one_run(case_name, program, value):
    """Trace a case in this process and score it."""
    from surfaces import surface_of

    case = read_case(case_name)
    counted, start = surface_of(case)
    began = time.perf_counter()
    row = {"message": ""}
    try:
        traced = RUNNERS[program](counted, case, start, value)
        signal.alarm(0)
    except (peers.OutOfTime, Exception) as error:
        signal.alarm(0)
        row["message"] = f"{type(error).__name__}: {str(error)[:200]}"
        traced = None
    row |= {
        "seconds": time.perf_counter() - began,
        "gradients": counted.gradients,
        "hessians": counted.hessians,
        "gradients_with_hessians": counted.gradients + 6 * len(case["symbols"]) * counted.hessians,
    }
    if traced is None or len(traced.frames) == 0:
        return row
    row |= {
        "message": traced.message,
        "suite": traced.own,
        "frames_bohr": traced.frames.round(9).tolist(),
        "energies": traced.energies.tolist(),
    }
    return row | score(case, traced.frames, traced.energies)


def scored_again(row):
    """A run of the file, scored from its frames."""
    if not row.get("frames_bohr"):
        return row
    return row | score(read_case(row["case"]), row["frames_bohr"], row["energies"])


def _out_of_time(*_):
    raise peers.OutOfTime("the time limit of the run")


def in_a_process(case_name, setting, limit):
    """One run in a process of its own, ended when its time is up."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        words = [sys.executable, __file__, "--one", str(answer), str(limit), case_name]
        words += [setting.program, str(setting.value)]
        try:
            # A run that dies is a line of the table.
            done = subprocess.run(
                words, check=False, cwd=folder, capture_output=True, text=True, timeout=limit + 120
            )
            said = done.stderr.strip().splitlines()[-1:] or ["no answer"]
        except subprocess.TimeoutExpired:
            said = ["the time limit of the run"]
        row = json.loads(answer.read_text()) if answer.exists() else {"message": said[0]}
    about = {"case": case_name, "program": setting.program, "setting": setting.setting}
    return about | {"default": setting.default} | row


def child(answer, limit, case_name, program, value):
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(int(limit))
    row = one_run(case_name, program, float(value))
    Path(answer).write_text(json.dumps(row))


def versions():
    found = {}
    for package in ("suite-adaptive", "pyscf", "geometric", "sella", "pysisyphus", "ase"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def main():
    if sys.argv[1:2] == ["--one"]:
        return child(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--suite-only", action="store_true", help="the others as the file has them")
    parser.add_argument("--out", type=Path, help="JSON with all numbers, read first if it is there")
    parser.add_argument("--again", action="store_true", help="repeat runs that the file holds")
    parser.add_argument("--rescore", action="store_true", help="score the file's frames again")
    parser.add_argument("--limit", type=int, default=900, help="seconds a run may take")
    given = parser.parse_args()
    known = json.loads(given.out.read_text())["runs"] if given.out and given.out.exists() else []
    known = [scored_again(row) for row in known] if given.rescore else known
    rows = {(row["case"], row["program"], row["setting"]): row for row in known}
    chosen = [str(Path(case).resolve()) if case.endswith(".json") else case for case in given.cases]
    for case_name in chosen or case_names():
        name = Path(case_name).stem
        for setting in ours.SETTINGS if given.suite_only else SETTINGS:
            key = (name, setting.program, setting.setting)
            # Our own numbers change from day to day, theirs do not.
            if key in rows and not given.again and setting.program != ours.PROGRAM:
                continue
            rows[key] = in_a_process(case_name, setting, given.limit) | {"case": name}
            print(tables.line(rows[key]), file=sys.stderr, flush=True)
            if given.out:
                found = {"versions": versions(), "runs": list(rows.values())}
                given.out.write_text(json.dumps(found))
    names = {Path(case).stem for case in chosen or case_names()}
    print(tables.report([row for row in rows.values() if row["case"] in names]))


if __name__ == "__main__":
    main()
