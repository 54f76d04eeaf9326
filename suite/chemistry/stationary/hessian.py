"""The Hessian of a surface: analytic where there is one, else by differences of gradients.

A march of one phase: each displaced gradient is an attempt under the fixed law, so that a killed
run goes on without repeating one. Translation needs no displacement, and rotation neither: turning
a molecule by R turns its gradient, so that H·(Rx) = Rg holds exactly at any geometry. What is left
are the 3N - 6 vibrations, two gradients each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.journal import Journal, Unfinished
from suite.chemistry.stationary.modes import LINEAR, internal_basis, rigid_generators
from suite.chemistry.stationary.state import Stationary, arrive, notes_of
from suite.chemistry.surfaces import Measured, Surface
from suite.core import Attempt, Fixed, Point, Signal, Status, Step, Trial, march

__all__ = ["PHASE", "displacement_length", "failure_of", "hessian", "measured", "measuring"]

Vector = NDArray[np.float64]

PHASE = "hessian"
"""The name of the phase in the record."""
SHORTEST, LONGEST = 1e-4, 0.02
"""Bounds of the displacement, bohr."""


def hessian(
    surface: Surface,
    x: Vector,
    gradient: Vector,
    guess: Any = None,
    *,
    journal: Journal | None = None,
    track: str = "hessian",
) -> Vector:
    """Second derivatives [n, n] in hartree/bohr² at x [n] (bohr), where the gradient [n] is known.

    Costs one Hessian, or 2 (3N - 6) gradients where the surface has none. Raises `Unfinished` where
    the surface fails.

    >>> from suite.chemistry.surfaces import MullerBrown
    >>> surface, x = MullerBrown(), np.array([-0.5, 1.4])
    >>> found = hessian(surface, x, surface.measure(x).gradient)
    >>> bool(np.allclose(found, surface.hessian(x)))
    True
    """

    journal = journal or Journal()
    known, length = Measured(0.0, gradient, guess), displacement_length(surface)
    status, place = journal.carry(
        track, measuring(surface), lambda: arrive(x, known, PHASE, length, paid=0)
    )
    if place.drift != 0.0:
        raise Unfinished(failure_of(journal, track, status), status)
    return np.asarray(place.hessian)


def failure_of(journal: Journal, track: str, status: Status) -> str:
    """The sentence of a Hessian that could not be finished."""
    why = ""
    for row in journal.record:
        if row["track"] == track and row["refused"]:
            why = row["refused"]
    return f"The Hessian could not be finished: {why or status.sentence}"


def measuring(surface: Surface, most: int = 100_000) -> Callable[..., Iterator[Attempt]]:
    """The march that measures the Hessian of a `Stationary`, as a function of where it starts."""

    def until(place: Stationary) -> int:
        return Status.CONVERGED if place.drift == 0.0 else Status.RUNNING

    def walk(start: Attempt | Point) -> Iterator[Attempt]:
        return march(_attempt_on(surface), start, Fixed(), until, most=most)

    return walk


def displacement_length(surface: Surface) -> float:
    """The displacement (bohr) at which the noise of a gradient and the fourth derivative balance.

    The error of a central difference is noise / h + h² |f| / 6, with f about one
    hartree/bohr⁴ for a bond.
    """
    return float(np.clip(np.cbrt(3.0 * surface.noise), SHORTEST, LONGEST))


def _attempt_on(surface: Surface) -> Callable[[Stationary, Step], Trial]:
    if not getattr(surface, "has_hessian", True):
        return _difference_on(surface)

    def analytic(place: Stationary, step: Step) -> Trial:
        found = np.asarray(surface.hessian(place.x, place.guess), float)
        finite = Signal(0.0 if np.all(np.isfinite(found)) else np.nan)
        whole = measured(place, found)
        return Trial(whole, {"finite": finite}, {"hessians": 1}, notes=notes_of(place))

    return analytic


def _difference_on(surface: Surface) -> Callable[[Stationary, Step], Trial]:
    """One displaced gradient: forth along each internal direction, then back."""
    length = displacement_length(surface)
    ones = np.ones(len(surface.masses))

    def difference(place: Stationary, step: Step) -> Trial:
        basis = internal_basis(place.x, ones)
        direction, backward = divmod(len(place.columns), 2)
        moved = place.x + (-length if backward else length) * basis[:, direction]
        found = surface.measure(moved, place.guess)
        finite = Signal(0.0 if np.all(np.isfinite(found.gradient)) else np.nan)
        after = place._replace(columns=np.vstack([place.columns, found.gradient]))
        if len(after.columns) == 2 * basis.shape[1]:
            after = measured(after, _assembled(after, basis, length, ones))
        notes = {**notes_of(place), "displaced": len(place.columns) + 1}
        return Trial(after, {"finite": finite}, {"gradients": 1}, notes=notes)

    return difference


def measured(place: Stationary, hessian: Vector) -> Stationary:
    """The same place with the Hessian that was measured there."""
    empty = np.zeros((0, place.x.size))
    symmetric = 0.5 * (hessian + hessian.T)
    return place._replace(
        hessian=symmetric,
        drift=0.0,
        hessians=place.hessians + 1,
        columns=empty,
        lost=False,
        trusted=np.inf,
        base=symmetric,
        seen=(empty, empty),
    )


def _assembled(place: Stationary, basis: Vector, length: float, ones: Vector) -> Vector:
    """The whole Hessian: differences along the internal directions, exact ones along the rigid."""
    within = (place.columns[0::2] - place.columns[1::2]).T / (2.0 * length)
    generators = rigid_generators(place.x, ones)
    if not generators.size:
        return np.asarray(within @ basis.T)
    turned = np.zeros_like(generators)
    gradient = place.gradient.reshape(-1, 3)
    turned[:, 3:] = np.array([np.cross(axis, gradient).ravel() for axis in np.eye(3)]).T
    rigid = np.eye(len(basis)) - basis @ basis.T
    # Along a rigid direction u = G c the Hessian is (HG) c, and HG is known.
    along_rigid = turned @ np.linalg.pinv(generators, rcond=LINEAR) @ rigid
    # What differences say of the rigid components is less exact than what is known of them.
    inner = basis.T @ within
    inner = 0.5 * (inner + inner.T)
    cross = along_rigid.T @ basis @ basis.T
    corner = rigid @ along_rigid
    return np.asarray(basis @ inner @ basis.T + cross + cross.T + 0.5 * (corner + corner.T))
