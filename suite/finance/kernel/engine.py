"""Quotes to volatilities: the short way for all rows, careful steps for those it refused."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.core import Rows, Status, Tally
from suite.core.control import Law, within
from suite.finance.kernel.careful import approach
from suite.finance.kernel.inversion import LAST
from suite.finance.kernel.normalised import HALF_ULP
from suite.finance.kernel.passes import Job, before_fork, run
from suite.finance.kernel.stages import (
    ERROR,
    INVERSE,
    MODELS,
    NOISE,
    REFUSED,
    REST,
    ROOT,
    START,
    STATUS,
    VOLATILITY,
    Model,
    X,
)
from suite.finance.verdict import Verdict

__all__ = ["Inputs", "Solved", "solve"]

Vector = NDArray[np.float64]

MORE_STEPS = 3
"""Exact steps of a careful row beyond the first, which is near enough as a rule."""


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
    tally.rows(
        np.broadcast_to(0, MODELS[model].steps * taken),
        np.empty(0, np.int64),
        ["start"],
        {"evaluations": 1},
    )
    if len(refused):
        part = Inputs(*(v if np.ndim(v) == 0 else v[refused] for v in inputs))
        found, way = _careful(job, part, len(refused), MODELS[model], law)
        volatility[refused], error[refused], status[refused] = found
        steps[refused] = np.minimum(way.count + 1, 127)
        tally.merge(way.tally)
    return Solved(volatility, error, status, steps, tally)


def _careful(
    job: Job, inputs: Inputs, rows: int, model: Model, law: Law | None
) -> tuple[tuple[Vector, Vector, Vector], Rows]:
    """Volatility, error and status of rows by careful steps, and the core's account of them."""
    block = np.ones((job.plan.table + job.plan.work, rows))
    for column, values in enumerate(inputs):
        block[column] = values
    before_fork(job, block)
    with np.errstate(all="ignore"):
        start = np.where(block[START] > 0.0, block[START], 1.0)
        way = approach(model.measure, (block[INVERSE], block[REST], block[X]), start, law)
        answer = model.last(block, way.answer)
        for _ in range(MORE_STEPS):
            answer = model.last(block, answer.volatility * np.sqrt(inputs.years))
        left = (answer.last / LAST) ** 2
        arrived = (way.status == Status.CONVERGED) | (way.status == Status.STALLED)
        good = within(left * left) & arrived & (answer.volatility > 0.0)
        error = block[NOISE] / (answer.vega * block[ROOT]) + HALF_ULP * answer.volatility
    status = np.where(good, Verdict.SOLVED, Verdict.NOT_CONVERGED)
    return (np.where(good, answer.volatility, np.nan), np.where(good, error, np.nan), status), way
