"""Ladder operators of fermions as dense matrices, by Kronecker products alone."""

import numpy as np

LADDER = [np.array([[0, 1], [0, 0]]), np.array([[0, 0], [1, 0]])]  # annihilates, creates


def dense_ladder(mode, create, modes):
    """A ladder operator by Kronecker products, mode 0 rightmost, Z on all below it."""
    out = np.eye(1)
    for m in range(modes):
        factor = LADDER[create] if m == mode else (np.diag([1, -1]) if m < mode else np.eye(2))
        out = np.kron(factor, out)
    return out
