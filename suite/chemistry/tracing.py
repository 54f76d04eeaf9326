"""The whole job: saddle, both sides on the core, their ends, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from suite.chemistry import irc
from suite.chemistry.barriers import Conditions, thermal_barriers
from suite.chemistry.ends import End, end_of, left_open
from suite.chemistry.journal import Journal
from suite.chemistry.modes import displacement
from suite.chemistry.path import SIDES, ReactionPath
from suite.chemistry.saddle import Saddle, refine
from suite.chemistry.stationary import Stationary
from suite.chemistry.surfaces import (
    PySCFSurface,
    Surface,
    pyscf_surface,
    stability,
    surface_of,
)
from suite.chemistry.surfaces.masses import Masses
from suite.core import Attempt, Record, Status, Store
from suite.core.control import Law
from suite.core.versions import versions
from suite.errors import InputError
from suite.molecule import BOHR, Molecule, read_xyz

__all__ = ["Level", "surface_and_start", "trace"]

Vector = NDArray[np.float64]
Watch = Callable[[str, Attempt], object]

SPACING = 0.04
"""Smallest distance of two frames, amu^1/2 bohr."""
FLOOR = 0.1
"""The share of the accuracy below which no error is claimed."""


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
    mode: int | None = None,
    ends: bool = True,
    conditions: Conditions = (298.15, 101325.0),
    jobs: int = 1,
    law: Law | None = None,
    store: str | Path | None = None,
    observe: tuple[Watch, ...] = (),
    **level: Unpack[Level],
) -> ReactionPath:
    """Trace both sides of a reaction path from its transition state, or from a guess of one.

    `saddle` is an XYZ file, a `Molecule`, a PySCF object, or a `Surface` with its geometry `start`
    [n] in bohr. What is no saddle yet is refined along `mode` (from 1, the lowest). `accuracy` is
    the largest allowed distance from the true path, amu^1/2 bohr. `ends` asks for the ends to be
    optimised and proved, and for thermochemistry at `conditions` (K, Pa). `jobs` of 2 traces both
    sides at once. `store` is a folder that keeps the run; called again with the same inputs it
    goes on where it was. `observe` functions are called with the track and each attempt. Raises
    `InputError` where no saddle is found.

    >>> from suite.chemistry.surfaces import MullerBrown
    >>> path = trace(MullerBrown(), start=np.array([-0.822001559, 0.624312803]))
    >>> path.ends["forward"].kind
    'minimum'
    """
    if not 0.0 < accuracy < np.inf:
        raise InputError(f"accuracy must be positive (amu^1/2 bohr). Got {accuracy}.")
    surface, x = surface_and_start(saddle, method, basis, charge, spin, start, level)
    law = law or irc.LAW
    with ExitStack() as stack:
        kept = None
        if store is not None:
            options = {"accuracy": accuracy, "mode": mode, "ends": ends, "law": repr(law)}
            about = _about(surface, x, options)
            kept = stack.enter_context(Store(store, about, kinds=(irc.Place, Stationary)))
        journal = Journal(Record(), kept, observe)
        place, proved = refine(surface, x, mode=mode, journal=journal)

        def side(name: str) -> _Side:
            way = irc.course(surface, place.x, proved, SIDES[name], accuracy)
            return _traced(way, place, law, ends, Journal(Record(), kept, observe), name)

        with ThreadPoolExecutor(max_workers=max(1, min(jobs, 2))) as pool:
            found = dict(zip(SIDES, pool.map(side, SIDES), strict=True))
    for one in found.values():
        for row in one.record:
            journal.record.append(row)
    joined = _joined(surface, place, proved, found, journal.record, conditions if ends else None)
    return replace(joined, remarks=_remarks(surface, place, found, accuracy))


def _remarks(
    surface: Surface, saddle: Stationary, found: dict[str, _Side], accuracy: float
) -> tuple[str, ...]:
    """What a reader should know beside the numbers."""
    told = []
    if isinstance(surface, PySCFSurface):
        told.append(stability(surface, saddle.x, saddle.guess).sentence)
    for name, side in found.items():
        error = float(side.columns["error_estimate"].max())
        if side.status.finished and error > 1.5 * accuracy:
            told.append(f"The {name} side may be {error:.3f} amu^1/2 bohr off, more than asked.")
        if side.status == Status.OUT_OF_ATTEMPTS:
            told.append(
                f"The {name} side is good to {error:.3f} amu^1/2 bohr; what was asked for was not "
                f"reached with the gradients that its check may buy."
            )
    return tuple(sentence for sentence in told if sentence)


def surface_and_start(
    saddle: Any,
    method: str,
    basis: str,
    charge: int | None,
    spin: int | None,
    start: Vector | None,
    level: Level,
) -> tuple[Surface, Vector]:
    """The surface that is asked for, and the geometry [n] (bohr) to start from."""
    if isinstance(saddle, str | Path):
        saddle = read_xyz(saddle, charge=charge, spin=spin)
    if isinstance(saddle, Molecule):
        return pyscf_surface(saddle, method, basis, **level), saddle.coordinates.ravel() / BOHR
    if not hasattr(saddle, "measure"):
        surface = surface_of(saddle, masses=level.get("masses", "average"))
        molecule = getattr(saddle, "mol", None)
        if start is None and molecule is not None:
            start = np.ravel(molecule.atom_coords())
        saddle = surface
    if start is None:
        raise InputError("A surface needs the geometry of its saddle: give start= in bohr.")
    return saddle, np.asarray(start, float).ravel()


def _traced(
    way: irc.Course, saddle: Stationary, law: Law, ends: bool, journal: Journal, name: str
) -> _Side:
    """One side: the march, the path as all its gradients show it, and the end."""
    status, place = journal.carry(
        name,
        irc.follow(way, saddle.energy, law),
        lambda: irc.prepare(irc.leave(way, saddle.guess), saddle.energy, law),
    )
    columns = _columns(way, place, saddle.energy)
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


def _columns(way: irc.Course, place: irc.Place, saddle: float) -> dict[str, Vector]:
    """The side's path on the final surrogate: x [frames, n] in bohr, energy in hartree."""
    path, error, _ = irc.doubts(way, place)
    kept, last = [], 0.0
    for k, point in enumerate(path):
        if point.arc_length - last >= SPACING and path[-1].arc_length - point.arc_length >= SPACING:
            kept.append(k)
            last = point.arc_length
    kept.append(len(path) - 1)
    points = [path[k] for k in kept]
    tangents = np.array([_tangent(p.local.gradient) for p in points])
    turns = np.array([p.local.hessian @ t for p, t in zip(points, tangents, strict=True)])
    across = turns - tangents * np.einsum("pn,pn->p", turns, tangents)[:, None]
    norms = np.array([float(np.linalg.norm(p.local.gradient)) for p in points])
    return {
        "s": np.array([p.arc_length for p in points]),
        "x": np.array([p.x / way.root for p in points]),
        "energy": np.array([p.local.energy + saddle for p in points]),
        "gradient_norm": norms,
        "curvature": np.linalg.norm(across, axis=1) / np.maximum(norms, 1e-300),
        "error_estimate": np.maximum.accumulate(error)[kept] + FLOOR * way.accuracy,
    }


