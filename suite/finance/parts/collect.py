"""Forwards of a quote table that does not fit into memory.

Rows go by once; of each only what parity needs is kept, and only while its group of quote time,
root and expiration may still get more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from suite.core.files import write_whole
from suite.errors import InputError
from suite.finance.forwards.fitted import DATE, FORWARDS, GROUP, fit_legs
from suite.finance.verdict import Verdict

__all__ = ["MOST_LEGS", "MOST_STRIKES", "collect", "read_forwards"]

MOST_LEGS = 1_000_000
"""Quotes held at a time, about 100 bytes each."""
MOST_STRIKES = 64
"""Strikes kept of each group once more quotes than `MOST_LEGS` are held: the nearest the money."""


_TEXT = ("root", "source", "note")
_TYPES = {
    **dict.fromkeys(FORWARDS, pa.float64()),
    **dict.fromkeys(("quoted", "expiration"), pa.timestamp("s")),
    **dict.fromkeys(("pairs", "outliers"), pa.int64()),
    **dict.fromkeys(_TEXT, pa.string()),
}
_SCHEMA = pa.schema([(name, _TYPES[name]) for name in FORWARDS])


class _OutOfOrder(Exception):
    """A group that was taken for complete got another row."""


def collect(
    path: Path, passes: Callable[[], Iterable[pd.DataFrame]], *, most: int = MOST_LEGS
) -> int:
    """Fit the forwards of legs that come in batches, write them to a Parquet file, count them.

    `passes()` begins to give the legs anew, as `forwards.legs_of` makes them. A group is complete
    when a whole batch has no row of it: so of a table in order of quote time, or otherwise with the
    rows of a group near each other, few groups are open at a time, and the forwards are those of
    the whole table to the last bit. Where a group comes again later, all is begun anew with every
    group open to the end; then, once more than `most` legs are held, each group keeps its
    `MOST_STRIKES` strikes nearest to its forward (where call less put is nearest to zero), which
    can change a forward within its error. Raises `InputError` where that is still too much.
    """
    try:
        return _write(path, _in_order(passes(), most))
    except _OutOfOrder:
        return _write(path, _all_open(passes(), most))


def read_forwards(path: Path, first: Any, last: Any) -> pd.DataFrame:
    """The forwards of quote times from `first` to `last`, of a file that `collect` wrote."""
    inside = [("quoted", ">=", first), ("quoted", "<=", last)]
    table = pq.read_table(path, filters=None if pd.isna(first) else inside, use_threads=False)
    return table.to_pandas().astype({"quoted": DATE, "expiration": DATE})


def _write(path: Path, frames: Iterable[pd.DataFrame]) -> int:
    counts = []

    def write(part: Path) -> None:
        with pq.ParquetWriter(part, _SCHEMA) as writer:
            for frame in frames:
                table = pa.Table.from_pandas(frame, _SCHEMA, preserve_index=False)
                writer.write_table(table)
                counts.append(len(table))

    write_whole(path, write)
    return sum(counts)


@dataclass(slots=True)
class _Closed:
    """The groups that were complete, as sorted 64-bit hashes of their keys."""

    keys: NDArray[np.uint64] = field(default_factory=lambda: np.array([], np.uint64))

    def check(self, keys: NDArray[np.uint64]) -> None:
        places = np.minimum(np.searchsorted(self.keys, keys), max(0, len(self.keys) - 1))
        if len(self.keys) and (self.keys[places] == keys).any():
            raise _OutOfOrder

    def add(self, keys: NDArray[np.uint64]) -> None:
        self.keys = np.union1d(self.keys, keys)


class _Legs(NamedTuple):
    """Legs with the hash of the group of each."""

    legs: pd.DataFrame
    keys: NDArray[np.uint64]

    def where(self, kept: NDArray[np.bool_]) -> _Legs:
        return _Legs(self.legs[kept], self.keys[kept])


def _hashed(legs: pd.DataFrame) -> _Legs:
    keys = pd.util.hash_pandas_object(legs[GROUP], index=False)
    return _Legs(legs, np.asarray(keys, np.uint64))


def _together(first: _Legs, second: _Legs) -> _Legs:
    if not len(first.legs):
        return second
    keys = np.concatenate([first.keys, second.keys])
    return _Legs(pd.concat([first.legs, second.legs]), keys)


def _in_order(batches: Iterable[pd.DataFrame], most: int) -> Iterator[pd.DataFrame]:
    closed = _Closed()
    held: _Legs | None = None
    for batch in batches:
        new = _hashed(_good(batch))
        present = np.unique(new.keys)
        closed.check(present)
        if held is None:
            held = new
            continue
        over = ~np.isin(held.keys, present)
        if over.any():
            done = held.where(over)
            closed.add(np.unique(done.keys))
            yield fit_legs(done.legs).forwards
        held = _pruned(_together(held.where(~over), new), most)
    if held is not None:
        yield fit_legs(held.legs).forwards


def _all_open(batches: Iterable[pd.DataFrame], most: int) -> Iterator[pd.DataFrame]:
    held: _Legs | None = None
    for batch in batches:
        new = _hashed(_good(batch))
        held = new if held is None else _pruned(_together(held, new), most)
    if held is not None:
        yield fit_legs(held.legs).forwards


def _good(legs: pd.DataFrame) -> pd.DataFrame:
    return legs[legs["market"] == Verdict.SOLVED]


def _pruned(held: _Legs, most: int) -> _Legs:
    """Of too many legs those at the strikes nearest the money in each group."""
    if len(held.legs) <= most:
        return held
    group = np.unique(held.keys, return_inverse=True)[1]
    strike = held.legs["strike"].to_numpy(float)
    distance = np.abs(strike - _money(held.legs, group)[group])
    order = np.lexsort((strike, distance, group))
    # The number of the strike among those of its group, nearest first.
    fresh = np.r_[True, (np.diff(group[order]) != 0) | (np.diff(strike[order]) != 0)]
    number = np.cumsum(fresh)
    first = np.r_[True, np.diff(group[order]) != 0]
    rank = number - np.maximum.accumulate(np.where(first, number, 0))
    kept = np.zeros(len(order), bool)
    kept[order] = rank < MOST_STRIKES
    held = held.where(kept)
    if len(held.legs) > most:
        raise InputError(
            f"The forwards of {len(np.unique(group)):,} groups of quote time, root and expiration "
            f"would have to be kept open at once, because rows of a group lie far apart. Sort the "
            f"table by quote time, or give its forwards or its underlying and rate."
        )
    return held


def _money(legs: pd.DataFrame, group: NDArray[Any]) -> NDArray[np.float64]:
    """A forward of each group: of the strike at which call less put is nearest to zero."""
    mid = 0.5 * (legs["bid"].to_numpy(float) + legs["ask"].to_numpy(float))
    call = legs["call"].to_numpy(bool)
    plain = pd.DataFrame({"group": group, "strike": legs["strike"].to_numpy(float), "mid": mid})
    plain = plain.assign(call=call).drop_duplicates(["group", "strike", "call"])
    both = plain[plain["call"]].merge(plain[~plain["call"]], on=["group", "strike"])
    difference = both["mid_x"] - both["mid_y"]
    nearest = difference.abs().groupby(both["group"]).idxmin()
    money = plain.groupby("group")["strike"].median()
    money[nearest.index] = (both["strike"] + difference)[nearest].to_numpy()
    return money.to_numpy(float)
