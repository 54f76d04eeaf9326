"""Stiffness seen where it is, and only there; the hand-over against SciPy's Radau alone."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from suite.core import ErrorControl, Point, Status, Step, begin, march, relay
from suite.core.document import decode, encode
from suite.core.record import row_of
from suite.dynamics.equation import Equation, Flow, Tolerance, first_size, smallest_step, start
from suite.dynamics.methods import explicit
from suite.dynamics.methods.explicit import dop853, dormand_prince
from suite.dynamics.methods.radau import newton_limits, radau
from suite.dynamics.watch.stiffness import (
    EXPLICIT,
    STIFF,
    hand_over,
    is_stiff,
    measured,
    stiff_intervals,
)

LAW = ErrorControl("error")


def robertson(t, y):
    slow, fast, back = 0.04 * y[0], 3e7 * y[1] * y[1], 1e4 * y[1] * y[2]
    return np.array([back - slow, slow - back - fast, fast])


def van_der_pol(t, y):
    return np.array([y[1], 1000.0 * (1.0 - y[0] * y[0]) * y[1] - y[0]])


def oregonator(t, y):
    a, b, c = y
    first = 77.27 * (b + a * (1.0 - 8.375e-6 * a - b))
    return np.array([first, (c - (1.0 + a) * b) / 77.27, 0.161 * (a - c)])


def relaxation(t, y):
    """Prothero and Robinson's equation, whose solution is cos t."""
    return -1e3 * (y - np.cos(t)) - np.sin(t)


def damped(t, y):
    """A damped mode that turns, beside a slow one."""
    return np.array([-500.0 * y[0] - 800.0 * y[1], 800.0 * y[0] - 500.0 * y[1], -y[2]])


STIFF_CASES = {
    "robertson": (robertson, 1e5, [1.0, 0.0, 0.0], 1e-8),
    "van der pol": (van_der_pol, 2000.0, [2.0, 0.0], 1e-6),
    "oregonator": (oregonator, 360.0, [1.0, 2.0, 3.0], 1e-4),
    "relaxation": (relaxation, 10.0, [2.0], 1.0),
    "damped": (damped, 10.0, [1.0, 0.0, 1.0], 1e-3),
}


def kepler(t, y):
    return np.concatenate([y[2:], -y[:2] / np.hypot(y[0], y[1]) ** 3])


def arenstorf(t, s):
    m, (x, y, u, v) = 0.012277471, s
    near, far = np.hypot(x + m, y) ** 3, np.hypot(x - 1 + m, y) ** 3
    return np.array(
        [
            u,
            v,
            x + 2 * v - (1 - m) * (x + m) / near - m * (x - 1 + m) / far,
            y - 2 * u - (1 - m) * y / near - m * y / far,
        ]
    )


def lorenz(t, y):
    return np.array([10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]])


def pleiades(t, s):
    masses, (x, y) = np.arange(1.0, 8.0), s[:14].reshape(2, 7)
    across, up = x - x[:, None], y - y[:, None]
    cubes = np.hypot(across, up) ** 3 + np.eye(7)
    return np.concatenate([s[14:], (across / cubes) @ masses, (up / cubes) @ masses])


def roessler(t, y):
    return np.array([-y[1] - y[2], y[0] + 0.2 * y[1], 0.2 + y[2] * (y[0] - 5.7)])


def oscillator(frequency, damping=0.0, force=0.0):
    """y'' + 2 damping frequency y' + frequency^2 y, driven at its own frequency, and a slow one."""

    def fun(t, y):
        driven = force * np.cos(frequency * t) - frequency**2 * y[0]
        return np.array([y[1], driven - 2.0 * damping * frequency * y[1], np.cos(t) - y[2]])

    return fun


