"""What a step of `march` costs beside `scipy.integrate.solve_ivp` with the same tableau.

    python benchmarks/core/march_overhead.py [--repeats 15]

Both integrate the Kepler orbit e = 0.6 with Dormand-Prince 5(4) and with DOP853, the same Python
right-hand side, and the same tolerance, in turn in one process on one thread. Printed is the median
over the repeats of the time of one attempt, and of the ratio of both.
"""

import argparse
import os
import statistics
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from suite.core import begin, march
from suite.dynamics.equation import Equation, Tolerance, smallest_step, start
from suite.dynamics.methods.explicit import LAW, dop853, dormand_prince

RTOL, END = 1e-7, 100.0
CALLS = 0
# SciPy's name, the scheme, the evaluations of one of SciPy's attempts.
METHODS = {"RK45": (dormand_prince, 6), "DOP853": (dop853, 12)}


def kepler(t, y):
    global CALLS
    CALLS += 1
    cube = (y[0] * y[0] + y[1] * y[1]) ** -1.5
    return np.array([y[2], y[3], -y[0] * cube, -y[1] * cube])


def position(t):
    """Where the orbit is, by Kepler's equation E - e sin E = t."""
    anomaly = brentq(lambda E: E - 0.6 * np.sin(E) - t, t - 1.0, t + 1.0, xtol=1e-14)
    return np.array([np.cos(anomaly) - 0.6, 0.8 * np.sin(anomaly)])


Y0 = np.array([0.4, 0.0, 0.0, 2.0])


def with_scipy(method):
    global CALLS
    CALLS = 0
    began = time.perf_counter()
    done = solve_ivp(kepler, (0.0, END), Y0, method, rtol=RTOL, atol=RTOL)
    spent = time.perf_counter() - began
    return spent, (CALLS - 2) / METHODS[method][1], CALLS, done.y[:, -1]


def with_march(method):
    global CALLS
    CALLS = 0
    began = time.perf_counter()
    equation = Equation(kepler, Tolerance(RTOL, RTOL), END)
    scheme = METHODS[method][0](equation)
    first = begin(start(kepler, 0.0, Y0), LAW, 1e-3)
    times, values = [], []  # solve_ivp keeps them too
    with np.errstate(all="ignore"):
        for one in march(
            scheme.attempt, first, LAW, equation.until, equation.limits, floor=smallest_step
        ):
            if one.accept:
                times.append(one.after.state.time)
                values.append(one.after.state.y)
    spent = time.perf_counter() - began
    return spent, one.number, CALLS, values[-1]


def compare(method, repeats):
    with_scipy(method), with_march(method)
    pairs = [(with_scipy(method), with_march(method)) for _ in range(repeats)]
    rows = {"solve_ivp": [p[0] for p in pairs], "march": [p[1] for p in pairs]}
    for name, results in rows.items():
        each = statistics.median(r[0] / r[1] * 1e6 for r in results)
        _, attempts, calls, y = results[0]
        error = np.abs(y[:2] - position(END)).max()
        print(
            f"{method:7s} {name:10s} {each:7.1f} us an attempt, {attempts:.0f} attempts, "
            f"{calls} evaluations, error {error:.1e}"
        )
    ratio = statistics.median((b[0] / b[1]) / (a[0] / a[1]) for a, b in pairs)
    print(f"{method:7s} march / solve_ivp: {ratio:.2f} of the time of an attempt")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    for method in METHODS:
        compare(method, repeats)


if __name__ == "__main__":
    main()
