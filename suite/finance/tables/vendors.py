"""The column names by which vendors and other tables call the fields of a quote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["DERIBIT", "NAMES", "VENDORS", "WIDE", "Rules", "Vendor"]

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the numbers of a table mean where its columns do not say.

    `strike_unit` what one of a strike's units is; `fixed_point` whole numbers are billionths;
    `none` the number that stands for no price; `zone` whose clock an aware time is brought to;
    `clock` the time of day of quotes that have a date only; `coin` prices in coin where the symbol
    has no currency after it; `rate` of a market whose discount factor is one;
    `snapshot` rows have quote times of their own, but are one look at the market; `percent` fields
    that are known to be such, where a look at the numbers at hand may not tell.
    """

    strike_unit: float = 1.0
    fixed_point: bool = False
    none: float | None = None
    zone: str = "America/New_York"
    clock: str = ""
    coin: bool = False
    rate: float | None = None
    snapshot: bool = False
    percent: Names = ()


@dataclass(frozen=True, slots=True)
class Vendor:
    """A layout: its name, the columns that tell it (a | b: either), its own names of fields.

    A field without any name is not looked for at all.
    """

    name: str
    marks: Names
    columns: Mapping[str, Names] = field(default_factory=dict)
    rules: Rules = Rules()


def _or_percent(*names: str) -> Names:
    """Names of rates, and the same with their unit."""
    return tuple(name + unit for unit in ("", "pct", "percent", "%", "(%)") for name in names)


# Lower case, without blanks, brackets, hyphens and underscores; the first that is there is taken.
NAMES: dict[str, Names] = {
    "strike": ("strike", "strikeprice", "k", "exerciseprice"),
    "expiration": (
        *("expiration", "expiry", "expirationdate", "exdate", "maturity", "expirdate"),
        *("expiredate", "expdate", "maturitydate", "expirydate", "lasttradedateorcontractmonth"),
    ),
    "kind": (
        *("kind", "type", "optiontype", "cpflag", "callput", "right", "putcall", "cp"),
        *("contracttype", "optionkind", "putorcall", "pc", "instrumentclass"),
    ),
    "bid": ("bid", "bestbid", "bidprice", "bestbidprice", "bidpx", "bidpx00", "bid1545", "bideod"),
    "ask": (
        *("ask", "bestoffer", "askprice", "offer", "bestask", "bestaskprice", "askpx", "askpx00"),
        *("offerprice", "ask1545", "askeod"),
    ),
    "quoted": (
        *("quoted", "quotedatetime", "quotetimestamp", "quotetime", "quotedate", "datepulled"),
        *("tradedate", "timestamp", "datetime", "date", "asof", "asofdate", "quotereadtime"),
        *("snapshottime", "tsevent", "tsrecv"),
    ),
    "root": (
        *("root", "optionroot", "rootsymbol", "tradingclass", "underlyingsymbol", "underlying"),
        *("underlyingticker", "ticker", "actsymbol", "symbol", "contractsymbol", "optionsymbol"),
        *("occsymbol", "secid"),
    ),
    "symbol": (
        *("contractsymbol", "optionsymbol", "occsymbol", "rawsymbol", "instrumentname"),
        *("localsymbol", "osikey", "optionticker", "contractid", "contract", "symbol", "ticker"),
    ),
    "last": (
        *("last", "lastprice", "lastsale", "lasttradeprice", "lastpx", "close", "settle"),
        *("settlementprice", "settlement", "price", "optionprice", "premium"),
    ),
    # A price of no said kind comes last: it may be the only one there is.
    "mid": ("mid", "midprice", "mark", "markprice", "price", "optionprice", "premium"),
    "last_time": ("lasttradedate", "lasttime", "lasttradetime", "lastdate"),
    "underlying": (
        *("underlyingprice", "underlyinglast", "spot", "spotprice", "stockprice", "stkpx"),
        *("undprice", "underlying", "activeunderlyingprice", "indexprice", "underlyingclose"),
    ),
    "underlying_bid": ("underlyingbid",),
    "underlying_ask": ("underlyingask",),
    "forward": ("forward", "forwardprice", "fwd", "fwdprice"),
    "rate": _or_percent("rate", "riskfreerate", "interestrate", "irate", "riskfree"),
    "dividend": _or_percent("dividend", "dividendyield", "divyield", "divrate", "dividendrate"),
    "multiplier": ("multiplier", "contractsize", "sharespercontract", "contractmultiplier"),
    "style": ("exercisestyle", "style", "exercise", "optionstyle"),
    "years": (
        *("years", "yearstoexpiry", "yearstoexpiration", "timetomaturity", "timetoexpiry"),
        *("timetoexpiration", "ttm", "tau", "yearfraction", "yte"),
    ),
    "tick": ("tick", "ticksize", "mintick", "minpriceincrement"),
    "settlement": ("amsettlement", "ampm"),
    "nonstandard": ("ssflag",),
}
"""Fields, and the names of columns that may hold them."""

