"""Observables as groups of words measured together, and how shots are split over the groups.

Words that commute qubit by qubit share one circuit. Shots go to the groups in proportion to the
spread of what each shows (the optimum for a sum of independent means); a group whose share is less
than one shot is measured in some rows only, in such a way that no estimate is biased.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Group", "Grouped", "Groups", "allot", "combine", "grouped"]

Vector = NDArray[np.float64]
Whole = NDArray[np.int64]

_LARGEST_TABLE = 16
_DIGITS = 10
_PRIOR_SHOTS = 4.0
"""Weight of the pooled variance of a group beside a row's own, in shots."""


class Groups(NamedTuple):
    """What earlier measurements say of the groups: their means [g] and spreads [g]."""

    means: Vector
    spreads: Vector


class Group(NamedTuple):
    """Words measured in one local basis.

    `basis` [n] is 0 for Z, 1 for X, 2 for Y; `masks` and `coefficients` [w] the words there as
    products of Z.
    """

    basis: Whole
    masks: Whole
    coefficients: Vector

    def values(self) -> Vector:
        """The group's value at every outcome [2^n]."""
        index = np.arange(2 ** len(self.basis))
        total = np.zeros(len(index))
        for mask, coefficient in zip(self.masks.tolist(), self.coefficients, strict=True):
            total += coefficient * (1.0 - 2.0 * (np.bitwise_count(index & mask) & 1))
        return total

    def size(self) -> float:
        """The spread of the group's value over all outcomes as if they were equally likely."""
        return float(np.sqrt(np.sum(self.coefficients**2)))


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """An observable: its constant and its groups."""

    qubits: int
    constant: float
    groups: tuple[Group, ...]

    def prior(self) -> Groups:
        """What is known of the groups before anything is measured."""
        return Groups(np.zeros(len(self.groups)), np.array([g.size() for g in self.groups]))

    def curvature_bound(self) -> float:
        """A bound on the energy's curvature along any angle: twice the width of the spectrum.

        The width is bounded by the sum of the groups' widths.
        """
        width = 0.0
        for group in self.groups:
            if self.qubits <= _LARGEST_TABLE:
                width += float(np.ptp(group.values()))
            else:
                width += 2.0 * float(np.sum(np.abs(group.coefficients)))
        return 2.0 * width


def grouped(observable: Any) -> Grouped:
    """Group a `SparsePauliOp` by qubit-wise commutation; the identity is the constant.

    >>> from qiskit.quantum_info import SparsePauliOp
    >>> found = grouped(SparsePauliOp(["II", "ZZ", "XX", "IZ"], [3.0, 1.0, 2.0, 1.0]))
    >>> found.constant, len(found.groups), found.curvature_bound()
    (3.0, 2, 16.0)
    """
    observable = observable.simplify()
    plain = ~np.any(observable.paulis.x | observable.paulis.z, axis=1)
    constant = float(np.sum(observable.coeffs[plain].real))
    rest = observable[~plain]
    if not np.any(~plain):
        return Grouped(observable.num_qubits, constant, ())
    parts = rest.group_commuting(qubit_wise=True)
    return Grouped(observable.num_qubits, constant, tuple(_group(part) for part in parts))


def _group(part: Any) -> Group:
    x, z = np.asarray(part.paulis.x), np.asarray(part.paulis.z)
    some_x = np.any(x, axis=0)
    basis = np.where(some_x, np.where(np.any(x & z, axis=0), 2, 1), 0).astype(np.int64)
    masks = (x | z).astype(np.int64) @ (1 << np.arange(x.shape[1]))
    return Group(basis, masks, part.coeffs.real.copy())


def allot(spreads: Vector, shots: Whole, offsets: Vector) -> tuple[Whole, Vector]:
    """Shots [r, g] of every row and group, and the expected number [r, g] where that is below one.

    Systematic sampling: rounding goes up with the probability of the fraction (`offsets` [r] are
    uniform random numbers), and every row's shots add up.
    """
    share = spreads / np.sum(spreads)
    floor = 0.1 / len(spreads)  # a group that showed nothing here is still looked at
    share = np.maximum(share, floor) / np.sum(np.maximum(share, floor))
    expected = shots[:, None] * share
    edges = np.concatenate([np.zeros((len(shots), 1)), np.cumsum(expected, axis=1)], axis=1)
    edges[:, -1] = shots
    whole = np.floor(edges + offsets[:, None] * (1.0 - 1e-12)).astype(np.int64)
    return np.diff(whole, axis=1), expected


class Tallies(NamedTuple):
    """What the rows showed of one group [r]: shots, their expected number, sums and squares."""

    shots: Whole
    expected: Vector
    sums: Vector
    squares: Vector


def combine(tallies: list[Tallies], before: Groups) -> tuple[Vector, Vector, Groups]:
    """Sums over the groups with their standard errors [r], and what is now known of the groups.

    Where less than one shot was expected the row's estimate is the mean known before, corrected by
    what was seen over the probability of seeing it; elsewhere it is the mean of its shots.
    """
    rows = len(tallies[0].shots)
    values, variances = np.zeros(rows), np.zeros(rows)
    means, spreads = before.means.copy(), before.spreads.copy()
    for g, part in enumerate(tallies):
        n = part.shots.astype(float)
        own = part.sums / np.maximum(n, 1.0)
        squares = np.maximum(part.squares - n * own**2, 0.0)
        pooled = _pooled(n, squares, before.spreads[g])
        total = float(np.sum(n))
        seen = float(np.sum(part.sums)) / total if total else before.means[g]
        variance = (squares + _PRIOR_SHOTS * pooled) / (np.maximum(n - 1.0, 0.0) + _PRIOR_SHOTS)
        chance = np.minimum(part.expected, 1.0)
        rare = part.expected < 1.0
        known = before.means[g]
        values += np.where(rare, known + n * (own - known) / np.maximum(chance, 1e-300), own)
        spread = (variance + (seen - known) ** 2 * (1.0 - chance)) / np.maximum(chance, 1e-300)
        variances += np.where(rare, spread, variance / np.maximum(n, 1.0))
        means[g], spreads[g] = seen, np.sqrt(pooled)
    return values, np.sqrt(variances), Groups(means, spreads)


def _pooled(n: Vector, squares: Vector, before: float) -> float:
    """The variance of a shot over all rows, with what was known before as some more shots."""
    freedom = float(np.sum(np.maximum(n - 1.0, 0.0)))
    prior = _PRIOR_SHOTS * before**2
    return (float(np.sum(squares)) + prior) / (freedom + _PRIOR_SHOTS)
