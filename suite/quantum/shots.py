"""VQE where energies are measured with shots: on a simulator, a fake device, or a machine.

A method with shots (`suite.quantum.noise`) is run on whatever answers its requests: real shots
drawn from exact probabilities, or jobs of Qiskit's primitives with their ledger.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.core import Attempt, Record, Status, Store, run
from suite.core.versions import versions
from suite.quantum.asked.task import Task
from suite.quantum.noise import baselines
from suite.quantum.noise.annealed import Annealed
from suite.quantum.noise.groups import Groups
from suite.quantum.noise.metric_blocks import layers_of
from suite.quantum.noise.natural import Natural
from suite.quantum.noisy_setup import Setup, method_of, setup_of
from suite.quantum.request import Request
from suite.quantum.result import VQEResult
from suite.quantum.steps.course import Method

__all__ = ["with_shots"]

Vector = NDArray[np.float64]
Tell = Callable[[str], object]

_LOG = logging.getLogger("suite.quantum")

MOST_EXACT_QUBITS = 16
"""Qubits up to which the energy without noise of the answer is computed beside."""


def with_shots(
    task: Task,
    *,
    method: str | None = None,
    rate: float | None = None,
    store: str | Path | None = None,
    observe: tuple[Callable[[Attempt], object], ...] = (),
    tell: Tell = _LOG.info,
) -> VQEResult:
    """Carry a task with shots to its end.

    `method` is "annealed" (the default), "natural", or, to compare with, "qng", "adam", "spsa" or
    "qnspsa" at a fixed `rate`; their final energy is measured anew. `store` keeps the run with all
    its jobs; `tell` hears of queues and trouble: by default the log "suite.quantum".
    """
    setup = setup_of(task, method=method, rate=rate)
    record = Record()
    last: list[Attempt] = []
    look = (*observe, lambda attempt: last.__setitem__(slice(None), [attempt]))
    with _opened(setup, store, tell) as (instrument, kept):
        way = method_of(setup, instrument)
        status = run(way.walk, lambda: way.prepare(setup.first), record, store=kept, observe=look)
        point = last[0].after if last else (kept.point() if kept is not None else None)
        assert point is not None  # a run that ended has at least its preparation
        energy, error, answer, more = _settled(setup, way, point.state, instrument, len(record))
    details = _details(setup, record, answer, more) | {"sentence": _sentence(setup, status, record)}
    problem = task.problem
    return VQEResult(
        energy,
        error,
        answer,
        problem.exact,
        problem.hartree_fock,
        status,
        record,
        setup.method,
        task.circuit,
        details,
    )


@contextmanager
def _opened(
    setup: Setup, store: str | Path | None, tell: Tell
) -> Iterator[tuple[Any, Store | None]]:
    """What measures, and the store that keeps the run; both are closed at the end."""
    from suite.quantum.hardware.measurer import measurer_of
    from suite.quantum.noise.simulator import simulator

    task, unrolled = setup.task, setup.unrolled
    with ExitStack() as stack:
        kept: Store | None = None
        if store is not None:
            kinds = (Annealed, Natural, Groups, baselines.Walked)
            kept = Store(store, _about(setup), kinds=kinds, budget=setup.budget)
            stack.enter_context(kept)
        if setup.machine is None:
            yield simulator(unrolled, task.problem.observable, seed=task.seed), kept
            return
        instrument = measurer_of(
            setup.machine,
            unrolled.circuit,
            task.problem.observable,
            layers_of(unrolled),
            store=kept,
            budget=dict(setup.budget),
            tell=tell,
        )
        stack.callback(instrument.close)
        yield Positive(instrument, task.seed), kept


@dataclass(frozen=True, slots=True, eq=False)
class Positive:
    """A machine whose metric has no negative eigenvalues, which the noise of its words gives it.

    With one, a step would go uphill along its direction.
    """

    inner: Any
    seed: int

    def measure(self, request: Any, number: int, groups: Any = None) -> tuple[Any, Any]:
        """What the machine measures, each block of the metric at the nearest that is positive."""
        measured, groups = self.inner.measure(request, number, groups)
        blocks = tuple((indices, _nearest(block)) for indices, block in measured.blocks)
        return measured._replace(blocks=blocks), groups

    def price(self, request: Any) -> Any:
        """What the machine asks for a request."""
        return self.inner.price(request)


def _nearest(block: Vector) -> Vector:
    values, vectors = np.linalg.eigh(block)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)


def _settled(
    setup: Setup, way: Method, state: Any, instrument: Any, number: int
) -> tuple[float, float, Vector, int]:
    """Energy, standard error, parameters, and the shots that this took beyond the run's own."""
    if isinstance(state, Annealed):
        return float(state.energy), float(state.error), state.answer, 0
    _, answer = way.answer(state)
    row = setup.unrolled.angles(answer)[None]
    request = Request(rows=row, shots=np.array([setup.final_shots]))
    found = instrument.measure(request, number)[0].energies
    return float(found.values[0]), float(found.standard_errors[0]), answer, int(found.shots)


