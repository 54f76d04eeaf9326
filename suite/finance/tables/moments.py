"""When all quotes of a table were made, where the table itself does not say it to the minute."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suite.errors import InputError
from suite.finance.tables.cells import Times, is_day_first, times
from suite.finance.tables.daycount import half_days

__all__ = ["one_time", "whole_days", "with_clock"]

_EARLIER_CLOCK = np.datetime64("2020-02-05")


def whole_days(days: NDArray[np.float64]) -> Any:
    """Days as whole numbers, with what is none as NaT's number."""
    safe = np.where(np.abs(days) < 1e6, days, 0.0)
    whole = np.round(safe).astype("timedelta64[D]")
    return np.where(np.abs(days) < 1e6, whole, np.timedelta64("NaT", "D"))


def one_time(text: str, zone: str, rows: int) -> Times:
    """The time of all quotes from the option."""
    cell = pd.Series([str(text)], dtype=object)
    found = times(cell, zone, is_day_first([cell], "for --quoted"))
    if np.isnat(found.instant[0]):
        raise InputError(f"--quoted must be a date like 2025-10-06. Got {text!r}.")
    return Times(np.repeat(found.instant, rows), np.repeat(found.timed, rows))


def with_clock(found: Times, clock: str) -> Times:
    """Quotes that have a date only, at the time of day which the vendor takes its snapshot."""
    if not clock or found.timed.any():
        return found
    day = found.instant.astype("datetime64[D]")
    hour, minute = map(int, clock.split(":"))
    late = np.timedelta64(60 * hour + minute, "m")
    known = day[~np.isnat(day)]
    years = known.astype("datetime64[Y]").astype(int) + 1970
    early = half_days(int(years.min()), int(years.max())) if known.size else known
    # On half days the snapshot comes three hours sooner, since a day in 2020.
    early = np.isin(day, early[early >= _EARLIER_CLOCK])
    at = np.where(early, late - np.timedelta64(180, "m"), late)
    return Times(day.astype("datetime64[s]") + at, ~np.isnat(day))
