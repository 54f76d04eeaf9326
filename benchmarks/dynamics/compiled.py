"""Time of an attempt where f is machine code, beside CyRK, heyoka, diffrax and SciPy.

    python benchmarks/dynamics/compiled.py [--rtol 1e-10] [--repeats 15] [--case "Kepler 0.9"]

One process, one thread, the programs in turn, each with its right-hand side compiled by numba (jax
and heyoka compile their own). First call: processor time of the first run, compilation included;
then the best of the repeats, since the machine is shared. An attempt is a step tried, refused or
not; where a program does not tell, its calls of f over its stages. `suite` is the whole public
call, `solve`; "arrays" is what runs in machine code alone; "observed" the same run with something
that looks at every attempt, so that each is handed over as `march` does.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
from typing import Any, NamedTuple

import numba
import numpy as np
import peers
from cases import Counted, smooth
from scipy.integrate import solve_ivp

from suite.core import begin
from suite.dynamics import Equation, Tolerance, solve
from suite.dynamics.compiled import ahead_of, whole

STAGES = {"RK45": 6, "DOP853": 12}


class Told(NamedTuple):
    """A run: the state at its end, steps kept, attempts, calls of f (None where none compare)."""

    y: Any
    steps: int
    attempts: float
    calls: int | None


def kepler_array(t, y):
    cube = (y[0] * y[0] + y[1] * y[1]) ** -1.5
    return np.array([y[2], y[3], -y[0] * cube, -y[1] * cube])


def kepler_tuple(t, y):
    cube = (y[0] * y[0] + y[1] * y[1]) ** -1.5
    return y[2], y[3], -y[0] * cube, -y[1] * cube


def kepler_in_place(dy, t, y):
    cube = (y[0] * y[0] + y[1] * y[1]) ** -1.5
    dy[0], dy[1], dy[2], dy[3] = y[2], y[3], -y[0] * cube, -y[1] * cube


def kepler_pointer(dy, t, y, args):
    cube = (y[0] * y[0] + y[1] * y[1]) ** -1.5
    dy[0], dy[1], dy[2], dy[3] = y[2], y[3], -y[0] * cube, -y[1] * cube


def ours(case, method, rtol, fun, **options):
    def run():
        done = solve(fun, case.span, case.problem.y0, method, rtol=rtol, atol=rtol, **options)
        steps = len(done.t) - 1
        return Told(done.y[:, -1], steps, steps + done.rejected, done.evaluations)

    return run


def arrays(case, method, rtol, fun):
    equation = Equation(fun, Tolerance(rtol, rtol), case.end)
    y0 = np.array(case.problem.y0)

    def run():
        from suite.dynamics.equation import start

        ahead = ahead_of(fun, equation, method)
        first = begin(start(fun, 0.0, y0), ahead.law, 1e-3, cost={"evaluations": 1})
        trace = whole(ahead, first)
        steps = len(trace.times) - 1
        calls = 1 + sum(burst.evaluations for burst in trace.bursts)
        return Told(trace.states[-1], steps, trace.attempts_made, calls)

    return run


def scipy(case, method, rtol, fun):
    def run():
        done = solve_ivp(fun, case.span, case.problem.y0, method=method, rtol=rtol, atol=rtol)
        return Told(done.y[:, -1], len(done.t) - 1, (done.nfev - 2) / STAGES[method], done.nfev)

    return run


def cyrk_python(case, method, rtol):
    from CyRK import pysolve_ivp

    y0 = np.array(case.problem.y0)
    counted = _InPlace(kepler_in_place)
    options = {"method": method, "rtol": rtol, "atol": rtol, "pass_dy_as_arg": True}
    pysolve_ivp(counted, case.span, y0, **options)
    fun = numba.njit(kepler_in_place)

    def run():
        done = pysolve_ivp(fun, case.span, y0, **options)
        attempts = (counted.calls - 2) / STAGES[method]
        return Told(done.y[:, -1], len(done.t) - 1, attempts, counted.calls)

    return run, counted.calls


class _InPlace(Counted):
    def __call__(self, dy, t, y):
        self.calls += 1
        self.fun(dy, t, y)


def cyrk_numba(case, method, rtol, calls):
    from CyRK import nbsolve_ivp

    fun, y0 = numba.njit(kepler_array), np.array(case.problem.y0)
    which = {"RK45": 1, "DOP853": 2}[method]

    def run():
        done = nbsolve_ivp(
            fun, case.span, y0, rk_method=which, rtol=rtol, atol=rtol, warnings=False
        )
        return Told(done.y[:, -1], len(done.t) - 1, (calls - 2) / STAGES[method], calls)

    return run


def cyrk_address(case, method, rtol, calls):
    from CyRK import nb_diffeq_addr, nbsolve2_ivp

    y0, made = np.array(case.problem.y0), []

    def run():
        if not made:
            made.append(nb_diffeq_addr(kepler_pointer))
        done = nbsolve2_ivp(made[0], case.span, y0, method, rtol=rtol, atol=rtol)
        told = Told(done.y[:, -1].copy(), len(done.t) - 1, (calls - 2) / STAGES[method], calls)
        done.free()
        return told

    return run


def diffrax(case, solver, rtol):
    made = []

    def run():
        if not made:
            made.append(peers.Diffrax(case, solver))
        ran = made[0](rtol)
        attempts = ran.calls // made[0].stages
        return Told(ran.y, attempts, attempts, ran.calls)

    return run


def heyoka(case, rtol):
    made = []

    def run():
        if not made:
            made.append(peers.Heyoka(case, rtol))
        ran = made[0]()
        steps = int(ran.message.split()[0])
        return Told(ran.y, steps, steps, None)

    return run


def programs(case, method, rtol):
    array, pair = numba.njit(kepler_array), numba.njit(kepler_tuple)
    yield "suite, first function", ours(case, method, rtol, numba.njit(kepler_array))
    yield "suite", ours(case, method, rtol, array)
    yield "suite, f answers a tuple", ours(case, method, rtol, pair)
    yield "suite, arrays", arrays(case, method, rtol, array)
    yield "suite, arrays, tuple", arrays(case, method, rtol, pair)
    yield "suite, observed", ours(case, method, rtol, array, observe=(lambda attempt: None,))
    yield "suite, compiled=False", ours(case, method, rtol, array, compiled=False)
    python, calls = cyrk_python(case, method, rtol)
    yield "CyRK pysolve_ivp", python
    yield "CyRK nbsolve_ivp", cyrk_numba(case, method, rtol, calls)
    yield "CyRK nbsolve2_ivp", cyrk_address(case, method, rtol, calls)
    yield "SciPy solve_ivp", scipy(case, method, rtol, array)
    solver = {"RK45": "Tsit5", "DOP853": "Dopri8"}[method]
    yield f"diffrax {solver}", diffrax(case, solver, rtol)
    yield "heyoka", heyoka(case, rtol)


def spent(run):
    began = time.process_time()
    told = run()
    return time.process_time() - began, told


def compare(case, method, rtol, repeats):
    runs = dict(programs(case, method, rtol))
    first = {name: spent(run)[0] for name, run in runs.items()}
    seconds = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            took, told = spent(run)
            seconds[name].append((took, told))
    for name, taken in seconds.items():
        best, told = min(s for s, _ in taken), taken[-1][1]
        cells = [method, name, f"{first[name]:.2f}", f"{best * 1e3:.2f}"]
        cells += [f"{best / told.attempts * 1e6:.2f}", f"{best / told.steps * 1e6:.2f}"]
        cells += [
            f"{told.steps}",
            f"{told.attempts:.0f}",
            "" if told.calls is None else f"{told.calls}",
        ]
        print(f"| {' | '.join([*cells, f'{case.error(told.y):.0e}'])} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rtol", type=float, default=1e-10)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--case", default="Kepler 0.9", choices=["Kepler 0.6", "Kepler 0.9"])
    asked = parser.parse_args()
    (case,) = (case for case in smooth() if case.name == asked.case)
    print(f"{case.name}, rtol = atol = {asked.rtol:.0e}")
    heads = ["method", "program", "first call s", "ms", "µs an attempt", "µs a step kept"]
    heads += ["steps", "attempts", "calls", "error"]
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for method in STAGES:
        compare(case, method, asked.rtol, asked.repeats)


if __name__ == "__main__":
    main()
