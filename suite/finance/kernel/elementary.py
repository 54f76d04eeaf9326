"""Elementary functions written out, so that NumPy and compiled code give the same bits.

A compiler turns a loop into vector code only if nothing in it is a call, and two programs agree in
the last bit only if they do the same operations; so exp, log and the Mills ratio stand here as sums
and products. Every function takes float64 arrays, or the values of `trace` where it is compiled.
Polynomials and rational functions were fitted in 60-digit arithmetic; their errors are
below 2e-17 unless named `rough`. Nothing here may be contracted to fused operations or reordered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

__all__ = [
    "Fraction",
    "add_fractions",
    "bits",
    "exp_sum",
    "log",
    "log1p_sum",
    "log_rough",
    "mills",
    "mills_fall",
    "mills_fall_exact",
    "mills_fall_rough",
    "mills_rough",
    "number",
    "polynomials",
    "select",
    "size_of",
    "split",
    "two_product",
    "two_sum",
]

Real: TypeAlias = Any
"""An array of float64; a `Traced` value where compiled."""
Fraction: TypeAlias = tuple[Real, Real]
"""Numerator and denominator."""


def select(condition: Any, yes: Real, no: Real) -> Real:
    """`yes` where the condition holds, else `no`."""
    return np.where(condition, yes, no)


def bits(value: Real) -> Any:
    """The bits of a float64 as an int64."""
    return value.view(np.int64)


def number(value: Any) -> Real:
    """The float64 with these bits."""
    return value.view(np.float64)


def size_of(a: Real) -> Real:
    """The absolute value."""
    return select(a < 0.0, -a, a)


def split(a: Real) -> tuple[Real, Real]:
    """Two numbers of 26 bits with the sum `a`: products of such halves are exact (Dekker 1971)."""
    c = 134217729.0 * a
    high = c - (c - a)
    return high, a - high


def two_product(a: Real, b: Real) -> tuple[Real, Real]:
    """The rounded product and its rounding error (Dekker 1971)."""
    p = a * b
    if hasattr(p, "fused"):  # compiled code has an instruction for it
        return p, a.fused(b, -p)
    a1, a2 = split(a)
    b1, b2 = split(b)
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


def two_sum(a: Real, b: Real) -> tuple[Real, Real]:
    """The rounded sum and its rounding error (Knuth)."""
    s = a + b
    v = s - a
    return s, (a - (s - v)) + (b - v)


def polynomials(*terms: tuple[Sequence[float], Real]) -> list[Real]:
    """Polynomials by Horner's rule, all in step, so that none waits for its own last operation.

    Each term has the coefficients, highest first, and the variable.

    >>> polynomials(((3.0, 2.0, 1.0), 10.0), ((1.0, 0.0), 5.0))
    [321.0, 5.0]
    """
    values: list[Real] = [coefficients[0] for coefficients, _ in terms]
    for k in range(1, max(len(coefficients) for coefficients, _ in terms)):
        for i, (coefficients, variable) in enumerate(terms):
            if k < len(coefficients):
                values[i] = values[i] * variable + coefficients[k]
    return values


_LOG2_E = 1.4426950408889634
_LN2 = 0.6931471803691238
_LN2_LOW = 1.9082149292705877e-10
# Adding it rounds to an integer, which then stands in the lowest bits.
_ROUNDER = 6755399441055744.0
_ROUNDER_BITS = 4843621399236968448
_RECIPROCAL_BITS = 9213964837600034816
_ROOT_HALF_BITS = 4604544271217802189
_EXP = (
    *(2.510038549551032e-08, 2.7620088445409746e-07, 2.7557268459997064e-06),
    *(2.4801521295954376e-05, 0.00019841269863053618, 0.0013888888917213717),
    *(0.008333333333330062, 0.04166666666662413, 0.16666666666666669, 0.5, 1.0),
)
_LOG = (
    *(0.146171283998073, 0.15331666676597175, 0.1818289077802613, 0.22222211112104948),
    *(0.2857142862611452, 0.399999999998992, 0.666666666666667),
)
_LOG_ROUGH = (
    *(-0.09895350736906514, 0.16126247905987104, -0.17278206066426674, 0.19913347882373827),
    *(-0.2496890695895267, 0.333346060234523, -0.5000037505628973, 0.9999999681180599),
)
_LEAST_EXPONENT = -707.0
_MOST_EXPONENT = 709.0


def exp_sum(a: Real, b: Real) -> tuple[Real, Real]:
    """exp(a + b) for small b, as if the sum had not been rounded: the value and what it lacks.

    Below the normal numbers it is 0.

    >>> [float(part[0]) for part in exp_sum(np.array([1.0]), np.array([0.0]))]
    [2.7182818284590455, -2.220446049250313e-16]
    """
    vanishes = a < _LEAST_EXPONENT
    a = select(vanishes, _LEAST_EXPONENT, select(a > _MOST_EXPONENT, _MOST_EXPONENT, a))
    rounded = a * _LOG2_E + _ROUNDER
    n = rounded - _ROUNDER
    r = ((a - n * _LN2) - n * _LN2_LOW) + b
    (p,) = polynomials((_EXP, r))
    scale = select(vanishes, 0.0, number((bits(rounded) - _ROUNDER_BITS + 1023) << 52))
    rise = r * p
    high = 1.0 + rise
    return high * scale, (rise - (high - 1.0)) * scale


def _log_terms(f: Real) -> tuple[Real, Real]:
    """log(1 + f) = f - second, for 1 + f between the roots of one half and of two."""
    s = f / (2.0 + f)
    z = s * s
    (p,) = polynomials((_LOG, z))
    half_square = 0.5 * f * f
    return half_square, s * (half_square + z * p)


def _reduced(v: Real) -> tuple[Real, Real]:
    """k and m with v = 2^k m and m between the roots of one half and of two."""
    k = (bits(v) - _ROOT_HALF_BITS) >> 52
    # The integer as a float64 without a conversion, which few machines have as a vector operation.
    return number(k + _ROUNDER_BITS) - _ROUNDER, number(bits(v) - (k << 52))


def log(v: Real) -> Real:
    """Natural logarithm of a positive normal number.

    >>> float(log(np.array([10.0]))[0])
    2.302585092994046
    """
    k, m = _reduced(v)
    f = m - 1.0
    half_square, rest = _log_terms(f)
    return k * _LN2 + (f - (half_square - (rest + k * _LN2_LOW)))


def log_rough(v: Real) -> Real:
    """`log` with an error of 3e-7, without a division."""
    k, m = _reduced(v)
    f = m - 1.0
    even, odd = polynomials((_LOG_ROUGH[1::2], f * f), (_LOG_ROUGH[0::2], f * f))
    return k * _LN2 + f * (even + f * odd)


def log1p_sum(d: Real, low: Real) -> tuple[Real, Real]:
    """log(1 + d + low) for d >= 0 and a small `low`, as a rounded value and what it lacks."""
    u, lost = two_sum(1.0 + 0.0 * d, d)
    k, m = _reduced(u)
    small = k == 0.0
    f = select(small, d, m - 1.0)
    lost = select(small, low, lost + low)
    half_square, rest = _log_terms(f)
    high, low = two_sum(k * _LN2, f)
    # A share of an ulp: a reciprocal to 1% will do. The difference of the bits is one to 6%.
    per_u = number(_RECIPROCAL_BITS - bits(u))
    per_u = per_u * (2.0 - u * per_u)
    _, square_low = two_product(0.5 * f, f)
    correction = (low + (k * _LN2_LOW + lost * per_u)) - ((half_square - rest) + square_low)
    return two_sum(high, correction)


_FALL_P_EVEN = (
    3.843563633595037e-07,
    8.351835166731783e-05,
    0.004514343082579775,
    0.08140395379912992,
    0.4559299415745309,
    0.3989422804014327,
)
_FALL_P_ODD = (
    1.0420690551443467e-08,
    7.0371189187611296e-06,
    0.0007094810725964,
    0.02192927077158322,
    0.22703887257692806,
    0.599661254733453,
)
_FALL_Q_EVEN = (
    9.63438527931278e-07,
    0.00021223977732360582,
    0.011938047765587278,
    0.23678115866955096,
    1.695493613238447,
    3.597534602109529,
    1.0,
)
_FALL_Q_ODD = (
    2.612079757742831e-08,
    1.7717803646439912e-05,
    0.0018311669158694432,
    0.060199006568733227,
    0.7240672940242469,
    2.9481581087739124,
    2.7564419936310762,
)
_FALL_ROUGH_P_EVEN = (
    0.06537009934579949,
    0.39894336651161827,
)
_FALL_ROUGH_P_ODD = (
    0.008332030332297175,
    0.2330509962101391,
)
_FALL_ROUGH_Q_EVEN = (
    0.16382709299939224,
    1.4668996930634062,
    1.0,
)
_FALL_ROUGH_Q_ODD = (
    0.02088540602466709,
    0.6482780435814547,
    1.8375123831430555,
)
_MILLS_ROUGH_P_EVEN = (
    0.005658067120114811,
    0.21128300103541744,
    0.5000000210161419,
)
_MILLS_ROUGH_P_ODD = (
    0.05042462943963709,
    0.47451611271299615,
)
_MILLS_ROUGH_Q_EVEN = (
    0.12639608170242278,
    1.316380183114271,
    1.0,
)
_MILLS_ROUGH_Q_ODD = (
    0.01418267042081536,
    0.5437704361400386,
    1.7469194024823544,
)
_MILLS_EVEN = (
    2.1125242502316927e-10,
    -3.187651038162586e-09,
    2.5245211804003845e-08,
    -1.4541703808502937e-07,
    7.171034942121795e-07,
    -3.433412891597248e-06,
    1.8110146894796868e-05,
    -0.0001169787203234561,
    0.000915417470491646,
    -0.006379863759469797,
    -0.04796349781160359,
    -0.013595270429285515,
    0.5664638478118136,
)
_MILLS_ODD = (
    2.660593600132781e-10,
    -2.554742555687278e-09,
    1.192203209244356e-08,
    -3.2673077561705147e-08,
    1.907198487772148e-08,
    4.5185376184958225e-07,
    -4.0820420428493884e-06,
    2.5404451646930832e-05,
    -0.00010664905590642206,
    -0.000516732339520202,
    0.02454314572037815,
    0.053677306901365095,
    -0.07827991627104333,
)


def mills(*points: Real) -> list[tuple[Real, Real]]:
    """The Mills ratio of the normal distribution times its density at 0, for points z >= 0.

    N(-z) = exp(-z²/2) mills(z). Each as a rounded value and what it lacks. As a polynomial in
    u = (z - 4) / (z + 4), over 1 + 5z/4.

    >>> [(float(m[0]), float(low[0])) for m, low in mills(np.array([0.0]))]
    [(0.49999999999999994, 1.3877787807814457e-17)]
    """
    near = [(z - 4.0) / (z + 4.0) for z in points]
    even = [(_MILLS_EVEN[:-1], u * u) for u in near]
    odd = [(_MILLS_ODD, u * u) for u in near]
    values = polynomials(*even, *odd)
    count = len(points)
    return [
        _over(u * (u * values[i] + values[count + i]), z)
        for i, (u, z) in enumerate(zip(near, points, strict=True))
    ]


def _over(rest: Real, z: Real) -> tuple[Real, Real]:
    """(c + rest) / (1 + 5z/4), with c the constant of the polynomial, and what it lacks."""
    p = _MILLS_EVEN[-1] + rest
    p_low = (_MILLS_EVEN[-1] - p) + rest
    much, little = two_sum(z, 0.25 * z)
    q, q_low = two_sum(1.0 + 0.0 * z, much)
    per_q = 1.0 / q
    ratio = p * per_q
    product, product_low = two_product(ratio, q)
    left = ((p - product) - product_low) + (p_low - ratio * (q_low + little))
    return ratio, left * per_q


def _fraction(coefficients: Sequence[Sequence[float]], z: Real) -> Fraction:
    """p(z) and q(z), from the even and odd coefficients of p and of q.

    One point at a time: four polynomials in step are what the registers of a processor hold.
    """
    w = z * z
    p_even, p_odd, q_even, q_odd = polynomials(*((half, w) for half in coefficients))
    return p_even + z * p_odd, q_even + z * q_odd


def mills_fall(*points: Real) -> list[Fraction]:
    """Minus the derivative of `mills` as numerator and denominator, for points z >= -0.5.

    Without the cancellation in 1 - z M(z): exp(-z²/2) times it is n(z) - z N(-z), the price of a
    Bachelier option at distance z. All coefficients are positive.

    >>> [(p, q)] = mills_fall(np.array([0.0]))
    >>> float(p[0] / q[0])
    0.3989422804014327
    """
    halves = _FALL_P_EVEN, _FALL_P_ODD, _FALL_Q_EVEN, _FALL_Q_ODD
    return [_fraction(halves, z) for z in points]


def mills_fall_exact(z: Real) -> tuple[Real, Real]:
    """`mills_fall` at one point as a rounded value and what it lacks."""
    w = z * z
    p_even, p_odd, q_even, q_odd = polynomials(
        (_FALL_P_EVEN[:-1], w), (_FALL_P_ODD, w), (_FALL_Q_EVEN[:-1], w), (_FALL_Q_ODD, w)
    )
    p, p_low = two_sum(_FALL_P_EVEN[-1] + 0.0 * z, w * p_even + z * p_odd)
    q, q_low = two_sum(_FALL_Q_EVEN[-1] + 0.0 * z, w * q_even + z * q_odd)
    per_q = 1.0 / q
    ratio = p * per_q
    product, product_low = two_product(ratio, q)
    left = ((p - product) - product_low) + (p_low - ratio * q_low)
    return ratio, left * per_q


def mills_rough(*points: Real) -> list[Fraction]:
    """`mills` as numerator and denominator, with a relative error of 4e-8."""
    halves = _MILLS_ROUGH_P_EVEN, _MILLS_ROUGH_P_ODD, _MILLS_ROUGH_Q_EVEN, _MILLS_ROUGH_Q_ODD
    return [_fraction(halves, z) for z in points]


def mills_fall_rough(*points: Real) -> list[Fraction]:
    """`mills_fall` with a relative error of 5e-6."""
    halves = _FALL_ROUGH_P_EVEN, _FALL_ROUGH_P_ODD, _FALL_ROUGH_Q_EVEN, _FALL_ROUGH_Q_ODD
    return [_fraction(halves, z) for z in points]


def add_fractions(one: Fraction, other: Fraction, a: float = 1.0, b: float = 1.0) -> Fraction:
    """Numerator and denominator of a·one + b·other: divisions are dear, so they are put off."""
    (p1, q1), (p2, q2) = one, other
    return (a * p1) * q2 + (b * p2) * q1, q1 * q2
