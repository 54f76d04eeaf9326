"""A transition state as a result of its own: refined, proved, and kept in files."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.journal import Journal
from suite.chemistry.search import search
from suite.chemistry.stationary.modes import displacement
from suite.chemistry.stationary.saddle import Saddle, check_mode
from suite.chemistry.stationary.state import Stationary, steepest
from suite.chemistry.surfaces import Surface
from suite.chemistry.tracing import Level, molecule_of, surface_and_start
from suite.core import Attempt, Record, Status, Store
from suite.core.files import write_whole
from suite.core.versions import versions
from suite.molecule import BOHR, xyz_frame

__all__ = ["TransitionState", "find"]


@dataclass(frozen=True, slots=True, eq=False)
class TransitionState:
    """A proved saddle: `place` the geometry, `saddle` its modes, `record` all attempts."""

    surface: Surface
    place: Stationary
    saddle: Saddle
    record: Record

    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds."""
        cost = self.record.tally.cost
        return {
            "schema": 1,
            "job": "chemistry ts",
            "status": Status.CONVERGED.name.lower(),
            "sentence": (
                f"A transition state: one imaginary mode, {-self.saddle.imaginary:.0f}i cm⁻¹."
            ),
            **self.surface.about(),
            "energy": self.place.energy,
            "max_gradient": steepest(self.place),
            "imaginary_frequency_cm1": self.saddle.imaginary,
            "wavenumbers": self.saddle.wavenumbers.tolist(),
            "gradients": cost["gradients"],
            "hessians": cost["hessians"],
            "record": self.record.tally.to_dict(),
        }

    def swing(self) -> dict[str, Any] | None:
        """The imaginary mode for a picture: geometry and displacement [atoms, 3], angstrom."""
        return swing(self.surface.symbols, self.place.x, self.saddle, self.surface.masses)

    def save(self, folder: str | Path) -> Path:
        """Write ts.xyz, attempts.csv and summary.json into a folder."""
        folder = Path(folder)
        if self.place.x.size == 3 * len(self.surface.symbols):
            about = self.surface.about()
            told = f"energy={self.place.energy:.10f} imaginary={-self.saddle.imaginary:.1f}i"
            told += "".join(f" {key}={about[key]}" for key in ("charge", "spin") if key in about)
            place = self.place.x.reshape(-1, 3) * BOHR
            write_whole(folder / "ts.xyz", xyz_frame(self.surface.symbols, place, told))
        write_whole(folder / "attempts.csv", self.record.to_csv())
        write_whole(folder / "summary.json", json.dumps(self.summary(), indent=1))
        return folder


def swing(
    symbols: tuple[str, ...], x: NDArray[np.float64], saddle: Saddle, masses: NDArray[np.float64]
) -> dict[str, Any] | None:
    """A mode as the report takes it; None for a surface without three coordinates an atom."""
    if x.size != 3 * len(symbols):
        return None
    return {
        "symbols": list(symbols),
        "coordinates": (x.reshape(-1, 3) * BOHR).tolist(),
        "displacement": displacement(saddle.mode, masses).tolist(),
        "wavenumber": saddle.imaginary,
    }


def find(
    guess: Any,
    *,
    method: str = "hf",
    basis: str = "def2-svp",
    charge: int | None = None,
    spin: int | None = None,
    start: NDArray[np.float64] | None = None,
    units: str | None = None,
    mode: int | None = None,
    store: str | Path | None = None,
    observe: tuple[Callable[[str, Attempt], object], ...] = (),
    **level: Unpack[Level],
) -> TransitionState:
    """Refine a guess of a transition state and prove it; arguments are those of `trace`.

    >>> from suite.chemistry.surfaces import MullerBrown
    >>> round(find(MullerBrown(), start=np.array([-0.8, 0.6])).place.energy, 4)
    -0.2033
    """
    surface, x = surface_and_start(
        molecule_of(guess, charge, spin, units), method, basis, start, level
    )
    check_mode(surface, x, mode)
    with ExitStack() as stack:
        kept = None
        if store is not None:
            about = {
                "job": "chemistry ts",
                "inputs": {"symbols": list(surface.symbols), "start_bohr": x.tolist()},
                "options": {**surface.about(), "mode": mode},
                "seed": None,
                "versions": versions("scipy", "pyscf"),
            }
            kept = stack.enter_context(Store(store, about, kinds=(Stationary,)))
        journal = Journal(Record(), kept, observe)
        place, saddle = search(surface, x, mode=mode, journal=journal)
    return TransitionState(surface, place, saddle, journal.record)
