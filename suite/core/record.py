"""The record: a table of all attempts, and the tally that sums it up in the same words for all."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.core.march import Attempt

__all__ = ["Record", "Tally", "row_of"]

Row = dict[str, Any]


def row_of(attempt: Attempt, track: str = "main") -> Row:
    """One attempt as a row of the record: plain values, arrays only among its notes."""
    trial, step = attempt.trial, attempt.step
    return {
        "track": track,
        "number": attempt.number,
        "phase": attempt.phase,
        "size": float(step.size),
        "damping": float(step.damping),
        "effort": float(step.effort),
        "tries": int(step.tries),
        "accepted": attempt.accept,
        "bound": attempt.bound,
        "refused": attempt.refused,
        "status": attempt.status.name.lower() if attempt.status else "",
        "evidence": {
            name: [float(part) for part in signal] for name, signal in trial.evidence.items()
        },
        "cost": dict(trial.cost),
        "notes": dict(trial.notes),
    }


@dataclass(slots=True)
class Tally:
    """What bound the steps, why steps were refused, and what it cost: counts by name.

    `bound` counts the attempts that each name set the size of, accepted or refused.
    """

    attempts: int = 0
    accepted: int = 0
    bound: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    cost: Counter[str] = field(default_factory=Counter)

    def add(self, row: Row) -> None:
        """Count one row of a record; the preparation counts as cost only."""
        self.cost.update(row["cost"])
        if row["number"] == 0:
            return
        self.attempts += 1
        self.bound[row["bound"]] += 1
        if row["accepted"]:
            self.accepted += 1
        else:
            self.refused[row["refused"]] += 1

    def rows(
        self,
        bound: NDArray[np.int64],
        refused: NDArray[np.int64],
        names: list[str],
        cost: Mapping[str, int],
    ) -> None:
        """Count one attempt of many rows: `bound` of all of them, `refused` of those that were,
        why; both point into `names`."""
        alive = len(bound)
        self.attempts += alive
        self.accepted += alive - len(refused)
        for counter, codes in ((self.bound, bound), (self.refused, refused)):
            if codes.strides == (0,) and len(codes):  # one value for all rows
                counter[names[codes[0]]] += len(codes)
                continue
            for code, count in enumerate(np.bincount(codes)):
                if count:
                    counter[names[code]] += int(count)
        for name, each in cost.items():
            self.cost[name] += each * alive

    def merge(self, other: Tally) -> None:
        """Add the counts of another batch or track."""
        self.attempts += other.attempts
        self.accepted += other.accepted
        self.bound.update(other.bound)
        self.refused.update(other.refused)
        self.cost.update(other.cost)

    def to_csv(self) -> str:
        """The counts as CSV text: what is counted, its name, how often."""
        lines = ["count,name,value", f"attempts,,{self.attempts}", f"accepted,,{self.accepted}"]
        for count in ("bound", "refused", "cost"):
            lines += [f"{count},{name},{n}" for name, n in sorted(getattr(self, count).items())]
        return "\n".join(lines) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """Plain counts, for `summary.json`."""
        return {
            "attempts": self.attempts,
            "accepted": self.accepted,
            "refused": dict(self.refused),
            "bound": dict(self.bound),
            "cost": dict(self.cost),
        }


class Record:
    """All attempts of a run, in order, over all its tracks.

    Iterating gives the rows as dicts; `tally` sums them up; `to_csv` writes the flat table that
    `attempts.csv` holds (arrays among the notes stay in the run file).
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._rows: list[Row] = []
        self.tally = Tally()
        for row in rows:
            self.append(row)

    def append(self, row: Row) -> None:
        """Add a row as `row_of` makes it."""
        self._rows.append(row)
        self.tally.add(row)

    def accepted(self, track: str | None = None) -> Iterator[Row]:
        """The preparation and the accepted attempts, of one track or of all."""
        for row in self._rows:
            if row["accepted"] and track in (None, row["track"]):
                yield row

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def to_csv(self) -> str:
        """The flat table as CSV text, one line an attempt."""
        return rows_to_csv(self._rows)


def flat(row: Row) -> Row:
    """A row with its evidence, cost and scalar notes as columns of their own."""
    columns = {k: v for k, v in row.items() if k not in ("evidence", "cost", "notes")}
    for name, (value, noise, order) in row["evidence"].items():
        columns |= {name: value, f"{name}_noise": noise, f"{name}_order": order}
    columns |= {f"cost_{name}": value for name, value in row["cost"].items()}
    scalars = {k: v for k, v in row["notes"].items() if isinstance(v, str | int | float | bool)}
    return columns | scalars


def rows_to_csv(rows: Iterable[Row]) -> str:
    """Rows of a record as CSV text, with the union of their columns."""
    table = [flat(row) for row in rows]
    columns = list(dict.fromkeys(name for row in table for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()
