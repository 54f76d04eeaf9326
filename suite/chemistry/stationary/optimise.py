"""Stationary points as a problem for the core's march: minima and saddles.

An attempt takes the trust-region step on the local quadratic model, of exactly the length that the
law asks for or the model's own if that is shorter, asks for one gradient, and puts it into the
model. For a saddle the model is mirrored along the mode that is followed uphill, whose image is
then a minimum: Helgaker, Chem. Phys. Lett. 182, 503 (1991). The mode is found again by its overlap
with the last one: Cerjan and Miller, J. Chem. Phys. 75, 2800 (1981).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from suite.chemistry.stationary.state import Stationary, internal_eigen, notes_of, steepest
from suite.chemistry.stationary.updates import bfgs, bofill, relearned
from suite.chemistry.surfaces import Surface
from suite.core import Attempt, Point, Signal, Status, Step, Trial, TrustRegion, march
from suite.core.law import Law

__all__ = [
    "DOWNHILL",
    "MINIMUM",
    "PHASE",
    "SADDLE",
    "UPHILL",
    "Goal",
    "converged",
    "follow",
    "remaining",
    "restricted",
]

Vector = NDArray[np.float64]

PHASE = "search"
"""The name of the phase in the record."""
FIRST_STEP = 0.2
"""First trust radius, bohr."""
RESTART = 0.02
"""Least trust radius with which a search goes on after its Hessian was measured anew, bohr."""
SHORTEST = 1e-5
"""Trust radius below which a refused step is given up, bohr."""
RESOLVED = 1e-6
"""Energy change (hartree) from which on the difference of two energies is told from rounding."""

WIDEST = 0.5
"""Largest trust radius, bohr."""

POOR = 0.25
"""Gain below which a step that was kept still bounds the next one to twice its length."""
MEMORY = 30
"""Gradients that the model is made of, the newest."""

UPHILL = TrustRegion(most_size=0.3, shrink=0.5)
"""The law for saddles: keeps a step while the surface does what the model said."""
DOWNHILL = TrustRegion(most_size=WIDEST, shrink=0.5)
"""The law for minima, where too long a step is seen by the energy and costs little."""


class Goal(NamedTuple):
    """What is searched for: `order` 0 is a minimum, 1 a saddle.

    A search has converged where the largest gradient component is below `gradient` (hartree/bohr)
    and the model has less than `energy` (hartree) left to gain.
    """

    order: int
    gradient: float
    energy: float


SADDLE = Goal(1, 2e-5, 1e-6)
"""Tight: a gradient of 1e-4 left on a saddle of 500i cm⁻¹ moves a path's start by 0.005."""
MINIMUM = Goal(0, 1e-4, 1e-6)
"""A quarter of the largest force that Gaussian and geomeTRIC take by default (4.5e-4)."""


def follow(
    surface: Surface,
    goal: Goal,
    *,
    law: Law | None = None,
    stop: Callable[[Stationary], int] | None = None,
    most: int = 500,
) -> Callable[[Attempt | Point], Iterator[Attempt]]:
    """The march to a stationary point, as a function of where it starts.

    `law` is `UPHILL` or `DOWNHILL` if not given. `stop(place)` may end the march with a `Status`
    code of its own; `most` bounds the attempts.
    """

    def until(place: Stationary) -> int:
        if converged(surface, place, goal):
            return Status.CONVERGED
        return Status.RUNNING if stop is None else stop(place)

    def limits(place: Stationary) -> dict[str, float]:
        # A model's own short step that turned out poor says that a long one would be no better.
        return {"trust": place.trusted}

    def walk(start: Attempt | Point) -> Iterator[Attempt]:
        attempt = _attempt_on(surface, goal)
        own = law or (UPHILL if goal.order else DOWNHILL)
        return march(attempt, start, own, until, limits, floor=lambda _: SHORTEST, most=most)

    return walk


def converged(surface: Surface, place: Stationary, goal: Goal) -> bool:
    """Whether the goal is met, or the noise of the gradient allows no better."""
    if steepest(place) > max(goal.gradient, 3.0 * surface.noise):
        return False
    return remaining(surface, place, goal.order)[1] < goal.energy


def remaining(surface: Surface, place: Stationary, order: int) -> tuple[float, float]:
    """How far (bohr) the model's stationary point is, and how much energy (hartree) lies between.

    Not farther than the largest trust radius; falls and rises of the energy are added up.
    """
    model = _model(surface, place, order)
    along = restricted(model.values, model.components, WIDEST)
    return float(np.linalg.norm(along)), float(np.sum(np.abs(model.changes(along))))


class _Model(NamedTuple):
    """The local quadratic model in its eigenvectors, mirrored along the mode followed uphill.

    `values` [v] and `components` [v] of the gradient are the mirror image's, `signs` [v] is -1
    where it was mirrored, `vectors` [n, v].
    """

    values: Vector
    components: Vector
    signs: Vector
    vectors: Vector

    def changes(self, along: Vector) -> Vector:
        """The energy (hartree) that a step changes along each eigenvector, on the true surface."""
        image = self.components * along + 0.5 * self.values * along**2
        return np.asarray(self.signs * image)

    def uphill(self) -> tuple[Vector, float]:
        """The mode that is followed uphill and its curvature on the true surface."""
        index = int(np.argmin(self.signs))
        return self.vectors[:, index], -float(self.values[index])


