"""Cells of a table as numbers and times; what cannot be read is missing, not an error."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suite.errors import InputError
from suite.finance.forwards.curve import MOST_DECIMAL

__all__ = ["Times", "codes_of", "is_day_first", "is_percent", "kinds", "numbers", "rates", "times"]

Vector = NDArray[np.float64]
Flags = NDArray[np.bool_]

_MOST = 1e150
_YEARS = np.array(["1980", "2201"], "datetime64[s]")
_CALLS = ("c", "call", "calls", "ce", "1", "1.0", "+1")
_PUTS = ("p", "put", "puts", "pe", "-1", "-1.0")

_SLASHED = r"^\s*(\d{1,2})[/.\-](\d{1,2})[/.\-](?:\d{4}|\d{2})(?!\d).*"
_ZONED = r".*\d:\d\d.*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})\s*$"
_LOCAL = r"\s+(?:EST|EDT|ET|US/Eastern|America/New_York)\s*$"
# A year, or a month of it, is no day; neither is a number or a clock alone.
_NO_DAY = r"\s*(?:[A-Za-z]{3,9}\.?,?[\s\-/]*|\d{1,2}[/\-.])?\d{4}(?:[/\-.]\d{1,2})?\s*"
_HAS_DAY = r"\d{4}|\d{1,2}[/.\- ]?[A-Za-z]{3,9}[/.\- ]?\d{2}|\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2}"
# Seconds, milli-, micro- and nanoseconds since 1970 are told apart by their size.
_EPOCHS = ((3e8, 1.0), (3e11, 1e3), (3e14, 1e6), (3e17, 1e9))


class Times(NamedTuple):
    """Instants [rows] on one clock, datetime64[s], NaT where unread; whether they have a clock."""

    instant: NDArray[np.datetime64]
    timed: Flags


def numbers(column: pd.Series[Any]) -> Vector:
    """The numbers of a column, NaN where there is none.

    Thousands commas (only where a comma can be nothing else), currency signs, blanks and a kind
    behind a strike (19.50C) are read over; a percent sign divides by 100. Infinity is no quote, and
    neither is a number whose square would be.

    >>> numbers(pd.Series(["1,250.5", " $3 ", "4.5%", "19.50C", "8,3", "-", "—", "N/A"])).tolist()
    [1250.5, 3.0, 0.045, 19.5, nan, nan, nan, nan]
    """
    if isinstance(column.dtype, pd.ArrowDtype) and str(column.dtype).startswith("decimal"):
        column = column.astype(object)
    if pd.api.types.is_numeric_dtype(column):
        return _in_range(column)
    codes, unique = codes_of(column)
    cells = pd.Series(np.asarray(unique, object), dtype=object)
    values = _in_range(cells)
    odd = np.flatnonzero(np.isnan(values))
    if odd.size:
        values[odd] = _of_text(cells.iloc[odd])
    return np.append(values, np.nan)[codes]


def _in_range(column: pd.Series[Any]) -> Vector:
    found: Any = pd.to_numeric(column, errors="coerce")
    values = found.to_numpy(float, na_value=np.nan, copy=True)
    values[~(np.abs(values) < _MOST)] = np.nan
    return values


def codes_of(column: pd.Series[Any]) -> tuple[NDArray[np.int64], Any]:
    """Numbers of the different cells of a column, -1 where it is empty, and those cells."""
    try:
        return pd.factorize(column)
    except TypeError:  # lists and mappings in cells
        return pd.factorize(column.astype(str))


def _of_text(column: pd.Series[Any]) -> Vector:
    text = column.astype(str).astype("str").fillna("")
    text = text.str.replace(r"[\s$€£¥\u00a0\u202f]", "", regex=True).str.replace("−", "-")
    percent = text.str.endswith("%").to_numpy(bool)
    text = text.str.replace(r"(?<=[\d.])(?:%|[CPcp])$", "", regex=True)
    thousands = text.str.fullmatch(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")
    text = text.where(~thousands, text.str.replace(",", "", regex=False))
    values = _in_range(text)
    return np.where(percent, values / 100.0, values)


def is_percent(name: str, largest: float) -> bool:
    """Whether rates are percent, by their column's name or the greatest size of its numbers.

    >>> is_percent("rate", 0.05), is_percent("rate", 0.4), is_percent("rate_pct", 0.05)
    (False, True, True)
    """
    named = any(word in name.lower() for word in ("pct", "percent", "%"))
    return named or largest >= MOST_DECIMAL


def rates(column: pd.Series[Any], percent: bool = False) -> tuple[Vector, bool]:
    """Decimal rates of a column, and whether it was read as percent; `percent` where that is known.

    Cells with a percent sign say it for themselves.

    >>> rates(pd.Series([4.5, "0.2", "3%"]))[0].round(6).tolist()
    [0.045, 0.002, 0.03]
    """
    values = numbers(column)
    signed = np.zeros(len(values), bool)
    if not pd.api.types.is_numeric_dtype(column):
        signed = column.astype(str).str.strip().str.endswith("%").fillna(False).to_numpy(bool)
    plain = np.where(signed, np.nan, values)
    largest = float(np.nanmax(np.abs(plain), initial=0.0))
    if np.isnan(plain).all() or not (percent or is_percent(str(column.name), largest)):
        return values, False
    return np.where(signed, values, values / 100.0), True


def kinds(column: pd.Series[Any]) -> tuple[Flags, Flags]:
    """Which rows are calls and which are puts; neither where it cannot be told.

    >>> call, put = kinds(pd.Series(["CALL", " p ", "-1", "?"]))
    >>> call.tolist(), put.tolist()
    ([True, False, False, False], [False, True, True, False])
    """
    codes, unique = codes_of(column)
    words = [str(word).strip().lower() for word in unique]
    call = np.append([word in _CALLS for word in words], False).astype(bool)
    put = np.append([word in _PUTS for word in words], False).astype(bool)
    return call[codes], put[codes]


_IN_COLUMNS = "in the columns of the expiration and the quote date"


def is_day_first(columns: list[pd.Series[Any]], where: str = _IN_COLUMNS) -> bool:
    """Whether dates like 16/01/2026 have the day first; refuses those that could be either.

    `where` they stand is for the sentence of the `InputError`.

    >>> is_day_first([pd.Series(["16/01/2026"]), pd.Series(["06/10/2025"])])
    True
    """
    texts = [_texts(column) for column in columns if _is_text(column)]
    text = pd.concat([t for t in texts if len(t)]) if any(map(len, texts)) else pd.Series(dtype=str)
    text = text.drop_duplicates().reset_index(drop=True)
    parts = text.str.extract(_SLASHED).dropna().astype(int)
    if parts.empty:
        return False
    day_first, month_first = bool((parts[0] > 12).any()), bool((parts[1] > 12).any())
    if day_first == month_first:
        raise InputError(
            f"Dates like {text[parts.index[0]][:40]!r} can be read in two ways; write them as "
            f"2025-10-06 {where}."
        )
    return day_first


def _is_text(column: pd.Series[Any]) -> bool:
    return column.dtype == object or not (
        pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    )


def _texts(column: pd.Series[Any]) -> pd.Series[Any]:
    """The different texts of a column."""
    unique = pd.Series(codes_of(column)[1], dtype=object)
    return unique.astype(str).str.strip().drop_duplicates()


def times(column: pd.Series[Any], zone: str, day_first: bool = False) -> Times:
    """The instants of a column on the clock of a zone.

    Timestamps with a zone, and counts since 1970, are brought to `zone`; those without are taken to
    be on that clock already. If all are at midnight they are days, whatever their zone. Numbers
    like 20260116 are read as they are written; a month or a year alone is no day.

    >>> found = times(pd.Series(["2025-10-06 19:45:00+00:00", "soon"]), "America/New_York")
    >>> found.instant.astype(str).tolist(), found.timed.tolist()
    (['2025-10-06T15:45:00', 'NaT'], [True, False])
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        found = _in_zone(column, zone)
        return _times(found, found != found.astype("datetime64[D]"), whole=True)
    if pd.api.types.is_numeric_dtype(column):
        found = _of_numbers(numbers(column), zone)
        return _times(found, found != found.astype("datetime64[D]"), whole=True)
    codes, unique = codes_of(column)
    found = np.append(_of_texts(pd.Series(unique, dtype=object), zone, day_first), _nat())
    return _times(found[codes], (found != found.astype("datetime64[D]"))[codes], whole=False)


