"""The page and the figure of a scan: VQE energies between the exact and the Hartree-Fock line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.core.files import write_whole
from suite.errors import InputError
from suite.report.attempts import COLOURS, layout
from suite.report.page import Grid, Section, tally_table
from suite.report.printed import LOOK, WIDTH, settings_of
from suite.report.quantum import chemical_accuracy

__all__ = ["curve_figure", "curve_in_notebook", "curve_sections"]

SMALLEST = 1e-13
"""What is nearer to the exact energy than this, or below it by rounding, is drawn here."""
LINES = (
    ("exact", "exact_energy", COLOURS[2], "dash"),
    ("Hartree-Fock", "hartree_fock_energy", COLOURS[5], "dot"),
)

Row = Mapping[str, Any]


def curve_sections(rows: Iterable[Row], summary: Row) -> list[Section]:
    """The sections of a scan from its points, as `curve.csv` has them, and its summary."""
    rows = list(rows)
    parts = [
        Section("The curve", _told(summary), curve(rows, summary), _facts(summary)),
        Section("The points", "", grid=_grid(rows, summary)),
        Section(
            "The record of the steps", "All points together.", table=tally_table(summary["record"])
        ),
    ]
    return parts if _known(rows) else parts[1:]


def _told(summary: Row) -> str:
    return (
        f"Ground-state energy along the {summary['coordinate']}. Each point starts from its "
        "neighbour's parameters where these are the better start."
    )


def curve_in_notebook(rows: Iterable[Row], summary: Row) -> str:
    """A scan in a notebook: its curve, standing still, in a frame of its own."""
    from suite.report.ground_state import svg_of
    from suite.report.notebook import framed

    rows = list(rows)
    if len(_known(rows)) < 2:
        return framed("Scan", [Section("The points", "", grid=_grid(rows, summary))])
    picture = svg_of(lambda path: curve_figure(rows, summary, path))
    return framed(
        "Scan", [Section("The curve", _told(summary), None, _facts(summary), film=picture)]
    )


def _known(rows: Iterable[Row]) -> list[Row]:
    found = [row for row in rows if row.get("energy") is not None]
    return sorted(found, key=lambda row: row["value"])


def _axis(summary: Row) -> str:
    return (
        f"{summary['coordinate']} ({summary['unit']})"
        if summary["unit"]
        else str(summary["coordinate"])
    )


def _unit(rows: Iterable[Row]) -> str:
    return " (hartree)" if any(r.get("hartree_fock_energy") is not None for r in rows) else ""


def _energy(row: Row) -> str:
    """An energy with its error bar, and a word where noise alone makes it lower than exact."""
    error, exact = row.get("standard_error"), row.get("exact_energy")
    if not error:
        return f"{row['energy']:.8f}"
    lower = exact is not None and row["energy"] < exact
    below = " (below the exact energy by noise)" if lower else ""
    return f"{row['energy']:.6f} ± {error:.1e}{below}"


def _facts(summary: Row) -> dict[str, str]:
    lowest = summary["lowest"]
    if lowest is None:
        return {"points": summary["sentence"]}
    known = _known(summary["points"])
    gaps = [
        abs(row["energy"] - row["exact_energy"])
        for row in known
        if row.get("exact_energy") is not None
    ]
    facts = {
        "points": summary["sentence"],
        "lowest point": f"{_energy(lowest)} at {lowest['value']:g} {summary['unit']}".strip(),
    }
    if gaps:
        facts["farthest from exact"] = f"{max(gaps):.1e}"
    return facts


def curve(rows: Sequence[Row], summary: Row) -> Any:
    """Energies with their error bars and lines, and below them how far they are from exact."""
    from plotly.subplots import make_subplots

    known = _known(rows)
    close = [row for row in known if row.get("exact_energy") is not None]
    figure = make_subplots(
        rows=2 if close else 1,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.06,
        row_heights=[0.68, 0.32] if close else [1.0],
    )
    for name, key, colour, dash in LINES:
        line = [row for row in known if row.get(key) is not None]
        if line:
            figure.add_scatter(
                x=[row["value"] for row in line],
                y=[row[key] for row in line],
                mode="lines",
                line={"color": colour, "dash": dash, "shape": "spline"},
                name=name,
                hovertemplate="%{x:g}<br>%{y:.8f}<extra>" + name + "</extra>",
                row=1,
                col=1,
            )
    errors = [row.get("standard_error") or 0.0 for row in known]
    figure.add_scatter(
        x=[row["value"] for row in known],
        y=[row["energy"] for row in known],
        error_y={"array": errors, "thickness": 1} if any(errors) else None,
        mode="markers",
        marker={"color": COLOURS[0], "size": 8},
        name="VQE",
        text=[row["status"].replace("_", " ") for row in known],
        hovertemplate="%{x:g}<br>%{y:.8f}<br>%{text}<extra>VQE</extra>",
        row=1,
        col=1,
    )
    unit = _unit(known)
    figure.update_layout(**layout("", f"energy{unit}", ""), showlegend=True)
    if close:
        _gaps(figure, close, unit)
        figure.update_layout(height=600)
    figure.update_xaxes(title_text=_axis(summary), row=2 if close else 1, col=1)
    return figure


def _gaps(figure: Any, rows: Sequence[Row], unit: str) -> None:
    """The distance to exact on a logarithmic scale; with noise, its sign and error bars."""
    gaps = [row["energy"] - row["exact_energy"] for row in rows]
    errors = [row.get("standard_error") or 0.0 for row in rows]
    noisy = any(errors)
    figure.add_scatter(
        x=[row["value"] for row in rows],
        y=gaps if noisy else [max(abs(gap), SMALLEST) for gap in gaps],
        error_y={"array": errors, "thickness": 1} if noisy else None,
        mode="markers" if noisy else "lines+markers",
        marker={"color": COLOURS[0]},
        showlegend=False,
        hovertemplate="%{x:g}<br>%{y:.2e} from exact<extra></extra>",
        row=2,
        col=1,
    )
    if noisy:
        figure.update_yaxes(title_text="above exact", zeroline=True, row=2, col=1)
        return
    if unit:
        chemical_accuracy(figure, (rows[0]["value"], rows[-1]["value"]))
    ticks = 3 if min(map(abs, gaps)) < 1e-8 else 1
    figure.update_yaxes(
        type="log", exponentformat="power", title_text="from exact", dtick=ticks, row=2, col=1
    )


def _grid(rows: Sequence[Row], summary: Row) -> Grid:
    columns: list[tuple[str, Callable[[Row], Any]]] = [
        (_axis(summary), lambda row: f"{row['value']:g}"),
        ("VQE", lambda row: _number(row.get("energy"), ".8f")),
        ("error", lambda row: _number(row.get("standard_error") or None, ".1e")),
        ("exact", lambda row: _number(row.get("exact_energy"), ".8f")),
        ("Hartree-Fock", lambda row: _number(row.get("hartree_fock_energy"), ".8f")),
        ("evaluations", lambda row: _number(row.get("evaluations"), ",d")),
        ("start", lambda row: row.get("start", "")),
        ("ended", _ended),
    ]
    cells = [[read(row) for _, read in columns] for row in rows]
    filled = [i for i in range(len(columns)) if any(line[i] for line in cells)]
    return Grid(
        [columns[i][0] for i in filled], [[line[i] for i in filled] for line in cells], prose=True
    )


def _ended(row: Row) -> str:
    """A status in a word; where there is no energy, the sentence that says why."""
    failed = row.get("energy") is None
    return str(row["sentence"] if failed else row["status"].replace("_", " "))


def _number(value: Any, form: str) -> str:
    return "" if value is None else format(value, form)


def curve_figure(rows: Iterable[Row], summary: Row, path: str | Path) -> Path:
    """Write the curve as a figure 3.4 inches wide, by the suffix of `path`: .pdf, .svg or .png.

    Raises `InputError` for another suffix or fewer than two points with an energy, and
    `MissingPackage` where matplotlib is not installed.
    """
    path = Path(path)
    settings = settings_of(path)
    known = _known(rows)
    if len(known) < 2:
        raise InputError(f"A curve needs two points with an energy. Got {len(known)}.")
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(LOOK):
        figure = Figure(figsize=(WIDTH, 2.6), layout="constrained")
        axes = figure.add_subplot()
        for name, key, colour, dash in LINES:
            line = [row for row in known if row.get(key) is not None]
            style = {"dash": "--", "dot": ":"}[dash]
            if line:
                x, y = [row["value"] for row in line], [row[key] for row in line]
                axes.plot(x, y, style, color=colour, linewidth=1.0, label=name)
        errors = [row.get("standard_error") or 0.0 for row in known]
        x, y = [row["value"] for row in known], [row["energy"] for row in known]
        axes.errorbar(
            x, y, errors if any(errors) else None, fmt="o", color=COLOURS[0], markersize=3,
            elinewidth=0.8, label="VQE",
        )  # fmt: skip
        axes.set_xlabel(_axis(summary))
        axes.set_ylabel(f"energy{_unit(known)}")
        axes.legend(frameon=False)
        return write_whole(path, lambda part: figure.savefig(part, **settings))
