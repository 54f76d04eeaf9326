"""A charged particle to γ = 1e6 and beyond: on its momentum, and in velocities with SciPy.

    python benchmarks/dynamics/perspective.py

Largest relative errors of γ and of 1 - |v|/c against closed forms at the end, at rtol from 1e-4 to
1e-12, and whether |v| < c at every accepted point and at 1,000 points between; then γ of the same
motion integrated in velocities by SciPy's methods, and what they said.
"""

import argparse
import os
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import mpmath
import numpy as np
from scipy.integrate import solve_ivp

from suite.dynamics.particles.particle import particle

TOLERANCES = (1e-4, 1e-6, 1e-8, 1e-10, 1e-12)
METHODS = ("RK45", "DOP853", "Radau", "BDF", "LSODA")


def hyperbolic(end):
    """From rest in E = 1 along x: p = t."""
    return mpmath.mpf(end), mpmath.mpf(0)


def crossed(end, electric, magnetic):
    """From rest in E along y and B along z: px and py at a time, by proper time.

    dp/dτ = E γ + p x B, so with u = (γ, px, py): γ' = E py, px' = B py, py' = E γ - B px.
    """
    e, b = mpmath.mpf(electric), mpmath.mpf(magnetic)
    if e == b:
        # py = E τ, px = E² τ²/2, t = τ + E² τ³/6.
        tau = mpmath.findroot(lambda s: s + e**2 * s**3 / 6 - end, (6 * end / e**2) ** (1 / 3.0))
        return e**2 * tau**2 / 2, e * tau
    if e < b:
        w = mpmath.sqrt(b * b - e * e)
        guess = end * (w / b) ** 2
        # t = (B² τ - E² sin(w τ)/w) / w²
        tau = mpmath.findroot(
            lambda s: (b * b * s - e * e * mpmath.sin(w * s) / w) / w**2 - end, guess
        )
        return e * b * (1 - mpmath.cos(w * tau)) / w**2, e * mpmath.sin(w * tau) / w
    w = mpmath.sqrt(e * e - b * b)
    guess = mpmath.log(2 * end * w**3 / e**2 + 1) / w
    tau = mpmath.findroot(
        lambda s: (e * e * mpmath.sinh(w * s) / w - b * b * s) / w**2 - end, guess
    )
    return e * b * (mpmath.cosh(w * tau) - 1) / w**2, e * mpmath.sinh(w * tau) / w


CASES = (
    ("E, to γ = 1e6", (1.0, 0.0, 0.0), (0.0, 0.0, 0.0), 1e6),
    ("E, to γ = 1e9", (1.0, 0.0, 0.0), (0.0, 0.0, 0.0), 1e9),
    ("E = 2 B crossed", (0.0, 2.0, 0.0), (0.0, 0.0, 1.0), 1e6),
    ("E = B crossed (null)", (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), 1e9),
    ("E = B/2 crossed, 16 turns", (0.0, 0.5, 0.0), (0.0, 0.0, 1.0), 200.0),
)


def truth(electric, magnetic, end):
    with mpmath.workdps(40):
        if electric[0]:
            along, across = hyperbolic(end)
        else:
            along, across = crossed(mpmath.mpf(end), electric[1], magnetic[2])
        square = along**2 + across**2
        gamma = mpmath.sqrt(1 + square)
        return gamma, 1 / (gamma * (gamma + mpmath.sqrt(square)))


def momentum():
    print("| case | " + " | ".join(f"{rtol:.0e}" for rtol in TOLERANCES) + " |")
    print("|---" * (len(TOLERANCES) + 1) + "|")
    for name, electric, magnetic, end in CASES:
        gamma, slack = truth(electric, magnetic, end)
        cells = []
        for rtol in TOLERANCES:
            run = particle(electric, magnetic, (0.0, end), rtol=rtol)
            errors = abs(run.gamma[-1] / gamma - 1), abs(run.one_minus_speed[-1] / slack - 1)
            between = run(np.linspace(0.0, end, 1000)).velocity
            speeds = [np.linalg.norm(v, axis=0).max() for v in (run.velocity, between)]
            slow = "" if max(speeds) < 1.0 else " **|v| >= c**"
            cells.append(
                f"{float(errors[0]):.0e}, {float(errors[1]):.0e}; {run.solution.evaluations}{slow}"
            )
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def velocity(t, v):
    """dv/dt = (1 - v²)^(1/2) (E - v (v·E)) for E = 1 along x."""
    with np.errstate(invalid="ignore"):
        return np.sqrt(1.0 - v * v) * (1.0 - v * v)


def velocities():
    print("\nIn velocities, E = 1 to t = 1e6 by SciPy: relative error of γ, status")
    for method in METHODS:
        cells = []
        for rtol in (1e-4, 1e-7, 1e-10):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    done = solve_ivp(
                        velocity, (0.0, 1e6), [0.0], method=method, rtol=rtol, atol=rtol
                    )
                with np.errstate(invalid="ignore", divide="ignore"):
                    gamma = 1.0 / np.sqrt(1.0 - done.y[0, -1] ** 2)
                cells.append(f"{abs(gamma / 1e6 - 1):.0e}, success {done.success}")
            except ValueError as error:
                cells.append(f"ValueError: {error}")
        print(f"{method}: {'; '.join(cells)}", flush=True)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    momentum()
    velocities()
