"""The page of an orbit: the plane with its pericentres, and what was kept along it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.report.attempts import COLOURS, layout
from suite.report.dynamics import facts_of, watched_sections
from suite.report.histories import History, between, history_of, thinned
from suite.report.page import Section
from suite.report.stepping import powers
from suite.report.trajectories import plane, plane_text, time_axis

__all__ = ["orbit_facts", "orbit_in_notebook", "orbit_sections"]

SMALLEST = 1e-17
"""A relative error that vanished to rounding is drawn here."""
MARKED = 400
"""Pericentres that are marked at most."""

Row = Mapping[str, Any]
Floats = NDArray[np.float64]


def orbit_sections(
    columns: Mapping[str, Sequence[float]], rows: Iterable[Row], summary: Row
) -> list[Section]:
    """The sections of an orbit from its table (`t`, `energy_error`, ...), record and summary."""
    history = history_of(rows)
    figure = plane(history, summary)
    if figure is not None:
        _pericentres(figure, history, summary)
    parts = [
        Section("The orbit", plane_text(history), figure, orbit_facts(summary)),
        Section(
            "What is kept",
            "Energy and angular momentum against their values at the start, relative to them. A "
            "small error of the energy alone proves nothing of the position: where it is projected "
            "it stays small even on a wrong orbit.",
            _errors(columns, history),
        ),
        *watched_sections(history, summary),
    ]
    return [part for part in parts if part is not None]


def orbit_in_notebook(
    columns: Mapping[str, Sequence[float]], rows: Iterable[Row], summary: Row
) -> str:
    """An orbit in a notebook: the plane, and what is kept, in a frame of their own."""
    from suite.report.notebook import framed

    return framed("Orbit", orbit_sections(columns, rows, summary)[:3])


def orbit_facts(summary: Row) -> dict[str, str]:
    """The numbers of an orbit in words, the same for the page and the terminal."""
    facts = facts_of(summary)
    facts |= {
        "energy error": _error(summary, "energy"),
        "angular momentum error": _error(summary, "angular_momentum"),
    }
    if summary.get("period") is not None:
        passages = len(summary.get("pericentre_passages") or ())
        times = "passage" if passages == 1 else "passages"
        facts |= {
            "eccentricity": f"{summary['eccentricity']:.10g}",
            "period": f"{summary['period']:.12g}, {passages:,} {times} of the pericentre",
            "position error": f"{summary['position_error']:.1e} from the closed form",
        }
    if summary.get("precession") is not None:
        facts["pericentre turned by"] = f"{summary['precession']:.1e} radian"
    return facts


def _error(summary: Row, name: str) -> str:
    at_end, most = summary[f"{name}_error"] + 0.0, summary[f"largest_{name}_error"]
    return f"{at_end:.1e} of it, at most {most:.1e}"


def _pericentres(figure: Any, history: History, summary: Row) -> None:
    """Mark where the bodies were nearest, on the curve."""
    times = np.array(summary.get("pericentre_passages") or (), float)[:MARKED]
    if not len(times):
        return
    time, y = between(history)
    x, height = (np.interp(times, time, y[:, i]) for i in (0, 1))
    for places, values, name, look in (
        (x, height, "pericentres", {"color": COLOURS[4], "size": 5}),
        ([0.0], [0.0], "centre", {"color": COLOURS[1], "size": 9}),
    ):
        figure.add_scatter(
            x=places,
            y=values,
            mode="markers",
            marker=look,
            name=name,
            hovertemplate=name + "<br>%{x:.6g}, %{y:.6g}<extra></extra>",
        )


def _errors(columns: Mapping[str, Sequence[float]], history: History) -> Any:
    import plotly.graph_objects as go

    figure, time = go.Figure(), np.asarray(columns["t"], float)
    seen = []
    for name, colour in (("energy_error", COLOURS[0]), ("angular_momentum_error", COLOURS[2])):
        size = np.maximum(np.abs(np.asarray(columns[name], float)), SMALLEST)
        seen.append(size)
        places = thinned(np.log(size))
        label = name.removesuffix("_error").replace("_", " ")
        figure.add_scatter(
            x=time[places],
            y=size[places],
            mode="lines",
            line={"color": colour, "width": 1},
            name=label,
            hovertemplate="t = %{x:.6g}<br>%{y:.2e}<extra>" + label + "</extra>",
        )
    figure.update_layout(**layout("", "relative error", ""), showlegend=True)
    figure.update_yaxes(**powers(np.concatenate(seen)))
    figure.update_xaxes(**time_axis(history))
    return figure
