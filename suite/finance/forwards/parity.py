"""Forwards and discount factors from put-call parity: C - P = D (F - K).

Many groups of pairs are fitted at once, each by a line of its own: first all pairs with a Huber
loss, then, with those that miss it left out, the rest. No group's answer depends on another's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Fits", "Forward", "LeftOut", "Pairs", "fit_forward", "fit_forwards", "least_pairs"]

Vector = NDArray[np.float64]
Codes = NDArray[np.int64]

LEAST_PAIRS = 3
"""Two unknowns, and one pair more, so that their error can be told; one where D is known."""
WIDEST = 10.0
"""A pair so many times wider than the narrower half of its group tells nothing of the line."""
FARTHEST = 3.0
"""A pair that misses the line by more spreads than this is left out."""
NEAREST = 10
"""American options with fewer pairs than this below their forward: so many nearest to it."""
HUBER = 1.345
"""The misfit, in spreads, from which a pair's pull no longer grows: 95% efficient for normal
errors (Huber, Ann. Math. Statist. 35, 73 (1964))."""
_NORMAL = 1.4826  # standard deviations in a median absolute deviation
_SWEEPS = 100
_ROUNDS = 4
_SETTLED = 1e-10  # widths; no quote is known as well


class LeftOut(IntEnum):
    """Why a pair does not tell of the forward, with the sentence for it."""

    sentence: str

    def __new__(cls, code: int, sentence: str = "") -> LeftOut:
        member = int.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        return member

    USED = 0, ""
    MISFIT = 1, "misses the line of the other pairs"
    TOO_WIDE = 2, "its market is too wide to tell"
    EARLY_EXERCISE = 3, "at its strike early exercise bends the line"


class Pairs(NamedTuple):
    """Calls and puts at one strike and expiry, [n] each, in any order.

    `group` numbers the line a pair belongs to; `difference` is call less put (mids), `width` the
    half width of that difference's market, its uncertainty.
    """

    group: Codes
    strike: Vector
    difference: Vector
    width: Vector


@dataclass(frozen=True, slots=True)
class Forward:
    """A forward price and a discount factor with standard errors, and the pairs behind them.

    `pairs` counts those used, `outliers` those left out because they miss the line.
    """

    forward: float
    discount: float
    forward_error: float
    discount_error: float
    pairs: int
    outliers: int


@dataclass(frozen=True, slots=True, eq=False)
class Fits:
    """The lines of many groups [groups], NaN where there is none, and what became of the pairs [n].

    `misfit` is in widths of each pair's market, NaN where there is no line; `left_out` has the
    codes of `LeftOut`.
    """

    forward: Vector
    discount: Vector
    forward_error: Vector
    discount_error: Vector
    pairs: Codes
    outliers: Codes
    misfit: Vector
    left_out: Codes


class _Line(NamedTuple):
    """Level at the weighted mean strike and slope of each group, and the weights behind them."""

    strike: Vector
    level: Vector
    discount: Vector
    weight: Vector
    spread: Vector


def fit_forward(
    strike: Vector, difference: Vector, width: Vector, *, discount: float | None = None
) -> Forward | None:
    """Fit parity's line through pairs of a call and a put at the same strike and expiry.

    `strike` [n]; `difference` [n] call less put (mids), `width` [n] the half width of that
    difference's market, its uncertainty. With `discount` only the forward is sought. None for fewer
    than three pairs (one, with `discount`), or where the line does not fall with the strike.

    >>> k = np.array([90.0, 95.0, 100.0, 105.0])
    >>> found = fit_forward(k, 0.95 * (101.0 - k), np.full(4, 0.05))
    >>> round(found.forward, 9), round(found.discount, 9)
    (101.0, 0.95)
    """
    pairs = Pairs(np.zeros(len(strike), int), strike, difference, width)
    known = None if discount is None else np.array([discount])
    fits = fit_forwards(pairs, 1, discount=known)
    if np.isnan(fits.forward[0]):
        return None
    first = {name: getattr(fits, name)[0].item() for name in Forward.__slots__}
    return Forward(**first)


def fit_forwards(
    pairs: Pairs,
    groups: int,
    *,
    discount: Vector | None = None,
    american: NDArray[np.bool_] | None = None,
) -> Fits:
    """Fit the lines of `groups` groups at once, robust to wrong quotes and to wide markets.

    `discount` [groups] is known where it is not NaN. Every pair weighs by its market's width.
    Errors are one standard deviation, from the widths or from the pairs' own spread, whichever is
    larger. Of `american` [groups] only strikes below the forward are used: there the put is far
    from being exercised, and the call is not while dividends are small; at and above the money the
    put's right to exercise bends the line, and its slope tells too little discount.
    """
    known = np.full(groups, np.nan) if discount is None else np.asarray(discount, float)
    pairs = pairs._replace(width=_least_width(pairs, groups))
    left_out = _uninformative(pairs, groups, least_pairs(known))
    line, misfit = _settle(pairs, left_out, known, np.ones(groups))
    if american is not None and american.any():
        left_out = _below(pairs, left_out, line, american)
        line, misfit = _settle(pairs, left_out, known, np.ones(groups))
    scale = np.ones(groups)
    for _ in range(_ROUNDS):
        left_out, scale = _cut(pairs, left_out, misfit, known)
        line, misfit = _settle(pairs, left_out, known, HUBER * scale)
    return _fits(pairs, left_out, line, misfit, known, scale)


def least_pairs(discount: Vector) -> Codes:
    """How many pairs a group needs: fewer where its discount factor is known (not NaN)."""
    return np.where(np.isnan(discount), LEAST_PAIRS, 1)


def _count(group: Codes, groups: int) -> Codes:
    return np.bincount(group, minlength=groups)


def _sums(group: Codes, value: NDArray[Any], groups: int) -> Vector:
    return np.asarray(np.bincount(group, value, groups), float)


def _taken(pairs: Pairs, places: NDArray[Any]) -> Pairs:
    group, strike, difference, width = pairs
    return Pairs(group[places], strike[places], difference[places], width[places])


def _quantile(group: Codes, value: Vector, groups: int, share: float) -> Vector:
    """A quantile of the values of each group, as the mean of the two nearest; NaN without any."""
    order = np.lexsort((value, group))
    count = _count(group, groups)
    place = np.cumsum(count) - count + share * np.maximum(count - 1, 0)
    out = np.full(groups, np.nan)
    some = count > 0
    ranked = value[order]
    low, high = (f(place[some]).astype(int) for f in (np.floor, np.ceil))
    out[some] = 0.5 * (ranked[low] + ranked[high])
    return out


def _least_width(pairs: Pairs, groups: int) -> Vector:
    """A market of no width would weigh infinitely much; a tenth of the median is certain enough."""
    least = 0.1 * _quantile(pairs.group, pairs.width, groups, 0.5)[pairs.group]
    return np.maximum(pairs.width, np.maximum(least, 1e-9 * np.abs(pairs.strike)))


def _uninformative(pairs: Pairs, groups: int, least: Codes) -> Codes:
    """Leave out pairs of which one leg's market is too wide to tell, where enough others are."""
    narrow = _quantile(pairs.group, pairs.width, groups, 0.25)
    wide = pairs.width > WIDEST * narrow[pairs.group]
    enough = _count(pairs.group[~wide], groups) >= least
    return np.where(wide & enough[pairs.group], LeftOut.TOO_WIDE, LeftOut.USED)


