"""Quotes with their implied volatility to more digits than doubles have.

    python -m tests.finance.hard_grid [--seed 20261124] [--per-region 170] [--output FILE]

A row is drawn from its region (`hard_regions`): a forward, a strike, a time and a volatility, all
doubles. Its price is the model's, rounded to a double (or to a tick). The true volatility is the
one that gives that rounded price exactly: Newton's method on the log of the textbook formula, in
`DIGITS` digits. Rows whose price could not be told from one without time value, or from the upper
bound, are left out. The unit of error is what nobody can do better than: half an ulp of the price
over vega, and half an ulp of the volatility, and, where the forward is computed from a spot, half
an ulp of the forward times |dσ/dF|.
"""

import argparse
import csv
from pathlib import Path

import mpmath
import numpy as np
from mpmath import mpf

from tests.finance.hard_regions import CORNERS, REGIONS

__all__ = ["CORNERS", "REGIONS", "error_in_units", "grid", "read"]

REFERENCE = Path(__file__).parents[1] / "reference" / "finance_hard_grid.csv"
DIGITS = 100
SETTLED = mpf("1e-40")
"""A last step, relative to the total volatility, that leaves far more digits than are kept."""
TEXT = ("region", "model", "kind")
NUMBERS = ("price", "spot", "rate", "dividend", "forward", "strike", "years", "discount")
ANSWERS = ("truth", "truth_low", "unit")
COLUMNS = (*TEXT, *NUMBERS, *ANSWERS)


def parts(model, forward, strike, s):
    """Time value, what is missing to its maximum, vega and the chance that F ends above K."""
    if model == "bachelier":
        z = -abs(forward - strike) / s
        value = s * mpmath.npdf(z) + z * s * mpmath.ncdf(z)
        return value, mpmath.inf, mpmath.npdf(z), mpmath.ncdf((forward - strike) / s)
    d1 = mpmath.log(forward / strike) / s + s / 2
    d2 = d1 - s
    sign = 1 if strike >= forward else -1
    value = sign * (forward * mpmath.ncdf(sign * d1) - strike * mpmath.ncdf(sign * d2))
    rest = forward * mpmath.ncdf(-d1) + strike * mpmath.ncdf(d2)
    return value, rest, forward * mpmath.npdf(d1), mpmath.ncdf(d1)


def solve(model, forward, strike, value, s):
    """The s whose time value is `value`, and vega and N(d1) there, by Newton's method from s."""
    rest = min(forward, strike) - value
    for _ in range(200):
        found, left, vega, above = parts(model, forward, strike, s)
        near_top = model == "black" and rest < value
        step = (
            left / vega * mpmath.log(left / rest)
            if near_top
            else found / vega * mpmath.log(value / found)
        )
        s = s + step if s + step > 0 else s / 2
        if abs(step) < s * SETTLED:
            return s, vega, above
    raise ArithmeticError(f"no convergence at {forward}, {strike}, {value}")


def half_ulp(number):
    """Half the distance to the next double away from zero."""
    return mpf(float(np.spacing(abs(float(number))))) / 2


def answered(case, region):
    """A row of the grid from a drawn case, or None where doubles cannot tell its volatility."""
    model = "bachelier" if region.startswith("normal") else "black"
    exact = {name: mpf(float(case[name])) for name in ("forward", "strike", "years")}
    discount = mpf(float(case.get("discount", 1.0)))
    root = mpmath.sqrt(exact["years"])
    if "rate" in case:
        rate, dividend = mpf(float(case["rate"])), mpf(float(case["dividend"]))
        exact["forward"] = mpf(float(case["spot"])) * mpmath.exp((rate - dividend) * exact["years"])
        discount = mpmath.exp(-rate * exact["years"])
    forward, strike = exact["forward"], exact["strike"]
    intrinsic = max(forward - strike if case["call"] else strike - forward, mpf(0))
    s = mpf(float(case["s"]))
    price = float(discount * (intrinsic + parts(model, forward, strike, s)[0]))
    if region == "market_tick":
        price = round(price, 2)
    value = mpf(price) / discount - intrinsic
    doubt = 2 * half_ulp(price) / discount
    if "rate" in case:
        doubt += 2 * half_ulp(forward)
    if price < 1e-305 or value < doubt:
        return None
    if model == "black" and min(forward, strike) - value < doubt:
        return None
    s, vega, above = solve(model, forward, strike, value, s)
    sigma = s / root
    per_sigma = discount * vega * root
    unit = half_ulp(price) / per_sigma + half_ulp(sigma)
    if "rate" in case:
        unit += half_ulp(forward) * discount * (above if case["call"] else 1 - above) / per_sigma
    row = {"region": region, "model": model, "kind": "c" if case["call"] else "p", "price": price}
    row |= {name: float(case.get(name, np.nan)) for name in ("spot", "rate", "dividend")}
    row |= {"forward": float(forward), "strike": float(strike), "years": float(case["years"])}
    row |= {"discount": float(discount), "truth": float(sigma)}
    return row | {"truth_low": float(sigma - mpf(float(sigma))), "unit": float(unit)}


def aligned(case):
    """The case scaled such that its price is close to a power of two."""
    forward, strike, s = (mpf(float(case[name])) for name in ("forward", "strike", "s"))
    value = parts("black", forward, strike, s)[0]
    factor = float(mpf(2) ** int(mpmath.floor(mpmath.log(value, 2))) / value)
    return case | {"forward": case["forward"] * factor, "strike": case["strike"] * factor}


def region_rows(region, make, seed, count):
    """So many rows of one region; none depends on the other regions."""
    rng = np.random.default_rng([seed, *region.encode()])
    rows = []
    for _ in range(20):
        cases = make(rng, count)
        for k in range(count):
            case = {name: v if np.ndim(v) == 0 else v[k] for name, v in cases.items()}
            row = answered(aligned(case) if "aligned" in case else case, region)
            rows += [row] if row else []
            if len(rows) == count:
                return rows
    raise ArithmeticError(f"too few rows can be answered in {region}")


def grid(seed, per_region, regions=None):
    """The rows of all regions as a dict of arrays: `COLUMNS` and `call`.

    The true volatility is truth + truth_low.
    """
    with mpmath.workdps(DIGITS):
        rows = []
        for region, make in (regions or REGIONS).items():
            rows += region_rows(region, make, seed, per_region)
    return _arrays(rows)


def _arrays(rows):
    found = {name: np.array([row[name] for row in rows]) for name in TEXT}
    found |= {name: np.array([float(row[name]) for row in rows]) for name in (*NUMBERS, *ANSWERS)}
    return found | {"call": found["kind"] == "c"}


def read(path=REFERENCE):
    """A grid from its file."""
    with path.open(newline="") as file:
        return _arrays(list(csv.DictReader(file)))


def write(path, rows):
    with path.open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        lists = [rows[name].tolist() for name in COLUMNS]
        out.writerows(
            [v if isinstance(v, str) else repr(v) for v in row] for row in zip(*lists, strict=True)
        )


def error_in_units(found, truth, unit, truth_low=0.0):
    """How far volatilities are off, in units of the attainable error; NaN where there is none."""
    return np.abs((found - truth) - truth_low) / unit


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--per-region", type=int, default=170)
    parser.add_argument("--output", type=Path, default=REFERENCE)
    options = parser.parse_args()
    write(options.output, grid(options.seed, options.per_region))


if __name__ == "__main__":
    main()
