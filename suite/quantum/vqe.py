"""VQE by natural gradient as a problem for the core's march.

A step goes along the natural gradient, -G⁻¹g, and its size is the angle by which it turns the
state (radians, Fubini-Study). The exact curvature along it bounds the step, the gain against the
predicted gain governs its size, and the angle really turned against the angle predicted governs
how much the metric is damped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.core import (
    Attempt,
    Both,
    Damping,
    Dense,
    Point,
    Record,
    Signal,
    Status,
    Step,
    Store,
    Trial,
    TrustRegion,
    begin,
    march,
    run,
)
from suite.core.control import Law
from suite.core.files import write_whole
from suite.core.versions import versions
from suite.errors import InputError
from suite.frames import frame_of
from suite.molecule import Molecule
from suite.quantum.ansatz import ansatz_of
from suite.quantum.geometry import Compiled, Geometry, compile_circuit, evaluate, sparse_matrix
from suite.quantum.hamiltonian import Problem, molecule
from suite.quantum.problem_file import Task, read_task

__all__ = ["VQEResult", "vqe"]

Vector = NDArray[np.float64]

EPS = float(np.finfo(float).eps)
SCHEMA = 1
LAW = Both(TrustRegion("gain", most_size=1.0), Damping("angle", floor=1e-6))
"""Gain governs the angle, at most one radian; the angle governs the damping, never down to zero."""
FIRST_ANGLE = 0.5
FIRST_DAMPING = 1e-4
SMALLEST_ANGLE = 1e-9


class Incumbent(NamedTuple):
    """The best parameters so far [p] and what was measured there."""

    parameters: Vector
    here: Geometry


@dataclass(frozen=True, slots=True, eq=False)
class VQEResult:
    """The outcome of a VQE run.

    `energy` in the units of the observable (hartree for molecules), `standard_error` its error (0
    on an exact engine), `parameters` [p] in the order of the circuit's parameters, `exact_energy`
    where it was computed, `status`, `evaluations` of energy with gradient and metric, and the
    `record` of all attempts.
    """

    energy: float
    standard_error: float
    parameters: Vector
    exact_energy: float | None
    hartree_fock_energy: float | None
    status: Status
    record: Record

    @property
    def evaluations(self) -> int:
        """Energies with gradient and metric that were paid for, refused steps included."""
        return self.record.tally.cost["evaluations"]

    def trace(self) -> list[dict[str, float]]:
        """One entry an accepted step: `energy`, `evaluations` so far, `angle` (radians)."""
        entries, spent = [], 0
        for row in self.record:
            spent += row["cost"]["evaluations"]
            if row["accepted"]:
                energy = row["notes"]["energy"]
                entries.append({"energy": energy, "evaluations": spent, "angle": row["size"]})
        return entries

    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds."""
        return {
            "schema": SCHEMA,
            "job": "quantum vqe",
            "status": self.status.name.lower(),
            "sentence": self.status.sentence,
            "energy": self.energy,
            "standard_error": self.standard_error,
            "exact_energy": self.exact_energy,
            "hartree_fock_energy": self.hartree_fock_energy,
            "parameters": self.parameters.tolist(),
            "evaluations": self.evaluations,
            "trace": self.trace(),
            "record": self.record.tally.to_dict(),
        }

    def to_frame(self) -> Any:
        """The trace as a pandas frame."""
        return frame_of(self.trace())

    def save(self, folder: str | Path) -> Path:
        """Write summary.json and attempts.csv into a folder."""
        folder = Path(folder)
        write_whole(folder / "attempts.csv", self.record.to_csv())
        write_whole(folder / "summary.json", json.dumps(self.summary(), indent=1))
        return folder

    def _repr_html_(self) -> str:
        exact = "" if self.exact_energy is None else f" (exact {self.exact_energy:.8f})"
        return (
            f"<p>VQE energy {self.energy:.8f}{exact} after {self.evaluations} evaluations; "
            f"{self.status.sentence}</p>"
        )


def vqe(
    problem: str | Path | Problem | Any,
    *,
    ansatz: str | Any = "uccsd",
    start: ArrayLike | None = None,
    gradient: float = 1e-6,
    evaluations: int = 500,
    law: Law = LAW,
    seed: int = 0,
    store: str | Path | None = None,
    observe: tuple[Callable[[Attempt], object], ...] = (),
) -> VQEResult:
    """Find the ground-state energy of a problem by natural gradient on the exact engine.

    `problem` is a TOML file (whose settings win over these arguments), a `Molecule` (in sto-3g), a
    `Problem` or a `SparsePauliOp`; `ansatz` a name of `suite.quantum.ansatz` or any parametrised
    circuit. `start` [p] defaults to zeros (Hartree-Fock) for uccsd and to small random angles drawn
    with `seed` otherwise. It stops where the largest gradient component falls below `gradient`, or
    after `evaluations`. `store` is a folder that keeps the run; called again it goes on.

    >>> from suite.quantum.hamiltonian import pauli_sum
    >>> found = vqe(pauli_sum([("ZZ", -1.0), ("XI", 0.5), ("IX", 0.5)]), ansatz="real_amplitudes")
    >>> round(found.energy, 6)
    -1.414214
    """
    task = _task(problem, ansatz, start, gradient, evaluations, seed)
    circuit = task.circuit
    compiled = compile_circuit(circuit)
    if not compiled.parameters:
        raise InputError("The circuit has no parameters: there is nothing to optimise.")
    observable = sparse_matrix(task.problem.observable, circuit)
    scale = float(np.abs(task.problem.observable.coeffs).sum())
    first = _first_parameters(task, len(compiled.parameters))
    record = Record()

    def prepare() -> Attempt:
        here = Incumbent(first, evaluate(compiled, observable, first))
        return begin(
            here,
            law,
            FIRST_ANGLE,
            damping=FIRST_DAMPING,
            cost={"evaluations": 1},
            notes=_notes(here),
        )

    def until(state: Incumbent) -> int:
        steepest = float(np.max(np.abs(state.here.gradient)))
        return Status.CONVERGED if steepest < task.gradient else Status.RUNNING

    def walk(origin: Attempt | Point) -> Iterator[Attempt]:
        return march(
            attempt_on(compiled, observable, scale),
            origin,
            law,
            until,
            _limits,
            floor=lambda _: SMALLEST_ANGLE,
            most=task.evaluations - 1,
        )

    last: list[Attempt] = []
    look = (*observe, lambda attempt: last.__setitem__(slice(None), [attempt]))
    if store is None:
        status = run(walk, prepare, record, observe=look)
        best = last[0].after.state
    else:
        about = _about(task, first, law)
        with Store(store, about, kinds=(Incumbent, Geometry)) as kept:
            status = run(walk, prepare, record, store=kept, observe=look)
            point = kept.point()
            best = last[0].after.state if last else point.state  # type: ignore[union-attr]
    return VQEResult(
        best.here.energy,
        0.0,
        best.parameters,
        task.problem.exact,
        task.problem.hartree_fock,
        status,
        record,
    )


