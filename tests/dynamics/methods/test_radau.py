"""Radau IIA against closed forms, SciPy's Radau and the reference states of stiff problems."""

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from suite.core import ErrorControl, Fixed, Point, Status, Step, begin, march
from suite.core.document import decode, encode
from suite.dynamics.equation import Equation, Flow, Tolerance, first_size, guarded, smallest_step
from suite.dynamics.equation import start as first_point
from suite.dynamics.methods.radau import newton_limits, radau
from suite.dynamics.solve import solve
from suite.errors import InputError

REFERENCE = json.loads((Path(__file__).parents[2] / "reference" / "dynamics.json").read_text())
LAW = ErrorControl("error")


def state_of(case, time):
    """A reference state [n]."""
    (found,) = (entry for entry in REFERENCE["cases"] if entry["id"] == case)
    (values,) = (entry["state"] for entry in found["states"] if float(entry["t"]) == time)
    return np.array([float(value) for value in values])


def robertson(t, y):
    slow, fast, back = 0.04 * y[0], 3e7 * y[1] * y[1], 1e4 * y[1] * y[2]
    return np.array([back - slow, slow - back - fast, fast])


def van_der_pol(t, y):
    return np.array([y[1], 1000.0 * (1.0 - y[0] * y[0]) * y[1] - y[0]])


class Counted:
    """A function that counts its calls."""

    def __init__(self, fun):
        self.fun, self.calls = fun, 0

    def __call__(self, t, y):
        self.calls += 1
        return self.fun(t, y)


def walked(equation, y0, *, t0=0.0, stages=None, law=LAW, size=None, start=None, most=5000):
    """The attempts of a run with Radau."""
    scheme = radau(equation, stages)
    cost = {"evaluations": 1}
    if start is None:
        flow = first_point(equation.fun, t0, y0)
        if size is None:
            size, more = first_size(equation, flow, scheme.order)
            cost = {"evaluations": 1 + more}
        start = begin(flow, law, size, cost=cost)

    def limits(flow):
        return {**equation.limits(flow), **newton_limits(flow)}

    with np.errstate(all="ignore"):
        yield from march(
            scheme.attempt, start, law, equation.until, limits, floor=smallest_step, most=most
        )


def run(equation, y0, **options):
    """The last attempt of a run and its costs."""
    cost = Counter()
    for attempt in walked(equation, y0, **options):
        cost.update(attempt.trial.cost)
    return attempt, cost


@pytest.mark.parametrize(("stages", "size"), [(3, 0.1), (5, 0.5), (7, 4.0 / 3.0)])
def test_measured_order(stages, size):
    """The harmonic oscillator: the stability function is a Padé approximant of e^z."""
    errors = []
    for h in (2.0 * size, size):
        equation = Equation(lambda t, y: np.array([y[1], -y[0]]), Tolerance(1e-13, 1e-13), 8.0)
        last, _ = run(equation, [1.0, 0.0], stages=stages, law=Fixed(), size=h)
        assert last.status == Status.ENDPOINT
        errors.append(np.linalg.norm(last.after.state.y - [math.cos(8.0), -math.sin(8.0)]))
    assert abs(math.log2(errors[0] / errors[1]) - (2 * stages - 1)) < 0.2
    assert errors[1] > 1e-13  # above rounding, or else nothing was measured


def test_measured_order_of_a_nonlinear_equation():
    """y' = y^2 cos t has the solution 1 / (1 - sin t) from y(0) = 1."""
    errors = []
    for h in (-0.1, -0.05):
        equation = Equation(lambda t, y: y * y * np.cos(t), Tolerance(1e-12, 1e-12), -3.0, -1.0)
        last, _ = run(equation, [1.0], stages=3, law=Fixed(), size=-h)
        errors.append(abs(last.after.state.y[0] - 1.0 / (1.0 + math.sin(3.0))))
    assert abs(math.log2(errors[0] / errors[1]) - 5) < 0.3


def test_a_law_that_keeps_all_that_is_finite_keeps_no_step_that_did_not_converge():
    equation = Equation(lambda t, y: np.array([-1e3 * math.tan(y[0])]), Tolerance(1e-12), 9.0)
    last, _ = run(equation, [1.5], law=Fixed(), size=3.0, most=3)
    assert not last.accept
    assert last.status


