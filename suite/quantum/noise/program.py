"""A circuit as array operations on many rows of angles at once.

A program acts on amplitudes of `width` bits: the state itself, or, with noise, the density matrix
as a vector of twice as many bits. Rows share the part of the circuit before the first angle in
which they differ from the first row; shifted rows differ in one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from suite.quantum.noise.gates import Gate, Word
from suite.quantum.noise.unrolled import Unrolled

__all__ = ["DeviceNoise", "Program", "compiled", "final_states", "states_along"]

Vector = NDArray[np.float64]
Whole = NDArray[np.int64]
States = NDArray[np.complex128]

_MOST_BYTES = 256 * 2**20
"""Of all rows' amplitudes at a time."""


@dataclass(frozen=True, slots=True)
class DeviceNoise:
    """Depolarising gates and flipped readouts, a coarse model of a superconducting device.

    `two_qubit` is the depolarising probability after each two-qubit gate, `one_qubit` after each
    one-qubit gate, `readout` the probability that a measured bit is flipped. A rotation about a
    word of w letters counts as the 2(w - 1) two-qubit gates of its staircase.
    """

    one_qubit: float = 3e-4
    two_qubit: float = 8e-3
    readout: float = 0.015


class Turn(NamedTuple):
    """exp(-iφ Σ c P): masks and coefficients of commuting words, φ by its place or constant."""

    words: tuple[Word, ...]
    angle: int
    constant: float


class Shuffle(NamedTuple):
    """A fixed gate that only moves amplitudes: each comes from `source`, times `factors`."""

    source: Whole
    factors: States | None


class Mix(NamedTuple):
    """A fixed matrix on the amplitudes at each row of `places`."""

    places: Whole
    matrix: States


