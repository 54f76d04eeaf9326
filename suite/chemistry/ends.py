"""The two ends of a path: optimised and proved, or told apart by what they are instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.bonds import formula, fragments, smiles
from suite.chemistry.journal import Journal
from suite.chemistry.minimum import settle
from suite.chemistry.modes import Vibrations
from suite.chemistry.stationary import Stationary
from suite.chemistry.surfaces import Surface
from suite.core import Status
from suite.errors import AttemptFailed
from suite.molecule import BOHR

__all__ = ["End", "end_of", "gap", "left_open"]

Vector = NDArray[np.float64]

KCAL = 627.5094740631


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """An end of a path.

    `kind` is minimum, saddle, fragments, or the name of the status with which the side or the
    search stopped; `sentence` says it to the user. `x` [n] bohr, `energy` hartree, `vibrations`
    where a Hessian was measured, `guess` what a calculation there may start from.
    """

    kind: str
    sentence: str
    x: Vector
    energy: float
    vibrations: Vibrations | None = None
    guess: Any = None

    def summary(self, symbols: tuple[str, ...], charge: int = 0) -> dict[str, Any]:
        """Plain values for `summary.json`."""
        told: dict[str, Any] = {
            "kind": self.kind,
            "sentence": self.sentence,
            "energy": self.energy,
            "optimised": self.vibrations is not None,
        }
        if self.x.size == 3 * len(symbols):
            place = self.x.reshape(-1, 3) * BOHR
            told["fragments"] = formula(symbols, place)
            told["smiles"] = smiles(symbols, place, charge)
        if self.vibrations is not None:
            told["wavenumbers"] = self.vibrations.wavenumbers.tolist()
        return told


def left_open(status: Status, x: Vector, energy: float, why: str) -> End:
    """The end of a side that stopped short of one."""
    return End(status.name.lower(), f"{status.sentence} {why}".strip(), x, energy)


def end_of(
    surface: Surface,
    x: Vector,
    energy: float,
    slope: float,
    model: Vector,
    *,
    guess: Any,
    journal: Journal,
    track: str,
) -> End:
    """Optimise the flat end of a side at x [n] (bohr) and prove it, unless it is in fragments.

    `energy` (hartree) and `slope` (hartree per amu^1/2 bohr) are those of the path's last point,
    `model` [n, n] a Hessian there (hartree/bohr²). Fragments that still drift apart are left where
    the path ended: their distance never settles.
    """
    if _apart(surface, x):
        return _fragments(surface, x, energy, slope, guess)

    def stop(place: Stationary) -> int:
        return Status.ENDPOINT if _apart(surface, place.x) else Status.RUNNING

    try:
        found = settle(surface, x, model, guess=guess, stop=stop, journal=journal, track=track)
    except AttemptFailed as error:
        return End("failed", f"The end was not optimised: {error}", x, energy, guess=guess)
    place = found.place
    if found.proved:
        told = found.sentence or "A minimum: no imaginary mode."
        return End("minimum", told, place.x, place.energy, found.vibrations, place.guess)
    if found.vibrations is not None:
        return End("saddle", found.sentence, place.x, place.energy, found.vibrations, place.guess)
    if _apart(surface, place.x):
        return _fragments(surface, place.x, place.energy, slope, place.guess)
    kind = found.status.name.lower()
    return End(kind, found.sentence, place.x, place.energy, guess=place.guess)


def _apart(surface: Surface, x: Vector) -> bool:
    if x.size != 3 * len(surface.symbols):
        return False
    return len(fragments(surface.symbols, x.reshape(-1, 3) * BOHR)) > 1


def gap(surface: Surface, x: Vector) -> float:
    """The distance (angstrom) between the nearest atoms of two fragments; 0 where there is one."""
    if not _apart(surface, x):
        return 0.0
    place = x.reshape(-1, 3) * BOHR
    parts = fragments(surface.symbols, place)
    return min(
        float(np.linalg.norm(place[i] - place[j]))
        for k, part in enumerate(parts)
        for i in part
        for other in parts[k + 1 :]
        for j in other
    )


def _fragments(surface: Surface, x: Vector, energy: float, slope: float, guess: Any) -> End:
    place = x.reshape(-1, 3) * BOHR
    nearest = gap(surface, x)
    told = (
        f"Fragments apart: {formula(surface.symbols, place)}, {nearest:.2f} angstrom between their "
        f"nearest atoms; the energy still falls by {slope * KCAL:.2f} kcal/mol per amu^1/2 bohr."
    )
    return End("fragments", told, x, energy, guess=guess)
