"""A charged particle as it was asked for: checked, in its frame, with its tolerance."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from suite.dynamics.checks import span_of
from suite.dynamics.equation import Vector
from suite.dynamics.numbers import finite, positive
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
from suite.dynamics.solve import solve
from suite.errors import InputError

__all__ = ["Charge", "charge_of", "checked", "options_of", "tolerances"]

_SHARE = 0.03
"""What one step may err by, over the tolerance asked for: errors of many steps add up."""
_FINEST = 1e-15
"""The least relative tolerance of a step; rounding takes over below."""
_SET = frozenset(("fun", "y0", "args", "jac", "invariants", "project", "blocks", "names", "about"))
"""Options of `solve` that follow from the particle."""
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

    def told(self) -> dict[str, Any]:
        """What a summary and a store say of it."""
        return {
            "charge": self.charge,
            "mass": self.frame.mass,
            "c": self.frame.c,
            "along": self.frame.axes[0].tolist(),
        }


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
    charge, mass, c = finite("charge", charge), positive("mass", mass), positive("c", c)
    if wave is not None and along is None:
        raise InputError("A plane wave needs the direction it runs in: give along=(nx, ny, nz).")
    start, place = vector(momentum, "momentum"), vector(position, "position")
    e_start = at_start(electric, "electric", time, place)
    b_start = at_start(magnetic, "magnetic", time, place)
    axes = followed(along, e_start, b_start)
    frame = Frame(axes, mass, c)
    state = frame.state(time, place, start)
    push, turn = charge / (mass * c), charge / mass
    fields = Fields(
        turned(electric, push, axes),
        turned(magnetic, turn, axes),
        transverse(wave, push, axes, float(state[8])),
        c,
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


def checked(rtol: Any, atol: Any) -> tuple[float, float | None]:
    """A relative tolerance and an absolute one or none, one number each; raises `InputError`."""
    relative = positive("rtol", rtol)
    if atol is None:
        return relative, None
    absolute = finite("atol", atol)
    if absolute < 0.0:
        raise InputError(f"atol must not be negative. Got {atol!r}.")
    return relative, absolute


def options_of(name: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """More options of `solve`, for a function of that name; raises `InputError` for others."""
    known = set(signature(solve).parameters) - _SET
    for given in options:
        if given in _SET:
            raise InputError(f"{name} sets {given} itself: leave {given} out.")
        if given not in known:
            near = difflib.get_close_matches(given, known, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(f"{name} has no option {given!r}.{hint}")
    return options


def tolerances(given: Charge, rtol: float, atol: float | None) -> dict[str, Any]:
    """What `solve` takes: the tolerance of each component, and which form one vector.

    One step may err by a share of `rtol`, so that γ is good to a few `rtol` after many.
    The momentum is one block, or, if a direction is followed, one along and one across it, neither
    needed better than to `rtol` m c: 1 - v_n/c goes with m²c² + p⊥².
    """
    rtol, atol = checked(rtol, atol)
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
