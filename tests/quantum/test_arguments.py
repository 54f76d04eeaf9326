"""What is asked for is done: arguments and options win over the file, and none is dropped."""

import json

import pytest

from suite.cli.main import run
from suite.errors import InputError
from suite.quantum import vqe
from suite.quantum.ansatz.named import ansatz_of
from suite.quantum.asked.problem_file import Task, read_task
from suite.quantum.problems.hamiltonian import molecule, pauli_sum
from suite.quantum.problems.spins import chain, spin_model, tfim

TFIM = (
    '[spin_model]\nname = "tfim"\nsites = 3\n'
    '[ansatz]\nname = "real_amplitudes"\nrepetitions = 1\nentanglement = "circular"\n'
    "[stop]\ngradient = 1e-4\nevaluations = 40\n[start]\nseed = 3\n"
)
SHOTS = '[backend]\nname = "simulator"\nshots = 20000\n'


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "tfim.toml"
    path.write_text(TFIM)
    return path


def test_an_argument_wins_over_the_file_as_an_option_does(path, tmp_path, capsys):
    """Found by use: `vqe(file, evaluations=1)` spent three."""
    assert vqe(path, evaluations=2).evaluations == 2
    options = ["--evaluations", "2", "--json", "-o", str(tmp_path / "out")]
    assert run(["quantum", "vqe", str(path), *options]) == 4
    assert json.loads(capsys.readouterr().out)["evaluations"] == 2
    found = vqe(path, gradient=10.0, method="natural")
    assert (found.evaluations, found.method) == (1, "natural")


@pytest.mark.parametrize(
    ("option", "field", "value"),
    [
        ("gradient", "gradient", 0.5),
        ("evaluations", "evaluations", 7),
        ("seed", "seed", 0),
        ("start", "start", [0.5] * 6),
        ("method", "method", "natural"),
        ("backend", "backend", "aer"),
        ("ansatz", "ansatz", "efficient_su2"),
        ("overlaps", "overlaps", False),
    ],
)
def test_every_option_wins_and_what_is_not_given_is_the_files(path, option, field, value):
    path.write_text('method = "adam"\n' + TFIM + "parameters = [0, 0, 0, 0, 0, 0]\n" + SHOTS)
    plain, asked = (read_task(path, options, None) for options in ({}, {option: value}))
    assert getattr(asked, field) == value
    for name in ("gradient", "evaluations", "seed", "start", "method", "backend", "ansatz"):
        if name != field:
            assert getattr(asked, name) == getattr(plain, name)
    assert (plain.evaluations, plain.gradient, plain.method) == (40, 1e-4, "adam")


def test_repetitions_go_into_the_files_ansatz_and_a_circuit_takes_its_place(path):
    two = read_task(path, {"repetitions": 2})
    assert two.circuit.num_parameters == 9
    assert two.ansatz == "real_amplitudes"
    own = ansatz_of("efficient_su2", tfim(chain(3)), 1).circuit
    found = read_task(path, {"ansatz": own})
    assert (found.ansatz, found.circuit.num_parameters) == ("circuit", own.num_parameters)


def test_shots_go_to_the_simulator_and_the_exact_engine_refuses_them(path):
    """Found by use: the backend "exact" drew shots without a word."""
    problem = pauli_sum([("Z", 1.0), ("X", 0.5)])
    form = ansatz_of("real_amplitudes", problem, 1)
    assert Task(problem, form, "x").backend == "exact"
    assert Task(problem, form, "x", shots=10).backend == "simulator"
    assert Task(problem, form, "x", max_shots=10).backend == "simulator"
    assert Task(problem, form, "x", shots=10).evaluations is None
    with pytest.raises(InputError, match=r"'exact' .* Got shots = 20,000: .* 'simulator'"):
        vqe(path, backend="exact", shots=20000)
    path.write_text(TFIM + SHOTS.replace("simulator", "exact"))
    with pytest.raises(InputError, match="'simulator'"):
        vqe(path)
    assert run(["quantum", "plan", str(path)]) == 3
    assert (
        run(["quantum", "scan", str(path), "--coupling", "J", "1,2", "-o", str(path.parent / "s")])
        == 3
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("shots = 20000\n" + TFIM, r"no key 'shots'. 'shots' belongs to \[backend\]"),
        (TFIM + "[backend]\ngradient = 1e-3\n", r"'gradient' belongs to \[stop\]"),
        (TFIM + '[backend]\nmethod = "adam"\n', r"'method' stands before the first table"),
        (TFIM + "[backend]\nshotz = 3\n", "Did you mean 'shots'"),
    ],
)
def test_a_key_in_the_wrong_place_is_told_its_own(path, text, sentence):
    path.write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_task(path)


