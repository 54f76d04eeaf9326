"""VQE where energies are measured with shots: on a simulator, a fake device, or a machine.

A method with shots (`suite.quantum.noise`) is run on whatever answers its requests: real shots
drawn from exact probabilities, or jobs of Qiskit's primitives with their ledger.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.core import Attempt, Record, Store, run
from suite.core.versions import versions
from suite.errors import BudgetExhausted, InputError
from suite.quantum.noise import baselines
from suite.quantum.noise.annealed import Annealed, NoisyCourse, annealed
from suite.quantum.noise.groups import Groups, grouped
from suite.quantum.noise.laboratory import usual_pace
from suite.quantum.noise.metric_blocks import layers_of
from suite.quantum.noise.unrolled import Unrolled, unroll
from suite.quantum.priced import Priced
from suite.quantum.problem_file import Task
from suite.quantum.request import Instrument, Request
from suite.quantum.result import VQEResult
from suite.quantum.start import first_parameters
from suite.quantum.steps.course import Method

__all__ = ["METHODS", "SIMULATED", "Setup", "method_of", "setup_of", "with_shots"]

Vector = NDArray[np.float64]
Tell = Callable[[str], object]

_LOG = logging.getLogger("suite.quantum")

SIMULATED = ("simulator", "exact")
"""Names of the backend whose shots are drawn from exact probabilities here."""
ANNEALED = "annealed"
SHOTS = 300_000
"""Shots of a whole search where nobody says."""
FINAL_SHARE = 20
"""The final energy takes the search's shots over this."""
RANDOM_START, GOOD_START = 20, 200
"""Shots of a row at the start: a random point needs direction, a good one precision."""
DEAR_GROWTH, DEAR_PACE = 0.02, 1.0
"""Fewer and larger attempts where every job is dear: twice the usual share, twice the pace."""
MOST_EXACT_QUBITS = 16
"""Qubits up to which the energy without noise of the answer is computed beside."""


class Baseline(NamedTuple):
    """A method whose step does not adapt: how it is made, its usual rate, the shots of a row."""

    make: Callable[[baselines.Setting], Method]
    rate: float
    row_shots: int


BASELINES = {
    "qng": Baseline(baselines.fixed_natural_gradient, 0.05, 1000),
    "adam": Baseline(baselines.adam, 0.05, 1000),
    "spsa": Baseline(baselines.spsa, 0.05, 1000),
    "qnspsa": Baseline(baselines.qnspsa, 0.01, 1000),
}
METHODS = (ANNEALED, *BASELINES)


@dataclass(frozen=True, slots=True, eq=False)
class Setup:
    """What a run with shots is made of before anything is measured.

    `first` [p] the parameters to start from, `good` whether they are better than random ones;
    `machine` None for the simulator; `shots` of the search, `budget` what may be paid, by name.
    """

    task: Task
    first: Vector
    good: bool
    method: str
    rate: float | None
    unrolled: Unrolled
    machine: Any
    shots: int
    budget: Mapping[str, float]

    @property
    def final_shots(self) -> int:
        """Shots of the final energy."""
        return max(1, self.shots // FINAL_SHARE)


def setup_of(task: Task, *, method: str | None = None, rate: float | None = None) -> Setup:
    """Check a task with shots and bring its parts together; nothing is measured.

    Raises `InputError` for an unknown backend or method, and `BudgetExhausted` where the budget
    cannot pay for the shots that are asked for.
    """
    from suite.quantum.hardware.backends import machine_of
    from suite.quantum.hardware.jobs import budget_of

    name = method or ANNEALED
    if name not in METHODS:
        near = difflib.get_close_matches(name, METHODS, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(
            f"With shots the method must be one of {', '.join(METHODS)}. Got {name!r}.{hint}"
        )
    if not task.circuit.num_parameters:
        raise InputError("The circuit has no parameters: there is nothing to optimise.")
    budget = budget_of(task.max_qpu_seconds, task.max_shots)
    machine = None if task.backend in SIMULATED else machine_of(task.backend, seed=task.seed)
    shots = task.shots
    if shots is None:
        # What is left pays for the final energy.
        shots = SHOTS if task.max_shots is None else int(task.max_shots / (1.0 + 2 / FINAL_SHARE))
    first = first_parameters(task, task.circuit.num_parameters)
    good = task.start is not None or task.excitations is not None
    unrolled = unroll(task.circuit)
    found = Setup(task, first, good, name, rate, unrolled, machine, max(shots, 1), budget)
    total = found.shots + found.final_shots
    if total > budget.get("shots", np.inf):
        raise BudgetExhausted(
            f"The search and its final energy take {total:,} shots, the budget is "
            f"{budget['shots']:,.0f}. Nothing was submitted: lower shots or raise max_shots."
        )
    _check_first(found)
    return found


def _check_first(setup: Setup) -> None:
    """Refuse a search that its first attempt alone would overdraw."""
    priced = Priced(setup.unrolled, setup.task.problem.observable)
    method_of(setup, priced).prepare(setup.first)
    least = sum(price.shots for price in priced.prices)
    if least > setup.shots:
        raise InputError(
            f"The first attempt alone takes {least:,} shots: ask for a multiple of that, not for "
            f"{setup.shots:,}."
        )


def method_of(setup: Setup, instrument: Instrument) -> Method:
    """The method of a setup on what measures; fewer and larger jobs where a job is dear."""
    if setup.method != ANNEALED:
        make, usual, row_shots = BASELINES[setup.method]
        rate = usual if setup.rate is None else setup.rate
        return make(baselines.Setting(setup.unrolled, instrument, setup.shots, row_shots, rate))
    course = NoisyCourse(
        setup.unrolled,
        grouped(setup.task.problem.observable),
        instrument,
        setup.shots,
        setup.final_shots,
        GOOD_START if setup.good else RANDOM_START,
    )
    dear = setup.machine is not None and setup.machine.kind == "runtime"
    if not dear:
        return annealed(course)
    pace = max(DEAR_PACE, usual_pace(setup.unrolled))
    return annealed(replace(course, growth=DEAR_GROWTH, pace=pace))


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

    `method` is "annealed" (the default) or, to compare with, "qng", "adam", "spsa" or "qnspsa" at a
    fixed `rate`; their final energy is measured anew. `store` keeps the run with all its jobs;
    `tell` hears of queues and trouble: by default the log "suite.quantum".
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
    details = _details(setup, record, answer, more)
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
            kinds = (Annealed, Groups, baselines.Walked)
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
        "backend": setup.task.backend,
        "shots": int(cost["shots"]) + more,
        "jobs": 0 if setup.machine is None else int(cost["jobs"]) + (more > 0),
        "exact_energy_of_parameters": _exact(setup.task, answer),
        "noise": _noise(record),
    }


def _exact(task: Task, parameters: Vector) -> float | None:
    """The energy of the answer without noise, where it can be computed."""
    from suite.quantum.ansatz import Ansatz
    from suite.quantum.circuits import engine_of

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
            "backend": task.backend,
            "shots": setup.shots,
            "good_start": setup.good,
        },
        "seed": task.seed,
        "versions": versions("scipy", "qiskit", "pyscf", "qiskit-aer", "qiskit-ibm-runtime"),
    }
