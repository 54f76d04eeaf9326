"""Orbits against closed forms, symmetries and forces worked out in another way."""

import json
import math
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.core import Status
from suite.dynamics.orbits.bodies import Bodies, two_bodies
from suite.dynamics.orbits.elements import elements_of
from suite.dynamics.orbits.orbit import orbit
from suite.errors import InputError, StoreMismatch

REFERENCE = json.loads(
    (Path(__file__).parents[2] / "reference" / "dynamics.json").read_text(encoding="utf-8")
)
KEPLER = {case["id"]: case for case in REFERENCE["cases"] if case["id"].startswith("kepler")}


def exact_state(y0, time):
    """The planar Kepler orbit with G M = 1 from these doubles at pericentre, in 50 digits."""
    mp.mp.dps = 50
    x, vy, time = mp.mpf(float(y0[0])), mp.mpf(float(y0[3])), mp.mpf(float(time))
    a = 1 / (2 / x - vy * vy)
    e = 1 - x / a
    n = a ** mp.mpf("-1.5")
    mean = n * time - 2 * mp.pi * mp.nint(n * time / (2 * mp.pi))
    start = mp.sign(mean) * min(mp.pi, abs(mean) + e)
    angle = mp.findroot(lambda E: E - e * mp.sin(E) - mean, start, tol=1e-60)
    flat, radius = mp.sqrt(1 - e * e), 1 - e * mp.cos(angle)
    place = (a * (mp.cos(angle) - e), a * flat * mp.sin(angle))
    speed = (-a * n * mp.sin(angle) / radius, a * n * flat * mp.cos(angle) / radius)
    return np.array([float(value) for value in (*place, *speed)])


def three_bodies():
    """A star, a planet on an ellipse, and a lighter one beyond it, out of its plane."""
    return Bodies(
        [1.0, 1e-3, 3e-4],
        [[0.0, 0.0, 0.0], [0.7, 0.0, 0.0], [0.0, 2.1, 0.1]],
        [[0.0, 0.0, 0.0], [0.0, 1.36, 0.05], [-0.66, 0.0, 0.0]],
    )


@pytest.mark.parametrize("eccentricity", [0.0, 0.3, 0.9, 0.99])
def test_elements_against_fifty_digits(eccentricity):
    y0 = two_bodies(eccentricity).start
    found = elements_of(y0, 1.0)
    for time in (0.0, 1e-3, 1.0, 3.1, 100.0, 6284.2):
        exact = exact_state(y0, time) if eccentricity else None
        state = found.state_after(time)
        if exact is None:
            exact = np.array([math.cos(time), math.sin(time), -math.sin(time), math.cos(time)])
        # A phase of 6284 in extended precision is good to 1e-15; it moves the state by at most
        # the speed and the acceleration at pericentre times that, and rounding adds its own.
        tolerance = 1e-14 * (1.0 - eccentricity) ** -2.5
        assert np.abs(state - exact).max() < max(tolerance, 1e-14)


@pytest.mark.parametrize("eccentricity", [0.6, 0.9])
def test_a_hundred_time_units_against_the_reference(eccentricity):
    case = KEPLER[f"kepler_e{eccentricity}"]
    run = orbit(eccentricity, t_end=100.0)
    exact = next(np.array(s["state"], float) for s in case["states"] if s["t"] == "100")
    assert run.status == Status.ENDPOINT
    assert np.linalg.norm(run.y[:2, -1] - exact[:2]) < 5e-12
    assert np.abs(run.energy_error).max() < 40 * np.finfo(float).eps / (1.0 - eccentricity)
    assert run.details["position_error"] == pytest.approx(
        np.linalg.norm(run.y[:2, -1] - exact_state(run.bodies.start, 100.0)[:2]), abs=1e-14
    )
    assert run.evaluations < 2271 * 16  # IAS15's force calls at e = 0.9, a period


def test_pericentre_passages_and_what_turns_them():
    run = orbit(0.5, periods=4.5)
    expected = 2.0 * math.pi * np.arange(1, 5)
    assert run.details["pericentre_passages"] == pytest.approx(expected, abs=1e-11)
    assert abs(run.details["precession"]) < 1e-11
    back = orbit(0.5, t_end=-10.0)
    assert back.details["pericentre_passages"] == pytest.approx([-2.0 * math.pi], abs=1e-11)


