"""The control laws: evidence in, verdict out.

A law is a frozen value. `decide` reads what an attempt showed and answers whether the step is kept
and what to try next. Its body is written once, through ufuncs, so that it gives the same bits for
one trajectory (floats, driven by `march`) and for an array of independent rows (`lanes`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from suite.core.law import (
    NO_DAMPING,
    NO_EFFORT,
    NO_SIZE,
    Evidence,
    Law,
    Memory,
    Number,
    Step,
    Verdict,
)

__all__ = [
    "H211B",
    "INTEGRAL",
    "PI",
    "PREDICTIVE",
    "Anneal",
    "Both",
    "Damping",
    "ErrorControl",
    "Fixed",
    "TrustRegion",
    "stands_out",
    "within",
]


class Filter(NamedTuple):
    """A digital step-size filter, h' = h · e^-β1 · e₋₁^-β2 · (h/h₋₁)^-α with e = error^(1/order).

    Söderlind, ACM Trans. Math. Softw. 29, 1 (2003), eq. 20; the subscript marks the last accepted
    step.
    """

    beta: float
    beta_last: float
    alpha: float


INTEGRAL = Filter(1.0, 0.0, 0.0)
"""The elementary controller of the textbooks."""
PI = Filter(0.7, -0.4, 0.0)
"""Proportional and integral: Gustafsson, ACM Trans. Math. Softw. 17, 533 (1991)."""
PREDICTIVE = Filter(2.0, -1.0, -1.0)
"""Predictive: follows an error constant that grows or falls by a steady factor; Gustafsson, ACM
Trans. Math. Softw. 20, 496 (1994), with both gains 1."""
H211B = Filter(0.25, 0.25, 0.25)
"""A noise filter for errors that are not smooth: Söderlind (2003), H211b with b = 4."""


# Evidence may be infinite or NaN: a law answers that with a refusal, not with a warning. It costs
# some microseconds for a single row, so `ErrorControl` is written such that nothing can warn.
_quiet = np.errstate(all="ignore")


def _select(condition: Any, yes: Any, no: Any) -> Any:
    """np.where, at a tenth of its price for a single row; it copies, so no bit depends on which."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, yes, no)
    return yes if condition else no


def _pick(condition: Any, yes: Any, no: Any) -> Any:
    return yes if condition else no


_ufunc_log, _ufunc_exp = np.log, np.exp  # a module's names are looked up each time


def _log(x: float) -> float:
    return float(_ufunc_log(x))  # not math.log, whose last bit may differ


def _exp(x: float) -> float:
    return float(_ufunc_exp(x))


# The same three for an array of rows and for one.
_ROWS: tuple[Any, Any, Any] = (_select, np.log, np.exp)
_ONE: tuple[Any, Any, Any] = (_pick, _log, _exp)

# Makes a named tuple at a third of the time that its own constructor takes.
_new = tuple.__new__

# An error of exactly zero still has a logarithm; growth is bounded long before this matters.
_SMALLEST_ERROR = 1e-30
# An error that is nothing but noise asks for no more care than this, or else a careful law would
# shrink its steps for ever at the rounding floor.
_SAFETY_IN_NOISE = 0.9
_INFINITE, _NOTHING = float(np.inf), float(np.nan)
# Evidence stands out of its noise at three standard errors.
_STANDARD_ERRORS = 3.0


# The two bodies that decide. A compiled kernel compiles these very functions, so they are plain
# arithmetic on numbers or arrays.


def within(error: Number) -> Any:
    """Whether an error, given over its tolerance, is tolerable; NaN is not."""
    return error <= 1.0


def stands_out(ratio: Number, noise: Number, threshold: Number) -> Any:
    """Whether a gain ratio is above the threshold beyond the doubt of its noise; NaN is not."""
    return ratio - _STANDARD_ERRORS * noise > threshold


