"""What became of the invariants of a run: the report, and what a run remembers for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from suite.core import Tally
from suite.dynamics.equation import Flow

__all__ = [
    "ALLOWED",
    "BEYOND",
    "DEPARTURE",
    "LARGEST",
    "NOW",
    "ODD",
    "PROJECTED",
    "ROWS",
    "START",
    "SUM",
    "WATCHED",
    "Conscience",
    "consciences",
]

# Rows of the table that a run remembers, one column a value.
START, ALLOWED, NOW, DEPARTURE, SUM, LARGEST, BEYOND, ODD = range(8)
ROWS = 8

WATCHED, PROJECTED = "watched", "projected"
"""What can be done with an invariant; the names a run remembers them by."""


@dataclass(frozen=True)
class Conscience:
    """What became of one invariant over a run, in its own units.

    `largest_departure` is that of the kept points from `start`. Of a projected one
    `sum_of_corrections` (signed) is minus the drift there would have been, `largest_correction` the
    largest in size; `beyond` counts the steps whose correction passed the tolerance of the state.
    `bound` counts the attempts whose size this invariant set, `refused` those it refused.
    """

    start: float
    largest_departure: float
    sum_of_corrections: float
    largest_correction: float
    projected: bool
    bound: int
    refused: int
    beyond: int

    @property
    def sentence(self) -> str:
        """What to think of it."""
        if not self.projected:
            return (
                f"Departed by up to {self.largest_departure:.3g} from {self.start:.6g}; it set "
                f"the size of {self.bound} attempts and refused {self.refused}."
            )
        text = (
            f"Kept at {self.start:.6g} to {self.largest_departure:.3g}; without projection it "
            f"would have drifted by about {0.0 - self.sum_of_corrections:.3g}."
        )
        if self.beyond:
            text += (
                f" In {self.beyond} steps the correction passed the tolerance: the equation may "
                "not conserve it."
            )
        return text


def consciences(flow: Flow, tally: Tally) -> dict[str, Conscience]:
    """The report on every declared invariant, from the last kept point and the counts of a run."""
    reports = {}
    for kind in (WATCHED, PROJECTED):
        kept = flow.memory.get(kind)
        if kept is None:
            continue
        for label, name, column in zip(kept["labels"], kept["names"], kept["table"].T, strict=True):
            reports[label] = Conscience(
                float(column[START]),
                float(column[DEPARTURE]),
                float(column[SUM]),
                float(column[LARGEST]),
                kind == PROJECTED,
                _count(tally.bound, name),
                _count(tally.refused, name),
                int(column[BEYOND]),
            )
    return reports


def _count(counts: Mapping[str, int], name: str) -> int:
    """How often a law of that name spoke, whatever it said."""
    return sum(n for reason, n in counts.items() if reason == name or reason.startswith(f"{name} "))
