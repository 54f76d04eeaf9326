"""The whole job: saddle, both sides on the core, their ends, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.ends.both import End, end_of, left_open
from suite.chemistry.energetics.barriers import Conditions, thermal_barriers
from suite.chemistry.extras import Extras, Frames, Station, across, check, chosen, exports
from suite.chemistry.following import irc
from suite.chemistry.following.course import Course, Place, course, leave
from suite.chemistry.following.frames import frames_of, nothing
from suite.chemistry.journal import Journal
from suite.chemistry.path import SIDES, ReactionPath
from suite.chemistry.search import search
from suite.chemistry.stationary.modes import displacement
from suite.chemistry.stationary.saddle import Saddle, check_mode
from suite.chemistry.stationary.state import Stationary
from suite.chemistry.surfaces import (
    PySCFSurface,
    Surface,
    pyscf_surface,
    stability,
    surface_of,
)
from suite.chemistry.surfaces.masses import Masses
from suite.core import Attempt, Record, Status, Store
from suite.core.law import Law
from suite.core.versions import versions
from suite.errors import InputError
from suite.molecule import BOHR, Molecule, read_xyz

__all__ = ["Level", "check_conditions", "surface_and_start", "trace"]

Vector = NDArray[np.float64]
Watch = Callable[[str, Attempt], object]

NOTHING = Extras()


class Level(TypedDict, total=False):
    """How PySCF is to calculate, beside method and basis: see `pyscf_surface`."""

    masses: Masses
    density_fit: bool
    solvent: str | None
    dispersion: str | None
    grid: int | None


class _Side(NamedTuple):
    """One side as it ended: its march's status, its points and its end."""

    status: Status
    columns: dict[str, Vector]
    end: End
    record: Record


def trace(
    saddle: Any,
    *,
    method: str = "hf",
    basis: str = "def2-svp",
    charge: int | None = None,
    spin: int | None = None,
    start: Vector | None = None,
    accuracy: float = 0.01,
    units: str | None = None,
    mode: int | None = None,
    ends: bool = True,
    conditions: Conditions = (298.15, 101325.0),
    extras: Extras = NOTHING,
    jobs: int = 1,
    law: Law | None = None,
    store: str | Path | None = None,
    observe: tuple[Watch, ...] = (),
    **level: Unpack[Level],
) -> ReactionPath:
    """Trace both sides of a reaction path from its transition state, or from a guess of one.

    `saddle` is an XYZ file (`units` angstrom or bohr), a `Molecule`, a PySCF object, or a
    `Surface` with its geometry `start` [n] in bohr. What is no saddle yet is refined along `mode`
    (from 1, the lowest). `accuracy` is the largest allowed distance from the true path, amu^1/2
    bohr. `ends` asks for the ends to be optimised and proved, and for thermochemistry at
    `conditions` (K, Pa); `extras` for what else the result is to hold. `jobs` of 2 traces both
    sides at once. `store` is a folder that keeps the
    run; called again with the same inputs it goes on where it was. `observe` functions are called
    with the track and each attempt. Raises
    `InputError` where no saddle is found.

    >>> from suite.chemistry.surfaces import MullerBrown
    >>> path = trace(MullerBrown(), start=np.array([-0.822001559, 0.624312803]))
    >>> path.ends["forward"].kind
    'minimum'
    """
    if not 0.0 < accuracy < np.inf:
        raise InputError(f"accuracy must be positive (amu^1/2 bohr). Got {accuracy}.")
    if jobs < 1:
        raise InputError(f"jobs must be 1 or more. Got {jobs}.")
    check_conditions(conditions)
    surface, x = surface_and_start(
        molecule_of(saddle, charge, spin, units), method, basis, start, level
    )
    check_mode(surface, x, mode)
    check(surface, x, extras)
    law = law or irc.LAW
    with ExitStack() as stack:
        kept = None
        if store is not None:
            options = {"accuracy": accuracy, "mode": mode, "ends": ends, "law": repr(law)}
            about = _about(surface, x, options)
            kept = stack.enter_context(Store(store, about, kinds=(Place, Stationary)))
        journal = Journal(Record(), kept, observe)
        place, proved = search(surface, x, mode=mode, journal=journal)

        left = Event()

        def side(name: str) -> _Side:
            way = course(surface, place, proved, SIDES[name], accuracy)
            stop = (lambda _: Status.INTERRUPTED if left.is_set() else Status.RUNNING,)
            return _traced(way, place, law, ends, Journal(Record(), kept, observe, stop), name)

        found = _both(side, jobs, left)
        for one in found.values():
            for row in one.record:
                journal.record.append(row)
        asked = conditions if ends else None
        joined = _joined(surface, place, proved, found, journal.record, asked)
        joined = replace(joined, remarks=_remarks(surface, place, found, accuracy))
        return _with_extras(joined, surface, (place, proved), found, extras, journal)


