"""Events: times at which a function of the solution crosses zero, found on a step's polynomial."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq

from suite.core import Status, Step, Trial
from suite.dynamics.equation import (
    ENDED,
    EPS,
    Equation,
    Flow,
    Scheme,
    Try,
    Vector,
    charge,
    may_stand,
    note,
    remember,
)
from suite.dynamics.trajectory import along
from suite.errors import AttemptFailed, InputError

__all__ = ["Event", "eventful", "events_of"]

NAME = "events"


class Event(NamedTuple):
    """A function g(t, y) whose zeros are looked for.

    `direction` > 0 keeps the crossings upwards as time runs, < 0 those downwards, 0 both; the run
    ends at crossing number `last`, or never where it is 0.
    """

    value: Callable[[float, Vector], float]
    direction: float = 0.0
    last: int = 0


def events_of(events: Any, args: Sequence[Any] = ()) -> tuple[Event, ...]:
    """The events as `solve_ivp` takes them: callables with `terminal` and `direction`.

    >>> def ground(t, y):
    ...     return y[0]
    >>> ground.terminal, ground.direction = True, -1
    >>> events_of(ground)[0].last
    1
    """
    if events is None:
        return ()
    given = [events] if callable(events) or not isinstance(events, list | tuple) else list(events)
    for place, event in enumerate(given):
        if not callable(event):
            raise InputError(f"events must be functions of (t, y). Got {event!r} as event {place}.")
    return tuple(_event_of(place, event, tuple(args)) for place, event in enumerate(given))


def _event_of(place: int, event: Any, args: tuple[Any, ...]) -> Event:
    direction = _direction(place, getattr(event, "direction", None))
    last = _last(place, getattr(event, "terminal", None))

    def value(time: float, y: Vector) -> float:
        return _number(place, event(time, y.copy(), *args), time)

    return Event(value, direction, last)


def _direction(place: int, given: Any) -> float:
    """Which crossings count, as a number; raises `InputError`."""
    try:
        found = math.nan if isinstance(given, str) else float(0.0 if given is None else given)
    except (TypeError, ValueError):
        found = math.nan
    if math.isnan(found):
        raise InputError(f"event {place}: direction must be a number. Got {given!r}.")
    return found


def _last(place: int, given: Any) -> int:
    """The crossing at which the run ends, 0 for none; raises `InputError`."""
    try:
        found = -1 if isinstance(given, str) else int(given or 0)
        whole = given is None or found == given
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole or found < 0:
        raise InputError(
            f"event {place}: terminal must be True, False or a count of crossings. Got {given!r}."
        )
    return found


def _number(place: int, value: Any, time: float) -> float:
    """An event's value as a number; one that is none refuses the step it was looked for in."""
    found = np.asarray(value)
    if found.size != 1 or found.dtype.kind not in "fiub":
        raise InputError(f"event {place} must answer one real number. Got {value!r}.")
    number = float(found.reshape(()))
    if math.isnan(number):
        raise AttemptFailed(f"Event {place} is NaN.")
    return number


def eventful(attempt: Try, scheme: Scheme, equation: Equation, events: tuple[Event, ...]) -> Try:
    """An attempt that looks for events in its step and stops short at the last that may happen.

    A value of exactly zero at the start of a run is no crossing. Notes: `events` and
    `event_times` [k], `event_states` [k, n], and `dense`, the polynomial they were found on.
    """

    def looking(flow: Flow, step: Step) -> Trial:
        trial = attempt(flow, step)
        if not may_stand(trial):
            return trial
        try:
            return _looked(trial, flow, scheme, equation, events)
        except InputError:
            raise
        except AttemptFailed as failure:
            raise AttemptFailed(str(failure), trial.cost) from failure
        except (ArithmeticError, ValueError) as error:
            said = f"An event raised {type(error).__name__} ({error})."
            raise AttemptFailed(said, trial.cost) from error

    return looking


