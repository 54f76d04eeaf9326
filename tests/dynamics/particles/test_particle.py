"""A charged particle: reference states, units, energy, frames of reference, |v| < c, refusals."""

import json
import math
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.core import Status
from suite.dynamics.particles.particle import particle
from suite.dynamics.particles.velocities import in_velocities
from suite.errors import InputError, StoreMismatch
from tests.dynamics.particles.closed_forms import Exact, far

REFERENCE = json.loads(Path(__file__).parents[2].joinpath("reference/dynamics.json").read_text())
RELATIVISTIC = [case for case in REFERENCE["cases"] if case["id"].startswith("relativistic")]
STATES = [
    pytest.param(case, state, id=f"{case['id']}-{state['t']}")
    for case in RELATIVISTIC
    for state in case["states"]
]
NONE = (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("case", "state"), STATES)
@pytest.mark.parametrize("along", [None, (1.0, 0.0, 0.0)], ids=["", "followed"])
def test_reference_states(case, state, along):
    strength = (float(case["parameters"][name]) for name in ("E", "B"))
    electric, magnetic = ((value, 0.0, 0.0) for value in strength)
    start = [float(part) for part in case["initial"]]
    end, exact = float(state["t"]), np.array([float(part) for part in state["state"]])
    path = particle(electric, magnetic, (0.0, end), start[:3], start[3:], rtol=1e-12, along=along)
    assert path.status == Status.ENDPOINT
    assert path.t[-1] == end
    assert abs(path.gamma[-1] / float(state["gamma"]) - 1.0) < 1e-12
    assert abs(path.one_minus_speed[-1] / float(state["one_minus_speed"]) - 1.0) < 1e-12
    assert abs(path.proper_time[-1] / float(state["proper_time"]) - 1.0) < 1e-12
    assert far(path.position[:, -1], exact[:3]) < 1e-12
    assert far(path.momentum[:, -1], exact[3:]) < 1e-12
    if along is not None:  # across the direction it is held by itself, however fast along it
        across = np.abs(path.momentum[1:, -1] - exact[4:]).max()
        assert across < 1e-12 * max(1.0, np.abs(exact[4:]).max())


def test_electron_in_si_units():
    # 0.511 MeV of rest energy, 100 MV/m over 1 µs: hyperbolic motion.
    charge, mass, c, field, end = -1.602176634e-19, 9.1093837015e-31, 299792458.0, 1e8, 1e-6
    path = particle((field, 0, 0), NONE, (0.0, end), charge=charge, mass=mass, c=c, rtol=1e-12)
    with mp.workdps(40):
        u = mp.mpf(charge) * mp.mpf(field) * mp.mpf(end) / (mp.mpf(mass) * mp.mpf(c))
        rest = mp.mpf(mass) * mp.mpf(c) ** 2
        gained = rest * (mp.sqrt(1 + u**2) - 1)
        place = float(gained / (charge * mp.mpf(field)))
        proper = float(abs(mp.asinh(u) / (u / mp.mpf(end))))
        behind = float(1 - abs(u) / mp.sqrt(1 + u**2))
    assert abs(path.position[0, -1] / place - 1.0) < 1e-12
    assert abs(path.proper_time[-1] / proper - 1.0) < 1e-12
    assert abs(path.one_minus_speed[-1] / behind - 1.0) < 1e-12
    assert abs(path.motion.kinetic_energy[-1] / float(gained) - 1.0) < 1e-12
    assert abs(path.motion.work[-1] / float(gained) - 1.0) < 1e-12