@pytest.mark.parametrize("rtol", [1e-3, 1e-6, 1e-9])
def test_prothero_robinson(rtol):
    """y' = -1e6 (y - cos t) - sin t from the smooth solution y = cos t."""
    equation = Equation(
        lambda t, y: -1e6 * (y - np.cos(t)) - np.sin(t), Tolerance(rtol, rtol), 10.0
    )
    last, cost = run(equation, [1.0])
    # The equation forgets: what remains is the error of the last step.
    assert abs(last.after.state.y[0] - math.cos(10.0)) <= 2.0 * rtol
    assert cost["evaluations"] < 500


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("kind", [float, complex])
def test_linear_system_against_the_matrix_exponential(kind, given):
    matrix = np.array([[-1e4, 1e4, 0.0], [0.0, -30.0, 5.0], [0.0, -5.0, -1.0]], kind)
    if kind is complex:
        matrix[1, 1] -= 40.0j
    y0 = np.array([1.0, -1.0, 2.0], kind)
    fun = Counted(lambda t, y: matrix @ y)
    jacobian = (lambda t, y: matrix) if given else None
    equation = Equation(fun, Tolerance(1e-9, 1e-12), 2.0, jacobian=jacobian)
    last, cost = run(equation, y0)
    exact = expm(2.0 * matrix) @ y0
    assert np.max(np.abs(last.after.state.y - exact)) < 1e-9 * np.max(np.abs(y0))
    assert last.after.state.y.dtype == kind
    assert cost["evaluations"] == fun.calls
    assert cost["jacobians"] >= 1


@pytest.mark.parametrize(
    ("fun", "case", "y0", "end", "share"),
    [
        (robertson, "robertson", [1.0, 0.0, 0.0], 1e5, 1e-8),
        (van_der_pol, "van_der_pol_mu1000", [2.0, 0.0], 2000.0, 1e-6),
    ],
)
def test_reference_states_for_fewer_evaluations_than_scipy(fun, case, y0, end, share):
    rtol = 1e-6
    exact = state_of(case, end)
    peer = solve_ivp(fun, (0.0, end), y0, "Radau", rtol=rtol, atol=share * rtol, t_eval=[end])
    counted = Counted(fun)
    last, cost = run(Equation(counted, Tolerance(rtol, share * rtol), end), y0)
    assert last.status == Status.ENDPOINT
    assert cost["evaluations"] == counted.calls
    columns = len(y0) * peer.njev  # SciPy's count leaves the columns of its Jacobians out
    assert counted.calls < 0.85 * (peer.nfev + columns)
    assert np.max(np.abs(last.after.state.y - exact) / np.max(np.abs(exact))) < rtol


def switched(t):
    """The decay rate of an equation that is stiff for 2 < t < 4 alone."""
    return 1e5 if 2.0 < t < 4.0 else 1.0


def follower(times, rates, ends):
    """y' = -L (y - sin 3t) from y(0) = 0 in closed form, L = rates[i] until ends[i]."""
    found, first, y = [], 0.0, 0.0
    for rate, end in zip(rates, ends, strict=True):

        def forced(t, rate=rate):
            return (rate**2 * np.sin(3 * t) - 3 * rate * np.cos(3 * t)) / (rate**2 + 9.0)

        inside = times[(times > first) & (times <= end)]
        left = y - forced(first)
        found.append(forced(inside) + left * np.exp(-rate * (inside - first)))
        y = forced(end) + left * np.exp(-rate * (end - first))
        first = end
    return np.concatenate(found)


@pytest.mark.parametrize("rtol", [1e-3, 1e-4, 1e-6])
@pytest.mark.parametrize("turn", [None, 0.0, 0.9])
def test_stiffness_that_ends_is_not_hidden_by_the_jacobian_before_it(rtol, turn):
    """One equation alone, and beside another that stays stiff, in turned coordinates."""
    c, s = (1.0, 0.0) if turn is None else (math.cos(turn), math.sin(turn))
    turned = np.array([[c, s], [-s, c]])

    def fun(t, y):
        rates = np.array([switched(t), 1e6])
        if turn is None:
            return -rates[:1] * (y - math.sin(3.0 * t))
        return -turned.T @ (rates * (turned @ y - math.sin(3.0 * t)))

    equation = Equation(fun, Tolerance(rtol, 1e-2 * rtol), 10.0)
    kept = [a for a in walked(equation, [0.0] if turn is None else [0.0, 0.0]) if a.accept]
    assert kept[-1].status == Status.ENDPOINT
    flows = [attempt.after.state for attempt in kept if attempt.after.state.time > 0.0]
    times = np.array([flow.time for flow in flows])
    states = [(flow.y if turn is None else turned @ flow.y)[0] for flow in flows]
    exact = follower(times, [1.0, 1e5, 1.0], [2.0, 4.0, 10.0])
    # Some steps' errors add up where the equation does not forget.
    assert np.max(np.abs(states - exact)) < 12.0 * rtol


def test_backward_in_time():
    equation = Equation(lambda t, y: 1e3 * (y - np.cos(t)), Tolerance(1e-7, 1e-7), -3.0, -1.0)
    last, _ = run(equation, [2.0])
    # y = (1e6 cos t - 1e3 sin t) / (1 + 1e6) once the start is forgotten.
    exact = (1e6 * math.cos(3.0) + 1e3 * math.sin(3.0)) / (1.0 + 1e6)
    assert last.after.state.time == -3.0
    assert abs(last.after.state.y[0] - exact) < 4e-7  # two tolerances of absolute + relative |y|


