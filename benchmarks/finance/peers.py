"""The other programs, each called as it likes best: undiscounted prices, arrays of its own types.

A contender is a function from `Quotes` to volatilities. What a program cannot take at once, such
as calls beside puts, is taken apart and put together inside it: that is part of an answer.
"""

import importlib
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import numpy as np


class Quotes(NamedTuple):
    """Columns [rows]; `price` undiscounted, `sign` +1 for calls and -1 for puts, `years` > 0."""

    price: Any
    forward: Any
    strike: Any
    years: Any
    sign: Any

    def part(self, rows):
        return Quotes(*(column[rows] for column in self))


class Contender(NamedTuple):
    """`package` as it is installed; `slow` where it takes one row at a time."""

    name: str
    package: str
    black: Any
    normal: Any = None
    slow: bool = False

    @property
    def title(self):
        return f"{self.name} {version(self.package)}"


def _by_side(solve, quotes):
    """Calls and puts apart, for programs that take one side at a time."""
    found = np.empty(len(quotes.price))
    for sign in (1, -1):
        rows = np.flatnonzero(quotes.sign == sign)
        found[rows] = solve(quotes.part(rows), sign)
    return found


def _row_by_row(solve, quotes):
    """A function of numbers, called in a loop; what it raises is a row without an answer."""
    found = []
    for row in zip(*(column.tolist() for column in quotes), strict=True):
        try:
            found.append(solve(*row))
        except Exception:
            found.append(np.nan)
    return np.array(found, float)


def pyfeng():
    module = importlib.import_module("pyfeng")
    black, normal = module.Bsm(0.2, is_fwd=True), module.Norm(0.2, is_fwd=True)

    def by(model):
        return lambda q: model.impvol(q.price, q.strike, q.forward, q.years, q.sign)

    def chunks(q):
        parts = range(0, len(q.price), 8192)
        return np.concatenate([by(black)(q.part(slice(k, k + 8192))) for k in parts])

    return [
        Contender("pyfeng", "pyfeng", by(black), by(normal)),
        Contender("pyfeng in chunks of 8192", "pyfeng", chunks, by(normal)),
    ]


def lbriv():
    module = importlib.import_module("lbriv")

    def side(q, sign):
        found = module.vectorized_implied_vol(q.price / q.strike, q.forward / q.strike, 1.0, sign)
        return found / np.sqrt(q.years)

    def row(price, forward, strike, years, sign):
        return module.implied_vol(price, forward, strike, sign) / years**0.5

    return [
        Contender("lbriv, scaled by strike", "lbriv", lambda q: _by_side(side, q)),
        Contender("lbriv, scalar calls", "lbriv", lambda q: _row_by_row(row, q), slow=True),
    ]


def iv_engine():
    batch = importlib.import_module("iv_engine.batch")

    def by(parallel):
        def side(q, sign):
            return batch.implied_volatilities(
                q.price, q.forward, q.strike, q.years, sign > 0, parallel=parallel
            )

        return lambda q: _by_side(side, q)

    return [
        Contender("iv_engine", "iv-engine", by(False)),
        Contender("iv_engine, parallel", "iv-engine", by(True)),
    ]


def pyvolr():
    module = importlib.import_module("pyvolr.black76")
    core = importlib.import_module("pyvolr._core")

    def public(q):
        flags = np.where(q.sign > 0, "c", "p")
        return module.implied_vol(
            q.price, flags, q.forward, q.strike, q.years, 0.0, on_error="ignore"
        )

    def inner(q):
        return core.black76_iv(
            q.price, q.sign, q.forward, q.strike, q.years, np.zeros_like(q.price)
        )

    return [
        Contender("pyvolr", "pyvolr", public),
        Contender("pyvolr, _core", "pyvolr", inner),
    ]


def fast_vollib():
    module = importlib.import_module("fast_vollib")
    jackel = importlib.import_module("fast_vollib.jackel").jackel_iv_black

    def numba(q):
        flags = np.where(q.sign > 0, "c", "p")
        return module.fast_implied_volatility_black(
            *(q.price, q.forward, q.strike, 0.0, q.years, flags),
            on_error="ignore",
            return_as="numpy",
            backend="numba",
        )

    def lbr(q):
        return jackel(q.price, q.forward, q.strike, q.years, q.sign > 0)

    return [
        Contender("fast_vollib, numba", "fast-vollib", numba),
        Contender("fast_vollib, jackel", "fast-vollib", lbr),
    ]


def quantlib():
    ql = importlib.import_module("QuantLib")

    def by(solve):
        def row(price, forward, strike, years, sign):
            side = ql.Option.Call if sign > 0 else ql.Option.Put
            return solve(side, strike, forward, price) / years**0.5

        return lambda q: _row_by_row(row, q)

    def normal(price, forward, strike, years, sign):
        side = ql.Option.Call if sign > 0 else ql.Option.Put
        return ql.bachelierBlackFormulaImpliedVol(side, strike, forward, years, price)

    def lirs(side, strike, forward, price):
        return ql.blackFormulaImpliedStdDevLiRS(
            side, strike, forward, price, 1.0, 0.0, ql.nullDouble(), 1.0, 1e-12, 100
        )

    def usual(side, strike, forward, price):
        return ql.blackFormulaImpliedStdDev(
            side, strike, forward, price, 1.0, 0.0, ql.nullDouble(), 1e-12, 100
        )

    return [
        Contender(
            "QuantLib LiRS",
            "QuantLib",
            by(lirs),
            lambda q: _row_by_row(normal, q),
            slow=True,
        ),
        Contender("QuantLib", "QuantLib", by(usual), lambda q: _row_by_row(normal, q), slow=True),
    ]


def vollib():
    module = importlib.import_module("vollib.black.implied_volatility")

    def row(price, forward, strike, years, sign):
        flag = "c" if sign > 0 else "p"
        return module.implied_volatility(price, forward, strike, 0.0, years, flag)

    return [Contender("vollib", "vollib", lambda q: _row_by_row(row, q), slow=True)]


MAKERS = (pyfeng, lbriv, iv_engine, pyvolr, fast_vollib, quantlib, vollib)


def installed():
    """The contenders that can be run, and why the others cannot."""
    found, missing = [], []
    for make in MAKERS:
        try:
            found += make()
        except (ImportError, PackageNotFoundError, AttributeError) as error:
            missing.append(f"{make.__name__} ({error})")
    return found, missing
