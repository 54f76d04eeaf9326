"""What is conserved: watched, restored, reported; and refused where f does not conserve it."""

import math
from functools import partial

import mpmath as mp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from suite.core import Fixed, Record, Status, begin, march, run
from suite.core.document import decode, encode
from suite.dynamics.equation import Equation, Flow, Tolerance, smallest_step, start
from suite.dynamics.methods.explicit import dop853, dormand_prince
from suite.dynamics.watch.conserved import Bundle, correction, rounding
from suite.dynamics.watch.invariants import (
    Conscience,
    Invariant,
    consciences,
    law_of,
    projected,
    watched,
)
from suite.errors import InputError

EPS = float(np.finfo(float).eps)


def kepler(time, y):
    pull = -((y[0] * y[0] + y[1] * y[1]) ** -1.5)
    return np.array([y[2], y[3], pull * y[0], pull * y[1]])


def energy(time, y):
    return 0.5 * (y[2] * y[2] + y[3] * y[3]) - (y[0] * y[0] + y[1] * y[1]) ** -0.5


def energy_gradient(time, y):
    pull = (y[0] * y[0] + y[1] * y[1]) ** -1.5
    return np.array([pull * y[0], pull * y[1], y[2], y[3]])


def spin(time, y):
    return y[0] * y[3] - y[1] * y[2]


def pericentre(eccentricity):
    speed = math.sqrt((1.0 + eccentricity) / (1.0 - eccentricity))
    return np.array([1.0 - eccentricity, 0.0, 0.0, speed])


def turning(time, y):
    return np.array([y[1], -y[0]])


def radius(time, y):
    return y[0] * y[0] + y[1] * y[1]


def carried(
    fun, y0, end, rtol, *, project=None, watch=None, scheme=dop853, law=None, size=1e-2, t0=0.0
):
    """A march by hand: the last point, the points, and the record."""
    equation = Equation(fun, Tolerance(rtol, 0.0), end, 1.0 if end > t0 else -1.0)
    attempt = projected(scheme(equation).attempt, equation, project or {})
    attempt = watched(attempt, equation, watch or {})
    law = law or law_of([*(project or {}), *(watch or {})])
    record, points = Record(), []

    def keep(each):
        if each.accept:
            points.append(each.after.state)

    with np.errstate(all="ignore"):
        status = run(
            lambda where: march(
                attempt, where, law, equation.until, equation.limits, floor=smallest_step
            ),
            lambda: begin(start(fun, t0, y0), law, size),
            record,
            observe=(keep,),
        )
    assert status == Status.ENDPOINT
    return points[-1], points, record


@pytest.mark.parametrize("gradient", [None, energy_gradient])
def test_energy_is_restored_and_its_drift_told(gradient):
    declared = {"energy": (energy, gradient)} if gradient else {"energy": energy}
    free, _, _ = carried(kepler, pericentre(0.6), 60.0, 1e-7)
    kept, points, record = carried(kepler, pericentre(0.6), 60.0, 1e-7, project=declared)
    report = consciences(kept, record.tally)["energy"]
    departures = [abs(energy(0.0, point.y) + 0.5) for point in points]
    # At pericentre half an ulp of v alone moves the energy by 2 eps; a few such make it up.
    assert max(departures) < 20 * EPS
    assert report.largest_departure < 20 * EPS
    drift = energy(0.0, free.y) + 0.5
    assert abs(drift) > 1e-6
    assert abs(report.sum_of_corrections) == pytest.approx(abs(drift), rel=0.9)
    assert report.beyond == 0
    assert "would have drifted" in report.sentence


def test_the_sum_of_corrections_is_the_drift_there_would_have_been():
    # Steps of one length shrink the radius of a circle by one factor each, so its drift over n
    # steps is n times that of one. The rate at a corrected point is that of the uncorrected one,
    # with a weight of b1 h = 0.02 in the next step, so the sum is good to that.
    still = partial(
        carried, turning, [1.0, 0.0], 50.0, 1e-3, scheme=dormand_prince, law=Fixed(), size=0.25
    )
    free, _, _ = still()
    kept, _, record = still(project={"radius": radius})
    drift = radius(0.0, free.y) - 1.0
    report = consciences(kept, record.tally)["radius"]
    assert abs(drift) > 1e-6
    assert -report.sum_of_corrections == pytest.approx(drift, rel=0.02)
    assert abs(report.largest_correction) == pytest.approx(abs(drift) / 200.0, rel=0.02)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_the_correction_is_the_least_one_in_the_metric_of_the_tolerance(seed, count):
    random = np.random.default_rng(seed)
    rows, residual = random.normal(size=(count, 5)), 1e-6 * random.normal(size=count)
    scale = 10.0 ** random.uniform(-2.0, 2.0, 5)
    weighted = rows * scale
    assume(np.linalg.cond(weighted / np.linalg.norm(weighted, axis=1)[:, None]) < 100.0)
    # The least solution of an underdetermined system is that of the pseudo-inverse.
    least = np.linalg.pinv(weighted).dot(residual)
    found = correction(rows, residual, scale) / scale
    assert np.allclose(found, least, rtol=0.0, atol=1e-10 * np.abs(least).max())


