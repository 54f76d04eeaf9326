"""Stability, seen: whether it or accuracy holds the steps down, and the hand-over that follows.

An explicit step shows h |λ| of the mode that it excites most, by its last two stages (Hairer and
Wanner, Solving ODEs II, IV.2). Where that stays at the method's boundary, the eigenvalues of the
Jacobian decide: the equation is stiff if a mode that decays is the fastest by far. So they do where
that mode ought to be gone long since, and the solution glides along far slower than it; and now and
then where steps are far shorter than the solution asks for. An implicit step has its Jacobian at
hand; where h ρ(J) stays small, an explicit method will do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from suite.core import Attempt, Point, Step, Trial
from suite.dynamics.equation import (
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
from suite.dynamics.methods.jacobian import differences, given, spectral_radius
from suite.dynamics.methods.radau import RADAU
from suite.dynamics.methods.tableaux import DOP853, DORMAND_PRINCE
from suite.dynamics.watch.modes import Motion, creeps, decays_fastest, glides
from suite.errors import AttemptFailed

__all__ = [
    "EXPLICIT",
    "NEAR",
    "STIFF",
    "TABLEAUX",
    "hand_over",
    "is_stiff",
    "measured",
    "stiff_intervals",
]

EXPLICIT, STIFF = "explicit", "stiff"
"""The phases of a run that is handed over."""
STIFFNESS = "stiffness"
"""The name under which a flow remembers what this file needs."""

TABLEAUX = {"DOP853": (DOP853, 6.1), "RK45": (DORMAND_PRINCE, 3.3)}
"""Methods with two stages at the new time, and where their stability ends on the real axis."""

NEAR = 0.5
"""Share of the boundary from which a step counts as being at it."""
STEPS_TO_SUSPECT = 2
"""Steps at the boundary, in excess of others, before the eigenvalues are asked."""
GENTLE = 0.5
"""h |λ| from which the fast mode is counted at all: tight tolerances keep off the boundary."""
E_FOLDS = 10.0
"""Times of decay of the fast mode, for each step of patience, after which it ought to be gone."""
OFTEN = 16
"""Steps after which it is looked at how far the rate turns at all; twice as many if in vain."""
LOW = 1.5
"""h ρ(J) below which an implicit step is small enough for an explicit method."""
STEPS_TO_LEAVE = 2
"""Such steps in a row before it is handed back."""
SHORT = 20
"""Steps of an implicit phase so short that it was hardly worth it."""
SHARE = 0.01
"""The first implicit step, as a share of the shortest time in which a component changes."""
MOST_GROWTH = 30.0

FEW = 12
_ROUNDING = (100.0 * EPS) ** 2

_NOTHING: Mapping[str, Any] = {
    "high": 0,
    "elapsed": 0.0,
    "patience": STEPS_TO_SUSPECT,
    "often": OFTEN,
    "low": 0,
    "steps": 0,
    "radius": math.nan,
    "stiff": False,
}
# "high", "low": steps at the boundary and well inside; "steps": of this implicit phase.


def measured(attempt: Try, equation: Equation, scheme: Scheme) -> Try:
    """An attempt that notes "h_lambda" and "stiff", and remembers what binds its steps.

    A scheme with neither two stages at the new time nor a Jacobian is left as it is.

    >>> from suite.dynamics.equation import Tolerance, start
    >>> from suite.dynamics.methods.explicit import dop853
    >>> equation = Equation(lambda t, y: -2.0 * y, Tolerance(1e-6))
    >>> scheme = dop853(equation)
    >>> trial = measured(scheme.attempt, equation, scheme)(start(equation.fun, 0, [1.0]), Step(0.5))
    >>> round(trial.notes["h_lambda"], 6)
    1.0
    """
    if scheme.name == "Radau":
        return _watching_implicit(attempt)
    if scheme.name not in TABLEAUX:
        return attempt
    tableau, boundary = TABLEAUX[scheme.name]
    near, pair = NEAR * boundary, np.zeros((2, tableau.weights.shape[1]))
    pair[0] = tableau.weights[-1] - tableau.weights[-2]
    pair[1, -2:] = -1.0, 1.0

    def watching(flow: Flow, step: Step) -> Trial:
        trial = attempt(flow, step)
        if not may_stand(trial):
            return trial
        ratio = _ratio(pair, trial.state.stages)
        trial.notes["h_lambda"] = ratio  # type: ignore[index]
        kept = flow.memory.get(STIFFNESS, _NOTHING)
        look = not step.number % kept["often"]
        creeping = look and creeps(flow, trial.state, equation.tolerance)
        if creeping or ratio > GENTLE or kept["high"] or kept["elapsed"]:
            _suspect(trial, flow, kept, equation, near, creeping)
        return trial

    return watching


def _ratio(pair: Vector, slopes: Vector) -> float:
    """h |Δf| / |Δy| between the last two stages, which share their time; 0 where it is rounding."""
    both = pair.dot(slopes)
    if both.dtype.kind == "c":
        below, above = (np.vdot(row, row).real for row in both)
    elif both.shape[1] > FEW:
        below, above = both[0].dot(both[0]), both[1].dot(both[1])
    else:
        # A handful of floats is summed faster than an array is called for it.
        below = above = 0.0
        for apart, change in zip(*both.tolist(), strict=True):
            below += apart * apart
            above += change * change
    if not below > 0.0:
        return 0.0
    ratio = math.sqrt(above / below)
    if ratio > GENTLE and above <= _ROUNDING * abs(np.vdot(slopes[-1], slopes[-1])):
        return 0.0
    return ratio


def _suspect(
    trial: Trial,
    flow: Flow,
    kept: Mapping[str, Any],
    equation: Equation,
    near: float,
    creeping: bool,
) -> None:
    """Count what speaks for stiffness, ask the eigenvalues where it is enough, remember it."""
    ratio, patience, often = trial.notes["h_lambda"], kept["patience"], kept["often"]
    high = min(kept["high"] + 1, patience) if ratio > near else max(kept["high"] - 1, 0)
    elapsed = kept["elapsed"] + ratio if ratio > GENTLE else 0.0
    stiff = kept["stiff"] and (high > 0 or elapsed > 0.0)
    waited = elapsed > E_FOLDS * patience
    if not stiff and (high >= patience or waited or creeping):
        slow = creeping or glides(flow, trial.state, ratio)
        if high >= patience or slow:
            least = GENTLE if slow else near
            stiff = _asked(trial, flow, equation, least)
            patience = patience if stiff or creeping else 2 * patience
            often = 2 * often if creeping and not stiff else often
        if not stiff:
            high, elapsed = 0, 0.0
    if stiff:
        note(trial, stiff=True)
    now = {"high": high, "elapsed": elapsed, "patience": patience, "often": often, "stiff": stiff}
    remember(trial, STIFFNESS, {**kept, **now})


def _asked(trial: Trial, before: Flow, equation: Equation, least: float) -> bool:
    """Whether the modes with h |λ| from `least` say stiff; columns are charged to the trial."""
    flow: Flow = trial.state
    h = flow.time - before.time

    def rate(time: float, y: Vector) -> Any:
        charge(trial, 1)
        return equation.fun(time, y)

    scale = equation.tolerance.scale(flow.y, flow.y)
    try:
        if equation.jacobian is not None:
            jacobian = given(equation, flow.time, flow.y)
        else:
            jacobian = differences(rate, flow.time, flow.y, flow.rate, scale, h / least)
    except AttemptFailed:
        return False
    motion = Motion(abs(h), flow.rate, flow.rate - before.rate, scale)
    return decays_fastest(equation.direction * jacobian, least / abs(h), motion)


def _watching_implicit(attempt: Try) -> Try:
    def watching(flow: Flow, step: Step) -> Trial:
        trial = attempt(flow, step)
        kept = flow.memory.get(STIFFNESS, _NOTHING)
        radius = kept["radius"]
        jacobian = None if trial.learned is None else trial.learned.memory[RADAU]["jacobian"]
        if trial.cost.get("jacobians") and jacobian is not None:
            radius = spectral_radius(jacobian)
        ratio = float(step.size) * radius
        low = kept["low"] + 1 if ratio < LOW else 0
        stiff = low < STEPS_TO_LEAVE
        steps = kept["steps"] + 1
        now = {**kept, "radius": radius, "low": low, "steps": steps, "stiff": stiff}
        note(trial, h_lambda=ratio, stiff=stiff)
        remember(trial, STIFFNESS, now)
        return trial

    return watching


def is_stiff(flow: Flow) -> bool:
    """Whether stability and not accuracy bound the last steps."""
    return bool(flow.memory.get(STIFFNESS, _NOTHING)["stiff"])


def hand_over(attempt: Attempt) -> Point | None:
    """The point from which the other phase goes on, or None: for `suite.core.relay`.

    `bound` of the point names why: "stability" or "accuracy".
    """
    after = attempt.after
    flow: Flow = after.state
    if attempt.status or attempt.refused or STIFFNESS not in flow.memory:
        return None
    stiff, kept = is_stiff(flow), flow.memory[STIFFNESS]
    if stiff == (after.phase == STIFF):
        return None
    law_memory = _forgotten(after.memory)
    if stiff:
        memory = {
            **flow.memory,
            STIFFNESS: {**_NOTHING, "patience": kept["patience"], "stiff": True},
        }
        step = after.step._replace(size=_unbound(flow, float(after.step.size)))
        return Point(flow._replace(memory=memory), step, law_memory, STIFF, "stability")
    # An equation at the edge of stiffness is not to go to and fro for ever.
    patience = 2 * kept["patience"] if kept["steps"] < SHORT else STEPS_TO_SUSPECT
    memory = {name: value for name, value in flow.memory.items() if name != RADAU}
    memory[STIFFNESS] = {**_NOTHING, "patience": patience}
    return Point(flow._replace(memory=memory), after.step, law_memory, EXPLICIT, "accuracy")


def _unbound(flow: Flow, size: float) -> float:
    """A size for the first implicit step, which stability no longer holds down."""
    pace = float(np.max(np.abs(flow.rate / flow.y)))
    return min(max(size, SHARE / pace), MOST_GROWTH * size) if 0.0 < pace < math.inf else size


def _forgotten(memory: Any) -> Any:
    """A law's memory of errors and sizes, of another order than the ones to come, made void."""
    if isinstance(memory, tuple):
        return tuple(_forgotten(part) for part in memory)
    return math.nan if isinstance(memory, float) else memory


def stiff_intervals(record: Iterable[Mapping[str, Any]]) -> tuple[tuple[float, float], ...]:
    """The intervals of time in which accepted steps were stiff, from the rows of a record.

    >>> rows = [{"accepted": True, "notes": {"time": float(t), "stiff": t > 1}} for t in range(4)]
    >>> stiff_intervals(rows)
    ((1.0, 3.0),)
    """
    found: list[list[float]] = []
    before, inside = None, False
    for row in record:
        notes = row["notes"]
        if not row["accepted"] or "time" not in notes:
            continue
        now, stiff = float(notes["time"]), bool(notes.get("stiff"))
        if stiff and inside:
            found[-1][1] = now
        elif stiff and before is not None:
            found.append([before, now])
        before, inside = now, stiff and before is not None
    return tuple((first, last) for first, last in found)
