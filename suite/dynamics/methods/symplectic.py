"""Symplectic composition methods for separable Hamiltonians: q' = v(p), p' = f(t, q).

Their energy error stays bounded over times at which that of other methods grows. The law is
`suite.core.Fixed`: a step that follows the error loses this property. One that follows a function
of the position keeps it, if it does so in the same way forwards and backwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from suite.core import Signal, Step, Trial
from suite.dynamics.equation import (
    Equation,
    Flow,
    Scheme,
    Try,
    Vector,
    note,
    remember,
    smallest_step,
)
from suite.errors import AttemptFailed, InputError

__all__ = ["ORDERS", "symplectic"]

Velocity: TypeAlias = Callable[[Vector], Any]
Force: TypeAlias = Callable[[float, Vector], Any]
Scale: TypeAlias = Callable[[Vector], Any]

# What the memory of a point holds: what earlier sums lost [2n], and the density of steps.
_LOST = "symplectic"
_DENSITY = "density"
# The part of a step over which the scale is differenced: its rounding and its truncation are then
# some 1e-12 and 1e-8 of the change of density.
_REACH = 1e-4


class Composition(NamedTuple):
    """Kicks [s+1] and drifts [s] in turn, in fractions of a step; both are palindromes.

    It begins and ends with a kick, so that the force of the last is the next step's first: s
    evaluations of the force a step.
    """

    kicks: tuple[float, ...]
    drifts: tuple[float, ...]


def _of_leapfrogs(half: Sequence[float]) -> Composition:
    """The symmetric composition of leapfrogs of these sizes, the middle one given by the sum."""
    sizes = [*half, 1.0 - 2.0 * math.fsum(half), *reversed(half)]
    kicks = [0.5 * (a + b) for a, b in pairwise([0.0, *sizes, 0.0])]
    return Composition(tuple(kicks), tuple(sizes))


def _blanes_moan() -> Composition:
    """Blanes and Moan, J. Comput. Appl. Math. 142, 313 (2002), table 2, S6."""
    kicks = (0.0792036964311957, 0.353172906049774, -0.0420650803577195)
    drifts = (0.209515106613362, -0.143851773179818)
    last = 0.5 - math.fsum(drifts)
    return Composition(
        (*kicks, 1.0 - 2.0 * math.fsum(kicks), *reversed(kicks)),
        (*drifts, last, last, *reversed(drifts)),
    )


ORDERS: dict[int, Composition] = {
    2: _of_leapfrogs(()),
    4: _blanes_moan(),
    # Kahan and Li, Math. Comp. 66, 1089 (1997), s9odr6a and s17odr8a; Hairer, Lubich and Wanner,
    # Geometric Numerical Integration, V.3.2.
    6: _of_leapfrogs(
        (
            0.39216144400731413928,
            0.33259913678935943860,
            -0.70624617255763935981,
            0.082213596293550800230,
        )
    ),
    8: _of_leapfrogs(
        (
            0.13020248308889008088,
            0.56116298177510838456,
            -0.38947496264484728641,
            0.15884190655515560090,
            -0.39590389413323757734,
            0.18453964097831570709,
            0.25837438768632204729,
            0.29501172360931029887,
        )
    ),
}
"""The methods by order: leapfrog, Blanes and Moan's of 6 stages, Kahan and Li's of 9 and 17."""


def symplectic(
    velocity: Velocity,
    force: Force,
    equation: Equation,
    order: int,
    scale: Scale | None = None,
) -> Scheme:
    """The symplectic composition of an order for q' = velocity(p), p' = force(t, q).

    The state is (q, p) [2n], the equation's function its rate (velocity(p), force(t, q)). What
    these raise in arithmetic refuses the attempt; `InputError` if they answer other than n values,
    or `scale` other than one. The law to march it by is `suite.core.Fixed`. Increments are summed
    with compensation.

    The rounding that an addition to the state loses is kept in `flow.memory["symplectic"]` [2n] and
    added to the next (Hairer, Lubich and Wanner, Geometric Numerical Integration, VIII.5), so that
    rounding grows as the square root of the number of steps and not faster. Its evidence is that
    the state is finite: the signal `error` is zero, or NaN. An evaluation is one of the force. The
    polynomial is Hermite's cubic.

    With `scale` a step lasts its size over the density of steps, which `flow.memory["density"]`
    keeps and which is integrated beside the state in the same way forwards and backwards: Hairer
    and Söderlind, SIAM J. Sci. Comput. 26, 1838 (2005). The note `duration` says how long. Such a
    step is cut at the equation's end by the attempt itself: `equation.limits` bounds times.

    >>> from suite.dynamics.equation import Tolerance, start
    >>> equation = Equation(lambda t, y: np.array([y[1], -y[0]]), Tolerance(0.0, 1.0), end=1.0)
    >>> scheme = symplectic(lambda p: p, lambda t, q: -q, equation, 8)
    >>> trial = scheme.attempt(start(equation.fun, 0.0, [1.0, 0.0]), Step(0.1))
    >>> abs(trial.state.y[0] - np.cos(0.1)) < 1e-14, trial.cost
    (np.True_, {'evaluations': 17})
    """
    advance = _advance(velocity, force, ORDERS[order])

    def even(flow: Flow, step: Step) -> Trial:
        return advance(flow, equation.arrive(flow.time, step.size))

    attempt = even if scale is None else _paced(advance, equation, scale)
    return Scheme(f"symplectic {order}", order, attempt, _cubic)


def _paced(advance: Callable[[Flow, float], Trial], equation: Equation, scale: Scale) -> Try:
    def attempt(flow: Flow, step: Step) -> Trial:
        size = float(step.size)
        density = flow.memory.get(_DENSITY) or 1.0 / _positive(scale, flow, 0.0)
        density += size * growth(flow, size)
        if not density > 0.0:
            raise AttemptFailed(
                f"The scale of steps changes too fast for steps of {size:g}: give a smaller step."
            )
        left = equation.direction * (equation.end - flow.time)
        duration = min(size / density, left)
        if duration < min(smallest_step(flow), left):
            raise AttemptFailed("The scale of steps vanishes: they are too small to move the time.")
        trial = advance(flow, equation.arrive(flow.time, duration))
        try:
            remember(trial, _DENSITY, density + size * growth(trial.state, size))
        except AttemptFailed as failure:
            raise AttemptFailed(str(failure), trial.cost) from failure
        note(trial, duration=duration)
        return trial

    def growth(flow: Flow, size: float) -> float:
        """Half the growth of the density in one unit of fictitious time, -(ln scale)' / 2."""
        reach = equation.direction * _REACH * size * _positive(scale, flow, 0.0)
        later, earlier = _positive(scale, flow, reach), _positive(scale, flow, -reach)
        return -0.25 * math.log(later / earlier) / abs(reach)

    return attempt