def test_dependent_gradients_do_not_blow_a_correction_up():
    # On a circle the gradients of energy and angular momentum are the same vector.
    y0 = np.array([1.0, 0.0, 0.0, 1.0])
    kept, _, record = carried(
        kepler, y0, 2 * math.pi, 1e-10, project={"energy": energy, "spin": spin}
    )
    assert np.abs(kept.y - y0).max() < 1e-8
    assert all(report.beyond == 0 for report in consciences(kept, record.tally).values())


def test_both_invariants_hold_at_once():
    project = {"energy": (energy, energy_gradient), "spin": spin}
    _, points, _ = carried(kepler, pericentre(0.6), 30.0, 1e-6, project=project)
    assert max(abs(energy(0.0, p.y) + 0.5) for p in points) < 20 * EPS
    assert max(abs(spin(0.0, p.y) - 0.8) for p in points) < 20 * EPS


def test_the_norm_of_a_quantum_state_is_restored():
    # Rabi oscillation: i ψ' = (w/2) σx ψ from (1, 0) is (cos wt/2, -i sin wt/2).
    def schroedinger(time, y):
        return -0.5j * np.array([y[1], y[0]])

    def norm(time, y):
        return np.vdot(y, y)

    kept, points, _ = carried(schroedinger, [1.0 + 0j, 0j], 40.0, 1e-8, project={"norm": norm})
    assert max(abs(np.vdot(p.y, p.y).real - 1.0) for p in points) < 10 * EPS
    exact = np.array([math.cos(20.0), -1j * math.sin(20.0)])
    assert np.abs(kept.y - exact).max() < 1e-6
    given_gradient = {"norm": (lambda t, y: np.vdot(y, y).real, lambda t, y: 2.0 * y)}
    again, _, _ = carried(schroedinger, [1.0 + 0j, 0j], 40.0, 1e-8, project=given_gradient)
    assert np.abs(again.y - kept.y).max() < 1e-9


def test_an_invariant_may_depend_on_time():
    # A particle under the force cos t: its momentum less the impulse so far is conserved.
    def driven(time, y):
        return np.array([y[1], math.cos(time)])

    def balance(time, y):
        return y[1] - math.sin(time)

    kept, points, _ = carried(driven, [1.0, 0.5], -20.0, 1e-6, project={"balance": balance})
    assert max(abs(p.y[1] - math.sin(p.time) - 0.5) for p in points) < 4 * EPS
    assert kept.time == -20.0


def test_what_f_does_not_conserve_is_refused_at_the_start():
    def damped(time, y):
        return np.array([y[1], -y[0] - 0.01 * y[1]])

    for how in ("project", "watch"):
        with pytest.raises(InputError, match=r"radius is not conserved by the equation: at t = 0 "):
            carried(damped, [1.0, 0.5], 5.0, 1e-6, **{how: {"radius": radius}})


@pytest.mark.parametrize("how", ["project", "watch"])
def test_what_f_does_not_conserve_is_refused_when_it_shows(how):
    # From rest the friction does no work yet: only later steps can tell.
    def damped(time, y):
        return np.array([y[1], -y[0] - 0.01 * y[1]])

    with pytest.raises(InputError, match="radius is not conserved by the equation"):
        carried(damped, [1.0, 0.0], 50.0, 1e-8, **{how: {"radius": radius}})


def test_an_invariant_that_is_no_number_refuses_the_step():
    def logarithm(time, y):
        return math.log(y[0]) + time  # of y' = -y; raises for y < 0

    with pytest.raises(InputError, match="known at the start"):
        carried(lambda t, y: -y, [-1.0], 5.0, 1e-6, project={"log": logarithm})
    # A step of 40 by order 5 goes far below zero; the run recovers from it.
    kept, _, record = carried(
        lambda t, y: -y,
        [1.0],
        50.0,
        1e-3,
        project={"log": logarithm},
        scheme=dormand_prince,
        size=7.0,
    )
    assert any("log raised ValueError" in row["refused"] for row in record)
    assert abs(kept.y[0] * math.exp(50.0) - 1.0) < 1e-13


def test_the_second_law_binds_and_says_so():
    free, _, before = carried(kepler, pericentre(0.6), 60.0, 1e-7)
    kept, points, record = carried(kepler, pericentre(0.6), 60.0, 1e-7, watch={"energy": energy})
    report = consciences(kept, record.tally)["energy"]
    departure = max(abs(energy(0.0, point.y) + 0.5) for point in points)
    assert report.largest_departure == pytest.approx(departure, rel=1e-9)
    assert report.largest_departure < 0.2 * abs(energy(0.0, free.y) + 0.5)
    assert report.bound == record.tally.bound["energy"] > 0
    assert record.tally.cost["evaluations"] < 2 * before.tally.cost["evaluations"]
    for row in record.accepted():
        if row["number"]:
            assert row["evidence"]["energy"][0] <= 1.0


def test_an_allowance_can_be_given():
    loose = {"energy": Invariant(energy, energy_gradient, allowed=1.0)}
    kept, _, record = carried(kepler, pericentre(0.6), 20.0, 1e-7, watch=loose)
    assert consciences(kept, record.tally)["energy"].bound == 0


