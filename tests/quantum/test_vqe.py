"""Ground states against full CI, how a run ends, and how it goes on after it was killed."""

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp, Statevector

from suite.core import Fixed, Status
from suite.errors import InputError, StoreMismatch
from suite.quantum import molecule, pauli_sum, vqe
from suite.quantum.ansatz.named import uccsd
from suite.quantum.steps import methods
from tests.kill import ONE_THREAD

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "quantum" / "h2.toml"


@pytest.mark.parametrize("length", [0.5, 0.735, 1.5, 2.0, 3.0])
def test_h2_is_solved_to_full_ci_in_few_evaluations(length):
    problem = molecule(f"H 0 0 0; H 0 0 {length}")
    found = vqe(problem)
    assert found.status is Status.CONVERGED
    assert abs(found.energy - problem.exact) < 1e-6
    assert found.evaluations <= 6
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
    found = vqe(chain, ansatz="efficient_su2", seed=seed, evaluations=150, kicks=0)
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


@pytest.mark.parametrize("method", methods)
def test_every_method_finds_h2_and_says_what_it_did(method, tmp_path):
    problem = molecule("H 0 0 0; H 0 0 0.735")
    found = vqe(problem, method=method, gradient=1e-4, evaluations=400)
    assert abs(found.energy - problem.exact) < 1e-6
    assert found.status is Status.CONVERGED
    assert found.evaluations == len(found.record)
    summary = json.loads((found.save(tmp_path) / "summary.json").read_text())
    assert summary["method"] == method
    assert summary["energy"] == min(entry["energy"] for entry in summary["trace"])
    angles = [entry["angle"] for entry in summary["trace"][1:]]
    if method in ("gauss-newton", "natural", "qng"):
        assert all(0.0 < angle < 1.0 for angle in angles)
        assert "metric_rank" in (tmp_path / "attempts.csv").read_text().splitlines()[0]
    else:
        assert set(angles) == {None}


@pytest.mark.parametrize("ansatz", ["uccsd", "efficient_su2"])
def test_the_parameters_are_those_of_the_circuit_in_qiskit_too(ansatz):
    problem = molecule("H 0 0 0; H 0 0 1.5")
    found = vqe(problem, ansatz=ansatz, gradient=1e-5, evaluations=60)
    plain = transpile(found.circuit, basis_gates=["rx", "ry", "rz", "cx", "h", "x", "s", "sdg"])
    state = Statevector(plain.assign_parameters(found.parameters))
    energy = state.expectation_value(problem.observable).real
    assert found.energy == pytest.approx(energy, abs=1e-10)


def test_kicks_lead_out_of_a_basin_that_steps_down_do_not_leave():
    chain = SparsePauliOp.from_sparse_list(
        [(pair, [i, i + 1], 1.0) for i in range(3) for pair in ("XX", "YY", "ZZ")], 4
    )
    exact = np.linalg.eigvalsh(chain.to_matrix())[0]
    # Which starts get out depends on the last bits of the processor's arithmetic: some of four do.
    options = {"ansatz": "efficient_su2", "evaluations": 250, "gradient": 1e-5}
    down = vqe(chain, kicks=0, seed=0, **options)
    ends = [vqe(chain, kicks=5, seed=seed, **options) for seed in (0, 2, 6, 7)]
    kicked = min(ends, key=lambda end: end.energy)
    assert exact - 1e-10 < kicked.energy < down.energy - 0.05
    assert {row["phase"] for row in kicked.record} == {"gauss-newton", "burst"}
    assert {row["phase"] for row in down.record} == {"gauss-newton"}


