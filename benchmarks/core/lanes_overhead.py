"""What the generic law in `lanes` costs beside a NumPy loop written by hand for one problem.

    python benchmarks/core/lanes_overhead.py [--rows 1000000] [--repeats 9]

Both solve the same Kepler equations M = E - e sin E by Householder's step of third order in a
trust region, the step at most the full one, judged by how far the residual really fell: the same
starts, the same arithmetic in the same chunks, finished rows leaving in the same way, and the same
bits at the end, which is checked. They run in turn in one process on one thread. Printed are the
median times and the median of the ratio.
"""

import argparse
import os
import statistics
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
from typing import NamedTuple

import numpy as np

from suite.core import Signal, Status, Trial, TrustRegion, lanes

CHUNK = 32768
MOST = 100


class Orbit(NamedTuple):
    """Rows of Kepler's equation: the mean anomaly, eccentricity, E and what is known there."""

    mean: np.ndarray
    eccentricity: np.ndarray
    anomaly: np.ndarray
    residual: np.ndarray
    sine: np.ndarray
    cosine: np.ndarray


def look(mean, eccentricity, anomaly):
    sine, cosine = eccentricity * np.sin(anomaly), eccentricity * np.cos(anomaly)
    return anomaly - sine - mean, sine, cosine


def householder(residual, sine, cosine):
    """The full step: Halley's, corrected by the third derivative (Danby's method)."""
    slope = 1.0 - cosine
    newton = -residual / slope
    halley = -residual / (slope + 0.5 * newton * sine)
    return -residual / (slope + 0.5 * halley * sine + halley * halley * cosine / 6.0)


def attempt(state, step):
    mean, eccentricity, anomaly, residual, sine, cosine = state
    moved = anomaly + step.size * householder(residual, sine, cosine)
    after = Orbit(mean, eccentricity, moved, *look(mean, eccentricity, moved))
    before = np.abs(residual)
    gain = (before - np.abs(after.residual)) / (step.size * before)
    return Trial(after, {"gain": Signal(gain)}, {"evaluations": 1})


def tolerance(mean):
    return 2e-15 * (1.0 + np.abs(mean))


def until(state):
    return np.where(np.abs(state.residual) <= tolerance(state.mean), Status.CONVERGED, 0)


def with_lanes(mean, eccentricity):
    def begin(rows):
        m, e = mean[rows], eccentricity[rows]
        anomaly = m + np.copysign(0.85 * e, m)
        return Orbit(m, e, anomaly, *look(m, e, anomaly))

    law = TrustRegion(most_size=1.0)
    done = lanes(
        attempt, begin, law, until, lambda state: state.anomaly, len(mean), most=MOST, chunk=CHUNK
    )
    return done.answer, done.status, done.count


def by_hand(mean, eccentricity):
    total = len(mean)
    answer, status, count = np.empty(total), np.zeros(total, int), np.zeros(total, int)
    for offset in range(0, total, CHUNK):
        rows = slice(offset, offset + CHUNK)
        found = chunk_by_hand(mean[rows], eccentricity[rows])
        answer[rows], status[rows], count[rows] = found
    return answer, status, count


def chunk_by_hand(m, e):
    """What one would write without the core: no reasons, no tally, one law only."""
    out = np.empty(len(m)), np.zeros(len(m), int), np.zeros(len(m), int)
    index = np.arange(len(m))
    x = m + np.copysign(0.85 * e, m)
    f, s, c = look(m, e, x)
    size, tries, attempts = np.ones(len(m)), np.zeros(len(m), int), 0
    running = np.abs(f) > tolerance(m)
    counts = np.zeros(len(m), int)
    while True:
        alive = int(np.count_nonzero(running))
        if alive <= len(index) // 2:
            done = ~running
            at = index[done]
            converged = np.abs(f[done]) <= tolerance(m[done])
            out[0][at], out[2][at] = x[done], counts[done]
            out[1][at] = np.where(converged, Status.CONVERGED, Status.OUT_OF_ATTEMPTS)
            index, m, e, x, f, s, c, size, tries, counts = (
                part[running] for part in (index, m, e, x, f, s, c, size, tries, counts)
            )
            running = np.ones(alive, bool)
        if not alive:
            return out
        attempts += 1
        moved = x + size * householder(f, s, c)
        f_new, s_new, c_new = look(m, e, moved)
        before = np.abs(f)
        gain = (before - np.abs(f_new)) / (size * before)
        accept = gain > 1e-4
        factor = np.where(gain < 0.25, 0.25, np.where(gain > 0.75, 2.0, 1.0))
        factor = np.where(tries, np.minimum(factor, 1.0), factor)
        factor = np.where(accept, factor, 0.25)
        size = np.minimum(size * factor, 1.0)
        tries = np.where(accept, 0, tries + 1)
        taken = accept & running
        x, f, s, c = (
            np.where(taken, new, old)
            for new, old in ((moved, x), (f_new, f), (s_new, s), (c_new, c))
        )
        counts = counts + running
        running = running & (np.abs(f) > tolerance(m)) & (size > 0.0)
        if attempts >= MOST:
            running[:] = False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=9)
    asked = parser.parse_args()
    rng = np.random.default_rng(1)
    mean = rng.uniform(-np.pi, np.pi, asked.rows)
    eccentricity = rng.uniform(0.0, 0.95, asked.rows)
    times = []
    with np.errstate(all="ignore"):
        one, other = by_hand(mean, eccentricity), with_lanes(mean, eccentricity)
        if not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True)):
            raise SystemExit("The two loops do not give the same bits.")
        for _ in range(asked.repeats):
            began = time.perf_counter()
            by_hand(mean, eccentricity)
            between = time.perf_counter()
            with_lanes(mean, eccentricity)
            times.append((between - began, time.perf_counter() - between))
    hand, generic = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(b / a for a, b in times)
    _, status, count = other
    print(f"{asked.rows} rows, {count.mean():.2f} attempts a row, at most {count.max()}")
    print(f"not converged: {np.count_nonzero(status != Status.CONVERGED)}")
    print(f"by hand {hand:.3f} s, lanes {generic:.3f} s, ratio {ratio:.3f}")


if __name__ == "__main__":
    main()
