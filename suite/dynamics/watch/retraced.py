"""A second look at a singularity: the way into it once more, at a tighter tolerance.

The time that a run foretells is off by the errors the run has made. Where it ends, the way is gone
again from its first point with a thousandth of the tolerance, to nearly where the run stands: most
of those errors are then out of the time and of its bar, and what the two runs differ by is a
measure of them that owes nothing to an error estimate. Where errors grow without bound beside a
solution that goes on, the first run has a singularity that the second one denies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from suite.core import Attempt, Law, Point, Status, begin, finish, march
from suite.dynamics.equation import (
    Equation,
    Flow,
    Scheme,
    Tolerance,
    counted,
    first_size,
    smallest_step,
)
from suite.dynamics.methods.radau import newton_limits
from suite.dynamics.watch.approach import Passed, first_shift, past_of
from suite.dynamics.watch.confirmation import MARGIN
from suite.dynamics.watch.singularity import (
    NAME,
    Singularity,
    foreseen,
    may_pass,
    singularity_of,
)
from suite.errors import AttemptFailed

__all__ = ["Method", "retraced"]

Method: TypeAlias = tuple[Callable[[Equation], Scheme], Law]
"""A method and the law for its error."""

TIGHTER = 1e-3
"""The tolerance of the second run over that of the first."""
TIGHTEST = 3e-14
"""The smallest relative tolerance that is worth asking for."""
WORTHWHILE = 0.2
"""The tolerance over that of the first run above which a second one tells nothing new."""
NEAREST = 1e-4
"""Share of the way that is left where the second run stops."""
CLEAR = 30.0
"""The time left there, over the error bar."""
MOST_LEGS, CLOSER = 3, 0.3
"""Legs in which it gets there, and by what the time left falls from one to the next."""
MOST_STEPS = 10, 100
"""Attempts of the second run: as many times the steps of the first, and some more."""
AGREED = 30.0
"""By how much less than the two runs differ the second one is trusted to be off."""
ELSEWHERE = 0.02
"""Share of the whole way from which on the second run's singularity is another one."""
KEPT, DENIED, UNTOLD = "kept", "denied", "untold"
"""What a second run without a singularity of its own says of one that was found."""


def retraced(
    equation: Equation, flow: Flow, found: Singularity, method: Method
) -> tuple[Singularity | None, int]:
    """The singularity that a run found, from a second run at a tighter tolerance; evaluations.

    The one that was found where the second run stands farther off and knows less; None where it
    passes it; "approaching" where it comes to another, or does not come so far.
    """
    past = past_of(flow.memory[NAME])
    start, shift = Passed(*past.anchor[0]), past.anchor[1]
    tolerance = _tighter(equation.tolerance)
    if tolerance is None:
        return found, 0
    tighter, calls = counted(replace(equation, tolerance=tolerance))
    most = MOST_STEPS[0] * (past.recent[-1][6] - start.steps) + MOST_STEPS[1]
    again, verdict = _again(tighter, start, flow.time, found, method, most)
    if again is None:
        kept = {KEPT: found, DENIED: None, UNTOLD: replace(found, status="approaching")}
        return kept[verdict], calls()
    span = abs(found.time - start.time)
    apart = abs(again.time - found.time)
    contrary = apart > found.error + again.error
    if not contrary and abs(found.time - flow.time) < NEAREST * span and again.error >= found.error:
        return found, calls()
    component = again.component * (2 if start.y.dtype.kind == "c" else 1)
    before = MARGIN * float(first_shift(equation, start, shift)[component])
    # Where the two contradict each other, neither is known to be right.
    least = 2.0 * apart + found.error if contrary else apart / AGREED
    # A tolerance is no promise: nothing is claimed to be better known than by that of the run.
    claimed = float(np.max(tolerance.relative)) * span
    error = max(again.error, least, claimed) + before
    status = "approaching" if apart > ELSEWHERE * span else found.status
    if status == "approaching" and error >= abs(again.time - start.time):
        return None, calls()  # two runs with nothing in common
    return replace(again, error=error, status=status), calls()