def _details(setup: Setup, record: Record, answer: Vector, more: int) -> dict[str, Any]:
    cost = record.tally.cost
    return {
        "backend": setup.backend,
        "shots": int(cost["shots"]) + more,
        "jobs": int(cost["jobs"]) + (more > 0),
        "exact_energy_of_parameters": _exact(setup.task, answer),
        "metric": _metric(setup, record),
        "noise": _noise(record),
        **_order(record),
    }


def _sentence(setup: Setup, status: Status, record: Record) -> str:
    """How a run ended, and which bound of the search it was that it reached."""
    if status is not Status.ENDPOINT:
        return status.sentence
    asked, done = setup.task.evaluations, record.tally.cost["evaluations"]
    if asked is not None and done >= asked:
        return f"{status.sentence} The search had its {asked:,} evaluations."
    return f"{status.sentence} The search has spent its {setup.shots:,} shots."


def _exact(task: Task, parameters: Vector) -> float | None:
    """The energy of the answer without noise, where it can be computed."""
    from suite.quantum.ansatz.named import Ansatz
    from suite.quantum.exact.circuits import engine_of

    if task.problem.qubits > MOST_EXACT_QUBITS or not np.all(np.isfinite(parameters)):
        return None
    ansatz = Ansatz(task.ansatz, task.circuit, task.excitations)
    return float(engine_of(task.problem, ansatz).energy(parameters))


def _noise(record: Record) -> dict[str, Any]:
    """What the last step could gain, and how much of that was noise."""
    rows = [row for row in record if "gain_bias" in row["notes"]]
    chosen = [row["notes"]["answer"] for row in record if "answer" in row["notes"]]
    if not rows:
        return {}
    notes = rows[-1]["notes"]
    return {
        "predicted_gain_of_the_last_step": float(notes["gain"]),
        "bias_of_that_gain_by_noise": float(notes["gain_bias"]),
        "error_of_the_last_energy_on_the_way": float(notes["standard_error"]),
        **({"answer_taken_from": chosen[-1]} if chosen else {}),
    }


def _metric(setup: Setup, record: Record) -> str | None:
    """What of the metric a run knows; None for a method that has none."""
    if not any("metric_spectrum" in row["notes"] for row in record):
        return None
    gates = setup.unrolled.rotations
    bounded = sum(gate.basis(setup.unrolled.qubits) is None for gate in gates)
    if not bounded:
        return "the blocks of commuting gates"
    if bounded == len(gates):
        return "an upper bound: no block of this circuit can be measured in one basis"
    return f"the blocks of commuting gates, and an upper bound for {bounded} of {len(gates)} angles"


def _order(record: Record) -> dict[str, Any]:
    """In which order the jobs of attempts went, where it was a choice."""
    why = [row["notes"]["order_why"] for row in record if "order_why" in row["notes"]]
    drifted = [row["number"] for row in record if row["notes"].get("drift")]
    return {"order": why[-1], "drifted_at_attempts": drifted} if why else {}


def _served(setup: Setup) -> dict[str, Any]:
    """How a machine was asked to serve the run, as far as anybody chose."""
    asked = {"mode": setup.task.mode, "resilience": setup.task.resilience}
    return {name: value for name, value in asked.items() if value is not None}


def _about(setup: Setup) -> dict[str, Any]:
    """What a stored run must agree in to be gone on with."""
    from qiskit import qasm3

    task = setup.task
    terms = [[word, value.real] for word, value in task.problem.observable.to_list()]
    return {
        "job": "quantum vqe",
        "inputs": {"observable": terms, "circuit": qasm3.dumps(task.circuit)},
        "options": {
            "method": setup.method,
            "rate": setup.rate,
            "start": setup.first.tolist(),
            "backend": setup.backend,
            "shots": setup.shots,
            "good_start": setup.good,
            "evaluations": task.evaluations,
            "order": task.order,
            "overlaps": task.overlaps,
            # Those of a machine, so that runs from before they could be chosen go on.
            **_served(setup),
        },
        "seed": task.seed,
        "versions": versions("scipy", "qiskit", "pyscf", "qiskit-aer", "qiskit-ibm-runtime"),
    }
