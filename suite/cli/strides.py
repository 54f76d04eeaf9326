"""How far an integration is, on standard error: a line at times, for attempts come in thousands."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from suite.cli.output import say

if TYPE_CHECKING:
    from suite.core import Attempt

__all__ = ["strides"]

FIRST = 2.0
"""Seconds until the first line; later ones come after a fifth of what has passed, up to `LAST`."""
LAST = 30.0
CHANGES = 20
"""Changes of the method that are told as they come."""


def strides() -> Callable[[Attempt], None]:
    """An observer that tells where a run stands, ever more seldom, and when its method changes."""
    began = last = time.monotonic()
    evaluations = changes = 0
    phase: str | None = None

    def watch(attempt: Attempt) -> None:
        nonlocal last, evaluations, changes, phase
        evaluations += attempt.trial.cost.get("evaluations", 0)
        if phase not in (None, attempt.phase):
            changes += 1
            if changes <= CHANGES:
                say(f"{_where(attempt)}: {phase} hands over to {attempt.phase}")
        phase = attempt.phase
        now = time.monotonic()
        if now - last < min(max(FIRST, 0.2 * (last - began)), LAST):
            return
        last = now
        say(
            f"{_where(attempt)}, step {attempt.step.size:.2e} bound by {attempt.bound}, "
            f"{attempt.number:,} attempts, {evaluations:,} evaluations"
        )

    return watch


def _where(attempt: Attempt) -> str:
    return f"t = {float(attempt.after.state.time):.8g}"
