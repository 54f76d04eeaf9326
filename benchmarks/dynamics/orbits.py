"""A Kepler orbit over 1,000 periods beside REBOUND (IAS15, WHFast) and heyoka.

    python benchmarks/dynamics/orbits.py [--eccentricities 0.6 0.9 0.97 0.99] [--end 6284.2]

Force calls a period (IAS15's counted by its hook for additional forces, ours are the evaluations of
the run, to which projection adds none), the relative error of the energy at the end and, for ours,
the largest of all steps (worked out in extended precision), and the error of the position against
Kepler's equation: from the start as doubles hold it, which is the integrator's own, and from the
decimal eccentricity, to which the rounding of the start adds what is called the floor. "As it
comes": `orbit(e)` with its defaults, the energy restored after each step; "nothing kept":
`project=False`.
"""

import argparse
import math
import os
import time
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from cases import kepler_energy_error, kepler_state, kepler_true

PERIOD = 2.0 * math.pi


def start_of(eccentricity):
    e = float(eccentricity)
    return np.array([1.0 - e, 0.0, 0.0, math.sqrt((1.0 + e) / (1.0 - e))])


def rebound_run(y0, end, integrator, **options):
    import rebound

    simulation = rebound.Simulation()
    simulation.add(m=1.0)
    simulation.add(m=0.0, x=y0[0], y=y0[1], vx=y0[2], vy=y0[3])
    simulation.integrator = integrator
    for option, value in options.items():
        target = simulation if option == "dt" else simulation.integrator
        setattr(target, option, value)
    calls = [0]

    def count(_):
        calls[0] += 1

    if integrator == "ias15":
        simulation.additional_forces = count
    simulation.integrate(end, exact_finish_time=1)
    body, centre = simulation.particles[1], simulation.particles[0]
    state = [getattr(body, axis) - getattr(centre, axis) for axis in ("x", "y", "vx", "vy")]
    return np.array(state), calls[0] or None, None


def heyoka_run(y0, end, tolerance):
    import heyoka as hy

    x, y, u, v = hy.make_vars("x", "y", "u", "v")
    cube = (x**2 + y**2) ** -1.5
    orbit = hy.taylor_adaptive(
        [(x, u), (y, v), (u, -x * cube), (v, -y * cube)], list(y0), tol=tolerance
    )
    orbit.propagate_until(end)
    return orbit.state.copy(), None, None


def suite_run(eccentricity, end, **options):
    from suite.dynamics import orbit

    run = orbit(float(eccentricity), t_end=end, **options)
    done = run.solution
    if not done.success:
        print(f"e = {eccentricity}: {done.message}")
    x, z, u, v = done.y.astype(np.longdouble)
    energy = (u * u + v * v) / 2 - 1 / np.sqrt(x * x + z * z)
    return done.y[:, -1], done.evaluations, float(np.abs(energy / energy[0] - 1).max())


def contenders(eccentricity, end, tolerances):
    y0 = start_of(eccentricity)
    yield "REBOUND IAS15", lambda: rebound_run(y0, end, "ias15")
    yield (
        "REBOUND IAS15, adaptive mode 1",
        lambda: rebound_run(y0, end, "ias15", adaptive_mode=1),
    )
    yield "REBOUND WHFast, P/100", lambda: rebound_run(y0, end, "whfast", dt=PERIOD / 100)
    yield "heyoka, 2e-16", lambda: heyoka_run(y0, end, 2e-16)
    yield "suite, as it comes", lambda: suite_run(eccentricity, end)
    yield "suite, nothing kept", lambda: suite_run(eccentricity, end, project=False)
    for rtol in tolerances:
        for kept, project in (("energy kept", "energy"), ("both kept", True)):
            options = {"rtol": rtol, "project": project}
            yield f"suite, {kept}, {rtol:g}", partial(suite_run, eccentricity, end, **options)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--eccentricities", nargs="*", default=["0.9"])
    parser.add_argument("--end", type=float, default=6284.2)
    parser.add_argument("--rtol", nargs="*", type=float, default=[])
    asked = parser.parse_args()
    for eccentricity in asked.eccentricities:
        rounded = kepler_state(start_of(eccentricity), asked.end)
        true = kepler_true(eccentricity, asked.end)
        floor = np.abs(rounded - true)[:2].max()
        print(f"\ne = {eccentricity}, t = {asked.end}; floor of the position {floor:.1e}")
        print("| program | force calls a period | energy at the end | largest | position |", end="")
        print(" from the decimal start | seconds |")
        print("|---|---|---|---|---|---|---|")
        for name, run in contenders(eccentricity, asked.end, asked.rtol):
            began = time.process_time()
            y, calls, largest = run()
            spent = time.process_time() - began
            cells = [
                name,
                f"{calls / (asked.end / PERIOD):,.0f}" if calls else "",
                f"{kepler_energy_error(y):.1e}",
                "" if largest is None else f"{largest:.1e}",
                f"{np.abs(y - rounded)[:2].max():.1e}",
                f"{np.abs(y - true)[:2].max():.1e}",
                f"{spent:.2f}",
            ]
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
