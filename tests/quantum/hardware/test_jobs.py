"""Jobs on a service: nothing is lost or paid twice, whatever happens to the process or the wire."""

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from suite.core import Reader, Store
from suite.errors import BudgetExhausted, InputError, JobFailed
from suite.quantum.hardware import budget_of
from suite.quantum.hardware import services as services_module
from tests.quantum.hardware.cloud import (
    ATTEMPTS,
    CHARGE,
    Place,
    Service,
    carry,
    install,
    measurer,
    request,
)
from tests.quantum.hardware.pieces import SOME

ROOT = Path(__file__).parents[3]


@pytest.fixture
def service(tmp_path, monkeypatch):
    made = Service(tmp_path / "cloud")
    install(made, monkeypatch.setattr)
    return made


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    patch = pytest.MonkeyPatch()
    service = Service(folder / "cloud")
    install(service, patch.setattr)
    energies = carry(service, folder / "run")
    patch.undo()
    return energies


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_run_killed_at_random_moments_loses_nothing_and_pays_nothing_twice(
    tmp_path, seed, uninterrupted
):
    command = [sys.executable, "-m", "tests.quantum.hardware.cloud", str(tmp_path), "25", str(seed)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=100)
    log = json.loads((tmp_path / "log.json").read_text())
    assert log[-1] == 0
    assert set(log[:-1]) == {-signal.SIGKILL}
    assert len(log) > 4
    jobs = Service(tmp_path / "cloud").lines()
    tags = Counter(tag for job in jobs for tag in job["tags"])
    assert len(jobs) == ATTEMPTS + 1
    assert set(tags.values()) == {1}
    assert len({tag.split(":")[1] for tag in tags}) == 1  # one run
    keys = {tag.split(":", 2)[2] for tag in tags}
    assert keys == {f"{number}:measure" for number in range(ATTEMPTS + 1)}
    assert json.loads((tmp_path / "energies.json").read_text()) == uninterrupted


def test_the_ledger_holds_each_job_once(tmp_path, monkeypatch):
    service = Service(tmp_path / "cloud")
    install(service, monkeypatch.setattr)
    with Store(tmp_path / "run", {"job": "test"}) as store:
        made = measurer(service, store)
        price = made.price(request(SOME))
        made.measure(request(SOME), 1)
        made.measure(request(SOME), 1)
        assert store.spent()["shots"] == price.shots
        found, _ = made.measure(request(SOME), 2)
        assert store.spent()["shots"] == 2 * price.shots
    assert found.qpu_seconds == CHARGE
    assert found.queue_seconds == 90.5
    assert len(service.lines()) == 2


def test_two_runs_of_the_same_problem_do_not_find_each_others_jobs(tmp_path, service):
    for folder in ("one", "two"):
        with Store(tmp_path / folder, {"job": "test"}) as store:
            measurer(service, store).measure(request(SOME), 1)
    tags = [line["tags"][0] for line in service.lines()]
    assert len(set(tags)) == 2
    assert {tag.split(":", 2)[2] for tag in tags} == {"1:measure"}


def test_a_job_that_the_service_ended_is_submitted_again_and_said(service):
    service.ends = ("ERROR", "CANCELLED")
    heard = []
    found, _ = measurer(service, tell=heard.append).measure(request(SOME), 3)
    assert found.energies is not None
    keys = [line["tags"][0].split(":", 2)[2] for line in service.lines()]
    assert keys == ["3:measure", "3:measure:again1", "3:measure:again2"]
    assert any("calibrated" in sentence for sentence in heard)


def test_after_three_failures_the_services_own_words_are_told(tmp_path, service):
    service.ends = ("ERROR",) * 9
    with Store(tmp_path / "run", {"job": "test"}) as store:
        made = measurer(service, store)
        with pytest.raises(JobFailed, match=r"submitted 3 times .* the machine was calibrated"):
            made.measure(request(SOME), 1)
        # What failed was billed.
        assert store.spent()["shots"] == 3 * made.price(request(SOME)).shots


def test_a_queue_is_shown(service):
    service.states = ("QUEUED",) * 4
    heard = []
    measurer(service, tell=heard.append).measure(request(SOME), 3)
    assert heard == ["Job 3:measure (job0) is queued for 0 s."]


def test_a_lost_connection_is_waited_for(service):
    heard = []
    made = measurer(service, tell=heard.append)
    service.down = 3
    assert made.measure(request(SOME), 1)[0].energies is not None
    assert sum("does not answer" in sentence for sentence in heard) == 3


def test_a_connection_that_stays_lost_ends_the_process_and_not_the_job(tmp_path, service):
    with Store(tmp_path / "run", {"job": "test"}) as store:
        service.down = 99
        with pytest.raises(JobFailed, match="connection lost"):
            measurer(service, store).measure(request(SOME), 1)
    service.down = 0
    with Store(tmp_path / "run", {"job": "test"}) as store:
        measurer(service, store).measure(request(SOME), 1)
    assert len(service.lines()) == 1


