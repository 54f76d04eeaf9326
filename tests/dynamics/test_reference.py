"""Every stored reference state through `solve`, within a bound that the flow itself gives.

A run keeps the local error of each step below its tolerance. To first order the error at the end is
the sum of the local errors e_i, each carried there by the flow: S(t_i) e_i with S(t) = dy(T)/dy(t),
which solves S' = -S J backwards from S(T) = 1. With the norm of the step control, |e_i| is at most
sqrt(n) in units of its scale, so |error_k| <= sum over i of sqrt(n) |S_k(t_i) scale_i|. S comes
from SciPy, and the Jacobian from complex steps through the right-hand side.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from suite.core import Status
from suite.dynamics import solve
from suite.dynamics.problems import problem

FILE = Path(__file__).parents[1] / "reference" / "dynamics.json"
CASES = {case["id"]: case for case in json.loads(FILE.read_text())["cases"]}
EPS = np.finfo(float).eps

PROBLEMS = {
    "kepler_e0.6": problem("kepler", eccentricity=0.6),
    "kepler_e0.9": problem("kepler", eccentricity=0.9),
    "arenstorf": problem("arenstorf"),
    "pleiades": problem("pleiades"),
    "lorenz": problem("lorenz"),
    "robertson": problem("robertson"),
    "van_der_pol_mu1000": problem("van_der_pol"),
    "blowup_p3_A1_y1": problem("blow_up", p=3.0),
    "blowup_p3_A2.5_y0.3": problem("blow_up", p=3.0, factor=2.5, start=0.3),
    "blowup_p2_A1_y1": problem("blow_up", p=2.0),
    "riccati_y0_0": problem("riccati"),
}
STIFF = {"robertson": 1e-8, "van_der_pol_mu1000": 1e-6}
"""The absolute tolerance over the relative one, where components are small by nature."""
THOUSAND_PERIODS = "6284.2"
"""Where the tests of orbits look."""


def jacobian(p, t, y):
    """df/dy by complex steps: exact to rounding."""
    units = 1e-30j * np.eye(y.size)
    return np.array([p.fun(t, y + unit).imag / 1e-30 for unit in units]).T


def sensitivity(p, end, times):
    """dy(end)/dy(t) [m, n, n] at the times, by SciPy."""
    n = len(p.y0)
    span = (p.t_span[0], end)
    path = solve_ivp(p.fun, span, p.y0, "DOP853", rtol=1e-9, atol=1e-14, dense_output=True)

    def back(t, flat):
        return -(flat.reshape(n, n) @ jacobian(p, t, path.sol(t))).ravel()

    found = solve_ivp(
        back, span[::-1], np.eye(n).ravel(), "DOP853", t_eval=times[::-1], rtol=1e-6, atol=1e-9
    )
    return found.y.T.reshape(-1, n, n)[::-1]


def bound_of(p, done, rtol, atol):
    """What the error of each component at the end cannot pass [n]."""
    n = len(p.y0)
    sizes = np.abs(done.y.T)
    larger = np.maximum(sizes[:-1], sizes[1:])
    scale = atol + rtol * larger
    carried = sensitivity(p, done.t[-1], done.t[1:])
    truncation = np.sqrt(n) * np.sqrt(((carried * scale[:, None, :]) ** 2).sum(2))
    rounding = (np.abs(carried) * EPS * larger[:, None, :]).sum(2)
    return (truncation + rounding).sum(0)


def reached(p, time, rtol, atol):
    done = solve(p.fun, (p.t_span[0], time), p.y0, rtol=rtol, atol=atol, jac=p.jacobian)
    assert done.status == Status.ENDPOINT, done.message
    assert done.t[-1] == time
    return done


def states(chosen):
    return pytest.mark.parametrize(
        ("identity", "time", "state"),
        [
            pytest.param(
                identity,
                float(row["t"]),
                np.array([float(x) for x in row["state"]]),
                id=f"{identity}-{row['t'][:8]}",
            )
            for identity in chosen
            for row in CASES[identity]["states"]
            if row["t"] != THOUSAND_PERIODS
        ],
    )


@states([identity for identity in PROBLEMS if identity not in STIFF])
def test_state(identity, time, state):
    p = PROBLEMS[identity]
    rtol = 1e-11 if (identity, time) == ("lorenz", 20.0) else 1e-9
    done = reached(p, time, rtol, rtol)
    bound = bound_of(p, done, rtol, rtol)
    # A bound that says nothing would hold too.
    assert (bound < 0.05 * np.abs(state).max()).all()
    rounded = EPS * abs(time) * np.abs(p.fun(time, state)) + EPS * np.abs(state)
    error = np.abs(done.y[:, -1] - state)
    assert (error <= bound + rounded).all(), (error / bound).max()


@states(STIFF)
@pytest.mark.parametrize("rtol", [1e-5, 1e-8])
def test_stiff_state(identity, time, state, rtol):
    """The flow forgets: only the last errors count, and each is below one tolerance.

    Van der Pol's jump does not forget its time, but the estimate of Radau IIA is of order 3 and its
    error of order 5, so that the sum too stays below one tolerance of each component.
    """
    atol = STIFF[identity] * rtol
    done = reached(PROBLEMS[identity], time, rtol, atol)
    assert (np.abs(done.y[:, -1] - state) <= rtol * np.abs(state) + atol).all()
