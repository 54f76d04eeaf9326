"""How exact the gradients of a level of theory are: orbitals, grids, spheres of solvents."""

from __future__ import annotations

from suite.chemistry.surfaces.methods import GRID, META_GRID, Level, grid_level

__all__ = ["NOISE", "moving_grid", "noise_of"]

NOISE = {"tight": 1e-6, "grid": 2e-6, "coarse": 1e-5, "rough": 3e-5, "scan": 3e-4}
"""Largest error of a gradient component (hartree/bohr): converged orbitals; a quadrature grid; one
of a meta-functional or on the sphere of a solvent; a grid too coarse for its functional;
SCAN and its kin on any grid."""


def noise_of(level: Level) -> float:
    """The largest error of a gradient component at a level of theory, hartree/bohr."""
    if level.solvent == "ddcosmo":
        return NOISE["coarse"]
    if level.functional is None or level.theory != "dft":
        return NOISE["tight"]
    wanted, name = grid_level(level.functional), level.functional.xc
    if "scan" in name:
        return NOISE["scan"]
    # The ωB97 of before 2014 oscillate in the density: no affordable grid makes them smooth.
    oscillates = "wb97" in name and not name.endswith(("_v", "-v"))
    if level.grid < wanted or oscillates:
        return NOISE["rough"]
    return NOISE["grid" if wanted == GRID else "coarse"]


def moving_grid(level: Level) -> bool:
    """Whether gradients must hold the motion of the quadrature grid with the atoms.

    Without it those of some meta-functionals (SCAN) are off by up to 1e-2 hartree/bohr.
    """
    meta = level.functional is not None and grid_level(level.functional) == META_GRID
    return level.theory == "dft" and meta and not _non_local(level)


def _non_local(level: Level) -> bool:
    from pyscf.dft import libxc

    functional = level.functional
    return functional is not None and functional.nlc is not False and libxc.is_nlc(functional.xc)
