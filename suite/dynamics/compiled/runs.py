"""Whole runs in arrays: nothing looks at an attempt before somebody asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from suite.core import Attempt, Point, Signal, Status
from suite.dynamics.compiled.bursts import Ahead, Burst, Pace
from suite.dynamics.compiled.layout import CAUSE, NOISE, SIZE, STABILITY, TIME, VALUE, Floats
from suite.dynamics.compiled.marching import attempts_of
from suite.dynamics.compiled.polynomials import polynomials
from suite.dynamics.compiled.quiet import Steps, may_be_stiff, sees_nothing, starts_stiff
from suite.dynamics.equation import Flow, charge, note

__all__ = ["Trace", "whole"]

LONG = 512
"""Attempts of the first burst."""
MANY = 10_000
"""Attempts that are left, of which a run that goes nowhere need not make all."""
AT_ROUNDING = "error at rounding"
"""What the law of the error calls a step whose size rounding bounds."""
MOST_KEPT = 20_000_000
"""Numbers of slopes that a run keeps where nobody asked for them."""


def whole(
    ahead: Ahead, first: Attempt, *, most_evaluations: int = 2**62, slopes: bool = False
) -> Trace:
    """Carry a run from its preparation to its end, to the end of its evaluations, or to where
    somebody has to watch it.

    With `slopes` every step keeps those that its polynomial needs, and the record counts its cost.

    >>> from suite.core import begin
    >>> from suite.dynamics.compiled import ahead_of
    >>> from suite.dynamics.equation import Equation, Tolerance, guarded, start
    >>> fun = lambda t, y: -y
    >>> ahead = ahead_of(fun, Equation(guarded(fun), Tolerance(1e-9), 1.0))
    >>> trace = whole(ahead, begin(start(fun, 0.0, [1.0]), ahead.law, 0.1))
    >>> trace.status.name, abs(trace.states[-1, 0] - np.exp(-1.0)) < 1e-9
    ('ENDPOINT', np.True_)
    """
    status = Status(ahead.equation.until(first.after.state))
    if status:
        return Trace(ahead, first, (), status)
    made, status = _bursts(ahead, first, most_evaluations, slopes)
    return Trace(ahead, first, made, status, slopes)


def _bursts(
    ahead: Ahead, first: Attempt, most: int, slopes: bool
) -> tuple[tuple[Burst, ...], Status]:
    """Bursts one after another, and how they end: `RUNNING` where watchers are to go on.

    Where one ends does not change a bit of the next.
    """
    spent, point = first.trial.cost.get("evaluations", 0), first.after
    pace, kept = Pace(LONG), 0
    made: list[Burst] = []
    while True:
        left = -(-(most - spent) // ahead.evaluations)
        if left <= 0:
            return tuple(made), Status.OUT_OF_BUDGET
        burst = pace.burst(ahead, point, left, slopes=slopes or kept < MOST_KEPT)
        made.append(burst)
        if burst.status or _is_watched(ahead, point, burst, left):
            return tuple(made), burst.status
        kept += 0 if burst.slopes is None else burst.slopes.size
        spent, point = spent + burst.evaluations, burst.last


def _is_watched(ahead: Ahead, start: Point, burst: Burst, left: int) -> bool:
    """Whether watchers will have a word about a burst: it may be stiff, or go nowhere."""
    if may_be_stiff(ahead.base.name, burst.column(STABILITY)):
        return True
    if left < MANY:
        return False
    time, equation = burst.last.state.time, ahead.equation
    return abs(equation.end - time) * burst.made > abs(time - start.state.time) * left


@dataclass(frozen=True, eq=False)
class Trace:
    """A run from `first` to `status`, in arrays: the start, and all m - 1 accepted steps.

    `RUNNING` says that it was left to be gone on with, attempt by attempt.
    """

    ahead: Ahead
    first: Attempt
    bursts: tuple[Burst, ...]
    status: Status
    polynomials_wanted: bool = False

    def column(self, which: int) -> Floats:
        """A column of the numbers of all accepted steps [m - 1]."""
        return np.concatenate([np.zeros(0), *(burst.column(which) for burst in self.bursts)])

    @cached_property
    def times(self) -> Floats:
        """Times of the start and of the accepted steps [m]."""
        return np.concatenate([[self.first.after.state.time], self.column(TIME)])

    @cached_property
    def states(self) -> Floats:
        """States there [m, n]."""
        return self._rows([burst.y for burst in self.bursts], self.first.after.state.y)

    @cached_property
    def rates(self) -> Floats:
        """f there [m, n]."""
        return self._rows([burst.rates for burst in self.bursts], self.first.after.state.rate)

    def _rows(self, parts: list[Floats], first: Floats) -> Floats:
        kept = [part[1:][burst.kept] for part, burst in zip(parts, self.bursts, strict=True)]
        return np.concatenate([first[None], *kept])

    @property
    def attempts_made(self) -> int:
        """All attempts, without the preparation."""
        return sum(burst.made for burst in self.bursts)

    @property
    def rejected(self) -> int:
        """Attempts that were refused."""
        return self.attempts_made - (len(self.times) - 1)

    @property
    def evaluations(self) -> int:
        """Evaluations, those of the preparation and of `is_quiet` too, not of `polynomials`."""
        before = int(self.first.trial.cost.get("evaluations", 0))
        return before + sum(burst.evaluations for burst in self.bursts) + self.looked

    @property
    def at_rounding(self) -> int:
        """Accepted steps whose size was bound by rounding."""
        return sum(
            int(burst.names[code] == AT_ROUNDING) * int(times)
            for burst in self.bursts
            for code, times in enumerate(np.bincount(burst.codes[1:, CAUSE][burst.kept]))
        )

    @property
    def last(self) -> Point:
        """Where the run stands."""
        return self.bursts[-1].last if self.bursts else self.first.after

    def polynomials(self) -> tuple[list[Floats], int]:
        """Coefficients [d, n] of every accepted step, as `Scheme.dense`, and their evaluations."""
        found = [polynomials(burst) for burst in self.bursts]
        spent = sum(evaluations for _, evaluations in found)
        return [powers for part, _ in found for powers in part], spent

    def attempts(self) -> Iterator[Attempt]:
        """Every attempt, as `march` yields them; the notes have "time", "y" and "h_lambda"."""
        yield self.first._replace(status=Status.RUNNING if self.bursts else self.status)
        last, more = self.last.step.number, self.looked
        for burst in self.bursts:
            for row, attempt in enumerate(attempts_of(burst)):
                trial = attempt.trial
                state: Flow = trial.state
                if not trial.evidence:
                    trial = trial._replace(notes={})
                note(trial, time=state.time, y=state.y)
                if burst.kept[row] and self.polynomials_wanted:
                    charge(trial, len(self.ahead.tableau.extra_nodes))
                attempt = attempt._replace(trial=trial)
                if attempt.number == last:
                    charge(trial, more)
                    attempt = attempt._replace(status=self.status)
                yield attempt

    def is_quiet(self, foresight: bool = True) -> bool:
        """Whether watchers of stiffness and, with `foresight`, of singularities would be silent.

        A run that met what is no number is not: where it did is noted attempt by attempt.
        """
        if self.status in (Status.RUNNING, Status.NOT_FINITE) or may_be_stiff(
            self.ahead.base.name, self.column(STABILITY)
        ):
            return False
        return (not foresight or self._look[0]) and not self._start[0]

    @cached_property
    def _steps(self) -> Steps:
        signal = Signal(self.column(VALUE), self.column(NOISE), self.ahead.signal_order)
        return Steps(self.times, self.states, self.rates, self.column(SIZE), signal)

    @cached_property
    def _start(self) -> tuple[bool, int]:
        if not (self.bursts and self.bursts[0].kept[0]):
            return False, 0
        return starts_stiff(self.ahead.equation, self.ahead.base, self._steps)

    @cached_property
    def _look(self) -> tuple[bool, int]:
        if not self.status.finished:
            return False, 0
        return sees_nothing(self.ahead.equation, self._steps)

    @property
    def looked(self) -> int:
        """Evaluations that `is_quiet` took, if it was asked: a run that is gone through again, with
        its watchers, has spent them beside its own."""
        return sum(self.__dict__[look][1] for look in ("_start", "_look") if look in self.__dict__)
