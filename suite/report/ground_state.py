"""The convergence of a VQE run as a figure: for papers, and standing still in a notebook."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.core.files import write_whole
from suite.errors import InputError
from suite.report.attempts import COLOURS
from suite.report.printed import LOOK, WIDTH, settings_of

__all__ = ["convergence_figure", "svg_of"]

SMALLEST = 1e-16
"""What is below the exact energy by rounding is drawn here on a logarithmic scale."""

Row = Mapping[str, Any]


def convergence_figure(points: Sequence[Row], summary: Row, path: str | Path) -> Path:
    """Write the energies of a run as a figure 3.4 inches wide, by the suffix of `path`.

    `points` as `suite.report.quantum.points_of` makes them. Without noise and with the exact energy
    known they are drawn as distances from it. Raises `InputError` for another suffix than .pdf,
    .svg or .png or without an energy, and `MissingPackage` where matplotlib is not installed.
    """
    path = Path(path)
    settings = settings_of(path)
    if not points:
        raise InputError("A convergence needs an energy. Got none.")
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(LOOK):
        figure = Figure(figsize=(WIDTH, 2.5), layout="constrained")
        _draw(figure.add_subplot(), points, summary)
        return write_whole(path, lambda part: figure.savefig(part, **settings))


def _draw(axes: Any, points: Sequence[Row], summary: Row) -> None:
    cost = "shots" if any(point["shots"] for point in points) else "evaluations"
    exact = summary["exact_energy"]
    close = exact is not None and cost == "evaluations"
    unit = " (hartree)" if summary["hartree_fock_energy"] is not None else ""
    for accepted, mark, colour in ((True, "o-", COLOURS[0]), (False, "x", COLOURS[4])):
        mine = [point for point in points if point["accepted"] is accepted]
        x, y = [p[cost] for p in mine], [p["energy"] for p in mine]
        if close:
            y = [max(energy - exact, SMALLEST) for energy in y]
        errors = [p["error"] for p in mine]
        if mine:
            axes.errorbar(
                x, y, errors if any(errors) else None, fmt=mark, color=colour, markersize=3,
                linewidth=1.0, elinewidth=0.6, label="accepted" if accepted else "refused",
            )  # fmt: skip
    if close:
        axes.set_yscale("log")
    else:
        levels = (("exact", exact, "--"), ("Hartree-Fock", summary["hartree_fock_energy"], ":"))
        for name, level, style in levels:
            if level is not None:
                axes.axhline(level, linestyle=style, color=COLOURS[2], linewidth=0.8, label=name)
    axes.set_xlabel(cost)
    axes.set_ylabel(f"above exact{unit}" if close else f"energy{unit}")
    axes.legend(frameon=False)


def svg_of(draw: Callable[[Path], object]) -> str:
    """What a function writes as a figure to an .svg path, as HTML that stands in a page."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.svg"
        draw(path)
        text = path.read_text(encoding="utf-8")
    # The declarations before the root are of a file of its own.
    return text[text.index("<svg") :]
