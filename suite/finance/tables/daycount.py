"""From a quote to its expiration in years: clocks, day counts and the days without a market."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.errors import InputError

__all__ = ["CONVENTIONS", "expiry_instants", "half_days", "holidays", "year_fraction"]

Vector = NDArray[np.float64]
Days = NDArray[np.datetime64]

CONVENTIONS = ("ACT/365", "ACT/365.25", "BUS/252")
"""Day counts: calendar days over 365 or 365.25, or days of the US options market over 252."""

_OPEN, _CLOSE, _EARLY = (np.timedelta64(minutes, "m") for minutes in (570, 960, 780))
DERIBIT = np.timedelta64(8, "h")


def year_fraction(
    quoted: ArrayLike,
    expires: ArrayLike,
    convention: str = "ACT/365",
    timed: ArrayLike = True,
) -> Vector:
    """Years from quotes to the instants of their expiration; NaN where either is NaT.

    `quoted` and `expires` (both datetime64, broadcast) are on one clock: the exchange's own, New
    York for US options, UTC for Deribit. Naive timestamps are taken as that; `fields` brings aware
    ones to it. Where `timed` is False the quote has a day but no clock, and whole days are counted.
    With BUS/252 a day is a session of the US market, of which the part that is left counts.
    Raises `InputError` for another convention.

    >>> quoted, expires = np.datetime64("2025-10-06T15:45"), np.datetime64("2025-10-10T16:00")
    >>> days = 365 * year_fraction(quoted, expires)
    >>> round(float(days), 6), float(365 * year_fraction(quoted, expires, timed=False))
    (4.010417, 4.0)
    """
    name = convention.strip().upper()
    if name not in CONVENTIONS:
        raise InputError(f"convention must be {', '.join(CONVENTIONS)}. Got {convention!r}.")
    start = np.asarray(quoted, "datetime64[s]")
    end = np.asarray(expires, "datetime64[s]")
    start, end, clock = np.broadcast_arrays(start, end, np.asarray(timed, bool))
    if name == "BUS/252":
        return (_sessions(end, clock) - _sessions(start, clock)) / 252.0
    whole = (end.astype("datetime64[D]") - start.astype("datetime64[D]")).astype("timedelta64[s]")
    seconds = np.where(clock, end - start, whole)
    days = np.where(np.isnat(seconds), np.nan, seconds.astype(float) / 86400.0)
    return np.asarray(days / (365.0 if name == "ACT/365" else 365.25))


def _sessions(instant: Days, clock: NDArray[np.bool_]) -> Vector:
    """Sessions of the US market since 1970 up to an instant, or up to its day without a clock."""
    day = instant.astype("datetime64[D]")
    known = ~np.isnat(day)
    safe = np.where(known, day, np.datetime64("1970-01-01"))
    off, early = _calendar(safe)
    count = np.busday_count(np.datetime64("1970-01-01"), safe, holidays=off).astype(float)
    close = np.where(np.isin(safe, early), _EARLY, _CLOSE)
    with np.errstate(invalid="ignore"):
        part = (instant - safe - _OPEN).astype("timedelta64[s]").astype(float)
        part = np.clip(part / (close - _OPEN).astype("timedelta64[s]").astype(float), 0.0, 1.0)
    part = np.where(clock & np.is_busday(safe, holidays=off), part, 0.0)
    return np.where(known, count + part, np.nan)


def _calendar(day: Days) -> tuple[Days, Days]:
    if not day.size:
        return np.array([], "datetime64[D]"), np.array([], "datetime64[D]")
    years = np.clip(day.astype("datetime64[Y]").astype(int) + 1970, 1970, 2400)
    first, last = int(years.min()), int(years.max())
    return holidays(min(first, 1970), last), half_days(first, last)


def expiry_instants(expiration: Days, root_am: ArrayLike, coin: ArrayLike) -> Days:
    """When options that expire on these days do so, on the exchange's clock.

    At 16:00 in New York, at 13:00 on half days, at 9:30 where `root_am` says that they settle on
    opening prices, and at 8:00 UTC where `coin` says that they are Deribit's. A day without a
    market, like the Saturdays on which US options expired until 2015, stands for the last session
    before it; Deribit's coins trade on all days.

    >>> day = np.array(["2025-12-19", "2025-12-24"], "datetime64[D]")
    >>> expiry_instants(day, [True, False], False).astype("datetime64[m]").astype(str).tolist()
    ['2025-12-19T09:30', '2025-12-24T13:00']
    """
    day = np.asarray(expiration, "datetime64[D]")
    missing = np.isnat(day)
    off, early = _calendar(day[~missing])
    safe = np.where(missing, np.datetime64("1970-01-02"), day)
    session = np.busday_offset(safe, 0, roll="backward", holidays=off)
    day = np.where(missing | np.asarray(coin, bool), day, session)
    hour = np.where(np.isin(day, early), _EARLY, _CLOSE)
    hour = np.where(np.asarray(root_am, bool), _OPEN, hour)
    hour = np.where(np.asarray(coin, bool), DERIBIT.astype("timedelta64[m]"), hour)
    return np.asarray(day.astype("datetime64[s]") + hour)


def holidays(first: int, last: int) -> Days:
    """The days from Monday to Friday of these years (both included) without a US options market.

    By today's rules: no market was ever closed for mourning or storms here.

    >>> holidays(2025, 2025).astype(str).tolist()[:5]
    ['2025-01-01', '2025-01-20', '2025-02-17', '2025-04-18', '2025-05-26']
    """
    days = [day for year in range(first, last + 1) for day in _closed(year)]
    return np.array(sorted(day for day in days if day.weekday() < 5), "datetime64[D]")


def half_days(first: int, last: int) -> Days:
    """The days of these years (both included) on which the US market closes at 13:00.

    >>> half_days(2025, 2025).astype(str).tolist()
    ['2025-07-03', '2025-11-28', '2025-12-24']
    """
    found = []
    for year in range(first, last + 1):
        off = set(_closed(year))
        after_thanksgiving = _nth(year, 11, 3, 4) + datetime.timedelta(1)
        eves = [datetime.date(year, 7, 3), after_thanksgiving, datetime.date(year, 12, 24)]
        found += [day for day in eves if day.weekday() < 5 and day not in off]
    return np.array(found, "datetime64[D]")


def _closed(year: int) -> Iterator[datetime.date]:
    """Holidays of the New York Stock Exchange, in order."""
    new_year = datetime.date(year, 1, 1)
    # A New Year on a Saturday is not moved into the old year.
    yield new_year + datetime.timedelta(new_year.weekday() == 6)
    if year >= 1998:
        yield _nth(year, 1, 0, 3)
    yield _nth(year, 2, 0, 3)
    yield _easter(year) - datetime.timedelta(2)
    yield _nth(year, 6, 0, 1) - datetime.timedelta(7)
    if year >= 2022:
        yield _observed(datetime.date(year, 6, 19))
    yield _observed(datetime.date(year, 7, 4))
    yield _nth(year, 9, 0, 1)
    yield _nth(year, 11, 3, 4)
    yield _observed(datetime.date(year, 12, 25))


def _observed(day: datetime.date) -> datetime.date:
    """A Saturday's holiday is kept on Friday, a Sunday's on Monday."""
    return day + datetime.timedelta({5: -1, 6: 1}.get(day.weekday(), 0))


def _nth(year: int, month: int, weekday: int, n: int) -> datetime.date:
    """The n-th Monday (0) to Sunday (6) of a month."""
    first = datetime.date(year, month, 1)
    return first + datetime.timedelta((weekday - first.weekday()) % 7 + 7 * (n - 1))


def _easter(year: int) -> datetime.date:
    """Easter Sunday of the Gregorian calendar, by the rule that Nature printed in 1876."""
    golden, century, of_century = year % 19, year // 100, year % 100
    shift = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - century // 4 - shift + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return datetime.date(year, month, day + 1)
