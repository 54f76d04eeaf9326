"""What a quote's fields and market say before any volatility is sought."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suite.errors import InputError
from suite.finance.options import Options
from suite.finance.tables.fields import fields_of
from suite.finance.tables.layouts import Table
from suite.finance.tables.suspicion import suspicions
from suite.finance.verdict import Verdict

__all__ = ["Market", "bad_fields", "market_of", "verdicts_by_market"]

Vector = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]


class Market(NamedTuple):
    """The quotes frame with `mid`, as parity needs it; the price of each row that is inverted; the
    `Verdict` codes of the rows by themselves for parity, and for that price; and what to say."""

    quotes: pd.DataFrame
    price: Vector
    for_parity: Codes
    for_price: Codes
    notes: tuple[str, ...]


def market_of(table: Table, options: Options) -> Market:
    """Read the fields of a table, put the options' numbers in, and judge each row by itself.

    Raises `InputError` for a table without the column of the price that is asked for.

    >>> from suite.finance.tables.layouts import of_frame
    >>> table = of_frame(pd.DataFrame({"strike": [95.0, 100.0], "type": "c", "bid": [8.1, 0.0],
    ...     "ask": [8.3, 0.1], "expiration": "2026-01-16", "date": "2025-10-06"}))
    >>> [Verdict(code).name for code in market_of(table, Options()).for_price]
    ['SOLVED', 'ZERO_BID']
    """
    quotes, notes = fields_of(
        table,
        options.quoted,
        options.convention,
        options.exercise,
        options.stale_after,
        options.snapshot,
    )
    _put_in(quotes, options)
    words = _in_money(quotes, table, options)
    stale = quotes["stale"].to_numpy(bool, copy=True)
    price, of_price = _price(quotes, table, options.price)
    # With the options put in, for they can be as odd as a table.
    quotes["suspect"] = suspicions(quotes)
    words += of_price
    words += _carried(quotes, options)
    # An old trade says nothing against bid and ask of its row.
    for_parity = verdicts_by_market(quotes, "mid")
    for_parity = np.where((for_parity == Verdict.SOLVED) & stale, Verdict.STALE, for_parity)
    for_price = verdicts_by_market(quotes, options.price)
    return Market(quotes, price, for_parity.astype(np.int8), for_price, (*notes, *words))


def _put_in(quotes: pd.DataFrame, options: Options) -> None:
    """Overrule columns by what was given as options."""
    given = {
        "forward_given": options.forward,
        "underlying": options.spot,
        "rate": options.rate,
        "dividend": options.dividend,
        "tick": options.tick,
    }
    for name, value in given.items():
        if value is not None:
            quotes[name] = _numbers(name, value, len(quotes))
    if options.spot is not None:
        quotes["forward_given"] = np.nan


def _in_money(quotes: pd.DataFrame, table: Table, options: Options) -> list[str]:
    """Bring prices in coin to money by the forward of their expiration, else by the spot."""
    if table.rules.rate is not None and options.rate is None:
        # Without its forward a price in coin is worth less of the spot than of the forward, by a
        # factor that parity finds as its discount factor: no rate must stand in its way.
        known = quotes["forward_given"].notna()
        quotes["rate"] = quotes["rate"].fillna(table.rules.rate).where(known)
    coin = quotes["coin"]
    if not coin.any():
        return []
    worth = quotes["forward_given"].fillna(quotes["underlying"])
    said = {"forward", "underlying", "underlying_bid"} & set(table.columns)
    if not said and worth.isna().all():
        raise InputError(
            "Prices in coin need the coin's price, which no column holds; name it with --map "
            "forward=COLUMN or underlying=COLUMN, or give a forward or a spot as an option."
        )
    for field in ("bid", "ask", "last", "mid", "tick"):
        if field in quotes and not (field == "tick" and options.tick is not None):
            quotes[field] = quotes[field].where(~coin, quotes[field] * worth)
    return ["prices in coin brought to money"]


def _carried(quotes: pd.DataFrame, options: Options) -> list[str]:
    """Leave a spot to carry to a forward only where it is known what it pays on the way."""
    if options.spot is None:
        # Rates say nothing of dividends, so a spot alone gives no forward; parity has both.
        rated = quotes["rate"].notna() | (options.curve is not None)
        known = quotes["dividend"].notna() | ~rated
        quotes["underlying"] = quotes["underlying"].where(known)
        return []
    unsaid = quotes["dividend"].isna()
    quotes["dividend"] = quotes["dividend"].fillna(0.0)
    return ["spot given, dividends taken as 0"] if unsaid.any() else []


def _numbers(name: str, value: Any, rows: int) -> Vector:
    try:
        return np.broadcast_to(np.asarray(value, float), rows).copy()
    except (ValueError, TypeError):
        word = {"forward_given": "forward", "underlying": "spot"}.get(name, name)
        raise InputError(
            f"{word} must be a number, or one for each of the {rows} rows. "
            f"Got {' '.join(str(value)[:80].split())}."
        ) from None


def _price(quotes: pd.DataFrame, table: Table, price: str) -> tuple[Vector, list[str]]:
    """The price of each row that is inverted; the middle of bid and ask where there are such."""
    there = set(table.columns)
    notes = []
    if not {"bid", "ask"} & there:
        only = _only_price(table, price)
        quotes["bid"] = quotes["ask"] = quotes["mid"] = quotes[only]
        notes.append(f"without bid and ask: prices of the column {table.columns[only]!r}")
    elif price != "mid" and price not in there:
        raise InputError(f"The table has no column of the {price}; name it with --map {price}=...")
    else:
        no_ask = (quotes["ask"] == 0.0) & (quotes["bid"] > 0.0)
        quotes["mid"] = (0.5 * (quotes["bid"] + quotes["ask"])).mask(no_ask)
    if price == "last":
        day = quotes["quoted"].to_numpy().astype("datetime64[D]")
        quotes["stale"] |= quotes["last_time"].to_numpy().astype("datetime64[D]") < day
    return quotes[price].to_numpy(float), notes


def _only_price(table: Table, price: str) -> str:
    """The field that stands for bid and ask in a table without them."""
    only = "mid" if "mid" in table.columns else "last"
    name = table.columns[only]
    if price in ("bid", "ask"):
        raise InputError(f"The table has no {price}; its only price is the column {name!r}.")
    if only == price == "mid" or (price == "last" and price in table.columns):
        return only
    if price == "last":
        raise InputError("The table has no column of the last; name it with --map last=...")
    raise InputError(
        f"The table has neither bid and ask nor a mid, and the last price in its column {name!r} "
        f"may be old; take it with --price last (price='last')."
    )


def bad_fields(quotes: pd.DataFrame, price: str) -> dict[str, Flags]:
    """For each field that a row needs, where it is missing, unreadable or out of range."""
    no_time = quotes["years"].isna()
    bad = {
        "strike": ~(quotes["strike"] > 0.0),
        "expiration": no_time & (quotes["expiration"].isna() | quotes["quoted"].notna()),
        "quoted": no_time & quotes["quoted"].isna(),
        "kind": ~(quotes["call"] | quotes["put"]),
        "bid": quotes["bid"] < 0.0,
        "ask": quotes["ask"] < 0.0,
    }
    if price == "last":
        bad["last"] = ~(quotes["last"] > 0.0)
    return {name: flags.to_numpy(bool) for name, flags in bad.items()}


def verdicts_by_market(quotes: pd.DataFrame, price: str) -> Codes:
    """What the fields and the market alone say of each row; SOLVED where a volatility is sought."""
    bid, ask, years = (quotes[name].to_numpy(float) for name in ("bid", "ask", "years"))
    timed = quotes["timed"].to_numpy(bool)
    missing = np.logical_or.reduce(list(bad_fields(quotes, price).values()))
    conditions = [missing, (years < 0.0) | (timed & (years <= 0.0)), years == 0.0]
    codes = [Verdict.MISSING_FIELD, Verdict.EXPIRED, Verdict.EXPIRES_TODAY]
    # Nobody sells at nothing: an ask of 0 is none.
    no_ask = (ask == 0.0) & (bid > 0.0)
    sides = {
        "mid": [np.isnan(bid) | np.isnan(ask) | no_ask, bid == 0.0],
        "bid": [np.isnan(bid), bid == 0.0],
        "ask": [np.isnan(ask) | (ask == 0.0)],
    }
    if price in sides:
        conditions += [*sides[price], (bid > ask) & ~no_ask]
        codes += [Verdict.ONE_SIDED, Verdict.ZERO_BID][: len(sides[price])]
        codes += [Verdict.CROSSED]
    return np.select(conditions, codes, Verdict.SOLVED).astype(np.int8)
