"""The pages of chemistry: a reaction path, a transition state, a batch of reactions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from suite.report.attempts import COLOURS, layout, step_sizes
from suite.report.barriers import SIDES, barriers, ends, frequencies, plain, rates, sentence
from suite.report.contamination import spin_sentence
from suite.report.film import mode_film, path_film, script, wavenumber_text
from suite.report.page import Grid, Section, tally_table
from suite.report.profile import placed, profile, slope

__all__ = ["batch_sections", "saddle_sections", "sections"]


def sections(
    columns: Mapping[str, Sequence[Any]],
    rows: Iterable[Mapping[str, Any]],
    summary: Mapping[str, Any],
    film: Mapping[str, Any] | None = None,
    mode: Mapping[str, Any] | None = None,
) -> list[Section]:
    """The sections of a reaction path.

    `columns` are those of `path.csv`: `s`, `relative_kcal_mol`, and those that are known of
    `curvature`, `error_estimate`, `spin_square`, `reaction_force` (kcal/mol per amu^1/2 bohr) and
    internal coordinates named like `C1-N2 (angstrom)`; `rows` the record; `summary` the content of
    `summary.json`. `film` holds `symbols` and `coordinates` [frames, atoms, 3] (angstrom), a frame
    for each s; `mode` holds `symbols`, `coordinates`, `displacement` [atoms, 3] and `wavenumber`
    (1/cm). What is missing is left out. Raises `InputError` where the film has other frames.
    """
    rows = list(rows)
    parts = [
        _profile(columns, rows, summary, film),
        _across(summary),
        barriers(summary),
        rates(summary),
        ends(summary),
        _mode(mode),
        _record(rows, summary),
    ]
    return [part for part in parts if part is not None]


def _profile(
    columns: Mapping[str, Sequence[Any]],
    rows: list[Mapping[str, Any]],
    summary: Mapping[str, Any],
    film: Mapping[str, Any] | None,
) -> Section:
    heights = columns["relative_kcal_mol"]
    moving = path_film(film, columns["s"], heights, slope(columns)) if film else ""
    words = [
        summary.get("connectivity") or "",
        "Electronic energy along the intrinsic reaction coordinate s; the saddle is at s = 0.",
    ]
    if moving:
        words.append(
            "The molecule follows the cursor over the panels; drag it to turn it. Between two "
            "frames it is interpolated."
        )
    if any(row["accepted"] is False for row in rows):
        words.append("Crosses are steps that were refused.")
    words += [*summary.get("remarks", []), spin_sentence(columns, summary)]
    facts = _facts(summary) | _method(summary)
    return Section(
        "Reaction profile",
        " ".join(sentence(word) for word in words if word),
        profile(columns, rows),
        facts,
        film=moving,
        script=script() if moving else "",
    )


def _facts(summary: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if summary.get("imaginary_frequency_cm1") is not None:
        facts["imaginary mode"] = wavenumber_text(summary["imaginary_frequency_cm1"])
    if not summary.get("thermochemistry"):
        for side in SIDES:
            value = summary.get(f"barrier_{side}_kcal_mol")
            if value is not None:
                facts[f"barrier from the {side} end"] = f"{value:.2f} kcal/mol"
    for name in ("gradients", "hessians"):
        if name in summary:
            facts["Hessians" if name == "hessians" else name] = f"{summary[name]:,}"
    if summary.get("sides"):
        sides = summary["sides"].items()
        facts["sides"] = ", ".join(f"{side}: {plain(status)}" for side, status in sides)
    if summary.get("sentence"):
        facts["ended"] = summary["sentence"]
    return facts


def _method(summary: Mapping[str, Any]) -> dict[str, Any]:
    if not summary.get("method"):
        return {}
    level = "/".join(str(summary[n]) for n in ("method", "basis") if summary.get(n))
    charge, spin = summary.get("charge", 0), summary.get("spin", 0)
    return {"surface": f"{level}, charge {charge}, {spin} unpaired electrons"}


def _mode(mode: Mapping[str, Any] | None) -> Section | None:
    moving = mode_film(mode) if mode else ""
    if not mode or not moving:
        return None
    what = "imaginary mode" if mode["wavenumber"] < 0.0 else "mode"
    text = (
        f"The {what} at {wavenumber_text(mode['wavenumber'])}; arrows are the displacements of the "
        "atoms, their common length chosen for the eye."
    )
    return Section(f"The {what}", text, film=moving, script=script())


def _across(summary: Mapping[str, Any]) -> Section | None:
    """The frequencies across the path, a line a mode, where they were asked for."""
    import plotly.graph_objects as go

    known = summary.get("projected") or {}
    waves = known.get("wavenumbers_cm1") or []
    most = max(map(len, waves), default=0)
    if not most:
        return None
    figure = go.Figure()
    for k in range(most):
        figure.add_scatter(
            x=known["s"],
            y=[row[k] if k < len(row) else None for row in waves],
            mode="lines+markers",
            line={"color": COLOURS[k % len(COLOURS)], "width": 1.5},
            marker={"size": 5},
            name=f"mode {k + 1}",
            hovertemplate="s = %{x:.3f}<br>%{y:.0f} cm⁻¹",
        )
    look = layout("s (amu<sup>1/2</sup> bohr)", "wavenumber (cm⁻¹)", "")
    figure.update_layout(**look, showlegend=False)
    for places in known.get("inflections", {}).values():
        for s in places:
            figure.add_vline(x=s, line={"color": "#9aa5b1", "dash": "dash", "width": 1})
    text = (
        "Vibrations across the path, by a Hessian at each frame with translation, rotation and the "
        "path's own direction projected out; imaginary ones are negative. A dashed line "
        "is a valley-ridge inflection."
    )
    return Section("Frequencies across the path", text, figure)


def _record(rows: list[Mapping[str, Any]], summary: Mapping[str, Any]) -> Section | None:
    if not rows and "record" not in summary:
        return None
    text = "Arc length of every attempt on both sides, in the order in which they were made."
    return Section(
        "The record of the steps",
        text,
        _sizes([row for _, row in placed(rows)], "amu<sup>1/2</sup> bohr"),
        tally_table(summary["record"]) if "record" in summary else {},
        _attempts(rows),
    )


def _sizes(rows: list[Mapping[str, Any]], unit: str) -> Any:
    if not rows:
        return None
    figure = step_sizes(rows, unit)
    # Above the picture, where it takes no width from a narrow window.
    figure.update_layout(legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"}, margin_t=56)
    return figure


def _attempts(rows: list[Mapping[str, Any]]) -> Grid:
    cells = [
        [
            row["track"],
            row["number"],
            f"{s:.3f}" if "s" in row["notes"] else "",
            f"{row['notes']['energy']:.6f}" if "energy" in row["notes"] else "",
            f"{row['size']:.3g}",
            row["bound"],
            "accepted" if row["accepted"] else f"refused: {row['refused']}",
            plain(row["status"]),
        ]
        for s, row in placed(rows)
    ]
    names = ["side", "attempt", "s", "energy (hartree)", "step", "bound by", "verdict", "ended"]
    return Grid(names, cells, fold=f"All {len(cells):,} attempts")


def saddle_sections(
    summary: Mapping[str, Any],
    mode: Mapping[str, Any] | None = None,
    rows: Iterable[Mapping[str, Any]] = (),
) -> list[Section]:
    """The sections of a refined transition state.

    `summary` is the content of `summary.json`: `energy` (hartree), `imaginary_frequency_cm1`,
    `wavenumbers` (1/cm), `gradients`, `hessians`, `sentence` and `record`, all optional; `mode` as
    in `sections`; `rows` the record, where steps were taken.
    """
    facts = _facts(summary)
    if summary.get("energy") is not None:
        facts = {"energy": f"{summary['energy']:.8f} hartree"} | facts
    waves = summary.get("wavenumbers")
    text = " ".join(sentence(word) for word in summary.get("remarks", []))
    first = Section(
        "Transition state",
        text,
        None if waves is None else _spectrum(waves),
        facts | {"frequencies (cm⁻¹)": frequencies(waves)} | _method(summary),
    )
    parts = [first, _mode(mode)]
    steps = [row for row in rows if row["number"] > 0]
    if steps:
        tally = tally_table(summary["record"]) if "record" in summary else {}
        text = "Length of every step of the search, and what bound it."
        parts.append(Section("The record of the steps", text, _sizes(steps, "bohr"), tally))
    return [part for part in parts if part is not None]


def _spectrum(wavenumbers: Sequence[float]) -> Any:
    """A line for each mode; imaginary ones to the left of zero, in another colour."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for negative, name, colour in ((True, "imaginary", COLOURS[4]), (False, "real", COLOURS[0])):
        mine = [w for w in wavenumbers if (w < 0.0) is negative]
        if mine:
            figure.add_bar(
                x=mine,
                y=[1.0] * len(mine),
                width=12.0,
                marker={"color": colour, "line": {"width": 0}},
                name=name,
                text=[wavenumber_text(w) for w in mine],
                textposition="none",
                hovertemplate="%{text}<extra></extra>",
            )
    figure.update_layout(**layout("wavenumber (cm⁻¹), imaginary ones negative", "", ""))
    figure.update_layout(height=200, barmode="overlay", showlegend=False)
    figure.update_yaxes(visible=False)
    return figure


