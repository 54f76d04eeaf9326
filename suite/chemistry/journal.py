"""Where the tracks of a job are kept and who watches them, and how one track is carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from suite.core import Attempt, Point, Record, Status, Store, run
from suite.errors import SuiteError

__all__ = ["Journal", "Unfinished"]


class Unfinished(SuiteError):
    """A search ended before its goal; `status` says how, the sentence what to do."""

    def __init__(self, sentence: str, status: Status) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True, eq=False)
class Journal:
    """The record of a job, its run file if it has one, who may stop it and who watches.

    `observe` functions are called with the track and each attempt; `stop` functions may end a
    track with a status.

    >>> from suite.core import begin, Fixed
    >>> def done(start):
    ...     yield start._replace(status=Status.CONVERGED)
    >>> Journal().carry("example", done, lambda: begin(1.0, Fixed(), 0.0))
    (<Status.CONVERGED: 1>, 1.0)
    """

    record: Record = field(default_factory=Record)
    store: Store | None = None
    observe: tuple[Callable[[str, Attempt], object], ...] = ()
    stop: tuple[Callable[[Attempt], Status], ...] = ()

    def carry(
        self,
        track: str,
        walk: Callable[[Attempt | Point], Iterator[Attempt]],
        prepare: Callable[[], Attempt],
    ) -> tuple[Status, Any]:
        """Carry a track to its end, from where an earlier process left it: status and state."""
        last: list[Attempt] = []

        def look(attempt: Attempt) -> None:
            last[:] = [attempt]
            for watch in self.observe:
                watch(track, attempt)

        status = run(
            walk,
            prepare,
            self.record,
            store=self.store,
            track=track,
            stop=self.stop,
            observe=(look,),
        )
        if last:
            return status, last[0].after.state
        point = self.store.point(track) if self.store is not None else None
        if point is None:
            raise ValueError(f"Track {track} has ended and left no point.")
        return status, point.state
