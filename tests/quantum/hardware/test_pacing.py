"""Jobs are sent no faster than the service takes them, by a clock that the test turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.core import Store
from suite.errors import JobFailed
from suite.quantum.hardware import pacing
from suite.quantum.hardware.pacing import least_seconds, pause
from tests.quantum.hardware.cloud import Service, install, measurer, request
from tests.quantum.hardware.pieces import SOME


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now, self.slept = 0.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def service(tmp_path, monkeypatch):
    made = Service(tmp_path / "cloud", states=())
    install(made, monkeypatch.setattr)
    monkeypatch.setattr(pacing, "MINUTE", 60.0)
    return made


def paced(made, clock):
    made.ledger.service.clock, made.ledger.service.sleep = clock, clock.sleep
    return made


@given(gaps=st.lists(st.floats(0.0, 100.0), min_size=1, max_size=30))
def test_no_minute_has_more_jobs_than_the_service_takes(gaps):
    sent, now = [], 0.0
    for gap in gaps:
        now += gap
        now += pause(sent, now)
        sent.append(now)
        # Half open, as jobs a minute apart are in two minutes; a nanosecond for their sums.
        assert sum(now - 60.0 + 1e-9 < time <= now for time in sent) <= 5
    assert sent[-1] <= sum(gaps) + least_seconds(len(gaps)) + 1e-9


def test_a_run_that_is_no_faster_than_the_service_never_waits():
    sent = [12.0 * number for number in range(20)]
    assert all(pause(sent[:number], now) == 0.0 for number, now in enumerate(sent))


def test_the_sixth_job_waits_for_the_first_ones_minute_and_says_so(service):
    moments, heard, clock = [], [], Clock()

    def moment(what):
        if what == "before the job is taken":
            moments.append(clock.now)
            clock.now += 1.0  # what the service takes to answer

    service.moment = moment
    made = paced(measurer(service, tell=heard.append), clock)
    for number in range(11):
        made.measure(request(SOME), number)
    assert moments == [0.0, 1.0, 2.0, 3.0, 4.0, 61.0, 62.0, 63.0, 64.0, 65.0, 122.0]
    assert clock.slept == [56.0, 56.0]
    assert heard == ["ibm:pretend takes 5 jobs a minute: the next is sent in 56 s."] * 2


def test_a_job_refused_as_one_too_many_is_sent_again_after_a_minute(service):
    heard, clock, refusals = [], Clock(), [1, 2]

    def moment(what):
        if what == "before the job is taken" and refusals:
            refusals.pop()
            raise RuntimeError("Failed to run program: '429 Client Error: Too Many Requests'")

    service.moment = moment
    paced(measurer(service, tell=heard.append), clock).measure(request(SOME), 0)
    assert clock.slept == [60.0, 60.0]
    assert (
        heard == ["ibm:pretend takes no more jobs of this user now: the next is sent in 60 s."] * 2
    )
    assert len(service.lines()) == 1


def test_a_service_that_never_takes_one_ends_the_run(service):
    def moment(what):
        if what == "before the job is taken":
            raise RuntimeError("429 Too Many Requests")

    service.moment = moment
    with pytest.raises(JobFailed, match="Too Many Requests"):
        paced(measurer(service), Clock()).measure(request(SOME), 0)


def test_interrupted_in_a_pause_nothing_was_sent_and_the_run_goes_on(service, tmp_path):
    def interrupted(_):
        raise KeyboardInterrupt

    with Store(tmp_path / "run", {"job": "test"}) as store:
        made = measurer(service, store)
        made.ledger.service.sleep = interrupted
        for number in range(5):
            made.measure(request(SOME), number)
        with pytest.raises(KeyboardInterrupt):
            made.measure(request(SOME), 5)
    assert len(service.lines()) == 5
    clock = Clock()
    with Store(tmp_path / "run", {"job": "test"}) as store:
        made = paced(measurer(service, store), clock)
        price = made.price(request(SOME))
        made.measure(request(SOME), 5)
        made.measure(request(SOME), 5)
        assert store.spent()["shots"] == 6 * price.shots
    assert len(service.lines()) == 6


def test_a_plan_says_how_long_the_jobs_take_to_be_sent(service):
    plan = measurer(service).plan(request(SOME), 31)
    assert plan.remote
    assert dict(plan.lines())["pace"] == "5 jobs a minute: 6 minutes at least, if all run"
    assert plan.summary()["least_seconds"] == 360.0
    assert "pace" not in dict(measurer_here().plan(request(SOME), 31).lines())


def measurer_here():
    from suite.quantum.hardware import machine_of, measurer_of
    from tests.quantum.hardware.pieces import OBSERVABLE, circuit, layers

    return measurer_of(machine_of("statevector"), circuit(), OBSERVABLE, layers())
