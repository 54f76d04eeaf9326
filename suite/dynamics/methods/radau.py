"""Radau IIA, the implicit method for stiff equations: Hairer and Wanner, Solving ODEs II, IV.8.

An attempt is pure: the Jacobian, how fast Newton's iteration converged and the last collocation
polynomial lie in `Flow.memory["radau"]`, so a run that goes on from a stored point makes the same
bits. Factorisations are remade from the Jacobian and the size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from suite.core import ErrorControl, Signal, Step, Trial
from suite.dynamics.equation import EPS, Equation, Flow, Scheme, Vector, rms
from suite.dynamics.methods.collocation import Collocation, radau_iia
from suite.dynamics.methods.jacobian import differences, given
from suite.dynamics.methods.newton import Iteration, Solve, Stages, belied, factorised, iterated
from suite.errors import AttemptFailed, InputError

__all__ = ["LAW", "RADAU", "knowing", "newton_limits", "radau"]

RADAU = "radau"
"""The name under which a flow remembers what the method needs."""
LAW = ErrorControl(safety=0.75, grow=8.0)
"""The law for its error, with Hairer and Wanner's bound on growth (IV.8), since first steps are
often far too small. Refused steps cost most: from 0.7 to 0.8 the safety makes no difference to
evaluations at equal error over some sixty stiff problems, 0.9 needs more of them."""

STAGES = ((2e-4, 3), (1e-7, 5), (0.0, 7))
"""From which relative tolerance on how many stages need the fewest evaluations."""
NEWTON_SHARE = 0.05
"""Newton's iteration stops where what is left is this share of the tolerance, or less."""
NEWTON_POWER = 1.0 / 3.0
"""The share falls with this power of the relative tolerance: high orders err far below it."""
FAST, FAIR = 1e-3, 0.25
"""A contraction below which a Jacobian is kept for the next step: a cheap one, and a dear one."""
SERVES = 3
"""Steps of a single update each that a cheap Jacobian may serve."""
WELL = 0.2
"""The contraction that the next size aims at, at most."""
AHEAD = 0.5
"""Where in the step the Jacobian is taken, by the last polynomial."""
HALVED = 1.8
"""An error^(1/order) at which the law halves the step: said where Newton does not converge."""


def radau(equation: Equation, stages: int | None = None) -> Scheme:
    """The Radau IIA method of 3, 5 or 7 stages: orders 5, 9, 13, L-stable.

    `stages` follows from the relative tolerance if it is not given. The signal `error` is Hairer's
    filtered embedded estimate, of order stages + 1. Costs are "evaluations" (Jacobian columns
    included), "jacobians" and "factorisations". The state may be complex if f is analytic in it.

    >>> from suite.dynamics.equation import Tolerance, start
    >>> fun = lambda t, y: -1e4 * (y - np.cos(t))
    >>> attempt = radau(Equation(fun, Tolerance(1e-4, 1e-4)), 3).attempt
    >>> trial = attempt(start(fun, 0.0, [1.0]), Step(0.1))
    >>> abs(trial.state.y[0] - np.cos(0.1)) < 2e-5
    np.True_
    """
    count = chosen(equation) if stages is None else stages
    if count not in (3, 5, 7):
        raise InputError(f"Radau IIA is offered with 3, 5 or 7 stages. Got {count}.")
    method = radau_iia(count)

    def attempt(flow: Flow, step: Step) -> Trial:
        return _attempt(_Work(equation, method, flow, step))

    return Scheme("Radau", method.order, attempt, dense)


def chosen(equation: Equation) -> int:
    """The number of stages that needs the fewest evaluations at a tolerance."""
    # Of a component without a relative tolerance the absolute one counts, for a state near one.
    tolerance = equation.tolerance
    bounds = np.where(np.equal(tolerance.relative, 0.0), tolerance.absolute, tolerance.relative)
    tightest = float(np.min(bounds))
    return next(count for least, count in STAGES if tightest >= least)


def dense(before: Flow, after: Flow) -> tuple[Vector, int]:
    """The collocation polynomial of a step, which `after.stages` holds already.

    Between its ends a step is only of order stages + 1, and no tolerance holds its error there: the
    estimate is of the end. A stiff equation that forgets lets steps grow beyond what a polynomial
    follows, and what lies between their ends may be 1e2 or more times less exact than these. Who
    needs it limits the size of a step.
    """
    return after.stages, 0


def newton_limits(flow: Flow) -> dict[str, float]:
    """The size beyond which Newton's iteration would converge badly: a limit for `march`."""
    kept = _kept(flow)
    return {} if kept["largest"] is None else {"newton": kept["largest"]}


def knowing(flow: Flow, jacobian: Vector) -> Flow:
    """A point whose Jacobian [n, n] is known already, for the first implicit step from there."""
    return _remembering(flow, _NOTHING, time=flow.time, jacobian=jacobian, new=True)


