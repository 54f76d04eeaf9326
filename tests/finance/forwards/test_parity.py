"""Forwards from made-up pairs whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from suite.finance.forwards.parity import LeftOut, Pairs, fit_forward, fit_forwards


def pairs_of(groups):
    """Pairs of (strike, difference, width) arrays, one entry a group."""
    number = [np.full(len(k), i) for i, (k, _, _) in enumerate(groups)]
    return Pairs(np.concatenate(number), *(np.concatenate(c) for c in zip(*groups, strict=True)))


@settings(max_examples=50, deadline=None)
@given(forward=st.floats(10.0, 5000.0), discount=st.floats(0.5, 1.05), pairs=st.integers(3, 40))
def test_exact_pairs_give_their_forward(forward, discount, pairs):
    strike = forward * np.linspace(0.7, 1.3, pairs)
    found = fit_forward(strike, discount * (forward - strike), np.full(pairs, 1e-3 * forward))
    assert found.forward == pytest.approx(forward, rel=1e-12)
    assert found.discount == pytest.approx(discount, rel=1e-12)


def test_standard_errors_cover_the_scatter():
    rng = np.random.default_rng(3)
    strike, width = np.linspace(80.0, 120.0, 25), np.full(25, 0.2)
    for spread in (0.2, 1.0):  # as large as the market's width says, and five times larger
        noise = rng.normal(0.0, spread, (400, 25))
        fits = fit_forwards(
            pairs_of([(strike, 0.97 * (101.0 - strike) + n, width) for n in noise]), 400
        )
        # The spread of 400 normal numbers is known to 3.5%; what is left out makes it uneven.
        assert np.std((fits.forward - 101.0) / fits.forward_error) == pytest.approx(1.0, abs=0.2)
        assert np.std((fits.discount - 0.97) / fits.discount_error) == pytest.approx(1.0, abs=0.2)


def test_quiet_pairs_are_known_no_better_than_their_market():
    strike = np.linspace(80.0, 120.0, 25)
    found = fit_forward(strike, 0.97 * (101.0 - strike), np.full(25, 0.2))
    assert found.forward_error == pytest.approx(0.2 / 5 / 0.97, rel=0.01)


def test_a_huber_line_without_outliers_is_the_minimum_of_the_huber_loss():
    rng = np.random.default_rng(8)
    strike, width = np.linspace(80.0, 120.0, 30), rng.uniform(0.1, 0.4, 30)
    misses = rng.normal(0.0, 0.4, 30)
    misses[[4, 20]] = -2.0, 2.5  # beyond the quadratic part of the loss, but not left out
    difference = 0.97 * (101.0 - strike) + width * misses
    found = fit_forward(strike, difference, width)
    assert found.outliers == 0

    def loss(line):
        size = np.abs((difference - line[0] * (line[1] - strike)) / width)
        return np.where(size < 1.345, 0.5 * size**2, 1.345 * (size - 0.6725)).sum()

    best = minimize(
        loss, [1.0, 100.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    )
    assert [found.discount, found.forward] == pytest.approx(best.x, rel=1e-7)


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_wrong_quotes_are_left_out_and_named(share):
    rng = np.random.default_rng(5)
    strike = np.linspace(80.0, 120.0, 41)
    wrong = rng.permutation(41)[: int(41 * share)]
    difference = 0.97 * (101.0 - strike) + rng.normal(0.0, 0.02, 41)
    difference[wrong] += rng.choice([-1, 1], len(wrong)) * rng.uniform(2.0, 40.0, len(wrong))
    pairs = Pairs(np.zeros(41, int), strike, difference, np.full(41, 0.1))
    fits = fit_forwards(pairs, 1)
    np.testing.assert_array_equal(np.flatnonzero(fits.left_out == LeftOut.MISFIT), np.sort(wrong))
    assert fits.outliers[0] == len(wrong)
    assert fits.pairs[0] == 41 - len(wrong)
    # As good as if the wrong ones had never been there.
    without = fit_forward(*(np.delete(c, wrong) for c in pairs[1:]))
    assert fits.forward[0] == pytest.approx(without.forward, rel=1e-12)


def test_a_wide_market_pulls_little_and_a_very_wide_one_not_at_all():
    strike = np.linspace(80.0, 120.0, 21)
    difference, width = 0.97 * (101.0 - strike), np.full(21, 0.1)
    difference[[0, 20]] += [0.5, 8.0]
    width[[0, 20]] = [0.9, 20.0]
    fits = fit_forwards(Pairs(np.zeros(21, int), strike, difference, width), 1)
    assert fits.forward[0] == pytest.approx(101.0, abs=0.01)
    assert fits.left_out[[0, 20]].tolist() == [LeftOut.USED, LeftOut.TOO_WIDE]


def test_too_few_pairs_or_a_rising_line_give_none():
    k = np.array([90.0, 100.0])
    assert fit_forward(k, 100.0 - k, np.ones(2)) is None
    k = np.array([90.0, 100.0, 110.0])
    assert fit_forward(k, k - 100.0, np.ones(3)) is None
    assert fit_forward(k[:0], k[:0], k[:0]) is None


def test_three_pairs_that_disagree_are_all_kept_and_their_error_says_so():
    k = np.array([90.0, 100.0, 110.0])
    found = fit_forward(k, 100.0 - k + [0.0, 5.0, 0.0], np.full(3, 0.1))
    assert (found.pairs, found.outliers) == (3, 0)
    assert found.forward_error > 10 * 0.1 / np.sqrt(3)


def test_one_pair_is_enough_where_the_discount_is_known():
    found = fit_forward(np.array([95.0]), np.array([5.7]), np.array([0.1]), discount=0.95)
    assert found.forward == pytest.approx(101.0, rel=1e-14)
    assert found.forward_error == pytest.approx(0.1 / 0.95)
    assert (found.discount, found.discount_error, found.pairs) == (0.95, 0.0, 1)


def american(forward, rate, years, strike):
    """C - P of American options on a share without dividends: the call is European, the put is
    worth what it pays at once, where that is more (the exact put lies above both)."""
    from suite.finance.black import price

    discount = np.exp(-rate * years)
    terms = {"forward": forward, "strike": strike, "expiry": years, "discount": discount}
    put = np.maximum(price(0.3, **terms, call=False), strike - discount * forward)
    return price(0.3, **terms, call=True) - put, discount


def test_american_pairs_above_the_forward_do_not_bend_the_line():
    strike = np.linspace(60.0, 160.0, 41)
    difference, discount = american(105.0, 0.05, 1.0, strike)
    pairs = Pairs(np.zeros(41, int), strike, difference, np.full(41, 0.2))
    plain, fits = fit_forwards(pairs, 1), fit_forwards(pairs, 1, american=np.array([True]))
    assert fits.forward[0] == pytest.approx(105.0, abs=0.01)
    assert fits.discount[0] == pytest.approx(discount, abs=1e-4)
    assert abs(plain.discount[0] - discount) > 10 * abs(fits.discount[0] - discount)
    used = fits.left_out == LeftOut.USED
    assert strike[used].max() <= 105.0
    assert used.sum() >= 10


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), groups=st.integers(1, 12))
def test_no_group_depends_on_another_or_on_the_order_of_groups(seed, groups):
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(groups):
        n = rng.integers(0, 30)
        strike = np.sort(rng.choice(np.arange(50.0, 150.0), n, replace=False))
        wrong = rng.normal(0.0, 10.0, n) * (rng.random(n) < 0.2)
        parts.append((strike, 0.9 * (100 - strike) + wrong, rng.uniform(0.0, 1.0, n)))
    known = np.where(rng.random(groups) < 0.5, np.nan, 0.9)
    fits = fit_forwards(pairs_of(parts), groups, discount=known)
    for i, part in enumerate(parts):
        alone = fit_forward(*part, discount=None if np.isnan(known[i]) else known[i])
        found = [getattr(fits, name)[i] for name in ("forward", "discount", "forward_error")]
        if alone is None:
            assert np.isnan(found).all()
        else:
            assert found == [alone.forward, alone.discount, alone.forward_error]  # bit for bit
