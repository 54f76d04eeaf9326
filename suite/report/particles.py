"""The page of a charged particle: γ and 1 - v/c against time, the velocity form beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.report.attempts import COLOURS, layout
from suite.report.dynamics import facts_of, watched_sections
from suite.report.histories import history_of, is_wide, thinned
from suite.report.page import Section
from suite.report.stepping import powers

__all__ = ["particle_facts", "particle_in_notebook", "particle_sections"]

SMALLEST = 1e-17
"""A relative error that vanished to rounding is drawn here."""

Row = Mapping[str, Any]
Columns = Mapping[str, Sequence[float]]
Floats = NDArray[np.float64]


def particle_sections(
    columns: Columns,
    rows: Iterable[Row],
    summary: Row,
    beside: Mapping[str, Any] | None = None,
) -> list[Section]:
    """The sections of a particle's run from its table, its record and its summary.

    `beside` is the same run in velocities where there was one: `t`, `gamma` and `gamma_error` of
    its points, and `sentence`, how it ended.
    """
    history = history_of(rows)
    parts = [
        Section(
            "How fast it is",
            "γ, and 1 - v/c as the momentum gives it, without a subtraction."
            + (" Dashed: the same run in velocities." if beside else ""),
            _speeds(columns, beside),
            particle_facts(columns, summary),
        ),
        _beside(beside),
        Section("Where it goes", "Its place, as it moves.", _places(columns)),
        *watched_sections(history, summary),
    ]
    return [part for part in parts if part is not None]


def particle_in_notebook(
    columns: Columns,
    rows: Iterable[Row],
    summary: Row,
    beside: Mapping[str, Any] | None = None,
) -> str:
    """A particle in a notebook: how fast it is and where it goes, in a frame of their own."""
    from suite.report.notebook import framed

    return framed("Particle", particle_sections(columns, rows, summary, beside)[:3])


def particle_facts(columns: Columns, summary: Row) -> dict[str, str]:
    """The numbers of a run in words, the same for the page and the terminal."""
    last = {name: values[-1] for name, values in columns.items()}
    return facts_of(summary) | {
        "γ": f"{last['gamma']:.14g}",
        "1 - v/c": f"{last['one_minus_speed']:.14g}",
        "proper time": f"{last['proper_time']:.12g}",
        "place": ", ".join(f"{last[axis]:.8g}" for axis in "xyz"),
        "momentum": ", ".join(f"{last[f'p{axis}']:.8g}" for axis in "xyz"),
        "behind light": f"{last['lag']:.10g}",
    }


def _array(columns: Mapping[str, Any], name: str) -> Floats:
    return np.array([np.nan if v is None else v for v in columns[name]], float)


def _speeds(columns: Columns, beside: Mapping[str, Any] | None) -> Any:
    """γ above, 1 - v/c below, against time."""
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    figure.update_layout(**layout("", "", ""), showlegend=beside is not None)
    figure.update_layout(height=560)
    time, gamma = _array(columns, "t"), _array(columns, "gamma")
    slow = _array(columns, "one_minus_speed")
    _line(figure, time, gamma, "on the momentum", COLOURS[0], 1)
    _line(figure, time, slow, "on the momentum", COLOURS[0], 2)
    if beside is not None:
        t, other = _array(beside, "t"), _array(beside, "gamma")
        # What a speed says of 1 - v/c: 1/γ² = (1 - v/c) (1 + v/c).
        with np.errstate(all="ignore"):
            share = 1.0 / np.square(other)
            left = share / (1.0 + np.sqrt(1.0 - share))
        _line(figure, t, other, "in velocities", COLOURS[4], 1, "dash")
        _line(figure, t, left, "in velocities", COLOURS[4], 2, "dash")
    for row, (title, values) in enumerate((("γ", gamma), ("1 - v/c", slow)), 1):
        look = powers(values) if is_wide(values, 20.0) else {"exponentformat": "power"}
        figure.update_yaxes(title_text=title, row=row, col=1, **look)
    figure.update_xaxes(**_clock(time))
    figure.update_xaxes(title_text="time", row=2, col=1)
    return figure


def _clock(time: Floats) -> dict[str, Any]:
    """A logarithmic axis of time where the steps grew over decades from zero."""
    if len(time) > 4 and time[0] == 0.0 and 0.0 < np.median(time) < 3e-2 * time[-1]:
        return {"type": "log", "exponentformat": "power"}
    return {"exponentformat": "power"}


def _line(
    figure: Any, x: Floats, y: Floats, name: str, colour: str, row: int, dash: str = "solid"
) -> None:
    places = thinned(y)
    figure.add_scatter(
        x=x[places],
        y=y[places],
        mode="lines+markers" if len(x) < 200 and dash == "solid" else "lines",
        marker={"size": 4},
        line={"color": colour, "width": 1.5, "dash": dash},
        name=name,
        legendgroup=name,
        showlegend=row == 1,
        hovertemplate="t = %{x:.6g}<br>%{y:.12g}<extra>" + name + "</extra>",
        row=row,
        col=1,
    )


def _beside(beside: Mapping[str, Any] | None) -> Section | None:
    """What the same run in velocities lost."""
    import plotly.graph_objects as go

    if beside is None:
        return None
    time, error = _array(beside, "t"), _array(beside, "gamma_error")
    count = min(len(time), len(error))
    time, error = time[:count], np.maximum(error[:count], SMALLEST)
    known = np.flatnonzero(np.isfinite(error))
    figure = go.Figure()
    if len(known):
        places = known[thinned(np.log(error[known]))]
        figure.add_scatter(
            x=time[places],
            y=error[places],
            mode="lines+markers",
            marker={"size": 3},
            line={"color": COLOURS[4], "width": 1},
            hovertemplate="t = %{x:.6g}<br>γ wrong by %{y:.2e}<extra></extra>",
        )
    figure.update_layout(**layout("", "error of γ in velocities", ""), showlegend=False)
    figure.update_layout(height=320)
    figure.update_yaxes(**powers(error[known]))
    figure.update_xaxes(**{**_clock(time), "title_text": "time"})
    gone = np.flatnonzero(~np.isfinite(error))
    text = (
        "The same motion integrated in velocities, by the same method and tolerance: its γ against "
        f"that on the momentum. A speed near c has no digits left for γ. {beside['sentence']}"
    )
    if len(gone) and len(known):
        figure.add_vline(x=float(time[gone[0]]), line={"color": COLOURS[5], "dash": "dot"})
    return Section("The same in velocities", text, figure if len(known) else None)


def _places(columns: Columns) -> Any:
    """The path in the three planes in which it moves at all."""
    from plotly.subplots import make_subplots

    place = {axis: _array(columns, axis) for axis in "xyz"}
    moving = [axis for axis in "xyz" if np.ptp(place[axis]) > 0.0] or ["x"]
    time = _array(columns, "t")
    pairs = [(a, b) for i, a in enumerate(moving) for b in moving[i + 1 :]]
    figure = make_subplots(rows=1, cols=max(len(pairs), 1), horizontal_spacing=0.1)
    look = layout("", "", "")
    figure.update_layout(**{name: look[name] for name in ("template", "font", "margin")})
    figure.update_layout(height=420, showlegend=False)
    if not pairs:
        _curve(figure, (time, "time"), (place[moving[0]], moving[0]), 1)
    for column, (a, b) in enumerate(pairs, 1):
        _curve(figure, (place[a], a), (place[b], b), column)
    return figure


def _curve(figure: Any, x: tuple[Floats, str], y: tuple[Floats, str], column: int) -> None:
    places = thinned(y[0])
    where: dict[str, Any] = {"row": 1, "col": column}
    figure.add_scatter(
        x=x[0][places],
        y=y[0][places],
        mode="lines+markers" if len(places) < 100 else "lines",
        marker={"size": 3},
        line={"color": COLOURS[0], "width": 1},
        hovertemplate="%{x:.6g}, %{y:.6g}<extra></extra>",
        **where,
    )
    figure.update_xaxes(title_text=x[1], exponentformat="power", **where)
    figure.update_yaxes(title_text=y[1], exponentformat="power", **where)