_NOTHING: Mapping[str, Any] = {
    "time": np.nan,
    "jacobian": None,
    "new": False,
    "age": 0,
    "contraction": 1.0,
    "polynomial": None,
    "size": 0.0,
    "largest": None,
    "doubtful": True,
}
# "new": made for this very step; "doubtful": first or after a refusal, so the past is no guide.


def _kept(flow: Flow) -> Mapping[str, Any]:
    """What the implicit step that led here left; nothing if it was another method's."""
    kept = flow.memory.get(RADAU)
    return kept if kept is not None and kept["time"] == flow.time else _NOTHING


def _remembering(flow: Flow, kept: Mapping[str, Any], **changed: Any) -> Flow:
    return flow._replace(memory={**flow.memory, RADAU: {**kept, **changed}})


@dataclass(eq=False)
class _Work:
    """One attempt: its step, and its calls of the function, counted even if one of them raises."""

    equation: Equation
    method: Collocation
    flow: Flow
    step: Step
    spent: dict[str, int] = field(
        default_factory=lambda: {"evaluations": 0, "jacobians": 0, "factorisations": 0}
    )

    def __post_init__(self) -> None:
        self.time = self.equation.arrive(self.flow.time, self.step.size)
        self.h = self.time - self.flow.time
        self.kept = _kept(self.flow)
        self.scale = self.equation.tolerance.scale(self.flow.y, self.flow.y)

    def rate(self, time: float, y: Vector) -> Any:
        self.spent["evaluations"] += 1
        return self.equation.fun(time, y)

    def foreseen(self, share: Any) -> Vector:
        """Increments [..., n] from y at shares of the step, by the last polynomial."""
        polynomial = self.kept["polynomial"]
        if polynomial is None:
            return np.zeros((*np.shape(share), self.flow.y.size), self.flow.y.dtype)
        powers = np.arange(1, len(polynomial) + 1)
        ahead = (1.0 + self.h / self.kept["size"] * np.asarray(share))[..., None] ** powers
        return np.asarray((ahead - 1.0) @ polynomial)

    def jacobian(self) -> Vector:
        """∂f/∂y, near the middle of the step if the past is a guide to it."""
        time, y, rate = self.flow[:3]
        self.spent["jacobians"] += 1
        guided = self.kept["polynomial"] is not None and not self.kept["doubtful"]
        if guided:
            time, y = time + AHEAD * self.h, y + self.foreseen(AHEAD)
        if self.equation.jacobian is not None:
            return given(self.equation, time, y)
        if guided:
            rate = self.rate(time, y)
        sparse = self.equation.sparsity
        return differences(self.rate, time, y, rate, self.scale, self.h, sparse)

    def factorised(self, jacobian: Vector) -> Solve:
        self.spent["factorisations"] += 1
        return factorised(self.method, jacobian, self.h, self.equation.sparsity is not None)


def _attempt(work: _Work) -> Trial:
    try:
        return _stepped(work)
    except AttemptFailed as error:
        learned = _refused(work, None, False)
        raise AttemptFailed(str(error), work.spent, learned) from error


def _stepped(work: _Work) -> Trial:
    jacobian, new = work.kept["jacobian"], work.kept["new"]
    if jacobian is None:
        jacobian, new = work.jacobian(), True
    solve, found, rate = _solution(work, jacobian, work.kept["contraction"])
    if not (found.converged or new):
        # What the last polynomial foretells may be too far off to iterate from.
        work.kept = {**work.kept, "polynomial": None}
        jacobian = work.jacobian()
        solve, found, rate = _solution(work, jacobian, 1.0)
    if not found.converged:
        return _unconverged(work, jacobian, found)
    return _measured(work, jacobian, solve, found, rate)


def _refused(work: _Work, jacobian: Vector | None, new: bool) -> Flow:
    """Where a refusal leaves the run; a Jacobian that is not `new` may be made again."""
    time = work.flow.time
    return _remembering(work.flow, work.kept, time=time, jacobian=jacobian, new=new, doubtful=True)


def _solution(work: _Work, jacobian: Vector, contraction: float) -> tuple[Solve, Iteration, Vector]:
    """The stages, and the rate at the end; not converged where that rate belies the Jacobian."""
    solve, found = _iterated(work, jacobian, contraction)
    if not found.converged:
        return solve, found, work.flow.rate
    rate = np.asarray(work.rate(work.time, work.flow.y + found.increments[-1]))
    if belied(_stages(work), jacobian, solve, found, rate):
        found = found._replace(converged=False)
    return solve, found, rate


def _stages(work: _Work) -> Stages:
    return Stages(work.method, work.rate, work.flow.time, work.flow.y, work.h, work.scale)


