"""A circuit on the page: the text that Qiskit's drawer makes, in a box that scrolls."""

from __future__ import annotations

import html

from suite.report.page import Section

__all__ = ["ansatz"]

_STYLE = (
    "overflow-x: auto; max-height: 30rem; flex: 1 1 100%; min-width: 0; margin: .5rem 0; "
    "line-height: 1.15; font: 12px/1.15 'DejaVu Sans Mono', Menlo, Consolas, monospace"
)


def ansatz(drawing: str, facts: dict[str, str] | None = None) -> Section | None:
    """The section of an ansatz from its drawing, lines of text; None where there is none.

    >>> ansatz("") is None
    True
    """
    if not drawing:
        return None
    return Section(
        "The ansatz",
        "Qubit 0 is the rightmost letter of a word; a box that says + n more stands for the "
        "exponential of all words of one excitation, which commute.",
        table=facts or {},
        film=f'<pre style="{_STYLE}">{html.escape(drawing)}</pre>',
    )
