"""The one door to distributed execution: a function over many parts, on Dask or in a plain loop."""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from suite.errors import InputError, SuiteError, missing

__all__ = ["map_parts"]

Part = TypeVar("Part")
Result = TypeVar("Result")

AHEAD = 2
"""Parts given out for each worker: one in work and one that waits, so that memory is bounded."""


def map_parts(
    function: Callable[[Part], Result], parts: Iterable[Part], cluster: str | None = None
) -> Iterator[Result]:
    """The results of a function for every part, in the order of the parts, as they are ready.

    `cluster` is None for a plain loop in this process, `local:4` for four worker processes on this
    machine, or the address of a Dask scheduler (`tcp://host:8786`), whose workers must have this
    package. Parts are drawn as workers get free. What was opened here is closed with the iterator,
    also when it is left early; a scheduler given by address goes on. Raises what the function
    raises, saying in which part; `InputError` for an address at which nobody answers;
    `MissingPackage` where Dask is not installed.

    >>> list(map_parts(abs, [-1, 2, -3]))
    [1, 2, 3]
    """
    if cluster is None:
        return _one_by_one(function, parts)
    workers = _local_workers(cluster)
    try:
        import distributed
    except ImportError as error:
        raise missing("dask", "distributed") from error
    return _on_cluster(distributed, function, parts, cluster, workers)


def _one_by_one(function: Callable[[Part], Result], parts: Iterable[Part]) -> Iterator[Result]:
    for number, part in enumerate(parts):
        with _telling(number):
            result = function(part)
        yield result


def _local_workers(cluster: str) -> int | None:
    """How many workers `local:N` asks for; None for an address."""
    if not re.match(r"local\b", cluster):
        return None
    found = re.fullmatch(r"local(?::(\d+))?", cluster)
    count = int(found[1] or os.cpu_count() or 1) if found else 0
    if count < 1:
        raise InputError(f"A cluster is an address or local:4 (four workers). Got {cluster!r}.")
    return count


def _on_cluster(
    distributed: Any,
    function: Callable[[Part], Result],
    parts: Iterable[Part],
    cluster: str,
    workers: int | None,
) -> Iterator[Result]:
    with ExitStack() as opened:
        client = _client(distributed, cluster, workers, opened)
        most = AHEAD * max(1, sum(client.nthreads().values()))
        waiting: deque[tuple[int, Any]] = deque()
        try:
            for number, part in enumerate(parts):
                if len(waiting) >= most:
                    yield _result(distributed, *waiting.popleft())
                waiting.append((number, _submitted(client, function, part)))
            while waiting:
                yield _result(distributed, *waiting.popleft())
        finally:
            client.cancel([future for _, future in waiting])


def _client(distributed: Any, cluster: str, workers: int | None, opened: ExitStack) -> Any:
    if workers is not None:
        local = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.ERROR,
        )
        return opened.enter_context(distributed.Client(opened.enter_context(local)))
    try:
        return opened.enter_context(distributed.Client(cluster, timeout=10))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"No Dask scheduler answers at {cluster!r}. Give an address like tcp://host:8786, or "
            f"local:4 for four workers on this machine."
        ) from error


def _submitted(client: Any, function: Callable[[Part], Result], part: Part) -> Any:
    with warnings.catch_warnings():
        # A part may be a table; few of them are under way at a time.
        warnings.filterwarnings("ignore", message="Sending large graph", category=UserWarning)
        return client.submit(function, part, pure=False)


def _result(distributed: Any, number: int, future: Any) -> Any:
    with _telling(number):
        try:
            return future.result()
        except distributed.KilledWorker as error:
            raise SuiteError(
                "every worker that took it died, most likely for want of memory. Give the workers "
                "more, or make the parts smaller."
            ) from error


@contextmanager
def _telling(number: int) -> Iterator[None]:
    """Say in which part something failed."""
    try:
        yield
    except SuiteError as error:
        raise type(error)(f"Part {number}: {error}") from error
    except Exception as error:
        error.add_note(f"This happened in part {number}.")
        raise