KILLED = """
import json, os, signal, sys

import qiskit.circuit.library, scipy.optimize, scipy.sparse.linalg
import suite.quantum.exact.circuits
from suite.quantum import pauli_sum, vqe

options = {"ansatz": "efficient_su2", "seed": 3, "evaluations": 50, "gradient": 1e-12, "kicks": 4}


def plain(value):
    return value.tobytes().hex() if hasattr(value, "tobytes") else repr(value)


def live(method, folder, last, answer):
    def die(attempt):
        if attempt.number == last:
            os.kill(os.getpid(), signal.SIGKILL)

    words = ("XXI", "YYI", "ZZI", "IXX", "IYY", "IZZ")
    chain = pauli_sum([*((word, 1.0) for word in words), ("XII", 0.3)])
    found = vqe(chain, method=method, store=folder, observe=(die,), **options)
    rows = [row | {"notes": {k: plain(v) for k, v in row["notes"].items()}} for row in found.record]
    with open(answer, "w") as file:
        json.dump([plain(found.parameters), found.energy, rows], file)


def child(*given):
    # This process has started no thread yet, so that a fork of it is whole.
    number = os.fork()
    if number == 0:
        try:
            live(*given)
        finally:
            os._exit(0)
    return os.waitpid(number, 0)[1]


equal = {}
for method, moments in json.loads(sys.argv[1]).items():
    cut, whole = (os.path.join(sys.argv[2], method + end) for end in ("_cut", "_whole"))
    deaths = [child(method, cut, moment, cut + ".json") for moment in moments]
    child(method, cut, -1, cut + ".json")
    child(method, None, -1, whole + ".json")
    texts = [open(name + ".json").read() for name in (cut, whole)]
    equal[method] = [deaths, texts[0] == texts[1], len(json.loads(texts[1])[2])]
print(json.dumps(equal))
"""


def test_a_killed_run_goes_on_to_the_same_bits_with_every_method(tmp_path):
    seed = random.SystemRandom().getrandbits(32)
    sys.stdout.write(f"seed {seed}\n")  # shown by pytest on failure
    rng = random.Random(seed)
    kills = {"gauss-newton": 2, "l-bfgs": 2}
    moments = {m: sorted(rng.sample(range(1, 45), kills.get(m, 1))) for m in methods}
    command = [sys.executable, "-c", KILLED, json.dumps(moments), str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=ONE_THREAD, cwd=ROOT, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    for name, (deaths, equal, attempts) in json.loads(done.stdout).items():
        assert equal, name
        assert deaths[0] == 9 or attempts <= moments[name][0], name


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"method": "newton"}, "method must be one of gauss-newton, .* Got 'newton'"),
        ({"method": "adam", "rate": 0.0}, "rate must be positive and finite. Got 0.0"),
        ({"method": "qng", "rate": np.nan}, "rate must be positive and finite. Got nan"),
        ({"kicks": -1}, "kicks must be a whole number that is not negative. Got -1"),
        ({"start": [0.1, np.inf, 0.0]}, "must be finite. Got inf"),
        ({"gradient": 0.0}, "gradient must be positive"),
        ({"evaluations": 0}, "evaluations must be"),
        ({"evaluations": 2.5}, "evaluations must be a whole number. Got 2.5"),
        ({"seed": "x"}, "seed must be a whole number. Got 'x'"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(options, sentence):
    with pytest.raises(InputError, match=sentence):
        vqe(molecule("H 0 0 0; H 0 0 0.735"), **options)


@pytest.mark.parametrize("options", [{}, {"shots": 1000}])
def test_a_circuit_that_does_not_fit_is_refused(options):
    with pytest.raises(InputError, match="acts on 1 qubits, the circuit has 2"):
        vqe(SparsePauliOp("Z"), ansatz=efficient_su2(2, reps=1), **options)
    fewer = molecule("H 0 0 0; H 0 0 0.735", mapping="tapered")
    with pytest.raises(InputError, match="acts on 2 qubits, the circuit has 4"):
        vqe(fewer, ansatz=uccsd(2, (1, 1)), **options)


def test_values_that_do_not_fit_are_refused():
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
    with pytest.raises(InputError, match="must have real"):
        vqe(SparsePauliOp.from_list([("Z", 1.0), ("X", 0.5j)]), ansatz="real_amplitudes")


def test_what_does_not_fit_in_memory_is_refused_before_it_is_built():
    circuit = QuantumCircuit(32)
    circuit.ry(Parameter("a"), 0)
    with pytest.raises(InputError, match="GiB of memory"):
        vqe(SparsePauliOp("Z" * 32), ansatz=circuit)
