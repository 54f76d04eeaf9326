"""What an error of a service means: ask again, go slower, open a new session, or give up."""

from __future__ import annotations

import re
from typing import Any

from suite.errors import JobFailed, SuiteError
from suite.quantum.hardware.backends import without_secrets

__all__ = ["is_closed", "is_network", "is_over", "is_too_fast", "told"]

# The service's answer to too many requests; the runtime hands on its words without its number.
_TOO_FAST = re.compile(r"\b429\b|too many requests")


def is_closed(place: Any) -> bool:
    """Whether a session takes no more jobs; unknown counts as open."""
    if place is None:
        return True
    if not getattr(place, "_active", True):
        return True
    try:
        status = str(place.status() or "").lower()
    except Exception:  # a submission will say so, and is then met by a new session
        return False
    return status.startswith("closed") or "not accepting" in status


def is_over(error: Exception, place: Any) -> bool:
    """Whether a job was refused because its session has ended."""
    words = str(error).lower()
    said = any(word in words for word in ("session", "batch"))
    ended = any(word in words for word in ("closed", "expired", "not accept", "not active"))
    return (said and ended) or (place is not None and is_closed(place))


def is_too_fast(error: Exception) -> bool:
    """Whether the service was asked too often: by this run, or by others of the same user.

    >>> is_too_fast(RuntimeError("Failed to run program: '429 Client Error: Too Many Requests'"))
    True
    """
    status = getattr(error, "status_code", None)
    return status == 429 or _TOO_FAST.search(str(error).lower()) is not None


def is_network(error: Exception) -> bool:
    """Whether asking again may help: lost connections and the service's own trouble (5xx)."""
    if isinstance(error, OSError) or is_too_fast(error):
        return True
    status = getattr(error, "status_code", None)
    words = str(error).lower()
    lost = any(w in words for w in ("connection", "timed out", "timeout", "temporarily", "502"))
    return lost or (isinstance(status, int) and status >= 500)


def told(name: str, error: Exception) -> SuiteError:
    """An error of the machine's service in one sentence, without what must stay secret."""
    if isinstance(error, SuiteError):
        return error
    words = " ".join(str(error).split())
    return JobFailed(without_secrets(f"{name} refuses: {type(error).__name__}: {words}"))
