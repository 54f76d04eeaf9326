"""The Jacobian of the rate: the user's, or forward differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.dynamics.equation import EPS, Equation, Rate, Vector, rms
from suite.dynamics.sparsity import Sparsity
from suite.errors import AttemptFailed, InputError

__all__ = ["differences", "given", "increments", "leading", "spectral_radius"]


LARGE = 100
"""Components from which eigenvalues cost more than the step that they are asked for."""
KRYLOV = 40
"""Dimensions in which the outermost eigenvalues of a large Jacobian are sought."""
SHARE = 1e-3
"""The least increment in units of the tolerance, over which nothing that matters bends;"""
SMALL = 1e-12
"""but no more than this share of the largest component, since a loose tolerance says little of the
quick species of a chemistry, which bend far below it."""


def given(equation: Equation, time: float, y: Vector) -> Vector:
    """The user's Jacobian ∂f_i/∂y_k as a dense array [n, n]; a sparse one is made dense.

    Raises InputError where its shape or kind is wrong, AttemptFailed where it raises itself.

    >>> equation = Equation(lambda t, y: -y, None, jacobian=lambda t, y: [[-1.0]])
    >>> given(equation, 0.0, np.ones(1))
    array([[-1.]])
    """
    found: Any = None
    try:
        if equation.jacobian is not None:
            found = equation.jacobian(time, y)
    except (ArithmeticError, ValueError) as error:
        raise AttemptFailed(
            f"The Jacobian raised {type(error).__name__} ({error}) at t = {time:.12g}."
        ) from error
    if hasattr(found, "toarray"):
        found = found.toarray()
    n = y.size
    try:
        matrix = np.asarray(found)
    except ValueError:
        raise InputError(
            f"The Jacobian must be an array of shape ({n}, {n}). Got rows of different lengths at "
            f"t = {time:.12g}."
        ) from None
    if matrix.shape != (n, n):
        raise InputError(
            f"The Jacobian must be an array of shape ({n}, {n}) for {n} components. Got shape "
            f"{matrix.shape} at t = {time:.12g}: return one row for each equation."
        )
    if matrix.dtype.kind == "c" and y.dtype.kind != "c":
        raise InputError(
            f"The Jacobian is complex at t = {time:.12g} but the state is real: start from a "
            f"complex state or return a real Jacobian."
        )
    try:
        return np.array(matrix, y.dtype)
    except (TypeError, ValueError):
        raise InputError(
            f"The Jacobian must be an array of numbers. Got dtype {matrix.dtype} at "
            f"t = {time:.12g}."
        ) from None


def differences(
    fun: Rate,
    time: float,
    y: Vector,
    rate: Vector,
    scale: Vector,
    size: float,
    sparse: Sparsity | None = None,
) -> Vector:
    """∂f_i/∂y_k [n, n] by forward differences from the rate [n] at (t, y): n evaluations.

    `scale` [n] is the tolerance at y, `size` the signed step to come. A column that leaves the
    domain of the function is taken in the other direction, at one more evaluation. For a complex
    state the rate must be analytic in y. A `sparse` one takes an evaluation for each of its groups.

    >>> y, scale = np.ones(1), np.full(1, 1e-6)
    >>> differences(lambda t, y: y**2, 0.0, y, y, scale, 0.1).round(6)
    array([[2.]])
    """
    lengths = increments(y, rate, scale, size)
    matrix = np.zeros((y.size, y.size), y.dtype)
    groups = np.arange(y.size)[:, None] if sparse is None else sparse.groups
    for group in groups:
        columns = _columns(fun, time, y, rate, group, lengths[group])
        if not np.isfinite(columns).all():
            columns = _columns(fun, time, y, rate, group, -lengths[group])
        where = True if sparse is None else sparse.pattern[:, group]
        matrix[:, group] = np.where(where, columns, 0.0)
    return matrix


def _columns(
    fun: Rate, time: float, y: Vector, rate: Vector, group: Any, lengths: Vector
) -> Vector:
    """The columns [n, g] that one evaluation has, as far as no two of them share a row."""
    moved = y.copy()
    moved[group] += lengths
    return np.asarray((fun(time, moved) - rate)[:, None] / (moved[group] - y[group]))


def increments(y: Vector, rate: Vector, scale: Vector, size: float) -> Vector:
    """The increments [n]: half the digits of y, and never so small that rounding of f shows.

    The bounds below are a share of the tolerance and CVODE's (Hindmarsh et al., ACM Trans. Math.
    Softw. 31, 363 (2005)), from the length of the step in the tolerance. They point away from zero,
    so that no difference straddles a kink there; from zero itself they go where the solution does.
    """
    motion = float(rms(size * rate / scale))
    rounding = 1000.0 * y.size * EPS * (motion if motion > 0.0 else 1.0)
    largest = float(np.max(np.abs(y)))
    bent = np.minimum(SHARE * scale, SMALL * largest) if largest > 0.0 else SHARE * scale
    least = np.maximum(rounding * scale, bent)
    lengths = np.maximum(np.sqrt(EPS) * np.abs(y), least)
    lengths = np.where(lengths > 0.0, lengths, EPS)
    forward = size * rate.real
    away = np.where(y.real != 0.0, y.real, forward)
    return np.where(away < 0.0, -lengths, lengths)


def leading(jacobian: Vector) -> Vector:
    """A matrix [m, m] with the outermost eigenvalues of a finite one [n, n]: itself if it is small.

    A large one is projected on the Krylov space of a vector that has no pattern (Arnoldi; Saad,
    Numerical Methods for Large Eigenvalue Problems, 6.2).

    >>> large = leading(-np.diag(np.arange(400.0)))
    >>> large.shape, abs(np.linalg.eigvals(large).real.min() + 399.0) < 4.0
    ((40, 40), np.True_)
    """
    n = len(jacobian)
    if n <= LARGE:
        return jacobian
    basis = np.zeros((KRYLOV + 1, n), jacobian.dtype)
    found = np.zeros((KRYLOV + 1, KRYLOV), jacobian.dtype)
    basis[0] = np.random.default_rng(1).standard_normal(n)
    basis[0] /= np.linalg.norm(basis[0])
    for k in range(KRYLOV):
        ahead = jacobian.dot(basis[k])
        length = np.linalg.norm(ahead)
        for _ in range(2):  # once more, against rounding
            parts = basis[: k + 1].conj().dot(ahead)
            ahead = ahead - parts.dot(basis[: k + 1])
            found[: k + 1, k] += parts
        rest = np.linalg.norm(ahead)
        if not rest > n * EPS * length:
            return found[: k + 1, : k + 1]  # the space holds all that there is
        found[k + 1, k] = rest
        basis[k + 1] = ahead / rest
    return found[:KRYLOV]


def spectral_radius(jacobian: Vector) -> float:
    """The largest |eigenvalue| of a Jacobian [n, n], per unit of time; NaN if it has none.

    Of a large one the least bound that its norms give, since eigenvalues would cost too much.

    >>> spectral_radius(np.diag([-3.0, 2.0]))
    3.0
    """
    if not np.isfinite(jacobian).all():
        return float("nan")
    if len(jacobian) > LARGE:
        sums = np.abs(jacobian)
        return float(min(np.max(sums.sum(axis=0)), np.max(sums.sum(axis=1))))
    return float(np.max(np.abs(np.linalg.eigvals(jacobian))))
