"""Stages as loops over vectors, and the loop over tiles that runs them: LLVM assembly.

A table is float64 [columns, ROOM], the quotes and their answers; a tile of its rows has its own
work columns beside it, which stay in the fastest cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from suite.finance.kernel.trace import Traced

__all__ = ["LANES_MOST", "Fork", "Plan", "Stage", "assembly"]

LANES_MOST = 8
"""The longest vectors; arrays have room for this many rows more."""


class Stage(NamedTuple):
    """A function over columns: it reads some and writes others.

    Columns below the number of table columns are the table's, the others those of the tile.
    """

    name: str
    function: Callable[..., Any]
    reads: tuple[int, ...]
    writes: tuple[int, ...]


class Fork(NamedTuple):
    """Rows whose work column `sorts` is positive go through `positive`, the others through
    `other`."""

    sorts: int
    positive: Stage
    other: Stage


class Plan(NamedTuple):
    """What is done with every tile.

    `first` runs where the entry is called with 1, `second` where with 0, each a few stages over all
    rows. Then, if there is a `fork`, every row goes through one of its two stages. `chunk` rows a
    table, `tile` rows a tile, `table` and `work` columns of each.
    """

    first: tuple[Stage, ...]
    second: tuple[Stage, ...]
    fork: Fork | None
    chunk: int
    tile: int
    table: int
    work: int


class _Memory(NamedTuple):
    """The addresses that a stage works with."""

    table: Any
    work: Any
    places: Any


def assembly(plan: Plan, lanes: int) -> str:
    """LLVM assembly of `int64 solve(rows, which, table, work, places)`.

    `table` float64 [table, chunk + LANES_MOST], `work` float64 [work, tile + LANES_MOST], `places`
    int64 [2, tile + LANES_MOST].
    """
    from llvmlite import ir

    module = ir.Module("suite")
    whole, double = ir.IntType(64), ir.DoubleType()
    pointers = [double.as_pointer(), double.as_pointer(), whole.as_pointer()]
    kind = ir.FunctionType(whole, [whole, *pointers])
    stages = {
        stage.name: _stage(ir.Function(module, kind, stage.name), plan, stage, lanes, gathered)
        for group, gathered in (
            ((*plan.first, *plan.second), False),
            (plan.fork[1:] if plan.fork else (), True),
        )
        for stage in group
    }
    entry = ir.Function(module, ir.FunctionType(whole, [whole, whole, *pointers]), "solve")
    _tiles(entry, plan, stages)
    return str(module)


@contextmanager
def _loop(builder: Any, count: Any, step: int) -> Iterator[Any]:
    """A loop over 0, step, ... below count, which is positive; yields the index."""
    from llvmlite import ir

    whole = ir.IntType(64)
    before = builder.block
    body = builder.append_basic_block("body")
    end = builder.append_basic_block("end")
    builder.cbranch(builder.icmp_signed(">", count, ir.Constant(whole, 0)), body, end)
    builder.position_at_end(body)
    index = builder.phi(whole)
    index.add_incoming(ir.Constant(whole, 0), before)
    yield index
    after = builder.add(index, ir.Constant(whole, step))
    index.add_incoming(after, builder.block)
    builder.cbranch(builder.icmp_signed("<", after, count), body, end)
    builder.position_at_end(end)


def _stage(function: Any, plan: Plan, stage: Stage, lanes: int, gathered: bool) -> Any:
    """The body of `name(count, table, work, places)`."""
    from llvmlite import ir

    count, table, work, places = function.args
    function.linkage = "internal"
    for pointer in (table, work, places):
        pointer.add_attribute("noalias")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    with _loop(builder, count, lanes) as row:
        cells = _Cells(builder, _Memory(table, work, places), plan, row, lanes, gathered)
        answers = stage.function(*(cells.read(column) for column in stage.reads))
        for column, answer in zip(stage.writes, answers, strict=True):
            cells.write(column, answer.value)
    builder.ret(ir.Constant(count.type, 0))
    return function


class _Cells:
    """The cells of a vector of rows: neighbours, or those that the places name."""

    def __init__(
        self, builder: Any, memory: _Memory, plan: Plan, row: Any, lanes: int, gathered: bool
    ) -> None:
        from llvmlite import ir

        self.builder, self.memory, self.plan = builder, memory, plan
        self.vector = ir.VectorType(ir.DoubleType(), lanes)
        self.rows = [row]
        if gathered:
            steps = [builder.add(row, ir.Constant(row.type, lane)) for lane in range(lanes)]
            self.rows = [builder.load(builder.gep(memory.places, [step])) for step in steps]

    def _addresses(self, column: int) -> list[Any]:
        from llvmlite import ir

        base, start = self.memory.table, column * (self.plan.chunk + LANES_MOST)
        if column >= self.plan.table:
            column -= self.plan.table
            base, start = self.memory.work, column * (self.plan.tile + LANES_MOST)
        shift = ir.Constant(self.rows[0].type, start)
        return [self.builder.gep(base, [self.builder.add(row, shift)]) for row in self.rows]

    def read(self, column: int) -> Traced:
        """The values of a column in these rows."""
        from llvmlite import ir

        addresses = self._addresses(column)
        if len(addresses) == 1:
            pointer = self.builder.bitcast(addresses[0], self.vector.as_pointer())
            return Traced(self.builder, self.builder.load(pointer, align=8))
        value = ir.Constant(self.vector, ir.Undefined)
        for lane, address in enumerate(addresses):
            place = ir.Constant(ir.IntType(32), lane)
            value = self.builder.insert_element(value, self.builder.load(address), place)
        return Traced(self.builder, value)

    def write(self, column: int, value: Any) -> None:
        """Put values into a column of these rows."""
        from llvmlite import ir

        addresses = self._addresses(column)
        if len(addresses) == 1:
            pointer = self.builder.bitcast(addresses[0], self.vector.as_pointer())
            self.builder.store(value, pointer, align=8)
            return
        for lane, address in enumerate(addresses):
            place = ir.Constant(ir.IntType(32), lane)
            self.builder.store(self.builder.extract_element(value, place), address)


def _tiles(function: Any, plan: Plan, stages: dict[str, Any]) -> None:
    """The body of `solve`: every tile through the stages."""
    from llvmlite import ir

    rows, which, table, work, places = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    tile = ir.Constant(rows.type, plan.tile)
    others = builder.gep(places, [ir.Constant(rows.type, plan.tile + LANES_MOST)])
    with _loop(builder, rows, plan.tile) as offset:
        left = builder.sub(rows, offset)
        count = builder.select(builder.icmp_signed("<", left, tile), left, tile)
        here = builder.gep(table, [offset])
        chosen = builder.icmp_signed("!=", which, ir.Constant(which.type, 0))
        with builder.if_else(chosen) as (then, otherwise):
            with then:
                _call(builder, stages, plan.first, count, _Memory(here, work, places))
            with otherwise:
                _call(builder, stages, plan.second, count, _Memory(here, work, places))
        if plan.fork:
            positive, other = _sorted(builder, plan, count, work, places, others)
            _call(builder, stages, [plan.fork.positive], positive, _Memory(here, work, places))
            _call(builder, stages, [plan.fork.other], other, _Memory(here, work, others))
    builder.ret(ir.Constant(rows.type, 0))


def _call(
    builder: Any, stages: dict[str, Any], names: Sequence[Stage], count: Any, memory: _Memory
) -> None:
    for stage in names:
        builder.call(stages[stage.name], [count, *memory])


def _sorted(
    builder: Any, plan: Plan, count: Any, work: Any, places: Any, others: Any
) -> tuple[Any, Any]:
    """Write the places of the two kinds of rows and return how many there are of each.

    Both lists end with the place of a row that is nobody's, for the last vector.
    """
    from llvmlite import ir

    whole = count.type
    zero = ir.Constant(whole, 0)
    counter = builder.alloca(whole)
    builder.store(zero, counter)
    sorts = plan.fork.sorts if plan.fork else plan.table
    start = ir.Constant(whole, (sorts - plan.table) * (plan.tile + LANES_MOST))
    with _loop(builder, count, 1) as row:
        found = builder.load(counter)
        value = builder.load(builder.gep(work, [builder.add(row, start)]))
        # Both are written, one is kept: a branch would be guessed wrong half of the time.
        builder.store(row, builder.gep(places, [found]))
        builder.store(row, builder.gep(others, [builder.sub(row, found)]))
        is_positive = builder.fcmp_ordered(">", value, ir.Constant(ir.DoubleType(), 0.0))
        builder.store(builder.add(found, builder.zext(is_positive, whole)), counter)
    positive = builder.load(counter)
    other = builder.sub(count, positive)
    for lane in range(LANES_MOST):
        step = ir.Constant(whole, lane)
        nobody = ir.Constant(whole, plan.tile)
        builder.store(nobody, builder.gep(places, [builder.add(positive, step)]))
        builder.store(nobody, builder.gep(others, [builder.add(other, step)]))
    return positive, other
