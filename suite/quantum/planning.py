"""The price of a run before anything is submitted, found by the code that would submit.

The method is run on an instrument that only prices what it is asked for: the same requests, the
same jobs, no answers. How a method divides shots depends a little on what it measures, and so may
the number of its attempts: the plan counts one more, as dear as the dearest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from suite.core import Record, run
from suite.errors import InputError
from suite.quantum.hardware.plan import Plan
from suite.quantum.hardware.pricing import Price
from suite.quantum.noise.annealed import Annealed
from suite.quantum.noise.metric_blocks import layers_of
from suite.quantum.priced import Priced
from suite.quantum.problem_file import Task, read_task
from suite.quantum.request import Request
from suite.quantum.shots import SIMULATED, Setup, method_of, setup_of

__all__ = ["plan_of"]


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
    pricing = Priced(setup.unrolled, task.problem.observable, _measurer(setup))
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
