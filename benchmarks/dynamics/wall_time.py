"""Time of an attempt beside SciPy's and CyRK's, with the same Python function.

    python benchmarks/dynamics/wall_time.py [--repeats 15]

The Kepler orbit e = 0.6 to t = 100 and Lorenz to t = 10, by each method at one tolerance, the
programs in turn in one process on one thread, in processor time, since the machine is shared. Ours
is the whole public call, `suite.dynamics.solve`, with its default options (foresight, stability and
the record of every attempt included); "bare" is without foresight. Medians over the repeats, of
each and of the ratio within a repeat. SciPy's and CyRK's attempts are their calls over the stages
of the method; Radau is compared a run, since nobody tells its attempts.
"""

import argparse
import os
import statistics

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time

import peers
from cases import Counted, smooth, stiff

from suite.dynamics import solve

STAGES = {"RK45": 6, "DOP853": 12}
RTOL = {"RK45": 1e-7, "DOP853": 1e-10, "Radau": 1e-6}


def ours(case, method, rtol, **options):
    """Seconds, attempts, and calls of the whole public call."""
    counted = Counted(case.problem.fun)
    began = time.process_time()
    done = solve(
        counted, case.span, case.problem.y0, method, rtol=rtol, atol=case.atol * rtol, **options
    )
    spent = time.process_time() - began
    return spent, done.record.tally.attempts, counted.calls


def theirs(run, case, method, rtol):
    ran = run(case, method, rtol)
    return ran.seconds, ran.calls / STAGES.get(method, 1), ran.calls


def programs(case, method, rtol):
    yield "SciPy", lambda: theirs(peers.scipy_run, case, method, rtol)
    if method in STAGES:
        yield "CyRK pysolve_ivp", lambda: theirs(peers.cyrk_run, case, method, rtol)
    yield "suite", lambda: ours(case, method, rtol)
    yield "suite, bare", lambda: ours(case, method, rtol, foresight=False)


def compare(case, method, repeats):
    rtol = RTOL[method]
    runs = dict(programs(case, method, rtol))
    for run in runs.values():
        run()
    rounds = [{name: run() for name, run in runs.items()} for _ in range(repeats)]
    for name in runs:
        seconds = [r[name][0] for r in rounds]
        _, attempts, calls = rounds[0][name]
        ratio = statistics.median(r[name][0] / r["SciPy"][0] for r in rounds)
        cells = [case.name, method, name, f"{calls:,}", f"{statistics.median(seconds) * 1e3:.1f}"]
        if method in STAGES:
            each = statistics.median(seconds) / attempts
            per_attempt = statistics.median(
                (r[name][0] / r[name][1]) / (r["SciPy"][0] / r["SciPy"][1]) for r in rounds
            )
            cells += [f"{each * 1e6:.1f}", f"{per_attempt:.2f}", f"{ratio:.2f}"]
        else:
            cells += ["", "", f"{ratio:.2f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    print(
        "| case | method | program | calls | ms a run | µs an attempt | over SciPy's | run over |"
    )
    print("|---" * 8 + "|")
    chosen = {case.name: case for case in smooth() + stiff()}
    for name in ("Kepler 0.6", "Lorenz"):
        for method in STAGES:
            compare(chosen[name], method, repeats)
    for name in ("van der Pol 1000", "HIRES"):
        compare(chosen[name], "Radau", repeats)


if __name__ == "__main__":
    main()
