"""What a solution should conserve: values, gradients and rounding of functions of (t, y).

Everything here works on real numbers: a complex state [n] is seen as its 2n real parts, a complex
value as two rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from suite.dynamics.equation import EPS, Flow, Vector
from suite.errors import AttemptFailed, InputError

__all__ = ["Bundle", "Floats", "Invariant", "correction", "flat_of", "rounding"]

Floats = NDArray[np.float64]
Value: TypeAlias = Callable[[float, Vector], Floats]

_FORWARD = math.sqrt(EPS)
_CENTRAL = EPS ** (1.0 / 3.0)
_PROBE = 1e-6
"""Relative change of the state by which the rounding of a value is found."""
_CONSERVED = 1e-6
"""Rate of change, as a share of the terms it is the sum of, that counts as none."""
_DOUBT = 100.0
"""How many roundings the differences of a gradient may be off by."""
_DEPENDENT = 1e-6
"""Eigenvalue of the normalised Gram matrix below which gradients count as dependent."""


@dataclass(frozen=True, eq=False)
class Invariant:
    """A function I(t, y) that solutions conserve: one real number, or an array [k] of them.

    `gradient(t, y)` answers ∂I/∂y, [n] or [k, n] (for complex y ∂I/∂Re y + i ∂I/∂Im y); without it
    differences are taken, n calls of `value` a step. With `from_rate` it is called with f(t, y) as
    a third argument, since the gradient of an energy is made of the forces. `allowed` is how much
    one step may change I; by default the relative tolerance of |I| at the start (of the size of its
    terms, where they cancel there).
    """

    value: Callable[[float, Vector], Any]
    gradient: Callable[..., Any] | None = None
    allowed: float | None = None
    from_rate: bool = False


class Slopes(NamedTuple):
    """Gradients of all values [k, n] and the steps [n] of the differences they were made of."""

    rows: Floats
    steps: Floats


def flat_of(y: Vector) -> Floats:
    """The real numbers a state consists of; a view of it where it can be."""
    return np.ascontiguousarray(y).view(np.float64)


class Bundle:
    """Several invariants as one vector-valued function; true if there is any."""

    def __init__(self, declared: Mapping[str, Any]) -> None:
        self._all = {name: _invariant_of(name, given) for name, given in declared.items()}
        self._functions = tuple(invariant.value for invariant in self._all.values())
        self.differenced = any(each.gradient is None for each in self._all.values())
        self.places: dict[str, slice] = {}
        self.single = False
        """Whether each invariant is one real number."""
        self.labels: tuple[str, ...] = ()
        """One name a value: those of an array-valued invariant are numbered."""
        self.owners: tuple[str, ...] = ()
        """The name of the invariant that each value is of."""

    def __bool__(self) -> bool:
        return bool(self._all)

    def values(self, time: float, y: Vector) -> Floats:
        """All values [k]; raises `AttemptFailed` where one is NaN or infinite or was not made."""
        if self.single:
            try:
                found = np.array([value(time, y) for value in self._functions], np.float64).ravel()
                if np.isfinite(found).all():
                    return found
            except (ArithmeticError, ValueError):
                pass  # told below, with its name
        parts = [self._value(name, time, y) for name in self._all]
        if not self.places:
            self._place(parts)
        return np.concatenate(parts)

    def _value(self, name: str, time: float, y: Vector) -> Floats:
        try:
            part = _flat_value(self._all[name].value(time, y))
        except (ArithmeticError, ValueError) as error:
            raise AttemptFailed(
                f"The invariant {name} raised {type(error).__name__} ({error})."
            ) from error
        if not np.isfinite(part).all():
            raise AttemptFailed(f"The invariant {name} is not finite.")
        return part

    def _place(self, parts: list[Floats]) -> None:
        first = 0
        for name, part in zip(self._all, parts, strict=True):
            self.places[name] = slice(first, first + part.size)
            many = part.size > 1
            self.labels += tuple(f"{name}_{i}" if many else name for i in range(part.size))
            self.owners += (name,) * part.size
            first += part.size
        self.single = first == len(self._all)

    def slopes(self, flow: Flow, here: Floats | None, sizes: Floats | float) -> Slopes:
        """All gradients [k, n] at a point: as they are given, or by differences.

        Forward ones from the values `here`, central ones if that is None; `sizes` [n] is what each
        component is moved relative to.
        """
        rows, steps = [], np.asarray((_CENTRAL if here is None else _FORWARD) * sizes)
        for name, invariant in self._all.items():
            if invariant.gradient is not None:
                rows.append(_given(invariant, flow))
                continue
            base = None if here is None else here[self.places[name]]
            rows.append(_differences(partial(self._value, name), flow, base, steps))
        return Slopes(np.concatenate(rows) if len(rows) > 1 else rows[0], steps)

    def noise(self, flow: Flow) -> Floats:
        """What changes of y by half an ulp do to the values [k], from a few calls."""
        moved = []
        for name, invariant in self._all.items():
            if invariant.gradient is not None:
                moved.append(rounding(_given(invariant, flow), flat_of(flow.y)))
                continue
            signs = np.ones(flow.y.size)
            both = _probe(partial(self._value, name), flow, signs)
            signs[1::2] = -1.0
            both = np.hypot(both, _probe(partial(self._value, name), flow, signs))
            moved.append(0.5 * EPS * math.sqrt(0.5) * both)
        return np.concatenate(moved)

    def refuse_if_changed(self, flow: Flow, sizes: Floats, seen: Floats | None, h: float) -> None:
        """Raise `InputError` where f itself changes an invariant: ∂I/∂t + ∇I·f is not zero.

        `seen` [k], if given, are changes over a step h: then only those are judged that this rate
        explains; others are the method's error.
        """
        change, bad = self._changes(flow, sizes, h)
        if seen is not None:
            bad &= np.abs(seen - h * change) <= 0.5 * np.abs(seen)
        if bad.any() and self.differenced:
            # What differences say must not depend on their steps.
            finer, still = self._changes(flow, 0.1 * sizes, h)
            bad &= still & (np.abs(finer - change) < 0.1 * np.abs(change))
        if bad.any():
            which = int(np.flatnonzero(bad)[0])
            raise InputError(
                f"{self.labels[which]} is not conserved by the equation: at t = {flow.time:.12g} "
                f"it changes at a rate of {change[which]:.6g}. Correct it, or do not declare it as "
                "an invariant."
            )

    def _changes(self, flow: Flow, sizes: Floats, h: float) -> tuple[Floats, NDArray[np.bool_]]:
        """dI/dt along f [k], and whether it stands out of rounding and differences."""
        time, y, rate = flow.time, flow.y, flat_of(flow.rate)
        rows, steps = self.slopes(flow, None, sizes)
        step = _CENTRAL * max(abs(time), abs(h))
        by_time = (self.values(time + step, y) - self.values(time - step, y)) / (2.0 * step)
        change = rows.dot(rate) + by_time
        terms = np.abs(rows).dot(np.abs(rate)) + np.abs(by_time)
        unsure = np.abs(rate / steps).sum() + 1.0 / step
        size = np.abs(self.values(time, y)) + rounding(rows, flat_of(y)) / EPS
        return change, np.abs(change) > _CONSERVED * terms + _DOUBT * EPS * size * unsure

    def allowed(self, flow: Flow, sizes: Floats, relative: float, absolute: Vector) -> Floats:
        """How much one step may change each value [k], judged at the start of a run."""
        values = self.values(flow.time, flow.y)
        rows = self.slopes(flow, None, sizes).rows
        terms = np.sqrt(np.square(rows * flat_of(flow.y)).sum(axis=1))
        moved = np.sqrt(np.square(rows * absolute).sum(axis=1))
        found = np.empty_like(values)
        for name, place in self.places.items():
            given = self._all[name].allowed
            whole, parts = _norm(values[place]), _norm(terms[place])
            size = whole if whole > _CONSERVED * parts else parts
            most = relative * size + _norm(moved[place])
            found[place] = given if given is not None else most or EPS
        return found


def _given(invariant: Invariant, flow: Flow) -> Floats:
    """A gradient as the user's function gives it, as rows of real numbers [k, n]."""
    gradient = invariant.gradient
    if gradient is None:
        raise TypeError("this invariant has no gradient")
    more = (flow.rate,) if invariant.from_rate else ()
    row = flat_of(np.asarray(gradient(flow.time, flow.y, *more), flow.y.dtype))
    return row if row.ndim == 2 else row.reshape(1, -1)


