"""Jacobians by differences against closed forms, and the refusals of given ones."""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given as over
from hypothesis import strategies as st

from suite.core import Status
from suite.dynamics import solve
from suite.dynamics.equation import EPS, Equation, Tolerance
from suite.dynamics.methods.jacobian import (
    LARGE,
    differences,
    given,
    increments,
    leading,
    spectral_radius,
)
from suite.errors import AttemptFailed, InputError

SCALE = 1e-6


def made(fun, y, size=0.01):
    """Differences, and how often they called the function."""
    calls = []

    def rate(time, state):
        calls.append(state)
        return fun(state)

    y = np.asarray(y)
    found = differences(rate, 0.0, y, fun(y), SCALE * (1.0 + np.abs(y)), size)
    return found, len(calls)


@over(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=2))
def test_differences_against_the_closed_form(point):
    x, y = point
    found, calls = made(lambda s: np.array([s[0] * s[1], np.sin(s[0]) + s[1]]), [x, y])
    exact = np.array([[y, x], [np.cos(x), 1.0]])
    # Rounding of the terms over the least increment, 1e-3 of the scale or 1e-12 of the state, and
    # the bend over one.
    terms, largest = abs(x * y) + abs(x) + abs(y), max(abs(x), abs(y))
    least = np.minimum(1e-3 * SCALE * (1.0 + np.abs([x, y])), 1e-12 * largest)
    rounding = 4.0 * EPS * terms / least if largest > 1e-290 else 1e-3
    assert np.all(np.abs(found - exact) <= rounding + 2e-8 * (1.0 + abs(x)))
    assert calls == 2


def test_complex_state():
    found, _ = made(lambda s: 1j * s**2, np.array([2.0 + 1.0j]))
    assert np.allclose(found, 2j * (2.0 + 1.0j), rtol=1e-6)


@pytest.mark.parametrize(("start", "slope"), [(1e-9, 1.0), (-1e-9, -1.0), (0.3, 1.0)])
def test_no_difference_straddles_a_kink_at_zero(start, slope):
    found, _ = made(np.abs, [start])
    assert np.isclose(found[0, 0], slope, rtol=1e-6)


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_from_zero_the_way_the_solution_goes(direction):
    steps = increments(np.zeros(1), np.array([direction]), np.full(1, SCALE), 0.01)
    assert np.sign(steps[0]) == direction


def test_a_column_that_leaves_the_domain_is_taken_backwards():
    with np.errstate(invalid="ignore"):
        found, calls = made(lambda s: np.sqrt(1.0 - s), [1.0 - 1e-12])
    assert np.isfinite(found).all()
    assert calls == 2


def test_sparse_and_listed_jacobians_are_made_dense():
    matrix = np.array([[1.0, 0.0], [2.0, 3.0]])
    for form in (scipy.sparse.csr_array(matrix), matrix.tolist()):
        equation = Equation(np.negative, Tolerance(SCALE), jacobian=lambda t, y, form=form: form)
        assert np.array_equal(given(equation, 0.0, np.ones(2)), matrix)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (np.eye(3), r"shape \(2, 2\).*\(3, 3\)"),
        (None, r"shape \(2, 2\)"),
        (1j * np.eye(2), "complex.*real"),
        (np.array([["a", "b"], ["c", "d"]]), "array of numbers"),
    ],
)
def test_wrong_jacobians_are_refused_by_a_sentence(answer, words):
    equation = Equation(np.negative, Tolerance(SCALE), jacobian=lambda t, y: answer)
    with pytest.raises(InputError, match=words):
        given(equation, 0.5, np.ones(2))


def test_a_jacobian_that_fails_refuses_the_attempt():
    equation = Equation(np.negative, Tolerance(SCALE), jacobian=lambda t, y: 1 / 0)
    with pytest.raises(AttemptFailed, match=r"Jacobian raised ZeroDivisionError.*t = 0\.5"):
        given(equation, 0.5, np.ones(2))


def test_spectral_radius():
    assert np.isclose(spectral_radius(np.array([[0.0, 1.0], [-4.0, 0.0]])), 2.0)
    assert np.isnan(spectral_radius(np.array([[np.nan]])))
    large = np.random.default_rng(2).standard_normal((120, 120))
    assert spectral_radius(large) >= np.max(np.abs(np.linalg.eigvals(large)))


def line(n, push=0.0):
    """Heat on a line [n, n], and a wind; its eigenvalues in closed form."""
    ones = np.ones(n - 1)
    matrix = np.diag(-2.0 * np.ones(n)) + np.diag(ones + push, 1) + np.diag(ones - push, -1)
    return matrix, -2.0 + 2.0 * np.sqrt(1.0 - push**2) * np.cos(
        np.pi * np.arange(1, n + 1) / (n + 1)
    )


def test_the_outermost_eigenvalues_of_a_large_matrix():
    """Those of a line lie densely at its ends, which a Krylov space of m dimensions meets to about
    1/m²; single ones it meets exactly."""
    for push in (0.0, 0.1):
        matrix, exact = line(300, push)
        found = np.linalg.eigvals(leading(matrix))
        assert abs(found.real.min() - exact.min()) < 0.01 * abs(exact.min())
        assert np.abs(found.imag).max() <= 2.0 * push  # the field of values reaches that far
    turning = line(300)[0]
    turning[:2, :2] = [[0.0, 9.0], [-9.0, 0.0]]
    assert np.abs(np.linalg.eigvals(leading(turning)).imag).max() == pytest.approx(9.0, rel=0.05)
    spring = np.block([[np.zeros((80, 80)), np.eye(80)], [-np.eye(80), np.zeros((80, 80))]])
    found = np.linalg.eigvals(leading(spring))
    assert len(found) == 2
    np.testing.assert_allclose(found.imag, [1.0, -1.0], rtol=1e-12)
    assert leading(matrix[:LARGE, :LARGE]).shape == (LARGE, LARGE)
    assert leading(1j * spring).dtype == complex


@pytest.mark.parametrize(
    ("jacobian", "sentence"),
    [
        (lambda t, y: [[-1.0, 0.0], [0.0, np.nan]], "Jac gave nan in row 1, column 1"),
        (lambda t, y: 1 / 0, "The Jacobian raised ZeroDivisionError"),
    ],
)
def test_a_jacobian_that_fails_is_named_at_the_end_of_a_run(jacobian, sentence):
    done = solve(lambda t, y: -y, (0.0, 1.0), [1.0, 1.0], "Radau", jac=jacobian)
    assert not done.success
    assert sentence in done.message


def test_a_function_that_is_no_number_is_named_by_its_component():
    def fun(t, y):
        return np.array([-y[0], np.nan if t > 0.5 else -y[1]])

    done = solve(fun, (0.0, 1.0), [1.0, 1.0], "Radau")
    assert done.status == Status.NOT_FINITE
    assert "Fun gave nan in component 1 just beyond t = 0.5" in done.message


def test_rows_of_different_lengths_are_refused():
    with pytest.raises(InputError, match="rows of different lengths at t = 0"):
        solve(lambda t, y: -y, (0.0, 1.0), [1.0, 1.0], "Radau", jac=lambda t, y: [[1.0], [1.0, 2]])


@pytest.mark.parametrize("name", ["min_step", "lband", "uband"])
def test_options_of_other_solvers_are_refused_with_what_to_use(name):
    with pytest.raises(InputError, match=f"{name} is not taken. (A run ends|Give jac_sparsity)"):
        solve(lambda t, y: -y, (0.0, 1.0), [1.0], **{name: 1})
