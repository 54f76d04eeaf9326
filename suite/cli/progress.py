"""How far a long run is, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from suite.cli.output import say

__all__ = ["progress_of_parts"]

EVERY = 10.0
"""Seconds between two lines where there is no terminal."""


@contextmanager
def progress_of_parts() -> Iterator[Callable[[Any], None]]:
    """An observer of a stream's `Progress`: a bar on a terminal, else a line at times."""
    if sys.stderr.isatty():
        with _bar() as watch:
            yield watch
    else:
        yield _lines()


@contextmanager
def _bar() -> Iterator[Callable[[Any], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} rows, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def watch(now: Any) -> None:
            if now.stage not in tasks:
                tasks[now.stage] = bars.add_task(now.stage, total=now.total, rate=0.0)
            bars.update(tasks[now.stage], completed=now.done, total=now.total, rate=now.rate)

        yield watch


def _lines() -> Callable[[Any], None]:
    last = time.monotonic()

    def watch(now: Any) -> None:
        nonlocal last
        if time.monotonic() - last < EVERY:
            return
        last = time.monotonic()
        say(
            f"{now.stage}: {now.done:,} of {now.total:,} rows, {now.rate:,.0f} a second, "
            f"{now.left:.0f} s left"
        )

    return watch
