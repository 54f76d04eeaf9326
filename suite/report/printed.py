"""How figures for papers look, and the files they are written as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.errors import InputError, missing

__all__ = ["LOOK", "WIDTH", "settings_of"]

WIDTH = 3.4
"""Width of a printed column, inches."""
FORMATS = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}
"""What the figure is written as, and the metadata left out so that a figure can be made again."""
LOOK: Any = {
    "font.size": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "mathtext.default": "regular",
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "suite",
}


def settings_of(path: Path) -> dict[str, Any]:
    """What matplotlib's `savefig` is told for a file, by its suffix.

    Raises `InputError` for another suffix than .pdf, .svg or .png, and `MissingPackage` where
    matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise missing("matplotlib", "report") from error
    suffix = path.suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        raise InputError(f"A figure is written as .pdf, .svg or .png. Got {path.name!r}.")
    return {"format": suffix, "metadata": FORMATS[suffix], "dpi": 600}
