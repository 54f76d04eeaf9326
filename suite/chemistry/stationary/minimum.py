"""Minima: the end of a path optimised, proved by its Hessian, and pushed where it is a saddle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.journal import Journal
from suite.chemistry.stationary import hessian as hessians
from suite.chemistry.stationary import optimise
from suite.chemistry.stationary.modes import AMU, WAVENUMBER, Vibrations, root_masses, vibrations
from suite.chemistry.stationary.saddle import IMAGINARY
from suite.chemistry.stationary.state import Stationary, arrive
from suite.chemistry.surfaces import Surface
from suite.core import Attempt, Point, Status, Step, relay

__all__ = ["Minimum", "pushed", "relax", "settle"]

Vector = NDArray[np.float64]

KCAL = 627.5094740631
"""One hartree in kcal/mol."""
DROP = 1e-3
"""Energy (hartree) by which a push lowers the model."""
SHORTEST_PUSH, LONGEST_PUSH = 0.1, 0.5
"""Bounds of a push, amu^1/2 bohr."""


@dataclass(frozen=True, slots=True, eq=False)
class Minimum:
    """Where a downhill search ended.

    `place` the geometry (its Hessian is exact only if `vibrations` is given), `status` how the
    search ended, `vibrations` of the proof, None where the search ended before, `sentence` what
    the user should know (empty where all went well), `saddle` the stationary point that it was
    pushed away from, if it was.
    """

    place: Stationary
    status: Status
    vibrations: Vibrations | None
    sentence: str = ""
    saddle: Minimum | None = None

    @property
    def imaginary(self) -> Vector:
        """The imaginary wavenumbers in cm⁻¹, negative; none where it is proved a minimum."""
        if self.vibrations is None:
            return np.zeros(0)
        return self.vibrations.wavenumbers[self.vibrations.wavenumbers < IMAGINARY]

    @property
    def proved(self) -> bool:
        """Whether it is a minimum by its Hessian."""
        return self.vibrations is not None and not len(self.imaginary)


def relax(
    surface: Surface,
    x: Vector,
    model: Vector,
    *,
    guess: Any = None,
    goal: optimise.Goal = optimise.MINIMUM,
    stop: Callable[[Stationary], int] | None = None,
    journal: Journal | None = None,
    track: str = "minimum",
) -> Minimum:
    """Optimise from x [n] (bohr) to the next stationary point downhill and measure its Hessian.

    `model` [n, n] is a Hessian near x, measured or updated (hartree/bohr²), `guess` what the first
    calculation starts from. `stop(place)` may end the search with a `Status` code of its own
    (fragments that drift apart); then no Hessian is measured. A stationary point that is no minimum
    is answered with its imaginary modes, not refused. `AttemptFailed` at x passes.

    >>> from suite.chemistry.surfaces import MullerBrown
    >>> surface, x = MullerBrown(), np.array([-0.6, 1.4])
    >>> end = relax(surface, x, surface.hessian(x))
    >>> end.place.x.round(3), end.proved
    (array([-0.558,  1.442]), True)
    """
    journal = journal or Journal()

    def prepare() -> Attempt:
        found = surface.measure(x, guess)
        return arrive(x, found, optimise.PHASE, optimise.FIRST_STEP, hessian=model)

    def turn(attempt: Attempt) -> Point | None:
        if attempt.after.phase != optimise.PHASE or not _wants_hessian(attempt):
            return None
        place, step = attempt.after.state, attempt.after.step
        restart = Step(max(float(step.size), optimise.RESTART), number=step.number)
        return Point(place, restart, (), hessians.PHASE, hessians.PHASE)

    phases = {
        optimise.PHASE: optimise.follow(surface, goal, stop=stop),
        hessians.PHASE: hessians.measuring(surface),
    }
    status, place = journal.carry(track, lambda start: relay(phases, start, turn), prepare)
    if place.drift > 0.0:
        return Minimum(place, status, None, f"The end was not optimised: {status.sentence}")
    found = vibrations(place.hessian, place.x, surface.masses)
    end = Minimum(place, status, found)
    return end if end.proved else Minimum(place, status, found, _saddle_sentence(end))


def _wants_hessian(attempt: Attempt) -> bool:
    """The search has arrived, or rounding lets it come no nearer."""
    stuck = attempt.status in (Status.STALLED, Status.UNDERFLOW)
    return attempt.status == Status.CONVERGED or stuck


def _saddle_sentence(end: Minimum) -> str:
    found = ", ".join(f"{-w:.0f}i" for w in end.imaginary)
    return (
        f"The path ends in a saddle, not in a minimum (imaginary modes: {found} cm⁻¹), most likely "
        f"because it kept a symmetry."
    )


def pushed(surface: Surface, end: Minimum, side: int = 1) -> Vector:
    """The geometry [n] (bohr) pushed off a saddle along its lowest mode, downhill.

    The push is as long as lowers the model by a millihartree; `side` is +1 or -1.
    """
    if end.vibrations is None or not len(end.imaginary):
        return end.place.x
    curvature = AMU * (end.vibrations.wavenumbers[0] / WAVENUMBER) ** 2
    length = float(np.clip(np.sqrt(2.0 * DROP / curvature), SHORTEST_PUSH, LONGEST_PUSH))
    root = root_masses(end.place.x, surface.masses)
    return np.asarray(end.place.x + side * length * end.vibrations.modes[:, 0] / root)


def settle(
    surface: Surface,
    x: Vector,
    model: Vector,
    *,
    guess: Any = None,
    stop: Callable[[Stationary], int] | None = None,
    journal: Journal | None = None,
    track: str = "minimum",
) -> Minimum:
    """`relax`, and where that ends in a saddle, a push off it and `relax` again.

    The second search is a track of its own, `track` with " pushed" after it. What it was pushed
    away from is the answer's `saddle`.
    """
    journal = journal or Journal()
    first = relax(surface, x, model, guess=guess, stop=stop, journal=journal, track=track)
    if first.vibrations is None or first.proved:
        return first
    second = relax(
        surface,
        pushed(surface, first),
        first.place.hessian,
        guess=first.place.guess,
        stop=stop,
        journal=journal,
        track=f"{track} pushed",
    )
    drop = (first.place.energy - second.place.energy) * KCAL
    told = f"{first.sentence} Pushed off it, the search went {drop:.2f} kcal/mol further down."
    told = f"{told} {second.sentence}".strip()
    return Minimum(second.place, second.status, second.vibrations, told, first)
