"""Names of machines, what is said of wrong ones, and that a token is never told."""

import json
import logging
import sys
from types import SimpleNamespace

import pytest
from qiskit.primitives import StatevectorEstimator
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from suite.core import Store
from suite.errors import InputError, JobFailed, MissingBackend, MissingPackage
from suite.quantum.hardware import Machine, fake_names, machine_of
from suite.quantum.hardware import backends as backends_module
from suite.quantum.hardware.backends import without_secrets
from suite.quantum.hardware.primitives import RUNTIME, options_of, runtime_estimator
from tests.quantum.hardware.cloud import Service, install, measurer, request
from tests.quantum.hardware.pieces import SOME

TOKEN = "s3cr3t-t0ken-0123456789abcdef"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fake:manilla", "Did you mean 'fake:manila'"),
        ("fake:Guadaloupe", "Did you mean 'fake:guadalupe'"),
        ("manila", "Did you mean 'fake:manila'"),
        ("statevecter", "Did you mean 'statevector'"),
        ("aerr", "Did you mean 'aer'"),
        ("xyz", "Known are 'statevector', 'aer', 'fake:NAME'"),
        ("ibm", "Known are 'statevector', 'aer', 'fake:NAME'"),
        ("", "Known are 'statevector', 'aer', 'fake:NAME'"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name, words):
    with pytest.raises(MissingBackend, match=words):
        machine_of(name)


def test_a_fake_too_large_to_simulate_is_there_but_refused():
    with pytest.raises(InputError, match="133 qubits, too many to simulate") as caught:
        machine_of("fake:torino")
    assert not isinstance(caught.value, MissingBackend)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "sesion"}, "must be one of job, batch, session. Got 'sesion'"),
        ({"resilience": 3}, "resilience must be 0, 1 or 2. Got 3"),
        ({"estimator": "v1"}, "estimator must be 'executor' or 'legacy'"),
    ],
)
def test_options_are_refused_by_sentence(options, words):
    with pytest.raises(InputError, match=words):
        machine_of("fake:manila", **options)


def test_what_is_no_backend_is_refused():
    with pytest.raises(InputError, match=r"a name, such as 'fake:manila', or a Qiskit backend"):
        machine_of(42)


def test_all_small_fakes_have_names_that_work():
    names = fake_names()
    assert "fake:manila" in names
    assert "fake:torino" not in names
    assert len(names) > 20
    for name in names[::8]:
        assert machine_of(name).backend.num_qubits <= 27


def test_the_estimator_is_picked_by_what_is_installed(monkeypatch):
    assert runtime_estimator()[0] == "executor"
    assert machine_of("fake:manila").estimator == "executor"
    assert machine_of("fake:guadalupe", resilience=1).estimator == "executor"
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime.executor_estimator", None)
    which, made = runtime_estimator()
    assert (which, made.__name__) == ("legacy", "EstimatorV2")
    assert machine_of("fake:manila").estimator == "legacy"
    assert machine_of("fake:guadalupe").estimator == "legacy"
    with pytest.raises(MissingPackage, match="pip install"):
        runtime_estimator("executor")


@pytest.mark.parametrize("which", ["executor", "legacy"])
@pytest.mark.filterwarnings("ignore:The EstimatorV2 class is deprecated")
def test_both_of_the_runtimes_estimators_take_the_options_of_a_service(which):
    machine = Machine("ibm:x", RUNTIME, FakeManilaV2(), object(), "job", 1, which)
    _, make = runtime_estimator(which)
    made = make(mode=FakeManilaV2(), options=options_of(machine, 0, "suite:a:1:b", 99))
    assert made.options.environment.job_tags == ["suite:a:1:b"]
    assert made.options.max_execution_time == 99
    assert made.options.resilience_level == 1


@pytest.fixture
def no_account(monkeypatch, tmp_path):
    for name in ("TOKEN", "URL", "CHANNEL", "INSTANCE"):
        monkeypatch.delenv(f"QISKIT_IBM_{name}", raising=False)
    monkeypatch.setattr(
        "qiskit_ibm_runtime.accounts.management._DEFAULT_ACCOUNT_CONFIG_JSON_FILE",
        str(tmp_path / "accounts.json"),
    )


@pytest.mark.usefixtures("no_account")
def test_without_an_account_one_sentence_says_what_to_do():
    with pytest.raises(MissingBackend) as caught:
        machine_of("ibm:boston")
    sentence = str(caught.value)
    assert sentence.startswith("No IBM Quantum account was found: save one once with")
    assert "QISKIT_IBM_TOKEN" in sentence
    assert caught.value.__suppress_context__


class Device:
    def __init__(self, name, instance="crn:open"):
        self.name, self._instance, self.num_qubits = name, instance, 5
        self.target = self.run = None


