"""The Hamiltonian variational ansatz: layers of evolutions under commuting parts of the observable.

Wecker, Hastings and Troyer, Phys. Rev. A 92, 042303 (2015); for spin chains as in Wiersema et al.,
PRX Quantum 1, 020319 (2020).
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, TypeAlias

import numpy as np

from suite.errors import InputError

__all__ = ["hamiltonian_variational", "layer_groups"]

Term: TypeAlias = tuple[str, tuple[int, ...], float]  # letters, qubits, coefficient


def hamiltonian_variational(observable: Any, repetitions: int) -> Any:
    """Layers of exp(-iθH_g) over the groups of `layer_groups`, from a state of one of them.

    Where bonds carry several words (Heisenberg, XXZ), bonds of one colour evolve together and the
    start is a singlet on each bond of the first colour; else (Ising) the start is the lowest
    product state of the one-body terms, |+> on each qubit where there are none.
    """
    from qiskit.circuit import ParameterVector
    from qiskit.circuit.library import PauliEvolutionGate

    groups, singlets = layer_groups(observable)
    if not groups:
        raise InputError("The ansatz hva needs an observable with other terms than a constant.")
    circuit = _start(observable, singlets)
    angles = iter(ParameterVector("θ", repetitions * len(groups)))
    for _ in range(repetitions):
        for group in groups:
            gate = PauliEvolutionGate(group, time=next(angles))
            circuit.append(gate, range(observable.num_qubits))
    return circuit


def layer_groups(observable: Any) -> tuple[list[Any], list[tuple[int, ...]]]:
    """Parts of the observable whose words commute, and the bonds of the first colour.

    Words of a colour with equal coefficients share a part where they commute, which keeps the
    symmetries of the bond; no bonds where each carries one kind of word.

    >>> from qiskit.quantum_info import SparsePauliOp
    >>> groups, bonds = layer_groups(SparsePauliOp.from_list([("ZZ", -1), ("IX", -1), ("XI", -1)]))
    >>> [group.paulis.to_labels() for group in groups], bonds
    ([['ZZ'], ['IX', 'XI']], [])
    """
    from qiskit.quantum_info import SparsePauliOp

    terms = _terms(observable)
    kinds = {letters for letters, qubits, _ in terms if len(qubits) > 1}
    colours = _colours([qubits for _, qubits, _ in terms if len(qubits) > 1])
    if len(kinds) < 2:
        colours = dict.fromkeys(colours, 0)
    parts: dict[tuple[int, str], list[Term]] = defaultdict(list)
    for term in terms:
        letters, qubits, _ = term
        # One-body terms come last in a layer.
        colour = colours[qubits] if len(qubits) > 1 else len(terms)
        parts[colour, letters].append(term)
    groups = []
    for merged in _merged(parts):
        sum_ = SparsePauliOp.from_sparse_list(merged, observable.num_qubits)
        groups += sum_.group_commuting()
    first = [bond for bond, colour in colours.items() if colour == 0]
    return groups, first if len(kinds) > 1 else []


def _terms(observable: Any) -> list[Term]:
    sparse = observable.simplify().to_sparse_list()
    return [(letters, tuple(qubits), value.real) for letters, qubits, value in sparse if qubits]


def _colours(bonds: list[tuple[int, ...]]) -> dict[tuple[int, ...], int]:
    """The least colour for each bond that no earlier bond at its qubits has."""
    taken: dict[int, set[int]] = defaultdict(set)
    colours: dict[tuple[int, ...], int] = {}
    for bond in sorted(set(bonds)):
        used = set().union(*(taken[qubit] for qubit in bond))
        colours[bond] = next(c for c in range(len(used) + 1) if c not in used)
        for qubit in bond:
            taken[qubit].add(colours[bond])
    return colours


def _merged(parts: dict[tuple[int, str], list[Term]]) -> list[list[Term]]:
    """Kinds of words of one colour on the same bonds with the same coefficients, together."""
    together: dict[Any, list[Term]] = defaultdict(list)
    for (colour, letters), terms in sorted(parts.items(), key=lambda item: item[0][0]):
        many = len(letters) > 1
        pattern = sorted((qubits, value) for _, qubits, value in terms)
        together[colour, tuple(pattern) if many else letters] += terms
    return list(together.values())


def _start(observable: Any, singlets: list[tuple[int, ...]]) -> Any:
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(observable.num_qubits)
    pairs = [bond for bond in singlets if len(bond) == 2]
    if pairs:
        for low, high in pairs:  # (|01> - |10>)/√2
            circuit.x([low, high])
            circuit.h(low)
            circuit.cx(low, high)
        return circuit
    fields = np.zeros((observable.num_qubits, 3))
    for letters, qubits, value in _terms(observable):
        if len(qubits) == 1:
            fields[qubits[0], "XYZ".index(letters)] += value
    for qubit, field in enumerate(fields):
        # Against the field, whose direction has the angles below; along +X where there is none.
        x, y, z = -field if np.any(field) else (1.0, 0.0, 0.0)
        circuit.ry(float(np.arctan2(np.hypot(x, y), z)), qubit)
        circuit.rz(float(np.arctan2(y, x)), qubit)
    return circuit