def test_relativistic_oscillator_turns_where_and_when_it_must():
    def speed(motion):
        return motion.momentum[0]

    def turned(t, motion):
        return speed(motion)

    turned.terminal = True
    path = particle(
        lambda t, x: (-x[0], 0.0, 0.0),
        NONE,
        (0.0, 100.0),
        momentum=(40.0, 0.0, 0.0),
        potential=lambda t, x: 0.5 * x[0] ** 2,
        events=turned,
        rtol=1e-12,
    )
    with mp.workdps(30):
        full = mp.sqrt(1 + mp.mpf(40) ** 2)
        reach = mp.sqrt(2 * (full - 1))

        def slowness(angle):  # dt/dangle at x = reach sin(angle)
            gamma = full - (reach * mp.sin(angle)) ** 2 / 2
            # γ² - 1 = (γ - 1)(γ + 1), and γ - 1 = (reach cos)² / 2
            return gamma / mp.sqrt(gamma + 1) * mp.sqrt(2)

        quarter = float(mp.quad(slowness, [0, mp.pi / 8, mp.pi / 4, 3 * mp.pi / 8, mp.pi / 2]))
    assert path.status == Status.EVENT
    assert abs(path.t[-1] / quarter - 1.0) < 1e-11
    assert abs(path.position[0, -1] / float(reach) - 1.0) < 1e-11
    assert path.solution.invariants["energy"].largest_departure < 1e-11 * float(full)


@pytest.mark.parametrize("push", [1e-5, 3.0, 1e6])
def test_a_magnetic_field_does_no_work(push):
    path = particle(
        NONE,
        lambda t, x: (0.0, 0.1 * x[0] / push, 1.0 + 0.1 * x[2] / push),
        (0.0, 50.0 * math.hypot(1.0, push)),
        momentum=(0.6 * push, 0.0, 0.8 * push),
        rtol=1e-6,
    )
    assert path.status == Status.ENDPOINT
    assert not path.motion.work.any()
    # Restored after each step, to the rounding of a norm.
    assert np.abs(np.linalg.norm(path.momentum, axis=0) / push - 1.0).max() < 1e-14


def boosted(electric, magnetic, v):
    """The fields as one sees them who moves with speed v along x."""
    factor = 1.0 / math.sqrt(1.0 - v * v)
    (ex, ey, ez), (bx, by, bz) = electric, magnetic
    return (
        (ex, factor * (ey - v * bz), factor * (ez + v * by)),
        (bx, factor * (by + v * ez), factor * (bz - v * ey)),
    )


@settings(max_examples=15, deadline=None)
@given(
    st.floats(-0.95, 0.95),
    st.tuples(*[st.floats(-2.0, 2.0)] * 3),
    st.tuples(*[st.floats(-2.0, 2.0)] * 3),
    st.tuples(*[st.floats(-5.0, 5.0)] * 3),
)
def test_a_moving_observer_sees_the_same_motion(v, electric, magnetic, u0):
    factor = 1.0 / math.sqrt(1.0 - v * v)

    def moved(time, along):
        return factor * (time - v * along), factor * (along - v * time)

    path = particle(electric, magnetic, (0.0, 5.0), momentum=u0, rtol=1e-11)
    end, place = moved(5.0, path.position[0, -1])
    _, push = moved(math.hypot(1.0, *u0), u0[0])
    other = particle(
        *boosted(electric, magnetic, v), (0.0, end), momentum=(push, *u0[1:]), rtol=1e-11
    )
    _, ahead = moved(path.gamma[-1], path.momentum[0, -1])
    expected = np.array([ahead, *path.momentum[1:, -1]])
    size = factor * path.gamma.max()  # of the terms that the transformation takes apart
    assert np.abs(other.momentum[:, -1] - expected).max() < 1e-9 * size
    assert abs(other.position[0, -1] - place) < 1e-9 * factor * 10.0
    assert abs(other.proper_time[-1] - path.proper_time[-1]) < 1e-9 * factor * 10.0


