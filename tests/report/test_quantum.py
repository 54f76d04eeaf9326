"""The page of a ground state and of a scan: every number on it is one of the record."""

import json
import re

import numpy as np
import pytest

from suite.report.circuit import ansatz
from suite.report.page import write_page
from suite.report.quantum import convergence, facts_of, ground_state, sections
from suite.report.scan import curve, curve_figure, curve_in_notebook, curve_sections
from suite.report.steps import attempts, spectrum, steps


def row(number, energy, *, refused="", damping=0.0, error=None, shots=None, spectrum=None):
    cost = {"evaluations": 1} | ({} if shots is None else {"shots": shots})
    notes = {"energy": energy, "angle": 0.2 / (number + 1), "metric_rank": 2}
    if number:
        notes |= {"gained": 0.1, "predicted_gain": 0.2}
    if error is not None:
        notes["standard_error"] = error
    if spectrum is not None:
        notes["metric_spectrum"] = np.array(spectrum)
    return {
        "track": "main",
        "number": number,
        "phase": "gauss-newton",
        "size": 0.3 * 0.5**number if number else 0.0,
        "damping": damping,
        "effort": 1.0,
        "tries": 0,
        "accepted": not refused,
        "bound": "gain" if number else "preparation",
        "refused": refused,
        "status": "",
        "evidence": {},
        "cost": cost,
        "notes": notes,
    }


def summary(rows, **more):
    accepted = [r for r in rows if r["accepted"]]
    trace = [
        {"energy": r["notes"]["energy"], "evaluations": i + 1, "angle": r["notes"]["angle"]}
        for i, r in enumerate(accepted)
    ]
    record = {"attempts": 3, "accepted": 2, "refused": {"gain": 1}, "bound": {"gain": 3}}
    return {
        "job": "quantum vqe",
        "status": "converged",
        "sentence": "Converged: the stopping criterion is met.",
        "energy": accepted[-1]["notes"]["energy"],
        "standard_error": 0.0,
        "exact_energy": -1.0,
        "hartree_fock_energy": -0.5,
        "evaluations": len(rows),
        "trace": trace,
        "record": {**record, "cost": {"evaluations": 4}},
        **more,
    }


EXACT = [
    row(0, -0.5, spectrum=[1e-14, 0.25, 1.0]),
    row(1, -0.8, damping=1e-3),
    row(2, -0.7, damping=1e-2, refused="gain"),
    row(3, -0.999, damping=1e-2, spectrum=[1e-14, 0.25, 0.5]),
]
NOISY = [row(i, -0.8 - 0.06 * i, error=0.02, shots=100 * (i + 1)) for i in range(4)]


def traces(figure):
    return {trace.name: trace for trace in figure.data if trace.name}


def test_an_exact_run_shows_energies_refusals_levels_and_the_distance_to_exact():
    figure = convergence(EXACT, summary(EXACT))
    by_name = traces(figure)
    assert list(by_name["accepted"].x) == [1, 2, 4]
    assert list(by_name["accepted"].y) == [-0.5, -0.8, -0.999]
    assert list(by_name["refused"].x) == [3]
    assert "gain" in by_name["refused"].text[0]
    assert list(by_name["exact"].y) == [-1.0, -1.0]
    assert list(by_name["Hartree-Fock"].y) == [-0.5, -0.5]
    below = [t for t in figure.data if t.yaxis == "y2" and t.name is None]
    np.testing.assert_allclose(below[0].y, [0.5, 0.2, 0.001])
    assert figure.layout.yaxis2.type == "log"


def test_a_run_with_shots_has_error_bars_against_shots_and_the_exact_line_only():
    noisy = summary(NOISY, standard_error=0.01, energy=-0.97, exact_energy=-0.96)
    figure = convergence(NOISY, noisy)
    by_name = traces(figure)
    assert list(by_name["accepted"].x) == [100, 300, 600, 1000]
    assert list(by_name["accepted"].error_y.array) == [0.02] * 4
    assert by_name["the answer, measured anew"].y[0] == -0.97
    assert not any(trace.yaxis == "y2" for trace in figure.data)
    facts = facts_of(noisy)
    assert facts["energy"] == "-0.970000 ± 1.0e-02"
    assert facts["below it by"] == "1.0e-02 (within its error)"
    assert "no achievement" in sections(NOISY, noisy)[0].text
    assert "in no error bar" not in sections(NOISY, noisy)[0].text
    lifted = noisy | {"energy": -0.6, "exact_energy_of_parameters": -0.95}
    assert "moved the energy by +0.35" in sections(NOISY, lifted)[0].text


def test_where_no_exact_energy_is_known_nothing_is_measured_against_it():
    unknown = summary(EXACT, exact_energy=None, hartree_fock_energy=None)
    figure = convergence(EXACT, unknown)
    assert "exact" not in traces(figure)
    assert "hartree" not in figure.layout.yaxis.title.text
    assert facts_of(unknown)["exact energy"] == "not known"


def test_steps_show_angles_and_damping_and_the_spectrum_its_rank():
    figure = steps(EXACT)
    assert list(traces(figure)["angle really turned"].y) == [0.1, 0.2 / 3.0, 0.05]
    damping = [trace for trace in figure.data if trace.yaxis == "y2"]
    assert list(damping[0].y) == [1e-3, 1e-2, 1e-2]
    part = spectrum(EXACT)
    assert list(part.figure.data[0].y) == [0.5, 0.25, 1e-14]
    assert part.table["rank"].startswith("2: 1 direction does not")
    assert part.table["condition number"] == "2"
    assert spectrum(NOISY) is None


