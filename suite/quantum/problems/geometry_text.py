"""Geometries written in one line, as in a problem file."""

from __future__ import annotations

import re

import numpy as np

from suite.errors import InputError

__all__ = ["Atoms", "atoms_of"]

Atoms = list[tuple[str, tuple[float, ...]]]


def atoms_of(text: str) -> Atoms:
    """Atoms from "H 0 0 0; H 0 0 0.735" (angstrom); one a line will do as well.

    Raises `InputError` naming the atom that cannot be read.

    >>> atoms_of("H 0 0 0; H 0 0 0.735")
    [('H', (0.0, 0.0, 0.0)), ('H', (0.0, 0.0, 0.735))]
    """
    atoms: Atoms = []
    for number, part in enumerate((p for p in re.split(r"[;\n]", text) if p.strip()), 1):
        words = part.replace(",", " ").split()
        try:
            row = tuple(float(word) for word in words[1:])
        except ValueError:
            row = ()
        known = re.fullmatch(r"[A-Za-z]{1,2}\d*", words[0]) if words else None
        if len(row) != 3 or not np.all(np.isfinite(row)) or not known:
            raise InputError(
                f"Atom {number} of the geometry must be an element and three numbers in "
                f"angstrom. Got {part.strip()!r}."
            )
        atoms.append((words[0], row))
    if not atoms:
        raise InputError('The geometry has no atoms; write it like "H 0 0 0; H 0 0 0.735".')
    return atoms
