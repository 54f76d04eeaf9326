"""Ground-state problems: molecules through PySCF, Pauli terms, and operators of other packages."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.core_potentials import core_potentials
from suite.errors import InputError, missing
from suite.molecule import CLOSEST, Molecule, read_xyz
from suite.quantum.naming import spelled
from suite.quantum.problems.active import ActiveSpace, active_space_of
from suite.quantum.problems.geometry_text import atoms_of
from suite.quantum.problems.jordan_wigner import Ladder, fermion_to_qubits
from suite.quantum.problems.paulis import lowest_eigenvalue, pauli_terms, read_terms
from suite.quantum.problems.tapering import tapered

__all__ = [
    "JORDAN_WIGNER",
    "TAPERED",
    "Integrals",
    "Problem",
    "fermion_to_qubits",
    "molecule",
    "pauli_sum",
    "qubit_hamiltonian",
]

Tensor = NDArray[np.float64]

JORDAN_WIGNER, TAPERED = "jordan-wigner", "tapered"
MAPPINGS = (JORDAN_WIGNER, TAPERED)
"""How electrons become qubits: one for each spin orbital, or two fewer."""

MOST_EXACT_DETERMINANTS = 300_000
"""Determinants up to which the exact energy is computed beside (full CI, seconds)."""
MOST_ORBITALS = 20
"""Active orbitals whose Hamiltonian is built in a minute or so."""


@dataclass(frozen=True, slots=True, eq=False)
class Integrals:
    """A molecule's Hamiltonian in its active orbitals, hartree.

    `one` [o, o], `two` [o, o, o, o] in chemists' order (pq|rs), the `constant` energy of nuclei and
    core, `electrons` (up, down). H = constant + Σ one_pq a†p aq + ½ Σ (pq|rs) a†p a†r as aq over
    both spins; the reference determinant fills the lowest orbitals of each.
    """

    one: Tensor
    two: Tensor
    constant: float
    electrons: tuple[int, int]

    @property
    def orbitals(self) -> int:
        """Number of active orbitals, o."""
        return len(self.one)


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A ground-state problem: the observable and what is known about it.

    `observable` a `SparsePauliOp` with the constant energy as its identity term; `electrons` the
    numbers of spin-up and spin-down electrons in the active orbitals, None for a spin model;
    `hartree_fock` and `exact` energies (hartree) where they were computed; `integrals` of a
    molecule; `spins` says that it is a spin model, made of couplings on bonds; `mapping` how the
    electrons became qubits.
    """

    observable: Any
    electrons: tuple[int, int] | None = None
    hartree_fock: float | None = None
    exact: float | None = None
    integrals: Integrals | None = None
    spins: bool = False
    mapping: str = JORDAN_WIGNER

    @property
    def qubits(self) -> int:
        """Width of the observable."""
        return int(self.observable.num_qubits)


def molecule(
    geometry: str | Molecule,
    basis: str = "sto-3g",
    charge: int | None = None,
    spin: int | None = None,
    active_space: Sequence[int | Sequence[int]] | None = None,
    mapping: str = JORDAN_WIGNER,
) -> Problem:
    """The electronic Hamiltonian of a molecule in its Hartree-Fock orbitals, on qubits.

    `geometry` is "H 0 0 0; H 0 0 0.735" in angstrom, the path of an XYZ file, or a `Molecule`;
    `charge` and `spin` (2S, the number of unpaired electrons) are those of the latter two, else
    zero, where they are not given. Open shells are in orbitals of restricted open-shell
    Hartree-Fock. A basis that is made for effective core potentials (lanl2dz, def2 beyond krypton)
    brings them. `active_space` is (electrons, orbitals) around the highest filled orbital, or
    (electrons, list of orbitals numbered from 0). `mapping` is "jordan-wigner", a qubit for each
    spin orbital and spin-up ones the lower qubits, or "tapered", without the two qubits whose
    values the numbers of electrons fix: shorter circuits, for devices. Raises `InputError` for what
    PySCF does not take; warns where the active space splits a shell.
    """
    for name, value in (("basis", basis), ("mapping", mapping)):
        if not isinstance(value, str):
            raise InputError(f"{name} must be a name. Got {value!r}.")
    for name, number in (("charge", charge), ("spin", spin)):
        if number is not None and not isinstance(number, int | np.integer):
            raise InputError(f"{name} must be a whole number. Got {number!r}.")
    mapping = spelled(mapping, MAPPINGS)
    if mapping not in MAPPINGS:
        raise InputError(f"mapping must be {' or '.join(map(repr, MAPPINGS))}. Got {mapping!r}.")
    mol = _mole(geometry, basis, charge, spin)
    mean_field = _hartree_fock(mol)
    # Roothaan's orbital energies need not rise with the filling.
    order = np.argsort(-mean_field.mo_occ, kind="stable")
    coefficients, energies = mean_field.mo_coeff[:, order], mean_field.mo_energy[order]
    space = active_space_of(active_space, mol.nelec, energies)
    if len(space.orbitals) > MOST_ORBITALS:
        raise InputError(
            f"{len(space.orbitals)} orbitals are {2 * len(space.orbitals)} qubits, more than "
            f"{2 * MOST_ORBITALS}: choose an active_space or a smaller basis."
        )
    integrals, exact = _integrals(mean_field, coefficients, space)
    observable = qubit_hamiltonian(integrals)
    if mapping == TAPERED:
        observable = tapered(observable, space.electrons)
    found = float(mean_field.e_tot), exact
    return Problem(observable, space.electrons, *found, integrals, mapping=mapping)


