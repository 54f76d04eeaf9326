"""Black's formula in normalised form, and the bounds of an option's price.

Everything is said of the out-of-the-money option at K against F, in units of the smaller of the
two: x = |log(K/F)| >= 0 is the log-moneyness, s = σ√T the total volatility, h = -x/s, t = s/2.
Black, J. Financial Economics 3, 167 (1976); the forms below avoid the difference of two normal
probabilities, which cancels in the wings (Jäckel, Wilmott 2015(75), 40).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfcx, ndtri

__all__ = ["initial_volatility", "log_moneyness", "log_price", "log_price_terms", "price"]

Vector = NDArray[np.float64]

_ROOT_2 = np.sqrt(2.0)
_ROOT_HALF_PI = np.sqrt(np.pi / 2.0)
_LOG_ROOT_2_PI = 0.5 * np.log(2.0 * np.pi)


def log_moneyness(forward: Vector, strike: Vector) -> Vector:
    """|log(K/F)|, exact also where strike and forward nearly agree."""
    low = np.minimum(forward, strike)
    return np.asarray(np.log1p(np.abs(forward - strike) / low))


def log_price_terms(x: Vector, s: Vector) -> tuple[Vector, Vector, Vector]:
    """log of vega, y = price / vega, and the loss of digits in y, of the normalised option.

    `x` >= 0 log-moneyness, `s` > 0 total volatility. Vega is the derivative of the price by s;
    both in units of min(F, K). log price = log vega + log y. The loss is the factor by which the
    difference in y amplifies rounding.
    """
    h, t = -x / s, 0.5 * s
    log_vega = -0.5 * (h * h + t * t) + 0.5 * x - _LOG_ROOT_2_PI
    first, second = erfcx(-(h + t) / _ROOT_2), erfcx((t - h) / _ROOT_2)
    difference = first - second
    return log_vega, _ROOT_HALF_PI * difference, (first + second) / difference


def log_price(x: Vector, s: Vector) -> Vector:
    """log of the normalised out-of-the-money price.

    >>> round(float(np.exp(log_price(np.float64(0.0), np.float64(0.2)))), 12)
    0.079655674554
    """
    log_vega, y, _ = log_price_terms(x, s)
    return np.asarray(log_vega + np.log(y))


def initial_volatility(x: Vector, ratio: Vector) -> Vector:
    """A lower bound of the total volatility that is good enough to start from.

    `ratio` is the normalised out-of-the-money price. Choi, Huh and Su, arXiv:2302.08758, written
    without the subtraction that cancels where d1 is negative.
    """
    d = np.expm1(x)
    d1 = ndtri(ratio * (1.0 + d + ratio) / (2.0 * ratio + d))
    root = np.sqrt(d1 * d1 + 2.0 * x)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(d1 < 0.0, 2.0 * x / (root - d1), d1 + root)


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
    the price, expiry in years, discount the discount factor, call True or False.

    >>> float(price(0.2, forward=100.0, strike=100.0, expiry=1.0).round(9))
    7.965567455
    """
    forward, strike = np.asarray(forward, float), np.asarray(strike, float)
    low = np.minimum(forward, strike)
    s = np.asarray(volatility) * np.sqrt(expiry)
    out = low * np.exp(log_price(log_moneyness(forward, strike), s))
    intrinsic = np.maximum(np.where(call, forward - strike, strike - forward), 0.0)
    return (np.asarray(discount) * (intrinsic + out))[()]
