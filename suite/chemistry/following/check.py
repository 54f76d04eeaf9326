"""The check of a side that has arrived: how far its path may be astray, and where to look again.

The whole path is traced on a second surrogate, as plausible as the first. A gradient is bought
where the two disagree most and nothing near was measured, until what their disagreement adds up to
is below the accuracy.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.following.course import (
    JUMP,
    Course,
    Place,
    arrived_at,
    jump_of,
    notes_of,
    taught,
)
from suite.chemistry.following.descent import Descent
from suite.chemistry.following.surrogate import OTHER, Surrogate
from suite.chemistry.surfaces import Measured
from suite.core import Signal, Status, Step, Trial
from suite.errors import AttemptFailed

__all__ = ["MISTRUST", "MOST_CHECKS", "agreed", "checking", "compared", "distances", "doubts"]

Vector = NDArray[np.float64]

MISTRUST = 2.5
"""The true distance over that of the two surrogates' paths, as seen against references."""
NEAR = 0.15
"""Arc length about a measured point of which it tells, amu^1/2 bohr."""
MOST_CHECKS = 40
"""Gradients that the check of a side may buy."""
NEARLY = 5.0
"""How near (in accuracies) the estimate must be for noise to be what holds it."""
PATIENCE = 8
"""Gradients of the check after which an estimate that does not fall is left as it is."""


def agreed(way: Course, place: Place) -> int:
    """The status of a check: below the accuracy, or held by noise, or to be gone on with."""
    if place.astray <= way.accuracy:
        return Status.ENDPOINT
    near = place.least <= NEARLY * way.accuracy
    return Status.STALLED if near and place.idle >= PATIENCE else Status.RUNNING


def checking(way: Course, energy: float) -> Callable[[Place, Step], Trial]:
    """The attempt of the check: one gradient where the two surrogates' paths part."""

    def attempt(place: Place, step: Step) -> Trial:
        found, paid = _measured_again(way, place, energy)
        if not np.isfinite(found.energy + np.sum(found.gradient)):
            return Trial(place, {"astray": Signal(np.nan)}, {"gradients": paid})
        learned = taught(place, place.doubt, found, energy, way.root)
        end = way.path(way.known(learned), learned)[-1]
        after = compared(way, arrived_at(way, learned, end))
        evidence = {"astray": Signal(after.astray / way.accuracy)}
        notes = notes_of(after, energy, found, after.astray)
        # The walk's orbitals stay the ones to start from.
        after = after._replace(guess=place.guess)
        return Trial(after, evidence, {"gradients": paid}, learned=after, notes=notes)

    return attempt


def _measured_again(way: Course, place: Place, energy: float) -> tuple[Measured, int]:
    """The surface where the path is in doubt, and the gradients that took.

    That is far from where the walk ended, and orbitals of another geometry may lead to another
    electronic state: where the energy jumps, the saddle's orbitals are tried too.
    """
    far = np.linalg.norm(place.doubt - place.x) > np.linalg.norm(place.doubt - way.origin)
    guesses = (way.guess, place.guess) if far else (place.guess, way.guess)
    for paid, guess in enumerate(guesses, 1):
        found = way.surface.measure(place.doubt / way.root, guess)
        jump = jump_of(place, place.doubt, found, energy, way.root)
        if not jump > JUMP:
            return found, paid
    raise AttemptFailed(
        f"The energy jumps by {jump:.3f} hartree on the path: another electronic state.",
        {"gradients": paid},
    )


