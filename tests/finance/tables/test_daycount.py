"""Clocks, day counts and the calendar of the US options market."""

import datetime

import numpy as np
import pytest
from dateutil.easter import easter
from hypothesis import given
from hypothesis import strategies as st

from suite.errors import InputError
from suite.finance.tables.daycount import expiry_instants, half_days, holidays, year_fraction

dates = st.dates(datetime.date(1980, 1, 1), datetime.date(2200, 12, 31))


def day(text):
    return np.datetime64(text)


# As the exchange published them.
CLOSED = {
    2021: "01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24",
    2022: "01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26",
    2023: "01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25",
    2024: "01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25",
    2026: "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25",
}
EARLY = {
    2015: "11-27 12-24",
    2021: "11-26",
    2022: "11-25",
    2023: "07-03 11-24",
    2024: "07-03 11-29 12-24",
    2026: "11-27 12-24",
}


@pytest.mark.parametrize(("year", "expected"), CLOSED.items())
def test_holidays_are_those_that_the_exchange_published(year, expected):
    assert holidays(year, year).astype(str).tolist() == [f"{year}-{d}" for d in expected.split()]


@pytest.mark.parametrize(("year", "expected"), EARLY.items())
def test_half_days_are_those_that_the_exchange_published(year, expected):
    assert half_days(year, year).astype(str).tolist() == [f"{year}-{d}" for d in expected.split()]


@given(year=st.integers(1970, 2400))
def test_good_friday_is_two_days_before_easter(year):
    friday = easter(year) - datetime.timedelta(2)
    assert np.datetime64(friday) in holidays(year, year)


@given(start=dates, end=dates)
def test_days_without_a_clock_are_whole_days(start, end):
    last = np.busday_offset(end, 0, "backward", holidays=holidays(end.year - 1, end.year))
    span = (last.astype(object) - start).days
    expires = expiry_instants(np.array([end], "datetime64[D]"), False, False)
    assert year_fraction(np.datetime64(start), expires, timed=False)[0] == span / 365
    assert year_fraction(np.datetime64(start), expires, "act/365.25", False)[0] == span / 365.25
    clock = np.datetime64(start).astype("datetime64[s]") + np.timedelta64(16, "h")
    if expires[0].astype("datetime64[h]").astype(str).endswith("T16"):
        assert year_fraction(clock, expires)[0] == span / 365


@given(start=dates, span=st.integers(0, 4000))
def test_business_days_are_counted_as_one_by_one(start, span):
    end = start + datetime.timedelta(span % 200)
    off = set(holidays(start.year, end.year + 1).tolist())
    days = [start + datetime.timedelta(i) for i in range((end - start).days)]
    count = sum(d.weekday() < 5 and d not in off for d in days)
    found = year_fraction(np.datetime64(start), np.datetime64(end), "BUS/252", timed=False)
    assert 252 * found == pytest.approx(count, abs=1e-9)


def test_a_clock_counts_the_part_of_the_session_that_is_left():
    # Friday 12:45 is half of the session from its end; Monday is a whole one.
    quoted, expires = day("2025-10-03T12:45"), day("2025-10-06T16:00")
    assert 252 * year_fraction(quoted, expires, "BUS/252") == pytest.approx(1.5)
    assert 365 * year_fraction(quoted, expires) == pytest.approx(3 + 3.25 / 24)
    # A half day has three and a half hours, of which one is left.
    assert 252 * year_fraction(
        day("2025-11-28T12:00"), day("2025-11-28T13:00"), "BUS/252"
    ) == pytest.approx(1 / 3.5)


def test_expiration_is_an_hour_of_the_day():
    days = np.array(["2025-12-19", "2025-12-24", "2015-12-24", "NaT"], "datetime64[D]")
    found = expiry_instants(days, [True, False, False, False], [False] * 4).astype("datetime64[m]")
    assert found.astype(str).tolist() == [
        *("2025-12-19T09:30", "2025-12-24T13:00", "2015-12-24T13:00", "NaT")
    ]
    coin = expiry_instants(days[:1], False, True).astype("datetime64[m]")
    assert coin.astype(str).tolist() == ["2025-12-19T08:00"]


def test_an_expiration_without_a_session_is_that_of_the_last_one_before():
    # The Saturday after a Good Friday, a Sunday, and a Good Friday itself.
    days = np.array(["2008-03-22", "2014-01-18", "2025-10-12", "2025-04-18"], "datetime64[D]")
    found = expiry_instants(days, [True, False, False, False], False).astype("datetime64[m]")
    assert found.astype(str).tolist() == [
        *("2008-03-20T09:30", "2014-01-17T16:00", "2025-10-10T16:00", "2025-04-17T16:00")
    ]
    assert 365 * year_fraction(day("2014-01-16"), found[1], timed=False) == 1.0
    coin = expiry_instants(days[2:3], False, True).astype("datetime64[m]")
    assert coin.astype(str).tolist() == ["2025-10-12T08:00"]


def test_what_is_missing_stays_so_and_what_is_unknown_is_refused():
    assert np.isnan(year_fraction(day("NaT"), day("2025-10-06"), "BUS/252"))
    assert np.isnan(year_fraction(day("2025-10-06"), day("NaT"), timed=False))
    with pytest.raises(InputError, match=r"ACT/365, ACT/365\.25, BUS/252"):
        year_fraction(day("2025-10-06"), day("2025-10-07"), "30/360")
