"""The offline HTML page: sections of text, a picture and a table, with the plot script inlined."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from suite.core.files import write_whole
from suite.errors import missing

__all__ = ["Grid", "Section", "tally_table", "write_page"]

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1c2733; background: #f6f7f9; margin: 0; }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: .5rem 0; } h2 { font-size: 1.2rem; margin: 0 0 .5rem; }
section { background: #fff; border: 1px solid #dfe3e8; border-radius: 8px; padding: 1rem 1.25rem;
  margin: 1rem 0; }
table { border-collapse: collapse; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid #eceff2; }
th { color: #5a6672; font-weight: 600; } .picture { min-height: 10rem; }
.grid { overflow-x: auto; } .grid table { font-size: .875rem; }
.grid th { border-bottom-width: 2px; } .grid .number { text-align: right; }
.grid .number, .grid td:nth-child(2) { white-space: nowrap; }
.grid.prose th, .grid.prose td { white-space: normal; vertical-align: top; }
.grid.prose th { vertical-align: bottom; } .grid.prose td:not(.number) { min-width: 5.5rem; }
summary { cursor: pointer; color: #2b6cb0; margin: .5rem 0; }
.pair { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
.pair > .picture { flex: 2 1 26rem; min-width: 0; }
.pair > .film { position: sticky; top: 0; z-index: 2; }
.film { flex: 1 1 17rem; background: #fff; padding: .25rem 0; min-width: 0; max-width: 26rem; }
.film canvas { display: block; width: 100%; height: 19rem; touch-action: pan-y; cursor: grab;
  border: 1px solid #eceff2; border-radius: 6px; box-sizing: border-box; }
.film-bar { display: flex; gap: .75rem; align-items: center; margin: .5rem 0 .25rem; }
.film-bar input { flex: 1; min-width: 0; accent-color: #2b6cb0; }
.film-bar button { font: inherit; font-size: .9rem; min-width: 4.5rem; padding: .2rem .6rem;
  border: 1px solid #b9c2cc; border-radius: 6px; background: #f6f7f9; cursor: pointer; }
.film output { color: #5a6672; font-size: .9rem; font-variant-numeric: tabular-nums; }
.film-rule, .film-dot { position: absolute; pointer-events: none; }
.film-rule { width: 1px; background: #c2506a; }
.film-dot { width: 10px; height: 10px; margin: -6px 0 0 -6px; border-radius: 50%;
  background: #c2506a; border: 1px solid #fff; }
@media (max-width: 46rem) {
  main { padding: .75rem; } section { padding: .75rem; }
  .film { max-width: none; } .film canvas { height: 13rem; }
}
footer { color: #5a6672; font-size: .85rem; }
"""


class Grid(NamedTuple):
    """A table with a header row: the columns' names, and rows of as many cells.

    Cells are shown as they are; a column of numbers, or of texts that begin like one, stands to
    the right. `fold` is the line that opens a table too long to stand open; `prose` lets the lines
    of all cells wrap.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    fold: str = ""
    prose: bool = False


class Section(NamedTuple):
    """A part of the page: a title, plain text, a plotly figure or None, and tables.

    `table` has two columns, a name and what it is; `grid` has a header and as many as it likes.
    `film` is HTML as `suite.report.film` makes it, which stands beside the figure, and `script`
    what draws it; a script that several sections name is in the page once.
    """

    title: str
    text: str = ""
    figure: Any = None
    table: Mapping[str, Any] = {}
    grid: Grid | None = None
    film: str = ""
    script: str = ""


def write_page(path: str | Path, title: str, sections: Iterable[Section]) -> Path:
    """Write one HTML file that needs no network, without plotly's script where nothing moves.

    Raises `MissingPackage` where plotly is needed and not installed.
    """
    sections = list(sections)
    moves = any(section.figure is not None for section in sections)
    plots = f"<script>{_plotly()}</script>" if moves else ""
    body = "\n".join(_section(section, number) for number, section in enumerate(sections))
    scripts = "".join(
        f"<script>{script}</script>"
        for script in dict.fromkeys(section.script for section in sections if section.script)
    )
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style>"
        f"{plots}</head><body><main><h1>{html.escape(title)}</h1>\n"
        f"{body}\n<footer>Made by suite; this page needs no network.</footer></main>{scripts}"
        "</body></html>\n"
    )
    return write_whole(path, text)


def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise missing("plotly", "report") from error
    return str(get_plotlyjs())


def _section(section: Section, number: int) -> str:
    parts = [f"<section><h2>{html.escape(section.title)}</h2>"]
    if section.text:
        parts.append(f"<p>{html.escape(section.text)}</p>")
    picture = _picture(section, number)
    parts.append(f'<div class="pair">{section.film}{picture}</div>' if section.film else picture)
    if section.table:
        rows = (
            f"<tr><th>{html.escape(str(k))}</th><td>{html.escape(str(v))}</td></tr>"
            for k, v in section.table.items()
        )
        parts.append(f"<table>{''.join(rows)}</table>")
    if section.grid is not None and section.grid.rows:
        parts.append(_grid(section.grid))
    return "".join([*parts, "</section>"])


def _picture(section: Section, number: int) -> str:
    if section.figure is None:
        return ""
    # A fixed name, so that the same results give the same page.
    picture = section.figure.to_html(
        include_plotlyjs=False,
        full_html=False,
        div_id=f"picture-{number}",
        config={"displaylogo": False, "responsive": True},
    )
    return f'<div class="picture">{picture}</div>'


def _grid(grid: Grid) -> str:
    right = [all(_numeric(row[i]) for row in grid.rows) for i in range(len(grid.columns))]

    def line(tag: str, cells: Sequence[Any]) -> str:
        return "".join(
            f"<{tag}{' class=number' if number else ''}>{html.escape(str(cell))}</{tag}>"
            for cell, number in zip(cells, right, strict=True)
        )

    rows = "".join(f"<tr>{line('td', row)}</tr>" for row in grid.rows)
    head = f"<thead><tr>{line('th', grid.columns)}</tr></thead>"
    form = "grid prose" if grid.prose else "grid"
    table = f'<div class="{form}"><table>{head}<tbody>{rows}</tbody></table></div>'
    if not grid.fold:
        return table
    return f"<details><summary>{html.escape(grid.fold)}</summary>{table}</details>"


def _numeric(cell: Any) -> bool:
    text = str(cell).lstrip("-+−±")
    # A date begins like a number too.
    return not text or (text[0].isdigit() and text[4:5] != "-")


_PLAIN = {"error not finite": "NaN or infinity"}
"""Names of laws that would be misread beside a count."""


def tally_table(record: Mapping[str, Any]) -> dict[str, str]:
    """The record's counts in words, the same for every job.

    >>> tally_table({"attempts": 3, "accepted": 2, "refused": {"error": 1}, "bound": {"start": 3},
    ...              "cost": {"gradients": 4}})["refused"]
    '1 error'
    """

    def words(counts: Mapping[str, int]) -> str:
        ranked = sorted(counts.items(), key=lambda item: -item[1])
        return ", ".join(f"{count:,} {_PLAIN.get(name, name)}" for name, count in ranked) or "none"

    return {
        "attempts": f"{record['attempts']:,}, of them {record['accepted']:,} accepted",
        "bound by": words(record["bound"]),
        "refused": words(record["refused"]),
        "cost": words(record["cost"]),
    }
