"""The same particle in velocities, beside its momentum: what is lost, and where it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.dynamics.equation import Vector
from suite.dynamics.held import Held
from suite.dynamics.particles.charge import charge_of, checked, options_of
from suite.dynamics.particles.fields import Field, Wave, velocity_rate
from suite.dynamics.particles.kinematics import lorentz_factor
from suite.dynamics.particles.particle import particle
from suite.dynamics.particles.path import ParticlePath
from suite.dynamics.solve import solve
from suite.errors import InputError

__all__ = ["Comparison", "VelocityPath", "comparison", "in_velocities"]

_MOMENTUM_ONLY = ("potential", "events", "project", "dense_output", "store")


@dataclass(frozen=True, slots=True, eq=False)
class VelocityPath(Held):
    """A run in velocities: `t` [m], `velocity` and `position` [3, m], `gamma` [m] as |v| gives it.

    `gamma` is NaN where |v| > c and infinite where |v| = c: a speed cannot say more. `solution`
    tells of the run.
    """

    t: NDArray[np.float64]
    velocity: Vector
    position: Vector
    gamma: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """One particle on its momentum and in velocities, with the same method and tolerance.

    `gamma_error` [k] is |γ(velocities) / γ(momentum) - 1| at the times `t` [k] that both reached,
    NaN or infinite where a speed reached c. `lost_at` is the first time at which it passed 1e-3,
    None if never; `beyond_c` counts the attempts refused because a trial speed passed c and γ was
    NaN; `sentence` says how the run in velocities ended.
    """

    momentum: ParticlePath
    velocities: VelocityPath
    t: NDArray[np.float64]
    gamma_error: NDArray[np.float64]
    lost_at: float | None
    beyond_c: int
    sentence: str

    def summary(self) -> dict[str, Any]:
        """Plain values for a summary or a page."""
        finite = self.gamma_error[np.isfinite(self.gamma_error)]
        return {
            "gamma_momentum": _last(self.momentum.gamma),
            "gamma_velocities": _last(self.velocities.gamma),
            "largest_gamma_error": float(finite.max()) if finite.size else None,
            "last_gamma_error": _last(self.gamma_error),
            "lost_at": self.lost_at,
            "beyond_c": self.beyond_c,
            "t_velocities": _last(self.velocities.t),
            "status_velocities": str(self.velocities.status),
            "sentence": self.sentence,
            "evaluations_momentum": self.momentum.evaluations,
            "evaluations_velocities": self.velocities.evaluations,
        }


def in_velocities(
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
    method: str = "DOP853",
    rtol: float = 1e-9,
    atol: float | None = None,
    **options: Any,
) -> VelocityPath:
    """Follow a charged particle on its velocity, dv/dt = q (E + v × B - v (v·E) / c²) / (γ m).

    Arguments and units are those of `particle`; `atol` is 1e-3 `rtol` in c and in c × the interval
    of time, unless given. This is what not to do: a double near 1 holds γ = 1e6 to four digits.

    >>> path = in_velocities((1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 10.0))
    >>> abs(path.gamma[-1] / np.hypot(1.0, 10.0) - 1.0) < 1e-6
    np.True_
    """
    given = charge_of(
        *(electric, magnetic, t_span, position, momentum, charge, mass, c, wave, along)
    )
    rtol, atol = checked(rtol, atol)
    floor = 1e-3 * rtol if atol is None else atol
    start = given.start()
    state = np.concatenate([start[:3] / lorentz_factor(start[:3]), start[3:7]])
    length, c = abs(t_span[1] - t_span[0]), given.frame.c
    raw = solve(
        velocity_rate(given.fields),
        t_span,
        state,
        method=method,
        rtol=rtol,
        atol=floor * np.array([1.0] * 3 + [c * length or 1.0] * 3 + [length or 1.0]),
        about={
            "job": "dynamics particle in velocities",
            "electric": electric,
            "magnetic": magnetic,
            "wave": wave,
            **given.told(),
        },
        **options_of("in_velocities", options),
    )
    back = given.frame.axes.T
    return VelocityPath(raw, raw.t, back @ (c * raw.y[:3]), back @ raw.y[3:6], _gamma(raw.y[:3]))


def comparison(
    electric: Field,
    magnetic: Field,
    t_span: Sequence[float],
    position: ArrayLike = (0.0, 0.0, 0.0),
    momentum: ArrayLike = (0.0, 0.0, 0.0),
    *,
    options: Mapping[str, Any] | None = None,
    **both: Any,
) -> Comparison:
    """Run a particle on its momentum and in velocities, and say what the second one lost.

    `both` are options of both runs (`charge`, `mass`, `c`, `rtol`, `method`, ...; `potential`,
    `events`, `project` and `store` go to the momentum alone), `options` more of the run in
    velocities, which ends after 100,000 evaluations unless they say otherwise. Raises `InputError`
    as `particle` does, and for a `t_eval` without a time.

    >>> found = comparison((1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 1e6))
    >>> found.momentum.success, bool(np.nanmax(found.gamma_error) > 1e-5)
    (True, True)
    """
    if both.get("t_eval") is not None and not np.size(both["t_eval"]):
        raise InputError("t_eval must have a time to compare at: give some, or leave it out.")
    where = (electric, magnetic, t_span, position, momentum)
    path = particle(*where, **{**both, "dense_output": True})
    more: dict[str, Any] = {"max_evaluations": 100_000, **both, **(options or {})}
    more = {name: value for name, value in more.items() if name not in _MOMENTUM_ONLY}
    beside = in_velocities(*where, **more)
    times = beside.t[path.covers(beside.t)]
    with np.errstate(invalid="ignore"):
        error = np.abs(beside.gamma[: len(times)] / path(times).gamma - 1.0)
    lost = np.flatnonzero(~(error <= 1e-3))
    lost_at = float(times[lost[0]]) if lost.size else None
    refused = beside.solution.record.tally.refused
    beyond = sum(count for reason, count in refused.items() if "not finite" in reason)
    found = Comparison(path, beside, times, error, lost_at, beyond, "")
    return replace(found, sentence=_sentence(found))


def _sentence(found: Comparison) -> str:
    error, times, lost = found.gamma_error, found.t, found.lost_at
    ended = f"In velocities: {found.velocities.message}"
    if found.beyond_c:
        ended += f" {found.beyond_c} attempts met |v| > c, where γ is NaN, and were refused."
    bad = np.flatnonzero(~np.isfinite(error))
    if bad.size:
        return f"{ended} From t = {times[bad[0]]:.6g} on its speed is c or more: γ is gone."
    if not error.size:
        return f"{ended} There is no time that both reached and that t_eval asks for."
    largest = f"{ended} γ is wrong by up to {error.max():.1e}"
    return (
        f"{largest}." if lost is None else f"{largest}, by more than 1e-3 from t = {lost:.6g} on."
    )


def _gamma(beta: Vector) -> NDArray[np.float64]:
    """1 / sqrt(1 - v²/c²), the best a speed can say."""
    with np.errstate(all="ignore"):
        speed = np.hypot(np.hypot(beta[0], beta[1]), beta[2])
        return np.asarray(1.0 / np.sqrt((1.0 - speed) * (1.0 + speed)))


def _last(values: NDArray[np.float64]) -> float | None:
    """The last of values, if there is one and it is finite."""
    return float(values[-1]) if values.size and np.isfinite(values[-1]) else None
