"""Two qubits fewer: the parities of the numbers of spin-up and of spin-down electrons are known."""

from __future__ import annotations

from typing import Any

from suite.errors import InputError

__all__ = ["parity_qubits", "tapered"]


def parity_qubits(orbitals: int) -> tuple[int, int]:
    """The qubits that are taken out: those of the highest orbital of each spin.

    >>> parity_qubits(3)
    (2, 5)
    """
    return orbitals - 1, 2 * orbitals - 1


def tapered(operator: Any, electrons: tuple[int, int]) -> Any:
    """A Jordan-Wigner operator [2 o qubits] that conserves both spins, on 2 o - 2 qubits.

    `electrons` (up, down) are the numbers whose sector is kept; spin-up orbitals are the lower
    qubits. CNOTs onto the highest orbital of each spin make its qubit hold the parity of that spin,
    where a Z is a known sign: Bravyi, Gambetta, Mezzacapo and Temme, arXiv:1701.08213. The other
    qubits keep their occupations. Words map to words, so those that commuted still do. Raises
    `InputError` for an operator that changes a parity, or of one orbital.

    >>> from suite.quantum.problems.jordan_wigner import fermion_to_qubits
    >>> hop = {((1, True), (0, False)): 1.0, ((0, True), (1, False)): 1.0}
    >>> tapered(fermion_to_qubits(hop, 4), (1, 1)).to_list()
    [('IX', (1+0j))]
    """
    import numpy as np
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import PauliList, SparsePauliOp

    orbitals = operator.num_qubits // 2
    if orbitals < 2:
        raise InputError("One orbital leaves no qubit to taper: take mapping = 'jordan-wigner'.")
    ends = parity_qubits(orbitals)
    onto = QuantumCircuit(2 * orbitals)
    for end in ends:
        for orbital in range(end - orbitals + 1, end):
            onto.cx(orbital, end)
    words = operator.paulis.evolve(onto)
    x, z, phase = words.x, words.z, words.phase
    if x[:, ends].any():
        raise InputError("The operator changes the number of electrons of a spin by an odd number.")
    odd = np.sum(z[:, ends] * np.array(electrons), axis=1) % 2
    others = np.delete(np.arange(2 * orbitals), ends)
    left = PauliList.from_symplectic(z[:, others], x[:, others], phase)
    return SparsePauliOp(left, operator.coeffs * np.where(odd, -1.0, 1.0)).simplify()
