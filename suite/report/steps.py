"""The steps of a VQE run: angles and damping, the metric's spectrum, a table of all attempts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from suite.report.attempts import COLOURS, layout, step_sizes
from suite.report.page import Grid, Section

__all__ = ["attempts", "spectrum", "steps", "steps_told"]

MOST_ROWS = 300
"""Attempts that the table lists; of a longer run the last ones."""
MEASURED = ("check", "final")
"""Phases that measure without a step."""
STILL = 1e-10
"""Share of the largest eigenvalue below which a direction does not move the state."""

Row = Mapping[str, Any]


def steps_told(rows: Sequence[Row]) -> str:
    """What the picture of the steps shows of this run, and no more."""
    tried = [row for row in rows if row["number"] > 0 and row["phase"] not in MEASURED]
    text = (
        "Dots are the rate, which does not adapt."
        if _is_fixed(tried)
        else "Dots are the angles that the attempts asked for (Fubini-Study, radians), coloured by "
        "what bound them, crosses those that were refused."
    )
    if any(row["notes"].get("angle") is not None for row in tried):
        text += " The line is the angle by which the state really turned."
    else:
        text += " By which angle the state really turned was not measured."
    if _varies(tried, "damping"):
        text += " Damping is how much the metric was distrusted."
    if _varies(tried, "effort"):
        text += " Effort is the shots of a row over its first ones."
    return text


def _is_fixed(tried: Sequence[Row]) -> bool:
    bounds = {row["bound"] for row in tried}
    return "fixed" in bounds and bounds <= {"start", "fixed"}


def _varies(tried: Sequence[Row], name: str) -> bool:
    return len({row[name] for row in tried}) > 1


def steps(rows: Sequence[Row]) -> Any:
    """Angle of every attempt, and below it what else the law turned: damping, shots a row."""
    from plotly.subplots import make_subplots

    rows = [row for row in rows if row["phase"] not in MEASURED]
    tried = [row for row in rows if row["number"] > 0]
    panels = [
        (name, label)
        for name, label in (("damping", "damping"), ("effort", "effort"))
        if _varies(tried, name)
    ]
    heights = [0.6, *[0.4 / len(panels)] * len(panels)] if panels else [1.0]
    figure = make_subplots(
        rows=1 + len(panels), cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=heights
    )
    asked = step_sizes(rows, "radians")
    for trace in asked.data:
        figure.add_trace(trace, row=1, col=1)
    _turned(figure, tried)
    for place, (name, _) in enumerate(panels, 2):
        figure.add_scatter(
            x=list(range(1, len(tried) + 1)),
            y=[row[name] for row in tried],
            mode="lines+markers",
            marker={"size": 4},
            line={"color": COLOURS[place], "shape": "hv"},
            hovertemplate=f"attempt %{{x}}<br>{name} %{{y:.3g}}<extra></extra>",
            showlegend=False,
            row=place,
            col=1,
        )
    label = "rate" if _is_fixed(tried) else "step (radians)"
    figure.update_layout(**layout("", label, "bound by"), showlegend=True)
    figure.update_layout(height=420 + 150 * len(panels))
    sizes = [row["size"] for row in tried if row["size"] > 0.0]
    if sizes and max(sizes) < 10.0 * min(sizes):
        figure.update_yaxes(rangemode="tozero", row=1, col=1)
    else:
        ticks = asked.layout.yaxis.dtick
        figure.update_yaxes(type="log", dtick=ticks, exponentformat="power", row=1, col=1)
    for place, (name, label) in enumerate(panels, 2):
        turned = [row[name] for row in tried if row[name] > 0.0]
        figure.update_yaxes(title_text=label, row=place, col=1)
        if turned and max(turned) > 10.0 * min(turned):
            figure.update_yaxes(type="log", exponentformat="power", dtick=1, row=place, col=1)
        else:  # powers of ten would leave a short axis without a number
            figure.update_yaxes(rangemode="tozero", row=place, col=1)
    figure.update_xaxes(title_text="attempt", row=1 + len(panels), col=1)
    if len(tried) < 12:
        figure.update_xaxes(dtick=1)
    return figure


def _turned(figure: Any, tried: Sequence[Row]) -> None:
    turned = [
        (place, row["notes"]["angle"])
        for place, row in enumerate(tried, 1)
        if row["notes"].get("angle") is not None
    ]
    if turned:
        figure.add_scatter(
            x=[place for place, _ in turned],
            y=[angle for _, angle in turned],
            mode="lines",
            line={"color": COLOURS[5], "width": 1},
            name="angle really turned",
            hovertemplate="attempt %{x}<br>turned %{y:.4g} rad<extra></extra>",
            row=1,
            col=1,
        )


def spectrum(rows: Sequence[Row], what: str = "") -> Section | None:
    """The eigenvalues of the metric in the last step, largest first; None where it was unknown.

    `what` says what of the metric was measured, where that was not all.
    """
    import plotly.graph_objects as go

    known = [row for row in rows if len(row["notes"].get("metric_spectrum", ()))]
    if not known:
        return None
    last = known[-1]
    values = sorted((float(v) for v in last["notes"]["metric_spectrum"]), reverse=True)
    top = values[0] if values and values[0] > 0.0 else 1.0
    rank = sum(value > STILL * top for value in values)
    floor = 1e-17 * top
    figure = go.Figure()
    figure.add_scatter(
        x=list(range(1, len(values) + 1)),
        y=[max(value, floor) for value in values],
        mode="markers",
        marker={"color": [COLOURS[0] if v > STILL * top else COLOURS[4] for v in values]},
        hovertemplate="eigenvalue %{x}<br>%{y:.3e}<extra></extra>",
        showlegend=False,
    )
    figure.update_layout(**layout("eigenvalue", "metric (radians² per radian²)", ""))
    figure.update_layout(height=320)
    if min(values) > 0.1 * top:
        figure.update_yaxes(rangemode="tozero")
    else:
        decades = 3 if min(values) < 1e-8 * top else 1
        figure.update_yaxes(type="log", exponentformat="power", dtick=decades)
    if len(values) < 12:
        figure.update_xaxes(dtick=1)
    facts = {
        "parameters": str(len(values)),
        "rank": f"{rank}: {_rank_told(len(values) - rank)}",
        "largest eigenvalue": f"{top:.4g}",
        "condition number": f"{top / values[rank - 1]:.3g}" if rank else "not defined",
    }
    text = (
        f"Eigenvalues of the quantum geometric tensor at attempt {last['number']}. "
        + (f"Of it the run knows {what}. " if what else "")
        + "Directions with eigenvalues near zero do not move the state: there the damping decides."
    )
    return Section("The metric at the end", text, figure, facts)


def _rank_told(idle: int) -> str:
    if idle == 0:
        return "every direction moves the state"
    return f"{idle} direction{'s do' if idle > 1 else ' does'} not move the state"


def attempts(rows: Sequence[Row]) -> Section | None:
    """Every attempt with what it found and what became of it, in a table that opens."""
    tried = [row for row in rows if row["number"] > 0]
    if not tried:
        return None
    shown, fixed = tried[-MOST_ROWS:], _is_fixed(tried)
    columns: list[tuple[str, Callable[[Row], Any]]] = [
        ("attempt", lambda row: row["number"]),
        ("phase", lambda row: row["phase"]),
        ("energy", lambda row: _number(row["notes"].get("energy"), ".8f")),
        ("error", lambda row: _number(row["notes"].get("standard_error"), ".1e")),
        ("angle", lambda row: _asked(row, fixed)),
        ("turned", lambda row: _number(row["notes"].get("angle"), ".3g")),
        ("gain", lambda row: _number(row["notes"].get("gained"), ".2e")),
        ("predicted", lambda row: _number(row["notes"].get("predicted_gain"), ".2e")),
        ("damping", lambda row: _number(row["damping"], ".1e")),
        ("rank", lambda row: row["notes"].get("metric_rank", "")),
        ("shots", lambda row: _number(row["cost"].get("shots"), ",d")),
        ("bound by", lambda row: row["bound"]),
        ("became", lambda row: f"refused: {row['refused']}" if row["refused"] else "accepted"),
    ]
    cells = [[read(row) for _, read in columns] for row in shown]
    filled = [i for i in range(len(columns)) if any(str(line[i]) for line in cells)]
    more = "" if len(shown) == len(tried) else f"the last {len(shown)} of "
    return Section(
        "Attempts",
        "What each attempt measured and what the law made of it.",
        grid=Grid(
            [columns[i][0] for i in filled],
            [[line[i] for i in filled] for line in cells],
            fold=f"{more}{len(tried)} attempts",
        ),
    )


def _asked(row: Row, fixed: bool) -> str:
    """The angle that was asked for: a rate that does not adapt is none, the metric may know."""
    if fixed or row["phase"] in MEASURED:
        return _number(row["notes"].get("metric_angle"), ".3g")
    return f"{row['size']:.3g}"


def _number(value: Any, form: str) -> str:
    return "" if value is None else format(value, form)
