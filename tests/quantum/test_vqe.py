"""Ground states against full CI, and how a run ends."""

import json
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp

from suite.core import Fixed, Status
from suite.errors import InputError, StoreMismatch
from suite.quantum import molecule, pauli_sum, vqe
from suite.quantum.ansatz import uccsd

EXAMPLE = Path(__file__).parents[2] / "examples" / "quantum" / "h2.toml"


@pytest.mark.parametrize(("orbitals", "electrons", "count"), [(2, 1, 3), (4, 2, 26), (6, 2, 92)])
def test_uccsd_has_the_parameters_of_its_excitations(orbitals, electrons, count):
    assert uccsd(orbitals, (electrons, electrons)).num_parameters == count


@pytest.mark.parametrize("length", [0.5, 0.735, 1.5, 2.5])
def test_h2_is_solved_to_full_ci_in_few_evaluations(length):
    problem = molecule(f"H 0 0 0; H 0 0 {length}")
    found = vqe(problem)
    assert found.status is Status.CONVERGED
    assert abs(found.energy - problem.exact) < 1e-6
    assert found.evaluations <= 8
    energies = [entry["energy"] for entry in found.trace()]
    assert np.all(np.diff(energies) < 1e-12)


def test_h4_reaches_the_minimum_of_its_ansatz():
    # The minimum of UCCSD in one Trotter step, found by another program.
    found = vqe(molecule("H 0 0 0; H 0 0 1; H 0 0 2; H 0 0 3"), gradient=1e-4)
    assert found.status is Status.CONVERGED
    assert found.energy == pytest.approx(-2.166308019, abs=1e-6)