def check_conditions(conditions: Conditions) -> None:
    """Refuse a temperature (K) or a pressure (Pa) that no gas can have.

    >>> check_conditions((298.15, 101325.0))
    """
    named = zip(("temperature", "pressure"), ("K", "Pa"), conditions, strict=True)
    for name, unit, value in named:
        if not 0.0 < value < np.inf:
            raise InputError(f"{name} must be positive and finite ({unit}). Got {value}.")


def _with_extras(
    path: ReactionPath,
    surface: Surface,
    saddle: tuple[Stationary, Saddle],
    found: dict[str, _Side],
    extras: Extras,
    journal: Journal,
) -> ReactionPath:
    """The path with what was asked for beside it."""
    place, proved = saddle
    stations = {"saddle": Station(place.x, place.energy, place.guess, place.gradient)}
    for side in SIDES:
        end = found[side].end
        guess = place.guess if end.guess is None else end.guess
        stations[f"{side}_end"] = Station(end.x, end.energy, guess)

    def start(x: Vector) -> Any:
        known = stations.values()
        return min(known, key=lambda one: float(np.linalg.norm(one.x - x))).guess

    files, told = exports(surface, stations, extras, journal)
    across_it = None
    if extras.projected:
        frames = Frames(path.s, _film(found, "x", place.x), _film(found, "tangent", proved.mode))
        across_it, failed = across(
            surface, frames, extras.projected, proved.hessian, start, journal
        )
        told += [*across_it.remarks(), *failed]
    return replace(
        path,
        chosen=chosen(surface, place.x, extras),
        across=across_it,
        files=files,
        remarks=(*path.remarks, *told),
    )


def _film(found: dict[str, _Side], name: str, middle: Any, sign: float = 1.0) -> Vector:
    """A column of both sides as one, from the reverse end over the saddle to the forward end."""
    back, onward = found["reverse"].columns, found["forward"].columns
    return np.concatenate([sign * back[name][::-1], np.asarray(middle)[None], onward[name]])


def _both(side: Callable[[str], _Side], jobs: int, left: Event) -> dict[str, _Side]:
    """Both sides, one after the other or at once; what ends one of them early stops the other."""
    if jobs < 2:
        return {name: side(name) for name in SIDES}
    with ThreadPoolExecutor(max_workers=len(SIDES)) as pool:
        try:
            return dict(zip(SIDES, pool.map(side, SIDES), strict=True))
        except BaseException:
            left.set()
            raise


def _remarks(
    surface: Surface, saddle: Stationary, found: dict[str, _Side], accuracy: float
) -> tuple[str, ...]:
    """What a reader should know beside the numbers."""
    told = []
    if isinstance(surface, PySCFSurface):
        told.append(stability(surface, saddle.x, saddle.guess).sentence)
    for name, side in found.items():
        error = float(np.max(side.columns["error_estimate"], initial=0.0))
        if side.end.kind == "fragments" and side.end.separate is None:
            told.append(
                f"The barrier from the {name} end is from where the path ended, before the "
                f"fragments are at rest; no thermochemistry from there."
            )
        if side.status.finished and error > 1.5 * accuracy:
            told.append(f"The {name} side may be {error:.3f} amu^1/2 bohr off, more than asked.")
        if side.status == Status.OUT_OF_ATTEMPTS:
            told.append(
                f"The {name} side is good to {error:.3f} amu^1/2 bohr; what was asked for was not "
                f"reached with the gradients that its check may buy."
            )
        if side.status == Status.STALLED:
            told.append(
                f"The {name} side is good to {error:.3f} amu^1/2 bohr; at the noise of this "
                f"surface more gradients no longer lower that."
            )
    return tuple(sentence for sentence in told if sentence)


def molecule_of(saddle: Any, charge: int | None, spin: int | None, units: str | None = None) -> Any:
    """The molecule of an XYZ file; anything else is passed on."""
    if isinstance(saddle, str | Path):
        return read_xyz(saddle, charge=charge, spin=spin, units=units)
    return saddle