def _nat() -> NDArray[np.datetime64]:
    return np.array(["NaT"], "datetime64[s]")


def _times(found: NDArray[np.datetime64], clock: Flags, whole: bool) -> Times:
    """Drop what is a number taken for a date; `whole` where midnight is a time like others."""
    with np.errstate(invalid="ignore"):
        known = (found >= _YEARS[0]) & (found < _YEARS[1])
    timed = known & clock
    if whole and timed.any():
        timed = known
    return Times(np.where(known, found, _nat()), timed)


def _in_zone(column: pd.Series[Any], zone: str) -> NDArray[np.datetime64]:
    aware = getattr(column.dt, "tz", None) is not None
    if aware:
        local = column.dt.tz_localize(None)
        utc = column.dt.tz_convert("UTC").dt.tz_localize(None)
        days = (local.dropna() == local.dropna().dt.normalize()).all()
        utc_days = (utc.dropna() == utc.dropna().dt.normalize()).all()
        column = local if days else utc if utc_days else column.dt.tz_convert(zone)
        column = column.dt.tz_localize(None)
    return np.asarray(column.to_numpy().astype("datetime64[s]"))


def _of_numbers(values: Vector, zone: str) -> NDArray[np.datetime64]:
    """Numbers like 20260116, and counts since 1970."""
    out = np.full(values.shape, _nat()[0])
    written = (values >= 19800101) & (values < 22010000)
    text = pd.Series(values[written].astype(np.int64)).astype(str)
    days = pd.to_datetime(text, format="%Y%m%d", errors="coerce")
    out[written] = days.to_numpy().astype("datetime64[s]")
    seconds = np.full(values.shape, np.nan)
    for least, unit in _EPOCHS:
        here = (values >= least) & (values < 20.0 * least)
        seconds[here] = values[here] / unit
    known = np.isfinite(seconds)
    if known.any():
        instants = pd.Series(np.floor(seconds[known]).astype(np.int64).astype("datetime64[s]"))
        out[known] = _in_zone(instants.dt.tz_localize("UTC"), zone)
    return out


