"""The pages of trajectories: every number on them is one of the record or of the closed form."""

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from suite.report.dynamics import facts_of, sections, singularity_sections, trajectory
from suite.report.histories import between, history_of, is_wide, thinned
from suite.report.orbits import orbit_facts, orbit_in_notebook, orbit_sections
from suite.report.page import write_page
from suite.report.particles import particle_in_notebook, particle_sections
from suite.report.singularity import closing_in
from suite.report.stepping import drift, step_times, stiffness
from suite.report.trajectories import components, plane


def row(number, time, y, *, size=0.1, refused="", bound="error", phase="", **notes):
    return {
        "track": "main",
        "number": number,
        "phase": phase,
        "size": size if number else 0.0,
        "accepted": not refused,
        "bound": bound if number else "preparation",
        "refused": refused,
        "status": "",
        "evidence": {"error": [0.5, 1e-10, 8.0]} if number else {},
        "cost": {"evaluations": 12},
        "notes": {"time": time, "y": np.asarray(y), **notes},
    }


def summary(rows, **more):
    kept = [r for r in rows if r["accepted"]]
    refused = [r for r in rows if r["refused"]]
    return {
        "job": "dynamics solve",
        "method": "auto",
        "status": "endpoint",
        "sentence": "Endpoint reached.",
        "t0": kept[0]["notes"]["time"],
        "t_end": kept[-1]["notes"]["time"],
        "t": kept[-1]["notes"]["time"],
        "names": [],
        "evaluations": 12 * len(rows),
        "singularity": None,
        "stiff": [],
        "changes": [],
        "invariants": {},
        "events": [],
        "record": {
            "attempts": len(rows) - 1,
            "accepted": len(kept) - 1,
            "refused": {"error": len(refused)} if refused else {},
            "bound": {"error": len(rows) - 1},
            "cost": {"evaluations": 12 * len(rows)},
        },
        **more,
    }


def circle(count=40, end=2.0 * np.pi, **notes):
    times = np.linspace(0.0, end, count + 1)
    return [
        row(i, t, [np.cos(t), np.sin(t)], size=end / count, **notes) for i, t in enumerate(times)
    ]


SOME = [
    row(0, 0.0, [1.0]),
    row(1, 0.5, [0.6], size=0.5),
    row(2, 1.5, [0.2], size=1.0, refused="error"),
    row(3, 0.8, [0.4], size=0.3, bound="end"),
    row(4, 1.0, [0.36], size=0.2),
]


@given(
    arrays(float, st.integers(1, 3000), elements=st.floats(-1e9, 1e9)),
    st.integers(4, 400),
)
def test_what_is_thinned_keeps_both_ends_and_both_extremes(values, most):
    places = thinned(values, most)
    assert len(places) <= max(most, 4)
    assert np.all(np.diff(places) > 0)
    assert places[0] == 0
    assert places[-1] == len(values) - 1
    assert values[places].max() == values.max()
    assert values[places].min() == values.min()


def test_a_history_says_when_each_attempt_began_and_leaves_refused_states_out():
    history = history_of(SOME)
    np.testing.assert_array_equal(history.start, [0.0, 0.5, 0.5, 0.8])
    np.testing.assert_array_equal(history.time, [0.0, 0.5, 0.8, 1.0])
    np.testing.assert_array_equal(history.y[:, 0], [1.0, 0.6, 0.4, 0.36])
    assert history.accepted.tolist() == [True, False, True, True]
    other = [{**r, "track": "other"} for r in SOME]
    assert len(history_of([*SOME, *other]).rows) == 4


def test_between_the_points_stands_the_polynomial_of_the_step():
    # y = t³ over steps of 0.5: y(θ) - y(0) = Σ c θ^k with c from the binomial theorem.
    h = 0.5
    rows = [row(0, 0.0, [0.0])]
    for i in range(1, 5):
        t = h * (i - 1)
        dense = np.array([[3 * t * t * h], [3 * t * h * h], [h**3]])
        rows.append(row(i, t + h, [(t + h) ** 3], size=h, dense=dense))
    time, y = between(history_of(rows))
    assert len(time) > 20
    np.testing.assert_allclose(y[:, 0], time**3, rtol=1e-14, atol=1e-16)


