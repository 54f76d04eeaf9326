"""Real quote tables, and tables that are anything but clean."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.errors import InputError
from suite.finance import Verdict, solve_file, solve_table
from suite.finance.black import price
from suite.finance.forwards.curve import RateCurve
from suite.finance.quotes import solve_quotes
from suite.finance.tables.layouts import of_frame, read_table
from suite.finance.tables.vendors import NAMES as FIELDS
from suite.finance.tables.vendors import VENDORS

EXAMPLES = Path(__file__).parents[2] / "examples" / "finance"
SPX, AAPL = EXAMPLES / "spx_cboe_2025-10-01.csv", EXAMPLES / "aapl_yahoo_2025-10-06.csv"


ANSWERED = [v.name.lower() for v in Verdict if v.answered]


def assert_answered(frame):
    """A volatility or a reason for every row."""
    known = frame["iv"].notna()
    assert (known == frame["iv_status"].isin(ANSWERED)).all()
    assert (frame.loc[~known, "iv_note"] != "").all()
    assert (frame["iv_error"].notna() <= known).all()


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
    assert_answered(solved.frame)
    assert solved.verdicts()["zero_bid"] == (raw["bid"] == 0.0).sum()
    assert solved.verdicts()["american"] == solved.frame["iv"].notna().sum()
    assert "solved" not in solved.verdicts()
    assert solved.layout == "Yahoo"


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
    assert names == {"iv.parquet", "forwards.csv", "left_out.csv", "attempts.csv", "summary.json"}


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
        ("ask", 0.0, "one_sided"),
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
        (quotes(), {"prise": "bid"}, "Did you mean 'price'"),
        (quotes(), {"price": "middle"}, "mid, bid, ask, last"),
        (quotes(), {"price": "last"}, "no column of the last"),
        (quotes(), {"rate": "high"}, "rate must be a number"),
        (quotes(), {"forward": [1.0, 2.0]}, "one for each of the 10 rows"),
        (quotes(), {"spot": 100.0}, "needs a rate"),
        (quotes(), {"errors": "ignore"}, "nan, raise"),
        (quotes(), {"convention": "30/360"}, "BUS/252"),
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
    st.integers(-(10**18), 10**18),
    st.sampled_from([0.0, 1.0, 95.0, 100.0, 5.0, 2.5, 20251006, 20260116]),
    st.sampled_from(["", "-", "c", "p", "1,250.5", "2026-01-16", "1e400", "call", "NaN", "🙂"]),
    st.sampled_from(["AAPL251219C00095000", "BTC-3AUG26-100-P", "16/01/2026", "4.5%", "9" * 5000]),
    st.sampled_from([[1], {"a": 1}, b"x", True, pd.Timestamp("2025-10-06T19:45Z"), pd.NaT, pd.NA]),
    st.none(),
)
rows = st.lists(st.tuples(*[cells] * 6), max_size=12)
NAMES = ["strike", "type", "bid", "ask", "expiration", "quoted"]


@settings(max_examples=80, deadline=None)
@given(rows=rows)
def test_any_table_with_the_right_columns_is_answered_row_by_row(rows):
    frame = pd.DataFrame(rows, columns=NAMES, dtype=object)
    kept = frame.copy(deep=True)
    try:
        solved = solve_table(frame)
    except InputError as error:  # dates that can be read in two ways, several underlyings
        refused = str(error)
    else:
        refused = ""
        pd.testing.assert_frame_equal(solved[NAMES], frame)
        assert_answered(solved)
    assert refused == "" or re.search("two ways|--map root", refused)
    pd.testing.assert_frame_equal(frame, kept)


good = st.sampled_from([(k, c) for k in (90.0, 95.0, 100.0, 105.0, 110.0) for c in "cp"])
names = st.sampled_from(
    [*NAMES, "iv", "iv_note", "mid", "Bid", *(name for known in FIELDS.values() for name in known)]
)
extra = st.lists(st.one_of(names, st.text(max_size=5)), max_size=4)
vendors = st.sampled_from([[mark.partition("|")[0] for mark in v.marks] for v in VENDORS])
headers = st.tuples(st.one_of(vendors, st.just(NAMES)), extra).map(
    lambda parts: [*parts[0], *parts[1]]
)


@settings(max_examples=50, deadline=None)
@given(headers=headers, rows=st.lists(st.lists(cells, min_size=10, max_size=10), max_size=8))
def test_any_header_is_read_or_refused(headers, rows):
    frame = pd.DataFrame([row[: len(headers)] for row in rows], columns=headers, dtype=object)
    try:
        solved = solve_table(frame, quoted="2025-10-06")
    except InputError as error:
        refused = str(error)
    else:
        refused = ""
    assert "\n" not in refused
    if refused or len(solved) != len(rows):
        assert refused or len(solved) == 2 * len(rows)
        return
    added = solved.shape[1] - frame.shape[1]
    pd.testing.assert_frame_equal(solved.iloc[:, : frame.shape[1]].set_axis(headers, axis=1), frame)
    assert added == 10


@settings(max_examples=50, deadline=None)
@given(picked=st.lists(good, min_size=1, max_size=30), seed=st.integers(0, 2**32 - 1))
def test_order_and_repetition_of_rows_change_no_volatility(picked, seed):
    table = quotes()
    place = {(k, c): i for i, (k, c) in enumerate(zip(table["strike"], table["type"], strict=True))}
    table = table.assign(forward=100.6, rate=0.04)
    whole = solve_table(table)["iv"].to_numpy()
    rows = [place[pick] for pick in picked]
    index = np.random.default_rng(seed).permutation(len(rows))
    part = table.iloc[rows].set_index(index)
    solved = solve_table(part)
    np.testing.assert_array_equal(solved["iv"], whole[rows])
    assert solved.index.tolist() == index.tolist()
    again = pd.Series(rows).duplicated().to_numpy()
    assert (solved["iv_note"].str.contains("the same contract as row") == again).all()


pieces = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *(
                    "strike,type,bid,ask,expiration,quoted\n",
                    "95,c,8.1,8.3,2026-01-16,2025-10-06\n",
                ),
                *("95;p;2,6;2,8;2026-01-16;2025-10-06\n", "Calls,Strike,Puts,Bid,Ask\n", '"', "\r"),
                *("é", "\ufeff", "\0", ",", ";", "\t", "\n\n", "[", "{", "1e999", "x" * 200_000),
            ]
        ),
        st.text(max_size=20),
    ),
    max_size=8,
)


@settings(max_examples=80, deadline=None)
@given(
    pieces=pieces,
    encoding=st.sampled_from(["utf-8", "utf-16", "latin-1", "utf-8-sig"]),
    name=st.sampled_from(["q.csv", "q.json", "q.parquet", "q.csv.gz", "q.feather", "q.db"]),
    tail=st.binary(max_size=12),
)
def test_any_bytes_are_a_table_or_refused(pieces, encoding, name, tail, tmp_path_factory):
    path = tmp_path_factory.mktemp("bytes") / name
    path.write_bytes("".join(pieces).encode(encoding, errors="replace") + tail)
    try:
        assert_answered(solve_file(path).frame)
        refused = ""
    except InputError as error:
        refused = str(error)
    assert "\n" not in refused


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


def test_what_is_given_is_used_instead_of_parity():
    parity = solve_file(AAPL, exercise="european")
    assert (parity.forwards["source"] == "parity").all()
    frame = quotes()
    by_parity = solve_quotes(of_frame(frame))
    forward, discount = by_parity.forwards.loc[0, ["forward", "discount"]].astype(float)
    years = 102 / 365
    rate = -np.log(discount) / years
    expected = by_parity.frame["iv"]
    for options in (
        {"forward": forward, "rate": rate},
        {"spot": forward * discount, "rate": rate},
        {"spot": forward * np.exp(-0.03 * years), "rate": rate, "dividend": rate - 0.03},
        {"forward": np.full(10, forward), "curve": RateCurve.flat(rate)},
    ):
        np.testing.assert_allclose(solve_table(frame, **options)["iv"], expected, rtol=1e-9)
    calls = frame[frame["type"] == "c"].assign(forward=forward, rate=rate)
    np.testing.assert_allclose(solve_table(calls)["iv"], expected[:5], rtol=1e-9)
    alone = solve_table(calls.drop(columns="rate"))
    assert set(alone["iv_note"]) == {
        "the forward is given, but no rate; give rate= or a curve",
    }
    # A curve gives discount factors; the forward is still the market's.
    curved = solve_quotes(of_frame(frame.assign(spot=80.0)), curve=RateCurve.flat(rate))
    assert curved.forwards["source"][0] == "parity with curve"
    assert curved.frame["forward"][0] == pytest.approx(forward)


def test_a_rate_alone_says_nothing_of_the_dividends_of_a_spot_column():
    frame = quotes(underlying_last=[100.0] * 10)
    forward = solve_table(quotes())["forward"]
    for table, options in ((frame, {"rate": 0.04}), (frame.assign(rate=0.04), {})):
        solved = solve_quotes(of_frame(table), **options)
        assert solved.forwards["source"].str.startswith("parity").all()
        np.testing.assert_allclose(solved.frame["forward"], forward, rtol=1e-3)
    carried = solve_quotes(of_frame(frame.assign(dividend=0.01)), rate=0.04)
    np.testing.assert_allclose(carried.frame["forward"], 100 * np.exp(0.03 * 102 / 365))
    said = solve_quotes(of_frame(quotes()), spot=100.0, rate=0.04)
    assert said.layout.endswith("spot given, dividends taken as 0")


@pytest.mark.parametrize("side", ["bid", "ask", "last"])
def test_any_price_can_be_the_one(side):
    frame = quotes(last=[11.55, 8.15, 5.05, 2.85, 1.45, 1.25, 2.65, 4.55, 7.25, 10.75])
    frame.loc[1, ["bid", "ask"]] = [0.0, np.nan]
    both, one = solve_table(frame), solve_table(frame, price=side)
    if side != "last":
        np.testing.assert_array_equal(one["iv"], one[f"iv_{side}"].where(one["iv"].notna()))
    else:
        good = one["iv"].notna() & both["iv"].notna()
        assert ((one["iv"] > one["iv_bid"]) & (one["iv"] < one["iv_ask"]))[good].all()
    # A bid is a bid, though nobody offers.
    frame.loc[2, "ask"] = 0.0
    bare = solve_table(frame, price=side)
    assert bare["iv_status"][2] == ("one_sided" if side == "ask" else "solved")
    assert np.isnan(bare["mid"][2])
    # The second row has a last price only.
    status = {"bid": "zero_bid", "ask": "one_sided", "last": "solved"}[side]
    assert one["iv_status"].tolist() == ["solved", status] + ["solved"] * 8


def test_every_status_of_an_answer_and_their_order():
    frame = quotes(
        root=["X", "X", "SPXW"] + ["X"] * 7,
        forward=100.6,
        rate=0.04,
        spot=[1.0] + [99.0] * 9,
        tick=[1.0] * 2 + [0.01] * 8,
        last=frame_last(),
        last_time=["2025-10-06"] * 3 + ["2025-10-03"] + ["2025-10-06"] * 6,
    )
    solved = solve_table(frame, most_move=0.03, price="last")
    assert solved["iv_status"].tolist()[:4] == [
        *("low_information", "low_information", "solved", "stale")
    ]
    assert solved["iv_status"][4] == "american"
    assert "one tick of 1 moves the volatility by" in solved["iv_note"][0]
    assert "dearer than its underlying" in solved["iv_note"][0]
    assert solve_table(frame, price="last")["iv_status"][0] == "suspect"
    assert solved["iv"].notna().all()


def frame_last():
    return [11.6, 8.2, 5.1, 2.9, 1.5, 1.3, 2.7, 4.6, 7.3, 10.8]


def test_errors_can_be_raised():
    frame = quotes(bid=[0.0, *quotes()["bid"][1:]])
    frame.loc[3, "strike"] = -1.0
    with pytest.raises(InputError, match=r"Row 0 .*\(price 5\.85, zero_bid: .*\); 2 of 10 rows"):
        solve_table(frame, errors="raise")
    solve_table(quotes(), errors="raise")


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"strike": ["n/a", *quotes()["strike"][1:]]}, "missing or unreadable: strike"),
        ({"strike": ["9O.0", *quotes()["strike"][1:]]}, "missing or unreadable: strike '9O.0'"),
        ({"bid": [-2.0, *quotes()["bid"][1:]]}, "missing or unreadable: bid '-2.0'"),
        ({"type": ["?", *quotes()["type"][1:]]}, "missing or unreadable: kind '?'"),
        ({"expiration": ["soon"] + ["2026-01-16"] * 9}, "missing or unreadable: expiration 'soon'"),
        ({"bid": [13.0, *quotes()["bid"][1:]]}, "bid 13 above ask 11.7"),
        ({"expiration": ["2027-01-15"] + ["2026-01-16"] * 9}, "1 good pairs|0 good pairs"),
    ],
)
def test_notes_say_which_field_and_what_stands_there(changes, note):
    assert re.match(note.replace("?", "[?]"), solve_table(quotes(**changes))["iv_note"][0])


def test_a_price_below_intrinsic_is_told_by_how_much():
    frame = quotes(forward=100.6, rate=0.0)
    frame.loc[0, ["bid", "ask"]] = [10.0, 10.4]
    frame.loc[1, ["bid", "ask"]] = [5.0, 6.4]
    solved = solve_table(frame)
    assert solved["iv_note"][0] == "mid 10.2 is 0.4 below the intrinsic value 10.6"
    assert solved["iv_note"][1] == "bid is 0.6 below intrinsic"
    frame.loc[0, ["bid", "ask"]] = [8.0, 11.0]
    inside = solve_table(frame)["iv_note"][0]
    assert inside.endswith(
        "is 1.1 below the intrinsic value 10.6, inside the spread of bid and ask"
    )


def kinds_of_table():
    frame = quotes(iv=0.5, mid=1).set_index(pd.Index(list("abcdefghij"), name="row"))
    arrow = pa.Table.from_pandas(quotes(iv=0.5, mid=1), preserve_index=False)
    return [frame, arrow, arrow.to_batches()[0], pl.DataFrame(arrow), pl.DataFrame(arrow).lazy()]


@pytest.mark.parametrize("table", kinds_of_table(), ids=lambda table: type(table).__name__)
def test_a_table_comes_back_as_what_it_was(table):
    solved = solve_table(table, greeks=True)
    assert type(solved) is type(table)
    expected = solve_table(quotes(), greeks=True)
    if isinstance(solved, pl.LazyFrame):
        solved, table = solved.collect(), table.collect()
    for name in ("iv", "vega", "iv_bid"):
        np.testing.assert_array_equal(np.asarray(solved[name]), expected[name])
    columns = (
        table.columns if not isinstance(table, (pa.Table, pa.RecordBatch)) else table.schema.names
    )
    for name in columns:
        kept = f"{name}_given" if name in ("iv", "mid") else name
        before, after = table[name], solved[kept]
        assert (
            before.equals(after)
            if not isinstance(before, pd.Series)
            else (before.rename(kept).equals(after))
        )
        assert getattr(before, "dtype", getattr(before, "type", None)) == getattr(
            after, "dtype", getattr(after, "type", None)
        )
    if isinstance(solved, pd.DataFrame):
        assert solved.index.equals(table.index)


def test_greeks_are_those_of_the_row():
    solved = solve_table(quotes(forward=100.6, rate=0.04), greeks=True)
    row = solved.iloc[2]
    step = 1e-5
    up, down = (
        price(
            row["iv"] + s,
            forward=100.6,
            strike=100.0,
            expiry=row["years"],
            discount=row["discount"],
            call=True,
        )
        for s in (step, -step)
    )
    assert row["vega"] == pytest.approx((up - down) / (2 * step), rel=1e-7)
    assert row["delta"] > 0.0 > solved["delta"].iloc[7]


def test_columns_of_mixed_kinds_can_be_saved(tmp_path):
    frame = quotes()
    frame["bid"] = frame["bid"].astype(object)
    frame.loc[2, "bid"] = "-"
    frame["notes"] = [[1], {"a": 1}, "x", None, 2.5, *range(5)]
    solved = solve_quotes(of_frame(frame))
    found = pd.read_parquet(solved.save(tmp_path / "iv.parquet"))
    assert found["bid"][2] == "-"
    assert found["notes"][3] is None or pd.isna(found["notes"][3])
    np.testing.assert_array_equal(found["iv"], solved.frame["iv"])


def test_forwards_can_be_handed_in():
    table = of_frame(quotes())
    whole = solve_quotes(table)
    half = of_frame(quotes().iloc[:5])
    assert solve_quotes(half).verdicts() == {"no_forward": 5}
    again = solve_quotes(half, forwards=whole.forwards)
    np.testing.assert_array_equal(again.frame["iv"], whole.frame["iv"][:5])


def test_business_days_raise_the_volatility_of_a_short_option():
    frame = quotes(expiration="2025-10-10", forward=100.0, rate=0.0)
    frame = frame.iloc[[2, 3, 7]]
    calendar, business = (solve_table(frame, convention=c)["iv"] for c in ("ACT/365", "BUS/252"))
    np.testing.assert_allclose(business / calendar, np.sqrt((4 / 365) / (4 / 252)), rtol=1e-9)
