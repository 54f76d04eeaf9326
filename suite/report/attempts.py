"""The picture of a record: every attempt's size, what bound it, and which were refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["counts", "step_sizes"]

COLOURS = ("#2b6cb0", "#dd8a2e", "#3f9c6b", "#8a5fbf", "#c2506a", "#5a6672")


def step_sizes(rows: Iterable[Mapping[str, Any]], unit: str) -> Any:
    """Step size against attempt, coloured by what bound it; refused attempts are crosses."""
    import plotly.graph_objects as go

    rows = [row for row in rows if row["number"] > 0]
    names = list(dict.fromkeys(row["bound"] for row in rows))
    figure = go.Figure()
    for accepted, symbol in ((True, "circle"), (False, "x")):
        for name, colour in zip(names, COLOURS * len(names), strict=False):
            mine = [
                (position, row)
                for position, row in enumerate(rows, 1)
                if row["bound"] == name and row["accepted"] is accepted
            ]
            if mine:
                figure.add_scatter(
                    x=[position for position, _ in mine],
                    y=[row["size"] for _, row in mine],
                    mode="markers",
                    marker={"color": colour, "symbol": symbol, "size": 8},
                    name=f"{name}, {'accepted' if accepted else 'refused'}",
                    text=[_hover(row) for _, row in mine],
                    hovertemplate="%{text}<extra></extra>",
                )
    figure.update_layout(**layout("attempt", f"step size ({unit})", "bound by"), showlegend=True)
    sizes = [row["size"] for row in rows if row["size"] > 0.0]
    wide = bool(sizes) and max(sizes) > 30.0 * min(sizes)
    figure.update_yaxes(type="log", dtick=1 if wide else "D2", exponentformat="power")
    return figure


def _hover(row: Mapping[str, Any]) -> str:
    refused = f"<br>refused: {row['refused']}" if row["refused"] else ""
    return f"{row['track']} {row['number']}: size {row['size']:.4g}{refused}"


def counts(record: Mapping[str, Any]) -> Any:
    """Bars of what bound and what refused the attempts of a whole batch."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for kind, colour in (("bound", COLOURS[0]), ("refused", COLOURS[4])):
        figure.add_bar(
            x=[f"{kind}: {name}" for name in record[kind]],
            y=list(record[kind].values()),
            marker_color=colour,
            name={"bound": "bound by", "refused": "refused for"}[kind],
        )
    figure.update_layout(**layout("", "attempts", ""))
    return figure


def layout(x: str, y: str, legend: str) -> dict[str, Any]:
    """The look that all pictures share."""
    return {
        "template": "plotly_white",
        "height": 420,
        "margin": {"l": 70, "r": 20, "t": 20, "b": 60},
        "xaxis_title": x,
        "yaxis_title": y,
        "legend_title": legend,
        "font": {"family": "system-ui, sans-serif", "size": 14},
    }
