"""Pictures of volatilities: smiles with their fits, the surface, the term structure, verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite.report.attempts import COLOURS, layout

__all__ = ["smiles", "surface", "term_structure", "verdict_bars"]

_ACROSS = 3
_WARNING = COLOURS[4]


def smiles(curves: Sequence[Mapping[str, Any]]) -> Any:
    """Volatility against log-moneyness, a panel an expiration: bid to ask, and the fitted slice."""
    from plotly.subplots import make_subplots

    across = min(len(curves), _ACROSS)
    down = math.ceil(len(curves) / across)
    figure = make_subplots(
        down,
        across,
        subplot_titles=[_panel_title(curve) for curve in curves],
        horizontal_spacing=0.06,
        vertical_spacing=0.3 / (down + 1),
    )
    for number, curve in enumerate(curves):
        place = {"row": number // across + 1, "col": number % across + 1}
        _add_smile(figure, curve, place, first=number == 0)
    look = layout("", "", "")
    look.pop("xaxis_title"), look.pop("yaxis_title")
    height = 460 if down == 1 else 300 * down + 60
    figure.update_layout(**look | {"height": height, "margin_t": 90})
    figure.update_layout(
        legend={"orientation": "h", "x": 0.0, "y": 1.0, "yref": "container", "yanchor": "top"},
        legend_itemsizing="constant",
    )
    figure.update_annotations(font_size=13)
    figure.update_yaxes(title_text="implied volatility (%)", col=1, title_font_size=13)
    for column in range(1, across + 1):
        last = max(r for r in range(1, down + 1) if (r - 1) * across + column <= len(curves))
        figure.update_xaxes(title_text="log(K/F)", row=last, col=column, title_font_size=13)
    return figure


def _panel_title(curve: Mapping[str, Any]) -> str:
    fit = curve["fit"]
    if fit is None:
        return f"<b>{curve['label']}</b><br>too few quotes for a fit"
    met = f"{100.0 * fit['inside']:.0f}% of {curve['quotes']} quotes met"
    state = f", <span style='color:{_WARNING}'>not arbitrage-free</span>"
    return f"<b>{curve['label']}</b><br>{met}{'' if fit['arbitrage_free'] else state}"


def _add_smile(
    figure: Any, curve: Mapping[str, Any], place: Mapping[str, int], first: bool
) -> None:
    fit = curve["fit"]
    if fit is not None:
        free = fit["arbitrage_free"]
        figure.add_scatter(
            x=fit["moneyness"],
            y=100.0 * np.asarray(fit["iv"]),
            mode="lines",
            line={
                "color": COLOURS[1] if free else _WARNING,
                "dash": "solid" if free else "dash",
                "width": 1.5,
            },
            name="raw SVI",
            legendgroup="fit",
            showlegend=first,
            hovertemplate="log(K/F) %{x:.3f}: %{y:.2f} %<extra>raw SVI</extra>",
            **place,
        )
    iv, bid, ask = (100.0 * np.asarray(curve[n]) for n in ("iv", "iv_bid", "iv_ask"))
    figure.add_scatter(
        x=curve["moneyness"],
        y=iv,
        error_y={
            "type": "data",
            "symmetric": False,
            "array": np.nan_to_num(ask - iv),
            "arrayminus": np.nan_to_num(iv - bid),
            "thickness": 1.2,
            "width": 2,
            "color": COLOURS[0],
        },
        mode="markers",
        marker={"size": 2.5, "color": COLOURS[0]},
        name="bid, mid and ask",
        legendgroup="quotes",
        showlegend=first,
        customdata=np.stack([curve["row"], curve["strike"], bid, ask], axis=-1),
        hovertemplate="row %{customdata[0]:.0f}, strike %{customdata[1]:g}<br>"
        "%{customdata[2]:.2f} / %{y:.2f} / %{customdata[3]:.2f} %<extra></extra>",
        **place,
    )


def surface(values: Mapping[str, Any]) -> Any:
    """The fitted volatility over moneyness and time: a map, and in three dimensions by a button.

    The map comes first: it needs no WebGL, which not every browser has.
    """
    import plotly.graph_objects as go

    years = np.asarray(values["years"])
    time = _time_axis(years)
    names = {"x": "log(K/F)/√years", "z": "implied volatility (%)"}
    figure = go.Figure(
        go.Contour(
            x=values["standard_moneyness"],
            y=years,
            z=100.0 * np.asarray(values["iv"]),
            colorscale="Viridis",
            colorbar={"title": {"text": "%"}, "thickness": 14},
            connectgaps=False,
            hovertemplate="log(K/F)/√years %{x:.2f}<br>%{y:.3f} years<br>%{z:.2f} %<extra></extra>",
        )
    )
    figure.update_layout(**layout(names["x"], "", "") | {"height": 560, "margin_t": 50})
    figure.update_yaxes(**time)
    figure.update_scenes(
        xaxis_title=names["x"],
        yaxis=time,
        zaxis_title=names["z"],
        aspectratio={"x": 1.3, "y": 1.3, "z": 0.7},
        camera={"eye": {"x": 1.5, "y": -1.6, "z": 0.9}, "center": {"x": 0.05, "y": 0, "z": -0.15}},
    )
    buttons = [
        {"label": label, "method": "restyle", "args": ["type", form]}
        for label, form in (("map", "contour"), ("3-D", "surface"))
    ]
    place = {"x": 0.0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}
    figure.update_layout(
        updatemenus=[{"type": "buttons", "direction": "right", "buttons": buttons, **place}]
    )
    return figure


_TIMES = {
    1 / 365: "1d",
    7 / 365: "1w",
    1 / 12: "1m",
    1 / 4: "3m",
    1 / 2: "6m",
    1.0: "1y",
    2.0: "2y",
    5.0: "5y",
    10.0: "10y",
}


def _time_axis(years: Any) -> dict[str, Any]:
    """Logarithmic where the times are of different orders, with ticks that are times of a desk."""
    if years[-1] <= 20.0 * years[0]:
        return {"title": "years to expiration"}
    ticks = {t: name for t, name in _TIMES.items() if years[0] <= t <= years[-1]}
    return {
        "title": "time to expiration",
        "type": "log",
        "tickvals": list(ticks),
        "ticktext": list(ticks.values()),
    }


def term_structure(term: Sequence[Mapping[str, Any]]) -> Any:
    """Forward and at-the-money volatility against time, with error bars."""
    from plotly.subplots import make_subplots

    figure = make_subplots(1, 2, horizontal_spacing=0.1)
    years = [entry["years"] for entry in term]
    labels = [entry["label"] for entry in term]
    errors = [np.nan_to_num(entry.get("forward_error", 0.0)) for entry in term]
    low, iv, high = (
        100.0 * np.array([entry[n] for entry in term])
        for n in ("atm_iv_bid", "atm_iv", "atm_iv_ask")
    )
    up, down = np.nan_to_num(high - iv), np.nan_to_num(iv - low)
    forwards = [entry["forward"] for entry in term]
    panels = (
        (forwards, errors, errors, "forward"),
        (iv, up, down, "volatility at the forward (%)"),
    )
    for column, (y, above, below, name) in enumerate(panels, 1):
        figure.add_scatter(
            x=years,
            y=y,
            error_y={
                "type": "data",
                "symmetric": False,
                "array": above,
                "arrayminus": below,
                "thickness": 1.5,
            },
            mode="lines+markers",
            line={"color": COLOURS[column - 1], "width": 1},
            text=labels,
            hovertemplate="%{text}<br>%{y:.2f}<extra></extra>",
            showlegend=False,
            row=1,
            col=column,
        )
        figure.update_yaxes(title_text=name, row=1, col=column)
        figure.update_xaxes(title_text="years to expiration", row=1, col=column)
    look = layout("", "", "")
    look.pop("xaxis_title"), look.pop("yaxis_title")
    figure.update_layout(**look)
    return figure


def verdict_bars(verdicts: Sequence[Mapping[str, Any]]) -> Any:
    """How many rows ended with each verdict; the answered ones in another colour."""
    import plotly.graph_objects as go

    figure = go.Figure()
    names = [entry["name"].replace("_", " ") for entry in verdicts]
    for answered, name, colour in (
        (True, "with a volatility", COLOURS[2]),
        (False, "without", COLOURS[5]),
    ):
        mine = [
            (n, v["rows"])
            for n, v in zip(names, verdicts, strict=True)
            if v["answered"] == answered
        ]
        figure.add_bar(
            y=[n for n, _ in mine],
            x=[rows for _, rows in mine],
            orientation="h",
            text=[f"{rows:,}" for _, rows in mine],
            textposition="auto",
            marker_color=colour,
            name=name,
        )
    look = layout("rows", "", "") | {"height": 150 + 34 * len(names), "margin_t": 36}
    figure.update_layout(**look, showlegend=True)
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1], automargin=True)
    return figure
