"""The metric from fidelities at random shifts: a few circuits whatever the number of parameters.

One draw takes two random sign vectors and four fidelities; its mean over draws is the Fubini-Study
metric to second order in the shift (Gacon et al., Quantum 5, 567 (2021), eq. 14, there for 4G).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.quantum.noise.unrolled import Unrolled

__all__ = ["metric_of_draws", "spsa_pairs"]

Vector = NDArray[np.float64]


def spsa_pairs(
    unrolled: Unrolled, values: Vector, draws: int, shift: float, *, seed: Any
) -> tuple[Vector, Any]:
    """Pairs [4 · draws, 2, r] of unrolled angles to measure, and the signs [draws, 2, p]."""
    rng = np.random.default_rng(seed)
    signs = rng.integers(0, 2, (draws, 2, len(values))) * 2.0 - 1.0
    here = unrolled.angles(values)
    pairs = [
        [here, unrolled.angles(values + shift * moved)]
        for one, two in signs
        for moved in (one + two, one, two - one, -one)
    ]
    return np.array(pairs), signs


def metric_of_draws(fidelities: Vector, signs: Vector, shift: float) -> Vector:
    """The mean metric [p, p] of draws, from the fidelities [4 · draws] of their pairs."""
    four = np.reshape(fidelities, (len(signs), 4))
    bent = four[:, 0] - four[:, 1] - four[:, 2] + four[:, 3]
    outer = np.einsum("d,di,dj->ij", -bent / (4.0 * shift**2), signs[:, 0], signs[:, 1])
    return np.asarray(outer + outer.T) / (2.0 * len(signs))
