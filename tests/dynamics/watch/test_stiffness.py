"""Stiffness seen where it is, and only there."""

import math

import numpy as np
import pytest

from suite.core import Step, begin
from suite.dynamics.equation import Equation, Tolerance, first_size, start
from suite.dynamics.methods.explicit import LAW, dop853, dormand_prince
from suite.dynamics.watch.hand_over import EXPLICIT
from suite.dynamics.watch.stiffness import is_stiff, measured
from tests.dynamics.watch.stiff_cases import OTHERS, equation_of, handed_over, watched


def alone(equation, y0, method):
    """The last attempt of a watched explicit method by itself."""
    flow = start(equation.fun, 0.0, y0)
    size, _ = first_size(equation, flow, 5)
    with np.errstate(all="ignore"):
        for attempt in watched(equation, method(equation))(begin(flow, LAW, size)):
            if attempt.number >= 1000:
                break
    return attempt


@pytest.mark.parametrize("rtol", [1e-3, 1e-6, 1e-10])
@pytest.mark.parametrize("case", OTHERS)
def test_never_on_equations_that_are_not_stiff(case, rtol):
    fun, end, y0 = OTHERS[case]
    asked = 0
    for attempt in handed_over(Equation(fun, Tolerance(rtol, rtol), end), y0):
        assert attempt.after.phase == EXPLICIT
        assert not is_stiff(attempt.after.state)
        asked += attempt.trial.cost["evaluations"] > 12
    assert asked <= 5  # each time in vain doubles the patience


@pytest.mark.parametrize("method", [dop853, dormand_prince])
def test_an_explicit_method_alone_says_that_it_is_stiff(method):
    equation, y0 = equation_of("relaxation", 1e-5)
    assert is_stiff(alone(equation, y0, method).after.state)
    fun, end, y0 = OTHERS["kepler 0.6"]
    assert not is_stiff(alone(Equation(fun, Tolerance(1e-5, 1e-5), end), y0, method).after.state)


@pytest.mark.parametrize("method", [dop853, dormand_prince])
@pytest.mark.parametrize("size", [0.01, 0.3])
def test_h_lambda_of_a_linear_equation(method, size):
    equation = Equation(lambda t, y: np.array([3.0 * y[1], -3.0 * y[0]]), Tolerance(1e-6))
    scheme = method(equation)
    attempt = measured(scheme.attempt, equation, scheme)
    trial = attempt(start(equation.fun, 0.0, [1.0, 0.0]), Step(size))
    # The two stages lie h^5 or more apart, so their difference keeps few digits.
    assert math.isclose(trial.notes.get("h_lambda", 3.0 * size), 3.0 * size, rel_tol=1e-3)
