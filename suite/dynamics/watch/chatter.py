"""Chattering: a right-hand side that jumps along the solution, and steps that shrink to the jump.

Where f points towards a jump from both sides (dry friction, a relay, a pole that was passed) every
step leads across it, and only steps of the size of the tolerance are kept. Such a run would not end
before its evaluations do. It is seen from its pace, over many attempts, and from a bisection of a
step: what is left of a jump in ever smaller intervals is the jump. Filippov, Differential Equations
with Discontinuous Righthand Sides (1988), has what the solution does there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from suite.core import Status, Step, Trial
from suite.dynamics.equation import (
    ENDED,
    Equation,
    Flow,
    Try,
    Vector,
    charge,
    may_stand,
    remember,
)
from suite.errors import AttemptFailed

__all__ = ["chattering", "jump_of"]

NAME = "chatter"
"""The name under which a flow remembers what this file needs."""
EVERY = 128
"""Attempts between two looks at the pace."""
LOOKS = 4
"""Looks in a row with a pace too slow, and a jump in the step, after which it chatters."""
AHEAD = 2.0
"""How far beyond its start a step is searched for a jump, in its size: it ends near one."""
HALVINGS = 30
KEPT = 0.5
"""Share of a difference of f that only a jump keeps when its interval is halved so often."""
EVIDENT = 1e-3
"""Size of a difference of f, relative to f, from which it is followed."""


def chattering(attempt: Try, equation: Equation, most_evaluations: int) -> Try:
    """An attempt that looks now and then whether the run gets on, and if not, whether f jumps."""

    def watching(flow: Flow, step: Step) -> Trial:
        trial = attempt(flow, step)
        if step.number % EVERY or not may_stand(trial):
            return trial
        kept = flow.memory.get(NAME)
        if kept is None or not _is_slow(trial, step, kept, equation, most_evaluations):
            jump, looks = None, 0
        else:
            jump = _jump(trial, flow, equation)
            looks = kept["looks"] + (jump is not None)
        now = {"time": trial.state.time, "number": step.number, "looks": looks, "jump": jump}
        remember(trial, NAME, now)
        if looks >= LOOKS:  # with no end in sight
            remember(trial, ENDED, int(Status.DISCONTINUOUS))
        return trial

    return watching


def jump_of(flow: Flow) -> tuple[int, float, float]:
    """Where a run that chatters does so: the component, and its rate on either side."""
    jump = flow.memory[NAME]["jump"]
    return int(jump["component"]), jump["before"], jump["after"]


def _is_slow(
    trial: Trial, step: Step, kept: Mapping[str, Any], equation: Equation, most: int
) -> bool:
    """Whether all evaluations that a run may take would not lead to its end at this pace."""
    time, attempts = trial.state.time, step.number - kept["number"]
    made = abs(time - kept["time"]) * most
    return abs(equation.end - time) * attempts * max(trial.cost.get("evaluations", 1), 1) > made


def _jump(trial: Trial, flow: Flow, equation: Equation) -> dict[str, Any] | None:
    """A jump of f along the tangent of a step, by bisection; its evaluations are charged."""
    length = AHEAD * (trial.state.time - flow.time)

    def rate(share: float) -> Vector:
        charge(trial, 1)
        along = share * length
        return np.asarray(equation.fun(flow.time + along, flow.y + along * flow.rate))

    try:
        low, high, before, after = 0.0, 1.0, flow.rate, rate(1.0)
        whole = _size(after - before)
        if not whole > EVIDENT * (_size(before) + _size(after)):
            return None
        for _ in range(HALVINGS):
            half = 0.5 * (low + high)
            middle = rate(half)
            if _size(middle - before) > _size(after - middle):
                high, after = half, middle
            else:
                low, before = half, middle
    except AttemptFailed:
        return None
    gap = after - before
    if not _size(gap) >= KEPT * whole:
        return None
    component = int(np.argmax(np.abs(gap)))
    sides = (float(side[component].real) for side in (before, after))
    return {"component": component, **dict(zip(("before", "after"), sides, strict=True))}


def _size(rate: Vector) -> float:
    return float(np.max(np.abs(rate)))
