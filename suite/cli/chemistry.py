"""`suite chemistry`: reaction paths."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from suite.cli.output import check_output, exit_code, judged, page_of, print_result, resumable, say

if TYPE_CHECKING:
    from suite.chemistry import ReactionPath
    from suite.core import Attempt
    from suite.report.page import Section

__all__ = ["irc", "progress", "sections_of"]


def irc(
    saddle: Path,
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    method: str = "hf",
    basis: str = "def2-svp",
    charge: int | None = None,
    spin: int | None = None,
    accuracy: float = 0.01,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """The reaction path from a transition state, both sides, on PySCF gradients.

    Parameters
    ----------
    saddle
        XYZ file of the transition state, in angstrom; charge= and spin= in its comment line are
        read.
    output
        Folder for path.xyz, path.csv, summary.json, attempts.csv, report.html and the run file.
        Default: a folder named after the input.
    method
        hf, or the name of a density functional.
    basis
        Basis set, by PySCF's name for it.
    charge
        Charge in e.
    spin
        Number of unpaired electrons (2S).
    accuracy
        Largest allowed distance from the true path, amu^1/2 bohr.
    json
        Print summary.json instead of a table.
    """
    from suite.chemistry import trace

    output = output or Path(f"{saddle.stem}_irc")
    check_output(saddle, output, ("path.xyz",))
    words = ["chemistry", "irc", str(saddle.absolute())]
    options = {
        "method": method,
        "basis": basis,
        "charge": charge,
        "spin": spin,
        "accuracy": accuracy,
    }
    words += [f"--{name}={value}" for name, value in options.items() if value is not None]
    with resumable(output, words):
        path = trace(
            saddle,
            method=method,
            basis=basis,
            charge=charge,
            spin=spin,
            accuracy=accuracy,
            store=output,
            observe=(progress,),
        )
    path.save(output)
    page_of(output / "report.html", f"Reaction path of {saddle.name}", lambda: sections_of(path))
    summary = path.summary()
    facts = {
        "barrier from the reverse end": f"{summary['barrier_reverse_kcal_mol']:.2f} kcal/mol",
        "barrier from the forward end": f"{summary['barrier_forward_kcal_mol']:.2f} kcal/mol",
        "imaginary mode": f"{-summary['imaginary_frequency_cm1']:.0f}i cm⁻¹",
        "frames": summary["frames"],
        "written to": output,
    }
    print_result(summary, facts, json)
    return exit_code(summary["status"])


def sections_of(path: ReactionPath) -> list[Section]:
    """The page's sections of a reaction path."""
    from suite.report.chemistry import sections

    return sections(path.columns(), path.record, path.summary())


def progress(side: str, attempt: Attempt) -> None:
    """A line for each attempt: gradients are dear, and so is not knowing."""
    if attempt.number == 0:
        return
    notes = attempt.trial.notes
    where = f"s={notes['s']:.3f} E={notes['energy']:.8f} " if notes else ""
    say(f"{side:8s}{attempt.number:4d} {where}step={attempt.step.size:.3f} {judged(attempt)}")