def _model(surface: Surface, place: Stationary, order: int) -> _Model:
    values, vectors = internal_eigen(surface, place)
    signs = np.ones(len(values))
    if order:
        # A mode of zeros overlaps with none, and the first of equals is the lowest.
        signs[np.argmax(np.abs(vectors.T @ place.mode))] = -1.0
    return _Model(signs * values, signs * (vectors.T @ place.gradient), signs, vectors)


def restricted(values: Vector, components: Vector, radius: float) -> Vector:
    """The step [v] that lowers a quadratic model most within a radius, in its eigenvectors.

    `values` [v] are its curvatures, `components` [v] those of its gradient. Moré and Sorensen,
    SIAM J. Sci. Stat. Comput. 4, 553 (1983); where the lowest mode carries no gradient, the step
    goes along it as far as the radius allows.

    >>> restricted(np.array([1.0, 2.0]), np.array([0.5, 0.0]), 1.0) + 0.0
    array([-0.5,  0. ])
    >>> restricted(np.array([-1.0, 2.0]), np.array([0.0, 0.0]), 1.0) + 0.0
    array([1., 0.])
    """
    lowest = float(values.min())
    if lowest > 0.0:
        newton = -components / values
        if np.linalg.norm(newton) <= radius:
            return np.asarray(newton)

    def miss(log_shift: float) -> float:
        step = components / (raised + np.exp(log_shift))
        return 1.0 / max(float(np.linalg.norm(step)), 1e-300) - 1.0 / radius

    # With any positive shift on top every curvature is positive.
    raised = values - min(lowest, 0.0)
    steep = float(np.linalg.norm(components)) / radius
    scale = max(float(np.max(np.abs(values))), steep, 1e-100)
    low, high = float(np.log(1e-12 * scale)), float(np.log(scale + 2.0 * steep))
    if miss(low) < 0.0:
        shift = np.exp(brentq(miss, low, high, xtol=1e-13, rtol=1e-13))
        return np.asarray(-components / (raised + shift))
    step = -components / (raised + np.exp(low))
    index = int(np.argmin(values))
    step[index] = 0.0
    left = np.sqrt(max(radius**2 - float(step @ step), 0.0))
    step[index] = -left if components[index] > 0.0 else left
    return np.asarray(step)


def _attempt_on(surface: Surface, goal: Goal) -> Callable[[Stationary, Step], Trial]:
    update = bofill if goal.order else bfgs

    def attempt(place: Stationary, step: Step) -> Trial:
        model = _model(surface, place, goal.order)
        along = restricted(model.values, model.components, step.size)
        dx = model.vectors @ along
        found = surface.measure(place.x + dx, place.guess)
        if not np.isfinite(found.energy + np.sum(found.gradient)):
            # Nothing of it may enter the model.
            return Trial(place, {"gain": Signal(np.nan)}, {"gradients": 1})
        there = np.asarray(found.gradient, float)
        back, ahead = _seen(place, place.x, place.gradient), _seen(place, place.x + dx, there)
        length = float(np.linalg.norm(dx))
        after = place._replace(
            x=place.x + dx,
            energy=float(found.energy),
            gradient=there,
            hessian=relearned(place.base, place.x + dx, there, back, update),
            seen=back,
            guess=found.guess,
            drift=place.drift + length,
        )
        if goal.order:
            after = _followed(surface, model, after)
        changes = model.changes(along)
        gain = _gain(changes, _found_change(place, after, changes), goal.order)
        after = after._replace(trusted=np.inf if gain > POOR else 2.0 * length)
        doubt = surface.noise * length / max(float(np.sum(np.abs(changes))), 1e-300)
        return Trial(
            after,
            {"gain": Signal(gain, doubt)},
            {"gradients": 1},
            learned=place._replace(
                hessian=relearned(place.base, place.x, place.gradient, ahead, update), seen=ahead
            ),
            size=length if length < step.size else None,
            notes=notes_of(after),
            bound="minimum",
        )

    return attempt


def _seen(place: Stationary, x: Vector, gradient: Vector) -> tuple[Vector, Vector]:
    return np.vstack([place.seen[0], x])[-MEMORY:], np.vstack([place.seen[1], gradient])[-MEMORY:]


def _followed(surface: Surface, model: _Model, after: Stationary) -> Stationary:
    """Where the mode went that was followed uphill, and whether it stopped bending down."""
    before, curvature = model.uphill()
    now = _model(surface, after._replace(mode=before), 1).uphill()
    mode = now[0] if np.any(after.mode) else after.mode
    return after._replace(mode=mode, lost=curvature < 0.0 <= now[1])


def _found_change(place: Stationary, after: Stationary, changes: Vector) -> float:
    """The energy change (hartree); from the gradients where energies cannot resolve it."""
    if float(np.sum(np.abs(changes))) > RESOLVED:
        return after.energy - place.energy
    return 0.5 * float((place.gradient + after.gradient) @ (after.x - place.x))


def _gain(changes: Vector, found: float, order: int) -> float:
    """What was gained over what was predicted; 1 where the model is right.

    On the way to a saddle the energy rises along one mode and falls along others, so that the error
    is measured against all the changes, whatever their sign.
    """
    predicted = float(np.sum(changes))
    if order:
        return 1.0 - abs(found - predicted) / max(float(np.sum(np.abs(changes))), 1e-300)
    return found / min(predicted, -1e-300)
