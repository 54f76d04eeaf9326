"""One adapter over the estimators of version 2: ideal, of any backend, and of the service."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.errors import JobFailed, missing
from suite.quantum.hardware.pricing import DELAY, Timing
from suite.quantum.hardware.program import Program

__all__ = ["Answer", "Machine", "answers_of", "run", "runtime_estimator"]

Answer = tuple[NDArray[np.float64], NDArray[np.float64]]

STATEVECTOR, BACKEND, RUNTIME = "statevector", "backend", "runtime"
MODES = ("job", "batch", "session")
EXECUTOR, LEGACY = "executor", "legacy"
# The legacy estimator takes no longer limit.
_MOST_SECONDS = 10_800


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """Where circuits run, and how.

    `kind` is "statevector", "backend" (`BackendEstimatorV2` on `backend`) or "runtime" (the
    estimators of qiskit-ibm-runtime, on `backend` through `service`, or locally where that is
    None). `mode` is "job", "batch" or "session"; `resilience` the level of error mitigation (0, 1,
    2) that the runtime's estimators apply; `estimator` "executor" or "legacy".
    """

    name: str
    kind: str
    backend: Any = None
    service: Any = field(default=None, repr=False)
    mode: str = "job"
    resilience: int = 1
    estimator: str = EXECUTOR
    seed: int = 0
    open_plan: bool = False

    @property
    def remote(self) -> bool:
        """Whether its jobs outlive this process and are paid for."""
        return self.service is not None

    @property
    def bounded(self) -> bool:
        """Whether its estimator adds up the errors of words, which bounds that of their sum."""
        return self.kind == BACKEND or (self.estimator == LEGACY and not self.remote)

    @property
    def timing(self) -> Timing:
        """What prices its shots."""
        if self.kind != RUNTIME:
            most = getattr(self.backend, "max_shots", None)
            return Timing(most_shots=int(most or 10**6), charged=False)
        return Timing(
            float(getattr(self.backend, "default_rep_delay", None) or DELAY),
            int(getattr(self.backend, "max_shots", None) or 10**6),
            # In local mode the legacy estimator mitigates nothing.
            None if self.estimator == LEGACY and not self.remote else self.resilience,
        )


def runtime_estimator(which: str | None = None) -> tuple[str, Any]:
    """The runtime's estimator by what is installed: the one that runs its processing on this
    side, or the one it replaces; `which` insists on one.
    """
    if which in (None, EXECUTOR):
        try:
            from qiskit_ibm_runtime.executor_estimator import Estimator
        except ImportError as error:
            if which == EXECUTOR:
                raise missing("qiskit-ibm-runtime 0.50 or newer", "ibm") from error
        else:
            return EXECUTOR, Estimator
    try:
        from qiskit_ibm_runtime import EstimatorV2
    except ImportError as error:
        raise missing("qiskit-ibm-runtime", "ibm") from error
    return LEGACY, EstimatorV2


def run(
    machine: Machine,
    program: Program,
    *,
    seed: int,
    tag: str = "",
    place: Any = None,
    most_seconds: float | None = None,
) -> Any:
    """Submit a program and answer the job.

    `place` is the session or batch it runs in, if not the backend itself; `seed` is for
    simulators; `tag` marks the job so that it is found again; `most_seconds` bounds its time on
    the machine.
    """
    if machine.kind == STATEVECTOR:
        return _run_statevector(program, seed)
    pubs = [_pub(pub) for pub in program.pubs]
    precision = _precision(program.shots)
    if machine.kind == BACKEND:
        from qiskit.primitives import BackendEstimatorV2

        estimator = BackendEstimatorV2(backend=machine.backend, options={"seed_simulator": seed})
        return estimator.run(pubs, precision=precision)
    with _as_intended():
        _, make = runtime_estimator(machine.estimator)
        options = options_of(machine, seed, tag, most_seconds)
        estimator = make(mode=place or machine.backend, options=options)
        return estimator.run(pubs, precision=precision)


def options_of(
    machine: Machine, seed: int, tag: str, most_seconds: float | None = None
) -> dict[str, Any]:
    """The options of the runtime's estimators, of both kinds, for a job."""
    if not machine.remote:
        options: dict[str, Any] = {"simulator": {"seed_simulator": seed}}
        if machine.estimator != LEGACY:
            options["resilience_level"] = machine.resilience
        return options
    options = {
        "resilience_level": machine.resilience,
        "environment": {"job_tags": [tag]},
    }
    if most_seconds is not None:
        options["max_execution_time"] = int(np.clip(most_seconds, 1, _MOST_SECONDS))
    return options


def _precision(shots: int) -> float:
    """The precision that estimators turn back into this very number of shots."""
    # They take ceil(1/precision²), which rounding could lift by one.
    return float(np.sqrt(1.0 / (shots - 0.5))) if shots > 1 else 1.0


def _pub(pub: Any) -> tuple[Any, ...]:
    observables = [[observable] for observable in pub.observables]
    names = pub.isa.names
    if not names:
        return pub.isa.circuit, observables, np.zeros((len(pub.rows), 0))
    return pub.isa.circuit, observables, {names: pub.rows}


@contextmanager
def _as_intended() -> Iterator[None]:
    """Silence what is said about choices that are made on purpose."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The EstimatorV2 class is deprecated")
        warnings.filterwarnings("ignore", ".*have no effect in local testing mode")
        warnings.filterwarnings("ignore", ".*has no effect in local testing mode")
        yield


def _run_statevector(program: Program, seed: int) -> Any:
    """Exact expectation values with Gaussian noise as of so many shots of independent words."""
    from qiskit.primitives import StatevectorEstimator

    pubs = []
    for pub in program.pubs:
        circuit, observables, rows = _pub(pub)
        pubs += [
            (circuit, [observable], rows, _spread(observable[0], program.shots))
            for observable in observables
        ]
    # A generator, because a plain seed would give every circuit the same noise.
    return StatevectorEstimator(seed=np.random.default_rng(seed)).run(pubs)


def _spread(observable: Any, shots: int) -> float:
    return float(np.linalg.norm(observable.coeffs) / np.sqrt(shots))


def answers_of(machine: Machine, program: Program, result: Any) -> list[Answer]:
    """Values and standard errors [observables, rows] of each pub of a program."""
    if machine.kind == STATEVECTOR:
        found, number = [], 0
        for pub in program.pubs:
            parts = [np.ravel(result[number + i].data.evs) for i in range(len(pub.observables))]
            errors = [_spread(each, program.shots) for each in pub.observables]
            found.append((np.array(parts), np.outer(errors, np.ones(len(pub.rows)))))
            number += len(parts)
        return [_finite(*answer) for answer in found]
    return [_answer(each.data, pub) for each, pub in zip(result, program.pubs, strict=True)]


def _answer(data: Any, pub: Any) -> Answer:
    shape = (len(pub.observables), len(pub.rows))
    values = np.asarray(data.evs, float).reshape(shape)
    errors = np.asarray(data.stds, float).reshape(shape)
    # The spread over few randomised circuits may be small by chance; that of the shots is not.
    ensemble = getattr(data, "ensemble_standard_error", None)
    if ensemble is not None and np.size(ensemble) == errors.size:
        errors = np.fmax(errors, np.asarray(ensemble, float).reshape(shape))
    return _finite(values, errors)


def _finite(values: Any, errors: Any) -> Answer:
    if not np.all(np.isfinite(values)):
        raise JobFailed("The job's result holds a value that is not finite.")
    return values, np.nan_to_num(errors, nan=np.inf, posinf=np.inf)
