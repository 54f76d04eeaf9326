"""The rotational symmetry number: how many rotations bring a rigid molecule onto itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from suite.errors import InputError

__all__ = ["rotational_symmetry_number"]

Vector = NDArray[np.float64]
Kinds = NDArray[np.intp]


def rotational_symmetry_number(
    symbols: Sequence[str],
    coordinates: Vector,
    *,
    tolerance: float = 0.02,
    mode: Vector | None = None,
) -> int:
    """The number of rotations that only exchange atoms of the same element.

    `coordinates` [atoms, 3] in any unit, `tolerance` in the same: how far an atom may be from the
    one it falls on. Isotopes count as the same element. Two atoms out of line are laid upon every
    pair like them, so the cost is that of atoms⁴ at worst, far less where elements differ.

    With a `mode` [atoms, 3] of a saddle, only rotations that leave it as it is count: those that
    turn it round exchange the two sides of a reaction and are none of its symmetries (Pollak and
    Pechukas, J. Am. Chem. Soc. 100, 2984 (1978)).

    >>> water = np.array([[0.0, 0.0, 0.1], [0.0, 0.76, -0.5], [0.0, -0.76, -0.5]])
    >>> rotational_symmetry_number(["O", "H", "H"], water)
    2
    """
    place = np.asarray(coordinates, float)
    if place.shape != (len(symbols), 3) or not np.all(np.isfinite(place)):
        raise InputError(
            f"coordinates must be {(len(symbols), 3)} finite numbers. Got shape {place.shape}."
        )
    place = place - place.mean(axis=0)
    kinds = np.array([list(symbols).index(s) for s in symbols])
    radius = np.linalg.norm(place, axis=1)
    if radius.max() <= tolerance:
        return 1
    # Of the atoms off the centre, those of the rarest kind have the fewest images to try.
    first = _rarest(kinds, radius, radius > tolerance, tolerance)
    axis = place[first] / radius[first]
    aside = np.linalg.norm(place - np.outer(place @ axis, axis), axis=1)
    if aside.max() <= tolerance:
        turned = _same(-place, place, kinds, tolerance)
        return 1 + int(turned and _keeps(mode, -place, place, -np.eye(3)))
    second = _rarest(kinds, radius, aside > 0.3 * aside.max(), tolerance)
    found: list[Vector] = []
    for i in _like(first, kinds, radius, tolerance):
        for j in _like(second, kinds, radius, tolerance):
            if abs(_apart(place, i, j) - _apart(place, first, second)) > 2.0 * tolerance:
                continue
            turn = _frame(place[i], place[j]) @ _frame(place[first], place[second]).T
            turned = place @ turn.T
            if not (_same(turned, place, kinds, tolerance) and _is_new(turn, found)):
                continue
            if _keeps(mode, turned, place, turn):
                found.append(turn)
    return len(found)


def _rarest(kinds: Kinds, radius: Vector, allowed: NDArray[np.bool_], tolerance: float) -> int:
    candidates = np.flatnonzero(allowed)
    images = [len(_like(int(i), kinds, radius, tolerance)) for i in candidates]
    return int(candidates[np.argmin(images)])


def _like(atom: int, kinds: Kinds, radius: Vector, tolerance: float) -> list[int]:
    """Atoms of the same element at the same distance from the centre."""
    alike = (kinds == kinds[atom]) & (np.abs(radius - radius[atom]) <= tolerance)
    return [int(i) for i in np.flatnonzero(alike)]


def _apart(place: Vector, i: int, j: int) -> float:
    return float(np.linalg.norm(place[i] - place[j]))


def _frame(a: Vector, b: Vector) -> Vector:
    """A right-handed frame [3, 3] in columns, from two directions."""
    normal = np.cross(a, b)
    length = np.linalg.norm(normal)
    if length < 1e-9:
        return np.zeros((3, 3))
    along, across = a / np.linalg.norm(a), normal / length
    return np.column_stack([along, across, np.cross(along, across)])


def _same(turned: Vector, place: Vector, kinds: Kinds, tolerance: float) -> bool:
    """Whether every atom falls on one of its own element."""
    apart = np.linalg.norm(turned[:, None] - place, axis=2)
    apart[kinds[:, None] != kinds] = np.inf
    return bool(apart.min(axis=1).max() <= tolerance)


def _keeps(mode: Vector | None, turned: Vector, place: Vector, turn: Vector) -> bool:
    """Whether a rotation [3, 3] leaves the displacements of a mode as they are."""
    if mode is None:
        return True
    lands = np.argmin(np.linalg.norm(turned[:, None] - place, axis=2), axis=1)
    return float(np.sum((mode @ turn.T) * mode[lands])) > 0.0


def _is_new(turn: Vector, found: list[Vector]) -> bool:
    return all(float(np.max(np.abs(turn - other))) > 0.1 for other in found)
