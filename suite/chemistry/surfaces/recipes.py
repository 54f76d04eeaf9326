"""From a level of theory, or from somebody's own PySCF object, to a fresh PySCF calculation."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from suite.chemistry.surfaces.methods import PAIRS, SOLVENTS, Level

__all__ = ["Recipe", "calculation", "likeness"]

ENERGY, ORBITAL_GRADIENT = 1e-11, 1e-6
"""Convergence of an SCF (hartree): the gradient's error is of first order in the orbitals'."""


class Recipe(NamedTuple):
    """How to compute one geometry: the mean field to converge, and what is built on it, if any.

    What is built on it comes only after it: PySCF runs the SCF of a correlated method's own accord.
    """

    mean_field: Any
    finish: Callable[[Any], Any] | None = None


def calculation(level: Level, molecule: Any) -> Recipe:
    """The PySCF objects that compute a level of theory for a molecule."""
    mean_field = _mean_field(level, molecule)
    if level.mean_field:
        return Recipe(mean_field)
    return Recipe(mean_field, partial(_active_space if level.active else _correlated, level))


def likeness(template: Any, molecule: Any) -> Recipe:
    """A fresh calculation for a molecule with the settings of somebody's own PySCF object."""
    if not hasattr(template, "_scf"):
        return Recipe(_tightened(_copied(template, molecule)))
    mean_field = _tightened(_copied(template._scf, molecule))
    return Recipe(mean_field, partial(_finished_alike, template))


def _finished_alike(template: Any, mean_field: Any) -> Any:
    made = template.copy()
    made._scf = mean_field.copy()
    made.reset(mean_field.mol)
    made._scf = mean_field
    made.verbose = 0
    made.mo_coeff = mean_field.mo_coeff
    if hasattr(made, "ncas"):
        made.chkfile = made.ci = None
    else:
        made.mo_occ = mean_field.mo_occ
    return made


def _copied(mean_field: Any, molecule: Any) -> Any:
    """A mean field that shares nothing with its template that a calculation changes."""
    made = mean_field.copy()
    for part in ("with_df", "with_solvent", "grids", "nlcgrids"):
        if getattr(made, part, None) is not None:
            setattr(made, part, copy.copy(getattr(made, part)))
    made.scf_summary = {}
    return made.reset(molecule)


def _tightened(mean_field: Any) -> Any:
    mean_field.conv_tol = min(mean_field.conv_tol, ENERGY)
    mean_field.conv_tol_grad = min(mean_field.conv_tol_grad or ORBITAL_GRADIENT, ORBITAL_GRADIENT)
    # A temporary file a calculation would be open files by the thousand.
    mean_field.chkfile = None
    mean_field.verbose = 0
    return mean_field


def _mean_field(level: Level, molecule: Any) -> Any:
    mean_field = _kind(level, molecule)(molecule)
    functional = level.functional
    if level.theory == "dft" and functional is not None:
        mean_field.xc, mean_field.nlc = functional.xc, functional.nlc
        mean_field.grids.level = level.grid
    if functional is not None:
        mean_field.disp = False if functional.disp in (None, PAIRS) else functional.disp
    if level.density_fit and level.theory != "casscf":
        mean_field = mean_field.density_fit()
    return _tightened(_in_solvent(level, mean_field))


def _kind(level: Level, molecule: Any) -> Any:
    from pyscf import dft, scf

    reference = level.reference or ("unrestricted" if molecule.spin else "restricted")
    if level.theory == "casscf":
        reference = level.reference or "restricted"
    if reference == "restricted" and molecule.spin:
        reference = "restricted open"
    kinds = {
        "restricted": (scf.RHF, dft.RKS),
        "unrestricted": (scf.UHF, dft.UKS),
        "restricted open": (scf.ROHF, dft.ROKS),
    }
    return kinds[reference][level.theory == "dft"]


def _in_solvent(level: Level, mean_field: Any) -> Any:
    if not level.solvent:
        return mean_field
    # Solvent goes over density fitting, not under it: else PySCF leaves it out of the gradient.
    if level.solvent == "smd":
        mean_field = mean_field.SMD()
        mean_field.with_solvent.solvent = level.dielectric
        return mean_field
    if level.solvent == "ddcosmo":
        mean_field = mean_field.ddCOSMO()
    else:
        mean_field = mean_field.PCM()
        mean_field.with_solvent.method = SOLVENTS[level.solvent]
    mean_field.with_solvent.eps = _constant(level.dielectric)
    return mean_field


def _constant(dielectric: str | float) -> float:
    from pyscf.solvent.smd import solvent_db

    return float(solvent_db[dielectric][5] if isinstance(dielectric, str) else dielectric)


def _active_space(level: Level, mean_field: Any) -> Any:
    from pyscf import mcscf

    electrons, orbitals = level.active or (2, 2)
    make = mcscf.DFCASSCF if level.density_fit else mcscf.CASSCF
    found = make(mean_field, orbitals, electrons)
    found.conv_tol, found.conv_tol_grad, found.max_cycle_macro = 1e-10, 1e-6, 100
    found.fcisolver.conv_tol = 1e-12
    found.chkfile, found.verbose = None, 0
    return found


def _correlated(level: Level, mean_field: Any) -> Any:
    from pyscf import cc, ci, mp

    found = {"mp2": mp.MP2, "cisd": ci.CISD}.get(level.theory, cc.CCSD)(mean_field)
    if level.theory != "mp2":
        found.conv_tol, found.max_cycle = 1e-10, 200
    if level.theory.startswith("ccsd"):
        found.conv_tol_normt = 1e-7
    found.verbose = 0
    return found
