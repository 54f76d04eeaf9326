"""The columns of a chunk of quotes and the stages that it runs through.

A stage is a function that reads some columns and writes others; `passes` runs it with NumPy, or as
the machine code that `native` makes of the same function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from suite.finance.kernel.careful import Measure
from suite.finance.kernel.elementary import select
from suite.finance.kernel.inversion import (
    Answer,
    Rough,
    is_narrow,
    judge,
    narrow_answer,
    narrow_last,
    narrow_step,
    wide_answer,
    wide_last,
    wide_step,
)
from suite.finance.kernel.normal import (
    normal_answer,
    normal_last,
    normal_problem,
    normal_start,
    normal_step,
)
from suite.finance.kernel.normalised import Row, carry, normalise, readable, screen, start
from suite.finance.kernel.vectors import Fork, Plan, Stage

__all__ = [
    "CHUNK",
    "ERROR",
    "MODELS",
    "REFUSED",
    "START",
    "STATUS",
    "TILE",
    "VOLATILITY",
    "Model",
    "row_of",
]

CHUNK = 4096
TILE = 512

# The table. From a spot, `base` is the spot, `first` the rate and `second` the dividend yield; else
# they are the forward, the discount factor and nothing. The status is a verdict's code or REFUSED.
PRICE, STRIKE, YEARS, CALL, HALF_TICK, BASE, FIRST, SECOND, VOLATILITY, ERROR, STATUS = range(11)
TABLE = 11
REFUSED = 10.0
NAN = float("nan")
# The work of a tile.
FORWARD, FORWARD_LOW, DISCOUNT, DISCOUNT_LOW = range(11, 15)
ROW = 15
START = ROW + len(Row._fields)
NARROW = START + 1
WORK = NARROW + 1 - TABLE


def _prepare_forward(
    price: Any, strike: Any, years: Any, call: Any, half_tick: Any, forward: Any, discount: Any
) -> tuple[Any, ...]:
    """As `_prepare`, for a forward and a discount factor that were given."""
    return _prepare(price, strike, years, call, half_tick, forward, 0.0, discount, 0.0)


def _prepare(
    price: Any,
    strike: Any,
    years: Any,
    call: Any,
    half_tick: Any,
    forward: Any,
    forward_low: Any,
    discount: Any,
    discount_low: Any,
) -> tuple[Any, ...]:
    """The problem of each row, its verdict so far, and its start."""
    arguments = (price, forward, forward_low, strike, years, discount, discount_low)
    problem = normalise(*arguments, call > 0.0, half_tick)
    fine = readable(price, forward, strike, years, discount, call)
    code = screen(problem, years, fine & (forward > 0.0) & (strike > 0.0))
    s = start(problem)
    return (code, *problem.row, s, select(is_narrow(problem.row.x, s), 1.0, 0.0))


def _narrow(status: Any, s: Any, *row: Any) -> tuple[Any, Any, Any]:
    """The answers of rows where the difference of Mills ratios cancels."""
    return _judged(status, Row(*row), narrow_answer(Row(*row), s))


def _wide(status: Any, s: Any, *row: Any) -> tuple[Any, Any, Any]:
    """The answers of the other rows."""
    return _judged(status, Row(*row), wide_answer(Row(*row), s))


def _judged(status: Any, row: Row, answer: Answer) -> tuple[Any, Any, Any]:
    taken, error = judge(answer, row)
    status = select(status > 0.0, status, select(taken, 0.0, REFUSED))
    solved = status == 0.0
    return select(solved, answer.volatility, NAN), select(solved, error, NAN), status


_ROW = tuple(range(ROW, ROW + len(Row._fields)))
_ANSWER = (VOLATILITY, ERROR, STATUS)

CARRY = Stage(
    "carry",
    carry,
    (BASE, FIRST, SECOND, YEARS),
    (FORWARD, FORWARD_LOW, DISCOUNT, DISCOUNT_LOW),
)
_PREPARED = (STATUS, *_ROW, START, NARROW)
PREPARE = Stage(
    "prepare",
    _prepare,
    (PRICE, STRIKE, YEARS, CALL, HALF_TICK, FORWARD, FORWARD_LOW, DISCOUNT, DISCOUNT_LOW),
    _PREPARED,
)
PREPARE_FORWARD = Stage(
    "prepare_forward",
    _prepare_forward,
    (PRICE, STRIKE, YEARS, CALL, HALF_TICK, BASE, FIRST),
    _PREPARED,
)
NARROW_ROWS = Stage("narrow", _narrow, (STATUS, START, *_ROW), _ANSWER)
WIDE_ROWS = Stage("wide", _wide, (STATUS, START, *_ROW), _ANSWER)


def _prepare_normal(
    price: Any, strike: Any, years: Any, call: Any, half_tick: Any, forward: Any, discount: Any
) -> tuple[Any, ...]:
    """As `_prepare_forward`, for Bachelier's model."""
    problem = normal_problem(price, forward, strike, years, discount, call > 0.0, half_tick)
    code = screen(problem, years, readable(price, forward, strike, years, discount, call))
    s = normal_start(problem.row.q, problem.row.x)
    return (code, *problem.row, s, s)


def _normal(status: Any, s: Any, *row: Any) -> tuple[Any, Any, Any]:
    return _judged(status, Row(*row), normal_answer(Row(*row), s))


def _nothing(status: Any) -> tuple[Any, Any]:
    """Rows without a start have their verdict already."""
    return status + NAN, status + NAN


PREPARE_NORMAL = Stage(
    "prepare_normal",
    _prepare_normal,
    (PRICE, STRIKE, YEARS, CALL, HALF_TICK, BASE, FIRST),
    _PREPARED,
)
NORMAL_ROWS = Stage("normal", _normal, (STATUS, START, *_ROW), _ANSWER)
NO_ROWS = Stage("nothing", _nothing, (STATUS,), (VOLATILITY, ERROR))


class Model(NamedTuple):
    """A pricing model: what is compiled of it, and what its refused rows need.

    `steps` those of the short way; `measure` is the rough step of a row from s, `last` the exact
    one.
    """

    plan: Plan
    steps: int
    measure: Measure
    last: Callable[[Row, Any], Answer]


def row_of(block: Any) -> Row:
    """The rows of a block of columns [columns, rows]."""
    return Row(*block[ROW:START])


def _measure_black(row: Row, s: Any) -> Rough:
    narrow = narrow_step(row.inverse, row.x, s)
    wide = wide_step(row.inverse, 1.0 / row.rest, row.x, s)
    rows = is_narrow(row.x, s)
    return Rough(*(select(rows, a, b) for a, b in zip(narrow, wide, strict=True)))


def _last_black(row: Row, s: Any) -> Answer:
    rows = is_narrow(row.x, s)
    both = zip(narrow_last(row, s, s), wide_last(row, s, s), strict=True)
    return Answer(*(select(rows, a, b) for a, b in both))


def _measure_normal(row: Row, s: Any) -> Rough:
    return normal_step(row.inverse, row.x, s)


def _last_normal(row: Row, s: Any) -> Answer:
    return normal_last(row, s, s)


_SIZES = (CHUNK, TILE, TABLE, WORK)
MODELS = {
    "black": Model(
        Plan((CARRY, PREPARE), (PREPARE_FORWARD,), Fork(NARROW, NARROW_ROWS, WIDE_ROWS), *_SIZES),
        2,
        _measure_black,
        _last_black,
    ),
    "bachelier": Model(
        Plan((), (PREPARE_NORMAL,), Fork(START, NORMAL_ROWS, NO_ROWS), *_SIZES),
        4,
        _measure_normal,
        _last_normal,
    ),
}