def _positive(scale: Scale, flow: Flow, ahead: float) -> float:
    """The scale where the velocity leads in some time, if it is a positive number."""
    half = len(flow.y) // 2
    found = _answer("scale", 1, scale, flow.y[:half] + ahead * flow.rate[:half])
    value = float(found.item())
    if not (value > 0.0 and math.isfinite(value)):
        raise AttemptFailed(
            f"scale must be positive and finite. Got {value!r} at {flow.time:.12g}."
        )
    return value


def _answer(name: str, size: int, fun: Callable[..., Any], *given: Any) -> Vector:
    """What a user's function answers, as an array [size]; its failures in words."""
    try:
        found = np.asarray(fun(*given), float)
    except AttemptFailed:
        raise
    except (ArithmeticError, ValueError) as error:
        raise AttemptFailed(f"{name} raised {type(error).__name__} ({error}).") from error
    if found.shape == (size,):
        return found
    if found.size != size:
        count = "one number" if size == 1 else f"{size} values"
        raise InputError(f"{name} must answer {count}. Got shape {found.shape}.")
    return found.reshape(size)


def _advance(
    velocity: Velocity, force: Force, composition: Composition
) -> Callable[[Flow, float], Trial]:
    """The function that takes a flow to a time in one step."""
    kicks, drifts = composition
    clock = np.cumsum(drifts)[:-1].tolist()
    stages = tuple(zip([*clock, None], drifts, kicks[1:], strict=True))
    cost = len(drifts)

    def advance(flow: Flow, after: float) -> Trial:
        time, y, rate, _, memory = flow
        h, size = after - time, len(y)
        half, still = size // 2, np.zeros(size)
        lost = memory.get(_LOST, still)
        q, lost_q, lost_p = y[:half], lost[:half], lost[half:]
        p, lost_p = _add(y[half:], h * kicks[0] * rate[half:], lost_p)
        made = 0
        try:
            for moment, drift, kick in stages:
                made += 1
                pace = _answer("velocity", half, velocity, p)
                q, lost_q = _add(q, h * drift * pace, lost_q)
                moment = after if moment is None else time + h * moment
                pull = _answer("force", half, force, moment, q)
                p, lost_p = _add(p, h * kick * pull, lost_p)
            pace = _answer("velocity", half, velocity, p)
        except AttemptFailed as failure:
            raise AttemptFailed(str(failure), {"evaluations": made}) from failure
        y = np.concatenate((q, p))
        memory = {**memory, _LOST: np.concatenate((lost_q, lost_p))}
        # Zero, or NaN where any component is not finite.
        signal = Signal(float(still.dot(y)))
        arrived = Flow(after, y, np.concatenate((pace, pull)), None, memory)
        return Trial(arrived, {"error": signal}, {"evaluations": cost}, notes={})

    return advance


def _add(value: Vector, increment: Vector, lost: Vector) -> tuple[Vector, Vector]:
    """The sum of a value, its increment and what earlier sums lost, and what this one loses.

    The latter is written over the increment.
    """
    increment += lost
    total = value + increment
    increment -= total - value
    return total, increment


def _cubic(before: Flow, after: Flow) -> tuple[Vector, int]:
    """Powers of θ [3, n] of Hermite's cubic through the states and rates of both ends."""
    h = after.time - before.time
    change, first, last = after.y - before.y, h * before.rate, h * after.rate
    rows: Any = [first, 3.0 * change - 2.0 * first - last, first + last - 2.0 * change]
    return np.array(rows), 0
