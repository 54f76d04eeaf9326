"""The settings of a problem file as a value: read, amended, written again."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from suite.errors import InputError
from suite.molecule import read_xyz
from suite.quantum.ansatz.circuit_file import is_circuit_file

__all__ = ["amended", "read_settings", "simulated", "to_toml", "whole"]

Settings = dict[str, Any]

_PLACES: dict[str, tuple[str, ...]] = {
    "method": ("method",),
    "ansatz": ("ansatz", "name"),
    "repetitions": ("ansatz", "repetitions"),
    "backend": ("backend", "name"),
    "shots": ("backend", "shots"),
    "max_shots": ("backend", "max_shots"),
    "max_qpu_seconds": ("backend", "max_qpu_seconds"),
    "order": ("backend", "order"),
    "overlaps": ("backend", "overlaps"),
    "mode": ("backend", "mode"),
    "resilience": ("backend", "resilience"),
    "gradient": ("stop", "gradient"),
    "evaluations": ("stop", "evaluations"),
    "seed": ("start", "seed"),
    "parameters": ("start", "parameters"),
}
"""Where an option of that name stands in a problem file."""
_FILED = ("molecule", "pauli")
"""Tables that may name a file of text."""


def read_settings(path: str | Path) -> Settings:
    """The settings of a problem file, files that it names by absolute path.

    What they mean is checked by `problem_file.read_task`. Raises `InputError` for
    what is no TOML file.
    """
    path = Path(path)
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read as a TOML file: {error}") from error
    for table, key in (("molecule", "geometry"), ("pauli", "file"), ("ansatz", "file")):
        given = settings.get(table)
        named = given.get(key) if isinstance(given, dict) else None
        if isinstance(named, str) and (key == "file" or named.lower().endswith(".xyz")):
            settings[table][key] = str((path.parent / named).absolute())
    return settings


def amended(settings: Settings, options: Mapping[str, Any]) -> Settings:
    """The settings with options in their places; an option that is None changes nothing.

    >>> amended({"stop": {"gradient": 1e-6}}, {"gradient": 1e-4, "seed": None, "method": "adam"})
    {'stop': {'gradient': 0.0001}, 'method': 'adam'}
    """
    new = {k: dict(v) if isinstance(v, dict) else v for k, v in settings.items()}
    for name, value in options.items():
        if value is None:
            continue
        *table, key = _PLACES[name]
        place = new
        for part in table:
            place = place.setdefault(part, {})
        if isinstance(place, dict):  # else the file is refused when it is read
            if name == "ansatz":
                _replace_ansatz(place, value)
            else:
                place[key] = value
    return new


def _replace_ansatz(table: dict[str, Any], value: Any) -> None:
    """A name in the place of a file, a file in that of a name and of what belongs to it."""
    if is_circuit_file(value):
        table.clear()
        table["file"] = str(Path(value).absolute())
    else:
        table.pop("file", None)
        table["name"] = value


def simulated(settings: Settings) -> Settings:
    """The settings, with the simulator as backend where shots are asked for and none is named.

    >>> simulated({"backend": {"shots": 1000}})
    {'backend': {'shots': 1000, 'name': 'simulator'}}
    """
    table = settings.get("backend")
    if not isinstance(table, dict) or not {"shots", "max_shots"} & table.keys():
        return settings
    if "name" in table:
        return settings
    return {**settings, "backend": {**table, "name": "simulator"}}


def whole(settings: Settings) -> Settings:
    """The settings with what their files hold in the place of the files' names.

    They are of the same problem, and need nothing beside them. Raises `InputError` for a file that
    cannot be read.
    """
    tables = {k: dict(v) if isinstance(v, dict) else v for k, v in settings.items()}
    # What is no table is refused when the file is read.
    atoms, sums = (each if isinstance(each := tables.get(name), dict) else {} for name in _FILED)
    geometry = atoms.get("geometry")
    if isinstance(geometry, str) and geometry.lower().endswith(".xyz"):
        found = read_xyz(geometry, charge=atoms.get("charge"), spin=atoms.get("spin"))
        rows = zip(found.symbols, found.coordinates.tolist(), strict=True)
        atoms["geometry"] = "; ".join(" ".join([s, *map(repr, row)]) for s, row in rows)
        atoms |= {"charge": found.charge, "spin": found.spin}
    if isinstance(sums.get("file"), str) and "terms" not in sums:
        path = Path(sums.pop("file"))
        try:
            sums["terms"] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path} cannot be read as text of Pauli terms: {error}") from error
    return tables


def to_toml(settings: Settings) -> str:
    """Settings as the text of a TOML file: numbers, texts, lists and tables of them.

    >>> print(to_toml({"molecule": {"geometry": "H 0 0 0", "spin": 1}, "method": "adam"}))
    method = "adam"
    <BLANKLINE>
    [molecule]
    geometry = "H 0 0 0"
    spin = 1
    <BLANKLINE>
    """
    tables = {key: value for key, value in settings.items() if isinstance(value, dict)}
    lines = [f"{_key(k)} = {_value(v)}" for k, v in settings.items() if k not in tables]
    for name, content in tables.items():
        lines += ["", f"[{_key(name)}]"]
        lines += [f"{_key(key)} = {_value(value)}" for key, value in content.items()]
    return "\n".join([*lines, ""]).lstrip("\n")


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else _text(name)


def _text(value: str) -> str:
    # TOML knows no surrogates, which JSON would write, and asks for an escape that JSON does not.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, float):
        return repr(value)  # with nan and inf as TOML spells them
    # A whole number or a truth is written alike in both languages.
    return json.dumps(value) if isinstance(value, int) else _text(str(value))
