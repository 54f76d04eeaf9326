"""What a run leaves behind: the notes of its attempts, and the points they add up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.core import Attempt, Point, Record, Status, Step, Trial
from suite.dynamics.compiled import Trace
from suite.dynamics.equation import Flow, Scheme, Try, Vector, charge, may_stand, note

__all__ = ["NO_NUMBER", "OUT_OF_RANGE", "Course", "Journal", "course_of", "recorded"]

AT_ROUNDING = "error at rounding"
OUT_OF_RANGE = "the state leaves the range of double precision"
"""What was wrong where not the function but the size of its numbers is to blame."""
NO_NUMBER = "the error of the step is no number"
"""What was wrong where all that was looked at is finite."""
_LARGEST = 1e300
"""A state or a rate from which the sums in a step overflow: their weights are up to some 100s."""

_RUNNING = Status.RUNNING


def recorded(attempt: Try, scheme: Scheme, polynomials: bool) -> Try:
    """An attempt whose notes have the time and the state it led to, and its polynomial if asked."""

    def noting(flow: Flow, step: Step) -> Trial:
        trial = attempt(flow, step)
        after, evidence, _, _, _, notes, _ = trial
        notes["time"], notes["y"], _, _, _ = after  # type: ignore[index]
        signal = evidence.get("error")
        if signal is not None and signal.value != signal.value:
            note(trial, wrong=_wrong(flow, after, notes))
        if polynomials and "dense" not in notes and may_stand(trial):
            powers, spent = scheme.dense(flow, after)
            note(trial, dense=powers)
            charge(trial, spent)
        return trial

    return noting


def _wrong(flow: Flow, after: Flow, notes: Mapping[str, Any]) -> str:
    """What in a step from a point was not finite, unless the method has noted it."""
    if max(np.abs(flow.y).max(), np.abs(flow.rate).max()) > _LARGEST:
        return OUT_OF_RANGE
    if "wrong" in notes:
        return str(notes["wrong"])
    looked_at = [after.rate, after.y] if after.stages is None else [*after.stages, after.y]
    for values in looked_at:
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            return f"fun gave {values[bad[0]]} in component {bad[0]}"
    return NO_NUMBER


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """The accepted points of a run, and what it took.

    `times` [m], `states` [m, n], a polynomial [d, n] for each step if they were kept, the `notes`
    of the accepted attempts; `at_rounding` counts those that rounding held to their size.
    """

    times: NDArray[np.float64]
    states: Vector
    polynomials: Sequence[Vector]
    evaluations: int
    rejected: int
    at_rounding: int
    notes: Sequence[Mapping[str, Any]] = ()


class Journal:
    """A run while it goes on: its record, where it stands, and whether evaluations are left."""

    def __init__(self, most_evaluations: int) -> None:
        self.record = Record()
        self.last: Attempt | None = None
        self.point: Point | None = None
        self._left: int = most_evaluations
        self._begun = False

    def budget(self, attempt: Attempt) -> Status:
        """`OUT_OF_BUDGET` where no evaluations are left after an attempt."""
        if not self._begun:  # the record holds what an earlier process spent
            self._begun = True
            self._left -= sum(one.cost.get("evaluations", 0) for one in self.record.glances())
        self._left -= attempt.trial.cost.get("evaluations", 0)
        return _RUNNING if self._left > 0 else Status.OUT_OF_BUDGET

    def keep(self, attempt: Attempt) -> None:
        """See an attempt after it was kept in the record."""
        self.last = attempt

    def trouble(self) -> tuple[str, str]:
        """Why the last attempt was refused, and what in it was not finite; empty where nothing."""
        if self.last is not None:
            return self.last.refused, str(self.last.trial.notes.get("wrong", ""))
        *_, row = self.record
        return row["refused"], row["notes"].get("wrong", "")

    def course(self) -> Course:
        """What the record adds up to."""
        if self.last is not None:
            self.point = self.last.after
        return course_of(self.record)

    def take(self, made: Trace, polynomials: bool) -> Course:
        """Take a whole run that machine code has made; attempts are made where one reads them."""
        powers, spent = made.polynomials() if polynomials else ([], 0)
        self.point = made.last
        self.record.defer(made.attempts_made + 1, made.attempts)
        evaluations = made.evaluations + spent
        return Course(made.times, made.states, powers, evaluations, made.rejected, made.at_rounding)


def course_of(record: Record) -> Course:
    """The course of a run from its record."""
    kept, evaluations, rejected, at_rounding = [], 0, 0, 0
    for accepted, bound, cost, notes in record.glances():
        evaluations += cost.get("evaluations", 0)
        if accepted:
            kept.append(notes)
            at_rounding += bound == AT_ROUNDING
        else:
            rejected += 1
    return Course(
        np.array([one["time"] for one in kept]),
        np.concatenate([one["y"] for one in kept]).reshape(len(kept), -1),
        [one["dense"] for one in kept[1:] if "dense" in one],
        evaluations,
        rejected,
        at_rounding,
        kept,
    )