WIDE: tuple[Names, ...] = (
    ("cbidpx", "caskpx", "pbidpx", "paskpx"),
    ("callbidprice", "callaskprice", "putbidprice", "putaskprice"),
    ("cbid", "cask", "pbid", "pask"),
    ("callbid", "callask", "putbid", "putask"),
)
"""Bid and ask of the call, then of the put, of tables with both in one row."""

DERIBIT = "Deribit"

VENDORS: tuple[Vendor, ...] = (
    Vendor(
        "Cboe DataShop",
        ("underlyingsymbol", "quotedate|quotedatetime", "root", "bid1545|bideod|underlyingbid"),
        {
            "bid": ("bid1545", "bideod", "bid"),
            "ask": ("ask1545", "askeod", "ask"),
            "underlying": ("activeunderlyingprice1545", "activeunderlyingprice"),
            "underlying_bid": ("underlyingbid1545", "underlyingbideod"),
            "underlying_ask": ("underlyingask1545", "underlyingaskeod"),
        },
    ),
    Vendor(
        "OptionMetrics",
        ("strikeprice", "bestbid", "bestoffer", "cpflag", "exdate"),
        {"root": ("ticker", "root", "symbol", "secid"), "quoted": ("date",)},
        Rules(strike_unit=0.001),
    ),
    Vendor(
        "Yahoo",
        ("contractsymbol", "lasttradedate", "impliedvolatility"),
        {"last_time": ("lasttradedate",), "last": ("lastprice",)},
    ),
    Vendor(
        DERIBIT,
        ("instrumentname|symbol", "bidprice|bestbidprice"),
        {
            "symbol": ("instrumentname", "symbol"),
            "root": (),
            "quoted": ("creationtimestamp", "timestamp"),
            "forward": ("underlyingprice",),
            "underlying": ("indexprice",),
            "rate": (),
        },
        Rules(zone="UTC", coin=True, rate=0.0),
    ),
    Vendor("ORATS", ("cbidpx|callbidprice", "paskpx|putaskprice", "expirdate")),
    Vendor("OptionsDX", ("cbid", "pask", "expiredate", "quotedate")),
    Vendor(
        "Databento",
        ("bidpx00", "askpx00"),
        {
            "symbol": ("rawsymbol", "symbol"),
            "quoted": ("tsevent", "tsrecv"),
            "last": (),
            "mid": (),
        },
        Rules(fixed_point=True),
    ),
    Vendor(
        "Polygon",
        ("details.strikeprice", "details.contracttype", "details.expirationdate"),
        {
            "strike": ("details.strikeprice",),
            "kind": ("details.contracttype",),
            "expiration": ("details.expirationdate",),
            "symbol": ("details.ticker",),
            "root": ("underlyingasset.ticker",),
            "bid": ("lastquote.bid",),
            "ask": ("lastquote.ask",),
            "quoted": ("lastquote.lastupdated",),
            "last": ("lasttrade.price", "day.close"),
            "last_time": ("lasttrade.siptimestamp", "day.lastupdated"),
            "underlying": ("underlyingasset.price",),
            "multiplier": ("details.sharespercontract",),
            "style": ("details.exercisestyle",),
        },
        Rules(snapshot=True),
    ),
    Vendor(
        "Interactive Brokers",
        ("right", "lasttradedateorcontractmonth"),
        {
            "expiration": ("lasttradedateorcontractmonth",),
            "root": ("tradingclass", "symbol"),
            "quoted": ("time",),
            "underlying": ("modelgreeks.undprice", "undprice"),
        },
        Rules(none=-1.0, snapshot=True),
    ),
)