def pauli_sum(terms: Any) -> Problem:
    """A problem given as Pauli strings; the leftmost letter is the highest qubit.

    `terms` are pairs of a word and a number, or text: "-1.0 ZZ + 0.5 XI", or a word and a number
    on each line. The exact energy is computed beside it for up to about 16 qubits.

    >>> problem = pauli_sum([("ZZ", -1.0), ("XI", 0.5)])
    >>> problem.qubits, round(problem.exact, 6)
    (2, -1.118034)
    >>> round(pauli_sum("-1.0 ZZ + 0.5 XI").exact, 6)
    -1.118034
    """
    observable = pauli_terms(read_terms(terms))
    return Problem(observable, exact=lowest_eigenvalue(observable))


def _mole(geometry: str | Molecule, basis: str, charge: int | None, spin: int | None) -> Any:
    try:
        from pyscf import gto
    except ImportError as error:
        raise missing("PySCF", "quantum") from error
    if isinstance(geometry, str) and geometry.lower().endswith(".xyz"):
        geometry = read_xyz(geometry)
    if isinstance(geometry, Molecule):
        charge = geometry.charge if charge is None else charge
        spin = geometry.spin if spin is None else spin
        atoms: Any = list(zip(geometry.symbols, geometry.coordinates.tolist(), strict=True))
    elif isinstance(geometry, str):
        atoms = atoms_of(geometry)
    else:
        raise InputError(
            'geometry must be text such as "H 0 0 0; H 0 0 0.735", the path of an XYZ file, or a '
            f"Molecule. Got {geometry!r}."
        )
    charge, spin = charge or 0, spin or 0
    _check_elements(atoms)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice on where else to look for a basis
            made = {"atom": atoms, "basis": basis, "charge": charge, "verbose": 0}
            made["ecp"] = core_potentials([symbol for symbol, _ in atoms], basis)
            mol = gto.M(spin=None, **made)
            _check_spin(mol.nelectron, charge, spin)
            mol = gto.M(spin=spin, **made)
    except InputError:
        raise
    except (RuntimeError, KeyError, ValueError, IndexError, AssertionError, OSError) as error:
        raise InputError(
            f"PySCF refuses this molecule (basis {basis!r}, charge {charge}): "
            f"{' '.join(str(error).split())}{_near_basis(basis)}"
        ) from error
    if mol.nelec[0] > mol.nao:
        raise InputError(
            f"spin {spin} needs {mol.nelec[0]} orbitals, and the basis {basis!r} has {mol.nao}."
        )
    _check_distances(mol.atom_coords(unit="Angstrom"))
    return mol


def _check_elements(atoms: Sequence[tuple[str, Any]]) -> None:
    from pyscf.data.elements import ELEMENTS

    for number, (symbol, _) in enumerate(atoms, 1):
        if symbol.rstrip("0123456789").capitalize() not in ELEMENTS[1:]:
            raise InputError(f"Atom {number} of the geometry is no element. Got {symbol!r}.")


