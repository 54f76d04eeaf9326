"""A curve of interest rates, and its CSV file."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.errors import InputError

__all__ = ["RateCurve", "read_curve"]

Vector = NDArray[np.float64]

DAYS_A_YEAR = 365.0
MOST_DECIMAL = 0.3
"""A rate of 30% a year is no rate of a money market: such numbers are percent."""
MOST_RATE = 1.0

_MATURITIES = {
    "years": ("years", "year", "t", "maturity_years"),
    "days": ("days", "day", "dtm", "maturity_days"),
    "tenor": ("tenor", "term", "maturity"),
    "date": ("date", "maturity_date", "expiration", "expiry"),
}
_VALUES = {
    "rate": ("rate", "zero_rate", "zero", "yield", "rate_pct", "rate_percent"),
    "discount": ("discount", "df", "discount_factor"),
}
_UNITS = {"D": 1.0 / DAYS_A_YEAR, "W": 7.0 / DAYS_A_YEAR, "M": 1.0 / 12.0, "Y": 1.0}
_TENOR = re.compile(r"(\d+(?:\.\d+)?)\s*(D|W|M|Y|YR|MO|DAYS?|WEEKS?|MONTHS?|YEARS?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class RateCurve:
    """Continuously compounded zero rates at some maturities; `note` says how they were read.

    `years` [n] rising and positive, `rates` [n] decimal. The logarithm of the discount factor is
    linear between maturities, from 1 at time 0; beyond the first and the last the rate is flat.

    >>> curve = RateCurve(np.array([0.5, 1.0]), np.array([0.04, 0.05]))
    >>> curve.rate([0.1, 0.75, 3.0]).round(6).tolist()
    [0.04, 0.046667, 0.05]
    """

    years: Vector
    rates: Vector
    note: str = ""

    def __post_init__(self) -> None:
        years, rates = np.asarray(self.years, float), np.asarray(self.rates, float)
        if years.ndim != 1 or years.shape != rates.shape or not years.size:
            raise InputError(
                f"A curve needs as many maturities as rates, one at least. Got {years.size} and "
                f"{rates.size}."
            )
        if not (np.isfinite(years).all() and np.isfinite(rates).all()):
            raise InputError("The maturities and rates of a curve must be finite numbers.")
        if years[0] <= 0.0 or (np.diff(years) <= 0.0).any():
            raise InputError(f"Maturities must be positive and rising. Got {years.tolist()} years.")
        object.__setattr__(self, "years", years)
        object.__setattr__(self, "rates", rates)

    @classmethod
    def flat(cls, rate: float) -> RateCurve:
        """The same rate at all maturities.

        >>> float(RateCurve.flat(0.05).discount(2.0).round(9))
        0.904837418
        """
        return cls(np.array([1.0]), np.array([rate]), "one rate")

    def rate(self, years: ArrayLike) -> Any:
        """Zero rates for times in years; NaN for a time that is negative or missing."""
        times = np.asarray(years, float)
        with np.errstate(all="ignore"):
            inner = np.interp(times, self.years, self.rates * self.years) / times
        flat = np.where(times <= self.years[0], self.rates[0], self.rates[-1])
        outside = (times <= self.years[0]) | (times >= self.years[-1])
        return np.where(times >= 0.0, np.where(outside, flat, inner), np.nan)[()]

    def discount(self, years: ArrayLike) -> Any:
        """Discount factors for times in years; NaN for a time that is negative or missing.

        >>> RateCurve.flat(0.0).discount([0.0, 1.0, -1.0]).tolist()
        [1.0, 1.0, nan]
        """
        times = np.asarray(years, float)
        return np.exp(-self.rate(times) * times)[()]

    def to_dict(self) -> dict[str, Any]:
        """The curve as plain data, for a record of what was asked."""
        return {"years": self.years.tolist(), "rates": self.rates.tolist()}


class _Row(NamedTuple):
    """A line of the file: its number and its cells by plain column name."""

    line: int
    cells: Mapping[str, str]


def read_curve(
    path: str | Path, *, quoted: str | date | None = None, percent: bool | None = None
) -> RateCurve:
    """Read a curve from a CSV file: a maturity and a zero rate or a discount factor a line.

    Maturity: `years`, `days`, `tenor` or `maturity` (2W, 1M, 2Y, 30D, a number of years, or a
    date), or `date`; dates need `quoted`, the date of the quotes. Value: `rate`, `zero_rate` or
    `yield`, continuously compounded, or `discount` or `df`. Columns `date, days, rate` are the
    layout of OptionMetrics' zero curves: the date is that of the curve, the rate in percent.
    Otherwise rates are percent where they say % or one of them is 0.3 or more, or as `percent`
    says; the curve's `note` tells which. Raises `InputError` for a file that is no curve.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "curve.csv"
    ...     _ = path.write_text("tenor,rate\\n1M,4.2\\n1Y,3.9\\n")
    ...     curve = read_curve(path)
    >>> curve.rate(1.0), curve.note
    (np.float64(0.039), 'rates read as percent')
    """
    path = Path(path)
    day = None if quoted is None else _date(str(quoted), "--quoted")
    rows, columns = _rows(path)
    maturity, value = _columns(columns, path)
    vendor = {"date", "days"} <= set(columns) and value == "rate"
    if vendor:
        rows = _of_day(rows, day, path)
    years = [_maturity(row, maturity, day, path) for row in rows]
    numbers = [_number(row, value, path) for row in rows]
    if value in _VALUES["discount"]:
        return _of_discounts(rows, years, numbers, path)
    marked = "pct" in value or "percent" in value or any("%" in r.cells[value] for r in rows)
    if percent is None:
        percent = vendor or marked or max(abs(n) for n in numbers) >= MOST_DECIMAL
    rates = [number / 100.0 if percent else number for number in numbers]
    for row, rate in zip(rows, rates, strict=True):
        if abs(rate) > MOST_RATE:
            raise _refused(path, row, value, "a rate beyond 100% a year is not believed")
    note = f"rates read as {'percent' if percent else 'decimals'}"
    return _curve([row.line for row in rows], years, rates, note, path)


def _rows(path: Path) -> tuple[list[_Row], list[str]]:
    """The lines that hold anything, and the names of the columns."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            lines = list(csv.reader(text))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a curve: {error}") from error
    full = [(n, [c.strip() for c in cells]) for n, cells in enumerate(lines, 1) if any(cells)]
    if len(full) < 2:
        raise InputError(f"{path} holds no curve: it needs a header and a line a maturity.")
    names = [re.sub(r"[\s\-]+", "_", name.lower()) for name in full[0][1]]
    rows = []
    for number, cells in full[1:]:
        if len(cells) != len(names):
            raise InputError(
                f"{path}, line {number}: {len(cells)} cells where the header has {len(names)}."
            )
        rows.append(_Row(number, dict(zip(names, cells, strict=True))))
    return rows, names


