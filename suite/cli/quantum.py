"""`suite quantum`: ground states, their price beforehand, and curves of them."""

from __future__ import annotations

import json as json_text
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from suite.cli.levels import Flag
from suite.cli.output import (
    COMMAND_FILE,
    exit_code,
    judged,
    page_of,
    print_result,
    print_table,
    resumable,
    say,
    spoken,
)
from suite.cli.problems import as_asked, check_copy, kept_problem
from suite.cli.ways import DEFAULT, Way, given
from suite.errors import BudgetExhausted, InputError, SuiteError

if TYPE_CHECKING:
    from suite.core import Attempt
    from suite.quantum import VQEResult
    from suite.quantum.scan import Curve
    from suite.report.page import Section

__all__ = ["plan", "progress", "scan", "sections_of", "vqe"]

Output = Annotated[Path | None, Parameter(name=["--output", "-o"])]


def vqe(
    problem: Path,
    /,
    *,
    output: Output = None,
    way: Way = DEFAULT,
    json: Flag = False,
) -> int:
    """The ground-state energy of a problem file, by natural gradient.

    Parameters
    ----------
    problem
        TOML file with [molecule], [pauli] or [spin_model], and as far as you like [ansatz],
        [backend], [stop] and [start]. Options win over it.
    output
        Folder for summary.json, attempts.csv, report.html, the run file and a copy of the problem.
        Default: the problem's name with _vqe, such as h2_vqe.
    json
        Print summary.json instead of a table.
    """
    from suite.quantum import vqe as solve
    from suite.report.quantum import facts_of

    output = output or Path(f"{problem.stem}_vqe")
    options = given(way)
    words = ["quantum", "vqe", str(problem.absolute()), *spoken(options)]
    check_copy(problem, output)
    with (
        _unpaid(output),
        resumable(output, words),
        kept_problem(problem, output),
        as_asked(problem, options) as path,
        _told(),
    ):
        result = solve(path, store=output, observe=(progress,))
    result.save(output)
    page_of(output / "report.html", f"VQE of {problem.name}", lambda: sections_of(result))
    summary = result.summary()
    facts = {k: v for k, v in facts_of(summary).items() if k != "ended"}
    print_result(summary, {**facts, "written to": output}, json)
    return exit_code(summary["status"])


@contextmanager
def _unpaid(output: Path) -> Iterator[None]:
    """Leave nothing behind where the budget was refused before anything was begun."""
    from suite.core.store import RUN_FILE

    try:
        yield
    except BudgetExhausted:
        if not (output / RUN_FILE).exists():
            (output / COMMAND_FILE).unlink(missing_ok=True)
            with suppress(OSError):  # something else is in the folder
                output.rmdir()
        raise


