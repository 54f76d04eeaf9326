"""The price of a run before anything is submitted, found by the code that would submit.

The method is run on an instrument that only prices what it is asked for: the same requests, the
same jobs, no answers. How a method divides shots depends on what it measures, and so does how many
more a machine makes of them, which the run pays for with attempts: the plan takes those of a run
that pays for no rounding, and one more, as dear as the dearest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from suite.core import Record, run
from suite.errors import InputError
from suite.quantum.asked.problem_file import read_task
from suite.quantum.asked.task import Task
from suite.quantum.hardware.plan import Plan
from suite.quantum.hardware.pricing import Price
from suite.quantum.noise.annealed import Annealed
from suite.quantum.noise.metric_blocks import layers_of
from suite.quantum.noisy_setup import NATURAL, SIMULATED, Setup, method_of, setup_of
from suite.quantum.priced import HIDES, TELLS, Priced
from suite.quantum.problems.hamiltonian import JORDAN_WIGNER
from suite.quantum.request import Request

__all__ = ["plan_of"]

Way: TypeAlias = tuple[int | None, float]

WAYS: tuple[Way, ...] = ((None, TELLS),)
NATURAL_WAYS: tuple[Way, ...] = (*WAYS, (None, HIDES), (3, HIDES))
"""Refusals (every so many) and errors of a comparison: the dearest attempts; the cheapest, of which
there are most; and, cheaper still, steps that are refused, which no more than every third is for
long, since a refusal takes back two growths."""


def plan_of(problem: str | Path | Task) -> Plan:
    """What a problem file, or its task, would submit with the backend and shots that it names.

    Raises `InputError` for the exact engine, which submits nothing, and what a run would raise.
    """
    task = problem if isinstance(problem, Task) else read_task(problem, backends=None)
    if task.backend in SIMULATED and task.shots is None and task.max_shots is None:
        raise InputError(
            "The exact engine submits nothing and has no price. Name a backend (such as "
            "fake:manila or ibm:NAME) or the shots."
        )
    setup = setup_of(task, method=task.method)
    measurer = _measurer(setup)
    ways = NATURAL_WAYS if setup.method == NATURAL else WAYS
    # What the simulator is asked for it measures: there is nothing to be thrifty with.
    habits = (False,) if measurer is None else (False, True)
    found = [_walked(setup, measurer, *way, thrifty) for way in ways for thrifty in habits]
    machine = setup.machine
    return Plan(
        machine="simulator" if machine is None else machine.name,
        attempt=_worst([walk.attempt for walk in found]),
        attempts=max(walk.attempts for walk in found),
        search=_worst([walk.search for walk in found]),
        final=found[0].final,
        budget=dict(setup.budget),
        order=found[0].order,
        open_plan=machine is not None and machine.open_plan,
        remote=machine is not None and machine.remote,
        hint=_hint(task) if machine is not None else "",
    )


def _hint(task: Task) -> str:
    """What would make a molecule's circuits shorter."""
    problem = task.problem
    if task.excitations is None or problem.mapping != JORDAN_WIGNER or problem.qubits < 4:
        return ""
    return 'mapping = "tapered" in [molecule] takes two qubits fewer and much shorter circuits.'


class _Walk(NamedTuple):
    """The prices of a run on an instrument that measures nothing."""

    attempt: Price
    attempts: int
    search: Price
    final: Price
    order: str


def _walked(setup: Setup, measurer: Any, every: int | None, doubt: float, thrifty: bool) -> _Walk:
    """A run that has its step refused at every so many comparisons, or never."""
    observable = setup.task.problem.observable
    pricing = Priced(setup.unrolled, observable, measurer, every, doubt, thrifty)
    way = method_of(setup, pricing)
    record = Record()
    last: list[Any] = []
    run(way.walk, lambda: way.prepare(setup.first), record, observe=(last.append,))
    if not isinstance(last[-1].after.state, Annealed):
        answer = setup.unrolled.angles(setup.first)[None]
        pricing.measure(Request(rows=answer, shots=np.array([setup.final_shots])), len(record))
    *each, final = pricing.attempts()
    dearest = max(each, key=lambda price: (price.qpu_seconds, price.shots))
    search = dearest
    for price in each:
        search = search.plus(price)
    if thrifty:
        # More attempts than can be, as far as shots go: a search ends by those it paid for.
        search = search._replace(shots=min(search.shots, setup.shots + dearest.shots))
    whys = [row["notes"]["order_why"] for row in record if "order_why" in row["notes"]]
    order = whys[0] if whys else "All rows and the metric of an attempt go in one job."
    return _Walk(dearest, len(each) + 1, search, final, order)


def _worst(prices: list[Price]) -> Price:
    """The most of each part."""
    return Price._make(max(parts) for parts in zip(*prices, strict=True))


def _measurer(setup: Setup) -> Any:
    """What would measure on the machine, with its circuits transpiled; None for the simulator."""
    if setup.machine is None:
        return None
    from suite.quantum.hardware.measurer import measurer_of

    return measurer_of(
        setup.machine,
        setup.unrolled.circuit,
        setup.task.problem.observable,
        layers_of(setup.unrolled),
        budget=dict(setup.budget),
    )
