"""A machine that measures with real shots: exact probabilities, multinomial counts, seeded.

Every number that it answers follows from (seed, attempt, what was asked), so a run that is killed
and resumed sees the same shots again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.quantum.noise.groups import Group, Grouped, Groups, Tallies, allot, combine, grouped
from suite.quantum.noise.metric_blocks import Layer, covariance, layers_of
from suite.quantum.noise.program import DeviceNoise, Program, compiled, final_states, states_along
from suite.quantum.noise.unrolled import Unrolled, unroll
from suite.quantum.request import Estimates, Measured, Request

__all__ = ["Simulator", "simulator"]

Vector = NDArray[np.float64]
Whole = NDArray[np.int64]

# The streams of one job: energies, metric, fidelities, incumbent.
_STREAMS = _ENERGIES, _METRIC, _FIDELITIES, _INCUMBENT = range(4)
_ROWS = 512  # at a time, for memory
_SMALL = 64  # outcomes up to which a change of basis is one matrix


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """A group's distinct values [m], outcomes sorted by them, and where each value starts.

    `turn` is the whole change of basis where it is small.
    """

    basis: Whole
    values: Vector
    order: Whole
    starts: Whole
    turn: Any = None


@dataclass(frozen=True, eq=False)
class Simulator:
    """Measures energies, metric blocks and fidelities of an unrolled circuit with shots.

    `noise` makes it a noisy device (density matrices: twice the qubits), None an ideal one.
    """

    unrolled: Unrolled
    observable: Grouped
    seed: int
    noise: DeviceNoise | None
    program: Program
    readings: tuple[_Reading, ...]
    layers: tuple[Layer, ...]

    def measure(
        self, request: Request, number: int, groups: Groups | None = None
    ) -> tuple[Measured, Groups]:
        """All that a request asks for, as attempt `number` of the run sees it.

        `groups` says how shots are split; without it the groups' coefficients do.
        """
        known = groups or self.observable.prior()
        energies = incumbent = fidelities = None
        blocks: list[tuple[Any, Vector]] = []
        spent = 0
        if request.rows is not None:
            rng = self._noise(request, number, _ENERGIES)
            energies, known = self._energies(request.rows, np.asarray(request.shots), known, rng)
        if request.values is not None:
            rng = self._noise(request, number, _METRIC)
            blocks = self._blocks(np.asarray(request.values), request.metric_shots, rng)
            spent = request.metric_shots * len(self.layers)
        if request.pairs is not None:
            rng = self._noise(request, number, _FIDELITIES)
            fidelities = self._fidelities(np.asarray(request.pairs), request.pair_shots, rng)
        if request.incumbent is not None:
            rng = self._noise(request, number, _INCUMBENT)
            shots = np.array([request.incumbent_shots])
            row = np.asarray(request.incumbent)[None]
            incumbent, _ = self._energies(row, shots, known, rng)
        return Measured(energies, tuple(blocks), spent, fidelities, incumbent), known

    def _noise(self, request: Request, number: int, stream: int) -> np.random.Generator:
        """The random numbers of one stream of one job of an attempt."""
        return np.random.default_rng((self.seed, number, stream + len(_STREAMS) * request.part))

    def exact_energies(self, rows: Vector) -> Vector:
        """The energies [r] that infinitely many shots would show, without readout errors."""
        found = np.full(len(rows), self.observable.constant)
        states = final_states(self.program, rows)
        for reading in self.readings:
            found += self._probabilities(states, reading, readout=False) @ reading.values
        return found

    def _energies(
        self, rows: Vector, shots: Whole, known: Groups, rng: np.random.Generator
    ) -> tuple[Estimates, Groups]:
        count, total = len(rows), int(np.sum(shots))
        if not self.readings:
            constant = np.full(count, self.observable.constant)
            return Estimates(constant, np.zeros(count), total), known
        split, expected = allot(known.spreads, shots, rng.random(count))
        sums = np.zeros((2, len(self.readings), count))
        for start in range(0, count, _ROWS):
            part = slice(start, start + _ROWS)
            states = final_states(self.program, rows[part])
            for g, reading in enumerate(self.readings):
                chances = self._probabilities(states, reading)
                counts = rng.multinomial(split[part, g], chances)
                sums[0, g, part] = counts @ reading.values
                sums[1, g, part] = counts @ reading.values**2
        tallies = [
            Tallies(split[:, g], expected[:, g], sums[0, g], sums[1, g])
            for g in range(len(self.readings))
        ]
        values, errors, groups = combine(tallies, known)
        return Estimates(values + self.observable.constant, errors, total), groups

    def _probabilities(self, states: Any, reading: _Reading, *, readout: bool = True) -> Vector:
        """The probabilities [rows, m] of a group's values."""
        if reading.turn is not None and not self.program.doubled:
            turned = states @ reading.turn
            weights = turned.real**2 + turned.imag**2
        else:
            weights = outcome_probabilities(states, reading.basis, self.program)
        if self.noise is not None and readout:
            weights = flipped(weights, self.noise.readout)
        found = np.add.reduceat(weights[:, reading.order], reading.starts, axis=1)
        found = np.maximum(found, 0.0)
        return found / found.sum(axis=1, keepdims=True)

    def _blocks(
        self, angles: Vector, shots: int, rng: np.random.Generator
    ) -> list[tuple[Any, Vector]]:
        found = []
        places = tuple(layer.start for layer in self.layers)
        states = states_along(self.program, angles, places)
        for layer, state in zip(self.layers, states, strict=True):
            weights = outcome_probabilities(state[None], layer.basis, self.program)
            if self.noise is not None:
                weights = flipped(weights, self.noise.readout)
            weights = np.maximum(weights[0], 0.0)
            counts = rng.multinomial(shots, weights / weights.sum())
            found.append((np.array(layer.indices), covariance(layer, counts)))
        return found

    def _fidelities(self, pairs: Vector, shots: int, rng: np.random.Generator) -> Estimates:
        left, right = (
            final_states(self.program, pairs[:, 0]),
            final_states(self.program, pairs[:, 1]),
        )
        overlap = np.sum(left.conj() * right, axis=1)
        chance = overlap.real if self.program.doubled else np.abs(overlap) ** 2
        chance = np.clip(chance, 0.0, 1.0)
        hits = rng.binomial(shots, chance)
        # Laplace's rule, so that no fidelity seems certain.
        share = (hits + 1.0) / (shots + 2.0)
        errors = np.sqrt(share * (1.0 - share) / shots)
        return Estimates(hits / shots, errors, shots * len(pairs))