def test_without_polynomials_a_curve_goes_through_the_points_and_near_the_truth():
    history = history_of(circle(40))
    time, y = between(history)
    truth = np.stack([np.cos(time), np.sin(time)], axis=1)
    # Slopes of parabolas err by -h²/3 at an end and h²/6 beside it, times a third derivative of at
    # most 1. Hermite's cubic makes h³ θ (1-θ) (2-θ) / 6 of both, h³ / 15.6, and errs by h⁴ / 384.
    assert np.abs(y - truth).max() < (2 * np.pi / 40) ** 3 / 15
    for t, state in zip(history.time, history.y, strict=True):
        assert np.abs(y[np.argmin(np.abs(time - t))] - state).max() < 1e-12


def traces(figure):
    return {trace.name: trace for trace in figure.data}


def test_steps_stand_at_their_start_coloured_by_what_bound_them_and_refusals_are_crosses():
    found = traces(step_times(history_of(SOME), summary(SOME)))
    assert set(found) == {"error, accepted", "end, accepted", "error, refused"}
    assert list(found["error, accepted"].x) == [0.0, 0.8]
    assert list(found["error, refused"].x) == [0.5]
    assert list(found["error, refused"].y) == [1.0]
    assert found["error, refused"].marker.symbol == "x"
    assert found["error, refused"].marker.color == found["error, accepted"].marker.color
    assert found["end, accepted"].marker.color != found["error, accepted"].marker.color
    assert "refused: error" in found["error, refused"].text[0]


def test_components_that_differ_in_size_have_panels_of_their_own_and_complex_ones_two_parts():
    rows = [row(i, 0.1 * i, [1.0 - 0.1 * i, 1e-5 * i]) for i in range(6)]
    figure = components(history_of(rows), summary(rows, names=["big", "small"]))
    assert figure.layout.yaxis.title.text == "big"
    assert figure.layout.yaxis2.title.text == "small"
    rows = [row(i, 0.1 * i, [np.exp(0.1j * i)]) for i in range(6)]
    figure = components(history_of(rows), summary(rows, names=["psi"]))
    lines = {t.name: t for t in figure.data if t.mode == "markers"}
    np.testing.assert_allclose(lines["Re psi"].y, np.cos(0.1 * np.arange(6)))
    np.testing.assert_allclose(lines["Im psi"].y, np.sin(0.1 * np.arange(6)))
    assert plane(history_of(rows), summary(rows)) is None


def test_stiff_intervals_are_shaded_and_phases_told_apart():
    rows = [
        row(i, 0.1 * i, [1.0], phase="stiff" if i > 3 else "explicit", h_lambda=0.5 * i)
        for i in range(7)
    ]
    told = summary(rows, stiff=[[0.3, 0.6]], changes=[{"time": 0.3, "to": "stiff", "reason": "s"}])
    figure = stiffness(history_of(rows), told, 6.1)
    found = traces(figure)
    assert list(found["explicit"].y) == [0.5, 1.0, 1.5]
    assert list(found["stiff"].y) == [2.0, 2.5, 3.0]
    boxes = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert [(box.x0, box.x1) for box in boxes] == [(0.3, 0.6)]
    part = next(p for p in sections(rows, told) if p.title == "Stability")
    assert part.table["share of the time"] == "50.0%"
    assert part.grid.rows == [["0.3", "stiff", "s"]]
    assert stiffness(history_of(SOME), summary(SOME)) is None


CONSCIENCE = {
    "start": -0.5,
    "largest_departure": 2e-16,
    "sum_of_corrections": -6e-9,
    "largest_correction": 3e-9,
    "sentence": "energy was restored after each step.",
}


def test_drift_shows_departures_and_the_sum_of_signed_corrections():
    signed = [0.0, 1e-9, 1e-9, -4e-9, 5e-9]
    rows = [
        row(i, 0.1 * i, [1.0], energy_drift=-1e-16 * i, energy_correction=c, spin_0_drift=1e-3)
        for i, c in enumerate(signed)
    ]
    told = summary(rows, invariants={"energy": CONSCIENCE, "spin": CONSCIENCE | {"start": [1, 2]}})
    found = traces(drift(history_of(rows), told, ["energy", "spin"]))
    total = found["energy, corrections summed"]
    np.testing.assert_allclose(total.y[1:], [1e-9, 2e-9, 2e-9, 3e-9])
    np.testing.assert_allclose(found["energy"].y[1:], 1e-16 * np.arange(1, 5))
    assert found["spin 0"].y[0] == 1e-3
    part = next(p for p in sections(rows, told) if p.title == "Invariants")
    assert part.grid.rows[0] == ["energy", "-0.5", "2.0e-16", "-6.0e-09", "3.0e-09"]
    assert part.grid.rows[1][1] == "1, 2"
    assert "restored after each step" in part.text
    assert facts_of(told)["energy"].endswith("corrections sum to -6.0e-09")