def _tighter(tolerance: Tolerance) -> Tolerance | None:
    """A thousandth of a tolerance, or what rounding leaves of that, if it is worth it."""
    least = float(np.min(tolerance.relative))
    share = max(TIGHTER, TIGHTEST / least) if least > 0.0 else TIGHTER
    if share > WORTHWHILE:
        return None
    return replace(
        tolerance, relative=share * tolerance.relative, absolute=share * tolerance.absolute
    )


def _again(
    equation: Equation,
    start: Passed,
    farthest: float,
    found: Singularity,
    method: Method,
    most: int,
) -> tuple[Singularity | None, str]:
    """What a run from `start` foretells where it ends, at `farthest` or before, or else what that
    says of what was found.

    It goes on in legs, each as near to the singularity as that is known by then; and beyond its bar
    where it shows nothing there, where the bar is too wide for a leg, and where a close passage may
    look like what was found.
    """
    span = abs(found.time - start.time)
    where: Flow | Point = Flow(start.time, start.y, start.rate)
    if CLEAR * found.error > CLOSER * span:
        return _through(equation, where, found, method, most)
    again, left = None, span
    for _ in range(MOST_LEGS):
        told = again or found
        nearer = max(NEAREST * span, CLEAR * told.error)
        end = told.time - equation.direction * nearer
        end = farthest if equation.direction * (end - farthest) > 0.0 else end
        if nearer > CLOSER * left or not equation.direction * (end - _time(where)) > 0.0:
            break
        last = _leg(replace(equation, end=end), where, method, most)
        if last is None:
            return None, UNTOLD
        where, left = last.after, nearer
        again = singularity_of(last.after.state)
        if last.status != Status.ENDPOINT:
            # Steps that came to nothing on the way have met a singularity, or tell nothing.
            stopped = last.status in (Status.SINGULAR, Status.UNDERFLOW)
            return again if stopped else None, UNTOLD
        if again is None:
            return _onwards(equation, where, found, method, most)
    if found.status == "singular" and may_pass(found, start.y):
        seen, verdict = _through(equation, where, found, method, most)
        if seen is None:
            return None, verdict
    return again, KEPT


def _time(where: Flow | Point) -> float:
    return where.time if isinstance(where, Flow) else float(where.state.time)


def _through(
    equation: Equation, where: Flow | Point, found: Singularity, method: Method, most: int
) -> tuple[Singularity | None, str]:
    """What a run comes to that goes on to the end of the error bar of what was found."""
    end = found.time + equation.direction * found.error
    if equation.direction * (end - equation.end) > 0.0:
        end = equation.end
    if not equation.direction * (end - _time(where)) > 0.0:
        return None, KEPT
    last = _leg(replace(equation, end=end), where, method, most)
    if last is None or last.status not in (Status.ENDPOINT, Status.SINGULAR):
        return None, UNTOLD
    passed = last.status == Status.ENDPOINT and equation.direction * (end - found.time) > 0.0
    return singularity_of(last.after.state), DENIED if passed else KEPT


def _onwards(
    equation: Equation, where: Point, found: Singularity, method: Method, most: int
) -> tuple[Singularity | None, str]:
    """What a run that shows nothing of a divergence near it comes to, and whether it passes it."""
    if not found.exponent > 0.0 or where.state.time == equation.end:
        return None, KEPT
    last = _leg(equation, where, method, most)
    if last is None or last.status not in (Status.ENDPOINT, Status.SINGULAR):
        return None, UNTOLD
    return singularity_of(last.after.state), DENIED if last.status == Status.ENDPOINT else KEPT


def _leg(equation: Equation, where: Flow | Point, method: Method, most: int) -> Attempt | None:
    """How a run goes to the end of an equation, or to a singularity; None where it cannot start."""
    scheme, law = method[0](equation), method[1]

    def limits(flow: Flow) -> dict[str, float]:
        return {**newton_limits(flow), **equation.limits(flow)}

    try:
        first: Attempt | Point
        if isinstance(where, Flow):
            first = begin(where, law, first_size(equation, where, scheme.order)[0])
        else:
            first = where
        attempt = foreseen(scheme.attempt, equation)
        return finish(
            march(attempt, first, law, equation.until, limits, floor=smallest_step, most=most)
        )
    except AttemptFailed:
        return None
