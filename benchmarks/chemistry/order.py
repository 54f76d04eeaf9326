"""How the measured error of a path falls with the accuracy asked for.

    python benchmarks/chemistry/order.py [--cases hcn_hnc h2co_h2_co] [--rungs 7]

A ladder of accuracies, each half of the one before, on the Müller-Brown surface (against SciPy's
Radau) and on reaction paths with references. The order is the slope of a line through the
logarithms of error and accuracy: 1 where halving the accuracy halves the error. Single rungs
scatter, since an error is that of one run, far below what was asked.

One thread; minutes.
"""

import argparse
import os

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from scipy.integrate import solve_ivp
from scoring import read_case, score
from surfaces import surface_of

from suite.chemistry import MullerBrown, trace
from suite.molecule import BOHR

COARSEST = 0.04


def exact_sides(surface):
    """Both sides of the closed form by Radau from very near the saddle, [points, 2] each."""
    mode = np.linalg.eigh(surface.hessian(surface.saddle))[1][:, 0]

    def rate(_, x):
        gradient = surface.measure(x).gradient
        return -gradient / np.linalg.norm(gradient)

    def flat(_, x):
        return float(np.linalg.norm(surface.measure(x).gradient)) - 1e-5

    flat.terminal = True
    flat.direction = -1.0
    for sign in (1.0, -1.0):
        start = surface.saddle + sign * 1e-5 * mode
        run = solve_ivp(
            rate, (0, 5), start, "Radau", rtol=1e-10, atol=1e-12, events=flat, dense_output=True
        )
        # At the saddle itself the path does not move.
        yield np.vstack([surface.saddle, run.sol(np.linspace(0, run.t[-1], 400001)).T])


def error_on_closed_form(accuracy):
    """Gradients and the largest distance of a frame from the exact curve."""
    surface = MullerBrown()
    path = trace(surface, start=surface.saddle, accuracy=accuracy, ends=False)
    curve = np.concatenate(list(exact_sides(surface)))
    places = path.coordinates.reshape(-1, 2) / BOHR
    missed = max(np.linalg.norm(curve - x, axis=1).min() for x in places)
    return path.summary()["gradients"], float(missed)


def error_on_case(name, accuracy):
    """Gradients, and the larger of frames to reference and reference to path."""
    case = read_case(name)
    surface, start = surface_of(case)
    path = trace(surface, start=start, accuracy=accuracy, ends=False)
    found = score(case, path.coordinates / BOHR, path.energy)
    return surface.gradients, max(found["max_distance"], found["reference_to_path"])


def ladder(name, rungs):
    """Accuracies, gradients and errors."""
    for k in range(rungs):
        accuracy = COARSEST / 2**k
        of = error_on_closed_form(accuracy) if not name else error_on_case(name, accuracy)
        yield accuracy, *of


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="*", default=["hcn_hnc", "h2co_h2_co"])
    parser.add_argument("--rungs", type=int, default=7)
    given = parser.parse_args()
    print("| surface | accuracy: gradients, error | order |\n|---|---|---|")
    for name in ("", *given.cases):
        rows = np.array(list(ladder(name, given.rungs)))
        order = np.polyfit(np.log(rows[:, 0]), np.log(rows[:, 2]), 1)[0]
        told = "; ".join(f"{a:g}: {int(n)}, {e:.1e}" for a, n, e in rows)
        print(f"| {name or 'Müller-Brown'} | {told} | {order:.2f} |", flush=True)


if __name__ == "__main__":
    main()
