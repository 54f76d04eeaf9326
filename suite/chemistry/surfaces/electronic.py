"""Surfaces by PySCF: by the name of a method, or from somebody's own PySCF object."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from suite.chemistry.surfaces.dispersion import PairDispersion, pair_dispersion
from suite.chemistry.surfaces.masses import Masses, masses_of
from suite.chemistry.surfaces.methods import PAIRS, Level, level_of
from suite.chemistry.surfaces.molecules import pyscf_molecule
from suite.chemistry.surfaces.noise import NOISE, moving_grid, noise_of
from suite.chemistry.surfaces.protocol import Measured, Vector
from suite.chemistry.surfaces.recipes import Recipe, calculation, likeness
from suite.chemistry.surfaces.solution import Solution, gradient_of, solve
from suite.errors import AttemptFailed, InputError, missing
from suite.molecule import Molecule

__all__ = ["PySCFSurface", "has_gradients", "is_analytic", "pyscf_surface", "surface_of"]


@dataclass(frozen=True, slots=True, eq=False)
class PySCFSurface:
    """The surface of a PySCF method; made by `pyscf_surface` or `surface_of`.

    `masses` [atoms] in amu, `noise` the largest error of a gradient component in hartree/bohr,
    `has_hessian` whether PySCF has analytic second derivatives, `triples` whether (T) is added,
    `pairs` whether the dispersion of ωB97X-D is, `grid_response` whether gradients hold the motion
    of the quadrature grid with the atoms, `own` whether it was made from somebody's own object.
    """

    symbols: tuple[str, ...]
    masses: Vector
    noise: float
    has_hessian: bool
    details: dict[str, Any]
    triples: bool = False
    pairs: bool = False
    grid_response: bool = False
    _molecule: Any = field(default=None, repr=False)
    _build: Callable[[Any], Any] = field(default=lambda molecule: None, repr=False)
    own: bool = False

    def measure(self, x: Vector, guess: Any = None) -> Measured:
        """Energy and gradient from orbitals that start from `guess`.

        Notes hold `scf_cycles` and `spin_square`. Raises `AttemptFailed` where nothing converges.
        """
        found = self.solve(x, guess)
        if len(self.symbols) == 1:
            # Nothing pulls at an atom, and PySCF's gradients of some methods fail for it.
            return Measured(found.energy, np.zeros(x.size), found.guess, found.notes)
        gradient = gradient_of(found, triples=self.triples, grid_response=self.grid_response)
        extra = self._extra(x)
        return Measured(
            found.energy + extra.energy, gradient + extra.gradient, found.guess, found.notes
        )

    def hessian(self, x: Vector, guess: Any = None) -> Vector:
        """The analytic Hessian [3 atoms, 3 atoms]; raises `InputError` where PySCF has none."""
        if not self.has_hessian:
            raise InputError(
                f"PySCF has no analytic Hessian of {self.details['method']} in this setting: "
                "take differences of gradients."
            )
        solver = self.solve(x, guess).calculation.Hessian()
        solver.verbose = 0
        hessian = np.asarray(solver.kernel(), float).transpose(0, 2, 1, 3).reshape(x.size, x.size)
        return 0.5 * (hessian + hessian.T) + self._extra(x).hessian

    def solve(self, x: Vector, guess: Any = None) -> Solution:
        """The converged PySCF calculation at x, without the dispersion that PySCF does not know."""
        if not np.all(np.isfinite(x)):
            raise AttemptFailed("The geometry holds NaN or infinity.")
        molecule = self._molecule.set_geom_(
            np.array(x, float).reshape(-1, 3), unit="Bohr", inplace=False
        )
        return solve(self._build(molecule), guess, triples=self.triples)

    def about(self) -> dict[str, Any]:
        """Method, basis, charge, spin, masses and every setting that changes energies."""
        return {**self.details, "masses_amu": self.masses.tolist()}

    def _extra(self, x: Vector) -> PairDispersion:
        if self.pairs:
            return pair_dispersion(self.symbols, x)
        return PairDispersion(0.0, np.zeros(x.size), np.zeros((x.size, x.size)))


def pyscf_surface(
    molecule: Molecule,
    method: str = "hf",
    basis: str = "def2-svp",
    *,
    masses: Masses = "average",
    density_fit: bool = False,
    solvent: str | None = None,
    dispersion: str | None = None,
    grid: int | None = None,
) -> PySCFSurface:
    """The surface of a molecule by a PySCF method.

    `method` is hf, mp2, ccsd, ccsd(t), cisd, casscf(electrons,orbitals) or a functional of libxc
    (pbe, b3lyp-d3bj, wb97x-d, ...), in any case; an open shell has unrestricted orbitals, and a
    leading r, u or ro (ub3lyp) asks for others. All electrons are correlated. `solvent` is cpcm,
    iefpcm, cosmo, ddcosmo or smd, after a colon the solvent or its dielectric constant
    ("smd:ethanol"; water by default). `dispersion` is d3bj, d3zero, d4 and their like. `grid` is
    PySCF's level, by default 4, and 5 for meta-functionals. `masses` are as in `masses_of`.
    Raises `InputError` for what PySCF does not have.

    >>> fluoride = Molecule(("H", "F"), np.array([[0, 0, 0], [0, 0, 0.92]]))
    >>> surface = pyscf_surface(fluoride, "hf", "sto-3g")
    >>> f"{surface.measure(fluoride.coordinates.ravel() / 0.529177210903).energy:.4f}"
    '-98.5711'
    """
    level = level_of(
        method, dispersion=dispersion, density_fit=density_fit, solvent=solvent, grid=grid
    )
    built = pyscf_molecule(molecule, basis)
    build = partial(calculation, level)
    method_object = _finished(build(built))
    _check(method_object, level, molecule)
    details = {
        "method": method.lower(),
        "basis": basis,
        "charge": molecule.charge,
        "spin": molecule.spin,
        **_settings(level),
    }
    return PySCFSurface(
        molecule.symbols,
        masses_of(molecule.symbols, masses),
        noise_of(level),
        is_analytic(method_object),
        details,
        level.theory == "ccsd(t)",
        level.functional is not None and level.functional.disp == PAIRS,
        moving_grid(level),
        built,
        build,
    )


def surface_of(method: Any, *, masses: Masses = "average") -> PySCFSurface:
    """The surface of somebody's own PySCF object: a mean field, MP2, CISD, CCSD or CASSCF.

    Its settings are taken as they are, but its SCF is converged to 1e-11 hartree and an orbital
    gradient of 1e-6 at least. The object itself is left alone. Raises `InputError` for an object
    without gradients.

    >>> from pyscf import gto, scf
    >>> molecule = gto.M(atom="H 0 0 0; F 0 0 0.92", basis="sto-3g", verbose=0)
    >>> surface_of(scf.RHF(molecule)).symbols
    ('H', 'F')
    """
    molecule = getattr(method, "mol", None)
    if molecule is None or not hasattr(method, "nuc_grad_method"):
        raise InputError(
            f"A PySCF method with gradients is needed here. Got {type(method).__name__}."
        )
    _check_gradients(method, type(method).__name__)
    bare = molecule.copy()
    bare.verbose, bare.symmetry = 0, False
    symbols = tuple(molecule.atom_pure_symbol(i) for i in range(molecule.natm))
    quadrature = hasattr(getattr(method, "_scf", method), "xc")
    return PySCFSurface(
        symbols,
        masses_of(symbols, masses),
        NOISE["coarse" if quadrature or hasattr(method, "with_solvent") else "tight"],
        is_analytic(method),
        _described(method, molecule),
        _molecule=bare.build(False, False),
        _build=partial(likeness, method),
        own=True,
    )


def has_gradients(recipe: Recipe, name: str) -> Any:
    """The PySCF object that would answer a recipe's energy; `InputError` where it has no slope."""
    method = _finished(recipe)
    _check_gradients(method, name)
    return method


