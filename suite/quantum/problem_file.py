"""The problem file: TOML with a molecule, Pauli terms or a spin model, an ansatz, where to stop."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite.errors import InputError
from suite.quantum.ansatz import ANSATZE, Ansatz, ansatz_of
from suite.quantum.hamiltonian import Problem, molecule, pauli_sum
from suite.quantum.spins import chain, grid, heisenberg, ring, spin_model, tfim, xxz

__all__ = ["Task", "read_task"]

Settings = dict[str, Any]

_NUMBERS = (int, float, list)
_KEYS: dict[str, dict[str, tuple[type, ...]]] = {
    "molecule": {
        "geometry": (str,),
        "basis": (str,),
        "charge": (int,),
        "spin": (int,),
        "active_space": (list,),
    },
    "pauli": {"terms": (list, str), "file": (str,)},
    "spin_model": {
        "name": (str,),
        "lattice": (str,),
        "sites": (int, list),
        "periodic": (bool,),
        "bonds": (list,),
        "coupling": _NUMBERS,
        "anisotropy": _NUMBERS,
        "field": _NUMBERS,
        "couplings": (dict,),
        "fields": (dict,),
    },
    "ansatz": {
        "name": (str,),
        "repetitions": (int,),
        "entanglement": (str,),
        "rotations": (list,),
        "entanglers": (list,),
    },
    "backend": {
        "name": (str,),
        "shots": (int,),
        "max_shots": (int,),
        "max_qpu_seconds": (float,),
    },
    "stop": {"gradient": (float,), "evaluations": (int,)},
    "start": {"seed": (int,), "parameters": (list,)},
}
_TOP: dict[str, tuple[type, ...]] = {"method": (str,)}
_PROBLEMS = ("molecule", "pauli", "spin_model")
_MODELS = {
    "tfim": ("coupling", "field"),
    "heisenberg": ("coupling", "field"),
    "xxz": ("coupling", "anisotropy", "field"),
    "custom": ("couplings", "fields"),
}
_LATTICES = ("chain", "ring", "grid")


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A problem with its ansatz, where to start and stop, and what is to run it.

    `circuit` may be given as an `Ansatz`, which is then unpacked: `excitations` are its own, and
    `ansatz` the name. `method`, `shots` and the two limits are None where nobody chose.
    """

    problem: Problem
    circuit: Any
    ansatz: str
    gradient: float
    evaluations: int
    seed: int
    start: Any = None
    method: str | None = None
    backend: str = "exact"
    shots: int | None = None
    max_shots: int | None = None
    max_qpu_seconds: float | None = None
    excitations: Any = None

    def __post_init__(self) -> None:
        if isinstance(self.circuit, Ansatz):
            object.__setattr__(self, "excitations", self.circuit.excitations)
            object.__setattr__(self, "circuit", self.circuit.circuit)
        if not 0.0 < self.gradient < float("inf"):
            raise InputError(f"gradient must be positive and finite. Got {self.gradient}.")
        if self.evaluations < 1:
            raise InputError(f"evaluations must be at least 1. Got {self.evaluations}.")
        if self.seed < 0:
            raise InputError(f"seed must not be negative. Got {self.seed}.")
        for name in ("shots", "max_shots", "max_qpu_seconds"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise InputError(f"{name} must be positive and finite. Got {value}.")


def read_task(
    path: str | Path,
    defaults: Mapping[str, Any] | None = None,
    backends: Sequence[str] | None = ("exact",),
) -> Task:
    """Read a problem file; raises `InputError` naming the key and the value that is wrong.

    `defaults` are used where the file is silent: ansatz, repetitions, gradient, evaluations, seed,
    start, method, backend, shots, max_shots, max_qpu_seconds. A backend that is not among
    `backends` is refused; None leaves that to whoever opens it.
    """
    path = Path(path)
    settings = _read(path)
    _check(settings, path)
    tables = {name: settings.get(name, {}) for name in _KEYS}
    given = {k: v for k, v in (defaults or {}).items() if v is not None}
    stop = {"gradient": 1e-6, "evaluations": 500} | _only(given, "stop") | tables["stop"]
    for name, value in stop.items():
        _positive(value, f"[stop] {name}", path)
    backend = {"name": given.get("backend", "exact")} | _only(given, "backend") | tables["backend"]
    _check_backend(backend, backends, path)
    start = {"seed": 0, "parameters": given.get("start")} | _only(given, "start") | tables["start"]
    _check_numbers(tables["start"].get("parameters", []), "[start] parameters", path)
    # An unknown name is refused before the problem is solved for its exact energy.
    form = {"name": given.get("ansatz", "uccsd"), "repetitions": 2}
    form |= _only(given, "ansatz", ("repetitions",)) | tables["ansatz"]
    _check_ansatz(form, path)
    problem = _problem(settings, path)
    made = ansatz_of(form.pop("name"), problem, form.pop("repetitions"), **form)
    return Task(
        problem,
        made,
        made.name,
        float(stop["gradient"]),
        int(stop["evaluations"]),
        start["seed"],
        start["parameters"],
        settings.get("method", given.get("method")),
        backend.pop("name"),
        **backend,
    )


def _read(path: Path) -> Settings:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read as a TOML file: {error}") from error


def _only(given: Mapping[str, Any], table: str, names: Sequence[str] | None = None) -> Settings:
    """The defaults that have a key of the same name in this table."""
    wanted = names or [key for key in _KEYS[table] if key != "name"]
    return {key: given[key] for key in wanted if key in given}


def _problem(settings: Settings, path: Path) -> Problem:
    present = [name for name in _PROBLEMS if name in settings]
    if len(present) != 1:
        raise InputError(f"{path} must have exactly one of [molecule], [pauli] and [spin_model].")
    makers = {"molecule": _molecule, "pauli": _pauli, "spin_model": _spin_model}
    return makers[present[0]](dict(settings[present[0]]), path)


def _molecule(given: Settings, path: Path) -> Problem:
    if "geometry" not in given:
        raise InputError(f'{path}: [molecule] needs a geometry, like "H 0 0 0; H 0 0 0.735".')
    if given["geometry"].lower().endswith(".xyz"):
        given["geometry"] = str(path.parent / given["geometry"])
    return molecule(**given)


def _pauli(given: Settings, path: Path) -> Problem:
    if ("terms" in given) == ("file" in given):
        raise InputError(f"{path}: [pauli] must have exactly one of terms and file.")
    if "terms" in given:
        return pauli_sum(given["terms"])
    other = path.parent / given["file"]
    try:
        return pauli_sum(other.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{other} cannot be read as text of Pauli terms: {error}") from error


def _spin_model(given: Settings, path: Path) -> Problem:
    name = given.pop("name", None)
    if name not in _MODELS:
        raise InputError(
            f"{path}: [spin_model] name must be one of {', '.join(_MODELS)}. Got {name!r}."
            + _nearest(str(name), _MODELS, quiet=True)
        )
    bonds, count = _bonds(given, path)
    for key in given:
        if key not in _MODELS[name]:
            raise InputError(
                f"{path}: [spin_model] {name} has no {key!r}; it takes {', '.join(_MODELS[name])}."
            )
    if name == "custom":
        return spin_model(bonds, given.get("couplings", {}), given.get("fields"), count)
    for key, value in given.items():
        _check_numbers(value, f"[spin_model] {key}", path)
    makers: Mapping[str, Any] = {"tfim": tfim, "heisenberg": heisenberg, "xxz": xxz}
    return makers[name](bonds, **given)


def _bonds(given: Settings, path: Path) -> tuple[list[Any], int | None]:
    """The bonds of a lattice or of a list, and the number of sites where it was given."""
    sites, periodic = given.pop("sites", None), given.pop("periodic", False)
    lattice = given.pop("lattice", "chain")
    if "bonds" in given:
        bonds = given.pop("bonds")
        if not all(isinstance(bond, list) for bond in bonds):
            raise InputError(f"{path}: [spin_model] bonds must be pairs like [0, 1].")
        return bonds, sites if isinstance(sites, int) else None
    if lattice not in _LATTICES:
        raise InputError(
            f"{path}: [spin_model] lattice must be one of {', '.join(_LATTICES)}. Got {lattice!r}."
        )
    if sites is None:
        raise InputError(f"{path}: [spin_model] needs sites (or bonds, a list like [[0, 1]]).")
    if lattice == "grid":
        if not isinstance(sites, list) or len(sites) != 2:
            raise InputError(f"{path}: a grid's sites are [rows, columns]. Got {sites!r}.")
        return list(grid(*sites, periodic=periodic)), None
    if isinstance(sites, list):
        raise InputError(f"{path}: the sites of a {lattice} are one number. Got {sites!r}.")
    return (ring if lattice == "ring" or periodic else chain)(sites), None


def _check_ansatz(form: Settings, path: Path) -> None:
    name = form["name"]
    if isinstance(name, str) and name not in ANSATZE:
        raise InputError(
            f"{path}: [ansatz] name must be one of {', '.join(ANSATZE)}. Got {name!r}."
            + _nearest(name, ANSATZE, quiet=True)
        )
    _positive(form["repetitions"], "[ansatz] repetitions", path)
    for key in ("rotations", "entanglers"):
        if not all(isinstance(gate, str) for gate in form.get(key, [])):
            raise InputError(f"{path}: [ansatz] {key} must be names of gates. Got {form[key]!r}.")


def _check_backend(backend: Settings, known: Sequence[str] | None, path: Path) -> None:
    for name in ("shots", "max_shots", "max_qpu_seconds"):
        if name in backend:
            _positive(backend[name], f"[backend] {name}", path)
    if known is not None and backend["name"] not in known:
        allowed = " or ".join(repr(name) for name in known)
        raise InputError(f"{path}: [backend] name must be {allowed}. Got {backend['name']!r}.")


def _check_numbers(values: Any, name: str, path: Path) -> None:
    some = values if isinstance(values, list) else [values]
    if not all(type(value) in (int, float) for value in some):
        raise InputError(f"{path}: {name} must be numbers. Got {values!r}.")


def _positive(value: float, name: str, path: Path) -> None:
    if not 0 < value < float("inf"):
        raise InputError(f"{path}: {name} must be positive and finite. Got {value}.")


def _check(settings: Settings, path: Path) -> None:
    """Refuse unknown tables and keys by name, and values of the wrong type."""
    for name, content in settings.items():
        if name in _TOP:
            _check_type(content, _TOP[name], name, path)
        elif name not in _KEYS:
            what = f"table [{name}]" if isinstance(content, dict) else f"key {name!r}"
            near = _nearest(name, [*_KEYS, *_TOP])
            raise InputError(f"{path}: there is no {what}.{near}")
        elif not isinstance(content, dict):
            raise InputError(f"{path}: {name} must be a table, [{name}]. Got {content!r}.")
        else:
            _check_table(name, content, path)


def _check_table(table: str, content: Settings, path: Path) -> None:
    for key, value in content.items():
        if key not in _KEYS[table]:
            near = _nearest(key, _KEYS[table])
            raise InputError(f"{path}: [{table}] has no {key!r}.{near}")
        _check_type(value, _KEYS[table][key], f"[{table}] {key}", path)


def _check_type(value: Any, wanted: tuple[type, ...], name: str, path: Path) -> None:
    # A whole number will do for a real one; true and false are no numbers.
    if type(value) in wanted or (type(value) is int and float in wanted):
        return
    kinds = " or ".join(kind.__name__ for kind in wanted)
    raise InputError(f"{path}: {name} must be of type {kinds}. Got {value!r}.")


def _nearest(name: str, known: Any, quiet: bool = False) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    if near:
        return f" Did you mean {near[0]!r}?"
    return "" if quiet else f" Known are {', '.join(known)}."