@settings(max_examples=25, deadline=None)
@given(
    st.floats(-13.0, -1.0),
    st.sampled_from(["DOP853", "RK45"]),
    st.tuples(*[st.floats(-3.0, 3.0)] * 3),
    st.tuples(*[st.floats(-3.0, 3.0)] * 3),
    st.floats(-3.0, 12.0),
    st.floats(0.5, 3e8),
)
def test_never_as_fast_as_light(log_rtol, method, electric, magnetic, log_push, c):
    push = 10.0**log_push * c
    path = particle(
        electric, magnetic, (0.0, 10.0), momentum=(push, 0.1 * push, 0.0), c=c,
        rtol=10.0**log_rtol, method=method, max_evaluations=3000,
    )  # fmt: skip
    between = path(np.linspace(0.0, path.t[-1], 300))
    for motion in (path.motion, between):
        assert np.isfinite(motion.columns()).all()
        assert (np.linalg.norm(motion.velocity, axis=0) < c).all()
        assert (np.sqrt((motion.velocity**2).sum(axis=0)) < c).all()
        assert (motion.one_minus_speed > 0.0).all()
        assert (motion.one_minus_speed <= 1.0).all()
        assert (motion.gamma >= 1.0).all()


def test_there_and_back():
    there = particle((1, 0, 0), (0, 0.5, 0.2), (0.0, 30.0), momentum=(0, 1, 0), rtol=1e-12)
    back = particle(
        (1, 0, 0), (0, 0.5, 0.2), (30.0, 0.0), there.position[:, -1], there.momentum[:, -1],
        rtol=1e-12,
    )  # fmt: skip
    scale = there.gamma[-1]  # what the way back loses is relative to the momentum it starts from
    assert np.abs(back.momentum[:, -1] - [0.0, 1.0, 0.0]).max() < 1e-12 * scale**2
    assert np.abs(back.position[:, -1]).max() < 1e-11 * scale
    assert abs(back.proper_time[-1] + there.proper_time[-1]) < 1e-11 * scale


def test_dense_output_is_the_motion():
    exact = Exact((1, 0, 0), (3, 0, 0), (0, 1, 0), 77.0)
    path = particle((1, 0, 0), (3, 0, 0), (0.0, 100.0), momentum=(0, 1, 0), rtol=1e-12)
    motion = path(77.0)
    # The polynomial has order 7: a digit or two less than the steps.
    assert abs(motion.gamma / exact.gamma - 1.0) < 1e-10
    assert far(motion.momentum, exact.momentum) < 1e-10
    assert far(path(path.t).columns(), path.solution.y) < 1e-13


def test_a_component_through_zero_cuts_no_step():
    # A circle about the origin: nothing tells one phase from another but zeros of components.
    path = particle(
        NONE, (0, 0, 1), (0.0, 2e6), position=(0, 1e4, 0), momentum=(1e4, 0, 0), rtol=1e-6
    )
    sizes = np.diff(path.t)[10:-2]
    assert sizes.min() > 0.75 * sizes.max()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"electric": (1, 2)}, r"electric must have shape \(3,\). Got shape \(2,\)."),
        ({"magnetic": lambda t, x: x[:2]}, r"magnetic at t = 0, x = .* must have shape \(3,\)"),
        ({"momentum": (0, math.nan, 0)}, "momentum must be finite"),
        ({"mass": 0.0}, "mass must be positive and finite. Got 0.0."),
        ({"mass": None}, "mass must be one finite number. Got None."),
        ({"c": -1.0}, "c must be positive"),
        ({"charge": math.inf}, "charge must be one finite number. Got inf."),
        ({"charge": "x"}, "charge must be one finite number. Got 'x'."),
        ({"rtol": [1e-6]}, r"rtol must be one finite number. Got \[1e-06\]."),
        ({"rtol": 0.0}, "rtol must be positive"),
        ({"atol": -1.0}, "atol must not be negative. Got -1.0."),
        ({"blocks": [0]}, "sets blocks itself: leave blocks out"),
        ({"about": {}}, "sets about itself: leave about out"),
        ({"mas_step": 1.0}, "has no option 'mas_step'. Did you mean 'max_step'"),
        ({"wave": lambda phase: (0, 1, 0)}, "needs the direction it runs in"),
        ({"wave": lambda phase: (1, 1, 0), "along": (1, 0, 0)}, "must be across its direction"),
        ({"t_span": (0.0, math.inf)}, "t_span must be finite"),
        ({"t_span": 3.0}, "t_span must be two times"),
        ({"along": NONE}, "along must not be the zero vector"),
    ],
)
def test_refusals(arguments, sentence):
    for run in (particle, in_velocities):
        with pytest.raises(InputError, match=sentence):
            run(**{"electric": NONE, "magnetic": NONE, "t_span": (0.0, 1.0), **arguments})


