"""Whole arrays through a plan: in chunks, on some threads, compiled or with NumPy.

Both ways do the same operations in the same order, so a row has the same bits alone, in a chunk, in
any order, and on any number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.finance.kernel import native
from suite.finance.kernel.vectors import LANES_MOST, Plan, Stage

__all__ = ["Job", "before_fork", "run"]

Vector = NDArray[np.float64]

SMALL = 512
"""Rows below which NumPy is done before compiled code is loaded."""


class Job(NamedTuple):
    """A plan by name, and which of its two beginnings."""

    name: str
    plan: Plan
    which: bool


def run(
    job: Job,
    inputs: Sequence[Any],
    outputs: Mapping[int, NDArray[Any]],
    rows: int,
    threads: int | None,
) -> None:
    """Fill the `outputs`, arrays [rows] by column, from the inputs.

    `inputs` are the first columns of the table, each [rows] or one number for all. `threads` None
    is one for each processor that this process may use.
    """
    kernel = native.load(job.name, job.plan) if rows > SMALL else None
    chunk = job.plan.chunk

    def work(starts: Sequence[int]) -> None:
        table, answer = _room(job, min(rows, chunk), kernel)
        varying = []
        for column, values in enumerate(inputs):
            if np.ndim(values):
                varying.append((column, values))
            else:
                table[column] = values
        for start in starts:
            part = slice(start, min(start + chunk, rows))
            count = part.stop - start
            for column, values in varying:
                table[column, :count] = values[part]
            answer(count)
            for column, values in outputs.items():
                values[part] = table[column, :count]

    starts = range(0, rows, chunk)
    workers = min(threads or _processors(), len(starts))
    if workers <= 1:
        work(starts)
        return
    with ThreadPoolExecutor(workers) as pool:
        for part in [pool.submit(work, starts[k::workers]) for k in range(workers)]:
            part.result()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _room(
    job: Job, rows: int, kernel: native.Kernel | None
) -> tuple[Vector, Callable[[int], object]]:
    """A table for a chunk, and the function that answers its first rows."""
    plan = job.plan
    if kernel is None:
        block = np.ones((plan.table + plan.work, rows))
        return block, lambda count: _with_numpy(job, block[:, :count])
    table = np.ones((plan.table, plan.chunk + LANES_MOST))
    work = np.ones((plan.work, plan.tile + LANES_MOST))
    places = np.zeros((2, plan.tile + LANES_MOST), np.int64)

    def answer(count: int) -> None:
        kernel(count, job.which, table.ctypes.data, work.ctypes.data, places.ctypes.data)

    return table, answer


def _with_numpy(job: Job, block: Vector) -> None:
    """The plan over all rows of a block."""
    before_fork(job, block)
    fork = job.plan.fork
    if fork:
        positive = block[fork.sorts] > 0.0
        _stage(fork.positive, block, positive)
        _stage(fork.other, block, ~positive)


def before_fork(job: Job, block: Vector) -> None:
    """The stages that all rows of a block go through."""
    for stage in job.plan.first if job.which else job.plan.second:
        _stage(stage, block, slice(None))


def _stage(stage: Stage, block: Vector, rows: Any) -> None:
    with np.errstate(all="ignore"):  # rows without an answer run along
        answers = stage.function(*(block[column, rows] for column in stage.reads))
    for column, answer in zip(stage.writes, answers, strict=True):
        block[column, rows] = answer
