"""The solution as it is handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.core import Record, Status
from suite.dynamics.asked import Asked
from suite.dynamics.course import Course
from suite.dynamics.equation import Vector
from suite.dynamics.result import Solution
from suite.dynamics.trajectory import Trajectory
from suite.dynamics.watch.singularity import Singularity
from suite.dynamics.watch.stiffness import stiff_intervals

__all__ = ["Ending", "solution_of"]


class Ending(NamedTuple):
    """How a run ended: its status, the sentence with the place, and what was seen on the way.

    `evaluations` is what it took to tell; no point after the time `safe` is handed over, if given.
    """

    status: Status
    message: str
    singularity: Singularity | None = None
    invariants: Mapping[str, Any] = {}
    evaluations: int = 0
    safe: float | None = None


def solution_of(asked: Asked, course: Course, ending: Ending, record: Record) -> Solution:
    """The solution as it is handed over, without the points beyond a singularity."""
    times, states = course.times, course.states
    sol = None
    if ending.safe is not None:
        kept = asked.equation.direction * (times - ending.safe) <= 0.0
        kept[0] = True
        times, states = times[kept], states[kept]
    if asked.polynomials:
        sol = Trajectory(times, states, course.polynomials[: len(times) - 1])
    shown, y = times, states.T
    if asked.t_eval is not None and sol is not None:
        shown = asked.t_eval[(asked.t_eval >= sol.t_min) & (asked.t_eval <= sol.t_max)]
        y = sol(shown)
    events = _events(asked, course, times)
    return Solution(
        t=shown,
        y=y,
        status=ending.status,
        message=ending.message,
        evaluations=course.evaluations + ending.evaluations,
        rejected=course.rejected,
        record=record,
        method=asked.method,
        t_span=asked.t_span,
        singularity=ending.singularity,
        stiff=_stiff(course.notes),
        sol=sol if asked.dense_output else None,
        t_events=events[0],
        y_events=events[1],
        invariants=ending.invariants,
        names=asked.names,
        reached=float(times[-1]),
        options=_options(asked),
    )


def _options(asked: Asked) -> dict[str, Any]:
    """What was asked of the method, as plain values; None is no bound."""
    tolerance = asked.equation.tolerance
    found: dict[str, Any] = {"first_step": asked.first_step, "max_step": asked.max_step}
    if asked.own is None:
        found |= {"rtol": tolerance.relative, "atol": tolerance.absolute}
        found |= {"project": list(asked.project), "foresight": asked.foresight}
        found |= {"compiled": asked.compiled}
    found["max_evaluations"] = asked.max_evaluations
    if asked.max_step == np.inf:
        found["max_step"] = None
    return {name: np.asarray(value).tolist() for name, value in found.items()}


def _stiff(notes: Sequence[Mapping[str, Any]]) -> tuple[tuple[float, float], ...]:
    if not any(one.get("stiff") for one in notes):
        return ()
    return stiff_intervals({"accepted": True, "notes": one} for one in notes)


def _events(
    asked: Asked, course: Course, times: NDArray[np.float64]
) -> tuple[tuple[NDArray[np.float64], ...] | None, tuple[Vector, ...] | None]:
    """Times and states of each event, or None where none was asked for."""
    if not asked.events:
        return None, None
    found: list[list[tuple[float, Vector]]] = [[] for _ in asked.events]
    for notes in course.notes:
        if "events" not in notes:
            continue
        for place, time, y in zip(
            notes["events"], notes["event_times"], notes["event_states"], strict=True
        ):
            if asked.equation.direction * (time - times[-1]) <= 0.0:
                found[place].append((float(time), y))
    size = len(asked.y0)
    return (
        tuple(np.array([time for time, _ in each]) for each in found),
        tuple(np.array([y for _, y in each]).reshape(len(each), size) for each in found),
    )
