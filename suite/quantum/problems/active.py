"""Active spaces: which orbitals the electrons that are treated exactly may use."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suite.errors import InputError

__all__ = ["ActiveSpace", "SplitShellWarning", "active_space_of"]

DEGENERATE = 1e-4
"""Orbital energies (hartree) that differ by less belong to one shell."""


class SplitShellWarning(UserWarning):
    """An active space takes a part of a degenerate shell: its symmetry is lost."""


@dataclass(frozen=True, slots=True)
class ActiveSpace:
    """`electrons` (up, down) in the `orbitals`, numbered from 0, above doubly filled `core`."""

    electrons: tuple[int, int]
    orbitals: tuple[int, ...]
    core: tuple[int, ...]


def active_space_of(
    space: Sequence[int | Sequence[int]] | None,
    electrons: tuple[int, int],
    energies: NDArray[np.float64],
) -> ActiveSpace:
    """The active space of a molecule with electrons (up, down) in orbitals of these energies.

    `space` is (electrons, orbitals) around the highest filled orbital, or (electrons, list of
    orbitals numbered from 0); None takes all. Orbitals are in the order of their filling. Raises
    `InputError` for what does not fit; warns where a degenerate shell is split.

    >>> active_space_of((2, 2), (2, 2), np.array([-2.4, -0.3, 0.1, 0.2]))
    ActiveSpace(electrons=(1, 1), orbitals=(1, 2), core=(0,))
    """
    count = len(energies)
    if space is None:
        return ActiveSpace(electrons, tuple(range(count)), ())
    active, chosen = _read(space)
    spin = electrons[0] - electrons[1]
    size = chosen if isinstance(chosen, int) else len(chosen)
    core = (sum(electrons) - active) // 2
    up = (active + spin) // 2
    inside = spin <= active <= sum(electrons) and up <= size and active > 0
    if not inside or (sum(electrons) - active) % 2 or size > count:
        raise InputError(
            f"active_space = {_text(space)} does not fit {sum(electrons)} electrons in "
            f"{count} orbitals with {spin} unpaired."
        )
    if isinstance(chosen, int):
        if core + size > count:
            raise InputError(
                f"active_space = {_text(space)} does not fit: {core} orbitals lie below it and "
                f"{count - core} remain, so it can have {sum(electrons)} electrons in "
                f"{count} orbitals."
            )
        chosen = tuple(range(core, core + size))
    found = _from_list(space, chosen, electrons, core, count, (up, active - up))
    _warn_of_split_shells(found, electrons, energies)
    return found


def _read(space: Sequence[int | Sequence[int]]) -> tuple[int, int | tuple[int, ...]]:
    if isinstance(space, Sequence) and not isinstance(space, str) and len(space) == 2:
        electrons, chosen = space
        if _whole(electrons) and _whole(chosen):
            return int(electrons), int(chosen)  # type: ignore[arg-type]
        listed = isinstance(chosen, Sequence) and not isinstance(chosen, str)
        if _whole(electrons) and listed and all(_whole(orbital) for orbital in chosen):  # type: ignore[union-attr]
            return int(electrons), tuple(int(orbital) for orbital in chosen)  # type: ignore[arg-type,union-attr]
    raise InputError(
        "active_space must be [electrons, orbitals] or [electrons, [orbital, ...]]. "
        f"Got {_text(space)}."
    )


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _from_list(
    space: Sequence[int | Sequence[int]],
    chosen: tuple[int, ...],
    electrons: tuple[int, int],
    core: int,
    count: int,
    active: tuple[int, int],
) -> ActiveSpace:
    if len(set(chosen)) < len(chosen) or not all(0 <= orbital < count for orbital in chosen):
        raise InputError(
            f"active_space = {_text(space)}: orbitals are different numbers from 0 to {count - 1}."
        )
    below = tuple(orbital for orbital in range(electrons[1]) if orbital not in chosen)
    missing_open = [o for o in range(electrons[1], electrons[0]) if o not in chosen]
    if len(below) != core or missing_open:
        filled = electrons[1] - len(below)
        unpaired = electrons[0] - electrons[1] - len(missing_open)
        raise InputError(
            f"active_space = {_text(space)}: these orbitals hold {2 * filled + unpaired} electrons"
            + (f" and leave out the singly filled {missing_open}." if missing_open else ".")
        )
    return ActiveSpace(active, tuple(sorted(chosen)), below)


def _warn_of_split_shells(
    space: ActiveSpace, electrons: tuple[int, int], energies: NDArray[np.float64]
) -> None:
    """Warn where equally filled orbitals of one energy lie on both sides of the border."""
    orbitals = np.arange(len(energies))
    filling = (orbitals < electrons[0]).astype(int) + (orbitals < electrons[1])
    outside = [int(o) for o in orbitals if o not in space.orbitals]
    for inner in space.orbitals:
        for outer in outside:
            near = abs(energies[inner] - energies[outer]) < DEGENERATE
            if near and filling[inner] == filling[outer]:
                warnings.warn(
                    f"The active space takes orbital {inner} and leaves out orbital {outer} of "
                    f"the same shell ({energies[inner]:.4f} hartree): the energy depends on how "
                    "the two were chosen. Take both or none.",
                    SplitShellWarning,
                    stacklevel=4,
                )
                return


def _text(space: object) -> str:
    if isinstance(space, list | tuple):
        return "[" + ", ".join(_text(part) for part in space) + "]"
    return repr(space)
