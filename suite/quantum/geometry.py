"""What a step needs to know at one point: energy, gradient and quantum geometric tensor.

Engines (`circuits`, `sector`) sweep the derivatives of the state; here they become numbers, by one
symmetric product of a real matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.errors import InputError

__all__ = ["Engine", "Geometry"]

Vector = NDArray[np.float64]
State = NDArray[np.complex128] | NDArray[np.float64]


SMALL = 200_000
"""Slopes up to which a dense matrix of them is quicker than a sparse one."""


class Geometry(NamedTuple):
    """What a step needs to know at one point.

    `energy`; `gradient` [p]; `metric` [p, p] Fubini-Study, Re<∂i|∂j> - <∂i|ψ><ψ|∂j>;
    `curvature` [p, p] the Gauss-Newton matrix 2 Re<di|H - E|dj> with d the derivatives across the
    state, [0, 0] where it was not asked for; `state` amplitudes whose overlaps with those of the
    same engine are the circuit's (real in a sector).
    """

    energy: float
    gradient: Vector
    metric: Vector
    curvature: Vector
    state: State


class Engine(Protocol):
    """The exact energy of one ansatz and its derivatives.

    Every method raises `InputError` for a wrong number of values or one that is not finite.
    """

    @property
    def parameters(self) -> int:
        """Number of parameters, p."""
        ...

    @property
    def scale(self) -> float:
        """A bound on |H|, with which rounding grows."""
        ...

    def energy(self, values: ArrayLike) -> float:
        """The energy at parameter values [p]."""
        ...

    def gradient(self, values: ArrayLike) -> tuple[float, Vector]:
        """Energy and gradient [p], without the metric, at a few energies' cost."""
        ...

    def geometry(self, values: ArrayLike, *, curvature: bool = True) -> Geometry:
        """Energy, gradient, metric and, where asked, the Gauss-Newton matrix."""
        ...

    def state(self, values: ArrayLike) -> State:
        """The state at parameter values [p], as `Geometry.state` has it."""
        ...

    def overlaps(self, values: ArrayLike, vector: Any) -> Vector:
        """Re<∂i|vector> [p], at a gradient's cost; the vector in the form of the states."""
        ...

    def variance(self, state: Any) -> float:
        """<H²> - <H>² at the `state` of one of this engine's answers."""
        ...

    def spread(self, values: ArrayLike) -> float:
        """Standard deviation of the energy in the state at parameter values [p]."""
        ...


def checked_values(values: ArrayLike, count: int) -> Vector:
    """Parameter values [count] as floats, refused by a sentence where they are not."""
    try:
        found = np.asarray(values, float)
    except (TypeError, ValueError) as error:
        raise InputError(f"Parameter values must be numbers. Got {values!r}.") from error
    if found.shape != (count,):
        raise InputError(f"The circuit has {count} parameters. Got values of shape {found.shape}.")
    if not np.all(np.isfinite(found)):
        raise InputError(f"Parameter values must be finite. Got {found[~np.isfinite(found)][0]}.")
    return found


def gram(rows: Vector) -> Vector:
    """rows · rowsᵀ [m, m] of a real matrix [m, n], by BLAS's rank-k update (half a product)."""
    from scipy.linalg.blas import dsyrk

    if not rows.size:
        return np.zeros((len(rows), len(rows)))
    upper: Vector = dsyrk(1.0, rows.T, trans=1)
    return upper + np.triu(upper, 1).T


class Products(NamedTuple):
    """Real products of the swept derivatives D, in rows of real and imaginary parts.

    `gram` Re<Di|Dj>, `berry` Im<ψ|Di> (None for real states), `slope` 2 Re<Di|Hψ>; for the
    curvature `acted` Re<Di|H|Dj> and `skew` Im<Di|(H-E)ψ>, else None.
    """

    gram: Vector
    berry: Vector | None
    slope: Vector
    acted: Vector | None = None
    skew: Vector | None = None