Operation: TypeAlias = Turn | Shuffle | Mix


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Operations in their order; `starts` is the first one of each gate of the circuit."""

    width: int
    qubits: int
    operations: tuple[Operation, ...]
    starts: tuple[int, ...]

    @property
    def doubled(self) -> bool:
        """Whether it acts on density matrices."""
        return self.width != self.qubits


def compiled(unrolled: Unrolled, noise: DeviceNoise | None = None) -> Program:
    """The program of a circuit; with noise, on density matrices."""
    qubits = unrolled.qubits
    width = 2 * qubits if noise is not None else qubits
    operations: list[Operation] = []
    starts = []
    for gate in unrolled.gates:
        starts.append(len(operations))
        _append(operations, _operation(gate, width, 0, conjugate=False))
        if noise is not None:
            _append(operations, _operation(gate, width, qubits, conjugate=True))
            for pair, times in _pairs(gate):
                one = noise.one_qubit if len(pair) == 1 else noise.two_qubit
                channel = _channel(len(pair), 1.0 - (1.0 - one) ** times)
                bits = (*pair, *(q + qubits for q in pair))
                operations.append(Mix(_places(bits, width), channel))
        if gate.angle < 0:
            # Fixed gates may have joined the one before; a layer starts at a rotation only.
            starts[-1] = min(starts[-1], len(operations) - 1)
    return Program(width, qubits, tuple(operations), tuple(starts))


def _append(operations: list[Operation], new: Operation) -> None:
    """Append an operation; a shuffle joins one before it."""
    last = operations[-1] if operations else None
    if not isinstance(new, Shuffle) or not isinstance(last, Shuffle):
        operations.append(new)
        return
    factors = new.factors
    if last.factors is not None:
        carried = last.factors[new.source]
        factors = carried if factors is None else carried * factors
    operations[-1] = Shuffle(last.source[new.source], factors)


def _operation(gate: Gate, width: int, shift: int, *, conjugate: bool) -> Operation:
    if gate.matrix is None:
        words = gate.words
        if conjugate:
            # The conjugate of exp(-iφcP) is exp(iφcP*), and P* is -P for an odd number of Y.
            words = tuple(
                (c * (2 * ((x & z).bit_count() & 1) - 1), x << shift, z << shift)
                for c, x, z in words
            )
        return Turn(words, gate.angle, gate.constant)
    matrix = np.asarray(gate.matrix.conj() if conjugate else gate.matrix)
    places = _places(tuple(q + shift for q in gate.qubits), width)
    if np.any(np.count_nonzero(matrix, axis=1) != 1):
        return Mix(places, matrix)
    column = np.argmax(matrix != 0.0, axis=1)
    element = matrix[np.arange(len(matrix)), column]
    source, factors = np.empty(2**width, np.int64), np.empty(2**width, complex)
    source[places] = places[:, column]
    factors[places] = element
    return Shuffle(source, None if np.all(element == 1.0) else factors)


def _places(bits: tuple[int, ...], width: int) -> Whole:
    """The indices [rest, 2^bits] that differ in some bits only, the first bit the lowest."""
    index = np.arange(2**width)
    free = index[(index & sum(1 << b for b in bits)) == 0]
    size = 2 ** len(bits)
    offsets = [sum((j >> k & 1) << b for k, b in enumerate(bits)) for j in range(size)]
    return np.asarray(free[:, None] + np.array(offsets))


def _pairs(gate: Gate) -> list[tuple[tuple[int, ...], int]]:
    """The qubits on which a gate errs, and how many physical gates err there."""
    if gate.matrix is not None:
        return [(gate.qubits, 1)]
    found: list[tuple[tuple[int, ...], int]] = []
    for _, x, z in gate.words:
        support = [q for q in range((x | z).bit_length()) if (x | z) >> q & 1]
        if len(support) == 1:
            found.append(((support[0],), 1))
        found += [(pair, 2) for pair in pairwise(support)]
    return found


def _channel(count: int, strength: float) -> Any:
    """ρ → (1 - s)ρ + s tr(ρ)/2^k on k qubits, as a matrix over ket bits (low) and bra bits."""
    size = 2**count
    diagonal = np.zeros(size * size)
    diagonal[np.arange(size) * (size + 1)] = 1.0
    return (1.0 - strength) * np.eye(size * size) + strength / size * np.outer(diagonal, diagonal)


def final_states(program: Program, angles: Vector) -> States:
    """The amplitudes [rows, 2^width] that the rows of angles [rows, r] lead to."""
    size = 2**program.width
    chunk = max(2, _MOST_BYTES // (16 * size))
    parts = []
    for start in range(0, len(angles), chunk):
        part = angles[start : start + chunk]
        joins = _joins(program, part)
        order = np.argsort(joins, kind="stable")
        states = _run(program, part[order], joins[order])
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        parts.append(states[:, back].T)
    return np.concatenate(parts) if parts else np.zeros((0, size), complex)


def states_along(program: Program, angles: Vector, gates: tuple[int, ...]) -> States:
    """The amplitudes [k, 2^width] before some of the rotations, at one row of angles [r]."""
    kept: dict[int, States] = {program.starts[gate]: np.zeros(0, complex) for gate in gates}
    _run(program, angles[None], np.full(1, -1), kept)
    return np.array([kept[program.starts[gate]] for gate in gates]).reshape(
        len(gates), 2**program.width
    )


def _joins(program: Program, angles: Vector) -> Whole:
    """The operation at which each row first differs from the first row; -1 for that itself."""
    differs = angles != angles[0]
    joins = np.full(len(angles), len(program.operations), np.int64)
    for place in range(len(program.operations) - 1, -1, -1):
        operation = program.operations[place]
        if isinstance(operation, Turn) and operation.angle >= 0:
            joins[differs[:, operation.angle]] = place
    joins[0] = -1
    return joins


def _run(
    program: Program, angles: Vector, joins: Whole, kept: dict[int, States] | None = None
) -> States:
    """The amplitudes [2^width, rows] of rows sorted by where they join; rows lie together."""
    states = np.zeros((2**program.width, len(angles)), complex)
    states[0, 0] = 1.0
    index = np.arange(len(states))
    active = 1
    for place, operation in enumerate(program.operations):
        if kept is not None and place in kept:
            kept[place] = states[:, 0].copy()
        joined = int(np.searchsorted(joins, place, side="right"))
        if joined > active:
            states[:, active:joined] = states[:, :1]
            active = joined
        view = states[:, :active]
        if isinstance(operation, Turn):
            _turn(view, operation, angles[:active], index)
        elif isinstance(operation, Shuffle):
            moved = view[operation.source]
            if operation.factors is not None:
                moved *= operation.factors[:, None]
            view[:] = moved
        else:
            view[operation.places] = operation.matrix @ view[operation.places]
    states[:, active:] = states[:, :1]
    return states


def _turn(view: States, turn: Turn, angles: Vector, index: Whole) -> None:
    """exp(-iφ Σ c P) on some rows, in place."""
    angle = angles[:, turn.angle] if turn.angle >= 0 else np.full(len(angles), turn.constant)
    for c, x, z in turn.words:
        # P takes the amplitude at j from j ^ x, with the sign of z there and i for every Y.
        source = index ^ x
        signs = 1.0 - 2.0 * (np.bitwise_count(source & z) & 1)
        cosine = np.cos(c * angle)
        sine = (-1j * 1j ** (x & z).bit_count()) * np.sin(c * angle)
        if x == 0:
            view *= cosine + signs[:, None] * sine
            continue
        other = view[source]
        other *= sine
        other *= signs[:, None]
        view *= cosine
        view += other
