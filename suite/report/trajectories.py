"""Pictures of a solution: its components against time, and against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.report.attempts import COLOURS, layout
from suite.report.histories import MOST, History, between, is_wide, thinned

__all__ = [
    "components",
    "names_of",
    "plane",
    "plane_text",
    "shown_text",
    "stiff_shades",
    "time_axis",
]

SHOWN = 12
"""Components that a picture shows; of more those that move most."""
APART = 50.0
"""Components whose ranges differ by more than this stand in panels of their own."""
ROUNDING = 1e-12
"""What is smaller than this share of the largest is rounding, and gets no panel."""
PANELS = 6
"""Panels of a picture at most."""
STEEP = 1e3
"""A component that is this many times its own middle is cut off, or drawn on a logarithmic axis."""
SHADES = 60
"""Intervals that are shaded at most."""

Row = Mapping[str, Any]
Floats = NDArray[np.float64]


def names_of(summary: Row, count: int) -> list[str]:
    """The names of the components; y0, y1, ... where there are none."""
    names = [str(name) for name in summary.get("names") or ()]
    return names if len(names) == count else [f"y{i}" for i in range(count)]


def time_axis(history: History) -> dict[str, Any]:
    """A logarithmic axis where the steps grew over decades from a start at zero, else a linear."""
    time = history.time
    middle = np.median(time) if len(time) else 0.0
    if len(time) > 4 and time[0] == 0.0 and 0.0 < middle < 3e-3 * time[-1]:
        return {"type": "log", "exponentformat": "power", "title_text": "time"}
    return {"title_text": "time"}


def components(history: History, summary: Row) -> Any:
    """Every component against time, points where steps were accepted; stiff intervals shaded."""
    from plotly.subplots import make_subplots

    time, y = _real(*between(history))
    names = _parts(names_of(summary, history.y.shape[1]), history.y)
    shown = _movers(y)
    apart = len(shown) == 1 or _are_apart(y[:, shown])
    panels = len(shown) if apart else 1
    figure = make_subplots(rows=panels, cols=1, shared_xaxes=True, vertical_spacing=0.2 / panels)
    figure.update_layout(**layout("", "", ""), showlegend=not apart)
    figure.update_layout(height=420 if panels < 3 else 150 * panels + 60)
    figure.update_yaxes(exponentformat="power")
    knots = _real(history.time, history.y)[1]
    for place, i in enumerate(shown):
        row = place + 1 if apart else 1
        colour = COLOURS[place % len(COLOURS)]
        _line(figure, time, y[:, i], names[i], colour, row)
        _dots(figure, history.time, knots[:, i], names[i], colour, row)
        if apart:
            figure.update_yaxes(title_text=names[i], row=row, col=1, **_height(y[:, i]))
    if not apart:
        figure.update_yaxes(**_height(y[:, shown]))
    stiff_shades(figure, summary)
    figure.update_xaxes(**{**time_axis(history), "title_text": None})
    figure.update_xaxes(title_text="time", row=panels, col=1)
    return figure


def _real(time: Floats, y: NDArray[Any]) -> tuple[Floats, Floats]:
    """Complex components as their real and imaginary parts, side by side."""
    if not np.iscomplexobj(y):
        return time, np.asarray(y, float)
    return time, np.stack([y.real, y.imag], axis=2).reshape(len(y), -1)


def _parts(names: Sequence[str], y: NDArray[Any]) -> list[str]:
    if not np.iscomplexobj(y):
        return list(names)
    return [f"{part} {name}" for name in names for part in ("Re", "Im")]


def _movers(y: Floats) -> list[int]:
    """The components that move most, in their own order."""
    if y.shape[1] <= SHOWN:
        return list(range(y.shape[1]))
    ranges = np.nan_to_num(np.ptp(y, axis=0), nan=-1.0, posinf=np.inf)
    return sorted(int(i) for i in np.argsort(-ranges, kind="stable")[:SHOWN])


def _are_apart(y: Floats) -> bool:
    """Whether the components differ so much in size that one axis would hide some of them."""
    if not 1 < y.shape[1] <= PANELS:
        return False
    largest = np.max(np.abs(y), axis=0)
    largest = largest[np.isfinite(largest) & (largest > 0.0)]
    largest = largest[largest > ROUNDING * np.max(largest, initial=0.0)]
    return len(largest) > 1 and bool(np.max(largest) > APART * np.min(largest))


def _height(y: Floats) -> dict[str, Any]:
    """The axis of values that run away: logarithmic where all are positive, else cut off."""
    size = np.abs(y[np.isfinite(y)])
    if size.size < 4 or np.max(size) < STEEP * np.median(size):
        return {}
    if np.all(y[np.isfinite(y)] > 0.0):
        return {"type": "log", "exponentformat": "power"}
    if np.median(size) == 0.0:
        return {}
    # What runs away would flatten all that came before it.
    edge = 5.0 * float(np.quantile(size, 0.75))
    return {"range": [-edge if np.min(y) < -1e-3 * edge else -0.05 * edge, edge]}


def _line(figure: Any, x: Floats, y: Floats, name: str, colour: str, row: int) -> None:
    places = thinned(y)
    figure.add_scatter(
        x=x[places],
        y=y[places],
        mode="lines",
        line={"color": colour, "width": 1.5},
        name=name,
        legendgroup=name,
        hoverinfo="skip",
        row=row,
        col=1,
    )


def _dots(figure: Any, x: Floats, y: Floats, name: str, colour: str, row: int) -> None:
    """The accepted points; in a long run they are too near to be told apart, and left out."""
    if len(x) > MOST // 8:
        return
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker={"color": colour, "size": 4},
        name=name,
        legendgroup=name,
        showlegend=False,
        hovertemplate="t = %{x:.8g}<br>%{y:.8g}<extra>" + name + "</extra>",
        row=row,
        col=1,
    )


def stiff_shades(figure: Any, summary: Row, **where: Any) -> None:
    """Shade the intervals in which stability and not accuracy bound the steps."""
    for first, last in list(summary.get("stiff") or ())[:SHADES]:
        look = {"fillcolor": COLOURS[1], "opacity": 0.12, "line_width": 0, "layer": "below"}
        figure.add_vrect(x0=first, x1=last, **look, **where)


def plane(history: History, summary: Row) -> Any | None:
    """Components against each other: two or three of them, or places by x and y; else None."""
    from plotly.subplots import make_subplots

    pairs, names = _pairs(history, summary), names_of(summary, history.y.shape[1])
    if np.iscomplexobj(history.y) or not pairs or len(history.time) < 3:
        return None
    _, y = between(history)
    places = len(names) > 3
    columns = 1 if places else len(pairs)
    figure = make_subplots(rows=1, cols=columns, horizontal_spacing=0.09)
    for number, (i, j) in enumerate(pairs):
        where = {"row": 1, "col": 1 if places else number + 1}
        for piece, name, colour in _pieces(len(y), number if places else 0):
            label = _body(names[i]) if len(pairs) > 1 and places else name
            figure.add_scatter(
                x=y[piece, i],
                y=y[piece, j],
                mode="lines",
                line={"color": colour, "width": 1},
                name=label,
                legendgroup=label,
                showlegend=bool(label) and (places or number == 0),
                hovertemplate="%{x:.6g}, %{y:.6g}<extra></extra>",
                **where,
            )
        titles = (names[i], names[j]) if len(pairs) == 1 or not places else ("x", "y")
        figure.update_xaxes(title_text=titles[0], **where, **_logarithmic(y[:, i]))
        figure.update_yaxes(title_text=titles[1], **where, **_logarithmic(y[:, j]))
    for number, (i, j) in enumerate(pairs):
        where = {"row": 1, "col": 1 if places else number + 1}
        _start(figure, y[0, i], y[0, j], number, where)
    look = layout("", "", "")
    figure.update_layout(**{name: look[name] for name in ("template", "font", "margin")})
    figure.update_layout(height=560 if places else 420)
    if places:
        figure.update_yaxes(scaleanchor="x", scaleratio=1)
    return figure


def _pairs(history: History, summary: Row) -> list[tuple[int, int]]:
    """The components to draw against each other."""
    names = names_of(summary, history.y.shape[1])
    if len(names) in (2, 3):
        return list(combinations(range(len(names)), 2))
    known = {name: place for place, name in enumerate(names)}
    bodies = [name[1:] for name in names if name.startswith("x")]
    found = [(known["x" + body], known.get("y" + body, -1)) for body in bodies]
    return [pair for pair in found if pair[1] >= 0]


def _logarithmic(values: Floats) -> dict[str, Any]:
    if np.all(values > 0.0) and is_wide(values):
        return {"type": "log", "exponentformat": "power"}
    return {"exponentformat": "power"}


def _body(name: str) -> str:
    """The body whose place a component is: x_sun, x1."""
    return name[1:].strip("_") or name


def _pieces(count: int, number: int) -> list[tuple[Any, str, str]]:
    """A curve in one piece, or the first and the last stretch of a long one."""
    colour = COLOURS[number % len(COLOURS)]
    if count <= MOST:
        return [(slice(None), "", colour)]
    half = MOST // 2
    return [
        (slice(0, half), "the beginning", colour),
        (slice(count - half, None), "the end", COLOURS[(number + 4) % len(COLOURS)]),
    ]


def _start(figure: Any, x: float, y: float, number: int, where: Row) -> None:
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker={"color": COLOURS[2], "size": 8},
        name="start",
        legendgroup="start",
        showlegend=number == 0,
        hovertemplate="start<br>%{x:.6g}, %{y:.6g}<extra></extra>",
        **where,
    )


def shown_text(history: History) -> str:
    """How many of the components the picture shows, where it does not show all."""
    count = history.y.shape[1] * (2 if np.iscomplexobj(history.y) else 1)
    return f" Of {count} components the {SHOWN} that move most are drawn." if count > SHOWN else ""


def plane_text(history: History) -> str:
    """What the plane shows of a run."""
    long = len(history.time) > MOST
    return "Components against each other." + (
        f" Of {len(history.time):,} points the first and the last {MOST // 2:,} are drawn."
        if long
        else ""
    )