FOUND = {
    "time": 1.0,
    "error": 2e-7,
    "exponent": 2.0,
    "logarithmic": False,
    "status": "singular",
}


def pole(count=30, shift=1e-3):
    """y = 1/(1 - t)² with estimates of its pole that close in on 1."""
    rows = [row(0, 0.0, [1.0])]
    for i in range(1, count):
        left = 0.5**i
        told = {"singular_time": 1.0 + shift * left, "singular_error": 2.0 * shift * left}
        told |= {"singular_exponent": 2.0 + 0.1 * left, "approaching": True}
        rows.append(row(i, 1.0 - left, [left**-2], size=left, **told))
    return rows


def test_the_estimate_of_a_singularity_closes_in_with_its_bar():
    rows = pole()
    told = summary(rows, singularity=FOUND, t_end=2.0, status="singular")
    figure = closing_in(history_of(rows), told)
    found = traces(figure)
    left = np.array(found["its error bar"].x)
    np.testing.assert_allclose(left, 0.5 ** np.arange(1, 30))
    np.testing.assert_allclose(found["its error bar"].y, 2e-3 * left)
    # An estimate within one of 1 is a double: its distance is known to an ulp of 1.
    np.testing.assert_allclose(
        found["distance from the last estimate"].y, 1e-3 * left, atol=2.3e-16
    )
    np.testing.assert_allclose(found["exponent"].y, 2.0 + 0.1 * left)
    parts = singularity_sections(rows, told)
    assert [p.title for p in parts][:2] == ["The singularity closing in", "How it grows"]
    assert parts[0].table["singular time"] == "1.00000000 ± 2.0e-07"
    assert parts[0].table["grows like"] == "the time that is left to the power -2"
    grown = parts[1].figure.data[0]
    slope = np.polyfit(np.log(grown.x), np.log(grown.y), 1)[0]
    assert slope == pytest.approx(-2.0)
    assert len({p.title for p in parts}) == len(parts)


def test_points_that_may_lie_beyond_a_singularity_are_not_drawn():
    rows = pole()
    told = summary(rows, singularity=FOUND, t_end=2.0, status="singular", t=1.0 - 0.5**20)
    for part in singularity_sections(rows, told)[:2]:
        for trace in part.figure.data:
            assert min(trace.x) >= 0.5**20


def test_facts_say_what_was_asked_and_that_no_singularity_was_met():
    told = summary(circle(20, 1.0))
    told["options"] = {"rtol": 1e-6, "atol": [1e-9, 1e-9, 1e-8]}
    facts = facts_of({**told, "job": "dynamics singularity", "parameters": {"mu": 1000.0}})
    assert facts["tolerance"] == "rtol 1e-06, atol 1e-09 to 1e-08"
    assert facts["parameters"] == "mu = 1000"
    assert facts["singularity"] == "none up to t = 1"
    assert "singularity" not in facts_of(told)


def test_warnings_that_were_withdrawn_are_told_as_such():
    rows = [*pole(6), row(6, 1.1, [3.0])]
    part = next(p for p in sections(rows, summary(rows)) if "singularity" in p.title)
    assert part.title == "Warnings of a singularity"
    assert part.figure is None
    assert len(part.grid.rows) == 5
    assert not any("singularity" in p.title for p in sections(SOME, summary(SOME)))


def test_an_orbit_marks_its_pericentres_on_the_curve():
    rows = circle(200, 8.0 * np.pi)
    times = (2.0 * np.pi * np.arange(1, 4)).tolist()
    told = summary(
        rows,
        names=["x", "y"],
        pericentre_passages=times,
        period=2.0 * np.pi,
        eccentricity=0.0,
        position_error=1e-12,
        precession=1e-14,
        **{
            f"{a}{b}_error": 1e-15 for a in ("", "largest_") for b in ("energy", "angular_momentum")
        },
    )
    t = [r["notes"]["time"] for r in rows]
    columns = {"t": t, "energy_error": [1e-15] * 201, "angular_momentum_error": [-1e-14] * 201}
    parts = orbit_sections(columns, rows, told)
    marks = traces(parts[0].figure)["pericentres"]
    # The curve is drawn to h³ / 15 = 1.3e-4, and the marks lie on its chords.
    np.testing.assert_allclose(marks.x, 1.0, atol=2e-3)
    np.testing.assert_allclose(marks.y, 0.0, atol=2e-3)
    assert parts[0].table["period"] == "6.28318530718, 3 passages of the pericentre"
    kept = traces(parts[1].figure)
    assert max(kept["angular momentum"].y) == 1e-14
    lucky = orbit_facts({**told, "energy_error": -0.0, "pericentre_passages": times[:1]})
    assert lucky["energy error"] == "0.0e+00 of it, at most 1.0e-15"
    assert lucky["period"].endswith("1 passage of the pericentre")
    assert "iframe" in orbit_in_notebook(columns, rows, told)


