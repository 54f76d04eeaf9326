"""Whole arrays through the stages: in chunks, on some threads, compiled or with NumPy.

Both ways do the same operations in the same order, so a quote has the same bits alone, in a chunk,
in any order, and on any number of threads. What the laws refuse of the short way goes on by careful
steps in the core's lanes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.core import Rows, Status, Tally
from suite.core.control import Law, within
from suite.finance import native
from suite.finance.careful import approach
from suite.finance.inversion import LAST
from suite.finance.normalised import HALF_ULP
from suite.finance.stages import (
    CHUNK,
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
from suite.finance.vectors import LANES_MOST, Plan, Stage
from suite.finance.verdict import Verdict

__all__ = ["Inputs", "Solved", "solve"]

Vector = NDArray[np.float64]

SMALL = 512
"""Rows below which NumPy is done before compiled code is loaded."""
STEPS = 3
"""The steps of the short way."""
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
    _short_way(
        inputs, rows, MODELS[model].plan, model, from_spot, threads, volatility, error, status
    )
    steps = (status == Verdict.SOLVED).view(np.int8) * np.int8(STEPS)
    careful = status == REFUSED
    taken = int(np.count_nonzero(steps))
    if law is not None:
        careful, taken = careful | (steps > 0), 0
    refused = np.flatnonzero(careful)
    tally = Tally()
    tally.rows(
        np.broadcast_to(0, STEPS * taken), np.empty(0, np.int64), ["start"], {"evaluations": 1}
    )
    if len(refused):
        part = Inputs(*(v if np.ndim(v) == 0 else v[refused] for v in inputs))
        found, way = _careful(part, len(refused), MODELS[model], from_spot, law)
        volatility[refused], error[refused], status[refused] = found
        steps[refused] = np.minimum(way.count + 1, 127)
        tally.merge(way.tally)
    return Solved(volatility, error, status, steps, tally)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _short_way(
    inputs: Inputs,
    rows: int,
    plan: Plan,
    model: str,
    from_spot: bool,
    threads: int | None,
    volatility: Vector,
    error: Vector,
    status: NDArray[np.int8],
) -> None:
    """The compiled steps for all rows, some chunks a thread."""
    kernel = native.load(model) if rows > SMALL else None

    def work(starts: Sequence[int]) -> None:
        table, run = _room(plan, min(rows, CHUNK), kernel, from_spot)
        varying = []
        for column, values in enumerate(inputs):
            if np.ndim(values):
                varying.append((column, values))
            else:
                table[column] = values
        for start in starts:
            chunk = slice(start, min(start + CHUNK, rows))
            count = chunk.stop - start
            for column, values in varying:
                table[column, :count] = values[chunk]
            run(count)
            volatility[chunk] = table[VOLATILITY, :count]
            error[chunk] = table[ERROR, :count]
            status[chunk] = table[STATUS, :count]

    starts = range(0, rows, CHUNK)
    workers = min(threads or _processors(), len(starts))
    if workers <= 1:
        work(starts)
        return
    with ThreadPoolExecutor(workers) as pool:
        for job in [pool.submit(work, starts[k::workers]) for k in range(workers)]:
            job.result()


def _room(plan: Plan, rows: int, kernel: native.Kernel | None, from_spot: bool) -> tuple[Any, Any]:
    """A table for a chunk, and the function that answers its first rows."""
    if kernel is None:
        block = np.ones((plan.table + plan.work, rows))
        return block, lambda count: _with_numpy(plan, block[:, :count], from_spot)
    table = np.ones((plan.table, CHUNK + LANES_MOST))
    work = np.ones((plan.work, plan.tile + LANES_MOST))
    places = np.zeros((2, plan.tile + LANES_MOST), np.int64)
    memory = (table, work, places)
    addresses = [array.ctypes.data for array in memory]
    # The arrays must outlive the addresses: the function holds on to them.
    return table, lambda count, _memory=memory: kernel(count, from_spot, *addresses)


def _with_numpy(plan: Plan, block: Vector, from_spot: bool) -> None:
    """The plan over all rows of a block."""
    with np.errstate(all="ignore"):  # rows without an answer run along
        for stage in plan.first if from_spot else plan.second:
            _run(stage, block, slice(None))
        positive = block[plan.sorts] > 0.0
        _run(plan.positive, block, positive)
        _run(plan.other, block, ~positive)


def _run(stage: Stage, block: Vector, rows: Any) -> None:
    answers = stage.function(*(block[column, rows] for column in stage.reads))
    for column, answer in zip(stage.writes, answers, strict=True):
        block[column, rows] = answer


def _careful(
    inputs: Inputs, rows: int, model: Model, from_spot: bool, law: Law | None
) -> tuple[tuple[Vector, Vector, Vector], Rows]:
    """Volatility, error and status of rows by careful steps, and the core's account of them."""
    plan = model.plan
    block = np.ones((plan.table + plan.work, rows))
    for column, values in enumerate(inputs):
        block[column] = values
    with np.errstate(all="ignore"):
        for stage in plan.first if from_spot else plan.second:
            _run(stage, block, slice(None))
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
