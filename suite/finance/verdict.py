"""What became of one quote: an implied volatility, or the reason why there is none."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from suite.core import Status

__all__ = ["Verdict", "of_status"]


class Verdict(IntEnum):
    """The end of one row; only `SOLVED` rows carry a volatility.

    >>> Verdict.BELOW_INTRINSIC.sentence
    'The price is below the intrinsic value: no volatility gives it.'
    """

    sentence: str

    def __new__(cls, code: int, sentence: str = "") -> Verdict:
        member = int.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        return member

    SOLVED = 0, "Solved."
    BELOW_INTRINSIC = 1, "The price is below the intrinsic value: no volatility gives it."
    NO_TIME_VALUE = 2, "The price equals the intrinsic value: no time value is left to invert."
    ABOVE_MAXIMUM = 3, "The price is at or above the upper bound: no finite volatility gives it."
    ZERO_BID = 4, "The bid is zero: the middle of bid and ask is no price."
    ONE_SIDED = 5, "Bid or ask is missing: there is no middle price."
    CROSSED = 6, "The bid is above the ask: the market is crossed."
    EXPIRED = 7, "The option has expired: no time is left."
    MISSING_FIELD = 8, "A field is missing, unreadable or out of range: see iv_note."
    NO_FORWARD = 9, "Too few call and put pairs at this expiry to find its forward."
    NOT_CONVERGED = 10, "The inversion did not converge under the law that was given."
    EXPIRES_TODAY = 11, "The option expires on the day of the quote: its time needs a clock."


def of_status(status: NDArray[np.int64]) -> NDArray[np.int64]:
    """The verdicts of rows that were handed to the solver, from how they ended there.

    A row that stalls at rounding has the best answer there is, so it is solved.
    """
    solved = (status == Status.CONVERGED) | (status == Status.STALLED)
    return np.where(solved, Verdict.SOLVED, Verdict.NOT_CONVERGED)