def _of_texts(unique: pd.Series[Any], zone: str, day_first: bool) -> NDArray[np.datetime64]:
    """The instants of different texts."""
    text = unique.astype(str).str.strip().str.slice(0, 64).str.replace(_LOCAL, "", regex=True)
    out = np.full(len(text), _nat()[0])
    digits = text.str.fullmatch(r"\d{8,19}(?:\.0*)?").to_numpy(bool)
    if digits.any():
        out[digits] = _of_numbers(pd.to_numeric(text[digits]).to_numpy(float), zone)
    # "20251219 16:00:00" is a day and a clock.
    text = text.str.replace(r"^(\d{4})(\d{2})(\d{2})(?=[\sT]+\d)", r"\1-\2-\3", regex=True)
    has_day = text.str.contains(_HAS_DAY) & ~text.str.fullmatch(_NO_DAY)
    dated = has_day.to_numpy(bool) & ~digits
    zoned = text.str.fullmatch(_ZONED).to_numpy(bool) & dated
    local = dated & ~zoned
    if local.any():
        out[local] = _parsed(text[local], day_first).dt.tz_localize(None).to_numpy()
    if zoned.any():
        out[zoned] = _in_zone(_parsed(text[zoned], day_first), zone)
    return out


def _parsed(text: pd.Series[Any], day_first: bool) -> Any:
    with warnings.catch_warnings():
        # Of words that are no date, and of zones that it does not know.
        warnings.simplefilter("ignore")
        found = pd.to_datetime(text, errors="coerce", utc=True, format="mixed", dayfirst=day_first)
    return found.astype("datetime64[s, UTC]")
