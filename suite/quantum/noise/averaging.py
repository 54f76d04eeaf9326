"""The mean of a run's late iterates, as far back as they stand still."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["STRETCHES", "late_mean"]

Vector = NDArray[np.float64]

STRETCHES = 10
"""Equal parts of the shots over each of which the iterates are summed."""
_DRIFT = 3.0
"""Squared distance of a stretch from all later ones, over that of neighbours: noise alone gives
about 2/3, a steady drift 4 and more."""
_FEWEST = 2


def late_mean(sums: Vector, visits: Vector, metric: Vector, late: float) -> Vector | None:
    """The mean [p] of the iterates of the last stretches; None where there are none.

    `sums` [10, p] of the iterates of each tenth of the shots, `visits` [10] how many they were,
    `metric` [p, p] measures distances. The last `late` of the shots always count. An earlier
    stretch joins while its mean is no farther from that of all later ones than noise puts
    neighbouring stretches apart: where a run has long arrived, all its shots are used.

    >>> still = np.tile([[1.0], [-1.0]], (5, 1))
    >>> late_mean(still, np.ones(10), np.eye(1), 0.3)
    array([0.])
    >>> drifting = np.arange(10.0)[:, None]
    >>> late_mean(drifting, np.ones(10), np.eye(1), 0.3)
    array([8.])
    """
    used = np.flatnonzero(visits)
    if not len(used):
        return None
    weights = visits[used]
    means = sums[used] / weights[:, None]
    first = max(0, len(used) - max(_FEWEST, round(late * STRETCHES)))

    def apart(a: Vector, b: Vector) -> float:
        return float((a - b) @ metric @ (a - b))

    for earlier in range(first - 1, -1, -1):
        scatter = np.mean([apart(a, b) for a, b in pairwise(means[first:])])
        later = np.average(means[first:], axis=0, weights=weights[first:])
        if apart(means[earlier], later) > _DRIFT * scatter:
            break
        first = earlier
    return np.asarray(np.average(means[first:], axis=0, weights=weights[first:]))
