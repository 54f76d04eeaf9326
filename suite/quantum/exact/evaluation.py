"""One evaluation of a circuit's engine: its state, and the sweeps of derivatives from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from suite.quantum.exact.kernel import WORD_LANES, Operations, Runner, add_words, collect, spread
from suite.quantum.exact.lowering import Lowered
from suite.quantum.exact.schedule import Chunk, Direction, Order
from suite.quantum.geometry import Chain, chain_of

__all__ = ["Evaluation", "gathered"]

Vector = NDArray[np.float64]
States = NDArray[np.complex128]


class Prepared(Protocol):
    """What an engine has once for all parameter values: its gates, their order, and H."""

    @property
    def lowered(self) -> Lowered: ...
    @property
    def order(self) -> Order: ...
    @property
    def angles(self) -> Callable[[Vector], tuple[Vector, Any]]: ...
    @property
    def act(self) -> Callable[[States], States]: ...
    @property
    def chains(self) -> dict[bool, tuple[Any, Chain]]: ...
    @property
    def dimension(self) -> int: ...
    @property
    def way_back(self) -> Any: ...


class Evaluation:
    """What one set of parameter values needs once: angles, tables of phases, the last state."""

    def __init__(self, engine: Prepared, values: Vector) -> None:
        self.engine, order = engine, engine.order
        self.phi, self.jacobian = engine.angles(values)
        self.half_angles = np.append(self.phi[order.rotation] * order.coefficient, 0.0)
        self.tables = np.zeros((order.tables, engine.dimension, 2))
        self.tables[:, :, 0] = 1.0
        own = self.phi[order.table_rotation] * order.table_coefficient
        run = _single(order.table_words, own, np.zeros((0, 0, 2)))
        for i, table in enumerate(order.table_of):
            run(self.tables[table][:, :, None], i, i + 1)
        self.back_tables = self.tables * np.array([1.0, -1.0])
        self._forward = _single(order.operations, self.half_angles[:-1], self.tables)
        self.state = next(self.states([len(order.blocks)]))

    @cached_property
    def energy(self) -> float:
        return float(np.vdot(self.state, self.acted).real)

    @cached_property
    def acted(self) -> States:
        return self.engine.act(self.state[None])[0]

    def states(self, boundaries: list[int]) -> Iterator[States]:
        """The state after so many blocks, for growing numbers of blocks."""
        state = np.zeros((self.engine.dimension, 2, 1))
        state[0, 0, 0] = 1.0
        blocks, done = self.engine.order.blocks, 0
        for boundary in boundaries:
            stop = blocks[boundary - 1].stop if boundary else 0
            self._forward(state, done, stop)
            done = stop
            yield state.view().reshape(-1).view(complex).copy()

    def slopes(self, image: States) -> Vector:
        """2 Re<∂|image> by each rotation's angle: of Hψ, the energy's derivative."""
        operations, source, weights, owners = self.engine.way_back
        sums = np.zeros((len(source), 2))
        both = self._both(image)
        half = np.repeat(-self.half_angles[source][:, None], 2, axis=1)
        run = Runner(operations, np.cos(half), np.sin(half), self.back_tables, sums)
        run(both, 0, len(source))
        found = np.zeros(len(self.phi))
        np.add.at(found, owners, (weights * sums.view(complex)[:, 0]).imag)
        return found

    def frame(self, way: tuple[Direction, ...]) -> tuple[States, States]:
        """State and image at the moment at which the derivatives of a way meet."""
        if len(way) == 1:
            return self.state, self.acted
        both = self._both(self.acted)
        half = np.repeat(-self.half_angles[way[1].base_source][:, None], 2, axis=1)
        Runner(way[1].base, np.cos(half), np.sin(half), self.back_tables)(both, 0, len(half))
        state, image = np.ascontiguousarray(both.transpose(2, 0, 1)).reshape(2, -1).view(complex)
        return state, image

    def _both(self, image: States) -> Vector:
        """State and image as two lanes."""
        both = np.empty((self.engine.dimension, 2, 2))
        for lane, state in enumerate((self.state, image)):
            both[:, :, lane] = state.view(float).reshape(-1, 2)
        return both

    def rows(self, way: Direction, chunks: tuple[Chunk, ...], out: Vector, at: int) -> int:
        """The derivatives of these chunks at the way's end, into out[at:]; answers the next row."""
        tables = self.tables if way.sign > 0 else self.back_tables
        wide = np.repeat(way.sign * self.half_angles[way.base_source][:, None], WORD_LANES, axis=1)
        carry = Runner(way.base, np.cos(wide), np.sin(wide), tables)
        window = way.sign * self.half_angles[way.window_source][:, None] + way.turned
        arise = Runner(way.window, np.cos(window), np.sin(window), tables)
        boundaries = sorted({chunk.boundary for chunk in chunks})
        seeds = dict(zip(boundaries, self.states(boundaries), strict=True))
        lanes = np.empty((self.engine.dimension, 2, WORD_LANES))
        for chunk in chunks:
            spread(seeds[chunk.boundary].view(float), lanes)
            for segment in chunk.segments:
                arise(lanes, segment.start, segment.stop)
                if segment.rotation >= 0:
                    self._generate(lanes, segment.lane, segment.rotation)
            carry(lanes, chunk.start, chunk.stop)
            collect(lanes, out[at : at + len(chunk.rows)])
            at += len(chunk.rows)
        return at

    def _generate(self, lanes: Vector, lane: int, rotation: int) -> None:
        """-i Σ c P on one lane."""
        words = self.engine.lowered.rotations[rotation].words
        x = np.array([word[0] for word in words], np.int64)
        z = np.array([word[1] for word in words], np.int64)
        weights = np.array([-1j * c * 1j ** ((a & b).bit_count() % 4) for a, b, c in words])
        state = np.ascontiguousarray(lanes[:, :, lane]).reshape(-1).view(complex)
        out = np.zeros_like(state)
        add_words(out, state, x, z, weights)
        lanes[:, :, lane] = out.view(float).reshape(-1, 2)

    def chain(self, rows: list[int], curvature: bool) -> Chain:
        """The chain rule from the swept rows to the parameters; made once where it is constant."""
        kept = self.engine.chains.get(curvature)
        if kept is not None and kept[0] is self.jacobian:
            return kept[1]
        words = (self.engine.lowered.rotations[r].words for r in rows)
        scale = np.array([own[0][2] if len(own) == 1 else 1.0 for own in words])
        chain = chain_of(self.jacobian[rows].multiply(scale[:, None]))
        self.engine.chains[curvature] = self.jacobian, chain
        return chain


def _single(operations: Operations, half_angles: Vector, tables: Vector) -> Runner:
    column = np.ascontiguousarray(half_angles[:, None])
    return Runner(operations, np.cos(column), np.sin(column), tables)


def gathered(found: Evaluation, group: list[tuple[Direction, tuple[Chunk, ...]]]) -> Vector:
    """The derivatives of one group as rows of real and imaginary parts."""
    count = sum(len(chunk.rows) for _, own in group for chunk in own)
    out = np.empty((count, found.engine.dimension, 2))
    at = 0
    for part, own in group:
        at = found.rows(part, own, out, at)
    return out.reshape(count, 2 * found.engine.dimension)
