"""The regions of the hard grid: where implied volatility is hard to find, and corners of methods.

A region is a function of a generator and a number of rows to their columns: `forward`, `strike`,
`years`, `s` (the total volatility, before the price is rounded) and `call`; where they differ from
1, none and none, `discount`, and `spot`, `rate` and `dividend`.
"""

import numpy as np


def draw(rng, s, x, *, inside=False, years=None, forward=None):
    """Rows of total volatility s and |log-moneyness| x, on both sides of the forward."""
    rows = len(s)
    years = 10.0 ** rng.uniform(-2.5, 1.0, rows) if years is None else years
    forward = 10.0 ** rng.uniform(-1.0, 4.0, rows) if forward is None else forward
    strike = forward * np.exp(np.where(rng.random(rows) < 0.5, x, -x))
    side = (strike > forward) != inside
    call = np.where(strike == forward, rng.random(rows) < 0.5, side)
    return {"forward": forward, "strike": strike, "years": years, "s": s, "call": call}


def powers(rng, low, high, rows):
    return 10.0 ** rng.uniform(low, high, rows)


def core_otm(rng, n, inside=False):
    s = powers(rng, -2.0, 0.3, n)
    return draw(rng, s, s * rng.uniform(0.0, 3.0 if inside else 5.0, n), inside=inside)


def core_itm(rng, n):
    return core_otm(rng, n, True)


def deep_otm(rng, n):
    s = powers(rng, -2.0, 0.3, n)
    return draw(rng, s, s * rng.uniform(5.0, 36.9, n))


def tiny_expiry(rng, n):
    s = powers(rng, -5.0, -2.0, n)
    return draw(rng, s, s * rng.uniform(0.0, 6.0, n), years=powers(rng, -7.0, -3.0, n))


def atm_near(rng, n):
    cases = draw(rng, powers(rng, -3.0, 0.5, n), np.zeros(n))
    nearness = powers(rng, -12.0, -3.0, n) * rng.choice([-1.0, 1.0], n)
    cases["strike"] = cases["forward"] * (1.0 + nearness)
    return cases | {"call": rng.random(n) < 0.5}


def atm_exact(rng, n):
    return draw(rng, powers(rng, -5.0, 0.9, n), np.zeros(n))


def near_intrinsic(rng, n):
    s = powers(rng, -2.0, 0.3, n)
    return draw(rng, s, s * rng.uniform(3.5, 7.5, n), inside=True)


def near_max(rng, n):
    s = rng.uniform(6.0, 15.5, n)
    return draw(rng, s, s * rng.uniform(0.0, 0.4, n), inside=rng.random(n) < 0.5)


def huge_vol(rng, n, inside=False):
    return draw(rng, rng.uniform(3.0, 10.0, n), rng.uniform(0.0, 6.0, n), inside=inside)


def huge_itm(rng, n):
    return huge_vol(rng, n, True)


def extreme_strike(rng, n):
    x = rng.uniform(5.0, 40.0, n)
    return draw(rng, np.maximum(powers(rng, -0.5, 1.0, n), x / rng.uniform(4.0, 36.5, n)), x)


def market(rng, n):
    """Spot 100, strikes 40 to 250, a day to three years, 5 to 150 %."""
    years = np.exp(rng.uniform(np.log(1.0 / 365.0), np.log(3.0), n))
    terms = {"spot": np.full(n, 100.0), "rate": rng.uniform(0.0, 0.06, n)}
    terms |= {"dividend": rng.uniform(0.0, 0.03, n), "years": years}
    growth = np.exp((terms["rate"] - terms["dividend"]) * years)
    terms |= {"forward": 100.0 * growth, "discount": np.exp(-terms["rate"] * years)}
    s = rng.uniform(0.05, 1.5, n) * np.sqrt(years)
    strike = np.clip(terms["forward"] * np.exp(s * rng.normal(0.0, 1.5, n)), 40.0, 250.0)
    return terms | {"strike": strike, "s": s, "call": rng.random(n) < 0.5}


def market_bsm(rng, n):
    return market(rng, n)


def market_tick(rng, n):
    cases = market(rng, n)
    cases["strike"] = np.round(cases["strike"])
    return {k: v for k, v in cases.items() if k not in ("spot", "rate", "dividend")}


def normal(rng, n, lowest=-7.0):
    """Bachelier's model: near the money, deep wings and in the money, forwards of any sign."""
    forward = rng.choice([-1.0, 1.0], n) * powers(rng, -3.0, 2.5, n)
    s = powers(rng, -4.0, 2.0, n)
    near, wing, inside = powers(rng, -12.0, 0.0, n), rng.uniform(0.5, 37.0, n), rng.uniform(0, 7, n)
    kind = np.arange(n) % 3
    distance = s * np.choose(kind, (near, wing, inside)) * rng.choice([-1.0, 1.0], n)
    strike = forward + distance
    call = (strike > forward) != (kind == 2)
    years = powers(rng, -2.5, 1.0, n)
    return {"forward": forward, "strike": strike, "years": years, "s": s, "call": call}


