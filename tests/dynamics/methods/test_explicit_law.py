"""The law of the explicit methods: what it spends, where it ends."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

from suite.core import Record, Status, begin, march
from suite.core.record import row_of
from suite.dynamics.equation import Equation, Tolerance, smallest_step, start
from suite.dynamics.methods.explicit import LAW, dop853, dormand_prince

EXAMPLE = Path(__file__).parents[3] / "examples" / "core" / "kepler.py"
spec = importlib.util.spec_from_file_location("kepler", EXAMPLE)
kepler = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kepler)

SCHEMES = pytest.mark.parametrize("scheme", [dormand_prince, dop853])


def followed(scheme, fun, y0, rtol, end, atol=0.0, law=LAW):
    """The last attempt, and the record, of a run under a law."""
    equation, record = Equation(fun, Tolerance(rtol, atol), end), Record()
    with np.errstate(all="ignore"):
        for one in march(
            scheme(equation).attempt,
            begin(start(fun, 0.0, y0), law, 0.1),
            law,
            equation.until,
            equation.limits,
            floor=smallest_step,
        ):
            record.append(row_of(one))
    return one, record


@SCHEMES
def test_a_vanishing_solution_with_relative_tolerance_only(scheme):
    # No error where none is allowed is no error.
    last, _ = followed(scheme, lambda time, y: 0.0 * y, [0.0], 1e-6, 1.0)
    assert last.status is Status.ENDPOINT
    assert last.after.state.y == 0.0


@SCHEMES
def test_a_pole_ends_at_its_place(scheme):
    # y' = y^2, y(0) = 1: y = 1/(1 - t).
    last, record = followed(scheme, lambda time, y: y * y, [1.0], 1e-8, 2.0, 1e-8)
    assert last.status in (Status.UNDERFLOW, Status.NOT_FINITE)
    assert last.after.state.time == pytest.approx(1.0, abs=1e-7)
    # Towards the pole every decade of its distance takes the same number of steps, some thirty.
    assert record.tally.attempts < 1000


def evaluations_at(level, points):
    """The evaluations at an error: log-log line through (error, evaluations)."""
    errors, counts = np.log10(np.array(points)).T
    assert errors.min() < math.log10(level) < errors.max()
    return 10.0 ** np.polyval(np.polyfit(errors, counts, 1), math.log10(level))


@pytest.mark.parametrize(
    ("scheme", "solver", "most"), [(dop853, "DOP853", 0.8), (dormand_prince, "RK45", 1.0)]
)
def test_the_law_of_these_methods_spends_less_than_scipys(scheme, solver, most):
    # Single points scatter by a factor of two in error: a line through four a decade. Over six
    # revolutions of the orbit, the ratios are 0.7 and 0.9.
    integrate = pytest.importorskip("scipy.integrate")
    end, ours, theirs, refused, attempts = 12.0 * math.pi, [], [], 0, 0
    for rtol in 10.0 ** -np.arange(6.0, 8.6, 0.25):
        one, record = followed(scheme, kepler.gravity, kepler.PERICENTRE, rtol, end, rtol)
        error = np.linalg.norm(one.after.state.y - kepler.PERICENTRE)
        ours.append((error, record.tally.cost["evaluations"]))
        refused += record.tally.refused.total()
        attempts += record.tally.attempts
        done = integrate.solve_ivp(
            kepler.gravity, (0.0, end), kepler.PERICENTRE, solver, rtol=rtol, atol=rtol
        )
        theirs.append((np.linalg.norm(done.y[:, -1] - kepler.PERICENTRE), done.nfev))
    assert evaluations_at(1e-4, ours) < most * evaluations_at(1e-4, theirs)
    assert refused < 0.08 * attempts


@SCHEMES
@pytest.mark.parametrize("rtol", [1e-15, 1e-17])
def test_the_law_ends_a_run_at_rounding(scheme, rtol):
    # It aims far below the tolerance: where the error is all noise that must not shrink the steps.
    last, record = followed(scheme, kepler.gravity, kepler.PERICENTRE, rtol, kepler.PERIOD, rtol)
    assert last.status is Status.ENDPOINT
    loose, _ = followed(scheme, kepler.gravity, kepler.PERICENTRE, 1e-13, kepler.PERIOD, 1e-13)
    # Two decades or four of tolerance at orders 8 and 5.
    assert record.tally.attempts < loose.number * (2.5 if scheme is dop853 else 7.0)
