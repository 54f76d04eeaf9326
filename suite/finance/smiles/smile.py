"""SVI smiles: one raw SVI slice an expiration, kept free of butterfly arbitrage or said not to be.

For fixed m and σ the slice is linear in three unknowns, so the fit is a small bounded linear
problem inside a search over two numbers (De Marco and Martini, Zeliade Systems, 2009). With
y = (k - m)/σ and z = √(y² + 1) it reads w = a + u (z + y) + v (z - y); then 0 <= u, v <= σ says
both |ρ| <= 1 and Lee's bound of the wings, b (1 + |ρ|) <= 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

from suite.errors import InputError
from suite.finance.smiles.svi import SVI, butterfly, calendar, check_points, durrleman

__all__ = ["LEAST_QUOTES", "SVI", "butterfly", "calendar", "durrleman", "fit_svi"]

Vector = NDArray[np.float64]

LEAST_QUOTES = 5
"""As many as the slice has parameters."""

# How far past the quotes g is checked, in ranges of the quotes; beyond, g tends to its limit in
# the wings, which Lee's bound keeps from being negative.
_FAR = 5.0
_SWEEPS = 12
# Quotes that miss by more half widths (or typical misses) than this count for ever less.
_WIDE = 1.5
_PENALTIES = (1e1, 1e2, 1e3, 1e4, 1e5)
# What g is asked to be at least, so that it is not negative between the points of the penalty.
_MARGIN = 1e-3


def fit_svi(log_moneyness: ArrayLike, total_variance: ArrayLike, weight: ArrayLike = 1.0) -> SVI:
    """Fit one raw SVI slice to the quotes of one expiration.

    `log_moneyness` [n] is log(K/F), `total_variance` [n] σ²T of the middle of the market, `weight`
    [n] one over the half width of the market, also in total variance. Quotes that lie far off
    count for ever less (the weights of Geman and McClure, 1985), so that where one slice cannot
    meet all quotes it follows most of them. A best fit with butterfly arbitrage is fitted again
    with a penalty on it; where that does not help, the best fit is returned and its `note` says
    so. Raises `InputError` for fewer than five strikes, or for numbers that are no variances.

    >>> k = np.linspace(-0.5, 0.3, 21)
    >>> truth = SVI(0.01, 0.1, -0.6, 0.02, 0.1)
    >>> found = fit_svi(k, truth.total_variance(k))
    >>> round(found.b, 6), round(found.rho, 6), found.arbitrage_free
    (0.1, -0.6, True)
    """
    k, w, weights = _checked(log_moneyness, total_variance, weight)
    svi, robust = _robust(k, w, weights, 1.0)
    if _typical_miss(svi, k, w, weights) > 0.5:
        # The quotes far from the money can outnumber and outweigh those near it, and be of another
        # shape than the slice has; so another start counts each quote by its vega as well.
        away = k / np.sqrt(w) - 0.5 * np.sqrt(w)
        other = _robust(k, w, weights, np.exp(-0.5 * away**2))
        fits = [(svi, robust), other]
        svi, robust = min(fits, key=lambda fit: _typical_miss(fit[0], k, w, weights))
    reach = _FAR * float(np.ptp(k)) + float(np.abs(k).max())
    least, at = butterfly(svi, reach)
    if least < 0.0:
        svi, least, at = _mend(svi, k, w, robust, reach)
    misfit = float(np.sqrt(np.mean(_misses(svi, k, w, weights) ** 2)))
    note = "" if least >= 0.0 else f"the fit has butterfly arbitrage near log(K/F) = {at:.2g}"
    return replace(svi, misfit=misfit, least_g=least, note=note)


def _checked(k: ArrayLike, w: ArrayLike, weight: ArrayLike) -> tuple[Vector, Vector, Vector]:
    arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, float)) for v in (k, w, weight)))
    names = ("log_moneyness", "total_variance", "weight")
    for name, array, least in zip(names, arrays, (-np.inf, 0.0, 0.0), strict=True):
        wrong = np.flatnonzero(~(np.isfinite(array) & (array > least)))
        if wrong.size:
            place = int(wrong[0])
            raise InputError(
                f"{name} must be a {'' if name == names[0] else 'positive '}number. "
                f"Got {array[place]} at place {place}; leave such quotes out."
            )
    strikes = len(np.unique(arrays[0]))
    if strikes < LEAST_QUOTES:
        raise InputError(
            f"An SVI slice has {LEAST_QUOTES} parameters and needs as many strikes. Got {strikes}."
        )
    return arrays[0], arrays[1], arrays[2]


def _misses(svi: SVI, k: Vector, w: Vector, weight: Vector) -> Vector:
    return np.asarray((svi.total_variance(k) - w) * weight)


def _typical_miss(svi: SVI, k: Vector, w: Vector, weight: Vector) -> float:
    return float(np.median(np.abs(_misses(svi, k, w, weight))))


def _robust(k: Vector, w: Vector, weights: Vector, first: Vector | float) -> tuple[SVI, Vector]:
    """The slice through most of the quotes, and the weights that say which they are."""
    robust = weights * first
    svi = _search(k, w, robust, *_grid(k), 10)
    for _ in range(_SWEEPS):
        before = svi
        robust = weights * _temper(_misses(svi, k, w, weights))
        svi = _search(k, w, robust, np.array([svi.m]), np.array([svi.sigma]), 5)
        if np.hypot(svi.m - before.m, svi.sigma - before.sigma) < 1e-2 * before.sigma:
            break
    return _search(k, w, robust, np.array([svi.m]), np.array([svi.sigma]), 100), robust


def _temper(residual: Vector) -> Vector:
    """Factors of the weights that let a quote pull less the farther off it lies."""
    size = np.abs(residual)
    limit = _WIDE * max(1.0, float(np.median(size)))
    return np.asarray(1.0 / (1.0 + (size / limit) ** 2))


def _grid(k: Vector) -> tuple[Vector, Vector]:
    """Places m and widths σ from which the search starts."""
    span = float(np.ptp(k))
    m = np.linspace(k.min() - 0.5 * span, k.max() + 0.5 * span, 25)
    sigma = span * np.geomspace(0.01, 3.0, 16)
    places, widths = np.meshgrid(m, sigma)
    return places.ravel(), widths.ravel()


def _search(
    k: Vector, w: Vector, weight: Vector, m: Vector, sigma: Vector, evaluations: int
) -> SVI:
    """The best slice: the linear part solved at every start, the best of them made better."""
    span = float(np.ptp(k))
    low = np.array([k.min() - span, np.log(1e-3 * span)])
    high = np.array([k.max() + span, np.log(1e1 * span)])

    def at(x: Vector) -> tuple[Vector, Vector]:
        x = np.clip(x, low, high)
        return x[:1], np.exp(x[1:])

    @lru_cache(maxsize=1)
    def solved(m: float, width: float) -> Vector:
        return _linear(np.array([m]), np.array([width]), k, w, weight)

    def misfit(x: Vector) -> Vector:
        m, width = at(x)
        return _residual(solved(m[0], width[0]), m, width, k, w, weight)[0]

    def jacobian(x: Vector) -> Vector:
        m, width = at(x)
        return _projected(solved(m[0], width[0])[0], m, width, k, weight)

    fits = [
        least_squares(
            misfit,
            [m[i], np.log(sigma[i])],
            jacobian,
            method="lm",
            x_scale=[span, 1.0],
            xtol=1e-12,
            ftol=1e-12,
            gtol=1e-14,
            max_nfev=evaluations,
        )
        for i in _starts(k, w, weight, m, sigma)
    ]
    place, width = at(min(fits, key=lambda fit: float(fit.cost)).x)
    a, u, v = _linear(place, width, k, w, weight)[0]
    return _slice(a, u, v, place[0], width[0])


def _starts(k: Vector, w: Vector, weight: Vector, m: Vector, sigma: Vector) -> list[int]:
    """The best starts, of different widths so that they are not one valley's neighbours."""
    if len(m) == 1:
        return [0]
    costs = np.sum(_residual(_linear(m, sigma, k, w, weight), m, sigma, k, w, weight) ** 2, axis=1)
    order = np.argsort(costs)
    _, first = np.unique(sigma[order], return_index=True)
    return [int(i) for i in order[np.sort(first)[:2]]]


