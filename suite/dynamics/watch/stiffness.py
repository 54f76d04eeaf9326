"""Stability, seen: whether it or accuracy holds the steps down.

An explicit step shows h |λ| of the mode that it excites most, by its last two stages (Hairer and
Wanner, Solving ODEs II, IV.2). Where that comes to the method's boundary, or lies far beyond it in
a step that is refused, the eigenvalues of the Jacobian decide: the equation is stiff if a mode that
decays is the fastest by far. So they do where that mode ought to be gone long since, and the
solution glides along far slower than it; after the first step of a small system; and now and then
where steps are far shorter than the solution asks for. An implicit step has its Jacobian at hand;
where h ρ(J) stays small, an explicit method will do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from suite.core import Step, Trial
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
from suite.dynamics.watch.modes import Motion, creeps, decays_fastest, glides, left_behind
from suite.errors import AttemptFailed

__all__ = [
    "BOUNDARIES",
    "NEAR",
    "NOTHING",
    "OFTEN",
    "STEPS_TO_SUSPECT",
    "STIFFNESS",
    "is_stiff",
    "measured",
    "stiff_intervals",
]

STIFFNESS = "stiffness"
"""The name under which a flow remembers what this file needs."""

BOUNDARIES = {"DOP853": 6.1, "RK45": 3.3}
"""Methods that note "h_lambda", and where their stability ends on the real axis."""

NEAR = 0.5
"""Share of the boundary from which a step counts as being at it."""
STEPS_TO_SUSPECT = 1
"""Steps at the boundary, in excess of others, before the eigenvalues are asked; twice as many after
each time in vain. A refused step asks where it lies as many times beyond the boundary."""
GENTLE = 0.5
"""h |λ| from which the fast mode is counted at all: tight tolerances keep off the boundary."""
E_FOLDS = 20.0
"""Times of decay of the fast mode, for each step of patience, after which it ought to be gone."""
OFTEN = 16
"""Steps after which it is looked at how far the rate turns at all; twice as many if in vain."""
LONG = 300.0
"""Times of decay to the end of the run from which a mode is looked for after the first step."""
SOON = 200.0
"""Growth of the first two implicit steps, beyond which that mode must not be slow."""
FEW = 12
"""Components up to which this look, a column each, costs no more than a step."""
LOW = 1.5
"""h ρ(J) below which an implicit step is small enough for an explicit method."""
STEPS_TO_LEAVE = 2
"""Such steps in a row before it is handed back."""
_ROUNDING = (100.0 * EPS) ** 2

NOTHING: Mapping[str, Any] = {
    "high": 0,
    "elapsed": 0.0,
    "patience": STEPS_TO_SUSPECT,
    "often": OFTEN,
    "low": 0,
    "steps": 0,
    "radius": math.nan,
    "jacobian": None,
    "stiff": False,
}
"""What a flow remembers at first."""
# "high", "low": steps at the boundary and well inside; "steps": of this implicit phase;
# "jacobian": at this very point, where the question that was answered by stiff needed it.


def measured(attempt: Try, equation: Equation, scheme: Scheme) -> Try:
    """An attempt that notes "stiff" where it is, and remembers what binds its steps.

    A scheme that neither notes "h_lambda" nor has a Jacobian is left as it is.

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
    if scheme.name not in BOUNDARIES:
        return attempt
    boundary = BOUNDARIES[scheme.name]
    near = NEAR * boundary

    def watching(flow: Flow, step: Step) -> Trial:
        trial = attempt(flow, step)
        ratio = trial.notes["h_lambda"]
        number = step.number
        if ratio <= GENTLE and number % OFTEN and number > 1 and STIFFNESS not in flow.memory:
            return trial
        if ratio > GENTLE and _is_rounding(trial.state.stages):
            ratio = 0.0
            note(trial, h_lambda=ratio)
        kept = flow.memory.get(STIFFNESS, NOTHING)
        if not may_stand(trial):
            far = kept["patience"] * boundary < ratio < math.inf and not kept["stiff"]
            return _refused(trial, flow, kept, equation, boundary) if far else trial
        look = number == 1 or not number % kept["often"]
        creeping = look and creeps(flow, trial.state, equation.tolerance)
        if number == 1:
            return _at_first(trial, flow, equation) if creeping and flow.y.size <= FEW else trial
        if creeping or ratio > GENTLE or kept["high"] or kept["elapsed"]:
            _suspect(trial, flow, kept, equation, near, creeping)
        return trial

    return watching


