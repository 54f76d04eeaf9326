"""The Fubini-Study metric in blocks, one for every layer of gates that commute.

Within a layer G_ij = <K_i K_j> - <K_i><K_j> in the state before it (Stokes et al., Quantum 4, 269
(2020), eq. 9). A layer whose generators share a local basis is measured by one circuit, its
prefix; one before which no gate entangles is computed; a generator that no local basis measures
(an excitation of coupled cluster) is given its bound, a quarter of its squared width, which can
only make a step shorter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.quantum.noise.gates import Gate, Word
from suite.quantum.noise.ordering import fits
from suite.quantum.noise.program import Program, compiled, final_states
from suite.quantum.noise.shift_rules import frequencies_of
from suite.quantum.noise.unrolled import Unrolled

__all__ = ["Layer", "assembled", "bounds_of", "covariance", "known_blocks", "layers_of"]

Vector = NDArray[np.float64]
Whole = NDArray[np.int64]
Block = tuple[Whole, Vector]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Gates that commute and are measured in one local basis, and where they stand.

    `indices` of their angles, `start` the number of gates before them, `basis` [n] (0 Z, 1 X, 2 Y),
    `words` of each generator, `circuit` the prefix with the unrolled circuit's named parameters,
    `plain` whether nothing before it entangles.
    """

    indices: tuple[int, ...]
    start: int
    basis: Whole
    words: tuple[tuple[Word, ...], ...]
    circuit: Any
    plain: bool

    @property
    def generators(self) -> tuple[Any, ...]:
        """One `SparsePauliOp` an angle."""
        from qiskit.quantum_info import SparsePauliOp

        return tuple(
            SparsePauliOp(
                [_letters(x, z, len(self.basis)) for _, x, z in words], [c for c, _, _ in words]
            )
            for words in self.words
        )


def layers_of(unrolled: Unrolled) -> tuple[Layer, ...]:
    """The layers that need a circuit: not computed in advance and not bounded."""
    return tuple(layer for layer in _all_layers(unrolled) if not layer.plain)


def known_blocks(unrolled: Unrolled, angles: Vector) -> list[Block]:
    """The blocks that cost no shots: of layers before which no gate entangles, exactly."""
    found = []
    for layer in _all_layers(unrolled):
        if layer.plain:
            found.append((np.array(layer.indices), _product_block(unrolled, layer, angles)))
    return found


@lru_cache(maxsize=16)
def bounds_of(unrolled: Unrolled) -> Vector:
    """The largest that each diagonal element can be [r]: a quarter of the squared width."""
    return np.array([frequencies_of(gate.words)[-1] ** 2 / 4.0 for gate in unrolled.rotations])


def assembled(unrolled: Unrolled, blocks: list[Block]) -> Vector:
    """The metric [r, r] of the unrolled angles; what no block says is at its bound."""
    found = np.diag(bounds_of(unrolled))
    for indices, block in blocks:
        found[np.ix_(indices, indices)] = block
    return found


def covariance(layer: Layer, counts: Vector | Whole) -> Vector:
    """A layer's block from counts [2^n] of outcomes in its basis (or from probabilities)."""
    weights = counts / np.sum(counts)
    values = _values(layer)
    centred = values - (values @ weights)[:, None]
    return np.asarray((centred * weights) @ centred.T)


@lru_cache(maxsize=256)
def _values(layer: Layer) -> Vector:
    """Each generator's value at every outcome [angles, 2^n]."""
    index = np.arange(2 ** len(layer.basis))
    values = np.zeros((len(layer.words), len(index)))
    for row, words in enumerate(layer.words):
        for c, x, z in words:
            values[row] += c * (1.0 - 2.0 * (np.bitwise_count(index & (x | z)) & 1))
    return values