def simulator(
    circuit: Any, observable: Any, *, seed: int = 0, noise: DeviceNoise | None = None
) -> Simulator:
    """A simulator of a circuit (`QuantumCircuit` or `Unrolled`) and a `SparsePauliOp`."""
    unrolled = circuit if isinstance(circuit, Unrolled) else unroll(circuit)
    sums = observable if isinstance(observable, Grouped) else grouped(observable)
    return Simulator(
        unrolled,
        sums,
        seed,
        noise,
        compiled(unrolled, noise),
        tuple(_reading(group) for group in sums.groups),
        layers_of(unrolled),
    )


def _reading(group: Group) -> _Reading:
    values, codes = np.unique(np.round(group.values(), 10), return_inverse=True)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(values)))
    turn = None
    if np.any(group.basis) and len(order) <= _SMALL:
        turn = np.eye(1)
        for letter in group.basis.tolist():
            turn = np.kron(_TURNS.get(letter, np.eye(2)), turn)
        turn = np.ascontiguousarray(turn.T)
    return _Reading(group.basis, values, order, starts, turn)


_HALF = np.sqrt(0.5)
_TURNS = {
    1: np.array([[_HALF, _HALF], [_HALF, -_HALF]], complex),
    2: np.array([[_HALF, -1j * _HALF], [_HALF, 1j * _HALF]]),
}


def outcome_probabilities(states: Any, basis: Whole, program: Program) -> Vector:
    """The probabilities [rows, 2^n] of the outcomes in a local basis; rounding may be negative."""
    turned = states
    for qubit, letter in enumerate(basis.tolist()):
        if letter:
            turned = _turn(turned, _TURNS[letter], qubit)
            if program.doubled:
                turned = _turn(turned, _TURNS[letter].conj(), qubit + program.qubits)
    if program.doubled:
        diagonal = np.arange(2**program.qubits) * (2**program.qubits + 1)
        return np.asarray(turned[:, diagonal].real)
    return np.asarray(turned.real**2 + turned.imag**2)


def _turn(states: Any, matrix: Any, bit: int) -> Any:
    tensor = states.reshape(len(states), -1, 2, 2**bit)
    low, high = tensor[:, :, 0], tensor[:, :, 1]
    new = np.empty_like(tensor)
    new[:, :, 0] = matrix[0, 0] * low + matrix[0, 1] * high
    new[:, :, 1] = matrix[1, 0] * low + matrix[1, 1] * high
    return new.reshape(states.shape)


def flipped(weights: Vector, chance: float) -> Vector:
    """Probabilities [rows, 2^n] after every bit is flipped with a chance."""
    rows, size = weights.shape
    for bit in range(size.bit_length() - 1):
        tensor = weights.reshape(rows, -1, 2, 2**bit)
        weights = ((1.0 - chance) * tensor + chance * tensor[:, :, ::-1]).reshape(rows, size)
    return weights
