"""The problem file: TOML with a [molecule] or [pauli] section, an [ansatz] and where to stop."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite.errors import InputError
from suite.quantum.ansatz import ansatz_of
from suite.quantum.hamiltonian import Problem, molecule, pauli_sum

__all__ = ["Task", "read_task"]

_KEYS: dict[str, dict[str, type]] = {
    "molecule": {
        "geometry": str,
        "basis": str,
        "charge": int,
        "spin": int,
        "active_space": list,
    },
    "pauli": {"terms": list},
    "ansatz": {"name": str, "repetitions": int},
    "backend": {"name": str},
    "stop": {"gradient": float, "evaluations": int},
    "start": {"seed": int, "parameters": list},
}


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A problem with its circuit, the name of its ansatz, and where to start and stop."""

    problem: Problem
    circuit: Any
    ansatz: str
    gradient: float
    evaluations: int
    seed: int
    start: Any = None


def read_task(path: str | Path) -> Task:
    """Read a problem file; raises `InputError` naming the key and the value that is wrong."""
    path = Path(path)
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read as a TOML file: {error}") from error
    _check(settings, path)
    stop, start = settings.get("stop", {}), settings.get("start", {})
    gradient = _positive(stop.get("gradient", 1e-6), "[stop] gradient", path)
    evaluations = _positive(stop.get("evaluations", 500), "[stop] evaluations", path)
    ansatz = settings.get("ansatz", {})
    backend = settings.get("backend", {}).get("name", "exact")
    if backend != "exact":
        raise InputError(f"{path}: [backend] name must be 'exact'. Got {backend!r}.")
    problem = _problem(settings, path)
    name = ansatz.get("name", "uccsd")
    return Task(
        problem,
        ansatz_of(name, problem, ansatz.get("repetitions", 2)),
        name,
        gradient,
        int(evaluations),
        start.get("seed", 0),
        start.get("parameters"),
    )


def _problem(settings: dict[str, Any], path: Path) -> Problem:
    if ("molecule" in settings) == ("pauli" in settings):
        raise InputError(f"{path} must have exactly one of [molecule] and [pauli].")
    if "pauli" in settings:
        terms = settings["pauli"].get("terms", [])
        if not all(isinstance(term, list) and len(term) == 2 for term in terms):
            raise InputError(f'{path}: [pauli] terms must be pairs like ["ZZ", -1.0].')
        return pauli_sum(terms)
    given = dict(settings["molecule"])
    if "geometry" not in given:
        raise InputError(f'{path}: [molecule] needs a geometry, like "H 0 0 0; H 0 0 0.735".')
    if given["geometry"].endswith(".xyz"):
        given["geometry"] = str(path.parent / given["geometry"])
    if "active_space" in given:
        space = given["active_space"]
        if len(space) != 2 or not all(type(part) is int for part in space):
            raise InputError(f"{path}: active_space must be [electrons, orbitals]. Got {space!r}.")
        given["active_space"] = tuple(space)
    return molecule(**given)


def _positive(value: float, name: str, path: Path) -> float:
    if not value > 0:
        raise InputError(f"{path}: {name} must be positive. Got {value}.")
    return value


def _check(settings: dict[str, Any], path: Path) -> None:
    """Refuse unknown sections and keys by name, and values of the wrong type."""
    for section, content in settings.items():
        if section not in _KEYS or not isinstance(content, dict):
            raise InputError(f"{path}: there is no [{section}].{_nearest(section, _KEYS)}")
        for key, value in content.items():
            if key not in _KEYS[section]:
                near = _nearest(key, _KEYS[section])
                raise InputError(f"{path}: [{section}] has no {key!r}.{near}")
            wanted = _KEYS[section][key]
            number = wanted is float and type(value) is int
            if not number and type(value) is not wanted:
                raise InputError(
                    f"{path}: [{section}] {key} must be of type {wanted.__name__}. Got {value!r}."
                )


def _nearest(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f" Did you mean {near[0]!r}?" if near else f" Known are {', '.join(known)}."
