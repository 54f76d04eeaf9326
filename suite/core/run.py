"""A whole run: from where the store left off, through a march, into the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from suite.core.march import Attempt, Point, finish
from suite.core.record import Record
from suite.core.status import Status
from suite.core.store import Store

__all__ = ["run"]

# These end a process, not the run.
_TO_GO_ON = (Status.OUT_OF_BUDGET, Status.INTERRUPTED)


def run(
    walk: Callable[[Attempt | Point], Iterator[Attempt]],
    prepare: Callable[[], Attempt],
    record: Record,
    *,
    store: Store | None = None,
    track: str = "main",
    stop: tuple[Callable[[Attempt], Status], ...] = (),
    observe: tuple[Callable[[Attempt], object], ...] = (),
) -> Status:
    """Carry one track to its end, filling `record`; answers how it ended.

    With a store, the attempts of an earlier process are read back instead of being made again,
    and each new one is kept before anybody sees it. `prepare()` makes attempt 0 of a fresh track.
    """
    if store is not None:
        for row in store.rows(track):
            record.append(row)
            status = Status[row["status"].upper()] if row["status"] else Status.RUNNING
            if status and status not in _TO_GO_ON:
                return status
    point = store.point(track) if store is not None else None
    keep = partial(record.add if store is None else partial(_written, record, store), track=track)
    return finish(walk(point or prepare()), stop, (keep, *observe)).status


def _written(record: Record, store: Store, attempt: Attempt, track: str) -> None:
    """Keep an attempt in the store before anybody sees it."""
    record.append(store.write(attempt, track))
