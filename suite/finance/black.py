"""Prices by Black's and Bachelier's formulas, accurate into the far wings.

Black, J. Financial Economics 3, 167 (1976); Bachelier, Ann. Sci. Éc. Norm. Sup. 17, 21 (1900). In
the notation of `inversion`, the out-of-the-money price is exp(-g²/2) (M(g) - M(h + t)): no
difference of two normal probabilities that cancels, and no rounding of h that g² would amplify.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.finance.kernel.elementary import (
    exp_sum,
    log1p_sum,
    mills,
    mills_fall_exact,
    select,
    size_of,
    split,
    two_product,
    two_sum,
)
from suite.finance.kernel.inversion import is_narrow, mean_fall

__all__ = ["Standard", "normal_price", "price", "standardise"]

Vector = NDArray[np.float64]


class Standard(NamedTuple):
    """An option's distances in standard deviations, each with what its rounded value lacks.

    `distance` |F - K|; `low` min(F, K); `h` x / s; `t` s / 2; `g` h - t; `s` σ√T; `x` |log(K/F)|.
    """

    distance: Vector
    low: Vector
    x: Vector
    s: Vector
    h: Vector
    t: Vector
    g: Vector
    g_low: Vector


def _ratio(a: Vector, a_low: Vector, b: Vector, b_low: Vector) -> tuple[Vector, Vector]:
    """a / b and what the rounded value lacks."""
    ratio = a / b
    product, product_low = two_product(ratio, b)
    return ratio, (((a - product) - product_low) + (a_low - ratio * b_low)) / b


def standardise(volatility: Vector, forward: Vector, strike: Vector, years: Vector) -> Standard:
    """The distances of Black's formula for volatility a year and expiry in years.

    >>> [float(part) for part in standardise(*map(np.float64, (0.2, 100.0, 100.0, 1.0)))[3:6]]
    [0.2, 0.0, 0.1]
    """
    low, distance, distance_low = _apart(forward, strike)
    d, d_low = _ratio(distance, distance_low, low, 0.0 * low)
    x, x_low = log1p_sum(d, d_low)
    s, s_low = _total(volatility, years)
    h, h_low = _ratio(x, x_low, s, s_low)
    g, lost = two_sum(h, -0.5 * s)
    return Standard(distance, low, x, s, h, 0.5 * s, g, lost + (h_low - 0.5 * s_low))


def _apart(forward: Vector, strike: Vector) -> tuple[Vector, Vector, Vector]:
    """min(F, K), |F - K| and what that lacks."""
    gap, gap_low = two_sum(forward, -strike)
    below = strike < forward
    return np.minimum(forward, strike), select(below, gap, -gap), select(below, gap_low, -gap_low)


def _total(volatility: Vector, years: Vector) -> tuple[Vector, Vector]:
    """σ√T and what its rounded value lacks."""
    root = np.sqrt(years)
    square, square_low = two_product(root, root)
    root_low = ((years - square) - square_low) / (2.0 * root)
    s, s_low = two_product(volatility, root)
    return s, s_low + volatility * root_low


def _density(g: Vector, g_low: Vector) -> tuple[Vector, Vector]:
    """exp(-g²/2) and what it lacks."""
    half, rest = split(g)
    rest = rest + g_low
    return exp_sum(-0.5 * (half * half), -rest * (half + 0.5 * rest))


def price(
    volatility: ArrayLike,
    *,
    forward: ArrayLike,
    strike: ArrayLike,
    expiry: ArrayLike,
    discount: ArrayLike = 1.0,
    call: ArrayLike = True,
) -> Any:
    """Price of a European option by Black's formula, accurate in the far wings.

    All arguments broadcast: volatility as a fraction a year, forward and strike in the units of
    the price, expiry in years, discount the discount factor, call True or False. Without volatility
    or time it is the intrinsic value; of what is not positive there is none (NaN). The relative
    error is below 4 ulps and a tenth of an ulp for each standard deviation squared.

    >>> float(price(0.2, forward=100.0, strike=100.0, expiry=1.0).round(9))
    7.965567455
    """
    sigma, f, k, years = (np.asarray(v, float) for v in (volatility, forward, strike, expiry))
    with np.errstate(all="ignore"):
        at = standardise(sigma, f, k, years)
        density, density_low = _density(at.g, at.g_low)
        low = (density + density_low) * at.t * mean_fall(at.h, at.t)[0]
        (near, _), (far, _) = mills(size_of(at.g), at.h + at.t)
        wide = select(at.g > 0.0, density * (near - far), 1.0 - density * (near + far))
        value = select(at.s == 0.0, 0.0 * at.low, at.low * select(is_narrow(at.x, at.s), low, wide))
        value = select(at.low > 0.0, value, np.nan)
    return _with_intrinsic(value, f, k, discount, call)


def normal_price(
    volatility: ArrayLike,
    *,
    forward: ArrayLike,
    strike: ArrayLike,
    expiry: ArrayLike,
    discount: ArrayLike = 1.0,
    call: ArrayLike = True,
) -> Any:
    """Price of a European option by Bachelier's formula; volatility in price units a year.

    Forward and strike may have any sign; otherwise as `price`.

    >>> float(normal_price(20.0, forward=-1.0, strike=-1.0, expiry=1.0).round(9))
    7.978845608
    """
    sigma, f, k, years = (np.asarray(v, float) for v in (volatility, forward, strike, expiry))
    with np.errstate(all="ignore"):
        _, distance, distance_low = _apart(f, k)
        s, s_low = _total(sigma, years)
        z, z_low = _ratio(distance, distance_low, s, s_low)
        density, density_low = _density(z, z_low)
        value = s * (density + density_low) * mills_fall_exact(z)[0]
        value = select(s == 0.0, 0.0, value)
    return _with_intrinsic(value, f, k, discount, call)


def _with_intrinsic(
    value: Vector, forward: Vector, strike: Vector, discount: ArrayLike, call: ArrayLike
) -> Any:
    """The discounted price from the out-of-the-money value."""
    signed = np.where(np.asarray(call, bool), forward - strike, strike - forward)
    return (np.asarray(discount, float) * (np.maximum(signed, 0.0) + value))[()]
