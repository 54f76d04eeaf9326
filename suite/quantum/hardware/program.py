"""One job: its circuits, rows and shots, built from a request, priced, and read back.

The plan builds and prices the very programs that a run submits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.errors import InputError
from suite.quantum.hardware.fidelity import (
    MOST_FIDELITY_QUBITS,
    fidelities_of,
    left,
    projector,
    right,
)
from suite.quantum.hardware.layout import Isa
from suite.quantum.hardware.metric import Metric, block_of
from suite.quantum.hardware.pricing import (
    JOB_SECONDS,
    Price,
    Timing,
    cheapest_shots,
    row_seconds,
)
from suite.quantum.request import Block, Estimates, Measured, Request

__all__ = ["Circuits", "Program", "Pub", "build", "price_of", "read"]

Vector = NDArray[np.float64]


class Pub(NamedTuple):
    """A circuit with its observables and rows [m, k] of values for its own parameters.

    `bases` is the number of measurement groups that the observables take together.
    """

    isa: Isa
    observables: tuple[Any, ...]
    bases: int
    rows: Vector


class Program(NamedTuple):
    """A job: its pubs, each run with `shots` a row and measurement group, and which request's
    row each of its rows belongs to."""

    pubs: tuple[Pub, ...]
    shots: int
    parts: tuple[tuple[str, NDArray[np.int64]], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Circuits:
    """What is transpiled once for a run: the energy's circuit with its groups of words, the
    layers of the metric, and the circuit of a fidelity.

    `squares` of the groups (or none) tell the spread of each; `bounded` whether the errors that
    the estimator tells are upper bounds.
    """

    parameters: tuple[str, ...]
    energy: Isa
    constant: float
    groups: tuple[Any, ...]
    metric: tuple[Metric, ...] = ()
    fidelity: Isa | None = None
    qubits: int = 0
    squares: tuple[Any, ...] = ()
    bounded: bool = False


def build(request: Request, circuits: Circuits, timing: Timing) -> Program:
    """The job that measures a checked request."""
    wanted: list[tuple[str, Isa, tuple[Any, ...], int, Vector, NDArray[np.int64]]] = []
    for name, rows, shots in _energy_rows(request):
        needs = -(-shots // max(len(circuits.groups), 1))
        observables = circuits.groups + circuits.squares
        wanted.append((name, circuits.energy, observables, len(circuits.groups), rows, needs))
    if request.values is not None:
        for number, layer in enumerate(circuits.metric):
            needs = np.array([-(-request.metric_shots // max(layer.bases, 1))])
            rows = request.values[None]
            wanted.append((f"metric {number}", layer.isa, layer.words, layer.bases, rows, needs))
    if request.pairs is not None:
        rows = request.pairs.reshape(len(request.pairs), -1)
        needs = np.full(len(rows), request.pair_shots)
        isa = _fidelity(circuits)
        wanted.append(("fidelities", isa, projector(isa, circuits.qubits), 1, rows, needs))
    wanted = [entry for entry in wanted if entry[3]]
    if not wanted:
        return Program((), 1, ())
    each = cheapest_shots([(e[5], e[3], e[1].seconds) for e in wanted], timing)
    pubs, parts = [], []
    for name, isa, observables, bases, rows, needs in wanted:
        owner = np.repeat(np.arange(len(rows)), -(-needs // each))
        columns = _columns(isa, circuits.parameters, name == "fidelities")
        pubs.append(Pub(isa, observables, bases, rows[owner][:, columns]))
        parts.append((name, owner))
    return Program(tuple(pubs), each, tuple(parts))


def _energy_rows(request: Request) -> list[tuple[str, Vector, NDArray[np.int64]]]:
    found = []
    if request.rows is not None:
        found.append(("energies", request.rows, request.shots))
    if request.incumbent is not None:
        found.append(("incumbent", request.incumbent[None], np.array([request.incumbent_shots])))
    return found


def _fidelity(circuits: Circuits) -> Isa:
    if circuits.fidelity is None:
        raise InputError(
            f"Fidelities are measured on up to {MOST_FIDELITY_QUBITS} qubits. "
            f"Got {circuits.qubits}; use the block-diagonal metric instead."
        )
    return circuits.fidelity


def _columns(isa: Isa, parameters: tuple[str, ...], doubled: bool) -> list[int]:
    """Where the values of the machine's parameters stand among those of the request, by name."""
    place = {name: i for i, name in enumerate(parameters)}
    if doubled:
        place = {left(name): i for name, i in place.items()} | {
            right(name): i + len(place) for name, i in place.items()
        }
    return [place[name] for name in isa.names]


