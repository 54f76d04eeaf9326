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
    return _row(_seen(attempt, track))


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


class _Later(NamedTuple):
    """Attempts that are made again when somebody reads them."""

    length: int
    attempts: Callable[[], Iterable[Attempt]]
    track: str


def _plain(attempt: Attempt, track: str) -> tuple[Any, ...]:
    """What is seen of an attempt, but for its cost and notes.

    Python's collector of garbage goes again and again through all that a run keeps, but for plain
    tuples and dicts that hold nothing it could collect: no named tuple and no member of an enum.
    """
    number, (size, damping, effort, tries, _), *judged, trial, _, status, phase = attempt
    signals: tuple[Any, ...] = ()
    for name, (value, noise, order) in trial[1].items():
        signals += name, value, noise, order
    ended = int(status) if status else 0
    return track, number, phase, size, damping, effort, tries, *judged, ended, signals


def _seen(attempt: Attempt, track: str) -> _Seen:
    return _new(_Seen, (*_plain(attempt, track), attempt.trial.cost, attempt.trial.notes))


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
        self._count(row["number"], row["bound"], row["accepted"], row["refused"], row["cost"])

    def _count(
        self, number: int, bound: str, accepted: bool, refused: str, cost: Mapping[str, int]
    ) -> None:
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

    def see(self, seen: Iterable[_Seen]) -> None:
        """Count attempts of which no row was made."""
        for one in seen:
            self._count(one.number, one.bound, one.accept, one.refused, one.cost)

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
        # Of which no row was asked for yet: what is seen of each attempt, its cost and its notes.
        self._waiting: list[tuple[Any, ...] | _Later] = []
        self._costs: list[Mapping[str, int]] = []
        self._notes: list[Mapping[str, Any]] = []
        self._counted = 0  # of those, from the first on, that are in the tally
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
        trial = attempt.trial
        self._waiting.append(_plain(attempt, track))
        self._costs.append(trial.cost)
        self._notes.append(trial.notes)

    def defer(
        self, count: int, attempts: Callable[[], Iterable[Attempt]], track: str = "main"
    ) -> None:
        """Add so many attempts, which `attempts()` makes when somebody reads them."""
        self._waiting.append(_Later(count, attempts, track))
        self._costs.append({})
        self._notes.append({})

    def _unread(self, first: int = 0) -> Iterator[_Seen | _Later]:
        """What waits for its row, from a place on."""
        columns = self._waiting[first:], self._costs[first:], self._notes[first:]
        for one, cost, notes in zip(*columns, strict=True):
            yield one if isinstance(one, _Later) else _new(_Seen, (*one, cost, notes))

    def _settle(self) -> None:
        seen = list(self._unread())
        self._waiting, self._costs, self._notes = [], [], []
        counted, self._counted = self._counted, 0
        for place, one in enumerate(seen):
            if isinstance(one, _Later):
                rows = [row_of(attempt, one.track) for attempt in one.attempts()]
            else:
                rows = [_row(one)]
            self._rows += rows
            if place >= counted:
                for row in rows:
                    self._tally.add(row)

    @property
    def tally(self) -> Tally:
        """What bound the steps, why steps were refused, what it cost."""
        seen = [one for one in self._unread(self._counted) if isinstance(one, _Seen)]
        if self._counted + len(seen) < len(self._waiting):  # others are made once, as rows
            self._settle()
        else:
            self._tally.see(seen)
            self._counted += len(seen)
        return self._tally

    def glances(self) -> Iterator[Glance]:
        """What became of every attempt and its notes, without making a row for it."""
        for row in self._rows:
            yield Glance(row["accepted"], row["bound"], row["cost"], row["notes"])
        for one in self._unread():
            if isinstance(one, _Later):
                for attempt in one.attempts():
                    trial = attempt.trial
                    yield Glance(attempt.accept, attempt.bound, trial.cost, trial.notes)
            else:
                yield _new(Glance, (one.accept, one.bound, one.cost, one.notes))

    def accepted(self, track: str | None = None) -> Iterator[Row]:
        """The preparation and the accepted attempts, of one track or of all."""
        for row in self:
            if row["accepted"] and track in (None, row["track"]):
                yield row

    def __iter__(self) -> Iterator[Row]:
        self._settle()
        return iter(self._rows)

    def __len__(self) -> int:
        waiting = sum(one.length if isinstance(one, _Later) else 1 for one in self._waiting)
        return len(self._rows) + waiting

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
