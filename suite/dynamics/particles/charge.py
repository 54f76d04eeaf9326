"""A charged particle as it was asked for: checked, in its frame, with its tolerance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from suite.dynamics.equation import Vector
from suite.dynamics.particles.fields import (
    Field,
    Fields,
    Wave,
    at_start,
    followed,
    is_null,
    transverse,
    turned,
    vector,
)
from suite.dynamics.particles.motion import Frame
from suite.errors import InputError

__all__ = ["Charge", "charge_of", "tolerances"]

_SHARE = 0.03
"""What one step may err by, over the tolerance asked for: errors of many steps add up."""
_FINEST = 1e-15
"""The least relative tolerance of a step; rounding takes over below."""
_SLOWEST = 1e-30
"""The least momentum over m c that a tolerance is made for; squares of errors must not vanish."""


@dataclass(frozen=True, eq=False)
class Charge:
    """A charged particle, where it starts, and the fields it meets, in checked form.

    `position` [3], `momentum` [3] at `time`, `charge` in the units of the rest. `length` is over
    what the fields at the start would change the momentum by m c (at most c × the interval), `slow`
    the lesser of 1 and what momentum over m c is to be expected; `split` says whether what is along
    the followed direction and what is across it are held to the tolerance apart, `magnetic_only`
    that nothing can change |p|.
    """

    fields: Fields
    frame: Frame
    time: float
    position: Vector
    momentum: Vector
    charge: float
    length: float
    slow: float
    split: bool
    magnetic_only: bool

    def start(self) -> Vector:
        """The state [9] from which it starts."""
        return self.frame.state(self.time, self.position, self.momentum)


def charge_of(
    electric: Field,
    magnetic: Field,
    t_span: Sequence[float],
    position: ArrayLike,
    momentum: ArrayLike,
    charge: float,
    mass: float,
    c: float,
    wave: Wave | None,
    along: ArrayLike | None,
) -> Charge:
    """Check a particle and its fields; raises `InputError`."""
    time, _ = span_of(t_span)
    _check_units(charge, mass, c)
    if wave is not None and along is None:
        raise InputError("A plane wave needs the direction it runs in: give along=(nx, ny, nz).")
    start, place = vector(momentum, "momentum"), vector(position, "position")
    e_start = at_start(electric, "electric", time, place)
    b_start = at_start(magnetic, "magnetic", time, place)
    axes = followed(along, e_start, b_start)
    frame = Frame(axes, float(mass), float(c))
    state = frame.state(time, place, start)
    push, turn = charge / (mass * c), charge / mass
    fields = Fields(
        turned(electric, push, axes),
        turned(magnetic, turn, axes),
        transverse(wave, push, axes, float(state[8])),
        float(c),
    )
    still = wave is None and not callable(electric) and not e_start.any()
    return Charge(
        fields=fields,
        frame=frame,
        time=time,
        position=place,
        momentum=start,
        charge=charge,
        **_typical(fields, state, t_span),
        split=along is not None or is_null(e_start, b_start, c),
        magnetic_only=still or charge == 0.0,
    )


def _check_units(charge: float, mass: float, c: float) -> None:
    for name, value in (("mass", mass), ("c", c)):
        if not 0.0 < value < math.inf:
            raise InputError(f"{name} must be positive and finite. Got {value}.")
    if not math.isfinite(charge):
        raise InputError(f"charge must be finite. Got {charge}.")


def span_of(t_span: Sequence[float]) -> tuple[float, float]:
    """Both ends of the time; raises `InputError`."""
    try:
        first, last = (float(time) for time in t_span)
    except (TypeError, ValueError):
        raise InputError(f"t_span must be two times (t0, t_end). Got {t_span!r}.") from None
    if not (math.isfinite(first) and math.isfinite(last)):
        raise InputError(f"t_span must be finite. Got ({first}, {last}).")
    return first, last


def _typical(fields: Fields, state: Vector, t_span: Sequence[float]) -> dict[str, float]:
    """The length and the slowness that tolerances are made of, from the fields at the start."""
    electric = math.hypot(*fields.electric(t_span[0], state[3:6]))
    magnetic = math.hypot(*fields.magnetic(t_span[0], state[3:6]))
    rate, interval = math.hypot(electric, magnetic), abs(t_span[1] - t_span[0]) or 1.0
    length = fields.c * (min(interval, 1.0 / rate) if rate > 0.0 else interval)
    # A magnetic field turns round what an electric one pushes, and pushes nothing itself.
    pushed = electric * (min(interval, 1.0 / magnetic) if magnetic > 0.0 else interval)
    expected = math.hypot(*state[:3]) + pushed
    slow = min(1.0, max(expected, _SLOWEST)) if expected > 0.0 else 1.0
    return {"length": length, "slow": slow}


def tolerances(given: Charge, rtol: float, atol: float | None) -> dict[str, Any]:
    """What `solve` takes: the tolerance of each component, and which form one vector.

    One step may err by a share of `rtol`, so that γ is good to a few `rtol` after many.
    The momentum is one block, or, if a direction is followed, one along and one across it, neither
    needed better than to `rtol` m c: 1 - v_n/c goes with m²c² + p⊥².
    """
    if not 0.0 < rtol < math.inf:
        raise InputError(f"rtol must be one positive number. Got {rtol}.")
    if atol is not None and not 0.0 <= atol < math.inf:
        raise InputError(f"atol must be one number, not negative. Got {atol}.")
    rtol = max(_SHARE * rtol, min(rtol, _FINEST))
    floor = 1e-3 * rtol * given.slow if atol is None else atol
    momentum = max(floor, rtol * given.slow) if given.split else floor
    place, lag = momentum * given.length, max(floor, 1e-3 * rtol) * given.length
    proper = lag / given.frame.c
    return {
        "rtol": np.array([rtol] * 7 + [1.0, rtol]),
        "atol": np.array([momentum] * 3 + [place] * 3 + [proper, 1.0, lag]),
        "blocks": [0, 1, 1, 2, 3, 3, 4, 5, 6] if given.split else [0, 0, 0, 1, 1, 1, 2, 3, 4],
    }
