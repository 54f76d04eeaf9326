"""The record: a table of all attempts, and the tally that sums it up in the same words for all."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.core.law import Number
from suite.core.march import Attempt
from suite.core.status import Status

__all__ = ["Glance", "Record", "Tally", "row_of"]

Row = dict[str, Any]

# Makes a named tuple at a third of the time that its own constructor takes.
_new = tuple.__new__


class Glance(NamedTuple):
    """What a reader in a hurry wants of an attempt."""

    accepted: bool
    bound: str
    cost: Mapping[str, int]
    notes: Mapping[str, Any]


def row_of(attempt: Attempt, track: str = "main") -> Row:
    """One attempt as a row of the record: plain values, arrays only among its notes."""
    return _row(_new(_Seen, _plain(attempt, track, attempt.trial.cost)))


class _Seen(NamedTuple):
    """What a row is made of: an attempt without the states before and after it.

    `signals` are names, values, noises and orders one after another.
    """

    track: str
    number: int
    phase: str
    size: Number
    damping: Number
    effort: Number
    tries: Any
    accept: bool
    bound: str
    refused: str
    status: int
    signals: tuple[Any, ...]
    cost: Mapping[str, int]
    notes: Mapping[str, Any]


_WIDTH = len(_Seen._fields)
_COUNTED = "number", "bound", "accept", "refused", "cost"


class _Later(NamedTuple):
    """Attempts that are made again when somebody reads them."""

    length: int
    attempts: Callable[[], Iterable[Attempt]]
    track: str


def _plain(attempt: Attempt, track: str, cost: Mapping[str, int]) -> tuple[Any, ...]:
    """What is seen of an attempt that cost so much, field by field."""
    number, step, accept, bound, refused, trial, _, status, phase = attempt
    size, damping, effort, tries, _ = step
    _, evidence, _, _, _, notes, _ = trial
    signals: tuple[Any, ...] = ()
    for name, (value, noise, order) in evidence.items():
        signals += name, value, noise, order
    ended = int(status) if status else 0
    tried = track, number, phase, size, damping, effort, tries
    return *tried, accept, bound, refused, ended, signals, cost, notes


def _row(seen: _Seen) -> Row:
    signals = seen.signals
    return {
        "track": seen.track,
        "number": seen.number,
        "phase": seen.phase,
        "size": float(seen.size),
        "damping": float(seen.damping),
        "effort": float(seen.effort),
        "tries": int(seen.tries),
        "accepted": seen.accept,
        "bound": seen.bound,
        "refused": seen.refused,
        "status": Status(seen.status).name.lower() if seen.status else "",
        "evidence": {
            signals[at]: [float(part) for part in signals[at + 1 : at + 4]]
            for at in range(0, len(signals), 4)
        },
        "cost": dict(seen.cost),
        "notes": dict(seen.notes),
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
        self.count(row["number"], row["bound"], row["accepted"], row["refused"], row["cost"])

    def count(
        self, number: int, bound: str, accepted: bool, refused: str, cost: Mapping[str, int]
    ) -> None:
        """Count one attempt of which no row was made."""
        for name, spent in cost.items():
            self.cost[name] += spent
        if number == 0:
            return
        self.attempts += 1
        self.bound[bound] += 1
        if accepted:
            self.accepted += 1
        else:
            self.refused[refused] += 1

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
        # Of which no row was asked for yet: those to be made again, and after them others, field
        # by field in one list. A run may keep 100,000s of attempts, and each object that Python's
        # collector of garbage has to look at makes all of them dearer.
        self._later: list[_Later] = []
        self._seen: list[Any] = []
        self._counted = 0  # of those seen, from the first on, that are in the tally
        self._cost: Mapping[str, int] = {}  # of the last attempt: many cost the same
        self._tally = Tally()
        for row in rows:
            self.append(row)

    def append(self, row: Row) -> None:
        """Add a row as `row_of` makes it."""
        self._settle()
        self._rows.append(row)
        self._tally.add(row)

    def add(self, attempt: Attempt, track: str = "main") -> None:
        """Add an attempt, whose row is made when somebody reads it: a step may cost little."""
        cost = attempt.trial.cost
        if cost != self._cost:
            self._cost = dict(cost)
        self._seen.extend(_plain(attempt, track, self._cost))

    def defer(
        self, count: int, attempts: Callable[[], Iterable[Attempt]], track: str = "main"
    ) -> None:
        """Add so many attempts, which `attempts()` makes when somebody reads them."""
        if self._seen:
            self._settle()
        self._later.append(_Later(count, attempts, track))

    def _columns(self, *names: str, first: int = 0) -> Iterator[tuple[Any, ...]]:
        """Some fields of each attempt that was seen, from a place on."""
        places = (first * _WIDTH + _Seen._fields.index(name) for name in names)
        return zip(*(self._seen[place::_WIDTH] for place in places), strict=True)

    def _count(self) -> None:
        for fields in self._columns(*_COUNTED, first=self._counted):
            self._tally.count(*fields)
        self._counted = len(self._seen) // _WIDTH

    def _settle(self) -> None:
        for later in self._later:
            made = [row_of(attempt, later.track) for attempt in later.attempts()]
            self._rows += made
            for row in made:
                self._tally.add(row)
        self._count()
        self._rows += [_row(_new(_Seen, fields)) for fields in self._columns(*_Seen._fields)]
        self._later, self._seen, self._counted = [], [], 0

    @property
    def tally(self) -> Tally:
        """What bound the steps, why steps were refused, what it cost."""
        if self._later:  # they are made once, as rows
            self._settle()
        else:
            self._count()
        return self._tally

    def glances(self) -> Iterator[Glance]:
        """What became of every attempt and its notes, without making a row for it."""
        for row in self._rows:
            yield Glance(row["accepted"], row["bound"], row["cost"], row["notes"])
        for later in self._later:
            for attempt in later.attempts():
                trial = attempt.trial
                yield Glance(attempt.accept, attempt.bound, trial.cost, trial.notes)
        for fields in self._columns("accept", "bound", "cost", "notes"):
            yield _new(Glance, fields)

    def accepted(self, track: str | None = None) -> Iterator[Row]:
        """The preparation and the accepted attempts, of one track or of all."""
        for row in self:
            if row["accepted"] and track in (None, row["track"]):
                yield row

    def __iter__(self) -> Iterator[Row]:
        self._settle()
        return iter(self._rows)

    def __len__(self) -> int:
        later = sum(one.length for one in self._later)
        return len(self._rows) + later + len(self._seen) // _WIDTH

    def to_csv(self) -> str:
        """The flat table as CSV text, one line an attempt."""
        return rows_to_csv(self)


def flat(row: Row) -> Row:
    """A row with its evidence, cost and scalar notes as columns of their own."""
    columns = {k: v for k, v in row.items() if k not in ("evidence", "cost", "notes")}
    for name, (value, noise, order) in row["evidence"].items():
        columns[name] = value
        columns[f"{name}_noise"], columns[f"{name}_order"] = noise, order
    for name, value in row["cost"].items():
        columns[f"cost_{name}"] = value
    for name, value in row["notes"].items():
        if isinstance(value, str | int | float | bool):
            columns[name] = value
    return columns


def rows_to_csv(rows: Iterable[Row]) -> str:
    """Rows of a record as CSV text, with the union of their columns."""
    table = [flat(row) for row in rows]
    forms = dict.fromkeys(tuple(row) for row in table)  # few: most rows are alike
    columns = list(dict.fromkeys(name for form in forms for name in form))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row.get(name) for name in columns] for row in table)
    return text.getvalue()
