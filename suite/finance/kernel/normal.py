"""The inversion of Bachelier's formula, in the same stages as Black's.

The time value of an option at distance |F - K| is s n(z) (1 - z M(z)) with z = |F - K| / s, s = σ√T
and M the Mills ratio: `mills_fall` is all there is to it. Bachelier, Ann. Sci. Éc. Norm. Sup. 17,
21 (1900). Units are those of the price; the roles of `Problem` are: `q` the time value over D,
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
    size_of,
    split,
    two_product,
    two_sum,
)
from suite.finance.kernel.inversion import Answer, Bend, Rough, householder, rough_step
from suite.finance.kernel.normalised import HALF_ULP, LEAST, ROOT_2_PI, Problem

__all__ = [
    "normal_answer",
    "normal_last",
    "normal_problem",
    "normal_screen",
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
    width = np.sqrt(years)
    per_width = 1.0 / width
    root, _ = split(width)
    root_low = (years - root * root) * (0.5 * per_width)
    root_low = root_low * (1.0 + 0.5 * root_low * per_width)
    ratio, _ = split(distance * per_width)
    ratio_low = (((distance - ratio * root) - ratio * root_low) + distance_low) * per_width
    rounding, tick = (price * HALF_ULP + LEAST) * unit, half_tick * unit
    noise = select(tick > rounding, tick, rounding)
    nothing = 0.0 * q
    return Problem(
        *(q, q_low, 1.0 / q, nothing, 1.0 + nothing, nothing, rounding, noise, distance, distance),
        *(ratio, ratio_low, root, root_low, per_width, inside),
    )


def normal_screen(
    price: Real,
    forward: Real,
    strike: Real,
    years: Real,
    discount: Real,
    call: Real,
    problem: Problem,
) -> Real:
    """The verdict that can be told before solving, as `normalised.screen`; there is no maximum."""
    largest = 1.7976931348623157e308
    finite = (size_of(price) <= largest) & (size_of(forward) <= largest)
    finite = finite & (size_of(strike) <= largest) & (size_of(years) <= largest)
    fit = (price >= 0.0) & (discount > 0.0) & (discount <= largest) & (size_of(call) > 0.0)
    rounding = select(problem.inside, problem.rounding, 0.0)
    code = select(size_of(problem.q) <= rounding, 2.0, 0.0)
    code = select(problem.q < -rounding, 1.0, code)
    code = select(years <= 0.0, 7.0, code)
    return select(finite & fit, code, 8.0)


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


def normal_answer(
    q: Real,
    q_low: Real,
    inverse: Real,
    x: Real,
    s: Real,
    ratio: Real,
    ratio_low: Real,
    root: Real,
    root_low: Real,
    per_root: Real,
) -> Answer:
    """The volatility of a row from its start s: three rough steps and an exact one."""
    s = s + normal_step(inverse, x, s).step
    s = s + normal_step(inverse, x, s).step
    before, _, step = normal_step(inverse, x, s)
    return normal_last(
        q, q_low, inverse, x, s + step, ratio, ratio_low, root, root_low, per_root, before
    )


def normal_last(
    q: Real,
    q_low: Real,
    inverse: Real,
    x: Real,
    s: Real,
    ratio: Real,
    ratio_low: Real,
    root: Real,
    root_low: Real,
    per_root: Real,
    before: Real,
) -> Answer:
    """The exact step from s; `before` is handed on."""
    volatility, _ = split(s * per_root)
    per_volatility = 1.0 / volatility
    z1, _ = split(ratio * per_volatility)
    z2 = ((ratio - z1 * volatility) + ratio_low) * per_volatility
    density, density_low = exp_sum(-0.5 * (z1 * z1), -z2 * (z1 + 0.5 * z2))
    s, s_low = two_sum(volatility * root, volatility * root_low)
    z = z1 + z2
    y, y_low = mills_fall_exact(z)
    part, part_low = two_product(density, y)
    part_low = part_low + (density_low * y + density * y_low)
    price, price_low = two_product(part, s)
    price_low = price_low + (part_low * s + part * s_low)
    excess = ((price - q) + (price_low - q_low)) * inverse
    residual = excess * (1.0 - excess * (0.5 - excess * (1.0 / 3.0 - 0.25 * excess)))
    y = ROOT_2_PI * (y * s)
    per_s = per_volatility * per_root
    _, step = householder(y, 1.0 / y, residual, _bend(z, per_s))
    relative = step * per_s
    vega = density * (1.0 / ROOT_2_PI)
    answer = volatility + volatility * relative
    return Answer(answer, vega, before, residual, relative)
