"""The outcome of a VQE run, and what is written of it."""

from __future__ import annotations

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
from suite.frames import frame_of

__all__ = ["VQEResult"]

Vector = NDArray[np.float64]

SCHEMA = 1
CLOSING = ("check", "final")
"""Phases of a run with shots that measure its answer and take no step."""


@dataclass(frozen=True, slots=True, eq=False)
class VQEResult:
    """The outcome of a VQE run.

    `energy` in the units of the observable (hartree for molecules), `standard_error` its error (0
    on an exact engine), `parameters` [p] in the order of the circuit's parameters, `exact_energy`
    where it was computed, `status`, `evaluations` of energy with gradient (with or without metric),
    and the `record` of all attempts. `method` is how it went down, `circuit` the ansatz with free
    parameters; `details` are what a backend adds to the summary.
    """

    energy: float
    standard_error: float
    parameters: Vector
    exact_energy: float | None
    hartree_fock_energy: float | None
    status: Status
    record: Record
    method: str = "gauss-newton"
    circuit: Any = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def evaluations(self) -> int:
        """Energies with gradient that were paid for, refused steps included."""
        return self.record.tally.cost["evaluations"]

    def trace(self) -> list[dict[str, Any]]:
        """One entry an accepted step: `energy`, `evaluations` so far, `angle` (radians).

        The angle is the one by which the step turned the state, as it was measured or else as the
        metric has it; None where a method knows neither. Entry 0 is where the run started.
        """
        entries, spent = [], 0
        for row in self.record:
            spent += row["cost"].get("evaluations", 0)
            notes = row["notes"]
            if row["accepted"] and "energy" in notes and row["phase"] not in CLOSING:
                known = notes.get("angle", notes.get("metric_angle"))
                angle = 0.0 if row["number"] == 0 else known
                entries.append({"energy": notes["energy"], "evaluations": spent, "angle": angle})
        return entries

    def closing(self) -> dict[str, dict[str, Any]]:
        """What was measured after the last step, by its name: `energy`, `standard_error`, `shots`.

        "check" is the better of two candidates for the answer, "final" the answer's energy from
        fresh shots; a method that measures neither by itself has no entries.
        """
        return {
            row["phase"]: {
                "energy": row["notes"]["energy"],
                "standard_error": row["notes"]["standard_error"],
                "shots": row["cost"]["shots"],
            }
            for row in self.record
            if row["phase"] in CLOSING
        }

    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds."""
        return {
            "schema": SCHEMA,
            "job": "quantum vqe",
            "method": self.method,
            "status": self.status.name.lower(),
            "sentence": self.status.sentence,
            "energy": self.energy,
            "standard_error": self.standard_error,
            "exact_energy": self.exact_energy,
            "hartree_fock_energy": self.hartree_fock_energy,
            "parameters": self.parameters.tolist(),
            "evaluations": self.evaluations,
            "trace": self.trace(),
            "closing": self.closing(),
            "record": self.record.tally.to_dict(),
            **self.details,
        }

    def to_frame(self) -> Any:
        """The trace as a pandas frame."""
        return frame_of(self.trace())

    def save(self, folder: str | Path) -> Path:
        """Write summary.json and attempts.csv into a folder."""
        folder = Path(folder)
        write_whole(folder / "attempts.csv", self.record.to_csv())
        write_whole(folder / "summary.json", json.dumps(self.summary(), indent=1) + "\n")
        return folder

    def _repr_html_(self) -> str:
        """Convergence and ansatz in a frame, and a sentence where there is no report for it."""
        from suite.quantum.ansatz.drawing import drawing_of

        try:
            # By name, since no domain depends on the report.
            page = import_module("suite.report.quantum")
            drawing = "" if self.circuit is None else drawing_of(self.circuit)
            return str(page.ground_state(self.record, self.summary(), drawing))
        except ImportError:
            return f"<p>{self._told()}</p>"

    def _told(self) -> str:
        exact = "" if self.exact_energy is None else f" (exact {self.exact_energy:.8f})"
        error = f" ± {self.standard_error:.1e}" if self.standard_error else ""
        return (
            f"VQE energy {self.energy:.8f}{error}{exact} after {self.evaluations} evaluations; "
            f"{self.status.sentence}"
        )
