"""The two ends of a path: optimised and proved, or told apart by what they are instead.

Fragments are optimised each alone, and together where something holds them: a complex.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.ends.bonds import formula, fragments, smiles
from suite.chemistry.ends.separate import Separate, separated, single_point
from suite.chemistry.journal import Journal
from suite.chemistry.stationary.minimum import settle
from suite.chemistry.stationary.modes import Vibrations
from suite.chemistry.stationary.state import Stationary
from suite.chemistry.surfaces import Surface
from suite.core import Status
from suite.errors import AttemptFailed, SuiteError
from suite.molecule import BOHR

__all__ = ["End", "end_of", "gap", "left_open"]

Vector = NDArray[np.float64]

KCAL = 627.5094740631
"""One hartree in kcal/mol."""
HELD = 1.0
"""Fragments held by less (kcal/mol) are no complex: levels and basis sets err by as much."""
ASTRAY = 3e-3
"""A path whose last energy (hartree) is off by more does not lead where it seems to."""


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """An end of a path.

    `kind` is minimum, saddle, fragments, or the name of the status with which the side or the
    search stopped; `sentence` says it to the user. `x` [n] bohr, `energy` hartree, `vibrations`
    where a Hessian was measured, `guess` what a calculation there may start from, `separate` the
    fragments each alone, where there are several.
    """

    kind: str
    sentence: str
    x: Vector
    energy: float
    vibrations: Vibrations | None = None
    guess: Any = None
    separate: Separate | None = None

    @property
    def foot(self) -> float:
        """The energy (hartree) that a barrier counts from; of fragments, that of each alone."""
        if self.kind == "fragments" and self.separate is not None:
            return self.separate.energy
        return self.energy

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
        if self.separate is not None:
            told["separate"] = self.separate.summary()
            told["held_by_kcal_mol"] = (self.separate.energy - self.energy) * KCAL
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
    """Optimise the flat end of a side at x [n] (bohr) and prove it.

    `energy` (hartree) and `slope` (hartree per amu^1/2 bohr) are those of the path's last point,
    `model` [n, n] a Hessian there (hartree/bohr²). Fragments are optimised each alone; what is held
    together by more than a kcal/mol is a complex, and optimised whole too. Fragments that drift
    apart, or hardly hold, are left where the path ended: their distance never settles.
    """
    job = _Job(surface, journal, track)
    spot = _Spot(x, energy, model, guess)
    if _apart(surface, x):
        return _checked_parts(job, spot, slope)

    def stop(place: Stationary) -> int:
        return Status.ENDPOINT if _apart(surface, place.x) else Status.RUNNING

    end, place = _searched(job, spot, stop)
    if place is not None and (told := _astray(_first_energy(job), energy)):
        return replace(end, kind="failed", sentence=f"{told} What lies below: {end.sentence}")
    if place is not None and end.vibrations is None and _apart(surface, place.x):
        return _in_parts(job, _Spot(place.x, place.energy, place.hessian, place.guess), slope)
    return end


class _Job(NamedTuple):
    """What the searches of one end share."""

    surface: Surface
    journal: Journal
    track: str


class _Spot(NamedTuple):
    """Where a search begins: x [n] bohr, energy in hartree, a Hessian [n, n], and a start."""

    x: Vector
    energy: float
    model: Vector
    guess: Any


def _searched(
    job: _Job, spot: _Spot, stop: Callable[[Stationary], int] | None = None
) -> tuple[End, Stationary | None]:
    """The end that an optimisation of the whole finds, and where it stopped."""
    begin = {"guess": spot.guess, "journal": job.journal, "track": job.track}
    try:
        found = settle(job.surface, spot.x, spot.model, stop=stop, **begin)
    except AttemptFailed as error:
        told = f"The end was not optimised: {error}"
        return End("failed", told, spot.x, spot.energy, guess=spot.guess), None
    place = found.place
    if found.proved:
        kind, told = "minimum", found.sentence or "A minimum: no imaginary mode."
    else:
        kind = "saddle" if found.vibrations is not None else found.status.name.lower()
        told = found.sentence
    return End(kind, told, place.x, place.energy, found.vibrations, place.guess), place


def _first_energy(job: _Job) -> float:
    """What the search of a track measured before its first step, hartree."""
    rows = (row for row in job.journal.record if row["track"] == job.track and not row["number"])
    return float(next(rows)["notes"]["energy"])


def _astray(measured: float, energy: float) -> str:
    """The sentence for a path's last point that is not where the surface is; '' if it is."""
    if abs(measured - energy) <= ASTRAY:
        return ""
    where = "above" if energy > measured else "below"
    return (
        f"The path went astray: its last point is taken to be {abs(energy - measured) * KCAL:.1f} "
        f"kcal/mol {where} what is measured there, so that this end may not be the reaction's."
    )


def _checked_parts(job: _Job, spot: _Spot, slope: float) -> End:
    """Fragments where the path ended, if the surface is what the path took it for."""
    surface, journal, track = job
    try:
        place = single_point(surface, spot.x, spot.guess, journal, f"{track} point")
    except SuiteError as error:
        told = f"The end was not measured: {error}"
        return End("failed", told, spot.x, spot.energy, guess=spot.guess)
    if told := _astray(place.energy, spot.energy):
        return End("failed", told, spot.x, place.energy, guess=place.guess)
    return _in_parts(job, spot._replace(energy=place.energy, guess=place.guess), slope)


def _in_parts(job: _Job, spot: _Spot, slope: float) -> End:
    """Fragments each alone, and the complex of those that hold."""
    surface, x, energy, model, guess = job.surface, *spot
    end = End("fragments", _told(surface, x, slope), x, energy, guess=guess)
    try:
        alone = separated(surface, x, model, guess=guess, journal=job.journal, track=job.track)
    except SuiteError as error:
        return replace(end, sentence=f"{end.sentence} They were not computed apart: {error}")
    end = replace(end, separate=alone, sentence=f"{end.sentence} {_balance(alone, energy)}")
    if (alone.energy - energy) * KCAL < HELD:
        return end
    found, _ = _searched(job._replace(track=f"{job.track} complex"), spot)
    if found.kind != "minimum":
        return replace(end, sentence=f"{end.sentence} As a complex: {found.sentence}")
    if not _apart(surface, found.x):
        return found
    held = (alone.energy - found.energy) * KCAL
    told = (
        f"A complex of {alone.name}, {gap(surface, found.x):.2f} angstrom between their nearest "
        f"atoms, {held:.2f} kcal/mol below them apart. {found.sentence}"
    )
    return replace(found, sentence=told, separate=alone)


def _balance(alone: Separate, energy: float) -> str:
    """What the fragments alone are, and where they lie."""
    held = (alone.energy - energy) * KCAL
    where = f"{abs(held):.2f} kcal/mol {'above' if held > 0.0 else 'below'} the path's end"
    told = f"Each was optimised alone: {alone.name}, together {where}."
    if 0.0 < held < HELD:
        told += " So weak a van der Waals contact is not optimised."
    return told


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


def _told(surface: Surface, x: Vector, slope: float) -> str:
    return (
        f"Fragments apart: {formula(surface.symbols, x.reshape(-1, 3) * BOHR)}, "
        f"{gap(surface, x):.2f} angstrom between their nearest atoms; the energy still falls by "
        f"{slope * KCAL:.2f} kcal/mol per amu^1/2 bohr."
    )
