"""SVI against densities from 50-digit prices, exact slices, and a real smile."""

from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from suite.errors import InputError
from suite.finance import solve_file
from suite.finance.smiles.picture import picture
from suite.finance.smiles.smile import SVI, butterfly, calendar, durrleman, fit_svi

SPX = Path(__file__).parents[3] / "examples" / "finance" / "spx_cboe_2025-10-01.csv"

# Axel Vogt's slice, positive everywhere and yet with a negative density: Gatheral and Jacquier
# (2014), section 2.2.
VOGT = SVI(a=-0.0410, b=0.1331, rho=0.3060, m=0.3586, sigma=0.4153)

slices = st.builds(
    lambda least, b, rho, m, sigma: SVI(
        least - b * sigma * float(np.sqrt(1.0 - rho * rho)), b, rho, m, sigma
    ),
    least=st.floats(0.001, 0.1),
    b=st.floats(0.01, 0.5),
    rho=st.floats(-0.95, 0.95),
    m=st.floats(-0.2, 0.2),
    sigma=st.floats(0.05, 0.5),
)


@settings(max_examples=60, deadline=None)
@given(svi=slices, k=st.floats(-1.0, 1.0))
def test_durrlemans_function_is_the_density_of_the_prices(svi, k):
    with mpmath.workdps(50):
        a, b, rho, m, sigma = (mpmath.mpf(getattr(svi, n)) for n in ("a", "b", "rho", "m", "sigma"))

        def total_variance(log_strike):
            away = log_strike - m
            return a + b * (rho * away + mpmath.sqrt(away**2 + sigma**2))

        def call(strike):
            s = mpmath.sqrt(total_variance(mpmath.log(strike)))
            d = -mpmath.log(strike) / s + s / 2
            return mpmath.ncdf(d) - strike * mpmath.ncdf(d - s)

        strike = mpmath.exp(k)
        w = total_variance(mpmath.mpf(k))
        d2 = -k / mpmath.sqrt(w) - mpmath.sqrt(w) / 2
        density = strike * mpmath.diff(call, strike, 2)
        expected = density * mpmath.sqrt(2 * mpmath.pi * w) * mpmath.exp(d2**2 / 2)
    # Rounding of w, which can be a difference of much larger terms, counts k w'/w times over.
    loss = 1.0 + (abs(svi.a) + svi.b) / float(w)
    assert float(durrleman(svi, k)) == pytest.approx(float(expected), abs=1e-13 * loss**3)


@settings(max_examples=60, deadline=None)
@given(svi=slices, quotes=st.integers(7, 60))
def test_an_exact_slice_is_found_again(svi, quotes):
    assume(butterfly(svi, 10.0)[0] > 1e-3)
    k = np.linspace(-0.6, 0.4, quotes)
    w = svi.total_variance(k)
    found = fit_svi(k, w, 100.0 / w)
    assert found.arbitrage_free
    # A search that stops within 1e-12 of a minimum of squares is within its root of the minimum.
    np.testing.assert_allclose(found.total_variance(k), w, rtol=2e-6)


def test_a_third_of_wrong_quotes_does_not_move_the_slice():
    truth = SVI(0.01, 0.1, -0.6, 0.02, 0.1)
    k = np.linspace(-0.5, 0.3, 45)
    w = truth.total_variance(k)
    wrong = w.copy()
    wrong[::3] *= 1.5 + 0.1 * np.arange(15)
    found = fit_svi(k, wrong, 50.0 / w)
    np.testing.assert_allclose(found.total_variance(k), w, rtol=5e-3)


def test_vogts_slice_is_detected_and_mended():
    least, at = butterfly(VOGT, 3.0)
    assert least < -0.03
    assert 0.7 < at < 1.1
    k = np.linspace(-1.0, 1.5, 51)
    w = VOGT.total_variance(k)
    found = fit_svi(k, w, 20.0 / w)
    assert found.mended
    assert found.arbitrage_free
    assert found.note == ""
    assert durrleman(found, np.linspace(-20.0, 20.0, 200_001)).min() >= 0.0
    # What the density forbids cannot be met, but the volatilities stay within one in twelve.
    assert np.abs(np.sqrt(found.total_variance(k) / w) - 1.0).max() < 1.0 / 12.0


def test_wings_steeper_than_lees_bound_are_not_followed():
    k = np.linspace(-1.0, 1.0, 21)
    found = fit_svi(k, 0.05 + 3.0 * np.hypot(k, 0.1))
    assert found.b * (1.0 + abs(found.rho)) <= 2.0 + 1e-12
    assert found.arbitrage_free or "butterfly arbitrage near" in found.note


def test_calendar_arbitrage_is_the_most_that_total_variance_falls():
    near, far = SVI(0.02, 0.1, -0.5, 0.0, 0.1), SVI(0.03, 0.05, -0.5, 0.0, 0.1)
    k = np.linspace(-1.0, 1.0, 201)
    excess, at = calendar(near, far, k)
    # The slopes differ by 0.05 (1 + 0.5) in the left wing, so it is worst at the left end.
    assert at == -1.0
    assert excess == pytest.approx(0.05 * (0.5 + np.hypot(1.0, 0.1)) - 0.01, rel=1e-12)
    assert calendar(far, SVI(0.04, 0.06, -0.5, 0.0, 0.1), k)[0] < 0.0


K5 = [-0.2, -0.1, 0.0, 0.1, 0.2]


@pytest.mark.parametrize(
    ("k", "w", "weight", "sentence"),
    [
        (K5[:4], [0.04] * 4, 1.0, "needs as many strikes. Got 4"),
        ([0.1] * 6, [0.04] * 6, 1.0, "needs as many strikes. Got 1"),
        (K5, [0.04, 0.04, np.nan, 0.04, 0.04], 1.0, "total_variance must be .* Got nan at place 2"),
        (K5, [0.04, 0.0, 0.04, 0.04, 0.04], 1.0, "total_variance must be .* Got 0.0 at place 1"),
        ([*K5[:4], np.inf], [0.04] * 5, 1.0, "log_moneyness must be a number. Got inf"),
        (K5, [0.04] * 5, [1.0, 1.0, 1.0, 1.0, -1.0], "weight must be a positive .* at place 4"),
    ],
)
def test_what_is_no_smile_is_refused_by_a_sentence(k, w, weight, sentence):
    with pytest.raises(InputError, match=sentence):
        fit_svi(k, w, weight)


def test_flat_and_straight_smiles_are_fitted():
    k = np.linspace(-0.3, 0.3, 13)
    for w in (np.full(13, 0.04), 0.04 - 0.05 * k):
        found = fit_svi(k, w, 100.0 / w)
        np.testing.assert_allclose(found.total_variance(k), w, rtol=0.02)
        assert found.arbitrage_free


def test_the_fit_of_spx_lies_within_bid_and_ask_for_most_quotes():
    smiles = picture(solve_file(SPX))["smiles"]
    assert [smile["label"] for smile in smiles] == ["SPX 2026-06-18", "SPXW 2026-06-30"]
    met = sum(smile["fit"]["inside"] * smile["quotes"] for smile in smiles)
    assert met > 0.6 * sum(smile["quotes"] for smile in smiles)
    assert all(smile["fit"]["arbitrage_free"] for smile in smiles)
