"""Simplified Newton's iteration for the stages of a collocation method.

Hairer and Wanner, Solving ODEs II, IV.8: the systems of all stages are separated by the eigenvalues
of A^-1 and share one Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from scipy.linalg.lapack import dgetrf, dgetrs, zgetrf, zgetrs
from scipy.sparse import csc_matrix, eye
from scipy.sparse.linalg import splu

from suite.dynamics.equation import EPS, Rate, Vector, rms
from suite.dynamics.methods.collocation import Collocation

__all__ = ["Iteration", "Solve", "Stages", "belied", "factorised", "iterated"]

Solve: TypeAlias = Callable[[int, Vector], Vector]
"""Answers (eigenvalue_k / h - J)^-1 b for k and b [n]."""

MOST_ITERATIONS = 8
LEAST_CONTRACTION = 1e-4
"""The best contraction of one step that the next one relies upon before it has seen its own."""
LITTLE = 0.5
"""A share of the residual that an update with a true Jacobian does not leave."""
ROUNDING = 10.0 * EPS
"""Rounding of a rate, of the size of |J| |y|."""


class Stages(NamedTuple):
    """The equations of a step: inverse @ Z = h f(t + c h, y + Z) for the increments Z [s, n]."""

    method: Collocation
    rate: Rate
    time: float
    y: Vector
    h: float
    scale: Vector


class Iteration(NamedTuple):
    """Where the iteration ended: the increments [s, n], and how it went.

    `contraction` is the factor by which an update was shorter than the one before it; `finite`
    says whether the function answered numbers; `residual` [n] is the last stage's before the last
    update, or that of all stages [s, n] where it did not.
    """

    increments: Vector
    converged: bool
    iterations: int
    contraction: float
    finite: bool = True
    residual: Any = None


def factorised(method: Collocation, jacobian: Vector, h: float, sparse: bool = False) -> Solve:
    """Solvers of the systems that a step of signed size h needs, by sparse elimination if asked.

    >>> from suite.dynamics.methods.collocation import radau_iia
    >>> method = radau_iia(3)
    >>> x = factorised(method, -np.eye(2), 0.5)(0, np.ones(2))
    >>> np.allclose(x * (method.eigenvalues[0].real / 0.5 + 1.0), 1.0)
    True
    """
    real = jacobian.dtype.kind != "c"
    identity = np.eye(len(jacobian))
    if sparse:
        return _sparse(method, jacobian, h, _wanted(method, real))
    systems: list[tuple[Any, Any, Any]] = []
    for k in range(_wanted(method, real)):
        eigenvalue: Any = method.eigenvalues[k]
        if real and k == 0:
            lower_upper, pivots, _ = dgetrf(eigenvalue.real / h * identity - jacobian)
            systems.append((dgetrs, lower_upper, pivots))
        else:
            lower_upper, pivots, _ = zgetrf(eigenvalue / h * identity - jacobian)
            systems.append((zgetrs, lower_upper, pivots))

    def solve(k: int, right: Vector) -> Vector:
        solved, lower_upper, pivots = systems[k]
        return solved(lower_upper, pivots, right)[0]

    return solve


def _sparse(method: Collocation, jacobian: Vector, h: float, wanted: int) -> Solve:
    matrix, identity = csc_matrix(jacobian), eye(len(jacobian), format="csc")
    solvers: list[Callable[[Vector], Vector]] = []
    for eigenvalue in method.eigenvalues[:wanted]:
        shift = eigenvalue if eigenvalue.imag else eigenvalue.real
        try:
            solvers.append(splu(csc_matrix(shift / h * identity - matrix)).solve)
        except RuntimeError:  # exactly singular, which the updates must show
            solvers.append(lambda right: np.full_like(right, np.nan))
    return lambda k, right: solvers[k](right)


def iterated(
    stages: Stages, first: Vector, solve: Solve, limit: float, contraction: float
) -> Iteration:
    """Iterate from the increments `first` [s, n] until what is left is below `limit`.

    Lengths are in units of the tolerance. What is left after an update is foreseen from the
    contraction; before there are two updates, from the last step's.
    """
    method, z = stages.method, first
    times = (stages.time + stages.h * method.nodes).tolist()
    over = max(contraction, LEAST_CONTRACTION) ** 0.8
    last, rate = 0.0, over
    for k in range(MOST_ITERATIONS):
        slopes = np.array([stages.rate(t, y) for t, y in zip(times, stages.y + z, strict=True)])
        residual = slopes - method.inverse @ z / stages.h
        update = _solved(method, residual, solve)
        length = float(rms((update / stages.scale).ravel()))
        if not np.isfinite(length):
            return Iteration(z, False, k + 1, 1.0, finite=False, residual=residual)
        if k:
            rate = length / last if k == 1 else float(np.sqrt(length / last * rate))
            if not _hopeful(rate, length, limit, MOST_ITERATIONS - 1 - k):
                return Iteration(z, False, k + 1, rate)
            over = rate / (1.0 - rate)
        z = z + update
        if over * length <= limit:
            return Iteration(z, True, k + 1, rate, residual=residual[-1])
        last = max(length, EPS)
    return Iteration(z, False, MOST_ITERATIONS, rate)


def belied(stages: Stages, jacobian: Vector, solve: Solve, found: Iteration, rate: Vector) -> bool:
    """Whether the `rate` [n] that the end of the step has belies the Jacobian that led there.

    Where a Jacobian says stiff and the equation no longer is, updates are short and mend nothing,
    and a filtered error estimate is as blind as the iteration. So the residual of the last stage is
    looked at in itself, where it matters if the equation is not stiff: it ought to be far smaller
    than before the last update. An update that is right along other modes may hide it: then one
    more update of that stage alone tells, for one evaluation.
    """
    left = rate - (stages.method.inverse @ found.increments)[-1] / stages.h
    noise = ROUNDING * (np.abs(jacobian) @ np.abs(stages.y) + np.abs(rate))
    matters = np.where(np.abs(left) > noise, np.abs(stages.h * left), 0.0) / stages.scale
    most = float(np.max(matters))
    if not most > 1.0:
        return False
    if np.any((matters > 1.0) & (np.abs(left) > LITTLE * np.abs(found.residual))):
        return True
    # The weight of the last stage in the step is 1 / s^2.
    weight = len(found.increments) ** 2
    if not most > weight:
        return False
    update = solve(0, left)
    end = stages.y + found.increments[-1] + update
    moved = np.asarray(stages.rate(stages.time + stages.h, end))
    still = left + moved - rate - stages.method.eigenvalues[0].real / stages.h * update
    return bool(np.any((matters > weight) & (np.abs(still) > LITTLE * np.abs(left))))


def _hopeful(rate: float, length: float, limit: float, left: int) -> bool:
    """Whether the updates that are left will do."""
    return rate < 0.99 and rate**left / (1.0 - rate) * length <= limit


def _wanted(method: Collocation, real: bool) -> int:
    """How many systems there are to solve: of a conjugate pair one does, if the state is real."""
    return len(method.nodes) // 2 + 1 if real else len(method.nodes)


def _solved(method: Collocation, residual: Vector, solve: Solve) -> Vector:
    """(A^-1/h - J)^-1 applied to a residual [s, n]."""
    real = residual.dtype.kind != "c"
    wanted = _wanted(method, real)
    parts = method.into[:wanted] @ residual
    for k in range(wanted):
        parts[k] = solve(k, parts[k].real if real and k == 0 else parts[k])
    if real:
        parts[1:] *= 2.0
        return (method.back[:, :wanted] @ parts).real
    return np.asarray(method.back @ parts)
