"""A charged particle in any electric and magnetic fields, integrated on its momentum."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from suite.dynamics.equation import Vector
from suite.dynamics.particles.charge import Charge, charge_of, options_of, tolerances
from suite.dynamics.particles.fields import Field, Wave, momentum_rate
from suite.dynamics.particles.motion import COLUMNS, Frame, Motion
from suite.dynamics.particles.path import ParticlePath
from suite.dynamics.result import Solution
from suite.dynamics.solve import solve
from suite.errors import InputError

__all__ = ["particle"]

JOB = "dynamics particle"


def particle(
    electric: Field,
    magnetic: Field,
    t_span: Sequence[float],
    position: ArrayLike = (0.0, 0.0, 0.0),
    momentum: ArrayLike = (0.0, 0.0, 0.0),
    *,
    charge: float = 1.0,
    mass: float = 1.0,
    c: float = 1.0,
    wave: Wave | None = None,
    along: ArrayLike | None = None,
    potential: Callable[[float, Vector], float] | None = None,
    events: Callable[[float, Motion], float] | Iterable[Callable[..., float]] | None = None,
    method: str = "DOP853",
    rtol: float = 1e-9,
    atol: float | None = None,
    dense_output: bool = True,
    **options: Any,
) -> ParticlePath:
    """Follow a charged particle through fields E(t, x) and B(t, x): dp/dt = q (E + v × B).

    `electric` and `magnetic` are vectors [3] or functions of (t, x [3]); `position` [3] and
    `momentum` [3] hold at t_span[0]. Units are any in which the Lorentz force is q (E + v × B): SI
    with c = 299792458; or natural ones, c = 1, where with mass = charge = 1 momenta are in m c,
    lengths in c × the unit of time, E and B in m c and m over charge × that unit.

    `along` [3] is a direction n in which the particle will be nearly as fast as light: 1 - v_n/c
    and the `lag` c t - n·x are then carried as variables of their own, and the momentum along and
    across n is held to `rtol` apart. If not given, n is that of E × B at the start, or the axis x
    where that vanishes. `wave(phase)` adds a plane wave that runs along `along`: its E [3], across
    n, as a function of c t - n·x; its B = n × E / c is made here, and its phase is that lag, so it
    is known at any γ. `potential(t, x)`, E = -∇φ, declares γ m c² + q φ as the invariant "energy",
    which `project=True` restores after each step; where there is no electric field at all, that is
    done to |p|, unless `project=False`. `events` are functions of (t, `Motion`).

    `rtol` is what γ is to be good to after some hundred steps: one step may err by 0.03 `rtol` of
    the norm of momentum and of place, so a component that passes through zero cuts no step. `atol`
    is the floor of that, in m c, and in lengths over which the fields at the start would change the
    momentum by m c; unless given it is 1e-3 of the share, and less for a particle that stays much
    slower than light. The work is not held: its balance with γ tells the error.

    DOP853 alone is the default, since without friction no motion decays: there is nothing stiff.
    Other options are those of `solve`. Raises `InputError` for what is not a field, a vector, or
    positive. The equations: Jackson, Classical Electrodynamics, section 12.1.

    >>> path = particle((1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 1e6), rtol=1e-12)
    >>> f"{path.gamma[-1]:.14g} {path.one_minus_speed[-1]:.15g} {path.proper_time[-1]:.10f}"
    '1000000.0000005 4.99999999999625e-13 14.5086577385'
    """
    given = charge_of(
        *(electric, magnetic, t_span, position, momentum, charge, mass, c, wave, along)
    )
    project = options.pop("project", None)
    raw = solve(
        momentum_rate(given.fields),
        t_span,
        given.start(),
        method=method,
        dense_output=dense_output,
        events=_events(events, given.frame),
        **_kept(potential, given, project),
        about={
            "job": JOB,
            "electric": electric,
            "magnetic": magnetic,
            "wave": wave,
            "potential": potential,
            **given.told(),
        },
        **tolerances(given, rtol, atol),
        **options_of("particle", options),
    )
    # What was asked for, in place of what that makes of each component.
    return _path(given, replace(raw, options={**raw.options, "rtol": rtol, "atol": atol}))


def _path(given: Charge, raw: Solution) -> ParticlePath:
    motion = given.frame.motion(raw.t, raw.y)
    solution = replace(
        raw,
        y=motion.columns(),
        names=COLUMNS,
        sol=None,
        job=JOB,
        details={**given.told(), **raw.details},
    )
    start = given.frame.motion(given.time, given.start())
    return ParticlePath(
        solution, motion, given.frame, given.charge, float(start.kinetic_energy), raw.sol
    )


def _kept(potential: Any, given: Charge, project: Any) -> dict[str, Any]:
    """The invariants that `solve` is told of, and whether it restores them after each step."""
    if potential is not None:
        return {"invariants": {"energy": _energy(potential, given)}, "project": bool(project)}
    if project:
        raise InputError("project=True needs the energy: give potential, with E = -grad potential.")
    if given.magnetic_only and given.momentum.any():
        # A pair with the gradient: differences of a norm would be asked for nine times a step.
        return {"invariants": {"momentum": (_norm, _norm_gradient)}, "project": project is None}
    return {}


def _norm(time: float, y: Vector) -> float:
    return math.hypot(*y[:3].tolist())


def _norm_gradient(time: float, y: Vector) -> Vector:
    gradient = np.zeros_like(y)
    gradient[:3] = y[:3] / (_norm(time, y) or 1.0)
    return gradient


def _energy(
    potential: Callable[[float, Vector], float], given: Charge
) -> Callable[[float, Vector], float]:
    """γ + q φ / (m c²) of a state."""
    factor = given.charge / (given.frame.mass * given.frame.c**2)
    back = given.frame.axes.T

    def energy(time: float, y: Vector) -> float:
        return math.hypot(1.0, *y[:3].tolist()) + factor * potential(time, back @ y[3:6])

    return energy


def _events(events: Any, frame: Frame) -> Any:
    """Events of (t, motion) as events of (t, state), with their marks."""
    if events is None:
        return None
    return [_event(each, frame) for each in ([events] if callable(events) else events)]


def _event(event: Any, frame: Frame) -> Any:
    def crossing(time: float, y: Vector) -> float:
        return float(event(time, frame.motion(time, y)))

    for mark in ("terminal", "direction"):
        if hasattr(event, mark):
            setattr(crossing, mark, getattr(event, mark))
    return crossing
