"""Natural gradient with two signals, on shots: a step is kept unless it is measured to be worse.

Gain over predicted gain governs the angle of a step, the angle really turned (where overlaps are
asked for) the damping of the metric, and shots follow what has been spent. Candidate and incumbent
are measured in one job, so the machine's drift is in neither's favour. The gradient goes in the
same job, or is measured only of points that were kept, whichever is cheaper.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from suite.core import Anneal, Attempt, Both, Damping, NoisyGain, Point, begin, march, relay
from suite.core.law import Law
from suite.quantum.noise.annealed import CHECK, FINAL, closing, unmeasured
from suite.quantum.noise.gradients import rows_of
from suite.quantum.noise.groups import Groups
from suite.quantum.noise.laboratory import Annealed, Lab, NoisyCourse, usual_pace
from suite.quantum.noise.metric_blocks import bounds_of, layers_of
from suite.quantum.noise.natural_state import Natural
from suite.quantum.noise.natural_steps import Descent, Ordering
from suite.quantum.steps.course import Method

__all__ = ["GROWTH", "Natural", "natural"]

Vector = NDArray[np.float64]

NATURAL = "natural"
GROWTH = 0.05
"""Share of what was spent that an attempt may cost: five times that of the annealed rule, because
a comparison of two energies tells nothing of small attempts."""
LOWEST_PACE = 1.0
"""The lowest point of the parabola that the bound on the curvature makes."""
SMALLEST_ANGLE = 1e-6
DAMPING_FLOOR = 0.03


def natural(course: NoisyCourse, ordering: Ordering, *, overlaps: bool = False) -> Method:
    """The two-signal natural gradient on what measures, with the order of jobs by their price."""
    bound = max(course.observable.curvature_bound(), 1e-300)
    pace = course.pace or max(LOWEST_PACE, usual_pace(course.unrolled))
    lab = Lab(course, rows_of(course.unrolled), bounds_of(course.unrolled), bound, pace)
    descent = Descent(lab, ordering, len(layers_of(course.unrolled)), overlaps)
    law = law_of(course, overlaps=overlaps)

    def prepare(parameters: Vector) -> Attempt:
        state, cost, notes = descent.begin(unmeasured(lab, parameters))
        return begin(
            state, law, course.angle, damping=course.damping, cost=cost, notes=notes, phase=NATURAL
        )

    def descend(origin: Attempt | Point) -> Iterator[Attempt]:
        return march(descent.attempt, origin, law, lambda _: 0, floor=lambda _: SMALLEST_ANGLE)

    check, final = closing(lab)

    def turn(attempt: Attempt) -> Point | None:
        after = attempt.after
        if attempt.phase == NATURAL and (attempt.status or descent.over(after.state, after.step)):
            ended = str(attempt.status) if attempt.status else CHECK
            return after._replace(state=after.state.at, phase=CHECK, memory=(), bound=ended)
        if attempt.phase == CHECK:
            return after._replace(phase=FINAL, memory=(), bound=FINAL)
        return None

    def walk(origin: Attempt | Point) -> Iterator[Attempt]:
        return relay({NATURAL: descend, CHECK: check, FINAL: final}, origin, turn)

    def answer(state: Annealed) -> tuple[float, Vector]:
        return state.energy, state.answer

    return Method(law, prepare, walk, answer, (Natural, Annealed, Groups))


def law_of(course: NoisyCourse, *, overlaps: bool) -> Law:
    """Gain governs the angle, overlaps the damping, and effort follows what was spent."""
    gain: Law = NoisyGain("gain", most_size=course.angle)
    if overlaps:
        gain = Both(gain, Damping("angle", floor=DAMPING_FLOOR))
    return Both(gain, Anneal(course.growth))
