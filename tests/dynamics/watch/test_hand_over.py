"""The hand-over: what it costs beside the stiff method alone, there and back, to the same bits."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from suite.core import Point, Status, Step
from suite.core.document import decode, encode
from suite.core.record import row_of
from suite.dynamics import solve
from suite.dynamics.equation import Equation, Flow, Tolerance
from suite.dynamics.watch.hand_over import EXPLICIT, STIFF
from suite.dynamics.watch.stiffness import stiff_intervals
from tests.dynamics.watch.stiff_cases import (
    STIFF_CASES,
    Counted,
    equation_of,
    handed_over,
    radau_of_scipy,
    relaxation,
    stiff_alone,
)


@pytest.mark.parametrize("rtol", [1e-4, 1e-6])
@pytest.mark.parametrize("case", STIFF_CASES)
def test_hand_over_against_radau_alone(case, rtol):
    """At most 1.5 times SciPy's Radau, Jacobian columns counted; 0.8 on van der Pol's equation."""
    fun, end, y0, share = STIFF_CASES[case]
    other, theirs = radau_of_scipy(fun, end, y0, rtol, share * rtol)
    counted = Counted(fun)
    cost, near = Counter(), 0
    for attempt in handed_over(Equation(counted, Tolerance(rtol, share * rtol), end), y0):
        cost.update(attempt.trial.cost)
        at_boundary = attempt.trial.notes.get("h_lambda", 0.0) > 0.5 * 6.1
        near += attempt.accept and attempt.phase == EXPLICIT and at_boundary
        if attempt.after.phase == STIFF and attempt.phase == EXPLICIT:
            assert near <= 20  # accepted steps at the boundary before it was seen
            assert attempt.after.bound == "stability"
            near = 0
    assert attempt.status == Status.ENDPOINT
    assert cost["evaluations"] == counted.calls
    assert counted.calls <= (0.8 if case == "van der pol" else 1.5) * theirs
    reached = attempt.after.state.y
    # Both within some tolerances of the truth; the jumps multiply what comes before them.
    assert np.max(np.abs(reached - other)) < 30.0 * rtol * np.max(np.abs(other))


def fast_relaxation(t, y):
    return -1e6 * (y - np.cos(t)) - np.sin(t)


def circuit(t, y):
    """A coil, a resistor and a capacitor from rest: 1 mH, 1 kOhm, 1 uF at 1 V."""
    return np.array([1e6 * y[1], 1e3 * (1.0 - y[0]) - 1e6 * y[1]])


def heat(t, y):
    """Diffusion along a rod of 50 cells between cold ends."""
    z = np.concatenate([[0.0], y, [0.0]])
    return 51.0**2 * (z[2:] - 2.0 * y + z[:-2])


def gear(t, y):
    """Three reactions: Gear 1969; Enright, Hull and Lindberg, BIT 15, 10 (1975), D4."""
    one, two = 1000.0 * y[0] * y[1], 2500.0 * y[0] * y[2]
    return np.array([-0.013 * y[1] - one - two, -0.013 * y[1] - one, -two])


# Where each starts, ends, and its atol over rtol. The first two start beside modes long gone, the
# others within a transient; alone they take SciPy's Radau 45 to 360 evaluations.
SHORT_CASES = {
    "short relaxation": (relaxation, 10.0, [1.0], 1.0),
    "fast relaxation": (fast_relaxation, 10.0, [1.0], 1.0),
    "circuit": (circuit, 5e-3, [0.0, 0.0], np.array([1.0, 1e-3])),
    "heat": (heat, 0.5, np.sin(np.linspace(0.0, np.pi, 52)[1:-1]), 1e-2),
    "gear": (gear, 50.0, [0.0, 1.0, 1.0], 1e-4),
}


@pytest.mark.parametrize("rtol", [1e-3, 1e-4, 1e-6])
@pytest.mark.parametrize("case", SHORT_CASES)
def test_hand_over_of_short_runs(case, rtol):
    """At most 1.5 times SciPy's Radau where the whole run is hardly longer than the seeing."""
    fun, end, y0, share = SHORT_CASES[case]
    other, theirs = radau_of_scipy(fun, end, y0, rtol, share * rtol)
    counted = Counted(fun)
    done = solve(counted, (0.0, end), y0, rtol=rtol, atol=share * rtol)
    assert done.success
    assert done.evaluations == counted.calls <= 1.5 * theirs
    apart = Tolerance(rtol, share * rtol).error(done.y[:, -1] - other, done.y[:, -1], other, 1)
    assert apart.value < 30.0