def _weighted_line(pairs: Pairs, weight: Vector, known: Vector) -> tuple[_Line, Vector]:
    """Least squares in every group, and each pair's misfit in widths."""
    group, strike, difference, width = pairs
    groups = len(known)
    total = _sums(group, weight, groups)
    mean_strike = _sums(group, weight * strike, groups) / total
    level = _sums(group, weight * difference, groups) / total
    away, above = strike - mean_strike[group], difference - level[group]
    spread = _sums(group, weight * away * away, groups)
    slope = -_sums(group, weight * away * above, groups) / spread
    slope = np.where(np.isnan(known), slope, known)
    line = _Line(mean_strike, level, slope, total, spread)
    return line, (above + slope[group] * away) / width


def _settle(pairs: Pairs, left_out: Codes, known: Vector, reach: Vector) -> tuple[_Line, Vector]:
    """Huber's line of the pairs not left out, by reweighted least squares, group by group.

    `reach` [groups] is the misfit, in widths, from which a pair pulls no harder.
    """
    used = left_out == LeftOut.USED
    base = np.where(used, 1.0 / (pairs.width * pairs.width), 0.0)
    with np.errstate(all="ignore"):  # groups without a pair have no line
        line, misfit = _weighted_line(pairs, base, known)
        places = np.arange(len(base))
        for _ in range(_SWEEPS):
            some = _taken(pairs, places)
            before = misfit[places]
            pull = np.minimum(1.0, reach[some.group] / np.abs(before))
            new, misfit[places] = _weighted_line(some, base[places] * pull, known)
            here = np.zeros(len(known), bool)
            here[some.group] = True
            line = _Line(*(np.where(here, n, o) for n, o in zip(new, line, strict=True)))
            moved = _sums(some.group, np.abs(misfit[places] - before), len(known))
            # Settled groups leave, so that none is touched again for another's sake.
            places = places[moved[some.group] > _SETTLED]
            if not len(places):
                break
    return line, misfit