def _tangent(gradient: Vector) -> Vector:
    return -gradient / max(float(np.linalg.norm(gradient)), 1e-300)


def _joined(
    surface: Surface,
    saddle: Stationary,
    proved: Saddle,
    found: dict[str, _Side],
    record: Record,
    conditions: Conditions | None,
) -> ReactionPath:
    """One film from the reverse end over the saddle to the forward end."""
    back, onward = found["reverse"].columns, found["forward"].columns

    def column(name: str, middle: Any, sign: float = 1.0) -> Vector:
        parts = [sign * back[name][::-1], np.asarray(middle)[None], onward[name]]
        return np.concatenate(parts)

    coordinates = column("x", saddle.x) * BOHR
    norm = column("gradient_norm", 0.0)
    s = column("s", 0.0, -1.0)
    ends = {name: side.end for name, side in found.items()}
    thermal: dict[str, Any] = {}
    if conditions is not None and saddle.x.size == 3 * len(surface.symbols):
        modes = (saddle.x, saddle.energy, proved)
        thermal = thermal_barriers(surface, modes, ends, conditions)
    return ReactionPath(
        surface.symbols,
        s,
        column("energy", saddle.energy),
        coordinates.reshape(len(coordinates), len(surface.masses), -1),
        norm,
        column("curvature", 0.0),
        column("error_estimate", 0.0),
        {name: side.status for name, side in found.items()},
        proved.imaginary,
        surface.about(),
        record,
        np.sign(s) * norm,
        ends,
        displacement(proved.mode, surface.masses),
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
