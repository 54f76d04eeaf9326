"""A reaction path: one film from end to end, its barriers, and the files it is kept in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.ends.bonds import changes
from suite.chemistry.ends.both import End
from suite.chemistry.energetics.barriers import KCAL
from suite.chemistry.following.frames import spin_square
from suite.chemistry.following.projected import Across
from suite.chemistry.internal import Atoms, along, choose
from suite.core import Record, Status
from suite.core.files import write_whole
from suite.frames import frame_of
from suite.molecule import BOHR, xyz_frame

__all__ = ["SIDES", "ReactionPath"]

SCHEMA = 2
SIDES = {"reverse": -1, "forward": 1}


@dataclass(frozen=True, slots=True, eq=False)
class ReactionPath:
    """A reaction path from the reverse end over the saddle to the forward end.

    `s` [frames] arc length in amu^1/2 bohr, negative on the reverse side; `energy` [frames]
    hartree; `coordinates` [frames, atoms, 3] angstrom; `gradient_norm`, `curvature` and
    `error_estimate` [frames] in mass-weighted units; `reaction_force` [frames] -dE/ds in
    hartree/(amu^1/2 bohr); `status` and `ends` of each side; `mode` [atoms, 3] the displacement of
    the imaginary mode; `record` all attempts; `energy_error` [frames] hartree, how far the energy
    may be from that of the true path nearest by. On request there are `chosen` internal
    coordinates, the frequencies `across` the path, and further `files` by their names.
    """

    symbols: tuple[str, ...]
    s: NDArray[np.float64]
    energy: NDArray[np.float64]
    coordinates: NDArray[np.float64]
    gradient_norm: NDArray[np.float64]
    curvature: NDArray[np.float64]
    error_estimate: NDArray[np.float64]
    status: dict[str, Status]
    imaginary_frequency: float
    surface: dict[str, Any]
    record: Record
    reaction_force: NDArray[np.float64]
    ends: dict[str, End]
    mode: NDArray[np.float64]
    energy_error: NDArray[np.float64]
    thermochemistry: dict[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    chosen: tuple[Atoms, ...] = ()
    across: Across | None = None
    files: dict[str, str] = field(default_factory=dict)

    def barrier(self, side: str) -> float:
        """Energy of the saddle above the end of one side, kcal/mol, without zero-point energy."""
        saddle = self.energy[np.flatnonzero(self.s == 0.0)[0]]
        return float((saddle - self.ends[side].foot) * KCAL)

    def gradients_by_task(self) -> dict[str, int]:
        """What was paid for the saddle, the path and its ends, in gradients."""
        paid = {"saddle": 0, "path": 0, "ends": 0}
        for row in self.record:
            track = row["track"]
            task = "path" if track in SIDES else "saddle" if track == "saddle" else "ends"
            if track.startswith("across ") or track.endswith(" export"):
                task = "extras"
            paid[task] = paid.get(task, 0) + row["cost"].get("gradients", 0)
        return paid

    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds; barriers are from each end up to the saddle."""
        cost = self.record.tally.cost
        worst = max(self.status.values(), key=lambda status: not status.finished)
        return {
            "schema": SCHEMA,
            "job": "chemistry irc",
            "status": worst.name.lower(),
            "sentence": worst.sentence,
            "sides": {side: status.name.lower() for side, status in self.status.items()},
            "ends": {
                side: end.summary(self.symbols, int(self.surface.get("charge", 0)))
                for side, end in self.ends.items()
            },
            "connectivity": self.connectivity(),
            **self.surface,
            "barrier_forward_kcal_mol": self.barrier("forward"),
            "barrier_reverse_kcal_mol": self.barrier("reverse"),
            "imaginary_frequency_cm1": self.imaginary_frequency,
            "thermochemistry": self.thermochemistry,
            "remarks": list(self.remarks),
            "largest_error_estimate": float(self.error_estimate.max()),
            "largest_energy_error_estimate_kcal_mol": float(self.energy_error.max() * KCAL),
            **({} if self.across is None else {"projected": self.across.summary()}),
            "gradients": cost["gradients"],
            "gradients_by_task": self.gradients_by_task(),
            "hessians": cost["hessians"],
            "frames": len(self.s),
            "record": self.record.tally.to_dict(),
        }

    def to_frame(self) -> Any:
        """A pandas frame with the columns of `path.csv`."""
        return frame_of(self.columns())

    def save(self, folder: str | Path) -> Path:
        """Write path.xyz, path.csv, both ends, attempts.csv, summary.json and all extras."""
        folder = Path(folder)
        if self.coordinates.shape[2] == 3:
            write_whole(folder / "path.xyz", self._xyz())
            for side, end in self.ends.items():
                place = end.x.reshape(-1, 3) * BOHR
                told = f"energy={end.energy:.10f} kind={end.kind}"
                write_whole(folder / f"{side}_end.xyz", xyz_frame(self.symbols, place, told))
        write_whole(folder / "path.csv", _csv(self.columns()))
        self._further(folder)
        write_whole(folder / "attempts.csv", self.record.to_csv())
        write_whole(folder / "summary.json", json.dumps(self.summary(), indent=1))
        return folder

    def _further(self, folder: Path) -> None:
        """Write what was asked for beside the path."""
        if self.across is not None:
            write_whole(folder / "projected.csv", _csv(self.across.columns()))
        for name, text in self.files.items():
            write_whole(folder / name, text)

    def _xyz(self) -> str:
        return "".join(
            xyz_frame(
                self.symbols,
                self.coordinates[i],
                f"s={self.s[i]:.6f} energy={self.energy[i]:.10f} "
                f"gradient_norm={self.gradient_norm[i]:.3e}",
            )
            for i in range(len(self.s))
        )

    def columns(self) -> dict[str, list[Any]]:
        """The columns of `path.csv`, one entry a frame."""
        saddle = self.energy[np.flatnonzero(self.s == 0.0)[0]]
        sides = ["saddle" if s == 0.0 else "forward" if s > 0.0 else "reverse" for s in self.s]
        return {
            "s": self.s.tolist(),
            "energy": self.energy.tolist(),
            "relative_kcal_mol": ((self.energy - saddle) * KCAL).tolist(),
            "gradient_norm": self.gradient_norm.tolist(),
            "curvature": self.curvature.tolist(),
            "error_estimate": self.error_estimate.tolist(),
            "energy_error_estimate_kcal_mol": (self.energy_error * KCAL).tolist(),
            "reaction_force": (self.reaction_force * KCAL).tolist(),
            **self._spin(),
            "side": sides,
            **{name: column.tolist() for name, column in self._internal().items()},
        }

    def _spin(self) -> dict[str, list[float]]:
        """<S^2> of the frames, where the wave function is no pure spin state."""
        unpaired = int(self.surface.get("spin", 0))
        found = spin_square(self.record, self.s, unpaired, SIDES)
        return {} if found is None else {"spin_square": found.tolist()}

    def connectivity(self) -> str:
        """What bonds form and break from the reverse to the forward end, in words."""
        if self.coordinates.shape[2] != 3:
            return ""
        return changes(self.symbols, self.coordinates[0], self.coordinates[-1])

    def film(self) -> dict[str, Any] | None:
        """The frames for a picture; None for a surface without three coordinates an atom."""
        if self.coordinates.shape[2] != 3:
            return None
        return {"symbols": list(self.symbols), "coordinates": self.coordinates.tolist()}

    def swing(self) -> dict[str, Any] | None:
        """The imaginary mode for a picture, at the saddle's geometry."""
        if self.coordinates.shape[2] != 3:
            return None
        saddle = int(np.flatnonzero(self.s == 0.0)[0])
        return {
            "symbols": list(self.symbols),
            "coordinates": self.coordinates[saddle].tolist(),
            "displacement": self.mode.tolist(),
            "wavenumber": self.imaginary_frequency,
        }

    def _internal(self) -> dict[str, NDArray[np.float64]]:
        """The internal coordinates along the path: those asked for, else those that change most."""
        if self.coordinates.shape[2] != 3:
            return {}
        chosen = self.chosen or choose(self.symbols, self.coordinates[0], self.coordinates[-1])
        return along(self.symbols, chosen, self.coordinates)

    def _repr_html_(self) -> str:
        """The profile with its film in a frame, and a sentence where there is no report for it."""
        try:
            # By name, since no domain depends on the report.
            notebook = import_module("suite.report.notebook")
            return str(
                notebook.reaction(self.columns(), list(self.record), self.summary(), self.film())
            )
        except ImportError:
            return f"<p>{self._told()}</p>"

    def _told(self) -> str:
        s = self.summary()
        return (
            f"Reaction path, {s['frames']} frames, {s['gradients']} gradients: barriers "
            f"{s['barrier_reverse_kcal_mol']:.2f} (reverse end) and "
            f"{s['barrier_forward_kcal_mol']:.2f} kcal/mol (forward end); {s['sentence']}"
        )


def _csv(columns: Mapping[str, Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()