@pytest.mark.parametrize("mode", ["session", "batch"])
def test_an_expired_session_is_opened_again(service, monkeypatch, mode):
    opened = []

    def fresh(_):
        opened.append(Place(2))
        return opened[-1]

    monkeypatch.setattr(services_module, "_open", fresh)
    heard = []
    made = measurer(service, mode=mode, tell=heard.append)
    for number in range(5):
        made.measure(request(SOME), number)
    assert len(opened) == 3
    assert sum("has expired" in sentence for sentence in heard) == 2
    assert len(service.lines()) == 5
    made.close()
    assert opened[-1].closed


def test_a_resumed_run_goes_on_in_its_session_while_that_is_open(tmp_path, service, monkeypatch):
    places = {}

    def fresh(_):
        place = Place(9, session_id=f"session{len(places)}")
        places[place.session_id] = place
        return place

    monkeypatch.setattr(services_module, "_open", fresh)
    monkeypatch.setattr(services_module, "_again", lambda _, name: places.get(name))
    for number in range(3):
        with Store(tmp_path / "run", {"job": "test"}) as store:
            measurer(service, store, mode="session").measure(request(SOME), number)
        if number == 1:
            places["session0"].closed = True
    assert {name: 9 - place.left for name, place in places.items()} == {
        "session0": 2,
        "session1": 1,
    }


def test_a_job_sent_over_a_broken_line_is_looked_for_before_it_is_sent_again(service):
    lost = iter(["before the job is taken", "after the job is taken"])
    wanted = [next(lost)]

    def broken(what):
        if wanted and what == wanted[0]:
            wanted[:] = [*lost][:1]
            raise ConnectionError("connection reset")

    service.moment = broken
    heard = []
    measurer(service, tell=heard.append).measure(request(SOME), 1)
    assert len(service.lines()) == 1
    assert sum("does not answer" in sentence for sentence in heard) == 2


def test_a_job_taken_in_spite_of_an_error_is_found_and_not_sent_again(service, monkeypatch):
    monkeypatch.setattr(services_module, "_open", lambda _: Place(9))

    def broken(what):
        if what == "after the job is taken":
            raise RuntimeError("The session is closed.")

    service.moment = broken
    measurer(service, mode="session").measure(request(SOME), 1)
    assert len(service.lines()) == 1


@pytest.mark.parametrize(
    ("name", "option"), [("shots", "max_shots"), ("QPU seconds", "max_qpu_seconds")]
)
def test_a_budget_refuses_before_anything_is_submitted(tmp_path, service, name, option):
    price = measurer(service).price(request(SOME)).budgeted()[name]
    budget = {name: 2.5 * price}
    with Store(tmp_path / "run", {"job": "test"}, budget=budget) as store:
        made = measurer(service, store, budget=budget)
        made.measure(request(SOME), 0)
        made.measure(request(SOME), 1)
        told = f"attempt 2 would take .* {name}, and .* raise {option} and resume"
        with pytest.raises(BudgetExhausted, match=told):
            made.measure(request(SOME), 2)
    assert len(service.lines()) == 2
    with pytest.raises(BudgetExhausted, match="Nothing was submitted"):
        measurer(service, budget={name: 0.5 * price}).measure(request(SOME), 0)
    assert len(service.lines()) == 2


def test_a_job_may_not_take_more_of_the_machine_than_the_budget(service):
    measurer(service, budget=budget_of(max_qpu_seconds=120)).measure(request(SOME), 0)
    assert service.options["max_execution_time"] == 120
    assert service.options["environment"]["job_tags"][0].startswith("suite:")


def test_prices_follow_what_the_service_charges(service, monkeypatch):
    from tests.quantum.hardware import cloud

    monkeypatch.setattr(cloud, "CHARGE", 40.0)
    made = measurer(service)
    before = made.price(request(SOME)).qpu_seconds
    made.measure(request(SOME), 0)
    assert made.price(request(SOME)).qpu_seconds == pytest.approx(40.0)
    assert before < 40.0


@pytest.mark.parametrize("amount", [0.0, -1.0, float("nan"), float("inf")])
def test_a_budget_must_be_a_number(amount):
    with pytest.raises(InputError, match="must be positive and finite"):
        budget_of(max_shots=amount)


def test_a_result_that_is_not_finite_is_no_result(service, monkeypatch):
    add = service.add
    monkeypatch.setattr(
        service,
        "add",
        lambda tags, result: add(tags, [(np.nan * np.array(e), s) for e, s in result]),
    )
    monkeypatch.setattr("json.JSONEncoder.default", lambda _, value: value.tolist(), raising=True)
    with pytest.raises(JobFailed, match="not finite"):
        measurer(service).measure(request(SOME), 0)


def test_the_run_file_says_what_was_measured(tmp_path, service):
    carry(service, tmp_path / "run")
    with Reader(tmp_path / "run") as reader:
        assert [row["number"] for row in reader.rows()] == list(range(ATTEMPTS + 1))
