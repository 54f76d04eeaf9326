"""Unitary coupled cluster: excitations of a determinant and the circuits that carry them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from typing import Any, TypeAlias

from suite.quantum.problems.jordan_wigner import Ladder, fermion_to_qubits
from suite.quantum.problems.tapering import parity_qubits, tapered

__all__ = [
    "Excitation",
    "excitation_circuit",
    "hartree_fock",
    "paired_excitations",
    "singles_and_doubles",
]

Excitation: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
"""Modes it empties and modes it fills; spin-up orbitals are the first modes."""


def hartree_fock(orbitals: int, electrons: tuple[int, int], tapering: bool = False) -> Any:
    """The circuit that fills the lowest orbitals of each spin; `tapering` as of a `Problem`."""
    from qiskit import QuantumCircuit

    gone = parity_qubits(orbitals) if tapering else ()
    qubits = [mode for mode in range(2 * orbitals) if mode not in gone]
    circuit = QuantumCircuit(len(qubits))
    for place, mode in enumerate(qubits):
        if mode % orbitals < electrons[mode // orbitals]:
            circuit.x(place)
    return circuit


def singles_and_doubles(orbitals: int, electrons: tuple[int, int]) -> tuple[Excitation, ...]:
    """Excitations of the Hartree-Fock determinant that conserve the spins.

    Singles of spin up, of spin down, then doubles: of opposite spins, of spin up, of spin down.

    >>> singles_and_doubles(2, (1, 1))
    (((0,), (1,)), ((2,), (3,)), ((0, 2), (1, 3)))
    """
    singles: list[list[tuple[int, int]]] = []
    for shift, count in zip((0, orbitals), electrons, strict=True):
        filled = range(shift, shift + count)
        empty = range(shift + count, shift + orbitals)
        singles.append(list(product(filled, empty)))
    doubles = [((i, j), (a, b)) for (i, a), (j, b) in product(*singles)]
    for same_spin in singles:
        for (i, a), (j, b) in combinations(same_spin, 2):
            if i < j and a < b:
                doubles.append(((i, j), (a, b)))
    return (*(((i,), (a,)) for spin in singles for i, a in spin), *doubles)


def paired_excitations(orbitals: int, repetitions: int) -> tuple[Excitation, ...]:
    """Generalised singles of each spin and doubles of pairs, `repetitions` times: k-UpCCGSD.

    From any orbital to any higher one; each copy has its own parameters, doubles first. Lee,
    Huggins, Head-Gordon and Whaley, J. Chem. Theory Comput. 15, 311 (2019).

    >>> paired_excitations(2, 1)
    (((0, 2), (1, 3)), ((0,), (1,)), ((2,), (3,)))
    """
    pairs = list(combinations(range(orbitals), 2))
    doubles = [((i, i + orbitals), (a, a + orbitals)) for i, a in pairs]
    singles = [((i + s,), (a + s,)) for s in (0, orbitals) for i, a in pairs]
    return (*doubles, *singles) * repetitions


def excitation_circuit(
    orbitals: int,
    electrons: tuple[int, int],
    excitations: Sequence[Excitation],
    tapering: bool = False,
) -> Any:
    """Hartree-Fock, then exp(θ(T - T†)) of each excitation in turn, with a parameter for each.

    T creates the modes it fills in the order written, after the modes it empties were annihilated:
    T = a†_a a†_b a_i a_j for ((i, j), (a, b)). With `tapering` on the qubits of
    `problems.tapering.tapered`.
    """
    from qiskit.circuit import ParameterVector
    from qiskit.circuit.library import PauliEvolutionGate

    circuit = hartree_fock(orbitals, electrons, tapering)
    angles = ParameterVector("θ", len(excitations))
    for angle, (emptied, filled) in zip(angles, excitations, strict=True):
        up = (*((mode, True) for mode in filled), *((mode, False) for mode in emptied))
        down = tuple((mode, not create) for mode, create in reversed(up))
        terms: dict[Ladder, complex] = {up: 1j, down: -1j}
        generator = fermion_to_qubits(terms, 2 * orbitals)
        if tapering:
            generator = tapered(generator, electrons)
        # All words of one excitation commute, so their product is exact.
        circuit.append(PauliEvolutionGate(generator, time=angle), circuit.qubits)
    return circuit
