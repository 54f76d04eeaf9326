"""How a run ended, told with the place: what the status alone does not say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from suite.core import Status
from suite.dynamics.asked import Asked
from suite.dynamics.course import Course, Journal
from suite.dynamics.equation import Equation, Flow, Vector
from suite.dynamics.outcome import Ending
from suite.dynamics.watch.invariants import consciences
from suite.dynamics.watch.singularity import Singularity, beyond, singularity_of, stopped
from suite.dynamics.watch.stiffness import is_stiff

__all__ = ["ending_of"]


def ending_of(asked: Asked, journal: Journal, course: Course, status: Status) -> Ending:
    """Status, sentence, singularity and invariants of a run that has ended."""
    assert journal.point is not None  # a run has at least its preparation
    flow: Flow = journal.point.state
    found = singularity_of(flow) if asked.foresight else None
    spent = 0
    if status == Status.OUT_OF_BUDGET and is_stiff(flow):
        status = Status.STIFF
    if status == Status.ENDPOINT and 2 * course.at_rounding > max(len(course.times) - 1, 1):
        status = Status.ROUNDING
    if found is not None:
        singular, spent = _ends_there(asked.equation, flow, status)
        if singular:
            status, found = Status.SINGULAR, replace(found, status="singular")
    message = _message(asked, journal, status, flow, found)
    kept = consciences(flow, journal.record.tally) if asked.invariants else {}
    return Ending(status, message, found, kept, spent)


def _ends_there(equation: Equation, flow: Flow, status: Status) -> tuple[bool, int]:
    """Whether a run that ended otherwise ended at the singularity it foretold; evaluations of that.

    The end that was asked for may lie within its error bar, or the steps may have come to nothing
    at it.
    """
    calls = 0

    def counted(time: float, y: Vector) -> Vector:
        nonlocal calls
        calls += 1
        return equation.fun(time, y)

    asked = replace(equation, fun=counted, bare=None)
    if status in (Status.ENDPOINT, Status.ROUNDING):
        return beyond(flow, asked), calls
    if status in (Status.UNDERFLOW, Status.FAILED, Status.NOT_FINITE):
        return stopped(flow, asked), calls
    return False, calls


def _message(
    asked: Asked, journal: Journal, status: Status, flow: Flow, found: Singularity | None
) -> str:
    parts = [status.sentence]
    if status == Status.SINGULAR and found is not None:
        parts.append(f"It lies at t = {found.time:.12g} ± {found.error:.1e}.")
        if found.exponent < 0.0:
            parts.append("The solution stays finite there, and its rate grows without bound.")
    elif status == Status.EVENT:
        parts.append(f"The run ended at t = {flow.time:.12g}.")
    elif not status.finished:
        parts.append(f"The last point is t = {flow.time:.12g} of {asked.t_span[1]:.12g}.")
        parts += _trouble(journal, status, flow)
    if found is not None and status != Status.SINGULAR:
        parts.append(
            f"A singularity approaches at t = {found.time:.12g} ± {found.error:.1e}; it may still "
            f"be withdrawn."
        )
    return " ".join(parts)


def _trouble(journal: Journal, status: Status, flow: Flow) -> list[str]:
    """What went wrong in the last attempt, or what to do, in words."""
    refused, wrong = journal.trouble()
    if status == Status.FAILED:
        return [refused]
    if status == Status.NOT_FINITE:
        place = f"just beyond t = {flow.time:.12g}, where y = {_short(flow.y)}"
        return [f"{wrong[:1].upper()}{wrong[1:]} {place}." if wrong else f"It was {place}."]
    if status == Status.STIFF:
        return ["Leave out method, or take method='Radau'; or raise max_evaluations to go on."]
    if status == Status.OUT_OF_BUDGET:
        return ["Raise max_evaluations to go on."]
    return []


def _short(y: Any) -> str:
    shown = ", ".join(f"{value:.6g}" for value in y[:6])
    return f"[{shown}{', ...' if len(y) > 6 else ''}]"