def surface_and_start(
    saddle: Any,
    method: str,
    basis: str,
    start: Vector | None,
    level: Level,
) -> tuple[Surface, Vector]:
    """The surface that is asked for, and the geometry [n] (bohr) to start from."""
    if isinstance(saddle, Molecule):
        if len(saddle.symbols) < 2:
            raise InputError("A reaction needs two atoms at least. Got a single one.")
        return pyscf_surface(saddle, method, basis, **level), saddle.coordinates.ravel() / BOHR
    if not hasattr(saddle, "measure"):
        surface = surface_of(saddle, masses=level.get("masses", "average"))
        molecule = getattr(saddle, "mol", None)
        if start is None and molecule is not None:
            start = np.ravel(molecule.atom_coords())
        saddle = surface
    if start is None:
        raise InputError("A surface needs the geometry of its saddle: give start= in bohr.")
    x = np.asarray(start, float).ravel()
    if x.size % len(saddle.masses):
        raise InputError(
            f"start must hold as many numbers for each of {len(saddle.masses)} atoms. Got {x.size}."
        )
    return saddle, x


def _traced(
    way: Course, saddle: Stationary, law: Law, ends: bool, journal: Journal, name: str
) -> _Side:
    """One side: the march, the path as all its gradients show it, and the end."""
    status, place = journal.carry(
        name,
        irc.follow(way, saddle.energy, law),
        lambda: irc.prepare(leave(way), saddle.energy, law),
    )
    if place.arc_length == 0.0:
        why = _why([row["refused"] for row in journal.record if row["refused"]])
        end = left_open(status, saddle.x, saddle.energy, why)
        return _Side(status, nothing(saddle.x.size), end, journal.record)
    columns = frames_of(way, place, saddle.energy)
    x, energy = columns["x"][-1], float(columns["energy"][-1])
    # A check that ran out has arrived all the same, with the error that it tells.
    if not status.finished and not np.isfinite(place.astray):
        refused = [row["refused"] for row in journal.record if row["refused"]]
        return _Side(status, columns, left_open(status, x, energy, _why(refused)), journal.record)
    if not ends:
        return _Side(status, columns, left_open(status, x, energy, ""), journal.record)
    model = way.known(place).at(place.x).hessian * np.outer(way.root, way.root)
    end = end_of(
        way.surface,
        x,
        energy,
        float(columns["gradient_norm"][-1]),
        model,
        guess=place.guess,
        journal=journal,
        track=f"{name} end",
    )
    return _Side(status, columns, end, journal.record)


def _why(refused: list[str]) -> str:
    """What the last refusals were for."""
    last = refused[-1] if refused else ""
    if last.startswith("jump"):
        return (
            "The energy does not follow from the gradients there, however short the step: the "
            "calculation falls onto another electronic state, or the surface has a step."
        )
    return f"The last refusal: {last}." if last else ""


def _joined(
    surface: Surface,
    saddle: Stationary,
    proved: Saddle,
    found: dict[str, _Side],
    record: Record,
    conditions: Conditions | None,
) -> ReactionPath:
    """One film from the reverse end over the saddle to the forward end."""
    coordinates = _film(found, "x", saddle.x) * BOHR
    norm = _film(found, "gradient_norm", 0.0)
    s = _film(found, "s", 0.0, -1.0)
    ends = {name: side.end for name, side in found.items()}
    thermal: dict[str, Any] = {}
    if conditions is not None and saddle.x.size == 3 * len(surface.symbols):
        modes = (saddle.x, saddle.energy, proved)
        thermal = thermal_barriers(surface, modes, ends, conditions)
    return ReactionPath(
        surface.symbols,
        s,
        _film(found, "energy", saddle.energy),
        coordinates.reshape(len(coordinates), len(surface.masses), -1),
        norm,
        _film(found, "curvature", 0.0),
        _film(found, "error_estimate", 0.0),
        {name: side.status for name, side in found.items()},
        proved.imaginary,
        surface.about(),
        record,
        np.sign(s) * norm,
        ends,
        displacement(proved.mode, surface.masses),
        _film(found, "energy_error", 0.0),
        thermal,
    )


def _about(surface: Surface, x: Vector, options: dict[str, Any]) -> dict[str, Any]:
    """What a stored run must agree in to be gone on with."""
    return {
        "job": "chemistry irc",
        "inputs": {"symbols": list(surface.symbols), "start_bohr": x.tolist()},
        "options": {**surface.about(), **options},
        "seed": None,
        "versions": versions("scipy", "pyscf"),
    }
