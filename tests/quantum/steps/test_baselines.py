"""The methods to compare with, each against the formula or the library it is taken from."""

import numpy as np
import pytest
from scipy.optimize import minimize

from suite.core import Status
from tests.quantum.steps.engines import attempts, sphere

FIRST = np.array([0.3, -0.2, 0.5, 0.1, -0.4])


def energies(made):
    return [a.trial.notes["energy"] for a in made if "energy" in a.trial.notes]


def test_gradient_descent_is_its_formula():
    engine, _ = sphere(6, 1)
    made, _ = attempts(engine, FIRST, "gradient-descent", rate=0.02, evaluations=20)
    x = FIRST
    for energy in energies(made):
        assert energy == engine.geometry(x).energy
        x = x - 0.02 * engine.geometry(x).gradient


def test_adam_is_its_formula():
    engine, _ = sphere(6, 1)
    made, _ = attempts(engine, FIRST, "adam", rate=0.05, evaluations=30)
    x, m, v = FIRST, np.zeros(5), np.zeros(5)
    for t, energy in enumerate(energies(made), 1):
        assert energy == pytest.approx(engine.geometry(x).energy, abs=1e-12)
        g = engine.geometry(x).gradient
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        x = x - 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


def test_fixed_natural_gradient_is_its_formula():
    engine, _ = sphere(6, 1)
    made, _ = attempts(engine, FIRST, "qng", rate=0.05, evaluations=20)
    x = FIRST
    for energy in energies(made):
        found = engine.geometry(x)
        assert energy == pytest.approx(found.energy, abs=1e-12)
        damped = found.metric + 1e-4 * np.trace(found.metric) / 5 * np.eye(5)
        x = x - 0.05 * np.linalg.solve(damped, found.gradient)


def test_lbfgs_asks_what_scipy_asks_and_is_counted_so():
    engine, lowest = sphere(6, 1)
    made, way = attempts(engine, FIRST, "l-bfgs", gradient=1e-7, evaluations=300)
    asked = engine.calls
    options = {"maxcor": 20, "ftol": 0.0, "gtol": 1e-7}
    other, _ = sphere(6, 1)
    found = minimize(other.gradient, FIRST, jac=True, method="L-BFGS-B", options=options)
    np.testing.assert_array_equal(asked, other.calls[: len(asked)])
    assert len(asked) <= found.nfev
    assert sum(a.trial.cost["evaluations"] for a in made) == len(asked)
    assert made[-1].status is Status.CONVERGED
    assert way.answer(made[-1].after.state)[0] == pytest.approx(lowest, abs=1e-10)


def test_lbfgs_that_can_go_no_lower_ends_stalled():
    engine, lowest = sphere(6, 1)
    made, way = attempts(engine, FIRST, "l-bfgs", gradient=1e-18, evaluations=500)
    assert made[-1].status is Status.STALLED
    assert way.answer(made[-1].after.state)[0] == pytest.approx(lowest, abs=1e-10)


@pytest.mark.parametrize("method", ["qng", "gradient-descent", "adam"])
def test_a_rate_that_is_too_large_still_answers_the_lowest_point_seen(method):
    engine, _ = sphere(6, 1)
    made, way = attempts(engine, FIRST, method, rate=5.0, evaluations=15)
    energy, parameters = way.answer(made[-1].after.state)
    assert energy == min(energies(made))
    assert engine.geometry(parameters).energy == energy
    assert {a.step.size for a in made[1:]} == {5.0}


@pytest.mark.parametrize("method", ["natural", "qng", "gradient-descent", "adam", "l-bfgs"])
def test_all_go_on_from_any_point_as_if_they_had_not_stopped(method):
    engine, _ = sphere(6, 1)
    made, way = attempts(engine, FIRST, method, evaluations=14)
    again = list(way.walk(made[5].after))
    assert energies(again) == energies(made[6:])


@pytest.mark.parametrize("method", ["qng", "adam", "l-bfgs"])
def test_energies_that_are_not_numbers_end_the_run_with_the_best_so_far(method):
    engine, _ = sphere(6, 1)
    whole = engine.geometry

    def torn(values, **options):
        found = whole(values, **options)
        return found._replace(energy=np.nan) if len(engine.calls) > 4 else found

    engine.geometry = torn
    made, way = attempts(engine, FIRST, method, evaluations=15)
    assert made[-1].status
    assert np.isfinite(way.answer(made[-1].after.state)[0])
