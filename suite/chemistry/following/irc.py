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

import numpy as np

from suite.chemistry.following.check import MOST_CHECKS, agreed, checking, compared
from suite.chemistry.following.course import (
    FLAT,
    JUMP,
    Course,
    Place,
    arrived_at,
    jump_of,
    notes_of,
    taught,
)
from suite.chemistry.following.surrogate import Surrogate
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
from suite.core.law import Law

__all__ = ["CHECK", "LAW", "WALK", "follow", "prepare"]

WALK, CHECK = "walk", "check"

FIRST_STEP = 0.15
"""First arc length off the saddle, amu^1/2 bohr."""
SHORTEST = 1e-3
"""Arc length below which a refused step is given up, amu^1/2 bohr."""
LOCAL = 0.5
"""The share of the accuracy that one prediction may miss."""
DEPARTURE = 0.1
"""How far (amu^1/2 bohr) the path may leave the chord of one step."""
SMOOTH = 5
"""The power of the step with which the surrogate's predictions were seen to go astray."""

LAW = Both(ErrorControl("error", filter=INTEGRAL), ErrorControl("jump", filter=INTEGRAL))


def prepare(place: Place, energy: float, law: Law) -> Attempt:
    """Attempt 0 of a side: the saddle and its energy (hartree), already paid for."""
    return begin(place, law, FIRST_STEP, notes=notes_of(place, energy, None), phase=WALK)


def follow(
    way: Course, energy: float, law: Law, *, most: int = 2000
) -> Callable[[Attempt | Point], Iterator[Attempt]]:
    """The march of one side, as a function of where it starts.

    `energy` is the saddle's, hartree; `most` bounds the gradients of the side. It walks to the flat
    end and is then checked.
    """

    def settled(place: Place) -> int:
        return agreed(way, place)

    def walk(start: Attempt | Point) -> Iterator[Attempt]:
        attempt = walking(way, energy)
        return march(attempt, start, law, arrived, limits, floor=lambda _: SHORTEST, most=most)

    def check(start: Attempt | Point) -> Iterator[Attempt]:
        first = start.step.number if isinstance(start, Point) else start.number
        return march(checking(way, energy), start, Fixed(), settled, most=first + MOST_CHECKS)

    def turn(attempt: Attempt) -> Point | None:
        place, number = attempt.after.state, attempt.after.step.number
        if attempt.phase == CHECK and attempt.status.finished and place.rms > 2.0 * FLAT:
            # What seemed the end was not: the path as it is known now goes on.
            return Point(place, Step(FIRST_STEP, number=number), law.begin(FIRST_STEP), WALK, WALK)
        if attempt.phase != WALK or attempt.status != Status.ENDPOINT:
            return None
        place = compared(way, place)
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
        jump = jump_of(place, predicted.x, found, energy, way.root)
        learned = taught(place, predicted.x, found, energy, way.root)
        walked = predicted.arc_length - place.arc_length
        corrected = way.onward(known(learned), place, walked)[-1]
        miss = metric.length(corrected.x - predicted.x)
        scale = LOCAL * way.accuracy
        slope = max(float(np.linalg.norm(corrected.local.gradient)), 1e-300)
        # A gradient known to a noise only has a direction known to noise / |g|.
        noise = way.surface.noise * walked / slope / scale
        after = arrived_at(way, learned, corrected)
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
            notes=notes_of(after, energy, found, miss, jump),
        )

    return attempt
