"""Implied volatility as a problem for the core's lanes.

The total volatility s solves log b(x, s) = log q, with b the normalised out-of-the-money price: a
concave, almost linear equation for Householder's third-order step. The attempt takes a share of
that step and measures the residual there; the law refuses a step that does not pay, and a bracket
that every attempt tightens bounds the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.core import Rows, Signal, Status, Step, Tally, Trial, TrustRegion, lanes
from suite.core.control import Law
from suite.errors import InputError
from suite.finance.black import initial_volatility, log_moneyness, log_price_terms
from suite.finance.verdict import Verdict, of_status
from suite.frames import frame_of

__all__ = ["ImpliedVolatility", "implied_volatility", "invert"]

Vector = NDArray[np.float64]

EPS = float(np.finfo(float).eps)
TOLERANCE = 4 * EPS
"""Relative change of volatility below which a step is not worth taking."""


class Guess(NamedTuple):
    """Where the rows stand: the problem, the volatility, and the next step from it.

    `x` log-moneyness, `log_target` log of the normalised price, `s` total volatility, `residual`
    log b - log q there, `proposal` Householder's step, `noise` the rounding of the residual,
    `lower` and `upper` the bracket. All [rows].
    """

    x: Vector
    log_target: Vector
    s: Vector
    residual: Vector
    proposal: Vector
    noise: Vector
    lower: Vector
    upper: Vector


def _measured(x: Vector, log_target: Vector, s: Vector, lower: Vector, upper: Vector) -> Guess:
    """The residual at s, Householder's third-order step from it, and the bracket with s in it."""
    log_vega, y, loss = log_price_terms(x, s)
    residual = log_vega + np.log(y) - log_target
    h = x / s
    second = h * (h / s) - 0.25 * s
    third = second * second - 3.0 * h * h / (s * s) - 0.25
    slope = 1.0 / y
    curvature = second - slope
    jerk = third - 3.0 * second * slope + 2.0 * slope * slope
    newton = -residual * y
    proposal = newton * (1.0 + 0.5 * curvature * newton)
    proposal /= 1.0 + newton * (curvature + jerk * newton / 6.0)
    # Where the third-order step is not defined, or turns round, Newton's own goes the right way.
    usable = np.isfinite(proposal) & (proposal * newton > 0.0)
    proposal = np.where(usable, proposal, newton)
    noise = EPS * (1.0 + np.abs(log_vega) + np.abs(log_target) + loss)
    lower = np.where(residual < 0.0, np.maximum(lower, s), lower)
    upper = np.where(residual > 0.0, np.minimum(upper, s), upper)
    return Guess(x, log_target, s, residual, proposal, noise, lower, upper)


def _attempt(guess: Guess, step: Step) -> Trial:
    """Take a share `step.size` of the proposed step and measure what is left of the residual."""
    s = guess.s + step.size * guess.proposal
    after = _measured(guess.x, guess.log_target, s, guess.lower, guess.upper)
    before, left = np.abs(guess.residual), np.abs(after.residual)
    predicted = step.size * before
    gain = Signal((before - left) / predicted, after.noise / predicted)
    learned = guess._replace(lower=after.lower, upper=after.upper)
    return Trial(after, {"gain": gain}, {"evaluations": 1}, learned=learned)


def _limits(guess: Guess) -> dict[str, Vector]:
    """The share of the proposed step that stays in the bracket: half the way to its side."""
    ahead = np.where(guess.proposal > 0.0, guess.upper, guess.lower) - guess.s
    room = ahead / guess.proposal
    return {"bracket": np.where(room <= 1.0, 0.5 * room, np.inf)}


