"""Problem files: what they say arrives, and what they say wrong is named."""

import numpy as np
import pytest

from suite.errors import InputError
from suite.quantum.asked.problem_file import read_task
from suite.quantum.exact.circuits import engine_of
from suite.quantum.problems.spins import grid, heisenberg, ring, spin_model, tfim, xxz


@pytest.fixture
def task(tmp_path):
    def read(text, options=None, backends=None):
        (tmp_path / "problem.toml").write_text(text)
        return read_task(tmp_path / "problem.toml", options, backends)

    read.folder = tmp_path
    return read


H2 = '[molecule]\ngeometry = "H 0 0 0; H 0 0 0.735"\n'
WHOLE = """
method = "natural"
[molecule]
geometry = "Li 0 0 0; H 0 0 1.595"
basis = "sto-3g"
charge = 1
spin = 1
active_space = [1, [1, 2, 5]]
[ansatz]
name = "k-upccgsd"
repetitions = 3
[backend]
name = "fake:manila"
shots = 2000
max_shots = 100000
max_qpu_seconds = 60
order = "energy first"
overlaps = true
[stop]
gradient = 1e-4
evaluations = 70
[start]
seed = 5
"""


def test_every_key_arrives(task):
    found = task(WHOLE)
    assert found.problem.electrons == (1, 0)
    assert found.problem.qubits == 6
    assert (found.method, found.ansatz, len(found.excitations)) == ("natural", "k-upccgsd", 27)
    assert (found.backend, found.shots, found.max_shots) == ("fake:manila", 2000, 100000)
    assert (found.max_qpu_seconds, found.gradient, found.evaluations) == (60, 1e-4, 70)
    assert (found.order, found.overlaps) == ("energy first", True)
    assert (found.seed, found.start) == (5, None)
    assert engine_of(found.problem, found).parameters == 27


def test_a_silent_file_leaves_the_usual_and_options_win_over_what_it_says(task):
    found = task(H2)
    assert (found.ansatz, found.method, found.backend, found.shots) == (
        "uccsd",
        None,
        "exact",
        None,
    )
    assert (found.gradient, found.evaluations, found.seed) == (1e-6, 500, 0)
    options = {"ansatz": "real_amplitudes", "repetitions": 1, "shots": 10, "method": "adam"}
    found = task(H2, {**options, "backend": "aer", "start": [0.0] * 8, "seed": 2})
    assert found.circuit.num_parameters == 8
    assert (found.ansatz, found.method, found.backend) == ("real_amplitudes", "adam", "aer")
    assert (found.shots, found.seed, found.start) == (10, 2, [0.0] * 8)
    said = task(
        H2 + "[stop]\nevaluations = 7\n[start]\nparameters = [0, 1, 2]\n", {"evaluations": 9}
    )
    assert (said.evaluations, said.start) == (9, [0, 1, 2])


def spins(text):
    return f'[ansatz]\nname = "hva"\n[spin_model]\n{text}'


MODELS = [
    ('name = "tfim"\nlattice = "ring"\nsites = 5\nfield = 0.5', lambda: tfim(ring(5), 1, 0.5)),
    ('name = "heisenberg"\nlattice = "grid"\nsites = [2, 3]', lambda: heisenberg(grid(2, 3))),
    (
        'name = "xxz"\nsites = 4\nanisotropy = [0.5, 1, 2]\ncoupling = 2',
        lambda: xxz([(0, 1), (1, 2), (2, 3)], 2.0, [0.5, 1.0, 2.0]),
    ),
    (
        'name = "custom"\nbonds = [[0, 2]]\nsites = 4\ncouplings = {ZZ = 1.0, XY = [0.5]}\n'
        "fields = {X = 0.25}",
        lambda: spin_model([(0, 2)], {"ZZ": 1.0, "XY": 0.5}, {"X": 0.25}, 4),
    ),
    ('name = "tfim"\nbonds = [[0, 1], [1, 3], [2, 3]]', lambda: tfim([(0, 1), (1, 3), (2, 3)])),
]


@pytest.mark.parametrize(("text", "make"), MODELS)
def test_a_spin_model_is_that_of_the_python_functions(task, text, make):
    found, expected = task(spins(text)).problem, make()
    assert found.observable.equiv(expected.observable)
    assert found.exact == pytest.approx(expected.exact, abs=1e-10)


def test_pauli_terms_may_be_pairs_text_or_a_file(task):
    (task.folder / "terms.txt").write_text("ZZ -1.0\nXI 0.5\n")
    form = '[ansatz]\nname = "real_amplitudes"\n[pauli]\n'
    found = [
        task(form + text).problem.observable.to_matrix()
        for text in (
            'terms = [["ZZ", -1.0], ["XI", 0.5]]',
            'terms = "-ZZ + 0.5 XI"',
            'file = "terms.txt"',
        )
    ]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_an_xyz_file_lies_beside_the_problem_file(task):
    (task.folder / "ion.xyz").write_text("2\ncharge=1\nHe 0 0 0\nH 0 0 0.9\n")
    found = task('[molecule]\ngeometry = "ion.xyz"\n')
    assert found.problem.exact == pytest.approx(-2.8626175787977766, abs=1e-8)


