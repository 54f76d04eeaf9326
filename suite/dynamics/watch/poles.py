"""Poles and branch points that growing components run into, and which of them to report."""

from __future__ import annotations

import math
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
SURELY = 12.0
"""Errors of a zero by which it surely lies before another one."""
FAR_BETTER = 0.01
"""Error of what the length of a vector tells over that of its components, for it to be told."""
AGREE = 0.01
"""How near the exponents of a state and of its rate must be, over the latter."""
LOGARITHMIC = 0.02
"""A rate that grows with an exponent this near to one belongs to a logarithm."""


class Candidate(NamedTuple):
    """A zero of the growth of a component (a real one), of its state or `of_rate`; or that of the
    length of the vector of all components, where that is `modulus` of what is told."""

    zero: Zero
    component: int
    of_rate: bool
    modulus: bool = False


def candidates(
    equation: Equation,
    points: list[Passed],
    suspects: Vector,
    least_fall: float,
    largest_doubt: float = LARGEST_DOUBT,
) -> list[Candidate]:
    """Every suspect's singularity, from the state and from its rate, if the length of growth fell
    by `least_fall` and the error is below `largest_doubt` over the time left.

    Of components that turn into each other, as in a spiral, each grows and falls while the length
    of their vector grows as a power: that alone where it is told far better.
    """
    times, lengths, changes = _lengths(equation, points, suspects)
    found = []
    for place, component in enumerate(suspects.tolist()):
        rows = lengths[0][place], lengths[1][place], changes[place]
        for of_rate, zero in _zeros(times, rows, least_fall, largest_doubt):
            found.append(Candidate(zero, component, of_rate))
    states, rates, bends = _all(equation, points)
    if states.shape[1] == 1:
        return found
    largest = int(np.argmax(np.abs(rates[-1])))
    turning = [
        Candidate(zero, largest, of_rate, modulus=True)
        for of_rate, zero in _zeros(times, moduli(states, rates, bends), least_fall, largest_doubt)
    ]
    known = min((each.zero.error for each in found), default=math.inf)
    return [each for each in turning if each.zero.error < FAR_BETTER * known] or found


def _zeros(
    times: list[float],
    rows: tuple[list[float], list[float], list[float]],
    least_fall: float,
    largest_doubt: float,
) -> list[tuple[bool, Zero]]:
    """Zeros of the lengths of growth of a state and of its rate that agree, and can be trusted."""
    of_state, of_its_rate, changes = rows
    zeros = (
        vanishing(times, of_state, changes, noise=EPS),
        vanishing(times, of_its_rate, noise=NOISE),
    )
    found = []
    for of_rate, zero in enumerate(zeros):
        unlike = not of_rate and zeros[1] is not None and not _agree(zero, zeros[1])
        if zero is None or unlike or zero.fall < least_fall:
            continue
        if zero.error < largest_doubt * (zero.time - times[-1]):
            found.append((bool(of_rate), zero))
    return found


def _all(equation: Equation, points: list[Passed]) -> tuple[Vector, Vector, Vector]:
    """States, rates and second derivatives [m, n] as time runs on in a run."""
    states = np.array([real(each.y) for each in points])
    rates = equation.direction * np.array([real(each.rate) for each in points])
    return states, rates, np.array([real(each.bend) for each in points])  # type: ignore[arg-type]


def _lengths(
    equation: Equation, points: list[Passed], components: Vector
) -> tuple[list[float], list[list[list[float]]], list[list[float]]]:
    """Times, the lengths of growth of states and of rates, and what those of states change by."""
    times = [equation.direction * each.time for each in points]
    states, rates, bends = (each[:, components].T for each in _all(equation, points))
    with np.errstate(all="ignore"):
        lengths = [(states / rates).tolist(), (rates / bends).tolist()]
        change = 1.0 - states * bends / (rates * rates)
    return times, lengths, change.tolist()


