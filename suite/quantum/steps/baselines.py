"""The methods whose step does not adapt, and SciPy's L-BFGS: what adaptation is measured against.

Natural gradient with a fixed rate (Stokes et al., Quantum 4, 269 (2020)), plain gradient descent,
Adam (Kingma and Ba, arXiv:1412.6980) and L-BFGS-B as SciPy has it. Their answer is the lowest
point that they visited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from suite.core import Attempt, Dense, Diagonal, Fixed, Point, Signal, Step, Trial, begin, march
from suite.quantum.geometry import Geometry
from suite.quantum.steps.course import (
    Course,
    Incumbent,
    Method,
    Vector,
    angle_between,
    flat,
    notes_of,
)
from suite.quantum.steps.place import better

__all__ = ["adam", "fixed_natural_gradient", "gradient_descent"]

QNG_RATE, DESCENT_RATE, ADAM_RATE = 0.05, 0.1, 0.05
QNG_DAMPING = 1e-4
MEAN_DECAY, SQUARE_DECAY, ADAM_FLOOR = 0.9, 0.999, 1e-8


class Ridden(NamedTuple):
    """Where fixed natural gradient stands, and the lowest point it saw."""

    at: Incumbent
    lowest: Incumbent


class Rolled(NamedTuple):
    """Where a method of gradients alone stands, its moments [p], and the lowest point it saw."""

    parameters: Vector
    energy: float
    gradient: Vector
    mean: Vector
    square: Vector
    lowest: float
    lowest_parameters: Vector


def fixed_natural_gradient(course: Course) -> Method:
    """Natural gradient with a fixed rate: θ - rate · G⁻¹g with the Fubini-Study metric."""
    law = course.law or Fixed()
    rate = QNG_RATE if course.rate is None else course.rate

    def prepare(parameters: Vector) -> Attempt:
        here = Incumbent(parameters, course.engine.geometry(parameters, curvature=False))
        return begin(
            Ridden(here, here),
            law,
            rate,
            damping=QNG_DAMPING,
            cost={"evaluations": 1},
            notes=notes_of(here.here),
            phase="qng",
        )

    def attempt(state: Ridden, step: Step) -> Trial:
        here = state.at.here
        move = step.size * Dense(here.metric, step.damping).direction(here.gradient)
        parameters = state.at.parameters + move
        at = Incumbent(parameters, course.engine.geometry(parameters, curvature=False))
        gained = here.energy - at.energy
        notes = notes_of(at.here, np.linalg.eigvalsh(here.metric)) | {
            "gained": gained,
            "predicted_gain": -float(here.gradient @ move),
            "angle": angle_between(here.state, at.here.state),
        }
        after = Ridden(at, better(at, state.lowest))
        return Trial(after, {"gain": Signal(gained)}, {"evaluations": 1}, notes=notes)

    def walk(origin: Attempt | Point) -> Iterator[Attempt]:
        return march(
            attempt,
            origin,
            law,
            lambda state: course.reached(state.at.here.gradient),
            most=course.most,
        )

    def answer(state: Ridden) -> tuple[float, Vector]:
        return state.lowest.energy, state.lowest.parameters

    return Method(law, prepare, walk, answer, (Ridden, Incumbent, Geometry))


def gradient_descent(course: Course) -> Method:
    """Plain gradient descent with a fixed rate."""

    def move(state: Rolled, step: Step) -> tuple[Vector, Vector, Vector]:
        return -step.size * state.gradient, state.mean, state.square

    return _rolling(course, DESCENT_RATE, move, "gradient-descent")


def adam(course: Course) -> Method:
    """Adam with its usual constants and a fixed rate."""

    def move(state: Rolled, step: Step) -> tuple[Vector, Vector, Vector]:
        mean = MEAN_DECAY * state.mean + (1.0 - MEAN_DECAY) * state.gradient
        square = SQUARE_DECAY * state.square + (1.0 - SQUARE_DECAY) * np.square(state.gradient)
        number = step.number
        unbiased = mean / (1.0 - MEAN_DECAY**number)
        weights = np.sqrt(square / (1.0 - SQUARE_DECAY**number)) + ADAM_FLOOR
        return step.size * Diagonal(weights).direction(unbiased), mean, square

    return _rolling(course, ADAM_RATE, move, "adam")


def _rolling(
    course: Course,
    usual: float,
    move: Callable[[Rolled, Step], tuple[Vector, Vector, Vector]],
    name: str,
) -> Method:
    """A method of gradients alone: `move` answers the step and the new moments."""
    law = course.law or Fixed()
    rate = usual if course.rate is None else course.rate

    def prepare(parameters: Vector) -> Attempt:
        energy, gradient = course.engine.gradient(parameters)
        nil = np.zeros(len(parameters))
        state = Rolled(parameters, energy, gradient, nil, nil, energy, parameters)
        cost = {"evaluations": 1}
        return begin(state, law, rate, cost=cost, notes=slope_notes(energy, gradient), phase=name)

    def attempt(state: Rolled, step: Step) -> Trial:
        change, mean, square = move(state, step)
        parameters = state.parameters + change
        energy, gradient = course.engine.gradient(parameters)
        gained = state.energy - energy
        lowest = (energy, parameters) if energy < state.lowest else state[-2:]
        after = Rolled(parameters, energy, gradient, mean, square, *lowest)
        notes = slope_notes(energy, gradient) | {
            "gained": gained,
            "predicted_gain": -float(state.gradient @ change),
        }
        return Trial(after, {"gain": Signal(gained)}, {"evaluations": 1}, notes=notes)

    def walk(origin: Attempt | Point) -> Iterator[Attempt]:
        return march(
            attempt, origin, law, lambda state: course.reached(state.gradient), most=course.most
        )

    def answer(state: Rolled) -> tuple[float, Vector]:
        return state.lowest, state.lowest_parameters

    return Method(law, prepare, walk, answer, (Rolled,))


def slope_notes(energy: float, gradient: Vector) -> dict[str, Any]:
    """The domain's columns of the record where no metric was measured."""
    return {"energy": energy, "largest_gradient": flat(gradient)}
