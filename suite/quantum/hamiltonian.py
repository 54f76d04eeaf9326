"""Hamiltonians as sums of Pauli strings: molecules through PySCF, or terms given as text."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from suite.errors import InputError, missing
from suite.molecule import CLOSEST, Molecule, read_xyz

__all__ = ["Problem", "fermion_to_qubits", "molecule", "pauli_sum"]

Tensor = NDArray[np.float64]
# Creation (True) or annihilation of a mode, in the order in which they are written.
Ladder: TypeAlias = tuple[tuple[int, bool], ...]

MOST_EXACT_QUBITS = 12
"""Qubits up to which the exact energy of a sum of Pauli strings is computed beside."""
MOST_EXACT_ORBITALS = 8
"""Active orbitals up to which the exact energy is computed beside (full CI, seconds)."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A ground-state problem: the observable and what is known about it.

    `observable` a `SparsePauliOp` with the constant energy as its identity term; `electrons` the
    numbers of spin-up and spin-down electrons in the active orbitals, None for a spin model;
    `hartree_fock` and `exact` energies (hartree) where they were computed.
    """

    observable: Any
    electrons: tuple[int, int] | None = None
    hartree_fock: float | None = None
    exact: float | None = None

    @property
    def qubits(self) -> int:
        """Width of the observable."""
        return int(self.observable.num_qubits)


def molecule(
    geometry: str | Molecule,
    basis: str = "sto-3g",
    charge: int = 0,
    spin: int = 0,
    active_space: tuple[int, int] | None = None,
) -> Problem:
    """The electronic Hamiltonian of a molecule in its Hartree-Fock orbitals, by Jordan-Wigner.

    `geometry` is "H 0 0 0; H 0 0 0.735" in angstrom, the path of an XYZ file, or a `Molecule`;
    the charge and spin of these hold where the arguments are left at zero. `spin` is 2S;
    `active_space` (electrons, orbitals) around the highest occupied one. Spin-up orbitals are the
    lower qubits. Raises `InputError` for what PySCF does not take.
    """
    try:
        from pyscf import ao2mo, gto, mcscf, scf
    except ImportError as error:
        raise missing("PySCF", "quantum") from error
    if isinstance(geometry, str) and geometry.lower().endswith(".xyz"):
        geometry = read_xyz(geometry)
    atoms: Any = geometry
    if isinstance(geometry, Molecule):
        atoms = list(zip(geometry.symbols, geometry.coordinates.tolist(), strict=True))
        charge, spin = charge or geometry.charge, spin or geometry.spin
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice on where else to look for a basis
            mol = gto.M(atom=atoms, basis=basis, charge=charge, spin=spin, verbose=0)
    except (RuntimeError, KeyError, ValueError, IndexError, AssertionError, OSError) as error:
        raise InputError(
            f"PySCF refuses this molecule (basis {basis!r}, charge {charge}, spin {spin}): {error}"
        ) from error
    _check_distances(mol.atom_coords(unit="Angstrom"))
    mean_field = scf.ROHF(mol) if spin else scf.RHF(mol)
    mean_field.conv_tol, mean_field.chkfile = 1e-12, None
    mean_field.kernel()
    if not mean_field.converged:
        raise InputError("Hartree-Fock does not converge for this molecule; change its geometry.")
    electrons, orbitals = active_space or (mol.nelectron, mol.nao)
    occupied = (mol.nelectron - electrons) // 2
    fits = 0 < electrons <= min(mol.nelectron, 2 * orbitals) and orbitals + occupied <= mol.nao
    if not fits or (mol.nelectron - electrons) % 2:
        raise InputError(
            f"active_space = [{electrons}, {orbitals}] does not fit {mol.nelectron} electrons in "
            f"{mol.nao} orbitals."
        )
    active = mcscf.CASCI(mean_field, orbitals, electrons)
    one_body, core = active.get_h1eff()
    two_body = ao2mo.restore(1, active.get_h2eff(), orbitals)
    exact = None
    if orbitals <= MOST_EXACT_ORBITALS:
        active.fcisolver.conv_tol = 1e-12
        exact = float(active.kernel()[0])
    up, down = active.nelecas
    return Problem(
        fermion_to_qubits(_second_quantised(one_body, two_body), 2 * orbitals, float(core)),
        (int(up), int(down)),
        float(mean_field.e_tot),
        exact,
    )


def _check_distances(coordinates: Tensor) -> None:
    apart = np.linalg.norm(coordinates[:, None] - coordinates, axis=2)
    apart[np.diag_indices(len(apart))] = np.inf
    if not apart.min() > CLOSEST:
        raise InputError(
            f"Two atoms are {apart.min():.3f} angstrom apart; the geometry must be in angstrom."
        )


def pauli_sum(terms: Iterable[tuple[str, float]]) -> Problem:
    """A problem given as Pauli strings; the leftmost letter is the highest qubit.

    The exact energy is computed beside it for up to 12 qubits.

    >>> problem = pauli_sum([("ZZ", -1.0), ("XI", 0.5)])
    >>> problem.qubits, round(problem.exact, 6)
    (2, -1.118034)
    """
    sparse = _sparse_pauli_op()
    terms = list(terms)
    if not terms:
        raise InputError('[pauli] terms is empty; give pairs like ["ZZ", -1.0].')
    width = len(str(terms[0][0]))
    for word, value in terms:
        number = isinstance(value, int | float) and np.isfinite(value)
        if not isinstance(word, str) or len(word) != width or set(word) - set("IXYZ") or not number:
            raise InputError(
                f"A term must be {width} letters of I, X, Y, Z and a finite number. "
                f"Got {word!r}, {value!r}."
            )
    observable = sparse.from_list(terms).simplify()
    return Problem(observable, exact=_lowest_eigenvalue(observable))


def _lowest_eigenvalue(observable: Any) -> float | None:
    """The exact ground-state energy where it takes no more than seconds."""
    if observable.num_qubits > MOST_EXACT_QUBITS:
        return None
    matrix = observable.to_matrix(sparse=True)
    if observable.num_qubits < 4:
        return float(np.linalg.eigvalsh(matrix.toarray())[0])
    from scipy.sparse.linalg import eigsh

    # A fixed start, so that the same file gives the same digits.
    start = np.random.default_rng(0).normal(size=matrix.shape[0])
    return float(eigsh(matrix, 1, which="SA", v0=start, return_eigenvectors=False)[0])


def _second_quantised(one_body: Tensor, two_body: Tensor) -> dict[Ladder, complex]:
    """h_pq a†p aq + (pq|rs)/2 a†pσ a†rτ asτ aqσ over both spins (chemists' integrals)."""
    orbitals = len(one_body)
    terms: dict[Ladder, complex] = {}
    shifts = (0, orbitals)
    for p, q in np.argwhere(np.abs(one_body) > 1e-14):
        for shift in shifts:
            terms[(int(p) + shift, True), (int(q) + shift, False)] = one_body[p, q]
    for p, q, r, s in np.argwhere(np.abs(two_body) > 1e-14):
        for a in shifts:
            for b in shifts:
                ladder = ((p + a, True), (r + b, True), (s + b, False), (q + a, False))
                key = tuple((int(mode), create) for mode, create in ladder)
                terms[key] = 0.5 * two_body[p, q, r, s]
    return terms


def fermion_to_qubits(terms: dict[Ladder, complex], modes: int, constant: complex = 0.0) -> Any:
    """Jordan-Wigner: a sum of products of ladder operators as a `SparsePauliOp`.

    A mode is a qubit, the first mode the rightmost letter: a_p = (X + iY)_p/2 · Z on all below
    (Jordan and Wigner, Z. Phys. 47, 631 (1928)).

    >>> fermion_to_qubits({((0, True), (0, False)): 1.0}, 1).to_list()
    [('I', (0.5+0j)), ('Z', (-0.5+0j))]
    """
    sums: dict[tuple[int, int], complex] = defaultdict(complex)
    sums[0, 0] += constant
    for ladder, value in terms.items():
        product = {(0, 0): complex(value)}
        for mode, create in ladder:
            product = _times_ladder(product, mode, create)
        for word, weight in product.items():
            sums[word] += weight
    kept = [(w, v) for w, v in sorted(sums.items()) if abs(v) > 1e-14] or [((0, 0), 0j)]
    return _sparse_pauli_op().from_list([_letters(x, z, modes, v) for (x, z), v in kept])


def _times_ladder(
    product: dict[tuple[int, int], complex], mode: int, create: bool
) -> dict[tuple[int, int], complex]:
    """Multiply a sum of X^x Z^z words (bit masks) by a ladder operator from the right."""
    out: dict[tuple[int, int], complex] = defaultdict(complex)
    below, bit = (1 << mode) - 1, 1 << mode
    # a = X(1 - Z)/2 · Z_below and a† = X(1 + Z)/2 · Z_below, since iY = -XZ.
    sign = 1.0 if create else -1.0
    for (x, z), weight in product.items():
        crossed = -1.0 if z & bit else 1.0  # Z of the word moves past the new X
        for extra, factor in ((0, 0.5), (bit, 0.5 * sign)):
            out[x ^ bit, z ^ below ^ extra] += weight * crossed * factor
    return out


def _letters(x: int, z: int, modes: int, weight: complex) -> tuple[str, complex]:
    """The word X^x Z^z as letters, highest mode first, with the phase of XZ = -iY in the weight."""
    letters = "".join("IXZY"[(x >> m & 1) + 2 * (z >> m & 1)] for m in reversed(range(modes)))
    return letters, weight * (-1j) ** (x & z).bit_count()


def _sparse_pauli_op() -> Any:
    try:
        from qiskit.quantum_info import SparsePauliOp
    except ImportError as error:
        raise missing("Qiskit", "quantum") from error
    return SparsePauliOp
