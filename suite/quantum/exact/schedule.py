"""The order of operations in which a circuit's derivatives are swept.

Derivatives overlap alike at every moment of the circuit, as all of them are carried on by the same
unitaries. So those of the first half are carried forward to the middle, those of the second half
backward, which halves the work. A few derivatives (lanes) travel together: each lane is the state
until its own rotation, where the angle plus π/2 makes it the derivative, since
-iP exp(-iaP) = exp(-i(a + π/2)P).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.quantum.exact.kernel import (
    DIAGONAL,
    IMAGINARY,
    OVERLAP,
    REAL,
    SIGNS,
    WORD_LANES,
    Operations,
)
from suite.quantum.exact.lowering import FAR, Rotation

__all__ = ["Chunk", "Direction", "Order", "Segment", "adjoint", "direction", "order_of"]

Vector = NDArray[np.float64]
Whole = NDArray[np.int64]

FEWEST_IN_TABLE = 3
"""Words of Z in a row that are worth a table of phases."""


class _Op(NamedTuple):
    """An operation, with the place of its angle (base operation, -1 for none) and its lanes."""

    kind: int
    x: int
    z: int
    source: int
    turned: tuple[tuple[int, float], ...] = ()  # lanes that are differentiated here, by how much


class Block(NamedTuple):
    """Rotations that commute, with the base operations start to stop that carry them out."""

    rotations: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """The base operations of a circuit.

    `rotation` and `coefficient` [n] give an operation's angle, φ[rotation]·coefficient; a table of
    phases is made of the words `table_words` with the number of their table beside.
    """

    blocks: tuple[Block, ...]
    operations: Operations
    rotation: Whole
    coefficient: Vector
    tables: int
    table_words: Operations
    table_of: Whole
    table_rotation: Whole
    table_coefficient: Vector


class Segment(NamedTuple):
    """Operations start to stop of a window, then perhaps a generator on one lane."""

    start: int
    stop: int
    lane: int
    rotation: int


class Chunk(NamedTuple):
    """Derivatives that travel together.

    `rows` their rotations; `boundary` the number of blocks passed where they start; `segments` of
    the window in which they arise; then the direction's base operations start to stop.
    """

    rows: tuple[int, ...]
    boundary: int
    segments: tuple[Segment, ...]
    start: int
    stop: int


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """One way through a part of the circuit: `sign` +1 forward, -1 backward.

    `base` operations and `window` operations, each with the base operation whose angle they take
    (`source`, -1 for none); `turned` [n, lanes] is added to the window's angles.
    """

    sign: int
    base: Operations
    base_source: Whole
    window: Operations
    window_source: Whole
    turned: Vector
    chunks: tuple[Chunk, ...]


def _sine_sign(x: int, z: int) -> float:
    """The sign of -i·i^(number of Y), up to the i that the kind of operation holds."""
    return 1.0 if (x & z).bit_count() % 4 < 2 else -1.0


def _operations(ops: Sequence[_Op]) -> Operations:
    table = np.array([op[:3] for op in ops], np.int64).reshape(-1, 3)
    return Operations(*(np.ascontiguousarray(column) for column in table.T))


def _kind(x: int, z: int) -> int:
    if x == 0:
        return SIGNS
    return REAL if (x & z).bit_count() % 2 else IMAGINARY


def order_of(rotations: Sequence[Rotation], tables: bool = True) -> Order:
    """Base operations; rotations of Z words alone are gathered to one table where they commute."""
    blocks: list[Block] = []
    ops: list[tuple[int, int, int]] = []
    places: list[tuple[int, float]] = []
    words: list[tuple[int, int, int, int, float]] = []
    number = 0
    for members in _gathered(rotations):
        start = len(ops)
        parts = [(r, *word) for r in members for word in rotations[r].words]
        flat = rotations[members[0]].diagonal
        if flat and tables and len(parts) >= FEWEST_IN_TABLE:
            ops.append((DIAGONAL, number, 0))
            places.append((members[0], 0.0))
            words += [(number, *part) for part in parts]
            number += 1
        else:
            for r, x, z, c in parts:
                ops.append((_kind(x, z), x, z))
                places.append((r, c * _sine_sign(x, z)))
        blocks.append(Block(tuple(members), start, len(ops)))
    return Order(
        tuple(blocks),
        _operations([_Op(*op, -1) for op in ops]),
        np.array([r for r, _ in places], np.int64),
        np.array([c for _, c in places], float),
        number,
        _operations([_Op(SIGNS, 0, z, -1) for _, _, _, z, _ in words]),
        np.array([t for t, *_ in words], np.int64),
        np.array([r for _, r, *_ in words], np.int64),
        np.array([c for *_, c in words], float),
    )


def _gathered(rotations: Sequence[Rotation]) -> list[list[int]]:
    """Rotations in groups: those of Z words slide back to others of their kind."""
    groups: list[list[int]] = []
    for number, rotation in enumerate(rotations):
        place = _place(groups, rotations, rotation) if rotation.diagonal else None
        if place is None:
            groups.append([number])
        else:
            groups[place].append(number)
    return groups


def _place(groups: list[list[int]], rotations: Sequence[Rotation], new: Rotation) -> int | None:
    for place in range(len(groups) - 1, max(-1, len(groups) - FAR), -1):
        if rotations[groups[place][0]].diagonal:
            return place
        if not all(rotations[r].commutes(new) for r in groups[place]):
            return None
    return None


def middle(order: Order, rotations: Sequence[Rotation]) -> int:
    """The number of blocks up to the middle, by derivatives."""
    counts = np.array([sum(rotations[r].free for r in b.rotations) for b in order.blocks])
    return int(np.searchsorted(np.cumsum(counts), 0.5 * counts.sum())) + 1 if len(counts) else 0


def direction(order: Order, rotations: Sequence[Rotation], first: int, last: int) -> Direction:
    """The way from the boundary `first` to `last`, in numbers of blocks passed."""
    sign = 1 if last >= first else -1
    span = range(first, last) if sign > 0 else range(first - 1, last - 1, -1)
    base, starts = [], [0]
    for b in span:
        base += _carried(order, b, sign)
        starts.append(len(base))
    rows = [(place, r) for place, b in enumerate(span) for r in _free(order, rotations, b)]
    window: list[_Op] = []
    chunks = []
    for at in range(0, len(rows), WORD_LANES):
        mine = rows[at : at + WORD_LANES]
        low, high = mine[0][0], mine[-1][0]
        lanes = {r: lane for lane, (_, r) in enumerate(mine)}
        segments = _window(window, order, rotations, span[low : high + 1], sign, lanes)
        boundary = first + sign * low
        chunks.append(Chunk(tuple(lanes), boundary, segments, starts[high + 1], len(base)))
    turned = np.zeros((len(window), WORD_LANES))
    for row, op in enumerate(window):
        for lane, amount in op.turned:
            turned[row, lane] = amount
    return Direction(
        sign,
        _operations(base),
        np.array([op.source for op in base], np.int64),
        _operations(window),
        np.array([op.source for op in window], np.int64),
        turned,
        tuple(chunks),
    )


def _free(order: Order, rotations: Sequence[Rotation], block: int) -> list[int]:
    return [r for r in order.blocks[block].rotations if rotations[r].free]


def _carried(order: Order, block: int, sign: int) -> list[_Op]:
    """A block's operations; backward in the opposite order (they commute, so any will do)."""
    kind, x, z = order.operations
    own = order.blocks[block]
    places = range(own.start, own.stop)
    return [_Op(int(kind[i]), int(x[i]), int(z[i]), i) for i in places[::sign]]


