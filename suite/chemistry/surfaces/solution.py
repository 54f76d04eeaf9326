"""A calculation brought to its end: SCF from a start, then what is built on its orbitals."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from suite.chemistry.surfaces.protocol import Vector
from suite.chemistry.surfaces.recipes import Recipe
from suite.chemistry.surfaces.rescue import converge, orbitals_of, transported
from suite.errors import AttemptFailed

__all__ = ["Solution", "gradient_of", "solve"]

RESTARTS = 3
"""How often CASSCF goes on from where it stopped: a restart forgets a misled extrapolation."""


class Solution(NamedTuple):
    """A converged calculation: the PySCF object, its mean field, energy, next guess and notes."""

    calculation: Any
    mean_field: Any
    energy: float
    guess: Any
    notes: dict[str, float]


def solve(recipe: Recipe, guess: Any, *, triples: bool = False) -> Solution:
    """Run a recipe from `guess`; raises `AttemptFailed` where it does not converge.

    `triples` adds the (T) energy to a coupled-cluster calculation.
    """
    mean_field = recipe.mean_field
    if guess is not None and "active" in guess:
        return _active(_on_orbitals(recipe, guess), guess, 0)
    cycles = converge(mean_field, guess)
    notes = {"scf_cycles": float(cycles), **_spin(mean_field)}
    if recipe.finish is None:
        energy = float(mean_field.e_tot)
        return Solution(mean_field, mean_field, energy, orbitals_of(mean_field), notes)
    calculation = recipe.finish(mean_field)
    if hasattr(calculation, "ncas"):
        return _active(calculation, {"active": mean_field.mo_coeff}, cycles)
    energy = _correlate(calculation)
    if triples:
        energy += float(calculation.ccsd_t())
    return Solution(calculation, mean_field, energy, orbitals_of(mean_field), notes)


def _on_orbitals(recipe: Recipe, guess: Any) -> Any:
    """CASSCF without an SCF under it, which may have no solution where bonds are stretched."""
    mean_field = recipe.mean_field
    mean_field.mo_coeff = transported(guess["active"], mean_field.get_ovlp())
    return recipe.finish(mean_field)  # type: ignore[misc]


def _spin(mean_field: Any) -> dict[str, float]:
    from pyscf import scf

    if isinstance(mean_field, scf.uhf.UHF):
        return {"spin_square": float(mean_field.spin_square()[0])}
    half = 0.5 * mean_field.mol.spin
    return {"spin_square": half * (half + 1.0)}


def _correlate(calculation: Any) -> float:
    calculation.kernel()
    # MP2 on canonical orbitals is no iteration and has no flag that could be false.
    if not np.all(getattr(calculation, "converged", True)):
        name = type(calculation).__name__
        raise AttemptFailed(f"{name} did not converge in {calculation.max_cycle} cycles.")
    return float(calculation.e_tot)


def _active(calculation: Any, guess: Any, cycles: int) -> Solution:
    start = transported(guess["active"], calculation._scf.get_ovlp())
    for _ in range(RESTARTS):
        calculation.kernel(start)
        if calculation.converged:
            break
        start = calculation.mo_coeff
    else:
        raise AttemptFailed(
            f"CASSCF did not converge in {RESTARTS} times {calculation.max_cycle_macro} cycles."
        )
    electrons = calculation.nelecas
    square = calculation.fcisolver.spin_square(calculation.ci, calculation.ncas, electrons)[0]
    found = {"active": np.array(calculation.mo_coeff, order="C")}
    notes = {"scf_cycles": float(cycles), "spin_square": float(square)}
    return Solution(calculation, calculation._scf, float(calculation.e_tot), found, notes)


def gradient_of(
    solution: Solution, *, triples: bool = False, grid_response: bool = False
) -> Vector:
    """The gradient [3 atoms] in hartree/bohr.

    `grid_response` adds that the quadrature grid moves with the atoms.
    """
    if triples:
        return _triples_gradient(solution.calculation)
    solver = solution.calculation.nuc_grad_method()
    if grid_response:
        solver.grid_response = True
    solver.verbose = 0
    return np.ravel(np.asarray(solver.kernel(), float))


def _triples_gradient(calculation: Any) -> Vector:
    from pyscf.cc import ccsd_t_lambda
    from pyscf.grad import ccsd_t

    integrals = calculation.ao2mo()
    converged, l1, l2 = ccsd_t_lambda.kernel(
        calculation, integrals, calculation.t1, calculation.t2, max_cycle=200, tol=1e-7, verbose=0
    )
    if not converged:
        raise AttemptFailed("The lambda equations of ccsd(t) did not converge in 200 cycles.")
    solver = ccsd_t.Gradients(calculation)
    solver.verbose = 0
    found = solver.kernel(calculation.t1, calculation.t2, l1, l2, eris=integrals)
    return np.ravel(np.asarray(found, float))
