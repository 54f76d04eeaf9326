"""Option symbols and what their roots say."""

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.finance.tables.symbols import is_am_settled, is_american, read_symbols, roots_of

roots = st.from_regex(r"[A-Z]{1,5}[0-9]?", fullmatch=True)
days = st.dates(datetime.date(2000, 1, 1), datetime.date(2099, 12, 31))
kinds = st.sampled_from("CP")


@given(
    root=roots,
    day=days,
    kind=kinds,
    thousandths=st.integers(1, 99_999_999),
    padded=st.booleans(),
    prefix=st.sampled_from(["", "O:"]),
)
def test_occ_symbols_are_read_back(root, day, kind, thousandths, padded, prefix):
    name = f"{root:6}" if padded else root
    found = read_symbols(pd.Series([f"{prefix}{name}{day:%y%m%d}{kind}{thousandths:08}", "x"]))
    assert (found.root[0], found.kind[0], found.strike[0]) == (root, kind, thousandths / 1000)
    assert found.expiration[0] == np.datetime64(day)
    assert not found.inverse[0]
    assert (found.root[1], found.kind[1]) == ("", "")
    assert np.isnat(found.expiration[1])
    assert np.isnan(found.strike[1])


@given(
    coin=st.sampled_from(["BTC", "ETH", "SOL_USDC", "BTC_USDC"]),
    day=days,
    kind=kinds,
    strike=st.integers(1, 10**6),
)
def test_deribit_names_are_read_back(coin, day, kind, strike):
    name = f"{coin}-{day.day}{day:%b%y}-{strike}-{kind}".upper()
    found = read_symbols(pd.Series([name, f"{coin}-PERPETUAL"]))
    assert (found.root[0], found.kind[0], found.strike[0]) == (coin, kind, strike)
    assert found.expiration[0] == np.datetime64(day)
    assert found.inverse.tolist() == ["_" not in coin, False]
    assert found.kind[1] == ""


@pytest.mark.parametrize(
    "text",
    ["AAPL251301C00110000", "BTC-31FEB26-100-C", "BTC-3XYZ26-100-C", "", None, 3.5, "9" * 400],
)
def test_what_is_no_symbol_or_no_day_is_missing(text):
    assert np.isnat(read_symbols(pd.Series([text], dtype=object)).expiration[0])


def test_decimals_and_adjusted_roots():
    found = read_symbols(pd.Series(["XRP_USDC-3AUG26-0d55-P", "AAPL1 251219C00070710"]))
    assert found.strike.tolist() == [0.55, 70.71]
    assert found.root.tolist() == ["XRP_USDC", "AAPL1"]


def test_roots_of_vendors_that_pad_nothing():
    names = ["AAPL 150117C100000", "SPX", " spx ", np.nan]
    assert roots_of(pd.Series(names, dtype=object)).tolist() == ["AAPL", "SPX", "spx", ""]


def test_what_roots_say():
    european = ["SPX", "SPXW", "NDX", "NDXP", "RUT", "RUTW", "XSP", "VIX", "VIXW", "DJX", "XEO"]
    american = ["AAPL", "SPY", "QQQ", "AAPL1", "BRK.B", "OEX"]
    assert not is_american(np.array([*european, "^SPX", ""])).any()
    assert is_american(np.array(american)).all()
    opening = ["SPX", "NDX", "RUT", "VIX", "DJX", "^SPX"]
    closing = ["SPXW", "NDXP", "RUTW", "XSP", "AAPL", ""]
    assert is_am_settled(np.array(opening)).all()
    assert not is_am_settled(np.array(closing)).any()
