"""The rows of one iteration: shifted energies, their shots, and the gradient made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.quantum.noise.shift_rules import frequencies_of, shift_rule
from suite.quantum.noise.unrolled import Unrolled
from suite.quantum.request import Estimates

__all__ = ["NoisyGradient", "Rows", "rows_of", "shots_by_weight"]

Vector = NDArray[np.float64]
Whole = NDArray[np.int64]


class NoisyGradient(NamedTuple):
    """A gradient [p] and the covariance [p, p] of its error."""

    values: Vector
    covariance: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Which angle every row shifts [r], by how much [r], and its weight in the derivative [r]."""

    unrolled: Unrolled
    angle: Whole
    shift: Vector
    weight: Vector

    def __len__(self) -> int:
        return len(self.angle)

    def at(self, values: Vector) -> Vector:
        """The rows of unrolled angles at parameter values [p]."""
        rows = np.tile(self.unrolled.angles(values), (len(self), 1))
        rows[np.arange(len(self)), self.angle] += self.shift
        return rows

    def gradient(self, values: Vector, energies: Estimates) -> NoisyGradient:
        """The gradient by the parameters from the energies of the rows."""
        slopes = self.unrolled.jacobian(values)
        count = self.unrolled.count
        each = np.bincount(self.angle, self.weight * energies.values, count)
        variances = (self.weight * energies.standard_errors) ** 2
        spread = np.bincount(self.angle, variances, count)
        return NoisyGradient(slopes.T @ each, slopes.T @ (spread[:, None] * slopes))


def rows_of(unrolled: Unrolled) -> Rows:
    """All rows that the shift rules of a circuit's gates ask for."""
    rules = [shift_rule(frequencies_of(gate.words)) for gate in unrolled.rotations]
    angle = np.repeat(np.arange(len(rules)), [len(rule.shifts) for rule in rules])
    none = np.zeros(0)
    return Rows(
        unrolled,
        angle.astype(np.int64),
        np.concatenate([none, *(rule.shifts for rule in rules)]),
        np.concatenate([none, *(rule.weights for rule in rules)]),
    )


def shots_by_weight(weights: Vector, total: float, least: Whole, most: Whole) -> Whole:
    """Shots in proportion to `weights` within bounds, close to `total` together."""
    mean = total / len(weights)
    scale = weights / max(float(np.mean(weights)), 1e-300)
    wanted = np.clip(mean * scale, least, most)
    # One correction brings what the bounds took or gave back near to the total.
    wanted = np.clip(wanted * (total / float(np.sum(wanted))), least, most)
    return np.maximum(np.round(wanted), 1.0).astype(np.int64)
