"""The engine of any circuit against Qiskit's statevector and the slow road."""

import sys

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import PauliEvolutionGate, efficient_su2
from qiskit.quantum_info import SparsePauliOp, Statevector, random_clifford

from suite.errors import InputError
from suite.quantum.exact import circuits, kernel, memory
from suite.quantum.exact.circuits import circuit_engine

H = SparsePauliOp.from_list(
    [("ZZII", 0.7), ("IXXI", -0.4), ("YIIY", 0.9), ("IZIX", 0.3), ("YXZI", -0.2), ("IIII", 1.5)]
)
T = ParameterVector("t", 6)
# Two of the evolutions below are products, as they are in Qiskit's transpiled circuit.
pytestmark = pytest.mark.filterwarnings(
    "ignore::suite.quantum.exact.definitions.ProductFormulaWarning"
)


def everything():
    """Controlled gates, reused parameters, expressions, evolutions, fixed gates of all kinds."""
    c = QuantumCircuit(4)
    c.h(0)
    c.sx(1)
    c.t(2)
    c.ry(2.0 * T[0] - 0.3, 0)
    c.u(T[1], T[2] + T[0], 0.4, 1)
    c.crx(T[3], 0, 2)
    c.cry(T[0] * T[1], 1, 3)
    c.crz(-T[2], 3, 0)
    c.cp(T[4], 2, 1)
    c.ccx(0, 1, 2)
    c.append(
        PauliEvolutionGate(SparsePauliOp(["XXII", "YYII", "IIZZ"], [0.3, 0.5, -1.1]), T[5]),
        [3, 0, 1, 2],
    )
    c.append(PauliEvolutionGate(SparsePauliOp(["XZ", "ZX", "YY"]), T[5].sin()), [1, 3])
    c.append(PauliEvolutionGate(SparsePauliOp(["XI", "ZZ"], [0.2, 0.7]), T[1] ** 2 / 3), [0, 2])
    c.iswap(1, 2)
    c.rzx(T[0], 3, 1)
    c.append(random_clifford(3, seed=3), [0, 2, 3])
    c.cu(T[1], 0.2, T[3], 0.1, 2, 0)
    c.rxx(0.6, 0, 3)
    return c


def layered():
    """A Hamiltonian variational circuit: one parameter a layer."""
    c = QuantumCircuit(4)
    c.h(range(4))
    for layer in range(2):
        for q in range(3):
            c.rzz(0.5 * T[2 * layer], q, q + 1)
        c.rx(T[2 * layer + 1], range(4))
    return c


CIRCUITS = {
    "everything": everything(),
    "layered": layered(),
    "efficient": efficient_su2(4, reps=2),
}


def state_of(circuit, values):
    """Qiskit's statevector of a circuit of decomposed gates, so that none is exponentiated."""
    return Statevector(circuit.assign_parameters(list(values))).data


def slow_geometry(circuit, values, observable):
    """Central differences of Qiskit's states, extrapolated (error h⁴, 1e-11 at h = 2e-3)."""

    def derivative(i, h):
        step = h * np.eye(len(values))[i]
        return (state_of(circuit, values + step) - state_of(circuit, values - step)) / (2 * h)

    circuit = circuit.decompose(reps=4)
    state, matrix = state_of(circuit, values), observable.to_matrix()
    rows = np.array(
        [(4 * derivative(i, 1e-3) - derivative(i, 2e-3)) / 3 for i in range(len(values))]
    )
    energy = np.vdot(state, matrix @ state).real
    across = rows - np.outer(rows @ state.conj(), state)
    metric = (across.conj() @ across.T).real
    curvature = 2 * (across.conj() @ (matrix - energy * np.eye(len(state))) @ across.T).real
    return energy, 2 * (rows.conj() @ matrix @ state).real, metric, curvature


