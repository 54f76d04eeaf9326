"""Updates of a model Hessian from one more gradient: what the step dx changed it by, dg.

All satisfy the secant condition, updated · dx = dg, and leave the Hessian symmetric. `hessian`
[n, n], `dx` and `dg` [n]. A step of no length, or one that the model foresaw, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["bfgs", "bofill", "relearned"]

Vector = NDArray[np.float64]

_NO_LENGTH = 1e-20
_FORESEEN = 1e-24


def bofill(hessian: Vector, dx: Vector, dg: Vector) -> Vector:
    """Bofill's update, between the symmetric rank one's and Powell's; keeps a saddle's signs free.

    Bofill, J. Comput. Chem. 15, 1 (1994), eqs. 11 to 13.

    >>> updated = bofill(np.eye(2), np.array([1.0, 0.0]), np.array([-1.0, 0.5]))
    >>> updated @ np.array([1.0, 0.0])
    array([-1. ,  0.5])
    """
    miss = dg - hessian @ dx
    length, overlap, size = float(dx @ dx), float(miss @ dx), float(miss @ miss)
    if length < _NO_LENGTH or size < _FORESEEN:
        return hessian
    share = overlap**2 / (size * length)
    powell = (np.outer(miss, dx) + np.outer(dx, miss)) / length
    powell -= overlap * np.outer(dx, dx) / length**2
    rank_one = np.outer(miss, miss) / overlap if share > 1e-8 else np.zeros_like(hessian)
    return np.asarray(hessian + share * rank_one + (1.0 - share) * powell)


def bfgs(hessian: Vector, dx: Vector, dg: Vector) -> Vector:
    """BFGS where it keeps a positive definite model so, else Bofill's.

    Nocedal and Wright, Numerical Optimization, eq. 6.19.

    >>> bfgs(np.eye(2), np.array([1.0, 0.0]), np.array([2.0, 0.0]))
    array([[2., 0.],
           [0., 1.]])
    """
    pushed = hessian @ dx
    along, before = float(dg @ dx), float(pushed @ dx)
    if along <= 0.01 * before or before <= 0.0:
        return bofill(hessian, dx, dg)
    change = np.outer(dg, dg) / along - np.outer(pushed, pushed) / before
    return np.asarray(hessian + change)


def relearned(
    base: Vector,
    x: Vector,
    gradient: Vector,
    seen: tuple[Vector, Vector],
    update: Callable[[Vector, Vector, Vector], Vector],
) -> Vector:
    """The Hessian at x [n] from one measured elsewhere and all that has been seen since.

    `base` [n, n] was measured; `seen` are geometries [k, n] and their gradients [k, n]. Every one
    of them gives a secant from x, the nearest the last word. A chain of single updates forgets:
    each keeps its own secant only, taken where the chain has long gone from.

    >>> there, truth = np.eye(2), np.array([[1.0, 0.5], [0.5, -2.0]])
    >>> found = relearned(np.eye(2), np.zeros(2), np.zeros(2), (there, there @ truth), bofill)
    >>> np.abs(found - truth).max() < 0.1
    np.True_
    """
    steps, changes = seen[0] - x, seen[1] - gradient
    for i in np.argsort(-np.linalg.norm(steps, axis=1), kind="stable"):
        base = update(base, steps[i], changes[i])
    return base
