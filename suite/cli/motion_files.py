"""Bodies and particles from TOML files: their keys checked by name, unknown ones refused."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from suite.cli.programs import numbers, read_program
from suite.errors import InputError

__all__ = ["bodies_of", "particle_of", "vector_of"]

ORBIT = ("G", "periods", "time", "rtol", "project", "body")
BODY = ("name", "mass", "position", "velocity")
PARTICLE = (
    *("electric", "magnetic", "position", "momentum", "charge", "mass", "c", "along"),
    *("time", "t_span", "rtol", "potential", "wave"),
)
VECTORS = ("electric", "magnetic", "position", "momentum", "along")
FUNCTIONS = ("electric", "magnetic", "potential", "wave")
"""What may be a function in a Python file."""

Settings = dict[str, Any]


def bodies_of(path: Path) -> tuple[dict[str, Any], Settings]:
    """The arguments of `Bodies` in a TOML file with G and [[body]], and its other settings."""
    settings = _toml(path, ORBIT)
    listed = settings.pop("body", None)
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise InputError(f"{path} must have a [[body]] for each body, two at least.")
    for number, one in enumerate(listed, 1):
        _check_names(one, BODY, f"{path}, body {number}")
        for key in ("mass", "position", "velocity"):
            if key not in one:
                raise InputError(f"{path}: body {number} has no {key}.")
        one["position"], one["velocity"] = (
            numbers(one[key], f"{path}: {key} of body {number}") for key in ("position", "velocity")
        )
        if len(one["position"]) != len(listed[0]["position"]) or len(one["velocity"]) != len(
            one["position"]
        ):
            raise InputError(
                f"{path}: body {number} must have a position and a velocity of as many numbers as "
                "the first body."
            )
    arguments = {
        "masses": numbers([one["mass"] for one in listed], f"{path}: mass"),
        "positions": [one["position"] for one in listed],
        "velocities": [one["velocity"] for one in listed],
        "names": tuple(str(one.get("name", i)) for i, one in enumerate(listed, 1)),
    }
    if "G" in settings:
        arguments["G"] = _number(settings.pop("G"), f"{path}: G")
    return arguments, settings


def particle_of(path: Path) -> Settings:
    """The settings of a particle in a TOML file, or by name in a Python file.

    In a Python file electric and magnetic may be functions of (t, x), and potential and wave
    functions too.
    """
    if path.suffix == ".py":
        settings = {name: value for name, value in read_program(path).items() if name in PARTICLE}
        if not settings:
            raise InputError(f"{path} defines none of {', '.join(PARTICLE)}.")
    else:
        settings = _toml(path, PARTICLE)
    for name, value in settings.items():
        what = f"{path}: {name}"
        if callable(value) and name in FUNCTIONS:
            continue
        if name in VECTORS:
            settings[name] = _three(numbers(value, what), what)
        elif name == "t_span":
            settings[name] = tuple(float(t) for t in _count(numbers(value, what), 2, what))
        else:
            settings[name] = _number(value, what)
    return settings


def vector_of(text: str, option: str) -> Any:
    """Three numbers from `1,0,0` or `1 0 0`.

    >>> vector_of("0, 0, 3", "--magnetic")
    array([0., 0., 3.])
    """
    try:
        values = [float(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise InputError(f"{option} takes three numbers, such as 1,0,0. Got {text!r}.") from None
    return _three(numbers(values, option), option) if values else _three([], option)


def _three(values: Any, what: str) -> Any:
    return _count(values, 3, what)


def _count(values: Any, count: int, what: str) -> Any:
    if len(values) != count:
        raise InputError(f"{what} must be {count} numbers. Got {np.asarray(values).tolist()}.")
    return values


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{what} must be a number. Got {value!r}.")
    return float(value)


def _toml(path: Path, names: Iterable[str]) -> Settings:
    if not path.is_file():
        raise InputError(f"{path} is no file.")
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read as a TOML file: {error}") from error
    _check_names(settings, names, str(path))
    return settings


def _check_names(settings: Mapping[str, Any], names: Iterable[str], where: str) -> None:
    names = list(names)
    for name in settings:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f" Did you mean {near[0]!r}?" if near else f" It may have {', '.join(names)}."
            raise InputError(f"{where} has the unknown key {name!r}.{hint}")
