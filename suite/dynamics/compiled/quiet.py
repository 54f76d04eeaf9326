"""Whether the watchers of a run would have anything to say, found out from its arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from suite.core import Signal, Step, Trial
from suite.dynamics.compiled.layout import Floats
from suite.dynamics.equation import Equation, Flow, Scheme
from suite.dynamics.watch.approach import LUCKY, Passed, kept, past_of
from suite.dynamics.watch.singularity import NAME as FORESIGHT
from suite.dynamics.watch.singularity import foreseen, singularity_of
from suite.dynamics.watch.stiffness import BOUNDARIES, NEAR, is_stiff, measured

__all__ = ["Steps", "may_be_stiff", "sees_nothing", "starts_stiff"]

VANISHED = 1e-6
"""A step this much shorter than one before it has come near to a singularity."""
ALL = 64
"""Up to so many steps foresight is shown every one."""
RECENT = 24
"""Of more it is shown the last ones,"""
NEARLY = 0.8
"""and those before that were as long as this share of all that followed,"""
APART = 1.05
"""the first and the last of those that differ by less than this."""


class Steps(NamedTuple):
    """The accepted steps of a run: `times` [m], `states`, `rates` [m, n], the start with them; the
    `sizes` [m - 1] and the signal, of arrays [m - 1]."""

    times: Floats
    states: Floats
    rates: Floats
    sizes: Floats
    signal: Signal


def may_be_stiff(method: str, stability: Floats) -> bool:
    """Whether |h·λ| [m] was near the end of stability twice in a row, from where on it counts."""
    near = stability > NEAR * BOUNDARIES[method]
    return bool(np.any(near[1:] & near[:-1]))


def starts_stiff(equation: Equation, scheme: Scheme, steps: Steps) -> tuple[bool, int]:
    """Whether the watcher of stiffness hands over after the first step; evaluations of its look."""
    flow = Flow(float(steps.times[0]), steps.states[0], steps.rates[0])
    after = Flow(float(steps.times[1]), steps.states[1], steps.rates[1])
    values, noises, order = steps.signal
    signal = Signal(float(values[0]), float(noises[0]), order)
    # Of its h |λ| `may_be_stiff` has judged.
    given = Trial(after, {"error": signal}, {"evaluations": 0}, notes={"h_lambda": 0.0})
    look = measured(lambda *_: given, equation, scheme)
    trial = look(flow, Step(float(steps.sizes[0]), number=1))
    return is_stiff(trial.state), trial.cost["evaluations"]


def sees_nothing(equation: Equation, steps: Steps) -> tuple[bool, int]:
    """Whether no singularity was met and none is foreseen at the end; evaluations it took to tell.

    Foresight is shown what it would have kept of the run, the way into the end: the last steps,
    and those before that were longer than what followed; where that makes it speak, all of them.
    """
    if not len(steps.sizes):
        return True, 0
    value, _, order = steps.signal
    # What accuracy would have allowed.
    sizes = steps.sizes * np.minimum(LUCKY, np.maximum(np.abs(value), 1e-30) ** (-1.0 / order))
    if np.any(sizes < VANISHED * np.maximum.accumulate(sizes)):
        return False, 0
    places = _way_in(sizes)
    nothing, spent = _foresight(equation, steps, places)
    if nothing or len(places) == len(sizes):
        return nothing, spent
    nothing, more = _foresight(equation, steps, list(range(len(sizes))))
    return nothing, spent + more


def _way_in(sizes: Floats) -> list[int]:
    """The places that foresight is shown."""
    if len(sizes) <= ALL:
        return list(range(len(sizes)))
    above = np.flatnonzero(sizes >= NEARLY * np.maximum.accumulate(sizes[::-1])[::-1])
    level = np.floor(np.log(sizes[above]) / np.log(APART))
    changes = level[1:] != level[:-1]
    ends = above[np.append(changes, True) | np.append(True, changes)]
    recent = np.arange(len(sizes) - RECENT, len(sizes))
    return [int(place) for place in np.union1d(ends, recent)]


def _foresight(equation: Equation, steps: Steps, places: list[int]) -> tuple[bool, int]:
    """Show foresight some of the steps; it counts the errors of all."""
    given: list[Trial] = []
    look = foreseen(lambda *_: given[-1], equation)
    times, states, rates, sizes, (values, noises, order) = steps
    errors = np.append(0.0, np.cumsum(np.abs(values)))
    flow, spent, next_place = Flow(float(times[0]), states[0], rates[0]), 0, 0
    for place in places:
        signal = Signal(float(values[place]), float(noises[place]), order)
        at = place + 1
        # Where no step was left out the counts are right.
        memory = dict(flow.memory)
        if place != next_place:
            memory = _counted(memory, float(errors[place]), place)
        next_place = at
        after = Flow(float(times[at]), states[at], rates[at], None, memory)
        given[:] = [Trial(after, {"error": signal}, {"evaluations": 0}, notes={})]
        trial = look(flow._replace(memory=memory), Step(float(sizes[place])))
        flow, spent = trial.state, spent + trial.cost["evaluations"]
    return singularity_of(flow) is None, spent


def _counted(memory: Mapping[str, Any], spent: float, steps: int) -> dict[str, Any]:
    """What foresight remembers, with the errors and the number of all steps so far."""
    if FORESIGHT not in memory:
        return dict(memory)
    past = past_of(memory[FORESIGHT])
    last = Passed(*past.recent[-1])._replace(spent=spent, steps=steps)
    past = past._replace(recent=(*past.recent[:-1], tuple(last)))
    return {**memory, FORESIGHT: kept(past)}