def price_of(program: Program, timing: Timing, factor: float = 1.0) -> Price:
    """What a job costs; `factor` corrects the seconds by what earlier jobs were charged."""
    if not program.pubs:
        return Price()
    each = timing.shots(program.shots)
    executed = [pub.bases * len(pub.rows) for pub in program.pubs]
    seconds = JOB_SECONDS + sum(
        count * row_seconds(each, pub.isa.seconds, timing)
        for count, pub in zip(executed, program.pubs, strict=True)
    )
    calibration = each if timing.mitigation else 0
    return Price(
        jobs=1,
        circuits=len({id(pub.isa) for pub in program.pubs}),
        groups=sum(pub.bases for pub in program.pubs),
        rows=sum(len(pub.rows) for pub in program.pubs),
        shots=sum(executed) * each + calibration,
        qpu_seconds=seconds * factor if timing.charged else 0.0,
    )


def read(
    program: Program, answers: Sequence[tuple[Vector, Vector]], circuits: Circuits, timing: Timing
) -> Measured:
    """What a job's answers, values and standard errors [observables, rows] a pub, say."""
    each = timing.shots(program.shots)
    found: dict[str, Any] = {}
    blocks: dict[int, Block] = {
        number: block_of(layer, np.zeros(0))
        for number, layer in enumerate(circuits.metric)
        if not layer.bases
    }
    metric_shots = 0
    for (name, owner), pub, (values, errors) in zip(
        program.parts, program.pubs, answers, strict=True
    ):
        spent = len(pub.rows) * pub.bases * each
        mean = _pooled(values, owner)
        if name.startswith("metric"):
            number = int(name.split()[1])
            blocks[number] = block_of(circuits.metric[number], mean[:, 0])
            metric_shots += spent
        elif name == "fidelities":
            found[name] = fidelities_of(mean, np.bincount(owner) * each, spent)
        else:
            energy = circuits.constant + mean[: len(circuits.groups)].sum(axis=0)
            told = np.sqrt(_pooled(errors**2, owner, squared=True))
            spread = _group_errors(mean, told, np.bincount(owner) * program.shots, circuits)
            # Groups are measured by separate executions, so their errors are independent.
            found[name] = Estimates(energy, np.sqrt((spread**2).sum(axis=0)), spent)
    asked = metric_shots > 0 or any(name.startswith("metric") for name, _ in program.parts)
    kept = tuple(blocks[number] for number in sorted(blocks)) if asked else ()
    return Measured(blocks=kept, metric_shots=metric_shots, **found)


def _group_errors(
    mean: Vector, told: Vector, shots: NDArray[np.int64], circuits: Circuits
) -> Vector:
    """Standard errors [groups, rows], from the squares of the groups where they were measured."""
    count = len(circuits.groups)
    if not circuits.squares:
        return told[:count]
    norms = np.array([float(np.sum(np.abs(group.coeffs) ** 2)) for group in circuits.groups])
    variance = np.maximum(mean[count:] - mean[:count] ** 2, 0.0)
    # As if one more shot had shown the spread of independent words: few shots may all agree.
    variance = (shots * variance + norms[:, None]) / (shots + 1.0)
    own = np.sqrt(variance / shots)
    # Mitigation widens the errors, which only the estimator knows.
    return (
        own
        if circuits.bounded
        else np.fmax(own, np.where(np.isfinite(told[:count]), told[:count], 0.0))
    )


def _pooled(values: Vector, owner: NDArray[np.int64], *, squared: bool = False) -> Vector:
    """Means [observables, rows] over repeated rows; of variances, the variance of that mean."""
    count = np.bincount(owner)
    total = np.add.reduceat(values, np.flatnonzero(np.diff(owner, prepend=-1)), axis=1)
    return total / (count**2 if squared else count)