@pytest.mark.parametrize(
    ("eccentricity", "periods"), [(0.5, 1), (0.9, 10), (0.999, 2), (0.999999, 2), (0.9, -3)]
)
def test_a_run_of_whole_periods_ends_with_a_passage(eccentricity, periods):
    run = orbit(eccentricity, t_end=2.0 * math.pi * periods)
    assert len(run.details["pericentre_passages"]) == abs(periods)
    short = orbit(eccentricity, t_end=2.0 * math.pi * periods * (1.0 - 1e-6))
    assert len(short.details["pericentre_passages"]) == abs(periods) - 1


@settings(max_examples=5)
@given(st.integers(0, 2**32 - 1))
def test_a_turned_orbit_in_space_is_the_turned_orbit(seed):
    random = np.random.default_rng(seed)
    frame = np.linalg.qr(random.normal(size=(3, 3)))[0][:, :2]
    flat = two_bodies(0.7)
    turned = Bodies(flat.masses, flat.positions @ frame.T, flat.velocities @ frame.T)
    plane, space = orbit(flat, t_end=9.0), orbit(turned, t_end=9.0, project=True)
    assert np.abs(space.y[:3, -1] - frame @ plane.y[:2, -1]).max() < 1e-12
    assert np.abs(space.angular_momentum_error).max() < 1e-14


def test_two_bodies_of_any_mass_move_about_their_centre():
    # m1 = 3, m2 = 1, G = 2: the relative orbit has the parameter 8; the centre moves on evenly.
    places, speeds = np.array([[1.0, 1.0], [2.0, 1.0]]), np.array([[0.5, 0.0], [0.5, 3.0]])
    run = orbit(Bodies([3.0, 1.0], places, speeds, G=2.0), t_end=4.0)
    centre = (3.0 * run.positions[0] + run.positions[1]) / 4.0
    even = np.array([[1.25], [1.0]]) + np.array([[0.5], [0.75]]) * run.t
    assert np.abs(centre - even).max() < 1e-13
    momentum = 3.0 * run.velocities[0] + run.velocities[1]
    assert np.abs(momentum - momentum[:, :1]).max() < 1e-13
    exact = elements_of(np.array([1.0, 0.0, 0.0, 3.0]), 8.0).state_after(4.0)
    assert np.abs(run.positions[1, :, -1] - run.positions[0, :, -1] - exact[:2]).max() < 1e-11


def test_a_body_without_mass_does_not_disturb_two_others():
    # The N-body equation against the closed form of two, with a third that is not felt.
    pair = two_bodies(0.6, mass=1.0)
    masses = np.array([0.8, 0.2, 0.0])
    places = np.array([-0.2 * pair.start[:2], 0.8 * pair.start[:2], [5.0, 0.0]])
    speeds = np.array([-0.2 * pair.start[2:], 0.8 * pair.start[2:], [0.0, 0.4]])
    run = orbit(Bodies(masses, places, speeds), t_end=30.0)
    exact = elements_of(pair.start, 1.0).state_after(30.0)
    between = run.positions[1, :, -1] - run.positions[0, :, -1]
    assert np.abs(between - exact[:2]).max() < 1e-10
    assert np.abs(run.energy_error).max() < 1e-14


def test_forces_and_gradients_are_those_of_the_potential():
    bodies = three_bodies()
    y = bodies.start
    mp.mp.dps = 30
    masses = [mp.mpf(m) for m in bodies.masses.tolist()]

    def energy(*state):
        places = [state[3 * i : 3 * i + 3] for i in range(3)]
        speeds = [state[9 + 3 * i : 12 + 3 * i] for i in range(3)]
        kinetic = sum(
            m * sum(v * v for v in speed) / 2 for m, speed in zip(masses, speeds, strict=True)
        )
        for i in range(3):
            for j in range(i):
                distance = mp.sqrt(
                    sum((a - b) ** 2 for a, b in zip(places[i], places[j], strict=True))
                )
                kinetic -= masses[i] * masses[j] / distance
        return kinetic

    state = [mp.mpf(float(value)) for value in y]
    assert float(energy(*state)) == pytest.approx(bodies.energy_of(y), rel=1e-15)
    slope = [
        float(mp.diff(energy, tuple(state), tuple(int(i == k) for i in range(18))))
        for k in range(18)
    ]
    assert bodies.energy_gradient(bodies.rate(0.0, y)) == pytest.approx(
        np.array(slope), rel=1e-12, abs=1e-17
    )
    inertia = bodies.masses.repeat(3)
    assert bodies.rate(0.0, y)[9:] == pytest.approx(-np.array(slope[:9]) / inertia, rel=1e-12)
    # Angular momentum is bilinear, so central differences of it are exact.
    spins = np.array(
        [
            (bodies.angular_momentum_of(y + e) - bodies.angular_momentum_of(y - e)) / 2.0
            for e in np.eye(18)
        ]
    )
    assert bodies.angular_momentum_gradient(y) == pytest.approx(spins.T, abs=1e-13)