def invert(
    x: Vector, ratio: Vector, *, law: Law | None = None, tolerance: float = TOLERANCE
) -> Rows:
    """Total volatility of normalised out-of-the-money prices, with the core's account of it.

    `x` [n] log-moneyness, `ratio` [n] price over min(F, K), in (0, 1). A row ends as converged when
    the next step would change s by less than `tolerance` of it or the residual is at its rounding.
    """

    def begin(rows: slice) -> Guess:
        target = ratio[rows]
        # A price of 1e-300 in the far wing may start at 0; any positive guess is pulled up.
        s = np.maximum(initial_volatility(x[rows], target), 1e-8)
        nothing = np.zeros_like(s)
        return _measured(x[rows], np.log(target), s, nothing, nothing + np.inf)

    def until(guess: Guess) -> Any:
        small = np.abs(guess.proposal) <= tolerance * guess.s
        return np.where(small | (guess.residual == 0.0), Status.CONVERGED, Status.RUNNING)

    law = law or TrustRegion(most_size=1.0)
    with np.errstate(all="ignore"):  # what is not finite is evidence, and the law's to refuse
        return lanes(_attempt, begin, law, until, lambda guess: guess.s, len(x), limits=_limits)


@dataclass(frozen=True, slots=True, eq=False)
class ImpliedVolatility:
    """Implied volatilities with their verdicts; usable as an array of the volatilities.

    `volatility` a fraction a year, NaN where there is none; `status` the `Verdict` codes; `steps`
    the attempts of each row; `tally` what bound the steps and what was refused, over all rows.
    """

    volatility: Vector
    status: NDArray[np.int64]
    steps: NDArray[np.int64]
    tally: Tally

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.volatility, dtype=dtype)

    def verdicts(self) -> dict[str, int]:
        """How many rows ended with each verdict."""
        codes, counts = (part.tolist() for part in np.unique(self.status, return_counts=True))
        return {Verdict(code).name.lower(): n for code, n in zip(codes, counts, strict=True)}

    def summary(self) -> str:
        """One line: rows, solved rows, and the verdicts of the others."""
        verdicts = self.verdicts()
        solved = verdicts.pop("solved", 0)
        others = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in verdicts.items())
        return f"{self.status.size} rows, {solved} solved" + (f", {others}" if others else "")

    def to_frame(self) -> Any:
        """A pandas frame with the columns iv, iv_status and steps."""
        names: list[str] = [Verdict(code).name.lower() for code in self.status.ravel().tolist()]
        return frame_of(
            {"iv": self.volatility.ravel(), "iv_status": names, "steps": self.steps.ravel()}
        )

    def _repr_html_(self) -> str:
        return f"<p>{self.summary()}</p>{self.to_frame().head(20).to_html()}"


def implied_volatility(
    price: ArrayLike,
    *,
    strike: ArrayLike,
    expiry: ArrayLike,
    kind: ArrayLike,
    spot: ArrayLike | None = None,
    forward: ArrayLike | None = None,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    model: str = "black",
    law: Law | None = None,
    tolerance: float = TOLERANCE,
) -> ImpliedVolatility:
    """Black-Scholes-Merton or Black-76 implied volatility of European options.

    All arguments broadcast. `price`, `strike`, and `spot` or `forward` (exactly one) in the same
    units; `expiry` in years; `rate` and `dividend` decimal, continuously compounded; `kind` "c" or
    "p", "call" or "put", +1 or -1. A row that has no volatility gets NaN and a verdict.
    Raises `InputError` for arguments that make no sense for any row.

    >>> from suite.finance.black import price
    >>> quote = price(0.2, forward=100.0, strike=110.0, expiry=0.5)
    >>> iv = implied_volatility(quote, forward=100.0, strike=110.0, expiry=0.5, kind="c")
    >>> round(float(iv.volatility), 14), Verdict(iv.status).name
    (0.2, 'SOLVED')
    """
    if model != "black":
        raise InputError(f"model must be 'black'. Got {model!r}; other models are not offered yet.")
    if (spot is None) == (forward is None):
        raise InputError("Give exactly one of spot= and forward=.")
    rate, expiry = np.asarray(rate, float), np.asarray(expiry, float)
    with np.errstate(over="ignore", invalid="ignore"):
        if forward is None:
            carry = (rate - np.asarray(dividend, float)) * expiry
            forward = np.asarray(spot, float) * np.exp(carry)
        discount = np.exp(-rate * expiry)
    return of_forward(
        np.asarray(price, float),
        np.asarray(forward, float),
        np.asarray(strike, float),
        expiry,
        discount,
        is_call(kind),
        law=law,
        tolerance=tolerance,
    )


