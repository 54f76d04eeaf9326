"""Implied volatilities a second and their error, beside other programs, in one process.

    python benchmarks/finance/implied_volatility.py [--rows 1000000] [--slow-rows 20000]
        [--passes 5] [--fresh SEED] [--per-region 170] [--only TEXT] [--no-speed | --no-accuracy]

Speed: from arrays to answers, with all checks and verdicts that the program makes, on a chain of
calls and puts: forward 100, strikes 40 to 250, a day to three years, 5 to 150 %, time value above
1e-6. One core, one thread each, processor time, passes interleaved, median; programs that take a
row at a time get fewer rows. Then, in a process of its own, all cores. Accuracy: the hard grid of
the tests, or with `--fresh` one that was never seen before; its unit is what the rounding of the
inputs leaves open.
"""

import one_core  # isort: skip  (before NumPy)

import argparse
import inspect
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import peers

sys.path.insert(0, str(Path(__file__).parents[2]))
from suite.finance import black, implied_volatility
from suite.finance.implied import of_forward
from tests.finance import hard_grid

OURS = "suite"
WRONG = 1000.0


def chain(rows, seed=0):
    """Quotes of the speed comparison."""
    rng, parts, left = np.random.default_rng(seed), [], rows
    while left > 0:
        count = left + left // 2 + 100
        strike = rng.uniform(40.0, 250.0, count)
        years = np.exp(rng.uniform(np.log(1.0 / 365.0), np.log(3.0), count))
        volatility = rng.uniform(0.05, 1.5, count)
        sign = rng.choice(np.array([1, -1], np.int8), count)
        terms = {"forward": 100.0, "strike": strike, "expiry": years}
        otm = black.price(volatility, **terms, call=strike > 100.0)
        keep = np.flatnonzero(otm > 1e-6)[:left]
        price = black.price(volatility, **terms, call=sign > 0)
        columns = (price, np.full(count, 100.0), strike, years, sign)
        parts.append([column[keep] for column in columns])
        left -= len(keep)
    return peers.Quotes(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def ours(**fixed):
    """Our call with other arguments besides the columns."""
    known = inspect.signature(implied_volatility).parameters
    fixed = {name: value for name, value in fixed.items() if name in known}

    def solve(q, kind=None, **columns):
        kind = q.sign if kind is None else kind
        under = columns if "spot" in columns else {"forward": q.forward} | columns
        terms = {"strike": q.strike, "expiry": q.years, "kind": kind} | under | fixed
        return implied_volatility(q.price, **terms).volatility

    return solve


def our_ways(quotes):
    """Names and calls: the least columns first, then what other callers hold in their hands."""
    solve, whole = ours(threads=1), np.zeros(len(quotes.price))
    letters = np.where(quotes.sign > 0, "c", "p")
    return {
        OURS: solve,
        f"{OURS}, kind as letters": lambda q: solve(q, letters[: len(q.price)]),
        f"{OURS}, rate as a column": lambda q: solve(q, rate=whole[: len(q.price)]),
        f"{OURS}, spot, rate, dividend columns": lambda q: solve(
            q, spot=q.forward, rate=whole[: len(q.price)], dividend=whole[: len(q.price)]
        ),
    }


def rates(calls, quotes, slow, slow_rows, passes, clock=time.process_time):
    """Rows a second of each call: the median over passes, each in an order of its own.

    On one core the clock is that of the processor, which stands still while other people's programs
    have the core.
    """
    some = quotes.part(slice(slow_rows))
    seconds = {name: [] for name in calls}
    for name, call in calls.items():  # compiles and loads
        call(some.part(slice(2000)) if name in slow else some)
    rng, names = np.random.default_rng(1), list(calls)
    for _ in range(passes):
        for name in rng.permutation(names).tolist():  # nobody always runs after the slowest
            given = some if name in slow else quotes
            began = clock()
            calls[name](given)
            seconds[name].append((clock() - began) / len(given.price))
    return {name: 1.0 / float(np.median(taken)) for name, taken in seconds.items()}


def speed(contenders, options):
    quotes = chain(options.rows)
    calls = our_ways(quotes) | {c.title: c.black for c in contenders if "parallel" not in c.name}
    slow = {c.title for c in contenders if c.slow}
    found = rates(calls, quotes, slow, options.slow_rows, options.passes)
    best = max((rate for name, rate in found.items() if not name.startswith(OURS)), default=np.nan)
    print(f"\n{options.rows:,} rows on one core, median of {options.passes} passes\n")
    print("| program | million rows a second | times slower than ours | of the best peer |")
    print("| --- | --- | --- | --- |")
    for name, rate in sorted(found.items(), key=lambda item: -item[1]):
        print(f"| {name} | {rate / 1e6:.3g} | {found[OURS] / rate:.2f} | {rate / best:.2f} |")


def all_cores(contenders, options):
    """The programs that can use more than one core; run in a process that is not pinned."""
    quotes = chain(options.rows)
    calls = {f"{OURS}, threads=1": ours(threads=1), f"{OURS}, threads=None": ours()}
    able = ("iv_engine", "pyvolr, _core", "fast_vollib, numba")
    calls |= {c.title: c.black for c in contenders if c.name.startswith(able)}
    found = rates(calls, quotes, set(), options.slow_rows, options.passes, time.perf_counter)
    print(f"\n{options.rows:,} rows on {len(one_core.CORES)} cores, threads as each likes\n")
    print("| program | million rows a second |")
    print("| --- | --- |")
    for name, rate in sorted(found.items(), key=lambda item: -item[1]):
        print(f"| {name} | {rate / 1e6:.3g} |")


def our_answers(rows):
    """Ours for the grid: the market rows from their spot, rate and dividend."""
    found = np.full(len(rows["price"]), np.nan)
    spots = np.isfinite(rows["spot"])
    for model in ("black", "bachelier"):
        some = np.flatnonzero((rows["model"] == model) & ~spots)
        names = ("price", "forward", "strike", "years", "discount", "call")
        if len(some):
            columns = [rows[name][some] for name in names]
            found[some] = of_forward(*columns, model=model, threads=1).volatility
    some = np.flatnonzero(spots)
    if len(some):
        given = {name: rows[name][some] for name in ("spot", "rate", "dividend", "strike")}
        given |= {"expiry": rows["years"][some], "kind": rows["kind"][some]}
        found[some] = implied_volatility(rows["price"][some], **given).volatility
    return found


def their_answers(contender, rows):
    """Theirs, region by region, from undiscounted prices; NaN for a model they do not have."""
    sign = np.where(rows["call"], 1, -1).astype(np.int8)
    price = rows["price"] / rows["discount"]
    quotes = peers.Quotes(price, rows["forward"], rows["strike"], rows["years"], sign)
    found = np.full(len(price), np.nan)
    for region in dict.fromkeys(rows["region"].tolist()):
        some = np.flatnonzero(rows["region"] == region)
        solve = contender.normal if rows["model"][some[0]] == "bachelier" else contender.black
        if solve is not None:
            found[some] = solve(quotes.part(some))
    return found


def accuracy(contenders, options):
    fresh = options.fresh is not None
    regions = hard_grid.REGIONS | hard_grid.CORNERS
    rows = hard_grid.grid(options.fresh, options.per_region, regions) if fresh else hard_grid.read()
    answers = {OURS: our_answers(rows)}
    answers |= {
        c.title: their_answers(c, rows)
        for c in contenders
        if "parallel" not in c.name and "chunks" not in c.name
    }
    truth = (rows["truth"], rows["unit"], rows["truth_low"])
    units = {name: hard_grid.error_in_units(found, *truth) for name, found in answers.items()}
    has = {c.title: c.normal is not None for c in contenders} | {OURS: True}
    which = f"fresh rows, seed {options.fresh}" if fresh else "the rows of the tests"
    print(f"\nErrors in units of the attainable error: {which}, {len(rows['price']):,}\n")
    _totals(units, rows, has)
    _by_region(units, rows, has)


def _totals(units, rows, has):
    print("| program | rows | max | over 4 | over 8 | wrong (over 1000) | no answer |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, all_errors in units.items():
        e = all_errors if has[name] else all_errors[rows["model"] == "black"]
        over = [int(np.count_nonzero(e > limit)) for limit in (4.0, 8.0, WRONG)]
        none = int(np.count_nonzero(np.isnan(e)))
        print(f"| {name} | {len(e)} | {_most(e)} | {' | '.join(map(str, over))} | {none} |")


def _by_region(units, rows, has):
    print("\nLargest error by region; in brackets how many rows are wrong, and without answer\n")
    print(f"| region | rows | {' | '.join(units)} |")
    print("| --- " * (len(units) + 2) + "|")
    for region in dict.fromkeys(rows["region"].tolist()):
        some = rows["region"] == region
        normal = rows["model"][some][0] == "bachelier"
        cells = [_cell(e[some]) if has[name] or not normal else "-" for name, e in units.items()]
        print(f"| {region} | {np.count_nonzero(some)} | {' | '.join(cells)} |")


def _most(errors):
    finite = errors[np.isfinite(errors)]
    return f"{finite.max():.2g}" if len(finite) else "-"


def _cell(errors):
    wrong, none = np.count_nonzero(errors > WRONG), np.count_nonzero(np.isnan(errors))
    return _most(errors) + (f" ({wrong}, {none})" if wrong or none else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--slow-rows", type=int, default=20_000)
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--fresh", type=int, metavar="SEED")
    parser.add_argument("--per-region", type=int, default=170)
    parser.add_argument("--only", default="", help="peers whose name has this")
    parser.add_argument("--no-speed", action="store_true")
    parser.add_argument("--no-accuracy", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    contenders, missing = peers.installed()
    contenders = [c for c in contenders if options.only in c.name]
    if os.environ.get("BENCHMARK_CORES") == "all":
        return all_cores(contenders, options)
    print(f"NumPy {np.__version__}; not installed, so left out: {', '.join(missing) or 'none'}")
    if not options.no_speed:
        speed(contenders, options)
        sys.stdout.flush()
        subprocess.run([sys.executable, *sys.argv], check=True, **one_core.everywhere())
    if not options.no_accuracy:
        accuracy(contenders, options)


if __name__ == "__main__":
    main()
