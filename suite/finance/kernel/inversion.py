"""The inversion of Black's formula for one row after another, in operations that vectorise.

From its start a row takes a rough Householder step and an exact one, in `narrow_answer` where the
difference of Mills ratios cancels, else in `wide_answer`; then the core's laws judge the two in
`judge`. A row that is refused goes on by careful steps, in `engine`. The functions take float64
arrays, or the values of `trace` where they are compiled: the same operations, so the same bits.

Notation as in `black`: x = |log(K/F)|, s = σ√T, h = x/s, t = s/2, and g = h - t, so that the price
is exp(-g²/2) (M(g) - M(h + t)) with M the Mills ratio of `elementary`. Differences of M that would
cancel are integrals of its slope instead; products whose rounding would be amplified by h² are
made exact by halves of 26 bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from suite.core.control import stands_out, within
from suite.finance.kernel.elementary import (
    Fraction,
    add_fractions,
    exp_sum,
    log_rough,
    mills,
    mills_fall,
    mills_fall_rough,
    mills_rough,
    select,
    size_of,
    split,
    two_product,
    two_sum,
)
from suite.finance.kernel.normalised import HALF_ULP, ROOT_2_PI, Row

__all__ = [
    "SPENT",
    "Answer",
    "Bend",
    "Exact",
    "Rough",
    "exact_step",
    "is_narrow",
    "judge",
    "mean_fall",
    "narrow_answer",
    "narrow_last",
    "narrow_step",
    "product_of",
    "rough_step",
    "wide_answer",
    "wide_last",
    "wide_step",
]

Real = Any

ROUGH = 5e-5
"""Error of the residuals of the rough steps."""
SPENT = 2e-4
"""A residual that no step can be seen to lessen."""
LAST = 1e-4
"""A last step below this leaves an error of its fourth power, below rounding."""
THRESHOLD = 1e-4
"""Least gain of a step, over what it promised, as in the core's `TrustRegion`."""


class Answer(NamedTuple):
    """`volatility` a year; `vega` of the normalised price by s; the residuals `before` and `after`
    the rough step; `last` the exact step relative to s."""

    volatility: Real
    vega: Real
    before: Real
    after: Real
    last: Real


def is_narrow(x: Real, s: Real) -> Real:
    """Whether the difference of Mills ratios cancels, so that Gauss points serve better."""
    return 0.5 * s * s < 0.43 * s + 0.2 * x


class Bend(NamedTuple):
    """What Householder's step knows of the price beyond its slope: its second and its third
    derivative by s over the first."""

    second: Real
    third: Real


def bend(x: Real, s: Real, per_s: Real) -> Bend:
    """Of Black's price at total volatility s."""
    h_s = x * per_s * per_s
    second = h_s * (h_s * s) - 0.25 * s
    return Bend(second, second * second - 3.0 * h_s * h_s - 0.25)


def _householder(y: Real, slope: Real, residual: Real, of_price: Bend) -> tuple[Real, Real]:
    """Newton's and Householder's third-order step on the log of f, for f = b or 1 - b.

    `y` = f / (df/ds) and `slope` its inverse.
    """
    curvature = of_price.second - slope
    jerk = of_price.third - 3.0 * of_price.second * slope + 2.0 * slope * slope
    newton = -residual * y
    above = newton * (1.0 + 0.5 * curvature * newton)
    return newton, above / (1.0 + newton * (curvature + jerk * newton * (1.0 / 6.0)))


class Rough(NamedTuple):
    """The residual log f - log target at s, Newton's step from there, and Householder's; rough."""

    residual: Real
    newton: Real
    step: Real


def narrow_step(inverse: Real, x: Real, s: Real) -> Rough:
    """The rough step of a row that `is_narrow`; `inverse` 1/q."""
    per_s = 1.0 / s
    h, t = x * per_s, 0.5 * s
    off = 0.7745966692414834 * t
    centre, low, high = mills_fall_rough(h, h - off, h + off)
    ends = add_fractions(low, high)
    p, q = add_fractions(ends, centre, 0.5555555555555556, 0.8888888888888888)
    return rough_step(t * p, q, inverse, h - t, bend(x, s, per_s))


def wide_step(inverse: Real, per_rest: Real, x: Real, s: Real) -> Rough:
    """The rough step of the other rows, of b where h > t, else of 1 - b."""
    per_s = 1.0 / s
    h, t = x * per_s, 0.5 * s
    g = h - t
    (near, per_near), far = mills_rough(size_of(g), h + t)
    p, q = add_fractions((select(g > 0.0, near, -near), per_near), far, 1.0, -1.0)
    return rough_step(p, q, select(g > 0.0, inverse, -per_rest), g, bend(x, s, per_s))


def rough_step(p: Real, q: Real, per_target: Real, g: Real, of_price: Bend) -> Rough:
    """The rough step where f is exp(-g²/2) p/q, negative for 1 - b."""
    per_pq = 1.0 / (p * q)
    y = p * p * per_pq
    slope = q * q * per_pq
    residual = log_rough(y * per_target) - 0.5 * g * g
    newton, step = _householder(ROOT_2_PI * y, slope * (1.0 / ROOT_2_PI), residual, of_price)
    return Rough(residual, newton, step)


class _Place(NamedTuple):
    """A volatility of 26 bits and what follows from it with the digits that rounding would take:
    `density` exp(-g²/2) and `density_low` what it lacks; `g`; `h`; `t` and `t_low`; `per_s` 1/s."""

    volatility: Real
    density: Real
    density_low: Real
    g: Real
    h: Real
    t: Real
    t_low: Real
    per_s: Real


