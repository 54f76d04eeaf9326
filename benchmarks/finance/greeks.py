"""Greeks a second and their error, apart from any inversion, beside other programs.

    python benchmarks/finance/greeks.py [--rows 1000000] [--slow-rows 20000] [--passes 5]

The chain of `implied_volatility.py`, with its volatilities and a rate of 3 %; how many Greeks a
program gives in that time stands beside it. The columns delta, gamma and vega are the largest
relative error over 400 rows, against 50 digits. One core, one thread each, processor time, median.
"""

import one_core  # isort: skip  (before NumPy)

import argparse
import importlib
import warnings
from functools import partial
from importlib.metadata import version

import mpmath
import numpy as np
from implied_volatility import OURS, chain, ours, rates

from suite.finance.greeks import greeks

RATE = 0.03
NAMES = ("delta", "gamma", "vega")


def suite_way():
    def solve(q):
        discount = np.exp(-RATE * q.years)
        return greeks(q.price, q.forward, q.strike, q.years, discount, q.sign > 0, threads=1)

    return f"{OURS}, 7 Greeks", solve, False


def suite_with_prices(volatilities, prices):
    """Ours where the price is at hand, as it is after an inversion."""

    def solve(q):
        rows, discount = len(q.price), np.exp(-RATE * q.years)
        columns = (q.forward, q.strike, q.years, discount, q.sign > 0)
        value = discount * prices[:rows]
        return greeks(volatilities[:rows], *columns, price=value, threads=1)

    return f"{OURS}, 7 Greeks, price at hand", solve, False


def fast_vollib():
    module = importlib.import_module("fast_vollib")

    def solve(q):
        flags = np.where(q.sign > 0, "c", "p")
        columns = (flags, q.forward, q.strike, q.years, RATE, q.price)
        found = module.get_all_greeks(*columns, model="black", return_as="dict", backend="numba")
        return found | {"vega": 100.0 * found["vega"]}

    return f"fast_vollib {version('fast-vollib')}, 5 Greeks", solve, False


def pyvolr():
    core = importlib.import_module("pyvolr._core")
    names = ("delta", "gamma", "vega", "theta", "rho")

    def solve(q):
        rate = np.full_like(q.years, RATE)
        columns = (q.sign, q.forward, q.strike, q.years, rate, q.price)
        return dict(zip(names, core.black76_greeks(*columns), strict=True))

    return f"pyvolr {version('pyvolr')}, _core, 5 Greeks", solve, False


def iv_engine():
    """Of the undiscounted price; delta for one side at a time, the others for both."""
    batch = importlib.import_module("iv_engine.batch")

    def solve(q):
        discount = np.exp(-RATE * q.years)
        columns = (q.forward, q.strike, q.years, q.price)
        delta = np.empty_like(q.price)
        for sign in (1, -1):
            rows = np.flatnonzero(q.sign == sign)
            delta[rows] = batch.deltas(*(c[rows] for c in columns), sign > 0, parallel=False)
        found = {"delta": delta}
        for name in ("gamma", "vega", "vanna", "vomma"):
            found[name] = getattr(batch, f"{name}s")(*columns, parallel=False)
        return {name: discount * column for name, column in found.items()}

    return f"iv_engine {version('iv-engine')}, 5 Greeks", solve, False


def quantlib():
    ql = importlib.import_module("QuantLib")

    def row(price, forward, strike, years, sign):
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if sign > 0 else ql.Option.Put, strike)
        discount = float(np.exp(-RATE * years))
        at = ql.BlackCalculator(payoff, forward, price * years**0.5, discount)
        values = (at.deltaForward(), at.gammaForward(), at.vega(years))
        return (*values, at.theta(forward, years), at.rho(years))

    def solve(q):
        found = np.array([row(*r) for r in zip(*(c.tolist() for c in q), strict=True)])
        return dict(zip((*NAMES, "theta", "rho"), found.T, strict=True))

    return f"QuantLib {version('QuantLib')}, 5 Greeks", solve, True


def exact(q):
    """Delta, gamma and vega of Black's formula."""
    found = {name: [] for name in NAMES}
    with mpmath.workdps(50):
        for row in zip(*(column.tolist() for column in q), strict=True):
            sigma, forward, strike, years, sign = map(mpmath.mpf, row)
            s = sigma * mpmath.sqrt(years)
            d1 = mpmath.log(forward / strike) / s + s / 2
            discount = mpmath.exp(-mpmath.mpf(RATE) * years)
            density = discount * mpmath.npdf(d1)
            found["delta"].append(sign * discount * mpmath.ncdf(sign * d1))
            found["gamma"].append(density / (forward * s))
            found["vega"].append(density * forward * mpmath.sqrt(years))
    return found


def worst(found, truth):
    """The largest relative error of each."""
    errors = {}
    for name in NAMES:
        pairs = zip(np.asarray(found[name]).tolist(), truth[name], strict=True)
        errors[name] = max(float(abs(a - b) / abs(b)) for a, b in pairs)
    return errors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--slow-rows", type=int, default=20_000)
    parser.add_argument("--passes", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    quotes = chain(options.rows)
    prices, volatilities = quotes.price, ours(threads=1)(quotes)
    quotes = quotes._replace(price=volatilities)  # what the others take in that place
    with_prices = partial(suite_with_prices, volatilities, prices)
    calls, slow = {}, set()
    for make in (suite_way, with_prices, fast_vollib, pyvolr, iv_engine, quantlib):
        try:
            name, call, one_by_one = make()
        except ImportError as error:
            print(f"left out: {make.__name__} ({error})")
            continue
        calls[name] = call
        slow |= {name} if one_by_one else set()
    found = rates(calls, quotes, slow, options.slow_rows, options.passes)
    sample = quotes.part(slice(400))
    truth = exact(sample)
    print(
        f"\n{options.rows:,} rows on one core ({one_core.CORES[-1]}), Greeks of known volatility\n"
    )
    print("| program | million rows a second | times slower than ours | delta | gamma | vega |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, rate in sorted(found.items(), key=lambda item: -item[1]):
        errors = " | ".join(f"{e:.0e}" for e in worst(calls[name](sample), truth).values())
        print(f"| {name} | {rate / 1e6:.3g} | {found[next(iter(found))] / rate:.2f} | {errors} |")


if __name__ == "__main__":
    main()
