"""Gauss-Newton in the metric's trust region, with edge bursts where it stalls.

The model is the energy over the span of the state and its derivatives across it, which slope,
metric and the Gauss-Newton matrix K = 2 Re⟨di|H - E|dj⟩ give: the linear method of quantum Monte
Carlo (Toulouse and Umrigar, J. Chem. Phys. 126, 084102 (2007)). It is minimised exactly within an
angle of the damped Fubini-Study metric: Moré and Sorensen, SIAM J. Sci. Stat. Comput. 4, 553
(1983). The angle is unbounded until a step fails, as two states are a quarter turn apart at most.
Where that stalls short of an eigenstate, `bursts` lead out of the basin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from suite.core import (
    Attempt,
    Both,
    Damping,
    Point,
    Signal,
    Step,
    Trial,
    TrustRegion,
    begin,
    march,
    relay,
)
from suite.core.law import Law
from suite.quantum.geometry import Geometry
from suite.quantum.steps import bursts
from suite.quantum.steps.acceleration import accelerated
from suite.quantum.steps.course import (
    Course,
    Incumbent,
    Method,
    Vector,
    angle_between,
    gain_signal,
    notes_of,
)
from suite.quantum.steps.place import Place, better
from suite.quantum.steps.region import FARTHEST, region_of

__all__ = ["GAUSS_NEWTON", "LAW", "gauss_newton"]

GAUSS_NEWTON = "gauss-newton"

FIRST_ANGLE = FARTHEST
FIRST_DAMPING = 0.5
"""Share of the metric's mean eigenvalue; as its effect shrinks with the gain, it slows no end."""
LAW = Both(
    TrustRegion("gain", poor=0.25, good=0.7, shrink=0.5, most_size=FARTHEST),
    Damping("angle", well=0.03, floor=1e-3),
)
"""Gain governs the angle; the angle turned governs the damping of the metric, lowered only where
the metric told it to 3 %: lowered sooner the way takes a tenth longer, and never lowered it creeps
in valleys at the end."""
SMALLEST_ANGLE = 1e-9
TELLING_ANGLE = 1e-3
"""Steps shorter than this (radians) do not tell how far the metric can be trusted."""
UNTOLD = 0.2
"""A departure of the angle that neither raises nor lowers the damping."""
STALL_STEPS = 6
STALL_SHARE = 1.2e-4
"""Gain in the last steps, as a share of the spread of the spectrum, at which it has stalled."""
EIGENSTATE = 1e-3
"""Standard deviation of the energy, as a share of the spread, below which no kick is made."""
BENT = 1e-3
"""Share of the largest curvature by which a way down bends."""
SEARCHING = 1e-3
"""Damping of the metric in which ways down are looked for."""
ROUNDED = 1e-8
"""Share of the bound on |H| by which rounding may bend a way."""


def gauss_newton(course: Course) -> Method:
    """Gauss-Newton in the metric trust region, and bursts at stalls as long as kicks are left."""
    law = course.law or LAW

    def prepare(parameters: Vector) -> Attempt:
        here = course.engine.geometry(parameters)
        return begin(
            Place(Incumbent(parameters, here), np.array([here.energy]), 0.0, course.kicks),
            law,
            FIRST_ANGLE,
            damping=FIRST_DAMPING,
            cost={"evaluations": 1},
            notes=notes_of(here),
            phase=GAUSS_NEWTON,
        )

    def descend(origin: Attempt | Point) -> Iterator[Attempt]:
        return march(
            descending(course),
            origin,
            law,
            lambda place: course.reached(place.at.here.gradient),
            floor=lambda _: SMALLEST_ANGLE,
            most=course.most,
        )

    phases = {GAUSS_NEWTON: descend, bursts.BURST: bursts.walk_of(course)}

    def walk(origin: Attempt | Point) -> Iterator[Attempt]:
        return relay(phases, origin, lambda attempt: turn(course, law, attempt))

    def answer(place: Place) -> tuple[float, Vector]:
        found = place.answer()
        return found.energy, found.parameters

    return Method(law, prepare, walk, answer, (Place, Incumbent, Geometry))