def _columns(names: list[str], path: Path) -> tuple[tuple[str, str], str]:
    """The column of the maturity, with what it holds, and the column of the value."""
    found = [(kind, n) for kind, known in _MATURITIES.items() for n in known if n in names]
    values = [name for known in _VALUES.values() for name in known if name in names]
    if not found or not values:
        lacking = "maturity (years, days, tenor or date)" if not found else "rate or discount"
        raise InputError(f"{path} has no column of the {lacking}; it has {', '.join(names)}.")
    return found[0], values[0]


def _of_day(rows: list[_Row], day: date | None, path: Path) -> list[_Row]:
    """Of a file of many days' curves the one of the quotes."""
    days = [_date(row.cells["date"], f"{path}, line {row.line}, column 'date',") for row in rows]
    if day is None and len(set(days)) == 1:
        return rows
    kept = [row for row, own in zip(rows, days, strict=True) if own == day]
    if not kept:
        asked = "give the date of the quotes" if day is None else f"none is of {day}"
        raise InputError(f"{path} holds curves of {min(days)} to {max(days)}; {asked}.")
    return kept


def _maturity(row: _Row, column: tuple[str, str], day: date | None, path: Path) -> float:
    kind, name = column
    text = row.cells[name]
    read: Callable[[str], float] = _tenor if kind == "tenor" else float
    try:
        if kind == "date" or (kind == "tenor" and re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", text)):
            years = _years_to(text, day, f"{path}, line {row.line}, column {name!r},")
        else:
            years = read(text) / (DAYS_A_YEAR if kind == "days" else 1.0)
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise _refused(path, row, name, "write a maturity like 0.5, 30D, 6M or 2Y") from None
    if not (0.0 <= years < np.inf):
        raise _refused(path, row, name, "a maturity must not be negative") from None
    return years


def _tenor(text: str) -> float:
    found = _TENOR.fullmatch(text)
    if text.upper() in ("ON", "O/N"):
        return _UNITS["D"]
    return float(found[1]) * _UNITS[found[2][0].upper()] if found else float(text)


def _years_to(text: str, day: date | None, where: str) -> float:
    end = _date(text, where)
    if day is None:
        raise InputError(f"{where} is the date {end}; give the date of the quotes as well.")
    return (end - day).days / DAYS_A_YEAR


def _date(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        raise InputError(f"{where} must be a date like 2025-10-06. Got {text!r}.") from None


def _number(row: _Row, name: str, path: Path) -> float:
    try:
        number = float(row.cells[name].rstrip("% "))
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise _refused(path, row, name, "write a number")
    return number


def _refused(path: Path, row: _Row, name: str, what: str) -> InputError:
    return InputError(f"{path}, line {row.line}, column {name!r}: got {row.cells[name]!r}; {what}.")


def _of_discounts(
    rows: list[_Row], years: list[float], numbers: list[float], path: Path
) -> RateCurve:
    rates = []
    for row, time, number in zip(rows, years, numbers, strict=True):
        if number <= 0.0 or abs(np.log(number)) > MOST_RATE * max(time, 1.0):
            raise InputError(
                f"{path}, line {row.line}: the discount factor {number:g} at {time:g} years is not "
                f"believed; it must be positive and near 1."
            )
        rates.append(-np.log(number) / time if time > 0.0 else 0.0)
    lines = [row.line for row in rows]
    return _curve(lines, years, rates, "discount factors", path)


def _curve(
    lines: list[int], years: list[float], rates: list[float], note: str, path: Path
) -> RateCurve:
    """In the order of maturity; time 0, where every curve is 1, needs no point."""
    points = sorted((t, r, line) for t, r, line in zip(years, rates, lines, strict=True) if t > 0.0)
    for (before, _, first), (after, _, second) in pairwise(points):
        if before == after:
            raise InputError(
                f"{path}: lines {min(first, second)} and {max(first, second)} have the same "
                f"maturity, {before:g} years; keep one."
            )
    if not points:
        raise InputError(f"{path} holds no maturity after time 0.")
    return RateCurve(np.array([t for t, _, _ in points]), np.array([r for _, r, _ in points]), note)
