"""The search for the saddle of a job, and when it is given up: without one it should end soon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from suite.chemistry.ends.both import gap
from suite.chemistry.journal import Journal, Unfinished
from suite.chemistry.stationary.saddle import Saddle, refine
from suite.chemistry.stationary.state import Stationary
from suite.chemistry.surfaces import Surface
from suite.core import Attempt, Record, Status
from suite.errors import InputError

__all__ = ["search"]

Vector = NDArray[np.float64]

APART = 3.5
"""Fragments (angstrom) farther apart than this share no bond that a saddle could break."""
FARTHER = 0.5
"""How much farther (angstrom) than in the guess they must be for the search to be given up."""
PATIENCE = 40
"""Attempts without a smaller gradient than before after which a search is given up."""
TRACK = "saddle"


def search(
    surface: Surface, x: Vector, *, mode: int | None, journal: Journal
) -> tuple[Stationary, Saddle]:
    """Refine a guess x [n] (bohr) to a proved saddle, or give up where there is none to be found.

    As `refine`, which it calls; in addition it raises `Unfinished` where the search drives
    fragments apart or makes no headway, and `InputError` where what it was given are fragments.
    """
    first = gap(surface, x)

    def apart(attempt: Attempt) -> Status:
        now = gap(surface, attempt.after.state.x)
        gone = now > max(APART, first + FARTHER)
        return Status.OUT_OF_ATTEMPTS if gone else Status.RUNNING

    rules = (apart, _no_headway(journal.record))
    try:
        place, saddle = refine(
            surface, x, mode=mode, journal=replace(journal, stop=(*journal.stop, *rules))
        )
    except Unfinished as error:
        told = _apart_at_last(surface, journal.record, first) or _since_best(journal.record)
        raise Unfinished(told or str(error), error.status) from error
    if (distance := gap(surface, place.x)) > APART:
        raise InputError(_sentence(distance))
    return place, saddle


def _no_headway(record: Record) -> Callable[[Attempt], Status]:
    """Whether the smallest gradient so far is long past; read from the record, so that a resumed
    search ends where an uninterrupted one does."""

    def rule(attempt: Attempt) -> Status:
        found = [*_gradients(record), attempt.trial.notes.get("max_gradient", np.inf)]
        since = len(found) - 1 - int(np.argmin(found))
        return Status.OUT_OF_ATTEMPTS if since >= PATIENCE else Status.RUNNING

    return rule


def _gradients(record: Record) -> list[float]:
    return [row["notes"].get("max_gradient", np.inf) for row in record if _is_search(row)]


def _since_best(record: Record) -> str:
    """What to say where the search made no headway; empty where it did."""
    found = _gradients(record)
    if not found or len(found) - 1 - int(np.argmin(found)) < PATIENCE:
        return ""
    return (
        f"The saddle was not found: the last {PATIENCE} attempts met no smaller gradient than the "
        f"{min(found):.1e} hartree/bohr (largest component) before them; start nearer to the "
        f"barrier, or follow another --mode."
    )


def _is_search(row: dict[str, object]) -> bool:
    return row["track"] == TRACK and "displaced" not in row["notes"]  # type: ignore[operator]


def _apart_at_last(surface: Surface, record: Record, first: float) -> str:
    """What to say where the search ended with its fragments apart; empty where it did not."""
    places = [row["notes"]["x"] for row in record if row["track"] == TRACK and "x" in row["notes"]]
    distance = gap(surface, np.asarray(places[-1])) if places else 0.0
    return _sentence(distance) if distance > max(APART, first + FARTHER) else ""


def _sentence(distance: float) -> str:
    return (
        f"The search for a saddle ended in fragments {distance:.1f} angstrom apart, which is no "
        f"transition state: start nearer to the barrier, or follow another --mode."
    )
