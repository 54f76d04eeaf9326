"""What is asked in one job of whatever measures, and what comes back.

The simulator and a machine's adapter take the same request and answer the same fields. A row is a
vector of unrolled angles, one for each parametrised gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from suite.errors import InputError, JobFailed

__all__ = [
    "ENERGY_FIRST",
    "ORDERS",
    "TOGETHER",
    "Block",
    "Comparison",
    "Estimates",
    "Instrument",
    "Layer",
    "Measured",
    "Request",
    "checked",
    "compared",
    "energies_of",
]

TOGETHER, ENERGY_FIRST = "together", "energy first"
ORDERS = (TOGETHER, ENERGY_FIRST)
"""All of an attempt in one job, or rows and metric in a second one of points that are kept."""

Vector = NDArray[np.float64]
Block = tuple[NDArray[np.int64], Vector]


class Estimates(NamedTuple):
    """Estimates [rows] with their standard errors [rows], and the shots spent on all of them."""

    values: Vector
    standard_errors: Vector
    shots: int


class Layer(Protocol):
    """A layer of commuting rotations exp(-i φ K) and the circuit before it.

    `indices` of its parameters in the whole circuit, `circuit` the prefix with the same named
    parameters, `generators` one `SparsePauliOp` K an index, as they act at the end of the prefix.
    """

    @property
    def indices(self) -> Sequence[int]:
        """Parameters of the layer, as places in `circuit.parameters` of the whole circuit."""

    @property
    def circuit(self) -> Any:
        """The gates before the layer."""

    @property
    def generators(self) -> Sequence[Any]:
        """One Hermitian operator a parameter."""


class Request(NamedTuple):
    """Everything that one job is to measure.

    `rows` [r, p] with `shots` [r], each the total over all measurement groups of its row;
    `values` [p] where the metric's blocks are wanted, with `metric_shots` for each layer; `pairs`
    [k, 2, p] of parameter vectors whose fidelity is wanted, with `pair_shots` for each.
    `incumbent` [p] is measured beside, to see the drift of the machine, with `incumbent_shots`.
    `part` numbers the jobs of one attempt from 0: each has its own noise and its own place in the
    ledger.
    """

    rows: Any = None
    shots: Any = None
    values: Any = None
    metric_shots: int = 0
    pairs: Any = None
    pair_shots: int = 0
    incumbent: Any = None
    incumbent_shots: int = 0
    part: int = 0


class Measured(NamedTuple):
    """What a job showed; the parts that were not asked for are None or empty.

    `blocks` pairs the indices of each layer with its block of the metric; `incumbent` is the
    energy measured beside; `qpu_seconds` and `queue_seconds` are what the service reports.
    """

    energies: Estimates | None = None
    blocks: tuple[Block, ...] = ()
    metric_shots: int = 0
    fidelities: Estimates | None = None
    incumbent: Estimates | None = None
    qpu_seconds: float = 0.0
    queue_seconds: float = 0.0

    @property
    def shots(self) -> int:
        """All shots of the job."""
        parts = (self.energies, self.fidelities, self.incumbent)
        return self.metric_shots + sum(part.shots for part in parts if part is not None)


class Instrument(Protocol):
    """What measures: the simulator, or a machine behind its adapter."""

    def measure(self, request: Request, number: int, groups: Any = None) -> tuple[Measured, Any]:
        """All that a request asks for, as attempt `number` of the run.

        `groups` is what is known of the observable's groups, and what is known after is answered;
        an instrument that splits its shots in its own way may answer None.
        """


class Comparison(NamedTuple):
    """A candidate beside the incumbent in one job: energy gained, with its standard error, and the
    incumbent's energy with its own."""

    gained: float
    error: float
    incumbent: float
    incumbent_error: float


def energies_of(measured: Measured) -> Estimates:
    """The energies of a job that was asked for some; `JobFailed` where one is no number."""
    return _finite(measured.energies, "row")


def compared(measured: Measured) -> Comparison:
    """What the first row of a job gained on its incumbent, free of the machine's drift."""
    candidate = energies_of(measured)
    incumbent = _finite(measured.incumbent, "incumbent")
    error = np.hypot(candidate.standard_errors[0], incumbent.standard_errors[0])
    return Comparison(
        float(incumbent.values[0] - candidate.values[0]),
        float(error),
        float(incumbent.values[0]),
        float(incumbent.standard_errors[0]),
    )


def _finite(found: Estimates | None, what: str) -> Estimates:
    if found is None:
        raise ValueError("The instrument answered no energies.")
    wrong = ~np.isfinite(found.values + found.standard_errors)
    if np.any(wrong):
        row = int(np.argmax(wrong))
        raise JobFailed(
            f"The machine answered {found.values[row]} ± {found.standard_errors[row]} for {what} "
            f"{row} of a job; nothing of it is used."
        )
    return found


def checked(request: Request, parameters: int) -> Request:
    """A request with its arrays in shape; raises `InputError` for what cannot be measured.

    >>> checked(Request(rows=[[0.1, float("nan")]], shots=[100]), 2)
    Traceback (most recent call last):
    ...
    suite.errors.InputError: Parameter values must be finite. Got nan in rows.
    """
    rows = _array(request.rows, "rows", (-1, parameters))
    shots = None
    if rows is not None:
        shots = np.broadcast_to(np.asarray(request.shots, object), len(rows))
        shots = np.array([_count(each, "shots") for each in shots], np.int64)
    values = _array(request.values, "values", (parameters,))
    pairs = _array(request.pairs, "pairs", (-1, 2, parameters))
    incumbent = _array(request.incumbent, "incumbent", (parameters,))
    return Request(
        rows,
        shots,
        values,
        0 if values is None else _count(request.metric_shots, "metric_shots"),
        pairs,
        0 if pairs is None else _count(request.pair_shots, "pair_shots"),
        incumbent,
        0 if incumbent is None else _count(request.incumbent_shots, "incumbent_shots"),
        request.part,
    )


def _array(given: Any, name: str, shape: tuple[int, ...]) -> Vector | None:
    if given is None:
        return None
    array = np.asarray(given, float)
    fits = array.ndim == len(shape) and all(
        want in (-1, have) for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if want == -1 else str(want) for want in shape)
        raise InputError(f"{name} must be of shape [{wanted}]. Got {list(array.shape)}.")
    if not np.all(np.isfinite(array)):
        wrong = array[~np.isfinite(array)].flat[0]
        raise InputError(f"Parameter values must be finite. Got {wrong} in {name}.")
    return array if array.size else None


def _count(given: Any, name: str) -> int:
    whole = isinstance(given, int | float | np.integer | np.floating) and float(given).is_integer()
    if not whole or given < 1:
        raise InputError(
            f"{name} must be a whole number of at least 1 (a precision of 0 needs an exact "
            f"engine). Got {given!r}."
        )
    return int(given)
