"""Surfaces by PySCF."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.surfaces.protocol import Measured
from suite.errors import AttemptFailed, InputError, missing
from suite.molecule import BOHR, Molecule

__all__ = ["PySCFSurface", "pyscf_surface"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PySCFSurface:
    """A PySCF mean-field surface (Hartree-Fock or Kohn-Sham), closed or open shell."""

    method: str
    basis: str
    charge: int
    spin: int
    symbols: tuple[str, ...]
    masses: Vector
    noise: float = 1e-7
    _molecule: Any = field(default=None, repr=False)

    def _field(self, x: Vector) -> Any:
        from pyscf import dft, scf

        molecule = self._molecule.set_geom_(x.reshape(-1, 3), unit="Bohr", inplace=False)
        if self.method == "hf":
            mean_field = scf.UHF(molecule) if self.spin else scf.RHF(molecule)
        else:
            mean_field = dft.UKS(molecule) if self.spin else dft.RKS(molecule)
            mean_field.xc = self.method
        # The gradient's error is of the first order in the orbitals': converge those.
        mean_field.conv_tol, mean_field.conv_tol_grad = 1e-11, 1e-6
        mean_field.chkfile = None
        return mean_field

    def measure(self, x: Vector, guess: Any = None) -> Measured:
        """Energy and gradient from a converged SCF that starts from `guess`."""
        mean_field = self._converged(x, guess)
        gradient = mean_field.nuc_grad_method().kernel()
        return Measured(float(mean_field.e_tot), np.ravel(gradient), mean_field.make_rdm1())

    def hessian(self, x: Vector, guess: Any = None) -> Vector:
        """The analytic Hessian."""
        hessian = self._converged(x, guess).Hessian().kernel()
        return np.asarray(hessian.transpose(0, 2, 1, 3).reshape(x.size, x.size))

    def _converged(self, x: Vector, guess: Any) -> Any:
        mean_field = self._field(x)
        mean_field.kernel(dm0=guess)
        if not mean_field.converged:
            raise AttemptFailed(f"The SCF did not converge in {mean_field.max_cycle} cycles.")
        return mean_field

    def about(self) -> dict[str, Any]:
        """Method, basis, charge and spin."""
        names = ("method", "basis", "charge", "spin")
        return {name: getattr(self, name) for name in names}


def pyscf_surface(molecule: Molecule, method: str = "hf", basis: str = "def2-svp") -> PySCFSurface:
    """The surface of a molecule by a PySCF method: "hf", or the name of a density functional.

    Masses are averages over the natural isotopes, as in PySCF's thermochemistry. Raises
    `InputError` for a method, basis, charge or spin that PySCF does not take.
    """
    try:
        from pyscf import dft, gto
        from pyscf.lib.exceptions import BasisNotFoundError
    except ImportError as error:
        raise missing("PySCF", "chemistry") from error
    method = method.lower()
    if method != "hf":
        try:
            dft.libxc.parse_xc(method)
        except (KeyError, ValueError) as error:
            raise InputError(
                f"method must be hf or the name of a functional that PySCF knows. Got {method!r}."
            ) from error
    atoms = list(zip(molecule.symbols, molecule.coordinates / BOHR, strict=True))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice on where else to look for a basis
            mol = gto.M(
                atom=atoms,
                unit="Bohr",
                basis=basis,
                charge=molecule.charge,
                spin=molecule.spin,
                verbose=0,
            )
    except BasisNotFoundError as error:
        raise InputError(
            f"PySCF has no basis {basis!r} for all of {', '.join(sorted(set(molecule.symbols)))}."
        ) from error
    except (RuntimeError, KeyError, ValueError, AssertionError) as error:
        raise InputError(
            f"charge {molecule.charge} with spin {molecule.spin} (unpaired electrons), or an "
            f"element, is not possible here: {error}"
        ) from error
    if mol.nelectron < 1:
        raise InputError(f"charge {molecule.charge} leaves no electrons. Got {mol.nelectron}.")
    return PySCFSurface(
        method,
        basis,
        molecule.charge,
        molecule.spin,
        molecule.symbols,
        np.asarray(mol.atom_mass_list(isotope_avg=True), float),
        _molecule=mol,
    )
