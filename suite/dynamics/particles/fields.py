"""Electric and magnetic fields as a charged particle meets them, and the force they make.

A field is a constant vector or a function of time and place. All that the particle feels is worked
out in a right-handed frame whose first axis is the direction n in which the motion is followed:
there the part of E that a wave along n would have is told from the rest, and multiplies 1 - v_n/c
itself, which is never made by subtraction.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.dynamics.equation import Rate
from suite.errors import InputError

__all__ = [
    "Field",
    "Fields",
    "Wave",
    "at_start",
    "followed",
    "is_null",
    "momentum_rate",
    "transverse",
    "turned",
    "vector",
    "velocity_rate",
]

Vector: TypeAlias = NDArray[np.float64]
Field: TypeAlias = Callable[[float, Vector], ArrayLike] | ArrayLike
"""A constant [3], or a function of time and place [3] that answers [3]."""
Wave: TypeAlias = Callable[[float], ArrayLike]
"""The electric field [3] of a plane wave as a function of its phase ct - n·x."""

Triple: TypeAlias = tuple[float, float, float]


def vector(value: Any, name: str) -> Vector:
    """Three finite numbers, or a sentence that says what came instead.

    >>> vector((0, 0, 1), "momentum")
    array([0., 0., 1.])
    """
    try:
        array = np.array(value, float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be three numbers. Got {value!r}.") from error
    if array.shape != (3,):
        raise InputError(f"{name} must have shape (3,). Got shape {array.shape}.")
    if not np.isfinite(array).all():
        raise InputError(f"{name} must be finite. Got {array.tolist()}.")
    return array


def frame_along(direction: ArrayLike) -> Vector:
    """The rows of a right-handed frame [3, 3] whose first axis points along `direction` [3].

    A direction along a coordinate axis gives a permutation with signs, which costs no rounding.

    >>> frame_along((0, 0, 2))[0]
    array([0., 0., 1.])
    """
    first = vector(direction, "along")
    length = math.hypot(*first)
    if not length > 0.0:
        raise InputError("along must not be the zero vector: it is the direction to follow.")
    first = first / length
    helper = np.eye(3)[np.argmin(np.abs(first))]
    second = np.cross(helper, first)
    second /= math.hypot(*second)
    return np.array([first, second, np.cross(first, second)]) + 0.0


@dataclass(frozen=True, eq=False)
class Fields:
    """The fields, over what makes them rates of the reduced momentum u = p / (m c) [1 / time].

    `electric` is q E / (m c) and `magnetic` is q B / m, as components in the frame of the followed
    direction and as functions of time and place in that frame; `wave`, of the phase, has the two
    transverse components of q E / (m c).
    """

    electric: Callable[[float, Vector], Triple]
    magnetic: Callable[[float, Vector], Triple]
    wave: Callable[[float], tuple[float, float]] | None
    c: float


def momentum_rate(fields: Fields) -> Rate:
    """d/dt of [u, x, τ, w, ξ]: reduced momentum, place, proper time, work / (m c²), ct - n·x.

    du/dt = q (E + v × B) / (m c), with E⊥ (1 - v_n/c) for what a wave along n would do; 1 - v_n/c
    = (1 + u⊥²) / (γ (γ + u_n)). Jackson, Classical Electrodynamics, eq. 12.1 and 12.2.
    """
    electric, magnetic, wave, c = fields.electric, fields.magnetic, fields.wave, fields.c

    def rate(time: float, y: Vector) -> Vector:
        u0, u1, u2, _, _, _, _, _, lag = y.tolist()
        gamma = math.hypot(1.0, u0, u1, u2)
        e0, e1, e2 = electric(time, y[3:6])
        b0, b1, b2 = magnetic(time, y[3:6])
        r1, r2 = b1 + e2, b2 - e1
        if wave is not None:
            w1, w2 = wave(lag)
            e1, e2 = e1 + w1, e2 + w2
        v0, v1, v2 = u0 / gamma, u1 / gamma, u2 / gamma
        behind = (1.0 + u1 * u1 + u2 * u2) / gamma / (gamma + u0) if u0 > 0.0 else 1.0 - v0
        transverse = v1 * e1 + v2 * e2
        return np.array(
            [
                e0 + transverse + v1 * r2 - v2 * r1,
                e1 * behind + v2 * b0 - v0 * r2,
                e2 * behind + v0 * r1 - v1 * b0,
                c * v0,
                c * v1,
                c * v2,
                1.0 / gamma,
                v0 * e0 + transverse,
                c * behind,
            ]
        )

    return rate


def velocity_rate(fields: Fields) -> Rate:
    """d/dt of [v/c, x, τ]: the same motion in velocities, as textbooks write it.

    dv/dt = q (E + v × B - v (v·E) / c²) / (γ m); Jackson, Classical Electrodynamics, problem 12.1.
    It loses what a speed near c cannot hold, and is NaN where |v| > c; that is what it is for.
    """
    electric, magnetic, wave, c = fields.electric, fields.magnetic, fields.wave, fields.c

    def rate(time: float, y: Vector) -> Vector:
        v0, v1, v2, x0, _, _, _ = y.tolist()
        rest = 1.0 - (v0 * v0 + v1 * v1 + v2 * v2)
        slow = math.sqrt(rest) if rest >= 0.0 else math.nan
        e0, e1, e2 = electric(time, y[3:6])
        b0, b1, b2 = magnetic(time, y[3:6])
        if wave is not None:
            w1, w2 = wave(c * time - x0)
            e1, e2, b1, b2 = e1 + w1, e2 + w2, b1 - w2, b2 + w1
        power = v0 * e0 + v1 * e1 + v2 * e2
        return np.array(
            [
                slow * (e0 + v1 * b2 - v2 * b1 - v0 * power),
                slow * (e1 + v2 * b0 - v0 * b2 - v1 * power),
                slow * (e2 + v0 * b1 - v1 * b0 - v2 * power),
                c * v0,
                c * v1,
                c * v2,
                slow,
            ]
        )

    return rate


def at_start(field: Field, name: str, time: float, place: Vector) -> Vector:
    """A field [3] where and when the particle starts; raises `InputError`."""
    if not callable(field):
        return vector(field, name)
    return vector(field(time, place.copy()), f"{name} at t = {time:g}, x = {place.tolist()},")


def is_null(electric: Vector, magnetic: Vector, c: float) -> bool:
    """Whether fields are those of a wave: E ⊥ B and |E| = c |B|."""
    e, b = _over_largest(electric, c * magnetic)
    square = e.dot(e)
    return bool(square > 0.0 and abs(square - b.dot(b)) + abs(e.dot(b)) <= 1e-9 * square)


def followed(along: ArrayLike | None, electric: Vector, magnetic: Vector) -> Vector:
    """The frame: along what is asked for, or E × B at the start, or the axis x."""
    if along is not None:
        return frame_along(along)
    (e,), (b,) = _over_largest(electric), _over_largest(magnetic)
    drift = np.cross(e, b)
    return frame_along(drift) if drift.any() else np.eye(3)


def _over_largest(*fields: Vector) -> tuple[Vector, ...]:
    """Fields over the largest component, so that no square overflows or vanishes."""
    largest = max(float(np.abs(field).max()) for field in fields) or 1.0
    return tuple(field / largest for field in fields)


def turned(field: Field, factor: float, frame: Vector) -> Callable[[float, Vector], Triple]:
    """A field times a factor, from and to the components of a frame."""
    if not callable(field):
        parts = (factor * (frame @ np.asarray(field, float))).tolist()
        constant: Triple = (parts[0], parts[1], parts[2])
        return lambda _time, _place: constant
    back, scaled = np.ascontiguousarray(frame.T), factor * frame
    if np.array_equal(frame, np.eye(3)):

        def straight(time: float, place: Vector) -> Triple:
            x, y, z = np.asarray(field(time, place), float).tolist()
            return factor * x, factor * y, factor * z

        return straight

    def turn(time: float, place: Vector) -> Triple:
        x, y, z = scaled.dot(field(time, back.dot(place))).tolist()
        return x, y, z

    return turn


def transverse(
    wave: Wave | None, factor: float, frame: Vector, phase: float
) -> Callable[[float], tuple[float, float]] | None:
    """The two components of a wave's field across its direction, times a factor."""
    if wave is None:
        return None
    first = vector(wave(phase), f"wave at phase {phase:g}")
    if abs(frame[0] @ first) > 1e-9 * np.abs(first).max():
        raise InputError(
            f"The field of a plane wave must be across its direction, along = "
            f"{frame[0].tolist()}. Got {first.tolist()} at phase {phase:g}."
        )
    across = factor * frame[1:]

    def parts(phase: float) -> tuple[float, float]:
        first, second = across.dot(wave(phase)).tolist()
        return first, second

    return parts
