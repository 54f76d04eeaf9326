"""How a run is carried: the scheme of each phase, what watches it, and the march or relay of both.

An attempt is a scheme's, with its watchers laid around it function by function. Where the
right-hand side is machine code its attempts are made ahead in bursts; march, law and record are the
same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from suite.core import Attempt, ErrorControl, Law, Point, begin, march, relay
from suite.dynamics.asked import Asked
from suite.dynamics.compiled import Ahead, Trace, ahead_of, march_ahead, whole
from suite.dynamics.course import recorded
from suite.dynamics.equation import Equation, Flow, Scheme, Try, first_size, smallest_step
from suite.dynamics.methods.doubling import classical, step_doubling
from suite.dynamics.methods.explicit import LAW, dop853, dormand_prince
from suite.dynamics.methods.radau import LAW as RADAU_LAW
from suite.dynamics.methods.radau import newton_limits, radau
from suite.dynamics.watch.chatter import chattering
from suite.dynamics.watch.events import eventful
from suite.dynamics.watch.hand_over import EXPLICIT, STIFF, hand_over
from suite.dynamics.watch.invariants import followed, law_of, projected, watched
from suite.dynamics.watch.singularity import foreseen
from suite.dynamics.watch.stiffness import measured

__all__ = ["Walk", "prepared", "traced", "walk_of"]

Walk: TypeAlias = Callable[[Attempt | Point], Iterator[Attempt]]

SHORTEST = 1e-30
"""The smallest step worth trying where the time is near zero, as a share of the least of the
interval, one, and the first step that was asked for."""

SCHEMES: dict[str, tuple[Callable[[Equation], Scheme], ErrorControl]] = {
    "DOP853": (dop853, LAW),
    "RK45": (dormand_prince, LAW),
    "RK4": (lambda equation: step_doubling(classical, 4, equation), LAW),
    "Radau": (radau, RADAU_LAW),
}
"""By name: the method, and the law for its error."""
AHEAD = ("DOP853", "RK45")
"""Methods that machine code has."""


def prepared(asked: Asked, flow: Flow) -> Attempt:
    """Attempt 0: the first point, and the size of the first step."""
    spent, size = 1, asked.first_step
    name = _names(asked)[0]
    if size is None:
        order = _scheme(asked, name).order
        size, more = first_size(asked.equation, flow, order)
        spent += more
    if asked.own is None:
        size = max(size, smallest_step(flow))
    notes = {"time": flow.time, "y": flow.y}
    phase = EXPLICIT if asked.method == "auto" else ""
    law = _law(asked, name)
    return begin(flow, law, size, cost={"evaluations": spent}, notes=notes, phase=phase)


def walk_of(asked: Asked, made: Trace | None = None) -> Walk:
    """The march of one scheme, or the relay of an explicit and a stiff one.

    `made` are bursts that machine code has carried out from the preparation already.
    """
    marches = [_march(asked, name, made) for name in _names(asked)]
    if len(marches) == 1:
        return marches[0]
    phases = dict(zip((EXPLICIT, STIFF), marches, strict=True))
    return lambda where: relay(phases, where, hand_over)


def traced(asked: Asked, first: Attempt) -> Trace | None:
    """The whole run in machine code, where nothing needs to look at its attempts one by one."""
    if not asked.compiled or asked.events or _names(asked)[0] not in AHEAD or asked.invariants:
        return None
    return whole(
        _ahead(asked, _names(asked)[0]),
        first,
        most_evaluations=asked.max_evaluations,
        slopes=asked.polynomials,
    )


def _names(asked: Asked) -> tuple[str, ...]:
    """The schemes a run may use, the first one first."""
    return ("DOP853", "Radau") if asked.method == "auto" else (asked.method,)


def _scheme(asked: Asked, name: str) -> Scheme:
    make = SCHEMES[name][0] if asked.own is None else asked.own.scheme
    return make(asked.equation)


def _law(asked: Asked, name: str) -> Law:
    return law_of(asked.invariants, SCHEMES[name][1]) if asked.own is None else asked.own.law


def _least(asked: Asked) -> float:
    first = math.inf if asked.first_step is None else asked.first_step
    return SHORTEST * min(abs(asked.t_span[1] - asked.t_span[0]), 1.0, first)


def _ahead(asked: Asked, name: str) -> Ahead:
    return ahead_of(
        asked.fun,
        asked.equation,
        name,
        args=asked.args,
        law=SCHEMES[name][1],
        most=asked.max_step,
        least=_least(asked),
    )


def _march(asked: Asked, name: str, made: Trace | None) -> Walk:
    """The march of one scheme with all that watches it."""
    least = _least(asked)
    if asked.compiled and name in AHEAD and not asked.invariants:
        ahead = _ahead(asked, name) if made is None else made.ahead
        bursts = () if made is None else made.bursts
        scheme = ahead.scheme
        drive: Callable[..., Iterator[Attempt]] = partial(march_ahead, ahead, made=bursts)
    else:
        scheme, law = _scheme(asked, name), _law(asked, name)

        def drive(attempt: Try, where: Attempt | Point, *rules: Any, **bounds: Any) -> Any:
            return march(attempt, where, law, *rules, **bounds)

    attempt, until, limits = _attempt(asked, scheme), asked.equation.until, _limits(asked, name)

    def floor(flow: Flow) -> float:
        smallest = smallest_step(flow)
        return smallest if smallest > least else least

    def walk(where: Attempt | Point) -> Iterator[Attempt]:
        return drive(attempt, where, until, limits, floor=floor, most=2**62)

    return walk


def _limits(asked: Asked, name: str) -> Callable[[Flow], Mapping[str, float]] | None:
    if asked.own is not None and asked.own.ends:
        return None
    to_end, most = asked.equation.limits, asked.max_step
    if name != "Radau" and most == np.inf:
        return to_end

    def limits(flow: Flow) -> Mapping[str, float]:
        return {"max_step": most, **newton_limits(flow), **to_end(flow)}

    return limits


def _attempt(asked: Asked, scheme: Scheme) -> Try:
    """The scheme's attempt with all that watches it."""
    equation, attempt = asked.equation, scheme.attempt
    kept = {name: asked.invariants[name] for name in asked.project}
    others = {name: given for name, given in asked.invariants.items() if name not in kept}
    if kept:
        attempt = projected(attempt, equation, kept)
    if others:
        attempt = (watched if asked.own is None else followed)(attempt, equation, others)
    if asked.events:
        attempt = eventful(attempt, scheme, equation, asked.events)
    if scheme.name != "Radau" or asked.method == "auto":
        attempt = measured(attempt, equation, scheme)
    if asked.own is None:
        attempt = chattering(attempt, equation, asked.max_evaluations)
    if asked.foresight:
        attempt = foreseen(attempt, equation, extrapolated=scheme.name == "doubling")
    return recorded(attempt, scheme, asked.polynomials)
