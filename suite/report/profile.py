"""The picture of a reaction path: its energy, and below it all that is known along s."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from suite.report.attempts import COLOURS, layout
from suite.report.film import smooth

__all__ = ["internal_coordinates", "profile", "slope"]

GAP, TOP, BOTTOM = 34, 24, 56
"""Pixels between two panels, above the first and below the last."""


class Panel(NamedTuple):
    """One of the pictures that share the axis of s: its axis title, pixels, scale and traces."""

    title: str
    height: int
    log: bool
    traces: list[dict[str, Any]]


def profile(columns: Mapping[str, Sequence[Any]], rows: Iterable[Mapping[str, Any]] = ()) -> Any:
    """Energy (kcal/mol, relative to the saddle) against s, and the panels that share its axis.

    `columns` are those of `path.csv`; `rows`, the record, give the panel of step sizes. A panel
    without data is left out.
    """
    import plotly.graph_objects as go

    panels = [panel for panel in _panels(columns, list(rows)) if panel.traces]
    if not panels:
        return go.Figure()
    inside = sum(panel.height for panel in panels) + GAP * (len(panels) - 1)
    figure, top = go.Figure(), inside
    # The first trace names the axes of the film's cursor: x, and y of the energy.
    for number, panel in enumerate(panels, 1):
        suffix = "" if number == 1 else str(number)
        domain = [(top - panel.height) / inside, top / inside]
        named = sum(bool(trace.get("name")) for trace in panel.traces) > 0
        for trace in panel.traces:
            shown = bool(trace.get("name"))
            figure.add_scatter(**trace, yaxis=f"y{suffix}", legend=f"legend{suffix}")
            figure.data[-1].showlegend = shown
        figure.update_layout(
            {
                f"yaxis{suffix}": _axis(panel, domain),
                f"legend{suffix}": _legend(domain[1]) if named else {"visible": False},
            }
        )
        top -= panel.height + GAP
    look = layout("s (amu<sup>1/2</sup> bohr)", "", "")
    look.pop("yaxis_title"), look.pop("legend_title")
    look |= {
        "height": inside + TOP + BOTTOM,
        "margin": {"l": 74, "r": 12, "t": TOP, "b": BOTTOM},
        "hovermode": "closest",
        "dragmode": False,
    }
    figure.update_layout(**look)
    last = "y" if len(panels) == 1 else f"y{len(panels)}"
    figure.update_xaxes(anchor=last, zeroline=True, zerolinecolor="#9aa5b1", zerolinewidth=1)
    return figure


def _axis(panel: Panel, domain: list[float]) -> dict[str, Any]:
    axis = {
        "domain": domain,
        "title": {"text": panel.title, "font": {"size": 12}, "standoff": 4},
        "tickfont": {"size": 11},
        "nticks": 4 if panel.height < 200 else 8,
        "zeroline": False,
    }
    if not panel.log:
        return axis
    values = np.array([v for trace in panel.traces for v in trace["y"] if v], float)
    low, high = math.log10(values.min()), math.log10(values.max())
    # Whole decades where there are some, else 1-2-5.
    step = max(1, round((high - low) / 3)) if high - low > 1.5 else "D2"
    return axis | {"type": "log", "dtick": step, "exponentformat": "power"}


def _legend(top: float) -> dict[str, Any]:
    place = {"x": 0.0, "xanchor": "left", "y": top, "yanchor": "bottom", "orientation": "h"}
    return place | {"font": {"size": 11}, "itemsizing": "constant", "bgcolor": "rgba(0,0,0,0)"}


def slope(columns: Mapping[str, Sequence[Any]]) -> list[float] | None:
    """dE/ds (kcal/mol per amu^1/2 bohr) of the frames, where the reaction force is among them."""
    force = columns.get("reaction_force")
    return None if force is None else [math.nan if f is None else -float(f) for f in force]


def _panels(columns: Mapping[str, Sequence[Any]], rows: list[Mapping[str, Any]]) -> Iterator[Panel]:
    yield Panel("energy (kcal/mol)", 260, False, _energy(columns))
    force = "−dE/ds (kcal/mol<br>/ amu<sup>1/2</sup> bohr)"
    yield _simple(columns, "reaction_force", force, COLOURS[2], log=False)
    yield _simple(columns, "curvature", "curvature<br>(1 / amu<sup>1/2</sup> bohr)", COLOURS[3])
    yield Panel("step size<br>(amu<sup>1/2</sup> bohr)", 130, True, _steps(rows))
    error = "error estimate<br>(amu<sup>1/2</sup> bohr)"
    yield _simple(columns, "error_estimate", error, COLOURS[4])
    error = "energy error<br>(kcal/mol)"
    yield _simple(columns, "energy_error_estimate_kcal_mol", error, COLOURS[4])
    for unit, title in (("angstrom", "length (Å)"), ("degree", "angle (°)")):
        yield Panel(title, 140, False, list(_internal(columns, unit)))


def _energy(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    s, energy = _finite(columns["s"], columns["relative_kcal_mol"])
    if len(s) == 0:
        return []
    tilt = slope(columns)
    rising = np.append(True, np.diff(s) > 0.0)
    known = None if tilt is None or len(tilt) != len(s) else np.array(tilt, float)[rising]
    fine = smooth(s[rising], energy[rising], known)
    line = {
        "x": fine[0].tolist(),
        "y": fine[1].tolist(),
        "mode": "lines",
        "line": {"color": COLOURS[0], "width": 2},
        "hoverinfo": "skip",
    }
    frames = {
        "x": s.tolist(),
        "y": energy.tolist(),
        "mode": "markers",
        "marker": {"color": COLOURS[0], "size": 5},
        "hovertemplate": "s = %{x:.3f}<br>%{y:.2f} kcal/mol<extra></extra>",
    }
    return [line, frames]


def _simple(
    columns: Mapping[str, Sequence[Any]], name: str, title: str, colour: str, log: bool = True
) -> Panel:
    s, values = _finite(columns["s"], columns.get(name, []))
    if log:
        s, values = s[values > 0.0], values[values > 0.0]
    if len(s) == 0:
        return Panel(title, 0, log, [])
    trace = {
        "x": s.tolist(),
        "y": values.tolist(),
        "mode": "lines+markers",
        "line": {"color": colour, "width": 1.5},
        "marker": {"size": 4},
        "hovertemplate": "s = %{x:.3f}<br>%{y:.3g}<extra></extra>",
    }
    return Panel(title, 110, log, [trace])


def _finite(s: Sequence[Any], values: Sequence[Any]) -> tuple[Any, Any]:
    pairs = [(x, y) for x, y in zip(s, values, strict=False) if x is not None and y is not None]
    table = np.array(pairs, float).reshape(-1, 2)
    table = table[np.isfinite(table).all(axis=1)]
    return table[:, 0], table[:, 1]


def placed(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[float, Mapping[str, Any]]]:
    """The attempts of both sides, each with its s (negative on the reverse side).

    An attempt that found no point, because the surface failed there, stands where it began.
    """
    last = {"reverse": 0.0, "forward": 0.0}
    for row in rows:
        track = row["track"]
        if track not in last or row["number"] == 0:
            continue
        s = abs(float(row["notes"].get("s", last[track])))
        if row["accepted"]:
            last[track] = s
        yield (-s if track == "reverse" else s), row


def _steps(rows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found = [(s, row) for s, row in placed(rows) if row["size"] > 0.0]
    names = list(dict.fromkeys(row["bound"] for _, row in found))
    shades = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    traces = []
    for accepted, symbol in ((True, "circle"), (False, "x")):
        for name in names:
            mine = [(s, r) for s, r in found if (r["bound"], r["accepted"]) == (name, accepted)]
            if mine:
                traces.append(
                    {
                        "x": [s for s, _ in mine],
                        "y": [row["size"] for _, row in mine],
                        "mode": "markers",
                        "marker": {"color": shades[name], "symbol": symbol, "size": 7},
                        "name": name if accepted else f"{name}, refused",
                        "text": [_words(row) for _, row in mine],
                        "hovertemplate": "%{text}<extra></extra>",
                    }
                )
    return traces


def _words(row: Mapping[str, Any]) -> str:
    refused = f"<br>refused: {row['refused']}" if row["refused"] else ""
    return (
        f"{row['track']} {row['number']}: step {row['size']:.3g}, bound by {row['bound']}{refused}"
    )


def internal_coordinates(columns: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The columns that are internal coordinates: name of each and its unit.

    >>> internal_coordinates({"s": [], "C1-N2 (angstrom)": [], "H3-C1-N2 (degree)": []})
    {'C1-N2 (angstrom)': ('C1-N2', 'angstrom'), 'H3-C1-N2 (degree)': ('H3-C1-N2', 'degree')}
    """
    found = {name: re.fullmatch(r"(.+) \((angstrom|degree)\)", name) for name in columns}
    return {name: (match[1], match[2]) for name, match in found.items() if match}


def _internal(columns: Mapping[str, Sequence[Any]], unit: str) -> Iterator[dict[str, Any]]:
    mine = [(n, label) for n, (label, u) in internal_coordinates(columns).items() if u == unit]
    for number, (name, label) in enumerate(mine):
        s, values = _finite(columns["s"], columns[name])
        if len(s):
            sign = "Å" if unit == "angstrom" else "°"
            yield {
                "x": s.tolist(),
                "y": values.tolist(),
                "mode": "lines",
                "line": {"color": COLOURS[number % len(COLOURS)], "width": 2},
                "name": label,
                "hovertemplate": f"s = %{{x:.3f}}<br>%{{y:.3f}} {sign}",
            }
