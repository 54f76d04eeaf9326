"""Internal coordinates along a path: bond lengths, angles and dihedrals that a reader asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.ends.bonds import bonds, changed, label
from suite.errors import InputError

__all__ = ["Atoms", "along", "choose", "column", "parse", "values"]

Vector = NDArray[np.float64]
Atoms = tuple[int, ...]

FORMS = {2: "bond length", 3: "angle", 4: "dihedral"}
UNITS = {2: "angstrom", 3: "degree", 4: "degree"}
STRAIGHT = 1e-3
"""Sine of an angle below which three atoms are in line and a dihedral about them means nothing."""
LONGER = 0.05
"""Change of a bond length (angstrom) that is worth a curve."""
TURNED = 15.0
"""Change of an angle or a dihedral (degrees) that is worth a curve."""


def parse(text: str, atoms: int) -> Atoms:
    """The atoms (from 0) of a coordinate such as "1-2", "1-2-3" or "1-2-3-4", numbered from 1.

    Two are a bond length, three an angle about the middle one, four a dihedral about the middle
    two. Raises `InputError` for another form, for atoms beyond `atoms` and for one named twice.

    >>> parse("3-1-2", atoms=3)
    (2, 0, 1)
    """
    words = text.strip().split("-")
    if len(words) not in FORMS or not all(re.fullmatch(r"\s*[0-9]{1,9}\s*", w) for w in words):
        raise InputError(
            f"An internal coordinate is two, three or four atom numbers such as 1-2 (bond length), "
            f"1-2-3 (angle) or 1-2-3-4 (dihedral). Got {text!r}."
        )
    chosen = tuple(int(word) - 1 for word in words)
    outside = [i + 1 for i in chosen if not 0 <= i < atoms]
    if outside:
        raise InputError(
            f"Atom {outside[0]} of the coordinate {text!r} is not there: "
            f"the molecule's atoms go from 1 to {atoms}."
        )
    if len(set(chosen)) < len(chosen):
        raise InputError(f"The coordinate {text!r} names an atom twice: name different atoms.")
    return chosen


def values(chosen: Atoms, frames: Vector) -> Vector:
    """A coordinate along the frames [frames, atoms, 3] (angstrom): [frames].

    `chosen` two, three or four atoms (from 0), as `parse` answers them. Lengths in angstrom, angles
    in degrees, dihedrals in degrees after IUPAC (positive if clockwise from front to back) and
    without jumps of 360 from frame to frame, the first in (-180, 180]. A dihedral is not defined
    where three of its atoms are in line; such frames are filled from their neighbours, and
    `InputError` is raised where that is all of them.

    >>> bent = np.array([[[1.0, 0, 0], [0, 0, 0], [0, 2, 0]]])
    >>> values((1, 2), bent), values((0, 1, 2), bent)
    (array([2.]), array([90.]))
    """
    frames = _frames(frames)
    if len(chosen) not in FORMS:
        raise InputError(f"A coordinate has two, three or four atoms. Got {len(chosen)}.")
    points = [frames[:, i] for i in chosen]
    if len(chosen) == 2:
        return np.asarray(np.linalg.norm(points[1] - points[0], axis=1))
    if len(chosen) == 3:
        return _angles(points[0] - points[1], points[2] - points[1])
    return _dihedrals(points, chosen)


def column(symbols: Sequence[str], chosen: Atoms) -> str:
    """The name of a coordinate with its unit, as a column's heading.

    >>> column(["C", "N", "H"], (0, 2)), column(["C", "N", "H"], (2, 0, 1))
    ('C1-H3 (angstrom)', 'H3-C1-N2 (degree)')
    """
    return f"{label(symbols, chosen)} ({UNITS[len(chosen)]})"


def along(symbols: Sequence[str], chosen: Sequence[Atoms], frames: Vector) -> dict[str, Vector]:
    """Coordinates along the frames [frames, atoms, 3] (angstrom) by their column's heading."""
    return {column(symbols, atoms): values(atoms, frames) for atoms in chosen}