def test_the_table_of_attempts_says_why_one_was_refused_and_leaves_out_what_is_empty():
    grid = attempts(EXACT).grid
    became = [dict(zip(grid.columns, line, strict=True))["became"] for line in grid.rows]
    assert became == ["accepted", "refused: gain", "accepted"]
    assert "error" not in grid.columns
    assert "error" in attempts(NOISY).grid.columns
    many = [row(i, -1.0) for i in range(1000)]
    assert len(attempts(many).grid.rows) == 300
    assert attempts(many).grid.fold == "the last 300 of 999 attempts"


def test_the_page_needs_no_network_and_escapes_the_drawing(tmp_path):
    drawing = "q_0: ┤ Ry(θ) ├ <script>alert(1)</script>"
    page = write_page(tmp_path / "a.html", "VQE", sections(EXACT, summary(EXACT), drawing))
    text = page.read_text(encoding="utf-8")
    assert "&lt;script&gt;alert" in text
    assert "q_0: ┤ Ry(θ) ├" in text
    body = text[text.index("<body>") :]
    assert not re.search(r"(src|href)=\"https?:", body)
    assert ansatz("") is None
    shown = ground_state(EXACT, summary(EXACT), drawing)
    assert "iframe" in shown
    # A notebook of many results: each brought the 5 MB of plotly's script.
    assert len(shown) < 60_000
    for part in ("above exact", "evaluations", "refused", "q_0: ┤ Ry(θ) ├"):
        assert part in shown
    noisy = ground_state(NOISY, summary(NOISY, standard_error=0.01), drawing)
    assert "shots" in noisy
    assert "Hartree-Fock" in noisy
    assert "iframe" in ground_state([], summary(EXACT))


POINTS = [
    {"value": 0.5, "energy": -1.0, "exact_energy": -1.001, "hartree_fock_energy": -0.9,
     "standard_error": 0.0, "evaluations": 3, "start": "usual", "status": "converged",
     "sentence": "Converged."},
    {"value": 1.0, "status": "failed", "sentence": "Hartree-Fock does not converge."},
    {"value": 1.5, "energy": -1.1, "exact_energy": -1.1, "hartree_fock_energy": -0.95,
     "standard_error": 0.01, "evaluations": 4, "start": "neighbour", "status": "converged",
     "sentence": "Converged."},
]  # fmt: skip


def scan_summary(points=POINTS):
    record = {"attempts": 5, "accepted": 5, "refused": {}, "bound": {"start": 5}}
    known = [p for p in points if "energy" in p]
    return {
        "coordinate": "distance 1-2",
        "unit": "angstrom",
        "sentence": "3 points, 1 of them fell short.",
        "lowest": min(known, key=lambda p: p["energy"], default=None),
        "points": list(points),
        "record": {**record, "cost": {"evaluations": 7}},
    }


def test_a_curve_has_its_three_lines_error_bars_and_a_row_for_the_point_that_failed():
    figure = curve(POINTS, scan_summary())
    by_name = traces(figure)
    assert list(by_name["VQE"].x) == [0.5, 1.5]
    assert list(by_name["VQE"].error_y.array) == [0.0, 0.01]
    assert list(by_name["exact"].y) == [-1.001, -1.1]
    assert list(by_name["Hartree-Fock"].y) == [-0.9, -0.95]
    gaps = next(trace for trace in figure.data if trace.yaxis == "y2")
    np.testing.assert_allclose(gaps.y, [0.001, 0.0], atol=1e-12)
    assert list(gaps.error_y.array) == [0.0, 0.01]
    parts = curve_sections(POINTS, scan_summary())
    assert parts[0].table["lowest point"] == "-1.100000 ± 1.0e-02 at 1.5 angstrom"
    noisy = scan_summary()
    noisy["lowest"] = {**noisy["lowest"], "standard_error": 0.02, "exact_energy": -1.09}
    (part, *_) = curve_sections(POINTS, noisy)
    assert part.table["lowest point"] == (
        "-1.100000 ± 2.0e-02 (below the exact energy by noise) at 1.5 angstrom"
    )
    assert parts[1].grid.rows[1][-1] == "Hartree-Fock does not converge."
    assert json.loads(figure.to_json())["layout"]["xaxis2"]["title"]["text"].startswith("distance")
    shown = curve_in_notebook(POINTS, scan_summary())
    assert "iframe" in shown
    assert len(shown) < 60_000
    assert "distance" in shown
    assert "Hartree-Fock does not converge" in curve_in_notebook(POINTS[1:2], scan_summary())


def test_a_curve_of_failures_has_no_picture_and_no_figure(tmp_path):
    failed = [POINTS[1]]
    parts = curve_sections(failed, scan_summary(failed))
    assert parts[0].title == "The points"
    with pytest.raises(ValueError, match="two points"):
        curve_figure(failed, scan_summary(failed), tmp_path / "curve.png")
    with pytest.raises(ValueError, match="written as"):
        curve_figure(POINTS, scan_summary(), tmp_path / "curve.jpg")
    assert list(tmp_path.iterdir()) == []
    assert curve_figure(POINTS, scan_summary(), tmp_path / "curve.png").stat().st_size > 1000
