"""Implied volatility of arrays of quotes: Black-Scholes-Merton, Black-76 and Bachelier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.core import Tally
from suite.core.law import Law
from suite.errors import InputError
from suite.finance.greeks import greeks as all_greeks
from suite.finance.greeks import of_spot
from suite.finance.kernel.engine import Inputs, solve
from suite.finance.kernel.normalised import carry
from suite.finance.kernel.stages import MODELS
from suite.finance.verdict import Verdict, answered, told
from suite.frames import frame_of

__all__ = ["ImpliedVolatility", "implied_volatility", "of_forward", "sides_of"]

Vector = NDArray[np.float64]

LONGEST = 100.0
"""Years beyond which an expiry is hard to believe."""


@dataclass(frozen=True, slots=True, eq=False)
class ImpliedVolatility:
    """Implied volatilities with their verdicts; usable as an array of the volatilities.

    `volatility` a year (a fraction, or price units for Bachelier), NaN where there is none; `error`
    its error bar: half a tick, or the rounding of the price, carried to the volatility; `status`
    the `Verdict` codes; `steps` the attempts of each row; `tally` what bound the steps and what was
    refused, over all rows.
    """

    volatility: Vector
    error: Vector
    status: NDArray[np.int8]
    steps: NDArray[np.int8]
    tally: Tally
    greeks: Mapping[str, Vector] = field(default_factory=dict)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.volatility, dtype=dtype)

    def __float__(self) -> float:
        return float(self.volatility)

    def __len__(self) -> int:
        return len(self.volatility)

    def verdicts(self) -> dict[str, int]:
        """How many rows ended with each verdict."""
        codes, counts = (part.tolist() for part in np.unique(self.status, return_counts=True))
        return {Verdict(code).name.lower(): n for code, n in zip(codes, counts, strict=True)}

    def sentences(self) -> NDArray[np.str_]:
        """What became of each row, in words."""
        return np.array([verdict.sentence for verdict in Verdict])[self.status]

    def summary(self) -> str:
        """One line: rows, rows with a volatility, and the verdicts of the others."""
        return told(self.verdicts())

    def to_frame(self) -> Any:
        """A pandas frame with the columns iv, iv_error, iv_status and steps."""
        names = np.array([verdict.name.lower() for verdict in Verdict])
        return frame_of(
            {
                "iv": self.volatility.ravel(),
                "iv_error": self.error.ravel(),
                "iv_status": names[self.status.ravel()],
                "steps": self.steps.ravel(),
                **{name: column.ravel() for name, column in self.greeks.items()},
            }
        )

    def _repr_html_(self) -> str:
        return f"<p>{self.summary()}</p>{self.to_frame().head(20).to_html()}"


def implied_volatility(
    price: ArrayLike,
    *,
    strike: ArrayLike,
    expiry: ArrayLike,
    kind: ArrayLike,
    spot: ArrayLike | None = None,
    forward: ArrayLike | None = None,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    model: str = "black",
    tick: ArrayLike = 0.0,
    most_move: float = np.inf,
    errors: str = "nan",
    greeks: bool = False,
    threads: int | None = None,
    law: Law | None = None,
) -> ImpliedVolatility:
    """Implied volatility of European options, or the reason why there is none.

    All arguments broadcast. `price`, `strike`, and `spot` or `forward` (exactly one) in the same
    units; `expiry` in years; `rate` and `dividend` decimal, continuously compounded; `kind` "c" or
    "p", "call" or "put", +1 or -1. `model` "black" (Black-Scholes-Merton from a spot, Black-76 from
    a forward) or "bachelier" (normal; forward and strike of any sign). With the `tick` of the
    price, a row whose volatility one tick moves by more than `most_move` is answered with the
    verdict LOW_INFORMATION. A row that has no volatility gets NaN and a verdict, or with `errors`
    "raise" an `InputError` that names it. `greeks` adds the seven Greeks, of the spot where it is
    given, else of the forward. `threads` None is all; no bit depends on it.

    >>> from suite.finance.black import price
    >>> quote = price(0.2, forward=100.0, strike=110.0, expiry=0.5)
    >>> iv = implied_volatility(quote, forward=100.0, strike=110.0, expiry=0.5, kind="c")
    >>> round(float(iv), 14), Verdict(iv.status).name
    (0.2, 'SOLVED')
    """
    _check(model, errors, spot, forward)
    columns = [_numbers(v) for v in (price, strike, expiry, tick, rate, dividend)]
    base = _numbers(forward if spot is None else spot)
    call = sides_of(kind)
    try:
        shape = np.broadcast_shapes(*(np.shape(v) for v in (*columns, base, call)))
    except ValueError:
        shapes = ", ".join(str(np.shape(v)) for v in (*columns, base, call))
        raise InputError(f"The arguments do not broadcast; their shapes are {shapes}.") from None
    price, strike, years, ticks, rates, dividends, base, call = (
        _column(v, shape) for v in (*columns, base, call)
    )
    from_spot = spot is not None and model == "black"
    first, second = rates, dividends
    if not from_spot:
        base, first = _forward(base, rates, dividends, years, spot is not None)
        second = 0.0
    inputs = Inputs(price, strike, years, call, 0.5 * ticks, base, first, second)
    rows = int(np.prod(shape))
    solved = solve(inputs, rows, model=model, from_spot=from_spot, threads=threads, law=law)
    status = _doubted(solved.status, solved.error, ticks, years, most_move)
    if errors == "raise":
        _raise_first(status, price)
    found: dict[str, Vector] = {}
    if greeks:
        forwards = _forward(base, rates, dividends, years, from_spot)
        if not from_spot:
            forwards = base, first
        at: Any = (solved.volatility, forwards[0], strike, years, forwards[1], call > 0.0)
        value: Any = price
        found = all_greeks(*at, price=value, model=model, threads=threads)
        if spot is not None:
            spots = _column(_numbers(spot), shape)
            found = of_spot(found, forwards[0], spots, years, rates, dividends)
    return ImpliedVolatility(
        solved.volatility.reshape(shape),
        solved.error.reshape(shape),
        status.reshape(shape),
        solved.steps.reshape(shape),
        solved.tally,
        {name: column.reshape(shape) for name, column in found.items()},
    )


def _forward(base: Any, rates: Any, dividends: Any, years: Any, from_spot: bool) -> tuple[Any, Any]:
    """Forward and discount factor."""
    with np.errstate(all="ignore"):
        if not from_spot:
            return base, np.exp(-rates * years) if np.any(rates) else 1.0
        forward, _, discount, _ = carry(base, rates, dividends, years)
    return forward, discount


def of_forward(
    price: Vector,
    forward: Vector,
    strike: Vector,
    years: Vector,
    discount: Vector,
    call: NDArray[np.bool_],
    *,
    model: str = "black",
    tick: Vector | float = 0.0,
    most_move: float = np.inf,
    threads: int | None = None,
    law: Law | None = None,
) -> ImpliedVolatility:
    """Implied volatility of columns of quotes [rows], from forward and discount factor.

    `call` True, False, or +1, -1 and 0 where it is not known. A `tick` of NaN is none.

    >>> row = [np.array([v]) for v in (7.9655674554, 100.0, 100.0, 1.0, 1.0)]
    >>> of_forward(*row, np.array([True])).volatility.round(9)
    array([0.2])
    """
    side = np.where(call, 1.0, -1.0) if call.dtype == bool else call
    ticks = np.nan_to_num(np.asarray(tick, float))
    inputs = Inputs(price, strike, years, side, 0.5 * ticks, forward, discount, 0.0)
    solved = solve(inputs, len(price), model=model, threads=threads, law=law)
    status = _doubted(solved.status, solved.error, ticks, years, most_move)
    return ImpliedVolatility(solved.volatility, solved.error, status, solved.steps, solved.tally)


def sides_of(kind: ArrayLike) -> NDArray[Any]:
    """+1 for calls and -1 for puts, of "c"/"p", "call"/"put" in any case, of +1/-1, or of True
    for calls; else 0.

    >>> sides_of(["Call", "p", "straddle"])
    array([ 1., -1.,  0.])
    """
    if isinstance(kind, np.ma.MaskedArray):
        sides = sides_of(kind.data)
        return np.where(np.ma.getmaskarray(kind), 0.0, sides)
    kinds = np.asarray(kind)
    if kinds.dtype == bool:
        return np.where(kinds, 1.0, -1.0)
    if kinds.dtype.kind in "iuf":
        known = np.abs(kinds) == 1
        return np.asarray(kinds if known.all() else np.where(known, kinds, 0.0))
    words = kinds.astype(str)
    if words.dtype.itemsize == 4:  # single letters, compared as the numbers they are
        letters = np.ascontiguousarray(words).view(np.uint32).reshape(kinds.shape) | _LOWER
        return np.subtract(letters == ord("c"), letters == ord("p"), dtype=float)
    sides = np.zeros(kinds.shape)
    for word, side in _SIDES.items():
        sides[words == word] = side
    rest = sides == 0.0
    if rest.any():
        names, places = np.unique(words[rest], return_inverse=True)
        found = [_SIDES.get(name.strip().lower(), 0.0) for name in names.tolist()]
        sides[rest] = np.array(found)[places.ravel()]
    return sides


_LOWER = np.uint32(32)
_SIDES = {"c": 1.0, "p": -1.0, "C": 1.0, "P": -1.0, "call": 1.0, "put": -1.0}


def _check(model: str, errors: str, spot: Any, forward: Any) -> None:
    if model not in MODELS:
        raise InputError(f"model must be {' or '.join(map(repr, MODELS))}. Got {model!r}.")
    if errors not in ("nan", "raise"):
        raise InputError(f"errors must be 'nan' or 'raise'. Got {errors!r}.")
    if (spot is None) == (forward is None):
        raise InputError("Give exactly one of spot= and forward=.")


def _numbers(values: Any) -> NDArray[np.float64]:
    """Numbers; what is masked is missing."""
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(float), np.nan)
    try:
        found = np.asarray(values)
        if found.dtype.kind in "mMc":
            raise TypeError
        return found.astype(float, copy=False)
    except (TypeError, ValueError):
        raise InputError(f"Prices, strikes and times must be numbers. Got {values!r}.") from None


def _column(values: Any, shape: tuple[int, ...]) -> Any:
    """The values as one column, or as one number for all rows."""
    if values.ndim == 0:
        return values
    return (values if values.shape == shape else np.broadcast_to(values, shape)).ravel()


def _doubted(
    status: NDArray[np.int8], error: Vector, ticks: Any, years: Any, most_move: float
) -> NDArray[np.int8]:
    """The statuses with those added that are answered all the same."""
    if np.any(years > LONGEST):
        status = np.where((status == Verdict.SOLVED) & (years > LONGEST), Verdict.SUSPECT, status)
    if most_move < np.inf and np.any(ticks):
        # The error bar is half a tick's.
        low = answered(status) & (ticks > 0.0) & (2.0 * error > most_move)
        status = np.where(low, Verdict.LOW_INFORMATION, status)
    return np.asarray(status, np.int8)


def _raise_first(status: NDArray[np.int8], price: Any) -> None:
    """Name the first row without a volatility, if there is one."""
    without = np.flatnonzero(~answered(status))
    if len(without):
        row = int(without[0])
        value = float(price if np.ndim(price) == 0 else price[row])
        raise InputError(
            f"Row {row} has no implied volatility (price {value:g}): "
            f"{Verdict(int(status[row])).sentence} {len(without)} of {status.size} rows have none."
        )
