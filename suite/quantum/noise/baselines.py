"""Methods whose step and shots do not adapt, on the same shots: what the annealed rule is held to.

Natural gradient with a fixed rate (Stokes et al., Quantum 4, 269 (2020)), Adam (Kingma and Ba,
arXiv:1412.6980) and SPSA (Spall, IEEE Trans. Autom. Control 37, 332 (1992)), all with the same
number of shots a row; their answer is the last iterate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from suite.core import Attempt, Dense, Fixed, Point, Signal, Status, Step, Trial, begin, march
from suite.quantum.noise.gradients import Rows, rows_of
from suite.quantum.noise.metric_blocks import assembled, known_blocks
from suite.quantum.noise.spsa_metric import metric_of_draws, spsa_pairs
from suite.quantum.noise.unrolled import Unrolled
from suite.quantum.request import Estimates, Measured, Request, energies_of
from suite.quantum.steps.course import Method

__all__ = ["Setting", "Walked", "adam", "fixed_natural_gradient", "qnspsa", "spsa"]

Vector = NDArray[np.float64]

_DAMPING = 0.12  # a share of the mean eigenvalue: 0.02 to 0.03 where the diagonal is below 1/4
_MEAN_DECAY, _SQUARE_DECAY, _ADAM_FLOOR = 0.9, 0.999, 1e-8
_SPSA_SHIFT, _SPSA_RATE_DECAY, _SPSA_SHIFT_DECAY, _SPSA_STABILITY = 0.2, 0.602, 0.101, 0.1
_QNSPSA_SHIFT, _QNSPSA_FLOOR = 0.3, 0.1
_SIGNS = 9  # a stream of random numbers of its own


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """A baseline's circuit, what measures it, the shots of the run and of a row, and its rate.

    `evaluations` end the run before its shots do; None for no such bound. `energy_shots` of an
    energy that is measured beside each gradient and steers nothing: 0 where nobody looks at it.
    """

    unrolled: Unrolled
    instrument: Any
    shots: int
    row_shots: int
    rate: float
    evaluations: int | None = None
    energy_shots: int = 0


class Walked(NamedTuple):
    """Parameters [p], the step taken from them [p], moments [p] (or a metric), and shots.

    `looks` how often it was looked where to go.
    """

    parameters: Vector
    change: Vector
    first: Vector
    second: Vector
    spent: int
    price: int = 0
    looks: int = 0


class Seen(NamedTuple):
    """The state after a look, what it cost, and what it showed beside."""

    state: Walked
    shots: int
    notes: dict[str, Any]


Look: TypeAlias = Callable[[Walked, Vector, Step], Seen]


def fixed_natural_gradient(setting: Setting) -> Method:
    """θ - rate · G⁻¹g with the block-diagonal metric, measured anew in every step."""
    rows = rows_of(setting.unrolled)

    def look(state: Walked, parameters: Vector, step: Step) -> Seen:
        here = setting.unrolled.angles(parameters)
        request = _with_energy(setting, rows, parameters)._replace(
            values=here, metric_shots=max(50, setting.row_shots)
        )
        measured = _measure(setting, step, request)
        slopes = setting.unrolled.jacobian(parameters)
        blocks = [*known_blocks(setting.unrolled, here), *measured.blocks]
        metric = slopes.T @ assembled(setting.unrolled, blocks) @ slopes
        energies, notes = _told(setting, measured)
        # How far the step that led here turned the state, by the metric where it ends.
        notes["metric_angle"] = float(
            np.sqrt(max(float(state.change @ metric @ state.change), 0.0))
        )
        gradient = rows.gradient(parameters, energies).values
        change = setting.rate * Dense(metric, _DAMPING).direction(gradient)
        after = state._replace(parameters=parameters, change=change)
        return Seen(after, measured.shots, notes)

    return _walking(setting, look)


def adam(setting: Setting) -> Method:
    """Adam with the gradient of the shift rules."""
    rows = rows_of(setting.unrolled)

    def look(state: Walked, parameters: Vector, step: Step) -> Seen:
        measured = _measure(setting, step, _with_energy(setting, rows, parameters))
        energies, notes = _told(setting, measured)
        gradient = rows.gradient(parameters, energies).values
        first = _MEAN_DECAY * state.first + (1.0 - _MEAN_DECAY) * gradient
        second = _SQUARE_DECAY * state.second + (1.0 - _SQUARE_DECAY) * gradient**2
        count = step.number + 1
        mean = first / (1.0 - _MEAN_DECAY**count)
        square = second / (1.0 - _SQUARE_DECAY**count)
        change = -setting.rate * mean / (np.sqrt(square) + _ADAM_FLOOR)
        after = state._replace(parameters=parameters, change=change, first=first, second=second)
        return Seen(after, measured.shots, notes)

    return _walking(setting, look)


def spsa(setting: Setting) -> Method:
    """Simultaneous perturbation: two energies a step, gains that fall as Spall advises."""
    count = len(setting.unrolled.parameters)
    # Twice the rows of a step, all of row_shots: how many steps there will be.
    steps = max(1, setting.shots // (2 * setting.row_shots))
    if setting.evaluations is not None:
        steps = min(steps, setting.evaluations)

    def look(state: Walked, parameters: Vector, step: Step) -> Seen:
        signs = _signs(setting, step, count)
        shift = _SPSA_SHIFT / (step.number + 1) ** _SPSA_SHIFT_DECAY
        measured = _two_sided(setting, step, parameters, shift * signs)
        plus, minus = energies_of(measured).values
        fall = (step.number + 1 + _SPSA_STABILITY * steps) / (1 + _SPSA_STABILITY * steps)
        change = -setting.rate / fall**_SPSA_RATE_DECAY * (plus - minus) / (2.0 * shift) * signs
        after = state._replace(parameters=parameters, change=change)
        return Seen(after, measured.shots, _between(measured))

    return _walking(setting, look)


def qnspsa(setting: Setting) -> Method:
    """SPSA in a metric that is the running mean of draws of fidelities (Gacon et al., 2021)."""
    count = len(setting.unrolled.parameters)

    def look(state: Walked, parameters: Vector, step: Step) -> Seen:
        signs = _signs(setting, step, count)
        pairs, directions = spsa_pairs(
            setting.unrolled, parameters, 1, _QNSPSA_SHIFT, seed=(17, step.number)
        )
        rows = np.stack(
            [
                setting.unrolled.angles(parameters + side * _QNSPSA_SHIFT * signs)
                for side in (1.0, -1.0)
            ]
        )
        request = Request(
            rows=rows,
            shots=np.full(2, setting.row_shots),
            pairs=pairs,
            pair_shots=setting.row_shots,
        )
        measured = _measure(setting, step, request)
        fidelities = _fidelities(measured)
        draw = metric_of_draws(fidelities.values, directions, _QNSPSA_SHIFT)
        mean = (
            state.second.reshape(count, count) if state.second.size == count**2 else np.eye(count)
        )
        mean = (mean * (step.number + 1) + draw) / (step.number + 2)
        values, vectors = np.linalg.eigh(mean)
        inverse = (vectors / (np.abs(values) + _QNSPSA_FLOOR)) @ vectors.T
        plus, minus = energies_of(measured).values
        gradient = (plus - minus) / (2.0 * _QNSPSA_SHIFT) * signs
        change = -setting.rate * inverse @ gradient
        after = state._replace(parameters=parameters, change=change, second=mean.ravel())
        return Seen(after, measured.shots, _between(measured))

    return _walking(setting, look)


def _walking(setting: Setting, look: Look) -> Method:
    """A method of fixed steps: it goes by the step found last, and looks there for the next."""
    law = Fixed()

    def moved(
        state: Walked, parameters: Vector, step: Step
    ) -> tuple[Walked, dict[str, int], dict[str, Any]]:
        after, shots, notes = look(state, parameters, step)
        spent, looks = state.spent + shots, state.looks + 1
        cost = {"evaluations": 1, "shots": shots, "jobs": 1}
        after = after._replace(spent=spent, price=shots, looks=looks)
        return after, cost, {**notes, "shots": spent}

    def prepare(parameters: Vector) -> Attempt:
        nil = np.zeros(len(parameters))
        start = Walked(parameters, nil, nil, nil, 0)
        state, cost, notes = moved(start, parameters, Step(setting.rate))
        return begin(state, law, setting.rate, cost=cost, notes=notes)

    def attempt(state: Walked, step: Step) -> Trial:
        after, cost, notes = moved(state, state.parameters + state.change, step)
        evidence = {"change": Signal(float(np.max(np.abs(after.change))))}
        return Trial(after, evidence, cost, notes=notes)

    def until(state: Walked) -> int:
        # A price of the last step: no more may be bought than was allowed.
        over = state.spent + state.price > setting.shots
        looked = setting.evaluations is not None and state.looks >= setting.evaluations
        return Status.ENDPOINT if over or looked else Status.RUNNING

    def walk(origin: Attempt | Point) -> Iterator[Attempt]:
        return march(attempt, origin, law, until)

    def answer(state: Walked) -> tuple[float, Vector]:
        return np.nan, state.parameters + state.change

    return Method(law, prepare, walk, answer, (Walked,))


def _measure(setting: Setting, step: Step, request: Request) -> Measured:
    measured, _ = setting.instrument.measure(request, step.number)
    return measured


def _with_energy(setting: Setting, rows: Rows, parameters: Vector) -> Request:
    """The rows of a gradient, and after them the energy where it is asked for."""
    shots = np.full(len(rows), setting.row_shots)
    if not setting.energy_shots:
        return Request(rows=rows.at(parameters), shots=shots)
    here = setting.unrolled.angles(parameters)
    return Request(
        rows=np.vstack([rows.at(parameters), here]),
        shots=np.append(shots, setting.energy_shots),
    )


def _told(setting: Setting, measured: Measured) -> tuple[Estimates, dict[str, Any]]:
    """The energies of a gradient's rows, and the notes of the one beside them."""
    found = energies_of(measured)
    if not setting.energy_shots:
        return found, {}
    rest = found._replace(values=found.values[:-1], standard_errors=found.standard_errors[:-1])
    return rest, _noted(found.values[-1], found.standard_errors[-1])


def _between(measured: Measured) -> dict[str, Any]:
    """The mean of two sides: it is that of the point between to first order, and says so."""
    values, errors = energies_of(measured).values, energies_of(measured).standard_errors
    notes = _noted(float(np.mean(values)), float(np.hypot(*errors)) / 2.0)
    return {**notes, "energy_is": "mean of two sides"}


def _noted(energy: float, error: float) -> dict[str, Any]:
    return {"energy": float(energy), "standard_error": float(error)}


def _fidelities(measured: Measured) -> Estimates:
    if measured.fidelities is None:
        raise ValueError("The instrument answered no fidelities.")
    return measured.fidelities


def _signs(setting: Setting, step: Step, count: int) -> Any:
    seed = (getattr(setting.instrument, "seed", 0), step.number, _SIGNS)
    return np.random.default_rng(seed).integers(0, 2, count) * 2.0 - 1.0


def _two_sided(setting: Setting, step: Step, parameters: Vector, shift: Vector) -> Measured:
    rows = np.stack([setting.unrolled.angles(parameters + side * shift) for side in (1.0, -1.0)])
    return _measure(setting, step, Request(rows=rows, shots=np.full(2, setting.row_shots)))