def _slice(a: float, u: float, v: float, m: float, sigma: float) -> SVI:
    b = (u + v) / sigma
    rho = (u - v) / (u + v) if u + v > 0.0 else 0.0
    return SVI(float(a), float(b), float(rho), float(m), float(sigma))


def _columns(m: Vector, sigma: Vector, k: Vector) -> Vector:
    """1, z + y and z - y, without the difference that cancels [starts, quotes, 3]."""
    y = (k - m[:, None]) / sigma[:, None]
    large = np.abs(y) + np.hypot(y, 1.0)
    up = np.where(y > 0.0, large, 1.0 / large)
    return np.stack([np.ones_like(up), up, 1.0 / up], axis=-1)


def _residual(
    found: Vector, m: Vector, sigma: Vector, k: Vector, w: Vector, weight: Vector
) -> Vector:
    return (np.einsum("gnc,gc->gn", _columns(m, sigma, k), found) - w) * weight


def _projected(found: Vector, m: Vector, sigma: Vector, k: Vector, weight: Vector) -> Vector:
    """The residual's derivative by m and log σ, with a, u and v following their best values.

    Kaufman's form of variable projection: what the free columns can take up is taken out (BIT 15,
    49 (1975)).
    """
    columns = _columns(m, sigma, k)[0] * weight[:, None]
    y = (k - m[0]) / sigma[0]
    turn = y / np.hypot(y, 1.0)
    by_y = (found[1] * (turn + 1.0) + found[2] * (turn - 1.0)) * weight
    change = np.stack([-by_y / sigma[0], -by_y * y], axis=1)
    free = np.append(True, (found[1:] > 0.0) & (found[1:] < sigma[0]))
    basis, _ = np.linalg.qr(columns[:, free])
    return np.asarray(change - basis @ (basis.T @ change))


