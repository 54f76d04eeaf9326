"""The intrinsic reaction coordinate as a problem for the core's march.

The path of steepest descent from a saddle in mass-weighted coordinates, dx/ds = -g/|g|: Fukui, Acc.
Chem. Res. 14, 363 (1981). An attempt follows the path on a surrogate that agrees with every
gradient so far, asks for one new gradient where that leads, teaches it to the surrogate, and
follows the path again from the same point: the distance between the two ends is its error. A side
that has arrived is checked as a whole against a second surrogate, and gradients are bought where
the two disagree until they agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.descent import Descent, descend
from suite.chemistry.features import features_of
from suite.chemistry.modes import internal_projector
from suite.chemistry.saddle import Saddle
from suite.chemistry.surfaces import Measured, Surface
from suite.chemistry.surrogate import OTHER, WORKING, Kernel, Prior, Surrogate, prior_of
from suite.core import (
    INTEGRAL,
    Attempt,
    Both,
    ErrorControl,
    Euclidean,
    Fixed,
    Point,
    Signal,
    Status,
    Step,
    Trial,
    begin,
    march,
    relay,
)
from suite.core.control import Law
from suite.errors import AttemptFailed

__all__ = ["CHECK", "LAW", "WALK", "Course", "Place", "follow", "leave", "prepare"]

Vector = NDArray[np.float64]

WALK, CHECK = "walk", "check"

FLAT = 5e-4
"""RMS Cartesian gradient (hartree/bohr) at which a side has arrived."""
FIRST_STEP = 0.15
"""First arc length off the saddle, amu^1/2 bohr."""
SHORTEST = 1e-3
"""Arc length below which a refused step is given up, amu^1/2 bohr."""
LOCAL = 0.5
"""The share of the accuracy that one prediction may miss."""
FINE = 0.03
"""The share of the accuracy that an integration step on the surrogate may miss."""
OFF = 2e-3
"""Distance (amu^1/2 bohr) from the saddle at which the surrogate's path starts along the mode."""
TRUST = 0.3
"""How far the features may move in a step: somewhat more than half the short correlation length."""
UNKNOWN = 0.5
"""Distance (of features) from all that was measured at which a path on it is given up."""
DEPARTURE = 0.1
"""How far (amu^1/2 bohr) the path may leave the chord of one step."""
JUMP = 3e-3
"""Energy (hartree) by which a step may miss what the gradients at its ends say."""
SMOOTH = 5
"""The power of the step with which the surrogate's predictions were seen to go astray."""
NEAR = 0.15
"""Arc length about a measured point of which it tells, amu^1/2 bohr."""
MOST_CHECKS = 40
"""Gradients that the check of a side may buy."""
NEARLY = 5.0
"""How near (in accuracies) the estimate must be for noise to be what holds it."""
PATIENCE = 8
"""Gradients of the check after which an estimate that does not fall is left as it is."""
KNOWN = 2400
"""Numbers that the surrogate holds at a time; of the rest it forgets the oldest half."""

LAW = Both(ErrorControl("error", filter=INTEGRAL), ErrorControl("jump", filter=INTEGRAL))


