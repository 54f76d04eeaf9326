"""Random singularities: how often the truth is outside of the error bar, or nothing is foretold.

    python benchmarks/dynamics/random_poles.py [--seed 1] [--count 400]

Powers, powers with an offset, tangents, logarithms, a system and a tangent beside an oscillator, at
random scales, starts, tolerances, methods and shares of the way (98 to 99.99 %). Printed is every
case whose truth is outside of its bar, and counts of those, of bars wider than both 100 errors and
10 rtol, and of cases in which nothing was foretold.
"""

import argparse
import os
from collections import Counter

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from suite.dynamics import solve


def power(random, scale):
    p, start, sign = (
        random.uniform(1.15, 6.0),
        10.0 ** random.uniform(-2, 2),
        random.choice([1, -1]),
    )
    return (
        lambda t, y: sign / scale * np.abs(y) ** p,
        (sign * start,),
        scale * start ** (1.0 - p) / (p - 1.0),
    )


def offset(random, scale):
    p, shift = random.uniform(1.3, 4.0), random.uniform(-50.0, 50.0)
    return lambda t, y: np.abs(y - shift) ** p / (scale * (p - 1.0)), (shift + 1.0,), scale


def tangent(random, scale):
    angle = random.uniform(-1.4, 1.0)
    return lambda t, y: (1.0 + y * y) / scale, (np.tan(angle),), scale * (np.pi / 2 - angle)


def logarithm(random, scale):
    k, start = 10.0 ** random.uniform(-1, 1), random.uniform(-3.0, 3.0)
    return lambda t, y: np.exp(k * y) / scale, (start,), scale * np.exp(-k * start) / k


def system(random, scale):
    return lambda t, y: np.array([y[0] * y[1], y[0] ** 2]) / scale, (1.0, 1.0), scale


def beside(random, scale):
    omega, amplitude = random.uniform(0.5, 30.0) / scale, 10.0 ** random.uniform(-2, 4)
    return (
        lambda t, y: np.array([(1.0 + y[0] ** 2) / scale, omega * y[2], -omega * y[1]]),
        (0.0, amplitude, 0.0),
        scale * np.pi / 2,
    )


def drawn(random):
    """A case: label, function, start, its time and that of the singularity, and the options."""
    make = random.choice([power, offset, tangent, logarithm, system, beside])
    rtol, share = 10.0 ** random.uniform(-12, -3), random.choice([0.98, 0.99, 0.995, 0.999, 0.9999])
    method = str(random.choice(["auto", "auto", "auto", "RK45", "Radau"]))
    if method == "RK45":
        rtol = max(rtol, 1e-9)
    options = {"rtol": rtol, "atol": rtol * random.choice([1.0, 1e-3, 1e-6]), "method": method}
    began = random.choice([0.0, 0.0, 1.0, -3.0, 50.0])
    fun, y0, way = make(random, 10.0 ** random.uniform(-3, 3))
    label = f"{make.__name__}, {method}, rtol {rtol:.0e}, {share:.2%} of {way:.2g} from {began:g}"
    return label, fun, y0, began, way, share, options


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=400)
    asked = parser.parse_args()
    random = np.random.default_rng(asked.seed)
    counts, ratios = Counter(), []
    for _ in range(asked.count):
        label, fun, y0, began, way, share, options = drawn(random)
        found = solve(fun, (began, began + share * way), y0, **options).singularity
        if found is None:
            counts["nothing foretold"] += 1
            continue
        error, bar = abs(found.time - began - way) / way, found.error / way
        ratios.append(bar / max(error, 1e-300))
        if error > bar:
            counts["outside"] += 1
            print(f"{label}: {error:.1e} outside of ± {bar:.1e}")
        elif bar > max(100.0 * error, 10.0 * options["rtol"]):
            counts["wide"] += 1
    print(f"{asked.count} cases: {dict(counts)}; median of bar over error {np.median(ratios):.0f}")


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        main()