@pytest.fixture(params=["compiled", "numpy"])
def either_kernel(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(kernel, "native", lambda: None)


@pytest.mark.usefixtures("either_kernel")
@pytest.mark.parametrize("name", CIRCUITS)
def test_all_parts_match_differences_of_qiskits_states(name):
    circuit = CIRCUITS[name]
    values = np.random.default_rng(5).uniform(-2, 2, circuit.num_parameters)
    engine = circuit_engine(circuit, H)
    here = engine.geometry(values)
    energy, gradient, metric, curvature = slow_geometry(circuit, values, H)
    assert here.energy == pytest.approx(energy, abs=1e-12)
    np.testing.assert_allclose(here.gradient, gradient, atol=1e-9)
    np.testing.assert_allclose(here.metric, metric, atol=1e-9)
    np.testing.assert_allclose(here.curvature, curvature, atol=1e-9)
    overlap = np.vdot(engine.statevector(values), state_of(circuit.decompose(reps=4), values))
    assert abs(overlap) == pytest.approx(1.0, abs=1e-13)


@pytest.mark.parametrize("name", CIRCUITS)
def test_the_roads_agree(name):
    circuit = CIRCUITS[name]
    values = np.random.default_rng(6).uniform(-2, 2, circuit.num_parameters)
    engine = circuit_engine(circuit, H)
    whole = engine.geometry(values)
    halves = engine.geometry(values, curvature=False)
    energy, gradient = engine.gradient(values)
    assert halves.curvature.shape == (0, 0)
    np.testing.assert_allclose(halves.metric, whole.metric, atol=1e-13)
    np.testing.assert_allclose(halves.gradient, whole.gradient, atol=1e-13)
    np.testing.assert_allclose(gradient, whole.gradient, atol=1e-13)
    assert energy == pytest.approx(whole.energy, abs=1e-13)
    assert engine.energy(values) == energy
    assert engine.scale == pytest.approx(4.0)
    np.testing.assert_array_equal(engine.state(values), whole.state)


@pytest.mark.usefixtures("either_kernel")
@pytest.mark.parametrize("name", CIRCUITS)
def test_overlaps_match_differences_of_the_states(name):
    circuit = CIRCUITS[name]
    random = np.random.default_rng(7)
    values = random.uniform(-2, 2, circuit.num_parameters)
    vector = random.normal(size=16) + 1j * random.normal(size=16)
    engine = circuit_engine(circuit, H)
    steps = 1e-4 * np.eye(len(values))
    differences = [engine.state(values + h) - engine.state(values - h) for h in steps]
    expected = np.array([np.vdot(d, vector).real for d in differences]) / 2e-4
    np.testing.assert_allclose(engine.overlaps(values, vector), expected, atol=1e-6)


def test_compiled_and_numpy_agree_to_rounding(monkeypatch):
    circuit = CIRCUITS["everything"]
    values = np.random.default_rng(7).uniform(-2, 2, circuit.num_parameters)
    fast = circuit_engine(circuit, H).geometry(values)
    monkeypatch.setattr(kernel, "native", lambda: None)
    slow = circuit_engine(circuit, H).geometry(values)
    for one, other in zip(fast, slow, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("curvature", [False, True])
def test_streaming_in_little_memory_changes_nothing(monkeypatch, curvature):
    circuit = efficient_su2(6, reps=4)
    observable = SparsePauliOp.from_sparse_list(
        [("ZZ", [q, q + 1], 1.0) for q in range(5)] + [("X", [q], 0.7) for q in range(6)], 6
    )
    values = np.random.default_rng(8).uniform(-2, 2, 60)
    whole = circuit_engine(circuit, observable).geometry(values, curvature=curvature)
    engine = circuit_engine(circuit, observable)
    held = []
    gathered = circuits.gathered
    monkeypatch.setattr(
        circuits, "gathered", lambda *a: held.append(len(found := gathered(*a))) or found
    )
    monkeypatch.setattr(memory, "MOST_BYTES", 280_000 if curvature else 240_000)
    streamed = engine.geometry(values, curvature=curvature)
    assert len(held) > 3
    assert max(held) < 30
    for one, other in zip(whole, streamed, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_a_large_observable_acts_word_by_word(monkeypatch):
    circuit = CIRCUITS["everything"]
    values = np.random.default_rng(9).uniform(-2, 2, circuit.num_parameters)
    by_matrix = circuit_engine(circuit, H)
    monkeypatch.setattr("suite.quantum.exact.action.MATRIX_SHARE", 0.0)
    by_words = circuit_engine(circuit, H)
    for one, other in zip(by_matrix.geometry(values), by_words.geometry(values), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)
    state = by_words.geometry(values).state
    matrix, vector = H.to_matrix(), by_words.statevector(values)
    spread = np.linalg.norm(matrix @ vector) ** 2 - np.vdot(vector, matrix @ vector).real ** 2
    assert by_words.variance(state) == pytest.approx(spread, abs=1e-12)


def test_what_does_not_fit_is_refused_with_the_numbers():
    circuit = QuantumCircuit(40)
    circuit.rx(Parameter("a"), range(40))
    with pytest.raises(InputError, match=r"40 qubits with 1 parameters need at least .* GiB"):
        circuit_engine(circuit, SparsePauliOp("Z" * 40))


@pytest.mark.parametrize("value", [1j, np.nan])
def test_an_observable_must_be_real_and_finite(value):
    with pytest.raises(InputError, match="must have real, finite coefficients"):
        circuit_engine(CIRCUITS["layered"], SparsePauliOp(["ZZZZ", "XXXX"], [1.0, value]))


def test_a_circuit_without_parameters_has_an_energy():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    here = circuit_engine(circuit, SparsePauliOp("XX")).geometry([])
    assert here.energy == pytest.approx(1.0, abs=1e-15)
    assert here.gradient.shape == (0,)
    assert here.metric.shape == (0, 0)


def test_a_reset_of_a_used_qubit_is_refused():
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("a"), 0)
    circuit.reset(0)
    with pytest.raises(InputError, match="'reset' of a qubit that was used before, which is no"):
        circuit_engine(circuit, SparsePauliOp("Z"))


def test_evolutions_of_many_qubits_cost_no_dense_matrix():
    circuit = QuantumCircuit(14)
    circuit.append(PauliEvolutionGate(SparsePauliOp("XY" + "Z" * 12), Parameter("a")), range(14))
    here = circuit_engine(circuit, SparsePauliOp("Z" + "I" * 13)).geometry([0.3])
    assert here.energy == pytest.approx(np.cos(0.6), abs=1e-14)
    assert here.metric[0, 0] == pytest.approx(1.0, abs=1e-14)


def test_values_that_are_no_numbers_are_refused():
    engine = circuit_engine(CIRCUITS["layered"], H)
    with pytest.raises(InputError, match="must be numbers"):
        engine.energy(["a"] * 4)


def test_without_llvm_there_is_no_native_code(monkeypatch):
    from suite.quantum.exact.kernel_native import native

    assert native() is not None
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    assert native.__wrapped__() is None


def test_a_transpiled_evolution_comes_back_as_one_rotation():
    """CX ladders go into the frame, and words of one parameter share a row of derivatives."""
    operator = SparsePauliOp(["XXXY", "XYYY", "YXXX"], [0.25, -0.25, 0.5])
    circuit = QuantumCircuit(4)
    circuit.x(0)
    circuit.append(PauliEvolutionGate(operator, time=T[0]), range(4))
    plain = transpile(circuit, basis_gates=["rz", "sx", "x", "cx"], optimization_level=0)
    engine, direct = circuit_engine(plain, H), circuit_engine(circuit, H)
    assert plain.count_ops()["cx"] > 10
    assert [len(r.words) for r in engine.lowered.rotations] == [3]
    for one, other in zip(engine.geometry([0.4])[:4], direct.geometry([0.4])[:4], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)