class Place(NamedTuple):
    """Where a side stands, in mass-weighted coordinates, and all that was measured on the way.

    `x` [n] amu^1/2 bohr, `energy` hartree above the saddle, `arc_length` from it, `rms` the RMS
    Cartesian gradient, `ahead` the surface's curvature along the path, `curvature` that of the path
    itself and `reach` the arc length in which the features change by what is trusted.
    `points` [k, n], `energies` [k] and `gradients` [k, n] are the data, the saddle first. `astray`
    is how far the path may be from the true one, `doubt` [n] where that comes from; `least` the
    least it ever was, and `idle` the number of checks that have not lowered that.
    """

    x: Vector
    energy: float
    arc_length: float
    gradient: Vector
    rms: float
    ahead: float
    curvature: float
    reach: float
    points: Vector
    energies: Vector
    gradients: Vector
    guess: Any
    astray: float
    doubt: Vector
    least: float
    idle: int


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What stays the same over one side of a path.

    `side` is +1 along the imaginary mode or -1 against it, `accuracy` in amu^1/2 bohr, `guess` the
    saddle's orbitals.
    """

    surface: Surface
    saddle: Saddle
    prior: Prior
    root: Vector
    origin: Vector
    side: int
    accuracy: float
    guess: Any

    def path(self, known: Surrogate, place: Place) -> list[Descent]:
        """The whole path on a surrogate, from the saddle to as far as the side stands."""
        return self._descend(known, self.origin, 0.0, place.arc_length)

    def known(
        self, place: Place, kernel: Kernel = WORKING, earlier: Surrogate | None = None
    ) -> Surrogate:
        """The surrogate of all that was measured; what is long past is forgotten.

        `earlier` is that of all data but the last, where it is at hand; the answer is the same bits
        without it.
        """
        count, n = place.points.shape
        most = max(12, KNOWN // (n + 1))
        forgotten = -(-max(count - most, 0) // (most // 2)) * (most // 2)
        kept = (0, *range(1 + forgotten, count))
        if earlier is not None and len(earlier.seen) == len(kept) - 1:
            surrogate, kept = earlier, kept[-1:]
        else:
            surrogate = Surrogate.begin(self.prior, kernel, self._noise(), n)
        for k in kept:
            surrogate = surrogate.learned(place.points[k], place.energies[k], place.gradients[k])
        return surrogate

    def _noise(self) -> float:
        """Noise of the data over the kernels' scale; enough for a well-conditioned factor."""
        return max(1e-6, self.surface.noise)

    def onward(self, known: Surrogate, place: Place, length: float) -> list[Descent]:
        """The path on from a place, over an arc length, not further than the flat end."""
        return self._descend(known, place.x, place.arc_length, length)

    def _descend(self, known: Surrogate, x: Vector, before: float, length: float) -> list[Descent]:
        off = OFF if before == 0.0 else 0.0

        def arrived(point: Descent) -> bool:
            if known.away(point.x) > UNKNOWN:
                return True
            return point.arc_length > 0.0 and self.is_flat(point.local, 0.5)

        start = x + off * self.side * self.saddle.mode
        points = descend(
            known.at,
            start,
            max(length - off, 1e-9),
            tolerance=FINE * self.accuracy,
            slope=known.gradient,
            arrived=arrived,
        )
        return [point._replace(arc_length=point.arc_length + before + off) for point in points]

    def is_flat(self, local: Any, share: float = 1.0) -> bool:
        """Whether this is the flat end; near the saddle it is flat too, but bends down ahead."""
        slope = local.gradient
        return bool(
            np.sqrt(np.mean((slope * self.root) ** 2)) < share * FLAT
            and slope @ local.hessian @ slope > 0.0
        )


