"""Saddles: mode following from a guess, and the proof that a geometry is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.journal import Journal, Unfinished
from suite.chemistry.stationary import hessian as hessians
from suite.chemistry.stationary import optimise
from suite.chemistry.stationary.modes import internal_basis, vibrations
from suite.chemistry.stationary.state import Stationary, arrive, internal_eigen, steepest
from suite.chemistry.surfaces import Surface
from suite.core import Attempt, Point, Status, Step, relay
from suite.core.law import Law
from suite.errors import AttemptFailed, InputError

__all__ = ["NotASaddle", "Saddle", "analyse", "check_mode", "refine"]

Vector = NDArray[np.float64]

STILL = 2e-3
"""Largest gradient component (hartree/bohr) at which a geometry may still be called a saddle."""
IMAGINARY = -20.0
"""A wavenumber (cm⁻¹) below this is an imaginary mode; above, rounding of a soft one."""
NEAR = 5e-3
"""Distance (bohr) from where the Hessian was measured within which it need not be again."""
ROUNDED = 2e-4
"""Largest gradient component (hartree/bohr) at which a search may be ended by rounding."""
SETTLED = 1e-3
"""Distance (bohr) left at which the search measures the Hessian of its end and goes on with it."""
MOST_HESSIANS = 6
"""Hessians that one search may ask for."""


class NotASaddle(InputError):
    """A stationary point with no imaginary mode, or with more than one.

    `wavenumbers` [v] in cm⁻¹ and `modes` [n, v] (mass-weighted) are what it has instead.
    """

    def __init__(self, sentence: str, wavenumbers: Vector, modes: Vector) -> None:
        super().__init__(sentence)
        self.wavenumbers = wavenumbers
        self.modes = modes


@dataclass(frozen=True, slots=True, eq=False)
class Saddle:
    """A proved saddle in mass-weighted coordinates (amu^1/2 bohr).

    `hessian` [n, n] with translation and rotation projected out, `mode` [n] the unit vector of the
    imaginary mode (its largest component positive), `wavenumbers` [v] of the vibrations in cm⁻¹,
    imaginary ones negative.
    """

    hessian: Vector
    mode: Vector
    wavenumbers: Vector

    @property
    def imaginary(self) -> float:
        """The imaginary wavenumber, as a negative number of cm⁻¹."""
        return float(self.wavenumbers[0])


def refine(
    surface: Surface,
    x: Vector,
    *,
    mode: int | None = None,
    tolerance: float = optimise.SADDLE.gradient,
    law: Law = optimise.UPHILL,
    journal: Journal | None = None,
    track: str = "saddle",
    most: int = 200,
) -> tuple[Stationary, Saddle]:
    """Follow a mode uphill from a guess x [n] (bohr) to the saddle, and prove it.

    `mode` counts the guess's modes from 1, the lowest (the default). `tolerance` is the largest
    gradient component (hartree/bohr) left, `most` bounds the attempts. A geometry that is a saddle
    already costs one gradient and one Hessian. The Hessian of the proof was measured within
    0.005 bohr of the saddle and updated since: wavenumbers are good to about one in a thousand.
    Raises `NotASaddle` where all there is is a stationary point with another number of imaginary
    modes, `Unfinished` where the search ends before one, `InputError` where the surface fails at
    the guess.

    >>> from suite.chemistry.surfaces import MullerBrown
    >>> place, saddle = refine(MullerBrown(), np.array([-0.7, 0.5]))
    >>> place.x.round(4)
    array([-0.822 ,  0.6243])
    """
    journal = journal or Journal()
    x = np.asarray(x, float)
    check_mode(surface, x, mode)
    goal = optimise.SADDLE._replace(gradient=tolerance)

    def prepare() -> Attempt:
        try:
            found = surface.measure(x)
        except AttemptFailed as error:
            raise InputError(f"The surface fails at the starting geometry: {error}") from error
        return arrive(x, found, hessians.PHASE, optimise.FIRST_STEP)

    phases = {
        hessians.PHASE: hessians.measuring(surface),
        optimise.PHASE: optimise.follow(surface, goal, law=law, most=most),
    }
    turn = _turning(surface, goal, mode)
    status, place = journal.carry(track, lambda start: relay(phases, start, turn), prepare)
    if not _has_arrived(place, status):
        raise Unfinished(_why(journal, track, place, status), status)
    return place, analyse(surface, place.x, place.gradient, place.hessian)


def check_mode(surface: Surface, x: Vector, mode: int | None) -> None:
    """Refuse a mode that a geometry does not have."""
    freedom = internal_basis(x, np.ones(len(surface.masses))).shape[1]
    if mode is not None and not 1 <= mode <= freedom:
        raise InputError(f"mode counts the vibrations from 1 to {freedom}. Got {mode}.")


def _turning(
    surface: Surface, goal: optimise.Goal, mode: int | None
) -> Callable[[Attempt], Point | None]:
    """When a search stops to measure a Hessian, and when it goes on."""

    def turn(attempt: Attempt) -> Point | None:
        place, phase = attempt.after.state, attempt.after.phase
        if phase == hessians.PHASE:
            if place.drift != 0.0 or is_done(place):
                return None
            if place.hessians == 1 and mode is not None:
                place = place._replace(mode=internal_eigen(surface, place)[1][:, mode - 1])
            return _into(attempt, place, optimise.PHASE)
        if place.hessians >= MOST_HESSIANS or not wants_hessian(attempt, place):
            return None
        return _into(attempt, place, hessians.PHASE)

    def wants_hessian(attempt: Attempt, place: Stationary) -> bool:
        """Where the mode was lost, or the search is as near as the Hessian of its end may be."""
        if attempt.refused or place.drift <= NEAR:
            stuck = attempt.status in (Status.STALLED, Status.UNDERFLOW)
            return stuck and place.drift > NEAR
        return bool(place.lost) or optimise.remaining(surface, place, goal.order)[0] < SETTLED

    def is_done(place: Stationary) -> bool:
        if place.hessians == 1 and mode is None and steepest(place) <= goal.gradient:
            # What is stationary to begin with is judged, not left.
            return True
        return optimise.converged(surface, place, goal)

    return turn


def _into(attempt: Attempt, place: Stationary, phase: str) -> Point:
    step = attempt.after.step
    size = max(float(step.size), optimise.RESTART)
    return Point(place, Step(size, number=step.number), (), phase, phase)


def _has_arrived(place: Stationary, status: Status) -> bool:
    """A search that rounding ended counts where the gradient is small all the same."""
    stuck = status in (Status.STALLED, Status.UNDERFLOW)
    return status.finished or (stuck and steepest(place) <= ROUNDED)


def _why(journal: Journal, track: str, place: Stationary, status: Status) -> str:
    """The sentence of a search that did not arrive."""
    refused = [row["refused"] for row in journal.record if row["track"] == track]
    last = f" Last refusal: {refused[-1]}." if refused and refused[-1] else ""
    return (
        f"The saddle was not found: {status.sentence}{last} The largest gradient is "
        f"{steepest(place):.1e} hartree/bohr; start nearer to the barrier, or follow another mode."
    )


def analyse(surface: Surface, x: Vector, gradient: Vector, hessian: Vector) -> Saddle:
    """Prove that x [n] (bohr) is a saddle and answer its modes.

    `gradient` [n] in hartree/bohr, `hessian` [n, n] in hartree/bohr². Raises `InputError` where the
    gradient is not small, `NotASaddle` where there is no imaginary mode or more than one.

    >>> from suite.chemistry.surfaces import MullerBrown
    >>> surface, x = MullerBrown(), np.array([-0.8220015587, 0.6243128028])
    >>> analyse(surface, x, surface.measure(x).gradient, surface.hessian(x)).mode.round(3)
    array([ 0.761, -0.648])
    """
    largest = float(np.max(np.abs(gradient)))
    if largest > STILL:
        raise InputError(
            f"The geometry is no stationary point: its largest gradient is {largest:.4f} "
            f"hartree/bohr (at most {STILL} is taken). Optimise the transition state first."
        )
    found = vibrations(hessian, x, surface.masses)
    imaginary = found.wavenumbers[found.wavenumbers < IMAGINARY]
    if len(imaginary) != 1:
        raise NotASaddle(_what_to_do(imaginary, found.wavenumbers), *found[:2])
    return Saddle(found.hessian, found.modes[:, 0], found.wavenumbers)


def _what_to_do(imaginary: Vector, wavenumbers: Vector) -> str:
    """The sentence for no imaginary mode, or for several."""
    found = ", ".join(f"{-w:.0f}i" for w in imaginary)
    if not len(imaginary):
        lowest = ", ".join(f"{w:.0f}" for w in wavenumbers[:3])
        return (
            f"A transition state has exactly one imaginary mode. Found none (lowest: {lowest} "
            f"cm⁻¹), so this is a minimum: start nearer to the barrier, or follow one of its modes "
            f"uphill (mode=1 is the lowest)."
        )
    return (
        f"A transition state has exactly one imaginary mode. Found {found} (cm⁻¹): the geometry is "
        f"most likely held by its symmetry; distort it a little along the other modes, or follow "
        f"one of them (mode=1 is the lowest), and optimise again."
    )
