"""What a reaction path may hold on request: chosen coordinates, frequencies across it, exports."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.export import molden_text, qcschema
from suite.chemistry.following.projected import Across, projected_wavenumbers, spread
from suite.chemistry.internal import Atoms, parse
from suite.chemistry.journal import Journal
from suite.chemistry.stationary import hessian as hessians
from suite.chemistry.stationary.state import Stationary, arrive
from suite.chemistry.surfaces import Measured, PySCFSurface, Surface
from suite.core import Attempt, Point, Status
from suite.errors import InputError, SuiteError

__all__ = ["Extras", "Frames", "across", "check", "chosen", "exports", "price"]

Vector = NDArray[np.float64]


class Extras(NamedTuple):
    """What is asked for beside the path.

    `coordinates` such as "1-2,1-2-3" (see `internal.parse`) to tell along it; `projected` the
    number of frames with frequencies across the path, a Hessian each; `molden` and `qcschema` the
    orbitals and results of the saddle and of both ends for other programs.
    """

    coordinates: str | None = None
    projected: int = 0
    molden: bool = False
    qcschema: bool = False


class Frames(NamedTuple):
    """Frames of a path: `s` [frames], `x` [frames, n] in bohr, `tangents` [frames, n].

    Tangents are mass-weighted, of any length and sign.
    """

    s: Vector
    x: Vector
    tangents: Vector


class Station(NamedTuple):
    """A geometry that is exported: `x` [n] bohr, its energy (hartree), a start, its gradient."""

    x: Vector
    energy: float
    guess: Any
    gradient: Vector | None = None


def check(surface: Surface, x: Vector, extras: Extras) -> None:
    """Refuse, before anything is paid, what cannot be had on a surface at x [n] (bohr)."""
    if extras.projected < 0:
        raise InputError(f"projected counts frames: 0 or more. Got {extras.projected}.")
    if extras.molden and not isinstance(surface, PySCFSurface):
        raise InputError("Only a surface by PySCF has orbitals to write as a Molden file.")
    if extras.qcschema and x.size != 3 * len(surface.symbols):
        raise InputError("QCSchema describes molecules, and this surface is none.")
    chosen(surface, x, extras)


def chosen(surface: Surface, x: Vector, extras: Extras) -> tuple[Atoms, ...]:
    """The internal coordinates that are asked for; raises `InputError` for what is none."""
    if extras.coordinates is None:
        return ()
    if x.size != 3 * len(surface.symbols):
        raise InputError("Internal coordinates need atoms in space, and this surface has none.")
    found = [parse(text, len(surface.symbols)) for text in extras.coordinates.split(",")]
    return tuple(dict.fromkeys(found))


def price(atoms: int, frames: int) -> str:
    """What `projected` costs, to be said before it is paid.

    >>> price(4, 3)
    '3 Hessians for the frequencies across the path, each 12 gradients where none is analytic.'
    """
    each = 2 * max(3 * atoms - 6, 1)
    return (
        f"{frames} Hessian{'s' if frames > 1 else ''} for the frequencies across the path, each "
        f"{each} gradients where none is analytic."
    )


def across(
    surface: Surface,
    frames: Frames,
    count: int,
    saddle: Vector,
    start: Callable[[Vector], Any],
    journal: Journal,
) -> tuple[Across, list[str]]:
    """Frequencies across a path at `count` frames and at the saddle, and sentences of what failed.

    `saddle` [n, n] is the saddle's mass-weighted Hessian, which is paid for already; `start(x)` is
    what a calculation at x [n] (bohr) may start from. Each Hessian is a track of its own.
    """
    root = np.sqrt(np.repeat(surface.masses, frames.x.shape[1] // len(surface.masses)))
    found: dict[int, Vector] = {}
    told = []
    for k in sorted({*spread(frames.s, count), int(np.argmin(np.abs(frames.s)))}):
        x, tangent = frames.x[k], frames.tangents[k]
        try:
            second = saddle
            if frames.s[k] != 0.0:
                measured = hessians.hessian(
                    surface,
                    x,
                    tangent * root,
                    start(x),
                    journal=journal,
                    track=f"across s={frames.s[k]:.4f}",
                )
                second = measured / np.outer(root, root)
            found[k] = projected_wavenumbers(second, tangent, x, surface.masses)
        except SuiteError as error:
            told.append(f"No frequencies across the path at s = {frames.s[k]:.2f}: {error}")
    order = list(found)
    return Across(frames.s[order], [found[k] for k in order]), told


def exports(
    surface: Surface, stations: dict[str, Station], extras: Extras, journal: Journal
) -> tuple[dict[str, str], list[str]]:
    """Further files by their names, and sentences of those that could not be made.

    Each station without a gradient costs one, as a track of its own.
    """
    files: dict[str, str] = {}
    told = []
    for name, station in stations.items():
        try:
            if extras.molden:
                files[f"{name}.molden"] = molden_text(surface, station.x, station.guess)
            if extras.qcschema:
                measured = _measured(surface, name, station, journal)
                document = qcschema(surface, measured, station.x)
                files[f"{name}.qcschema.json"] = json.dumps(document, indent=1)
        except SuiteError as error:
            told.append(f"No export of the {name.replace('_', ' ')}: {error}")
    return files, told


def _measured(surface: Surface, name: str, station: Station, journal: Journal) -> Measured:
    """Energy and gradient of a station; paid for once, whatever the run's fate."""
    if station.gradient is not None:
        return Measured(station.energy, station.gradient, station.guess)

    def alone(start: Attempt | Point) -> Iterator[Attempt]:
        if isinstance(start, Attempt):
            yield start._replace(status=Status.CONVERGED)

    def prepare() -> Attempt:
        return arrive(station.x, surface.measure(station.x, station.guess), "export", 0.0)

    place: Stationary = journal.carry(f"{name} export", alone, prepare)[1]
    return Measured(place.energy, place.gradient, place.guess)
