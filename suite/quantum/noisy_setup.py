"""What a run with shots is made of before anything is measured: its checks and its method."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.errors import BudgetExhausted, InputError
from suite.quantum.asked.start import first_parameters
from suite.quantum.asked.task import SIMULATOR, Task
from suite.quantum.naming import spelled
from suite.quantum.noise import baselines
from suite.quantum.noise.annealed import NoisyCourse, annealed
from suite.quantum.noise.groups import grouped
from suite.quantum.noise.laboratory import usual_pace
from suite.quantum.noise.natural import GROWTH, natural
from suite.quantum.noise.natural_steps import Ordering
from suite.quantum.noise.unrolled import Unrolled, unroll
from suite.quantum.priced import Priced
from suite.quantum.request import Instrument, Request
from suite.quantum.steps.course import Method

__all__ = ["METHODS", "NATURAL", "SIMULATED", "Setup", "method_of", "setup_of"]

Vector = NDArray[np.float64]

SIMULATED = ("simulator", "exact")
"""Names of the backend whose shots are drawn from exact probabilities here."""
ANNEALED, NATURAL = "annealed", "natural"
SHOTS = 300_000
"""Shots of a whole search where nobody says."""
FINAL_SHARE = 20
"""The final energy takes the search's shots over this."""
RANDOM_START, GOOD_START = 20, 200
"""Shots of a row at the start: a random point needs direction, a good one precision."""
FEW, LEAST_ROW = 50, 20
"""Attempts that a method of fixed steps is to have, if its rows keep that many shots."""
DEAR_GROWTH, DEAR_PACE = 0.02, 1.0
"""Fewer and larger attempts where every job is dear: twice the usual share, twice the pace."""


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
METHODS = (ANNEALED, NATURAL, *BASELINES)


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
    def backend(self) -> str:
        """The name of what measures."""
        return SIMULATOR if self.machine is None else str(self.machine.name)

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

    name = spelled(method or ANNEALED, METHODS)
    if name not in METHODS:
        near = difflib.get_close_matches(name, METHODS, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(
            f"With shots the method must be one of {', '.join(METHODS)}. Got {name!r}.{hint}"
        )
    if not task.circuit.num_parameters:
        raise InputError(
            "The circuit has no parameters, so there is nothing to optimise with shots: the exact "
            "engine (no shots) gives its energy."
        )
    _check_natural(task, name)
    budget = budget_of(task.max_qpu_seconds, task.max_shots)
    machine = None
    if task.backend not in SIMULATED:
        machine = machine_of(task.backend, **_served(task), seed=task.seed)
    _check_served(task, machine)
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


def _served(task: Task) -> dict[str, Any]:
    """How a machine is to serve the run."""
    return {"mode": task.mode or "job", "resilience": task.resilience}


def _check_served(task: Task, machine: Any) -> None:
    """Refuse options of the runtime where there is none."""
    asked = [name for name in ("mode", "resilience") if getattr(task, name) is not None]
    if asked and (machine is None or machine.kind != "runtime"):
        raise InputError(
            f"{asked[0]} is an option of fake: and ibm: backends. Got {getattr(task, asked[0])!r} "
            f"for {SIMULATOR if machine is None else machine.name!r}."
        )


def _check_natural(task: Task, method: str) -> None:
    """Refuse options that only the natural gradient has, and overlaps of too many qubits."""
    from suite.quantum.hardware.fidelity import MOST_FIDELITY_QUBITS

    asked = [name for name in ("order", "overlaps") if getattr(task, name)]
    if asked and method != NATURAL:
        raise InputError(
            f"{asked[0]} is an option of the method 'natural', which refuses steps. Got the method "
            f"{method!r}."
        )
    if task.overlaps and task.backend not in SIMULATED:
        qubits = task.problem.qubits
        if qubits > MOST_FIDELITY_QUBITS:
            raise InputError(
                f"Overlaps are measured on up to {MOST_FIDELITY_QUBITS} qubits on a machine. "
                f"Got {qubits}: leave overlaps out."
            )


def _check_first(setup: Setup) -> None:
    """Refuse a search that its first attempt alone would overdraw."""
    priced = Priced(setup.unrolled, setup.task.problem.observable)
    method_of(setup, priced).prepare(setup.first)
    least = sum(price.shots for price in priced.prices)
    if least > setup.shots:
        raise InputError(
            f"The first attempt alone takes {least:,} shots, the whole search may take "
            f"{setup.shots:,}: ask for shots enough for many attempts."
        )


def method_of(setup: Setup, instrument: Instrument) -> Method:
    """The method of a setup on what measures; fewer and larger jobs where a job is dear."""
    if setup.method in BASELINES:
        return _baseline(setup, instrument)
    course = NoisyCourse(
        setup.unrolled,
        grouped(setup.task.problem.observable),
        instrument,
        setup.shots,
        setup.final_shots,
        GOOD_START if setup.good else RANDOM_START,
        evaluations=setup.task.evaluations,
    )
    if setup.method == NATURAL:
        ordering = _ordering(setup, instrument)
        return natural(replace(course, growth=GROWTH), ordering, overlaps=setup.task.overlaps)
    dear = setup.machine is not None and setup.machine.kind == "runtime"
    if not dear:
        return annealed(course)
    pace = max(DEAR_PACE, usual_pace(setup.unrolled))
    return annealed(replace(course, growth=DEAR_GROWTH, pace=pace))


def _baseline(setup: Setup, instrument: Any) -> Method:
    """A method to compare with, with fewer shots a row where the usual ones leave few attempts."""
    make, usual, row_shots = BASELINES[setup.method]
    rate = usual if setup.rate is None else setup.rate
    setting = baselines.Setting(setup.unrolled, instrument, setup.shots, row_shots, rate)
    setting = replace(setting, evaluations=setup.task.evaluations, energy_shots=row_shots // 2)
    pricing = Priced(setup.unrolled, setup.task.problem.observable)
    make(replace(setting, instrument=pricing)).prepare(setup.first)
    attempts = setup.shots / sum(price.shots for price in pricing.prices)
    if attempts < FEW:
        row_shots = max(LEAST_ROW, int(row_shots * attempts / FEW))
    return make(replace(setting, row_shots=row_shots, energy_shots=row_shots // 2))


def _ordering(setup: Setup, instrument: Any) -> Ordering:
    """The order of an attempt's jobs by their prices, or as asked."""
    from suite.quantum.hardware import pacing
    from suite.quantum.hardware.plan import order_of

    simulated = setup.machine is None
    pricing = Priced(setup.unrolled, setup.task.problem.observable) if simulated else instrument
    # A job takes its turn in the queue, and a user only so many of them in a minute.
    remote = not simulated and setup.machine.remote
    least = pacing.MINUTE / pacing.JOBS_A_MINUTE if remote else 0.0

    def order(energies: Request, rest: Request, kept: float, wait: float) -> tuple[str, str]:
        return order_of(
            pricing.price(energies),
            pricing.price(rest),
            wait_seconds=max(wait, least) if remote else 0.0,
            accepted=kept,
            chosen=setup.task.order,
        )

    return order
