"""SCF from a start to convergence, by stronger means where the usual ones fail; and its start."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.errors import AttemptFailed

__all__ = ["converge", "density_from", "orbitals_of", "transported"]

CYCLES = 50
"""Iterations of the first solver."""
LEVEL_SHIFT = 0.3
"""Hartree by which the last resort keeps occupied and virtual orbitals apart."""


def converge(mean_field: Any, guess: Any) -> int:
    """Converge a PySCF mean field in place and answer how many cycles that took.

    First DIIS, then the second-order solver from where it stopped, then a level shift with damping.
    Raises `AttemptFailed` where none of them arrives.
    """
    start = None if guess is None else density_from(mean_field, guess)
    mean_field.max_cycle = CYCLES
    mean_field.kernel(dm0=start)
    cycles = int(mean_field.cycles)
    for rescue in (_second_order, _level_shifted):
        if mean_field.converged:
            return cycles
        cycles += rescue(mean_field, start)
    if mean_field.converged:
        return cycles
    raise AttemptFailed(
        f"The SCF did not converge in {cycles} cycles, with DIIS, the second-order solver and a "
        "level shift."
    )


def _second_order(mean_field: Any, start: Any) -> int:
    solver = mean_field.newton()
    solver.max_cycle, solver.verbose = CYCLES, 0
    seen: list[int] = []
    solver.callback = lambda _: seen.append(1)  # PySCF does not keep the number of cycles
    solver.kernel(mean_field.mo_coeff, mean_field.mo_occ)
    _take(mean_field, solver)
    return len(seen)


def _level_shifted(mean_field: Any, start: Any) -> int:
    shift, damp, cycle = mean_field.level_shift, mean_field.damp, mean_field.max_cycle
    mean_field.level_shift, mean_field.damp, mean_field.max_cycle = LEVEL_SHIFT, 0.3, 4 * CYCLES
    mean_field.kernel(dm0=start)
    mean_field.level_shift, mean_field.damp, mean_field.max_cycle = shift, damp, cycle
    return int(mean_field.cycles)


def _take(mean_field: Any, solver: Any) -> None:
    for name in ("mo_coeff", "mo_occ", "mo_energy", "e_tot", "converged"):
        setattr(mean_field, name, getattr(solver, name))


def orbitals_of(mean_field: Any) -> dict[str, Any]:
    """The occupied orbitals as the start of another SCF: plain arrays, one a spin.

    Only what is occupied is kept, as contiguous arrays: a start read back from disk then has the
    same layout in memory, and linear algebra the same bits.
    """
    coefficients, occupations = mean_field.mo_coeff, mean_field.mo_occ
    if np.ndim(occupations) == 1:
        coefficients, occupations = [coefficients], [occupations]
    pairs = list(zip(coefficients, occupations, strict=True))
    return {
        "orbitals": tuple(np.array(c[:, o > 0], order="C") for c, o in pairs),
        "occupations": tuple(np.array(o[o > 0], float) for _, o in pairs),
    }


def transported(orbitals: Any, overlap: Any) -> Any:
    """Orbitals that moved with their atoms, made orthonormal again by the least change.

    Symmetric orthonormalisation (Löwdin, J. Chem. Phys. 18, 365 (1950)). Of four ways to start the
    next SCF tried on five reactions (the old density as it is, real-space projection, this, and a
    carry-over by square roots of both overlaps) it needed the fewest cycles.
    """
    metric = orbitals.T @ overlap @ orbitals
    values, vectors = np.linalg.eigh(metric)
    return orbitals @ (vectors / np.sqrt(np.maximum(values, 1e-6))) @ vectors.T


def density_from(mean_field: Any, guess: Any) -> Any:
    """The density matrix, one or a pair, that orbitals carried to this geometry make."""
    from pyscf import scf

    overlap = mean_field.get_ovlp()
    orbitals = [transported(c, overlap) for c in guess["orbitals"]]
    occupations = guess["occupations"]
    if isinstance(mean_field, scf.rohf.ROHF) and len(orbitals) == 1:
        orbitals = orbitals * 2
        occupations = [np.minimum(occupations[0], 1.0), np.maximum(occupations[0] - 1.0, 0.0)]
    densities = [(c * o) @ c.T for c, o in zip(orbitals, occupations, strict=True)]
    unrestricted = isinstance(mean_field, scf.uhf.UHF)
    if unrestricted and len(densities) == 1:
        densities = [0.5 * densities[0]] * 2
    return densities[0] if len(densities) == 1 else np.array(densities)