def next_size(
    value: Number,
    noise: Number,
    order: Number,
    size: Number,
    fresh: Any,
    memory: tuple[Number, Number],
    filter: tuple[float, float, float],
    bounds: tuple[float, float, float],
    tools: tuple[Any, Any, Any],
) -> tuple[Any, Number, Any, tuple[Number, Number]]:
    """Whether an error is kept, the next size, the reason's code and the memory: `ErrorControl`.

    `fresh` is whether no refusal came just before, `memory` log(error)/order and log(size) of the
    last accepted step, `tools` what selects, log and exp of these numbers or arrays are.
    """
    select, log, exp = tools
    safety, shrink, grow = bounds
    beta, beta_last, alpha = filter
    last_log_error, last_log_size = memory
    known = noise < _INFINITE  # noise that is not finite says nothing of the value
    doubt = _STANDARD_ERRORS * noise
    at_rounding = known & (doubt > 1.0)
    tolerance = select(at_rounding, doubt, 1.0)
    least = noise / tolerance + _SMALLEST_ERROR
    error = select(known, abs(value) / tolerance, _NOTHING)
    accept = within(error)
    log_size = log(size)
    log_error = log(select(error < least, least, error)) / order
    filtered = beta * log_error + beta_last * last_log_error + alpha * (log_size - last_log_size)
    usable = accept & (abs(filtered) < _INFINITE) & fresh
    careful = select(error > least, safety, max(safety, _SAFETY_IN_NOISE))
    factor = careful * exp(-select(usable, filtered, log_error))
    most = select(accept, select(fresh, grow, 1.0), safety)
    factor = select(factor > most, most, factor)
    factor = select(factor > shrink, factor, shrink)  # NaN shrinks
    reason = select(error == error, select(at_rounding, 1, 0), 2)  # NaN alone differs
    return accept, size * factor, reason, (log_error, log_size)


@dataclass(frozen=True, slots=True)
class ErrorControl:
    """Keep an error estimate, given as error over tolerance, at one.

    The tolerance is lifted to three times the noise of the signal, so that a run at the rounding
    floor goes on at that floor and says so; and an error below its noise is read as the noise, or
    else every lucky zero would be followed by a cut. The sign of the signal does not matter. The
    first step and those after a refusal have no usable past and follow the elementary controller.
    Constants: `safety` and the bounds `shrink` and `grow` on one change of size from Hairer,
    Nørsett and Wanner, Solving ODEs I, II.4.

    >>> from suite.core import Signal
    >>> law = ErrorControl("error")
    >>> law.decide({"error": Signal(4.0, order=2)}, Step(1.0), law.begin(1.0)).accept
    False
    """

    reads: str = "error"
    filter: Filter = PREDICTIVE
    safety: float = 0.9
    shrink: float = 0.2
    grow: float = 5.0

    @property
    def reasons(self) -> tuple[str, ...]:
        return (self.reads, f"{self.reads} at rounding", f"{self.reads} not finite")

    def begin(self, like: Number) -> Memory:
        nothing = like * np.nan
        return nothing, nothing

    def decide(self, evidence: Evidence, step: Step, memory: Memory) -> Verdict:
        value, noise, order = evidence[self.reads]
        size, _, _, tries, number = step
        if isinstance(size, np.ndarray):
            tools = _ROWS
        else:
            # Plain floats have the same bits at a third of the time.
            tools, value, noise, size = _ONE, float(value), float(noise), float(size)
        bounds = (self.safety, self.shrink, self.grow)
        accept, size, reason, memory = next_size(
            value, noise, order, size, tries == 0, memory, self.filter, bounds, tools
        )
        wanted = _new(Step, (size, NO_DAMPING, NO_EFFORT, tries, number))
        return _new(Verdict, (accept, wanted, reason, memory, False))