class Account:
    """What `machine_of` asks of a service."""

    def backend(self, name):
        if name not in ("ibm_boston", "ibm_kingston"):
            raise ValueError(f"no backend {name} for {TOKEN}")
        return Device(name)

    def backends(self):
        return [Device("ibm_boston"), Device("ibm_kingston")]

    def instances(self):
        return [{"crn": "crn:open", "plan": "open"}, {"crn": "crn:paid", "plan": "premium"}]


def test_devices_of_an_account(monkeypatch):
    monkeypatch.setattr(backends_module, "_service", Account)
    machine = machine_of("ibm:ibm_boston")
    assert (machine.remote, machine.mode, machine.resilience) == (True, "job", 1)
    assert machine.open_plan
    with pytest.raises(
        MissingBackend, match=r"no backend 'ibm:ibm_bostn'\. Did you mean 'ibm:ibm_bos"
    ):
        machine_of("ibm:ibm_bostn")
    with pytest.raises(InputError, match=r"The open plan has no sessions: run on ibm:ibm_boston"):
        machine_of("ibm:ibm_boston", mode="session")


def test_other_plans_have_sessions(monkeypatch):
    paid = Account()
    paid.backend = lambda name: Device(name, "crn:paid")
    monkeypatch.setattr(backends_module, "_service", lambda: paid)
    machine = machine_of("ibm:ibm_boston", mode="session")
    assert (machine.mode, machine.open_plan) == ("session", False)


@pytest.mark.parametrize(
    "words",
    [
        f"401: Authorization: Bearer {TOKEN}",
        f"{{'token': '{TOKEN}'}}",
        f"apikey={TOKEN}&grant_type=x",
    ],
)
def test_what_looks_like_a_token_is_hidden_even_if_it_is_unknown(words):
    assert TOKEN not in without_secrets(words)


def test_a_token_of_the_environment_is_in_no_error(monkeypatch, caplog):
    monkeypatch.setenv("QISKIT_IBM_TOKEN", TOKEN)

    def refuse(*_, **__):
        raise RuntimeError(f"cannot log in as {TOKEN}")

    monkeypatch.setattr("qiskit_ibm_runtime.QiskitRuntimeService.__init__", refuse)
    with caplog.at_level(logging.DEBUG), pytest.raises(MissingBackend) as caught:
        machine_of("ibm:ibm_boston")
    assert "cannot log in" in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert TOKEN not in caplog.text
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_token_of_the_environment_is_in_no_file_of_a_run(monkeypatch, tmp_path):
    monkeypatch.setenv("QISKIT_IBM_TOKEN", TOKEN)
    service = Service(tmp_path / "cloud", ends=("ERROR",) * 3)
    install(service, monkeypatch.setattr)
    monkeypatch.setattr(
        "tests.quantum.hardware.cloud.Job.error_message", lambda _: f"{TOKEN} was refused"
    )
    heard = []
    with (
        Store(tmp_path / "run", {"job": "test"}) as store,
        pytest.raises(JobFailed, match="was refused") as caught,
    ):
        measurer(service, store, tell=heard.append).measure(request(SOME), 1)
    assert TOKEN not in str(caught.value)
    assert TOKEN not in " ".join(heard)
    for file in (tmp_path / "run").iterdir():
        assert TOKEN.encode() not in file.read_bytes()


def test_a_machine_shows_no_service():
    shown = repr(machine_of(FakeManilaV2()))
    assert "service" not in shown
    secret = SimpleNamespace(token=TOKEN)
    assert TOKEN not in repr(Machine("ibm:x", "runtime", None, secret))


def test_a_backend_of_the_users_own_with_its_noise_is_run_and_kept_by_name(tmp_path):
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel, ReadoutError

    from suite.quantum import vqe
    from suite.quantum.problems.spins import chain, tfim

    always = NoiseModel()
    always.add_all_qubit_readout_error(ReadoutError([[0.5, 0.5], [0.5, 0.5]]))
    way = {"ansatz": "real_amplitudes", "repetitions": 1, "shots": 4000, "evaluations": 2}
    backend = AerSimulator(noise_model=always)
    found = vqe(tfim(chain(2)), backend=backend, store=tmp_path, **way)
    found.save(tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["backend"] == "aer_simulator"
    # What is read is noise alone, so every energy is zero but for its error.
    assert abs(found.energy) < 5.0 * found.standard_error
    assert vqe(tfim(chain(2)), backend=backend, store=tmp_path, **way).summary() == found.summary()


@pytest.mark.parametrize("given", [FakeManilaV2, StatevectorEstimator()])
def test_a_class_and_an_estimator_are_no_backends(given):
    with pytest.raises(InputError, match=r"or a Qiskit backend\. Got"):
        machine_of(given)
