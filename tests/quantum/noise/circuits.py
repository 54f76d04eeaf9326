"""Circuits and observables that the tests of noise share."""

from __future__ import annotations

import warnings

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.circuit.library import PauliEvolutionGate, efficient_su2
from qiskit.quantum_info import SparsePauliOp, Statevector


def heisenberg(n):
    bonds = [(a + a, [i, i + 1], 1.0) for i in range(n - 1) for a in "XYZ"]
    return SparsePauliOp.from_sparse_list([*bonds, ("Z", [0], 0.3), ("", [], 0.7)], n)


def every_gate():
    """Every kind of parametrised gate, reused parameters and expressions among them."""
    a = ParameterVector("a", 6)
    qc = QuantumCircuit(3)
    qc.h(0)
    qc.rx(a[0], 0)
    qc.ry(a[1] * 2, 1)
    qc.rz(a[0] + a[2], 2)
    qc.p(a[3], 1)
    qc.cx(0, 1)
    qc.rxx(a[1], 0, 1)
    qc.ryy(a[2], 1, 2)
    qc.rzz(a[3] * a[4], 0, 2)
    qc.rzx(a[5], 2, 0)
    qc.crx(a[0], 0, 2)
    qc.cry(a[4], 2, 1)
    qc.crz(a[5], 1, 0)
    qc.cp(-a[2], 0, 1)
    qc.cry(a[5], 1, 2, ctrl_state=0)
    qc.u(a[1], a[3], a[5], 2)
    qc.cu(a[0], a[1], a[2], a[4], 2, 0)
    qc.ccx(0, 1, 2)
    double = SparsePauliOp(["XXY", "YYY", "XYX", "YXX"], [0.25, 0.25, -0.25, 0.25])
    qc.append(PauliEvolutionGate(double, a[3]), [2, 0, 1])
    uneven = SparsePauliOp(["XXI", "IXX"], [0.4, 0.23])
    qc.append(PauliEvolutionGate(uneven, a[4]), [0, 1, 2])
    qc.append(PauliEvolutionGate(SparsePauliOp(["ZII"], [1.0]), a[5]), [0, 1, 2])
    return qc


def layered(n=3, reps=2):
    return efficient_su2(n, reps=reps, entanglement="linear")


def energy(circuit, observable, values):
    """By Qiskit's own simulator; slow and independent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy's on exponentials of sparse matrices
        state = Statevector(circuit.assign_parameters(values))
    return state.expectation_value(observable).real


def slopes(circuit, observable, values, step=1e-3):
    """Fourth-order differences of Qiskit's energies."""
    found = []
    for k in range(len(values)):
        at = [
            energy(circuit, observable, values + m * step * np.eye(len(values))[k])
            for m in (-2, -1, 1, 2)
        ]
        found.append((at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step))
    return np.array(found)
