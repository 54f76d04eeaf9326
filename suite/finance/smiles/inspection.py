"""The rows of a solved table to look at first: verdicts, misfits and arbitrage, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from suite.finance.smiles.arbitrage import KINDS, arbitrage
from suite.finance.verdict import Verdict

if TYPE_CHECKING:
    from suite.finance.quotes import SolvedTable

__all__ = ["arbitrage_found", "verdict_counts", "worst_rows"]

_MOST = 20
"""Rows that a list shows at most."""


def verdict_counts(solved: SolvedTable) -> list[dict[str, Any]]:
    """How many rows ended with each verdict, with its sentence, the most frequent first."""
    counts = solved.frame["iv_status"].value_counts()
    verdicts = [(name, int(n), Verdict[str(name).upper()]) for name, n in counts.items()]
    return [
        {
            "name": str(name),
            "rows": n,
            "sentence": verdict.sentence,
            "answered": verdict.answered,
        }
        for name, n, verdict in verdicts
    ]


def worst_rows(rows: pd.DataFrame, miss: pd.DataFrame | None) -> list[dict[str, Any]]:
    """The rows to look at first: below intrinsic, far from the fit, and of wide volatility."""
    call = np.where(rows["call"], 1.0, -1.0)
    intrinsic = rows["discount"] * np.maximum(call * (rows["forward"] - rows["strike"]), 0.0)
    below = (intrinsic - rows["mid"])[rows["iv_status"] == "below_intrinsic"]
    width = 0.5 * (rows["iv_ask"] - rows["iv_bid"])
    reasons: list[tuple[pd.Series[Any], str]] = [
        (below, "{:.4g} below intrinsic"),
        (100.0 * width[rows["iv"].notna()], "volatility known to ±{:.3g} points"),
    ]
    if miss is not None:
        far = miss["miss"][miss["miss"] > 1.0]
        reasons.insert(1, (far, "{:.3g} half widths from the fitted smile"))
    chosen: list[dict[str, Any]] = []
    for number, (measure, words) in enumerate(reasons):
        left = (_MOST - len(chosen)) // (len(reasons) - number)
        measure = measure.dropna().drop([c["row"] for c in chosen], errors="ignore")
        for row, value in measure.nlargest(left).items():
            chosen.append(_row(rows, int(str(row)), words.format(value)))
    return chosen


def _row(rows: Any, row: int, why: str) -> dict[str, Any]:
    entry = rows.loc[row]
    return {
        "row": row,
        "contract": _contract(entry),
        "bid": float(entry["bid"]),
        "ask": float(entry["ask"]),
        "iv": float(entry["iv"]),
        "verdict": str(entry["iv_status"]),
        "why": why,
        "note": str(entry["iv_note"]),
    }


def _contract(entry: Any) -> str:
    kind = "call" if entry["call"] else "put" if entry["put"] else "option"
    day = "" if pd.isna(entry["expiration"]) else f"{entry['expiration']:%Y-%m-%d}"
    return f"{entry['root']} {day} {entry['strike']:g} {kind}".strip()


def arbitrage_found(solved: SolvedTable, rows: Any) -> dict[str, Any]:
    """The flags by kind, the largest of them, and the rows that are in most of them."""
    flags = arbitrage(solved.quotes, solved.forwards)
    counts = flags["kind"].value_counts()
    named = flags["rows"].explode().value_counts().head(5)
    american = int(rows["american"].sum())
    note = f"Parity is not looked at for {american:,} American rows, for which it does not hold."
    return {
        "counts": {kind: int(counts.get(kind, 0)) for kind in KINDS},
        "sentences": dict(KINDS),
        "largest": flags.head(_MOST).to_dict("records"),
        "often": [
            {"row": row, "flags": int(n), "contract": _contract(rows.loc[row])}
            for row, n in zip(named.index.astype(int).tolist(), named, strict=True)
            if n > 2
        ],
        "note": note if american else "",
    }
