"""How fast jobs may be sent: a service counts those of a user in every minute."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["JOBS_A_MINUTE", "MINUTE", "least_seconds", "pause"]

JOBS_A_MINUTE = 5
"""Jobs a user may create in a minute, on every plan (IBM Quantum, REST API, "Run a job")."""
MINUTE = 60.0


def pause(sent: Sequence[float], now: float) -> float:
    """Seconds to wait at the time `now` before the next job, after those sent at times [k], sorted.

    >>> pause([0.0, 10.0, 20.0, 30.0], 31.0), pause([0.0, 10.0, 20.0, 30.0, 31.0], 32.0)
    (0.0, 28.0)
    """
    if len(sent) < JOBS_A_MINUTE:
        return 0.0
    return max(0.0, sent[-JOBS_A_MINUTE] + MINUTE - now)


def least_seconds(jobs: int) -> float:
    """Seconds that pass at least between the first and the last of so many jobs.

    >>> least_seconds(5), least_seconds(6), least_seconds(11)
    (0.0, 60.0, 120.0)
    """
    return MINUTE * (max(jobs - 1, 0) // JOBS_A_MINUTE)