def test_a_step_refused_far_beyond_the_boundary_hands_over():
    """The first step of the circuit is 100 times too long for an explicit method, and refused."""
    done = solve(circuit, (0.0, 5e-3), [0.0, 0.0], rtol=1e-3, atol=np.array([1e-3, 1e-6]))
    rows = list(done.record)
    first = next(i for i, row in enumerate(rows) if row["phase"] == STIFF)
    assert [row["accepted"] for row in rows[1:first]] == [False]
    assert rows[first]["bound"] == "stability"


def test_a_start_beside_modes_that_are_gone_is_seen_after_one_step():
    done = solve(relaxation, (0.0, 10.0), [1.0], rtol=1e-4, atol=1e-4)
    assert [row["phase"] for row in done.record][:3] == [EXPLICIT, EXPLICIT, STIFF]


def test_the_jacobian_of_the_question_serves_the_first_implicit_step():
    done = solve(heat, (0.0, 0.5), SHORT_CASES["heat"][2], rtol=1e-4, atol=1e-6)
    # One Jacobian of 50 columns for both, since the equation is linear.
    assert done.evaluations < 50 + 150


def resonant(t, y):
    """A circuit of 1e5 / s with 5 turns to a decay, driven slowly: w^2 (cos t - q) - w q' / 5."""
    return np.array([y[1], 1e10 * (np.cos(t) - y[0]) - 2e4 * y[1]])


def spiral(degrees):
    """Modes 1e4 e^(+-i angle) from the negative axis, and a slow one, led by slow functions."""
    angle = math.radians(degrees)
    a, b = -1e4 * math.cos(angle), 1e4 * math.sin(angle)
    matrix = np.array([[a, -b, 0.0], [b, a, 0.0], [0.0, 0.0, -1.0]])
    return lambda t, y: matrix @ (y - np.array([np.cos(t), np.sin(t), np.sin(2.0 * t)]))


def drift(t, y):
    """Advection and little diffusion along 40 cells, past an inlet that changes slowly."""
    z = np.concatenate([[1.0 + 0.5 * np.sin(t)], y, [2.0 * y[-1] - y[-2]]])
    return -20.0 * (z[2:] - z[:-2]) + 1.6 * (z[2:] - 2.0 * z[1:-1] + z[:-2])


TURNING_CASES = {
    "resonant": (resonant, 20.0, [1.0, 0.0], np.array([1e-2, 1e3])),
    "spiral 75": (spiral(75.0), 5.0, [1.0, 0.0, 0.0], 1e-2),
    "spiral 84": (spiral(84.0), 5.0, [1.0, 0.0, 0.0], 1e-2),
    "drift": (drift, 30.0, np.ones(40), 1e-2),
}


@pytest.mark.parametrize("rtol", [1e-4, 1e-6])
@pytest.mark.parametrize("case", TURNING_CASES)
def test_hand_over_where_the_fast_modes_turn_but_are_gone(case, rtol):
    fun, end, y0, share = TURNING_CASES[case]
    equation = Equation(fun, Tolerance(rtol, share * rtol), end)
    spent, reached = [], []
    for attempts in (handed_over(equation, y0), stiff_alone(equation, y0)):
        cost = Counter()
        for attempt in attempts:
            cost.update(attempt.trial.cost)
        assert attempt.status == Status.ENDPOINT
        spent.append(cost["evaluations"])
        reached.append(attempt.after.state.y)
    assert spent[0] < 1.5 * spent[1]
    apart = equation.tolerance.error(reached[0] - reached[1], reached[0], reached[1], 1)
    assert apart.value < 30.0


