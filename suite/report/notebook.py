"""Results in a notebook: a page in a frame of its own, which asks nothing of the network."""

from __future__ import annotations

import html
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.report.chemistry import sections
from suite.report.page import Section, write_page

__all__ = ["framed", "reaction"]

HEIGHT = 640
"""Pixels of a frame; it scrolls."""


def framed(title: str, parts: Iterable[Section], height: int = HEIGHT) -> str:
    """The offline page of sections as an iframe that holds all it needs.

    A section with a plotly figure brings plotly's script, 5 MB, with each result. Raises
    `MissingPackage` where that is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        page = write_page(Path(folder) / "page.html", title, parts).read_text(encoding="utf-8")
    return (
        f'<iframe title="{html.escape(title, quote=True)}" sandbox="allow-scripts" '
        f'style="width: 100%; height: {height}px; border: 0" '
        f'srcdoc="{html.escape(page, quote=True)}"></iframe>'
    )


def reaction(
    columns: Mapping[str, Sequence[Any]],
    rows: Iterable[Mapping[str, Any]],
    summary: Mapping[str, Any],
    film: Mapping[str, Any] | None = None,
) -> str:
    """A reaction path in a notebook: its profile, the film, and the barriers."""
    parts = sections(columns, rows, summary, film)
    shown = [part for part in parts if part.title in ("Reaction profile", "Barriers")]
    return framed("Reaction path", shown)
