"""Problems from what a user has: a molecule, a `SparsePauliOp`, Pauli text, or an operator of
qiskit-nature, known by what it can do and never imported."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from suite.errors import InputError
from suite.molecule import Molecule
from suite.quantum.exact.action import sparse_pauli
from suite.quantum.exact.sector_hamiltonian import strings
from suite.quantum.problems.hamiltonian import Problem, molecule, pauli_sum
from suite.quantum.problems.jordan_wigner import Ladder, fermion_to_qubits
from suite.quantum.problems.paulis import lowest_eigenvalue

__all__ = ["problem_of"]


def problem_of(given: Any) -> Problem:
    """The problem of a `Problem`, `Molecule`, `SparsePauliOp`, Pauli terms or text.

    Also of qiskit-nature's `FermionicOp`, its Hamiltonians, such as `ElectronicEnergy`, and
    `ElectronicStructureProblem`, by Jordan-Wigner; the nuclear repulsion and the energy of a core
    are added where the object knows them. Only the last one knows its electrons: its exact energy
    is that of as many, that of the others the lowest of any number. Raises `InputError` for
    anything else.

    >>> problem_of("1.0 ZZ + 0.5 XI").qubits
    2
    """
    if isinstance(given, Problem):
        return given
    if isinstance(given, Molecule):
        return molecule(given)
    given = sparse_pauli(given)
    if hasattr(given, "paulis") and hasattr(given, "coeffs"):
        _check_real(given)
        return Problem(given, exact=lowest_eigenvalue(given))
    if hasattr(given, "hamiltonian") and hasattr(given, "num_particles"):
        return _from_structure(given)
    if hasattr(given, "second_q_op"):
        return _of_any_filling(_qubits(given.second_q_op(), _repulsion(given)))
    if hasattr(given, "register_length") and hasattr(given, "items"):
        return _of_any_filling(_qubits(given, 0.0))
    if isinstance(given, str | list | tuple | dict):
        return pauli_sum(given)
    raise InputError(
        "A problem must be a TOML file, a Molecule, a SparsePauliOp, Pauli terms or an operator of "
        f"qiskit-nature. Got {type(given).__name__}."
    )


def _check_real(observable: Any) -> None:
    coefficients = np.asarray(observable.coeffs)
    if coefficients.dtype == object:
        raise InputError("The observable has unbound parameters in its coefficients; bind them.")
    wrong = ~np.isfinite(coefficients) | (np.abs(coefficients.imag) > 1e-12 * np.abs(coefficients))
    if np.any(wrong):
        at = int(np.flatnonzero(wrong)[0])
        raise InputError(
            "An observable must have real coefficients, all finite. "
            f"Got {coefficients[at]} for {observable.paulis[at].to_label()}."
        )


def _of_any_filling(observable: Any) -> Problem:
    return Problem(observable, exact=lowest_eigenvalue(observable))


def _from_structure(structure: Any) -> Problem:
    """A molecule as qiskit-nature has it; its integrals stay inside its operator."""
    electrons = structure.num_particles
    if electrons is None:
        raise InputError("The electronic structure problem does not know its num_particles.")
    hamiltonian = structure.hamiltonian
    constants = getattr(hamiltonian, "constants", None)
    shift = float(sum(constants.values())) if constants else _repulsion(hamiltonian)
    observable = _qubits(hamiltonian.second_q_op(), shift)
    reference = getattr(structure, "reference_energy", None)
    up, down = (int(count) for count in electrons)
    half = observable.num_qubits // 2
    determinants = strings(half, down)[:, None] << half | strings(half, up)
    exact = lowest_eigenvalue(observable, determinants.ravel())
    return Problem(observable, (up, down), None if reference is None else float(reference), exact)


def _repulsion(hamiltonian: Any) -> float:
    return float(getattr(hamiltonian, "nuclear_repulsion_energy", None) or 0.0)


def _qubits(operator: Any, constant: float) -> Any:
    """A sum of labels such as "+_0 -_1", as qubits."""
    if not hasattr(operator, "num_spin_orbitals"):  # those of bosons are written alike
        raise InputError(
            "An operator of qiskit-nature must be of electrons (FermionicOp). "
            f"Got {type(operator).__name__}."
        )
    terms: dict[Ladder, complex] = {}
    for label, value in operator.items():
        parts = label.split()
        found = [re.fullmatch(r"([+-])_(\d+)", part) for part in parts]
        if not all(found):
            raise InputError(f"The operator's term {label!r} is no product of ladder operators.")
        ladder = tuple((int(part[2]), part[1] == "+") for part in found if part)
        try:
            number = complex(value)
        except TypeError as error:
            raise InputError(
                f"The operator's term {label!r} has an unbound coefficient."
            ) from error
        if not (math.isfinite(number.real) and math.isfinite(number.imag)):
            raise InputError(f"The operator's term {label!r} has the coefficient {number}.")
        terms[ladder] = terms.get(ladder, 0.0) + number
    modes = operator.register_length
    if modes is None:
        modes = 1 + max((mode for ladder in terms for mode, _ in ladder), default=0)
    observable = fermion_to_qubits(terms, int(modes), constant)
    observable = observable.chop(1e-13) if hasattr(observable, "chop") else observable
    _check_real(observable)
    return observable
