"""What became of one quote: an implied volatility, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Verdict", "answered", "told"]


class Verdict(IntEnum):
    """The end of one row, with its sentence, and whether such a row carries a volatility.

    >>> Verdict.BELOW_INTRINSIC.sentence
    'The price is below the intrinsic value: no volatility gives it.'
    >>> Verdict.AMERICAN.answered, Verdict.ZERO_BID.answered
    (True, False)
    """

    sentence: str
    answered: bool

    def __new__(cls, code: int, sentence: str = "", answered: bool = False) -> Verdict:
        member = int.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        member.answered = answered
        return member

    SOLVED = 0, "Solved.", True
    BELOW_INTRINSIC = 1, "The price is below the intrinsic value: no volatility gives it."
    NO_TIME_VALUE = 2, "No time value is left at the precision of the price."
    ABOVE_MAXIMUM = 3, "The price is at or above the upper bound: no finite volatility gives it."
    ZERO_BID = 4, "The bid is zero: the middle of bid and ask is no price."
    ONE_SIDED = 5, "Bid or ask is missing: there is no middle price."
    CROSSED = 6, "The bid is above the ask: the market is crossed."
    EXPIRED = 7, "The option has expired: no time is left."
    MISSING_FIELD = 8, "A field is missing, unreadable or out of range."
    NO_FORWARD = 9, "Too few call and put pairs at this expiry to find its forward."
    NOT_CONVERGED = 10, "The inversion did not converge under the law that was given."
    EXPIRES_TODAY = 11, "The option expires on the day of the quote: its time needs a clock."
    LOW_INFORMATION = 12, "Answered, but one tick of the price moves the volatility too far.", True
    AMERICAN = 13, "Answered as if it were European; it can be exercised early.", True
    STALE = 14, "Answered from a price that is older than the rest of the table.", True
    SUSPECT = 15, "Answered, but a field is hard to believe.", True


_ANSWERED = np.array([verdict.answered for verdict in Verdict])


def answered(status: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether rows with these codes carry a volatility.

    >>> answered(np.array([0, 1, 13]))
    array([ True, False,  True])
    """
    return np.asarray(_ANSWERED[status])


def told(verdicts: Mapping[str, int]) -> str:
    """One line: rows, rows with a volatility, and the verdicts of the others.

    >>> told({"solved": 429, "below_intrinsic": 5})
    '434 rows, 429 solved, 5 below intrinsic'
    >>> told({"american": 1761, "zero_bid": 148})
    '1,909 rows, 1,761 with a volatility (1,761 american), 148 zero bid'
    """
    parts: dict[bool, list[str]] = {True: [], False: []}
    known = 0
    for name, count in verdicts.items():
        verdict = Verdict[name.upper()]
        known += count if verdict.answered else 0
        parts[verdict.answered].append(f"{count:,} {name.replace('_', ' ')}")
    solved = f"{known:,} solved"
    if parts[True] not in ([], [solved]):
        solved = f"{known:,} with a volatility ({', '.join(parts[True])})"
    return ", ".join([f"{sum(verdicts.values()):,} rows", solved, *parts[False]])
