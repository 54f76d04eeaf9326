"""Parametrised circuits to search for the ground state in."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

from suite.errors import InputError
from suite.quantum.hamiltonian import Ladder, Problem, fermion_to_qubits

__all__ = ["ANSATZE", "ansatz_of", "hartree_fock", "uccsd"]

ANSATZE = ("uccsd", "efficient_su2", "real_amplitudes")


def ansatz_of(name: str, problem: Problem, repetitions: int = 2) -> Any:
    """The named ansatz for a problem, as a `QuantumCircuit`.

    "uccsd" needs a molecule; "efficient_su2" and "real_amplitudes" take `repetitions` layers.
    Raises `InputError` for an unknown name.
    """
    if name == "uccsd":
        if problem.electrons is None:
            raise InputError("The ansatz uccsd needs a [molecule]; use efficient_su2 for spins.")
        return uccsd(problem.qubits // 2, problem.electrons)
    if name not in ANSATZE:
        raise InputError(f"[ansatz] name must be one of {', '.join(ANSATZE)}. Got {name!r}.")
    from qiskit.circuit import library

    return getattr(library, name)(problem.qubits, reps=repetitions, entanglement="linear")


def hartree_fock(orbitals: int, electrons: tuple[int, int]) -> Any:
    """The circuit that fills the lowest orbitals of each spin."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(2 * orbitals)
    for shift, count in zip((0, orbitals), electrons, strict=True):
        for orbital in range(count):
            circuit.x(shift + orbital)
    return circuit


def uccsd(orbitals: int, electrons: tuple[int, int]) -> Any:
    """Unitary coupled cluster with singles and doubles, one Trotter step, from Hartree-Fock.

    One parameter for each excitation that conserves the spins: exp(θ(T - T†)), singles first.
    Romero et al., Quantum Sci. Technol. 4, 014008 (2018).
    """
    from qiskit.circuit import ParameterVector
    from qiskit.circuit.library import PauliEvolutionGate

    circuit = hartree_fock(orbitals, electrons)
    excitations = _excitations(orbitals, electrons)
    angles = ParameterVector("θ", len(excitations))
    for angle, (empty, filled) in zip(angles, excitations, strict=True):
        up = tuple((mode, True) for mode in empty) + tuple((mode, False) for mode in filled)
        down = tuple((mode, not create) for mode, create in reversed(up))
        terms: dict[Ladder, complex] = {up: 1j, down: -1j}
        generator = fermion_to_qubits(terms, 2 * orbitals)
        # All words of one excitation commute, so their product is exact.
        circuit.append(PauliEvolutionGate(generator, time=angle), range(2 * orbitals))
    return circuit


def _excitations(
    orbitals: int, electrons: tuple[int, int]
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pairs of modes to fill and to empty: singles of each spin, then doubles."""
    singles = []
    for shift, count in zip((0, orbitals), electrons, strict=True):
        filled = range(shift, shift + count)
        empty = range(shift + count, shift + orbitals)
        singles.append([((a,), (i,)) for i, a in product(filled, empty)])
    doubles = [(a + b, i + j) for (a, i), (b, j) in product(*singles)]
    for same_spin in singles:
        for (a, i), (b, j) in combinations(same_spin, 2):
            if a != b and i != j and i < j and a < b:
                doubles.append((a + b, i + j))
    return [*singles[0], *singles[1], *doubles]
