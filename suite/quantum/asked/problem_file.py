"""The problem file: TOML with a molecule, Pauli terms or a spin model, an ansatz, where to stop."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from suite.errors import InputError
from suite.quantum.ansatz.circuit_file import is_circuit_file
from suite.quantum.ansatz.named import ANSATZE, ansatz_of
from suite.quantum.asked.task import EXACT, Task
from suite.quantum.naming import spelled
from suite.quantum.problems.hamiltonian import Problem, molecule, pauli_sum
from suite.quantum.problems.spins import chain, grid, heisenberg, ring, spin_model, tfim, xxz

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
        "mapping": (str,),
    },
    "pauli": {"terms": (list, str, dict), "file": (str,)},
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
        "file": (str,),
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
        "order": (str,),
        "overlaps": (bool,),
        "mode": (str,),
        "resilience": (int,),
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
_ALIASES = {"ising": "tfim", "xxx": "heisenberg"}
_LATTICES = ("chain", "ring", "grid")


def read_task(
    path: str | Path,
    options: Mapping[str, Any] | None = None,
    backends: Sequence[str] | None = (EXACT,),
) -> Task:
    """Read a problem file; raises `InputError` naming the key and the value that is wrong.

    `options` win over the file where they are not None: ansatz, repetitions, gradient,
    evaluations, seed, start, method, backend, shots, max_shots, max_qpu_seconds, order, overlaps,
    mode, resilience.
    A backend that is not among `backends` is refused; None leaves that to whoever opens it.
    """
    path = Path(path)
    settings = _read(path)
    _check(settings, path)
    given = {k: v for k, v in (options or {}).items() if v is not None}
    tables = {name: settings.get(name, {}) | _only(given, name) for name in _KEYS}
    stop, backend, start, form = (tables[n] for n in ("stop", "backend", "start", "ansatz"))
    for name, value in stop.items():
        _positive(value, f"[stop] {name}", path)
    backend = {"name": ""} | backend | _named(given, "backend", "name")
    _check_backend(backend, backends, path)
    _check_numbers(start.get("parameters", []), "[start] parameters", path)
    start = start | _named(given, "start", "parameters")
    # An unknown name is refused before the problem is solved for its exact energy.
    form = _form(form, given.get("ansatz"), path)
    problem = _problem(settings, path)
    made = ansatz_of(form.pop("name"), problem, form.pop("repetitions"), **form)
    return Task(
        problem,
        made,
        made.name,
        start=start.pop("parameters", None),
        method=given.get("method", settings.get("method")),
        backend=backend.pop("name"),
        **stop,
        **start,
        **backend,
    )


def _read(path: Path) -> Settings:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        hint = ""
        if path.suffix.lower() != ".toml":
            hint = " A geometry goes by molecule(...), Pauli terms by pauli_sum(...)."
        raise InputError(f"{path} cannot be read as a TOML file: {error}{hint}") from error


def _only(given: Mapping[str, Any], table: str) -> Settings:
    """The options that have a key of the same name in this table."""
    return {key: given[key] for key in _KEYS[table] if key in given}


def _named(given: Mapping[str, Any], option: str, key: str) -> Settings:
    """An option as the key by which a table knows it."""
    return {key: given[option]} if option in given else {}


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
            + _nearest(_ALIASES.get(str(name).lower(), str(name).lower()), _MODELS, quiet=True)
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
    try:
        return makers[name](bonds, **given)
    except InputError as error:
        raise InputError(f"{path}: [spin_model] {error}") from error


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


def _form(table: Settings, chosen: Any, path: Path) -> Settings:
    """The settings of the ansatz: the one that was `chosen` before that of the file."""
    if chosen is None and "file" in table:
        if len(table) > 1:
            others = ", ".join(key for key in table if key != "file")
            raise InputError(f"{path}: [ansatz] file is a whole circuit and takes no {others}.")
        chosen = str(path.parent / table["file"])
        if not is_circuit_file(chosen):
            raise InputError(f"{path}: [ansatz] file must end in .qasm or .qpy. Got {chosen!r}.")
    # A whole circuit has no use for the gates that the file names.
    if chosen is not None and (not isinstance(chosen, str) or is_circuit_file(chosen)):
        return {"name": chosen, "repetitions": 2}
    named = {} if chosen is None else {"name": chosen}
    form = {"name": None, "repetitions": 2} | table | named
    form.pop("file", None)
    if form["name"] is not None:
        form["name"] = spelled(str(form["name"]), ANSATZE)
    _check_ansatz(form, path)
    return form


def _check_ansatz(form: Settings, path: Path) -> None:
    name = form["name"]
    if name is not None and name not in ANSATZE:
        own = f" A circuit goes by file = {name!r}." if is_circuit_file(name) else ""
        raise InputError(
            f"{path}: [ansatz] name must be one of {', '.join(ANSATZE)}. Got {name!r}."
            + (own or _nearest(name, ANSATZE, quiet=True))
        )
    _positive(form["repetitions"], "[ansatz] repetitions", path)
    for key in ("rotations", "entanglers"):
        if not all(isinstance(gate, str) for gate in form.get(key, [])):
            raise InputError(f"{path}: [ansatz] {key} must be names of gates. Got {form[key]!r}.")


def _check_backend(backend: Settings, known: Sequence[str] | None, path: Path) -> None:
    for name in ("shots", "max_shots", "max_qpu_seconds"):
        if name in backend:
            _positive(backend[name], f"[backend] {name}", path)
    if known is not None and backend["name"] and backend["name"] not in known:
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
            near = _home(name) or _nearest(name, [*_KEYS, *_TOP])
            raise InputError(f"{path}: there is no {what}.{near}")
        elif not isinstance(content, dict):
            raise InputError(f"{path}: {name} must be a table, [{name}]. Got {content!r}.")
        else:
            _check_table(name, content, path)


def _check_table(table: str, content: Settings, path: Path) -> None:
    for key, value in content.items():
        if key not in _KEYS[table]:
            near = _home(key) or _nearest(key, _KEYS[table])
            raise InputError(f"{path}: [{table}] has no {key!r}.{near}")
        _check_type(value, _KEYS[table][key], f"[{table}] {key}", path)


def _check_type(value: Any, wanted: tuple[type, ...], name: str, path: Path) -> None:
    # A whole number will do for a real one; true and false are no numbers.
    if type(value) in wanted or (type(value) is int and float in wanted):
        return
    kinds = " or ".join(kind.__name__ for kind in wanted)
    raise InputError(f"{path}: {name} must be of type {kinds}. Got {value!r}.")


def _home(key: str) -> str:
    """Where a key belongs that stands in the wrong place; nothing for one that has no place."""
    if key in _TOP:
        return f" {key!r} stands before the first table."
    tables = [f"[{table}]" for table, keys in _KEYS.items() if key in keys]
    return f" {key!r} belongs to {' or '.join(tables)}." if tables else ""


def _nearest(name: str, known: Any, quiet: bool = False) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    if near:
        return f" Did you mean {near[0]!r}?"
    return "" if quiet else f" Known are {', '.join(known)}."
