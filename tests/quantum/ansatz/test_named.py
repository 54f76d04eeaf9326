"""Ansätze against matrix exponentials, symmetries, and the ground states they must reach."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector
from scipy.linalg import expm
from scipy.optimize import minimize

from suite.errors import InputError
from suite.quantum import molecule, pauli_sum
from suite.quantum.ansatz.hamiltonian_variational import layer_groups
from suite.quantum.ansatz.named import ANSATZE, Ansatz, ansatz_of, k_upccgsd, uccsd
from suite.quantum.exact.circuits import circuit_engine, engine_of
from suite.quantum.problems.spins import chain, heisenberg, ring, spin_model, tfim, xxz
from tests.quantum.ladders import dense_ladder


def state_by_exponentials(ansatz, electrons, values):
    """The product of dense exponentials on the Hartree-Fock determinant."""
    modes = ansatz.num_qubits
    up, down = electrons
    state = np.zeros(2**modes)
    state[(2**down - 1) << modes // 2 | (2**up - 1)] = 1.0
    for (emptied, filled), value in zip(ansatz.excitations, values, strict=True):
        excite = np.eye(2**modes)
        for mode in filled:
            excite = excite @ dense_ladder(mode, True, modes)
        for mode in emptied:
            excite = excite @ dense_ladder(mode, False, modes)
        state = expm(value * (excite - excite.T)) @ state
    return state


CLUSTERS = [
    (lambda: uccsd(2, (1, 1)), (1, 1), 3),
    (lambda: uccsd(3, (2, 1)), (2, 1), 8),
    (lambda: uccsd(3, (2, 0)), (2, 0), 2),
    (lambda: uccsd(3, (1, 1)), (1, 1), 8),
    (lambda: k_upccgsd(3, (2, 1), 1), (2, 1), 9),
    (lambda: k_upccgsd(2, (1, 1), 3), (1, 1), 9),
]


@pytest.mark.parametrize(("make", "electrons", "count"), CLUSTERS)
def test_the_circuit_is_the_product_of_exponentials_of_its_excitations(make, electrons, count):
    ansatz = make()
    assert ansatz.num_parameters == len(ansatz.excitations) == count
    values = np.random.default_rng(1).normal(size=count)
    gates = ansatz.circuit.assign_parameters(values)
    found = Statevector(gates.decompose(reps=2)).data
    expected = state_by_exponentials(ansatz, electrons, values)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("orbitals", "electrons", "count"), [(4, (2, 2), 26), (6, (2, 2), 92), (6, (3, 3), 117)]
)
def test_uccsd_has_the_parameters_of_the_reference(orbitals, electrons, count):
    assert uccsd(orbitals, electrons).num_parameters == count


def test_the_order_of_uccsd_is_singles_up_singles_down_then_doubles():
    kinds = [len(emptied) for emptied, _ in uccsd(4, (2, 2)).excitations]
    assert kinds == [1] * 8 + [2] * 18
    first = uccsd(4, (2, 2)).excitations[:8]
    assert [all(mode < 4 for mode in e + f) for e, f in first] == [True] * 4 + [False] * 4


def lowest(engine, start):
    def energy(values):
        return engine.gradient(values)

    return minimize(energy, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-13}).fun


@pytest.mark.parametrize("name", ["uccsd", "k-upccgsd"])
def test_an_open_shell_is_solved_from_its_determinant(name):
    problem = molecule("H 0 0 0; H 0 0 1; H 0 0 2", spin=1)
    ansatz = ansatz_of(name, problem)
    engine, plain = engine_of(problem, ansatz), circuit_engine(ansatz.circuit, problem.observable)
    zero = np.zeros(ansatz.num_parameters)
    assert engine.energy(zero) == pytest.approx(problem.hartree_fock, abs=1e-8)
    values = np.random.default_rng(0).normal(size=len(zero))
    assert engine.energy(values) == pytest.approx(plain.energy(values), abs=1e-10)
    assert 0.0 <= lowest(engine, zero + 1e-3) - problem.exact + 1e-9 < 2e-4


def test_the_parts_of_a_chain_are_bonds_of_one_colour_with_equal_coefficients():
    groups, bonds = layer_groups(xxz(chain(4), anisotropy=0.5).observable)
    words = [sorted(group.paulis.to_labels()) for group in groups]
    assert words == [
        ["IIXX", "IIYY", "XXII", "YYII"],
        ["IIZZ", "ZZII"],
        ["IXXI", "IYYI"],
        ["IZZI"],
    ]
    assert bonds == [(0, 1), (2, 3)]
    assert len(layer_groups(heisenberg(chain(8)).observable)[0]) == 2
    assert len(layer_groups(tfim(chain(8)).observable)[0]) == 2


@pytest.mark.parametrize(
    "problem",
    [
        tfim(ring(4)),
        xxz(ring(5), anisotropy=0.3, field=0.2),
        spin_model([(0, 1), (1, 2)], {"XZ": [1, 2], "YY": 0.5}, {"X": 0.3, "Y": 0.1}),
        pauli_sum("XYZ 1.0\nZZI 0.5\nIXX -1\nIIZ 0.2"),
    ],
)
def test_every_part_commutes_and_the_parts_are_the_observable(problem):
    groups, _ = layer_groups(problem.observable)
    for group in groups:
        for one in group.paulis:
            assert np.all(group.paulis.commutes(one))
    total = SparsePauliOp.sum(groups).simplify()
    assert total.equiv(problem.observable)
    circuit = ansatz_of("hva", problem, 1).circuit
    values = np.random.default_rng(0).normal(size=len(groups))
    start = circuit.assign_parameters(np.zeros(len(groups)))
    expected = Statevector(start.decompose(reps=2)).data
    for group, value in zip(groups, values, strict=True):
        expected = expm(-1j * value * group.to_matrix()) @ expected
    found = Statevector(circuit.assign_parameters(values).decompose(reps=3)).data
    np.testing.assert_allclose(found, expected, atol=1e-10)


@pytest.mark.parametrize(
    "problem", [tfim(ring(4)), heisenberg(chain(4)), xxz(ring(4), anisotropy=0.5)]
)
def test_the_hamiltonian_variational_ansatz_reaches_the_ground_state(problem):
    engine = engine_of(problem, ansatz_of("hva", problem, 3))
    starts = np.random.default_rng(3).uniform(-0.3, 0.3, (4, engine.parameters))
    assert min(lowest(engine, start) for start in starts) == pytest.approx(problem.exact, abs=1e-5)


def test_the_start_of_an_ising_model_is_its_lowest_product_state():
    fields = {"X": [0.5, -1.0, 0.0], "Y": [0.0, 2.0, 0.0], "Z": [1.0, 0.0, -0.3]}
    problem = spin_model([(0, 1), (1, 2)], {"ZZ": 1.0}, fields)
    circuit = ansatz_of("hva", problem, 1).circuit
    state = Statevector(circuit.assign_parameters(np.zeros(circuit.num_parameters)).decompose())
    only = SparsePauliOp.from_list(
        [term for term in problem.observable.to_list() if term[0].count("I") == 2]
    )
    assert state.expectation_value(only).real == pytest.approx(
        np.linalg.eigvalsh(only.to_matrix())[0], abs=1e-12
    )


@pytest.mark.parametrize("name", ["efficient_su2", "real_amplitudes", "n_local"])
def test_hardware_efficient_circuits_come_from_qiskit(name):
    ansatz = ansatz_of(name, tfim(chain(3)), 2)
    assert (ansatz.name, ansatz.excitations, ansatz.repetitions) == (name, None, 2)
    assert ansatz.num_parameters == {"efficient_su2": 18}.get(name, 9)
    if name == "n_local":
        other = ansatz_of(name, tfim(chain(3)), 1, rotations=["rx", "rz"], entanglers=["cx"])
        assert other.circuit.decompose().count_ops()["cx"] == 2


def test_a_users_circuit_is_taken_as_it_is():
    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("a"), 0)
    ansatz = ansatz_of(circuit, pauli_sum("Z 1.0"))
    assert isinstance(ansatz, Ansatz)
    assert ansatz.circuit is circuit
    assert ansatz_of(ansatz, pauli_sum("Z 1.0")) is ansatz
    assert Operator(ansatz.circuit.assign_parameters([0.0])).equiv(np.eye(2))


H2 = "H 0 0 0; H 0 0 0.735"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: ansatz_of("uccsdt", tfim(chain(2))), "Did you mean 'uccsd'"),
        (lambda: ansatz_of("uccsd", tfim(chain(2))), "needs a \\[molecule\\]"),
        (lambda: ansatz_of("k-upccgsd", tfim(chain(2))), "needs a \\[molecule\\]"),
        (lambda: ansatz_of("hva", molecule(H2)), "for spin models"),
        (lambda: ansatz_of("hva", pauli_sum("II 1.0")), "other terms than a constant"),
        (lambda: ansatz_of("hva", tfim(chain(2)), 0), "repetitions must be positive"),
        (lambda: ansatz_of("n_local", tfim(chain(2)), rotations=["r?"]), "Qiskit refuses"),
        (lambda: ansatz_of("efficient_su2", tfim(chain(2)), entanglement="all"), "Qiskit refuses"),
        (lambda: ansatz_of(3.0, tfim(chain(2))), "or a QuantumCircuit"),
    ],
)
def test_what_is_no_ansatz_is_refused(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()


def test_all_names_are_known():
    spins, h2 = tfim(chain(2)), molecule(H2)
    for name in ANSATZE:
        problem = h2 if "cc" in name else spins
        assert ansatz_of(name, problem).name == name


@pytest.mark.parametrize(
    ("problem", "usual"),
    [
        (lambda: tfim(chain(3)), "hva"),
        (lambda: spin_model([(0, 1)], {"ZZ": 1.0}, {"X": 0.5}), "hva"),
        (lambda: pauli_sum("1.0 ZZ + 0.5 XI"), "efficient_su2"),
        (lambda: molecule("H 0 0 0; H 0 0 0.735"), "uccsd"),
    ],
)
def test_without_a_name_the_ansatz_is_the_usual_one_of_the_problem(problem, usual):
    assert ansatz_of(None, problem()).name == usual
