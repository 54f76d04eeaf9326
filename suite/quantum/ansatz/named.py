"""Parametrised circuits to search for the ground state in."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from suite.errors import InputError, missing
from suite.quantum.ansatz.circuit_file import is_circuit_file, read_circuit
from suite.quantum.ansatz.coupled_cluster import (
    Excitation,
    excitation_circuit,
    hartree_fock,
    paired_excitations,
    singles_and_doubles,
)
from suite.quantum.ansatz.hamiltonian_variational import hamiltonian_variational
from suite.quantum.ansatz.physical import on_its_own_qubits
from suite.quantum.exact.resets import without_idle_resets
from suite.quantum.naming import spelled
from suite.quantum.problems.hamiltonian import TAPERED, Problem

__all__ = [
    "ANSATZE",
    "PAIRED",
    "Ansatz",
    "ansatz_of",
    "hartree_fock",
    "k_upccgsd",
    "uccsd",
    "usual_ansatz",
]

PAIRED = "k-upccgsd"
ANSATZE = ("uccsd", PAIRED, "hva", "efficient_su2", "real_amplitudes", "n_local")


@dataclass(frozen=True, slots=True, eq=False)
class Ansatz:
    """A parametrised circuit, and the excitations it is made of where it has any.

    `circuit` a `QuantumCircuit`; `excitations` one for each parameter in the order of
    `circuit.parameters`, each (modes emptied, modes filled), spin-up orbitals the first modes,
    None for other circuits. At zero parameters those are the Hartree-Fock determinant.
    """

    name: str
    circuit: Any
    excitations: tuple[Excitation, ...] | None = None
    repetitions: int = 1

    @property
    def num_parameters(self) -> int:
        """Number of parameters, p."""
        return int(self.circuit.num_parameters)

    @property
    def num_qubits(self) -> int:
        """Width of the circuit."""
        return int(self.circuit.num_qubits)


def ansatz_of(
    name: str | Any | None,
    problem: Problem,
    repetitions: int = 2,
    *,
    entanglement: str = "linear",
    rotations: Sequence[str] = ("ry",),
    entanglers: Sequence[str] = ("cz",),
) -> Ansatz:
    """The named ansatz for a problem, or the user's own circuit as one.

    Without a name it is uccsd for a molecule, hva for a spin model and efficient_su2 for Pauli
    terms. A name that ends in .qasm or .qpy is a file with a circuit. "uccsd" and "k-upccgsd" need
    a molecule, "hva" a spin model or Pauli sum; all but uccsd take `repetitions` layers.
    `entanglement` is of efficient_su2, real_amplitudes and n_local, the gates of `rotations` and
    `entanglers` of n_local, by Qiskit's names. Raises `InputError` for what is no ansatz or does
    not suit the problem.
    """
    if isinstance(name, Ansatz):
        return name
    if name is None:
        name = usual_ansatz(problem)
    if not isinstance(name, str):
        return _own(name, problem)
    if is_circuit_file(name):
        return _own(read_circuit(name), problem)
    name = spelled(name, ANSATZE)
    _check(name, repetitions)
    if name in ("uccsd", PAIRED):
        return _coupled_cluster(name, problem, repetitions)
    if name == "hva":
        if problem.electrons is not None:
            raise InputError("The ansatz hva is for spin models; use uccsd for a [molecule].")
        circuit = hamiltonian_variational(problem.observable, repetitions)
        return Ansatz(name, circuit, None, repetitions)
    gates = (rotations, entanglers) if name == "n_local" else ()
    return _library(name, problem.qubits, repetitions, entanglement, gates)


def _check(name: str, repetitions: int) -> None:
    if name not in ANSATZE:
        near = difflib.get_close_matches(name, ANSATZE, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(
            f"[ansatz] name must be one of {', '.join(ANSATZE)}. Got {name!r}.{hint} A circuit of "
            'your own goes by file = "circuit.qasm" (or .qpy).'
        )
    if not isinstance(repetitions, int) or repetitions < 1:
        raise InputError(f"[ansatz] repetitions must be positive. Got {repetitions!r}.")


def _coupled_cluster(name: str, problem: Problem, repetitions: int) -> Ansatz:
    if problem.electrons is None:
        raise InputError(f"The ansatz {name} needs a [molecule]; use hva for spin models.")
    tapering = problem.mapping == TAPERED
    orbitals, electrons = problem.qubits // 2 + tapering, problem.electrons
    if name == "uccsd":
        return uccsd(orbitals, electrons, tapering)
    return k_upccgsd(orbitals, electrons, repetitions, tapering)


def usual_ansatz(problem: Problem) -> str:
    """The name of the ansatz where nobody chose.

    >>> from suite.quantum.problems.spins import chain, tfim
    >>> usual_ansatz(tfim(chain(3)))
    'hva'
    """
    if problem.electrons is not None:
        return "uccsd"
    return "hva" if problem.spins else "efficient_su2"


def uccsd(orbitals: int, electrons: tuple[int, int], tapering: bool = False) -> Ansatz:
    """Unitary coupled cluster with singles and doubles, one Trotter step, from Hartree-Fock.

    One parameter for each excitation that conserves the spins: exp(θ(T - T†)), singles first;
    `electrons` (up, down) may differ; `tapering` is for problems whose mapping is "tapered". Romero
    et al., Quantum Sci. Technol. 4, 014008 (2018).

    >>> uccsd(2, (1, 1)).num_parameters
    3
    """
    excitations = singles_and_doubles(orbitals, electrons)
    circuit = excitation_circuit(orbitals, electrons, excitations, tapering)
    return Ansatz("uccsd", circuit, excitations)


def k_upccgsd(
    orbitals: int, electrons: tuple[int, int], repetitions: int = 2, tapering: bool = False
) -> Ansatz:
    """Generalised singles and paired doubles, `repetitions` (k) times, from Hartree-Fock.

    Lee, Huggins, Head-Gordon and Whaley, J. Chem. Theory Comput. 15, 311 (2019).

    >>> k_upccgsd(3, (1, 1), 2).num_parameters
    18
    """
    excitations = paired_excitations(orbitals, repetitions)
    circuit = excitation_circuit(orbitals, electrons, excitations, tapering)
    return Ansatz(PAIRED, circuit, excitations, repetitions)


def _library(
    name: str, qubits: int, repetitions: int, entanglement: str, gates: Sequence[Sequence[str]]
) -> Ansatz:
    try:
        from qiskit.circuit import library
        from qiskit.exceptions import QiskitError
    except ImportError as error:
        raise missing("Qiskit", "quantum") from error
    lists = [list(some) for some in gates]
    try:
        made = getattr(library, name)(qubits, *lists, entanglement=entanglement, reps=repetitions)
    except (QiskitError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"Qiskit refuses this {name}: {error}") from error
    return Ansatz(name, made, None, repetitions)


def _own(circuit: Any, problem: Problem) -> Ansatz:
    if not hasattr(circuit, "parameters") or not hasattr(circuit, "num_qubits"):
        raise InputError(
            f"ansatz must be a name ({', '.join(ANSATZE)}), a file (.qasm, .qpy) or a "
            f"QuantumCircuit. Got {circuit!r}."
        )
    return Ansatz("circuit", without_idle_resets(on_its_own_qubits(circuit, problem.qubits)))
