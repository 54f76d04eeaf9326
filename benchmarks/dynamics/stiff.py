"""Hand-over beside SciPy's Radau alone (and BDF, LSODA) on stiff cases, and its silence on others.

    python benchmarks/dynamics/stiff.py [--rtol 1e-4 1e-6 1e-8]

Every call of the right-hand side counts, the columns of finite-difference Jacobians too. `suite
auto` starts with the explicit method of order 8, `suite Radau` is the stiff one alone. `seen` is
the accepted steps before the first hand-over, and of them those since h |λ| came to the boundary of
the explicit method, before which nothing is to be seen; `changes` is how often the method changed.
Errors: worst relative component for Robertson, else max |y - true| / max |true|.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import peers
from cases import Counted, smooth, stiff

from suite.dynamics import solve

BOUNDARY = 0.75 * 6.1


def ours(case, method, rtol, atol=None):
    """Our run, its changes of method, and the accepted steps until the first."""
    counted = Counted(case.problem.fun)
    atol = case.atol * rtol if atol is None else atol
    done = solve(counted, case.span, case.problem.y0, method, rtol=rtol, atol=atol)
    if counted.calls != done.evaluations:
        print(f"{case.name}: counted {counted.calls}, reported {done.evaluations} evaluations")
    return done, counted.calls, seen(done.record) if method == "auto" else None


def seen(record):
    """Accepted steps before the first stiff one: from the start, and since h |λ| was high."""
    accepted = bound = 0
    for row in record:
        if row["phase"] == "stiff":
            return f"{accepted}, {bound}"
        if row["accepted"] and row["number"] > 0:
            accepted += 1
            # From the first step at the boundary on, whatever the later ones show.
            bound += bound > 0 or row["notes"].get("h_lambda", 0.0) >= BOUNDARY
    return ""


def against_radau(tolerances):
    print("| case | rtol | suite auto: evaluations, error | over Radau | seen | changes |", end="")
    print(" suite Radau | over Radau | SciPy Radau | SciPy BDF | SciPy LSODA |")
    print("|---" * 11 + "|")
    for case in stiff():
        for rtol in tolerances:
            base = peers.scipy_run(case, "Radau", rtol)
            done, calls, steps = ours(case, "auto", rtol)
            alone, alone_calls, _ = ours(case, "Radau", rtol)
            others = [peers.scipy_run(case, method, rtol) for method in ("BDF", "LSODA")]
            cells = [
                case.name,
                f"{rtol:.0e}",
                told(calls, case.error(done.y[:, -1]), done.success),
                f"{calls / base.calls:.2f}",
                steps,
                str(len(done.changes())),
                told(alone_calls, case.error(alone.y[:, -1]), alone.success),
                f"{alone_calls / base.calls:.2f}",
                told(base.calls, case.error(base.y)),
                *(told(ran.calls, case.error(ran.y)) for ran in others),
            ]
            print(f"| {' | '.join(cells)} |", flush=True)


def told(calls, error, success=True):
    return f"{calls:,}; {error:.0e}" + ("" if success else " (not finished)")


def never_on_smooth(tolerances):
    print("\nChanges of method on the smooth cases, at each of rtol = atol =", *tolerances)
    for case in smooth():
        changes = [len(ours(case, "auto", rtol, rtol)[0].changes()) for rtol in tolerances]
        print(f"{case.name}: {changes}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rtol", nargs="*", type=float, default=[1e-4, 1e-6, 1e-8])
    asked = parser.parse_args()
    against_radau(asked.rtol)
    never_on_smooth([float(f"1e-{k}") for k in range(3, 13)])


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        main()