def doubts(way: Course, place: Place) -> tuple[list[Descent], Vector, Vector]:
    """The path, how far it may be astray at each point, and what the places near it add to that.

    Two signs are read, and the larger taken: the distance of the paths on two surrogates, and the
    angles between their gradients added up along the path, where a flank that falls away from the
    path makes the error grow.
    """
    path, other = way.path(way.known(place), place), way.known(place, OTHER)
    apart = MISTRUST * distances(path, way.path(other, place))
    angles = np.array([_angle(point, other) for point in path])
    growth = np.array([max(0.0, -_steepest_flank(place, point)) for point in path])
    s = np.array([point.arc_length for point in path])
    added, shrunk = np.zeros(len(path)), np.ones(len(path))
    for k in range(1, len(path)):
        ahead = s[k] - s[k - 1]
        grown = np.exp(min(0.5 * (growth[k] + growth[k - 1]) * ahead, 30.0))
        added[k] = added[k - 1] * grown + 0.5 * (angles[k] + angles[k - 1]) * ahead
        shrunk[k] = shrunk[k - 1] / grown
    return path, np.maximum(apart, added), _nearby(s, angles * shrunk)


def _nearby(s: Vector, density: Vector) -> Vector:
    """The integral of a density [k] over the neighbourhood of each s [k], cut off at the ends.

    An angle means little by itself: at the saddle itself, where there is no slope, it is large.
    """
    total = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(s))])
    return np.asarray(np.interp(s + NEAR, s, total) - np.interp(s - NEAR, s, total))


def _steepest_flank(place: Place, point: Descent) -> float:
    """The lowest curvature across the path over the slope, where gradients have shown any."""
    if len(place.gradients) < 2:
        return 0.0
    slope = point.local.gradient
    norm = max(float(np.linalg.norm(slope)), 1e-300)
    _, strengths, shown = np.linalg.svd(place.gradients[1:], full_matrices=False)
    basis = shown[strengths > 1e-3 * strengths[0]].T
    tangent = slope / norm
    across, sizes, _ = np.linalg.svd(
        basis - np.outer(tangent, tangent @ basis), full_matrices=False
    )
    across = across[:, sizes > 1e-3]
    if not across.size:
        return 0.0
    return float(np.linalg.eigvalsh(across.T @ point.local.hessian @ across)[0]) / norm


def compared(way: Course, place: Place) -> Place:
    """How far the path may be astray, and where the surrogates part most before that."""
    path, error, added = doubts(way, place)
    # Beyond the first point that is astray, nothing is worth knowing yet.
    astray = np.flatnonzero(error > way.accuracy)
    first = int(astray[0]) if astray.size else len(path) - 1
    part = int(np.argmax((added * _unknown(place, path))[: first + 1]))
    worst = float(error.max())
    better = worst < 0.9 * place.least
    return place._replace(
        astray=worst,
        doubt=path[part].x,
        least=worst if better else place.least,
        idle=0 if better else place.idle + 1,
    )


def _unknown(place: Place, path: list[Descent]) -> Vector:
    """What is left to learn at each point of a path: nothing where a gradient was measured."""
    apart = np.array([p.x for p in path])[:, None] - place.points
    return np.minimum(1.0, np.linalg.norm(apart, axis=2).min(axis=1) / NEAR)


def _angle(point: Descent, surrogate: Surrogate) -> float:
    here, there = point.local.gradient, surrogate.gradient(point.x)
    return float(np.linalg.norm(_tangent(here) - _tangent(there)))


def _tangent(gradient: Vector) -> Vector:
    return -gradient / max(float(np.linalg.norm(gradient)), 1e-300)


def distances(path: list[Descent], other: list[Descent]) -> Vector:
    """The distance of each point of a path from another path, across it, amu^1/2 bohr."""
    from scipy.interpolate import CubicHermiteSpline

    tangents = np.array([_tangent(p.local.gradient) for p in other])
    s = np.array([point.arc_length for point in other])
    spline = CubicHermiteSpline(s, np.array([point.x for point in other]), tangents)
    apart = np.array([p.x - spline(np.clip(p.arc_length, s[0], s[-1])) for p in path])
    along = np.array([_tangent(p.local.gradient) for p in path])
    apart -= along * np.einsum("pn,pn->p", apart, along)[:, None]
    return np.asarray(np.linalg.norm(apart, axis=1))
