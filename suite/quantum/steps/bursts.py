"""The way out of a basin: a kick, then natural-gradient steps near the edge of stability.

A step of a plain gradient flow with rate c over the largest curvature is unstable along that
direction beyond c = 2. Riding near that edge the energy goes up and down and the state leaves
narrow basins for wide ones, which no rule that only goes down does. The burst starts beyond the
edge and ends well inside it; the run goes on from the lowest point that it saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from suite.core import Attempt, Fixed, Point, Status, Step, Trial, march
from suite.quantum.steps.course import (
    Course,
    Incumbent,
    Vector,
    angle_between,
    gain_signal,
    notes_of,
)
from suite.quantum.steps.place import Place, better
from suite.quantum.steps.region import Region, region_of

__all__ = ["BURST", "over", "started", "walk_of"]

BURST = "burst"

LAW = Fixed()
KICK = 0.6
"""Angle (radians, in the damped metric) of the kick."""
LENGTH = 30
"""Steps of a burst after its kick."""
FIRST_EDGE, LAST_EDGE = 2.4, 1.2
"""Rate times largest curvature at the first and the last step; 2 is the edge of stability."""
MOST_ANGLE = 1.0
DAMPING = 1e-3


def started(place: Place, number: int) -> Point:
    """The point from which a burst starts: at the best so far, with the kick to come."""
    fresh = place._replace(at=place.best or place.at, recent=np.zeros(0), lowest=None, burst=0)
    return Point(fresh, Step(MOST_ANGLE, DAMPING, number=number), LAW.begin(1.0), BURST, "stall")


def over(attempt: Attempt) -> bool:
    """Whether a burst has made all of its steps, or could not go on."""
    return bool(attempt.status) or attempt.after.state.burst > LENGTH


def walk_of(course: Course) -> Callable[[Attempt | Point], Iterator[Attempt]]:
    """The march of a burst."""

    def walk(origin: Attempt | Point) -> Iterator[Attempt]:
        return march(bursting(course), origin, LAW, lambda _: Status.RUNNING, most=course.most)

    return walk


def bursting(course: Course) -> Callable[[Place, Step], Trial]:
    """The attempt of a burst: the kick first, then steps near the edge."""

    def attempt(place: Place, step: Step) -> Trial:
        here = place.at.here
        region = region_of(here, step.damping)
        y = kick(region, (course.seed, step.number)) if place.burst == 0 else edge(region, place)
        length = float(np.linalg.norm(y))
        if length > step.size:
            y *= step.size / length
        move = region.basis @ y
        parameters = place.at.parameters + move
        there = course.engine.geometry(parameters)
        at = Incumbent(parameters, there)
        gained, predicted = here.energy - there.energy, region.gain(y)
        notes = notes_of(there, region.spectrum) | {
            "predicted_gain": predicted,
            "gained": gained,
            "angle": angle_between(here.state, there.state),
        }
        after = place._replace(at=at, lowest=better(at, place.lowest), burst=place.burst + 1)
        return Trial(
            after,
            {"gain": gain_signal(here, there, move, predicted, course.engine.scale)},
            {"evaluations": 1},
            size=min(length, step.size),
            notes=notes,
        )

    return attempt


def kick(region: Region, seed: tuple[int, int]) -> Vector:
    """A random direction, white in the damped metric: it depends on the seed and nothing else."""
    direction = np.random.default_rng(seed).standard_normal(len(region.slopes))
    return np.asarray(KICK * direction / np.linalg.norm(direction))


def edge(region: Region, place: Place) -> Vector:
    """A natural-gradient step with its rate set by the largest curvature."""
    share = (place.burst - 1) / max(LENGTH - 1, 1)
    rate = FIRST_EDGE + share * (LAST_EDGE - FIRST_EDGE)
    return np.asarray(-region.slopes * (rate / max(region.top, 1e-300)))
