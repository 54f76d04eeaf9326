"""`march` over attempts that were made ahead: the same attempts and watchers, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from suite.core import Attempt, Point, Signal, Status, Step, Trial, march
from suite.dynamics.compiled.bursts import Ahead, Burst, Pace
from suite.dynamics.compiled.layout import (
    BOUND,
    CAUSE,
    FAILED,
    KEPT,
    LOG_ERROR,
    LOG_SIZE,
    NOISE,
    REASON,
    REFUSALS,
    SIZE,
    STABILITY,
    VALUE,
    WISH,
)
from suite.dynamics.equation import Flow, Try
from suite.errors import AttemptFailed, InputError

__all__ = ["attempts_of", "march_ahead"]

_RUNNING = Status.RUNNING
# Makes a named tuple at a third of the time that its own constructor takes.
_new = tuple.__new__

Until: TypeAlias = Callable[[Flow], int]
Limits: TypeAlias = Callable[[Flow], Mapping[str, float]]
Floor: TypeAlias = Callable[[Flow], float]
Judge: TypeAlias = Callable[[Point, Trial], Attempt]


def march_ahead(
    ahead: Ahead,
    attempt: Try,
    start: Attempt | Point,
    until: Until,
    limits: Limits | None = None,
    *,
    floor: Floor | None = None,
    most: int = 100_000,
    made: Iterable[Burst] = (),
) -> Iterator[Attempt]:
    """What `suite.core.march` yields under `ahead.law`, with the attempts made ahead in bursts.

    `attempt` is `ahead.scheme.attempt` with any watchers around it; an attempt that they change
    (a step cut short by an event, a projection) is judged by the core's march, and the next burst
    starts after it. `limits` and `floor` must be those of `ahead`; what a burst did beyond the
    attempt that ends the run is not counted. `made` are bursts that were made before from `start`.

    >>> from suite.core import begin
    >>> from suite.dynamics.compiled import ahead_of
    >>> from suite.dynamics.equation import Equation, Tolerance, guarded, start
    >>> fun = lambda t, y: -y
    >>> equation = Equation(guarded(fun), Tolerance(1e-6), 1.0)
    >>> ahead = ahead_of(fun, equation)
    >>> first = begin(start(fun, 0.0, [1.0]), ahead.law, 0.1)
    >>> *_, last = march_ahead(ahead, ahead.scheme.attempt, first, equation.until, equation.limits)
    >>> last.status.name, last.bound, last.after.state.time
    ('ENDPOINT', 'end', 1.0)
    """

    def judge(point: Point, trial: Trial) -> Attempt:
        return next(
            march(lambda *_: trial, point, ahead.law, until, limits, floor=floor, most=most)
        )

    if isinstance(start, Attempt):
        first = next(march(attempt, start, ahead.law, until, limits, floor=floor, most=most))
        yield first
        if first.status:
            return
        start = first.after
    point, pace = start, Pace()
    ready = iter(made)
    while True:
        burst = next(ready, None)
        if burst is None or burst.slopes is None or burst.point.step != point.step:
            burst, ready = pace.burst(ahead, point, most - point.step.number, slopes=True), iter(())
        for one in attempts_of(burst, point, attempt, until, judge):
            if not one.status and one.number >= most:
                one = one._replace(status=Status.OUT_OF_ATTEMPTS)
            yield one
            if one.status:
                return
            point = one.after
        pace.used(point.step.number - burst.point.step.number, burst)


def attempts_of(
    burst: Burst,
    point: Point | None = None,
    attempt: Try | None = None,
    until: Until | None = None,
    judge: Judge | None = None,
) -> Iterator[Attempt]:
    """The attempts of a burst; through watchers, until one of them changes what was made ahead.

    `point` is where it starts, with all that the watchers remember.
    """
    point = burst.point if point is None else point
    ahead, names, reasons = burst.ahead, burst.names, burst.ahead.law.reasons
    order, answers, phase = ahead.signal_order, ahead.answers, point.phase
    state: Flow = point.state
    numbers, codes = burst.numbers.tolist(), burst.codes.tolist()
    _, damping, effort, _, before = point.step
    for row in range(1, burst.made + 1):
        number, code = numbers[row], codes[row]
        tried = (number[SIZE], damping, effort, codes[row - 1][REFUSALS], before + row)
        step = _new(Step, tried)
        signal = _new(Signal, (number[VALUE], number[NOISE], order))
        given = _given(burst, row, code, state, step, signal, number[STABILITY])
        trial, failure = _watched(attempt, answers, given, state, step)
        if judge is not None and not failure and _changed(trial, given):
            yield judge(point, trial)
            return
        kept = code[KEPT] == 1
        if kept:
            state = trial.state
        wish = _new(Step, (number[WISH], damping, effort, code[REFUSALS], before + row))
        memory = (number[LOG_ERROR], number[LOG_SIZE])
        point = _new(Point, (state, wish, memory, phase, names[code[BOUND]]))
        status = until(state) if until is not None else 0
        if not status and row == burst.made and burst.status != Status.ENDPOINT:
            status = burst.status
        refused = "" if kept else failure or reasons[code[REASON]]
        cause, ended = names[code[CAUSE]], Status(status) if status else _RUNNING
        seen = (before + row, step, kept, cause, refused, trial, point, ended, phase)
        yield _new(Attempt, seen)


def _given(
    burst: Burst,
    row: int,
    code: list[int],
    state: Flow,
    step: Step,
    signal: Signal,
    stability: float,
) -> Trial | AttemptFailed:
    """What the method gave in an attempt."""
    if code[FAILED]:
        return _failure(burst, row, code[FAILED], state, step)
    ahead, memory = burst.ahead, dict(state.memory)
    after = ahead.equation.arrive(state.time, step.size)
    slopes = None if burst.slopes is None else burst.slopes[row]
    rate = burst.rates[row] if slopes is None else slopes[-1]
    flow = _new(Flow, (after, burst.y[row], rate, slopes, memory))
    cost, notes = {"evaluations": ahead.evaluations}, {"h_lambda": stability}
    return _new(Trial, (flow, {"error": signal}, cost, None, None, notes, ""))


def _watched(
    attempt: Try | None, answers: Any, given: Trial | AttemptFailed, state: Flow, step: Step
) -> tuple[Trial, str]:
    """The attempt with what its watchers add, and the sentence of its failure."""
    answers.given = given
    try:
        if attempt is not None:
            return attempt(state, step), ""
        if isinstance(given, Trial):
            return given, ""
        raise given
    except AttemptFailed as error:
        return Trial(state, {}, error.cost, learned=error.learned), str(error)
    finally:
        answers.given = None


def _changed(trial: Trial, given: Trial | AttemptFailed) -> bool:
    """Whether watchers made another attempt of it than the law has judged."""
    if not isinstance(given, Trial):
        return True
    after, before = trial.state, given.state
    return (
        trial.size is not None
        or trial.learned is not None
        or after.y is not before.y
        or after.rate is not before.rate
        or after.time != before.time
        or trial.evidence.get("error") is not given.evidence["error"]
    )


def _failure(burst: Burst, row: int, made: int, state: Flow, step: Step) -> AttemptFailed:
    """What the function says where it raised: machine code cannot tell, so it is asked again."""
    ahead, y = burst.ahead, burst.y[row]
    nodes, time = ahead.tableau.nodes, state.time
    after = ahead.equation.arrive(time, step.size)
    at = after if made == len(nodes) else time + nodes[made - 1] * (after - time)
    cost = {"evaluations": made}
    try:
        answer = np.asarray(ahead.equation.fun(at, y))
    except AttemptFailed as error:
        return AttemptFailed(str(error), cost)
    if answer.shape != y.shape:
        raise InputError(
            f"fun must answer {y.size} values, as many as y has. Got shape {answer.shape} "
            f"at t = {at:.12g}."
        )
    return AttemptFailed("The function raised an exception in machine code.", cost)
