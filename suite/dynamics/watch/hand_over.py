"""The hand-over between the explicit and the stiff method of a run, there and back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite.core import Attempt, Point
from suite.dynamics.equation import Flow
from suite.dynamics.methods.jacobian import spectral_radius
from suite.dynamics.methods.radau import RADAU, knowing
from suite.dynamics.watch.stiffness import (
    NOTHING,
    OFTEN,
    STEPS_TO_SUSPECT,
    STIFFNESS,
    is_stiff,
)

__all__ = ["EXPLICIT", "STIFF", "hand_over"]

EXPLICIT, STIFF = "explicit", "stiff"
"""The phases of a run that is handed over."""

SHORT = 20
"""Steps of an implicit phase so short that it was hardly worth it."""
SHARE = 0.01
"""The first implicit step, as a share of the shortest time in which a component changes."""
MOST_GROWTH = 30.0
SMALLEST = 1e-300


def hand_over(attempt: Attempt) -> Point | None:
    """The point from which the other phase goes on, or None: for `suite.core.relay`.

    `bound` of the point names why: "stability" or "accuracy".
    """
    after = attempt.after
    flow: Flow = after.state
    if attempt.status or STIFFNESS not in flow.memory:
        return None
    stiff, kept = is_stiff(flow), flow.memory[STIFFNESS]
    if stiff == (after.phase == STIFF):
        return None
    law_memory = _forgotten(after.memory)
    if stiff:
        jacobian, patience = kept["jacobian"], kept["patience"]
        radius = spectral_radius(jacobian)
        now = {**NOTHING, "patience": patience, "radius": radius, "stiff": True}
        flow = knowing(flow._replace(memory={**flow.memory, STIFFNESS: now}), jacobian)
        step = after.step._replace(size=_unbound(flow, float(after.step.size)), tries=0)
        return Point(flow, step, law_memory, STIFF, "stability")
    # An equation at the edge of stiffness is not to go to and fro for ever.
    patience = 2 * kept["patience"] if kept["steps"] < SHORT else STEPS_TO_SUSPECT
    memory = {name: value for name, value in flow.memory.items() if name != RADAU}
    memory[STIFFNESS] = {**NOTHING, "patience": patience, "often": OFTEN * patience}
    return Point(flow._replace(memory=memory), after.step, law_memory, EXPLICIT, "accuracy")


def _unbound(flow: Flow, size: float) -> float:
    """A size for the first implicit step, which stability no longer holds down."""
    pace = float(np.max(np.abs(flow.rate / flow.y)))
    if not pace < math.inf:
        return size
    return min(max(size, SHARE / max(pace, SMALLEST)), MOST_GROWTH * size)


def _forgotten(memory: Any) -> Any:
    """A law's memory of errors and sizes, of another order than the ones to come, made void."""
    if isinstance(memory, tuple):
        return tuple(_forgotten(part) for part in memory)
    return math.nan if isinstance(memory, float) else memory
