"""Conscience: what a solution should conserve, watched as a second law or restored after a step.

Declared invariants are functions I(t, y) by name. `watched` shows each one's change over a step as
a signal, so that a law can refuse it; `projected` moves the state after each step back to where the
invariants are what they were at the start, and adds up what it took. That sum is the drift there
would have been: a small error of the energy proves nothing by itself once energy is restored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from suite.core import Both, ErrorControl, Law, Signal, Step, Trial
from suite.dynamics.equation import Equation, Flow, Try, Vector
from suite.dynamics.watch.conscience import (
    ALLOWED,
    BEYOND,
    DEPARTURE,
    LARGEST,
    NOW,
    ROWS,
    START,
    SUM,
    Conscience,
    consciences,
)
from suite.dynamics.watch.conserved import Bundle, Floats, Invariant, correction, flat_of, rounding
from suite.errors import AttemptFailed, InputError

__all__ = ["Conscience", "Invariant", "consciences", "law_of", "projected", "watched"]

_MOST_ITERATIONS = 5
_LEAST_SHARE = 1e-3
"""The part in a correction of a vector that did not bend at all: it made no error either."""
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

    def watching(flow: Flow, step: Step) -> Trial:
        trial = attempt(flow, step)
        after = trial.state
        table = _table(bundle, equation, flow, step, "watched")
        if not np.isfinite(after.y).all():
            return _unmeasured(trial, bundle)
        try:
            values = bundle.values(after.time, after.y)
            noise = _ENDS * bundle.noise(after) / table[ALLOWED]
            change, drift = values - table[NOW], values - table[START]
            parts = np.abs(change) / table[ALLOWED]
            if (parts > np.maximum(1.0, 3.0 * noise)).any():
                h = after.time - flow.time
                bundle.refuse_if_changed(after, _sizes(flow, after), change, h)
        except AttemptFailed as failure:
            raise AttemptFailed(str(failure), trial.cost) from failure
        table[NOW] = values
        np.maximum(table[DEPARTURE], np.abs(drift), out=table[DEPARTURE])
        notes = {
            f"{label}_drift": each
            for label, each in zip(bundle.labels, drift.tolist(), strict=True)
        }
        return _shown(trial, bundle, "watched", table, (parts, noise), notes)

    return watching


def projected(attempt: Try, equation: Equation, invariants: Mapping[str, Any]) -> Try:
    """An attempt whose state is moved back to where all invariants are what they were at the start.

    The move is the least one as the tolerance measures it: δ = S²Gᵀ(G S²Gᵀ)⁻¹(I₀ - I) with the
    gradients G [k, n] and the scale S of `Tolerance`, repeated with the same G until rounding ends
    it (Hairer, Lubich and Wanner, Geometric Numerical Integration, IV.4). Where `blocks` declare
    vectors, S is smaller for those that hardly bend in the step: a slow body has no part in the
    error of a fast one. The rate is not asked for anew: it differs by what the rate changes over δ,
    which is within the error of the step, and measured over 1,000 orbits a fresh one changed
    nothing but the cost.

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

    def moving(flow: Flow, step: Step) -> Trial:
        trial = attempt(flow, step)
        after = trial.state
        table = _table(bundle, equation, flow, step, "projected")
        if not np.isfinite(after.y).all():
            return _unmeasured(trial, bundle)
        sizes = _sizes(flow, after) if bundle.differenced else 1.0
        scale = _real(equation.tolerance.scale(flow.y, after.y), flow.y)
        try:
            metric = _metric(equation, flow, after, scale)
            move = _moved(bundle, after, table[START], sizes, (scale, metric))
            residual, left, parts, noise = move.residual, move.left, move.parts, move.noise
            beyond = parts > np.maximum(1.0, 3.0 * noise)
            if beyond.any():
                h = after.time - flow.time
                bundle.refuse_if_changed(after, _sizes(flow, after), -residual, h)
        except AttemptFailed as failure:
            raise AttemptFailed(str(failure), trial.cost) from failure
        table[BEYOND] += beyond
        np.add(table[START], left, out=table[NOW])
        np.maximum(table[DEPARTURE], np.abs(left), out=table[DEPARTURE])
        table[SUM] += residual
        larger = np.abs(residual) > np.abs(table[LARGEST])
        np.copyto(table[LARGEST], residual, where=larger)
        notes = {}
        for label, drift, moved in zip(
            bundle.labels, left.tolist(), residual.tolist(), strict=True
        ):
            notes[f"{label}_drift"], notes[f"{label}_correction"] = drift, moved
        trial = trial._replace(state=after._replace(y=move.y))
        return _shown(trial, bundle, "projected", table, (parts, noise), notes)

    return moving


