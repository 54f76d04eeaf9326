"""The attempts of a run with shots: a step and its measurement, the check, the final energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.core import Signal, Step, Trial
from suite.quantum.noise.averaging import STRETCHES, late_mean
from suite.quantum.noise.gradients import NoisyGradient, Rows, shots_by_weight
from suite.quantum.noise.groups import Grouped, Groups
from suite.quantum.noise.metric_blocks import assembled, known_blocks
from suite.quantum.noise.unrolled import Unrolled
from suite.quantum.request import Estimates, Instrument, Measured, Request, energies_of

__all__ = ["FEWEST_METRIC_SHOTS", "Annealed", "Lab", "NoisyCourse", "seen_of", "usual_pace"]

Vector = NDArray[np.float64]
Whole = NDArray[np.int64]

FEWEST_METRIC_SHOTS = 50
_PACE_OF_ROTATIONS, _PACE_OF_EXCITATIONS = 0.5, 4.0
_SURE = 3.0
"""Standard errors by which the last iterate must be lower to be the answer; at one, noise alone
often chose it, and that answer is far noisier than the mean."""
_RESOLVED = 1e-3
"""Share of the metric's largest eigenvalue below which shots do not tell a direction from none."""


@dataclass(frozen=True, slots=True, eq=False)
class NoisyCourse:
    """What stays the same over a run with shots.

    `shots` of the whole search, `final_shots` of the energy that is reported; `first_shots` of a
    row at the start: 20 from random parameters, 200 from good ones. `growth` is the share of what
    was spent that an iteration may cost; `pace` the step in units of 1/curvature bound (None: by
    the gates, see `usual_pace`); `angle`
    (radians) the longest step; `damping` the share of the largest metric that is added to it;
    `late` the least share of the shots over whose iterates the answer is averaged; `check` the
    share that compares the mean with the last iterate. `evaluations` of energy with gradient end
    the search before its shots do; None for no such bound.
    """

    unrolled: Unrolled
    observable: Grouped
    instrument: Instrument
    shots: int
    final_shots: int = 0
    first_shots: int = 20
    growth: float = 0.01
    pace: float | None = None
    angle: float = 0.3
    damping: float = 0.12
    late: float = 0.3
    check: float = 0.02
    evaluations: int | None = None


class Annealed(NamedTuple):
    """Where a run with shots stands.

    `parameters` [p]; `direction` [p] is -M⁻¹g there and `length` its Fubini-Study length (radians);
    `metric` [p, p] of the angles' parameters, averaged; `shots` [r] and `spreads` [r] of the rows;
    `groups` what is known of the observable's groups; `spent` shots; `sums` [10, p] of the iterates
    in each tenth of the shots, and `visits` [10] how many; `answer` [p] with `energy` and `error`
    once they were measured; `looks` how many gradients were measured.
    """

    parameters: Vector
    direction: Vector
    length: float
    metric: Vector
    shots: Whole
    spreads: Vector
    groups: Groups | None
    spent: int
    sums: Vector
    visits: Vector
    answer: Vector
    energy: float
    error: float
    looks: int = 0


def usual_pace(unrolled: Unrolled) -> float:
    """The step that measured best, in units of one over the bound on the curvature.

    Half of it for rotations. Excitations of coupled cluster start near their minimum, and the many
    groups of a molecule make its bound several times the curvature that they can reach.
    """
    excited = any(gate.basis(unrolled.qubits) is None for gate in unrolled.rotations)
    return _PACE_OF_EXCITATIONS if excited else _PACE_OF_ROTATIONS


def seen_of(metric: Vector, gradient: Vector) -> dict[str, Any]:
    """The record's columns of a metric [p, p] and a gradient [p]."""
    spectrum = np.linalg.eigvalsh(metric)
    return {
        "largest_gradient": float(np.max(np.abs(gradient))),
        "metric_rank": int(np.count_nonzero(spectrum > _RESOLVED * max(spectrum[-1], 1e-300))),
        "metric_spectrum": spectrum,
    }


