"""A small problem, its exact values, and layers of its metric."""

from typing import NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import SparsePauliOp, Statevector

OBSERVABLE = SparsePauliOp(["II", "ZZ", "ZI", "IZ", "XX", "YY"], [-1.0, 0.5, 0.4, -0.3, 0.2, 0.1])
SOME = np.array([0.3, -0.7, 0.9, 0.2])
OTHER = np.array([0.5, -0.4, 1.1, 0.1])


class Layer(NamedTuple):
    indices: tuple
    circuit: QuantumCircuit
    generators: tuple


def circuit():
    """ry ry cx, then a rotation about ZZ and one about XX: two layers."""
    angles = ParameterVector("θ", 4)
    made = QuantumCircuit(2)
    made.ry(angles[0], 0)
    made.ry(angles[1], 1)
    made.cx(0, 1)
    made.rzz(angles[2], 0, 1)
    made.rxx(angles[3], 0, 1)
    return made


def layers():
    whole = circuit()
    empty, prefix = QuantumCircuit(2), QuantumCircuit(2)
    for instruction in whole.data[:3]:
        prefix.append(instruction)
    first = tuple(SparsePauliOp(word, 0.5) for word in ("IY", "YI"))
    second = tuple(SparsePauliOp(word, 0.5) for word in ("ZZ", "XX"))
    return [Layer((0, 1), empty, first), Layer((2, 3), prefix, second)]


def state(values):
    return Statevector(circuit().assign_parameters(values))


def energy(values):
    return float(state(values).expectation_value(OBSERVABLE).real)


def overlap(a, b):
    return float(abs(state(a).inner(state(b))) ** 2)