PAULI = '[pauli]\nterms = [["ZZ", 1.0]]\n'
SU2 = '[ansatz]\nname = "efficient_su2"\n'
BAD = [
    ("not toml", "cannot be read as a TOML file"),
    ("", "exactly one of"),
    (H2 + PAULI, "exactly one of"),
    ("[molecul]\nx = 1", "no table \\[molecul\\]. Did you mean 'molecule'"),
    ('metod = "adam"\n' + H2, "no key 'metod'. Did you mean 'method'"),
    ("method = 3\n" + H2, "method must be of type str. Got 3"),
    ("molecule = 3", "must be a table"),
    (H2 + 'bassis = "sto-3g"', "Did you mean 'basis'"),
    ('[molecule]\nbasis = "sto-3g"', "needs a geometry"),
    (H2 + "charge = true", "charge must be of type int. Got True"),
    (H2 + "spin = 1.0", "spin must be of type int. Got 1.0"),
    (H2 + "spin = 1", "spin 1 .* impossible"),
    (H2 + "active_space = [2]", "must be \\[electrons"),
    (H2 + "active_space = [2, [0, 0]]", "different numbers"),
    (H2 + '[ansatz]\nname = "ucsd"', "Did you mean 'uccsd'"),
    (H2 + "[ansatz]\nrepetitions = 0", "repetitions must be positive"),
    (H2 + '[ansatz]\nrotation = ["ry"]', "Did you mean 'rotations'"),
    (PAULI + '[ansatz]\nname = "n_local"\nrotations = [1]', "must be names of gates"),
    (PAULI + SU2 + 'entanglement = "no"', "Qiskit refuses"),
    (PAULI + '[ansatz]\nname = "uccsd"', "needs a \\[molecule\\]"),
    ('[pauli]\nterms = [["", 1]]', "must be letters of I, X, Y, Z"),
    ('[pauli]\nterms = [[1, "ZZ"]]', "must be letters of I, X, Y, Z .* Got 1, 'ZZ'"),
    ("[pauli]\n" + SU2, "exactly one of terms and file"),
    ('[pauli]\nfile = "absent.txt"\n' + SU2, "absent.txt cannot be read"),
    ('[pauli]\nterms = [["ZZ"]]\n' + SU2, "must be pairs"),
    ('[pauli]\nterms = [["ZZ", "much"]]\n' + SU2, "finite number"),
    ('[pauli]\nterms = [["ZZ", nan]]\n' + SU2, "finite number"),
    (H2 + "[stop]\ngradient = -1.0", "gradient must be positive"),
    (H2 + "[stop]\ngradient = nan", "gradient must be positive"),
    (H2 + "[stop]\nevaluation = 3", "Did you mean 'evaluations'"),
    (H2 + "[start]\nseed = -1", "seed must be from 0"),
    (H2 + '[start]\nparameters = ["a"]', "must be numbers"),
    (H2 + "[backend]\nshots = 0", "shots must be positive"),
    (H2 + "[backend]\nshot = 5", "Did you mean 'shots'"),
    (H2 + "[backend]\nmax_qpu_seconds = inf", "max_qpu_seconds must be positive and finite"),
    (spins('name = "tfin"\nsites = 3'), "Did you mean 'tfim'"),
    (spins('name = "Ising"\nsites = 3'), "Got 'Ising'. Did you mean 'tfim'"),
    (spins("sites = 3"), "name must be one of"),
    (spins('name = "tfim"'), "needs sites"),
    (spins('name = "tfim"\nsites = 1'), "from 2 to 1,000"),
    (spins('name = "tfim"\nsites = [2, 2]'), "are one number"),
    (spins('name = "tfim"\nsites = 4\nlattice = "grid"'), "\\[rows, columns\\]"),
    (spins('name = "tfim"\nsites = 4\nlattice = "kagome"'), "lattice must be one of"),
    (spins('name = "tfim"\nsites = 4\nanisotropy = 2'), "tfim has no 'anisotropy'"),
    (spins('name = "tfim"\nsites = 4\ncoupling = ["a"]'), "coupling must be numbers"),
    (spins('name = "tfim"\nsites = 4\ncoupling = [1, 2]'), "\\[spin_model\\] coupling .* 3 bonds"),
    (spins('name = "tfim"\nsites = 4\ncoupling = nan'), "coupling must be .*Got nan"),
    (spins('name = "tfim"\nbonds = [0, 1]'), "pairs like"),
    (spins('name = "custom"\nbonds = [[0, 1]]\ncouplings = {ZZ = "a"}'), "must be numbers"),
]


@pytest.mark.parametrize(("text", "sentence"), BAD)
def test_what_is_wrong_is_named_by_one_sentence(task, text, sentence):
    with pytest.raises(InputError, match=sentence) as refused:
        task(text)
    assert "\n" not in str(refused.value).replace(str(task.folder), "")


def test_a_backend_that_the_caller_does_not_know_is_refused(task):
    with pytest.raises(InputError, match=r"must be 'exact'\. Got 'cloud'"):
        task(H2 + '[backend]\nname = "cloud"', backends=("exact",))
