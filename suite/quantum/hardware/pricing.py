"""What shots cost: the price of a job, and how many shots its rows get together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["DELAY", "JOB_SECONDS", "Price", "Timing", "cheapest_shots", "row_seconds"]

# What a service charges beyond the shots. There is no published formula: these are on the safe
# side of what small jobs are billed, and a run corrects them by what its own jobs were charged.
JOB_SECONDS = 2.0
ROW_SECONDS = 2e-3
# Between two shots, where the machine does not say; simulators are priced alike.
DELAY = 250e-6
# Twirling splits the shots over randomised circuits as qiskit-ibm-runtime documents it.
_RANDOMISED, _FEWEST = 32, 64
# Zero-noise extrapolation at its default runs each circuit at three noise factors.
_NOISE_FACTORS = 3


class Timing(NamedTuple):
    """What prices a machine's shots: `delay` seconds between two of them, the most a circuit may
    run, and the level of error mitigation, None where there is none."""

    delay: float = DELAY
    most_shots: int = 10**6
    mitigation: int | None = None
    charged: bool = True

    def shots(self, asked: int) -> int:
        """Shots of one circuit with one basis and one row, for `asked` of precision."""
        if not self.mitigation:
            return asked
        each = max(_FEWEST, math.ceil(asked / _RANDOMISED))
        total = each * math.ceil(asked / each)
        return total * (_NOISE_FACTORS if self.mitigation > 1 else 1)


class Price(NamedTuple):
    """What is submitted: jobs, distinct circuits, measurement groups (of all circuits), rows of
    parameters, shots, and the estimated seconds on the machine."""

    jobs: int = 0
    circuits: int = 0
    groups: int = 0
    rows: int = 0
    shots: int = 0
    qpu_seconds: float = 0.0

    def plus(self, other: Price) -> Price:
        """Both, as separate jobs."""
        return Price._make(a + b for a, b in zip(self, other, strict=True))

    def times(self, count: int) -> Price:
        """The same over again, `count` times."""
        return Price._make(count * part for part in self)

    def budgeted(self) -> dict[str, float]:
        """The parts that a budget bounds, by the names of the store's ledger."""
        return {"shots": float(self.shots), "QPU seconds": float(self.qpu_seconds)}


def cheapest_shots(wanted: Sequence[tuple[NDArray[np.int64], int, float]], timing: Timing) -> int:
    """The shots of every row of a job, of which rows that need more are repeated.

    The estimators of the service know one precision a job. The cheapest is taken.
    """
    every = np.unique(np.concatenate([needs for needs, *_ in wanted]))
    parts = np.unique(-(-every[:, None] // np.arange(1, 5)))
    choices = np.unique(np.minimum(parts, timing.most_shots))

    def cost(shots: int) -> float:
        each = timing.shots(shots)
        return sum(
            float((-(-needs // shots)).sum()) * bases * row_seconds(each, seconds, timing)
            for needs, bases, seconds in wanted
        )

    # Many choices are nearly the same price; the dearest to try is the count of rows.
    few = choices[np.unique(np.linspace(0, len(choices) - 1, 64).round().astype(int))]
    return int(min(reversed(few.tolist()), key=cost))


def row_seconds(shots: int, seconds: float, timing: Timing) -> float:
    """Time on the machine of one row in one basis, with what comes with it."""
    return shots * (seconds + timing.delay) + ROW_SECONDS