@contextmanager
def _told() -> Iterator[None]:
    """Show on standard error what the jobs of a run have to say: queues, lost connections."""

    class Said(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(record.getMessage())

    log, handler = logging.getLogger("suite.quantum"), Said()
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


def sections_of(result: VQEResult) -> list[Section]:
    """The page's sections of a VQE run."""
    from suite.quantum.ansatz.drawing import drawing_of
    from suite.report.quantum import sections

    circuit = getattr(result, "circuit", None)
    drawing = "" if circuit is None else drawing_of(circuit)
    return sections(result.record, result.summary(), drawing)


def progress(attempt: Attempt) -> None:
    """A line for each attempt."""
    say(line_of(attempt))


def line_of(attempt: Attempt) -> str:
    """An attempt in a line: where it came to, what it turned and gained, what became of it."""
    notes, cost = attempt.trial.notes, attempt.trial.cost
    parts = [f"{attempt.number:4d}"]
    if attempt.phase:
        parts.append(f"{attempt.phase:12s}")
    if notes.get("energy") is not None:
        error = notes.get("standard_error")
        digits = 6 if error else 10
        parts.append(f"E={notes['energy']:.{digits}f}" + (f"±{error:.1e}" if error else ""))
    angle = notes.get("angle", notes.get("metric_angle"))
    if attempt.number > 0 and angle is not None:
        parts.append(f"angle={angle:.2e}")
    parts += [f"gain={text}" for text in _gain(attempt)]
    if attempt.step.damping:
        parts.append(f"damping={attempt.step.damping:.1e}")
    if "metric_rank" in notes:
        parts.append(f"rank={notes['metric_rank']}")
    if "shots" in notes or "shots" in cost:
        parts.append(f"shots={notes.get('shots', cost.get('shots')):,}")
    if attempt.number > 0:
        parts.append(judged(attempt))
    return " ".join(parts)


def _gain(attempt: Attempt) -> list[str]:
    """What was gained of what was predicted."""
    gained = attempt.trial.notes.get("gained")
    predicted = attempt.trial.notes.get("predicted_gain")
    if gained is None:
        return []
    return [f"{gained:.1e}" + (f"/{predicted:.1e}" if predicted is not None else "")]


def plan(problem: Path, /, *, way: Way = DEFAULT, json: Flag = False) -> int:
    """What a run would submit at most: circuits, shots, jobs, seconds; nothing is submitted.

    Parameters
    ----------
    problem
        TOML file as `suite quantum vqe` takes it. Options win over it.
    json
        Print the plan as JSON.
    """
    from suite.quantum.planning import plan_of

    with as_asked(problem, given(way)) as path:
        found = plan_of(path)
    if json:
        print(json_text.dumps(found.summary(), indent=1))
    else:
        print_table(f"quantum plan: {problem.name}, at most", dict(found.lines()))
    found.check()
    return 0


def scan(
    problem: Path,
    /,
    *,
    distance: str | None = None,
    atoms: str = "1-2",
    # Its values may begin with a minus.
    coupling: Annotated[tuple[str, str] | None, Parameter(allow_leading_hyphen=True)] = None,
    output: Output = None,
    way: Way = DEFAULT,
    jobs: int = 1,
    cluster: str | None = None,
    json: Flag = False,
) -> int:
    """Ground-state energies along a bond length or a coupling, drawn as a curve.

    Parameters
    ----------
    problem
        TOML file as `suite quantum vqe` takes it. Options win over it; budgets are of each point.
    distance
        Bond lengths in angstrom: first:last:count, such as 0.5:2.5:11, or a list with commas.
    atoms
        The two atoms of the bond, numbered from 1. The second moves, and what is beyond the
        middle of the bond with it.
    coupling
        A coupling of a [spin_model] and its values: J 0.1:2:10. J, h and delta stand for
        coupling, field and anisotropy.
    output
        Folder for curve.csv, curve.png, report.html, summary.json, a copy of the problem, and a
        folder for each point. Default: the problem's name with _scan, such as h2_scan.
    jobs
        Points at once, in so many processes.
    cluster
        Run on Dask: local:4, or the address of a scheduler.
    json
        Print summary.json instead of a table.
    """
    from suite.quantum.scan import scan as trace

    if jobs < 1:
        raise InputError(f"--jobs must be at least 1. Got {jobs}.")
    output = output or Path(f"{problem.stem}_scan")
    options = given(way)
    spread = cluster or (f"local:{jobs}" if jobs > 1 else None)
    asked = {"distance": distance, "atoms": atoms, **options}
    words = ["quantum", "scan", str(problem.absolute()), *spoken(asked)]
    words += ["--coupling", *coupling] if coupling else []
    words += [f"--jobs={jobs}"] if jobs > 1 else []
    words += [f"--cluster={cluster}"] if cluster else []
    check_copy(problem, output)
    with resumable(output, words), kept_problem(problem, output):
        curve = trace(
            problem,
            output,
            distance=distance,
            coupling=coupling,
            atoms=atoms,
            options=options,
            cluster=spread,
            observe=(_point_told,),
        )
    curve.save(output)
    _draw(curve, output, problem)
    summary = curve.summary()
    told = {f"{row['value']:g}": _point_line(row) for row in curve.rows}
    print_result(summary, {**told, "written to": output}, json)
    return 0 if curve.finished else 4


def _point_told(row: Mapping[str, Any]) -> None:
    say(f"{row['value']:g}: {_point_line(row)}")


def _point_line(row: Mapping[str, Any]) -> str:
    if row.get("energy") is None:
        return f"{row['status'].replace('_', ' ')}: {row['sentence']}"
    error = row.get("standard_error")
    energy = f"{row['energy']:.6f} ± {error:.1e}" if error else f"{row['energy']:.8f}"
    exact = row.get("exact_energy")
    gap = "" if exact is None else f" (exact {exact:.8f})"
    return f"{energy}{gap}, {row['evaluations']} evaluations, {row['status'].replace('_', ' ')}"


def _draw(curve: Curve, output: Path, problem: Path) -> None:
    """The page and the figure, or what is missing for them."""
    from suite.report.scan import curve_figure, curve_sections

    summary = curve.summary()
    page_of(
        output / "report.html",
        f"Scan of {problem.name}",
        lambda: curve_sections(curve.rows, summary),
    )
    try:
        curve_figure(curve.rows, summary, output / "curve.png")
    except SuiteError as error:
        say(f"No curve.png: {error}")
