"""Driver 1: one expensive trajectory, as a generator of attempts.

A domain gives `attempt(state, step) -> Trial`, which takes one step and measures it; a law judges
it; `march` yields every attempt with the reason. Progress bars, stores, plots and time limits
consume that iterator; none of them is inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from suite.core.law import NO_DAMPING, NO_EFFORT, NO_SIZE, UNMEASURED, Evidence, Law, Step
from suite.core.status import Status
from suite.errors import AttemptFailed

__all__ = ["Attempt", "Point", "Trial", "begin", "finish", "march", "relay"]

State: TypeAlias = Any

_RUNNING = Status.RUNNING
# Makes a named tuple at a third of the time that its own constructor takes.
_new = tuple.__new__


class Trial(NamedTuple):
    """A step taken and measured.

    `state` is where it led; `evidence` what it showed; `cost` what it spent, by name, whether it is
    kept or not. `learned` is the state to go on from if it is refused, `size` what was really
    stepped if short of what was asked, `notes` the domain's own columns of the record, `bound` the
    name of what cut the size short.
    """

    state: State
    evidence: Evidence
    cost: Mapping[str, int]
    learned: State | None = None
    size: float | None = None
    notes: Mapping[str, Any] = {}
    bound: str = ""


class Point(NamedTuple):
    """All that a run needs to go on: what the store writes and what `march` starts from.

    `bound` is the name of what set `step.size`.
    """

    state: State
    step: Step
    memory: Any
    phase: str = ""
    bound: str = "start"


class Attempt(NamedTuple):
    """A row of the record.

    `step` is what was really tried, `bound` what set its size, `refused` is empty or says why,
    `after` is where the run stands now, `phase` the phase it was made in. Attempt 0 is the
    preparation and its cost.
    """

    number: int
    step: Step
    accept: bool
    bound: str
    refused: str
    trial: Trial
    after: Point
    status: Status = Status.RUNNING
    phase: str = ""


Try: TypeAlias = Callable[[State, Step], Trial]
Until: TypeAlias = Callable[[State], int]
Limits: TypeAlias = Callable[[State], Mapping[str, float]]
Floor: TypeAlias = Callable[[State], float]


def begin(
    state: State,
    law: Law,
    size: float,
    *,
    cost: Mapping[str, int] | None = None,
    notes: Mapping[str, Any] | None = None,
    damping: float = 0.0,
    effort: float = 1.0,
    phase: str = "",
) -> Attempt:
    """Attempt 0: the preparation of a run, from which `march` starts.

    `size` is the first step's wish; `cost` and `notes` what the preparation spent and showed.
    """
    step = Step(float(size), damping, effort)
    point = Point(state, step, law.begin(step.size), phase)
    trial = Trial(state, {}, cost or {}, notes=notes or {})
    return Attempt(0, step._replace(size=0.0), True, "preparation", "", trial, point, phase=phase)


def march(
    attempt: Try,
    start: Attempt | Point,
    law: Law,
    until: Until,
    limits: Limits | None = None,
    *,
    floor: Floor | None = None,
    most: int = 100_000,
) -> Iterator[Attempt]:
    """Yield the attempts of one trajectory until it ends with a status.

    `start` is the preparation made by `begin` (which is yielded first), or the `Point` of a stored
    run. `until(state)` is a `Status` code, 0 to go on. `limits(state)` bounds the size by name
    before a step is taken; a step that a limit cut short does not lower the law's wish.
    `floor(state)` is the smallest size worth trying, `most` the number of attempts allowed.
    Only `AttemptFailed` counts as a refusal; other exceptions propagate.

    >>> from suite.core import ErrorControl, Signal
    >>> def euler(t, step):
    ...     return Trial(t + step.size, {"error": Signal(step.size**2 / 0.01, order=2)}, {})
    >>> law = ErrorControl()
    >>> run = march(euler, begin(0.0, law, 0.4), law, lambda t: 2 if t >= 1.0 else 0)
    >>> [(a.accept, round(float(a.step.size), 3)) for a in run][:3]
    [(True, 0.0), (False, 0.4), (True, 0.09)]
    """
    job = _Job(attempt, law, law.reasons, until, limits, floor, most)
    if isinstance(start, Attempt):
        status = Status(until(start.after.state))
        if not status and most <= start.number:
            status = Status.OUT_OF_ATTEMPTS
        yield start._replace(status=status)
        if status:
            return
        point = start.after
    else:
        point = start
    while True:
        result = _attempt(job, point)
        yield result
        if result.status:
            return
        point = result.after


class _Job(NamedTuple):
    """What stays the same over a march."""

    attempt: Try
    law: Law
    reasons: tuple[str, ...]
    until: Until
    limits: Limits | None
    floor: Floor | None
    most: int


def _attempt(job: _Job, point: Point) -> Attempt:
    """Take one step from a point, have it judged, and say where the run stands after it."""
    attempt, law, reasons, until, limits, floor, most = job
    state, (wish, damping, effort, tries, number), memory, phase, bound = point
    number += 1
    size = wish
    if limits is not None:
        for name, limit in limits(state).items():
            if limit < size:
                size, bound = limit, name
    step, failure = _new(Step, (size, damping, effort, tries, number)), ""
    try:
        trial = attempt(state, step)
        reached, evidence, _, learned, stepped, _, cut = trial
    except AttemptFailed as error:
        learned, stepped, cut = error.learned, None, ""
        trial = Trial(state, {}, error.cost, learned=learned)
        reached, evidence, failure = state, UNMEASURED, str(error)
    if stepped is not None:
        size, bound = stepped, cut or bound
        step = _new(Step, (size, damping, effort, tries, number))
    accept, wanted, code, learned_memory, stalled = law.decide(evidence, step, memory)
    next_size, wanted_damping, wanted_effort, _, _ = wanted
    reason = refused = reasons[code]
    next_size = size if next_size == NO_SIZE else next_size
    # After a step that was cut short a small size is not what the law itself came down to.
    own = not accept or size == wish
    if accept:
        state, memory, refused = reached, learned_memory, ""
        if tries == 0 and size < wish and next_size < wish:
            next_size, reason = wish, point.bound
        tries, stalled = 0, False
    else:
        refused = failure or refused
        state = state if learned is None else learned
        tries += 1
    if wanted_damping != NO_DAMPING:
        damping = wanted_damping
    if wanted_effort != NO_EFFORT:
        effort = wanted_effort
    following = _new(Step, (next_size, damping, effort, tries, number))
    after = _new(Point, (state, following, memory, phase, reason))
    stuck = own and (stalled or not next_size > (0.0 if floor is None else floor(state)))
    status = until(state) or (
        _no_further(stuck, stalled, reason, failure) if stuck or number >= most else 0
    )
    ended = Status(status) if status else _RUNNING
    row = (number, step, bool(accept), bound, refused, trial, after, ended, phase)
    return _new(Attempt, row)


def _no_further(stuck: Any, stalled: Any, bound: str, failure: str) -> Status:
    """How a run ends that gains no more, or whose size or number of attempts is at its bound."""
    if not stuck:
        return Status.OUT_OF_ATTEMPTS
    if stalled:
        return Status.STALLED
    if failure:
        return Status.FAILED
    return Status.NOT_FINITE if bound.endswith("not finite") else Status.UNDERFLOW


def relay(
    phases: Mapping[str, Callable[[Attempt | Point], Iterator[Attempt]]],
    start: Attempt | Point,
    hand_over: Callable[[Attempt], Point | None],
) -> Iterator[Attempt]:
    """Run several marches one after another over one state.

    `phases` gives the march of each phase by name, from where it starts; the phase that runs is
    the `phase` of the point. After each attempt `hand_over(attempt)` may answer a new point of
    another phase: the old march ends, its last attempt is yielded with that point after it (so
    that a run killed just then resumes in the new phase), and the new one starts.
    """
    while True:
        phase = start.after.phase if isinstance(start, Attempt) else start.phase
        follower = None
        for attempt in phases[phase](start):
            follower = hand_over(attempt)
            if follower is not None:
                attempt = attempt._replace(after=follower, status=Status.RUNNING)
            yield attempt
            if follower is not None:
                break
        if follower is None:
            return
        start = follower


def finish(
    attempts: Iterator[Attempt],
    stop: tuple[Callable[[Attempt], Status], ...] = (),
    observe: tuple[Callable[[Attempt], object], ...] = (),
) -> Attempt:
    """Run to the end and return the last attempt.

    Each of `stop` may end the run with a status (a time limit, a budget), each of `observe` sees
    every attempt (a store, a progress line).
    """
    attempt = None
    for attempt in attempts:
        status = attempt.status
        for rule in stop:
            if not status and (status := rule(attempt)):
                attempt = attempt._replace(status=status)
        for look in observe:
            look(attempt)
        if status:
            break
    if attempt is None:
        raise ValueError("There was nothing to run: the iterator of attempts is empty.")
    return attempt
