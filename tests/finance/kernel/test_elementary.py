"""Each function that is written out, against 50-digit arithmetic."""

import mpmath
import numpy as np
import pytest

from suite.finance.kernel import elementary
from suite.finance.kernel.elementary import (
    exp_sum,
    log,
    log1p_sum,
    log_rough,
    mills,
    mills_fall,
    mills_fall_exact,
    mills_fall_rough,
    mills_rough,
    split,
    two_product,
    two_sum,
)

RNG = np.random.default_rng(11)
HALF_ULP = 2.0**-53
POINTS = np.concatenate(
    [RNG.uniform(0, 1, 300), RNG.uniform(0, 40, 300), 10 ** RNG.uniform(-9, 0, 99)]
)


def exact_mills(z):
    return mpmath.exp(z * z / 2) * mpmath.erfc(z / mpmath.sqrt(2)) / 2


def exact_fall(z):
    with mpmath.workdps(80):  # what is left of the difference is about 1/z²
        return 1 / mpmath.sqrt(2 * mpmath.pi) - z * exact_mills(z)


def worst(value, low, exact, points):
    """The largest relative error, in halves of an ulp."""
    with mpmath.workdps(60):
        return (
            max(
                float(
                    abs(
                        (mpmath.mpf(float(v)) + mpmath.mpf(float(e))) / exact(mpmath.mpf(float(z)))
                        - 1
                    )
                )
                for v, e, z in zip(value, np.broadcast_to(low, value.shape), points, strict=True)
            )
            / HALF_ULP
        )


def ratio(fraction):
    return fraction[0] / fraction[1]


WIDE = RNG.uniform(-700.0, 700.0, 600)
SIZES = np.concatenate([10 ** RNG.uniform(-300, 300, 400), RNG.uniform(0.5, 2.0, 400)])
GAPS = np.concatenate([10 ** RNG.uniform(-14, 17, 500), RNG.uniform(0.3, 0.5, 200)])


@pytest.mark.parametrize(
    ("found", "exact", "points", "bound"),
    [
        (exp_sum(WIDE, 0.0 * WIDE), mpmath.exp, WIDE, 1.0),
        ((log(SIZES), 0.0), mpmath.log, SIZES, 2.0),
        (log1p_sum(GAPS, 0.0 * GAPS), mpmath.log1p, GAPS, 0.4),
        (mills(POINTS)[0], exact_mills, POINTS, 2.5),
        (mills_fall_exact(POINTS), exact_fall, POINTS, 8.0),
        ((ratio(mills_fall(POINTS)[0]), 0.0), exact_fall, POINTS, 10.0),
        ((ratio(mills_rough(POINTS)[0]), 0.0), exact_mills, POINTS, 5e-8 / HALF_ULP),
        ((ratio(mills_fall_rough(POINTS)[0]), 0.0), exact_fall, POINTS, 6e-6 / HALF_ULP),
    ],
    ids=[
        "exp",
        "log",
        "log1p",
        "mills",
        "fall_exact",
        "fall",
        "mills_rough",
        "fall_rough",
    ],
)
def test_errors_are_a_few_halves_of_an_ulp(found, exact, points, bound):
    assert worst(*found, exact, points) <= bound


def test_the_rough_logarithm_is_as_good_as_it_says():
    assert np.abs(log_rough(SIZES) - np.log(SIZES)).max() < 3e-7


def test_sums_products_and_halves_lose_nothing():
    a, b = RNG.normal(size=500) * 10 ** RNG.uniform(-9, 9, 500), RNG.normal(size=500)
    for (value, low), operation in ((two_sum(a, b), mpmath.fadd), (two_product(a, b), mpmath.fmul)):
        for row in range(0, 500, 7):
            exact = operation(float(a[row]), float(b[row]), exact=True)
            with mpmath.workdps(60):
                assert mpmath.mpf(float(value[row])) + mpmath.mpf(float(low[row])) == exact
    high, low = split(a)
    np.testing.assert_array_equal(high + low, a)
    np.testing.assert_array_equal(np.frexp(high)[0] * 2**26 % 1, 0.0)


def test_all_coefficients_of_the_fall_are_positive():
    """So that no digit is lost in its sums."""
    names = [name for name in vars(elementary) if name.startswith("_FALL")]
    assert len(names) == 8
    assert all(c > 0.0 for name in names for c in getattr(elementary, name))
