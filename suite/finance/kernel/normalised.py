"""One quote in normalised form: what is left to solve, or the verdict that there is nothing to.

Everything is said of the out-of-the-money option at K against F, in units of D·min(F, K), with
what rounding took from each number kept beside it. The functions take float64 arrays, or numbers
where they are compiled.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from suite.finance.kernel.elementary import (
    exp_sum,
    log1p_sum,
    log_rough,
    select,
    size_of,
    split,
    two_product,
    two_sum,
)

__all__ = [
    "HALF_ULP",
    "ROOT_2_PI",
    "Problem",
    "Row",
    "carry",
    "doubts",
    "normalise",
    "over_root",
    "readable",
    "screen",
    "start",
]

Real = Any

ROOT_2_PI = 2.5066282746310002
HALF_ULP = 1.1102230246251565e-16
"""Half an ulp of a number just above a power of two, relative to it."""
LEAST = 5e-324
"""The ulp of the smallest numbers, which does not shrink with them."""
_LARGEST = 1.7976931348623157e308
_RAISE = 2.0**200


class Row(NamedTuple):
    """What the steps of one row need, in normalised form.

    `q` the time value over D·min(F, K), `q_low` what it lacks, `inverse` 1/q; `rest` 1 - q without
    cancellation and `rest_low`; `noise` half an ulp, or half a tick, of the price in the same unit;
    `x` log(1 + |F - K| / min(F, K)); `ratio` x/√T with 26 bits and `ratio_low` what it lacks;
    `root` √T with 26 bits, `root_low` what it lacks and `per_root` 1/√T.
    """

    q: Real
    q_low: Real
    inverse: Real
    rest: Real
    rest_low: Real
    noise: Real
    x: Real
    ratio: Real
    ratio_low: Real
    root: Real
    root_low: Real
    per_root: Real


class Problem(NamedTuple):
    """A row, and what tells its verdict and its start.

    `d` |F - K| / min(F, K), `scale` 1 / (2q + d), `rounding` half an ulp of the price in units of
    D·min(F, K), `inside` whether the quote is in the money.
    """

    row: Row
    d: Real
    scale: Real
    rounding: Real
    inside: Real


def carry(spot: Real, rate: Real, dividend: Real, years: Real) -> tuple[Real, Real, Real, Real]:
    """Forward and discount factor of a spot, each with what its rounded value lacks.

    `rate` and `dividend` decimal a year, continuously compounded.
    """
    cost, cost_low = two_sum(rate, -dividend)
    power, power_low = two_product(cost, years)
    growth, growth_low = exp_sum(power, power_low + cost_low * years)
    forward, forward_low = two_product(spot, growth)
    power, power_low = two_product(-rate, years)
    discount, discount_low = exp_sum(power, power_low)
    return forward, forward_low + spot * growth_low, discount, discount_low


def normalise(
    price: Real,
    forward: Real,
    forward_low: Real,
    strike: Real,
    years: Real,
    discount: Real,
    discount_low: Real,
    call: Real,
    half_tick: Real,
) -> Problem:
    """The normalised problem of an option on a forward.

    `forward_low` and `discount_low` are what the rounded forward and discount lack; 0 where they
    are given, not computed. `call` is True for calls; `half_tick` is what the price itself leaves
    open, 0 where that is only its rounding.
    """
    below = strike < forward
    gap, gap_low = two_sum(forward, -strike)
    gap_low = gap_low + forward_low
    distance, distance_low = select(below, gap, -gap), select(below, gap_low, -gap_low)
    low = select(below, strike, forward)
    low_low = select(below, 0.0, forward_low)

    # An in-the-money quote is inverted through its out-of-the-money twin.
    inside = call == below
    intrinsic, intrinsic_low = two_product(discount, distance)
    intrinsic_low = intrinsic_low + (discount_low * distance + discount * distance_low)
    value, value_low = two_sum(price, select(inside, -intrinsic, 0.0))
    value, value_low = two_sum(value, value_low - select(inside, intrinsic_low, 0.0))
    most, most_low = two_product(discount, low)
    most_low = most_low + (discount_low * low + discount * low_low)
    width = np.sqrt(years)
    per_both = 1.0 / (most * width)
    unit, per_width = width * per_both, most * per_both
    q = value * unit
    product, product_low = two_product(q, most)
    q_low = (((value - product) - product_low) - q * most_low + value_low) * unit
    room, room_low = two_sum(most, -value)
    room_low = room_low + (most_low - value_low)
    rest = room * unit
    product, product_low = two_product(rest, most)
    rest_low = (((room - product) - product_low) - rest * most_low + room_low) * unit

    unit_low = discount * unit
    d = distance * unit_low
    product, product_low = two_product(d, low)
    d_low = (((distance - product) - product_low) + (distance_low - d * low_low)) * unit_low
    x, x_low = log1p_sum(d, d_low)
    rounding, noise = doubts(price, half_tick, unit)
    weight = 2.0 * q + d
    raised = q * _RAISE  # their product would vanish in the far wing of a tiny expiry
    per_both = 1.0 / (raised * weight)
    inverse = (weight * _RAISE) * per_both
    row = Row(q, q_low, inverse, rest, rest_low, noise, x, *over_root(x, x_low, years, per_width))
    return Problem(row, d, raised * per_both, rounding, inside)


def over_root(x: Real, x_low: Real, years: Real, per_root: Real) -> tuple[Real, ...]:
    """The last five fields of a `Row`: x/√T and √T, each in 26 bits and the rest, and 1/√T."""
    root, _ = split(np.sqrt(years))
    root_low = (years - root * root) * (0.5 * per_root)
    root_low = root_low * (1.0 + 0.5 * root_low * per_root)
    ratio, _ = split(x * per_root)
    ratio_low = (((x - ratio * root) - ratio * root_low) + x_low) * per_root
    return ratio, ratio_low, root, root_low, per_root


def doubts(price: Real, half_tick: Real, unit: Real) -> tuple[Real, Real]:
    """What the price leaves open by its rounding, and by that or by its tick; times `unit`."""
    rounding, tick = (price * HALF_ULP + LEAST) * unit, half_tick * unit
    return rounding, select(tick > rounding, tick, rounding)


def readable(
    price: Real, forward: Real, strike: Real, years: Real, discount: Real, call: Real
) -> Real:
    """Whether all fields are finite numbers, price and discount factor possible, the kind known.

    `call` is positive for calls, negative for puts, and 0 where that is not known.
    """
    fine = (price >= 0.0) & (discount > 0.0) & (size_of(call) > 0.0)
    for field in (price, forward, strike, years, discount):
        fine = fine & (size_of(field) <= _LARGEST)
    return fine


def screen(problem: Problem, years: Real, fine: Real) -> Real:
    """The verdict that can be told before solving, as a code of `verdict.Verdict`; 0 to solve.

    A price within its own rounding of a bound has no time value left, or no room above it. `fine`
    says which rows are readable.
    """
    q = problem.row.q
    rounding = select(problem.inside, problem.rounding, 0.0)
    code = select(problem.row.rest <= 0.5 * HALF_ULP, 3.0, 0.0)
    code = select(size_of(q) <= rounding, 2.0, code)
    code = select(q < -rounding, 1.0, code)
    code = select(years <= 0.0, 7.0, code)
    return select(fine, code, 8.0)


def start(problem: Problem) -> Real:
    """A total volatility to start from, within 2.4% where the price is above 1e-300.

    The lower bound of Choi, Huh and Su, arXiv:2302.08758, with the normal quantile by Hastings,
    Approximations for Digital Computers (1955), sheet 67, near its centre by its series; raised by
    what the bound lacks, which was fitted: nothing at the money, up to 57% where s is small.
    """
    (q, _, _, rest, _, _, x, *_), d, scale, _, _ = problem
    centre = (q * (d + q) - 0.5 * d) * scale
    upper = rest * (d + q) * scale
    lower = q * (1.0 + d + q) * scale
    tail = select(lower < upper, lower, upper)
    tau = np.sqrt(-2.0 * log_rough(tail))
    above = 2.515517 + tau * (0.802853 + tau * 0.010328)
    below = 1.0 + tau * (1.432788 + tau * (0.189269 + tau * 0.001308))
    quantile = tau - above / below
    v = ROOT_2_PI * centre
    square = v * v
    series = v * (1.0 + square * (1.0 / 6.0 + square * (7.0 / 120.0)))
    d1 = select(lower < upper, -quantile, quantile)
    d1 = select(square < 0.0625, series, d1)
    square = d1 * d1 + 2.0 * x
    root = np.sqrt(square)
    # Where d1 < 0 this loses digits that a start does not need.
    bound = d1 + root
    fall = 1.0 - 0.051627 * root + 0.1596124 * square
    per_both = 0.5 / (root * fall)
    share = bound * fall * per_both
    lack = 0.58685066 + share * (-0.62705238 + share * (1.00748714 - 0.23001461 * share))
    return bound + bound * ((1.0 - share) * lack * (2.0 * root * per_both))
