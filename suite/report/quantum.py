"""The page of a VQE run: the energy closing in, the steps that did it, the metric, the ansatz."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from suite.report.attempts import COLOURS, layout
from suite.report.circuit import ansatz
from suite.report.page import Grid, Section, tally_table
from suite.report.steps import attempts, spectrum, steps, steps_told

__all__ = ["chemical_accuracy", "convergence", "facts_of", "ground_state", "points_of", "sections"]

CHEMICAL_ACCURACY = 1.6e-3
"""One kcal/mol in hartree."""
SMALLEST = 1e-16
"""What is below the exact energy by rounding cannot be drawn on a logarithmic scale."""

_SIDES = (
    "The points of the way are means of the two sides of a perturbation, which lie above the "
    "energy between them where it curves up; the answer is measured anew."
)
_ANEW = "The answer is measured anew."
ENDINGS = {"spsa": _SIDES, "qnspsa": _SIDES, "qng": _ANEW, "adam": _ANEW}
"""What the last sentence on a run with shots says, where its last point is not its answer."""

Row = Mapping[str, Any]


def sections(rows: Iterable[Row], summary: Row, drawing: str = "") -> list[Section]:
    """The sections of a VQE run from its record, its summary and the text of its ansatz."""
    rows = list(rows)
    parts = [
        Section("Convergence", _told(summary), convergence(rows, summary), facts_of(summary)),
        Section(
            "The record of the steps",
            steps_told(rows),
            steps(rows),
            tally_table(summary["record"]),
        ),
        spectrum(rows, str(summary.get("metric") or "")),
        attempts(rows),
        _noise(summary),
        ansatz(drawing),
    ]
    return [part for part in parts if part is not None]


def ground_state(rows: Iterable[Row], summary: Row, drawing: str = "") -> str:
    """A VQE run in a notebook: its convergence and its ansatz, in a frame of their own.

    The picture stands still: a notebook may show many results.
    """
    from suite.report.ground_state import convergence_figure, svg_of
    from suite.report.notebook import framed

    points = points_of(list(rows))
    picture = svg_of(lambda path: convergence_figure(points, summary, path)) if points else ""
    first = Section("Convergence", _told(summary), table=facts_of(summary), film=picture)
    shown = ansatz(drawing)
    return framed("Ground state", [first] if shown is None else [first, shown])


def facts_of(summary: Row) -> dict[str, str]:
    """The numbers of a run in words, the same for the page and the terminal."""
    exact, error = summary["exact_energy"], summary["standard_error"]
    digits = 10 if not error else 6
    facts = {"energy": f"{summary['energy']:.{digits}f}" + (f" ± {error:.1e}" if error else "")}
    if exact is not None:
        gap = summary["energy"] - exact
        facts["exact energy"] = f"{exact:.{digits}f}"
        facts["above it by" if gap >= 0.0 else "below it by"] = _gap(gap, error)
    else:
        facts["exact energy"] = "not known"
    if summary.get("exact_energy_of_parameters") is not None:
        facts["its parameters without noise"] = (
            f"{summary['exact_energy_of_parameters']:.{digits}f}"
        )
    if summary.get("hartree_fock_energy") is not None:
        facts["Hartree-Fock"] = f"{summary['hartree_fock_energy']:.{digits}f}"
    facts["evaluations"] = f"{summary['evaluations']:,}"
    for name, label in (("shots", "shots"), ("jobs", "jobs"), ("backend", "backend")):
        if summary.get(name):
            value = summary[name]
            facts[label] = f"{value:,}" if isinstance(value, int) else str(value)
    return facts | {"ended": summary["sentence"]}


def _gap(gap: float, error: float) -> str:
    if not error:
        return f"{abs(gap):.1e}"
    within = "within its error" if abs(gap) <= 2.0 * error else f"{abs(gap) / error:.1f} errors"
    return f"{abs(gap):.1e} ({within})"


def _told(summary: Row) -> str:
    if _noisy(summary):
        return (
            "Energy as it was measured, with its standard error, against the shots that were "
            "paid for. A measured energy may fall below the exact one by its error: that is noise "
            "and no achievement. "
            + ENDINGS.get(summary.get("method", ""), "The last point is measured anew.")
            + _lifted(summary)
        )
    return (
        "Energy after each attempt, against what was paid for: an evaluation is an energy with its "
        "gradient and metric. Crosses are attempts that were refused."
    )


def _lifted(summary: Row) -> str:
    """What a device's own noise did to the energy, where that is known and more than its error."""
    true = summary.get("exact_energy_of_parameters")
    if true is None or abs(summary["energy"] - true) < 3.0 * summary["standard_error"]:
        return ""
    return (
        f" The same parameters without noise have {true:.6f}: the device's noise moved the energy "
        f"by {summary['energy'] - true:+.2g}, which is in no error bar."
    )


def _noisy(summary: Row) -> bool:
    return bool(summary["standard_error"])


