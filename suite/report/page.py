"""The offline HTML page: sections of text, a picture and a table, with the plot script inlined."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from suite.core.files import write_whole
from suite.errors import missing

__all__ = ["Section", "tally_table", "write_page"]

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1c2733; background: #f6f7f9; margin: 0; }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: .5rem 0; } h2 { font-size: 1.2rem; margin: 0 0 .5rem; }
section { background: #fff; border: 1px solid #dfe3e8; border-radius: 8px; padding: 1rem 1.25rem;
  margin: 1rem 0; }
table { border-collapse: collapse; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid #eceff2; }
th { color: #5a6672; font-weight: 600; } .picture { min-height: 24rem; }
footer { color: #5a6672; font-size: .85rem; }
"""


class Section(NamedTuple):
    """A part of the page: a title, plain text, a plotly figure or None, a table of two columns."""

    title: str
    text: str = ""
    figure: Any = None
    table: Mapping[str, Any] = {}


def write_page(path: str | Path, title: str, sections: Iterable[Section]) -> Path:
    """Write one HTML file that needs no network.

    Raises `MissingPackage` where plotly is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise missing("plotly", "report") from error
    body = "\n".join(_section(section, number) for number, section in enumerate(sections))
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head><body><main><h1>{html.escape(title)}</h1>\n"
        f"{body}\n<footer>Made by suite; this page needs no network.</footer></main></body>"
        "</html>\n"
    )
    return write_whole(path, text)


def _section(section: Section, number: int) -> str:
    parts = [f"<section><h2>{html.escape(section.title)}</h2>"]
    if section.text:
        parts.append(f"<p>{html.escape(section.text)}</p>")
    if section.figure is not None:
        # A fixed name, so that the same results give the same page.
        picture = section.figure.to_html(
            include_plotlyjs=False,
            full_html=False,
            div_id=f"picture-{number}",
            config={"displaylogo": False, "responsive": True},
        )
        parts.append(f'<div class="picture">{picture}</div>')
    if section.table:
        rows = (
            f"<tr><th>{html.escape(str(k))}</th><td>{html.escape(str(v))}</td></tr>"
            for k, v in section.table.items()
        )
        parts.append(f"<table>{''.join(rows)}</table>")
    return "".join([*parts, "</section>"])


def tally_table(record: Mapping[str, Any]) -> dict[str, str]:
    """The record's counts in words, the same for every job.

    >>> tally_table({"attempts": 3, "accepted": 2, "refused": {"error": 1}, "bound": {"start": 3},
    ...              "cost": {"gradients": 4}})["refused"]
    '1 error'
    """

    def words(counts: Mapping[str, int]) -> str:
        ranked = sorted(counts.items(), key=lambda item: -item[1])
        return ", ".join(f"{count:,} {name}" for name, count in ranked) or "none"

    return {
        "attempts": f"{record['attempts']:,}, of them {record['accepted']:,} accepted",
        "bound by": words(record["bound"]),
        "refused": words(record["refused"]),
        "cost": words(record["cost"]),
    }
