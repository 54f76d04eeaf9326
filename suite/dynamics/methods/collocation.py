"""The Radau IIA methods: collocation at the right-hand Radau points, in any odd number of stages.

Everything follows from the nodes, so that orders 5, 9 and 13 share one code: Hairer and Wanner,
Solving ODEs II, IV.5 and IV.8, and J. Comput. Appl. Math. 111, 93 (1999).
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

__all__ = ["Collocation", "radau_iia"]

Real = NDArray[np.floating[Any]]
Complex = NDArray[np.complexfloating[Any, Any]]


class Collocation(NamedTuple):
    """A collocation method of s stages, 0 < c_1 < ... < c_s = 1.

    With stage increments Z [s, n] the equations are inverse @ Z = h F, F the slopes there. The
    `eigenvalues` of `inverse` = A^-1 are its real one, then those above the real axis, then those
    below, with the transform `into` @ inverse @ `back` = diag(eigenvalues). `error` @ Z is the
    embedded method's increment less h f(t, y), times the real eigenvalue. `power` @ Z gives the
    coefficients of θ, θ², ... of the collocation polynomial.
    """

    order: int
    nodes: Real
    inverse: Real
    eigenvalues: Complex
    into: Complex
    back: Complex
    error: Real
    power: Real


@cache
def radau_iia(stages: int) -> Collocation:
    """The Radau IIA method of an odd number of stages, of order 2 stages - 1.

    >>> method = radau_iia(3)
    >>> np.allclose(method.nodes, [(4 - 6**0.5) / 10, (4 + 6**0.5) / 10, 1.0], rtol=1e-15)
    True
    """
    nodes = _nodes(stages)
    inverse = np.linalg.inv(_weights(nodes))
    eigenvalues, back = np.linalg.eig(inverse)
    # The real one first, then the upper half plane: a real equation needs no more than these.
    order = np.lexsort((np.abs(eigenvalues.imag), np.sign(-eigenvalues.imag)))
    real = int(np.argmin(np.abs(eigenvalues.imag)))
    order = np.array([real, *(i for i in order if i != real)])
    eigenvalues, back = eigenvalues[order].astype(complex), back[:, order].astype(complex)
    exponents = np.arange(1, stages + 1)
    # An embedded formula with one more node at 0, whose weight is 1/eigenvalue: its conditions.
    moments = np.zeros(stages)
    moments[0] = -1.0
    embedded = np.linalg.solve((nodes[:, None] ** (exponents - 1)).T, moments)
    return Collocation(
        2 * stages - 1,
        nodes,
        inverse,
        eigenvalues,
        np.linalg.inv(back),
        back,
        embedded @ inverse,
        np.linalg.inv(nodes[:, None] ** exponents),
    )


def _nodes(stages: int) -> Real:
    """The zeros of P_s - P_(s-1) on (0, 1], the last of them exactly 1."""
    series = np.zeros(stages + 1)
    series[stages], series[stages - 1] = 1.0, -1.0
    roots = np.sort(legendre.legroots(series).real)
    slope = legendre.legder(series)
    for _ in range(2):
        roots = roots - legendre.legval(roots, series) / legendre.legval(roots, slope)
    nodes = (roots + 1.0) / 2.0
    nodes[-1] = 1.0
    return np.asarray(nodes)


def _weights(nodes: Real) -> Real:
    """The matrix A of the method, through Legendre polynomials, which keep it well conditioned."""
    stages = len(nodes)
    x = 2.0 * nodes - 1.0
    values = legendre.legvander(x, stages - 1)
    integrals = [legendre.legval(x, legendre.legint(row, lbnd=-1)) for row in np.eye(stages)]
    weights: Any = np.linalg.solve(values.T, np.array(integrals)).T / 2.0
    return np.asarray(weights)
