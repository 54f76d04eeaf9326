"""The fragments of an end, each optimised alone: what a path goes to when they are far apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.ends.bonds import fragments, name_of
from suite.chemistry.journal import Journal, Unfinished
from suite.chemistry.stationary import optimise
from suite.chemistry.stationary.minimum import settle
from suite.chemistry.stationary.modes import Vibrations
from suite.chemistry.stationary.state import Stationary, arrive
from suite.chemistry.surfaces import PySCFSurface, Surface
from suite.chemistry.surfaces.parts import Share, part_of, shares
from suite.core import Attempt, Point, Status
from suite.errors import AttemptFailed
from suite.molecule import BOHR

__all__ = ["Part", "Separate", "separated", "single_point"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A fragment alone at its minimum: x [n] bohr, `energy` hartree.

    `vibrations` are those of its Hessian, None of an atom.
    """

    surface: PySCFSurface
    x: Vector
    energy: float
    vibrations: Vibrations | None
    share: Share

    @property
    def name(self) -> str:
        """Its formula with charge and unpaired electrons: F-, CH3 (1 unpaired)."""
        charge, spin = self.share.charge, self.share.spin
        size = str(abs(charge)) if abs(charge) > 1 else ""
        sign = f"{size}{'+' if charge > 0 else '-'}" if charge else ""
        return f"{name_of(self.surface.symbols)}{sign}{f' ({spin} unpaired)' if spin else ''}"

    def summary(self) -> dict[str, Any]:
        """Plain values for `summary.json`; angstrom, hartree, cm⁻¹."""
        return {
            "name": self.name,
            "atoms": [i + 1 for i in self.share.atoms],
            "charge": self.share.charge,
            "spin": self.share.spin,
            "energy": self.energy,
            "coordinates": (self.x.reshape(-1, 3) * BOHR).tolist(),
            "wavenumbers": [] if self.vibrations is None else self.vibrations.wavenumbers.tolist(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Separate:
    """The fragments of an end, infinitely far from each other."""

    parts: tuple[Part, ...]

    @property
    def energy(self) -> float:
        """The sum of their energies, hartree."""
        return float(sum(part.energy for part in self.parts))

    @property
    def name(self) -> str:
        """Their names, as in a reaction equation."""
        return " + ".join(part.name for part in self.parts)

    def summary(self) -> dict[str, Any]:
        """Plain values for `summary.json`."""
        return {
            "name": self.name,
            "energy": self.energy,
            "assigned_by": "Mulliken populations",
            "parts": [part.summary() for part in self.parts],
        }


def separated(
    surface: Surface, x: Vector, model: Vector, *, guess: Any, journal: Journal, track: str
) -> Separate:
    """Optimise each fragment of x [n] (bohr) alone and prove its minimum by a Hessian.

    Charges and spins are those of `suite.chemistry.surfaces.parts.shares`, `model` [n, n] is a
    Hessian of the whole (hartree/bohr²). Each fragment is a track of its own, `track` with
    " fragment 1" and so on after it. Raises `InputError` where fragments cannot be told or
    computed, `Unfinished` where one has no minimum, `AttemptFailed` where an SCF does not converge.
    """
    groups = fragments(surface.symbols, x.reshape(-1, 3) * BOHR)
    found = []
    # All surfaces before any gradient: what cannot be computed whole costs nothing.
    given = shares(surface, x, groups, guess)
    alone = [part_of(surface, x, share) for share in given]
    for number, (own, share) in enumerate(zip(alone, given, strict=True), 1):
        rows = np.ravel([[3 * i, 3 * i + 1, 3 * i + 2] for i in share.atoms])
        found.append(
            _part(
                own,
                share,
                x[rows],
                model[np.ix_(rows, rows)],
                journal,
                f"{track} fragment {number}",
            )
        )
    return Separate(tuple(found))


def _part(
    surface: PySCFSurface, share: Share, x: Vector, model: Vector, journal: Journal, track: str
) -> Part:
    if len(share.atoms) == 1:
        return Part(surface, x, single_point(surface, x, None, journal, track).energy, None, share)
    found = settle(surface, x, model, journal=journal, track=track)
    if not found.proved:
        name = name_of(surface.symbols)
        raise Unfinished(f"{name} alone: {found.sentence}", found.status)
    return Part(surface, found.place.x, found.place.energy, found.vibrations, share)


def single_point(
    surface: Surface, x: Vector, guess: Any, journal: Journal, track: str
) -> Stationary:
    """One calculation at x [n] (bohr), kept as a track of its own: paid for once."""

    def prepare() -> Attempt:
        nothing = np.zeros((x.size, x.size))
        return arrive(x, surface.measure(x, guess), optimise.PHASE, 0.0, hessian=nothing)

    def walk(start: Attempt | Point) -> Iterator[Attempt]:
        if isinstance(start, Point):
            raise AttemptFailed("A single calculation has no steps to go on from.")
        yield start._replace(status=Status.CONVERGED)

    place: Stationary = journal.carry(track, walk, prepare)[1]
    return place
