"""Pictures of the steps of a trajectory: their sizes, errors, invariants and stability."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.report.attempts import COLOURS, layout
from suite.report.histories import History, is_wide, thinned
from suite.report.trajectories import stiff_shades, time_axis

__all__ = ["drift", "errors", "powers", "step_times", "stiffness"]

SMALLEST = 1e-17
"""What vanished to rounding is drawn here on a logarithmic scale."""

LOWEST = 6
"""Decades below the allowed that the picture of errors shows."""

Row = Mapping[str, Any]
Floats = NDArray[np.float64]


def step_times(history: History, summary: Row) -> Any:
    """Step size against the time it began at, coloured by what bound it; refusals are crosses.

    Where most attempts were made in little time, a second panel has them in their order.
    """
    from plotly.subplots import make_subplots

    axis = time_axis(history)
    order = np.arange(1.0, len(history.rows) + 1.0)
    panels = [(history.start, axis)]
    if axis.get("type") != "log" and _crowded(history.start):
        panels.append((order, {"title_text": "attempt"}))
    figure = make_subplots(rows=len(panels), cols=1, vertical_spacing=0.16)
    figure.update_layout(**layout("", "", "bound by"), showlegend=True)
    figure.update_layout(height=420 + 240 * (len(panels) - 1), legend_itemsizing="constant")
    for row, (places, look) in enumerate(panels, 1):
        for trace in _attempts(history, places, row == 1):
            figure.add_trace(trace, row=row, col=1)
        figure.update_xaxes(row=row, col=1, **look)
    figure.update_yaxes(title_text="step size", **powers(history.size))
    if summary.get("stiff"):
        stiff_shades(figure, summary, row=1, col=1)
    return figure


def _attempts(history: History, places: Floats, named: bool) -> list[Any]:
    """The traces of accepted and refused attempts, for each name of what bound them."""
    import plotly.graph_objects as go

    bound, traces = np.array(history.bound, object), []
    names = list(dict.fromkeys(history.bound))
    for kept, symbol, size in ((True, "circle", 4), (False, "x", 6)):
        for name, colour in zip(names, COLOURS * len(names), strict=False):
            mine = np.flatnonzero((bound == name) & (history.accepted == kept))
            mine = mine[thinned(history.size[mine])] if len(mine) else mine
            label = f"{name}, {'accepted' if kept else 'refused'}"
            if len(mine):
                marks = go.Scatter(
                    x=places[mine],
                    y=history.size[mine],
                    mode="markers",
                    marker={"color": colour, "symbol": symbol, "size": size},
                    name=label,
                    legendgroup=label,
                    showlegend=named,
                    text=[_told(history.rows[int(i)]) for i in mine],
                    hovertemplate="%{text}<extra></extra>",
                )
                traces.append(marks)
    return traces


def _crowded(times: Floats) -> bool:
    """Whether a tenth of the time holds four fifths of the attempts."""
    if len(times) < 20:
        return False
    counts, _ = np.histogram(times[np.isfinite(times)], bins=50)
    return bool(np.sort(counts)[-5:].sum() > 0.8 * len(times))


def powers(values: Floats) -> dict[str, Any]:
    """A logarithmic axis with marks that suit how wide the positive values are spread."""
    look: dict[str, Any] = {"type": "log", "exponentformat": "power"}
    values = values[np.isfinite(values) & (values > 0.0)]
    decades = float(np.log10(np.max(values)) - np.log10(np.min(values))) if len(values) else 0.0
    look["dtick"] = math.ceil(decades / 8.0) if decades > 1.5 else "D2"
    return look


def _told(row: Row) -> str:
    refused = f"<br>refused: {row['refused']}" if row["refused"] else ""
    phase = f" ({row['phase']})" if row["phase"] else ""
    return f"attempt {row['number']}{phase}: step {row['size']:.4g}{refused}"


def errors(history: History, summary: Row) -> Any | None:
    """What each accepted step showed over what is allowed, by signal; above 1 it is refused."""
    import plotly.graph_objects as go

    figure = go.Figure()
    kept = np.flatnonzero(history.accepted)
    for name, colour in zip(history.signals(), COLOURS, strict=False):
        value = history.evidence(name)[kept]
        here = np.flatnonzero(np.isfinite(value) & (value > 0.0))
        here = here[thinned(np.log(value[here]))]
        if len(here):
            figure.add_scatter(
                x=history.start[kept][here],
                y=value[here],
                mode="markers",
                marker={"color": colour, "size": 3},
                name=name,
                hovertemplate="t = %{x:.6g}<br>%{y:.3g} of the allowed<extra>" + name + "</extra>",
            )
    if not figure.data:
        return None
    figure.add_hline(y=1.0, line={"color": COLOURS[5], "dash": "dot", "width": 1})
    figure.update_layout(**layout("time", "of the allowed", ""), showlegend=len(figure.data) > 1)
    figure.update_layout(height=320)
    figure.update_yaxes(type="log", exponentformat="power", dtick=1, range=[-LOWEST, 0.3])
    figure.update_xaxes(**time_axis(history))
    stiff_shades(figure, summary)
    return figure


def drift(history: History, summary: Row, names: Sequence[str]) -> Any | None:
    """How far each invariant is from its start, and what the corrections add up to.

    The sum of corrections, turned round, is the drift that there would have been without them.
    """
    import plotly.graph_objects as go

    figure, seen = go.Figure(), [np.empty(0)]
    kept = history.kept
    noted = [name for name in kept[-1]["notes"] if name.endswith("_drift")] if kept else []
    # A vector has a drift for each of its components: name_0_drift, ...
    wanted = re.compile(f"({'|'.join(map(re.escape, names))})(_[0-9]+)?_drift")
    found = [name.removesuffix("_drift") for name in noted if names and wanted.fullmatch(name)]
    for name, colour in zip(found, COLOURS * len(found), strict=False):
        off = np.abs(history.note(f"{name}_drift", kept))
        seen.append(off)
        _trace(figure, history.time, off, name.replace("_", " "), colour, "solid")
        steps = history.note(f"{name}_correction", kept)
        if np.isfinite(steps).any():
            total = np.abs(np.cumsum(np.nan_to_num(steps)))
            _trace(
                figure,
                history.time,
                total,
                f"{name.replace('_', ' ')}, corrections summed",
                colour,
                "dot",
            )
    if not figure.data:
        return None
    figure.update_layout(**layout("time", "from its start", ""), showlegend=True)
    figure.update_yaxes(**powers(np.maximum(np.concatenate(seen), SMALLEST)))
    figure.update_xaxes(**time_axis(history))
    return figure


def _trace(figure: Any, x: Floats, y: Floats, name: str, colour: str, dash: str) -> None:
    known = np.flatnonzero(np.isfinite(y))
    if not len(known):
        return
    y = np.maximum(y[known], SMALLEST)
    places = thinned(np.log(y))
    figure.add_scatter(
        x=x[known][places],
        y=y[places],
        mode="lines",
        line={"color": colour, "dash": dash, "width": 1.2},
        name=name,
        hovertemplate="t = %{x:.6g}<br>%{y:.2e}<extra>" + name + "</extra>",
    )


def stiffness(history: History, summary: Row, boundary: float | None = None) -> Any | None:
    """h·λ of each accepted step by phase, stiff intervals shaded; None where it was not measured.

    `boundary` is where the explicit method loses its stability.
    """
    import plotly.graph_objects as go

    value = np.abs(history.note("h_lambda"))
    known = np.flatnonzero(history.accepted & np.isfinite(value) & (value > 0.0))
    if not len(known):
        return None
    figure = go.Figure()
    phases = np.array([row["phase"] for row in history.rows], object)
    for place, phase in enumerate(dict.fromkeys(phases[known])):
        mine = known[phases[known] == phase]
        mine = mine[thinned(np.log(value[mine]))]
        figure.add_scatter(
            x=history.start[mine],
            y=value[mine],
            mode="markers",
            marker={"color": COLOURS[(0, 4, 2)[place % 3]], "size": 4},
            name=phase or "steps",
            hovertemplate="t = %{x:.6g}<br>h·λ = %{y:.3g}<extra></extra>",
        )
    if boundary:
        figure.add_hline(
            y=boundary,
            line={"color": COLOURS[5], "dash": "dot", "width": 1},
            annotation_text=f"{boundary:g}: stability of the explicit method",
            annotation_position="top left",
        )
    stiff_shades(figure, summary)
    figure.update_layout(**layout("time", "h·λ", "method"), showlegend=True)
    if is_wide(value[known], 20.0):
        figure.update_yaxes(type="log", exponentformat="power")
    figure.update_xaxes(**time_axis(history))
    return figure
