"""Gradients from energies at shifted angles, by the spectrum of each gate's generator.

A gate exp(-iφK) gives an energy that is a Fourier sum in φ; its frequencies are the differences of
K's eigenvalues. One frequency needs two energies, R frequencies need 2R (Wierichs et al., Quantum
6, 677 (2022)).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.errors import InputError
from suite.quantum.noise.gates import Word

__all__ = ["ShiftRule", "frequencies_of", "shift_rule"]

Vector = NDArray[np.float64]

_MOST_FREQUENCIES = 64
_DIGITS = 9


class ShiftRule(NamedTuple):
    """dE/dφ = Σ weights · E(φ + shifts).

    At the best split of shots over its rows the variance is (Σ |weight| σ)²/N; no rule can have a
    smaller sum of weights than the highest frequency, and these have no larger one.
    """

    shifts: Vector
    weights: Vector


def frequencies_of(words: tuple[Word, ...]) -> tuple[float, ...]:
    """The positive differences of eigenvalues of Σ c P, commuting words, lowest first.

    >>> frequencies_of(((0.5, 1, 0),))
    (1.0,)
    >>> frequencies_of(((0.25, 2, 0), (-0.25, 2, 1)))
    (0.5, 1.0)
    """
    basis: list[tuple[int, int]] = []  # independent words
    makeup: list[tuple[int, int]] = []  # each word as a sign and a product of these
    for _, x, z in words:
        makeup.append(_in_basis(x, z, basis))
    if len(basis) > 16:
        raise InputError(
            f"A gate's generator has {len(basis)} independent Pauli words; 16 are allowed. "
            f"Split it into gates of fewer words."
        )
    values = set()
    for signs in product((0, 1), repeat=len(basis)):
        bits = sum(bit << place for place, bit in enumerate(signs))
        total = sum(
            c * sign * (1 - 2 * ((mask & bits).bit_count() & 1))
            for (c, _, _), (sign, mask) in zip(words, makeup, strict=True)
        )
        values.add(round(float(total), _DIGITS))
    found = {round(abs(a - b), _DIGITS) for a in values for b in values} - {0.0}
    return tuple(sorted(found))


def _in_basis(x: int, z: int, basis: list[tuple[int, int]]) -> tuple[int, int]:
    """A word as sign times a product of basis words, enlarging the basis where it must."""
    for mask in range(1 << len(basis)):
        chosen = [word for place, word in enumerate(basis) if mask >> place & 1]
        px = pz = phase = 0
        for a, b in chosen:
            phase += (a & b).bit_count() + 2 * (pz & a).bit_count()
            px, pz = px ^ a, pz ^ b
        if (px, pz) == (x, z):
            return 1 - (phase - (x & z).bit_count()) % 4, mask
    basis.append((x, z))
    return 1, 1 << (len(basis) - 1)


@lru_cache(maxsize=256)
def shift_rule(frequencies: tuple[float, ...]) -> ShiftRule:
    """The rule for an energy with these frequencies: two terms for one, four for two, and so on.

    >>> shift_rule((1.0,))
    ShiftRule(shifts=array([ 1.57079633, -1.57079633]), weights=array([ 0.5, -0.5]))
    >>> shift_rule((1.0, 2.0)).weights.round(3)
    array([ 0.854, -0.854, -0.146,  0.146])
    """
    if not frequencies:
        return ShiftRule(np.zeros(0), np.zeros(0))
    if len(frequencies) > _MOST_FREQUENCIES:
        raise InputError(
            f"A gate has {len(frequencies)} frequencies; {_MOST_FREQUENCIES} are allowed. "
            f"Split it into gates of fewer Pauli words."
        )
    base, top = frequencies[0], len(frequencies)
    if np.allclose(frequencies, base * np.arange(1, top + 1), rtol=1e-8):
        x = (2.0 * np.arange(1, top + 1) - 1.0) * np.pi / (2 * top)
        # eq. 20 there: sums of sines of integer frequencies.
        sign = (-1.0) ** np.arange(top)
        half = base * sign / (4.0 * top * np.sin(x / 2.0) ** 2)
        return _both_sides(x / base, half)
    return _least_weights(np.array(frequencies))


def _both_sides(shifts: Any, weights: Any) -> ShiftRule:
    both = np.stack([shifts, -shifts], axis=1).ravel()
    return ShiftRule(both, np.stack([weights, -weights], axis=1).ravel())


def _least_weights(frequencies: Vector) -> ShiftRule:
    """The rule of least Σ|weight| for uneven frequencies, by linear programming over shifts."""
    from scipy.optimize import linprog

    # Frequencies that lie close are told apart by long shifts only.
    closest, highest = float(np.min(np.diff(frequencies, prepend=0.0))), frequencies[-1]
    points = min(4096, int(32 * np.ceil(highest / closest)))
    grid = (np.arange(points) + 1.0) / points * np.pi / closest
    sines = np.sin(np.outer(frequencies, grid))
    found = linprog(np.ones(2 * points), A_eq=np.hstack([sines, -sines]), b_eq=frequencies / 2.0)
    if not found.success:
        raise InputError(f"No shift rule was found for the frequencies {frequencies.tolist()}.")
    weights = found.x[:points] - found.x[points:]
    used = np.abs(weights) > 1e-9 * np.abs(weights).max()
    # Solved again on the shifts that are used, to full digits.
    exact, *_ = np.linalg.lstsq(sines[:, used], frequencies / 2.0, rcond=None)
    return _both_sides(grid[used], exact)
