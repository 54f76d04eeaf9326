"""`suite quantum`: ground states."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from suite.cli.output import exit_code, judged, page_of, print_result, resumable, say

if TYPE_CHECKING:
    from suite.core import Attempt
    from suite.quantum import VQEResult
    from suite.report.page import Section

__all__ = ["progress", "sections_of", "vqe"]


def vqe(
    problem: Path,
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """The ground-state energy of a problem file, by natural gradient with the exact metric.

    Parameters
    ----------
    problem
        TOML file with [molecule] or [pauli], [ansatz], [stop] and [start].
    output
        Folder for summary.json, attempts.csv, report.html and the run file.
        Default: a folder named after the input.
    json
        Print summary.json instead of a table.
    """
    from suite.quantum import vqe as solve

    output = output or Path(f"{problem.stem}_vqe")
    words = ["quantum", "vqe", str(problem.absolute())]
    with resumable(output, words):
        result = solve(problem, store=output, observe=(progress,))
    result.save(output)
    page_of(output / "report.html", f"VQE of {problem.name}", lambda: sections_of(result))
    summary = result.summary()
    facts = {
        "energy": f"{result.energy:.10f} ± {result.standard_error:.1e}",
        "exact energy": "not known"
        if result.exact_energy is None
        else f"{result.exact_energy:.10f}",
        **_gap(result),
        "evaluations": result.evaluations,
        "written to": output,
    }
    print_result(summary, facts, json)
    return exit_code(summary["status"])


def _gap(result: VQEResult) -> dict[str, str]:
    """How far above the exact energy the run ended, where that is known."""
    if result.exact_energy is None:
        return {}
    return {"above it by": f"{result.energy - result.exact_energy:.1e}"}


def sections_of(result: VQEResult) -> list[Section]:
    """The page's sections of a VQE run."""
    from suite.report.quantum import sections

    return sections(result.record, result.summary())


def progress(attempt: Attempt) -> None:
    """A line for each attempt."""
    notes = attempt.trial.notes
    energy = f"E={notes['energy']:.10f} " if notes else ""
    say(f"{attempt.number:4d} {energy}angle={attempt.step.size:.2e} {judged(attempt)}")