def _finished(recipe: Recipe) -> Any:
    """The PySCF object that would answer the energy, made without a calculation."""
    if recipe.finish is None:
        return recipe.mean_field
    from pyscf import scf

    # PySCF would run the SCF for want of orbitals: any will do to see what there is.
    field = recipe.mean_field
    orbitals, (alpha, beta) = np.eye(field.mol.nao), field.mol.nelec
    occupied = [(np.arange(field.mol.nao) < n).astype(float) for n in (alpha, beta)]
    if isinstance(field, scf.uhf.UHF):
        field.mo_coeff, field.mo_occ = np.array([orbitals] * 2), np.array(occupied)
    else:
        field.mo_coeff, field.mo_occ = orbitals, occupied[0] + occupied[1]
    return recipe.finish(field)


def _check(method: Any, level: Level, molecule: Molecule) -> None:
    _check_gradients(method, level.theory)
    if level.theory == "ccsd(t)" and (molecule.spin or level.reference == "unrestricted"):
        # PySCF 2.14 has one, which misses the slope of its own energy by 1e-4 to 1e-3.
        raise InputError(
            "There is no trustworthy gradient of ccsd(t) for open shells: take ccsd or mp2."
        )
    if level.active:
        _check_active(method, level)
    if level.functional is None or level.functional.disp in (None, PAIRS):
        return
    try:
        import pyscf.dispersion  # noqa: F401  (only whether it is there)
    except ImportError as error:
        raise missing("pyscf-dispersion", "dispersion") from error
    try:
        method.get_dispersion()
    except RuntimeError as error:
        raise InputError(
            f"There is no dispersion {level.functional.disp} fitted to {level.functional.xc}: "
            "choose another pair."
        ) from error


