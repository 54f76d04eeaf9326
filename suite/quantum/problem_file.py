"""The problem file: TOML with a [molecule] or [pauli] section, an [ansatz] and where to stop."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
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

    def __post_init__(self) -> None:
        if not 0.0 < self.gradient < float("inf"):
            raise InputError(f"gradient must be positive and finite. Got {self.gradient}.")
        if self.evaluations < 1:
            raise InputError(f"evaluations must be at least 1. Got {self.evaluations}.")
        if self.seed < 0:
            raise InputError(f"seed must not be negative. Got {self.seed}.")


def read_task(path: str | Path, defaults: Mapping[str, Any] | None = None) -> Task:
    """Read a problem file; raises `InputError` naming the key and the value that is wrong.

    `defaults` are used where the file is silent: ansatz, gradient, evaluations, seed, start.
    """
    defaults = defaults or {}
    path = Path(path)
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read as a TOML file: {error}") from error
    _check(settings, path)
    stop, start = settings.get("stop", {}), settings.get("start", {})
    gradient = stop.get("gradient", defaults.get("gradient", 1e-6))
    evaluations = stop.get("evaluations", defaults.get("evaluations", 500))
    _positive(gradient, "[stop] gradient", path)
    _positive(evaluations, "[stop] evaluations", path)
    repetitions = _positive(settings.get("ansatz", {}).get("repetitions", 2), "repetitions", path)
    ansatz = settings.get("ansatz", {})
    backend = settings.get("backend", {}).get("name", "exact")
    if backend != "exact":
        raise InputError(f"{path}: [backend] name must be 'exact'. Got {backend!r}.")
    problem = _problem(settings, path)
    name = ansatz.get("name", defaults.get("ansatz", "uccsd"))
    circuit = ansatz_of(name, problem, int(repetitions)) if isinstance(name, str) else name
    return Task(
        problem,
        circuit,
        name if isinstance(name, str) else "circuit",
        gradient,
        int(evaluations),
        start.get("seed", defaults.get("seed", 0)),
        _numbers(start.get("parameters", defaults.get("start")), path),
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
    if given["geometry"].lower().endswith(".xyz"):
        given["geometry"] = str(path.parent / given["geometry"])
    if "active_space" in given:
        space = given["active_space"]
        if len(space) != 2 or not all(type(part) is int for part in space):
            raise InputError(f"{path}: active_space must be [electrons, orbitals]. Got {space!r}.")
        given["active_space"] = tuple(space)
    return molecule(**given)


def _numbers(values: Any, path: Path) -> Any:
    if isinstance(values, list) and not all(type(v) in (int, float) for v in values):
        raise InputError(f"{path}: [start] parameters must be numbers. Got {values!r}.")
    return values


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
