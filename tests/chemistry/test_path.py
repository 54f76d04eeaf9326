"""Whole paths: on a surface in closed form, on molecules, and on surfaces that misbehave."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from suite.chemistry import MullerBrown, pyscf_surface, read_xyz, trace
from suite.chemistry.following.course import FLAT
from suite.core import ErrorControl, Fixed, Status
from suite.errors import AttemptFailed, InputError, StoreMismatch
from suite.molecule import BOHR

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "tests" / "reference"
SADDLE = np.array([-0.8220015587, 0.6243128028])  # Müller and Brown (1979), table


@pytest.fixture(scope="module")
def exact_side():
    """The forward side by Radau with the analytic Hessian, from very near the saddle."""
    surface = MullerBrown()
    saddle = minimize(
        lambda x: float(np.sum(surface.measure(x).gradient ** 2)), SADDLE, tol=1e-14
    ).x
    _, modes = np.linalg.eigh(surface.hessian(saddle))
    mode = modes[:, 0] * np.sign(modes[np.argmax(np.abs(modes[:, 0])), 0])

    def rate(_, x):
        gradient = surface.measure(x).gradient
        return -gradient / np.linalg.norm(gradient)

    def flat(_, x):
        return float(np.sqrt(np.mean(surface.measure(x).gradient ** 2))) - FLAT

    flat.terminal = True
    flat.direction = -1
    run = solve_ivp(
        rate,
        (1e-3, 5.0),
        saddle + 1e-3 * mode,
        "Radau",
        rtol=1e-8,
        atol=1e-10,
        events=flat,
        dense_output=True,
    )
    return run.sol, run.t[-1]


def misses(path, exact_side):
    """Distances of the forward frames from the exact curve."""
    curve, end = exact_side
    s = np.linspace(1e-3, end, 20001)
    points = curve(s).T
    frames = path.coordinates[path.s > 1e-3].reshape(-1, 2) / BOHR
    return np.array([np.min(np.linalg.norm(points - frame, axis=1)) for frame in frames])


@pytest.mark.parametrize("accuracy", [0.02, 0.005, 0.001])
def test_the_promise_is_kept_on_muller_brown(exact_side, accuracy):
    path = trace(MullerBrown(), start=SADDLE, accuracy=accuracy)
    assert path.status == {"reverse": Status.ENDPOINT, "forward": Status.ENDPOINT}
    assert misses(path, exact_side).max() < accuracy


def test_energy_falls_on_both_sides_and_costs_are_counted():
    path = trace(MullerBrown(), start=SADDLE)
    top = int(np.flatnonzero(path.s == 0.0)[0])
    assert np.all(np.diff(path.energy[: top + 1]) > 0.0)
    assert np.all(np.diff(path.energy[top:]) < 0.0)
    cost = path.record.tally.cost
    assert sum(path.gradients_by_task().values()) == cost["gradients"]
    assert cost["hessians"] == 3  # the saddle and both ends are proved
    alone = trace(MullerBrown(), start=SADDLE, ends=False).record.tally.cost
    assert alone["hessians"] == 1
    assert alone["gradients"] < cost["gradients"]
    summary = path.summary()
    assert json.loads(json.dumps(summary)) == summary


def test_a_tolerance_below_rounding_ends_with_a_status_not_with_creeping():
    path = trace(MullerBrown(), start=SADDLE, accuracy=1e-17)
    assert all(path.status.values())
    assert path.record.tally.attempts <= 4000


def kabsch_misses(path, case):
    """Mass-weighted distances of frames to the reference spline, after optimal rotation."""
    masses = np.array(case["masses_amu"])
    reference = case["path"] if "path" in case else case["points"]
    s = np.array([point["s"] for point in reference])
    spline = CubicSpline(s, np.array([point["xyz"] for point in reference]))
    found = []
    for frame, where in zip(path.coordinates, path.s, strict=True):

        def distance(at, frame=frame):
            there = spline(at)
            a = frame - np.average(frame, axis=0, weights=masses)
            b = there - np.average(there, axis=0, weights=masses)
            _, root = Rotation.align_vectors(a, b, weights=masses)
            return root / BOHR

        inside = np.clip(where + np.linspace(-0.05, 0.05, 41), s[0], s[-1])
        if s[0] <= where <= s[-1]:
            found.append(min(distance(at) for at in inside))
    return np.array(found)


@pytest.mark.parametrize(
    ("name", "barriers", "accuracy"),
    [
        ("hcn_hnc", (67.797, 58.779), 0.01),
        # A small barrier: the saddle itself is as flat as the end of a path.
        ("nh3_inversion", (1.61, 1.61), 0.01),
        ("nh3_inversion", (1.61, 1.61), 0.001),
    ],
)
def test_molecules_follow_their_reference_path(name, barriers, accuracy, tmp_path):
    case = json.loads((REFERENCE / f"{name}.json").read_text())
    start = tmp_path / "ts.xyz"
    rows = zip(case["symbols"], case["ts"]["xyz"], strict=True)
    atoms = [f"{e} {x:.8f} {y:.8f} {z:.8f}" for e, (x, y, z) in rows]
    start.write_text("\n".join([str(len(atoms)), "", *atoms]))
    path = trace(start, method="hf", basis="3-21g", accuracy=accuracy)
    assert path.status == {"reverse": Status.ENDPOINT, "forward": Status.ENDPOINT}
    assert path.imaginary_frequency == pytest.approx(case["ts"]["imaginary_frequency_cm1"], abs=1.0)
    # The end is where the RMS gradient is 5e-4, up to 0.01 kcal/mol above the minimum.
    assert path.barrier("reverse") == pytest.approx(barriers[0], abs=0.02)
    assert path.barrier("forward") == pytest.approx(barriers[1], abs=0.02)
    assert kabsch_misses(path, case).max() < accuracy


@dataclass(frozen=True, eq=False)
class Spoiled(MullerBrown):
    """Müller-Brown with a fault at the measurements whose number is listed."""

    fault: str = ""
    when: Any = ()
    calls: Any = None

    def measure(self, x, guess=None):
        found = super().measure(x)
        self.calls.append(1)
        if len(self.calls) in self.when:
            if self.fault == "raises":
                raise AttemptFailed("The SCF did not converge in 50 cycles.", {"gradients": 1})
            return found._replace(gradient=found.gradient * np.nan)
        return found


@pytest.mark.parametrize("fault", ["raises", "nan"])
def test_a_surface_that_fails_now_and_then_is_walked_round(fault, exact_side):
    path = trace(Spoiled(fault=fault, when={3, 7, 8, 20}, calls=[]), start=SADDLE)
    assert path.status["forward"] is Status.ENDPOINT
    assert misses(path, exact_side).max() < 0.01
    assert sum(path.record.tally.refused.values()) >= 4


@pytest.mark.parametrize(
    ("fault", "status"), [("raises", Status.FAILED), ("nan", Status.NOT_FINITE)]
)
def test_a_surface_that_fails_for_good_ends_with_its_status_and_keeps_the_path(fault, status):
    path = trace(Spoiled(fault=fault, when=range(10, 10**6), calls=[]), start=SADDLE)
    assert path.status["reverse"] is status
    assert len(path.s) >= 4  # three points of the side that failed, and the saddle
    assert path.summary()["status"] == status.name.lower()


def test_a_resumed_run_answers_from_its_store(tmp_path):
    path = trace(MullerBrown(), start=SADDLE, store=tmp_path)
    again = trace(
        Spoiled(when=range(10**6), calls=[], fault="raises"), start=SADDLE, store=tmp_path
    )
    np.testing.assert_array_equal(path.coordinates, again.coordinates)
    assert path.summary() == again.summary()
    with pytest.raises(StoreMismatch, match=r"options\.accuracy was 0\.01, now 0\.02"):
        trace(MullerBrown(), start=SADDLE, store=tmp_path, accuracy=0.02)


@pytest.mark.parametrize("law", [ErrorControl(), Fixed()])
def test_any_law_of_the_core_drives_the_path(law, exact_side):
    path = trace(MullerBrown(), start=SADDLE, law=law)
    assert misses(path, exact_side).max() < 0.02


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        (np.array([-0.558, 1.442]), "exactly one imaginary mode. Found none"),
    ],
)
def test_what_is_no_saddle_is_refused(start, sentence):
    surface = MullerBrown()
    start = minimize(lambda x: surface.measure(x).energy, start, tol=1e-12).x
    with pytest.raises(InputError, match=sentence):
        trace(surface, start=start)


def test_muller_brown_gradient_and_hessian_agree_with_differences():
    surface, x, h = MullerBrown(), np.array([-0.3, 0.7]), 1e-5
    for i in range(2):
        step = h * np.eye(2)[i]
        up, down = surface.measure(x + step), surface.measure(x - step)
        assert (up.energy - down.energy) / (2 * h) == pytest.approx(
            surface.measure(x).gradient[i], rel=1e-7
        )
        np.testing.assert_allclose(
            (up.gradient - down.gradient) / (2 * h), surface.hessian(x)[i], rtol=1e-6
        )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"basis": "no-such-basis"}, "no basis 'no-such-basis'"),
        ({"method": "no-such-functional"}, "Got 'no-such-functional'"),
        ({"charge": 1}, "charge 1 with spin 0"),
        ({"charge": 14}, "charge 14"),
        ({"accuracy": -1.0}, "accuracy must be positive"),
    ],
)
def test_what_pyscf_cannot_do_is_refused_by_a_sentence(options, sentence):
    with pytest.raises(InputError, match=sentence):
        trace(ROOT / "examples" / "chemistry" / "hcn.xyz", **{"basis": "3-21g", **options})


def test_an_open_shell_and_a_functional_give_a_gradient_that_is_the_energys_slope(tmp_path):
    (tmp_path / "oh.xyz").write_text("2\nspin=1\nO 0 0 0\nH 0 0 1.1\n")
    for method in ("hf", "lda,vwn"):
        surface = pyscf_surface(read_xyz(tmp_path / "oh.xyz"), method, "sto-3g")
        x = np.array([0, 0, 0, 0, 0, 1.1]) / BOHR
        step = np.array([0, 0, 0, 0, 0, 1e-3])
        up, down = surface.measure(x + step), surface.measure(x - step)
        slope = (up.energy - down.energy) / 2e-3
        # A DFT grid moves with the atoms; its share of the slope is left out, as PySCF does.
        assert surface.measure(x).gradient[5] == pytest.approx(
            slope, abs=2e-5 if method == "hf" else 1e-3
        )
