"""Metric blocks against the full metric of Qiskit's states, by differences."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.circuit.library import PauliEvolutionGate
from qiskit.quantum_info import SparsePauliOp, Statevector

from suite.quantum.noise.metric_blocks import (
    assembled,
    bounds_of,
    covariance,
    known_blocks,
    layers_of,
)
from suite.quantum.noise.simulator import simulator
from suite.quantum.noise.unrolled import unroll
from suite.quantum.request import Request
from tests.quantum.noise.circuits import heisenberg, layered


def full_metric(circuit, values, step=1e-4):
    """Re <di|dj> - <di|psi><psi|dj> by central differences of Qiskit's states (error 1e-8)."""

    def state(at):
        return Statevector(circuit.assign_parameters(at)).data

    psi, unit = state(values), np.eye(len(values)) * step
    d = np.array([(state(values + u) - state(values - u)) / (2 * step) for u in unit])
    across = d - np.outer(d @ psi.conj(), psi)
    return (across.conj() @ across.T).real


def mixed():
    """Rotations of one and two qubits whose layers overlap, and a layer after entangling."""
    a = ParameterVector("a", 9)
    qc = QuantumCircuit(3)
    qc.h(2)
    for k in range(3):
        qc.ry(a[k], k)
    qc.rx(a[3], 0)
    qc.rzz(a[4], 1, 2)
    qc.rzz(a[5], 0, 1)
    qc.rz(a[6], 1)
    qc.cx(0, 2)
    qc.rxx(a[7], 0, 1)
    qc.p(a[8], 2)
    return qc


@pytest.mark.parametrize("circuit", [layered(), mixed()], ids=["su2", "mixed"])
def test_blocks_are_those_of_the_full_metric(circuit):
    unrolled = unroll(circuit)
    angles = np.random.default_rng(1).uniform(-2.0, 2.0, unrolled.count)
    exact = full_metric(unrolled.circuit, angles)
    blocks = known_blocks(unrolled, angles)
    assert blocks, "layers before any entangling gate cost no shots"
    for layer in layers_of(unrolled):
        bound = layer.circuit.assign_parameters(
            {p: angles[p.index] for p in layer.circuit.parameters}
        )
        state = Statevector(bound)
        generators = [SparsePauliOp(g).to_matrix() for g in layer.generators]
        moments = [g @ state.data for g in generators]
        # One local basis: the probabilities that Qiskit gives after turning it to Z.
        turned = bound.copy()
        for qubit, letter in enumerate(layer.basis):
            if letter == 2:
                turned.sdg(qubit)
            if letter:
                turned.h(qubit)
        block = covariance(layer, Statevector(turned).probabilities())
        second = np.array([[np.vdot(a, b).real for b in moments] for a in moments])
        first = np.array([np.vdot(state.data, m).real for m in moments])
        np.testing.assert_allclose(block, second - np.outer(first, first), atol=1e-12)
        blocks.append((np.array(layer.indices), block))
    together = assembled(unrolled, blocks)
    for indices, _ in blocks:
        place = np.ix_(indices, indices)
        np.testing.assert_allclose(together[place], exact[place], atol=1e-7)
    assert sorted(i for indices, _ in blocks for i in indices) == list(range(unrolled.count))


def test_su2_takes_two_layers_a_repetition():
    assert [len(layer.indices) for layer in layers_of(unroll(layered(3, 2)))] == [3, 3, 3, 3]


def test_measured_blocks_are_within_their_noise():
    machine = simulator(layered(), heisenberg(3), seed=2)
    angles = np.random.default_rng(1).uniform(-2.0, 2.0, machine.unrolled.count)
    exact = full_metric(machine.unrolled.circuit, angles)
    shots = 40_000
    measured, _ = machine.measure(Request(values=angles, metric_shots=shots), 0)
    assert measured.shots == shots * len(layers_of(machine.unrolled))
    for indices, block in measured.blocks:
        # An element is a mean of products of values within a quarter.
        assert np.abs(block - exact[np.ix_(indices, indices)]).max() < 5 * 0.25 / np.sqrt(shots)


@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
def test_what_no_local_basis_measures_is_bounded():
    words = SparsePauliOp(["XXY", "YYY", "XYX", "YXX"], [0.25, 0.25, -0.25, 0.25])
    a = ParameterVector("a", 2)
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.append(PauliEvolutionGate(words, a[0]), range(3))
    circuit.crx(a[1], 0, 1)
    unrolled = unroll(circuit)
    assert not [i for layer in layers_of(unrolled) for i in layer.indices if i == 0]
    diagonal = np.diag(full_metric(unrolled.circuit, np.array([0.3, 0.4])))
    assert np.all(bounds_of(unrolled) >= diagonal - 1e-7)
