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
    normal_screen,
    normal_start,
    normal_step,
)
from suite.finance.kernel.normalised import carry, normalise, screen, start
from suite.finance.kernel.vectors import Fork, Plan, Stage

__all__ = [
    "CHUNK",
    "ERROR",
    "INVERSE",
    "MODELS",
    "NOISE",
    "REFUSED",
    "REST",
    "ROOT",
    "START",
    "STATUS",
    "VOLATILITY",
    "Model",
    "X",
]

CHUNK = 4096
TILE = 512

# The table. From a spot, `base` is the spot, `first` the rate and `second` the dividend yield; else
# they are the forward, the discount factor and nothing. The status is a verdict's code or REFUSED.
PRICE, STRIKE, YEARS, CALL, HALF_TICK, BASE, FIRST, SECOND, VOLATILITY, ERROR, STATUS = range(11)
INPUTS = 8
TABLE = 11
REFUSED = 10.0
NAN = float("nan")
# The work of a tile.
FORWARD, FORWARD_LOW, DISCOUNT, DISCOUNT_LOW = range(11, 15)
Q, Q_LOW, INVERSE, REST, REST_LOW, NOISE, X = range(15, 22)
RATIO, RATIO_LOW, ROOT, ROOT_LOW, PER_ROOT, START, NARROW = range(22, 29)
WORK = 29 - TABLE


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
    p = normalise(
        price,
        forward,
        forward_low,
        strike,
        years,
        discount,
        discount_low,
        call > 0.0,
        half_tick,
    )
    code = screen(price, forward, strike, years, discount, call, p)
    s = start(p.q, p.scale, p.rest, p.d, p.x)
    narrow = select(is_narrow(p.x, s), 1.0, 0.0)
    problem = (p.q, p.q_low, p.inverse, p.rest, p.rest_low, p.noise, p.x)
    return (code, *problem, p.ratio, p.ratio_low, p.root, p.root_low, p.per_root, s, narrow)


def _narrow(status: Any, noise: Any, root: Any, *problem: Any) -> tuple[Any, Any, Any]:
    """The answers of rows where the difference of Mills ratios cancels."""
    return _judged(status, noise, root, narrow_answer(*problem))


def _wide(status: Any, noise: Any, root: Any, *problem: Any) -> tuple[Any, Any, Any]:
    """The answers of the other rows."""
    return _judged(status, noise, root, wide_answer(*problem))


def _judged(status: Any, noise: Any, root: Any, answer: Answer) -> tuple[Any, Any, Any]:
    taken, error = judge(answer, noise, root)
    status = select(status > 0.0, status, select(taken, 0.0, REFUSED))
    solved = status == 0.0
    return select(solved, answer.volatility, NAN), select(solved, error, NAN), status


_PROBLEM = (X, START, RATIO, RATIO_LOW, ROOT, ROOT_LOW, PER_ROOT)
_ANSWER = (VOLATILITY, ERROR, STATUS)

CARRY = Stage(
    "carry",
    carry,
    (BASE, FIRST, SECOND, YEARS),
    (FORWARD, FORWARD_LOW, DISCOUNT, DISCOUNT_LOW),
)
_PREPARED = (
    *(STATUS, Q, Q_LOW, INVERSE, REST, REST_LOW, NOISE, X),
    *(RATIO, RATIO_LOW, ROOT, ROOT_LOW, PER_ROOT, START, NARROW),
)
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
NARROW_ROWS = Stage(
    "narrow",
    _narrow,
    (STATUS, NOISE, ROOT, Q, Q_LOW, INVERSE, *_PROBLEM),
    _ANSWER,
)
WIDE_ROWS = Stage(
    "wide",
    _wide,
    (STATUS, NOISE, ROOT, Q, Q_LOW, INVERSE, REST, REST_LOW, *_PROBLEM),
    _ANSWER,
)


def _prepare_normal(
    price: Any, strike: Any, years: Any, call: Any, half_tick: Any, forward: Any, discount: Any
) -> tuple[Any, ...]:
    """As `_prepare_forward`, for Bachelier's model."""
    p = normal_problem(price, forward, strike, years, discount, call > 0.0, half_tick)
    code = normal_screen(price, forward, strike, years, discount, call, p)
    s = normal_start(p.q, p.x)
    problem = (p.q, p.q_low, p.inverse, p.rest, p.rest_low, p.noise, p.x)
    return (code, *problem, p.ratio, p.ratio_low, p.root, p.root_low, p.per_root, s, s)


def _normal(status: Any, noise: Any, root: Any, *problem: Any) -> tuple[Any, Any, Any]:
    return _judged(status, noise, root, normal_answer(*problem))


def _nothing(status: Any) -> tuple[Any, Any]:
    """Rows without a start have their verdict already."""
    return status + NAN, status + NAN


PREPARE_NORMAL = Stage(
    "prepare_normal",
    _prepare_normal,
    (PRICE, STRIKE, YEARS, CALL, HALF_TICK, BASE, FIRST),
    _PREPARED,
)
NORMAL_ROWS = Stage("normal", _normal, (STATUS, NOISE, ROOT, Q, Q_LOW, INVERSE, *_PROBLEM), _ANSWER)
NO_ROWS = Stage("nothing", _nothing, (STATUS,), (VOLATILITY, ERROR))


class Model(NamedTuple):
    """A pricing model: what is compiled of it, and what its refused rows need.

    `steps` those of the short way; `measure` is the rough step of `careful.approach` for the
    columns (INVERSE, REST, X); `last` the exact step from s, given all columns [columns, rows].
    """

    plan: Plan
    steps: int
    measure: Measure
    last: Callable[[Any, Any], Answer]


def _measure_black(problem: Any, s: Any) -> Rough:
    inverse, rest, x = problem
    narrow, wide = narrow_step(inverse, x, s), wide_step(inverse, 1.0 / rest, x, s)
    rows = is_narrow(x, s)
    return Rough(*(select(rows, a, b) for a, b in zip(narrow, wide, strict=True)))


def _last_black(block: Any, s: Any) -> Answer:
    q, q_low, inverse, rest, rest_low, x = block[[Q, Q_LOW, INVERSE, REST, REST_LOW, X]]
    tail = *block[[RATIO, RATIO_LOW, ROOT, ROOT_LOW, PER_ROOT]], s
    narrow = narrow_last(q, q_low, inverse, x, s, *tail)
    wide = wide_last(q, q_low, inverse, rest, rest_low, x, s, *tail)
    rows = is_narrow(x, s)
    return Answer(*(select(rows, a, b) for a, b in zip(narrow, wide, strict=True)))


def _measure_normal(problem: Any, s: Any) -> Rough:
    inverse, _, distance = problem
    return normal_step(inverse, distance, s)


def _last_normal(block: Any, s: Any) -> Answer:
    tail = *block[[RATIO, RATIO_LOW, ROOT, ROOT_LOW, PER_ROOT]], s
    return normal_last(block[Q], block[Q_LOW], block[INVERSE], block[X], s, *tail)


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
