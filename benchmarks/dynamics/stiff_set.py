"""Hand-over on a wider set of stiff problems, small, short and by lines, over SciPy's Radau.

    python benchmarks/dynamics/stiff_set.py [--rtol 1e-3 1e-4 1e-6 1e-8] [--only NAME]

Evaluations of `solve` as it comes over those of SciPy's Radau at the same tolerance, columns of
Jacobians by differences counted in both; in brackets the error at the end over the tolerance, of
ours and of theirs, against SciPy's Radau at 1e-10. The last rows are the largest ratios.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from cases import Counted
from scipy.integrate import solve_ivp

from suite.dynamics import problem, solve


def relaxation(rate, exact=True):
    """Prothero and Robinson's y' = -rate (y - cos t) - sin t; Curtiss and Hirschfelder's without
    the last term."""
    return lambda t, y: -rate * (y - np.cos(t)) - (np.sin(t) if exact else 0.0)


def mixed(rate):
    return lambda t, y: np.array(
        [
            ((rate - 1.0) * y[1] - (rate + 1.0) * y[0]) / 2.0,
            ((rate - 1.0) * y[0] - (rate + 1.0) * y[1]) / 2.0,
        ]
    )


def turning(damping, frequency):
    return lambda t, y: np.array(
        [-damping * y[0] - frequency * y[1], frequency * y[0] - damping * y[1], -0.5 * y[2]]
    )


def circuit(t, y):
    """1 mH, 1 kOhm and 1 uF in series, from rest at 1 V."""
    return np.array([1e6 * y[1], 1e3 * (1.0 - y[0]) - 1e6 * y[1]])


def e5(t, y):
    a, b, c, d = y
    one, two, three, four = 7.89e-10 * a, 1.1e7 * a * c, 1.13e9 * b * c, 1.13e3 * d
    return np.array([-one - two, one - three, one - two + four - three, two - four])


def gear(t, y):
    one, two = 1000.0 * y[0] * y[1], 2500.0 * y[0] * y[2]
    return np.array([-0.013 * y[1] - one - two, -0.013 * y[1] - one, -two])


def akzo(t, y):
    """The chemical Akzo Nobel problem, its last equation relaxed at 1e5 instead of algebraic."""
    a, b, c, d, e, f = y
    root = np.sqrt(max(b, 0.0))
    r1, r2, r3 = 18.7 * a**4 * root, 0.58 * c * d, 0.58 / 34.4 * a * e
    r4, r5, inflow = 0.09 * a * d**2, 0.42 * f**2 * root, 3.3 * (0.9 / 737.0 - b)
    return np.array(
        [
            -2.0 * r1 + r2 - r3 - r4,
            -0.5 * r1 - r4 - 0.5 * r5 + inflow,
            r1 - r2 + r3,
            -r2 + r3 - 2.0 * r4,
            r2 - r3 + r5,
            1e5 * (115.83 * a * d - f),
        ]
    )


def heat(n):
    def fun(t, y):
        z = np.concatenate([[0.0], y, [0.0]])
        return (n + 1.0) ** 2 * (z[2:] - 2.0 * y + z[:-2])

    return fun


def brusselator(n):
    def fun(t, y):
        u, v = y.reshape(2, n)
        left, right = np.concatenate([[1.0], u, [1.0]]), np.concatenate([[3.0], v, [3.0]])
        spread = 0.02 * (n + 1.0) ** 2
        return np.concatenate(
            [
                1.0 + u * u * v - 4.0 * u + spread * (left[2:] - 2.0 * u + left[:-2]),
                3.0 * u - u * u * v + spread * (right[2:] - 2.0 * v + right[:-2]),
            ]
        )

    return fun


def advection(n):
    """Along a ring, with little diffusion."""

    def fun(t, y):
        ahead, behind = np.roll(y, -1), np.roll(y, 1)
        return -0.5 * n * (ahead - behind) + 0.05 * n * (ahead - 2.0 * y + behind)

    return fun


def set_of():
    """Function, end, start and atol over rtol by name."""
    x50, x20 = np.linspace(0.0, 1.0, 52)[1:-1], np.linspace(0.0, 1.0, 22)[1:-1]
    cases = {}
    for rate in (1e2, 1e3, 1e6):
        cases[f"Prothero-Robinson {rate:.0e}"] = (relaxation(rate), 10.0, [1.0], 1.0)
        cases[f"the same, off it {rate:.0e}"] = (relaxation(rate), 10.0, [2.0], 1.0)
        cases[f"Curtiss-Hirschfelder {rate:.0e}"] = (relaxation(rate, False), 1.5, [0.0], 1.0)
        cases[f"linear {rate:.0e}"] = (mixed(rate), 1.0, [2.0, 0.0], 1e-2)
    for mu in (10.0, 100.0, 1e3, 1e4):
        vdp = problem("van_der_pol", mu=mu)
        cases[f"van der Pol {mu:g}"] = (vdp.fun, 2.0 * mu, vdp.y0, 1e-2)
    start = [0.444, 0.00123, 0.0, 0.007, 0.0, 115.83 * 0.444 * 0.007]
    wave = np.sin(2.0 * np.pi * np.arange(100) / 100)
    return cases | {
        "Robertson 40": (problem("robertson").fun, 40.0, [1.0, 0.0, 0.0], 1e-8),
        "E5 1e3": (e5, 1e3, [1.76e-3, 0.0, 0.0, 0.0], 1e-20),
        "circuit from rest": (circuit, 5e-3, [0.0, 0.0], np.array([1.0, 1e-3])),
        "Gear's kinetics": (gear, 50.0, [0.0, 1.0, 1.0], 1e-4),
        "Akzo Nobel": (akzo, 180.0, start, 1e-2),
        "turning 100 +- 1000i": (turning(100.0, 1000.0), 1.0, [1.0, 0.0, 1.0], 1e-2),
        "turning 1000 +- 1000i": (turning(1000.0, 1000.0), 10.0, [1.0, 0.0, 1.0], 1e-2),
        "heat, 50 cells": (heat(50), 0.5, np.sin(np.pi * x50), 1e-2),
        "Brusselator, 20 cells": (
            brusselator(20),
            10.0,
            np.concatenate([1.0 + np.sin(2.0 * np.pi * x20), np.full(20, 3.0)]),
            1e-1,
        ),
        "advection on a ring, 100 cells": (advection(100), 10.0, wave, 1e-2),
    }


def ratio(fun, end, y0, share, rtol, true):
    """Our evaluations over SciPy's, and both errors over the tolerance."""
    ours, theirs, atol = Counted(fun), Counted(fun), share * rtol
    scale = rtol * np.abs(true) + atol
    done = solve(ours, (0.0, end), y0, rtol=rtol, atol=atol)
    peer = solve_ivp(theirs, (0.0, end), y0, "Radau", rtol=rtol, atol=atol, t_eval=[end])
    errors = [float(np.sqrt(np.mean(((r.y[:, -1] - true) / scale) ** 2))) for r in (done, peer)]
    return ours.calls / theirs.calls, *errors


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rtol", nargs="*", type=float, default=[1e-3, 1e-4, 1e-6, 1e-8])
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    print("| problem |", " | ".join(f"{rtol:.0e}" for rtol in asked.rtol), "|")
    print("|---" * (1 + len(asked.rtol)) + "|")
    all_of_them = []
    for name, (fun, end, y0, share) in set_of().items():
        if asked.only not in name:
            continue
        tight = {"rtol": 1e-10, "atol": 1e-10 * np.asarray(share), "t_eval": [end]}
        true = solve_ivp(fun, (0.0, end), y0, "Radau", **tight).y[:, -1]
        found = [ratio(fun, end, y0, share, rtol, true) for rtol in asked.rtol]
        cells = [f"{over:.2f} ({ours:.0e}, {theirs:.0e})" for over, ours, theirs in found]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
        all_of_them += [(row[0], name, rtol) for row, rtol in zip(found, asked.rtol, strict=True)]
    for over, name, rtol in sorted(all_of_them, reverse=True)[:5]:
        print(f"{over:.2f} {name} at {rtol:.0e}")


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        main()