def rounding(rows: Floats, flat: Floats) -> Floats:
    """What independent changes by half an ulp do to values with these gradients [k]."""
    moved = rows * flat
    if len(moved) == 1:
        return np.array([0.5 * EPS * math.sqrt(moved[0].dot(moved[0]))])
    return np.asarray(0.5 * EPS * np.sqrt(np.einsum("ij,ij->i", moved, moved)))


def correction(rows: Floats, residual: Floats, scale: Floats) -> Floats:
    """The least change of y [n], measured in `scale` [n], that takes the residual [k] away.

    To first order. Where gradients depend on each other, as those of energy and angular momentum
    do on a circular orbit, what they have in common is corrected and nothing else.
    """
    weighted = rows * np.square(scale)
    if len(rows) == 1:
        gram = float(weighted[0].dot(rows[0]))
        return np.asarray(weighted[0] * (residual[0] / gram if gram > 0.0 else 0.0))
    gram = weighted.dot(rows.T)
    size = np.sqrt(np.diag(gram))
    size[size == 0.0] = np.inf
    values, vectors = np.linalg.eigh(gram / size[:, None] / size)
    kept = values > _DEPENDENT
    along = vectors.T.dot(residual / size)
    return np.asarray((vectors[:, kept].dot(along[kept] / values[kept]) / size).dot(weighted))