def descending(course: Course) -> Callable[[Place, Step], Trial]:
    """The attempt: to the lowest point of the model inside the trust region."""

    def attempt(place: Place, step: Step) -> Trial:
        here = place.at.here
        region = region_of(here, step.damping)
        y = region.lowest(step.size)
        straight = angle_of(region.basis @ y, here)
        move = accelerated(course.engine, place.at, region, y)
        parameters = place.at.parameters + move
        there = course.engine.geometry(parameters)
        length = float(np.linalg.norm(y))
        gained, predicted = here.energy - there.energy, region.gain(y)
        turned = angle_between(here.state, there.state)
        departure = abs(turned / straight - 1.0) if straight > TELLING_ANGLE else UNTOLD
        notes = notes_of(there, region.spectrum) | {
            "predicted_gain": predicted,
            "gained": gained,
            "angle": turned,
        }
        after = place._replace(
            at=Incumbent(parameters, there),
            recent=np.append(place.recent, there.energy)[-STALL_STEPS - 1 :],
            spread=region.top / 2.0,
        )
        evidence = {
            "gain": gain_signal(here, there, move, predicted, course.engine.scale),
            "angle": Signal(departure),
        }
        inside = length < step.size * (1.0 - 1e-9)
        return Trial(
            after,
            evidence,
            {"evaluations": 1},
            size=length if inside else None,
            notes=notes,
            bound="minimum",
        )

    return attempt


def angle_of(move: Vector, here: Geometry) -> float:
    """The angle (radians) that the metric gives a move of the parameters."""
    return float(np.sqrt(max(float(move @ here.metric @ move), 0.0)))


def turn(course: Course, law: Law, attempt: Attempt) -> Point | None:
    """Where the run goes on in another phase: into a burst at a stall, and back after it."""
    place: Place = attempt.after.state
    number = attempt.after.step.number
    if attempt.number >= course.most:
        return None
    if attempt.phase == bursts.BURST:
        return restarted(place, law, number) if bursts.over(attempt) else None
    if place.kicks == 0 or not (attempt.status or stalled(place)):
        return None
    best = better(place.at, place.best)
    kicks = 0 if is_ground(course, best, place.spread) else kicks_left(course, place)
    if kicks > 0:
        return bursts.started(place._replace(best=best, kicks=kicks), number)
    if best is not place.at:
        return restarted(place._replace(best=None, lowest=best, kicks=0), law, number)
    ended = place._replace(best=None, kicks=0)
    return None if attempt.status else attempt.after._replace(state=ended)


def restarted(place: Place, law: Law, number: int) -> Point:
    """The point from which Gauss-Newton goes on: at the lowest point of a burst."""
    at = place.lowest or place.at
    fresh = place._replace(at=at, recent=np.array([at.energy]), lowest=None, burst=0)
    step = Step(FIRST_ANGLE, FIRST_DAMPING, number=number)
    return Point(fresh, step, law.begin(FIRST_ANGLE), GAUSS_NEWTON, bursts.BURST)


def stalled(place: Place) -> bool:
    """Whether the last steps together gained next to nothing."""
    if len(place.recent) <= STALL_STEPS:
        return False
    return bool(place.recent[0] - place.recent[-1] < STALL_SHARE * place.spread)


def kicks_left(course: Course, place: Place) -> int:
    """How many kicks in a row may still find nothing better, after this round of steps."""
    if place.best is None:
        return place.kicks
    better_by = place.best.energy - place.at.energy
    return course.kicks if better_by > STALL_SHARE * place.spread else place.kicks - 1


def is_ground(course: Course, best: Incumbent, spread: float) -> bool:
    """Whether this is an eigenstate from which no direction of the ansatz leads down."""
    deviation = np.sqrt(max(course.engine.variance(best.here.state), 0.0))
    if deviation > EIGENSTATE * (spread or course.engine.scale):
        return False
    region = region_of(best.here, SEARCHING)
    bent = max(BENT * region.top, ROUNDED * course.engine.scale)
    return bool(np.min(region.curvatures, initial=0.0) > -bent)
