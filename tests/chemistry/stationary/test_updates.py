"""Updates of a model Hessian: what they promise, on random models."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.chemistry.stationary.updates import bfgs, bofill, relearned

UPDATES = [bofill, bfgs]


def a_model(seed, size):
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(size, size))
    return matrix + matrix.T, *random.normal(size=(2, size))


@pytest.mark.parametrize("update", UPDATES)
@given(st.integers(0, 10_000), st.integers(2, 12))
def test_an_update_sends_the_step_to_its_change_and_stays_symmetric(update, seed, size):
    hessian, dx, dg = a_model(seed, size)
    updated = update(hessian, dx, dg)
    # Denominators may be small against the matrices: rounding grows with the update.
    slack = 1e-11 * (1.0 + np.abs(updated).max())
    assert np.allclose(updated, updated.T, atol=slack)
    assert np.allclose(updated @ dx, dg, atol=slack * np.linalg.norm(dx))


@given(st.integers(0, 10_000), st.integers(2, 12))
def test_bfgs_keeps_a_minimum_a_minimum(seed, size):
    matrix, dx, _ = a_model(seed, size)
    positive, truth = matrix @ matrix + np.eye(size), np.diag(np.arange(1.0, size + 1.0))
    assert np.linalg.eigvalsh(bfgs(positive, dx, truth @ dx)).min() > 0.0


@pytest.mark.parametrize("update", UPDATES)
def test_what_the_model_foresaw_and_a_step_of_no_length_change_nothing(update):
    hessian, dx, dg = a_model(1, 4)
    positive = hessian @ hessian + np.eye(4)
    assert np.allclose(update(positive, dx, positive @ dx), positive, atol=1e-12)
    assert np.array_equal(update(positive, 0.0 * dx, 0.0 * dg), positive)


def test_all_that_was_seen_of_a_quadratic_surface_brings_its_hessian_back():
    truth, x, _ = a_model(2, 6)
    base = truth + 0.3 * a_model(3, 6)[0]
    seen = x + 0.2 * np.random.default_rng(4).normal(size=(40, 6))
    found = relearned(base, x, truth @ x, (seen, seen @ truth), bofill)
    assert np.abs(found - truth).max() < 0.1 * np.abs(base - truth).max()