def is_call(kind: ArrayLike) -> NDArray[np.bool_]:
    """True for calls, of "c"/"p", "call"/"put" in any case, or of +1/-1.

    >>> is_call(["Call", "p"])
    array([ True, False])
    """
    kinds = np.asarray(kind)
    if kinds.dtype.kind in "iuf":
        words, calls, puts = kinds, (1,), (-1,)
    else:
        words = np.char.lower(np.char.strip(kinds.astype(str)))
        calls, puts = ("c", "call"), ("p", "put")  # type: ignore[assignment]
    known = np.isin(words, calls + puts)
    if not known.all():
        row = int(np.flatnonzero(~known.ravel())[0])
        found = str(kinds.ravel()[row])
        raise InputError(f"kind must be c or p, call or put, +1 or -1. Got {found!r} in row {row}.")
    return np.isin(words, calls)


def of_forward(
    price: Vector,
    forward: Vector,
    strike: Vector,
    expiry: Vector,
    discount: Vector,
    call: NDArray[np.bool_],
    *,
    law: Law | None = None,
    tolerance: float = TOLERANCE,
) -> ImpliedVolatility:
    """Implied volatility from the forward and the discount factor; all arguments broadcast."""
    arrays = np.broadcast_arrays(price, forward, strike, expiry, discount, call)
    shape = arrays[0].shape
    price, forward, strike, expiry, discount, call = (a.ravel() for a in arrays)
    with np.errstate(all="ignore"):
        low = np.minimum(forward, strike)
        intrinsic = np.maximum(np.where(call, forward - strike, strike - forward), 0.0)
        # An in-the-money quote is inverted through its out-of-the-money twin: parity.
        ratio = (price / discount - intrinsic) / low
        status = _screen(price, forward, strike, expiry, discount, ratio)
    rows = np.flatnonzero(status == Verdict.SOLVED)
    volatility = np.full(price.shape, np.nan)
    steps = np.zeros(price.shape, int)
    done = invert(
        log_moneyness(forward[rows], strike[rows]), ratio[rows], law=law, tolerance=tolerance
    )
    status[rows] = of_status(done.status)
    solved = status[rows] == Verdict.SOLVED
    volatility[rows] = np.where(solved, done.answer / np.sqrt(expiry[rows]), np.nan)
    steps[rows] = done.count
    return ImpliedVolatility(
        volatility.reshape(shape), status.reshape(shape), steps.reshape(shape), done.tally
    )


def _screen(
    price: Vector, forward: Vector, strike: Vector, expiry: Vector, discount: Vector, ratio: Vector
) -> NDArray[np.int64]:
    """The verdicts that can be told before solving; `SOLVED` for the rows left to solve."""
    fields = (price, forward, strike, expiry, discount)
    missing = ~np.logical_and.reduce([np.isfinite(f) for f in fields])
    missing |= (forward <= 0.0) | (strike <= 0.0) | (discount <= 0.0) | (price < 0.0)
    return np.select(
        [missing, expiry <= 0.0, ratio < 0.0, ratio == 0.0, ratio >= 1.0],
        [
            Verdict.MISSING_FIELD,
            Verdict.EXPIRED,
            Verdict.BELOW_INTRINSIC,
            Verdict.NO_TIME_VALUE,
            Verdict.ABOVE_MAXIMUM,
        ],
        Verdict.SOLVED,
    )
