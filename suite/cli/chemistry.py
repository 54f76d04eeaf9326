"""`suite chemistry`: saddles and reaction paths."""

from __future__ import annotations

import json as json_text
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from suite.cli.output import (
    check_output,
    exit_code,
    judged,
    page_of,
    print_result,
    resumable,
    say,
    spoken,
)
from suite.errors import InputError

if TYPE_CHECKING:
    from suite.chemistry import ReactionPath
    from suite.core import Attempt
    from suite.report.page import Section

__all__ = ["irc", "plot", "progress", "sections_of", "ts"]

Output = Annotated[Path | None, Parameter(name=["--output", "-o"])]
Flag = Annotated[bool, Parameter(negative="")]


def irc(
    saddle: Path,
    /,
    *,
    output: Output = None,
    method: str = "hf",
    basis: str = "def2-svp",
    charge: int | None = None,
    spin: int | None = None,
    accuracy: float = 0.01,
    units: str | None = None,
    mode: int | None = None,
    no_ends: Flag = False,
    temperature: float = 298.15,
    pressure: float = 101325.0,
    solvent: str | None = None,
    dispersion: str | None = None,
    density_fit: Flag = False,
    grid: int | None = None,
    masses: str = "average",
    jobs: int = 1,
    cluster: str | None = None,
    json: Flag = False,
) -> int:
    """The reaction path from a transition state, both sides, on PySCF gradients.

    Parameters
    ----------
    saddle
        XYZ file of the transition state or of a guess of it, in angstrom; charge= and spin= in its
        comment line are read. A folder of such files runs as a batch.
    output
        Folder for path.xyz, path.csv, both ends, summary.json, attempts.csv, report.html and the
        run file. Default: a folder named after the input.
    method
        hf, mp2, ccsd, casscf(n,m), or the name of a density functional (wb97x-d, b3lyp-d3bj, ...).
    basis
        Basis set, by PySCF's name for it.
    charge
        Charge in e.
    spin
        Number of unpaired electrons (2S).
    accuracy
        Largest allowed distance from the true path, amu^1/2 bohr.
    units
        angstrom or bohr. Default: angstrom, and a file that looks like bohr is refused.
    mode
        Which mode of the guess to follow uphill, from 1. Default: the lowest.
    no_ends
        Leave the ends where the path arrives: no optimisation, no Hessians, no thermochemistry.
    temperature
        Temperature of the thermochemistry, K.
    pressure
        Pressure of the thermochemistry, Pa.
    solvent
        cpcm, iefpcm, cosmo, ddcosmo or smd, and after a colon the solvent: smd:ethanol.
    dispersion
        d3bj, d3zero, d4 and their like, for a functional.
    density_fit
        Fit densities.
    grid
        Level of PySCF's integration grid.
    masses
        average (of the natural isotopes) or common (the most abundant isotope).
    jobs
        2 traces both sides at once; of a batch, so many reactions.
    cluster
        Run a batch on Dask: local:4, or the address of a scheduler.
    json
        Print summary.json instead of a table.
    """
    options = {
        "method": method,
        "basis": basis,
        "charge": charge,
        "spin": spin,
        "accuracy": accuracy,
        "units": units,
        "mode": mode,
        "no_ends": no_ends,
        "temperature": temperature,
        "pressure": pressure,
        "solvent": solvent,
        "dispersion": dispersion,
        "density_fit": density_fit,
        "grid": grid,
        "masses": masses,
    }
    if saddle.is_dir():
        from suite.cli.batch import batch

        spread = cluster or (f"local:{jobs}" if jobs > 1 else None)
        return batch(saddle, output or Path(f"{saddle.name}_irc"), options, spread, json)
    if cluster is not None:
        raise InputError(f"--cluster spreads a folder of saddles. Got the file {saddle}.")
    output = output or Path(f"{saddle.stem}_irc")
    path = traced(saddle, output, options, jobs)
    summary = path.summary()
    print_result(summary, _facts(summary, output), json)
    return exit_code(summary["status"])


