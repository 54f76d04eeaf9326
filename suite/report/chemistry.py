"""Pictures of a reaction path: the energy profile and the steps that made it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from suite.report.attempts import COLOURS, layout, step_sizes
from suite.report.page import Section, tally_table

__all__ = ["profile", "sections"]


def sections(
    columns: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], summary: Mapping[str, Any]
) -> list[Section]:
    """The sections of an IRC run; `columns` are those of `path.csv`, `rows` the record."""
    facts = {
        "barrier from the reverse end": f"{summary['barrier_reverse_kcal_mol']:.2f} kcal/mol",
        "barrier from the forward end": f"{summary['barrier_forward_kcal_mol']:.2f} kcal/mol",
        "imaginary mode": f"{-summary['imaginary_frequency_cm1']:.0f}i cm⁻¹",
        "gradients": summary["gradients"],
        "Hessians": summary["hessians"],
        "sides": ", ".join(f"{side}: {status}" for side, status in summary["sides"].items()),
    }
    return [
        Section(
            "Reaction profile",
            "Electronic energy along the intrinsic reaction coordinate; the saddle is at s = 0.",
            profile(columns),
            facts,
        ),
        Section(
            "The record of the steps",
            "Arc length of every attempt on both sides, and what bound it.",
            step_sizes(rows, "amu<sup>1/2</sup> bohr"),
            tally_table(summary["record"]),
        ),
    ]


def profile(columns: Mapping[str, Any]) -> Any:
    """Energy (kcal/mol, relative to the saddle) against arc length, with the frames as points."""
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.add_scatter(
        x=columns["s"],
        y=columns["relative_kcal_mol"],
        mode="lines+markers",
        line={"color": COLOURS[0], "shape": "spline"},
        marker={"size": 6},
        showlegend=False,
        hovertemplate="s = %{x:.3f}<br>%{y:.2f} kcal/mol<extra></extra>",
    )
    figure.add_vline(x=0.0, line={"dash": "dot", "color": COLOURS[5]})
    figure.update_layout(**layout("s (amu<sup>1/2</sup> bohr)", "energy (kcal/mol)", ""))
    return figure
