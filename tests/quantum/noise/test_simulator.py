"""The simulator's numbers: exact energies, standard errors, noise channels, seeds."""

import numpy as np
import pytest
from qiskit.quantum_info import DensityMatrix, SparsePauliOp, SuperOp

from suite.quantum.exact.definitions import ProductFormulaWarning
from suite.quantum.noise import program
from suite.quantum.noise.groups import Groups
from suite.quantum.noise.program import DeviceNoise
from suite.quantum.noise.simulator import simulator
from suite.quantum.request import Request
from tests.quantum.noise.circuits import energy, every_gate, heisenberg, layered


def rows_at(machine, values, count):
    return np.tile(machine.unrolled.angles(values), (count, 1))


def test_exact_energies_and_the_unrolled_circuit():
    circuit, observable = every_gate(), heisenberg(3)
    machine = simulator(circuit, observable)
    rng = np.random.default_rng(0)
    for _ in range(3):
        values = rng.uniform(-2.0, 2.0, circuit.num_parameters)
        angles = machine.unrolled.angles(values)
        expected = energy(circuit, observable, values)
        assert machine.exact_energies(angles[None])[0] == pytest.approx(expected, abs=1e-12)
        assert energy(machine.unrolled.circuit, observable, angles) == pytest.approx(expected)


@pytest.mark.parametrize(("shots", "informed"), [(2, False), (2, True), (7, True), (60, False)])
def test_standard_errors_are_the_spread_and_the_mean_is_unbiased(shots, informed):
    circuit, observable = layered(), heisenberg(3)
    machine = simulator(circuit, observable, seed=5)
    values = np.random.default_rng(1).uniform(-2.0, 2.0, circuit.num_parameters)
    count, known = 20_000, None
    if informed:
        _, known = machine.measure(Request(rows_at(machine, values, 50), np.full(50, 100)), 7)
    request = Request(rows_at(machine, values, count), np.full(count, shots))
    found = machine.measure(request, 1, known)[0].energies
    spread = found.values.std()
    exact = energy(circuit, observable, values)
    assert abs(found.values.mean() - exact) < 4.5 * spread / np.sqrt(count)
    # The spread of 20 000 draws is known to about 1 %; two shots a row with nothing known before
    # lean on the coefficients.
    rms = np.sqrt(np.mean(found.standard_errors**2))
    assert rms == pytest.approx(spread, rel=0.04 if informed or shots > 10 else 0.1)
    assert found.shots == shots * count


def test_shots_follow_the_spread_of_the_groups():
    machine = simulator(layered(2, 1), SparsePauliOp(["ZZ", "XX"], [1.0, 1.0]))
    values = np.zeros(8)  # ZZ is certain there, XX is not
    rows = rows_at(machine, values, 200)
    even, _ = machine.measure(Request(rows, np.full(200, 100)), 0)
    wise, _ = machine.measure(
        Request(rows, np.full(200, 100)), 0, Groups(np.array([1.0, 0.0]), np.array([1e-3, 1.0]))
    )
    assert wise.energies.values.std() < 0.8 * even.energies.values.std()


def test_the_same_attempt_sees_the_same_shots():
    machine, again = (simulator(layered(), heisenberg(3), seed=3) for _ in range(2))
    rows = rows_at(machine, np.ones(18), 4)
    request = Request(
        rows, np.full(4, 33), rows[0], 100, rows[:2].reshape(1, 2, -1), 50, rows[0], 9
    )
    first, second = machine.measure(request, 5)[0], again.measure(request, 5)[0]
    other = machine.measure(request, 6)[0]
    np.testing.assert_array_equal(first.energies.values, second.energies.values)
    np.testing.assert_array_equal(first.blocks[0][1], second.blocks[0][1])
    assert first.fidelities.values[0] == second.fidelities.values[0]
    assert np.any(first.energies.values != other.energies.values)
    assert first.shots == 4 * 33 + 100 * len(machine.layers) + 50 + 9


def test_rows_do_not_depend_on_their_neighbours():
    machine = simulator(every_gate(), heisenberg(3), noise=DeviceNoise())
    rows = np.random.default_rng(0).normal(size=(6, machine.unrolled.count))
    rows[2:, : machine.unrolled.count // 2] = rows[0, : machine.unrolled.count // 2]
    together = program.final_states(machine.program, rows)
    alone = [program.final_states(machine.program, row[None])[0] for row in rows]
    np.testing.assert_allclose(together, alone, atol=1e-13)


def test_noise_is_the_depolarising_channel():
    noise = DeviceNoise(one_qubit=0.02, two_qubit=0.1, readout=0.0)
    circuit, observable = layered(2, 1), heisenberg(2)
    machine = simulator(circuit, observable, noise=noise)
    values = np.random.default_rng(2).uniform(-2.0, 2.0, circuit.num_parameters)
    state = DensityMatrix.from_label("00")
    bound = machine.unrolled.circuit.assign_parameters(machine.unrolled.angles(values))
    for instruction in bound.data:
        qubits = [bound.find_bit(q).index for q in instruction.qubits]
        strength = noise.one_qubit if len(qubits) == 1 else noise.two_qubit
        size = 2 ** len(qubits)
        # Superoperators act on columns stacked: tr(rho) 1/d beside the identity.
        mixing = np.outer(np.eye(size).ravel(), np.eye(size).ravel()) / size
        channel = SuperOp((1 - strength) * np.eye(size**2) + strength * mixing)
        state = state.evolve(instruction.operation, qubits).evolve(channel, qubits)
    expected = state.expectation_value(observable).real
    found = machine.exact_energies(machine.unrolled.angles(values)[None])[0]
    assert found == pytest.approx(expected, abs=1e-12)


def test_flipped_readouts_shrink_a_word_by_its_weight():
    machine = simulator(
        layered(2, 1), SparsePauliOp(["ZZ"]), noise=DeviceNoise(0.0, 0.0, readout=0.1)
    )
    rows = rows_at(machine, np.zeros(8), 1)
    found, _ = machine.measure(Request(rows, np.array([400_000])), 0)
    assert found.energies.values[0] == pytest.approx(0.8**2, abs=5e-3)


def test_fidelities():
    circuit = layered()
    machine = simulator(circuit, heisenberg(3))
    a, b = np.random.default_rng(0).normal(size=(2, machine.unrolled.count)) * 0.3
    found, _ = machine.measure(Request(pairs=np.array([[a, b], [a, a]]), pair_shots=100_000), 0)
    from qiskit.quantum_info import Statevector

    bound = [machine.unrolled.circuit.assign_parameters(x) for x in (a, b)]
    overlap = abs(np.vdot(*(Statevector(each).data for each in bound))) ** 2
    error = found.fidelities.standard_errors[0]
    assert abs(found.fidelities.values[0] - overlap) < 4 * error
    assert found.fidelities.values[1] == 1.0


def test_words_that_do_not_commute_are_run_as_qiskit_synthesises_them_and_said_to_be():
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter
    from qiskit.circuit.library import PauliEvolutionGate

    circuit = QuantumCircuit(2)
    circuit.append(
        PauliEvolutionGate(SparsePauliOp(["XI", "ZZ"], [0.4, 0.3]), Parameter("t")), [0, 1]
    )
    with pytest.warns(ProductFormulaWarning, match="2 words that do not commute"):
        machine = simulator(circuit, heisenberg(2))
    found = machine.exact_energies(machine.unrolled.angles(np.array([0.9]))[None])[0]
    synthesised = circuit.decompose(reps=2)
    expected = energy(synthesised, heisenberg(2), [0.9])
    assert found == pytest.approx(expected, abs=1e-12)
