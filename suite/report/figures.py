"""Figures for papers: a reaction profile one column wide, as PDF, SVG or PNG."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.core.files import write_whole
from suite.errors import InputError
from suite.report.attempts import COLOURS
from suite.report.film import colour, radius, smooth, upright
from suite.report.printed import LOOK, WIDTH, settings_of
from suite.report.profile import slope

__all__ = ["reaction_profile"]

BOND = 1.3
"""Atoms nearer than this many sums of covalent radii are drawn as bonded."""


def reaction_profile(
    columns: Mapping[str, Sequence[Any]],
    summary: Mapping[str, Any],
    path: str | Path,
    film: Mapping[str, Any] | None = None,
) -> Path:
    """Write the energy profile of a path as a figure 3.4 inches wide, by the suffix of `path`.

    `columns` are those of `path.csv` (`s` in amu^1/2 bohr, `relative_kcal_mol`); energies are drawn
    from the reverse end. `summary` names the fragments of the ends where it knows them. With `film`
    (`symbols`, `coordinates` [frames, atoms, 3] in angstrom) the two ends and the saddle are drawn
    above. Raises `InputError` for another suffix than pdf, svg or png or without two frames, and
    `MissingPackage` where matplotlib is not installed.
    """
    path = Path(path)
    settings = settings_of(path)
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    s, energy = (np.asarray(columns[name], float) for name in ("s", "relative_kcal_mol"))
    if len(s) < 2 or not (np.isfinite(s).all() and np.isfinite(energy).all()):
        raise InputError(f"A profile needs two frames with finite s and energy. Got {len(s)} rows.")
    frames = _frames(film, len(s))
    with rc_context(LOOK):
        figure = Figure(figsize=(WIDTH, 2.5 if frames is None else 3.2), layout="constrained")
        if film is None or frames is None:
            axes = figure.add_subplot()
        else:
            # Constrained layout leaves room for captions; the profile takes the larger part.
            grid = figure.add_gridspec(2, 3, height_ratios=(1.0, 2.6))
            axes = figure.add_subplot(grid[1, :])
            for column, frame in enumerate(_stations(s)):
                _snapshot(figure.add_subplot(grid[0, column]), film["symbols"], frames, frame)
        tilt = slope(columns)
        _draw(axes, s, energy - energy[0], None if tilt is None else np.array(tilt), summary)
        return write_whole(path, lambda part: figure.savefig(part, **settings))


def _frames(film: Mapping[str, Any] | None, count: int) -> NDArray[np.float64] | None:
    if film is None:
        return None
    frames = np.asarray(film["coordinates"], float)
    if frames.ndim != 3 or frames.shape[2] != 3:
        return None
    if len(frames) != count:
        raise InputError(f"The film must have a frame for each of {count} s. Got {len(frames)}.")
    return (frames - frames.reshape(-1, 3).mean(axis=0)) @ upright(frames).T


def _stations(s: NDArray[np.float64]) -> tuple[int, int, int]:
    """The frames of the reverse end, the saddle and the forward end."""
    return 0, int(np.argmin(np.abs(s))), len(s) - 1


def _draw(
    axes: Any,
    s: NDArray[np.float64],
    energy: NDArray[np.float64],
    tilt: NDArray[np.float64] | None,
    summary: Mapping[str, Any],
) -> None:
    axes.plot(*smooth(s, energy, tilt), color=COLOURS[0], linewidth=1.2)
    axes.plot(s, energy, "o", color=COLOURS[0], markersize=1.8)
    stations = _stations(s)
    axes.plot(s[list(stations)], energy[list(stations)], "o", color=COLOURS[4], markersize=3.5)
    ends = summary.get("ends") or {}
    names = (_name(ends.get("reverse")), "TS", _name(ends.get("forward")))
    # The ends are minima: there is room below them, as there is above the saddle.
    for frame, name, side in zip(stations, names, ("left", "center", "right"), strict=True):
        above = side == "center"
        lines = [name, f"{energy[frame]:.1f}"]
        axes.annotate(
            "\n".join(line for line in lines if line),
            (s[frame], energy[frame]),
            xytext=(0, 5 if above else -5),
            textcoords="offset points",
            ha=side,
            va="bottom" if above else "top",
            linespacing=1.1,
        )
    axes.margins(x=0.04)
    low, high = energy.min(), energy.max()
    below = 0.34 if names[0] or names[2] else 0.2
    axes.set_ylim(low - below * (high - low), high + 0.26 * (high - low))
    axes.set_xlabel(r"$s$ (amu$^{1/2}$ bohr)")
    axes.set_ylabel(r"$\Delta E$ (kcal/mol)")


def _name(end: Mapping[str, Any] | None) -> str:
    found = (end or {}).get("fragments") or ""
    text = found if isinstance(found, str) else " + ".join(str(part) for part in found)
    # A dollar sign would begin mathematics; counts of atoms are set as subscripts.
    return re.sub(r"(?<=[A-Za-z)])(\d+)", r"$_{\1}$", text.replace("$", r"\$"))


def _snapshot(axes: Any, symbols: Sequence[str], frames: NDArray[np.float64], frame: int) -> None:
    """One geometry, seen as all are: bonds behind, atoms from the farthest to the nearest."""
    from matplotlib.patches import Circle

    place = frames[frame]
    place = place - (place.max(axis=0) + place.min(axis=0)) / 2.0
    for i, j in combinations(range(len(place)), 2):
        near = BOND * (radius(symbols[i]) + radius(symbols[j]))
        if np.linalg.norm(place[i] - place[j]) < near:
            depth = (place[i, 2] + place[j, 2]) / 2.0
            pair = place[[i, j]]
            axes.plot(pair[:, 0], pair[:, 1], color="#5a6672", linewidth=2.0, zorder=depth)
    for i, symbol in enumerate(symbols):
        ball = Circle(place[i, :2], 0.22 + 0.27 * radius(symbol), zorder=place[i, 2] + 0.1)
        ball.set(facecolor=colour(symbol), edgecolor="#1c2733", linewidth=0.5)
        axes.add_patch(ball)
        if len(symbols) <= 12:
            size, ink = 5.5, "white" if symbol in ("C", "N", "O", "Br", "I") else "#1c2733"
            middle = {"ha": "center", "va": "center_baseline", "zorder": place[i, 2] + 0.11}
            axes.text(*place[i, :2], symbol, fontsize=size, color=ink, **middle)
    spread = np.abs(np.ptp(frames, axis=1)).max(axis=0) / 2.0 + 0.6
    axes.set(xlim=(-spread[0], spread[0]), ylim=(-spread[1], spread[1]), aspect="equal")
    axes.set_axis_off()