class _Move(NamedTuple):
    """A state on the manifold [n]; I₀ - I before and I - I₀ after the move, each part of it over
    the tolerance, and the rounding of that [k]."""

    y: Vector
    residual: Floats
    left: Floats
    parts: Floats
    noise: Floats


def _metric(equation: Equation, flow: Flow, after: Flow, scale: Floats) -> Floats:
    """What a move is measured by [n]: the scale; where vectors are declared, each one's times how
    much it bent in the step, over the most that any did."""
    blocks = equation.tolerance.blocks
    if blocks is None or flow.y.dtype.kind == "c":
        return scale
    bend = after.y - flow.y - 0.5 * (after.time - flow.time) * (after.rate + flow.rate)
    bend /= scale
    share = np.sqrt(np.bincount(blocks, bend * bend))
    most = share.max()
    return scale * (share / most + _LEAST_SHARE)[blocks] if most > 0.0 else scale


def _moved(
    bundle: Bundle,
    after: Flow,
    aim: Floats,
    sizes: Floats | float,
    measures: tuple[Floats, Floats],
) -> _Move:
    """The state on the manifold nearest in the second of `measures`; its parts are over the first,
    the tolerance."""
    time, y, (scale, metric) = after.time, after.y, measures
    values = bundle.values(time, y)
    residual = left = aim - values
    rows = bundle.slopes(after, values, sizes).rows
    unsure = rounding(rows, flat_of(y))
    most = np.abs(left).max()
    for _ in range(_MOST_ITERATIONS):
        further = y + correction(rows, left, metric).view(y.dtype)
        still = aim - bundle.values(time, further)
        still_most = np.abs(still).max()
        if not still_most < most:
            break
        y, left, most = further, still, still_most
        if (np.abs(left) <= unsure).all():
            break
    scaled = rows * scale
    response = np.sqrt(np.einsum("ij,ij->i", scaled, scaled) * after.y.size)
    response[response == 0.0] = np.inf
    return _Move(y, residual, -left, np.abs(residual) / response, unsure / response)


def _table(bundle: Bundle, equation: Equation, flow: Flow, step: Step, kind: str) -> Floats:
    """A copy of what was kept up to a point; at the first point, made and the invariants judged."""
    kept = flow.memory.get(kind)
    if kept is not None:
        if not bundle.places:  # in a resumed run
            bundle.values(flow.time, flow.y)
        return kept["table"].copy()
    size = equation.direction * float(step.size)
    sizes, tolerance = _sizes(flow, flow, size), equation.tolerance
    absolute = _real(np.broadcast_to(tolerance.absolute, flow.y.shape), flow.y)
    try:
        values = bundle.values(flow.time, flow.y)
        bundle.refuse_if_changed(flow, sizes, None, size)
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


def _real(scale: Vector, y: Vector) -> Floats:
    """A scale of the components as one of the real numbers they consist of."""
    return np.repeat(scale, 2) if y.dtype.kind == "c" else np.asarray(scale, float)


def _unmeasured(trial: Trial, bundle: Bundle) -> Trial:
    """A trial that led nowhere: no invariant has a value there."""
    return trial._replace(evidence={**trial.evidence, **dict.fromkeys(bundle.places, NO_SIGNAL)})


NO_SIGNAL = Signal(np.nan)


def _shown(
    trial: Trial,
    bundle: Bundle,
    kind: str,
    table: Floats,
    signals: tuple[Floats, Floats],
    notes: Mapping[str, float],
) -> Trial:
    """The trial with the signals, the notes and what is to be remembered."""
    parts, noise = signals
    evidence = dict(trial.evidence)
    order = evidence["error"].order + 1.0 if "error" in evidence else 1.0
    if bundle.single:
        for name, part, unsure in zip(bundle.labels, parts.tolist(), noise.tolist(), strict=True):
            evidence[name] = Signal(part, unsure, order)
    else:
        for name, place in bundle.places.items():
            evidence[name] = Signal(float(parts[place].max()), float(noise[place].max()), order)
    kept = {"labels": bundle.labels, "names": bundle.owners, "table": table}
    after = trial.state
    return trial._replace(
        state=after._replace(memory={**after.memory, kind: kept}),
        evidence=evidence,
        notes={**trial.notes, **notes},
    )
