"""Natural gradient on a service: both orders of its jobs survive a kill, a plan and a budget."""

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from suite.errors import BudgetExhausted
from suite.quantum.planning import plan_of
from suite.quantum.shots import with_shots
from tests.quantum.hardware.cloud import Service
from tests.quantum.hardware.cloud_natural import carry, task, use

ROOT = Path(__file__).parents[3]


@pytest.fixture
def service(tmp_path, monkeypatch):
    made = Service(tmp_path / "cloud")
    use(made, monkeypatch.setattr)
    return made


@pytest.mark.parametrize(
    "order", ["energy first", pytest.param("together", marks=pytest.mark.slow)]
)
def test_a_killed_run_goes_on_to_the_same_bits_and_pays_nothing_twice(tmp_path, order):
    command = [sys.executable, "-m", "tests.quantum.hardware.cloud_natural"]
    for name, kills in (("whole", "0"), ("cut", "12")):
        (tmp_path / name).mkdir()
        given = [*command, str(tmp_path / name), kills, "1", order]
        subprocess.run(given, cwd=ROOT, check=True, timeout=300)
    log = json.loads((tmp_path / "cut" / "log.json").read_text())
    assert log[-1] == 0
    assert len(log) > 3
    assert set(log[:-1]) == {-signal.SIGKILL}
    numbers = [json.loads((tmp_path / n / "numbers.json").read_text()) for n in ("whole", "cut")]
    assert numbers[0] == numbers[1]
    jobs = [Service(tmp_path / name / "cloud").lines() for name in ("whole", "cut")]
    keys = [[tag.split(":", 2)[2] for job in each for tag in job["tags"]] for each in jobs]
    assert Counter(keys[0]) == Counter(keys[1])
    assert set(Counter(keys[1]).values()) == {1}


def test_what_is_planned_bounds_what_the_service_is_given(service, tmp_path):
    # A job waits for its turn, so that one job an attempt is the cheaper order.
    for order in (None, "energy first"):
        plan = plan_of(task(order))
        before = len(service.lines())
        found = with_shots(task(order), method="natural")
        jobs = len(service.lines()) - before
        assert found.details["jobs"] == jobs
        assert jobs <= plan.total.jobs
        assert found.details["shots"] <= plan.total.shots
        name = order or "together"
        assert plan.order.startswith(f"Jobs of an attempt: {name}")
        assert found.summary()["order"].startswith(f"Jobs of an attempt: {name}")
        assert {row["notes"].get("order") for row in found.record} - {None} == {name}


def test_a_budget_refuses_an_attempt_before_its_job_is_submitted(service, tmp_path):
    with pytest.raises(BudgetExhausted, match="QPU seconds"):
        with_shots(
            task("energy first", max_qpu_seconds=12.0), method="natural", store=tmp_path / "run"
        )
    # Each is charged as estimated, two seconds and its shots.
    assert 3 <= len(service.lines()) <= 6


def test_the_same_numbers_come_of_a_run_that_is_read_back(service, tmp_path):
    first = carry(service, tmp_path / "run", "together")
    jobs = len(service.lines())
    assert carry(service, tmp_path / "run", "together") == first
    assert len(service.lines()) == jobs
