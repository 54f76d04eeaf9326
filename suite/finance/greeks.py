"""Sensitivities of option prices, by Black's and by Bachelier's formula.

All are of the discounted price of one unit of the option, per unit of what they are taken by: the
underlying in price units, a volatility of 1.00 (for Bachelier one price unit a year), a year, a
rate of 1.00. Haug, The Complete Guide to Option Pricing Formulas (2007), chapter 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.finance.kernel.passes import Job, run
from suite.finance.kernel.sensitivity import FIRST_GREEK, PLANS

__all__ = ["GREEKS", "greeks", "of_spot"]

Vector = NDArray[np.float64]

GREEKS = ("delta", "gamma", "vega", "theta", "rho", "vanna", "volga")


def greeks(
    volatility: Vector,
    forward: Vector,
    strike: Vector,
    years: Vector,
    discount: Vector,
    call: Any,
    *,
    price: Vector | None = None,
    model: str = "black",
    threads: int | None = None,
) -> dict[str, Vector]:
    """The seven Greeks with the forward as the underlying.

    `delta` ∂V/∂F and `gamma` ∂²V/∂F²; `vega` ∂V/∂σ and `volga` ∂²V/∂σ²; `vanna` ∂²V/∂F∂σ; `theta`
    ∂V/∂t and `rho` ∂V/∂r at a fixed forward, t calendar time in years and r the rate of the
    discount factor. `call` True or False; `price` V where it is known. All broadcast; where the
    volatility is NaN, so are they.

    >>> found = greeks(*map(np.float64, (0.2, 100.0, 100.0, 1.0, 1.0)), True)
    >>> round(float(found["vega"]), 10), round(float(found["delta"]), 10)
    (39.6952547477, 0.5398278373)
    """
    side = np.where(call, 1.0, -1.0)
    known = price is not None
    columns: Any = (volatility, forward, strike, years, discount, side, *([price] if known else []))
    shape = np.broadcast_shapes(*(np.shape(column) for column in columns))
    inputs = [_column(column, shape) for column in columns]
    rows = int(np.prod(shape))
    found = {name: np.empty(rows) for name in GREEKS}
    plan = PLANS[model]
    outputs = {FIRST_GREEK + i: column for i, column in enumerate(found.values())}
    run(Job(f"greeks_{model}", plan, known), inputs, outputs, rows, threads)
    return {name: column.reshape(shape)[()] for name, column in found.items()}


def _column(values: Any, shape: tuple[int, ...]) -> Any:
    values = np.asarray(values, float)
    return values if values.ndim == 0 else np.broadcast_to(values, shape).ravel()


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
