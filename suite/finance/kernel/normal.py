"""The inversion of Bachelier's formula, in the same stages as Black's.

The time value of an option at distance |F - K| is s n(z) (1 - z M(z)) with z = |F - K| / s, s = σ√T
and M the Mills ratio: `mills_fall` is all there is to it. Bachelier, Ann. Sci. Éc. Norm. Sup. 17,
21 (1900). Units are those of the price; the roles in a `Row` are: `q` the time value over D,
`x` = `d` the distance, `ratio` distance/√T.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.finance.kernel.elementary import (
    exp_sum,
    log_rough,
    mills_fall_exact,
    mills_fall_rough,
    select,
    split,
    two_product,
    two_sum,
)
from suite.finance.kernel.inversion import (
    Answer,
    Bend,
    Exact,
    Rough,
    exact_step,
    product_of,
    rough_step,
)
from suite.finance.kernel.normalised import ROOT_2_PI, Problem, Row, doubts, over_root

__all__ = [
    "normal_answer",
    "normal_last",
    "normal_problem",
    "normal_start",
    "normal_step",
]

Real = Any


def normal_problem(
    price: Real,
    forward: Real,
    strike: Real,
    years: Real,
    discount: Real,
    call: Real,
    half_tick: Real,
) -> Problem:
    """The problem of an option on a forward; forward and strike of any sign."""
    below = strike < forward
    gap, gap_low = two_sum(forward, -strike)
    distance, distance_low = select(below, gap, -gap), select(below, gap_low, -gap_low)
    inside = call == below
    intrinsic, intrinsic_low = two_product(discount, distance)
    value, value_low = two_sum(price, select(inside, -intrinsic, 0.0))
    lost = select(inside, intrinsic_low + discount * distance_low, 0.0)
    value, value_low = two_sum(value, value_low - lost)
    unit = 1.0 / discount
    q = value * unit
    product, product_low = two_product(q, discount)
    q_low = (((value - product) - product_low) + value_low) * unit
    rounding, noise = doubts(price, half_tick, unit)
    nothing = 0.0 * q
    tail = over_root(distance, distance_low, years, 1.0 / np.sqrt(years))
    row = Row(q, q_low, 1.0 / q, 1.0 + nothing, nothing, noise, distance, *tail)
    return Problem(row, distance, nothing, rounding, inside)


def normal_start(q: Real, distance: Real) -> Real:
    """A guess of the total volatility, within a third of it: exact at the money, and in the far
    wing right to leading order in log(distance / q)."""
    k = distance / q
    ratio = 1.0 + 0.079577 * k * (k / (1.0 + 0.3 * k))
    z = np.sqrt(2.0 * log_rough(ratio))
    near = ROOT_2_PI * (q + 0.5 * distance)
    return select(k < 0.5, near, distance / z)


def normal_step(inverse: Real, distance: Real, s: Real) -> Rough:
    """The rough step from s; `inverse` 1/q."""
    per_s = 1.0 / s
    z = distance * per_s
    ((p, q),) = mills_fall_rough(z)
    return rough_step(s * p, q, inverse, z, _bend(z, per_s))


def _bend(z: Real, per_s: Real) -> Bend:
    second = z * z * per_s
    return Bend(second, second * second - 3.0 * (z * per_s) * (z * per_s))


def normal_answer(row: Row, s: Real) -> Answer:
    """The volatility of a row from its start s: three rough steps and an exact one."""
    s = s + normal_step(row.inverse, row.x, s).step
    s = s + normal_step(row.inverse, row.x, s).step
    before, _, step = normal_step(row.inverse, row.x, s)
    return normal_last(row, s + step, before)


def normal_last(row: Row, s: Real, before: Real) -> Answer:
    """The exact step from s; `before` is handed on."""
    ratio, ratio_low, root, root_low, per_root = row[7:]
    volatility, _ = split(s * per_root)
    per_volatility = 1.0 / volatility
    z1, _ = split(ratio * per_volatility)
    z2 = ((ratio - z1 * volatility) + ratio_low) * per_volatility
    density, density_low = exp_sum(-0.5 * (z1 * z1), -z2 * (z1 + 0.5 * z2))
    s, s_low = two_sum(volatility * root, volatility * root_low)
    z = z1 + z2
    y, y_low = mills_fall_exact(z)
    part, part_low = product_of(density, density_low, y, y_low)
    price, price_low = product_of(part, part_low, s, s_low)
    excess = ((price - row.q) + (price_low - row.q_low)) * row.inverse
    per_s = per_volatility * per_root
    at = Exact(volatility, ROOT_2_PI * (y * s), excess, density, per_s)
    return exact_step(at, _bend(z, per_s), before)
