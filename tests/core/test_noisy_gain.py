"""A gain that drowns in noise is neither refused for ever nor taken on trust beyond the bound."""

import numpy as np
import pytest

from suite.core import NoisyGain, Signal, Step, begin, finish, march
from suite.core.march import Trial

LAW = NoisyGain(most_size=1.0)


def judged(ratio, noise, stretch, size=0.1, tries=0):
    evidence = {"gain": Signal(ratio, noise), "stretch": Signal(stretch)}
    verdict = LAW.decide(evidence, Step(size, tries=tries), LAW.begin(size))
    return bool(verdict.accept), float(verdict.step.size), LAW.reasons[int(verdict.reason)]


@pytest.mark.parametrize(
    ("ratio", "noise", "stretch", "accept", "size", "reason"),
    [
        # What stands out of its noise decides, within the bound and beyond it.
        (0.9, 0.2, 0.5, True, 0.2, "gain"),
        (0.9, 0.2, 3.0, True, 0.2, "gain"),
        (0.5, 0.1, 3.0, True, 0.1, "gain"),
        (0.2, 0.05, 0.5, True, 0.05, "gain"),
        (-0.5, 0.1, 0.1, False, 0.025, "gain"),
        # What does not: the bound decides, and the next size is its lowest point.
        (-0.5, 0.2, 0.9, True, 0.1 * 0.5 / 0.9, "gain unresolved"),
        (0.5, 0.2, 1.1, False, 0.1 * 0.5 / 1.1, "gain unresolved"),
        (0.5, 0.2, 0.01, True, 0.2, "gain unresolved"),
        (0.0, np.inf, 0.0, True, 0.2, "gain unresolved"),
        (np.nan, 0.1, 0.5, False, 0.025, "gain not finite"),
        (0.5, np.nan, 2.0, False, 0.025, "gain unresolved"),
    ],
)
def test_a_verdict(ratio, noise, stretch, accept, size, reason):
    assert judged(ratio, noise, stretch) == (accept, pytest.approx(size), reason)


def test_no_size_grows_right_after_a_refusal_nor_beyond_the_most():
    assert judged(0.9, 0.1, 0.5, tries=1)[1] == pytest.approx(0.1)
    assert judged(0.5, 0.9, 0.01, tries=1)[1] == pytest.approx(0.1)
    assert judged(0.9, 0.1, 0.5, size=0.8)[1] == 1.0


def test_rows_are_judged_as_each_alone_to_the_bit():
    rng = np.random.default_rng(3)
    ratio, noise, stretch = rng.normal(size=(3, 200))
    noise, stretch, size = np.abs(noise), np.abs(2.0 * stretch), rng.uniform(0.01, 1.0, 200)
    evidence = {"gain": Signal(ratio, noise), "stretch": Signal(stretch)}
    tries = rng.integers(0, 2, 200)
    whole = LAW.decide(evidence, Step(size, tries=tries), LAW.begin(size))
    alone = [
        judged(*values, tries=int(count))
        for *values, count in zip(ratio, noise, stretch, size, tries, strict=True)
    ]
    assert [each[0] for each in alone] == whole.accept.tolist()
    assert [each[1] for each in alone] == whole.step.size.tolist()


def descent(noise, bound, count, seed):
    """Steps down x²/2 whose gains are measured with noise; curvature 1, bounded by `bound`."""
    rng = np.random.default_rng(seed)

    def attempt(x, step):
        slope = abs(x)
        there = x - np.sign(x) * step.size
        gained = (x**2 - there**2) / 2.0 + noise * rng.normal()
        predicted = max(slope * step.size, 1e-12)
        stretch = step.size * bound / max(2.0 * slope, 1e-12)
        evidence = {
            "gain": Signal(gained / predicted, noise / predicted),
            "stretch": Signal(stretch),
        }
        return Trial(there, evidence, {})

    law = NoisyGain(most_size=1.0)
    run = march(attempt, begin(3.0, law, 0.5), law, lambda x: 0, most=count)
    attempts = []
    end = finish(run, observe=(attempts.append,))
    return end.after.state, attempts


@pytest.mark.parametrize("seed", range(5))
def test_a_descent_in_noise_goes_on_to_the_lowest_point(seed):
    # The noise is as large as the whole descent from 1: no gain stands out there.
    x, attempts = descent(0.5, 4.0, 60, seed)
    assert abs(x) < 0.05
    refused = [a.accept for a in attempts].count(False)
    assert refused < 25
    assert max(a.after.step.tries for a in attempts) <= 4


def test_a_bound_that_is_too_careful_is_outgrown_where_gains_are_clear():
    _, clear = descent(1e-3, 100.0, 12, 0)
    _, dark = descent(10.0, 100.0, 12, 0)
    reached = [min(abs(a.after.state) for a in each) for each in (clear, dark)]
    assert reached[0] < 0.2 < reached[1]
