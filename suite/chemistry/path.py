"""The whole reaction path: saddle, both sides on the core, joined to one film with its barriers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.chemistry import irc
from suite.chemistry.saddle import Saddle, analyse
from suite.chemistry.surfaces import Surface, pyscf_surface
from suite.core import Attempt, Record, Status, Store, begin, run
from suite.core.control import Law
from suite.core.files import write_whole
from suite.core.versions import versions
from suite.errors import AttemptFailed, InputError
from suite.frames import frame_of
from suite.molecule import BOHR, Molecule, read_xyz, xyz_frame

__all__ = ["ReactionPath", "trace"]

KCAL = 627.5094740631
"""One hartree in kcal/mol."""
SCHEMA = 1
SIDES = {"reverse": -1, "forward": 1}


@dataclass(frozen=True, slots=True, eq=False)
class ReactionPath:
    """A reaction path from the reverse end over the saddle to the forward end.

    `s` [frames] arc length in amu^1/2 bohr, negative on the reverse side; `energy` [frames]
    hartree; `coordinates` [frames, atoms, 3] angstrom; `gradient_norm`, `curvature` and
    `error_estimate` [frames] in mass-weighted units; `status` of each side; `record` all attempts.
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

    def barrier(self, side: str) -> float:
        """Energy of the saddle above the end of one side, kcal/mol, without zero-point energy."""
        end = self.energy[-1 if side == "forward" else 0]
        saddle = self.energy[np.flatnonzero(self.s == 0.0)[0]]
        return float((saddle - end) * KCAL)

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
            **self.surface,
            "barrier_forward_kcal_mol": self.barrier("forward"),
            "barrier_reverse_kcal_mol": self.barrier("reverse"),
            "imaginary_frequency_cm1": self.imaginary_frequency,
            "gradients": cost["gradients"],
            "hessians": cost["hessians"],
            "frames": len(self.s),
            "record": self.record.tally.to_dict(),
        }

    def to_frame(self) -> Any:
        """A pandas frame with the columns of `path.csv`."""
        return frame_of(self.columns())

    def save(self, folder: str | Path) -> Path:
        """Write path.xyz, path.csv, attempts.csv and summary.json into a folder."""
        folder = Path(folder)
        if self.coordinates.shape[2] == 3:
            write_whole(folder / "path.xyz", self._xyz())
        write_whole(folder / "path.csv", self._csv())
        write_whole(folder / "attempts.csv", self.record.to_csv())
        write_whole(folder / "summary.json", json.dumps(self.summary(), indent=1))
        return folder

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
            "side": sides,
        }

    def _csv(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        columns = self.columns()
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        return text.getvalue()

    def _repr_html_(self) -> str:
        s = self.summary()
        return (
            f"<p>Reaction path, {s['frames']} frames, {s['gradients']} gradients: barriers "
            f"{s['barrier_reverse_kcal_mol']:.2f} (reverse end) and "
            f"{s['barrier_forward_kcal_mol']:.2f} kcal/mol (forward end); {s['sentence']}</p>"
        )


def trace(
    saddle: str | Path | Molecule | Surface,
    *,
    method: str = "hf",
    basis: str = "def2-svp",
    charge: int | None = None,
    spin: int | None = None,
    start: NDArray[np.float64] | None = None,
    accuracy: float = 0.01,
    law: Law | None = None,
    store: str | Path | None = None,
    observe: tuple[Callable[[str, Attempt], object], ...] = (),
) -> ReactionPath:
    """Trace both sides of a reaction path from its transition state.

    `saddle` is an XYZ file, a `Molecule`, or a `Surface` with its geometry `start` [n] in bohr.
    `accuracy` is the largest allowed distance from the true path, amu^1/2 bohr. `store` is a folder
    that keeps the run; called again with the same inputs it goes on where it was. `observe`
    functions are called with the side and each attempt. Raises `InputError` where the geometry is
    no saddle.

    >>> from suite.chemistry.surfaces import MullerBrown
    >>> path = trace(MullerBrown(), start=np.array([-0.822001559, 0.624312803]))
    >>> path.status["forward"].name
    'ENDPOINT'
    """
    if not accuracy > 0.0:
        raise InputError(f"accuracy must be positive (amu^1/2 bohr). Got {accuracy}.")
    surface, x = _surface_and_start(saddle, method, basis, charge, spin, start)
    law = law or irc.LAW
    record = Record()
    with ExitStack() as stack:
        kept = None
        if store is not None:
            about = _about(surface, x, accuracy, law)
            kept = stack.enter_context(Store(store, about, kinds=(irc.Place,)))
        place, proved = _prepared(surface, x, law, record, kept)
        status = {}
        for side, sign in SIDES.items():
            origin = irc.leave(place.x, place.energy, proved, sign, place.guess)
            status[side] = run(
                irc.follow(surface, law, accuracy),
                lambda origin=origin: irc.prepare(origin, law),  # type: ignore[misc]
                record,
                store=kept,
                track=side,
                observe=tuple(_told(look, side) for look in observe),
            )
    return _joined(surface, status, proved, record)


def _told(look: Callable[[str, Attempt], object], side: str) -> Callable[[Attempt], object]:
    return lambda attempt: look(side, attempt)


def _surface_and_start(
    saddle: str | Path | Molecule | Surface,
    method: str,
    basis: str,
    charge: int | None,
    spin: int | None,
    start: NDArray[np.float64] | None,
) -> tuple[Surface, NDArray[np.float64]]:
    if isinstance(saddle, str | Path):
        saddle = read_xyz(saddle, charge=charge, spin=spin)
    if isinstance(saddle, Molecule):
        return pyscf_surface(saddle, method, basis), saddle.coordinates.ravel() / BOHR
    if start is None:
        raise InputError("A surface needs the geometry of its saddle: give start= in bohr.")
    return saddle, np.asarray(start, float)


def _prepared(
    surface: Surface, x: NDArray[np.float64], law: Law, record: Record, store: Store | None
) -> tuple[irc.Place, Saddle]:
    """The saddle with its Hessian: attempt 0 of a track of its own, which ends at once."""
    root = np.sqrt(np.repeat(surface.masses, x.size // len(surface.masses)))

    def measure() -> Attempt:
        try:
            found = surface.measure(x)
            hessian = surface.hessian(x, found.guess)
        except AttemptFailed as error:
            raise InputError(f"The surface fails at the saddle: {error}") from error
        proved = analyse(surface, x, found.gradient, hessian)
        place = irc.leave(x * root, found.energy, proved, 1, found.guess)
        notes = {"wavenumbers": proved.wavenumbers}
        cost = {"gradients": 1, "hessians": 1}
        return begin(place, law, 0.0, cost=cost, notes=notes)

    def once(start: Any) -> Any:
        yield start._replace(status=Status.CONVERGED)

    last: list[Attempt] = []
    run(once, measure, record, store=store, track="saddle", observe=(last.append,))
    place = last[0].after.state if last else store.point("saddle").state  # type: ignore[union-attr]
    notes = next(row for row in record if row["track"] == "saddle")["notes"]
    return place, Saddle(place.hessian, place.tangent, notes["wavenumbers"])


def _joined(
    surface: Surface, status: dict[str, Status], saddle: Saddle, record: Record
) -> ReactionPath:
    reverse = [row["notes"] for row in record.accepted("reverse")]
    forward = [row["notes"] for row in record.accepted("forward")]
    frames = [*reversed(reverse), *forward[1:]]
    sign = np.concatenate([-np.ones(len(reverse) - 1), np.ones(len(forward))])
    root = np.sqrt(np.repeat(surface.masses, frames[0]["x"].size // len(surface.masses)))
    columns = {
        name: np.array([frame[name] for frame in frames])
        for name in ("energy", "gradient_norm", "curvature", "error_estimate")
    }
    x = np.array([frame["x"] / root for frame in frames])
    return ReactionPath(
        surface.symbols,
        sign * np.array([frame["s"] for frame in frames]),
        coordinates=x.reshape(len(frames), len(surface.masses), -1) * BOHR,
        status=status,
        imaginary_frequency=saddle.imaginary,
        surface=surface.about(),
        record=record,
        **columns,
    )


def _about(surface: Surface, x: NDArray[np.float64], accuracy: float, law: Law) -> dict[str, Any]:
    """What a stored run must agree in to be gone on with."""
    return {
        "job": "chemistry irc",
        "inputs": {"symbols": list(surface.symbols), "start_bohr": x.tolist()},
        "options": {**surface.about(), "accuracy": accuracy, "law": repr(law)},
        "seed": None,
        "versions": versions("scipy", "pyscf"),
    }