def convergence(rows: Sequence[Row], summary: Row) -> Any:
    """Energy against what was paid, with the exact and the Hartree-Fock line.

    Where the exact energy is known and there is no noise, a second panel shows the distance to it.
    """
    from plotly.subplots import make_subplots

    points = points_of(rows)
    noisy = _noisy(summary)
    exact = summary["exact_energy"]
    close = exact is not None and not noisy
    figure = make_subplots(rows=2 if close else 1, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    unit = " (hartree)" if summary["hartree_fock_energy"] is not None else ""
    cost = "shots" if any(p["shots"] for p in points) else "evaluations"
    _energies(figure, points, cost)
    if points:
        _levels(figure, summary, [points[0][cost], points[-1][cost]])
    figure.update_layout(**layout("", f"energy{unit}", ""), showlegend=True)
    if close:
        _distances(figure, points, float(exact), unit)
        figure.update_layout(height=620)
    figure.update_xaxes(title_text=cost, row=2 if close else 1, col=1)
    if len(points) < 12 and cost == "evaluations":
        figure.update_xaxes(dtick=1)
    return figure


def points_of(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What each attempt measured, and what had been paid by then."""
    points, evaluations, shots = [], 0, 0
    for row in rows:
        evaluations += row["cost"].get("evaluations", 0)
        shots += row["cost"].get("shots", 0)
        notes = row["notes"]
        if notes.get("energy") is not None:
            points.append(
                {
                    "evaluations": evaluations,
                    "shots": shots,
                    "energy": float(notes["energy"]),
                    "error": float(notes.get("standard_error") or 0.0),
                    "accepted": row["accepted"],
                    "text": f"{row['phase'] or 'attempt'} {row['number']}: "
                    + (f"refused, {row['refused']}" if row["refused"] else "accepted"),
                }
            )
    return points


def _energies(figure: Any, points: Sequence[Row], cost: str) -> None:
    for accepted, name in ((True, "accepted"), (False, "refused")):
        mine = [p for p in points if p["accepted"] is accepted]
        errors = [p["error"] for p in mine]
        if mine:
            figure.add_scatter(
                x=[p[cost] for p in mine],
                y=[p["energy"] for p in mine],
                error_y={"array": errors, "thickness": 1} if any(errors) else None,
                text=[p["text"] for p in mine],
                hovertemplate="%{text}<br>%{x} " + cost + "<br>%{y:.8f}<extra></extra>",
                name=name,
                row=1,
                col=1,
                **_look(accepted),
            )


def _look(accepted: bool) -> dict[str, Any]:
    if accepted:
        return {"mode": "lines+markers", "line": {"color": COLOURS[0]}, "marker": {"size": 6}}
    return {"mode": "markers", "marker": {"color": COLOURS[4], "symbol": "x", "size": 8}}


def _levels(figure: Any, summary: Row, ends: Sequence[float]) -> None:
    lines = (
        ("exact", summary["exact_energy"], COLOURS[2], "dash"),
        ("Hartree-Fock", summary["hartree_fock_energy"], COLOURS[5], "dot"),
        ("the answer, measured anew", summary["energy"], COLOURS[3], "dot"),
    )
    for name, value, colour, dash in lines:
        if value is None or (name.startswith("the answer") and not summary["standard_error"]):
            continue
        figure.add_scatter(
            x=list(ends),
            y=[value] * 2,
            mode="lines",
            line={"color": colour, "dash": dash},
            name=name,
            hovertemplate=f"{name}<br>%{{y:.8f}}<extra></extra>",
            row=1,
            col=1,
        )


def chemical_accuracy(figure: Any, ends: tuple[float, float]) -> None:
    """The line of 1.6e-3 hartree in the lower panel of a figure."""
    figure.add_scatter(
        x=list(ends),
        y=[CHEMICAL_ACCURACY] * 2,
        mode="lines",
        line={"dash": "dot", "color": COLOURS[1]},
        name="chemical accuracy",
        hovertemplate="1.6e-3 hartree<extra></extra>",
        row=2,
        col=1,
    )


def _distances(figure: Any, points: Sequence[Row], exact: float, unit: str) -> None:
    for accepted in (True, False):
        mine = [p for p in points if p["accepted"] is accepted]
        figure.add_scatter(
            x=[p["evaluations"] for p in mine],
            y=[max(p["energy"] - exact, SMALLEST) for p in mine],
            text=[p["text"] for p in mine],
            hovertemplate="%{text}<br>%{x} evaluations<br>%{y:.3e} above exact<extra></extra>",
            showlegend=False,
            row=2,
            col=1,
            **_look(accepted),
        )
    if unit and points:
        chemical_accuracy(figure, (points[0]["evaluations"], points[-1]["evaluations"]))
    figure.update_yaxes(
        type="log",
        exponentformat="power",
        title_text=f"above exact{unit}",
        dtick=2,
        row=2,
        col=1,
    )


def _noise(summary: Row) -> Section | None:
    """What was measured of the noise, where there was any."""
    found = summary.get("noise")
    if not isinstance(found, Mapping) or not found:
        return None
    lines = [[str(name).replace("_", " "), _cell(value)] for name, value in found.items()]
    return Section(
        "The noise",
        "What the shots could tell and what they could not; none of these numbers steered the run.",
        grid=Grid(["what", "value"], lines, prose=True),
    )


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
