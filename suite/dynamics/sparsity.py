"""Where a Jacobian may differ from zero, and which of its columns one difference serves."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Sparsity", "sparsity"]


class Sparsity(NamedTuple):
    """`pattern` [n, n] is true where an element may differ from zero; columns of one of the
    `groups` share no such row, so that one evaluation has the differences of them all."""

    pattern: NDArray[np.bool_]
    groups: tuple[NDArray[np.intp], ...]


def sparsity(pattern: Any) -> Sparsity:
    """The sparsity of a pattern [n, n], its columns in order put each into the first group it fits.

    Curtis, Powell and Reid, J. Inst. Math. Appl. 13, 117 (1974).

    >>> found = sparsity(np.eye(5) + np.eye(5, k=1) + np.eye(5, k=-1))
    >>> [group.tolist() for group in found.groups]
    [[0, 3], [1, 4], [2]]
    """
    pattern = np.asarray(pattern) != 0
    taken: list[NDArray[np.bool_]] = []
    members: list[list[int]] = []
    for column, rows in enumerate(pattern.T):
        place = next((i for i, used in enumerate(taken) if not (used & rows).any()), len(taken))
        if place == len(taken):
            taken.append(np.zeros(len(rows), bool))
            members.append([])
        taken[place] |= rows
        members[place].append(column)
    return Sparsity(pattern, tuple(np.array(group) for group in members))
