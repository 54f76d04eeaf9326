"""What a scan changes: the length of a bond, or a coupling of a spin model."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from suite.errors import InputError
from suite.molecule import CLOSEST, read_xyz
from suite.quantum.asked.settings import Settings
from suite.quantum.problems.geometry_text import atoms_of

__all__ = ["coupled", "stretched", "values_of"]

_ALIASES = {"J": "coupling", "h": "field", "delta": "anisotropy", "Delta": "anisotropy"}
MOST_POINTS = 10_000
_NAMED = ("coupling", "field", "anisotropy")


def values_of(text: str, name: str) -> list[float]:
    """The values of a scan: `first:last:count`, evenly spaced, or a list with commas.

    >>> values_of("0.5:2.5:5", "--distance")
    [0.5, 1.0, 1.5, 2.0, 2.5]
    >>> values_of("0.7,0.9", "--distance")
    [0.7, 0.9]
    """
    try:
        if ":" in text:
            first, last, count = text.split(":")
            number = min(int(count), MOST_POINTS + 1)
            # Rounded, so that 0.7 is written as 0.7.
            values = [round(float(v), 10) for v in np.linspace(float(first), float(last), number)]
        else:
            values = [float(part) for part in text.split(",")]
    except (ValueError, OverflowError):
        values = []
    if len(set(values)) < max(2, len(values)) or not np.all(np.isfinite(values)):
        raise InputError(
            f"{name} takes first:last:count, such as 0.5:2.5:11, or two numbers or more with "
            f"commas, all different. Got {text!r}."
        )
    if len(values) > MOST_POINTS:
        raise InputError(f"{name} takes {MOST_POINTS:,} values at most. Got {text!r}.")
    return values


def stretched(settings: Settings, atoms: str, distance: float) -> Settings:
    """The settings with two atoms of the molecule at a distance (angstrom).

    `atoms` names them, numbered from 1, such as "1-2". The second moves along the line through
    both, and with it all atoms beyond the middle between them.
    """
    given = settings.get("molecule")
    if not isinstance(given, dict) or not isinstance(given.get("geometry"), str):
        raise InputError("--distance needs a [molecule] with a geometry; --coupling is for spins.")
    geometry: str = given["geometry"]
    molecule = {**given}
    if geometry.lower().endswith(".xyz"):
        read = read_xyz(geometry, charge=given.get("charge"), spin=given.get("spin"))
        symbols, places = list(read.symbols), read.coordinates.copy()
        # An XYZ file's own charge and spin would be lost with it.
        molecule |= {"charge": read.charge, "spin": read.spin}
    else:
        listed = atoms_of(geometry)
        symbols, places = [s for s, _ in listed], np.array([row for _, row in listed])
    i, j = _pair(atoms, len(symbols))
    if not distance > CLOSEST:
        raise InputError(f"A distance must be over {CLOSEST} angstrom. Got {distance:g}.")
    line = places[j] - places[i]
    length = float(np.linalg.norm(line))
    if length == 0.0:
        raise InputError(f"Atoms {atoms} are at the same place: there is no line to move along.")
    along = (places - places[i]) @ line / length
    places[along > length / 2.0] += (distance / length - 1.0) * line
    rows = (
        f"{symbol} {' '.join(f'{x:.10f}' for x in row)}"
        for symbol, row in zip(symbols, places.tolist(), strict=True)
    )
    return {**settings, "molecule": {**molecule, "geometry": "; ".join(rows)}}


def _pair(atoms: str, count: int) -> tuple[int, int]:
    found = re.fullmatch(r"\s*(\d+)\s*-\s*(\d+)\s*", atoms)
    pair = (int(found[1]), int(found[2])) if found else (0, 0)
    if pair[0] == pair[1] or not all(1 <= number <= count for number in pair):
        raise InputError(
            f"--atoms takes two different atoms of 1 to {count}, such as 1-2. Got {atoms!r}."
        )
    return pair[0] - 1, pair[1] - 1


def coupled(settings: Settings, name: str, value: float) -> Settings:
    """The settings with a coupling of the spin model at a value.

    `name` is a key of [spin_model] (J, h and delta will do for coupling, field and anisotropy), or
    of a custom model the letters of a coupling or a field, such as "ZZ".
    """
    model = settings.get("spin_model")
    if not isinstance(model, dict):
        raise InputError("--coupling needs a [spin_model]; --distance is for a [molecule].")
    for table in ("couplings", "fields"):
        inner = model.get(table)
        if isinstance(inner, dict) and name in inner:
            return {**settings, "spin_model": {**model, table: {**inner, name: value}}}
    key = _ALIASES.get(name, name)
    if key not in _NAMED or "couplings" in model:
        raise InputError(f"The spin model has no coupling {name!r}.{_near(name, _known(model))}")
    return {**settings, "spin_model": {**model, key: value}}


def _known(model: dict[str, Any]) -> list[str]:
    inner = [key for table in ("couplings", "fields") for key in model.get(table) or ()]
    return inner or [*_NAMED, *_ALIASES]


def _near(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f" Did you mean {near[0]!r}?" if near else f" Known are {', '.join(known)}."
