"""Prices by Black's and Bachelier's formulas, in the operations of the kernel.

In the notation of `inversion`, the out-of-the-money price is exp(-g²/2) (M(g) - M(h + t)): no
difference of two normal probabilities that cancels, and no rounding of h that g² would amplify.
"""

from __future__ import annotations

from typing import Any

import numpy as np

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

__all__ = ["apart", "black_value", "normal_value", "ratio", "with_intrinsic"]

Real = Any


def ratio(a: Real, a_low: Real, b: Real, b_low: Real) -> tuple[Real, Real]:
    """a / b and what the rounded value lacks."""
    value = a / b
    product, product_low = two_product(value, b)
    return value, (((a - product) - product_low) + (a_low - value * b_low)) / b


def apart(forward: Real, strike: Real) -> tuple[Real, Real]:
    """|F - K| and what that lacks."""
    gap, gap_low = two_sum(forward, -strike)
    below = strike < forward
    return select(below, gap, -gap), select(below, gap_low, -gap_low)


def _total(volatility: Real, years: Real) -> tuple[Real, Real]:
    """σ√T and what its rounded value lacks."""
    root = np.sqrt(years)
    square, square_low = two_product(root, root)
    root_low = ((years - square) - square_low) / (2.0 * root)
    s, s_low = two_product(volatility, root)
    return s, s_low + volatility * root_low


def _density(g: Real, g_low: Real) -> Real:
    """exp(-g²/2)."""
    half, rest = split(g)
    rest = rest + g_low
    value, low = exp_sum(-0.5 * (half * half), -rest * (half + 0.5 * rest))
    return value + low


def black_value(volatility: Real, forward: Real, strike: Real, years: Real) -> Real:
    """Time value of Black's price, undiscounted; NaN where forward or strike is not positive.

    >>> [float(black_value(*map(np.float64, (0.2, 100.0, 100.0, 1.0))).round(9))]
    [7.965567455]
    """
    distance, distance_low = apart(forward, strike)
    low = select(strike < forward, strike, forward)
    x, x_low = log1p_sum(*ratio(distance, distance_low, low, 0.0 * low))
    s, s_low = _total(volatility, years)
    h, h_low = ratio(x, x_low, s, s_low)
    t = 0.5 * s
    g, lost = two_sum(h, -t)
    density = _density(g, lost + (h_low - 0.5 * s_low))
    (near, _), (far, _) = mills(size_of(g), h + t)
    wide = select(g > 0.0, density * (near - far), 1.0 - density * (near + far))
    narrow = density * t * mean_fall(h, t)[0]
    value = select(s == 0.0, 0.0 * low, low * select(is_narrow(x, s), narrow, wide))
    return select(low > 0.0, value, np.nan)


def normal_value(volatility: Real, forward: Real, strike: Real, years: Real) -> Real:
    """Time value of Bachelier's price, undiscounted."""
    distance, distance_low = apart(forward, strike)
    s, s_low = _total(volatility, years)
    z, z_low = ratio(distance, distance_low, s, s_low)
    value = s * _density(z, z_low) * mills_fall_exact(z)[0]
    return select(s == 0.0, 0.0 * s, value)


def with_intrinsic(value: Real, forward: Real, strike: Real, discount: Real, call: Real) -> Real:
    """The discounted price from the time value; `call` is True for calls."""
    signed = select(call, forward - strike, strike - forward)
    return discount * (select(signed > 0.0, signed, 0.0) + value)
