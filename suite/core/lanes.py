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

from suite.core.law import NO_DAMPING, NO_EFFORT, NO_SIZE, Law, Step, Verdict
from suite.core.march import State, Trial, Try
from suite.core.record import Tally
from suite.core.status import Status
from suite.core.tree import map_leaves

__all__ = ["Rows", "lanes"]

Mask: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = NDArray[np.intp]
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

    def keep(self, rows: Places) -> _Chunk:
        """Only the rows at these places."""
        size, damping, effort, tries = _rows_of(self.step[:4], rows)
        return _Chunk(
            self.index[rows],
            _rows_of(self.state, rows),
            Step(size, damping, effort, tries, self.step.number),
            _rows_of(self.memory, rows),
            self.status[rows],
            _taken(self.bound, rows),
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

    def write(self, offset: int, chunk: _Chunk, ended: Places, answer: Any) -> None:
        """Take the answer of the ended rows of a chunk, and how they ended."""
        rows = offset + chunk.index[ended]
        if self.answer is None:
            total = len(self.status)
            self.answer = map_leaves(
                lambda leaf: np.empty((total, *leaf.shape[1:]), leaf.dtype), answer
            )

        def put(out: NDArray[Any], leaf: NDArray[Any]) -> None:
            out[rows] = leaf

        map_leaves(put, self.answer, answer)
        self.status[rows] = chunk.status[ended]
        self.count[rows] = chunk.count[ended]
        self.refused[rows] = chunk.refused[ended]


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
    chunk: int = 32768,
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
                ended = np.flatnonzero(~running)
                output.write(offset, work, ended, answer(_rows_of(work.state, ended)))
                work, running = work.keep(np.flatnonzero(running)), np.ones(alive, bool)
            if not alive:
                break
            _advance(job, work, running, alive)
    return Rows(output.answer, output.status, output.count, output.refused, law.reasons, job.tally)


def _start(job: _Job, state: State, rows: int, size: float) -> _Chunk:
    sizes = np.full(rows, float(size))
    return _Chunk(
        np.arange(rows),
        state,
        Step(sizes, np.broadcast_to(0.0, rows), np.broadcast_to(1.0, rows), np.zeros(rows, int), 0),
        job.law.begin(sizes),
        np.broadcast_to(np.asarray(job.until(state), int), rows).copy(),
        np.broadcast_to(job.code("start"), rows),
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
    with np.errstate(all="ignore"):  # finished rows may have come to a size of zero
        verdict = job.law.decide(trial.evidence, step, work.memory)
    accept = _in_every_row(verdict.accept, len(running))
    reason = _in_every_row(verdict.reason, len(running))
    refused = running & ~accept
    accepted_all = verdict.accept is True or not refused.any()
    tried = bound if alive == len(running) else _taken(bound, np.flatnonzero(running))
    job.tally.rows(tried, reason[refused], job.names, trial.cost)
    _settle(work, wish, step, verdict, accept, accepted_all)
    if accepted_all and alive == len(running):
        work.state, work.memory = trial.state, verdict.memory
    else:
        _merge(work, trial, verdict, accept & running, refused)
    if not accepted_all:
        np.copyto(work.refused, reason, where=refused)
    work.count += running
    status = job.until(work.state)
    status = _end_of_small(job, work, status, verdict, refused, step.size, wish)
    if work.step.number >= job.most:
        status = np.where(status == 0, Status.OUT_OF_ATTEMPTS, status)
    np.copyto(work.status, status, where=running)


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
    work: _Chunk, wish: Any, step: Step, verdict: Verdict, accept: Mask, accepted_all: bool
) -> None:
    """The next size, damping and effort of every row, and what set the size."""
    wanted = verdict.step
    size = _heard(wanted.size, NO_SIZE, step.size)
    bound = _in_every_row(verdict.reason, len(accept))
    if step.size is not wish:
        cut_short = accept & (step.size < wish) & (step.tries == 0) & (size < wish)
        size = np.where(cut_short, wish, size)
        bound = np.where(cut_short, work.bound, bound)
    work.bound = bound
    work.step = Step(
        size,
        _heard(wanted.damping, NO_DAMPING, step.damping),
        _heard(wanted.effort, NO_EFFORT, step.effort),
        np.zeros(len(accept), int) if accepted_all else np.where(accept, 0, step.tries + 1),
        step.number,
    )


def _heard(wanted: Any, no_opinion: float, now: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a law wants, and what there was in the rows where it has no opinion."""
    if wanted is no_opinion:
        return now
    silent = wanted == no_opinion
    return np.where(silent, now, wanted) if np.any(silent) else _in_every_row(wanted, len(now))


def _end_of_small(
    job: _Job, work: _Chunk, status: Any, verdict: Verdict, refused: Mask, tried: Any, wish: Any
) -> Any:
    """The status of every row, with those added whose next size is not worth trying."""
    if verdict.stalled is not False:
        stalled = refused & verdict.stalled & (status == 0)
        status = np.where(stalled, Status.STALLED, status)
    small = work.step.size <= job.floor
    if not small.any():
        return status
    small &= (refused | (tried == wish)) & (status == 0)
    underflow = np.where(np.isin(work.bound, job.not_finite), Status.NOT_FINITE, Status.UNDERFLOW)
    return np.where(small, underflow, status)


def _in_every_row(value: Any, rows: int) -> Any:
    """A law's answer for each row, where it gave one for all."""
    return value if np.shape(value) == (rows,) else np.broadcast_to(value, rows)


def _rows_of(tree: Any, rows: Places) -> Any:
    """The rows of all leaves at these places."""
    return map_leaves(lambda leaf: _taken(leaf, rows), tree)


def _taken(leaf: NDArray[Any], rows: Places) -> NDArray[Any]:
    """Some rows of an array; of one that repeats a single value, as many."""
    return leaf[: len(rows)] if leaf.strides == (0,) else leaf[rows]


def _select(rows: Mask, new: NDArray[Any], old: NDArray[Any]) -> NDArray[Any]:
    """Rows of `new` where the mask says so, else of `old`, for leaves of any rank."""
    if new is old:
        return old
    if new.ndim > 1:
        rows = rows.reshape(-1, *(1,) * (new.ndim - 1))
    return np.where(rows, new, old)
