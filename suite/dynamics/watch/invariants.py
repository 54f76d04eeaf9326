"""Conscience: what a solution should conserve, watched as a second law or restored after a step.

Declared invariants are functions I(t, y) by name. `watched` shows each one's change over a step as
a signal, so that a law can refuse it; `followed` only notes how far it is off; `projected` moves
the state after each step back to where the invariants are what they were at the start, and adds up
what it took. That sum is the drift there would have been: a small error of the energy proves
nothing by itself once energy is restored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from suite.core import Both, ErrorControl, Law, Signal, Step, Trial
from suite.dynamics.equation import Equation, Flow, Try, note, remember
from suite.dynamics.watch.conscience import (
    ALLOWED,
    BEYOND,
    DEPARTURE,
    LARGEST,
    NOW,
    ODD,
    PROJECTED,
    ROWS,
    START,
    SUM,
    WATCHED,
    Conscience,
    consciences,
)
from suite.dynamics.watch.conserved import Bundle
from suite.dynamics.watch.declared import Floats, Invariant, flat_of
from suite.dynamics.watch.projection import Seen, metric, moved, real
from suite.errors import AttemptFailed, InputError

__all__ = ["Conscience", "Invariant", "consciences", "followed", "law_of", "projected", "watched"]

_ODD = 0.1
"""Share of what is allowed below which no change is odd."""
_FAR = 10.0
"""How many times the error of its step a change is of which it cannot come."""
_ENDS = 2.0
"""A change has the rounding of both its ends, and of working out the values there."""


def law_of(names: Iterable[str], first: Law | None = None) -> Law:
    """The law that keeps an error estimate and every named invariant within its tolerance.

    >>> law_of(["energy"]).reasons[3]
    'energy'
    """
    law = first or ErrorControl()
    for name in names:
        law = Both(law, ErrorControl(name))
    return law


def watched(attempt: Try, equation: Equation, invariants: Mapping[str, Any]) -> Try:
    """An attempt that also shows how much each invariant changed over the step.

    The signal of each, by its name, is the change over what one step may change it, see
    `Invariant`; its noise what half an ulp in each component of y does to the invariant; its order
    one more than that of the error. Calls of invariants are not evaluations of f. Raises
    `InputError` for an invariant that f does not conserve: at the first attempt, or where a change
    passes what is allowed and f explains it.

    >>> from suite.dynamics.equation import Equation, Tolerance, start
    >>> from suite.dynamics.methods.explicit import dop853
    >>> turn = Equation(lambda t, y: np.array([y[1], -y[0]]), Tolerance(1e-6))
    >>> attempt = watched(dop853(turn).attempt, turn, {"radius": lambda t, y: y[0]**2 + y[1]**2})
    >>> trial = attempt(start(turn.fun, 0.0, [1.0, 0.0]), Step(0.5))
    >>> trial.evidence["radius"].value < 1e-3
    True
    """
    bundle = Bundle(invariants)
    if not bundle:
        return attempt

    def measure(flow: Flow, after: Flow, table: Floats) -> Seen:
        values = bundle.values(after.time, after.y)
        noise = _ENDS * bundle.noise(after) / table[ALLOWED]
        change = values - table[NOW]
        return Seen(after.y, values, change, np.abs(change) / table[ALLOWED], noise)

    return _looked_at(attempt, equation, bundle, WATCHED, measure)


def followed(attempt: Try, equation: Equation, invariants: Mapping[str, Any]) -> Try:
    """An attempt that notes how far each invariant is from its start: no law reads a signal of it.

    One call of each a step. The trial's notes and memory are added to in place, see `Scheme`.
    Raises `InputError` as `watched` does.
    """
    bundle = Bundle(invariants)
    if not bundle:
        return attempt

    def following(flow: Flow, step: Step) -> Trial:
        trial = attempt(flow, step)
        after = trial.state
        table = _table(bundle, equation, flow, step, WATCHED)
        try:
            values = bundle.values(after.time, after.y)
            if _may_be_odd(values, table):
                change = values - table[NOW]
                parts = np.abs(change) / table[ALLOWED]
                noise = _ENDS * bundle.noise(after) / table[ALLOWED]
                seen = Seen(after.y, values, change, parts, noise)
                _judge(bundle, trial, flow, seen, table)
        except AttemptFailed as failure:
            raise AttemptFailed(str(failure), trial.cost) from failure
        note(trial, **_departed(bundle, table, values))
        remember(trial, WATCHED, _kept(bundle, table))
        return trial

    return following


def projected(attempt: Try, equation: Equation, invariants: Mapping[str, Any]) -> Try:
    """An attempt whose state is moved back to where all invariants are what they were at the start.

    The move is the least one as the tolerance measures it: δ = S²Gᵀ(G S²Gᵀ)⁻¹(I₀ - I) with the
    gradients G [k, n] and the scale S of `Tolerance`, repeated with the same G until rounding ends
    it (Hairer, Lubich and Wanner, Geometric Numerical Integration, IV.4). Where `blocks` declare
    vectors, S is smaller for those that hardly bend in the step: a slow body has no part in the
    error of a fast one. The rate is not asked for anew: it differs by what the rate changes over δ,
    which is within the error of the step.

    The signal of each, by its name, is the least move it needs by itself, over the tolerance (RMS).
    Raises `InputError` as `watched` does.

    >>> from suite.dynamics.equation import Equation, Tolerance, start
    >>> from suite.dynamics.methods.explicit import dormand_prince
    >>> turn = Equation(lambda t, y: np.array([y[1], -y[0]]), Tolerance(1e-3))
    >>> radius = {"radius": lambda t, y: y[0]**2 + y[1]**2}
    >>> attempt = projected(dormand_prince(turn).attempt, turn, radius)
    >>> after = attempt(start(turn.fun, 0.0, [1.0, 0.0]), Step(1.0)).state
    >>> abs(after.y[0]**2 + after.y[1]**2 - 1.0) < 1e-15
    np.True_
    """
    bundle = Bundle(invariants)
    if not bundle:
        return attempt

    def measure(flow: Flow, after: Flow, table: Floats) -> Seen:
        sizes = _sizes(flow, after) if bundle.differenced else 1.0
        scale = real(equation.tolerance.scale(flow.y, after.y), flow.y)
        measures = (scale, metric(equation, flow, after, scale))
        return moved(bundle, after, table[START], sizes, measures)

    return _looked_at(attempt, equation, bundle, PROJECTED, measure)


def _looked_at(
    attempt: Try,
    equation: Equation,
    bundle: Bundle,
    kind: str,
    measure: Callable[[Flow, Flow, Floats], Seen],
) -> Try:
    """An attempt whose state is the one that `measure` answers, with its signals and its table."""

    def looking(flow: Flow, step: Step) -> Trial:
        trial = attempt(flow, step)
        after = trial.state
        table = _table(bundle, equation, flow, step, kind)
        if not np.isfinite(after.y).all():
            return _unmeasured(trial, bundle)
        try:
            seen = measure(flow, after, table)
            _judge(bundle, trial, flow, seen, table)
        except AttemptFailed as failure:
            raise AttemptFailed(str(failure), trial.cost) from failure
        notes = _departed(bundle, table, seen.values)
        if kind == PROJECTED:
            notes |= _summed(bundle, table, -seen.change)
            trial = trial._replace(state=after._replace(y=seen.y))
        return _shown(trial, bundle, kind, table, seen, notes)

    return looking


def _judge(bundle: Bundle, trial: Trial, flow: Flow, seen: Seen, table: Floats) -> None:
    """Raise `InputError` where a step is odd and f itself explains what it did to an invariant."""
    if _is_odd(trial, seen, table):
        after = trial.state
        h = after.time - flow.time
        bundle.refuse_if_changed(after, _sizes(flow, after), h, (flow, seen.change))


# Of the few invariants that a run has, plain numbers cost a third of what arrays do.


def _may_be_odd(values: Floats, table: Floats) -> bool:
    """Whether any value changed by so much of what is allowed that it is to be looked at."""
    now, allowed = table[NOW].tolist(), table[ALLOWED].tolist()
    for value, before, most in zip(values.tolist(), now, allowed, strict=True):
        if abs(value - before) > _ODD * most:
            return True
    return False


def _departed(bundle: Bundle, table: Floats, values: Floats) -> dict[str, float]:
    """Enter the values of a step in the table; how far they are from the start are its notes."""
    notes, start, largest = {}, table[START].tolist(), table[DEPARTURE].tolist()
    for i, value in enumerate(values.tolist()):
        drift = notes[bundle.drifts[i]] = value - start[i]
        if abs(drift) > largest[i]:
            table[DEPARTURE, i] = abs(drift)
    table[NOW] = values
    return notes


def _kept(bundle: Bundle, table: Floats) -> dict[str, Any]:
    """What a run remembers."""
    return {"labels": bundle.labels, "names": bundle.owners, "table": table}


def _is_odd(trial: Trial, seen: Seen, table: Floats) -> bool:
    """Whether changes are to be judged: they passed what is allowed, or are far larger than the
    error of the step, then at the first such step, the second, the fourth, and so on."""
    error = abs(trial.evidence["error"].value) if "error" in trial.evidence else 0.0
    judged = False
    for i, (part, noise) in enumerate(zip(seen.parts.tolist(), seen.noise.tolist(), strict=True)):
        if not part > max(_ODD, 3.0 * noise):
            continue
        if part > 1.0:
            table[BEYOND, i] += 1.0
            judged = True
        elif part > _FAR * error:
            table[ODD, i] += 1.0
            # A power of two has the mantissa 1/2.
            judged |= math.frexp(table[ODD, i])[0] == 0.5
    return judged


def _summed(bundle: Bundle, table: Floats, corrections: Floats) -> dict[str, float]:
    """Add the corrections of a step to the table; they are its notes too."""
    table[SUM] += corrections
    larger = np.abs(corrections) > np.abs(table[LARGEST])
    np.copyto(table[LARGEST], corrections, where=larger)
    labels = (f"{label}_correction" for label in bundle.labels)
    return dict(zip(labels, corrections.tolist(), strict=True))


def _table(bundle: Bundle, equation: Equation, flow: Flow, step: Step, kind: str) -> Floats:
    """A copy of what was kept up to a point; at the first point, made and the invariants judged."""
    kept = flow.memory.get(kind)
    if kept is not None:
        if not bundle.places:  # in a resumed run
            bundle.values(flow.time, flow.y)
        return kept["table"].copy()
    size = equation.direction * float(step.size)
    sizes, tolerance = _sizes(flow, flow, size), equation.tolerance
    absolute = real(np.broadcast_to(tolerance.absolute, flow.y.shape), flow.y)
    try:
        values = bundle.values(flow.time, flow.y)
        bundle.refuse_if_changed(flow, sizes, size)
        table = np.zeros((ROWS, values.size))
        table[START] = table[NOW] = values
        table[ALLOWED] = bundle.allowed(flow, sizes, float(np.min(tolerance.relative)), absolute)
    except AttemptFailed as failure:
        raise InputError(
            f"{failure} It must be known at the start, t = {flow.time:.12g}."
        ) from failure
    return table


def _sizes(flow: Flow, after: Flow, h: float = 0.0) -> Floats:
    """What each component may be moved relative to [n]: itself, or its change over the step."""
    change = flow.rate * h if after is flow else after.y - flow.y
    sizes = np.maximum(np.abs(flat_of(after.y)), np.abs(flat_of(change)))
    typical = float(np.sqrt(np.mean(np.square(sizes)))) or 1.0
    return np.where(sizes > 0.0, sizes, typical)


def _unmeasured(trial: Trial, bundle: Bundle) -> Trial:
    """A trial that led nowhere: no invariant has a value there."""
    return trial._replace(evidence={**trial.evidence, **dict.fromkeys(bundle.places, NO_SIGNAL)})


NO_SIGNAL = Signal(np.nan)


def _shown(
    trial: Trial,
    bundle: Bundle,
    kind: str,
    table: Floats,
    seen: Seen,
    notes: Mapping[str, float],
) -> Trial:
    """The trial with the signals, the notes and what is to be remembered."""
    parts, noise = seen.parts, seen.noise
    evidence = dict(trial.evidence)
    order = evidence["error"].order + 1.0 if "error" in evidence else 1.0
    if bundle.single:
        for name, part, unsure in zip(bundle.labels, parts.tolist(), noise.tolist(), strict=True):
            evidence[name] = Signal(part, unsure, order)
    else:
        for name, place in bundle.places.items():
            evidence[name] = Signal(float(parts[place].max()), float(noise[place].max()), order)
    after = trial.state
    return trial._replace(
        state=after._replace(memory={**after.memory, kind: _kept(bundle, table)}),
        evidence=evidence,
        notes={**trial.notes, **notes},
    )
