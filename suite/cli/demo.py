"""`suite demo`: the four jobs, into one folder with one page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import suite
from suite.cli import dynamics as dynamics_command
from suite.cli import finance as finance_command
from suite.cli import quantum as quantum_command
from suite.cli import reactions
from suite.cli.output import page_of, print_table, resumable, say
from suite.cli.programs import program_of
from suite.errors import InputError
from suite.report.page import Section

if TYPE_CHECKING:
    from suite.quantum import VQEResult

__all__ = ["demo"]


def demo(*, output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("demo")) -> int:
    """The four jobs: a smile, a reaction path, a ground state, a singularity.

    Parameters
    ----------
    output
        Folder for the results; index.html in it shows them.
    """
    from suite.chemistry import trace
    from suite.finance import solve_file

    examples, began = _examples(), time.monotonic()
    with resumable(output, ["demo"]):
        say("1/5 implied volatility of 2,099 AAPL quotes")
        solved = solve_file(examples / "finance" / "aapl_yahoo_2025-10-06.csv")
        solved.save(output / "finance")
        say("2/5 the reaction path from HCN to HNC, Hartree-Fock in 3-21G")
        path = trace(
            examples / "chemistry" / "hcn.xyz",
            basis="3-21g",
            store=output / "chemistry",
            observe=(reactions.progress,),
        )
        path.save(output / "chemistry")
        say("3/5 the ground state of H2, exactly")
        found = _ground_state(examples / "quantum" / "h2.toml", output / "quantum")
        say("4/5 the same on a simulated device with its noise")
        noisy = _ground_state(examples / "quantum" / "h2_noisy.toml", output / "quantum_noisy")
        say("5/5 the time at which a thermal explosion becomes infinite")
        explosion = dynamics_command.integrated(
            program_of(examples / "dynamics" / "explosion.py"), output / "dynamics"
        )
        explosion.save(output / "dynamics")

    def sections() -> list[Section]:
        groups = {
            "Finance": finance_command.sections_of(solved),
            "Chemistry": reactions.sections_of(path),
            "Quantum": quantum_command.sections_of(found),
            "Quantum with noise": quantum_command.sections_of(noisy),
            "Dynamics": dynamics_command.sections_of(explosion),
        }
        return [
            section._replace(title=f"{name}: {section.title[0].lower()}{section.title[1:]}")
            for name, group in groups.items()
            for section in group
        ]

    page_of(output / "index.html", "suite: four jobs on one adaptive-step core", sections)
    print_table(
        "suite demo",
        {
            "finance": solved.describe(),
            "chemistry": f"barriers {path.barrier('reverse'):.2f} and "
            f"{path.barrier('forward'):.2f} kcal/mol",
            "quantum": f"{found.energy:.8f} hartree after {found.evaluations} evaluations",
            "with noise": f"{noisy.energy:.2f} ± {noisy.standard_error:.2f} hartree",
            "dynamics": f"singular at {explosion.singularity.time:.8f} ± "
            f"{explosion.singularity.error:.1e}",
            "seconds": f"{time.monotonic() - began:.0f}",
            "page": output / "index.html",
        },
    )
    return 0


def _ground_state(problem: Path, folder: Path) -> VQEResult:
    from suite.quantum import vqe

    found = vqe(problem, store=folder, observe=(quantum_command.progress,))
    found.save(folder)
    return found


def _examples() -> Path:
    """The example inputs: beside the package in a checkout, inside it once installed."""
    package = Path(suite.__file__).parent
    for folder in (package / "examples", package.parent / "examples"):
        if (folder / "finance").is_dir():
            return folder
    raise InputError("The example inputs are not installed; install suite from its wheel.")