def _place(row: Row, s: Real) -> _Place:
    """Where the last step starts: s rounded such that σ has 26 bits."""
    ratio, ratio_low, root, root_low, per_root = row[7:]
    volatility, _ = split(s * per_root)
    per_volatility = 1.0 / volatility
    h1, _ = split(ratio * per_volatility)
    h2 = ((ratio - h1 * volatility) + ratio_low) * per_volatility
    half = 0.5 * volatility
    t1, rest = split(half * root)
    t2 = rest + half * root_low
    g, lost = two_sum(h1, -t1)
    g1, rest = split(g)
    g2 = (rest + lost) + (h2 - t2)
    density, density_low = exp_sum(-0.5 * (g1 * g1), -g2 * (g1 + 0.5 * g2))
    t = t1 + t2
    return _Place(
        volatility,
        density,
        density_low,
        g1 + g2,
        h1 + h2,
        t,
        (t1 - t) + t2,
        per_volatility * per_root,
    )


class Exact(NamedTuple):
    """What was measured at a volatility of 26 bits: `y` f / (df/ds), the relative `excess` of f
    over its target, exp(-g²/2), and 1/s."""

    volatility: Real
    y: Real
    excess: Real
    density: Real
    per_s: Real


def exact_step(at: Exact, of_price: Bend, before: Real) -> Answer:
    """The answer by a step whose rounding is that of the answer; `before` is handed on."""
    excess = at.excess
    residual = excess * (1.0 - excess * (0.5 - excess * (1.0 / 3.0 - 0.25 * excess)))
    _, step = _householder(at.y, 1.0 / at.y, residual, of_price)
    relative = step * at.per_s
    return Answer(
        at.volatility + at.volatility * relative,
        at.density * (1.0 / ROOT_2_PI),
        before,
        residual,
        relative,
    )


def product_of(density: Real, density_low: Real, y: Real, y_low: Real) -> tuple[Real, Real]:
    """density · y and what the rounded value lacks."""
    part, part_low = two_product(density, y)
    return part, part_low + (density_low * y + density * y_low)


def narrow_answer(row: Row, s: Real) -> Answer:
    """The volatility of a row that `is_narrow`, from its start s."""
    before, _, step = narrow_step(row.inverse, row.x, s)
    return narrow_last(row, s + step, before)


def narrow_last(row: Row, s: Real, before: Real) -> Answer:
    """The exact step of a narrow row from s; `before` is handed on."""
    place = _place(row, s)
    y, y_low = mean_fall(place.h, place.t)
    # density · y · t with the digits that the products lose, against q with its own.
    part, part_low = product_of(place.density, place.density_low, y, y_low)
    price, price_low = product_of(part, part_low, place.t, place.t_low)
    excess = ((price - row.q) + (price_low - row.q_low)) * row.inverse
    return _exact(place, y * place.t * ROOT_2_PI, excess, row.x, before)


def _exact(place: _Place, y: Real, excess: Real, x: Real, before: Real) -> Answer:
    at = Exact(place.volatility, y, excess, place.density, place.per_s)
    return exact_step(at, bend(x, 2.0 * place.t, place.per_s), before)


def mean_fall(h: Real, t: Real) -> tuple[Real, Real]:
    """(M(h - t) - M(h + t)) / t as an integral of the slope, by nine Gauss-Legendre points; and
    what the sum lost."""
    (centre,) = mills_fall(h)
    total, lost = 0.3302393550012598 * (centre[0] / centre[1]), 0.0
    for node, weight in _NODES:
        p, q = _falls(h, node * t)
        total, more = two_sum(total, weight * (p / q))
        lost = lost + more
    return total, lost


_NODES = (
    (0.3242534234038089, 0.31234707704000286),
    (0.6133714327005904, 0.26061069640293544),
    (0.8360311073266358, 0.1806481606948574),
    (0.9681602395076261, 0.08127438836157441),
)


def _falls(h: Real, off: Real) -> Fraction:
    """The slope at h - off and h + off together."""
    low, high = mills_fall(h - off, h + off)
    return add_fractions(low, high)


def wide_answer(row: Row, s: Real) -> Answer:
    """The volatility of a row that is not narrow, from its start s."""
    before, _, step = wide_step(row.inverse, 1.0 / row.rest, row.x, s)
    return wide_last(row, s + step, before)


def wide_last(row: Row, s: Real, before: Real) -> Answer:
    """The exact step of a wide row from s; `before` is handed on."""
    place = _place(row, s)
    below = place.g > 0.0
    (near, near_low), (far, far_low) = mills(size_of(place.g), place.h + place.t)
    y, y_low = two_sum(near, select(below, -far, far))
    y_low = y_low + (near_low + select(below, -far_low, far_low))
    part, part_low = product_of(place.density, place.density_low, y, y_low)
    target = select(below, row.q, row.rest)
    excess = (part - target) + (part_low - select(below, row.q_low, row.rest_low))
    excess = excess * select(below, row.inverse, 1.0 / row.rest)
    return _exact(place, select(below, y, -y) * ROOT_2_PI, excess, row.x, before)


def judge(answer: Answer, row: Row) -> tuple[Real, Real]:
    """Whether the core's laws take the two steps, and the error bar of the volatility.

    A step is taken if its gain stands out of the residual's error, or if there was nothing left to
    gain; the last one if what it leaves, its fourth power, is below rounding.
    """
    before, after = size_of(answer.before), size_of(answer.after)
    # Gain, noise and threshold are all times what was promised: no division.
    taken = stands_out(before - after, ROUGH, THRESHOLD * before) | (before <= SPENT)
    left = answer.last * (1.0 / LAST)
    left = left * left
    kept = within(left * left)
    error = row.noise / (answer.vega * row.root) + HALF_ULP * answer.volatility
    return taken & kept, error
