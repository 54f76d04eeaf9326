"""Prices and their parts against 50-digit arithmetic."""

import mpmath
import numpy as np
import pytest

from suite.finance.black import initial_volatility, log_moneyness, log_price, price

mpmath.mp.dps = 50


def exact_price(forward, strike, s, call=True):
    """Undiscounted Black price by the textbook formula, in mpmath."""
    forward, strike, s = (mpmath.mpf(v) for v in (forward, strike, s))
    d1 = mpmath.log(forward / strike) / s + s / 2
    sign = 1 if call else -1
    return sign * (forward * mpmath.ncdf(sign * d1) - strike * mpmath.ncdf(sign * (d1 - s)))


WINGS = [
    (strike, s)
    for strike in (1e-3, 40.0, 99.999999, 100.0, 101.0, 250.0, 1e5)
    for s in (1e-2, 0.1, 0.5, 2.0, 8.0)
    if abs(np.log(strike / 100.0)) / s < 35.0  # a smaller price is below the range of doubles
]


@pytest.mark.parametrize(("strike", "s"), WINGS)
def test_prices_agree_with_mpmath_into_the_far_wings(strike, s):
    call = strike >= 100.0
    expected = exact_price(100.0, strike, s, call)
    found = float(price(s, forward=100.0, strike=strike, expiry=1.0, call=call))
    # The exponent -(h² + t²)/2 is rounded to half an ulp, the difference of the two terms
    # amplifies theirs: no more than 1e-13 of the price on this grid near the money at s = 0.01.
    size = abs(np.log(100.0 / strike)) / s
    assert float(abs(found - expected) / expected) < 2.0e-16 * (100.0 + size**2 + 10.0 / s)


def test_log_moneyness_keeps_its_digits_near_the_money():
    forward, strike = 100.0, np.nextafter(100.0, 200.0)
    expected = mpmath.log(mpmath.mpf(strike) / mpmath.mpf(forward))
    found = log_moneyness(np.float64(forward), np.float64(strike))
    assert float(abs(found - expected) / expected) < 4e-16


def test_the_start_is_a_lower_bound():
    x, s = np.meshgrid(np.geomspace(1e-6, 20.0, 30), np.geomspace(1e-3, 5.0, 30))
    ratio = np.exp(log_price(x, s))
    known = (ratio > 1e-280) & (ratio < 0.999)
    start = initial_volatility(x[known], ratio[known])
    assert np.all(start <= s[known] * (1 + 1e-7))
    assert np.all(start > 0.0)
