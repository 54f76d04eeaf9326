"""The frames of one side of a path: what its final surrogate says there, and how surely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.following import irc
from suite.chemistry.following.check import MISTRUST, doubts
from suite.chemistry.following.course import Course, Place
from suite.chemistry.following.descent import Descent
from suite.chemistry.following.projected import transverse
from suite.chemistry.following.surrogate import OTHER
from suite.chemistry.stationary.modes import internal_projector

__all__ = ["frames_of", "nothing", "spin_square"]

Vector = NDArray[np.float64]

SPACING = 0.04
"""Smallest distance of two frames, amu^1/2 bohr."""
PURE = 1e-6
"""A deviation of <S^2> from S(S+1) that is no contamination but rounding."""
FLOOR = 0.1
"""The share of the accuracy below which no error is claimed."""


def frames_of(way: Course, place: Place, saddle: float) -> dict[str, Vector]:
    """The side's path on the final surrogate: x [frames, n] in bohr, energy in hartree."""
    path, error, _ = doubts(way, place)
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
    away = np.maximum.accumulate(error)[kept] + FLOOR * way.accuracy
    return {
        "s": np.array([p.arc_length for p in points]),
        "x": np.array([p.x / way.root for p in points]),
        "energy": np.array([p.local.energy + saddle for p in points]),
        "gradient_norm": norms,
        "curvature": np.linalg.norm(across, axis=1) / np.maximum(norms, 1e-300),
        "error_estimate": away,
        "energy_error": _energy_error(way, place, points, away),
        "tangent": tangents,
    }


def nothing(size: int) -> dict[str, Vector]:
    """The columns of a side that never left the saddle."""
    names = ("s", "energy", "gradient_norm", "curvature", "error_estimate", "energy_error")
    return {
        "x": np.zeros((0, size)),
        "tangent": np.zeros((0, size)),
        **{name: np.zeros(0) for name in names},
    }


def spin_square(
    rows: Iterable[Mapping[str, Any]], s: Vector, unpaired: int, sides: Mapping[str, int]
) -> Vector | None:
    """<S^2> at each s [frames], between the gradients that the walk of both sides paid for.

    `rows` are the record's, `sides` the sign of s by track. None where no row has one, or where all
    are S(S+1) of so many `unpaired` electrons: closed shells, restricted open shells.

    >>> row = {"track": "up", "phase": "walk", "accepted": True}
    >>> rows = [row | {"notes": {"s": s, "spin_square": 0.76 + 0.1 * s}} for s in (0.2, 0.4)]
    >>> [round(float(v), 3) for v in spin_square(rows, np.array([0.2, 0.3, 0.5]), 1, {"up": 1})]
    [0.78, 0.79, 0.8]
    """
    from scipy.interpolate import Akima1DInterpolator

    # What the check buys lies inside the path, while its row tells where the path ends.
    known = {
        sides[row["track"]] * row["notes"]["s"]: row["notes"]["spin_square"]
        for row in rows
        if row["track"] in sides and row["accepted"] and row["phase"] == irc.WALK
        if np.isfinite(row["notes"].get("spin_square", np.nan))
    }
    at = np.array(sorted(known))
    values = np.array([known[place] for place in at])
    pure = 0.5 * unpaired * (0.5 * unpaired + 1.0)
    if not np.any(np.abs(values - pure) > PURE):
        return None
    if len(at) < 2:
        return np.full(len(s), values[0])
    return np.asarray(Akima1DInterpolator(at, values)(np.clip(s, at[0], at[-1])))


def _energy_error(way: Course, place: Place, points: list[Descent], away: Vector) -> Vector:
    """How far the energy of each point may be from the true path's nearest by, hartree.

    What a second surrogate says otherwise there, mistrusted as the path itself is, and what a
    distance d across the path costs at most: k d²/2, k being the stiffest curvature across it.
    Along the path a distance is no error of the profile, and across it the slope is zero.
    """
    other = way.known(place, OTHER)
    differ = np.array([abs(p.local.energy - other.at(p.x).energy) for p in points])
    stiffest = []
    for point in points:
        projector = internal_projector(point.x / way.root, way.surface.masses)
        across_it, _ = transverse(point.local.hessian, point.local.gradient, projector)
        stiffest.append(max(across_it[-1], 0.0) if across_it.size else 0.0)
    return np.asarray(MISTRUST * differ + 0.5 * np.array(stiffest) * away**2)


def _tangent(gradient: Vector) -> Vector:
    return -gradient / max(float(np.linalg.norm(gradient)), 1e-300)