def _norm(values: Floats) -> float:
    return float(np.sqrt(values.dot(values)))


def _flat_value(value: Any) -> Floats:
    part = np.atleast_1d(value).ravel()
    return part.view(np.float64) if part.dtype.kind == "c" else part.astype(np.float64, copy=False)


def _differences(value: Value, flow: Flow, base: Floats | None, steps: Floats) -> Floats:
    """The gradient of one invariant [k, n], forward from `base` or central."""
    kind, flat, columns = flow.y.dtype, flat_of(flow.y), []
    for i, step in enumerate(steps):
        moved = flat.copy()
        moved[i] += step
        up, down, behind = moved[i], flat[i], base
        ahead = value(flow.time, moved.view(kind))
        if behind is None:
            moved[i] = down = flat[i] - step
            behind = value(flow.time, moved.view(kind))
        columns.append((ahead - behind) / (up - down))
    return np.array(columns).T


def _probe(value: Value, flow: Flow, signs: Floats) -> Floats:
    """The slope of a value [k] where the components of y are scaled up and down by their sign."""
    ahead = value(flow.time, flow.y * (1.0 + _PROBE * signs))
    return (ahead - value(flow.time, flow.y * (1.0 - _PROBE * signs))) / (2.0 * _PROBE)


def _invariant_of(name: str, given: Any) -> Invariant:
    if isinstance(given, tuple) and len(given) == 2:
        given = Invariant(*given)
    if callable(given):
        given = Invariant(given)
    if not isinstance(given, Invariant) or not callable(given.value):
        raise InputError(
            f"The invariant {name!r} must be a function of (t, y), or a pair of it and its "
            f"gradient. Got {given!r}."
        )
    return given
