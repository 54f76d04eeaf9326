"""Results for other programs: orbitals as a Molden file, a point of a surface as QCSchema."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite import __version__
from suite.chemistry.surfaces import Measured, PySCFSurface, Surface
from suite.core.files import write_whole
from suite.errors import InputError

__all__ = ["molden_text", "qcschema", "write_molden"]

Vector = NDArray[np.float64]


def write_molden(surface: Surface, x: Vector, guess: Any, path: str | Path) -> Path:
    """Write the orbitals of a PySCF surface at x [3 atoms] (bohr) as a Molden file.

    They are converged once more from `guess`. CASSCF writes its natural-order orbitals without
    energies. Raises `InputError` for a surface without orbitals, `AttemptFailed` where the SCF does
    not converge, `StoreError` where the file cannot be written.
    """
    if not isinstance(surface, PySCFSurface):
        raise InputError("Only a surface by PySCF has orbitals to write as a Molden file.")
    from pyscf.tools import molden

    found = surface.solve(np.asarray(x, float), guess)
    if hasattr(found.calculation, "ncas"):
        molecule, orbitals = found.calculation.mol, found.calculation.mo_coeff
        return write_whole(path, lambda part: molden.from_mo(molecule, str(part), orbitals))
    return write_whole(path, lambda part: molden.dump_scf(found.mean_field, str(part)))


def molden_text(surface: Surface, x: Vector, guess: Any) -> str:
    """The Molden file of `write_molden` as text."""
    with tempfile.TemporaryDirectory() as folder:
        return write_molden(surface, x, guess, Path(folder) / "orbitals").read_text("utf-8")


def qcschema(surface: Surface, measured: Measured, x: Vector) -> dict[str, Any]:
    """One measured point as a QCSchema result (AtomicResult, version 1), ready for JSON.

    `x` [3 atoms] in bohr. Raises `InputError` for a model surface, which is no molecule, and for
    values that are not finite, which JSON cannot hold.
    """
    about = surface.about()
    x = np.asarray(x, float)
    if x.size != 3 * len(surface.symbols):
        raise InputError(
            f"QCSchema describes molecules: 3 coordinates an atom. Got {x.size} coordinates of "
            f"{len(surface.symbols)} atoms."
        )
    values = np.concatenate([[measured.energy], np.ravel(measured.gradient), x])
    if not np.all(np.isfinite(values)):
        raise InputError("QCSchema holds finite numbers only. Got NaN or infinity.")
    gradient = np.asarray(measured.gradient, float).tolist()
    spin = int(about.get("spin", 0))
    return {
        "schema_name": "qcschema_output",
        "schema_version": 1,
        "molecule": {
            "schema_name": "qcschema_molecule",
            "schema_version": 2,
            "symbols": list(surface.symbols),
            "geometry": x.tolist(),
            "masses": np.asarray(surface.masses, float).tolist(),
            "molecular_charge": float(about.get("charge", 0)),
            "molecular_multiplicity": spin + 1,
            "fix_com": True,
            "fix_orientation": True,
        },
        "driver": "gradient",
        "model": {"method": str(about["method"]), "basis": about.get("basis")},
        "keywords": _keywords(about),
        "properties": {
            "calcinfo_natom": len(surface.symbols),
            "return_energy": float(measured.energy),
            "return_gradient": gradient,
        },
        "return_result": gradient,
        "extras": {"notes": {key: float(value) for key, value in measured.notes.items()}},
        "provenance": {
            "creator": "suite",
            "version": __version__,
            "routine": "suite.chemistry.export.qcschema",
        },
        "success": True,
    }


def _keywords(about: Mapping[str, Any]) -> dict[str, Any]:
    told = {"method", "basis", "charge", "spin", "masses_amu"}
    return {key: value for key, value in about.items() if key not in told}
