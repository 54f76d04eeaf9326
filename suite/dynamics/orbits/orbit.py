"""Orbits under gravity, with their energy kept and their drift told.

The eighth-order method at a tight tolerance, measured by the distance and the speed of each body,
and the energy restored after each step. What the restored energy cannot show is told beside it: the
drift there would have been, the drift of angular momentum, and for two bodies the distance from the
closed form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.core import Attempt
from suite.dynamics.equation import Vector
from suite.dynamics.held import Held
from suite.dynamics.numbers import finite, positive
from suite.dynamics.orbits.bodies import Bodies, two_bodies
from suite.dynamics.orbits.elements import elements_of, passages_of
from suite.dynamics.solve import solve
from suite.dynamics.watch.conserved import Invariant
from suite.errors import InputError

__all__ = ["Orbit", "orbit"]

Floats = NDArray[np.float64]

JOB = "dynamics orbit"
INVARIANTS = ("energy", "angular_momentum")
"""What can be projected on."""
ERRORS = tuple(f"{name}_error" for name in INVARIANTS)
"""Columns of the table beside the components."""
CENTRE = "centre_of_mass"
"""Place and velocity of the centre of mass of more than two bodies; restored with the others."""

_RTOL, _RTOL_WATCHED = 4e-13, 2.5e-13
"""Default tolerance with the energy restored, and without."""
_PER_STEP = 1e-3
"""Share of the tolerance by which one step may change an energy that is not restored: what drifts
to one side over a thousand periods must be far less than what a step may err."""
_LEAST = 1e-16
"""The same at least, as a share of the energy: less is rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Orbit(Held):
    """The course of bodies under their gravity, at the ends of the accepted steps (or at `t_eval`).

    `t` [m] and `y` [n, m], as `bodies.components` names its rows: of two bodies the position and
    velocity of the second from the first, of more those of all about their centre of mass.
    `energy_error` and `angular_momentum_error` [m] are departures from the start of the run
    relative to it (absolute where it is 0). `details` is what the summary says of the whole, by the
    ends of all accepted steps, whatever `t_eval` shows; of two bodies on an ellipse its elements
    too, and `position_error`, the distance from the closed form at the end.
    """

    bodies: Bodies
    energy_error: Floats
    angular_momentum_error: Floats
    details: Mapping[str, Any]

    @property
    def t(self) -> Floats:
        """Times [m]."""
        return self.solution.t

    @property
    def y(self) -> Vector:
        """States [n, m]."""
        return self.solution.y

    @property
    def positions(self) -> Floats:
        """The places of all bodies [N, d, m]."""
        place, velocity = self.bodies.centre
        drift = np.outer(velocity, self.t - self.solution.t_span[0])
        return self.bodies.expanded(self.y, 0) + place[:, None] + drift

    @property
    def velocities(self) -> Floats:
        """The velocities of all bodies [N, d, m]."""
        return self.bodies.expanded(self.y, 1) + self.bodies.centre[1][:, None]

    def table(self) -> list[dict[str, Any]]:
        """One entry a time: `t`, the components, and the errors of the invariants."""
        errors = zip(self.energy_error.tolist(), self.angular_momentum_error.tolist(), strict=True)
        return [
            {**row, **dict(zip(ERRORS, (energy, spin), strict=True))}
            for row, (energy, spin) in zip(self.solution.table(), errors, strict=True)
        ]

    def _repr_html_(self) -> str:
        """The orbit and what it kept in a frame, and a sentence where there is no report for it."""
        columns = self.columns()
        if not columns:
            return self.solution._repr_html_()
        try:
            # By name, since no domain depends on the report.
            page = import_module("suite.report.orbits")
            return str(page.orbit_in_notebook(columns, self.record, self.summary()))
        except ImportError:
            return self.solution._repr_html_()


def orbit(
    bodies: Bodies | float,
    *,
    periods: float | None = None,
    t_end: float | None = None,
    rtol: float | None = None,
    project: bool | str | Sequence[str] = "energy",
    method: str = "DOP853",
    t_eval: ArrayLike | None = None,
    dense_output: bool = False,
    max_evaluations: int = 100_000_000,
    store: str | Path | None = None,
    observe: tuple[Callable[[Attempt], object], ...] = (),
) -> Orbit:
    """Follow bodies under their gravity from t = 0 to `t_end`, or for a number of `periods`.

    `bodies` are `Bodies`, or the eccentricity of a two-body orbit with G M = 1 and semi-major axis
    1 that starts at pericentre. `rtol` is the error of a step relative to the distance and the
    speed of each body; the default keeps a position to 1e-10 over 1,000 periods at an eccentricity
    of 0.9. `project` names what is restored after each step: "energy",
    "angular_momentum", both, True for both or False; an energy that is not restored binds the step
    as a second law. Raises `InputError` for what makes no sense.

    >>> run = orbit(0.6, periods=1)
    >>> run.success, bool(abs(run.energy_error[-1]) < 1e-14)
    (True, True)
    """
    found = bodies if isinstance(bodies, Bodies) else two_bodies(bodies)
    names = _projected(project, found.pair)
    default = _RTOL if "energy" in names else _RTOL_WATCHED
    rtol = default if rtol is None else positive("rtol", rtol)
    solution = solve(
        found.rate,
        (0.0, _end_of(found, periods, t_end)),
        found.start,
        method,
        t_eval,
        # The polynomials are made for t_eval anyhow, and know all accepted steps.
        dense_output or t_eval is not None,
        rtol=rtol,
        atol=rtol * found.sizes,
        invariants=_invariants(found, names, rtol),
        project=names,
        blocks=found.blocks,
        names=found.components,
        foresight=_may_collide(found),
        max_evaluations=max_evaluations,
        store=store,
        about={"job": JOB, "bodies": found},
        observe=observe,
    )
    steps = (solution.t, solution.y)
    if solution.sol is not None:
        steps = (solution.sol.times, solution.sol.states.T)
    details = _details(found, *steps)
    solution = replace(
        solution,
        job=JOB,
        details={**solution.details, **details},
        sol=solution.sol if dense_output else None,
    )
    return Orbit(solution, found, *_errors(found, solution.y), details)


