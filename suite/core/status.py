"""How a run, or one row of a batch, can end; each member carries the sentence a user reads."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Status"]


class Status(IntEnum):
    """The end of a run or a row; `RUNNING` is zero, so that a status is true once it has ended.

    An integer, because the same `until` function answers for one trajectory and for an array of
    rows. `sentence` is the text shown to the user, `finished` says whether the goal was met.

    >>> Status.CONVERGED.sentence
    'Converged: the stopping criterion is met.'
    >>> bool(Status.RUNNING), Status.STALLED.finished
    (False, False)
    """

    sentence: str
    finished: bool

    def __new__(cls, code: int, sentence: str = "", finished: bool = False) -> Status:
        member = int.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        member.finished = finished
        return member

    RUNNING = 0, "Not finished yet."
    CONVERGED = 1, "Converged: the stopping criterion is met.", True
    ENDPOINT = 2, "Endpoint reached.", True
    STALLED = (
        3,
        "Stalled at rounding: what a step could still gain is below the noise of measuring it.",
    )
    UNDERFLOW = 4, "Step size underflow: the law asks for a step below the smallest allowed."
    NOT_FINITE = (
        5,
        "Not finite: every step down to the smallest allowed led to NaN or infinity.",
    )
    FAILED = 6, "The function failed at every step down to the smallest allowed."
    OUT_OF_ATTEMPTS = (
        7,
        "Out of attempts: the allowed number was used up; the results so far are kept.",
    )
    OUT_OF_BUDGET = 8, "Out of budget: the allowed cost was used up; the results so far are kept."
    INTERRUPTED = 9, "Interrupted; the results so far are kept and the run can be resumed."
    EVENT = 10, "A terminal event occurred.", True
    SINGULAR = (
        11,
        "Singular: the solution does not go beyond a finite time; it is kept up to there.",
    )
    STIFF = (
        12,
        "Stiff: stability and not accuracy held the steps down until the budget was used up; the "
        "results so far are kept.",
    )
    DISCONTINUOUS = (
        14,
        "Discontinuous: the function jumps along the solution, which steps do not get beyond; the "
        "results so far are kept.",
    )
    ROUNDING = (
        13,
        "Endpoint reached at the rounding floor: the tolerance asked for is below rounding, so "
        "the results are as good as double precision makes them and no better.",
    )

    def __str__(self) -> str:
        """The name as summaries and users write it.

        >>> str(Status.OUT_OF_BUDGET)
        'out_of_budget'
        """
        return self.name.lower()
