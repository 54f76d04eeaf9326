"""Pictures of a VQE run: the energy closing in, and the steps that did it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from suite.report.attempts import COLOURS, layout, step_sizes
from suite.report.page import Section, tally_table

__all__ = ["convergence", "sections"]

CHEMICAL_ACCURACY = 1.6e-3
"""One kcal/mol in hartree."""


def sections(rows: Iterable[Mapping[str, Any]], summary: Mapping[str, Any]) -> list[Section]:
    """The sections of a VQE run from its record and its summary."""
    facts = {"energy": f"{summary['energy']:.10f} ± {summary['standard_error']:.1e}"}
    if summary["exact_energy"] is not None:
        facts["exact energy"] = f"{summary['exact_energy']:.10f}"
        facts["above it by"] = f"{summary['energy'] - summary['exact_energy']:.1e}"
    facts |= {"evaluations": str(summary["evaluations"]), "ended": summary["sentence"]}
    return [
        Section(
            "Convergence",
            "Energy after each accepted step, against what was paid for: an evaluation is an "
            "energy with its gradient and metric.",
            convergence(summary),
            facts,
        ),
        Section(
            "The record of the steps",
            "The angle by which each attempt turned the state, and what bound it.",
            step_sizes(rows, "radians, Fubini-Study"),
            tally_table(summary["record"]),
        ),
    ]


def convergence(summary: Mapping[str, Any]) -> Any:
    """Energy above the exact one on a logarithmic scale, or the energy where that is not known."""
    import plotly.graph_objects as go

    exact, trace = summary["exact_energy"], summary["trace"]
    energies = [entry["energy"] for entry in trace]
    # What is below the exact energy by rounding cannot be drawn on a logarithmic scale.
    heights = energies if exact is None else [max(e - exact, 1e-16) for e in energies]
    figure = go.Figure()
    figure.add_scatter(
        x=[entry["evaluations"] for entry in trace],
        y=heights,
        mode="lines+markers",
        line={"color": COLOURS[0]},
        showlegend=False,
        hovertemplate="%{x} evaluations<br>%{y:.3e}<extra></extra>",
    )
    unit = " (hartree)" if summary["hartree_fock_energy"] is not None else ""
    name = f"energy{unit}" if exact is None else f"energy above exact{unit}"
    figure.update_layout(**layout("evaluations", name, ""))
    figure.update_xaxes(dtick=max(1, trace[-1]["evaluations"] // 10))
    if exact is not None:
        figure.update_yaxes(type="log", exponentformat="power", dtick=2)
        if unit:
            ends = [trace[0]["evaluations"], trace[-1]["evaluations"]]
            figure.add_scatter(
                x=ends,
                y=[CHEMICAL_ACCURACY] * 2,
                mode="lines",
                line={"dash": "dot", "color": COLOURS[5]},
                name="chemical accuracy",
            )
    return figure