def test_the_noise_is_what_rounding_does():
    # Against the energy of the very same doubles in 40 digits.
    _, points, _ = carried(kepler, pericentre(0.9), 20.0, 1e-10)
    bundle, errors, noises = Bundle({"energy": energy}), [], []
    mp.mp.dps = 40
    for point in points:
        x, y, vx, vy = (mp.mpf(float(value)) for value in point.y)
        exact = (vx * vx + vy * vy) / 2 - 1 / mp.sqrt(x * x + y * y)
        errors.append(float(abs(mp.mpf(float(energy(0.0, point.y))) - exact)))
        noises.append(float(bundle.noise(point)[0]))
        slope = rounding(energy_gradient(0.0, point.y)[None], point.y)[0]
        assert 0.3 * slope < noises[-1] < 3.0 * slope
    ratio = np.array(errors) / np.array(noises)
    # Terms rounded to half an ulp at most, four of them: evaluating is as noisy as what it is
    # given, and no more.
    assert ratio.max() < 4.0
    assert np.sqrt(np.mean(ratio**2)) > 0.05


def test_values_may_be_arrays_and_what_is_remembered_goes_to_disk_and_back():
    both = {"both": lambda t, y: np.array([energy(t, y), spin(t, y)])}
    kept, _, record = carried(kepler, pericentre(0.3), 5.0, 1e-6, project=both)
    reports = consciences(kept, record.tally)
    assert list(reports) == ["both_0", "both_1"]
    assert reports["both_1"].start == pytest.approx(math.sqrt(1 - 0.3**2), rel=1e-14)
    back = decode(*encode(kept, (Flow,)), (Flow,))
    assert consciences(back, record.tally) == reports
    row = list(record)[-1]
    assert {"both_0_drift", "both_0_correction"} <= row["notes"].keys()


def test_the_report_reads_like_a_report():
    told = Conscience(-0.5, 1e-15, 2e-9, 3e-12, True, 4, 1, 2)
    assert "-2e-09" in told.sentence
    assert "may not conserve it" in told.sentence


def test_what_is_no_invariant_is_refused():
    with pytest.raises(InputError, match="energy"):
        Bundle({"energy": 3.0})


@pytest.mark.parametrize("allowed", [0.0, -1.0, math.nan, "x"])
def test_an_allowance_must_be_positive(allowed):
    with pytest.raises(InputError, match="allowed, the most that one step may change"):
        Invariant(energy, allowed=allowed)


@pytest.mark.parametrize("how", ["project", "watch"])
@pytest.mark.parametrize("size", [1e-2, 1e-4])
def test_what_f_changes_is_told_however_small_the_steps_that_the_law_makes(how, size):
    # At pericentre the rate of x vanishes; pinned or bound, it would creep on for ever.
    with pytest.raises(InputError, match="x is not conserved by the equation"):
        carried(kepler, pericentre(0.6), 10.0, 1e-6, size=size, **{how: {"x": lambda t, y: y[0]}})


@settings(max_examples=20, deadline=None)
@given(
    st.floats(-12.0, -1.0),
    st.floats(0.0, 0.95),
    st.sampled_from([dop853, dormand_prince]),
    st.sampled_from([1e-6, 1e-2, 3.0]),
)
def test_what_f_conserves_is_not_refused(log_rtol, eccentricity, scheme, size):
    for how in ("project", "watch"):
        declared = {"energy": energy, "spin": spin}
        kept, _, _ = carried(
            kepler, pericentre(eccentricity), 7.0, 10.0**log_rtol, scheme=scheme, size=size,
            **{how: declared},
        )  # fmt: skip
        assert kept.time == 7.0


def test_rates_are_found_where_one_component_is_nearly_still():
    # γ of a particle pushed from rest: dγ/dt = u/γ, where u is a millionth of what γ is made of.
    bundle = Bundle({"gamma": lambda t, y: math.hypot(1.0, y[0])})
    flow = Flow(0.0, np.array([1e-6, 1e-12]), np.array([1.0, 1e-6]))
    bundle.values(0.0, flow.y)
    change, sure = bundle.changes(flow, np.array([1e-6, 1e-12]), 1e-6)
    assert sure[0]
    assert change[0] == pytest.approx(1e-6, rel=0.02)


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (lambda t, y: np.ones(1 if t < 3.0 else 2), "as many values as at the start, 1. Got 2"),
        (lambda t, y: "x", "must answer a number or numbers. Got 'x'"),
        ((spin, lambda t, y: np.ones(3)), r"must have shape \(1, 4\) or \(4,\). Got \(3,\) at"),
        ((spin, lambda t, y: "x"), "gradient of the invariant spin must answer numbers"),
        ((spin, 3.0), "gradient of the invariant spin must be a function"),
    ],
)
@pytest.mark.parametrize("how", ["project", "watch"])
def test_answers_of_another_shape_are_refused(declared, said, how):
    with pytest.raises(InputError, match=said):
        carried(kepler, pericentre(0.6), 10.0, 1e-6, **{how: {"spin": declared}})
