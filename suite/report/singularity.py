"""Pictures of an approaching singularity: its estimate closing in, and the power it grows by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.report.attempts import COLOURS, layout
from suite.report.histories import History, thinned
from suite.report.page import Grid, Section
from suite.report.trajectories import names_of

__all__ = ["closing_in", "growth", "singularity_section", "told"]

TINY = 1e-17
"""Relative differences below this are drawn here."""
CLOSING_IN = "The singularity closing in"
LINES = 12
"""Lines of the table of estimates."""

Row = Mapping[str, Any]
Floats = NDArray[np.float64]


def told(found: Row | None) -> dict[str, str]:
    """A singularity in words, the same for the page and the terminal.

    >>> told({"time": 1.0, "error": 2e-7, "exponent": 2.0, "logarithmic": False,
    ...       "status": "singular"})["singular time"]
    '1.00000000 ± 2.0e-07'
    """
    if found is None:
        return {"singularity": "none was met"}
    error = float(found["error"] or 0.0)
    digits = 10 if error <= 0.0 else max(2, min(15, 1 + int(np.ceil(-np.log10(error)))))
    lines = {"singular time": f"{found['time']:.{digits}f} ± {error:.1e}"}
    if found.get("logarithmic"):
        lines["grows like"] = "the logarithm of the time that is left"
    elif found.get("exponent") is not None:
        lines["grows like"] = f"the time that is left to the power {-found['exponent']:.6g}"
    if found.get("status") == "approaching":
        lines["status"] = "approaching: a warning, which more steps may withdraw"
    return lines


def singularity_section(history: History, summary: Row) -> Section | None:
    """How the estimate of a singular time closed in; None where there never was one."""
    time = history.note("singular_time", history.kept)
    if not np.isfinite(time).any():
        return None
    found = summary.get("singularity")
    if found:
        text = (
            "What the accepted steps foretold of the singular time, by how far ahead of it they "
            "were. The bar counts the error of the extrapolation and that of the integration so "
            "far. The distance is from the last estimate, made by a second run at a tighter "
            "tolerance where the singularity is clearly in view."
        )
        figure, grid = closing_in(history, summary), _table(history, found)
        return Section(CLOSING_IN, text, figure, told(found), grid=grid)
    text = (
        "Steps from which the solution looked as if it became singular. It did not: each of these "
        "warnings was withdrawn."
    )
    return Section("Warnings of a singularity", text, grid=_table(history, None))


def _estimates(history: History) -> tuple[Floats, Floats, Floats, Floats]:
    """Of the steps that had one: their time, the estimate, its error, the exponent."""
    kept = history.kept
    columns = [history.note(f"singular_{name}", kept) for name in ("time", "error", "exponent")]
    known = np.isfinite(columns[0])
    return (history.time[known], *(column[known] for column in columns))  # type: ignore[return-value]


def closing_in(history: History, summary: Row) -> Any:
    """Distance of each estimate from the last one with its bar, and the exponent, against the time
    that was left."""
    from plotly.subplots import make_subplots

    time, estimate, error, exponent = _estimates(history)
    end = float(summary["singularity"]["time"])
    scale = max(abs(end), 1e-300)
    left = np.abs(end - time)
    here = np.flatnonzero((left > 0.0) & (left > 4.0 * np.finfo(float).eps * scale))
    here = here[thinned(left[here], 400)]
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.65, 0.35]
    )
    off = np.maximum(np.abs(estimate - end), TINY * scale)
    for values, name, look in (
        (error, "its error bar", {"mode": "lines", "line": {"color": COLOURS[1], "width": 2}}),
        (off, "distance from the last estimate", _dots(COLOURS[0])),
    ):
        figure.add_scatter(
            x=left[here],
            y=np.maximum(values[here], TINY * scale),
            name=name,
            hovertemplate="%{x:.3g} before<br>%{y:.2e}<extra>" + name + "</extra>",
            row=1,
            col=1,
            **look,
        )
    figure.add_scatter(
        x=left[here],
        y=exponent[here],
        name="exponent",
        hovertemplate="%{x:.3g} before<br>%{y:.8g}<extra>exponent</extra>",
        row=2,
        col=1,
        **_dots(COLOURS[3]),
    )
    figure.update_layout(**layout("", "error of the singular time", ""), showlegend=True)
    figure.update_layout(height=560)
    powers = {"type": "log", "exponentformat": "power"}
    figure.update_yaxes(row=1, col=1, **powers)
    figure.update_yaxes(title_text="exponent", row=2, col=1, **_about(exponent[here]))
    figure.update_xaxes(autorange="reversed", **powers)
    figure.update_xaxes(title_text="time that was left", row=2, col=1)
    return figure


def _dots(colour: str) -> dict[str, Any]:
    return {"mode": "lines+markers", "marker": {"size": 5}, "line": {"color": colour, "width": 1}}


def _about(values: Floats) -> dict[str, Any]:
    """A range that the first wild estimates do not set."""
    values = values[np.isfinite(values)]
    middle = float(np.median(values)) if len(values) > 3 else 0.0
    if middle == 0.0:
        return {"exponentformat": "power"}
    width = max(6.0 * float(np.median(np.abs(values - middle))), 1e-3 * abs(middle), 1e-9)
    return {"range": [middle - width, middle + width]}


def growth(history: History, summary: Row) -> Section | None:
    """The components against the time that is left: a power is a straight line."""
    import plotly.graph_objects as go

    found = summary.get("singularity")
    if not found:
        return None
    left = np.abs(float(found["time"]) - history.time)
    figure = go.Figure()
    names = names_of(summary, history.y.shape[1])
    sizes = np.abs(history.y)
    growing = np.flatnonzero(sizes[-1] > 3.0 * np.maximum(sizes[0], 1e-300))
    for place, i in enumerate(growing[:6]):
        here = np.flatnonzero((left > 0.0) & (sizes[:, i] > 0.0))
        here = here[thinned(np.log(sizes[here, i]))]
        figure.add_scatter(
            x=left[here],
            y=sizes[here, i],
            mode="lines+markers",
            marker={"size": 4},
            line={"color": COLOURS[place % len(COLOURS)], "width": 1},
            name=names[i],
            hovertemplate="%{x:.3g} left<br>%{y:.4g}<extra>" + names[i] + "</extra>",
        )
    if not figure.data:
        return None
    log = bool(found.get("logarithmic"))
    several = len(figure.data) > 1
    size = "size of the components" if several else f"size of {figure.data[0].name}"
    figure.update_layout(**layout("time that is left", size, ""), showlegend=several)
    figure.update_xaxes(type="log", exponentformat="power", autorange="reversed")
    if not log:
        figure.update_yaxes(type="log", exponentformat="power")
    text = (
        "Size of the components that grow, against the time that is left. "
        + ("The logarithm" if log else "A power")
        + " of it is a straight line here."
    )
    return Section("How it grows", text, figure)


def _table(history: History, found: Row | None) -> Grid | None:
    time, estimate, error, exponent = _estimates(history)
    if not len(time):
        return None
    places = np.unique(np.linspace(0, len(time) - 1, LINES).round().astype(int))
    last = float(found["time"]) if found else None
    columns = ["at time", "singular time", "error bar", "exponent"]
    lines = [
        [f"{time[i]:.16g}", f"{estimate[i]:.12g}", f"{error[i]:.1e}", f"{exponent[i]:.6g}"]
        for i in places
    ]
    if last is not None:
        columns.insert(1, "left")
        for line, i in zip(lines, places, strict=True):
            line.insert(1, f"{abs(last - time[i]):.2e}")
    return Grid(columns, lines)