def _near_basis(basis: str) -> str:
    from pyscf.gto.basis import ALIAS

    plain = basis.lower().replace("-", "").replace("_", "").replace(" ", "")
    if plain in ALIAS:
        return ""
    near = difflib.get_close_matches(plain, ALIAS, 3)
    return f" Bases of near names: {', '.join(near)}." if near else ""


def _check_spin(electrons: int, charge: int, spin: int) -> None:
    if electrons < 1:
        raise InputError(f"charge {charge} leaves {electrons} electrons.")
    if not 0 <= spin <= electrons or (electrons - spin) % 2:
        parity = "odd" if electrons % 2 else "even"
        raise InputError(
            f"spin {spin} (2S, unpaired electrons) is impossible with {electrons} "
            f"electron{'s' * (electrons != 1)} (charge {charge}): it must be {parity} and at most "
            f"{electrons}."
        )


def _check_distances(coordinates: Tensor) -> None:
    apart = np.linalg.norm(coordinates[:, None] - coordinates, axis=2)
    apart[np.diag_indices(len(apart))] = np.inf
    if not apart.min() > CLOSEST:
        raise InputError(
            f"Two atoms are {apart.min():.3f} angstrom apart; the geometry must be in angstrom."
        )


def _hartree_fock(mol: Any) -> Any:
    from pyscf import scf

    mean_field = scf.ROHF(mol) if mol.spin else scf.RHF(mol)
    mean_field.conv_tol, mean_field.chkfile = 1e-12, None
    # PySCF opens a file for every calculation; closed here, not whenever a cycle is collected.
    vars(mean_field).pop("_chkfile", None)
    mean_field.kernel()
    if not mean_field.converged:
        mean_field = mean_field.newton()
        mean_field.kernel()
    if not mean_field.converged:
        raise InputError("Hartree-Fock does not converge for this molecule; change its geometry.")
    return mean_field


def _integrals(
    mean_field: Any, coefficients: Tensor, space: ActiveSpace
) -> tuple[Integrals, float | None]:
    """The integrals in the active orbitals, and the exact energy where it takes no more than
    seconds."""
    from pyscf import ao2mo, mcscf

    rest = [o for o in range(coefficients.shape[1]) if o not in (*space.core, *space.orbitals)]
    orbitals = coefficients[:, [*space.core, *space.orbitals, *rest]]
    active = mcscf.CASCI(mean_field, len(space.orbitals), space.electrons)
    one, core = active.get_h1eff(orbitals)
    two = ao2mo.restore(1, active.get_h2eff(orbitals), len(space.orbitals))
    exact = None
    up, down = (comb(len(space.orbitals), count) for count in space.electrons)
    if up * down <= MOST_EXACT_DETERMINANTS:
        active.fcisolver.conv_tol = 1e-12
        exact = float(active.kernel(orbitals)[0])
    one = 0.5 * (one + one.T)  # symmetric to the last bit, so that no word is imaginary
    return Integrals(one, two, float(core), space.electrons), exact


def qubit_hamiltonian(integrals: Integrals) -> Any:
    """h_pq a†p aq + (pq|rs)/2 a†pσ a†rτ asτ aqσ over both spins, as a `SparsePauliOp` (hartree).

    >>> half = Integrals(np.array([[-1.0]]), np.zeros((1, 1, 1, 1)), 1.5, (1, 0))
    >>> qubit_hamiltonian(half).to_list()
    [('II', (0.5+0j)), ('IZ', (0.5+0j)), ('ZI', (0.5+0j))]
    """
    orbitals = integrals.orbitals
    terms: dict[Ladder, complex] = {}
    shifts = (0, orbitals)
    for p, q in np.argwhere(np.abs(integrals.one) > 1e-14).tolist():
        for shift in shifts:
            terms[(p + shift, True), (q + shift, False)] = integrals.one[p, q]
    for p, q, r, s in np.argwhere(np.abs(integrals.two) > 1e-14).tolist():
        for a in shifts:
            for b in shifts:
                if a == b and (p == r or q == s):
                    continue  # nothing is created or annihilated twice
                key = ((p + a, True), (r + b, True), (s + b, False), (q + a, False))
                terms[key] = 0.5 * integrals.two[p, q, r, s]
    return fermion_to_qubits(terms, 2 * orbitals, integrals.constant)
