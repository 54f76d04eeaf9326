"""The integrator of reaction paths: its promise, its estimate, and surfaces that misbehave."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from suite.chemistry import MullerBrown, trace
from suite.core import Status
from suite.errors import AttemptFailed
from suite.molecule import BOHR

SURFACE = MullerBrown()
SADDLE = SURFACE.saddle
SIDES = {"forward": 1.0, "reverse": -1.0}


@pytest.fixture(scope="module")
def curves():
    """Both sides by Radau from very near the saddle, densely, as [points, 2]."""
    mode = np.linalg.eigh(SURFACE.hessian(SADDLE))[1][:, 0]
    mode = mode * np.sign(mode[np.argmax(np.abs(mode))])

    def rate(_, x):
        gradient = SURFACE.measure(x).gradient
        return -gradient / np.linalg.norm(gradient)

    def flat(s, x):
        return 1.0 if s < 0.1 else float(np.linalg.norm(SURFACE.measure(x).gradient)) - 1e-5

    flat.terminal = True
    found = {}
    for name, sign in SIDES.items():
        start = SADDLE + sign * 1e-4 * mode
        run = solve_ivp(
            rate, (0, 5), start, "Radau", rtol=1e-9, atol=1e-11, events=flat, dense_output=True
        )
        found[name] = run.sol(np.linspace(0, run.t[-1], 20001)).T
    return found


def missed(path, curves):
    """Distances of the frames of both sides from the exact curves, and what was claimed of them."""
    distances, claimed = [], []
    for name, sign in SIDES.items():
        frames = np.flatnonzero(sign * path.s > 1e-3)
        places = path.coordinates[frames].reshape(-1, 2) / BOHR
        distances += [np.linalg.norm(curves[name] - x, axis=1).min() for x in places]
        claimed += path.error_estimate[frames].tolist()
    return np.array(distances), np.array(claimed)


LADDER = (0.04, 0.02, 0.01, 0.005)
RUNS = (0.08, 0.056, 0.034, 0.028, 0.02, 0.014, 0.01, 0.007, 0.005, 0.0035)


@cache
def traced(accuracy):
    return trace(SURFACE, start=SADDLE, accuracy=accuracy, ends=False)


@pytest.mark.parametrize(
    "accuracy",
    [
        *LADDER,
    ],
)
def test_the_error_stays_below_a_tenth_of_a_promise_that_is_halved_and_halved(accuracy, curves):
    """The error itself jumps from run to run: what halves with the accuracy is its bound."""
    path = traced(accuracy)
    assert set(path.status.values()) == {Status.ENDPOINT}
    assert missed(path, curves)[0].max() < 0.1 * accuracy


def test_a_stricter_promise_costs_more_gradients():
    paid = [traced(accuracy).record.tally.cost["gradients"] for accuracy in LADDER[1:]]
    assert paid == sorted(paid)


def test_the_error_estimate_covers_the_error_in_nine_runs_of_ten(curves):
    covered = []
    for accuracy in RUNS:
        distances, claimed = missed(traced(accuracy), curves)
        assert claimed.max() <= 1.1 * accuracy + 1e-12  # what it stopped at, and the floor
        covered.append(bool(np.all(distances <= claimed)))
    assert sum(covered) >= 9


@dataclass(frozen=True, eq=False)
class Faulty(MullerBrown):
    """Müller-Brown whose n-th measurement does what `at[n]` says; `calls` are the geometries."""

    at: Any = field(default_factory=dict)
    calls: Any = field(default_factory=list)

    def measure(self, x, guess=None):
        self.calls.append(x.tobytes())
        fault = self.at.get(len(self.calls))
        if isinstance(fault, BaseException):
            raise fault
        found = super().measure(x)
        return found if fault is None else found._replace(energy=fault)


def same(path, other):
    for name in ("s", "energy", "coordinates", "gradient_norm", "curvature", "error_estimate"):
        np.testing.assert_array_equal(getattr(path, name), getattr(other, name))


def test_a_run_killed_at_any_gradient_repeats_none(tmp_path):
    whole = Faulty()
    path = trace(whole, start=SADDLE)
    count = len(whole.calls)
    for kill in (1, 2, count // 3, count - 4):
        store = tmp_path / str(kill)
        first = Faulty(at={kill: KeyboardInterrupt()})
        with pytest.raises(KeyboardInterrupt):
            trace(first, start=SADDLE, store=store)
        second = Faulty()
        resumed = trace(second, start=SADDLE, store=store)
        # The one in flight is asked again, no other; the side not killed may go on meanwhile.
        lost = first.calls.pop(kill - 1)
        assert lost in second.calls
        assert sorted(first.calls + second.calls) == sorted(whole.calls)
        same(resumed, path)
        assert resumed.summary() == path.summary()


def test_both_sides_at_once_are_the_two_sides_one_after_another():
    one, two = (trace(SURFACE, start=SADDLE, jobs=jobs) for jobs in (1, 2))
    same(one, two)
    assert one.summary() == two.summary()
    assert one.record.to_csv() == two.record.to_csv()


@dataclass(frozen=True, eq=False)
class Stepped(MullerBrown):
    """Another electronic state beyond a plane: its energy is higher, its gradients the same."""

    plane: float = 0.0
    height: float = 0.02

    def measure(self, x, guess=None):
        found = super().measure(x)
        return found._replace(energy=found.energy + self.height * (x[1] < self.plane))


@pytest.mark.parametrize(("share", "height"), [(0.3, 0.02), (0.6, -0.02)])
def test_a_step_in_the_energy_is_never_traced_through(share, height, curves):
    plane = float(curves["forward"][int(share * 20001), 1])
    path = trace(Stepped(plane=plane, height=height), start=SADDLE)
    assert path.status["reverse"] is Status.ENDPOINT
    assert path.status["forward"] is Status.UNDERFLOW
    end = path.ends["forward"]
    assert end.kind == "underflow"
    assert "another electronic state" in end.sentence
    frames = path.coordinates[path.s > 0.0].reshape(-1, 2) / BOHR
    assert np.all(frames[:, 1] > plane - 0.01)
    clean = Faulty().measure(frames[-1]).energy
    assert path.energy[-1] == pytest.approx(clean, abs=1e-3)  # nothing of the other state


FAULTS = [AttemptFailed("The SCF did not converge.", {"gradients": 1}), np.nan, np.inf]


@pytest.mark.parametrize("fault", FAULTS, ids=["raises", "nan", "infinity"])
def test_failures_now_and_then_are_recorded_and_walked_round(fault, curves):
    numbers = (2, 4, 5, 20)
    surface = Faulty(at=dict.fromkeys(numbers, fault))
    path = trace(surface, start=SADDLE, ends=False)
    assert set(path.status.values()) == {Status.ENDPOINT}
    assert missed(path, curves)[0].max() < 0.01
    assert sum(path.record.tally.refused.values()) >= len(numbers)
    assert path.record.tally.cost["gradients"] == len(surface.calls)
    for name in ("energy", "coordinates", "gradient_norm", "error_estimate"):
        assert np.isfinite(getattr(path, name)).all()


@pytest.mark.parametrize("fault", FAULTS, ids=["raises", "nan", "infinity"])
def test_a_failure_for_good_keeps_the_path_and_says_so(fault):
    path = trace(Faulty(at=dict.fromkeys(range(8, 200), fault)), start=SADDLE, ends=False)
    wanted = Status.FAILED if isinstance(fault, AttemptFailed) else Status.NOT_FINITE
    assert path.status["reverse"] is wanted
    assert path.status["reverse"].sentence in path.ends["reverse"].sentence
    assert np.isfinite(path.energy).all()
    assert np.count_nonzero(path.s < 0.0) >= 1  # as far as the calls before it led
