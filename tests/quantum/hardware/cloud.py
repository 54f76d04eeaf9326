"""A service that remembers its jobs in a file, as the cloud does when our process dies.

It has the shape of `QiskitRuntimeService`; its estimator that of the runtime's. Run as a program
it carries a short run from wherever it stands to the end.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from suite.core import Fixed, Record, Status, Store, Trial, begin, march, run
from suite.quantum.hardware import Request, budget_of, measurer_of, pacing, primitives
from suite.quantum.hardware import services as services_module
from suite.quantum.hardware.primitives import RUNTIME, Machine
from tests.quantum.hardware.pieces import OBSERVABLE, SOME, circuit, layers

ATTEMPTS = 6
CHARGE = 1.5


@dataclass
class Service:
    """Jobs as lines of a file; `moment` is called wherever a process could die."""

    path: Path
    moment: Callable[[str], None] = lambda _: None
    # Statuses that a job goes through when asked, and how jobs end by number.
    states: tuple[str, ...] = ("QUEUED", "RUNNING")
    ends: tuple[str, ...] = ()
    down: int = 0

    def lines(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def add(self, tags: list[str], result: Any) -> "Job":
        count = len(self.lines())
        end = self.ends[count] if count < len(self.ends) else "DONE"
        line = {"id": f"job{count}", "tags": tags, "result": result, "end": end}
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        return Job(self, line)

    def jobs(self, limit=10, job_tags=()):
        self.moment("find")
        self.trouble()
        return [Job(self, line) for line in self.lines() if set(job_tags) <= set(line["tags"])]

    def job(self, job_id):
        self.trouble()
        return next(Job(self, line) for line in self.lines() if line["id"] == job_id)

    def trouble(self):
        if self.down:
            self.down -= 1
            raise ConnectionError("connection lost")


@dataclass
class Job:
    service: Service
    line: dict[str, Any]
    asked: int = 0

    def job_id(self):
        return self.line["id"]

    def status(self):
        self.service.moment("wait")
        self.service.trouble()
        self.asked += 1
        states = self.service.states
        return states[self.asked - 1] if self.asked <= len(states) else self.line["end"]

    def error_message(self):
        return "the machine was calibrated"

    def result(self):
        return [
            SimpleNamespace(data=SimpleNamespace(evs=np.array(evs), stds=np.array(stds)))
            for evs, stds in self.line["result"]
        ]

    def metrics(self):
        return {
            "timestamps": {"created": "2026-01-01T10:00:00Z", "running": "2026-01-01T10:01:30.5Z"},
            "usage": {"qpu_charge_time_seconds": CHARGE, "status": "complete"},
        }


@dataclass
class Place:
    """A session that takes so many jobs and then has expired."""

    left: int
    closed: bool = False
    session_id: str = "some"

    def status(self):
        return "Closed" if self.closed else "In progress, accepting new jobs"

    def close(self):
        self.closed = True


def estimator_of(service: Service) -> Any:
    """The class of an estimator whose jobs go to a service; noise by the key in the tag."""

    class Estimator:
        def __init__(self, mode, options):
            self.mode = mode
            self.tags = options["environment"]["job_tags"]
            service.options = options

        def run(self, pubs, *, precision):
            from qiskit.primitives import StatevectorEstimator

            if isinstance(self.mode, Place):
                if self.mode.left == 0:
                    raise RuntimeError("Session has been closed.")
                self.mode.left -= 1
            service.moment("before the job is taken")
            key = self.tags[0].split(":", 2)[2]
            seed = np.random.default_rng(list(key.encode()))
            result = StatevectorEstimator(seed=seed).run(pubs, precision=precision).result()
            stored = [
                (each.data.evs.tolist(), np.full(each.data.evs.shape, precision).tolist())
                for each in result
            ]
            job = service.add(self.tags, stored)
            service.moment("after the job is taken")
            return job

    return Estimator


def machine(service: Service, mode: str = "job") -> Machine:
    return Machine("ibm:pretend", RUNTIME, None, service, mode, 0)


def install(service: Service, setattr_=setattr) -> None:
    """Make the runtime's estimator that of the service, and its waits short."""
    which = ("executor", estimator_of(service))
    setattr_(primitives, "runtime_estimator", lambda _=None: which)
    setattr_(services_module, "_POLL", (0.001,))
    setattr_(services_module, "_PATIENCE", (0.001,) * 3)
    setattr_(pacing, "MINUTE", 0.0)


def measurer(service: Service, store=None, mode="job", tell=lambda _: None, budget=None):
    return measurer_of(
        machine(service, mode),
        circuit(),
        OBSERVABLE,
        layers(),
        store=store,
        tell=tell,
        budget=budget,
    )


def request(values) -> Request:
    shifted = values + 0.5 * np.vstack([np.eye(4), -np.eye(4)])
    return Request(np.vstack([values[None], shifted]), [200] * 9, values, 300)


def carry(service: Service, folder: Path) -> list[float]:
    """A descent of some attempts, from where its store stands to the end; energies by attempt."""
    install(service)
    with Store(folder, {"job": "test"}, budget=budget_of(max_shots=10**9)) as store:
        made = measurer(service, store)
        record = Record()

        def measured(values, number):
            found, _ = made.measure(request(values), number)
            energies = found.energies.values
            service.moment("the attempt is measured")
            return values - 0.2 * (energies[1:5] - energies[5:]), float(energies[0])

        def prepare():
            values, first = measured(SOME, 0)
            return begin(values, Fixed(), 1.0, notes={"energy": first})

        def attempt(values, step):
            after, here = measured(values, step.number)
            return Trial(after, {}, {}, notes={"energy": here})

        status = run(
            lambda origin: march(attempt, origin, Fixed(), lambda _: 0, most=ATTEMPTS),
            prepare,
            record,
            store=store,
        )
        assert status is Status.OUT_OF_ATTEMPTS
        return [row["notes"]["energy"] for row in record]


def main(folder: Path, kills: int, seed: int) -> None:
    """Carry a run, killed at random moments, in children that find every import already made."""
    import signal

    import qiskit.primitives  # noqa: F401

    rng = np.random.default_rng(seed)
    log = []
    for number in range(kills + 1):
        after = int(rng.integers(1, 12)) if number < kills else -1
        delay = float(rng.uniform(0.0, 0.4))
        child = os.fork()
        if child == 0:
            left = [after]

            def moment(_, left=left):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            energies = carry(Service(folder / "cloud", moment), folder / "run")
            (folder / "energies.json").write_text(json.dumps(energies))
            os._exit(0)
        if number < kills and number % 3 == 2:  # at any moment, not at one of ours
            time.sleep(delay)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        log.append(os.waitstatus_to_exitcode(status))
        if log[-1] == 0:
            break
    (folder / "log.json").write_text(json.dumps(log))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
