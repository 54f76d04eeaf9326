"""The intrinsic reaction coordinate as a problem for the core's march.

The path of steepest descent from a saddle in mass-weighted coordinates, dx/ds = -g/|g|. An attempt
predicts on the local quadratic model, asks for one new gradient, puts it into the model, and
predicts again from the same point: the distance between the two ends is its error. Fukui,
Acc. Chem. Res. 14, 363 (1981).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.saddle import Saddle
from suite.chemistry.surfaces import Surface
from suite.chemistry.valley import descend, update_hessian
from suite.core import (
    PI,
    Attempt,
    ErrorControl,
    Euclidean,
    Point,
    Signal,
    Status,
    Step,
    Trial,
    begin,
    march,
)
from suite.core.control import Law

__all__ = ["LAW", "Place", "follow", "leave", "prepare"]

Vector = NDArray[np.float64]

FLAT = 5e-4
"""RMS Cartesian gradient (hartree/bohr) at which a side has arrived."""
FIRST_STEP = 0.1
"""First arc length off the saddle, amu^1/2 bohr."""
SHORTEST = 1e-4
"""Arc length below which a refused step is given up, amu^1/2 bohr."""
LOCAL = 0.5
"""The share of the accuracy that one step may miss: errors of a path in a valley do not add up."""

# The error of a model that learns as it goes jumps about: a law that smooths refuses least.
LAW = ErrorControl(filter=PI)


class Place(NamedTuple):
    """A point of the path, in mass-weighted coordinates.

    `x` [n] amu^1/2 bohr, `energy` hartree, `gradient` [n] and `hessian` [n, n] of the model there,
    `arc_length` from the saddle, `tangent` [n] the direction of travel, `rms` the RMS Cartesian
    gradient, `guess` what the next SCF starts from.
    """

    x: Vector
    energy: float
    gradient: Vector
    hessian: Vector
    arc_length: float
    tangent: Vector
    rms: float
    guess: Any


def leave(x: Vector, energy: float, saddle: Saddle, side: int, guess: Any) -> Place:
    """The saddle as the start of one side: +1 along the imaginary mode or -1 against it."""
    nothing = np.zeros_like(x)
    return Place(x, energy, nothing, saddle.hessian, 0.0, side * saddle.mode, np.inf, guess)


def follow(
    surface: Surface, law: Law, accuracy: float, *, most: int = 2000
) -> Callable[[Attempt | Point], Iterator[Attempt]]:
    """The march of one side, as a function of where it starts.

    `accuracy` is the largest allowed distance from the true path, amu^1/2 bohr; `most` bounds the
    gradients of one side.
    """

    def limits(place: Place) -> dict[str, float]:
        """A chord h of an arc of curvature κ leaves it by κh²/8."""
        return {"curvature": float(np.sqrt(8.0 * accuracy / max(_curvature(place), 1e-12)))}

    def until(place: Place) -> int:
        # Near the saddle it is as flat as at the end, but there the path still bends down.
        ahead = float(place.tangent @ place.hessian @ place.tangent)
        return Status.ENDPOINT if place.rms < FLAT and ahead > 0.0 else Status.RUNNING

    def walk(start: Attempt | Point) -> Iterator[Attempt]:
        attempt = attempt_on(surface, accuracy)
        return march(attempt, start, law, until, limits, floor=lambda _: SHORTEST, most=most)

    return walk


def prepare(place: Place, law: Law) -> Attempt:
    """Attempt 0 of a side: the saddle, already paid for."""
    return begin(place, law, FIRST_STEP, notes=_notes(place))


def attempt_on(surface: Surface, accuracy: float) -> Callable[[Place, Step], Trial]:
    """The attempt: predict, ask for one gradient, correct, and measure the error."""
    root = np.sqrt(np.repeat(surface.masses, _width(surface)))
    # Of mass-weighted coordinates; of Cartesian ones it is Diagonal(masses).
    metric = Euclidean()

    def attempt(place: Place, step: Step) -> Trial:
        predict = _predict_off_saddle if place.arc_length == 0.0 else descend_from
        predicted, walked = predict(place, step.size)
        x = place.x + predicted
        found = surface.measure(x / root, place.guess)
        if not np.isfinite(found.energy + np.sum(found.gradient)):
            # Nothing of it may enter the model.
            return Trial(place, {"error": Signal(np.nan)}, {"gradients": 1})
        gradient = found.gradient / root
        if place.arc_length == 0.0:
            hessian = place.hessian
            corrected = _bent(place, predicted, gradient)
        else:
            hessian = update_hessian(place.hessian, predicted, gradient - place.gradient)
            corrected, _ = descend(place.gradient, hessian, walked)
        miss = corrected - predicted
        after = _arrive(place, corrected, walked, found, gradient, hessian, miss, root)
        size = metric.length(miss) / (LOCAL * accuracy)
        # A gradient known to a noise only has a direction known to noise / |g|.
        slope = max(float(np.linalg.norm(gradient)), 1e-300)
        noise = surface.noise * walked / slope / (LOCAL * accuracy)
        return Trial(
            after,
            {"error": Signal(size, noise, order=3)},
            {"gradients": 1},
            learned=place._replace(hessian=hessian, guess=found.guess),
            size=None if walked == step.size else walked,
            notes=_notes(after, error=metric.length(miss)),
        )

    return attempt


def _width(surface: Surface) -> int:
    """Coordinates an atom: three, or those of a model surface."""
    return 3 if len(surface.symbols) > 1 else 2


def descend_from(place: Place, length: float) -> tuple[Vector, float]:
    """The local quadratic prediction."""
    return descend(place.gradient, place.hessian, length)


def _predict_off_saddle(place: Place, length: float) -> tuple[Vector, float]:
    """At the saddle the gradient is zero and the mode is all that is known."""
    return length * place.tangent, length


def _bent(place: Place, straight: Vector, gradient: Vector) -> Vector:
    """The step off the saddle with the path's curvature, from the first gradient off it.

    g(sv) = sλv + s²F(v,v)/2 shows the third derivatives along the mode; the path's curvature is
    (2λ - H)⁻¹F(v,v) across it (Page and McIver 1988, eq. 33).
    """
    v, h = place.tangent, float(np.linalg.norm(straight))
    stretch = float(v @ place.hessian @ v)
    across = 2.0 * (gradient - place.hessian @ straight) / h**2
    across -= v * (v @ across)
    values, modes = np.linalg.eigh(place.hessian)
    turn = modes @ ((modes.T @ across) / (2.0 * stretch - values))
    turn -= v * (v @ turn)
    bent = straight + 0.5 * h**2 * turn
    return np.asarray(bent * (h / np.linalg.norm(bent)))


def _arrive(
    place: Place,
    corrected: Vector,
    walked: float,
    found: Any,
    gradient: Vector,
    hessian: Vector,
    miss: Vector,
    root: Vector,
) -> Place:
    """The corrected point; energy and gradient are carried over to it by the model."""
    there = gradient + hessian @ miss
    return Place(
        place.x + corrected,
        found.energy + float(gradient @ miss + 0.5 * miss @ hessian @ miss),
        there,
        hessian,
        place.arc_length + walked,
        -there / max(float(np.linalg.norm(there)), 1e-300),
        float(np.sqrt(np.mean((there * root) ** 2))),
        found.guess,
    )


def _curvature(place: Place) -> float:
    """Curvature of the path, |(1 - ttᵀ)Ht|/|g|, in 1/(amu^1/2 bohr); unknown (0) at the saddle."""
    slope = float(np.linalg.norm(place.gradient))
    if slope == 0.0:
        return 0.0
    bend = place.hessian @ place.tangent
    bend -= place.tangent * (place.tangent @ bend)
    return float(np.linalg.norm(bend)) / slope


def _notes(place: Place, error: float = 0.0) -> dict[str, Any]:
    """The domain's columns of the record."""
    return {
        "s": place.arc_length,
        "energy": place.energy,
        "gradient_norm": float(np.linalg.norm(place.gradient)),
        "curvature": _curvature(place),
        "error_estimate": error,
        "x": place.x,
    }
