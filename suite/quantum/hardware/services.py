"""Where jobs go: into this process, or to a service that outlives it."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from suite.errors import JobFailed
from suite.quantum.hardware import pacing
from suite.quantum.hardware.backends import without_secrets
from suite.quantum.hardware.primitives import Machine, answers_of, run
from suite.quantum.hardware.program import Program
from suite.quantum.hardware.trouble import is_closed, is_network, is_over, is_too_fast, told

__all__ = ["Cloud", "Here", "Result", "Service", "Tell", "service_of"]

_POLL = (0.5, 1.0, 2.0, 5.0, 10.0)  # seconds between questions about a job, the last for ever
_PATIENCE = (1.0, 5.0, 20.0, 60.0, 180.0)  # seconds of waiting for a network that is down
_SAY_EVERY = 30.0
_MOST_SESSIONS = 1000  # of one run, over all its processes
_DONE, _ENDED = ("DONE",), ("DONE", "ERROR", "CANCELLED")
Result = dict[str, Any]
Tell = Callable[[str], object]


class Service(Protocol):
    """Where jobs go. A result has `values` and `errors`, or `failed`, a sentence."""

    def submit(self, program: Program, key: str, tag: str) -> str:
        """Start a job; its id."""

    def find(self, tag: str) -> str | None:
        """The id of the job of a tag, if there is one."""

    def wait(self, job: str, program: Program, key: str) -> Result:
        """The result of a job."""


@dataclass(frozen=True, slots=True, eq=False)
class Here:
    """Jobs run in this process, the same key giving the same noise, so that nothing is lost."""

    machine: Machine

    def submit(self, program: Program, key: str, tag: str) -> str:
        """Nothing to start: the job is run when it is awaited."""
        return "here"

    def find(self, tag: str) -> str | None:
        """Nothing to find: a job dies with its process."""
        return None

    def wait(self, job: str, program: Program, key: str) -> Result:
        """Run the job."""
        from qiskit.exceptions import QiskitError

        try:
            result = run(self.machine, program, seed=_seed(self.machine.seed, key)).result()
        except (QiskitError, MemoryError, RuntimeError) as error:
            raise JobFailed(f"{self.machine.name} cannot run the job {key}: {error}") from error
        return _kept(answers_of(self.machine, program, result))


def _seed(seed: int, key: str) -> int:
    digest = hashlib.sha256(f"{seed}:{key}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def _kept(answers: Any) -> Result:
    return {"values": [value for value, _ in answers], "errors": [error for _, error in answers]}


def _unkept(key: str, submit: Callable[[str], str], wait: Callable[[str], Any]) -> Any:
    return wait(submit(key))


@dataclass(slots=True, eq=False)
class Cloud:
    """Jobs on a service: tagged, found by tag or id, waited for with patience.

    `tell` hears of queues, pauses, lost connections and sessions that are opened again.
    `most_seconds` bounds what one job may take of the machine; `keep` is the store's `once`, for
    the session. No more jobs are sent in a minute than the service takes of a user; interrupted
    while it waits, a run has its intent on disk and nothing submitted.
    """

    machine: Machine
    tell: Tell
    most_seconds: float | None = None
    keep: Callable[..., Any] = _unkept
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _sent: deque[float] = field(default_factory=lambda: deque(maxlen=pacing.JOBS_A_MINUTE))
    _place: Any = None
    _number: int = 0

    def submit(self, program: Program, key: str, tag: str) -> str:
        """Submit a job, in a new session if the old one has expired; its id.

        A job may have been taken in spite of an error, so the service is asked for its tag before
        it is sent again.
        """
        for pause in _PATIENCE:
            try:
                return self._run(program, tag)
            except Exception as error:
                self._trouble(error, pause)
            found = self.find(tag)
            if found is not None:
                return found
        try:
            return self._run(program, tag)
        except Exception as error:
            raise told(self.machine.name, error) from None

    def _trouble(self, error: Exception, pause: float) -> None:
        """Do what helps against an error at submission; what nothing helps against is raised."""
        if self.machine.mode != "job" and is_over(error, self._place):
            self._expired()
        elif is_too_fast(error):
            self._rest(pacing.MINUTE, "takes no more jobs of this user now")
        elif is_network(error):
            self._unanswered(pause)
        else:
            raise told(self.machine.name, error) from None

    def _run(self, program: Program, tag: str) -> str:
        wait = pacing.pause(self._sent, self.clock())
        if wait > 0.0:
            self._rest(wait, f"takes {pacing.JOBS_A_MINUTE} jobs a minute")
        try:
            job = run(
                self.machine,
                program,
                seed=self.machine.seed,
                tag=tag,
                place=self._opened(),
                most_seconds=self.most_seconds,
            )
        finally:
            # When the answer is there: the service counted the job before, refused or not.
            self._sent.append(self.clock())
        return str(job.job_id())

    def _rest(self, seconds: float, why: str) -> None:
        self.tell(f"{self.machine.name} {why}: the next is sent in {seconds:.0f} s.")
        self.sleep(seconds)

    def _opened(self) -> Any:
        """The session or batch that jobs go to; None for plain jobs.

        Its id is kept, so that a run that died goes on in the session that is still charged.
        """
        if self.machine.mode == "job":
            return None
        if self._place is not None and is_closed(self._place):
            self._expired()
        for _ in range(_MOST_SESSIONS):
            if self._place is None:
                self._place = self._entered(f"{self.machine.mode}:{self._number}")
            if not is_closed(self._place):
                return self._place
            self._expired()
        raise JobFailed(f"{self.machine.name} closes every {self.machine.mode} at once.")

    def _entered(self, key: str) -> Any:
        new: list[Any] = []

        def enter(_: str) -> str:
            new.append(_open(self.machine))
            return str(getattr(new[0], "session_id", None) or "")

        kept = self.keep(key, enter, lambda name: name)
        return new[0] if new else _again(self.machine, kept)

    def _expired(self) -> None:
        self.tell(f"The {self.machine.mode} has expired: another one is opened.")
        self._place, self._number = None, self._number + 1

    def _unanswered(self, pause: float) -> None:
        self.tell(f"{self.machine.name} does not answer; asking again in {pause:.0f} s.")
        self.sleep(pause)

    def find(self, tag: str) -> str | None:
        """The id of the job of a tag; of several, one that has not failed."""
        jobs = self._patiently(lambda: self.machine.service.jobs(limit=None, job_tags=[tag]))
        good = [job for job in jobs if _status(job) not in _ENDED[1:]]
        return str((good or jobs)[0].job_id()) if jobs else None

    def wait(self, job: str, program: Program, key: str) -> Result:
        """The result of a job, in this process or from an earlier one."""
        found = self._patiently(lambda: self.machine.service.job(job))
        status = self._until_ended(found, key)
        usage = {"job": job, **self._usage(found)}
        if status not in _DONE:
            words = self._patiently(found.error_message) or status.lower()
            return {"failed": without_secrets(str(words)), **usage}
        result = self._patiently(found.result)
        try:
            return _kept(answers_of(self.machine, program, result)) | usage
        except JobFailed as error:
            return {"failed": str(error), **usage}

    def _until_ended(self, job: Any, key: str) -> str:
        began, said = time.monotonic(), 0.0
        for number in itertools.count():
            status = self._patiently(lambda: _status(job))
            if status in _ENDED:
                return status
            waited = time.monotonic() - began
            if number == 0 or waited > said + _SAY_EVERY:
                said = waited
                self.tell(f"Job {key} ({job.job_id()}) is {status.lower()} for {waited:.0f} s.")
            self.sleep(_POLL[min(number, len(_POLL) - 1)])
        return ""

    def _usage(self, job: Any) -> dict[str, float]:
        """Seconds charged and seconds queued, as far as the service says."""
        from qiskit.exceptions import QiskitError

        try:
            metrics = job.metrics()
        except (QiskitError, OSError):
            return {"qpu_seconds": 0.0, "queue_seconds": 0.0}
        charged = (metrics.get("usage") or {}).get("qpu_charge_time_seconds") or 0.0
        stamps = metrics.get("timestamps") or {}
        return {
            "qpu_seconds": float(charged),
            "queue_seconds": _between(stamps.get("created"), stamps.get("running")),
        }

    def _patiently(self, question: Callable[[], Any]) -> Any:
        """An answer of the service, asked again for some minutes while the network is down.

        The job and its id are kept, so giving up loses nothing.
        """
        for pause in _PATIENCE:
            try:
                return question()
            except Exception as error:
                if not is_network(error):
                    raise told(self.machine.name, error) from None
                self._unanswered(pause)
        try:
            return question()
        except Exception as error:
            raise told(self.machine.name, error) from None

    def close(self) -> None:
        """End the session or batch, which would be charged on otherwise."""
        if self._place is not None:
            self._place.close()
            self._place = None


def service_of(
    machine: Machine,
    tell: Tell,
    most_seconds: float | None = None,
    keep: Callable[..., Any] = _unkept,
) -> Service:
    """The service that runs a machine's jobs."""
    return Cloud(machine, tell, most_seconds, keep) if machine.remote else Here(machine)


def _status(job: Any) -> str:
    status = job.status()
    return str(getattr(status, "name", status)).upper()


def _between(created: Any, running: Any) -> float:
    if not created or not running:
        return 0.0
    start, end = (np.datetime64(str(t).removesuffix("Z")) for t in (created, running))
    return float(max((end - start) / np.timedelta64(1, "s"), 0.0))


def _open(machine: Machine) -> Any:
    from qiskit_ibm_runtime import Batch, Session

    try:
        return (Session if machine.mode == "session" else Batch)(backend=machine.backend)
    except Exception as error:
        raise told(machine.name, error) from None


def _again(machine: Machine, name: str) -> Any:
    """The session that an earlier process opened; None if it cannot be entered."""
    from qiskit_ibm_runtime import Batch, Session

    try:
        return (Session if machine.mode == "session" else Batch).from_id(name, machine.service)
    except Exception:  # whatever the reason, a new one is opened; the service bills only jobs
        return None
