"""Quotes to volatilities: the short way for all rows, careful steps for those it refused."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.core import Rows, Status, Tally
from suite.core.law import Law
from suite.finance.kernel.careful import EXACTLY, ROUGHLY, Measure, approach
from suite.finance.kernel.inversion import Rough, judge
from suite.finance.kernel.normalised import Row
from suite.finance.kernel.passes import Job, before_fork, run
from suite.finance.kernel.stages import (
    ERROR,
    MODELS,
    REFUSED,
    START,
    STATUS,
    VOLATILITY,
    Model,
    row_of,
)
from suite.finance.verdict import Verdict

__all__ = ["Inputs", "Solved", "solve"]

Vector = NDArray[np.float64]


class Inputs(NamedTuple):
    """Columns of numbers, each [rows] or one for all.

    `call` positive for calls, negative for puts, 0 unknown; `half_tick` what the price leaves open.
    From a spot, `base` is the spot, `first` the rate, `second` the dividend yield; else they are
    the forward, the discount factor and nothing.
    """

    price: Any
    strike: Any
    years: Any
    call: Any
    half_tick: Any
    base: Any
    first: Any
    second: Any


class Solved(NamedTuple):
    """Volatility a year, its error bar, the verdict's code and the attempts; all [rows]."""

    volatility: Vector
    error: Vector
    status: NDArray[np.int8]
    steps: NDArray[np.int8]
    tally: Tally


def solve(
    inputs: Inputs,
    rows: int,
    *,
    model: str = "black",
    from_spot: bool = False,
    threads: int | None = None,
    law: Law | None = None,
) -> Solved:
    """Run every row through the stages of a model, and the refused ones through careful steps.

    `threads` None is one for each processor that this process may use. With a `law` of one's own
    every row goes by careful steps under it.
    """
    volatility, error = np.empty(rows), np.empty(rows)
    status = np.empty(rows, np.int8)
    job = Job(model, MODELS[model].plan, from_spot)
    run(job, inputs, {VOLATILITY: volatility, ERROR: error, STATUS: status}, rows, threads)
    steps = (status == Verdict.SOLVED).view(np.int8) * np.int8(MODELS[model].steps)
    careful = status == REFUSED
    taken = int(np.count_nonzero(steps))
    if law is not None:
        careful, taken = careful | (steps > 0), 0
    refused = np.flatnonzero(careful)
    tally = Tally()
    nobody = np.empty(0, np.int64)
    # Of a row's steps the first was bound by its start, the others by what the law allowed.
    for name, count in (("start", taken), ("gain", taken * (MODELS[model].steps - 1))):
        tally.rows(np.broadcast_to(0, count), nobody, [name], {"evaluations": 1})
    if len(refused):
        part = Inputs(*(v if np.ndim(v) == 0 else v[refused] for v in inputs))
        found, ways = _careful(job, part, len(refused), MODELS[model], law)
        volatility[refused], error[refused], status[refused] = found
        steps[refused] = np.minimum(sum(way.count for way in ways) + 1, 127)
        for way in ways:
            tally.merge(way.tally)
    return Solved(volatility, error, status, steps, tally)


def _careful(
    job: Job, inputs: Inputs, rows: int, model: Model, law: Law | None
) -> tuple[tuple[Vector, Vector, Vector], tuple[Rows, Rows]]:
    """Volatility, error and status of rows by careful steps, and the core's account of them."""
    block = np.ones((job.plan.table + job.plan.work, rows))
    for column, values in enumerate(inputs):
        block[column] = values
    before_fork(job, block)
    row = row_of(block)
    with np.errstate(all="ignore"):
        start = np.where(block[START] > 0.0, block[START], 1.0)
        rough = approach(model.measure, row, start, law, ROUGHLY)
        exact = approach(_measured(model), row, rough.answer, law, EXACTLY)
        answer = model.last(row, exact.answer)
        # The way is the core's; of the last step only its remainder is left to judge.
        taken, error = judge(answer._replace(before=np.zeros(rows)), row)
    arrived = (exact.status == Status.CONVERGED) | (exact.status == Status.STALLED)
    good = taken & arrived & (answer.volatility > 0.0)
    status = np.where(good, Verdict.SOLVED, Verdict.NOT_CONVERGED)
    found = np.where(good, answer.volatility, np.nan), np.where(good, error, np.nan), status
    return found, (rough, exact)


def _measured(model: Model) -> Measure:
    """The exact step as the attempt of the lanes."""

    def measure(row: Row, s: Vector) -> Rough:
        answer = model.last(row, s)
        step = answer.last * s
        return Rough(answer.after, step, step)

    return measure