def traced(saddle: Path, output: Path, options: Mapping[str, Any], jobs: int = 1) -> ReactionPath:
    """One reaction path into its folder, by the options of the command line."""
    from suite.chemistry import trace

    check_output(saddle, output, ("path.xyz", "reverse_end.xyz", "forward_end.xyz"))
    words = ["chemistry", "irc", str(saddle.absolute()), *spoken(options)]
    if jobs > 1:
        words.append(f"--jobs={jobs}")
    known = {k: v for k, v in options.items() if k not in ("no_ends", "temperature", "pressure")}
    with resumable(output, words):
        path = trace(
            saddle,
            **known,
            ends=not options["no_ends"],
            conditions=(options["temperature"], options["pressure"]),
            jobs=jobs,
            store=output,
            observe=(progress,),
        )
    path.save(output)
    page_of(output / "report.html", f"Reaction path of {saddle.name}", lambda: sections_of(path))
    return path


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
    *,
    output: Output = None,
    method: str = "hf",
    basis: str = "def2-svp",
    charge: int | None = None,
    spin: int | None = None,
    units: str | None = None,
    mode: int | None = None,
    solvent: str | None = None,
    dispersion: str | None = None,
    density_fit: Flag = False,
    grid: int | None = None,
    masses: str = "average",
    json: Flag = False,
) -> int:
    """Refine a guess of a transition state and prove that it is one.

    Parameters
    ----------
    guess
        XYZ file of the guess, in angstrom; charge= and spin= in its comment line are read.
    output
        Folder for ts.xyz, summary.json, attempts.csv, report.html and the run file. Default: a
        folder named after the input.
    method
        hf, mp2, ccsd, casscf(n,m), or the name of a density functional.
    basis
        Basis set, by PySCF's name for it.
    charge
        Charge in e.
    spin
        Number of unpaired electrons (2S).
    units
        angstrom or bohr. Default: angstrom, and a file that looks like bohr is refused.
    mode
        Which mode of the guess to follow uphill, from 1. Default: the lowest.
    solvent
        cpcm, iefpcm, cosmo, ddcosmo or smd, and after a colon the solvent: smd:ethanol.
    dispersion
        d3bj, d3zero, d4 and their like, for a functional.
    density_fit
        Fit densities.
    grid
        Level of PySCF's integration grid.
    masses
        average (of the natural isotopes) or common (the most abundant isotope).
    json
        Print summary.json instead of a table.
    """
    from suite.chemistry.transition import find

    options: dict[str, Any] = {
        "method": method,
        "basis": basis,
        "charge": charge,
        "spin": spin,
        "units": units,
        "mode": mode,
        "solvent": solvent,
        "dispersion": dispersion,
        "density_fit": density_fit,
        "grid": grid,
        "masses": masses,
    }
    output = output or Path(f"{guess.stem}_ts")
    check_output(guess, output, ("ts.xyz",))
    words = ["chemistry", "ts", str(guess.absolute()), *spoken(options)]
    with resumable(output, words):
        found = find(guess, **options, store=output, observe=(progress,))
    found.save(output)
    summary = found.summary()

    def sections() -> list[Section]:
        from suite.report.chemistry import saddle_sections

        return saddle_sections(summary, found.swing(), found.record)

    page_of(output / "report.html", f"Transition state of {guess.name}", sections)
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


def sections_of(path: ReactionPath) -> list[Section]:
    """The page's sections of a reaction path."""
    from suite.report.chemistry import sections

    return sections(path.columns(), path.record, path.summary(), path.film(), path.swing())


def progress(track: str, attempt: Attempt) -> None:
    """A line for each attempt: gradients are dear, and so is not knowing."""
    if attempt.number == 0:
        return
    notes = attempt.trial.notes
    where = f"s={notes['s']:.3f} " if "s" in notes else ""
    where += f"E={notes['energy']:.8f} " if "energy" in notes else ""
    say(f"{track:12s}{attempt.number:4d} {where}step={attempt.step.size:.3f} {judged(attempt)}")
