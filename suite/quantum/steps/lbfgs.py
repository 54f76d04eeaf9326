"""SciPy's L-BFGS-B as attempts of a march, so that it is stored and resumed like the others.

SciPy owns its loop and its memory cannot be handed over. But it is a function of the values that it
has been told: told the same values it asks the same questions. So an attempt tells it all that was
paid for so far, takes the first point that it has not been told of, and measures there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from suite.core import Attempt, Point, Signal, Step, Trial, TrustRegion, begin, march
from suite.errors import OutOfDomain
from suite.quantum.steps.baselines import slope_notes
from suite.quantum.steps.course import Course, Method, Vector

__all__ = ["lbfgs"]

MEMORY = 20
LAW = TrustRegion("gain", threshold=0.0, poor=0.0, good=np.inf, shrink=1.0, grow=1.0)
"""Keeps what is lower and turns nothing: the length is SciPy's."""


class Told(NamedTuple):
    """All that was measured: points [k, p], energies [k], gradients [k, p]; which is lowest."""

    points: Vector
    energies: Vector
    gradients: Vector
    lowest: int


class _Asked(Exception):
    """SciPy asks for a point that it has not been told of."""

    def __init__(self, point: Vector) -> None:
        super().__init__("")
        self.point = point


def lbfgs(course: Course) -> Method:
    """SciPy's L-BFGS-B with a memory of 20; an attempt is one evaluation it asks for."""
    law = course.law or LAW

    def prepare(parameters: Vector) -> Attempt:
        energy, gradient = course.engine.gradient(parameters)
        state = Told(parameters[None, :], np.array([energy]), gradient[None, :], 0)
        notes = slope_notes(energy, gradient)
        return begin(state, law, 1.0, cost={"evaluations": 1}, notes=notes, phase="l-bfgs")

    def attempt(state: Told, step: Step) -> Trial:
        point = question(state, course.gradient)
        if point is None:
            # SciPy has given up: nothing it could still ask would be lower beyond rounding.
            return Trial(state, {"gain": Signal(0.0, np.inf)}, {"evaluations": 0})
        try:
            energy, gradient = course.engine.gradient(point)
        except OutOfDomain:
            # Told that it lies high and flat, SciPy takes a shorter step.
            energy, gradient = np.max(state.energies) + course.engine.scale, np.zeros_like(point)
        last = state.points[state.lowest]
        predicted = -float(state.gradients[state.lowest] @ (point - last))
        gained = float(state.energies[state.lowest] - energy)
        learned = Told(
            np.vstack([state.points, point]),
            np.append(state.energies, energy),
            np.vstack([state.gradients, gradient]),
            state.lowest,
        )
        after = learned._replace(lowest=len(state.energies))
        notes = slope_notes(energy, gradient) | {"gained": gained, "predicted_gain": predicted}
        evidence = {"gain": Signal(gained / max(abs(predicted), 1e-300))}
        return Trial(after, evidence, {"evaluations": 1}, learned=learned, notes=notes)

    def walk(origin: Attempt | Point) -> Iterator[Attempt]:
        return march(
            attempt,
            origin,
            law,
            lambda state: course.reached(state.gradients[state.lowest]),
            most=course.most,
        )

    def answer(state: Told) -> tuple[float, Vector]:
        return float(state.energies[state.lowest]), state.points[state.lowest]

    return Method(law, prepare, walk, answer, (Told,))


def question(state: Told, gradient: float) -> Vector | None:
    """The next point SciPy asks for, given all it was told; None where it ends by itself."""
    from scipy.optimize import minimize

    known = {
        point.tobytes(): (energy, slope)
        for point, energy, slope in zip(
            state.points, state.energies.tolist(), state.gradients, strict=True
        )
    }

    def told(point: Vector) -> tuple[float, Any]:
        try:
            return known[point.tobytes()]
        except KeyError:
            raise _Asked(point.copy()) from None

    options = {"maxcor": MEMORY, "ftol": 0.0, "gtol": gradient, "maxfun": 10**9, "maxiter": 10**9}
    try:
        minimize(told, state.points[0], jac=True, method="L-BFGS-B", options=options)
    except _Asked as asked:
        return asked.point
    return None
