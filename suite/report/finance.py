"""The page of a solved quote table: smiles, surface, term structure, verdicts and arbitrage."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite.report.attempts import counts
from suite.report.page import Grid, Section, tally_table
from suite.report.volatility import smiles, surface, term_structure, verdict_bars

__all__ = ["sections", "verdicts_only"]

SHOWN = 12
"""Expirations with a picture of their own; the table of the term structure has all."""


def sections(picture: Mapping[str, Any], summary: Mapping[str, Any]) -> list[Section]:
    """The sections of a finance run.

    `picture` is what `suite.finance.smiles.picture` makes of the table, `summary` its summary.
    """
    parts = [
        _smiles(picture, summary),
        _surface(picture),
        _term(picture),
        _verdicts(picture),
        _worst(picture),
        _arbitrage(picture),
        _record(summary["record"]),
    ]
    return [part for part in parts if part is not None]


def verdicts_only(verdicts: list[dict[str, Any]], summary: Mapping[str, Any]) -> list[Section]:
    """The sections of a run under a model whose smiles are not drawn."""
    return [_verdicts({"verdicts": verdicts}), _record(summary["record"])]


def _record(record: Mapping[str, Any]) -> Section:
    text = "What bound the steps of the inversion and why some were refused, over all quotes."
    # A single bar shows nothing that the table does not.
    several = len(record["bound"]) + len(record["refused"]) > 1
    title = "The record of the steps"
    return Section(title, text, counts(record) if several else None, tally_table(record))


def _smiles(picture: Mapping[str, Any], summary: Mapping[str, Any]) -> Section:
    drawn = _evenly(picture["smiles"], SHOWN)
    rows, expirations = f"{summary['rows']:,} quotes", f"{summary['expirations']:,} expirations"
    words = [f"{rows}, {expirations}.", *picture["notes"]]
    if not drawn:
        return Section("Implied volatility", " ".join(words))
    words.append(
        f"{picture['title']}: volatilities of out-of-the-money options from bid to ask, against "
        "log(K/F) with F the forward. The line is a raw SVI slice; a quote is met if the line "
        "passes between its bid and ask."
    )
    poor = [s["label"] for s in drawn if s["fit"] and s["fit"]["inside"] < 0.7]
    if poor:
        words.append(
            "Where one slice cannot meet all quotes it follows most of them and leaves the others: "
            f"{', '.join(poor)}."
        )
    if len(drawn) < len(picture["smiles"]):
        words.append(f"{len(drawn)} of {len(picture['smiles'])} fitted expirations are shown here.")
    wrong = [s for s in picture["smiles"] if s["fit"] and not s["fit"]["arbitrage_free"]]
    words += [f"Not arbitrage-free: {s['label']}, {s['fit']['note']}." for s in wrong]
    mended = [s["label"] for s in picture["smiles"] if s["fit"] and s["fit"]["mended"]]
    if mended:
        words.append(
            "The best fit had butterfly arbitrage and was replaced by the best without it: "
            f"{', '.join(mended)}."
        )
    return Section("Implied volatility", " ".join(words), smiles(drawn))


def _evenly(items: Sequence[Any], most: int) -> list[Any]:
    places = np.linspace(0, len(items) - 1, min(len(items), most)).round().astype(int)
    return [items[i] for i in sorted(set(places.tolist()))]


def _surface(picture: Mapping[str, Any]) -> Section:
    values = picture["surface"]
    if values is None:
        sentence = "A surface needs two fitted expirations; this table has fewer."
        return Section("Volatility surface", sentence)
    crossed = picture["calendar"]
    text = (
        f"{picture['title']}: the fitted slices, joined in time, against log(K/F) over the root of "
        "the years left. What lies outside of the quotes is not drawn. "
    )
    if not crossed:
        text += "Between successive fits total variance nowhere falls with time."
        return Section("Volatility surface", text, surface(values))
    text += (
        f"In {len(crossed)} of {len(values['labels']) - 1} pairs of successive expirations the "
        "fitted total variance falls with time at some moneyness: calendar arbitrage of the fits "
        "(where it is small, within the width of the market)."
    )
    rows = [
        [c["near"], c["far"], f"{c['moneyness']:.3f}", f"{100.0 * c['iv_lack']:.2f}"]
        for c in sorted(crossed, key=lambda c: -c["iv_lack"])
    ]
    names = ["nearer", "farther", "worst at log(K/F)", "farther too low by (volatility points)"]
    return Section("Volatility surface", text, surface(values), grid=Grid(names, rows))


def _term(picture: Mapping[str, Any]) -> Section | None:
    term = picture["term"]
    if not term:
        return None
    names = ["expiration", "years", "forward", "±", "discount", "±", "rate (%)", "ATM vol (%)"]
    names += ["bid to ask", "forward from"]
    rows = [
        [
            entry["label"],
            f"{entry['years']:.4f}",
            f"{entry['forward']:.2f}",
            _number(entry.get("forward_error"), ".2f"),
            f"{entry['discount']:.5f}",
            _number(entry.get("discount_error"), ".5f"),
            f"{-100.0 * math.log(entry['discount']) / entry['years']:.2f}",
            _number(entry["atm_iv"], ".2f", 100.0),
            f"{_number(entry['atm_iv_bid'], '.2f', 100.0)} to "
            f"{_number(entry['atm_iv_ask'], '.2f', 100.0)}",
            entry.get("source", ""),
        ]
        for entry in _evenly(term, 40)
    ]
    text = (
        "Forwards with their standard errors, and the volatility at the forward with its range "
        "from bid to ask."
    )
    if len(rows) < len(term):
        text += f" The table has {len(rows)} of {len(term)} expirations."
    return Section("Term structure", text, term_structure(term), grid=Grid(names, rows))


def _number(value: Any, form: str, scale: float = 1.0) -> str:
    return "" if value is None or not math.isfinite(value) else format(scale * value, form)


def _verdicts(picture: Mapping[str, Any]) -> Section:
    verdicts = picture["verdicts"]
    total = sum(entry["rows"] for entry in verdicts) or 1
    rows = [
        [
            entry["name"].replace("_", " "),
            f"{entry['rows']:,}",
            f"{100.0 * entry['rows'] / total:.1f}%",
            "yes" if entry["answered"] else "no",
            entry["sentence"],
        ]
        for entry in verdicts
    ]
    text = "Every quote has a volatility or the reason why not."
    grid = Grid(["verdict", "rows", "share", "volatility", "what it says"], rows)
    return Section("Verdicts", text, verdict_bars(verdicts) if verdicts else None, grid=grid)


def _worst(picture: Mapping[str, Any]) -> Section | None:
    rows = [
        [
            entry["row"],
            entry["contract"],
            _number(entry["bid"], "g"),
            _number(entry["ask"], "g"),
            _number(entry["iv"], ".2f", 100.0),
            entry["verdict"].replace("_", " "),
            _reason(entry),
        ]
        for entry in picture["worst"]
    ]
    if not rows:
        return None
    text = (
        "The rows to look at first: prices below intrinsic by most, quotes farthest from the "
        "fitted smile, and volatilities that the market's width leaves most open. Rows are "
        "counted from 0."
    )
    names = ["row", "contract", "bid", "ask", "vol (%)", "verdict", "why"]
    return Section("Worst rows", text, grid=Grid(names, rows))


def _reason(entry: Mapping[str, Any]) -> str:
    why, note = entry["why"], entry["note"]
    # The note of such a row says the same, and more.
    if not note or entry["verdict"] == "below_intrinsic":
        return note or why
    return f"{why}; {note}"


def _arbitrage(picture: Mapping[str, Any]) -> Section:
    found = picture["arbitrage"]
    total = sum(found["counts"].values())
    table = {kind: f"{n:,}: {found['sentences'][kind]}" for kind, n in found["counts"].items()}
    text = (
        "Without a model, buying at the ask and selling at the bid; amounts are in units of price "
        "for one option sold. "
    )
    if total:
        text += (
            f"{total:,} riskless gains are left between the quotes; most often such quotes were "
            "not standing at the same time. "
        )
    else:
        text += "No riskless gain is left between the quotes. "
    if found["often"]:
        often = "; ".join(
            f"row {o['row']} ({o['contract']}) in {o['flags']}" for o in found["often"]
        )
        text += f"Rows in most of them: {often}. "
    rows = [[f["kind"], f"{f['amount']:.4g}", f["sentence"]] for f in found["largest"]]
    grid = Grid(["kind", "amount", f"the {len(rows)} largest"], rows)
    return Section("Arbitrage between quotes", text + found["note"], table=table, grid=grid)