def test_a_perturbed_orbit_can_be_traced_back():
    bodies = three_bodies()
    there = orbit(bodies, t_end=60.0, project=True)
    assert np.abs(there.energy_error).max() < 1e-14
    assert np.abs(there.angular_momentum_error).max() < 1e-14
    assert max(r.beyond for r in there.invariants.values()) == 0
    last = Bodies(bodies.masses, there.positions[..., -1], there.velocities[..., -1])
    back = orbit(last, t_end=-60.0, project=True)
    assert np.abs(back.positions[..., -1] - bodies.positions).max() < 1e-10


def test_without_projection_the_energy_binds():
    watched, loose = orbit(0.9, periods=3, project=False), orbit(0.9, periods=3)
    assert watched.record.tally.bound["energy at rounding"] + watched.record.tally.bound["energy"]
    assert 0 < np.abs(watched.energy_error).max() < 2e-13
    assert watched.evaluations < 1.6 * loose.evaluations
    assert not watched.invariants["energy"].projected


def test_the_result_saves_and_sums_itself_up(tmp_path):
    run = orbit(0.2, periods=1, t_eval=[0.0, 1.0, 2.0])
    assert run.t.tolist() == [0.0, 1.0, 2.0]
    folder = run.save(tmp_path)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["job"] == "dynamics orbit"
    assert summary["period"] == pytest.approx(2.0 * math.pi, rel=1e-14)
    header = (folder / "trajectory.csv").read_text().splitlines()[0]
    assert header == "t,x,y,vx,vy,energy_error,angular_momentum_error"


@pytest.mark.parametrize("t_eval", [[3.0, 7.0], []])
def test_what_is_told_does_not_depend_on_what_is_shown(t_eval):
    shown, whole = orbit(0.9, periods=2.5, t_eval=t_eval), orbit(0.9, periods=2.5)
    assert shown.details == whole.details
    assert len(shown.details["pericentre_passages"]) == 2
    assert shown.energy_error.shape == shown.t.shape == (len(t_eval),)
    assert shown.positions.shape == (2, 2, len(t_eval))
    for time, y in zip(t_eval, shown.y.T, strict=True):
        assert np.abs(y - elements_of(shown.bodies.start, 1.0).state_after(time)).max() < 1e-9
    assert np.all(np.abs(shown.energy_error) < 1e-11)
    assert shown.solution.sol is None
    assert "<" in shown._repr_html_()


def test_errors_of_three_bodies_count_from_the_start():
    shown = orbit(three_bodies(), t_end=10.0, t_eval=[9.0, 10.0])
    # A hundred ulps: what the polynomial leaves of order 7 at a tolerance of 4e-13.
    assert np.abs(shown.energy_error).max() < 1e-11
    none = orbit(three_bodies(), t_end=1.0, t_eval=[])
    assert none.positions.shape == (3, 3, 0)
    assert none.angular_momentum_error.shape == (0,)


def test_a_stored_orbit_goes_on_with_the_same_bits_and_knows_its_bodies(tmp_path):
    whole = orbit(0.5, periods=2)
    part = orbit(0.5, periods=2, store=tmp_path, max_evaluations=500)
    assert part.status == Status.OUT_OF_BUDGET
    assert part.t[-1] < whole.t[-1]
    rest = orbit(0.5, periods=2, store=tmp_path)
    assert np.array_equal(rest.y, whole.y)
    assert rest.invariants == whole.invariants
    with pytest.raises(StoreMismatch):
        orbit(0.6, periods=2, store=tmp_path)


def test_a_round_orbit_has_no_pericentre():
    run = orbit(0.0, periods=2, project=True)
    assert run.details["pericentre_passages"] == []
    assert run.details["precession"] is None
    assert run.details["position_error"] < 1e-11