@lru_cache(maxsize=16)
def _all_layers(unrolled: Unrolled) -> tuple[Layer, ...]:
    """Consecutive gates in one local basis, cut where a qubit of theirs was touched in between."""
    found: list[Layer] = []
    open_gates: list[Gate] = []
    start, basis, touched, entangled = 0, np.zeros(unrolled.qubits, np.int64), 0, False

    def close() -> None:
        if open_gates:
            found.append(_layer(unrolled, open_gates, start, basis, plain=not entangled))

    for place, gate in enumerate(unrolled.gates):
        own = gate.basis(unrolled.qubits) if gate.angle >= 0 else None
        if own is not None:
            if not (open_gates and fits(own, basis, touched)):
                close()
                entangled = entangled or _entangles(unrolled.gates[start:place])
                open_gates, start, touched = [], place, 0
                basis = np.zeros(unrolled.qubits, np.int64)
            open_gates.append(gate)
            basis = np.maximum(basis, own)
        elif open_gates:
            touched |= gate.support
    close()
    return tuple(found)


def _entangles(gates: tuple[Gate, ...]) -> bool:
    return any(len(gate.qubits) > 1 for gate in gates)


def _layer(
    unrolled: Unrolled, gates: list[Gate], start: int, basis: Whole, *, plain: bool
) -> Layer:
    return Layer(
        tuple(gate.angle for gate in gates),
        start,
        np.maximum(basis - 1, 0),
        tuple(gate.words for gate in gates),
        _prefix(unrolled, start),
        plain,
    )


def _prefix(unrolled: Unrolled, start: int) -> Any:
    """The circuit of the first `start` gates."""
    out = unrolled.circuit.copy_empty_like()
    for instruction in unrolled.circuit.data[:start]:
        out.append(instruction)
    return out


def _product_block(unrolled: Unrolled, layer: Layer, angles: Vector) -> Vector:
    """A block in a product state, qubit by qubit: means of products are products of means."""
    means = np.array([_local_mean(part, angles) for part in _local_parts(unrolled, layer)])
    own, ways, together = _mask_table(layer)
    singles = np.array([np.prod(means[mask]) for mask in ways])
    first = own @ singles
    pairs = np.array([[np.prod(means[mask]) for mask in row] for row in together])
    return np.asarray(own @ pairs @ own.T - np.outer(first, first))


@lru_cache(maxsize=64)
def _mask_table(layer: Layer) -> tuple[Vector, list[Any], list[list[Any]]]:
    """Coefficients [angles, words], the qubits of each word, and those of each product of two."""
    words = [(row, c, x | z) for row, each in enumerate(layer.words) for c, x, z in each]
    own = np.zeros((len(layer.words), len(words)))
    for place, (row, c, _) in enumerate(words):
        own[row, place] = c
    qubits = np.arange(len(layer.basis))
    masks = [mask for _, _, mask in words]
    ways = [(mask >> qubits & 1).astype(bool) for mask in masks]
    together = [[((a ^ b) >> qubits & 1).astype(bool) for b in masks] for a in masks]
    return own, ways, together


def _local_mean(part: tuple[Program, int], angles: Vector) -> float:
    """<Z>, <X> or <Y> of a qubit, whichever the layer's basis is there."""
    program, letter = part
    a, b = final_states(program, angles[None])[0]
    cross = a.conjugate() * b
    return float((abs(a) ** 2 - abs(b) ** 2, 2.0 * cross.real, 2.0 * cross.imag)[letter])


@lru_cache(maxsize=64)
def _local_parts(unrolled: Unrolled, layer: Layer) -> tuple[tuple[Program, int], ...]:
    """For each qubit the program of the gates on it before a layer, and the layer's letter."""
    parts = []
    for qubit, letter in enumerate(layer.basis.tolist()):
        alone = tuple(
            _on_first(gate) for gate in unrolled.gates[: layer.start] if gate.qubits == (qubit,)
        )
        parts.append((compiled(Unrolled(1, (), alone, None, ())), letter))
    return tuple(parts)


def _on_first(gate: Gate) -> Gate:
    words = tuple((c, int(x > 0), int(z > 0)) for c, x, z in gate.words)
    return gate._replace(qubits=(0,), words=words)


def _letters(x: int, z: int, qubits: int) -> str:
    return "".join("IXZY"[(x >> q & 1) + 2 * (z >> q & 1)] for q in reversed(range(qubits)))
