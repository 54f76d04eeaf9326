"""What a solution should conserve: values, gradients and rounding of functions of (t, y).

Everything here works on real numbers: a complex state [n] is seen as its 2n real parts, a complex
value as two rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from suite.dynamics.equation import EPS, Flow, Vector
from suite.dynamics.watch.declared import (
    Floats,
    Invariant,
    flat_of,
    gradient_of,
    invariant_of,
    value_of,
)
from suite.errors import AttemptFailed, InputError

__all__ = ["Bundle", "Invariant", "correction", "rounding"]

Value: TypeAlias = Callable[[float, Vector], Floats]

_FORWARD = math.sqrt(EPS)
_CENTRAL = EPS ** (1.0 / 3.0)
_PROBE = 1e-6
"""Relative change of the state by which the rounding of a value is found."""
_CONSERVED = 1e-6
"""Rate of change, as a share of the terms it is the sum of, that counts as none."""
_DOUBT = 100.0
"""How many roundings the differences of a gradient may be off by."""
_EXPLAINED = (0.4, 2.5)
"""What the mean rate of both ends may say of a change, over it, if it is to explain it: of a rate
that rises from nothing as t^k, as it does from rest, it says (k + 1) / 2."""
_RUNGS = 6
"""Times over which a rate is looked for along f, each a tenth of the one before."""
_DEPENDENT = 1e-6
"""Eigenvalue of the normalised Gram matrix below which gradients count as dependent."""


class Slopes(NamedTuple):
    """Gradients of all values [k, n] and the steps [n] of the differences they were made of."""

    rows: Floats
    steps: Floats


class Bundle:
    """Several invariants as one vector-valued function; true if there is any."""

    def __init__(self, declared: Mapping[str, Any]) -> None:
        self._all = {name: invariant_of(name, given) for name, given in declared.items()}
        self._functions = tuple(invariant.value for invariant in self._all.values())
        self.differenced = any(each.gradient is None for each in self._all.values())
        self.places: dict[str, slice] = {}
        self.single = False
        """Whether each invariant is one real number."""
        self.labels: tuple[str, ...] = ()
        """One name a value: those of an array-valued invariant are numbered."""
        self.drifts: tuple[str, ...] = ()
        """The notes of how far each value is from its start."""
        self._differenced = np.zeros(0, bool)
        self.owners: tuple[str, ...] = ()
        """The name of the invariant that each value is of."""

    def __bool__(self) -> bool:
        return bool(self._all)

    def values(self, time: float, y: Vector) -> Floats:
        """All values [k]; raises `AttemptFailed` where one is NaN or infinite or was not made."""
        if self.single:
            try:
                found = np.array([value(time, y) for value in self._functions], np.float64)
                found = found if found.ndim == 1 else found.ravel()
                # Infinite squares are looked at below as well.
                if found.size == len(self._functions) and math.isfinite(found.dot(found)):
                    return found
            except (ArithmeticError, ValueError, TypeError):
                pass  # told below, with its name
        parts = [self._value(name, time, y) for name in self._all]
        if not self.places:
            self._place(parts)
        return np.concatenate(parts)

    def _value(self, name: str, time: float, y: Vector) -> Floats:
        return value_of(name, self._all[name], time, y, self._count(name))

    def _gradient(self, name: str, flow: Flow) -> Floats:
        return gradient_of(name, self._all[name], flow, self._count(name) or 1)

    def _count(self, name: str) -> int | None:
        """How many values an invariant has; None as long as none was asked."""
        place = self.places.get(name)
        return None if place is None else place.stop - place.start

    def _place(self, parts: list[Floats]) -> None:
        first = 0
        for name, part in zip(self._all, parts, strict=True):
            self.places[name] = slice(first, first + part.size)
            many = part.size > 1
            self.labels += tuple(f"{name}_{i}" if many else name for i in range(part.size))
            self.owners += (name,) * part.size
            first += part.size
        self.drifts = tuple(f"{label}_drift" for label in self.labels)
        self.single = first == len(self._all)
        self._differenced = np.array([self._all[name].gradient is None for name in self.owners])

    def slopes(self, flow: Flow, here: Floats | None, sizes: Floats | float) -> Slopes:
        """All gradients [k, n] at a point: as they are given, or by differences.

        Forward ones from the values `here`, central ones if that is None; `sizes` [n] is what each
        component is moved relative to.
        """
        rows, steps = [], np.asarray((_CENTRAL if here is None else _FORWARD) * sizes)
        for name, invariant in self._all.items():
            if invariant.gradient is not None:
                rows.append(self._gradient(name, flow))
                continue
            base = None if here is None else here[self.places[name]]
            rows.append(_differences(partial(self._value, name), flow, base, steps))
        return Slopes(np.concatenate(rows) if len(rows) > 1 else rows[0], steps)

    def noise(self, flow: Flow) -> Floats:
        """What changes of y by half an ulp do to the values [k], from a few calls."""
        moved = []
        for name, invariant in self._all.items():
            if invariant.gradient is not None:
                moved.append(rounding(self._gradient(name, flow), flat_of(flow.y)))
                continue
            signs = np.ones(flow.y.size)
            both = _probe(partial(self._value, name), flow, signs)
            signs[1::2] = -1.0
            both = np.hypot(both, _probe(partial(self._value, name), flow, signs))
            moved.append(0.5 * EPS * math.sqrt(0.5) * both)
        return np.concatenate(moved)

    def refuse_if_changed(
        self, flow: Flow, sizes: Floats, h: float, over: tuple[Flow, Floats] | None = None
    ) -> None:
        """Raise `InputError` where f itself changes an invariant: ∂I/∂t + ∇I·f is not zero.

        `over`, if given, is the point before the step h that led here, and the changes [k] seen
        over it: then only those are judged that the rates at both ends explain; others are the
        method's error.
        """
        change, bad = self.changes(flow, sizes, h)
        if over is not None and bad.any():
            before, seen = over
            mean = 0.5 * (change + self.changes(before, sizes, h)[0])
            told, square = h * mean * seen, np.square(seen)
            bad &= (told >= _EXPLAINED[0] * square) & (told <= _EXPLAINED[1] * square)
        if bad.any():
            which = int(np.flatnonzero(bad)[0])
            raise InputError(
                f"{self.labels[which]} is not conserved by the equation: at t = {flow.time:.12g} "
                f"it changes at a rate of {change[which]:.6g}. Correct it, or do not declare it as "
                "an invariant."
            )

    def changes(self, flow: Flow, sizes: Floats, h: float) -> tuple[Floats, NDArray[np.bool_]]:
        """dI/dt along f [k], and whether it stands out of rounding and differences."""
        time, y, rate = flow.time, flow.y, flat_of(flow.rate)
        rows = self.slopes(flow, None, sizes).rows
        size = np.abs(self.values(time, y)) + rounding(rows, flat_of(y)) / EPS
        step = _CENTRAL * max(abs(time), abs(h))
        by_time = (self.values(time + step, y) - self.values(time - step, y)) / (2.0 * step)
        change = rows.dot(rate) + by_time
        sure = np.abs(by_time) >= _DOUBT * EPS * size / step
        sure |= by_time == 0.0
        if self.differenced:
            along, stands = self._along(
                flow, size, min(abs(h), _norm(sizes) / (_norm(rate) or 1.0))
            )
            np.copyto(change, along, where=self._differenced)
            np.copyto(sure, stands, where=self._differenced)
        terms = np.abs(rows).dot(np.abs(rate)) + np.abs(by_time)
        return change, sure & (np.abs(change) > _CONSERVED * terms)

    def _along(self, flow: Flow, size: Floats, first: float) -> tuple[Floats, NDArray[np.bool_]]:
        """dI/dt [k] by differences along f over ever shorter times from `first` on, and whether
        it is sure.

        From the shortest time over which it stands out of the rounding of values of that `size`
        [k]; sure where the next longer one agrees, as what is left of the curve of I does not.
        """
        time, y, rate = flow.time, flow.y, flow.rate
        steps = [(time + first * 0.1**i) - time for i in range(_RUNGS)]
        steps = [step for step in steps if step > 0.0]
        found = np.full((len(steps) + 1, size.size), np.nan)
        for row, step in zip(found[1:], steps, strict=True):
            with suppress(AttemptFailed):
                ahead = self.values(time + step, y + step * rate)
                row[:] = (ahead - self.values(time - step, y - step * rate)) / (2.0 * step)
        noise = _DOUBT * EPS * size / np.array([math.inf, *steps])[:, None]
        stands = np.abs(found) > noise
        last = len(steps) - np.argmax(stands[::-1], axis=0)
        columns = np.arange(size.size)
        shortest, longer = found[last, columns], found[last - 1, columns]
        agree = np.abs(shortest - longer) < 0.1 * np.abs(shortest)
        any_stands = stands.any(axis=0)
        return np.where(any_stands, shortest, 0.0), any_stands & agree

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
