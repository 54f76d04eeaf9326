"""The options that the commands of chemistry share: how a surface is calculated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from suite.cli.whole import whole

__all__ = ["DEFAULT", "Flag", "Level"]

Flag = Annotated[bool, Parameter(negative="")]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Level:
    """What is calculated, from which file, and how; each field is an option of the command line."""

    method: Annotated[
        str,
        Parameter(
            help="hf, mp2, ccsd, casscf(n,m), or the name of a density functional (wb97x-d, "
            "b3lyp-d3bj, ...)."
        ),
    ] = "hf"
    basis: Annotated[str, Parameter(help="Basis set, by PySCF's name for it.")] = "def2-svp"
    charge: Annotated[int | None, Parameter(converter=whole, help="Charge in e.")] = None
    spin: Annotated[
        int | None, Parameter(converter=whole, help="Number of unpaired electrons (2S).")
    ] = None
    units: Annotated[
        str | None,
        Parameter(
            help="angstrom or bohr. Default: angstrom, and a file that looks like bohr is refused."
        ),
    ] = None
    mode: Annotated[
        int | None,
        Parameter(
            converter=whole,
            help="Which mode of the guess to follow uphill, from 1. Default: the lowest.",
        ),
    ] = None
    solvent: Annotated[
        str | None,
        Parameter(
            help="cpcm, iefpcm, cosmo, ddcosmo or smd, and after a colon the solvent: smd:ethanol."
        ),
    ] = None
    dispersion: Annotated[
        str | None, Parameter(help="d3bj, d3zero, d4 and their like, for a functional.")
    ] = None
    density_fit: Annotated[bool, Parameter(negative="", help="Fit densities.")] = False
    grid: Annotated[
        int | None, Parameter(converter=whole, help="Level of PySCF's integration grid.")
    ] = None
    masses: Annotated[
        str,
        Parameter(help="average (of the natural isotopes) or common (the most abundant isotope)."),
    ] = "average"


DEFAULT = Level()