def batch_sections(rows: Iterable[Mapping[str, Any]]) -> list[Section]:
    """The sections of a batch: one line a reaction, and its barriers as bars.

    Each row holds `name` and `status`, and what is known of `sentence`, the two barriers
    (`barrier_reverse_kcal_mol`, `barrier_forward_kcal_mol`), `imaginary_frequency_cm1`,
    `gradients`, `hessians` and `connectivity`; of transition states their `energy` (hartree) and
    `max_gradient` (hartree/bohr).
    """
    rows = list(rows)
    columns: dict[str, tuple[str, str]] = {
        "name": ("reaction", ""),
        "status": ("status", "plain"),
        "barrier_reverse_kcal_mol": ("from the reverse end (kcal/mol)", ".2f"),
        "barrier_forward_kcal_mol": ("from the forward end (kcal/mol)", ".2f"),
        "energy": ("energy (hartree)", ".8f"),
        "max_gradient": ("largest gradient (hartree/bohr)", ".1e"),
        "imaginary_frequency_cm1": ("imaginary mode", "wavenumber"),
        "gradients": ("gradients", ",d"),
        "hessians": ("Hessians", ",d"),
        "connectivity": ("what happens", ""),
        "sentence": ("how it ended", ""),
    }
    shown = [key for key in columns if any(row.get(key) not in (None, "") for row in rows)]
    cells = [[_cell(row.get(key), columns[key][1]) for key in shown] for row in rows]
    grid = Grid([columns[key][0] for key in shown], cells, prose=True)
    ended = sum(row.get("imaginary_frequency_cm1") is not None for row in rows)
    searches = any(row.get("energy") is not None for row in rows)
    if searches:
        name, text = (
            "Transition states",
            f"{len(rows):,} guesses, {ended:,} of them led to a saddle.",
        )
    else:
        name = "Reactions"
        text = f"{len(rows):,} reactions, {ended:,} of them from a proved saddle."
    return [Section(name, text, _bars(rows), grid=grid)]


def _cell(value: Any, form: str) -> str:
    if value is None:
        return ""
    if form == "plain":
        return plain(value)
    return wavenumber_text(value) if form == "wavenumber" else format(value, form)


def _bars(rows: Sequence[Mapping[str, Any]]) -> Any:
    import plotly.graph_objects as go

    figure = go.Figure()
    for side, colour in zip(SIDES, COLOURS, strict=False):
        key = f"barrier_{side}_kcal_mol"
        mine = [row for row in rows if row.get(key) is not None]
        if mine:
            figure.add_bar(
                x=[row[key] for row in mine],
                y=[str(row["name"]) for row in mine],
                orientation="h",
                marker_color=colour,
                name=f"from the {side} end",
            )
    if not figure.data:
        return None
    look = layout("barrier (kcal/mol)", "", "") | {"height": 150 + 44 * len(rows)}
    figure.update_layout(**look, showlegend=True, legend={"orientation": "h", "y": 1.0})
    figure.update_layout(legend_yanchor="bottom", margin_t=40)
    figure.update_yaxes(autorange="reversed", automargin=True)
    return figure
