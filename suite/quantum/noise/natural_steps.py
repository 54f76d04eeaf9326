"""The attempt of the natural gradient on shots: what is measured of a step, and in which jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.core import Signal, Step, Trial
from suite.quantum.noise.gradients import NoisyGradient
from suite.quantum.noise.laboratory import FEWEST_METRIC_SHOTS, Annealed, Lab, seen_of
from suite.quantum.noise.natural_state import Aim, Natural, aimed
from suite.quantum.request import TOGETHER, Comparison, Measured, Request, compared, energies_of

__all__ = ["Descent", "Ordering"]

Vector = NDArray[np.float64]
Cost = dict[str, int]

# An estimate of the share that is kept, worth so many attempts, until a run has its own.
_KEPT, _KEPT_WEIGHT = 0.7, 4.0
_SHARE = 0.3
"""What comparing candidate and incumbent may cost at most, over the gradient's rows."""
_ANGLE_ERROR = 0.1
"""Relative error of the turned angle that is asked for; at twice this it is not measured."""
_NO_OPINION = 0.2
"""A departure that changes no damping: between what the law calls well and badly predicted."""
_DRIFTED = 3.0
"""Standard errors by which an energy must have moved to be called drift."""

Ordering = Callable[[Request, Request, float, float], tuple[str, str]]
"""From the two jobs of an attempt (energies; rows and metric), the share of attempts that were
kept and the seconds that a job waited: the order's name, and the sentence that says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """The attempts of a run in its laboratory; `layers` of the metric are measured."""

    lab: Lab
    ordering: Ordering
    layers: int
    overlaps: bool

    def begin(self, start: Annealed) -> tuple[Natural, Cost, dict[str, Any]]:
        """Energy, gradient and metric of the first point, in one job."""
        lab, each = self.lab, self.most_shots(1.0)
        asked = lab.asked(start.parameters, start.shots)
        here = lab.rows.unrolled.angles(start.parameters)
        request = asked._replace(
            rows=np.vstack([here, asked.rows]), shots=np.concatenate([[each], asked.shots])
        )
        measured, groups = lab.course.instrument.measure(request, 0, start.groups)
        at, gradient = lab.learned(start, start.parameters, start.shots, measured)
        energies = energies_of(measured)
        energy, error = float(energies.values[0]), float(energies.standard_errors[0])
        state = Natural(
            at._replace(groups=groups), *gradient, energy, error, error * float(np.sqrt(each))
        )
        state = self.counted(state, asked, each, (request, measured))
        notes = {"energy": energy, "standard_error": error, "shots": state.at.spent}
        return state, _cost(measured, evaluations=1), notes

    def attempt(self, state: Natural, step: Step) -> Trial:
        """Turn the state by an angle along the natural gradient, and measure what that gained."""
        state, cost = self.differentiated(state, step)
        at, aim = state.at, aimed(self.lab, state, step, self.most_shots(step.effort))
        parameters = at.parameters + aim.size * aim.unit
        rest = self.lab.asked(parameters, self.lab.split(at, step))
        request = self.comparison(at.parameters, parameters, aim, step)
        if state.order == TOGETHER:
            request = _joined(request, rest)
        request = request._replace(part=cost.get("jobs", 0))
        measured, groups = self.lab.course.instrument.measure(request, step.number, at.groups)
        told = compared(measured)
        tried = state._replace(
            at=at._replace(groups=groups),
            energy=told.incumbent,
            error=told.incumbent_error,
            spread=told.error * float(np.sqrt(aim.shots / 2.0)),
            tried=state.tried + 1,
        )
        together = int(state.order == TOGETHER)
        looked = tried._replace(at=tried.at._replace(looks=at.looks + together))
        refused = self.counted(looked, rest, aim.shots, (request, measured))
        kept = self.arrived(tried, parameters, rest, measured)
        kept = self.counted(kept, rest, aim.shots, (request, measured))
        kept = kept._replace(at=self.lab.visited(kept.at))
        evidence, turned = self.shown(aim, told, measured)
        notes = _notes(state, aim, told, kept) | ({} if turned is None else {"angle": turned})
        size = aim.size if aim.size < step.size else None
        more = _cost(measured, evaluations=together)
        cost = {name: cost.get(name, 0) + amount for name, amount in more.items()}
        return Trial(kept, evidence, cost, learned=refused, size=size, notes=notes, bound=aim.cut)

    def arrived(
        self, state: Natural, parameters: Vector, rest: Request, measured: Measured
    ) -> Natural:
        """The state at the candidate, with the gradient there where that was measured too."""
        at = state.at._replace(parameters=parameters)
        gradient = NoisyGradient(np.zeros(0), np.zeros((0, 0)))
        if state.order == TOGETHER:
            at, gradient = self.lab.learned(at, parameters, rest.shots, measured)
        energies = energies_of(measured)
        return state._replace(
            at=at,
            gradient=gradient.values,
            covariance=gradient.covariance,
            energy=float(energies.values[0]),
            error=float(energies.standard_errors[0]),
            kept=state.kept + 1,
        )

    def differentiated(self, state: Natural, step: Step) -> tuple[Natural, Cost]:
        """The state with its gradient and metric, measured now if it was kept without."""
        if len(state.gradient):
            return state, {}
        at = state.at
        shots = self.lab.split(at, step)
        asked = self.lab.asked(at.parameters, shots)
        measured, groups = self.lab.course.instrument.measure(asked, step.number, at.groups)
        there, gradient = self.lab.learned(at, at.parameters, shots, measured)
        spent = at.spent + measured.shots
        known = state._replace(at=there._replace(groups=groups, spent=spent))
        known = known._replace(
            gradient=gradient.values,
            covariance=gradient.covariance,
            excess=self.excess(asked, measured),
        )
        return known, _cost(measured, evaluations=1)

    def comparison(self, here: Vector, there: Vector, aim: Aim, step: Step) -> Request:
        """Candidate and incumbent in one job, and their overlap where its shots can tell."""
        first, second = (self.lab.rows.unrolled.angles(point) for point in (here, there))
        request = Request(
            rows=second[None],
            shots=np.array([aim.shots]),
            incumbent=first,
            incumbent_shots=aim.shots,
        )
        # The error of a small angle is 1 / (2√N), whatever the angle.
        wanted = (0.5 / (_ANGLE_ERROR * max(aim.size, 1e-150))) ** 2
        most = 2 * self.most_shots(step.effort)
        if not self.overlaps or wanted > 4.0 * most:
            return request
        pairs = np.stack([first, second])[None]
        return request._replace(pairs=pairs, pair_shots=max(1, round(min(wanted, most))))

    def shown(
        self, aim: Aim, told: Comparison, measured: Measured
    ) -> tuple[dict[str, Signal], float | None]:
        """The evidence of a step, and the angle that it really turned where that was measured."""
        # Of a step that goes nowhere there is nothing to tell.
        gain, stretch = Signal(0.0, np.inf), Signal(0.0)
        if aim.predicted > 0.0:
            gain = Signal(told.gained / aim.predicted, told.error / aim.predicted)
            stretch = Signal(aim.size / (2.0 * aim.lowest))
        evidence = {"gain": gain, "stretch": stretch}
        turned = None
        if self.overlaps:
            departure = _NO_OPINION
            if measured.fidelities is not None and aim.size > 0.0:
                fidelity = float(np.clip(measured.fidelities.values[0], 0.0, 1.0))
                turned = float(np.arccos(np.sqrt(fidelity)))
                departure = abs(turned / aim.size - 1.0)
            evidence["angle"] = Signal(departure)
        return evidence, turned

    def counted(
        self, state: Natural, rest: Request, each: int, job: tuple[Request, Measured]
    ) -> Natural:
        """The state after a job: its shots, its queue, and the order of the next attempt's jobs.

        That is decided by the price of the same two jobs, `each` shots for an energy and `rest`.
        """
        request, measured = job
        wait, excess = state.wait, self.excess(request, measured)
        if state.order != TOGETHER:
            excess = max(excess, state.excess)  # of this point's gradient
        if measured.queue_seconds:
            wait = 0.5 * (wait + measured.queue_seconds) if wait else measured.queue_seconds
        one = self.lab.rows.unrolled.angles(state.at.parameters)
        energies = Request(
            rows=one[None], shots=np.array([each]), incumbent=one, incumbent_shots=each
        )
        share = (state.kept + _KEPT * _KEPT_WEIGHT) / (state.tried + _KEPT_WEIGHT)
        order, why = self.ordering(energies, rest, share, wait)
        at = state.at._replace(spent=state.at.spent + measured.shots)
        return state._replace(at=at, wait=wait, excess=excess, order=order, why=why)

    def excess(self, request: Request, measured: Measured) -> float:
        """Shots that a job took over those that it was asked for: a machine rounds up."""
        pairs = 0 if request.pairs is None else len(request.pairs) * request.pair_shots
        metric = 0 if request.values is None else self.layers * request.metric_shots
        asked = int(np.sum(request.shots)) + metric + pairs + request.incumbent_shots
        return max(measured.shots / asked, 1.0)

    def most_shots(self, effort: float) -> int:
        """Shots of each of the two energies at most."""
        return max(1, round(0.5 * _SHARE * self.lab.price(effort)))

    def over(self, state: Natural, step: Step) -> bool:
        """Whether the next attempt could go over the shots or evaluations of the search."""
        rows = self.lab.price(step.effort)
        each = max(FEWEST_METRIC_SHOTS, rows / len(self.lab.rows))
        rest = rows + self.layers * each
        compared_by = (4 if self.overlaps else 2) * self.most_shots(step.effort)
        jobs = int(not len(state.gradient)) + int(state.order == TOGETHER)
        due = state.excess * (jobs * rest + compared_by)
        spent = state.at.spent + due > self.lab.search
        return spent or not self.lab.may_look(state.at, jobs)


def _joined(request: Request, rest: Request) -> Request:
    return request._replace(
        rows=np.vstack([request.rows, rest.rows]),
        shots=np.concatenate([request.shots, rest.shots]),
        values=rest.values,
        metric_shots=rest.metric_shots,
    )


def _notes(state: Natural, aim: Aim, told: Comparison, kept: Natural) -> dict[str, Any]:
    """What the record says of an attempt from a state."""
    return {
        "energy": kept.energy,
        "standard_error": kept.error,
        "incumbent_energy": told.incumbent,
        "drift": _drift(state, told.incumbent, told.incumbent_error),
        "gained": told.gained,
        "gained_error": told.error,
        "predicted_gain": aim.predicted,
        "metric_angle": aim.size,
        "gain": aim.gain,
        "gain_bias": aim.bias,
        "order": state.order,
        "order_why": state.why,
        "shots": kept.at.spent,
        **seen_of(state.at.metric, state.gradient),
    }


def _drift(state: Natural, energy: float, error: float) -> float:
    """By how much the incumbent's energy moved since it was measured last; 0 within the noise."""
    moved = energy - state.energy
    return moved if abs(moved) > _DRIFTED * float(np.hypot(error, state.error)) else 0.0


def _cost(measured: Measured, evaluations: int) -> Cost:
    return {"evaluations": evaluations, "shots": measured.shots, "jobs": 1}
