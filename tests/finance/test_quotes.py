"""Real quote tables, and tables that are anything but clean."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.errors import InputError
from suite.finance import Verdict, solve_file, solve_table
from suite.finance.layouts import read_table

EXAMPLES = Path(__file__).parents[2] / "examples" / "finance"
SPX, AAPL = EXAMPLES / "spx_cboe_2025-10-01.csv", EXAMPLES / "aapl_yahoo_2025-10-06.csv"


@pytest.fixture(scope="module")
def spx():
    return solve_file(SPX)


def test_spx_forwards_agree_with_an_ordinary_least_squares_line(spx):
    # From the table's own documentation: a plain line through C - P of the mids.
    for row, (forward, discount) in zip(
        spx.forwards.itertuples(), [(6864.48, 0.97171), (6869.96, 0.97105)], strict=True
    ):
        assert abs(row.forward - forward) < 3 * row.forward_error
        assert abs(row.discount - discount) < 3 * row.discount_error


def test_spx_volatilities_agree_with_cboe(spx):
    frame = spx.frame
    out = np.where(
        frame["Type"] == "C", frame["Strike"] > frame["forward"], frame["Strike"] < frame["forward"]
    )
    good = out & (frame["IV"] > 0.0) & frame["iv"].notna()
    misses = (frame["iv"] - frame["IV"])[good].abs()
    # Cboe prints four digits; its own forward and day count are not known better than this.
    assert misses.median() < 4e-4
    assert misses.max() < 0.011
    assert good.sum() > 200


def test_spx_contracts_of_a_line_stay_together(spx):
    assert len(spx.frame) == 434
    pairs = spx.frame["Strike"].to_numpy().reshape(-1, 2)
    np.testing.assert_array_equal(pairs[:, 0], pairs[:, 1])
    assert spx.frame["Type"].iloc[:4].tolist() == ["C", "P", "C", "P"]


def test_aapl_rows_and_columns_are_kept_and_all_answered():
    raw = pd.read_csv(AAPL)
    solved = solve_file(AAPL)
    pd.testing.assert_frame_equal(solved.frame[raw.columns], raw)
    assert solved.frame["iv_status"].isin([v.name.lower() for v in Verdict]).all()
    assert (solved.frame["iv"].notna() == (solved.frame["iv_status"] == "solved")).all()
    assert solved.verdicts()["zero_bid"] == (raw["bid"] == 0.0).sum()
    assert (solved.frame.loc[solved.frame["iv"].isna(), "iv_note"] != "").all()


def test_bid_and_ask_volatilities_enclose_the_middle(spx):
    known = spx.frame[["iv_bid", "iv", "iv_ask"]].dropna()
    assert len(known) > 400
    assert (known["iv_bid"] <= known["iv"]).all()
    assert (known["iv"] <= known["iv_ask"]).all()


def test_files_are_whole_and_carry_their_summary(spx, tmp_path):
    path = spx.save(tmp_path / "iv.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(path), spx.frame)
    assert json.loads(pq.read_schema(path).metadata[b"suite"])["rows"] == 434
    spx.save(tmp_path / "all")
    names = {p.name for p in (tmp_path / "all").iterdir()}
    assert names == {"iv.parquet", "forwards.csv", "attempts.csv", "summary.json"}


def quotes(**changes):
    strikes = [90.0, 95.0, 100.0, 105.0, 110.0]
    table = {
        "strike": strikes * 2,
        "type": ["c"] * 5 + ["p"] * 5,
        "bid": [11.5, 8.1, 5.0, 2.8, 1.4, 1.2, 2.6, 4.5, 7.2, 10.7],
        "ask": [11.7, 8.3, 5.2, 3.0, 1.6, 1.4, 2.8, 4.7, 7.4, 10.9],
        "expiration": ["2026-01-16"] * 10,
        "quoted": ["2025-10-06"] * 10,
    }
    return pd.DataFrame(table | changes)


@pytest.mark.parametrize(
    ("column", "value", "verdict"),
    [
        ("bid", 0.0, "zero_bid"),
        ("bid", np.nan, "one_sided"),
        ("bid", 5.9, "crossed"),
        ("strike", np.nan, "missing_field"),
        ("strike", "n/a", "missing_field"),
        ("type", "?", "missing_field"),
        ("expiration", "soon", "missing_field"),
        ("expiration", "2025-10-06", "expires_today"),
        ("expiration", "2025-10-03", "expired"),
        ("expiration", "2027-01-15", "no_forward"),
    ],
)
def test_a_bad_row_gets_its_verdict_and_the_others_their_volatility(column, value, verdict):
    frame = quotes()
    frame[column] = frame[column].astype(object)
    frame.loc[2, column] = value
    solved = solve_table(frame)
    assert solved["iv_status"].tolist() == [verdict if row == 2 else "solved" for row in range(10)]


def test_thousands_commas_and_other_spellings_are_read():
    frame = quotes(type=["Call"] * 5 + ["PUT"] * 5)
    frame["strike"] = [f"{10 * k:,.2f}" for k in frame["strike"]]
    for side in ("bid", "ask"):
        frame[side] = [f"{10 * v:,.2f}" for v in frame[side]]
    # Ten times the prices are the same volatilities, to the digits of the forward's fit.
    np.testing.assert_allclose(solve_table(frame)["iv"], solve_table(quotes())["iv"], rtol=1e-9)


def test_columns_can_be_named():
    renamed = quotes().rename(columns={"strike": "K", "type": "flag"})
    solved = solve_table(renamed, columns={"strike": "K", "kind": "flag"})
    np.testing.assert_array_equal(solved["iv"], solve_table(quotes())["iv"])


@pytest.mark.parametrize(
    ("frame", "options", "sentence"),
    [
        (quotes().drop(columns="strike"), {}, "--map strike=COLUMN"),
        (quotes().drop(columns="quoted"), {}, "give the date with --quoted"),
        (quotes(), {"columns": {"strike": "striek"}}, "Did you mean 'strike'"),
        (quotes(), {"columns": {"price": "bid"}}, "no field 'price'"),
        (quotes(), {"quoted": "yesterdayish"}, "must be a date"),
    ],
)
def test_what_is_no_quote_table_is_refused_by_a_sentence(frame, options, sentence):
    with pytest.raises(InputError, match=sentence):
        solve_table(frame, **options)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00junk", b"a,b\n1,2\n", b"Calls,Puts\n1\n"])
def test_a_file_that_is_no_table_is_refused_by_a_sentence(tmp_path, content):
    path = tmp_path / "quotes.csv"
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_table(path)


cells = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-(10**9), 10**9),
    st.sampled_from(["", "-", "c", "p", "1,250.5", "2026-01-16", "1e400", "call", "NaN", "🙂"]),
    st.none(),
)
rows = st.lists(st.tuples(*[cells] * 6), max_size=12)


@settings(max_examples=60, deadline=None)
@given(rows=rows)
def test_any_table_with_the_right_columns_is_answered_row_by_row(rows):
    names = ["strike", "type", "bid", "ask", "expiration", "quoted"]
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    solved = solve_table(frame)
    assert len(solved) == len(rows)
    pd.testing.assert_frame_equal(solved[names], frame)
    assert (solved["iv"].notna() == (solved["iv_status"] == "solved")).all()


def dated(expiration, quoted):
    return quotes(expiration=[expiration] * 10, quoted=[quoted] * 10)


@pytest.mark.parametrize(
    ("expiration", "quoted"),
    [
        ("16/01/2026", "06/10/2025"),
        ("01/16/2026", "10/06/2025"),
        (20260116, 20251006),
        ("20260116", "20251006"),
        ("2026-01-16T16:00:00Z", "2025-10-06"),
        ("Fri Jan 16 2026", "October 6, 2025"),
    ],
)
def test_dates_mean_the_same_however_they_are_written(expiration, quoted):
    solved = solve_table(dated(expiration, quoted))
    np.testing.assert_allclose(solved["iv"], solve_table(quotes())["iv"], rtol=1e-12)


def test_dates_that_can_be_read_in_two_ways_are_refused():
    with pytest.raises(InputError, match="'06/01/2026' can be read in two ways"):
        solve_table(dated("06/01/2026", "06/10/2025"))


def test_several_underlyings_have_their_own_forwards():
    second = quotes(symbol=["BBB"] * 10)
    second[["strike", "bid", "ask"]] *= 2.0
    both = pd.concat([quotes(symbol=["AAA"] * 10), second], ignore_index=True)
    iv = solve_table(both)["iv"].to_numpy()
    np.testing.assert_allclose(iv[:10], iv[10:], rtol=1e-9)


def test_several_underlyings_without_a_name_are_refused():
    other = quotes()
    other[["bid", "ask"]] += 0.5
    with pytest.raises(InputError, match="--map root=COLUMN"):
        solve_table(pd.concat([quotes(), other], ignore_index=True))


@pytest.mark.parametrize(
    ("column", "value", "verdict"),
    [
        ("ask", np.inf, "one_sided"),
        ("strike", np.inf, "missing_field"),
        ("bid", "8,3", "one_sided"),
    ],
)
def test_infinity_and_a_decimal_comma_are_no_numbers(column, value, verdict):
    frame = quotes()
    frame[column] = frame[column].astype(object)
    frame.loc[2, column] = value
    assert solve_table(frame)["iv_status"][2] == verdict