def _window(
    window: list[_Op],
    order: Order,
    rotations: Sequence[Rotation],
    span: range,
    sign: int,
    lanes: dict[int, int],
) -> tuple[Segment, ...]:
    """Append the operations in which these lanes become derivatives."""
    segments, start = [], len(window)
    for b in span:
        ops = _carried(order, b, sign)
        mine = [r for r in order.blocks[b].rotations if r in lanes]
        generators = []
        for r in mine:
            words = rotations[r].words
            if len(words) > 1:
                generators.append(r)
            elif len(ops) == 1 and ops[0].kind != DIAGONAL:
                x, z, _ = words[0]
                ops[0] = ops[0]._replace(turned=((lanes[r], 0.5 * np.pi * _sine_sign(x, z)),))
            else:
                ops.append(_Op(SIGNS, 0, words[0][1], -1, ((lanes[r], 0.5 * np.pi),)))
        window += ops
        for r in generators:
            segments.append(Segment(start, len(window), lanes[r], r))
            start = len(window)
    segments.append(Segment(start, len(window), -1, -1))
    return tuple(segments)


def adjoint(
    order: Order, rotations: Sequence[Rotation]
) -> tuple[Operations, Whole, NDArray[np.complex128], Whole]:
    """The way back with overlaps between: operations, their sources, and for each the weight
    with which its overlap enters the slope of a rotation, and that rotation (-1 for none).
    """
    ops: list[_Op] = []
    weights: list[complex] = []
    owners: list[int] = []
    for b in range(len(order.blocks) - 1, -1, -1):
        for r in _free(order, rotations, b):
            for x, z, c in rotations[r].words:
                ops.append(_Op(OVERLAP, x, z, -1))
                weights.append(2.0 * c * 1j ** ((x & z).bit_count() % 4))
                owners.append(r)
        for op in _carried(order, b, -1):
            ops.append(op)
            weights.append(0j)
            owners.append(-1)
    return (
        _operations(ops),
        np.array([op.source for op in ops], np.int64),
        np.array(weights, complex),
        np.array(owners, np.int64),
    )
