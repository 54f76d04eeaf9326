"""Driver 2: the laws of `march` over many independent cheap problems at once.

Every row advances by its own attempts, is judged by the same law body, and carries its own status.
Finished rows are frozen until they leave the chunk, so that no answer depends on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from suite.core.control import NO_DAMPING, NO_EFFORT, NO_SIZE, Law, Step, Verdict
from suite.core.march import State, Trial, Try
from suite.core.record import Tally
from suite.core.status import Status
from suite.core.tree import map_leaves

__all__ = ["Rows", "lanes"]

Mask: TypeAlias = NDArray[np.bool_]
RowLimits: TypeAlias = Callable[[State], Mapping[str, NDArray[np.float64]]]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The answers of a batch.

    `answer` is what the domain's `answer(state)` gave, row by row; `status` [n] the `Status` code
    of each row, `count` [n] its attempts, `refused` [n] the index in `reasons` of its last refusal
    or -1; `tally` counts the reasons over all rows, as the record of a march does.
    """

    answer: Any
    status: NDArray[np.int64]
    count: NDArray[np.int64]
    refused: NDArray[np.int64]
    reasons: tuple[str, ...]
    tally: Tally


@dataclass(slots=True)
class _Chunk:
    """The rows of one chunk that are still in the computation; `index` are their places in it."""

    index: NDArray[np.int64]
    state: State
    step: Step
    memory: Any
    status: NDArray[np.int64]
    bound: Any
    count: NDArray[np.int64]
    refused: NDArray[np.int64]

    def keep(self, rows: Mask) -> _Chunk:
        """Only the rows of a mask."""
        size, damping, effort, tries, number = self.step
        return _Chunk(
            self.index[rows],
            map_leaves(lambda leaf: leaf[rows], self.state),
            Step(size[rows], damping[rows], effort[rows], tries[rows], number),
            map_leaves(lambda leaf: leaf[rows], self.memory),
            self.status[rows],
            self.bound[rows],
            self.count[rows],
            self.refused[rows],
        )


@dataclass(slots=True)
class _Output:
    """The answers so far, written as rows leave."""

    status: NDArray[np.int64]
    count: NDArray[np.int64]
    refused: NDArray[np.int64]
    answer: Any = None

    def write(self, offset: int, chunk: _Chunk, answer: Any) -> None:
        """Take the finished rows of a chunk."""
        rows = offset + chunk.index
        if self.answer is None:
            total = len(self.status)
            self.answer = map_leaves(
                lambda leaf: np.empty((total, *leaf.shape[1:]), leaf.dtype), answer
            )

        def put(out: NDArray[Any], leaf: NDArray[Any]) -> None:
            out[rows] = leaf

        map_leaves(put, self.answer, answer)
        self.status[rows] = chunk.status
        self.count[rows] = chunk.count
        self.refused[rows] = chunk.refused


class _Job(NamedTuple):
    """What stays the same over a batch. `names` numbers what can bound a step: the law's reasons,
    then `start`, then the limits as they are met."""

    attempt: Try
    law: Law
    until: Callable[[State], Any]
    limits: RowLimits | None
    floor: float
    most: int
    names: list[str]
    not_finite: list[int]
    tally: Tally

    def code(self, name: str) -> int:
        """The number of a name."""
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)


def lanes(
    attempt: Try,
    begin: Callable[[slice], State],
    law: Law,
    until: Callable[[State], Any],
    answer: Callable[[State], Any],
    rows: int,
    *,
    limits: RowLimits | None = None,
    size: float = 1.0,
    floor: float = 0.0,
    most: int = 100,
    chunk: int = 16384,
) -> Rows:
    """Solve `rows` independent problems and answer each with a result and a status.

    `begin(slice)` gives the state of those rows, a nest of arrays whose first axis is the row;
    `attempt`, `until` and `limits` are those of `march`, on arrays. Signals of an attempt that
    are NaN refuse their row only. Memory is bounded by `chunk` rows at a time.

    >>> from suite.core import ErrorControl, Signal, Trial
    >>> def halve(x, step):
    ...     return Trial(x / 2, {"error": Signal(0.0 * x)}, {"steps": 1})
    >>> done = lanes(halve, lambda rows: np.array([1.0, 8.0])[rows], ErrorControl(),
    ...              lambda x: np.where(x < 1.0, 1, 0), lambda x: x, rows=2)
    >>> done.answer, done.count
    (array([0.5, 0.5]), array([1, 4]))
    """
    output = _Output(np.zeros(rows, int), np.zeros(rows, int), np.full(rows, -1))
    names = [*law.reasons]
    not_finite = [code for code, name in enumerate(names) if name.endswith("not finite")]
    job = _Job(attempt, law, until, limits, floor, most, names, not_finite, Tally())
    if rows == 0:
        output.answer = answer(begin(slice(0, 0)))
    for offset in range(0, rows, chunk):
        part = slice(offset, min(offset + chunk, rows))
        work = _start(job, begin(part), part.stop - part.start, size)
        while True:
            running = work.status == 0
            alive = int(np.count_nonzero(running))
            if alive <= len(running) // 2:
                done = work.keep(~running)
                output.write(offset, done, answer(done.state))
                work, running = work.keep(running), np.ones(alive, bool)
            if not alive:
                break
            _advance(job, work, running, alive)
    return Rows(output.answer, output.status, output.count, output.refused, law.reasons, job.tally)