def course(surface: Surface, place: Any, saddle: Saddle, side: int, accuracy: float) -> Course:
    """The course of one side from the saddle at a place: its `x` [n] (bohr) and its `guess`."""
    x = place.x
    root = np.sqrt(np.repeat(surface.masses, x.size // len(surface.masses)))
    internal = internal_projector(x, surface.masses)
    features = features_of(surface.masses, x.size)
    prior = prior_of(features, x * root, saddle.hessian, internal)
    return Course(surface, saddle, prior, root, x * root, side, accuracy, place.guess)


def leave(way: Course) -> Place:
    """The saddle as the start of one side."""
    nothing = np.zeros_like(way.origin)
    seen = way.prior.features.see(way.origin)
    moved = float(np.linalg.norm(seen.jacobian @ way.saddle.mode))
    return Place(
        way.origin,
        0.0,
        0.0,
        nothing,
        np.inf,
        -1.0,
        0.0,
        TRUST / max(moved, 1e-12),
        way.origin[None],
        np.zeros(1),
        nothing[None],
        way.guess,
        np.inf,
        way.origin,
        np.inf,
        0,
    )


def prepare(place: Place, energy: float, law: Law) -> Attempt:
    """Attempt 0 of a side: the saddle and its energy (hartree), already paid for."""
    return begin(place, law, FIRST_STEP, notes=_notes(place, energy, None), phase=WALK)


def follow(
    way: Course, energy: float, law: Law, *, most: int = 2000
) -> Callable[[Attempt | Point], Iterator[Attempt]]:
    """The march of one side, as a function of where it starts.

    `energy` is the saddle's, hartree; `most` bounds the gradients of the side. It walks to the flat
    end and is then checked.
    """

    def agreed(place: Place) -> int:
        if place.astray <= way.accuracy:
            return Status.ENDPOINT
        near = place.least <= NEARLY * way.accuracy
        return Status.STALLED if near and place.idle >= PATIENCE else Status.RUNNING

    def walk(start: Attempt | Point) -> Iterator[Attempt]:
        attempt = walking(way, energy)
        return march(attempt, start, law, arrived, limits, floor=lambda _: SHORTEST, most=most)

    def check(start: Attempt | Point) -> Iterator[Attempt]:
        first = start.step.number if isinstance(start, Point) else start.number
        return march(checking(way, energy), start, Fixed(), agreed, most=first + MOST_CHECKS)

    def turn(attempt: Attempt) -> Point | None:
        place, number = attempt.after.state, attempt.after.step.number
        if attempt.phase == CHECK and attempt.status.finished and place.rms > 2.0 * FLAT:
            # What seemed the end was not: the path as it is known now goes on.
            return Point(place, Step(FIRST_STEP, number=number), law.begin(FIRST_STEP), WALK, WALK)
        if attempt.phase != WALK or attempt.status != Status.ENDPOINT:
            return None
        place = _compared(way, place)
        if place.astray <= way.accuracy:
            return None
        return Point(place, Step(place.arc_length, number=number), (), CHECK, CHECK)

    return lambda start: relay({WALK: walk, CHECK: check}, start, turn)


def limits(place: Place) -> dict[str, float]:
    """What bounds a step: a chord h of an arc of curvature κ leaves it by κh²/8; and trust."""
    bend = float(np.sqrt(8.0 * DEPARTURE / max(place.curvature, 1e-12)))
    return {"curvature": bend, "trust": place.reach}


def arrived(place: Place) -> int:
    """The flat end; near the saddle it is flat too, but bends down ahead."""
    return Status.ENDPOINT if place.rms < FLAT and place.ahead > 0.0 else Status.RUNNING


def walking(way: Course, energy: float) -> Callable[[Place, Step], Trial]:
    """The attempt of the walk: predict, ask for one gradient, correct, and measure the error."""
    # Of mass-weighted coordinates; of Cartesian ones it is Diagonal(masses).
    metric = Euclidean()
    memory: list[tuple[bytes, Surrogate]] = []

    def known(place: Place) -> Surrogate:
        """The surrogate of a place; that of the last correction is this prediction's."""
        key = place.energies.tobytes()
        if not memory or memory[0][0] != key:
            last = memory[0] if memory else None
            grown = last is not None and last[0] == place.energies[:-1].tobytes()
            memory[:] = [(key, way.known(place, earlier=last[1] if last and grown else None))]
        return memory[0][1]

    def attempt(place: Place, step: Step) -> Trial:
        predicted = way.onward(known(place), place, step.size)[-1]
        found = way.surface.measure(predicted.x / way.root, place.guess)
        if not np.isfinite(found.energy + np.sum(found.gradient)):
            # Nothing of it may enter the model.
            nothing = Signal(np.nan)
            return Trial(place, {"error": nothing, "jump": nothing}, {"gradients": 1})
        jump = _jump(place, predicted.x, found, energy, way.root)
        learned = _taught(place, predicted.x, found, energy, way.root)
        walked = predicted.arc_length - place.arc_length
        corrected = way.onward(known(learned), place, walked)[-1]
        miss = metric.length(corrected.x - predicted.x)
        scale = LOCAL * way.accuracy
        slope = max(float(np.linalg.norm(corrected.local.gradient)), 1e-300)
        # A gradient known to a noise only has a direction known to noise / |g|.
        noise = way.surface.noise * walked / slope / scale
        after = _arrive(way, learned, corrected)
        return Trial(
            after,
            {
                "error": Signal(miss / scale, noise, order=SMOOTH),
                "jump": Signal(jump / JUMP, way.surface.noise * walked / JUMP, order=3),
            },
            {"gradients": 1},
            # What does not belong to this surface must not be learned from.
            learned=place if jump > JUMP else learned,
            size=None if walked >= step.size * (1.0 - 1e-9) else walked,
            notes=_notes(after, energy, found, miss, jump),
        )

    return attempt


def checking(way: Course, energy: float) -> Callable[[Place, Step], Trial]:
    """The attempt of the check: one gradient where the two surrogates' paths part."""

    def attempt(place: Place, step: Step) -> Trial:
        found, paid = _measured_again(way, place, energy)
        if not np.isfinite(found.energy + np.sum(found.gradient)):
            return Trial(place, {"astray": Signal(np.nan)}, {"gradients": paid})
        learned = _taught(place, place.doubt, found, energy, way.root)
        end = way.path(way.known(learned), learned)[-1]
        after = _compared(way, _arrive(way, learned, end))
        evidence = {"astray": Signal(after.astray / way.accuracy)}
        notes = _notes(after, energy, found, after.astray)
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
        jump = _jump(place, place.doubt, found, energy, way.root)
        if not jump > JUMP:
            return found, paid
    raise AttemptFailed(
        f"The energy jumps by {jump:.3f} hartree on the path: another electronic state.",
        {"gradients": paid},
    )


MISTRUST = 2.5
"""The true distance over that of the two surrogates' paths, as seen against references."""


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


def _compared(way: Course, place: Place) -> Place:
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


def _taught(place: Place, x: Vector, found: Measured, energy: float, root: Vector) -> Place:
    """The place with one more point measured, and its orbitals to start from."""
    return place._replace(
        points=np.concatenate([place.points, x[None]]),
        energies=np.append(place.energies, found.energy - energy),
        gradients=np.concatenate([place.gradients, (found.gradient / root)[None]]),
        guess=found.guess,
    )


def _jump(place: Place, x: Vector, found: Measured, energy: float, root: Vector) -> float:
    """What the energy gained differs from the gradients' work, from the nearest point known."""
    nearest = int(np.argmin(np.linalg.norm(place.points - x, axis=1)))
    work = 0.5 * (place.gradients[nearest] + found.gradient / root) @ (x - place.points[nearest])
    return float(abs(found.energy - energy - place.energies[nearest] - work))


def _arrive(way: Course, place: Place, point: Descent) -> Place:
    """The place at a point of the surrogate's path."""
    slope, bent = point.local.gradient, point.local.hessian
    norm = max(float(np.linalg.norm(slope)), 1e-300)
    tangent = -slope / norm
    turn = bent @ tangent
    ahead = float(tangent @ turn)
    moved = float(np.linalg.norm(way.prior.features.see(point.x).jacobian @ tangent))
    return place._replace(
        x=point.x,
        energy=point.local.energy,
        arc_length=point.arc_length,
        gradient=slope,
        rms=float(np.sqrt(np.mean((slope * way.root) ** 2))),
        ahead=ahead,
        curvature=float(np.linalg.norm(turn - ahead * tangent)) / norm,
        reach=TRUST / max(moved, 1e-12),
    )


def _notes(
    place: Place, energy: float, found: Measured | None, error: float = 0.0, jump: float = 0.0
) -> dict[str, Any]:
    """The domain's columns of the record; `energy` is the saddle's, `x` is mass-weighted."""
    return {
        "s": place.arc_length,
        "energy": place.energy + energy,
        "gradient_norm": float(np.linalg.norm(place.gradient)),
        "curvature": place.curvature,
        "error_estimate": error,
        "jump": jump,
        "spin_square": found.notes.get("spin_square", np.nan) if found else np.nan,
        "x": place.x,
    }
