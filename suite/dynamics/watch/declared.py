"""Invariants as they are declared: checked, and asked for values and gradients.

All values are real numbers: a complex state [n] is seen as its 2n real parts, a complex value as
two.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.dynamics.equation import Flow, Vector
from suite.dynamics.numbers import positive
from suite.errors import AttemptFailed, InputError

__all__ = ["Floats", "Invariant", "flat_of", "gradient_of", "invariant_of", "value_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Invariant:
    """A function I(t, y) that solutions conserve: one real number, or an array [k] of them.

    `gradient(t, y)` answers ∂I/∂y, [n] or [k, n] (for complex y ∂I/∂Re y + i ∂I/∂Im y); without it
    differences are taken, n calls of `value` a step. With `from_rate` it is called with f(t, y) as
    a third argument, since the gradient of an energy is made of the forces. `allowed` is how much
    one step may change I; by default the relative tolerance of |I| at the start (of the size of its
    terms, where they cancel there). Raises `InputError` for an `allowed` that is not positive.
    """

    value: Callable[[float, Vector], Any]
    gradient: Callable[..., Any] | None = None
    allowed: float | None = None
    from_rate: bool = False

    def __post_init__(self) -> None:
        if self.allowed is not None and self.allowed != math.inf:
            positive("allowed, the most that one step may change an invariant,", self.allowed)


def invariant_of(name: str, given: Any) -> Invariant:
    """A function, a pair with its gradient, or an `Invariant`, as the last; raises `InputError`."""
    if isinstance(given, tuple) and len(given) == 2:
        given = Invariant(*given)
    if callable(given):
        given = Invariant(given)
    if not isinstance(given, Invariant) or not callable(given.value):
        raise InputError(
            f"The invariant {name!r} must be a function of (t, y), or a pair of it and its "
            f"gradient. Got {given!r}."
        )
    if given.gradient is not None and not callable(given.gradient):
        raise InputError(
            f"The gradient of the invariant {name} must be a function of (t, y). "
            f"Got {given.gradient!r}."
        )
    return given


def flat_of(y: Vector) -> Floats:
    """The real numbers a state consists of; a view of it where it can be."""
    return np.ascontiguousarray(y).view(np.float64)


def value_of(name: str, invariant: Invariant, time: float, y: Vector, count: int | None) -> Floats:
    """The values [count] at a state; raises `AttemptFailed` where one is not finite or not made.

    Raises `InputError` for what is no number, and for another length than `count`, if that is
    known.
    """
    found = _asked("invariant", name, invariant.value, time, y)
    try:
        part = np.atleast_1d(found).ravel()
        part = flat_of(part.astype(complex if part.dtype.kind == "c" else float, copy=False))
    except (TypeError, ValueError):
        raise InputError(
            f"The invariant {name} must answer a number or numbers. Got {found!r}."
        ) from None
    if not part.size or (count is not None and part.size != count):
        most = "one value or more" if count is None else f"as many values as at the start, {count}"
        raise InputError(
            f"The invariant {name} must answer {most}. Got {part.size} at t = {time:.12g}."
        )
    if not np.isfinite(part).all():
        raise AttemptFailed(f"The invariant {name} is not finite.")
    return part


def gradient_of(name: str, invariant: Invariant, flow: Flow, count: int) -> Floats:
    """The gradient as rows of real numbers [count, n], of an invariant that has one.

    Raises as `value_of` does.
    """
    if invariant.gradient is None:
        raise InputError(f"The gradient of the invariant {name} is not given.")
    more = (flow.rate,) if invariant.from_rate else ()
    found = _asked("gradient of the invariant", name, invariant.gradient, flow.time, flow.y, *more)
    try:
        row = flat_of(np.asarray(found, flow.y.dtype))
    except (TypeError, ValueError):
        raise InputError(
            f"The gradient of the invariant {name} must answer numbers. Got {found!r}."
        ) from None
    row = row if row.ndim == 2 else row.reshape(1, -1)
    if row.shape != (count, flow.y.size * (2 if flow.y.dtype.kind == "c" else 1)):
        or_flat = f" or ({flow.y.size},)" if count == 1 else ""
        raise InputError(
            f"The gradient of the invariant {name} must have shape ({count}, {flow.y.size})"
            f"{or_flat}. Got {np.shape(found)} at t = {flow.time:.12g}."
        )
    return row


def _asked(what: str, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """What a user's function answers; its arithmetic failures refuse the attempt."""
    try:
        return function(*arguments)
    except (ArithmeticError, ValueError) as error:
        raise AttemptFailed(
            f"The {what} {name} raised {type(error).__name__} ({error})."
        ) from error