def _looked(
    trial: Trial, flow: Flow, scheme: Scheme, equation: Equation, events: tuple[Event, ...]
) -> Trial:
    after = trial.state
    signs, counts = _remembered(flow, events)
    values = np.array([event.value(after.time, after.y) for event in events])
    crossed = [place for place, event in enumerate(events) if _crosses(event, signs, values, place)]
    now = np.where(values != 0.0, np.sign(values), signs)
    # A zero that was found is not found again when the function leaves it.
    now[[place for place in crossed if values[place] == 0.0]] = 0.0
    if not crossed:
        return _with_memory(trial, now, counts, False)
    return _found(trial, flow, scheme, equation, events, crossed, now, counts)


def _remembered(flow: Flow, events: tuple[Event, ...]) -> tuple[Vector, Vector]:
    memory = flow.memory.get(NAME)
    if memory is not None:
        return memory["signs"], memory["counts"]
    signs = np.sign([event.value(flow.time, flow.y) for event in events])
    return signs, np.zeros(len(events), int)


def _crosses(event: Event, signs: Vector, values: Vector, place: int) -> bool:
    before, value = signs[place], values[place]
    upwards, downwards = before < 0.0 <= value, before > 0.0 >= value
    return bool((upwards and event.direction >= 0.0) or (downwards and event.direction <= 0.0))


def _with_memory(trial: Trial, signs: Vector, counts: Vector, over: bool) -> Trial:
    remember(trial, NAME, {"signs": signs, "counts": counts})
    if over:
        remember(trial, ENDED, int(Status.EVENT))
    return trial


def _found(
    trial: Trial,
    flow: Flow,
    scheme: Scheme,
    equation: Equation,
    events: tuple[Event, ...],
    crossed: list[int],
    signs: Vector,
    counts: Vector,
) -> Trial:
    """The trial with the crossings in its notes, cut short where one of them ends the run."""
    after = trial.state
    powers, spent = scheme.dense(flow, after)
    length = after.time - flow.time
    found = sorted((_fraction(events[i], flow, length, powers, after), i) for i in crossed)
    counts, kept, over = counts.copy(), [], False
    for fraction, place in found:
        counts[place] += 1
        kept.append((fraction, place))
        if events[place].last and counts[place] >= events[place].last:
            over = True
            break
    states = np.array([along(powers, fraction, flow.y) for fraction, _ in kept])
    note(
        trial,
        events=[place for _, place in kept],
        event_times=np.array([flow.time + fraction * length for fraction, _ in kept]),
        event_states=states,
        dense=powers,
    )
    charge(trial, spent)
    if not over:
        return _with_memory(trial, signs, counts, False)
    return _cut(trial, flow, equation, kept[-1][0], signs, counts)


def _cut(
    trial: Trial, flow: Flow, equation: Equation, fraction: float, signs: Vector, counts: Vector
) -> Trial:
    """The step up to the event that ends the run, with the same polynomial over less of it."""
    notes = trial.notes
    time, y, powers = float(notes["event_times"][-1]), notes["event_states"][-1], notes["dense"]
    rate = np.asarray(equation.fun(time, y), y.dtype)
    after = trial.state._replace(time=time, y=y, rate=rate)
    note(trial, dense=powers * fraction ** np.arange(1, len(powers) + 1)[:, None])
    charge(trial, 1)
    trial = trial._replace(state=after, size=abs(time - flow.time) or None, bound="event")
    return _with_memory(trial, signs, counts, True)


def _fraction(event: Event, flow: Flow, length: float, powers: Vector, after: Flow) -> float:
    """Where in the step the event's function is zero, as a fraction of the step."""

    def value(theta: float) -> float:
        y = after.y if theta == 1.0 else along(powers, theta, flow.y)
        return event.value(flow.time + theta * length, y)

    at_start, at_end = value(0.0), value(1.0)
    if at_start == 0.0:
        return 0.0
    if at_end == 0.0 or at_start * at_end > 0.0:
        return 1.0
    return float(brentq(value, 0.0, 1.0, xtol=4.0 * EPS, rtol=4.0 * EPS))