def test_a_restored_energy_does_not_push_a_slow_body():
    # The error is made where the inner planet passes the star; the outer one must not pay for it.
    # Judged by a run without projection at a tolerance twenty times tighter.
    bodies = Bodies(
        [1.0, 1e-3, 3e-4],
        [[0.0, 0.0], [0.2, 0.0], [0.0, 4.1]],
        [[0.0, 0.0], [0.0, 3.0], [-0.47, 0.0]],
    )
    kept = orbit(bodies, t_end=60.0)
    fine = orbit(bodies, t_end=60.0, project=False, rtol=2e-14)
    off = np.linalg.norm(kept.positions[:, :, -1] - fine.positions[:, :, -1], axis=1)
    assert off[2] < 5e-13
    momentum = np.einsum("i,ijk->jk", bodies.masses, kept.velocities)
    assert np.abs(momentum - momentum[:, :1]).max() < 1e-16


def test_bodies_that_fall_into_each_other_end_where_a_singularity_was_foretold():
    # From rest at distance 1 with G M = 1 they meet at t = π / (2 √2), as (t_s - t)^(2/3).
    run = orbit(Bodies([1.0, 0.0], [[0, 0], [1, 0]], [[0, 0], [0, 0]]), t_end=3.0)
    # A passage closer than the clock resolves would look the same: it ends, but is only foretold.
    assert run.status in (Status.UNDERFLOW, Status.SINGULAR)
    found = run.solution.singularity
    assert found.exponent == pytest.approx(1 / 3, abs=1e-3)
    assert abs(found.time - math.pi / math.sqrt(8.0)) < found.error < 1e-4
    assert run.t[-1] < found.time


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: orbit(1.2, periods=1), "eccentricity must be 0 or more and below 1"),
        (lambda: orbit("abc", periods=1), "eccentricity must be one finite number. Got 'abc'"),
        (lambda: orbit(0.5), "Give either periods or t_end"),
        (lambda: orbit(0.5, periods="x"), "periods must be one finite number"),
        (lambda: orbit(0.5, periods=1, rtol="x"), "rtol must be one finite number"),
        (lambda: orbit(0.5, periods=1, project=5), "project must be of energy"),
        (lambda: two_bodies(0.5, mass=-1.0), "mass must be positive and finite. Got -1.0"),
        (lambda: two_bodies(0.5, G=math.nan), "G must be one finite number. Got nan"),
        (lambda: Bodies([1, 1], [[0, 0], [1, 0]], [[0, 0], [0, 1]], names=5), "names must be 2"),
        (lambda: orbit(three_bodies(), periods=1), "Only two bodies on a closed orbit"),
        (lambda: orbit(0.5, periods=1, project="enrgy"), "project must be of energy"),
        (lambda: Bodies([1.0], [[0, 0]], [[0, 0]]), "2 or more"),
        (lambda: Bodies([1, 1], [[0, 0], [0, 0]], [[0, 0], [1, 0]]), "in one place"),
        (lambda: Bodies([1, -1], [[0, 0], [1, 0]], [[0, 0], [1, 0]]), "masses must be 0 or more"),
        (lambda: Bodies([1, 1], [[0, 0], [1, 0]], [[0, 0]]), "the shape of positions"),
        (lambda: Bodies([1, 1], [[0], [1]], [[0], [1]]), "positions must have shape"),
        (lambda: Bodies([1, math.nan], [[0, 0], [1, 0]], [[0, 0], [1, 0]]), "must be finite"),
    ],
)
def test_what_makes_no_sense_is_refused(make, said):
    with pytest.raises(InputError, match=said):
        make()


@pytest.mark.slow
@pytest.mark.parametrize("eccentricity", [0.6, 0.9])
def test_a_thousand_periods(eccentricity):
    """Energy, position and force calls a period; IAS15 of REBOUND 5.2.2 at its default needs
    1,426 calls at e = 0.6 and 2,271 at e = 0.9."""
    calls = {0.6: 1426, 0.9: 2271}[eccentricity]
    states = KEPLER[f"kepler_e{eccentricity}"]["states"]
    exact = next(np.array(s["state"], float) for s in states if s["t"] == "6284.2")
    kept = orbit(eccentricity, t_end=6284.2)
    assert kept.evaluations < 1000 * calls
    assert abs(kept.energy_error[-1]) < 1e-14
    assert np.linalg.norm(kept.y[:2, -1] - exact[:2]) < 1e-10
    watched = orbit(eccentricity, t_end=6284.2, project=False)
    assert watched.evaluations < 1.6 * 1000 * calls
    assert np.abs(watched.energy_error).max() < 5e-12