def attempt_on(
    compiled: Compiled, observable: Any, scale: float
) -> Callable[[Incumbent, Step], Trial]:
    """The attempt: go an angle along the natural gradient and measure what it gained.

    `scale` is the sum of the observable's absolute coefficients, which rounding grows with.
    """

    def attempt(state: Incumbent, step: Step) -> Trial:
        unit, slope, bend = _along(state.here, step.damping)
        # The limit was told for a direction of the usual damping; this one may be shorter.
        size = min(step.size, _lowest(slope, bend))
        parameters = state.parameters + size * unit
        there = evaluate(compiled, observable, parameters)
        predicted = -(slope * size + 0.5 * bend * size**2)
        gained = state.here.energy - there.energy
        overlap = min(float(abs(np.vdot(state.here.state, there.state))), 1.0)
        turned = float(np.arccos(overlap))
        after = Incumbent(parameters, there)
        evidence = {
            "gain": Signal(_ratio(gained, predicted), _ratio(EPS * scale, abs(predicted)), order=1),
            # arccos loses half the digits near 1: an angle below 1e-7 is only known to that.
            "angle": Signal(abs(turned / size - 1.0) if size > 1e-6 else 0.0, order=1),
        }
        notes = _notes(after) | {"predicted_gain": predicted, "gained": gained, "turned": turned}
        return Trial(
            after,
            evidence,
            {"evaluations": 1},
            size=None if size == step.size else size,
            notes=notes,
        )

    return attempt


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom != 0.0 else np.inf if top > 0.0 else np.nan


def _along(here: Geometry, damping: float) -> tuple[Vector, float, float]:
    """The natural gradient's direction of one radian, the energy's slope and curvature on it."""
    metric = Dense(here.metric, damping)
    direction = metric.direction(here.gradient)
    unit = direction / max(metric.length(direction), 1e-300)
    return unit, float(here.gradient @ unit), float(unit @ here.curvature @ unit)


def _limits(state: Incumbent) -> dict[str, float]:
    """The angle at which the energy along the direction is lowest, by its exact curvature."""
    _, slope, bend = _along(state.here, FIRST_DAMPING)
    return {"curvature": _lowest(slope, bend)}


def _lowest(slope: float, bend: float) -> float:
    """The angle of the lowest energy on a parabola; infinite where it bends down."""
    return -slope / bend if bend > 0.0 else np.inf


def _notes(state: Incumbent) -> dict[str, Any]:
    """The domain's columns of the record."""
    eigenvalues = np.linalg.eigvalsh(state.here.metric)
    rank = int(np.count_nonzero(eigenvalues > 1e-10 * max(eigenvalues[-1], 1e-300)))
    return {
        "energy": state.here.energy,
        "largest_gradient": float(np.max(np.abs(state.here.gradient))),
        "metric_rank": rank,
    }


def _task(
    problem: Any, ansatz: Any, start: Any, gradient: float, evaluations: int, seed: int
) -> Task:
    if isinstance(problem, str | Path):
        names = ("ansatz", "gradient", "evaluations", "seed", "start")
        given = (ansatz, gradient, evaluations, seed, start)
        return read_task(problem, dict(zip(names, given, strict=True)))
    if isinstance(problem, Molecule):
        problem = molecule(problem)
    if not isinstance(problem, Problem):
        problem = Problem(problem)
    circuit = ansatz_of(ansatz, problem) if isinstance(ansatz, str) else ansatz
    name = ansatz if isinstance(ansatz, str) else "circuit"
    return Task(problem, circuit, name, gradient, evaluations, seed, start)


def _first_parameters(task: Task, count: int) -> Vector:
    if task.start is not None:
        return np.asarray(task.start, float)
    if task.ansatz == "uccsd":
        return np.zeros(count)
    # Zero is a stationary point of many circuits.
    return np.random.default_rng(task.seed).uniform(-0.3, 0.3, count)


def _about(task: Task, first: Vector, law: Law) -> dict[str, Any]:
    """What a stored run must agree in to be gone on with."""
    from qiskit import qasm3

    terms = [[word, value.real] for word, value in task.problem.observable.to_list()]
    return {
        "job": "quantum vqe",
        "inputs": {"observable": terms, "circuit": qasm3.dumps(task.circuit)},
        "options": {
            "start": first.tolist(),
            "gradient": task.gradient,
            "evaluations": task.evaluations,
            "law": repr(law),
        },
        "seed": task.seed,
        "versions": versions("scipy", "qiskit", "pyscf"),
    }
