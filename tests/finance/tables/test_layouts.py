"""The same chain as every vendor writes it."""

import numpy as np
import pandas as pd
import pytest

from suite.errors import InputError
from suite.finance.black import price
from suite.finance.quotes import solve_quotes
from suite.finance.tables.fields import quotes_of
from suite.finance.tables.layouts import of_frame, read_table

QUOTED, EXPIRES = pd.Timestamp("2025-10-06"), pd.Timestamp("2025-12-19")
DAYS = (EXPIRES - QUOTED).days
FORWARD, DISCOUNT, SIGMA = 103.0, 0.99, 0.22
# Strikes below the forward too, where parity holds for American roots.
STRIKE = np.repeat(np.arange(86.0, 123.0, 3.0), 2)
CALL = np.tile([True, False], len(STRIKE) // 2)
KIND = np.where(CALL, "C", "P")


def chain(years=DAYS / 365, discount=DISCOUNT, forward=FORWARD, scale=1.0):
    """Exact prices at one volatility, with a market of a cent on both sides."""
    mid = price(
        SIGMA, forward=forward, strike=scale * STRIKE, expiry=years, discount=discount, call=CALL
    )
    return mid - 0.005, mid + 0.005


def occ(root, padded=False, prefix=""):
    name = f"{root:6}" if padded else root
    return [
        f"{prefix}{name}{EXPIRES:%y%m%d}{k}{round(1000 * s):08}"
        for k, s in zip(KIND, STRIKE, strict=True)
    ]


def answered(frame, layout, sigma=SIGMA, tolerance=1e-6, **options):
    """Solve, and check that the vendor was recognised and every volatility is that of the chain."""
    table = of_frame(frame)
    assert table.layout == layout
    solved = solve_quotes(table, **options)
    np.testing.assert_allclose(solved.frame["iv"], sigma, rtol=0, atol=tolerance)
    return solved


def datashop(years):
    bid, ask = chain(years)
    return pd.DataFrame(
        {
            "underlying_symbol": "^SPX",
            "quote_date": "2025-10-06",
            "root": "SPXW",
            "expiration": "2025-12-19",
            "strike": STRIKE,
            "option_type": KIND,
            "open": 0.0,
            "close": 0.0,
            "trade_volume": 0,
            "bid_size_1545": 10,
            "bid_1545": bid,
            "ask_size_1545": 10,
            "ask_1545": ask,
            "underlying_bid_1545": 102.0,
            "underlying_ask_1545": 104.0,
            "bid_eod": 0.0,
            "ask_eod": 9.0,
            "underlying_bid_eod": 1.0,
            "underlying_ask_eod": 2.0,
        }
    )


def test_cboe_datashop():
    # 15:45 leaves a quarter of an hour of the day of the quote.
    solved = answered(datashop((DAYS + 0.25 / 24) / 365), "Cboe DataShop, prices of 15:45")
    assert (solved.quotes["underlying"] == 103.0).all()
    assert (solved.frame["iv_status"] == "solved").all()
    at = solved.quotes["quoted"].iloc[0]
    assert str(at) == "2025-10-06 15:45:00"
    closing = datashop(1.0).drop(columns=["bid_1545", "ask_1545"])
    closing["bid_eod"], closing["ask_eod"] = chain()
    answered(closing, "Cboe DataShop, prices of the close")


def test_cboe_datashop_takes_its_snapshot_earlier_on_half_days():
    frame = datashop(1.0).assign(quote_date="2024-11-29")
    assert str(quotes_of(of_frame(frame))["quoted"][0]) == "2024-11-29 12:45:00"
    frame = datashop(1.0).assign(quote_date="2015-12-24")
    assert str(quotes_of(of_frame(frame))["quoted"][0]) == "2015-12-24 15:45:00"


def test_optionmetrics():
    bid, ask = chain()
    frame = pd.DataFrame(
        {
            "secid": 101594,
            "date": "2025-10-06",
            "symbol": [f"AAPL 251219{k}{1000 * s:.0f}" for k, s in zip(KIND, STRIKE, strict=True)],
            "symbol_flag": 1,
            "exdate": "2025-12-19",
            "last_date": "2025-09-01",
            "cp_flag": KIND,
            "strike_price": (1000 * STRIKE).astype(int),
            "best_bid": bid,
            "best_offer": ask,
            "volume": 0,
            "impl_volatility": -99.99,
            "ss_flag": ["1"] + ["0"] * (len(KIND) - 1),
            "contract_size": 100,
        }
    )
    solved = answered(frame, "OptionMetrics, strikes in thousandths")
    assert (solved.quotes["root"] == "AAPL").all()
    assert (solved.quotes["multiplier"] == 100.0).all()
    assert solved.frame["iv_status"].tolist() == ["suspect"] + ["american"] * (len(KIND) - 1)
    assert "settlement" in solved.frame["iv_note"][0]
    opening = frame.assign(am_settlement=1)
    assert str(quotes_of(of_frame(opening))["expires"][0]) == "2025-12-19 09:30:00"
    written = frame.assign(strike_price=[f"{1000 * s:,.0f}" for s in STRIKE])
    answered(written, "OptionMetrics, strikes in thousandths")
    # Somebody has divided the strikes already.
    answered(frame.assign(strike_price=STRIKE), "OptionMetrics")


def test_yahoo_has_its_expiration_in_the_symbol_only():
    bid, ask = chain()
    frame = pd.DataFrame(
        {
            "contractSymbol": occ("AAPL"),
            "lastTradeDate": pd.to_datetime("2025-10-03 19:59:58+00:00"),
            "strike": STRIKE,
            "lastPrice": 0.5 * (bid + ask) + 0.001,
            "bid": bid,
            "ask": ask,
            "change": 0.0,
            "volume": 1.0,
            "openInterest": 1,
            "impliedVolatility": 1e-5,
            "inTheMoney": CALL,
            "contractSize": "REGULAR",
            "currency": "USD",
        }
    )
    solved = answered(frame, "Yahoo", quoted="2025-10-06")
    assert (solved.frame["iv_status"] == "american").all()
    solved = solve_quotes(of_frame(frame), quoted="2025-10-06", price="last")
    assert (solved.frame["iv_status"] == "stale").all()
    assert (solved.frame["iv_note"] == "last traded on 2025-10-03").all()
    with pytest.raises(InputError, match="--quoted"):
        solve_quotes(of_frame(frame))


def deribit(coin="BTC"):
    # 10:00 UTC to 08:00 UTC; the discount factor is one.
    bid, ask = chain((DAYS - 2 / 24) / 365, 1.0, 1000 * FORWARD, 1000.0)
    unit = 1.0 if "_" in coin else 1000 * FORWARD
    names = [f"{coin}-19DEC25-{1000 * s:.0f}-{k}" for k, s in zip(KIND, STRIKE, strict=True)]
    return pd.DataFrame(
        {
            "instrument_name": names,
            "bid_price": bid / unit,
            "ask_price": ask / unit,
            "mark_iv": 22.0,
            "underlying_index": "SYN.BTC-19DEC25",
            "underlying_price": 1000 * FORWARD,
            "interest_rate": 0.0,
            "creation_timestamp": int(pd.Timestamp("2025-10-06T10:00:00Z").timestamp() * 1000),
        }
    )


def test_deribit_quotes_in_coin():
    solved = answered(deribit(), "Deribit")
    assert solved.layout == "Deribit, prices in coin brought to money"
    assert (solved.forwards["source"] == "given").all()
    assert (solved.frame["forward"] == 103_000.0).all()
    assert str(solved.quotes["expires"][0]) == "2025-12-19 08:00:00"
    assert (solved.frame["iv_status"] == "solved").all()
    linear = answered(deribit("BTC_USDC"), "Deribit")
    assert "coin" not in linear.layout
    perpetual = deribit()
    perpetual.loc[0, "instrument_name"] = "BTC-PERPETUAL"
    status = solve_quotes(of_frame(perpetual)).frame["iv_status"]
    assert status.tolist() == ["missing_field"] + ["solved"] * (len(KIND) - 1)


def test_deribit_without_the_price_of_the_future_is_left_to_parity():
    # A price in coin times the index is F / S too small, which is what a discount factor does.
    spot = 98_000.0
    frame = deribit().rename(columns={"underlying_price": "index_price"}).assign(index_price=spot)
    solved = answered(frame, "Deribit")
    assert (solved.forwards["source"] == "parity").all()
    np.testing.assert_allclose(solved.frame["forward"], 103_000.0)
    np.testing.assert_allclose(solved.frame["discount"], spot / 103_000.0)


def test_deribit_without_any_price_of_the_coin_asks_for_one():
    bare = deribit().drop(columns=["underlying_price", "interest_rate"])
    with pytest.raises(InputError, match="need the coin's price"):
        solve_quotes(of_frame(bare))
    solved = solve_quotes(of_frame(bare), forward=1000 * FORWARD)
    np.testing.assert_allclose(solved.frame["iv"], SIGMA, atol=1e-6)
    assert not solved.quotes["american"].any()
    # Bid and ask of the coin's options without Deribit's names of columns.
    other = deribit().rename(columns={"bid_price": "bid", "ask_price": "ask"})
    assert not quotes_of(of_frame(other), "2025-10-06")["american"].any()


def test_deribit_days_have_no_leading_zero():
    frame = deribit()
    frame["instrument_name"] = frame["instrument_name"].str.replace("19DEC25", "3AUG26")
    assert str(quotes_of(of_frame(frame))["expires"][0]) == "2026-08-03 08:00:00"


ORATS = [
    ("tradeDate", "stkPx", "cBidPx", "cAskPx", "pBidPx", "pAskPx"),
    ("trade_date", "stockPrice", "callBidPrice", "callAskPrice", "putBidPrice", "putAskPrice"),
]


@pytest.mark.parametrize("names", ORATS)
def test_orats_has_call_and_put_in_one_row(names):
    bid, ask = chain()
    quoted, spot, *sides = names
    frame = pd.DataFrame(
        {
            "ticker": "AAPL",
            quoted: "2025-10-06",
            "expirDate": "2025-12-19",
            "dte": DAYS,
            "strike": STRIKE[::2],
            spot: FORWARD * DISCOUNT,
            sides[0]: bid[::2],
            sides[1]: ask[::2],
            sides[2]: bid[1::2],
            sides[3]: ask[1::2],
            "smoothSmvVol": 0.2,
        }
    )
    solved = answered(frame, "ORATS, calls and puts side by side")
    assert solved.frame["kind"].tolist() == KIND.tolist()
    assert solved.frame["strike"].tolist() == STRIKE.tolist()
    rate = -np.log(DISCOUNT) / (DAYS / 365)
    given = answered(frame.assign(iRate=rate, divRate=0.0), "ORATS, calls and puts side by side")
    assert (given.forwards["source"] == "given").all()
    percent = answered(
        frame.assign(iRate=100 * rate, divRate=0.0), "ORATS, calls and puts side by side"
    )
    assert percent.layout.endswith("rate read as percent")


def test_optionsdx_writes_its_names_in_brackets():
    bid, ask = chain((DAYS - 16 / 24 + 16 / 24) / 365)
    frame = pd.DataFrame(
        {
            "[QUOTE_DATE]": " 2025-10-06",
            " [UNDERLYING_LAST]": 101.0,
            " [EXPIRE_DATE]": " 2025-12-19",
            " [DTE]": DAYS,
            " [C_BID]": bid[::2],
            " [C_ASK]": ask[::2],
            " [STRIKE]": STRIKE[::2],
            " [P_BID]": bid[1::2],
            " [P_ASK]": ask[1::2],
        }
    )
    answered(frame, "OptionsDX, calls and puts side by side")


@pytest.mark.parametrize("whole", [False, True])
def test_databento(whole):
    # 15:30 in New York.
    bid, ask = chain((DAYS + 0.5 / 24) / 365)
    frame = pd.DataFrame(
        {
            "ts_event": pd.Timestamp("2025-10-06T19:30:00Z").value,
            "rtype": 1,
            "publisher_id": 30,
            "bid_px_00": np.round(bid * 1e9).astype(np.int64) if whole else bid,
            "ask_px_00": np.round(ask * 1e9).astype(np.int64) if whole else ask,
            "bid_sz_00": 1,
            "symbol": occ("SPXW", padded=True),
        }
    )
    if whole:
        frame.loc[0, "bid_px_00"] = np.iinfo(np.int64).max
        solved = solve_quotes(of_frame(frame))
        assert solved.frame["iv_status"][0] == "one_sided"
        # A hole makes floats of the column.
        holed = frame.astype({"bid_px_00": float})
        holed.loc[0, "bid_px_00"] = np.nan
        again = solve_quotes(of_frame(holed)).frame
        np.testing.assert_array_equal(again["iv"], solved.frame["iv"])
        frame = frame.iloc[1:]
    solved = answered(frame, "Databento")
    assert str(solved.quotes["quoted"].iloc[0]) == "2025-10-06 15:30:00"
    by_time = frame.assign(ts_event=pd.to_datetime(frame["ts_event"], utc=True))
    answered(by_time.set_index("ts_event"), "Databento")


def polygon():
    bid, ask = chain((DAYS + 0.5 / 24) / 365)
    at = pd.Timestamp("2025-10-06T19:30:00Z").value
    names = occ("SPY", prefix="O:")
    return [
        {
            "break_even_price": 1.0,
            "day": {"close": 1.0, "last_updated": at},
            "details": {
                "contract_type": "call" if call else "put",
                "exercise_style": "american",
                "expiration_date": "2025-12-19",
                "shares_per_contract": 100,
                "strike_price": strike,
                "ticker": name,
            },
            "greeks": {"delta": 0.5},
            # Each has a time of its own, the newest that of the snapshot.
            "last_quote": {"bid": b, "ask": a, "last_updated": at - 10**9 * i},
            "underlying_asset": {"price": 102.0, "ticker": "SPY"},
        }
        for i, (call, strike, name, b, a) in enumerate(
            zip(CALL.tolist(), STRIKE.tolist(), names, bid.tolist(), ask.tolist(), strict=True)
        )
    ]


def test_polygon(tmp_path):
    path = tmp_path / "chain.json"
    path.write_text(pd.Series({"status": "OK", "results": polygon()}).to_json())
    table = read_table(path)
    solved = answered(table.frame, "Polygon")
    assert (solved.frame["iv_status"] == "american").all()
    assert (solved.quotes["root"] == "SPY").all()
    old = polygon()
    old[3]["last_quote"]["last_updated"] -= 2 * 86400 * 10**9
    path.write_text(pd.Series({"status": "OK", "results": old}).to_json())
    solved = solve_quotes(read_table(path))
    assert (np.flatnonzero(solved.frame["iv_status"] == "stale") == [3]).all()
    solved = solve_quotes(read_table(path), stale_after="3D")
    assert (solved.frame["iv_status"] == "american").all()


def test_interactive_brokers():
    bid, ask = chain()
    bid[0] = -1.0
    frame = pd.DataFrame(
        {
            "symbol": "SPX",
            "tradingClass": "SPXW",
            "lastTradeDateOrContractMonth": "20251219",
            "strike": STRIKE,
            "right": KIND,
            "multiplier": "100",
            "time": "2025-10-06",
            "bid": bid,
            "ask": ask,
            "last": -1.0,
        }
    )
    solved = solve_quotes(of_frame(frame))
    assert solved.layout == "Interactive Brokers"
    assert solved.frame["iv_status"].tolist() == ["one_sided"] + ["solved"] * (len(KIND) - 1)
    np.testing.assert_allclose(solved.frame["iv"][1:], SIGMA, atol=1e-6)


def plain(**columns):
    bid, ask = chain()
    table = {"strike": STRIKE, "type": KIND, "bid": bid, "ask": ask, "expiry": "2025-12-19"}
    return pd.DataFrame(table | {"date": "2025-10-06"} | columns)


def test_years_may_stand_for_dates():
    frame = plain(years=DAYS / 365).drop(columns=["expiry", "date"])
    solved = answered(frame, "one contract a row")
    assert "count from 1970-01-01" in solved.layout
    given = frame[frame["type"] == "C"].assign(forward=FORWARD, rate=-np.log(DISCOUNT) * 365 / DAYS)
    answered(given, "one contract a row")


def test_a_single_price_is_used_where_there_is_no_market():
    bid, ask = chain()
    frame = plain(price=0.5 * (bid + ask)).drop(columns=["bid", "ask"])
    solved = answered(frame, "one contract a row")
    assert "prices of the column 'price'" in solved.layout
    with pytest.raises(InputError, match="no bid"):
        solve_quotes(of_frame(frame), price="bid")


def test_a_mid_is_taken_before_any_trade_and_a_last_price_only_when_asked_for():
    bid, ask = chain()
    bare = plain().drop(columns=["bid", "ask"])
    both = bare.assign(last=1.5 * ask, mark_price=0.5 * (bid + ask))
    assert "'mark_price'" in answered(both, "one contract a row").layout
    old = bare.assign(close=0.5 * (bid + ask))
    with pytest.raises(InputError, match=r"'close'.*--price last"):
        solve_quotes(of_frame(old))
    solved = solve_quotes(of_frame(old), price="last")
    np.testing.assert_allclose(solved.frame["iv"], SIGMA, atol=1e-6)
    with pytest.raises(InputError, match="no column of the last"):
        solve_quotes(of_frame(both.drop(columns="last")), price="last")


def test_columns_have_the_last_word():
    frame = plain().rename(columns={"bid": "buy", "type": "flag"}).assign(bid=0.0, kind="?")
    table = of_frame(frame, {"bid": "buy", "kind": "flag"})
    np.testing.assert_allclose(solve_quotes(table).frame["iv"], SIGMA, atol=1e-6)


@pytest.mark.parametrize("content", [b"Calls,Puts\n1,2\n", b"Strike,Calls,Puts\n1,2,3\n"])
def test_half_a_side_by_side_table_is_refused(tmp_path, content):
    path = tmp_path / "q.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match="side by side"):
        read_table(path)


@pytest.mark.parametrize(
    ("clock", "quoted"),
    [
        ("6:03 PM EDT", "2025-10-01 00:00:00"),
        ("10:15 AM EDT", "2025-10-01 10:15:00"),
        ("9:15 AM CDT", "2025-10-01 10:15:00"),
    ],
)
def test_cboe_says_when_above_its_header(tmp_path, clock, quoted):
    path = tmp_path / "q.csv"
    path.write_text(
        f'S&P,Last: 1\n"Date: October 1, 2025 at {clock}",Bid: 1\n'
        "Expiration Date,Calls,Bid,Ask,Strike,Puts,Bid,Ask\n"
        "Fri Dec 19 2025,SPXW251219C06700000,1,2,6700,SPXW251219P06700000,3,4\n"
    )
    table = read_table(path)
    assert table.layout == "Cboe, calls and puts side by side"
    assert str(quotes_of(table)["quoted"][0]) == quoted
    assert table.frame["Bid"].tolist() == [1, 3]
