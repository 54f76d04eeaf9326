"""Bursts: attempts made ahead in machine code, and what they leave behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.core import ErrorControl, Point, Status, Step, Trial
from suite.dynamics.compiled.layout import (
    BOUND,
    FAILED,
    HERE,
    KEPT,
    LOG_ERROR,
    LOG_SIZE,
    REFUSALS,
    TIME,
    WISH,
    Bounds,
    Constants,
    Floats,
    Measure,
    Method,
    Rows,
)
from suite.dynamics.compiled.native import Native, native_burst, native_rate
from suite.dynamics.equation import Equation, Flow, Scheme, Tolerance
from suite.dynamics.methods.explicit import LAW, dop853, dormand_prince
from suite.dynamics.methods.tableaux import DOP853, DORMAND_PRINCE, Tableau
from suite.errors import AttemptFailed, InputError

__all__ = ["METHODS", "Ahead", "Burst", "Pace", "ahead_of"]

FEWEST, MOST = 16, 4096
"""Attempts of the first burst of a run, and of the longest."""
LARGEST = 4_000_000
"""Numbers that a burst may hold."""
LONGEST = 0.1
"""Seconds after which bursts grow no more: an interrupt waits for the end of one."""

METHODS: Mapping[str, tuple[Callable[[Equation], Scheme], Tableau, float]] = {
    "DOP853": (dop853, DOP853, 8.0),
    "RK45": (dormand_prince, DORMAND_PRINCE, 5.0),
}
"""By name: the method in Python, its tableau, the order of its error signal."""


def ahead_of(
    fun: Callable[..., Any],
    equation: Equation,
    method: str = "DOP853",
    *,
    args: Sequence[Any] = (),
    law: ErrorControl | None = None,
    most: float = np.inf,
    least: float = 0.0,
) -> Ahead:
    """A method of `METHODS` that runs ahead in machine code.

    `fun(t, y, *args)` is what `equation.fun` calls: compiled by numba, or such that numba can
    compile it, for real y [n]; it answers an array or a tuple. `most` and `least` bound the size of
    a step. Raises `InputError` where numba refuses the function or the method is another, and
    `MissingPackage` without numba.

    >>> from suite.dynamics.equation import guarded
    >>> fun = lambda t, y: -y
    >>> ahead_of(fun, Equation(guarded(fun), Tolerance(1e-6), 1.0), "RK45").evaluations
    6
    """
    if method not in METHODS:
        raise InputError(f"Compiled runs know {' and '.join(METHODS)}. Got method={method!r}.")
    make, tableau, order = METHODS[method]
    native = native_rate(fun, args)
    law = LAW if law is None else law
    return Ahead(equation, make(equation), native, tableau, order, law, float(most), float(least))


@dataclass(slots=True)
class Answers:
    """What the next attempt is known to give, if it was made ahead."""

    given: Trial | AttemptFailed | None = None


@dataclass(frozen=True, eq=False)
class Ahead:
    """An explicit method whose attempts are made in machine code, under the core's error control.

    `base` is the same method in Python.
    """

    equation: Equation
    base: Scheme
    native: Native
    tableau: Tableau
    signal_order: float
    law: ErrorControl
    most: float
    least: float
    answers: Answers = field(default_factory=Answers)

    @cached_property
    def scheme(self) -> Scheme:
        """The method as watchers take it: its attempt answers what was made ahead."""
        base, answers = self.base, self.answers

        def attempt(flow: Flow, step: Step) -> Trial:
            given = answers.given
            if given is None:
                return base.attempt(flow, step)
            if isinstance(given, AttemptFailed):
                raise given
            return given

        return Scheme(base.name, base.order, attempt, base.dense)

    @property
    def evaluations(self) -> int:
        """What an attempt costs."""
        return len(self.tableau.nodes)

    def burst(self, point: Point, attempts: int, *, slopes: bool = True) -> Burst:
        """Up to so many attempts from a point, with the slopes of each step or without."""
        flow: Flow = point.state
        rows = self._rows(point, attempts, slopes)
        made, status = native_burst()(
            self.native.rate,
            self.native.parameters,
            self._method,
            self._constants,
            self._bounds,
            _measure_of(self.equation.tolerance, flow.y.size),
            rows,
        )
        return Burst(self, point, rows, made, Status(status))

    def _rows(self, point: Point, attempts: int, slopes: bool) -> Rows:
        flow: Flow = point.state
        n, s, slots = flow.y.size, self.evaluations + 1, attempts + 1
        kept = np.empty((slots if slopes else 1, s, n))
        rows = Rows(
            *(np.empty((slots, 8)), np.zeros((slots, 7), np.int64)),
            *(np.empty((slots, n)), np.empty((slots, n)), kept, np.empty((2, n))),
        )
        size, _, _, refusals, _ = point.step
        rows.numbers[0] = np.nan
        rows.numbers[0, : LOG_SIZE + 1] = flow.time, size, *point.memory
        rows.codes[0, REFUSALS] = refusals
        rows.y[0], rows.rates[0] = flow.y, flow.rate
        return rows

    @cached_property
    def _method(self) -> Method:
        errors = np.zeros((2, self.evaluations + 1))
        errors[: len(self.tableau.errors)] = self.tableau.errors
        weights = np.array(self.tableau.weights, float, order="C")
        return Method(np.array(self.tableau.nodes, float), weights, errors, self.signal_order)

    @cached_property
    def _constants(self) -> Constants:
        law = self.law
        beta, beta_last, alpha = law.filter
        return Constants(
            (float(beta), float(beta_last), float(alpha)),
            (float(law.safety), float(law.shrink), float(law.grow)),
        )

    @cached_property
    def _bounds(self) -> Bounds:
        equation = self.equation
        miss = 2.0 * np.spacing(abs(equation.end)) if np.isfinite(equation.end) else 0.0
        values = (equation.end, equation.direction, miss, self.most, self.least)
        return Bounds(*map(float, values))


def _measure_of(tolerance: Tolerance, size: int) -> Measure:
    relative, absolute = (
        np.array(np.broadcast_to(bound, size), float)
        for bound in (tolerance.relative, tolerance.absolute)
    )
    blocks = tolerance.blocks
    labels = np.zeros(0, np.int64) if blocks is None else np.array(blocks, np.int64)
    # What the tolerance answers for no state at all is the same for every state.
    nowhere = np.array([np.nan])
    return Measure(relative, absolute, labels, float(tolerance.rounding(nowhere, nowhere)))


class Burst:
    """`made` attempts from `point`, and the status that the last one gave.

    Slot 0 of the arrays is the start: `numbers`, `codes` [made + 1, ...] as `kernel.Rows` has
    them; `y`, `rates` [made + 1, n] where each attempt led, kept or not; `slopes`
    [made + 1, s, n] or None. `names` is what the codes of bounds mean.
    """

    def __init__(self, ahead: Ahead, point: Point, rows: Rows, made: int, status: Status) -> None:
        slots = slice(made + 1)
        self.ahead, self.point, self.made, self.status = ahead, point, made, status
        self.numbers, self.codes = rows.numbers[slots], rows.codes[slots]
        self.y, self.rates = rows.y[slots], rows.rates[slots]
        self.slopes = rows.slopes[slots] if len(rows.slopes) > 1 else None
        self.names = (point.bound, *ahead.law.reasons, "max_step", "end")

    @cached_property
    def kept(self) -> NDArray[np.bool_]:
        """Which attempts were accepted [made]."""
        return self.codes[1:, KEPT] == 1

    def column(self, which: int) -> Floats:
        """A column of `numbers` for the accepted attempts."""
        return self.numbers[1:, which][self.kept]

    @property
    def evaluations(self) -> int:
        """What all attempts cost."""
        failed = self.codes[1:, FAILED]
        return int(np.where(failed > 0, failed, self.ahead.evaluations).sum())

    @property
    def last(self) -> Point:
        """Where the run stands after the burst."""
        number, code, point = self.numbers[-1].tolist(), self.codes[-1].tolist(), self.point
        _, damping, effort, _, before = point.step
        step = Step(number[WISH], damping, effort, code[REFUSALS], before + self.made)
        memory = (number[LOG_ERROR], number[LOG_SIZE])
        return Point(self.flow(code[HERE]), step, memory, point.phase, self.names[code[BOUND]])

    def flow(self, slot: int) -> Flow:
        """The point that an attempt led to, without what watchers remember."""
        if slot == 0:
            return self.point.state
        slopes = None if self.slopes is None else self.slopes[slot]
        memory = self.point.state.memory
        return Flow(float(self.numbers[slot, TIME]), self.y[slot], self.rates[slot], slopes, memory)


class Pace:
    """How long bursts are: short at first, since what stops a run is seen after a burst only."""

    def __init__(self, attempts: int = FEWEST) -> None:
        self.attempts = attempts

    def burst(self, ahead: Ahead, point: Point, left: int, *, slopes: bool) -> Burst:
        """The next burst from a point, of `left` attempts at most."""
        began = perf_counter()
        each = point.state.y.size * (2 + (ahead.evaluations + 1) * slopes) + 15
        most = max(1, min(self.attempts, LARGEST // each, left))
        burst = ahead.burst(point, most, slopes=slopes)
        if perf_counter() - began > LONGEST:
            self.attempts = max(1, self.attempts // 2)
        else:
            self.attempts = min(2 * self.attempts, MOST)
        return burst

    def used(self, attempts: int, burst: Burst) -> None:
        """Make the next burst shorter where only so many attempts of the last could be used."""
        if attempts < burst.made:
            self.attempts = attempts
