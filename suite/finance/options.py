"""What can be asked of a quote table, for the library and the command line alike."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from suite.core.law import Law
from suite.errors import InputError

__all__ = ["Options", "options_of"]

PRICES = ("mid", "bid", "ask", "last")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Options:
    """How a quote table is solved; every field has the value that is right for most tables.

    `quoted` date, or date and time, of the quotes where the table has none. `price` which of mid,
    bid, ask and last `iv` is the volatility of; last is never taken unasked. `forward`, `spot`,
    `rate` and `dividend` (numbers, or one a row; rates decimal, continuously compounded) overrule
    the table's columns; with neither, forwards come from put-call parity. `curve` a `RateCurve` or
    its file: discount factors alone, the forward is still parity's unless dividends are given too.
    `convention` ACT/365, ACT/365.25 or BUS/252. `exercise` 'european' or 'american' where root and
    table say otherwise. `errors` 'nan', or 'raise' to refuse a table with a row that has no
    volatility. `tick` the price's (a number, or one a row) and `most_move`: a volatility that one
    tick moves further has the verdict LOW_INFORMATION. `greeks` adds the seven Greeks, per unit of
    the forward. `model` 'black' or 'bachelier'. `stale_after` the age, beside the newest quote,
    from which a row is stale, in a `snapshot`: a table whose rows have quote times of their own,
    but are one look at the market (None: where the vendor's tables are such). `threads` None for
    all; `law` of the inversion's steps.
    Raises `InputError` for values that mean nothing.

    >>> Options(price="bid").price
    'bid'
    """

    quoted: str | None = None
    price: str = "mid"
    forward: Any = None
    spot: Any = None
    rate: Any = None
    dividend: Any = None
    curve: Any = None
    convention: str = "ACT/365"
    exercise: str | None = None
    errors: str = "nan"
    tick: Any = None
    most_move: float = math.inf
    greeks: bool = False
    model: str = "black"
    stale_after: str = "1D"
    snapshot: bool | None = None
    threads: int | None = None
    law: Law | None = None

    def __post_init__(self) -> None:
        _one_of("price", self.price, PRICES)
        _one_of("errors", self.errors, ("nan", "raise"))
        _one_of("model", self.model, ("black", "bachelier"))
        if self.forward is not None and self.spot is not None:
            raise InputError("Give one of forward and spot, not both.")
        if self.spot is not None and self.rate is None and self.curve is None:
            raise InputError(
                "A spot needs a rate, or a curve, to be carried to a forward (and a dividend yield "
                "where there are dividends)."
            )
        for name in ("forward", "spot", "rate", "dividend", "tick"):
            _check_number(name, getattr(self, name))
        _check_most_move(self.most_move)
        _check_threads(self.threads)
        _check_stale_after(self.stale_after)


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"{name} must be {', '.join(allowed)}. Got {value!r}.")


def _check_number(name: str, value: Any) -> None:
    """One number for all rows must be one; numbers of rows are judged row by row."""
    number = _number(value)
    if number is None:
        return
    if not math.isfinite(number):
        raise InputError(f"{name} must be a finite number. Got {value}.")
    if name == "tick" and not number > 0.0:
        raise InputError(f"tick must be positive. Got {value}.")


def _number(value: Any) -> float | None:
    """A single number; None for what is none, which the table's reader refuses, or for many."""
    if value is None or np.ndim(value):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _check_most_move(value: Any) -> None:
    number = _number(value)
    if number is None or not number > 0.0:
        raise InputError(f"most_move must be a positive number. Got {value!r}.")


def _check_threads(value: Any) -> None:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if value is not None and not (whole and value >= 1):
        raise InputError(f"threads must be a whole number of 1 or more. Got {value!r}.")


def _check_stale_after(value: Any) -> None:
    """Refuse what is no time also where it is not needed; times are read where tables are."""
    from suite.finance.tables.fields import span_of

    span_of(value)


def options_of(given: Mapping[str, Any]) -> Options:
    """Options by name; `InputError` for a name that is none.

    >>> options_of({"rate": 0.04}).rate
    0.04
    """
    names = [option.name for option in fields(Options)]
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(
                f"There is no option {name!r}; the options are {', '.join(names)}.{hint}"
            )
    return Options(**given)
