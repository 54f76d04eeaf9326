"""One raw SVI slice: its total variance, and its butterfly and calendar arbitrage.

The raw SVI slice gives the total variance w = σ²T at log-moneyness k = log(K/F):
w(k) = a + b (ρ (k - m) + √((k - m)² + σ²)). Gatheral and Jacquier, Quantitative Finance 14, 59
(2014); Lee's bound of its wings, b (1 + |ρ|) <= 2, is in Math. Finance 14, 469 (2004).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["SVI", "butterfly", "calendar", "check_points", "durrleman"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SVI:
    """A raw SVI slice, and what is known of its fit.

    `misfit` is the root mean square distance from the quotes in half widths of their markets,
    `least_g` the least of Durrleman's function where it was checked, `mended` tells that the best
    fit had butterfly arbitrage and this one replaces it, and `note` says in words what is wrong.

    >>> round(float(SVI(0.04, 0.1, -0.3, 0.0, 0.2).total_variance(0.0)), 12)
    0.06
    """

    a: float
    b: float
    rho: float
    m: float
    sigma: float
    misfit: float = np.nan
    least_g: float = np.nan
    mended: bool = False
    note: str = ""

    @property
    def arbitrage_free(self) -> bool:
        """Whether no butterfly of this slice costs less than nothing, as far as it was checked."""
        return self.least_g >= 0.0

    def total_variance(self, log_moneyness: ArrayLike) -> Vector:
        """σ²T at log(K/F), of any shape."""
        away = np.asarray(log_moneyness, float) - self.m
        return np.asarray(self.a + self.b * (self.rho * away + np.hypot(away, self.sigma)))


def durrleman(svi: SVI, log_moneyness: ArrayLike) -> Vector:
    """Durrleman's g(k): the density of log(S/F) is g times a positive factor.

    g = (1 - k w'/2w)² - (w'²/4) (1/w + 1/4) + w''/2; a negative value is butterfly arbitrage, and
    so is a total variance that is not positive, for which it is minus infinity. Gatheral and
    Jacquier (2014), equation 2.1.

    >>> bool(durrleman(SVI(0.04, 0.0, 0.0, 0.0, 0.1), 0.3) == 1.0)
    True
    """
    k = np.asarray(log_moneyness, float)
    root = np.hypot(k - svi.m, svi.sigma)
    w = svi.total_variance(k)
    slope = svi.b * (svi.rho + (k - svi.m) / root)
    bend = svi.b * svi.sigma**2 / root**3
    with np.errstate(all="ignore"):
        g = (1.0 - 0.5 * k * slope / w) ** 2 - 0.25 * slope**2 * (1.0 / w + 0.25) + 0.5 * bend
    return np.where(w > 0.0, g, -np.inf)


def butterfly(svi: SVI, reach: float) -> tuple[float, float]:
    """The least of Durrleman's g over |k| <= `reach` and in the wings, and the k where it is.

    In the far wings g tends to 1/4 - β²/16 with β the slope of w, so Lee's bound decides there;
    the place is then plus or minus infinity.

    >>> least, at = butterfly(SVI(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153), 3.0)
    >>> round(least, 3), round(at, 2)
    (-0.033, 0.88)
    """
    k = check_points(svi.m, svi.sigma, reach)
    g = durrleman(svi, k)
    wings = svi.b * np.array([1.0 - svi.rho, 1.0 + svi.rho])
    values = np.append(g, 0.25 - wings**2 / 16.0)
    places = np.append(k, [-np.inf, np.inf])
    worst = int(np.argmin(values))
    return float(values[worst]), float(places[worst])


def calendar(near: SVI, far: SVI, log_moneyness: ArrayLike) -> tuple[float, float]:
    """The most by which the nearer slice's total variance exceeds the farther's, and where.

    Positive is calendar arbitrage: at equal log(K/F) total variance may not fall with time.
    Gatheral and Jacquier (2014), lemma 2.1 (dividends proportional to the price).

    >>> calendar(SVI(0.05, 0.0, 0.0, 0.0, 1.0), SVI(0.04, 0.0, 0.0, 0.0, 1.0), [0.0])[0] > 0.0
    True
    """
    k = np.atleast_1d(np.asarray(log_moneyness, float))
    excess = near.total_variance(k) - far.total_variance(k)
    worst = int(np.argmax(excess))
    return float(excess[worst]), float(k[worst])


def check_points(m: float, sigma: float, reach: float) -> Vector:
    """Points dense around m at the scale of σ, where g turns, and wide up to the reach."""
    ends = np.arcsinh((np.array([-reach, reach]) - m) / sigma)
    around = m + sigma * np.sinh(np.linspace(ends[0], ends[1], 401))
    return np.sort(np.append(around, np.linspace(-reach, reach, 201)))