def crossing(rng, n, h_of_t):
    """Rows where h = x/s meets a line of t = s/2: by a few ulps, or within 1e-12 to 1e-1."""
    s = powers(rng, -2.0, 0.9, n)
    near = 1.0 + powers(rng, -16.0, -1.0, n) * rng.choice([-1.0, 1.0], n)
    return draw(rng, s, s * np.maximum(h_of_t(0.5 * s) * near, 0.0), inside=rng.random(n) < 0.3)


def h_near_t(rng, n):
    return crossing(rng, n, lambda t: t)


def branch(rng, n):
    """Where the two ways to take the difference of Mills ratios meet: t² = 0.43 t + 0.1 x."""
    return crossing(rng, n, lambda t: np.maximum((t - 0.43) / 0.2, 0.0))


def smallest_s(rng, n):
    s = 1e-5 * (1.0 + powers(rng, -16.0, -1.0, n))
    return draw(rng, s, s * rng.uniform(0.0, 36.5, n), inside=rng.random(n) < 0.2)


def vanishing_s(rng, n):
    s = powers(rng, -12.0, -5.0, n)
    years = powers(rng, -9.0, -3.0, n)
    return draw(rng, s, s * rng.uniform(0.0, 36.5, n), inside=rng.random(n) < 0.2, years=years)


def largest_s(rng, n):
    s = 10.0 * (1.0 + powers(rng, -16.0, -1.0, n))
    return draw(rng, s, s * rng.uniform(0.0, 4.0, n), inside=rng.random(n) < 0.5)


def scales(rng, n):
    """Forwards from 1e-280 to 1e280, times from a second to a million years."""
    s = powers(rng, -4.0, 0.5, n)
    years, forward = powers(rng, -7.5, 6.0, n), powers(rng, -280.0, 280.0, n)
    return draw(rng, s, s * rng.uniform(0.0, 4.0, n), years=years, forward=forward)


def mantissas(rng, n):
    """Prices a few ulps from a power of two: where an ulp is half as large on one side."""
    return core_otm(rng, n) | {"aligned": True}


def discounted(rng, n):
    """A discount factor that was given, from 0.1 to 3."""
    return core_otm(rng, n, rng.random() < 0.5) | {"discount": powers(rng, -1.0, 0.5, n)}


def spots(rng, n):
    """Spots with rates from -5 to 15 % and up to 30 years, in and out of the money."""
    years = powers(rng, -2.5, 1.5, n)
    rate, dividend = rng.uniform(-0.05, 0.15, n), rng.uniform(-0.05, 0.15, n)
    spot, growth = powers(rng, -1.0, 4.0, n), np.exp((rate - dividend) * years)
    s = powers(rng, -2.0, 0.3, n)
    inside = rng.random(n) < 0.5
    x = s * rng.uniform(0.0, np.where(inside, 3.0, 8.0), n)
    cases = draw(rng, s, x, inside=inside, years=years, forward=spot * growth)
    return cases | {"spot": spot, "rate": rate, "dividend": dividend}


def normal_corners(rng, n):
    """Bachelier's model at the money exactly, at all scales, and around half a deviation."""
    kind = np.arange(n) % 3
    s = powers(rng, -4.0, 2.0, n) * np.where(kind == 1, powers(rng, -120.0, 120.0, n), 1.0)
    forward = rng.choice([-1.0, 1.0], n) * s * powers(rng, -2.0, 2.0, n)
    near_half = 0.5 * (1.0 + powers(rng, -16.0, -1.0, n) * rng.choice([-1.0, 1.0], n))
    z = np.choose(kind, (0.0, rng.uniform(0.0, 6.0, n), near_half)) * rng.choice([-1.0, 1.0], n)
    strike, years = forward + z * s, powers(rng, -7.0, 2.0, n)
    return {"forward": forward, "strike": strike, "years": years, "s": s, "call": z > 0.0}


REGIONS = {
    make.__name__: make
    for make in (
        *(core_otm, core_itm, deep_otm, tiny_expiry, atm_near, atm_exact, near_intrinsic),
        *(near_max, huge_vol, huge_itm, extreme_strike, market_bsm, market_tick, normal),
    )
}
"""The regions of the reference file."""

CORNERS = {
    make.__name__: make
    for make in (
        *(h_near_t, branch, smallest_s, vanishing_s, largest_s),
        *(scales, mantissas, discounted, spots, normal_corners),
    )
}
"""What methods trip over: drawn afresh where they are used."""
