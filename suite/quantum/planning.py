"""The price of a run before anything is submitted, found by the code that would submit.

The method is run on an instrument that only prices what it is asked for: the same requests, the
same jobs, no answers. How a method divides shots depends a little on what it measures, and so may
the number of its attempts: the plan counts one more, as dear as the dearest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from suite.core import Record, run
from suite.errors import InputError
from suite.quantum.hardware.plan import Plan
from suite.quantum.hardware.pricing import Price
from suite.quantum.noise.annealed import Annealed
from suite.quantum.noise.groups import grouped
from suite.quantum.noise.metric_blocks import layers_of
from suite.quantum.problem_file import Task, read_task
from suite.quantum.request import Estimates, Measured, Request
from suite.quantum.shots import SIMULATED, Setup, method_of, setup_of

__all__ = ["plan_of"]

SEED = 5


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
    pricing = _Pricing(setup, _measurer(setup))
    way = method_of(setup, pricing)
    record = Record()
    last: list[Any] = []
    run(way.walk, lambda: way.prepare(setup.first), record, observe=(last.append,))
    if not isinstance(last[-1].after.state, Annealed):
        answer = setup.unrolled.angles(setup.first)[None]
        pricing.measure(Request(rows=answer, shots=np.array([setup.final_shots])), len(record))
    *search, final = pricing.prices
    dearest = max(search, key=lambda price: (price.qpu_seconds, price.shots))
    search.append(dearest)
    whole = Price()
    for price in search:
        whole = whole.plus(price)
    machine = setup.machine
    return Plan(
        machine="simulator" if machine is None else machine.name,
        attempt=dearest,
        attempts=len(search),
        search=whole,
        final=final,
        budget=dict(setup.budget),
        order="All rows and the metric of an attempt go in one job.",
        open_plan=machine is not None and machine.open_plan,
        remote=machine is not None and machine.remote,
    )


@dataclass(slots=True, eq=False)
class _Pricing:
    """An instrument that answers nothing but what would be spent."""

    setup: Setup
    measurer: Any
    seed: int = 0
    prices: list[Price] = field(default_factory=list)

    def measure(self, request: Any, number: int, groups: Any = None) -> tuple[Measured, Any]:
        """Remember the price; energies are zero with the errors that so many shots have."""
        price = self._price(request)
        self.prices.append(price)
        energies = fidelities = None
        if request.rows is not None:
            shots = np.asarray(request.shots, float)
            # Rows differ in their noise, and so do the shots that a method gives them.
            spreads = np.random.default_rng((SEED, number)).uniform(0.2, 1.0, len(shots))
            energies = Estimates(np.zeros(len(shots)), spreads / np.sqrt(shots), price.shots)
        if request.pairs is not None:
            count = len(request.pairs)
            each = np.full(count, 1.0 / np.sqrt(request.pair_shots))
            fidelities = Estimates(np.ones(count), each, 0 if energies else price.shots)
        return Measured(energies=energies, fidelities=fidelities), groups

    def _price(self, request: Any) -> Price:
        if self.measurer is not None:
            found: Price = self.measurer.price(request)
            return found
        layers = len(layers_of(self.setup.unrolled)) if request.values is not None else 0
        rows = 0 if request.rows is None else len(request.rows)
        shots = 0 if request.rows is None else int(np.sum(request.shots))
        shots += layers * request.metric_shots
        pairs = 0 if request.pairs is None else len(request.pairs)
        groups = len(grouped(self.setup.task.problem.observable).groups)
        return Price(
            1, 1 + layers, groups, rows + layers + pairs, shots + pairs * request.pair_shots
        )


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
