"""Poles and branch points that growing components run into, and which of them to report."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from suite.dynamics.equation import EPS, Equation, Vector
from suite.dynamics.watch.approach import Passed, real
from suite.dynamics.watch.extrapolation import Zero, vanishing

__all__ = ["Candidate", "candidates", "chosen_of", "named", "refined"]

LARGEST_DOUBT = 0.05
"""Error of the extrapolation, over the time left, above which nothing is foretold."""
NOISE = 2e-13
"""Relative error of y'' by differences."""
SNAP = 0.03
"""How near to a ratio of small numbers an exponent is taken for it."""
HALF = 0.5
"""Step of the exponents where something grows beside a pole with half of its power: tried at each
pole, and taken where it is far better."""
COMPARABLE = 10.0
"""Estimates whose errors differ by less than this factor are about as good."""
COVERED = 4.0
"""By how much less than such estimates differ the better one is taken to be off."""
AGREE = 0.01
"""How near the exponents of a state and of its rate must be, over the latter."""
LOGARITHMIC = 0.02
"""A rate that grows with an exponent this near to one belongs to a logarithm."""


class Candidate(NamedTuple):
    """A zero of the growth of a component (a real one), of its state or `of_rate`."""

    zero: Zero
    component: int
    of_rate: bool


def candidates(
    equation: Equation,
    points: list[Passed],
    suspects: Vector,
    least_fall: float,
    largest_doubt: float = LARGEST_DOUBT,
) -> list[Candidate]:
    """Every suspect's singularity, from the state and from its rate, if the length of growth fell
    by `least_fall` and the error is below `largest_doubt` over the time left."""
    times, lengths, changes = _lengths(equation, points, suspects)
    found = []
    for place, component in enumerate(suspects.tolist()):
        zeros = (
            vanishing(times, lengths[0][place], changes[place], noise=EPS),
            vanishing(times, lengths[1][place], noise=NOISE),
        )
        for of_rate, zero in enumerate(zeros):
            unlike = not of_rate and zeros[1] is not None and not _agree(zero, zeros[1])
            if zero is None or unlike or zero.fall < least_fall:
                continue
            if zero.error < largest_doubt * (zero.time - times[-1]):
                found.append(Candidate(zero, component, bool(of_rate)))
    return found


def _lengths(
    equation: Equation, points: list[Passed], components: Vector
) -> tuple[list[float], list[list[list[float]]], list[list[float]]]:
    """Times, the lengths of growth of states and of rates, and what those of states change by."""
    times = [equation.direction * each.time for each in points]
    states = np.array([real(each.y)[components] for each in points]).T
    rates = equation.direction * np.array([real(each.rate)[components] for each in points]).T
    bends = np.array([real(each.bend)[components] for each in points]).T  # type: ignore[arg-type]
    with np.errstate(all="ignore"):
        lengths = [(states / rates).tolist(), (rates / bends).tolist()]
        change = 1.0 - states * bends / (rates * rates)
    return times, lengths, change.tolist()


def refined(
    equation: Equation, points: list[Passed], chosen: Candidate, found: list[Candidate]
) -> Candidate:
    """The candidate to report, where branch points with its exponent are tried as well as poles."""
    times, lengths, _ = _lengths(equation, points, np.array([chosen.component]))
    refined = []
    for each in found:
        if each.component != chosen.component:
            continue
        zero = each.zero
        for power in _powers(abs(zero.slope - 1.0) if each.of_rate else zero.slope):
            noise = NOISE if each.of_rate else EPS
            other = vanishing(times, lengths[each.of_rate][0], noise=noise, power=power)
            if other is None or (power == HALF and other.error * COMPARABLE > zero.error):
                continue
            zero, other = (other, zero) if other.error < zero.error else (zero, other)
            zero = zero._replace(error=_covered(zero, other))
        refined.append(each._replace(zero=zero))
    return chosen_of(refined)


def _powers(exponent: float) -> tuple[float, ...]:
    """Steps of the exponents in the series at a branch point with this leading exponent."""
    near = Fraction(exponent).limit_denominator(6) if exponent < 2.0 else Fraction(1)
    if near.denominator == 1 or abs(float(near) - exponent) > SNAP:
        return (HALF,)
    return tuple(float(power) for power in (near, 2 * near, near + 1) if power.denominator > 1)


def chosen_of(found: list[Candidate]) -> Candidate:
    """The candidate to report: one that is as good as any, diverges, and comes first.

    Its error covers the others of its component that are about as good.
    """
    least = min(each.zero.error for each in found)
    good = [each for each in found if each.zero.error <= 100.0 * least]
    good = [each for each in good if _diverges(each)] or good
    first = min(each.component for each in good)
    good = [each for each in good if each.component == first]
    best = min(good, key=lambda each: each.zero.error)
    error = max(_covered(best.zero, each.zero) for each in good)
    return best._replace(zero=best.zero._replace(error=error))


def _agree(state: Zero | None, rate: Zero) -> bool:
    """Whether a state grows with the exponent that its rate has: not as a logarithm, nor beside a
    constant that is not small."""
    if state is None:
        return True
    allowed = AGREE * (1.0 + state.slope) + rate.slope_error + state.slope_error
    return abs(rate.slope - 1.0 - state.slope) <= allowed


def _covered(best: Zero, other: Zero) -> float:
    """The error that covers another estimate, if that is about as good."""
    known = other.error <= COMPARABLE * best.error
    return max(best.error, abs(best.time - other.time) / COVERED) if known else best.error


def _diverges(candidate: Candidate) -> bool:
    return not candidate.of_rate or candidate.zero.slope > 1.0 - LOGARITHMIC


def named(candidate: Candidate) -> tuple[float, bool]:
    """The exponent of the state, and whether it grows as a logarithm."""
    exponent = candidate.zero.slope
    if not candidate.of_rate:
        return exponent, False
    if abs(exponent - 1.0) < LOGARITHMIC:
        return 0.0, True
    return exponent - 1.0, False