def _check_active(method: Any, level: Level) -> None:
    electrons, orbitals = level.active or (0, 0)
    inactive = method.mol.nelectron - electrons
    if inactive < 0 or inactive % 2 or inactive // 2 + orbitals > method.mol.nao:
        raise InputError(
            f"casscf({electrons},{orbitals}) does not fit {method.mol.nelectron} electrons in "
            f"{method.mol.nao} basis functions: inactive electrons come in pairs."
        )


def _check_gradients(method: Any, name: str) -> None:
    try:
        method.nuc_grad_method()
    except (NotImplementedError, AttributeError, TypeError) as error:
        raise InputError(f"PySCF has no gradients of {name}: choose another method.") from error


def is_analytic(method: Any) -> bool:
    """Whether PySCF has the Hessian: of Hartree-Fock and Kohn-Sham, not of all their settings."""
    from pyscf import scf

    if hasattr(method, "_scf") or isinstance(method, scf.rohf.ROHF):
        return False
    # Of non-local correlation there is one for closed shells, dearer than differences.
    if hasattr(method, "xc") and method.do_nlc():
        return False
    if type(getattr(method, "with_solvent", None)).__name__ in ("DDCOSMO", "ddCOSMO"):
        return False
    try:
        method.Hessian()
    except (NotImplementedError, AttributeError, TypeError):
        return False
    return True


def _settings(level: Level) -> dict[str, Any]:
    """What else changes energies; only what is not the plainest."""
    found: dict[str, Any] = {}
    if level.density_fit:
        found["density_fit"] = True
    if level.solvent:
        found["solvent"] = f"{level.solvent}:{level.dielectric}"
    if level.functional is not None and level.functional.disp:
        own = "Chai and Head-Gordon 2008"
        found["dispersion"] = own if level.functional.disp == PAIRS else level.functional.disp
    if level.theory == "dft":
        found["grid"] = level.grid
    return found


def _described(method: Any, molecule: Any) -> dict[str, Any]:
    """An own object's settings: those with a name, and a fingerprint of its basis."""
    mean_field = getattr(method, "_scf", method)
    basis = json.dumps([molecule._basis, molecule._ecp], default=str, sort_keys=True)
    solvent = getattr(mean_field, "with_solvent", None)
    named = isinstance(molecule.basis, str)
    return {
        "method": " ".join(
            [type(method).__name__, *([mean_field.xc] if hasattr(mean_field, "xc") else [])]
        ),
        "basis": molecule.basis if named else "own",
        "basis_fingerprint": hashlib.sha256(basis.encode()).hexdigest()[:16],
        "charge": int(molecule.charge),
        "spin": int(molecule.spin),
        **({"grid": int(mean_field.grids.level)} if hasattr(mean_field, "grids") else {}),
        **({"solvent": _plain_settings(solvent)} if solvent is not None else {}),
        **(
            {"active": [int(method.ncas), *map(int, method.nelecas)]}
            if hasattr(method, "ncas")
            else {}
        ),
    }


def _plain_settings(part: Any) -> dict[str, Any]:
    names = ("method", "solvent", "eps", "lebedev_order")
    found = {name: getattr(part, name, None) for name in names}
    return {name: value for name, value in found.items() if isinstance(value, str | int | float)}
