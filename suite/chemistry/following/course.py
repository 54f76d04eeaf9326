"""One side of a reaction path: what stays the same over it, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.following.descent import Descent, descend
from suite.chemistry.following.features import features_of
from suite.chemistry.following.surrogate import WORKING, Kernel, Prior, Surrogate, prior_of
from suite.chemistry.stationary.modes import internal_projector
from suite.chemistry.stationary.saddle import Saddle
from suite.chemistry.surfaces import Measured, Surface

__all__ = [
    "FLAT",
    "JUMP",
    "Course",
    "Place",
    "arrived_at",
    "course",
    "jump_of",
    "leave",
    "notes_of",
    "taught",
]

Vector = NDArray[np.float64]

FLAT = 5e-4
"""RMS Cartesian gradient (hartree/bohr) at which a side has arrived."""
JUMP = 3e-3
"""Energy (hartree) by which a step may miss what the gradients at its ends say."""
FINE = 0.03
"""The share of the accuracy that an integration step on the surrogate may miss."""
OFF = 2e-3
"""Distance (amu^1/2 bohr) from the saddle at which the surrogate's path starts along the mode."""
TRUST = 0.3
"""How far the features may move in a step: somewhat more than half the short correlation length."""
UNKNOWN = 0.5
"""Distance (of features) from all that was measured at which a path on it is given up."""
KNOWN = 2400
"""Numbers that the surrogate holds at a time; of the rest it forgets the oldest half."""


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


def taught(place: Place, x: Vector, found: Measured, energy: float, root: Vector) -> Place:
    """The place with one more point measured, and its orbitals to start from."""
    return place._replace(
        points=np.concatenate([place.points, x[None]]),
        energies=np.append(place.energies, found.energy - energy),
        gradients=np.concatenate([place.gradients, (found.gradient / root)[None]]),
        guess=found.guess,
    )


def jump_of(place: Place, x: Vector, found: Measured, energy: float, root: Vector) -> float:
    """What the energy gained differs from the gradients' work, from the nearest point known."""
    nearest = int(np.argmin(np.linalg.norm(place.points - x, axis=1)))
    work = 0.5 * (place.gradients[nearest] + found.gradient / root) @ (x - place.points[nearest])
    return float(abs(found.energy - energy - place.energies[nearest] - work))


def arrived_at(way: Course, place: Place, point: Descent) -> Place:
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


def notes_of(
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