@dataclass(frozen=True, slots=True, eq=False)
class Lab:
    """The measurements of a run, as attempts.

    `bounds` [r] of the metric's diagonal, `curvature` the bound on the energy's, `pace` the step
    in units of one over that.
    """

    course: NoisyCourse
    rows: Rows
    bounds: Vector
    curvature: float
    pace: float

    @property
    def search(self) -> float:
        """Shots of the search, without those of the check."""
        return self.course.shots * (1.0 - self.course.check)

    def over(self, state: Annealed, step: Step) -> bool:
        """Whether another iteration would go over the shots of the search, or its evaluations."""
        over = state.spent + self.price(step.effort) > self.search
        return over or not self.may_look(state, 1)

    def may_look(self, state: Annealed, times: int) -> bool:
        """Whether so many more gradients are within the evaluations of the search."""
        most = self.course.evaluations
        return most is None or state.looks + times <= most

    def price(self, effort: float) -> float:
        """Shots of an iteration's rows."""
        return effort * self.course.first_shots * len(self.rows)

    def limits(self, state: Annealed) -> dict[str, float]:
        """The angle that the bound on the curvature allows, and the longest one."""
        return {
            "curvature": self.pace / self.curvature * state.length,
            "angle": self.course.angle,
        }

    def attempt(self, state: Annealed, step: Step) -> Trial:
        """Go an angle along the direction measured last, and measure there."""
        unit = state.direction / max(state.length, 1e-300)
        parameters = state.parameters + step.size * unit
        shots = self.split(state, step)
        after, cost, notes = self.look(state, parameters, shots, step)
        after = self.visited(after)
        return Trial(after, {"angle": Signal(step.size)}, cost, notes=notes)

    def visited(self, state: Annealed) -> Annealed:
        """The state with its parameters among the iterates of the shots' tenth it is in."""
        stretch = min(int(state.spent / self.search * STRETCHES), STRETCHES - 1)
        sums, visits = state.sums.copy(), state.visits.copy()
        sums[stretch] += state.parameters
        visits[stretch] += 1.0
        return state._replace(sums=sums, visits=visits)

    def split(self, state: Annealed, step: Step) -> Whole:
        """Shots of the rows, by how far the noise of each moves the step."""
        slopes = self.rows.unrolled.jacobian(state.parameters)
        moved = np.sum(slopes * np.linalg.solve(self.damped(state, step, slopes), slopes.T).T, 1)
        weights = np.abs(self.rows.weight) * state.spreads * np.sqrt(moved[self.rows.angle])
        least = np.maximum(self.course.first_shots, state.shots // 2)
        return shots_by_weight(weights, self.price(step.effort), least, 2 * state.shots)

    def damped(self, state: Annealed, step: Step, slopes: Vector) -> Vector:
        """The metric with its damping, a share of the largest that each gate's part can be."""
        ridge = np.sum(slopes * (self.bounds[:, None] * slopes), axis=0)
        # A parameter that moves nothing at all would leave the matrix singular.
        floor = 1e-9 * max(float(np.max(ridge)), 1.0)
        return state.metric + np.diag(step.damping * ridge + floor)

    def look(
        self, state: Annealed, parameters: Vector, shots: Whole, step: Step
    ) -> tuple[Annealed, dict[str, int], dict[str, Any]]:
        """Measure energy, gradient and metric at some parameters."""
        request = self.asked(parameters, shots)
        request = request._replace(
            rows=np.vstack([self.rows.unrolled.angles(parameters), request.rows]),
            shots=np.concatenate([[max(1, round(float(np.mean(shots)) / 2.0))], shots]),
        )
        measured, groups = self.course.instrument.measure(request, step.number, state.groups)
        energies = energies_of(measured)
        after, gradient = self.learned(state, parameters, shots, measured)
        after = after._replace(groups=groups, spent=state.spent + measured.shots)
        after, notes = self.aimed(after, gradient, step)
        notes |= {
            "energy": float(energies.values[0]),
            "standard_error": float(energies.standard_errors[0]),
            "shots": after.spent,
            "metric_angle": float(step.size),
        }
        return after, {"evaluations": 1, "shots": measured.shots, "jobs": 1}, notes

    def asked(self, parameters: Vector, shots: Whole) -> Request:
        """The rows and the metric's circuits at some parameters."""
        return Request(
            rows=self.rows.at(parameters),
            shots=shots,
            values=self.rows.unrolled.angles(parameters),
            metric_shots=max(FEWEST_METRIC_SHOTS, round(float(np.mean(shots)))),
        )

    def learned(
        self, state: Annealed, parameters: Vector, shots: Whole, measured: Measured
    ) -> tuple[Annealed, NoisyGradient]:
        """The state with the metric that a job showed there, and the gradient of its last rows."""
        unrolled = self.rows.unrolled
        here, slopes = unrolled.angles(parameters), unrolled.jacobian(parameters)
        energies = energies_of(measured)
        first = len(energies.values) - len(self.rows)
        values, errors = energies.values[first:], energies.standard_errors[first:]
        blocks = [*known_blocks(unrolled, here), *measured.blocks]
        metric = slopes.T @ assembled(unrolled, blocks) @ slopes
        spreads = errors * np.sqrt(shots)
        if state.metric.size:
            metric = 0.5 * state.metric + 0.5 * metric
            spreads = np.sqrt(0.5 * state.spreads**2 + 0.5 * spreads**2)
        after = state._replace(
            parameters=parameters,
            metric=metric,
            shots=shots,
            spreads=spreads,
            looks=state.looks + 1,
        )
        return after, self.rows.gradient(parameters, Estimates(values, errors, energies.shots))

    def aimed(
        self, state: Annealed, gradient: NoisyGradient, step: Step
    ) -> tuple[Annealed, dict[str, Any]]:
        """The direction of the next step, and what of its gain is only noise.

        `gain` is the energy gained to first order a unit of rate, g·M⁻¹g; noise alone makes it
        `gain_bias`, tr(M⁻¹Σ).
        """
        slopes = self.rows.unrolled.jacobian(state.parameters)
        inverse = np.linalg.inv(self.damped(state, step, slopes))
        direction = -inverse @ gradient.values
        length = float(np.sqrt(max(float(direction @ state.metric @ direction), 0.0)))
        notes = {
            "gain": -float(gradient.values @ direction),
            "gain_bias": float(np.sum(inverse * gradient.covariance)),
            **seen_of(state.metric, gradient.values),
        }
        return state._replace(direction=direction, length=length), notes

    def choose(self, state: Annealed, step: Step) -> Trial:
        """The mean of late iterates, unless it is measured to be worse than the last iterate."""
        mean = late_mean(state.sums, state.visits, state.metric, self.course.late)
        if mean is None:
            mean = state.parameters
        each = max(1, int(self.course.shots * self.course.check / 2.0))
        measured, after = self.compared(state, np.stack([mean, state.parameters]), each, step)
        (first, last), (e1, e2) = measured.values, measured.standard_errors
        worse = first - last > _SURE * np.hypot(e1, e2)
        after = after._replace(answer=state.parameters if worse else mean)
        notes = {
            "energy": float(last if worse else first),
            "standard_error": float(e2 if worse else e1),
            "answer": "last iterate" if worse else "mean of late iterates",
            "shots": after.spent,
        }
        return Trial(after, {}, {"shots": measured.shots, "jobs": 1}, notes=notes)

    def settle(self, state: Annealed, step: Step) -> Trial:
        """The energy of the answer, from fresh shots."""
        each = self.course.final_shots or max(1, self.course.shots // 20)
        measured, after = self.compared(state, state.answer[None], each, step)
        energy, error = float(measured.values[0]), float(measured.standard_errors[0])
        notes = {"energy": energy, "standard_error": error, "shots": after.spent}
        after = after._replace(energy=energy, error=error)
        return Trial(after, {}, {"shots": measured.shots, "jobs": 1}, notes=notes)

    def compared(
        self, state: Annealed, points: Vector, shots: int, step: Step
    ) -> tuple[Any, Annealed]:
        rows = np.stack([self.rows.unrolled.angles(point) for point in points])
        request = Request(rows=rows, shots=np.full(len(rows), shots))
        measured, _ = self.course.instrument.measure(request, step.number, state.groups)
        return energies_of(measured), state._replace(spent=state.spent + measured.shots)
