"""The page of a trajectory: the solution, its steps, and what was watched along the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from suite.report.histories import MOST, History, history_of
from suite.report.page import Grid, Section, tally_table
from suite.report.singularity import growth, singularity_section, told
from suite.report.stepping import drift, errors, step_times, stiffness
from suite.report.trajectories import components, plane, plane_text, shown_text

__all__ = ["facts_of", "sections", "singularity_sections", "trajectory", "watched_sections"]

MOST_ROWS = 300
"""Attempts that the table lists; of a longer run the last ones."""
BOUNDARY = {"RK45": 3.3, "DOP853": 6.1, "auto": 6.1}
"""Where h·λ leaves the stability region on the negative real axis (Hairer and Wanner, IV.2)."""

CONSCIENCE = (
    ("start", ".12g"),
    ("largest_departure", ".1e"),
    ("sum_of_corrections", ".1e"),
    ("largest_correction", ".1e"),
)
"""What the report of an invariant says, and how it is written."""

Row = Mapping[str, Any]


def sections(rows: Iterable[Row], summary: Row) -> list[Section]:
    """The sections of a trajectory from its record and its summary."""
    history = _returned(rows, summary)
    parts = [*_solution(history, summary), *watched_sections(history, summary)]
    return [part for part in parts if part is not None]


def singularity_sections(rows: Iterable[Row], summary: Row) -> list[Section]:
    """The sections of a run towards a singularity: that first, then as of any trajectory."""
    history = _returned(rows, summary)
    first = [singularity_section(history, summary), growth(history, summary)]
    rest = [
        part
        for part in [*_solution(history, summary), *watched_sections(history, summary)]
        if part is None or part.title not in {p.title for p in first if p is not None}
    ]
    return [part for part in (*first, *rest) if part is not None]


def _returned(rows: Iterable[Row], summary: Row) -> History:
    """The history without the points that may lie beyond a singularity."""
    history = history_of(rows)
    return history.up_to(float(summary["t"])) if summary.get("singularity") else history


def trajectory(rows: Iterable[Row], summary: Row) -> str:
    """A trajectory in a notebook: the solution, and its steps, in a frame of their own."""
    from suite.report.notebook import framed

    return framed("Trajectory", sections(rows, summary)[:3])


def facts_of(summary: Row) -> dict[str, str]:
    """The numbers of a run in words, the same for the page and the terminal."""
    facts = {
        "reached": f"t = {summary['t']:.12g} of {summary['t_end']:.12g}",
        "method": str(summary["method"]),
        "evaluations": f"{summary['evaluations']:,}",
    }
    facts |= _asked(summary)
    if summary.get("singularity"):
        facts |= told(summary["singularity"])
    elif summary.get("job") == "dynamics singularity":
        facts["singularity"] = f"none up to t = {summary['t']:.12g}"
    for name, report in (summary.get("invariants") or {}).items():
        facts[name.replace("_", " ")] = _kept(report)
    facts |= _stiff(summary)
    events = [len(times) for times in summary.get("events") or ()]
    if events:
        facts["events"] = ", ".join(f"{count:,}" for count in events)
    return facts


def _asked(summary: Row) -> dict[str, str]:
    """The tolerances and the parameters that were asked for."""
    options = summary.get("options") or {}
    facts = {}
    told = [name for name in ("rtol", "atol") if options.get(name) is not None]
    if told:
        facts["tolerance"] = ", ".join(f"{name} {_range(options[name])}" for name in told)
    if summary.get("parameters"):
        facts["parameters"] = ", ".join(
            f"{name} = {value:.12g}" for name, value in summary["parameters"].items()
        )
    return facts


def _range(value: Any) -> str:
    """One number, or the least and the largest of several."""
    ends = [float(end) for end in (np.min(value), np.max(value))]
    return " to ".join(f"{end:.6g}" for end in dict.fromkeys(ends))


def _kept(report: Row) -> str:
    start, off, total = (_each(report.get(name), form) for name, form in CONSCIENCE[:3])
    text = f"{start} at the start, at most {off} off"
    moved = np.any(np.asarray(report.get("sum_of_corrections") or 0.0))
    return f"{text}; corrections sum to {total}" if moved else text


def _each(value: Any, form: str) -> str:
    """A number, or the numbers of a vector."""
    if value is None:
        return ""
    return ", ".join(format(float(part), form) for part in np.atleast_1d(value))


def _stiff(summary: Row) -> dict[str, str]:
    intervals = summary.get("stiff") or ()
    if not intervals:
        return {}
    shown = ", ".join(f"{first:.6g} to {last:.6g}" for first, last in intervals[:4])
    more = f" and {len(intervals) - 4} more" if len(intervals) > 4 else ""
    return {"stiff": f"{shown}{more}"}


def _solution(history: History, summary: Row) -> list[Section | None]:
    if len(history.time) < 2:
        return [Section("The solution", "It did not leave its start.", table=facts_of(summary))]
    text = "Components against time; dots are the ends of accepted steps."
    text += shown_text(history)
    if summary.get("stiff"):
        text += " Where the ground is shaded, stability and not accuracy bound the steps."
    facts = facts_of(summary) | {"ended": summary["sentence"]}
    face = plane(history, summary)
    return [
        Section("The solution", text, components(history, summary), facts),
        None if face is None else Section("The plane", plane_text(history), face),
        _events(summary),
    ]


def _events(summary: Row) -> Section | None:
    """When the events came, in the order of time."""
    found = [
        (time, number)
        for number, times in enumerate(summary.get("events") or (), 1)
        for time in times
    ]
    if not found:
        return None
    found.sort(reverse=summary["t_end"] < summary["t0"])
    lines = [[number, f"{time:.12g}"] for time, number in found[:MOST_ROWS]]
    fold = f"{len(found):,} events" if len(found) > 12 else ""
    return Section("Events", "", grid=Grid(["event", "at time"], lines, fold=fold))


def watched_sections(history: History, summary: Row) -> list[Section | None]:
    """The steps and what was watched along them: invariants, stability, singularity, errors."""
    if not history.rows:
        return []
    return [
        Section(
            "The record of the steps",
            "Size of every step against the time at which it began, coloured by what bound it; "
            "crosses were refused." + _thinned(history),
            step_times(history, summary),
            tally_table(summary["record"]),
        ),
        singularity_section(history, summary),
        _invariants(history, summary),
        _stability(history, summary),
        _errors(history, summary),
        attempts(history),
    ]


def _thinned(history: History) -> str:
    if len(history.rows) <= MOST:
        return ""
    return (
        f" Of {len(history.rows):,} attempts so many are drawn that no extreme is missing; "
        "attempts.csv has all."
    )


def _invariants(history: History, summary: Row) -> Section | None:
    reports = summary.get("invariants") or {}
    if not reports:
        return None
    lines = [[name.replace("_", " "), *_fields(report)] for name, report in reports.items()]
    grid = Grid(
        ["invariant", "at the start", "largest departure", "corrections summed", "largest one"],
        lines,
        prose=True,
    )
    text = (
        "How far each invariant is from its value at the start. Where it is projected, the dotted "
        "line sums the corrections: turned round, the drift that would have been. A small "
        "departure alone says nothing of the error of the trajectory."
    )
    warnings = [str(report["sentence"]) for report in reports.values() if report.get("sentence")]
    return Section(
        "Invariants",
        " ".join([text, *warnings]),
        drift(history, summary, list(reports)),
        grid=grid,
    )


def _fields(report: Row) -> list[str]:
    return [_each(report.get(name), form) for name, form in CONSCIENCE]


def _stability(history: History, summary: Row) -> Section | None:
    boundary = BOUNDARY.get(str(summary["method"]))
    figure = stiffness(history, summary, boundary)
    if figure is None:
        return None
    changes = list(summary.get("changes") or ())
    grid = Grid(
        ["at time", "changed to", "because"],
        [[f"{c['time']:.8g}", c["to"], c["reason"]] for c in changes[:MOST_ROWS]],
        fold="" if len(changes) <= 12 else f"{len(changes)} changes of method",
        prose=True,
    )
    intervals = summary.get("stiff") or ()
    facts = _stiff(summary) or {"stiff": "nowhere"}
    span = abs(summary["t"] - summary["t0"])
    if intervals and span > 0.0:
        share = sum(abs(last - first) for first, last in intervals) / span
        facts["share of the time"] = f"{share:.1%}"
    return Section(
        "Stability",
        "Step times the largest rate at which the equation damps or drives a disturbance. Where it "
        "stays at the boundary of the explicit method, stability holds the steps down.",
        figure,
        facts,
        grid=grid,
    )


def _errors(history: History, summary: Row) -> Section | None:
    figure = errors(history, summary)
    if figure is None:
        return None
    return Section(
        "Errors", "What accepted steps showed of what is allowed: 1 is all of it.", figure
    )


def attempts(history: History) -> Section | None:
    """The last attempts with what they showed and what became of them, in a table that opens."""
    starts = history.start[-MOST_ROWS:]
    shown = list(zip(starts, history.rows[-MOST_ROWS:], strict=True))
    signals = history.signals()
    columns: list[tuple[str, Callable[[float, Row], Any]]] = [
        ("attempt", lambda start, row: row["number"]),
        ("method", lambda start, row: row["phase"]),
        ("from time", lambda start, row: f"{start:.8g}"),
        ("step", lambda start, row: f"{row['size']:.3g}"),
        *((name, _signal(name)) for name in signals),
        ("h·λ", lambda start, row: _form(row["notes"].get("h_lambda"), ".3g")),
        ("evaluations", lambda start, row: row["cost"].get("evaluations", "")),
        ("bound by", lambda start, row: row["bound"]),
        ("became", lambda start, row: _became(row)),
    ]
    cells = [[read(start, row) for _, read in columns] for start, row in shown]
    filled = [i for i in range(len(columns)) if any(str(line[i]) for line in cells)]
    more = "" if len(shown) == len(history.rows) else f"the last {len(shown)} of "
    return Section(
        "Attempts",
        "What each attempt showed and what the law made of it; errors are over what is allowed.",
        grid=Grid(
            [columns[i][0] for i in filled],
            [[line[i] for i in filled] for line in cells],
            fold=f"{more}{len(history.rows):,} attempts",
        ),
    )


def _signal(name: str) -> Callable[[float, Row], str]:
    return lambda start, row: _form(row["evidence"].get(name, (None,))[0], ".2g")


def _became(row: Row) -> str:
    return f"refused: {row['refused']}" if row["refused"] else "accepted"


def _form(value: Any, form: str) -> str:
    known = isinstance(value, int | float | np.number) and np.isfinite(value)
    return format(value, form) if known else ""