def _start(job: _Job, state: State, rows: int, size: float) -> _Chunk:
    sizes = np.full(rows, float(size))
    return _Chunk(
        np.arange(rows),
        state,
        Step(sizes, np.zeros(rows), np.ones(rows), np.zeros(rows, int), 0),
        job.law.begin(sizes),
        np.broadcast_to(np.asarray(job.until(state), int), rows).copy(),
        np.full(rows, job.code("start")),
        np.zeros(rows, int),
        np.full(rows, -1),
    )


def _advance(job: _Job, work: _Chunk, running: Mask, alive: int) -> None:
    """One attempt of every running row."""
    wish, damping, effort, tries, number = work.step
    size, bound = _limited(job, work)
    step = Step(size, damping, effort, tries, number + 1)
    trial = job.attempt(work.state, step)
    if trial.size is not None:
        step = step._replace(size=trial.size)
    verdict = job.law.decide(trial.evidence, step, work.memory)
    accept = np.broadcast_to(np.asarray(verdict.accept), len(running))
    reason = np.broadcast_to(verdict.reason, len(running))
    accepted_all = verdict.accept is True or bool(accept.all())
    job.tally.rows(running, accept, bound, reason, job.names, trial.cost, alive)
    _settle(work, wish, step, verdict, accept, reason)
    if accepted_all and alive == len(running):
        work.state, work.memory = trial.state, verdict.memory
    else:
        _merge(work, trial, verdict, accept & running, ~accept & running)
    if not accepted_all:
        work.refused = np.where(accept | ~running, work.refused, reason)
    work.count = work.count + running
    status = job.until(work.state)
    if not accepted_all:
        status = np.where(status == 0, _end_of_refused(job, work, verdict, accept, reason), status)
    if work.step.number >= job.most:
        status = np.where(status == 0, Status.OUT_OF_ATTEMPTS, status)
    work.status = np.where(running, status, work.status)


def _limited(job: _Job, work: _Chunk) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The size to try in each row, and the number of what bounds it."""
    size, bound = work.step.size, work.bound
    if job.limits is not None:
        for name, limit in job.limits(work.state).items():
            binds = limit < size
            if binds.any():
                size = np.where(binds, limit, size)
                bound = np.where(binds, job.code(name), bound)
    return size, bound


def _merge(work: _Chunk, trial: Trial, verdict: Verdict, taken: Mask, refused: Mask) -> None:
    """Move on the rows that were accepted; keep what the refused ones learned."""
    kept = work.state
    if trial.learned is not None:
        kept = map_leaves(lambda new, old: _select(refused, new, old), trial.learned, kept)
    work.state = map_leaves(lambda new, old: _select(taken, new, old), trial.state, kept)
    work.memory = map_leaves(lambda new, old: _select(taken, new, old), verdict.memory, work.memory)


def _settle(
    work: _Chunk, wish: Any, step: Step, verdict: Verdict, accept: Mask, reason: Any
) -> None:
    """The next size, damping and effort of every row, and what set the size."""
    wanted = verdict.step
    size = np.where(wanted.size == NO_SIZE, step.size, wanted.size)
    bound = reason
    if step.size is not wish:
        cut_short = accept & (step.size < wish) & (step.tries == 0) & (size < wish)
        size = np.where(cut_short, wish, size)
        bound = np.where(cut_short, work.bound, bound)
    work.bound = bound
    work.step = Step(
        size,
        step.damping if wanted.damping is NO_DAMPING else wanted.damping,
        step.effort if wanted.effort is NO_EFFORT else wanted.effort,
        np.where(accept, 0, step.tries + 1),
        step.number,
    )


def _end_of_refused(
    job: _Job, work: _Chunk, verdict: Verdict, accept: Mask, reason: Any
) -> NDArray[np.int64]:
    """How the rows end whose last attempt was refused, if they do."""
    small = ~accept & (work.step.size <= job.floor)
    underflow = np.where(np.isin(reason, job.not_finite), Status.NOT_FINITE, Status.UNDERFLOW)
    stalled = ~accept & np.asarray(verdict.stalled)
    return np.where(stalled, Status.STALLED, np.where(small, underflow, 0))


def _select(rows: Mask, new: NDArray[Any], old: NDArray[Any]) -> NDArray[Any]:
    """Rows of `new` where the mask says so, else of `old`, for leaves of any rank."""
    if new.ndim > 1:
        rows = rows.reshape(-1, *(1,) * (new.ndim - 1))
    return np.where(rows, new, old)
