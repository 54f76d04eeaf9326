"""`suite chemistry`: saddles and reaction paths."""

from __future__ import annotations

import json as json_text
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from suite.cli.batch import batch, is_batch, output_of
from suite.cli.levels import DEFAULT, Flag, Level
from suite.cli.output import (
    exit_code,
    print_result,
    say,
)
from suite.cli.reactions import refined, stopped, traced
from suite.errors import InputError

__all__ = ["irc", "plot", "ts"]

Output = Annotated[Path | None, Parameter(name=["--output", "-o"])]


def irc(
    saddle: Path,
    /,
    *more: Path,
    output: Output = None,
    level: Level = DEFAULT,
    accuracy: float = 0.01,
    no_ends: Flag = False,
    temperature: float = 298.15,
    pressure: float = 101325.0,
    coordinates: str | None = None,
    projected: int = 0,
    molden: Flag = False,
    qcschema: Flag = False,
    jobs: int = 1,
    cluster: str | None = None,
    json: Flag = False,
) -> int:
    """The reaction path from a transition state, both sides, on PySCF gradients.

    Parameters
    ----------
    saddle
        XYZ file of the transition state or of a guess of it, in angstrom; charge= and spin= in its
        comment line are read. A folder of such files, or a text file with one path a line (.txt, or
        @ before its name), runs as a batch.
    more
        Further files, folders or lists: a batch.
    output
        Folder for path.xyz, path.csv, both ends, summary.json, attempts.csv, report.html and the
        run file. Default: a folder named after the input.
    accuracy
        Largest allowed distance from the true path, amu^1/2 bohr.
    no_ends
        Leave the ends where the path arrives: no optimisation, no Hessians, no thermochemistry.
    temperature
        Temperature of the thermochemistry, K.
    pressure
        Pressure of the thermochemistry, Pa.
    coordinates
        Internal coordinates to tell along the path, atoms numbered from 1: 1-2 is a bond length
        (angstrom), 1-2-3 an angle and 1-2-3-4 a dihedral (degrees); 1-2,1-2-3 are two of them.
        Default: those that change most.
    projected
        Frequencies across the path at so many frames, each for a Hessian, in projected.csv.
    molden
        Orbitals of the saddle and both ends as Molden files.
    qcschema
        Saddle and both ends as QCSchema JSON; a gradient for each end.
    jobs
        2 traces both sides at once; of a batch, so many reactions.
    cluster
        Run a batch on Dask: local:4, or the address of a scheduler.
    json
        Print summary.json instead of a table.
    """
    from suite.chemistry.journal import Unfinished
    from suite.chemistry.tracing import check_conditions

    # Of a batch every reaction would fail by the same sentence.
    check_conditions((temperature, pressure))
    options = {
        **asdict(level),
        "accuracy": accuracy,
        "no_ends": no_ends,
        "temperature": temperature,
        "pressure": pressure,
        "coordinates": coordinates,
        "projected": projected,
        "molden": molden,
        "qcschema": qcschema,
    }
    inputs = (saddle, *more)
    if is_batch(inputs):
        spread = cluster or (f"local:{jobs}" if jobs > 1 else None)
        return batch("irc", inputs, output or output_of(inputs, "irc"), options, spread, json)
    _check_alone(saddle, cluster)
    output = output or Path(f"{saddle.stem}_irc")
    try:
        path = traced(saddle, output, options, jobs)
    except Unfinished as error:
        return _told_short(stopped("irc", output, error), output, json)
    summary = path.summary()
    print_result(summary, _facts(summary, output), json)
    return exit_code(summary["status"])


def _told_short(summary: Mapping[str, Any], output: Path, json: bool) -> int:
    print_result(summary, {"written to": output}, json)
    return exit_code(summary["status"])


def _check_alone(source: Path, cluster: str | None) -> None:
    if cluster is not None:
        raise InputError(f"--cluster spreads a batch of several files. Got the file {source}.")


def _facts(summary: Mapping[str, Any], output: Path) -> dict[str, Any]:
    paid = summary["gradients_by_task"]
    return {
        "barrier from the reverse end": f"{summary['barrier_reverse_kcal_mol']:.2f} kcal/mol",
        "barrier from the forward end": f"{summary['barrier_forward_kcal_mol']:.2f} kcal/mol",
        "imaginary mode": f"{-summary['imaginary_frequency_cm1']:.0f}i cm⁻¹",
        "what happens": summary["connectivity"] or "no bond forms or breaks",
        **{f"{side} end": end["sentence"] for side, end in summary["ends"].items()},
        "gradients": ", ".join(f"{count} for the {task}" for task, count in paid.items()),
        "frames": summary["frames"],
        "written to": output,
    }


def ts(
    guess: Path,
    /,
    *more: Path,
    output: Output = None,
    level: Level = DEFAULT,
    jobs: int = 1,
    cluster: str | None = None,
    json: Flag = False,
) -> int:
    """Refine a guess of a transition state and prove that it is one.

    Parameters
    ----------
    guess
        XYZ file of the guess, in angstrom; charge= and spin= in its comment line are read. A folder
        of such files, or a text file with one path a line (.txt, or @ before its name), runs as a
        batch.
    more
        Further files, folders or lists: a batch.
    output
        Folder for ts.xyz, summary.json, attempts.csv, report.html and the run file. Default: a
        folder named after the input.
    jobs
        Of a batch, so many guesses at once.
    cluster
        Run a batch on Dask: local:4, or the address of a scheduler.
    json
        Print summary.json instead of a table.
    """
    from suite.chemistry.journal import Unfinished

    options = asdict(level)
    inputs = (guess, *more)
    if is_batch(inputs):
        spread = cluster or (f"local:{jobs}" if jobs > 1 else None)
        return batch("ts", inputs, output or output_of(inputs, "ts"), options, spread, json)
    _check_alone(guess, cluster)
    output = output or Path(f"{guess.stem}_ts")
    try:
        summary = refined(guess, output, options).summary()
    except Unfinished as error:
        return _told_short(stopped("ts", output, error), output, json)
    facts = {
        "energy": f"{summary['energy']:.8f} hartree",
        "imaginary mode": f"{-summary['imaginary_frequency_cm1']:.0f}i cm⁻¹",
        "largest gradient": f"{summary['max_gradient']:.1e} hartree/bohr",
        "written to": output,
    }
    print_result(summary, facts, json)
    return 0


def plot(run: Path, /, *, output: Annotated[Path, Parameter(name=["--output", "-o"])]) -> int:
    """The energy profile of a reaction path as a figure for a paper.

    Parameters
    ----------
    run
        The folder of a reaction path.
    output
        The figure's file: .pdf, .svg or .png.
    """
    from suite.report.figures import reaction_profile

    columns, summary = _read(run)
    reaction_profile(columns, summary, output)
    say(f"written to {output}")
    return 0


def _read(run: Path) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """The columns of path.csv and the summary of a finished run."""
    import csv

    try:
        with open(run / "path.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        summary = json_text.loads((run / "summary.json").read_text(encoding="utf-8"))
        columns = {
            name: [row[name] if name == "side" else float(row[name]) for row in rows]
            for name in (rows[0] if rows else ())
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{run} is no folder of a finished reaction path: {error}") from error
    return columns, summary
