"""How a run ended, told with the place: what the status alone does not say."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from suite.core import Point, Status
from suite.dynamics.asked import Asked
from suite.dynamics.course import NO_NUMBER, OUT_OF_RANGE, Course, Journal
from suite.dynamics.equation import Equation, Flow, counted, smallest_step
from suite.dynamics.outcome import Ending
from suite.dynamics.walk import SCHEMES
from suite.dynamics.watch.chatter import jump_of
from suite.dynamics.watch.hand_over import STIFF
from suite.dynamics.watch.invariants import consciences
from suite.dynamics.watch.retraced import Method, retraced
from suite.dynamics.watch.singularity import (
    Singularity,
    beyond,
    confirmed,
    last_safe_time,
    singularity_of,
    stopped,
)
from suite.dynamics.watch.stiffness import is_stiff

__all__ = ["ending_of"]

FAR = 100.0
"""Smallest steps from which a singularity does not bring a run to a stop yet."""
SURE = 0.05
"""Error bar over the time left to a singularity, from which on it is believed to be one: what looks
like one from afar, the pericentre of an orbit, has a bar about as wide as that time."""
NEARBY = 1e-3
"""Share of the whole way, within which no bar is asked for."""
DENIED = (
    "Steps came to nothing there as at a singularity, which a run at a thousandth of the tolerance "
    "does not have: the solution is unstable, and the errors of the steps grew into it. Lower rtol "
    "and atol to follow it farther."
)
UNTOLD = (
    "Steps came to nothing there as at a singularity, but a run at a thousandth of the tolerance "
    "did not come so far to confirm it: the errors of the steps alone may have grown into it."
)
HALF = 0.5
"""Share of the way to what is no singularity that is kept, however wide its bar."""
_FAR_FROM_ZERO = 1e-6
"""Time since the start over the time, below which six digits of it are lost to where it began."""
CAREFUL = 2.0, 3.0
"""What an error bar is widened by, up to so many relative tolerances of the time since the start:
what a second run at a tighter tolerance shows is within its bar in all but one case in 600."""
_STUCK = (Status.UNDERFLOW, Status.FAILED, Status.NOT_FINITE)
"""Ends at which the last points may lie beyond the singularity that stopped the run."""


def ending_of(asked: Asked, journal: Journal, course: Course, status: Status) -> Ending:
    """Status, sentence, singularity and invariants of a run that has ended."""
    assert journal.point is not None  # a run has at least its preparation
    flow: Flow = journal.point.state
    if status == Status.OUT_OF_BUDGET and is_stiff(flow):
        status = Status.STIFF
    if status == Status.ENDPOINT and 2 * course.at_rounding > max(len(course.times) - 1, 1):
        status = Status.ROUNDING
    found = singularity_of(flow) if asked.foresight else None
    if found is not None and _passed_over(asked.equation, flow, status, found):
        found = None
    safe, spent, first = None, 0, found
    if found is not None:
        status, found, safe, spent = _foretold(asked, journal.point, course, status, found)
    last = flow.time if safe is None else _last_kept(asked.equation, course, safe)
    message = _message(asked, journal, status, flow, last, found)
    if status == Status.UNDERFLOW and safe is not None and confirmed(flow):
        message += " " + (UNTOLD if found and first and found.time == first.time else DENIED)
    kept = consciences(flow, journal.record.tally) if asked.invariants else {}
    return Ending(status, message, found, kept, spent, safe)


def _last_kept(equation: Equation, course: Course, safe: float) -> float:
    """The last time of a course that is handed over."""
    kept = course.times[equation.direction * (course.times - safe) <= 0.0]
    return float(kept[-1]) if len(kept) else float(course.times[0])


def _foretold(
    asked: Asked, point: Point, course: Course, status: Status, found: Singularity
) -> tuple[Status, Singularity | None, float | None, int]:
    """What a run that foretells a singularity ends with: status, singularity, the last time that is
    handed over, and the evaluations it took to tell."""
    singular, spent = _ends_there(asked.equation, point.state, status)
    if singular:
        status, found = Status.SINGULAR, replace(found, status="singular")
    told = [found]
    again: Singularity | None = found
    if asked.own is None and _is_sure(asked, point.state, status, found):
        again, more = retraced(asked.equation, point.state, found, _method(asked, point, course))
        spent += more
    if again is not None:
        again = _careful(asked, again)
        told.append(again)
    if status == Status.SINGULAR and (again is None or again.status != "singular"):
        status = Status.UNDERFLOW
    if status != Status.SINGULAR:
        # A bar as wide as the way says nothing of the way.
        told = [_at_most(each, HALF * abs(each.time - asked.t_span[0])) for each in told]
    times = [last_safe_time(each, asked.equation) for each in told]
    if status != Status.SINGULAR and (status not in _STUCK or found.exponent < 0.0):
        return status, again, None, spent
    # The points are those of the first run, which has a singular time of its own.
    return status, again, min(times) if asked.equation.direction > 0.0 else max(times), spent


def _at_most(found: Singularity, error: float) -> Singularity:
    return replace(found, error=min(found.error, error))


def _careful(asked: Asked, found: Singularity) -> Singularity:
    """A singularity whose bar, where it is narrower than some tolerances, is told wider."""
    relative = float(np.max(asked.equation.tolerance.relative))
    enough = CAREFUL[1] * relative * abs(found.time - asked.t_span[0])
    return replace(found, error=max(found.error, min(CAREFUL[0] * found.error, enough)))


def _is_sure(asked: Asked, flow: Flow, status: Status, found: Singularity) -> bool:
    """Whether a singularity is seen well enough for the way into it to be worth a second run."""
    if status in (Status.SINGULAR, *_STUCK):
        return True
    left = abs(found.time - flow.time)
    sure = found.error < SURE * left or left < NEARBY * abs(found.time - asked.t_span[0])
    return status != Status.OUT_OF_BUDGET and sure


def _method(asked: Asked, point: Point, course: Course) -> Method:
    """The method that a run is gone again with, and its law: one that gets through where it was
    stiff."""
    stiff = point.phase == STIFF or any(one.get("stiff") for one in course.notes)
    return SCHEMES["Radau" if asked.method == "Radau" or stiff else "DOP853"]


def _passed_over(equation: Equation, flow: Flow, status: Status, found: Singularity) -> bool:
    """Whether a run came to a stop well before what it foretold: that is not what stopped it."""
    if status != Status.UNDERFLOW:
        return False
    left = equation.direction * (found.time - flow.time)
    return left > found.error + FAR * smallest_step(flow)


def _ends_there(equation: Equation, flow: Flow, status: Status) -> tuple[bool, int]:
    """Whether a run that ended otherwise ended at the singularity it foretold; evaluations of that.

    The end that was asked for may lie within its error bar, or the steps may have come to nothing
    at it.
    """
    asked, calls = counted(equation)
    if status in (Status.ENDPOINT, Status.ROUNDING):
        return beyond(flow, asked), calls()
    if status in (Status.UNDERFLOW, Status.FAILED, Status.NOT_FINITE):
        return stopped(flow, asked), calls()
    return False, 0


def _message(
    asked: Asked,
    journal: Journal,
    status: Status,
    flow: Flow,
    last: float,
    found: Singularity | None,
) -> str:
    """The sentence; `last` is the last time that is handed over."""
    parts = [status.sentence]
    if status == Status.SINGULAR and found is not None:
        parts.append(f"It lies at t = {found.time:.12g} ± {found.error:.1e}.")
        if found.exponent < 0.0:
            parts.append("The solution stays finite there, and its rate grows without bound.")
    elif status == Status.EVENT:
        parts.append(f"The run ended at t = {flow.time:.12g}.")
    elif not status.finished:
        digits = ".17g" if _is_far(asked, flow) else ".12g"
        parts.append(f"The last point is t = {last:{digits}} of {asked.t_span[1]:{digits}}.")
        parts += _trouble(asked, journal, status, flow)
    if found is not None and status != Status.SINGULAR:
        parts.append(
            f"A singularity approaches at t = {found.time:.12g} ± {found.error:.1e}; it may still "
            f"be withdrawn."
        )
    return " ".join(parts)


def _trouble(asked: Asked, journal: Journal, status: Status, flow: Flow) -> list[str]:
    """What went wrong in the last attempt, or what to do, in words."""
    refused, wrong = journal.trouble()
    if status == Status.FAILED:
        return [refused]
    if status == Status.NOT_FINITE:
        place = f"just beyond t = {flow.time:.12g}, where y = {_short(flow.y)}"
        wrong = wrong or NO_NUMBER
        told = [f"{wrong[:1].upper()}{wrong[1:]} {place}."]
        if wrong == OUT_OF_RANGE:
            told.append("Rescale it, or integrate its logarithm.")
        return told
    if status == Status.UNDERFLOW and _is_far(asked, flow):
        return [
            f"Times of this size are {math.ulp(flow.time):.1e} apart, too coarse for the steps "
            f"asked for: integrate over t - {asked.t_span[0]:.6g}, from 0."
        ]
    if status == Status.DISCONTINUOUS:
        component, before, after = jump_of(flow)
        return [
            f"There fun jumps in component {component} from {before:.6g} to {after:.6g}, where y = "
            f"{_short(flow.y)}, and steps go to and fro across it. End at the jump by an event and "
            "go on with what holds there (sticking, sliding), or smooth the jump over a width "
            "above the tolerance."
        ]
    if status == Status.STIFF:
        if asked.method == "auto":
            return ["Raise max_evaluations to go on."]
        return ["Leave out method, or take method='Radau'; or raise max_evaluations to go on."]
    if status == Status.OUT_OF_BUDGET:
        return ["Raise max_evaluations to go on."]
    return []


def _is_far(asked: Asked, flow: Flow) -> bool:
    """Whether the clock started so far from 0 that from 0 it would be far finer here."""
    return abs(flow.time - asked.t_span[0]) < _FAR_FROM_ZERO * abs(flow.time)


def _short(y: Any) -> str:
    shown = ", ".join(f"{value:.6g}" for value in y[:6])
    return f"[{shown}{', ...' if len(y) > 6 else ''}]"