def test_the_example_file_says_everything(tmp_path):
    found = vqe(EXAMPLE, store=tmp_path)
    found.save(tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert abs(summary["energy"] - summary["exact_energy"]) < 1e-6
    assert summary["standard_error"] == 0.0
    assert [entry["evaluations"] for entry in summary["trace"]] == sorted(
        entry["evaluations"] for entry in summary["trace"]
    )
    again = vqe(EXAMPLE, store=tmp_path)
    assert again.summary() == found.summary()


@pytest.mark.parametrize("seed", range(3))
def test_a_hardware_efficient_circuit_never_goes_up_nor_below_the_exact_energy(seed):
    chain = SparsePauliOp.from_sparse_list(
        [(pair, [i, i + 1], -1.0) for i in range(2) for pair in ("ZZ",)]
        + [("X", [i], -1.0) for i in range(3)],
        3,
    )
    found = vqe(chain, ansatz="efficient_su2", seed=seed, evaluations=150)
    exact = np.linalg.eigvalsh(chain.to_matrix())[0]
    energies = [entry["energy"] for entry in found.trace()]
    assert np.all(np.diff(energies) <= 0.0)
    assert found.energy > exact - 1e-12


def test_a_singular_metric_does_not_break_the_direction():
    # rz on |0> moves nothing: its row of the metric is zero.
    circuit = QuantumCircuit(1)
    circuit.rz(Parameter("a"), 0)
    circuit.ry(Parameter("b"), 0)
    found = vqe(SparsePauliOp("Z"), ansatz=circuit, start=[0.3, 0.9])
    assert found.energy == pytest.approx(-1.0, abs=1e-9)


def test_a_tolerance_below_rounding_ends_stalled_not_creeping():
    usual, tight = vqe(EXAMPLE), vqe(molecule("H 0 0 0; H 0 0 0.735"), gradient=1e-17)
    assert tight.status is Status.STALLED
    assert tight.evaluations <= usual.evaluations + 5


def test_running_out_of_evaluations_keeps_the_best():
    found = vqe(molecule("H 0 0 0; H 0 0 2.5"), evaluations=3)
    assert found.status is Status.OUT_OF_ATTEMPTS
    assert found.evaluations == 3


def test_a_law_is_a_value_and_fixed_steps_show_what_adapting_buys():
    problem = molecule("H 0 0 0; H 0 0 1.5")
    assert vqe(problem, law=Fixed(), evaluations=6).energy >= vqe(problem).energy - 1e-12


def test_a_stored_run_of_something_else_is_not_gone_on_with(tmp_path):
    vqe(pauli_sum([("Z", 1.0), ("X", 0.5)]), ansatz="real_amplitudes", store=tmp_path)
    with pytest.raises(StoreMismatch, match=r"options\.gradient was 1e-06, now 0\.001"):
        vqe(
            pauli_sum([("Z", 1.0), ("X", 0.5)]),
            ansatz="real_amplitudes",
            store=tmp_path,
            gradient=1e-3,
        )


BAD_FILES = [
    ("not toml", "cannot be read as a TOML file"),
    ("", "exactly one of"),
    ('[molecule]\ngeometry = "H 0 0 0; H 0 0 1"\n[pauli]\nterms = []', "exactly one of"),
    ("[molecul]\nx = 1", "Did you mean 'molecule'"),
    ('[molecule]\ngeometry = "H 0 0 0; H 0 0 1"\nbassis = "sto-3g"', "Did you mean 'basis'"),
    ('[molecule]\nbasis = "sto-3g"', "needs a geometry"),
    ('[molecule]\ngeometry = "H 0 0 0; H 0 0 1"\ncharge = "one"', "charge must be of type int"),
    ('[pauli]\nterms = [["ZZ"]]', "must be pairs"),
    ("[pauli]\nterms = [[1, -1.0]]", "must be 1 letters"),
    (
        '[pauli]\nterms = [["Z", 1.0]]\n[ansatz]\nname = "efficient_su2"\nrepetitions = -1',
        "positive",
    ),
    ('[pauli]\nterms = [["Z", 1.0]]\n[ansatz]\nname = "efficient_su2"\n[start]\nseed = -1', "seed"),
    ('[pauli]\nterms = [["Z", 1.0]]\n[start]\nparameters = ["a"]', "must be numbers|uccsd"),
    ('[pauli]\nterms = [["ZZ", "much"]]', "finite number"),
    ('[molecule]\ngeometry = "H 0 0 0; H 0 0 1"\nactive_space = [2]', "must be \\[electrons"),
    ('[pauli]\nterms = [["ZZ", 1.0]]', "needs a \\[molecule\\]"),
    ('[pauli]\nterms = [["ZZ", 1.0]]\n[ansatz]\nname = "ucc"', "must be one of"),
    ('[pauli]\nterms = [["ZZ", 1.0]]\n[backend]\nname = "cloud"', "must be 'exact'"),
    ('[pauli]\nterms = [["ZZ", 1.0]]\n[stop]\ngradient = -1.0', "must be positive"),
]


@pytest.mark.parametrize(("text", "sentence"), BAD_FILES)
def test_a_problem_file_is_refused_by_key_and_value(tmp_path, text, sentence):
    path = tmp_path / "problem.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=sentence):
        vqe(path)


def test_a_circuit_that_does_not_fit_is_refused():
    with pytest.raises(InputError, match="acts on 1 qubits, the circuit has 2"):
        vqe(SparsePauliOp("Z"), ansatz=efficient_su2(2, reps=1))
    with pytest.raises(InputError, match="no parameters"):
        vqe(SparsePauliOp("Z"), ansatz=QuantumCircuit(1))
    with pytest.raises(InputError, match="values of shape"):
        vqe(SparsePauliOp("Z"), ansatz="real_amplitudes", start=[0.1])


def test_a_file_that_is_silent_leaves_the_arguments_to_hold(tmp_path):
    path = tmp_path / "h2.toml"
    path.write_text('[molecule]\ngeometry = "H 0 0 0; H 0 0 2.5"\n')
    assert vqe(path, evaluations=2).evaluations == 2
    assert vqe(path, evaluations=1).evaluations == 1
    with pytest.raises(InputError, match="evaluations must be positive"):
        vqe(path, evaluations=0)


def test_the_charge_and_spin_of_an_xyz_file_hold(tmp_path):
    (tmp_path / "heh.xyz").write_text("2\ncharge=1\nHe 0 0 0\nH 0 0 0.9\n")
    (tmp_path / "heh.toml").write_text('[molecule]\ngeometry = "heh.xyz"\n')
    assert vqe(tmp_path / "heh.toml").energy == pytest.approx(-2.8626175787977766, abs=1e-7)


def test_an_observable_that_is_no_energy_is_refused():
    with pytest.raises(InputError, match="must have real coefficients"):
        vqe(SparsePauliOp.from_list([("Z", 1.0), ("X", 0.5j)]), ansatz="real_amplitudes")


def test_what_does_not_fit_in_memory_is_refused_before_it_is_built():
    circuit = QuantumCircuit(32)
    circuit.ry(Parameter("a"), 0)
    with pytest.raises(InputError, match="GiB of memory"):
        vqe(SparsePauliOp("Z" * 32), ansatz=circuit)
