"""What an option's symbol says: root, expiration, kind, strike; and what its root says."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from suite.finance.tables.cells import codes_of

__all__ = [
    "AM_SETTLED",
    "EUROPEAN",
    "Symbols",
    "is_am_settled",
    "is_american",
    "read_symbols",
    "roots_of",
]

EUROPEAN = frozenset(
    [
        *("SPX", "SPXW", "SPXPM", "SPXQ", "XSP", "XSPAM", "NANOS", "NDX", "NDXP", "NQX", "XND"),
        *("RUT", "RUTW", "RUTQ", "MRUT", "VIX", "VIXW", "DJX", "XEO", "MXEA", "MXEF", "MXACW"),
        *("MXUSA", "MXWLD", "SIXB", "SIXC", "SIXE", "SIXI", "SIXM", "SIXR", "SIXRE", "SIXT"),
        *("SIXU", "SIXV", "SIXY", "CBTX", "MBTX", "VOLQ", "HGX", "OSX", "UTY", "XAU", "BKX"),
        *("SOX", "MNX", "DAX", "ODAX", "SX5E", "OESX", "ESTX50", "STOXX", "UKX", "FTSE", "ESX"),
        *("CAC", "PX1", "AEX", "SMI", "OSMI", "IBEX", "NKY", "N225", "HSI", "HSCEI", "KOSPI"),
        *("KS200", "NIFTY", "BANKNIFTY", "FINNIFTY", "SENSEX", "TXO", "ASX", "XJO"),
    ]
)
"""Roots of index options that can be exercised at expiration only."""

AM_SETTLED = frozenset(["SPX", "XSPAM", "NDX", "RUT", "VIX", "VIXW", "DJX", "MNX"])
"""Roots that settle on the opening prices of the expiration day."""

# Up to five letters and, where the contract was adjusted, a digit; blanks up to six characters.
_OCC = (
    r"^(?:O:)?(?P<root>[A-Z^.]{1,6}[0-9]?) *(?P<date>[0-9]{6})(?P<kind>[CP])(?P<strike>[0-9]{8})$"
)
# 27DEC24 and 3AUG26; a strike of 0d5 is 0.5.
_DERIBIT = (
    r"^(?P<root>[A-Z0-9_]+)-(?P<day>[0-9]{1,2})(?P<month>[A-Z]{3})(?P<year>[0-9]{2})"
    r"-(?P<strike>[0-9]+(?:d[0-9]+)?)-(?P<kind>[CP])$"
)
# Some vendors neither pad the root nor the strike.
_ROOT = r"^(?:O:)?(?P<root>[A-Z^.]{1,6}[0-9]?) *[0-9]{6}[CP][0-9]+$"
_TICKER = r"^\^?[A-Z]{1,5}([./][A-Z])?[0-9]?$"
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


class Symbols(NamedTuple):
    """What the symbols of a column say, [rows]; nothing (NaN, NaT, '') where they are none.

    `kind` is 'C', 'P' or ''; `inverse` whether the option is quoted in the coin itself.
    """

    root: NDArray[Any]
    expiration: NDArray[np.datetime64]
    kind: NDArray[Any]
    strike: NDArray[np.float64]
    inverse: NDArray[np.bool_]


def read_symbols(column: pd.Series[Any]) -> Symbols:
    """Read OCC symbols (padded or not, with or without `O:`) and Deribit's instrument names.

    The strikes of OCC symbols stand in thousandths. Adjusted roots (AAPL1) are roots of their own.

    >>> found = read_symbols(pd.Series(["SPXW  251219C06700000", "BTC-3AUG26-100000-P", "?"]))
    >>> found.root.tolist(), found.kind.tolist(), found.strike.tolist()
    (['SPXW', 'BTC', ''], ['C', 'P', ''], [6700.0, 100000.0, nan])
    >>> found.expiration.astype(str).tolist(), found.inverse.tolist()
    (['2025-12-19', '2026-08-03', 'NaT'], [False, True, False])
    """
    codes, values = pd.factorize(column.astype(str).fillna("").str.strip())
    text = pa.array(np.asarray(values, object), pa.string())
    found = _of_deribit(text)
    found = _of_occ(text) if found is None else found
    return Symbols._make(part[codes] for part in found)


def _parts(text: Any, pattern: str) -> dict[str, NDArray[Any]]:
    """The named groups of a pattern, None where it does not match."""
    found = pc.extract_regex(text, pattern=pattern)
    return {
        field.name: pc.struct_field(found, [i]).to_numpy(zero_copy_only=False)
        for i, field in enumerate(found.type)
    }


def _of_occ(text: Any) -> Symbols:
    parts = _parts(text, _OCC)
    there = np.array([part is not None for part in parts["kind"]], bool)
    root = np.where(there, parts["root"], "")
    if not there.all():
        loose = _parts(text.filter(pa.array(~there)), _ROOT)["root"]
        root[~there] = [found or "" for found in loose]
    date = np.where(there, "20" + np.where(there, parts["date"], ""), "")
    expiration = pd.to_datetime(pd.Series(date, dtype="str"), format="%Y%m%d", errors="coerce")
    strike = np.where(there, parts["strike"], np.nan).astype(float) / 1000.0
    return Symbols(
        root,
        expiration.to_numpy("datetime64[D]"),
        np.where(there, parts["kind"], ""),
        strike,
        np.zeros(len(there), bool),
    )


def _of_deribit(text: Any) -> Symbols | None:
    if not pc.any(pc.match_substring(text, "-")).as_py():
        return None
    parts = _parts(text, _DERIBIT)
    there = np.array([part is not None for part in parts["kind"]], bool)
    if not there.any():
        return None
    occ = _of_occ(text)
    names = {name: np.where(there, part, "") for name, part in parts.items()}
    number = {name: f"{i:02}" for i, name in enumerate(_MONTHS, 1)}
    date = [
        f"20{year}{number.get(month, '')}{day:0>2}"
        for year, month, day in zip(names["year"], names["month"], names["day"], strict=True)
    ]
    day = pd.to_datetime(pd.Series(date, dtype="str"), format="%Y%m%d", errors="coerce")
    strike = [float(cell.replace("d", ".")) if cell else np.nan for cell in names["strike"]]
    root = names["root"]
    return Symbols(
        np.where(there, root, occ.root),
        np.where(there, day.to_numpy("datetime64[D]"), occ.expiration),
        np.where(there, names["kind"], occ.kind),
        np.where(there, strike, occ.strike),
        # BTC_USDC is quoted in dollars, BTC in bitcoin.
        there & np.array(["_" not in name for name in root], bool),
    )


def roots_of(column: pd.Series[Any]) -> NDArray[Any]:
    """The root of each symbol; what is no symbol stays as it is, what is missing is ''.

    >>> roots_of(pd.Series(["AAPL251010C00110000", "AAPL", None])).tolist()
    ['AAPL', 'AAPL', '']
    """
    codes, values = codes_of(column)
    text = pd.Series(np.asarray(values, object), dtype=object).astype(str).str.strip()
    found = read_symbols(text).root
    roots = np.append(np.where(found == "", text.to_numpy(object), found), "")
    return roots[codes]


def is_american(root: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether a root is one of options on US stocks or funds, which can be exercised early.

    That is every root written like a ticker that is not known to be European.

    >>> is_american(np.array(["AAPL", "BRK.B", "SPXW", "^SPX", "", "BTC_USDC"])).tolist()
    [True, True, False, False, False, False]
    """
    return _by_root(root, lambda name: name not in EUROPEAN, _TICKER)


def is_am_settled(root: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether a root settles on the opening prices, so that its time ends at 9:30.

    >>> is_am_settled(np.array(["SPX", "SPXW", "AAPL"])).tolist()
    [True, False, False]
    """
    return _by_root(root, lambda name: name in AM_SETTLED, ".*")


def _by_root(root: NDArray[Any], rule: Any, pattern: str) -> NDArray[np.bool_]:
    codes, values = pd.factorize(pd.Series(root, dtype=object))
    names = pd.Series(values, dtype="str")
    shaped = names.str.fullmatch(pattern).to_numpy(bool)
    ruled = np.array([rule(name.lstrip("^")) for name in names], bool)
    return np.append(shaped & ruled, False)[codes]
