"""Natural gradient with two signals: the first-order method.

A step goes along -G⁻¹g and its size is the angle by which it turns the state (radians,
Fubini-Study). The gain against the predicted gain governs the size; the angle really turned
against the angle predicted governs how much the metric is damped; and no step goes beyond the
lowest point of the parabola that the slope and the Gauss-Newton curvature make along it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from suite.core import (
    Attempt,
    Both,
    Damping,
    Dense,
    Point,
    Signal,
    Step,
    Trial,
    TrustRegion,
    begin,
    march,
)
from suite.quantum.geometry import Geometry
from suite.quantum.steps.course import (
    Course,
    Incumbent,
    Method,
    Vector,
    angle_between,
    gain_signal,
    notes_of,
)

__all__ = ["LAW", "natural"]

LAW = Both(TrustRegion("gain", most_size=0.5), Damping("angle", floor=1e-6))
"""Gain governs the angle, at most half a radian; the angle governs the damping, never to zero."""
FIRST_ANGLE = 0.3
FIRST_DAMPING = 1e-4
SMALLEST_ANGLE = 1e-9


def natural(course: Course) -> Method:
    """The two-signal natural gradient on an engine that gives the whole metric."""
    law = course.law or LAW

    def prepare(parameters: Vector) -> Attempt:
        here = Incumbent(parameters, course.engine.geometry(parameters))
        return begin(
            here,
            law,
            FIRST_ANGLE,
            damping=FIRST_DAMPING,
            cost={"evaluations": 1},
            notes=notes_of(here.here),
            phase="natural",
        )

    def walk(origin: Attempt | Point) -> Iterator[Attempt]:
        return march(
            going(course),
            origin,
            law,
            lambda state: course.reached(state.here.gradient),
            floor=lambda _: SMALLEST_ANGLE,
            most=course.most,
        )

    def answer(state: Incumbent) -> tuple[float, Vector]:
        return state.energy, state.parameters

    return Method(law, prepare, walk, answer, (Incumbent, Geometry))


def going(course: Course) -> Callable[[Incumbent, Step], Trial]:
    """The attempt: go an angle along the natural gradient and measure what it gained."""

    def attempt(state: Incumbent, step: Step) -> Trial:
        unit, slope, bend = along(state.here, step.damping)
        size = min(step.size, lowest(slope, bend))
        move = size * unit
        parameters = state.parameters + move
        there = course.engine.geometry(parameters)
        predicted = -(slope * size + 0.5 * bend * size**2)
        gained = state.energy - there.energy
        turned = angle_between(state.here.state, there.state)
        evidence = {
            "gain": gain_signal(state.here, there, move, predicted, course.engine.scale),
            "angle": Signal(abs(turned / size - 1.0) if size > 0.0 else 0.0),
        }
        notes = notes_of(there, np.linalg.eigvalsh(state.here.metric)) | {
            "predicted_gain": predicted,
            "gained": gained,
            "angle": turned,
        }
        return Trial(
            Incumbent(parameters, there),
            evidence,
            {"evaluations": 1},
            size=size if size < step.size else None,
            notes=notes,
            bound="curvature",
        )

    return attempt


def along(here: Geometry, damping: float) -> tuple[Vector, float, float]:
    """The natural gradient's direction of one radian, the energy's slope and curvature on it."""
    metric = Dense(here.metric, damping)
    direction = metric.direction(here.gradient)
    unit = direction / max(metric.length(direction), 1e-300)
    return unit, float(here.gradient @ unit), float(unit @ here.curvature @ unit)


def lowest(slope: float, bend: float) -> float:
    """The angle of the lowest energy on a parabola; infinite where it bends down."""
    return -slope / bend if bend > 0.0 else np.inf
