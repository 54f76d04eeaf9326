"""Rate curves: what a file means, and the numbers between its lines."""

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.errors import InputError
from suite.finance.forwards.curve import RateCurve, read_curve


@pytest.fixture
def curve_of(tmp_path):
    def read(text, **options):
        path = tmp_path / "curve.csv"
        path.write_text(text)
        return read_curve(path, **options)

    return read


@given(
    rates=st.lists(st.floats(-0.05, 0.2), min_size=1, max_size=8),
    times=st.lists(st.floats(0.0, 40.0), min_size=1, max_size=8),
)
def test_discounts_hit_the_nodes_and_forwards_are_flat_between_them(rates, times):
    years = 0.25 * np.arange(1, len(rates) + 1) ** 2
    curve = RateCurve(years, np.array(rates))
    np.testing.assert_allclose(curve.discount(years), np.exp(-years * rates), rtol=1e-13)
    logs = -np.log(curve.discount(times))
    for time, value in zip(times, logs, strict=True):
        if time <= years[0]:
            assert value == pytest.approx(rates[0] * time, abs=1e-13)
        elif time >= years[-1]:
            assert value == pytest.approx(rates[-1] * time, rel=1e-13, abs=1e-13)
        else:
            i = int(np.searchsorted(years, time))
            share = (time - years[i - 1]) / (years[i] - years[i - 1])
            ends = rates[i - 1] * years[i - 1], rates[i] * years[i]
            assert value == pytest.approx(ends[0] + share * (ends[1] - ends[0]), abs=1e-12)


def test_every_way_to_write_a_maturity_is_the_same_curve(curve_of):
    # 2027-10-06 is 730 days after 2025-10-06, two years of 365 days.
    same = [
        curve_of("years,rate\n0.0821917808219178,0.04\n2,0.05\n"),
        curve_of("Days , Zero Rate\n730,5.0\n30,4.0\n"),
        curve_of("tenor,yield\n30D,4%\n2Y,5%\n"),
        curve_of("maturity,rate_pct\n30 days,4\n24M,5\n"),
        curve_of("date,rate\n2025-11-05,0.04\n2027-10-06,0.05\n", quoted="2025-10-06"),
        curve_of("maturity,rate\n20251105,4\n20271006,5\n", quoted=datetime.date(2025, 10, 6)),
        curve_of("years,df\n0,1\n0.0821917808219178,0.996717731\n2,0.904837418\n"),
    ]
    for curve in same:
        np.testing.assert_allclose(curve.years, same[0].years, rtol=1e-12)
        np.testing.assert_allclose(curve.rates, [0.04, 0.05], rtol=1e-5)


def test_percent_is_caught_and_said(curve_of):
    assert curve_of("years,rate\n1,0.05\n").note == "rates read as decimals"
    assert curve_of("years,rate\n1,0.05\n10,1.4\n").note == "rates read as percent"
    assert curve_of("years,rate\n1,0.05%\n").rates == pytest.approx([0.0005])
    assert curve_of("years,rate\n1,0.05\n", percent=True).rates == pytest.approx([0.0005])


def test_optionmetrics_takes_the_curve_of_the_day_in_percent(curve_of):
    text = "date,days,rate\n2021-01-04,9,0.11\n2021-01-04,365,0.20\n2021-01-05,365,0.21\n"
    curve = curve_of(text, quoted="2021-01-04")
    np.testing.assert_allclose(curve.years, [9 / 365, 1.0])
    np.testing.assert_allclose(curve.rates, [0.0011, 0.0020])
    for options in ({}, {"quoted": "2021-01-06"}):
        with pytest.raises(InputError, match="2021-01-04 to 2021-01-05"):
            curve_of(text, **options)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no curve"),
        ("years,rate\n", "holds no curve"),
        ("rate\n0.05\n", "no column of the maturity"),
        ("years,price\n1,0.05\n", "no column of the rate or discount"),
        ("years,rate\n1\n", "line 2: 1 cells"),
        ("years,rate\n1,five\n", "line 2, column 'rate': got 'five'"),
        ("years,rate\n1,nan\n", "write a number"),
        ("tenor,rate\n1X,0.05\n", "got '1X'"),
        ("years,rate\n-1,0.05\n", "must not be negative"),
        ("date,rate\n2026-01-16,0.05\n", "give the date of the quotes"),
        ("years,rate\n1,0.05\n2,0.05\n1,0.06\n", "lines 2 and 4 have the same maturity"),
        ("years,rate\n1,500\n", "beyond 100%"),
        ("years,df\n1,-0.9\n", "must be positive and near 1"),
        ("years,df\n1,95\n", "must be positive and near 1"),
        ("years,df\n0,1\n", "no maturity after time 0"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(curve_of, text, says):
    with pytest.raises(InputError, match=says) as refused:
        curve_of(text)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "curve.csv"
    with pytest.raises(InputError, match="cannot be read"):
        read_curve(path)
    path.write_bytes(b"years,rate\n1,\xff\xfe\n")
    with pytest.raises(InputError, match="cannot be read"):
        read_curve(path)
    with pytest.raises(InputError, match="--quoted must be a date"):
        read_curve(path, quoted="tomorrow")
