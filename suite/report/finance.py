"""Pictures of a solved quote table: smiles with their bid-ask range, and the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from suite.report.attempts import counts, layout
from suite.report.page import Section, tally_table

__all__ = ["sections", "smiles"]

SHOWN = 6
"""Expirations drawn at first; the others wait in the legend."""


def sections(curves: list[dict[str, Any]], summary: Mapping[str, Any]) -> list[Section]:
    """The sections of a finance run.

    `curves` has one entry an expiration: `label`, `years`, and the arrays `moneyness` log(K/F),
    `iv_bid`, `iv`, `iv_ask` of its out-of-the-money rows.
    """
    verdicts = {name.replace("_", " "): f"{n:,}" for name, n in summary["verdicts"].items()}
    return [
        Section(
            "Implied volatility",
            f"{summary['rows']:,} quotes, {summary['expirations']} expirations. "
            "Out-of-the-money options; bars reach from bid to ask. Click an expiration to show it.",
            smiles(curves),
        ),
        Section("Verdicts", "Every quote has a volatility or the reason why not.", table=verdicts),
        Section(
            "The record of the steps",
            "What bound the steps of the inversion and why some were refused, over all quotes.",
            counts(summary["record"]),
            tally_table(summary["record"]),
        ),
    ]


def smiles(curves: list[dict[str, Any]]) -> Any:
    """Volatility against log-moneyness, one curve an expiration."""
    import plotly.graph_objects as go
    from plotly.colors import sample_colorscale

    curves = sorted(curves, key=lambda curve: curve["years"])
    drawn = set(np.linspace(0, max(len(curves) - 1, 0), SHOWN).round().astype(int).tolist())
    shades = sample_colorscale("Viridis", np.linspace(0.0, 0.9, max(len(curves), 2)).tolist())
    figure = go.Figure()
    for number, (curve, shade) in enumerate(zip(curves, shades, strict=False)):
        order = np.argsort(curve["moneyness"])
        iv = 100.0 * curve["iv"][order]
        figure.add_scatter(
            x=curve["moneyness"][order],
            y=iv,
            error_y={
                "type": "data",
                "symmetric": False,
                "array": np.nan_to_num(100.0 * curve["iv_ask"][order] - iv),
                "arrayminus": np.nan_to_num(iv - 100.0 * curve["iv_bid"][order]),
                "thickness": 1,
                "width": 0,
            },
            mode="markers+lines",
            marker={"size": 4, "color": shade},
            line={"width": 1, "color": shade},
            name=curve["label"],
            visible=True if number in drawn else "legendonly",
        )
    figure.update_layout(**layout("log-moneyness log(K/F)", "implied volatility (%)", "expiration"))
    return figure
