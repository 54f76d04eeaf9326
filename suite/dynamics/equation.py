"""What an integrator is given and where it stands: y' = f(t, y), its tolerance, a point of its run.

Every method of this package is a `Scheme`: an `attempt` for the core's drivers and the polynomial
that its last step left. What else a run watches (invariants, events, stiffness, singularities) is
laid around the attempt, function by function, and keeps what it remembers in `Flow.memory`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.core import Signal, Status, Step, Trial
from suite.dynamics.sparsity import Sparsity
from suite.errors import AttemptFailed

__all__ = [
    "ENDED",
    "EPS",
    "Equation",
    "Flow",
    "Rate",
    "Scheme",
    "Tolerance",
    "Try",
    "Vector",
    "charge",
    "counted",
    "first_size",
    "guarded",
    "may_stand",
    "note",
    "remember",
    "rms",
    "smallest_step",
    "start",
]

Vector: TypeAlias = NDArray[Any]
"""A state: [n], float64 or complex128."""
Rate: TypeAlias = Callable[[float, Vector], Vector]

EPS = float(np.finfo(float).eps)
ENDED = "ended"
"""The name under which a watcher leaves in a flow the status with which the run ends there."""

_RUNNING, _ENDPOINT = Status.RUNNING, Status.ENDPOINT
_LEAST = 5e-324
_TIGHT = 1e-14
"""Relative tolerance below which the rounding of a step is worked out for its own values."""


class Flow(NamedTuple):
    """A point of a trajectory: time, state y [n] and its rate f(t, y) [n].

    `stages` is what the step that led here left for its polynomial and for its stability: the
    slopes [s, n] of an explicit method, the stages of an implicit one. `memory` is what the
    watchers of a run remember, by name; plain values and arrays, since a stored run keeps it.
    """

    time: float
    y: Vector
    rate: Vector
    stages: Any = None
    memory: Mapping[str, Any] = {}


Try: TypeAlias = Callable[[Flow, Step], Trial]


@dataclass(frozen=True, eq=False)
class Tolerance:
    """Allowed error of one step: `absolute` + `relative` · |y|, by component [n] or for all.

    `blocks` [n], where given, are labels 0, 1, ... of components that form one vector (a position,
    a momentum): |y| is then the norm of the whole vector, so that one of its components may pass
    through zero without a step being cut for it.

    >>> Tolerance(1e-3).error(np.array([2e-3]), np.ones(1), np.ones(1), 5).value
    np.float64(2.0)
    """

    relative: float | Vector
    absolute: float | Vector = 0.0
    blocks: NDArray[np.int64] | None = None

    def scale(self, y: Vector, y_new: Vector) -> Vector:
        """What an error is measured by, from the states at both ends of a step [n]."""
        largest = np.maximum(np.abs(y), np.abs(y_new))
        if self.blocks is not None:
            largest = np.sqrt(np.bincount(self.blocks, largest * largest))[self.blocks]
        # Not zero, so that a component that stays zero has no error.
        return np.maximum(self.absolute + self.relative * largest, _LEAST)

    def error(self, difference: Vector, y: Vector, y_new: Vector, order: float) -> Signal:
        """The RMS of an error estimate over its tolerance, and the rounding in it."""
        scale = self.scale(y, y_new)
        return Signal(rms(difference / scale), self.rounding(scale, y_new), order)

    def at_most(self, length: float) -> float:
        """What no component of a state of this length [norm] is allowed more than."""
        relative, absolute = self._largest
        return absolute + relative * length

    @cached_property
    def _largest(self) -> tuple[float, float]:
        return float(np.max(self.relative)), float(np.max(self.absolute))

    def rounding(self, scale: Vector, y_new: Vector) -> float:
        """The rounding of an update, half an ulp of y in each component, over the tolerance.

        At common tolerances its bound, half an ulp over `relative`, says all there is to say.
        """
        if self._bound is not None:
            return self._bound
        return 0.5 * EPS * float(rms(y_new / scale))

    @cached_property
    def _bound(self) -> float | None:
        least = float(np.min(self.relative))
        return 0.5 * EPS / least if least >= _TIGHT else None


def rms(scaled: Vector) -> Any:
    """The root of the mean of squares."""
    # sqrt(a·a/n) is the number that np.linalg.norm gives, at a third of its time.
    if scaled.dtype.kind == "c":
        return np.sqrt(np.vdot(scaled, scaled).real / scaled.size)
    return np.sqrt(scaled.dot(scaled) / scaled.size)


@dataclass(frozen=True, eq=False)
class Equation:
    """y' = fun(t, y) from some time to `end`, in either direction, to a tolerance.

    `fun` answers an array [n]; `jacobian(t, y)` an array [n, n] or None, then it is made of
    differences; `sparsity` says where it may differ from zero, if that is known. Time runs with the
    sign of `direction`; a step's size is positive. `bare` is `fun` without its guard, for a method
    that guards a whole step at once.
    """

    fun: Rate
    tolerance: Tolerance
    end: float = math.inf
    direction: float = 1.0
    jacobian: Callable[[float, Vector], Any] | None = None
    sparsity: Sparsity | None = None
    bare: Callable[[float, Vector], Any] | None = None

    def arrive(self, time: float, size: float) -> float:
        """The time after a step: exactly the end where rounding alone would miss it.

        A step must then be taken as long as these two times lie apart, or else the rounding of
        the time walks away over many steps.
        """
        after = time + self.direction * float(size)
        return self.end if abs(self.end - after) <= self._miss else after

    @cached_property
    def _miss(self) -> float:
        return 2.0 * math.ulp(self.end) if math.isfinite(self.end) else 0.0

    def until(self, flow: Flow) -> int:
        """What a watcher says that the run has come to, or `Status.ENDPOINT` at the end."""
        if ENDED in flow.memory:
            return int(flow.memory[ENDED])
        return _ENDPOINT if self.direction * (flow.time - self.end) >= 0.0 else _RUNNING

    def limits(self, flow: Flow) -> dict[str, float]:
        """The step that ends exactly at the end."""
        return {"end": self.direction * (self.end - flow.time)}


class Scheme(NamedTuple):
    """A method: its attempt, and the polynomial of a step.

    The attempt's trial has a memory, notes and a cost of its own (new dicts), which watchers add
    to in place by `remember`, `note` and `charge`: copies of tuples cost more than a whole stage.

    `dense(before, after)` answers coefficients [d, n] of y(θ) = y(before) + Σ c[k] θ^(k+1) for θ
    from 0 to 1 over the accepted step, and the evaluations it cost.
    """

    name: str
    order: int
    attempt: Try
    dense: Callable[[Flow, Flow], tuple[Vector, int]]


def remember(trial: Trial, name: str, value: Any) -> None:
    """Keep what a watcher remembers, in the memory that a scheme made for this trial alone."""
    trial.state.memory[name] = value


def note(trial: Trial, **values: Any) -> None:
    """Add to the notes that a scheme made for this trial alone."""
    notes: Any = trial.notes
    notes.update(values)


def charge(trial: Trial, evaluations: int) -> None:
    """Add evaluations to the cost of a trial."""
    cost: Any = trial.cost
    cost["evaluations"] = cost.get("evaluations", 0) + evaluations


def may_stand(trial: Trial) -> bool:
    """Whether an error control could keep a step: what is costly is not measured on others."""
    signal = trial.evidence.get("error")
    return signal is None or abs(signal.value) <= max(1.0, 3.0 * signal.noise)


def guarded(fun: Callable[..., Any], like: Vector | None = None) -> Rate:
    """The user's function, for states of the form of `like` [n] where that is given.

    It may answer a list, a column, or one array again and again, and write into the y it is given:
    what goes in is a copy, what comes out a new vector.
    Its arithmetic failures and answers of another form refuse an attempt instead of ending the
    run; what is a mistake of programming (a wrong name, type, index) still comes through.
    """
    shape = None if like is None else like.shape
    real = like is not None and like.dtype.kind != "c"

    def rate(time: float, y: Vector) -> Vector:
        try:
            answer = np.array(fun(time, y.copy()))
            if shape is not None and answer.shape != shape:
                answer = answer.reshape(shape)
            if real and answer.dtype.kind == "c":
                raise ValueError("it answers complex values for a real state")
            return answer
        except (ArithmeticError, ValueError) as error:
            raise AttemptFailed(
                f"The function raised {type(error).__name__} ({error}).", {"evaluations": 1}
            ) from error

    return rate


def start(fun: Rate, time: float, y: ArrayLike) -> Flow:
    """The first point of a trajectory."""
    y = np.array(y, complex if np.iscomplexobj(y) else float)
    return Flow(float(time), y, np.array(fun(time, y), y.dtype))


def smallest_step(flow: Flow) -> float:
    """The size below which a step no longer moves the time: ten ulps of it."""
    return 10.0 * math.ulp(flow.time)


def counted(equation: Equation) -> tuple[Equation, Callable[[], int]]:
    """The equation with a function that tells how often its right-hand side was asked."""
    calls = 0

    def counting(time: float, y: Vector) -> Vector:
        nonlocal calls
        calls += 1
        return equation.fun(time, y)

    return replace(equation, fun=counting, bare=None), lambda: calls


def first_size(equation: Equation, flow: Flow, order: int) -> tuple[float, int]:
    """A first step's size, and the evaluations it took to find it.

    Hairer, Nørsett and Wanner, Solving ODEs I, II.4: from the sizes of y, y' and y''.
    """
    scale = equation.tolerance.scale(flow.y, flow.y)
    # A component that starts at zero may be allowed less than any step could keep.
    scale = np.maximum(scale, EPS * EPS * np.abs(flow.y).max())
    length = abs(equation.end - flow.time)
    size_y, size_rate = rms(flow.y / scale), rms(flow.rate / scale)
    small = size_y < 1e-5 or size_rate < 1e-5
    trial = 1e-6 if small else 0.01 * size_y / size_rate
    trial = min(trial, length)
    if not trial > 0.0:
        return length, 0
    signed = equation.direction * trial
    ahead = np.asarray(equation.fun(flow.time + signed, flow.y + signed * flow.rate))
    curvature = rms((ahead - flow.rate) / scale) / trial
    largest = max(size_rate, curvature)
    if not np.isfinite(largest):
        return float(trial), 1
    size = max(1e-6, trial * 1e-3) if largest <= 1e-15 else (0.01 / largest) ** (1.0 / (order + 1))
    return float(min(100.0 * trial, size, length)), 1