def _linear(m: Vector, sigma: Vector, k: Vector, w: Vector, weight: Vector) -> Vector:
    """The best a, u, v with 0 <= u, v <= σ for every m and σ [starts, 3].

    The problem is convex, so of all the ways to hold u and v at a bound or leave them free, the
    allowed one with the least cost is the answer.
    """
    columns = _columns(m, sigma, k) * weight[:, None]
    normal = np.einsum("gni,gnj->gij", columns, columns)
    # A breath of ridge, so that columns that rounding cannot tell apart do not stop the others.
    normal += 1e-15 * np.einsum("gii->g", normal)[:, None, None] * np.eye(3)
    right = columns.transpose(0, 2, 1) @ (w * weight)
    best = _held(normal, right, sigma, {})
    outside = np.flatnonzero(~_inside(best, sigma))
    if outside.size:
        best[outside] = _bounded(normal[outside], right[outside], sigma[outside])
    return best


def _inside(found: Vector, sigma: Vector) -> NDArray[np.bool_]:
    return np.all((found[:, 1:] >= 0.0) & (found[:, 1:] <= sigma[:, None]), axis=1)


def _bounded(normal: Vector, right: Vector, sigma: Vector) -> Vector:
    """The minimum with at least one of u and v at a bound."""
    best = np.zeros((len(sigma), 3))
    least = np.full(len(sigma), np.inf)
    for u_held, v_held in product((None, 0.0, 1.0), repeat=2):
        held = {i: h for i, h in ((1, u_held), (2, v_held)) if h is not None}
        if held:
            found = _held(normal, right, sigma, held)
            cost = np.einsum("gi,gij,gj->g", found, normal, found)
            cost -= 2.0 * np.sum(right * found, axis=1)
            better = _inside(found, sigma) & (cost < least)
            best[better], least[better] = found[better], cost[better]
    return best


def _held(normal: Vector, right: Vector, sigma: Vector, held: dict[int, float]) -> Vector:
    """The minimum of the quadratic form with some unknowns at a share of σ."""
    free = [i for i in range(3) if i not in held]
    found = np.zeros((len(sigma), 3))
    rest = right[:, free]
    for i, share in held.items():
        found[:, i] = share * sigma
        rest = rest - normal[:, free, i] * found[:, i : i + 1]
    matrix = normal[:, free][:, :, free]
    found[:, free] = np.linalg.solve(matrix, rest[..., None])[..., 0]
    return found


def _mend(svi: SVI, k: Vector, w: Vector, weight: Vector, reach: float) -> tuple[SVI, float, float]:
    """The best slice whose g is nowhere negative, else the slice as it was; with its least g."""
    # The best fit is near the best that is free; a wider slice is another try where it is not.
    for width in (svi.sigma, max(svi.sigma, 0.25 * float(np.ptp(k)))):
        for free in _penalised(replace(svi, sigma=width), k, w, weight, reach):
            return (replace(free, mended=True), *butterfly(free, reach))
    return (svi, *butterfly(svi, reach))


def _penalised(svi: SVI, k: Vector, w: Vector, weight: Vector, reach: float) -> Iterable[SVI]:
    """Fits under a growing penalty on negative g, up to the first that has none."""
    top = float(w.max())
    low = [1e-6 * top, 0.0, 0.0, k.min() - 2.0 * np.ptp(k), np.log(1e-3 * np.ptp(k))]
    high = [2.0 * top, 1.0, 1.0, k.max() + 2.0 * np.ptp(k), np.log(1e1 * np.ptp(k))]
    up, down = 0.5 * svi.b * (1.0 + svi.rho), 0.5 * svi.b * (1.0 - svi.rho)
    least = svi.a + 2.0 * svi.sigma * np.sqrt(up * down)
    x = np.array([least, up, down, svi.m, np.log(svi.sigma)])

    def unpack(x: Vector) -> SVI:
        width = float(np.exp(x[4]))
        a = x[0] - 2.0 * width * np.sqrt(x[1] * x[2])
        return _slice(a, x[1] * width, x[2] * width, x[3], width)

    for penalty in _PENALTIES:

        def misfit(x: Vector, penalty: float = penalty) -> Vector:
            slice_ = unpack(x)
            g = durrleman(slice_, check_points(slice_.m, slice_.sigma, reach))
            lack = np.maximum(_MARGIN - np.maximum(g, -1e3), 0.0)
            return np.append((slice_.total_variance(k) - w) * weight, penalty * lack)

        edge = 1e-9 * (np.array(high) - low)
        x = np.clip(x, low + edge, high - edge)
        x = least_squares(misfit, x, bounds=(low, high), x_scale="jac", max_nfev=200).x
        found = unpack(x)
        if butterfly(found, reach)[0] >= 0.0:
            yield found
            return