def _projected(project: bool | str | Sequence[str], pair: bool) -> tuple[str, ...]:
    if isinstance(project, bool):
        project = INVARIANTS if project else ()
    if not isinstance(project, str | Iterable):
        raise InputError(f"project must be of {', '.join(INVARIANTS)}. Got {project!r}.")
    names = (project,) if isinstance(project, str) else tuple(project)
    for name in names:
        if name not in INVARIANTS:
            raise InputError(f"project must be of {', '.join(INVARIANTS)}. Got {name!r}.")
    return names if pair or not names else (*names, CENTRE)


def _end_of(bodies: Bodies, periods: float | None, t_end: float | None) -> float:
    if (periods is None) == (t_end is None):
        raise InputError("Give either periods or t_end: one says how long, the other is left out.")
    if t_end is not None:
        return finite("t_end", t_end)
    found = elements_of(bodies.start, bodies.parameter) if bodies.pair else None
    if found is None:
        raise InputError("Only two bodies on a closed orbit have a period: give t_end instead.")
    return finite("periods", periods) * found.period


def _invariants(bodies: Bodies, names: tuple[str, ...], rtol: float) -> dict[str, Invariant]:
    # What is called at each step takes (t, y); the time does not matter here.
    energy = bodies.energy_of(bodies.start)
    share = max(_PER_STEP * rtol, _LEAST)
    known = {
        "energy": Invariant(
            lambda time, y: bodies.energy_of(y),
            lambda time, y, rate: bodies.energy_gradient(rate),
            share * abs(energy) or None,
            from_rate=True,
        ),
        "angular_momentum": Invariant(
            lambda time, y: bodies.angular_momentum_of(y),
            lambda time, y: bodies.angular_momentum_gradient(y),
        ),
    }
    if names and not bodies.pair:
        # A restored energy pushes single bodies: without this their centre would be pushed too.
        known[CENTRE] = Invariant(
            lambda time, y: bodies.centre_of(y), lambda time, y: bodies.centre_gradient
        )
    return {name: known[name] for name in dict.fromkeys(("energy", *names))}


def _may_collide(bodies: Bodies) -> bool:
    """Whether a singularity is possible: two bodies with angular momentum never meet."""
    return not bodies.pair or not np.any(bodies.angular_momentum_of(bodies.start))


def _details(bodies: Bodies, t: Floats, y: Vector) -> dict[str, Any]:
    """What the summary says beside the solution, from the ends of the steps: y [n, m] at t [m]."""
    energy, spin = _errors(bodies, y)
    found: dict[str, Any] = {
        "bodies": list(bodies.names),
        "energy_error": float(energy[-1]),
        "largest_energy_error": float(np.abs(energy).max()),
        "angular_momentum_error": float(spin[-1]),
        "largest_angular_momentum_error": float(np.abs(spin).max()),
    }
    elements = elements_of(bodies.start, bodies.parameter) if bodies.pair else None
    if elements is None:
        return found
    half = len(bodies.start) // 2
    last = elements_of(y[:, -1], bodies.parameter)
    exact = elements.state_after(float(t[-1] - t[0]))
    return found | {
        "semi_major_axis": elements.semi_major_axis,
        "eccentricity": elements.eccentricity,
        "period": elements.period,
        "pericentre_passages": passages_of(t, y, bodies.parameter),
        "precession": None if last is None else last.turned_from(elements),
        "position_error": float(np.linalg.norm(y[:half, -1] - exact[:half])),
    }


def _errors(bodies: Bodies, y: Vector) -> tuple[Floats, Floats]:
    """The departures of energy and angular momentum at states [n, m] from those at the start."""
    start, found = bodies.start[:, None], (bodies.energies, bodies.angular_momenta)
    first, second = (_relative(values(y), values(start)[0]) for values in found)
    return first, second


def _relative(values: Floats, start: Any) -> Floats:
    """The departure of values [m] or [m, 3] from a start, relative to it where it is not 0."""
    change = values - start
    if values.ndim == 1:
        return np.asarray(change / (start or 1.0))
    size = float(np.linalg.norm(start)) or 1.0
    return np.asarray(np.linalg.norm(change, axis=1) / size)
