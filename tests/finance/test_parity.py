"""Forwards from made-up pairs whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.finance.parity import fit_forward


@settings(max_examples=50, deadline=None)
@given(forward=st.floats(10.0, 5000.0), discount=st.floats(0.5, 1.05), pairs=st.integers(3, 40))
def test_exact_pairs_give_their_forward(forward, discount, pairs):
    strike = forward * np.linspace(0.7, 1.3, pairs)
    found = fit_forward(strike, discount * (forward - strike), np.full(pairs, 1e-3 * forward))
    assert found.forward == pytest.approx(forward, rel=1e-6)
    assert found.discount == pytest.approx(discount, rel=1e-5)


def test_standard_errors_cover_the_scatter():
    rng = np.random.default_rng(3)
    strike, width = np.linspace(80.0, 120.0, 25), np.full(25, 0.2)
    misses = []
    for _ in range(200):
        noise = rng.normal(0.0, 0.2, 25)
        found = fit_forward(strike, 0.97 * (101.0 - strike) + noise, width)
        misses.append((found.forward - 101.0) / found.forward_error)
    assert 0.8 < np.std(misses) < 1.25


def test_wild_quotes_pull_no_harder_than_one_width():
    strike = np.linspace(80.0, 120.0, 21)
    difference = 0.97 * (101.0 - strike)
    difference[[3, 15]] += [9.0, -30.0]
    found = fit_forward(strike, difference, np.full(21, 0.1))
    assert found.forward == pytest.approx(101.0, abs=0.05)
    assert found.outliers == 2


def test_too_few_pairs_or_a_rising_line_give_none():
    k = np.array([90.0, 100.0])
    assert fit_forward(k, 100.0 - k, np.ones(2)) is None
    k = np.array([90.0, 100.0, 110.0])
    assert fit_forward(k, k - 100.0, np.ones(3)) is None
