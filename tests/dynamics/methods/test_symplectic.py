"""Symplectic methods: order conditions by measured orders, the symplectic form, bounded drift."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.core import Attempt, Fixed, Status, Step, begin, march
from suite.dynamics.equation import Equation, Flow, Scheme, Tolerance, start
from suite.dynamics.methods.symplectic import ORDERS, symplectic
from suite.errors import AttemptFailed, InputError

EVERY_ORDER = pytest.mark.parametrize("order", ORDERS)


class Orbit(NamedTuple):
    """A scheme, where it starts and how large its steps are."""

    scheme: Scheme
    equation: Equation
    flow: Flow
    step: float
    limits: Callable | None

    def attempts(self) -> Iterator[Attempt]:
        law, equation = Fixed(), self.equation
        first = begin(self.flow, law, self.step)
        return march(self.scheme.attempt, first, law, equation.until, self.limits)


def hamiltonian(velocity, force, span, q0, p0, *, step, order=4, scale=None):
    """The orbit of q' = velocity(p), p' = force(t, q)."""
    size = len(q0)

    def fun(time, y):
        return np.concatenate([velocity(y[size:]), force(time, y[:size])])

    equation = Equation(fun, Tolerance(0.0, 1.0), span[1], math.copysign(1.0, span[1] - span[0]))
    return Orbit(
        symplectic(velocity, force, equation, order, scale),
        equation,
        start(fun, span[0], [*q0, *p0]),
        step,
        equation.limits if scale is None else None,
    )


def states(orbit):
    """The points of a run, and how it ended."""
    attempts = list(orbit.attempts())
    return [one.after.state for one in attempts], attempts[-1].status


def pendulum(q0, p0, step, order, end=4.0):
    """q'' = -sin q."""
    return hamiltonian(
        lambda p: p, lambda t, q: -np.sin(q), (0.0, end), q0, p0, step=step, order=order
    )


def gravity(t, q):
    return -q * (q @ q) ** -1.5


def kepler(eccentricity, step, order, periods, scale=None):
    """From pericentre, GM = 1 and semi-major axis 1."""
    fast = math.sqrt((1.0 + eccentricity) / (1.0 - eccentricity))
    return hamiltonian(
        lambda p: p,
        gravity,
        (0.0, 2.0 * math.pi * periods),
        [1.0 - eccentricity, 0.0],
        [0.0, fast],
        step=step,
        order=order,
        scale=scale,
    )


def of_radius(q):
    """The time in which a Kepler orbit changes at q."""
    return (q @ q) ** 0.75


def kepler_energy(y):
    return 0.5 * (y[2] ** 2 + y[3] ** 2) - 1.0 / np.hypot(y[0], y[1])


def exact_swing(time):
    """The pendulum from rest at q = 1: sin(q/2) = k sn(K - t), k = sin(1/2), in 30 digits."""
    with mpmath.workdps(30):
        k = mpmath.sin(mpmath.mpf(1) / 2)
        quarter = mpmath.ellipk(k**2)
        return float(2 * mpmath.asin(k * mpmath.ellipfun("sn", quarter - time, m=k**2)))


@EVERY_ORDER
def test_the_order_of_convergence(order):
    counts = {2: (64, 128), 4: (16, 32), 6: (16, 32), 8: (10, 20)}[order]
    errors = []
    for count in counts:
        found, status = states(pendulum([1.0], [0.0], 4.0 / count, order))
        assert status is Status.ENDPOINT
        assert len(found) == count + 1
        errors.append(abs(found[-1].y[0] - exact_swing(4.0)))
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.5)


@EVERY_ORDER
def test_a_force_that_depends_on_time(order):
    # q'' = -q + 2 cos t, q(0) = 0, q'(0) = 1: q = (1 + t) sin t.
    errors = []
    for step in (0.4, 0.2):
        orbit = hamiltonian(
            lambda p: p,
            lambda t, q: -q + 2.0 * math.cos(t),
            (0.0, 4.0),
            [0.0],
            [1.0],
            step=step,
            order=order,
        )
        found, _ = states(orbit)
        errors.append(abs(found[-1].y[0] - 5.0 * math.sin(4.0)))
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.6)


@EVERY_ORDER
@given(q=st.floats(-3.0, 3.0), p=st.floats(-2.0, 2.0))
def test_a_step_keeps_the_symplectic_form_and_can_be_taken_back(order, q, p):
    # In one dimension: the Jacobian of a step has the determinant 1. By central differences whose
    # step d leaves d² of truncation and eps/d of rounding.
    def step(q, p, backwards=False):
        end = -4.0 if backwards else 4.0
        orbit = pendulum([q], [p], 0.2, order, end)
        return orbit.scheme.attempt(orbit.flow, Step(0.2)).state.y

    d = 1e-5
    columns = [
        (step(q + d, p) - step(q - d, p)) / (2.0 * d),
        (step(q, p + d) - step(q, p - d)) / (2.0 * d),
    ]
    assert np.linalg.det(columns) == pytest.approx(1.0, abs=1e-8)
    back = step(*step(q, p), backwards=True)
    np.testing.assert_allclose(back, [q, p], atol=20 * 2.3e-16 * 3.0)


@EVERY_ORDER
def test_the_energy_stays_where_it_is(order):
    # Over 100 periods of an orbit of e = 0.3 the error of the energy is that of the first ten.
    found, _ = states(kepler(0.3, 2.0 * math.pi / 40.0, order, 100))
    wrong = np.array([abs(kepler_energy(flow.y) + 0.5) for flow in found])
    assert wrong.max() < 1.5 * wrong[:401].max()


def test_higher_orders_pay():
    worst = []
    for order, composition in ORDERS.items():
        # The same number of forces a period.
        step = 2.0 * math.pi * len(composition.drifts) / 612.0
        found, _ = states(kepler(0.3, step, order, 3))
        worst.append(max(abs(kepler_energy(flow.y) + 0.5) for flow in found))
    # Blanes and Moan's error constant is small: order 6 hardly passes it at this accuracy.
    assert worst[0] > 100 * worst[1]
    assert worst[1] > 2 * worst[2]
    assert worst[2] > 10 * worst[3]


def test_rounding_grows_slowly():
    # Order 8 far below truncation: what is left is rounding. Plain sums of 17 drifts and kicks a
    # step come to 44 eps here.
    steps = 4_000
    orbit = hamiltonian(
        lambda p: p,
        lambda t, q: -q,
        (0.0, 0.05 * steps),
        [1.0],
        [0.0],
        step=0.05,
        order=8,
    )
    found, _ = states(orbit)
    energy = np.array([flow.y @ flow.y for flow in found])
    assert abs(energy - 1.0).max() < 8 * 2.3e-16


@EVERY_ORDER
def test_paced_steps_keep_the_energy_where_it_is(order):
    # At e = 0.9 the error of the last periods is that of the first, and a fixed step of the same
    # cost is useless.
    step = 2.0 * math.pi / {2: 200, 4: 40, 6: 40, 8: 20}[order]
    found, status = states(kepler(0.9, step, order, 20, of_radius))
    assert status is Status.ENDPOINT
    assert found[-1].time == 40.0 * math.pi
    wrong = np.array([abs(kepler_energy(flow.y) + 0.5) for flow in found])
    early, late = wrong[: len(wrong) // 4].max(), wrong[-len(wrong) // 4 :].max()
    assert late == pytest.approx(early, rel=0.01)
    fixed, _ = states(kepler(0.9, 40.0 * math.pi / (len(found) - 1), order, 20))
    assert max(abs(kepler_energy(flow.y) + 0.5) for flow in fixed) > 300 * early


def test_paced_steps_follow_the_scale():
    orbit = kepler(0.9, 2.0 * math.pi / 100, 4, 1, of_radius)
    attempts = list(orbit.attempts())[1:-1]  # the last is cut short by the end
    paces = [a.trial.notes["duration"] / of_radius(a.after.state.y[:2]) for a in attempts]
    # The middle of a step is its pace: half a step later the scale has changed by some tenths.
    np.testing.assert_allclose(paces, 2.0 * math.pi / 100, rtol=0.2)


@given(eccentricity=st.floats(0.0, 0.95))
def test_paced_steps_can_be_taken_back(eccentricity):
    orbit = kepler(eccentricity, 0.1, 4, 10, of_radius)
    flow = orbit.flow
    for _ in range(20):
        flow = orbit.scheme.attempt(flow, Step(0.1)).state
    turn = np.array([1.0, 1.0, -1.0, -1.0])
    back = flow._replace(y=turn * flow.y, rate=-turn * flow.rate, memory={**flow.memory})
    back.memory["symplectic"] = turn * flow.memory["symplectic"]
    for _ in range(20):
        back = orbit.scheme.attempt(back, Step(0.1)).state
    # Rounding of 40 steps, amplified on the way at most as velocities shear the phase at
    # pericentre, and some 1e-12 a step from the differences of the scale.
    np.testing.assert_allclose(turn * back.y, orbit.flow.y, atol=1e-9 / (1.0 - eccentricity) ** 2)


def test_a_scale_that_vanishes_ends_the_run():
    orbit = hamiltonian(
        lambda p: p, lambda t, q: -q, (0.0, 4.0), [1.0], [0.0], step=0.1, scale=lambda q: q[0]
    )
    *_, last = orbit.attempts()
    assert last.status is Status.FAILED
    assert last.refused.startswith("The scale of steps vanishes")
    assert last.after.state.time == pytest.approx(math.pi / 2.0, abs=1e-6)
    orbit = hamiltonian(
        lambda p: p, lambda t, q: -q, (0.0, 4.0), [1.0], [0.0], step=0.1, scale=lambda q: -1.0
    )
    *_, last = orbit.attempts()
    assert (last.number, last.status) == (1, Status.FAILED)
    assert last.refused.startswith("scale must be positive and finite. Got -1.0")


def test_costs_are_the_forces_taken():
    calls = []

    def force(t, q):
        calls.append(t)
        if len(calls) == fails:
            raise AttemptFailed("no force")
        return -q

    for order in ORDERS:
        fails = 0
        orbit = hamiltonian(lambda p: p, force, (0.0, 1.0), [1.0], [0.0], step=0.1, order=order)
        calls.clear()
        trial = orbit.scheme.attempt(orbit.flow, Step(0.1))
        assert trial.cost == {"evaluations": len(calls)}
        for fails in (1, len(ORDERS[order].drifts)):
            calls.clear()
            with pytest.raises(AttemptFailed, match="no force") as caught:
                orbit.scheme.attempt(orbit.flow, Step(0.1))
            assert caught.value.cost == {"evaluations": fails}


def test_the_polynomial_joins_the_points():
    orbit = pendulum([1.0], [0.5], 0.1, 4)
    after = orbit.scheme.attempt(orbit.flow, Step(0.1)).state
    polynomial, cost = orbit.scheme.dense(orbit.flow, after)
    assert cost == 0
    np.testing.assert_allclose(orbit.flow.y + polynomial.sum(0), after.y, atol=1e-15)
    np.testing.assert_allclose(polynomial[0], 0.1 * orbit.flow.rate, atol=1e-15)
    np.testing.assert_allclose(np.arange(1, 4) @ polynomial, 0.1 * after.rate, atol=1e-15)


def test_the_last_step_ends_at_the_end():
    found, status = states(pendulum([1.0], [0.0], 0.3, 4, end=1.0))
    assert status is Status.ENDPOINT
    assert [flow.time for flow in found] == pytest.approx([0.0, 0.3, 0.6, 0.9, 1.0])
    assert found[-1].time == 1.0


def test_a_force_that_is_not_finite_ends_the_run():
    orbit = hamiltonian(
        lambda p: p, lambda t, q: np.full(1, math.nan), (0.0, 1.0), [1.0], [0.0], step=0.1
    )
    _, status = states(orbit)
    assert status is Status.NOT_FINITE


@EVERY_ORDER
def test_lists_and_columns_are_vectors(order):
    """To the bit: the arithmetic is that of arrays."""
    span, q0, p0 = (0.0, 1.0), [1.0, 0.5], [0.0, 0.2]

    def end(velocity, force, scale):
        orbit = hamiltonian(velocity, force, span, q0, p0, step=0.1, order=order, scale=scale)
        *_, last = orbit.attempts()
        return last.after.state.y

    ours = end(list, lambda t, q: [-x for x in q], lambda q: np.array([1.0 + q[0] ** 2]))
    theirs = end(lambda p: p, lambda t, q: -q, lambda q: 1.0 + q[0] ** 2)
    assert np.array_equal(ours, theirs)


def test_what_a_function_raises_refuses_the_step_in_words():
    def force(time, q):
        return [-math.sqrt(0.5 - q[0])]

    orbit = hamiltonian(lambda p: p, force, (0.0, 9.0), [0.0], [1.0], step=0.1)
    *_, last = orbit.attempts()
    assert last.status is Status.FAILED
    assert last.refused.startswith("force raised ValueError (")
    assert 1 <= last.trial.cost["evaluations"] <= 6
    # Where it starts it is positive.
    orbit = hamiltonian(
        lambda p: p,
        lambda t, q: 0.0 * q,
        (0.0, 9.0),
        [0.0],
        [1.0],
        step=0.1,
        scale=lambda q: math.sqrt(1.0 - q[0]),
    )
    *_, last = orbit.attempts()
    assert last.refused.startswith("scale raised ValueError (")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"velocity": lambda p: [1.0]}, r"velocity must answer 2 values. Got shape \(1,\)."),
        ({"force": lambda t, q: 0.0}, r"force must answer 2 values. Got shape \(\)."),
        ({"scale": lambda q: q}, r"scale must answer one number. Got shape \(2,\)."),
    ],
)
def test_answers_of_another_length_are_refused(changed, said):
    given = {"velocity": lambda p: p, "force": lambda t, q: -q, "scale": None} | changed
    equation = Equation(lambda t, y: np.append(y[2:], -y[:2]), Tolerance(0.0, 1.0), 1.0)
    scheme = symplectic(given["velocity"], given["force"], equation, 2, given["scale"])
    with pytest.raises(InputError, match=said):
        scheme.attempt(start(equation.fun, 0.0, [1.0, 2.0, 3.0, 4.0]), Step(0.1))