def products_of(
    sizes: list[int],
    rows: Callable[[int], Vector],
    image: Vector,
    turned: Vector | None,
    residual: Vector | None,
    images: Callable[[Vector], Vector] | None,
) -> Products:
    """The products of derivatives that come in groups of these sizes, two held at a time.

    `rows(i)` sweeps group i [m, n]; `image` Hψ, `turned` iψ and `residual` i(H-E)ψ as real vectors
    [n], the last two None for real states; `images` the observable on rows, None where no
    curvature is asked for.
    """
    count, ends = sum(sizes), np.cumsum([0, *sizes])
    overlaps, slope = np.zeros((count, count)), np.zeros(count)
    acted = np.zeros((count, count) if images else (0, 0))
    berry, skew = np.zeros(count), np.zeros(count)
    for i in range(len(sizes)):
        mine = slice(ends[i], ends[i + 1])
        flat = rows(i)
        slope[mine] = 2.0 * (flat @ image)
        if turned is not None and residual is not None:
            # Re<D|iψ> = Im<ψ|D>, and Im<D|χ> = -Re<D|iχ>.
            berry[mine], skew[mine] = flat @ turned, -(flat @ residual)
        overlaps[mine, mine] = gram(flat)
        moved = images(flat) if images else None
        if moved is not None:
            acted[mine, mine] = flat @ moved.T
        for j in range(i):
            other, others = rows(j), slice(ends[j], ends[j + 1])
            overlaps[mine, others] = flat @ other.T
            overlaps[others, mine] = overlaps[mine, others].T
            if moved is not None:
                acted[mine, others] = moved @ other.T
                acted[others, mine] = acted[mine, others].T
    complex_states = turned is not None
    return Products(
        overlaps,
        berry if complex_states else None,
        slope,
        acted if images else None,
        skew if complex_states else None,
    )


class Chain(NamedTuple):
    """The chain rule from rows [m] to parameters [p].

    Where each parameter has one row and each row one parameter, `places` [p] are their rows and
    `scale` [p] the slopes; else `matrix` [m, p] holds the slopes, sparse where it is large.
    """

    places: NDArray[np.int64] | None
    scale: Vector | None
    matrix: Any

    def gradient(self, slope: Vector) -> Vector:
        """Slopes by the parameters from those by the rows."""
        if self.places is not None and self.scale is not None:
            return slope[self.places] * self.scale
        return np.asarray(self.matrix.T @ slope)

    def between(self, products: Vector) -> Vector:
        """Symmetric products of parameters from those of rows."""
        if self.places is not None and self.scale is not None:
            return products[np.ix_(self.places, self.places)] * np.outer(self.scale, self.scale)
        half = np.asarray(self.matrix.T @ products)
        full = np.asarray(self.matrix.T @ half.T)
        return 0.5 * (full + full.T)

    def rows(self, flat: Vector) -> Vector:
        """Derivatives by the parameters from those by the rows."""
        return np.ascontiguousarray(self.matrix.T @ flat)


def chain_of(slopes: Any) -> Chain:
    """The chain rule of a sparse matrix [m, p] of slopes."""
    slopes = slopes.tocsr()
    count = slopes.shape[0]
    single = slopes.shape == (count, count) and np.all(np.diff(slopes.indptr) == 1)
    if single and len(np.unique(slopes.indices)) == count:
        places = np.argsort(slopes.indices)
        return Chain(places, slopes.data[places], slopes)
    return Chain(None, None, slopes.toarray() if np.prod(slopes.shape) <= SMALL else slopes)


def assemble(energy: float, products: Products, chain: Chain | None, state: State) -> Geometry:
    """The geometry from products over rows; `chain` None where rows are parameters."""
    metric, curvature = products.gram, np.zeros((0, 0))
    if products.acted is not None:
        # With d = D - iψb: the terms in b of <di|H-E|dj> reduce to overlaps with (H-E)ψ.
        curvature = products.acted - energy * products.gram
        if products.berry is not None and products.skew is not None:
            mixed = np.outer(products.berry, products.skew)
            curvature = curvature + mixed + mixed.T
        curvature = curvature + curvature.T
    if products.berry is not None:
        metric = metric - np.outer(products.berry, products.berry)
    gradient = products.slope
    if chain is not None:
        gradient, metric = chain.gradient(gradient), chain.between(metric)
        curvature = chain.between(curvature) if products.acted is not None else curvature
    return Geometry(energy, gradient, metric, curvature, state)
