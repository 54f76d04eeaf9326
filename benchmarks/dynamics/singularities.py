"""The time and exponent of a singularity, foretold; what SciPy says there; and what only looks so.

    python benchmarks/dynamics/singularities.py [--rtol 1e-6 1e-8 1e-10] [--no-peers]

First the table of runs that end at 99 % of the way: error of the singular time and the error bar,
both over t_s, and the error of the exponent (absolute for a logarithm). A row is marked where the
truth is outside of the bar, where the bar is wider than both 100 errors and 10 rtol, or where the
reach is missed. Then runs into the singularity, runs of SciPy into it, and the decoys.
"""

import argparse
import multiprocessing
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from cases import Counted
from scipy.integrate import solve_ivp
from singular_cases import decoys, poles

from suite.core import Status
from suite.dynamics import solve

PEERS = ("RK45", "DOP853", "Radau", "BDF", "LSODA")
PATIENCE = 8.0
REACH = {1e-6: 1e-6, 1e-8: 1e-7, 1e-10: 1e-8}


def run(pole, rtol, share, atol=None, method="auto"):
    """Our run up to a share of the way to the singular time."""
    end = pole.start + share * (pole.time - pole.start)
    atol = rtol if atol is None else atol
    return solve(pole.fun, (pole.start, end), pole.y0, method, rtol=rtol, atol=atol)


def figures(pole, found):
    """Error and bar of the time over the way to it, and the exponent's error."""
    size = abs(pole.time - pole.start)
    off = abs(found.exponent - pole.exponent) / (abs(pole.exponent) or 1.0)
    return abs(found.time - pole.time) / size, found.error / size, off


def judged(pole, found, rtol):
    """The figures as text, and what is wrong with them."""
    if found is None:
        return "nothing foretold", ["missed"]
    error, bar, off = figures(pole, found)
    wrong = []
    if error > bar:
        wrong.append("outside")
    if bar > max(100.0 * error, 10.0 * rtol):
        wrong.append("wide")
    if rtol in REACH and error > REACH[rtol]:
        wrong.append("time")
    if off > 1e-3:
        wrong.append("exponent")
    if (pole.exponent == 0.0) != found.logarithmic:
        wrong.append("logarithm")
    return f"{error:.0e} ± {bar:.0e}, {off:.0e}", wrong


def foretold(tolerances):
    print("Data to 99 % of the way: error ± bar (over t_s - t_0), error of the exponent")
    print(f"| case | {' | '.join(f'{rtol:.0e}' for rtol in tolerances)} |")
    print("|---" * (len(tolerances) + 1) + "|")
    found, wrongs = {rtol: [] for rtol in tolerances}, 0
    for pole in poles():
        cells = []
        for rtol in tolerances:
            done = run(pole, rtol, 0.99)
            cell, wrong = judged(pole, done.singularity, rtol)
            if done.status == Status.SINGULAR:
                wrong.append("final too early")
            if done.singularity is not None:
                found[rtol].append(figures(pole, done.singularity))
            wrongs += len(wrong)
            cells.append(" ".join([cell, *(f"**{w}**" for w in wrong)]))
        print(f"| {pole.name} | {' | '.join(cells)} |", flush=True)
    print(f"{wrongs} marks in {len(poles()) * len(tolerances)} runs")
    for rtol, rows in found.items():
        error, bar, off = np.array(rows).T
        print(
            f"{rtol:.0e}: largest error {error.max():.1e}, bar {bar.max():.1e}, error of the "
            f"exponent {off.max():.1e}; bar over error {(bar / error).min():.1f} to "
            f"{(bar / error).max():.0f}, median {np.median(bar / error):.0f}"
        )


def ended(tolerances):
    print("\nInto the singularity: status, error ± bar, last time returned (short of t_s), calls")
    print(f"| case | {' | '.join(f'{rtol:.0e}' for rtol in tolerances)} |")
    print("|---" * (len(tolerances) + 1) + "|")
    for pole in poles():
        cells = []
        for rtol in tolerances:
            done = run(pole, rtol, 1.1)
            size = pole.time - pole.start
            short = (pole.time - done.t[-1]) / size
            cell, wrong = judged(pole, done.singularity, rtol)
            wrong = [w for w in wrong if w in ("outside", "missed", "logarithm")]
            if short < 0.0:
                wrong.append("beyond")
            cells.append(
                f"{done.status}, {cell}, {short:.0e}, {done.evaluations} "
                + " ".join(f"**{w}**" for w in wrong)
            )
        print(f"| {pole.name} | {' | '.join(cells)} |", flush=True)


def _peer(pole, method, rtol, answer):
    counted = Counted(pole.fun)
    end = pole.start + 1.1 * (pole.time - pole.start)
    with np.errstate(all="ignore"):
        done = solve_ivp(counted, (pole.start, end), pole.y0, method=method, rtol=rtol, atol=rtol)
    answer.put((done.message, (done.t[-1] - pole.time) / (pole.time - pole.start), counted.calls))


def peer(pole, method, rtol):
    """SciPy's words, where it stopped after (+) or before (-) t_s, calls; or that it did not."""
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()
    child = context.Process(target=_peer, args=(pole, method, rtol, answer))
    child.start()
    child.join(PATIENCE)
    if child.is_alive():
        child.terminate()
        child.join()
        return f"no answer in {PATIENCE:.0f} s"
    if answer.empty():
        return "raised an exception"
    message, beyond, calls = answer.get()
    return f"{message} ({beyond:+.0e} t_s, {calls:,} calls)"


def peers(chosen, rtol):
    print(f"\nSciPy at rtol = atol = {rtol:.0e}, asked to go on to 1.1 t_s")
    for pole in poles():
        if pole.name in chosen:
            for method in PEERS:
                print(f"{pole.name}, {method}: {peer(pole, method, rtol)}", flush=True)


def silence(tolerances):
    print("\nDecoys: status, and what is foretold at the end")
    finals = standing = 0
    for decoy in decoys():
        cells = []
        for rtol in tolerances:
            done = solve(decoy.fun, decoy.span, decoy.y0, rtol=rtol, atol=rtol * 1e-3)
            finals += done.status == Status.SINGULAR
            standing += done.singularity is not None
            said = "" if done.singularity is None else f" **{done.singularity.status}**"
            cells.append(f"{done.status}{said}")
        print(f"{decoy.name}: {', '.join(cells)}", flush=True)
    runs = len(decoys()) * len(tolerances)
    print(f"false singular: {finals} of {runs}; approaching at the end: {standing}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rtol", nargs="*", type=float, default=[1e-4, 1e-6, 1e-8, 1e-10, 1e-12])
    parser.add_argument("--no-peers", action="store_true")
    asked = parser.parse_args()
    foretold(asked.rtol)
    ended(asked.rtol)
    silence(asked.rtol)
    if not asked.no_peers:
        peers(("y^1.5", "y^2", "y^3", "e^y", "1 + y²"), 1e-6)


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        main()