@dataclass(frozen=True, slots=True)
class TrustRegion:
    """Keep a step while the gain is what the local model predicted.

    Reads the gain ratio ρ = gained / predicted; 1 - ρ is what vanishes with the size. A step is
    kept where ρ stands out of its noise above `threshold`. Where it does not, more effort is asked
    for (up to `most_effort`) before less size; where there is no more effort to give, the run has
    stalled. Effort falls again after success. Constants: Nocedal and Wright, Numerical
    Optimization, algorithm 4.1.

    >>> from suite.core import Signal
    >>> law = TrustRegion()
    >>> law.decide({"gain": Signal(0.9)}, Step(0.5), law.begin(0.5)).step.size
    np.float64(1.0)
    """

    reads: str = "gain"
    threshold: float = 1e-4
    poor: float = 0.25
    good: float = 0.75
    shrink: float = 0.25
    grow: float = 2.0
    most_size: float = np.inf
    most_effort: float = 1.0

    @property
    def reasons(self) -> tuple[str, ...]:
        name = self.reads
        return (name, f"{name} unresolved", f"{name} at rounding", f"{name} not finite")

    def begin(self, like: Number) -> Memory:
        return ()

    @_quiet
    def decide(self, evidence: Evidence, step: Step, memory: Memory) -> Verdict:
        ratio, noise, _ = evidence[self.reads]
        finite = np.isfinite(ratio)
        doubt = _STANDARD_ERRORS * noise
        accept = stands_out(ratio, noise, self.threshold)
        unresolved: Any = False
        if np.ndim(doubt) or doubt != 0.0:  # many rows without noise need not be told from doubt
            unresolved = finite & np.logical_not(accept) & (ratio + doubt > self.threshold)
        measurable = step.effort < self.most_effort
        ask = _select(unresolved, measurable, False)
        stalled = _select(unresolved, np.logical_not(measurable), False)
        grow = _select(step.tries, 1.0, self.grow)
        kept = _select(ratio > self.good, grow, 1.0)
        factor = _select(accept & (ratio >= self.poor), kept, _select(ask, 1.0, self.shrink))
        effort: Number = NO_EFFORT
        if self.most_effort > 1.0:
            effort = _select(
                accept,
                np.maximum(step.effort / 2.0, 1.0),
                _select(ask, np.minimum(step.effort * 4.0, self.most_effort), step.effort),
            )
        reason = _select(unresolved, _select(measurable, 1, 2), 0)
        if not finite.all():  # rarely
            reason = _select(finite, reason, 3)
        size = np.minimum(step.size * factor, self.most_size)
        return Verdict(
            accept,
            Step(size, NO_DAMPING, effort, step.tries, step.number),
            reason,
            memory,
            stalled,
        )


@dataclass(frozen=True, slots=True)
class Damping:
    """Trust the metric less where it predicted the step's length badly, and more where well.

    Reads |true length / predicted length - 1|. It never refuses a finite step; damping is bounded
    by `floor` (a singular metric must not be inverted bare) and `most`.

    >>> from suite.core import Signal
    >>> Damping("angle").decide({"angle": Signal(0.5)}, Step(1.0, damping=0.1), ()).step.damping
    np.float64(0.4)
    """

    reads: str = "angle"
    well: float = 0.1
    badly: float = 0.3
    raise_by: float = 4.0
    lower_by: float = 2.0
    floor: float = 1e-6
    most: float = 1.0

    @property
    def reasons(self) -> tuple[str, ...]:
        return (self.reads, f"{self.reads} not finite")

    def begin(self, like: Number) -> Memory:
        return ()

    @_quiet
    def decide(self, evidence: Evidence, step: Step, memory: Memory) -> Verdict:
        departure = evidence[self.reads].value
        finite = np.isfinite(departure)
        raised = _select(
            finite & (departure <= self.badly), step.damping, step.damping * self.raise_by
        )
        damping = _select(departure < self.well, step.damping / self.lower_by, raised)
        damping = np.minimum(np.maximum(damping, self.floor), self.most)
        size = _select(finite, NO_SIZE, step.size / self.raise_by)
        return Verdict(
            finite,
            Step(size, damping, NO_EFFORT, step.tries, step.number),
            _select(finite, 0, 1),
            memory,
        )