def test_names_may_be_spelled_as_in_papers(tmp_path):
    path = tmp_path / "h2.toml"
    path.write_text('[molecule]\ngeometry = "H 0 0 0; H 0 0 0.735"\n[ansatz]\nname = "k-UpCCGSD"\n')
    assert read_task(path).ansatz == "k-upccgsd"
    assert read_task(path, {"ansatz": "UCCSD"}).ansatz == "uccsd"
    assert ansatz_of("EfficientSU2", tfim(chain(3))).name == "efficient_su2"
    found = vqe(tfim(chain(2)), method="L_BFGS", ansatz="RealAmplitudes", evaluations=2)
    assert found.method == "l-bfgs"
    assert vqe(tfim(chain(2)), method="SPSA", shots=20000, evaluations=1).method == "spsa"


def test_a_problem_may_be_pauli_text_or_a_table_of_words(tmp_path):
    assert vqe("-1.0 ZZ + 0.5*XI").energy == pytest.approx(-(1.25**0.5))
    path = tmp_path / "pauli.toml"
    path.write_text("[pauli]\nterms = {ZZ = -1.0, XI = 0.5}\n")
    assert vqe(path).energy == pytest.approx(-(1.25**0.5))


def test_an_xyz_file_may_hold_one_atom(tmp_path):
    (tmp_path / "h.xyz").write_text("1\nspin=1\nH 0 0 0\n")
    (tmp_path / "h.toml").write_text('[molecule]\ngeometry = "h.xyz"\n')
    # Of hydrogen in STO-3G, by PySCF.
    assert vqe(tmp_path / "h.toml").energy == pytest.approx(-0.4665818496, abs=1e-9)


@pytest.mark.parametrize("backend", ["aer", "simulator", "exact"])
@pytest.mark.parametrize("option", [{"mode": "session"}, {"resilience": 1}])
def test_what_only_a_device_can_do_is_refused_elsewhere(backend, option):
    shots = None if backend == "exact" else 20000
    with pytest.raises(InputError, match="of fake: and ibm: backends"):
        vqe(tfim(chain(2)), backend=backend, shots=shots, **option)


def test_mode_and_resilience_go_to_the_machine(path):
    from suite.quantum.noisy_setup import setup_of

    path.write_text(TFIM + '[backend]\nname = "fake:manila"\nshots = 20000\nmode = "batch"\n')
    machine = setup_of(read_task(path, {"resilience": 1}, None)).machine
    assert (machine.mode, machine.resilience) == ("batch", 1)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"gradient": "x"}, "gradient must be a number"),
        ({"kicks": 1.5}, "kicks must be a whole number"),
        ({"rate": "a", "method": "qng"}, "rate must be positive and finite"),
        ({"repetitions": "2"}, "repetitions must be positive"),
        ({"law": 3}, "law must be a law of suite.core"),
        ({"method": 3}, "method must be one of"),
        ({"shots": 1000, "max_qpu_seconds": "a"}, "max_qpu_seconds must be a number"),
        ({"seed": 2**70}, "seed must be from 0 to"),
    ],
)
def test_values_of_another_kind_are_refused_by_a_sentence(options, sentence):
    with pytest.raises(InputError, match=sentence):
        vqe("-1.0 ZZ + 0.5 XI", **options)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: molecule(5), "geometry must be text"),
        (lambda: molecule("H 0 0 0; H 0 0 1", charge="a"), "charge must be a whole number"),
        (lambda: molecule("H 0 0 0; H 0 0 1", basis=3), "basis must be a name"),
        (lambda: molecule("H 0 0 0; H 0 0 1", mapping=3), "mapping must be a name"),
        (lambda: tfim(4), "bonds must be pairs of sites"),
        (lambda: spin_model([5], {"ZZ": 1.0}), "A bond must be two different sites"),
        (lambda: spin_model([(0, 1)], [("ZZ", 1)]), "couplings must be by letters"),
        (lambda: spin_model([(0, 1)], {1: 1.0}), "2 of the letters"),
        (lambda: spin_model([(0, 1)], {"ZZ": 1.0}, sites=1.5), "sites must be a whole number"),
        (lambda: chain(1_000_000), "from 2 to 1,000"),
    ],
)
def test_problems_of_another_kind_are_refused_by_a_sentence(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()