def _iterated(work: _Work, jacobian: Vector, contraction: float) -> tuple[Solve, Iteration]:
    flow, method = work.flow, work.method
    if not np.isfinite(jacobian).all():
        zero = np.zeros((len(method.nodes), flow.y.size), flow.y.dtype)
        return lambda _, right: right, Iteration(zero, False, 0, 1.0, finite=False)
    solve = work.factorised(jacobian)
    relative = _relative(work)
    limit = max(10.0 * EPS / relative, min(NEWTON_SHARE, relative**NEWTON_POWER))
    return solve, iterated(_stages(work), work.foreseen(method.nodes), solve, limit, contraction)


def _relative(work: _Work) -> float:
    """The tightest tolerance relative to the state, for Newton's iteration to stop by."""
    least = float(np.min(work.equation.tolerance.relative))
    if least > EPS:
        return least
    # Absolute tolerances bound the error where relative ones do not.
    size = np.abs(work.flow.y)
    over = np.divide(work.scale, size, out=np.full_like(work.scale, np.inf), where=size > 0.0)
    return max(float(np.min(over)), EPS)


def _unconverged(work: _Work, jacobian: Vector, found: Iteration) -> Trial:
    """A refusal: half the size where the function is finite, less where it is not."""
    order = len(work.method.nodes) + 1
    error = Signal(HALVED**order if found.finite else np.nan, 0.0, order)
    # For laws that keep all that is finite: there is no step to keep.
    evidence = {"error": error, "newton": Signal(np.nan)}
    learned = _refused(work, jacobian if found.finite else None, False)
    notes: dict[str, Any] = {"newton": found.iterations}
    if not found.finite:
        notes["wrong"] = _wrong(work, jacobian, found)
    state = work.flow._replace(memory={**work.flow.memory})
    return Trial(state, evidence, work.spent, learned, notes=notes)


def _wrong(work: _Work, jacobian: Vector, found: Iteration) -> str:
    """What was not finite."""
    if not np.isfinite(jacobian).all():
        row, column = np.argwhere(~np.isfinite(jacobian))[0]
        value = jacobian[row, column]
        if work.equation.jacobian is None:
            return f"fun gave {value} in component {row}"
        return f"jac gave {value} in row {row}, column {column}"
    bad = np.argwhere(~np.isfinite(found.residual))
    if not len(bad):
        return "Newton's iteration overflows"
    stage, component = bad[0]
    return f"fun gave {found.residual[stage, component]} in component {component}"


def _measured(work: _Work, jacobian: Vector, solve: Solve, found: Iteration, rate: Vector) -> Trial:
    flow, h = work.flow, work.h
    y = flow.y + found.increments[-1]
    difference = _error(work, found.increments, solve)
    error = work.equation.tolerance.error(difference, flow.y, y, len(work.method.nodes) + 1)
    time = work.time
    polynomial = work.method.power @ found.increments
    after = _remembering(
        Flow(time, y, rate, polynomial, flow.memory),
        _NOTHING,
        time=time,
        jacobian=jacobian if _serves(work, found) else None,
        contraction=found.contraction,
        polynomial=polynomial,
        size=h,
        age=_age(work),
        largest=abs(h) * max(WELL / max(found.contraction, EPS), 0.5)
        if found.iterations > 1
        else None,
        doubtful=False,
    )
    learned = _refused(work, jacobian, True)
    notes = {"newton": found.iterations}
    return Trial(after, {"error": error}, work.spent, learned, notes=notes)


def _serves(work: _Work, found: Iteration) -> bool:
    """Whether a Jacobian is kept for the next step: its columns are weighed against stages."""
    dear = max(_columns(work.equation, work.flow.y.size) / len(work.method.nodes), 1.0)
    if found.iterations == 1:
        # A single update shows no contraction, and is small too where a Jacobian is far too large.
        return _age(work) < SERVES * dear
    return found.contraction <= min(FAST * dear**1.5, FAIR)


def _columns(equation: Equation, size: int) -> int:
    """Evaluations that a Jacobian costs, of a state of `size` components."""
    if equation.jacobian is not None:
        return 0
    return size if equation.sparsity is None else len(equation.sparsity.groups)


def _age(work: _Work) -> int:
    """The steps that a Jacobian has served before this one."""
    return 0 if work.spent["jacobians"] else work.kept["age"] + 1


def _error(work: _Work, increments: Vector, solve: Solve) -> Vector:
    """The embedded estimate [n], filtered once; twice where it is large and the past is no guide.

    Hairer and Wanner II, IV.8, eqs. 8.19 and 8.20.
    """
    flow = work.flow
    embedded = work.method.error @ increments / work.h
    error = solve(0, flow.rate + embedded)
    if work.kept["doubtful"] and float(rms(error / work.scale)) > 1.0:
        error = solve(0, np.asarray(work.rate(flow.time, flow.y + error)) + embedded)
    return error