def moduli(
    states: Vector, rates: Vector, bends: Vector
) -> tuple[list[float], list[float], list[float]]:
    """Lengths of growth of |y| and of |y'|, and what the former changes by, from arrays [m, n].

    >>> lengths, of_rate, changes = moduli(*(np.array([[3.0, 4.0]]) * k for k in (1.0, 2.0, 8.0)))
    >>> lengths, of_rate, changes
    ([0.5], [0.25], [-1.0])
    """
    with np.errstate(all="ignore"):
        size = np.abs(states).max(axis=1, keepdims=True)
        steep = np.abs(rates).max(axis=1, keepdims=True)
        y, rate, bend, steepest = states / size, rates / size, bends / size, rates / steep
        square, growth = (y * y).sum(axis=1), (y * rate).sum(axis=1)
        # r r' = y y' and r r'' + r'^2 = y' y' + y y''.
        bent = (rate * rate + y * bend).sum(axis=1) - growth * growth / square
        change = 1.0 - bent * square / (growth * growth)
        turned = (steepest * steepest).sum(axis=1) / (steepest * (bends / steep)).sum(axis=1)
        return (square / growth).tolist(), turned.tolist(), change.tolist()


def refined(
    equation: Equation, points: list[Passed], chosen: Candidate, found: list[Candidate]
) -> Candidate:
    """The candidate to report, where branch points with its exponent are tried as well as poles.

    Its error covers the earliest of those about as good that may end together.
    """
    if chosen.modulus:
        return chosen
    times, lengths, _ = _lengths(equation, points, np.array([chosen.component]))
    refined = []
    for each in found:
        if each.component == chosen.component:
            zero = _branching(times, lengths[each.of_rate][0], each)
            refined.append(each._replace(zero=zero))
    told = chosen_of(refined)
    known = (each.zero for each in found if each.zero.error <= COMPARABLE * told.zero.error)
    together = [zero.time for zero in known if _together(told.zero, zero)]
    early = told.zero.time - min(together, default=told.zero.time)
    return told._replace(zero=told.zero._replace(error=max(told.zero.error, early / SURELY)))


def _branching(times: list[float], lengths: list[float], found: Candidate) -> Zero:
    """The zero of a candidate, or of a branch point with its exponent where that is told better.

    What is taken for the exponent at first may be that of another branch point.
    """
    zero, noise = found.zero, NOISE if found.of_rate else EPS
    tried: set[float] = set()
    for _ in range(2):
        powers = _powers(abs(zero.slope - 1.0) if found.of_rate else zero.slope)
        for power in [each for each in powers if each not in tried]:
            tried.add(power)
            other = vanishing(times, lengths, noise=noise, power=power)
            if other is None or (power == HALF and other.error * COMPARABLE > zero.error):
                continue
            zero, other = (other, zero) if other.error < zero.error else (zero, other)
            zero = zero._replace(error=_covered(zero, other))
    return zero


def _powers(exponent: float) -> tuple[float, ...]:
    """Steps of the exponents in the series at a branch point with this leading exponent."""
    near = Fraction(exponent).limit_denominator(6) if exponent < 2.0 else Fraction(1)
    if near.denominator == 1 or abs(float(near) - exponent) > SNAP:
        return (HALF,)
    return tuple(float(power) for power in (near, 2 * near, near + 1) if power.denominator > 1)


def chosen_of(found: list[Candidate]) -> Candidate:
    """The candidate to report: one that is as good as any, diverges, and comes first in time.

    Of components that end together the first is told. Its error covers the others of its component
    that are about as good.
    """
    known = min(found, key=lambda each: each.zero.error)
    good = [each for each in found if each.zero.error <= 100.0 * known.zero.error]
    good += [each for each in found if _before(each, known)]
    good = [each for each in good if _diverges(each)] or good
    earliest = min((each.zero for each in good), key=lambda zero: zero.time)
    first = min(each.component for each in good if _together(each.zero, earliest))
    good = [each for each in good if each.component == first]
    best = min(good, key=lambda each: each.zero.error)
    error = max(_covered(best.zero, each.zero) for each in good)
    return best._replace(zero=best.zero._replace(error=error))


def _before(candidate: Candidate, known: Candidate) -> bool:
    """Whether another component surely ends before one that is known better."""
    gap = known.zero.time - candidate.zero.time
    return candidate.component != known.component and gap > SURELY * candidate.zero.error


def _together(zero: Zero, earliest: Zero) -> bool:
    """Whether two zeros may be of one time."""
    return zero.time - earliest.time <= SURELY * (zero.error + earliest.error)


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
