"""Cells in any spelling, exercise, clocks, and fields that are hard to believe."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from suite.errors import InputError
from suite.finance.options import Options
from suite.finance.tables.cells import kinds, numbers, times
from suite.finance.tables.fields import fields_of, quotes_of
from suite.finance.tables.layouts import of_frame
from suite.finance.tables.market import market_of

NEW_YORK = "America/New_York"


def table_of(**columns):
    table = {
        "strike": [95.0, 100.0, 105.0],
        "type": ["C", "P", "C"],
        "bid": [8.1, 5.0, 2.8],
        "ask": [8.3, 5.2, 3.0],
        "expiration": "2026-01-16",
        "quoted": "2025-10-06",
    }
    return of_frame(pd.DataFrame(table | columns))


def quotes(**columns):
    return quotes_of(table_of(**columns))


def judged(*, options=None, **columns):
    return market_of(table_of(**columns), options or Options()).quotes


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (1.5, 1.5),
        (Decimal("0.1"), 0.1),
        ("1,250.5", 1250.5),
        ("$1,250.50", 1250.5),
        (" € 3", 3.0),
        ("−2.5", -2.5),
        ("4.5%", 0.045),
        ("19.50C", 19.5),
        ("19.50 P", 19.5),
        ("1e-3", 0.001),
        ("70.71", 70.71),
        *((empty, np.nan) for empty in ("", "-", "—", "N/A", "null", None, np.nan, pd.NA, "C")),
        *((word, np.nan) for word in ("8,3", "1,25,000", "one", [1], {}, "1e999", np.inf, "🙂")),
    ],
)
def test_numbers_in_the_spellings_of_tables(cell, number):
    column = pd.Series([cell, "100"], dtype=object)
    np.testing.assert_array_equal(numbers(column), [number, 100.0])


def test_numbers_of_typed_columns():
    assert numbers(pd.Series([1, None], dtype="Int64")).tolist()[0] == 1.0
    assert np.isnan(numbers(pd.Series([1, None], dtype="Int64"))[1])
    assert numbers(pd.Series(["1", "2,000"], dtype="category")).tolist() == [1.0, 2000.0]
    arrow = pd.Series(pd.array([Decimal("1.25"), None], pd.ArrowDtype(pa.decimal128(9, 2))))
    assert numbers(arrow)[0] == 1.25


def test_kinds_in_the_spellings_of_tables():
    calls = ["c", "CALL", " Calls ", "+1", "1", "CE", 1, 1.0]
    puts = ["p", "Put", "puts", "-1", "PE", -1, -1.0]
    call, put = kinds(pd.Series([*calls, *puts, "?", None, 0, "straddle"], dtype=object))
    assert call.tolist() == [True] * 8 + [False] * 11
    assert put.tolist() == [False] * 8 + [True] * 7 + [False] * 4


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2025-10-06", "2025-10-06T00:00:00"),
        ("2025-10-06 15:45", "2025-10-06T15:45:00"),
        ("2025-10-06T19:45:00Z", "2025-10-06T15:45:00"),
        ("2025-10-06 15:45:00-04:00", "2025-10-06T15:45:00"),
        ("2025-10-06T00:00:00Z", "2025-10-06T00:00:00"),
        ("20251006 15:45:00 US/Eastern", "2025-10-06T15:45:00"),
        ("October 6, 2025", "2025-10-06T00:00:00"),
        ("Mon Oct 6 2025", "2025-10-06T00:00:00"),
        ("6OCT25", "2025-10-06T00:00:00"),
        ("10/6/2025", "2025-10-06T00:00:00"),
        ("10/6/25", "2025-10-06T00:00:00"),
        (20251006, "2025-10-06T00:00:00"),
        ("20251006", "2025-10-06T00:00:00"),
        (20251006.0, "2025-10-06T00:00:00"),
        (1759779900, "2025-10-06T15:45:00"),
        (1759779900000, "2025-10-06T15:45:00"),
        (1759779900000000000, "2025-10-06T15:45:00"),
        ("1759779900000", "2025-10-06T15:45:00"),
        (1759708800, "2025-10-06T00:00:00"),
        (datetime.date(2025, 10, 6), "2025-10-06T00:00:00"),
        (pd.Timestamp("2025-10-06T19:45:00Z"), "2025-10-06T15:45:00"),
        *((word, "NaT") for word in ("", "2025", "Oct 2025", "202510", "2025-10", "10", "soon")),
        *((word, "NaT") for word in ("45936", 45936, 3.5, True, "1e400", "9" * 300, [], None)),
        *((word, "NaT") for word in ("2025-02-30", "2025-10-06 10:00 CEST", "0001-01-01")),
    ],
)
def test_times_in_the_spellings_of_tables(cell, expected):
    for column in (pd.Series([cell], dtype=object), pd.Series([cell])):
        if column.dtype == bool:
            continue
        found = times(column, NEW_YORK)
        assert found.instant.astype(str).tolist() == [expected]
        assert found.timed.tolist() == ["T15" in expected]


def test_a_clock_makes_time_exact_and_a_date_makes_it_whole_days():
    assert quotes()["years"].tolist() == [102 / 365] * 3
    clock = quotes(quoted="2025-10-06 12:00")
    np.testing.assert_allclose(365 * clock["years"], 102 + 4 / 24)
    assert clock["timed"].all()
    opening = quotes(quoted="2025-10-06 12:00", root="SPX")
    np.testing.assert_allclose(365 * opening["years"], 102 - 2.5 / 24)
    said = quotes(quoted="2025-10-06 12:00", expiration="2026-01-16 12:00")
    assert (365 * said["years"] == 102.0).all()


@pytest.mark.parametrize(
    ("columns", "american"),
    [
        ({}, False),
        ({"root": "AAPL"}, True),
        ({"root": "SPXW"}, False),
        ({"root": "AAPL", "exercise_style": "E"}, False),
        ({"root": "SPX", "exercise_style": "american"}, True),
        ({"root": "AAPL", "exercise_style": None}, True),
        ({"contractSymbol": "QQQ   251219C00095000"}, True),
        ({"contractSymbol": "NDXP  251219C00095000"}, False),
    ],
)
def test_exercise_is_what_the_table_says_or_its_root(columns, american):
    assert (quotes(**columns)["american"] == american).all()


def test_exercise_can_be_said():
    frame = pd.DataFrame(quotes()[["strike", "bid", "ask"]]).assign(
        type="C", expiration="2026-01-16", quoted="2025-10-06", root="AAPL"
    )
    table = of_frame(frame)
    assert not quotes_of(table, exercise="european")["american"].any()
    assert quotes_of(table, exercise="american")["american"].all()
    with pytest.raises(InputError, match="bermudan"):
        quotes_of(table, exercise="bermudan")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"spot": 5.0}, "dearer than its underlying"),
        ({"type": "P", "bid": [96.0, 3, 3], "ask": [97.0, 4, 4]}, "dearer than its strike"),
        ({"years": 102.0}, "in days?"),
        ({"strike": [1.0, 1.0, 2.0]}, "swapped?"),
        ({"strike": [95e3, 100e3, 105e3], "spot": 101.0}, "thousandths?"),
        ({"rate": 450.0}, "beyond 100% a year"),
        ({"years": 0.5}, "not that of its dates"),
    ],
)
def test_what_is_hard_to_believe_is_said_and_not_changed(columns, words):
    found = judged(**columns)
    assert words in found["suspect"][0]
    assert not judged()["suspect"].any()
    if "strike" in columns:
        assert found["strike"].tolist() == columns["strike"]


def test_options_are_as_hard_to_believe_as_columns():
    found = judged(options=Options(rate=4.0))
    assert found["suspect"].tolist() == ["rate: beyond 100% a year"] * 3
    assert not judged(rate=400.0, options=Options(rate=0.04))["suspect"].any()


def test_rates_in_percent_are_caught_and_said():
    frame = judged(rate=[4.5, 0.3, 4.5], dividend_yield="1.3%")
    assert frame["rate"].tolist() == [0.045, 0.003, 0.045]
    np.testing.assert_allclose(frame["dividend"], 0.013)
    assert not frame["suspect"].any()
    table = of_frame(
        pd.DataFrame(frame[["strike", "bid", "ask", "call"]]).assign(
            type="c", rate=4.5, quoted="2025-10-06", expiration="2026-01-16"
        )
    )
    assert fields_of(table).notes == ("rate read as percent",)
    assert quotes(rate=0.045)["rate"].tolist() == [0.045] * 3


@pytest.mark.parametrize(
    ("name", "cells", "decimal"),
    [
        ("rate", [0.5, 0.1, None], [0.005, 0.001, np.nan]),
        ("rate", [0.2, 0.1, 0.0], [0.2, 0.1, 0.0]),
        ("Rate_Pct", [0.2, 0.1, 0.0], [0.002, 0.001, 0.0]),
        ("interest rate (%)", ["0.2", "0.1", "-"], [0.002, 0.001, np.nan]),
        ("rate %", ["0.2%", "5%", "4"], [0.002, 0.05, 0.04]),
    ],
)
def test_one_rule_tells_percent_by_the_size_or_the_name(name, cells, decimal):
    np.testing.assert_allclose(quotes(**{name: cells})["rate"], decimal, rtol=1e-12)


def test_split_adjusted_strikes_stay_and_the_multiplier_says_it():
    found = quotes(
        symbol=["AAPL1 251219C00070710", "AAPL  251219C00095000", "x"], contract_size=[700, None, 3]
    )
    assert found["multiplier"].tolist() == [700.0, 100.0, 3.0]
    assert found["root"].tolist() == ["AAPL1", "AAPL", "x"]
    # The strike's own column has the word; the symbol fills in where it is missing.
    frame = quotes(symbol=["AAPL1 251219C00070710"] * 3, strike=[None, "-", 5.0])
    assert frame["strike"].tolist() == [70.71, 70.71, 5.0]


def test_the_time_of_a_table_can_be_said():
    frame = pd.DataFrame(quotes()[["strike", "bid", "ask"]]).assign(type="C", expiry="2026-01-16")
    table = of_frame(frame)
    assert quotes_of(table, "2025-10-06")["years"].tolist() == [102 / 365] * 3
    assert quotes_of(table, "2025-10-06 15:45")["timed"].all()
    for word in ("soon", "", "2025"):
        with pytest.raises(InputError, match="--quoted must be a date"):
            quotes_of(table, word)
    with pytest.raises(InputError, match=r"'06/10/2025' can be read in two ways.*for --quoted"):
        quotes_of(table, "06/10/2025")
    assert quotes_of(table, "16/10/2025")["years"].tolist() == [92 / 365] * 3
    with pytest.raises(InputError, match="stale_after"):
        quotes_of(table, "2025-10-06", stale_after="long", snapshot=True)
