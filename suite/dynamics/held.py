"""What tells of its run by the solution that it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from suite.core import Record, Status
from suite.dynamics.result import Solution
from suite.dynamics.watch.conscience import Conscience

__all__ = ["Held"]


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The base of results that hold a `Solution` and say more of it."""

    solution: Solution

    @property
    def status(self) -> Status:
        """How the run ended."""
        return self.solution.status

    @property
    def message(self) -> str:
        """How the run ended, in a sentence."""
        return self.solution.message

    @property
    def success(self) -> bool:
        """Whether the run reached its end, or a terminal event."""
        return self.solution.success

    @property
    def evaluations(self) -> int:
        """Calls of the equation of motion, those of refused steps too."""
        return self.solution.evaluations

    @property
    def rejected(self) -> int:
        """Refused steps."""
        return self.solution.rejected

    @property
    def invariants(self) -> Mapping[str, Conscience]:
        """What became of the invariants that the run watched or restored."""
        return self.solution.invariants

    @property
    def record(self) -> Record:
        """Every attempt."""
        return self.solution.record

    def table(self) -> list[dict[str, Any]]:
        """One entry a time: `t` and the columns by name."""
        return self.solution.table()

    def columns(self) -> dict[str, list[Any]]:
        """The table by columns; none where it has no row."""
        table = self.table()
        return {name: [row[name] for row in table] for name in table[0]} if table else {}

    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds."""
        return self.solution.summary()

    def save(self, folder: str | Path) -> Path:
        """Write summary.json, attempts.csv and trajectory.csv into a folder."""
        return self.solution.save(folder, self.table())
