"""The path of steepest descent on a quadratic surface, in closed form.

dx/dt = -(g + H(x - x0)) has the solution x - x0 = -V (1 - exp(-λt))/λ Vᵀg in the eigenvectors V of
H; its arc length is a smooth integral. Exact for a quadratic valley, however stiff: Page and
McIver, J. Chem. Phys. 88, 922 (1988).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["descend", "update_hessian"]

Vector = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_SETTLED = 30.0
"""The exponent at which what is left of a mode is below rounding, 1e-13."""


def descend(gradient: Vector, hessian: Vector, length: float) -> tuple[Vector, float]:
    """The step along the path of steepest descent, of a given arc length.

    `gradient` [n] and `hessian` [n, n] at the start. Answers the step [n] and the arc length really
    walked, which is shorter where the model's minimum comes first.

    >>> step, walked = descend(np.array([2.0, 0.0]), 2.0 * np.eye(2), 5.0)
    >>> (step + 0.0).round(9), round(walked, 9)
    (array([-1.,  0.]), 1.0)
    """
    values, vectors = np.linalg.eigh(hessian)
    components = vectors.T @ gradient
    # Modes that carry no gradient do not move, whatever their curvature.
    kept = np.abs(components) > 1e-14 * np.linalg.norm(components)
    values, components, vectors = values[kept], components[kept], vectors[:, kept]
    time, walked = _time_of(components, values, length)
    decay = np.where(
        np.abs(values * time) > 1e-12, -np.expm1(-values * time) / _nonzero(values), time
    )
    return -(vectors @ (decay * components)), walked


def _nonzero(values: Vector) -> Vector:
    return np.where(values == 0.0, 1.0, values)


def _time_of(components: Vector, values: Vector, length: float) -> tuple[float, float]:
    """The time at which the path has a given arc length, and the length really reached."""
    if values.min() > 0.0:
        last = _SETTLED / float(values.min())
        longest = _arc_length(components, values, last)
        if longest <= length:
            return last, longest
    low, high, time = 0.0, np.inf, length / float(np.linalg.norm(components))
    for _ in range(100):
        walked = _arc_length(components, values, time)
        low, high = (time, high) if walked < length else (low, time)
        newton = time + (length - walked) / _speed(components, values, np.array([time]))[0]
        if abs(newton - time) <= 1e-12 * time:
            break
        inside = low < newton < high
        time = float(newton) if inside else (0.5 * (low + high) if np.isfinite(high) else 2 * time)
    return time, length


def _arc_length(components: Vector, values: Vector, time: float) -> float:
    """Gauss-Legendre over panels that double in length, from the fastest mode's own time on."""
    fastest = 0.5 / float(np.max(np.abs(values)) + 1e-300)
    count = max(1, int(np.ceil(np.log2(1.0 + time / fastest))))
    edges = time * (2.0 ** np.arange(count + 1) - 1.0) / (2.0**count - 1.0)
    half = 0.5 * np.diff(edges)
    times = edges[:-1, None] + half[:, None] * (1.0 + _NODES)
    speeds = _speed(components, values, times.ravel()).reshape(times.shape)
    return float(half @ (speeds @ _WEIGHTS))


def _speed(components: Vector, values: Vector, times: Vector) -> Vector:
    """|dx/dt|, the gradient's norm along the path."""
    left = components * np.exp(np.minimum(-np.outer(times, values), 300.0))
    return np.asarray(np.sqrt(np.einsum("tn,tn->t", left, left)))


def update_hessian(hessian: Vector, dx: Vector, dg: Vector) -> Vector:
    """Bofill's update: the Hessian that sends dx to dg, between SR1 and Powell's.

    Bofill, J. Comput. Chem. 15, 1 (1994), eqs. 11 to 13.
    """
    length = float(dx @ dx)
    if length < 1e-20:
        return hessian
    miss = dg - hessian @ dx
    overlap, size = float(miss @ dx), float(miss @ miss)
    if size < 1e-24:
        return hessian
    share = overlap**2 / (size * length)
    powell = (np.outer(miss, dx) + np.outer(dx, miss)) / length
    powell -= overlap * np.outer(dx, dx) / length**2
    rank_one = np.outer(miss, miss) / overlap if share > 1e-8 else np.zeros_like(hessian)
    return hessian + share * rank_one + (1.0 - share) * powell
