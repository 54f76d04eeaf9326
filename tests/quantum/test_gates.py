"""Gates and starts that users bring: exact where they can be, named where they cannot."""

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.circuit.library import HamiltonianGate, PauliEvolutionGate, RVGate
from qiskit.quantum_info import SparseObservable, SparsePauliOp, Statevector
from scipy.linalg import expm

from suite.errors import InputError
from suite.quantum.ansatz.named import ansatz_of
from suite.quantum.exact.circuits import circuit_engine, energy_gradient_metric
from suite.quantum.exact.definitions import ProductFormulaWarning
from suite.quantum.problems.hamiltonian import pauli_sum
from suite.quantum.problems.operators import problem_of


def test_a_fresh_qubit_may_be_reset_and_initialised():
    amplitudes = np.array([0.5, 0.5j, 0.0, np.sqrt(0.5)])
    circuit = QuantumCircuit(3)
    circuit.reset(0)
    circuit.x(2)
    circuit.initialize(amplitudes, [1, 0])
    circuit.barrier()
    circuit.crx(Parameter("a"), 0, 2)
    bare = QuantumCircuit(3)
    bare.x(2)
    bare.prepare_state(amplitudes, [1, 0])
    bare.crx(0.7, 0, 2)
    state = Statevector(bare)
    engine = circuit_engine(circuit, SparsePauliOp("ZZI"))
    assert abs(np.vdot(state.data, engine.statevector([0.7]))) == pytest.approx(1.0)
    assert engine.energy([0.7]) == pytest.approx(
        state.expectation_value(SparsePauliOp("ZZI")).real, abs=1e-14
    )
    assert "reset" not in ansatz_of(circuit, pauli_sum("ZZI")).circuit.count_ops()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_gate_of_any_hamiltonian_is_its_exponential(size):
    rng = np.random.default_rng(size)
    matrix = rng.normal(size=(2**size, 2**size)) + 1j * rng.normal(size=(2**size, 2**size))
    matrix = matrix + matrix.conj().T
    circuit = QuantumCircuit(3)
    circuit.ry(0.3, 0)
    circuit.append(HamiltonianGate(matrix, Parameter("t")), range(size))
    first = QuantumCircuit(3)
    first.ry(0.3, 0)
    turn = np.kron(np.eye(2 ** (3 - size)), expm(-0.4j * matrix))
    state = turn @ Statevector(first).data
    found = circuit_engine(circuit, SparsePauliOp("IIX")).statevector([0.4])
    assert abs(np.vdot(state, found)) == pytest.approx(1.0, abs=1e-12)


def test_words_that_do_not_commute_are_taken_one_by_one_and_it_is_said():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    operator = SparsePauliOp(["XX", "YY", "ZI"], [0.5, 0.5, 1.0])
    circuit.append(PauliEvolutionGate(operator, time=Parameter("a")), [0, 1])
    with pytest.warns(ProductFormulaWarning, match="3 words that do not commute: .*LieTrotter"):
        engine = circuit_engine(circuit, SparsePauliOp("ZI"))
    plain = transpile(circuit, basis_gates=["rx", "ry", "rz", "cx", "h", "s", "sdg"])
    state = Statevector(plain.assign_parameters([0.3]))
    assert engine.energy([0.3]) == pytest.approx(
        state.expectation_value(SparsePauliOp("ZI")).real, abs=1e-12
    )


@pytest.mark.parametrize(
    "operator",
    [
        SparseObservable.from_list([("XX", 0.5), ("YY", 0.5), ("ZZ", -0.2)]),
        [SparsePauliOp(["XX", "YY"], [0.5, 0.5]), SparsePauliOp("ZZ", -0.2)],
    ],
    ids=["observable", "list"],
)
def test_evolutions_of_other_forms_of_sums_are_exact_where_words_commute(operator):
    circuit = QuantumCircuit(2)
    circuit.ry(0.4, 0)
    circuit.append(PauliEvolutionGate(operator, time=Parameter("a")), [0, 1])
    lowered = circuit_engine(circuit, SparsePauliOp("ZI")).lowered
    assert [len(r.words) for r in lowered.rotations if r.free] == [3]
    first = QuantumCircuit(2)
    first.ry(0.4, 0)
    matrix = SparsePauliOp(["XX", "YY", "ZZ"], [0.5, 0.5, -0.2]).to_matrix()
    state = Statevector(expm(-0.3j * matrix) @ Statevector(first).data)
    assert circuit_engine(circuit, SparsePauliOp("ZI")).energy([0.3]) == pytest.approx(
        state.expectation_value(SparsePauliOp("ZI")).real, abs=1e-14
    )


def test_an_observable_of_the_newer_kind_is_taken():
    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("a"), 0)
    energy, gradient, _ = energy_gradient_metric(circuit, SparseObservable("+"), [0.3])
    assert energy == pytest.approx(0.5 + 0.5 * np.sin(0.3))
    assert gradient == pytest.approx([0.5 * np.cos(0.3)])
    assert problem_of(SparseObservable("+")).exact == pytest.approx(0.0, abs=1e-15)


def test_a_gate_that_has_no_rotations_is_named():
    circuit = QuantumCircuit(1)
    circuit.append(RVGate(*map(Parameter, "abc")), [0])
    with pytest.raises(InputError, match="The gate 'rv' is no product of rotations while"):
        circuit_engine(circuit, SparsePauliOp("Z"))


def test_what_is_no_circuit_is_refused():
    with pytest.raises(InputError, match="must be a QuantumCircuit"):
        energy_gradient_metric("ry", SparsePauliOp("Z"), [0.1])
