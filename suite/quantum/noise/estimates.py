"""What is asked of whatever measures, and what comes back.

A machine's adapter and the simulator take the same request and answer the same fields.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from suite.quantum.noise.groups import Groups

__all__ = ["Estimates", "Instrument", "Measured", "Request", "energies_of"]

Vector = NDArray[np.float64]


class Estimates(NamedTuple):
    """Estimates [rows] with their standard errors [rows], and the shots spent on all of them."""

    values: Vector
    standard_errors: Vector
    shots: int


class Request(NamedTuple):
    """Everything that one job is to measure, in unrolled angles.

    `rows` [r, a] with `shots` [r], each over all groups of its row; `values` [a] where the metric's
    blocks are wanted, with `metric_shots` a layer; `pairs` [k, 2, a] whose fidelities are wanted,
    with `pair_shots` each; `incumbent` [a], measured beside with `incumbent_shots`.
    """

    rows: Any = None
    shots: Any = None
    values: Any = None
    metric_shots: int = 0
    pairs: Any = None
    pair_shots: int = 0
    incumbent: Any = None
    incumbent_shots: int = 0


class Measured(NamedTuple):
    """What a job showed; what was not asked for is None or empty.

    `blocks` pairs the indices of each layer with its block of the metric.
    """

    energies: Estimates | None = None
    blocks: tuple[tuple[Any, Any], ...] = ()
    metric_shots: int = 0
    fidelities: Estimates | None = None
    incumbent: Estimates | None = None

    @property
    def shots(self) -> int:
        """All shots of the job."""
        parts = (self.energies, self.fidelities, self.incumbent)
        return self.metric_shots + sum(part.shots for part in parts if part is not None)


class Instrument(Protocol):
    """What measures: the simulator, or a machine behind its adapter."""

    def measure(
        self, request: Any, number: int, groups: Groups | None = None
    ) -> tuple[Any, Groups | None]:
        """All that a `Request` asks for, as attempt `number` of the run, as `Measured`.

        `groups` is what is known of the observable's groups, and what is known after is answered;
        an instrument that splits its shots in its own way may answer None.
        """


def energies_of(measured: Any) -> Estimates:
    """The energies of a job that was asked for some."""
    if measured.energies is None:
        raise ValueError("The instrument answered no energies.")
    return measured.energies
