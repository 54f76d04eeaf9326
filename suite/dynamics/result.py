"""The outcome of an integration, and what is written of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.core import Record, Status
from suite.core.files import write_whole
from suite.dynamics.equation import Vector
from suite.dynamics.trajectory import Trajectory
from suite.frames import frame_of

__all__ = ["Solution"]

SCHEMA = 1


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """The solution of y' = f(t, y), shaped as `scipy.integrate.solve_ivp` shapes it.

    `t` [m] and `y` [n, m] at the ends of the accepted steps (or at `t_eval`), `status` how it ended
    and `message` the same with its place. `singularity` is None, or has `time`, `error`,
    `exponent`; `stiff` the intervals of time in which stability and not accuracy bound the steps.
    `sol(t)` is the solution between the steps where `dense_output` was asked for. `t_events` and
    `y_events` hold one array an event. `invariants` has a report for each declared one, `record`
    every attempt, `reached` the time of the last accepted point, `options` what the method was
    given, such as `rtol` and `atol`. `evaluations` are all calls of f, those of refused steps and
    of Jacobians too.
    """

    t: NDArray[np.float64]
    y: Vector
    status: Status
    message: str
    evaluations: int
    rejected: int
    record: Record
    method: str
    t_span: tuple[float, float]
    singularity: Any = None
    stiff: tuple[tuple[float, float], ...] = ()
    sol: Trajectory | None = None
    t_events: tuple[NDArray[np.float64], ...] | None = None
    y_events: tuple[Vector, ...] | None = None
    invariants: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    reached: float = float("nan")
    job: str = "dynamics solve"
    options: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """A field by its name, as scripts written for `solve_ivp` may ask for it."""
        try:
            return getattr(self, name)
        except AttributeError:
            raise KeyError(name) from None

    @property
    def success(self) -> bool:
        """Whether the goal was met: the end, at the tolerance asked for, or a terminal event."""
        return self.status.finished

    @property
    def nfev(self) -> int:
        """The evaluations, by the name `solve_ivp` gives them."""
        return self.evaluations

    @property
    def njev(self) -> int:
        """Jacobians that were made."""
        return self.record.tally.cost["jacobians"]

    @property
    def nlu(self) -> int:
        """Matrices that were factorised."""
        return self.record.tally.cost["factorisations"]

    def changes(self) -> list[dict[str, Any]]:
        """Where the run changed its method: `time`, `to` and the `reason`."""
        found: list[dict[str, Any]] = []
        phase, time = None, self.t_span[0]
        for row in self.record:
            if phase is not None and row["phase"] != phase:
                found.append({"time": time, "to": row["phase"], "reason": row["bound"]})
            phase = row["phase"]
            if row["accepted"]:
                time = float(row["notes"]["time"])
        return found

    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds."""
        last = self.y[:, -1] if self.y.size else np.zeros(0)
        return {
            "schema": SCHEMA,
            "job": self.job,
            "method": self.method,
            "options": dict(self.options),
            "status": str(self.status),
            "sentence": self.message,
            "t0": self.t_span[0],
            "t_end": self.t_span[1],
            "t": self.reached,
            "y": _plain(last),
            "names": list(self.names),
            "evaluations": self.evaluations,
            "rejected": self.rejected,
            "singularity": None if self.singularity is None else _fields(self.singularity),
            "stiff": [list(interval) for interval in self.stiff],
            "changes": self.changes(),
            "invariants": {name: _fields(report) for name, report in self.invariants.items()},
            "events": [] if self.t_events is None else [times.tolist() for times in self.t_events],
            "record": self.record.tally.to_dict(),
            **self.details,
        }

    def table(self) -> list[dict[str, Any]]:
        """One entry a time: `t` and the components by name."""
        names = self.names or tuple(f"y{i}" for i in range(len(self.y)))
        return [
            {"t": time, **dict(zip(names, values, strict=True))}
            for time, values in zip(self.t.tolist(), self.y.T.tolist(), strict=True)
        ]

    def to_frame(self) -> Any:
        """The solution as a pandas frame."""
        return frame_of(self.table())

    def save(self, folder: str | Path, table: list[dict[str, Any]] | None = None) -> Path:
        """Write summary.json, attempts.csv and trajectory.csv (`table`, if given) into a folder."""
        folder = Path(folder)
        write_whole(folder / "attempts.csv", self.record.to_csv())
        write_whole(folder / "trajectory.csv", _csv(self.table() if table is None else table))
        write_whole(folder / "summary.json", json.dumps(self.summary(), indent=1))
        return folder

    def _repr_html_(self) -> str:
        """The solution and its steps in a frame, and a sentence where there is no report for it."""
        try:
            # By name, since no domain depends on the report.
            page = import_module("suite.report.dynamics")
            return str(page.trajectory(self.record, self.summary()))
        except ImportError:
            return f"<p>{self.message} {self.evaluations} evaluations.</p>"


def _plain(values: Vector) -> list[Any]:
    """Numbers for JSON: a complex one as its two parts, one that is not finite as None."""
    if values.dtype.kind == "c":
        return [_plain(np.array([value.real, value.imag])) for value in values]
    return [float(value) if np.isfinite(value) else None for value in values]


def _fields(report: Any) -> dict[str, Any]:
    """The fields of a frozen report, as plain values."""
    return {name: getattr(report, name) for name in type(report).__dataclass_fields__}


def _csv(table: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(list(table[0]) if table else ["t"])
    writer.writerows(row.values() for row in table)
    return text.getvalue()