def test_there_and_back_with_reasons_and_intervals():
    """Van der Pol's jumps at 807 and 1614 are no stiff places: Hairer and Wanner II, IV.1."""
    equation, y0 = equation_of("van der pol", 1e-6)
    rows, changes = [], []
    for attempt in handed_over(equation, y0):
        rows.append(row_of(attempt))
        if attempt.after.phase != attempt.phase:
            changes.append((attempt.after.phase, attempt.after.bound))
    there, back = (STIFF, "stability"), (EXPLICIT, "accuracy")
    assert changes[0::2] == [there] * len(changes[0::2])
    assert changes[1::2] == [back] * len(changes[1::2])
    stiff = stiff_intervals(rows)
    assert stiff[0][0] < 1.0
    assert stiff[-1][1] == 2000.0
    gaps = [(one[1], other[0]) for one, other in pairwise(stiff)]
    for jump in (807.05, 1614.25):
        assert any(first < jump < last for first, last in gaps)
    assert all(min(abs(first - jump) for jump in (807.1, 1614.3)) < 1.0 for first, _ in gaps)
    assert sum(last - first for first, last in gaps) < 1.0


@pytest.mark.parametrize("rtol", [1e-3, 1e-4, 1e-6])
def test_back_where_stiffness_ends_at_once(rtol):
    """y' = -L (y - sin 3t), L = 1e5 for 2 < t < 4 and 1 elsewhere, in closed form from t = 4."""

    def fun(t, y):
        return -(1e5 if 2.0 < t < 4.0 else 1.0) * (y - math.sin(3.0 * t))

    for attempt in handed_over(Equation(fun, Tolerance(rtol, 1e-2 * rtol), 10.0), [0.0]):
        if attempt.after.phase == STIFF:
            assert attempt.after.state.time < 4.5
    assert attempt.after.phase == EXPLICIT

    def forced(t):
        return (math.sin(3.0 * t) - 3.0 * math.cos(3.0 * t)) / 10.0

    exact = forced(10.0) + (math.sin(12.0) - forced(4.0)) * math.exp(-6.0)
    assert abs(attempt.after.state.y[0] - exact) < 10.0 * rtol


@pytest.mark.parametrize("broken", [3, 11, 30, 60])
def test_continued_from_a_stored_point_it_makes_the_same_bits(broken):
    def made():
        return equation_of("oregonator", 1e-4)

    kinds = (Point, Step, Flow)
    equation, y0 = made()
    whole = list(handed_over(equation, y0))
    point = decode(*encode(whole[broken].after, kinds), kinds)
    rest = list(handed_over(made()[0], point=point))
    assert [encode(a.after, kinds) for a in rest] == [
        encode(a.after, kinds) for a in whole[broken + 1 :]
    ]


def test_user_jacobian_spares_evaluations():
    fun, end, y0, share = STIFF_CASES["robertson"]

    def jacobian(t, y):
        fast, back = 6e7 * y[1], 1e4 * y[2]
        top = [-0.04, back, 1e4 * y[1]]
        return [top, [0.04, -back - fast, -1e4 * y[1]], [0.0, fast, 0.0]]

    spent = []
    for given in (None, jacobian):
        equation = Equation(fun, Tolerance(1e-6, share * 1e-6), end, jacobian=given)
        cost = Counter()
        for attempt in handed_over(equation, y0):
            cost.update(attempt.trial.cost)
        assert attempt.status == Status.ENDPOINT
        spent.append(cost["evaluations"])
    assert spent[1] < spent[0]
