"""Symplectic runs as users call them: closed forms, bounded energy, resumed to the same bits."""

import numpy as np
import pytest

from suite.core import Status
from suite.dynamics import hamiltonian, solve
from suite.errors import InputError


def velocity(p):
    return p


def force(t, q):
    return -q / np.hypot(*q) ** 3


def energy(t, y):
    return 0.5 * (y[2] ** 2 + y[3] ** 2) - 1.0 / np.hypot(y[0], y[1])


ECCENTRIC = {"q0": [0.4, 0.0], "p0": [0.0, 2.0]}  # e = 0.6, period 2 pi


@pytest.mark.parametrize("order", [2, 4, 6, 8])
def test_the_order_of_an_oscillator(order):
    errors = []
    for step in (0.2, 0.1):
        done = hamiltonian(
            velocity, lambda t, q: -q, (0.0, 10.0), [1.0], [0.0], step=step, order=order
        )
        assert done.status is Status.ENDPOINT
        errors.append(np.hypot(done.y[0, -1] - np.cos(10.0), done.y[1, -1] + np.sin(10.0)))
    assert abs(np.log2(errors[0] / errors[1]) - order) < 0.4


def test_the_energy_of_an_orbit_stays_within_bounds():
    drifts = []
    for periods in (10, 100):
        span = (0.0, 2.0 * np.pi * periods)
        done = hamiltonian(
            velocity, force, span, **ECCENTRIC, step=0.02, invariants={"energy": energy}
        )
        drifts.append(done.invariants["energy"].largest_departure)
    assert drifts[1] < 1.5 * drifts[0] < 1e-3


def test_steps_that_follow_a_scale():
    span = (0.0, 20.0 * np.pi)
    even = hamiltonian(velocity, force, span, **ECCENTRIC, step=0.02)
    paced = hamiltonian(
        velocity, force, span, **ECCENTRIC, step=0.04, scale=lambda q: np.hypot(*q) ** 1.5
    )
    exact = solve(
        lambda t, y: np.concatenate([y[2:], force(t, y[:2])]),
        span,
        [0.4, 0.0, 0.0, 2.0],
        rtol=1e-12,
        atol=1e-13,
    )
    errors = [np.hypot(*(run.y[:2, -1] - exact.y[:2, -1])) for run in (even, paced)]
    assert paced.evaluations < 1.2 * even.evaluations
    assert errors[1] < 0.1 * errors[0]
    assert paced.t[-1] == span[1]


def test_a_run_goes_on_where_it_stopped(tmp_path):
    class Stop(Exception):
        pass

    def stop(attempt):
        if attempt.number == 70:
            raise Stop

    call = (velocity, force, (0.0, 5.0))
    way = {**ECCENTRIC, "step": 0.02, "dense_output": True, "invariants": {"energy": energy}}
    whole = hamiltonian(*call, **way)
    with pytest.raises(Stop):
        hamiltonian(*call, **way, store=tmp_path, observe=(stop,))
    done = hamiltonian(*call, **way, store=tmp_path)
    assert done.invariants == whole.invariants
    assert done.y.tobytes() == whole.y.tobytes()
    assert done.sol(2.5).tobytes() == whole.sol(2.5).tobytes()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"step": 0.0}, "step must be positive and finite. Got 0.0"),
        ({"order": 3}, "order must be one of 2, 4, 6, 8. Got 3"),
        ({"p0": [1.0]}, "vectors of one length"),
        ({"scale": lambda q: -1.0}, "scale must be positive and finite"),
        ({"t_span": (0.0, np.nan)}, "t_span must be finite"),
    ],
)
def test_bad_input(options, sentence):
    call = {"t_span": (0.0, 1.0), **ECCENTRIC, "step": 0.1, **options}
    with pytest.raises(InputError, match=sentence):
        hamiltonian(velocity, force, **call)


def test_a_watched_invariant_is_asked_once_a_step():
    calls = 0

    def counted(t, y):
        nonlocal calls
        calls += 1
        return energy(t, y)

    done = hamiltonian(
        velocity, force, (0.0, 20.0), **ECCENTRIC, step=0.02, invariants={"energy": counted}
    )
    at_start = 60  # judged there: gradient and rate by differences
    assert calls <= len(done.t) + at_start
    off = [energy(t, y) - energy(0.0, done.y[:, 0]) for t, y in zip(done.t, done.y.T, strict=True)]
    assert done.invariants["energy"].largest_departure == np.abs(off).max()
    assert [row["notes"]["energy_drift"] for row in [*done.record][1:]] == off[1:]


def test_an_invariant_that_the_force_does_not_conserve_is_refused_when_it_shows():
    def late(t, q):
        return -q * (1.0 + 0.5 * (t > 5.0))

    def oscillator(t, y):
        return 0.5 * (y @ y)

    with pytest.raises(InputError, match="energy is not conserved by the equation"):
        hamiltonian(
            velocity, late, (0.0, 20.0), [1.0], [0.0], step=0.3, invariants={"energy": oscillator}
        )