@dataclass(frozen=True, slots=True)
class Anneal:
    """Turn only the effort, by what has been spent: each attempt may cost `growth` of all before.

    Effort changes by at most a factor `most_change` at a time and never falls below 1. It refuses
    only what is not finite, and has no opinion on size.

    >>> law = Anneal(growth=0.5)
    >>> law.decide({}, Step(1.0, effort=8.0), law.begin(1.0) + 16.0).step.effort
    np.float64(12.0)
    """

    growth: float
    most_change: float = 2.0

    @property
    def reasons(self) -> tuple[str, ...]:
        return ("effort", "not finite")

    def begin(self, like: Number) -> Memory:
        return like * 0.0

    def decide(self, evidence: Evidence, step: Step, memory: Memory) -> Verdict:
        finite = _all_finite(evidence)
        spent = memory + step.effort
        effort = np.minimum(self.growth * spent, step.effort * self.most_change)
        effort = np.maximum(np.maximum(effort, step.effort / self.most_change), 1.0)
        size = _select(finite, NO_SIZE, step.size / self.most_change)
        return Verdict(
            finite,
            Step(size, NO_DAMPING, effort, step.tries, step.number),
            _select(finite, 0, 1),
            spent,
        )


@dataclass(frozen=True, slots=True)
class Fixed:
    """The step that never adapts, to show what adaptation buys.

    It refuses only what is not finite, and then has no other size to offer: the run ends.

    >>> from suite.core import Signal
    >>> Fixed().decide({"error": Signal(1e9)}, Step(0.1), ()).step.size
    0.1
    """

    @property
    def reasons(self) -> tuple[str, ...]:
        return ("fixed", "not finite")

    def begin(self, like: Number) -> Memory:
        return ()

    def decide(self, evidence: Evidence, step: Step, memory: Memory) -> Verdict:
        finite = _all_finite(evidence)
        if finite is True:
            size, code = step.size, 0
        else:
            size, code = _select(finite, step.size, 0.0), _select(finite, 0, 1)
        wanted = _new(Step, (size, NO_DAMPING, NO_EFFORT, step.tries, step.number))
        return _new(Verdict, (finite, wanted, code, memory, False))


@dataclass(frozen=True, slots=True)
class Both:
    """Two laws at once: accepted only if both accept; least size, most damping, most effort.

    The reason is that of the law which refuses, or else of the one that asks for the least size.
    Nest it for more than two.

    >>> Both(ErrorControl("error"), ErrorControl("energy")).reasons[3]
    'energy'
    """

    first: Law
    second: Law

    @property
    def reasons(self) -> tuple[str, ...]:
        return self.first.reasons + self.second.reasons

    def begin(self, like: Number) -> Memory:
        return self.first.begin(like), self.second.begin(like)

    def decide(self, evidence: Evidence, step: Step, memory: Memory) -> Verdict:
        a = self.first.decide(evidence, step, memory[0])
        b = self.second.decide(evidence, step, memory[1])
        # Where only one refuses it is the one to name, whatever the sizes.
        second_speaks = _select(
            np.equal(a.accept, b.accept), b.step.size < a.step.size, np.logical_not(b.accept)
        )
        return Verdict(
            np.logical_and(a.accept, b.accept),
            Step(
                np.minimum(a.step.size, b.step.size),
                np.maximum(a.step.damping, b.step.damping),
                np.maximum(a.step.effort, b.step.effort),
                step.tries,
                step.number,
            ),
            _select(second_speaks, b.reason + len(self.first.reasons), a.reason),
            (a.memory, b.memory),
            np.logical_or(a.stalled, b.stalled),
        )


def _all_finite(evidence: Evidence) -> Any:
    """True, or an array of it, where every signal's value is finite."""
    finite: Any = True
    for signal in evidence.values():
        value = signal.value
        if isinstance(value, float):
            finite = finite if math.isfinite(value) else np.logical_and(finite, False)
        else:
            finite = np.logical_and(finite, np.isfinite(value))
    return finite
