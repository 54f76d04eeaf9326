"""Ground-state energies along a bond length or a coupling: each point a run, warm from the last.

Every point has a folder with a problem file and a run of its own, so that a scan that was killed
goes on where it was, and any point can be run again alone.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from suite.cluster import map_parts
from suite.core import Status
from suite.core.files import write_whole
from suite.errors import InputError, SuiteError
from suite.frames import frame_of
from suite.quantum.ansatz.named import Ansatz
from suite.quantum.asked.coordinate import coupled, stretched, values_of
from suite.quantum.asked.problem_file import read_task
from suite.quantum.asked.settings import Settings, amended, read_settings, simulated, to_toml

__all__ = ["COLUMNS", "PROBLEM_FILE", "Curve", "scan"]

PROBLEM_FILE = "problem.toml"
USUAL, NEIGHBOUR = "usual", "neighbour"
MOST_COMPARED_QUBITS = 16
"""Qubits up to which a warm start is compared with Hartree-Fock, on the exact engine."""
COLUMNS = (
    *("value", "energy", "standard_error", "exact_energy", "hartree_fock_energy", "evaluations"),
    *("shots", "start", "status", "sentence"),
)
_FINISHED = {status.name.lower() for status in Status if status.finished}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Energies along a coordinate.

    `rows` one a point in the order of the scan: `value` of the coordinate (angstrom for a
    distance), `energy` with its `standard_error`, `exact_energy` and `hartree_fock_energy` where
    they are known, `status` and `sentence`; a point that failed has these two only. `name` says
    what was changed, `unit` in what.
    """

    name: str
    unit: str
    rows: tuple[Row, ...]
    record: Mapping[str, Any]

    @property
    def finished(self) -> bool:
        """Whether every point met its goal."""
        return all(row["status"] in _FINISHED for row in self.rows)

    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds."""
        known = [row for row in self.rows if row.get("energy") is not None]
        lowest = min(known, key=lambda row: row["energy"], default=None)
        missed = sum(row["status"] not in _FINISHED for row in self.rows)
        text = f"{len(self.rows)} points" + (f", {missed} of them fell short." if missed else ".")
        return {
            "schema": 1,
            "job": "quantum scan",
            "status": "converged" if self.finished else "failed",
            "sentence": text,
            "coordinate": self.name,
            "unit": self.unit,
            "lowest": None if lowest is None else dict(lowest),
            "points": [dict(row) for row in self.rows],
            "record": dict(self.record),
        }

    def to_frame(self) -> Any:
        """The points as a pandas frame."""
        return frame_of([{name: row.get(name) for name in COLUMNS} for row in self.rows])

    def save(self, folder: str | Path) -> Path:
        """Write curve.csv and summary.json into a folder."""
        folder = Path(folder)
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(self.rows)
        write_whole(folder / "curve.csv", text.getvalue())
        write_whole(folder / "summary.json", json.dumps(self.summary(), indent=1) + "\n")
        return folder

    def _repr_html_(self) -> str:
        try:
            # By name, since no domain depends on the report.
            page = import_module("suite.report.scan")
            return str(page.curve_in_notebook(self.rows, self.summary()))
        except ImportError:
            return f"<p>Scan of the {self.name}: {self.summary()['sentence']}</p>"


def scan(
    problem: str | Path,
    folder: str | Path,
    *,
    distance: str | Sequence[float] | None = None,
    coupling: tuple[str, str | Sequence[float]] | None = None,
    atoms: str = "1-2",
    options: Mapping[str, Any] | None = None,
    cluster: str | None = None,
    observe: Iterable[Callable[[Row], object]] = (),
) -> Curve:
    """Scan a problem file along a bond length (angstrom) or a coupling, into a folder.

    `distance` and the values of `coupling`, a pair of its name and its values, are numbers or a
    text as `asked.coordinate.values_of` takes it; `atoms` names the two of a distance,
    numbered from 1. `options` win over the file (method, ansatz, repetitions, backend, shots,
    max_shots, max_qpu_seconds, gradient, evaluations, seed); budgets are of each point. `cluster`
    is as in `suite.cluster.map_parts`: the points are divided into as many stretches as it has
    workers. `observe` hears of every row.

    A point starts from the parameters of its neighbour where their energy there is lower than that
    of the usual start. One that fails is a row with its sentence and stops no other. Called again
    it goes on: what is finished is read back. Raises `InputError` for what would fail everywhere.
    """
    settings = simulated(amended(read_settings(problem), options or {}))
    name, unit, values, change = _coordinate(distance, coupling, atoms)
    parts = [
        (number, value, change(_seeded(settings, number), value))
        for number, value in enumerate(values)
    ]
    # A geometry may fail where others do not, a coupling that a model does not have nowhere.
    _check(settings if coupling is None else parts[0][2], Path(problem))
    folder = Path(folder)
    work = partial(_stretch, folder=folder)
    rows: list[Row] = []
    tell = tuple(observe)
    if cluster is None:
        for row in _points(parts, folder):
            rows.append(row)
            for look in tell:
                look(row)
    else:
        for done in map_parts(work, _stretches(parts, _workers(cluster)), cluster):
            rows += done
            for row in done:
                for look in tell:
                    look(row)
    return Curve(name, unit, tuple(rows), _tally(folder, rows))


def _coordinate(
    distance: str | Sequence[float] | None,
    coupling: tuple[str, str | Sequence[float]] | None,
    atoms: str,
) -> tuple[str, str, list[float], Callable[[Settings, float], Settings]]:
    """What is scanned: its name and unit, the values, and how they change the settings."""
    if (distance is None) == (coupling is None):
        raise InputError("A scan takes --distance or --coupling, one of them.")
    if distance is not None:
        values = _numbers(distance, "--distance")
        return f"distance {atoms}", "angstrom", values, partial(_with_distance, atoms)
    assert coupling is not None
    name, given = coupling
    return name, "", _numbers(given, "--coupling"), partial(_with_coupling, name)


def _seeded(settings: Settings, number: int) -> Settings:
    """The settings of a point: with shots a seed of its own, or all would share one noise."""
    table = settings.get("backend")
    if not isinstance(table, dict) or table.get("name", "exact") == "exact":
        return settings
    seed = settings.get("start", {}).get("seed", 0)
    return amended(settings, {"seed": seed + number}) if isinstance(seed, int) else settings


def _with_distance(atoms: str, settings: Settings, value: float) -> Settings:
    return stretched(settings, atoms, value)


def _with_coupling(name: str, settings: Settings, value: float) -> Settings:
    return coupled(settings, name, value)


def _numbers(given: str | Sequence[float], name: str) -> list[float]:
    return values_of(given if isinstance(given, str) else ",".join(map(repr, given)), name)


def _check(settings: Settings, path: Path) -> None:
    """Refuse beforehand, in the words of the problem file, what would fail at every point."""
    import tempfile

    from suite.quantum.hardware.backends import machine_of
    from suite.quantum.noisy_setup import SIMULATED

    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / path.name
        copy.write_text(to_toml(settings), encoding="utf-8")
        try:
            task = read_task(copy, backends=None)
        except InputError as error:
            raise InputError(str(error).replace(str(copy), str(path))) from error
    if task.backend not in SIMULATED:
        machine_of(task.backend)


def _workers(cluster: str) -> int:
    """How many stretches the points are divided into; a cluster by address gets many."""
    _, _, count = cluster.partition("local:")
    return int(count) if count.isdigit() and int(count) else 8


def _stretches(parts: list[Any], count: int) -> list[list[Any]]:
    """The points in runs of neighbours, as even as they can be.

    >>> _stretches([1, 2, 3, 4, 5], 2)
    [[1, 2, 3], [4, 5]]
    """
    ends = np.linspace(0, len(parts), min(count, len(parts)) + 1).round().astype(int)[::-1]
    ends = len(parts) - ends  # the longer ones first
    return [parts[i:j] for i, j in pairwise(ends)]


def _stretch(parts: Sequence[Any], folder: Path) -> list[Row]:
    return list(_points(parts, folder))


def _points(parts: Iterable[tuple[int, float, Settings]], folder: Path) -> Iterator[Row]:
    """The rows of neighbouring points, each starting from the last that was found."""
    near: list[float] | None = None
    for number, value, settings in parts:
        place = folder / f"{number:03d}_{value:g}"
        try:
            row, near = _point(value, settings, place, near)
        except SuiteError as error:
            row = {"value": value, "status": "failed", "sentence": str(error)}
        except Exception as error:
            # A defect met by one point must not lose the others.
            told = f"{type(error).__name__}: {error} (a defect: run {place} alone to see where)"
            row = {"value": value, "status": "failed", "sentence": told}
        yield row | {"folder": place.name}


def _point(
    value: float, settings: Settings, place: Path, near: list[float] | None
) -> tuple[Row, list[float]]:
    """One point, from its own run if there is one; and its parameters."""
    from suite.quantum.vqe import vqe

    path = place / PROBLEM_FILE
    start = _begun(path, settings)
    if start is None:
        start = USUAL
        write_whole(path, to_toml(settings))
        if near is not None and _is_better(path, near):
            write_whole(path, to_toml(amended(settings, {"parameters": near})))
            start = NEIGHBOUR
    result = vqe(path, store=place)
    result.save(place)
    summary = result.summary()
    row = {name: summary[name] for name in COLUMNS if name in summary}
    return {"value": value, **row, "start": start}, result.parameters.tolist()


def _begun(path: Path, settings: Settings) -> str | None:
    """How a point that was begun before started; refuses a folder of another scan."""
    if not path.exists():
        return None
    before = read_settings(path)
    if to_toml(_cold(before)) != to_toml(_cold(settings)):
        raise InputError(f"{path.parent} holds a point of another scan; use another folder.")
    first, now = (each.get("start", {}).get("parameters") for each in (before, settings))
    return USUAL if first == now else NEIGHBOUR


def _cold(settings: Settings) -> Settings:
    """Settings without the parameters to start from, its start at the end."""
    start = {k: v for k, v in settings.get("start", {}).items() if k != "parameters"}
    rest = {k: v for k, v in settings.items() if k != "start"}
    return {**rest, "start": start} if start else rest


def _is_better(path: Path, near: list[float]) -> bool:
    """Whether the neighbour's parameters are worth starting from.

    Orbitals may change their signs or their order from one point to the next, and what was good
    there is then worse than Hartree-Fock here.
    """
    from suite.quantum.exact.circuits import engine_of

    task = read_task(path, backends=None)
    if len(near) != task.circuit.num_parameters:
        return False
    usual = task.problem.hartree_fock
    if task.excitations is None or usual is None or task.problem.qubits > MOST_COMPARED_QUBITS:
        return True
    ansatz = Ansatz(task.ansatz, task.circuit, task.excitations)
    return bool(engine_of(task.problem, ansatz).energy(np.asarray(near)) < usual)


def _tally(folder: Path, rows: Sequence[Row]) -> dict[str, Any]:
    """The counts of all points together, in the words of every record."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("refused", "bound", "cost")}
    attempts = accepted = 0
    for row in rows:
        path = folder / row["folder"] / "summary.json"
        if row["status"] == "failed" or not path.exists():
            continue
        record = json.loads(path.read_text(encoding="utf-8"))["record"]
        attempts, accepted = attempts + record["attempts"], accepted + record["accepted"]
        for name, counter in counts.items():
            counter.update(record[name])
    found = {name: dict(counter) for name, counter in counts.items()}
    return {"attempts": attempts, "accepted": accepted, **found}
