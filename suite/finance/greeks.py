"""Sensitivities of option prices, by Black's and by Bachelier's formula.

All are of the discounted price of one unit of the option, per unit of what they are taken by: the
underlying in price units, a volatility of 1.00 (for Bachelier one price unit a year), a year, a
rate of 1.00. Haug, The Complete Guide to Option Pricing Formulas (2007), chapter 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.finance.black import normal_price, price
from suite.finance.elementary import normal_cdf, select

__all__ = ["GREEKS", "greeks", "of_spot"]

Vector = NDArray[np.float64]

GREEKS = ("delta", "gamma", "vega", "theta", "rho", "vanna", "volga")
_PER_ROOT_2_PI = 0.3989422804014327


def greeks(
    volatility: Vector,
    forward: Vector,
    strike: Vector,
    years: Vector,
    discount: Vector,
    call: Any,
    *,
    model: str = "black",
) -> dict[str, Vector]:
    """The seven Greeks with the forward as the underlying.

    `delta` ∂V/∂F and `gamma` ∂²V/∂F²; `vega` ∂V/∂σ and `volga` ∂²V/∂σ²; `vanna` ∂²V/∂F∂σ; `theta`
    ∂V/∂t and `rho` ∂V/∂r at a fixed forward, t calendar time in years and r the rate of the
    discount factor. `call` True or False. Where volatility is NaN, so are they.

    >>> found = greeks(*map(np.float64, (0.2, 100.0, 100.0, 1.0, 1.0)), True)
    >>> round(float(found["vega"]), 10), round(float(found["delta"]), 10)
    (39.6952547477, 0.5398278373)
    """
    sigma, f, k, t, d = (
        np.asarray(v, float) for v in (volatility, forward, strike, years, discount)
    )
    arguments: Any = {"forward": f, "strike": k, "expiry": t, "discount": d, "call": call}
    with np.errstate(all="ignore"):
        s = sigma * np.sqrt(t)
        if model == "black":
            value = price(sigma, **arguments)
            below = k < f
            x = np.log1p(np.abs(f - k) / np.minimum(f, k))
            d1 = select(below, x, -x) / s + 0.5 * s
            d2 = d1 - s
            scale = f
        else:
            value = normal_price(sigma, **arguments)
            d1 = d2 = (f - k) / s
            scale = np.ones_like(f)
        density = _PER_ROOT_2_PI * np.exp(-0.5 * d1 * d1)
        side = np.where(call, 1.0, -1.0)
        vega = d * scale * density * np.sqrt(t)
        rate = -np.log(d) / t
        found = {
            "delta": d * side * normal_cdf(side * d1),
            "gamma": d * density / (scale * s),
            "vega": vega,
            "theta": rate * value - 0.5 * vega * sigma / t,
            "rho": -t * value,
            "vanna": -d * density * d2 / sigma,
            "volga": vega * d1 * d2 / sigma,
        }
    return {name: np.asarray(found[name])[()] for name in GREEKS}


def of_spot(
    of_forward: dict[str, Vector],
    forward: Vector,
    spot: Vector,
    years: Vector,
    rate: Vector,
    dividend: Vector,
) -> dict[str, Vector]:
    """The same Greeks with the spot as the underlying, by the chain rule through the forward.

    `theta` and `rho` are then at a fixed spot: the forward moves with time and rate.

    >>> flat = greeks(*map(np.float64, (0.2, 100.0, 100.0, 1.0, 1.0)), True)
    >>> of_spot(flat, *map(np.float64, (100.0, 100.0, 1.0, 0.0, 0.0)))["delta"] == flat["delta"]
    np.True_
    """
    growth = np.asarray(forward / spot)
    delta = of_forward["delta"]
    cost = np.asarray(rate, float) - dividend
    return of_forward | {
        "delta": delta * growth,
        "gamma": of_forward["gamma"] * growth * growth,
        "vanna": of_forward["vanna"] * growth,
        "theta": of_forward["theta"] - cost * forward * delta,
        "rho": of_forward["rho"] + years * forward * delta,
    }
