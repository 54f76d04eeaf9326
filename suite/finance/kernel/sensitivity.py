"""The seven Greeks of many rows in one pass, as a stage."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.finance.kernel.elementary import (
    exp_sum,
    log,
    log1p_sum,
    mills,
    select,
    size_of,
    two_product,
)
from suite.finance.kernel.pricing import apart, black_value, normal_value, ratio, with_intrinsic
from suite.finance.kernel.stages import CHUNK, TILE
from suite.finance.kernel.vectors import Plan, Stage

__all__ = ["FIRST_GREEK", "PLANS"]

Real = Any

FIRST_GREEK = 7
"""The column of the first answer; before it stand volatility, forward, strike, years, discount,
call (positive for calls) and the price, which the plan finds itself where it is begun with 0."""

_PER_ROOT_2_PI = 0.3989422804014327


def _black(
    volatility: Real,
    forward: Real,
    strike: Real,
    years: Real,
    discount: Real,
    call: Real,
    price: Real,
) -> tuple[Real, ...]:
    distance, distance_low = apart(forward, strike)
    below = strike < forward
    low = select(below, strike, forward)
    x, _ = log1p_sum(*ratio(distance, distance_low, low, 0.0 * low))
    s = volatility * np.sqrt(years)
    h = x / s
    d1 = select(below, h, -h) + 0.5 * s
    d2 = select(below, h, -h) - 0.5 * s
    return _columns(d1, d2, forward, s, volatility, years, discount, call, price)


def _normal(
    volatility: Real,
    forward: Real,
    strike: Real,
    years: Real,
    discount: Real,
    call: Real,
    price: Real,
) -> tuple[Real, ...]:
    s = volatility * np.sqrt(years)
    d1 = (forward - strike) / s
    return _columns(d1, d1, 1.0 + 0.0 * s, s, volatility, years, discount, call, price)


def _columns(
    d1: Real,
    d2: Real,
    scale: Real,
    s: Real,
    volatility: Real,
    years: Real,
    discount: Real,
    call: Real,
    price: Real,
) -> tuple[Real, ...]:
    """Delta, gamma, vega, theta, rho, vanna, volga; `scale` is F for Black and 1 for Bachelier."""
    square, square_low = two_product(d1, d1)
    density, _ = exp_sum(-0.5 * square, -0.5 * square_low)
    ((tail, _),) = mills(size_of(d1))
    tail = density * tail
    is_call = call > 0.0
    inside = (d1 > 0.0) == is_call
    delta = discount * select(inside, 1.0 - tail, tail)
    density = _PER_ROOT_2_PI * density
    vega = discount * scale * density * (s / volatility)
    rate = -log(discount) / years
    return (
        select(is_call, delta, -delta),
        discount * density / (scale * s),
        vega,
        rate * price - 0.5 * vega * volatility / years,
        -years * price,
        -discount * density * d2 / volatility,
        vega * d1 * d2 / volatility,
    )


def _plan(name: str, value: Any, columns: Any) -> Plan:
    """The Greeks from a known price, or with the price."""

    def price(*terms: Real) -> tuple[Real]:
        volatility, forward, strike, years, discount, call = terms
        time_value = value(volatility, forward, strike, years)
        return (with_intrinsic(time_value, forward, strike, discount, call > 0.0),)

    terms = tuple(range(FIRST_GREEK - 1))
    last = FIRST_GREEK - 1
    writes = tuple(range(FIRST_GREEK, FIRST_GREEK + 7))
    pricing = Stage(f"price_{name}", price, terms, (last,))
    greeks = Stage(f"greeks_{name}", columns, (*terms, last), writes)
    again = greeks._replace(name=f"greeks_{name}_priced")
    return Plan((greeks,), (pricing, again), None, CHUNK, TILE, FIRST_GREEK + 7, 1)


PLANS = {
    "black": _plan("black", black_value, _black),
    "bachelier": _plan("bachelier", normal_value, _normal),
}
