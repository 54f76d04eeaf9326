"""What foresight is made of: extrapolation, curvature, memory, and its price."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from suite.core import ErrorControl, Step, begin, march
from suite.core.document import decode, encode
from suite.dynamics.equation import Equation, Tolerance, guarded, start
from suite.dynamics.methods.doubling import classical, step_doubling
from suite.dynamics.methods.explicit import dop853
from suite.dynamics.watch import approach
from suite.dynamics.watch.approach import compressed, past_of
from suite.dynamics.watch.extrapolation import curvature, forecast, vanishing
from suite.dynamics.watch.singularity import NAME, foreseen
from tests.dynamics.watch.singular import integrate, kepler


def test_a_smooth_run_pays_nothing() -> None:
    fun, y0, end = kepler, [0.4, 0.0, 0.0, 2.0], 20.0
    equation = Equation(guarded(fun), Tolerance(1e-8, 1e-8), end)
    costs = []
    for watch in (True, False):
        attempt, law = dop853(equation).attempt, ErrorControl()
        attempt = foreseen(attempt, equation) if watch else attempt
        flow = start(fun, 0.0, y0)
        made = march(attempt, begin(flow, law, 0.01), law, equation.until, equation.limits)
        costs.append(sum(each.trial.cost.get("evaluations", 0) for each in made))
    assert costs[0] <= 1.01 * costs[1]


def test_memory_is_plain_and_a_refusal_leaves_it_alone() -> None:
    equation = Equation(guarded(lambda t, y: y**2), Tolerance(1e-8), 0.999)
    attempt, law = foreseen(dop853(equation).attempt, equation), ErrorControl()
    flow = start(equation.fun, 0.0, [1.0])
    *_, last = march(attempt, begin(flow, law, 0.01), law, equation.until, equation.limits)
    flow = last.after.state
    copy = flow._replace(memory=decode(*encode(flow.memory), ()))
    onwards = foreseen(dop853(equation).attempt, equation)
    there, here = (onwards(each, Step(1e-5)).state.memory for each in (copy, flow))
    assert encode(there) == encode(here)
    refused = attempt(flow, Step(2.5e-3))
    assert not refused.evidence["error"].value <= 1.0
    assert encode(refused.state.memory.get(NAME)) == encode(flow.memory[NAME])


def test_points_that_are_worked_in_late_leave_the_same_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    equation = Equation(guarded(kepler), Tolerance(1e-6, 1e-6), 30.0)
    memories = []
    for waiting in (1, 40):
        monkeypatch.setattr(approach, "MOST_NEW", waiting)
        attempt, law = foreseen(dop853(equation).attempt, equation), ErrorControl()
        first = begin(start(kepler, 0.0, [0.4, 0.0, 0.0, 2.0]), law, 0.01)
        made = march(attempt, first, law, lambda flow: flow.time > 25.0, equation.limits)
        pasts = [past_of(each.after.state.memory[NAME]) for each in made if each.number]
        memories.append([encode(tuple(compressed(equation, each))) for each in pasts])
    assert len(memories[0]) > 40
    assert memories[0] == memories[1]


def test_lengths_that_vanish_at_a_pole_and_at_a_branch_point() -> None:
    left = 0.5 * 0.6 ** np.arange(9.0)
    pole = vanishing((1.0 - left).tolist(), (left / 2.0 + 0.1 * left**2).tolist())
    assert pole is not None
    assert abs(pole.time - 1.0) <= pole.error < 1e-5
    assert pole.slope == pytest.approx(2.0, abs=1e-3)
    lengths = (3.0 * left - 2.0 * left ** (5.0 / 3.0)).tolist()
    plain = vanishing((1.0 - left).tolist(), lengths)
    branch = vanishing((1.0 - left).tolist(), lengths, power=2.0 / 3.0)
    assert plain is not None
    assert branch is not None
    assert abs(branch.time - 1.0) <= 10.0 * branch.error
    assert abs(branch.time - 1.0) < 0.05 * abs(plain.time - 1.0)


def test_rates_alone_foretell_a_pole_and_no_exponential() -> None:
    times = np.array([0.0, 0.5, 0.75, 0.875])
    rates = np.column_stack([(1.0 - times) ** -2.0, np.exp(times), -((1.0 - times) ** -3.0)])
    left, slopes = forecast(times, rates)
    # The mean growth over a step of half the way is log 2 of 1.5 times that in its middle.
    assert left[[0, 2]] == pytest.approx(0.125, rel=0.1)
    assert slopes[0] == pytest.approx(2.0, rel=0.1)
    assert np.isnan(left[1])


def test_curvature_along_the_tangent() -> None:
    y = np.array([2.0, 0.5])

    def fun(t: float, y: Any) -> Any:
        return np.array([y[0] ** 3 + t, y[0] * y[1]])

    rate = fun(1.0, y)
    exact = [3.0 * y[0] ** 2 * rate[0] + 1.0, rate[0] * y[1] + y[0] * rate[1]]
    assert curvature(fun, 1.0, y, rate, 1e-4) == pytest.approx(exact, rel=1e-11)


@pytest.mark.parametrize("y0", [0.0, -1.0, 0.3])
@pytest.mark.parametrize("rtol", [1e-7, 1e-6, 5e-6, 2e-5, 1e-4, 1e-3])
def test_step_doubling_keeps_within_its_bar(y0: float, rtol: float) -> None:
    """Its steps are corrected by their own estimates: what is left is not an order better."""

    def doubled(equation: Equation) -> Any:
        return step_doubling(classical, 4, equation)

    truth = math.exp(-y0)
    for end in (0.99 * truth, 2.0 * truth):
        run = integrate(
            lambda t, y: np.exp(y), [y0], end, rtol=rtol, scheme=doubled, extrapolated=True
        )
        if run.found is not None:
            assert abs(run.found.time - truth) < run.found.error
            assert run.found.logarithmic
    assert run.ever
