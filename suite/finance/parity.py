"""Forwards and discount factors from put-call parity: C - P = D (F - K)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

__all__ = ["Forward", "fit_forward"]

Vector = NDArray[np.float64]

LEAST_PAIRS = 3
"""Two unknowns, and one pair more, so that their error can be told."""


@dataclass(frozen=True, slots=True)
class Forward:
    """A forward price and a discount factor with standard errors, and the pairs behind them.

    `outliers` counts the pairs that miss the line by more than three widths of their market.
    """

    forward: float
    discount: float
    forward_error: float
    discount_error: float
    pairs: int
    outliers: int


def fit_forward(strike: Vector, difference: Vector, width: Vector) -> Forward | None:
    """Fit parity's line through pairs of a call and a put at the same strike and expiry.

    `strike` [n]; `difference` [n] call less put (mids), `width` [n] the half width of that
    difference's market, its uncertainty. A Huber loss lets a wrong quote pull no harder than one
    width does (Huber, Ann. Math. Statist. 35, 73 (1964)). None for fewer than three pairs, or where
    the line does not fall with the strike.

    >>> k = np.array([90.0, 95.0, 100.0, 105.0])
    >>> found = fit_forward(k, 0.95 * (101.0 - k), np.full(4, 0.05))
    >>> round(found.forward, 9), round(found.discount, 9)
    (101.0, 0.95)
    """
    if len(strike) < LEAST_PAIRS:
        return None
    nearest = int(np.argmin(np.abs(difference)))
    centre = strike[nearest] + difference[nearest]
    # A market of no width would weigh infinitely much; a tenth of the median is certain enough.
    least = max(0.1 * float(np.median(width)), 1e-9 * float(centre))
    weight = 1.0 / np.maximum(width, least)

    def misfit(line: Vector) -> Vector:
        return (difference - (line[0] - line[1] * (strike - centre))) * weight

    fit = least_squares(
        misfit, [0.0, 1.0], loss="huber", x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14
    )
    level, discount = fit.x
    normal = fit.jac.T @ fit.jac
    if discount <= 0.0 or np.linalg.cond(normal) > 1e15:
        return None
    covariance = np.linalg.inv(normal)
    slope = np.array(
        [1.0 / discount, -level / discount**2]
    )  # of the forward, by level and discount
    return Forward(
        float(centre + level / discount),
        float(discount),
        float(np.sqrt(slope @ covariance @ slope)),
        float(np.sqrt(covariance[1, 1])),
        len(strike),
        int(np.count_nonzero(np.abs(misfit(fit.x)) > 3.0)),
    )