def _is_rounding(slopes: Vector) -> bool:
    """Whether the last two slopes differ by no more than their rounding."""
    change, last = slopes[-1] - slopes[-2], slopes[-1]
    return bool(np.vdot(change, change).real <= _ROUNDING * np.vdot(last, last).real)


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
    # An explicit step is stable no further than this, and has no more decay in it.
    elapsed = kept["elapsed"] + min(ratio, near / NEAR) if ratio > GENTLE else 0.0
    stiff, jacobian = kept["stiff"] and (high > 0 or elapsed > 0.0), None
    waited = elapsed > E_FOLDS * patience
    if not stiff and (high >= patience or waited or creeping):
        slow = creeping or glides(flow, trial.state, ratio)
        if high >= patience or slow:
            size = abs(trial.state.time - flow.time) / (GENTLE if slow else near)
            jacobian = _jacobian(trial, trial.state, equation, size)
            stiff = jacobian is not None and decays_fastest(
                equation.direction * jacobian, 1.0 / size, _motion(flow, trial.state, equation)
            )
            patience = patience if stiff or creeping else 2 * patience
            often = 2 * often if creeping and not stiff else often
        if not stiff:
            high, elapsed = 0, 0.0
    if stiff:
        note(trial, stiff=True)
    now: dict[str, Any] = {"high": high, "elapsed": elapsed, "patience": patience, "often": often}
    now["stiff"], now["jacobian"] = stiff, jacobian if stiff else None
    remember(trial, STIFFNESS, {**kept, **now})


def _at_first(trial: Trial, flow: Flow, equation: Equation) -> Trial:
    """Ask whether a first step that held no error back started beside modes that are long gone."""
    after, h = trial.state, trial.state.time - flow.time
    rate = max(LONG / max(abs(equation.end - after.time), abs(h)), LOW / (SOON * abs(h)))
    jacobian = _jacobian(trial, after, equation, 1.0 / rate)
    if jacobian is not None and left_behind(
        equation.direction * jacobian, rate, _motion(flow, after, equation)
    ):
        remember(trial, STIFFNESS, {**NOTHING, "stiff": True, "jacobian": jacobian})
        note(trial, stiff=True)
    return trial


def _refused(
    trial: Trial, flow: Flow, kept: Mapping[str, Any], equation: Equation, boundary: float
) -> Trial:
    """Ask whether stability refused a step so far beyond its boundary; what it says is learned."""
    size = abs(trial.state.time - flow.time) / boundary
    jacobian = _jacobian(trial, flow, equation, size)
    stiff = jacobian is not None and decays_fastest(equation.direction * jacobian, 1.0 / size)
    patience = kept["patience"] if stiff else 2 * kept["patience"]
    now = {**kept, "patience": patience, "stiff": stiff, "jacobian": jacobian if stiff else None}
    return trial._replace(learned=flow._replace(memory={**flow.memory, STIFFNESS: now}))


def _motion(before: Flow, after: Flow, equation: Equation) -> Motion:
    h, scale = after.time - before.time, equation.tolerance.scale(after.y, after.y)
    return Motion(abs(h), after.rate, after.rate - before.rate, scale)


def _jacobian(trial: Trial, flow: Flow, equation: Equation, size: float) -> Vector | None:
    """The Jacobian at a point if there is one; its columns are charged to the trial."""

    def rate(time: float, y: Vector) -> Any:
        charge(trial, 1)
        return equation.fun(time, y)

    try:
        if equation.jacobian is not None:
            return given(equation, flow.time, flow.y)
        scale = equation.tolerance.scale(flow.y, flow.y)
        signed = equation.direction * size
        sparse = equation.sparsity
        return differences(rate, flow.time, flow.y, flow.rate, scale, signed, sparse)
    except AttemptFailed:
        return None


def _watching_implicit(attempt: Try) -> Try:
    def watching(flow: Flow, step: Step) -> Trial:
        trial = attempt(flow, step)
        kept = flow.memory.get(STIFFNESS, NOTHING)
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
    return bool(flow.memory.get(STIFFNESS, NOTHING)["stiff"])


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