def test_a_potential_is_not_for_velocities():
    with pytest.raises(InputError, match="in_velocities has no option 'potential'"):
        in_velocities(NONE, NONE, (0.0, 1.0), potential=lambda t, x: 0.0)


@pytest.mark.parametrize("project", [True, False])
@pytest.mark.parametrize(
    "electric", [(1, 0, 0), lambda t, x: (t, 0, 0)], ids=["constant", "growing"]
)
def test_a_potential_of_the_wrong_sign_is_told_from_rest(electric, project):
    # dγ/dt is v·E, and what φ = +x adds is as much again; at rest both vanish.
    with pytest.raises(InputError, match="energy is not conserved by the equation"):
        particle(
            electric, NONE, (0.0, 10.0),
            potential=lambda t, x: x[0], project=project, max_evaluations=10_000,
        )  # fmt: skip


@pytest.mark.parametrize("t_eval", [[5.0, 9.0], []])
def test_the_error_of_the_energy_counts_from_the_start(t_eval):
    path = particle((1, 0, 0), NONE, (0.0, 10.0), momentum=(3, 0, 0), t_eval=t_eval, rtol=1e-12)
    assert path.energy_error.shape == (len(t_eval),)
    # γ - γ(0) = x in these units; the polynomial is good to a digit or two less than the steps.
    np.testing.assert_allclose(path.gamma - math.hypot(1.0, 3.0), path.position[0], rtol=1e-10)
    assert np.all(np.abs(path.energy_error) < 1e-10)
    assert "<" in path._repr_html_()


def test_projection_needs_an_energy():
    with pytest.raises(InputError, match="give potential"):
        particle((1, 0, 0), NONE, (0.0, 1.0), project=True)


def test_dense_output_must_be_asked_for():
    path = particle(NONE, NONE, (0.0, 1.0), momentum=(1, 0, 0), dense_output=False)
    with pytest.raises(InputError, match="dense_output=True"):
        path(0.5)


def test_saved(tmp_path):
    path = particle((1, 0, 0), NONE, (0.0, 10.0))
    path.save(tmp_path)
    summary = json.loads(tmp_path.joinpath("summary.json").read_text())
    assert summary["job"] == "dynamics particle"
    assert summary["options"]["rtol"] == 1e-9
    assert "particle" in path._repr_html_().lower()
    assert dict(zip(summary["names"], summary["y"], strict=True))["gamma"] == path.gamma[-1]
    assert (tmp_path / "trajectory.csv").read_text().startswith("t,px,py,pz,x,y,z,gamma")


def test_a_stored_run_goes_on_with_its_own_fields_only(tmp_path):
    def run(**other):
        usual = {"electric": (1, 0, 0), "magnetic": NONE, "t_span": (0.0, 50.0)}
        return particle(**{**usual, **other})

    def killed(attempt):
        if attempt.number == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(store=tmp_path, observe=(killed,))
    np.testing.assert_array_equal(run(store=tmp_path).solution.y, run().solution.y)
    for other in ({"electric": (0, 1, 0)}, {"electric": lambda t, x: (1, 0, 0)}, {"charge": -1.0}):
        with pytest.raises(StoreMismatch):
            run(store=tmp_path, **other)