PLACES = [3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4]
SPEEDS = [0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0]
OTHERS = {
    "kepler 0.6": (kepler, 20.0, [0.4, 0.0, 0.0, 2.0]),
    "kepler 0.99": (kepler, 20.0, [0.01, 0.0, 0.0, 199.0**0.5]),
    "arenstorf": (arenstorf, 17.0652165601579625, [0.994, 0.0, 0.0, -2.00158510637908252]),
    "lorenz": (lorenz, 20.0, [1.0, 1.0, 1.0]),
    "pleiades": (pleiades, 3.0, [*PLACES, *SPEEDS]),
    "roessler": (roessler, 60.0, [1.0, 1.0, 0.0]),
    "undamped": (oscillator(100.0), 2.0, [1.0, 0.0, 1.0]),
    "lightly damped": (oscillator(100.0, 0.01), 2.0, [1.0, 0.0, 1.0]),
    "damped and driven": (oscillator(100.0, 0.1, 1e3), 2.0, [1.0, 0.0, 1.0]),
}


def watched(equation, scheme):
    """A march of the watched scheme, with the time in its notes as a run keeps it."""
    attempt = measured(scheme.attempt, equation, scheme)

    def timed(flow, step):
        trial = attempt(flow, step)
        trial.notes["time"] = trial.state.time
        return trial

    def limits(flow):
        return {**equation.limits(flow), **newton_limits(flow)}

    law = LAW if scheme.name == "Radau" else explicit.LAW
    return lambda where: march(
        timed, where, law, equation.until, limits, floor=smallest_step, most=20_000
    )


def handed_over(equation, y0=None, *, point=None):
    """The attempts of a relay of an explicit method and Radau."""
    phases = {
        EXPLICIT: watched(equation, dop853(equation)),
        STIFF: watched(equation, radau(equation)),
    }
    with np.errstate(all="ignore"):
        if point is None:
            flow = start(equation.fun, 0.0, y0)
            size, spent = first_size(equation, flow, 8)
            cost, notes = {"evaluations": 1 + spent}, {"time": 0.0}
            point = begin(flow, LAW, size, cost=cost, notes=notes, phase=EXPLICIT)
        yield from relay(phases, point, hand_over)


def alone(equation, y0, method):
    """The last attempt of a watched explicit method by itself."""
    flow = start(equation.fun, 0.0, y0)
    size, _ = first_size(equation, flow, 5)
    with np.errstate(all="ignore"):
        for attempt in watched(equation, method(equation))(begin(flow, LAW, size)):
            if attempt.number >= 1000:
                break
    return attempt


def stiff_alone(equation, y0):
    """The attempts of Radau by itself."""
    flow = start(equation.fun, 0.0, y0)
    size, spent = first_size(equation, flow, 5)
    point = begin(flow, LAW, size, cost={"evaluations": 1 + spent}, phase=STIFF)
    with np.errstate(all="ignore"):
        yield from watched(equation, radau(equation))(point)


def equation_of(case, rtol):
    fun, end, y0, share = STIFF_CASES[case]
    return Equation(fun, Tolerance(rtol, share * rtol), end), y0


@pytest.mark.parametrize("rtol", [1e-4, 1e-6])
@pytest.mark.parametrize("case", STIFF_CASES)
def test_hand_over_against_radau_alone(case, rtol):
    """At most 1.5 times SciPy's Radau, Jacobian columns counted; 0.8 on van der Pol's equation."""
    fun, end, y0, share = STIFF_CASES[case]
    calls = 0

    def counted(t, y):
        nonlocal calls
        calls += 1
        return fun(t, y)

    peer = solve_ivp(counted, (0.0, end), y0, "Radau", rtol=rtol, atol=share * rtol, t_eval=[end])
    theirs, calls = calls, 0
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
    assert cost["evaluations"] == calls
    assert calls <= (0.8 if case == "van der pol" else 1.5) * theirs
    reached, other = attempt.after.state.y, peer.y[:, -1]
    # Both within some tolerances of the truth; the jumps multiply what comes before them.
    assert np.max(np.abs(reached - other)) < 30.0 * rtol * np.max(np.abs(other))


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


@pytest.mark.parametrize("rtol", [1e-3, 1e-6, 1e-10])
@pytest.mark.parametrize("case", OTHERS)
def test_never_on_equations_that_are_not_stiff(case, rtol):
    fun, end, y0 = OTHERS[case]
    asked = 0
    for attempt in handed_over(Equation(fun, Tolerance(rtol, rtol), end), y0):
        assert attempt.after.phase == EXPLICIT
        assert not is_stiff(attempt.after.state)
        asked += attempt.trial.cost["evaluations"] > 12
    assert asked <= 3


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