@pytest.mark.parametrize("stages", [3, 5, 7])
def test_polynomial_of_a_step(stages):
    equation = Equation(lambda t, y: y * np.cos(t), Tolerance(1e-12, 1e-12), 1.0)
    scheme = radau(equation, stages)
    before = first_point(equation.fun, 0.0, [1.0])
    after = scheme.attempt(before, Step(0.1)).state
    coefficients, cost = scheme.dense(before, after)
    assert cost == 0
    theta = np.linspace(0.0, 1.0, 11)
    found = before.y + (theta[:, None] ** np.arange(1, stages + 1)) @ coefficients
    # Collocation is of order s + 1 within a step of 0.1; the derivatives of e^(sin t) are < 40.
    assert np.max(np.abs(found[:, 0] - np.exp(np.sin(0.1 * theta)))) < 40.0 * 0.1 ** (stages + 1)
    # Powers of seven stages are of size 1e3 and of both signs.
    assert abs(found[-1, 0] - after.y[0]) < 1e-12


@pytest.mark.parametrize("broken", [7, 40, 90])
def test_continued_from_a_stored_point_it_makes_the_same_bits(broken):
    def made():
        return Equation(van_der_pol, Tolerance(1e-5, 1e-9), 900.0)

    whole = list(walked(made(), [2.0, 0.0]))
    assert len(whole) > 100
    kinds = (Point, Step, Flow)
    point = decode(*encode(whole[broken].after, kinds), kinds)
    rest = list(walked(made(), None, start=point))
    assert len(rest) == len(whole) - broken - 1
    for one, other in zip(rest, whole[broken + 1 :], strict=True):
        assert encode(one.after, kinds) == encode(other.after, kinds)
        assert one.trial.cost == other.trial.cost


def test_a_function_that_raises_is_counted_and_ends_with_a_status():
    """y' = -100 sqrt(y) reaches zero at t = 0.02 and has no square root beyond."""
    fun = Counted(lambda t, y: np.array([-100.0 * math.sqrt(y[0])]))
    last, cost = run(Equation(guarded(fun), Tolerance(1e-6, 1e-9), 3.0), [1.0])
    assert last.status in (Status.FAILED, Status.NOT_FINITE, Status.UNDERFLOW)
    assert abs(last.after.state.time - 0.02) < 1e-5
    assert cost["evaluations"] == fun.calls


def test_not_a_number_is_a_refusal_and_no_warning():
    fun = Counted(lambda t, y: -y if t < 1.0 else np.full(1, np.nan))
    last, cost = run(Equation(fun, Tolerance(1e-6), 3.0), [1.0])
    assert last.status == Status.NOT_FINITE
    assert 0.99 < last.after.state.time <= 1.0
    assert cost["evaluations"] == fun.calls


def test_other_numbers_of_stages_are_refused():
    with pytest.raises(InputError, match=r"3, 5 or 7 stages\. Got 4"):
        radau(Equation(van_der_pol, Tolerance(1e-6)), 4)


@pytest.mark.parametrize("rtol", [0.0, np.array([1e-9, 0.0])])
def test_an_absolute_tolerance_alone(rtol):
    """Of a stiff pair with the closed form cos t, e^-t: errors of steps are damped or shrink, so
    those of a run are some allowed errors of one step."""
    allowed = 1e-7

    def fun(t, y):
        return np.array([-1e4 * (y[0] - np.cos(t)) - np.sin(t), -y[1]])

    equation = Equation(fun, Tolerance(rtol, allowed), 2.0)
    with np.errstate(all="ignore"):
        first = begin(first_point(fun, 0.0, [1.0, 1.0]), LAW, 1e-3)
        *_, last = march(radau(equation).attempt, first, LAW, equation.until, equation.limits)
    assert last.status is Status.ENDPOINT
    assert np.abs(last.after.state.y - [np.cos(2.0), np.exp(-2.0)]).max() < 10.0 * allowed


@pytest.mark.parametrize("atol", [1e-5, 1e-6, 1e-8])
def test_species_far_below_the_tolerance_are_followed_in_few_steps(atol):
    """Robertson's quick species is 1e-5 at first and 1e-13 at the end, whatever is asked of it."""

    def robertson(t, y):
        slow, fast, back = 0.04 * y[0], 3e7 * y[1] ** 2, 1e4 * y[1] * y[2]
        return np.array([back - slow, slow - back - fast, fast])

    done = solve(robertson, (0.0, 1e11), [1.0, 0.0, 0.0], "Radau", rtol=1e-6, atol=atol)
    assert done.success
    assert len(done.t) + done.rejected < 200
    # From a run of SciPy's Radau at tolerances of 1e-12 and 1e-20.
    assert abs(done.y[0, -1] - 2.0833e-8) < atol
