"""What there is to show of a solved quote table, as plain data for a report."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from suite.finance.smiles.inspection import arbitrage_found, verdict_counts, worst_rows
from suite.finance.smiles.smile import LEAST_QUOTES, fit_svi
from suite.finance.smiles.svi import SVI, calendar

if TYPE_CHECKING:
    from suite.finance.quotes import SolvedTable

__all__ = ["picture"]

Vector = NDArray[np.float64]

_GROUP = ["quoted", "root", "expiration"]
# How many smiles, quotes of one, and places of a fitted curve are shown at most.
_SMILES = 24
_POINTS = 160
_CURVE = 121
# Answered, but not what a smile should follow.
_DOUBTED = ("stale", "suspect", "low_information")


@dataclass(frozen=True, slots=True, eq=False)
class _Smile:
    """The out-of-the-money rows of one expiration, sorted by strike, with their fit."""

    label: str
    years: float
    rows: Any
    svi: SVI | None
    miss: Any

    def total_variance(self, k: Vector) -> Vector:
        """Of the fit; missing where nothing was quoted, so that no extrapolation is shown."""
        ends = self.rows["moneyness"].iloc[[0, -1]].to_numpy(float)
        inside = (k >= ends[0]) & (k <= ends[1])
        w = np.full(k.shape, np.nan) if self.svi is None else self.svi.total_variance(k)
        return np.where(inside & (w > 0.0), w, np.nan)


def picture(solved: SolvedTable) -> dict[str, Any]:
    """The smiles with their fits, the term structure, verdicts, worst rows and arbitrage.

    One underlying at one quote time is drawn: the one with the most quotes. Keys: `title` says
    which; `smiles` one entry an expiration, with arrays `moneyness` log(K/F), `iv_bid`, `iv`,
    `iv_ask` (fractions a year) and `fit`; `surface` the fits on one grid; `term` one entry an
    expiration; `calendar` where fitted total variance falls with time; `verdicts`, `worst`,
    `arbitrage`; and `notes`, sentences on what was left out. Nothing in it needs pandas.
    """
    rows = _rows(solved)
    drawn, title, notes = _drawn(rows)
    smiles = [_smile(label, group) for label, group in _thinned(drawn, notes)]
    misses = [smile.miss for smile in smiles if smile.svi is not None]
    return {
        "title": title,
        "smiles": [_to_draw(smile) for smile in smiles],
        "surface": _surface([smile for smile in smiles if smile.svi is not None]),
        "term": _term(drawn, solved.forwards, smiles),
        "calendar": _calendar([smile for smile in smiles if smile.svi is not None]),
        "verdicts": verdict_counts(solved),
        "worst": worst_rows(rows, pd.concat(misses) if misses else None),
        "arbitrage": arbitrage_found(solved, rows),
        "notes": notes,
    }


def _rows(solved: SolvedTable) -> Any:
    """The columns that are drawn, one row a contract, numbered by place."""
    rows = solved.quotes.reset_index(drop=True).copy()
    for name in ("iv_bid", "iv", "iv_ask", "mid"):
        rows[name] = solved.frame[name].to_numpy(float)
    for name in ("iv_status", "iv_note"):
        rows[name] = solved.frame[name].to_numpy()
    rows["american"] = rows.get("american", False)
    rows["moneyness"] = np.log((rows["strike"] / rows["forward"]).where(rows["strike"] > 0.0))
    out = rows["call"] == (rows["moneyness"] > 0.0)
    rows["drawable"] = out & rows["iv"].notna() & rows["moneyness"].notna()
    # AM and PM settled roots of one index (SPX and SPXW) have one smile a day between them.
    roots = set(rows["root"].unique())
    short = {r: r[:-1] for r in roots if len(r) > 1 and r[-1] in "WP" and r[:-1] in roots}
    rows["family"] = rows["root"].replace(short) if short else rows["root"]
    return rows


def _drawn(rows: Any) -> tuple[Any, str, list[str]]:
    """The rows of the underlying and quote time with the most quotes, and what they are."""
    good = rows[rows["drawable"]]
    if good.empty:
        return good, "", ["No out-of-the-money quote has a volatility: there is nothing to draw."]
    sizes = good.groupby(["quoted", "family"], sort=True).size()
    quoted, family = sizes.idxmax()
    title = f"{family} quoted {_moment(quoted)}".strip()
    notes = []
    if len(sizes) > 1:
        notes.append(
            f"The table has {len(sizes)} pairs of underlying and quote time; the one with the "
            f"most quotes is drawn: {title}."
        )
    return good[(good["quoted"] == quoted) & (good["family"] == family)], title, notes


def _moment(time: pd.Timestamp) -> str:
    return f"{time:%Y-%m-%d}" if time == time.normalize() else f"{time:%Y-%m-%d %H:%M:%S}"


def _label(root: str, expiration: pd.Timestamp) -> str:
    return f"{root} {expiration:%Y-%m-%d}".strip()


def _thinned(drawn: Any, notes: list[str]) -> list[tuple[str, Any]]:
    """The expirations to draw, evenly taken where there are many."""
    groups = [(_label(*key[1:]), group) for key, group in drawn.groupby(_GROUP, sort=True)]
    groups.sort(key=lambda item: float(item[1]["years"].iloc[0]))
    if len(groups) > _SMILES:
        notes.append(f"{_SMILES} of {len(groups)} expirations are drawn and fitted.")
        groups = [groups[i] for i in _evenly(len(groups), _SMILES)]
    most = max((len(group) for _, group in groups), default=0)
    if most > _POINTS:
        notes.append(f"At most {_POINTS} quotes of an expiration are drawn; all are fitted.")
    return groups


def _evenly(count: int, most: int) -> list[int]:
    """At most so many places of a list, the first and the last among them."""
    return sorted(set(np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist()))


def _smile(label: str, group: Any) -> _Smile:
    """The SVI slice of one expiration, and the misses of its quotes in half widths."""
    group = group.sort_values("moneyness")
    years = float(group["years"].iloc[0])
    good = group[~group["iv_status"].isin(_DOUBTED)]
    k = good["moneyness"].to_numpy(float)
    if len(np.unique(k)) < LEAST_QUOTES:
        return _Smile(label, years, group, None, None)
    low, w, high = (years * good[n].to_numpy(float) ** 2 for n in ("iv_bid", "iv", "iv_ask"))
    half = _half_width(low, w, high)
    svi = fit_svi(k, w, 1.0 / half)
    fitted = svi.total_variance(k)
    inside = (fitted >= np.nan_to_num(low)) & (fitted <= np.nan_to_num(high, nan=np.inf))
    miss = pd.DataFrame({"miss": np.abs(fitted - w) / half, "inside": inside}, index=good.index)
    return _Smile(label, years, group, svi, miss)


def _half_width(low: Vector, w: Vector, high: Vector) -> Vector:
    """Half the market in total variance; the usual one where a side has no volatility."""
    half = np.fmax(high - w, w - low)
    known = half[np.isfinite(half) & (half > 0.0)]
    usual = float(np.median(known)) if known.size else 0.01 * float(np.median(w))
    # A market of no width would weigh infinitely much; a tenth of the usual is certain enough.
    return np.maximum(np.where(np.isfinite(half), half, usual), 0.1 * usual)


def _to_draw(smile: _Smile) -> dict[str, Any]:
    """The quotes of one expiration, thinned, and its fitted curve."""
    shown = smile.rows.iloc[_evenly(len(smile.rows), _POINTS)]
    names = ["moneyness", "strike", "iv_bid", "iv", "iv_ask"]
    return {
        "label": smile.label,
        "years": smile.years,
        "quotes": len(smile.rows),
        "row": shown.index.to_numpy(),
        **{name: shown[name].to_numpy(float) for name in names},
        "fit": _fit_to_draw(smile),
    }


def _fit_to_draw(smile: _Smile) -> dict[str, Any] | None:
    if smile.svi is None:
        return None
    ends = smile.rows["moneyness"].iloc[[0, -1]].to_numpy(float)
    curve = np.linspace(ends[0], ends[1], _CURVE)
    return {
        "moneyness": curve,
        "iv": np.sqrt(smile.total_variance(curve) / smile.years),
        "inside": float(smile.miss["inside"].mean()),
        "arbitrage_free": smile.svi.arbitrage_free,
        "mended": smile.svi.mended,
        "note": smile.svi.note,
        "parameters": {n: getattr(smile.svi, n) for n in ("a", "b", "rho", "m", "sigma")},
    }


def _surface(smiles: list[_Smile]) -> dict[str, Any] | None:
    """The fitted volatilities on one grid of log(K/F)/√T.

    In that unit expirations are quoted about as widely as each other; the grid reaches as far as
    half of them do. Where one was not quoted but a nearer and a farther one were, the volatility
    is on the line between theirs in time; elsewhere it is missing.
    """
    if len(smiles) < 2:
        return None
    ends = np.array([s.rows["moneyness"].iloc[[0, -1]] / np.sqrt(s.years) for s in smiles], float)
    low = np.quantile(ends[:, 0], 0.5, method="higher")
    high = np.quantile(ends[:, 1], 0.5, method="lower")
    x = np.linspace(low, high, _CURVE)
    years = np.array([s.years for s in smiles])
    iv = np.array([np.sqrt(s.total_variance(x * np.sqrt(s.years)) / s.years) for s in smiles])
    for column in iv.T:
        known = np.flatnonzero(np.isfinite(column))
        if known.size:
            column[:] = np.interp(years, years[known], column[known], left=np.nan, right=np.nan)
    return {
        "standard_moneyness": x,
        "years": years,
        "labels": [s.label for s in smiles],
        "iv": iv,
    }


def _term(drawn: Any, forwards: Any, smiles: list[_Smile]) -> list[dict[str, Any]]:
    """Forward, discount factor and at-the-money volatility of each expiration."""
    fits = {smile.label: _fit_to_draw(smile) for smile in smiles}
    known = forwards.drop_duplicates(_GROUP).set_index(_GROUP)
    columns = [n for n in ("forward_error", "discount_error", "pairs") if n in known.columns]
    term = []
    for key, group in drawn.groupby(_GROUP, sort=True):
        group = group.sort_values("moneyness")
        entry: dict[str, Any] = {
            "label": _label(*key[1:]),
            "years": float(group["years"].iloc[0]),
            "forward": float(group["forward"].iloc[0]),
            "discount": float(group["discount"].iloc[0]),
            "quotes": len(group),
            "fit": fits.get(_label(*key[1:])),
        }
        entry |= {f"atm_{n}": _at_the_money(group, n) for n in ("iv_bid", "iv", "iv_ask")}
        entry |= {n: float(known[n].get(key, np.nan)) for n in columns}
        entry["source"] = str(known["source"].get(key, "")) if "source" in known.columns else ""
        term.append(entry)
    return sorted(term, key=lambda entry: entry["years"])


def _at_the_money(group: Any, name: str) -> float:
    """The volatility at the forward, on the line between the quotes to both sides of it."""
    known = group[["moneyness", name]].dropna()
    k, iv = known["moneyness"].to_numpy(float), known[name].to_numpy(float)
    inside = len(k) > 0 and k[0] <= 0.0 <= k[-1]
    return float(np.interp(0.0, k, iv)) if inside else float("nan")


def _calendar(smiles: list[_Smile]) -> list[dict[str, Any]]:
    """Successive fitted expirations whose total variance falls, where both were quoted."""
    found: list[dict[str, Any]] = []
    for near, far in pairwise(smiles):
        low = max(s.rows["moneyness"].iloc[0] for s in (near, far))
        high = min(s.rows["moneyness"].iloc[-1] for s in (near, far))
        if low < high and near.years < far.years and near.svi and far.svi:
            excess, at = calendar(near.svi, far.svi, np.linspace(low, high, _CURVE))
            if excess > 0.0:
                w = max(float(far.svi.total_variance(at)), 0.0)
                lack = float(np.sqrt((w + excess) / far.years) - np.sqrt(w / far.years))
                names = {"near": near.label, "far": far.label}
                found.append(names | {"moneyness": at, "iv_lack": lack})
    return found