def choose(
    symbols: Sequence[str], reactant: Vector, product: Vector, *, most: int = 4
) -> list[Atoms]:
    """The coordinates that tell a reaction best: the bonds that change most, at most `most`.

    `reactant` and `product` [atoms, 3] in angstrom. Bonds that are formed or broken come first,
    then those whose length changes by more than 0.05 angstrom. Where no bond is formed or broken
    (a rotation, an inversion) the dihedral, or else the angle, that changes most comes before them.

    >>> hcn = np.array([[0.0, 0, 0], [1.15, 0, 0], [-1.07, 0, 0]])
    >>> hnc = np.array([[0.0, 0, 0], [1.17, 0, 0], [2.16, 0, 0]])
    >>> choose(["C", "N", "H"], hcn, hnc)
    [(1, 2), (0, 2)]
    """
    ends = _frames(np.array([reactant, product]))
    bonded = sorted(set(bonds(symbols, ends[0])) | set(bonds(symbols, ends[1])))
    if not bonded or most < 1:
        return []
    change = {pair: float(abs(np.diff(values(pair, ends))[0])) for pair in bonded}
    made = {pair for side in changed(symbols, ends[0], ends[1]) for pair in side}
    ranked = sorted(bonded, key=lambda pair: (pair not in made, -round(change[pair], 6)))
    telling: list[Atoms] = [pair for pair in ranked if pair in made or change[pair] > LONGER]
    if not made:
        telling = [*_turned(bonded, ends), *telling]
    return telling[:most] or [*ranked[:1]]


def _turned(bonded: Sequence[tuple[int, int]], ends: Vector) -> list[Atoms]:
    """The dihedral that turns most, else the angle that bends most, if any does so clearly."""
    neighbours: dict[int, list[int]] = {}
    for i, j in bonded:
        neighbours.setdefault(i, []).append(j)
        neighbours.setdefault(j, []).append(i)
    chains: list[Atoms] = [
        (i, j, k, m)
        for j, k in bonded
        for i in neighbours[j]
        for m in neighbours[k]
        if len({i, j, k, m}) == 4
    ]
    # The fourth atom out of the plane of the other three tells an inversion.
    chains += [
        (*three, centre)
        for centre, around in neighbours.items()
        for three in combinations(sorted(around), 3)
    ]
    bends: list[Atoms] = [
        (i, centre, j)
        for centre, around in neighbours.items()
        for i, j in combinations(sorted(around), 2)
    ]
    for candidates in (chains, bends):
        turns = {atoms: _turn(atoms, ends) for atoms in candidates}
        best = max(turns, key=lambda atoms: round(turns[atoms], 3), default=None)
        if best is not None and turns[best] > TURNED:
            return [best]
    return []


def _turn(atoms: Atoms, ends: Vector) -> float:
    try:
        return float(abs(np.diff(values(atoms, ends))[0]))
    except InputError:
        return 0.0


def _frames(frames: Vector) -> Vector:
    frames = np.asarray(frames, float)
    if frames.ndim != 3 or frames.shape[2] != 3 or not np.all(np.isfinite(frames)):
        raise InputError(
            f"frames must be [frames, atoms, 3] finite numbers (angstrom). Got {frames.shape}."
        )
    return frames


def _angles(a: Vector, b: Vector) -> Vector:
    """By the arc tangent, which keeps all digits near 0 and 180 degrees, where arc cosine loses."""
    across = np.linalg.norm(np.cross(a, b), axis=1)
    return np.asarray(np.degrees(np.arctan2(across, np.einsum("fi,fi->f", a, b))))


def _dihedrals(points: Sequence[Vector], chosen: Atoms) -> Vector:
    first, axis, last = (points[i + 1] - points[i] for i in range(3))
    left, right = np.cross(first, axis), np.cross(axis, last)
    length = np.linalg.norm(axis, axis=1)
    sine = np.einsum("fi,fi->f", first, right) * length
    cosine = np.einsum("fi,fi->f", left, right)
    reach = length * np.minimum(
        np.linalg.norm(left, axis=1) * np.linalg.norm(last, axis=1),
        np.linalg.norm(right, axis=1) * np.linalg.norm(first, axis=1),
    )
    scale = length**2 * np.linalg.norm(first, axis=1) * np.linalg.norm(last, axis=1)
    defined = reach > STRAIGHT * scale
    if not np.any(defined):
        raise InputError(
            f"The dihedral {'-'.join(str(i + 1) for i in chosen)} is not defined: "
            f"three of its atoms are in line all along the path. Choose an angle."
        )
    turned = np.degrees(np.unwrap(np.arctan2(sine[defined], cosine[defined])))
    frame = np.arange(len(length))
    return np.asarray(np.interp(frame, frame[defined], turned))