def test_a_particle_shows_what_velocities_lose_beside_it():
    t = np.linspace(0.0, 10.0, 21)
    gamma = np.hypot(1.0, t)
    columns = {name: (0.0 * t).tolist() for name in ("y", "z", "py", "pz", "work")}
    columns |= {"t": t.tolist(), "gamma": gamma.tolist(), "px": t.tolist()}
    columns |= {"one_minus_speed": (1.0 / (gamma * (gamma + t))).tolist()}
    columns |= {"x": (gamma - 1.0).tolist(), "proper_time": np.arcsinh(t).tolist()}
    columns |= {"lag": (t - gamma + 1.0).tolist()}
    rows = [row(i, s, [s]) for i, s in enumerate(t)]
    error = np.where(t < 9.0, 1e-6 * t, np.nan)
    beside = {"t": t, "gamma": gamma, "gamma_error": error, "sentence": "In velocities: NaN."}
    parts = particle_sections(columns, rows, summary(rows), beside)
    lines = [trace for trace in parts[0].figure.data if trace.name == "in velocities"]
    # 1 - v/c from γ alone is the same number where γ is right.
    np.testing.assert_allclose(lines[1].y, columns["one_minus_speed"], rtol=1e-13)
    lost = next(p for p in parts if p.title == "The same in velocities")
    assert max(lost.figure.data[0].y) == pytest.approx(8.5e-6)
    assert lost.figure.layout.shapes[0].x0 == 9.0
    assert lost.text.endswith("In velocities: NaN.")
    assert parts[0].table["γ"] == f"{gamma[-1]:.14g}"
    alone = particle_sections(columns, rows, summary(rows))
    assert all(p.title != "The same in velocities" for p in alone)
    assert "iframe" in particle_in_notebook(columns, rows, summary(rows))


def test_a_page_of_a_long_run_stays_small_and_asks_nothing_of_the_network(tmp_path):
    rng = np.random.default_rng(1)
    sizes = rng.uniform(0.5, 1.5, 9_000)
    sizes[2_345] = 50.0
    times = np.concatenate([[0.0], np.cumsum(sizes)])
    rows = [
        row(i, t, [np.sin(t), np.cos(t)], size=sizes[i - 1], h_lambda=float(sizes[i - 1]))
        for i, t in enumerate(times)
    ]
    told = summary(rows)
    parts = sections(rows, told)
    for part in parts:
        for trace in part.figure.data if part.figure is not None else ():
            assert len(trace.x) <= 4000
    steps = next(p for p in parts if p.title == "The record of the steps").figure
    assert max(max(trace.y) for trace in steps.data) == 50.0
    text = write_page(tmp_path / "a.html", "Long", parts).read_text(encoding="utf-8")
    assert len(text) < 8e6
    assert not re.search(r"(src|href)=\"https?:", text[text.index("<body>") :])
    assert "iframe" in trajectory(rows, told)


def test_a_run_that_never_left_its_start_and_one_that_runs_away_have_pages():
    alone = [row(0, 0.0, [1.0])]
    assert sections(alone, summary(alone))[0].figure is None
    away = [row(i, 0.1 * i, [10.0 ** min(i, 300), -1.0]) for i in range(40)]
    for part in sections(away, summary(away, t_end=10.0)):
        if part.figure is not None:
            assert json.loads(part.figure.to_json())["data"]
    assert is_wide([1.0, 1.0, 1e6])
    assert not is_wide([1.0, 2.0, 3.0])
    lorenz = [row(i, 0.1 * i, [np.sin(i), np.cos(i), i]) for i in range(20)]
    assert len(plane(history_of(lorenz), summary(lorenz)).data) == 6
