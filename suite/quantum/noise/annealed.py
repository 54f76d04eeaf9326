"""The annealed natural gradient: steps bounded by curvature and angle, shots that follow the spent.

No step is refused and no energy steers. The step is a fraction of the bound on the energy's
curvature, and never turns the state by more than an angle; the shots of an iteration are a share
of all that were spent, split over rows by how much each row's noise moves the step. The answer is
the mean of late iterates, checked against the last one, and its energy is measured anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from suite.core import Anneal, Attempt, Fixed, Point, Status, Step, begin, march, relay
from suite.quantum.noise.averaging import STRETCHES
from suite.quantum.noise.gradients import rows_of
from suite.quantum.noise.groups import Groups
from suite.quantum.noise.laboratory import Annealed, Lab, NoisyCourse, usual_pace
from suite.quantum.noise.metric_blocks import bounds_of
from suite.quantum.steps.course import Method

__all__ = ["CHECK", "FINAL", "Annealed", "NoisyCourse", "annealed", "closing", "unmeasured"]

Vector = NDArray[np.float64]
March: TypeAlias = Callable[[Attempt | Point], Iterator[Attempt]]

ANNEAL, CHECK, FINAL = "anneal", "check", "final"


def annealed(course: NoisyCourse) -> Method:
    """The annealed natural gradient, its check and its final energy, as a method of VQE."""
    law = Anneal(course.growth)
    bound = max(course.observable.curvature_bound(), 1e-300)
    pace = usual_pace(course.unrolled) if course.pace is None else course.pace
    lab = Lab(course, rows_of(course.unrolled), bounds_of(course.unrolled), bound, pace)

    def prepare(parameters: Vector) -> Attempt:
        start = unmeasured(lab, parameters)
        state, cost, notes = lab.look(start, parameters, start.shots, Step(0.0, course.damping))
        return begin(
            state, law, course.angle, damping=course.damping, cost=cost, notes=notes, phase=ANNEAL
        )

    def descend(origin: Attempt | Point) -> Iterator[Attempt]:
        return march(lab.attempt, origin, law, lambda _: 0, lab.limits)

    check, final = closing(lab)

    def turn(attempt: Attempt) -> Point | None:
        after = attempt.after
        if attempt.phase == ANNEAL and lab.over(after.state, after.step):
            return after._replace(phase=CHECK, memory=(), bound=CHECK)
        if attempt.phase == CHECK:
            return after._replace(phase=FINAL, memory=(), bound=FINAL)
        return None

    def walk(origin: Attempt | Point) -> Iterator[Attempt]:
        return relay({ANNEAL: descend, CHECK: check, FINAL: final}, origin, turn)

    def answer(state: Annealed) -> tuple[float, Vector]:
        return state.energy, state.answer

    return Method(law, prepare, walk, answer, (Annealed, Groups))


def unmeasured(lab: Lab, parameters: Vector) -> Annealed:
    """Where a run starts, before anything was measured."""
    nil = np.zeros(0)
    return Annealed(
        parameters,
        nil,
        0.0,
        np.zeros((0, 0)),
        np.full(len(lab.rows), lab.course.first_shots, np.int64),
        nil,
        lab.course.observable.prior(),
        0,
        np.zeros((STRETCHES, len(parameters))),
        np.zeros(STRETCHES),
        parameters,
        np.nan,
        np.nan,
    )


def closing(lab: Lab) -> tuple[March, March]:
    """The marches that end a run with shots: its answer is chosen, and its energy measured anew."""

    def check(origin: Attempt | Point) -> Iterator[Attempt]:
        return march(lab.choose, origin, Fixed(), lambda _: 0)

    def final(origin: Attempt | Point) -> Iterator[Attempt]:
        return march(lab.settle, origin, Fixed(), lambda _: Status.ENDPOINT)

    return check, final