def _below(pairs: Pairs, left_out: Codes, line: _Line, american: NDArray[np.bool_]) -> Codes:
    """Of American options keep the pairs below the forward, or else those nearest to it."""
    groups = len(american)
    with np.errstate(all="ignore"):
        forward = (line.strike + line.level / line.discount)[pairs.group]
    used = left_out == LeftOut.USED
    kept = used & (pairs.strike <= forward)
    few = _count(pairs.group[kept], groups) < NEAREST
    distance = np.where(used, np.abs(pairs.strike - forward), np.inf)
    near = _rank(pairs, distance, groups) < NEAREST
    kept = np.where(few[pairs.group], near, kept)
    return np.where(used & american[pairs.group] & ~kept, LeftOut.EARLY_EXERCISE, left_out)


def _rank(pairs: Pairs, distance: Vector, groups: int) -> Codes:
    """The place of each pair in the order of distance in its group."""
    order = np.lexsort((pairs.strike, distance, pairs.group))
    count = _count(pairs.group, groups)
    first = (np.cumsum(count) - count)[pairs.group[order]]
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order)) - first
    return rank


def _cut(pairs: Pairs, left_out: Codes, misfit: Vector, known: Vector) -> tuple[Codes, Vector]:
    """Leave out what misses the line, in spreads of its group: a width at least."""
    groups = len(known)
    inside = (left_out == LeftOut.USED) | (left_out == LeftOut.MISFIT)
    count = _count(pairs.group[inside], groups)
    unknowns = np.where(np.isnan(known), 2, 1)
    with np.errstate(all="ignore"):
        lost = np.sqrt(count / (count - unknowns))  # what the line takes from its residuals
        median = _quantile(pairs.group[inside], np.abs(misfit[inside]), groups, 0.5)
        scale = np.fmax(1.0, _NORMAL * median * np.where(count > unknowns, lost, 1.0))
    wild = inside & (np.abs(misfit) > FARTHEST * scale[pairs.group])
    enough = _count(pairs.group[inside & ~wild], groups) >= least_pairs(known)
    wild &= enough[pairs.group]
    return np.where(inside, np.where(wild, LeftOut.MISFIT, LeftOut.USED), left_out), scale


def _fits(
    pairs: Pairs, left_out: Codes, line: _Line, misfit: Vector, known: Vector, scale: Vector
) -> Fits:
    """Forwards with their errors: those of an M-estimate, the widths being the least spread."""
    groups, group = len(known), pairs.group
    used = left_out == LeftOut.USED
    count = _count(group[used], groups)
    reach = HUBER * scale[group]
    pull = np.where(used, np.clip(misfit, -reach, reach), 0.0)
    inner = _sums(group, used & (np.abs(misfit) <= reach), groups)
    base = np.where(used, 1.0 / (pairs.width * pairs.width), 0.0)
    unknowns = np.where(np.isnan(known), 2, 1)
    with np.errstate(all="ignore"):
        own = _sums(group, pull * pull, groups) / np.maximum(count - unknowns, 1)
        variance = np.maximum(1.0, own) * (count / inner) ** 2
        plain, _ = _weighted_line(pairs, base, known)
        discount = line.discount
        forward = line.strike + line.level / discount
        slope_variance = np.where(np.isnan(known), variance / plain.spread, 0.0)
        by_slope = line.level / discount**2
        error = np.sqrt(variance / plain.weight / discount**2 + by_slope**2 * slope_variance)
    found = (count >= least_pairs(known)) & (discount > 0.0)
    found &= np.isfinite(forward) & np.isfinite(error) & np.isfinite(slope_variance)

    def of_found(values: Vector) -> Vector:
        return np.where(found, values, np.nan)

    return Fits(
        of_found(forward),
        of_found(discount),
        of_found(error),
        of_found(np.sqrt(slope_variance)),
        count,
        _count(group[left_out == LeftOut.MISFIT], groups),
        np.where(found[group], misfit, np.nan),
        left_out.astype(int),
    )
