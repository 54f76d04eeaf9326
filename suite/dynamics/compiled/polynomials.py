"""The polynomials of all steps of a burst at once."""

from __future__ import annotations

import numpy as np

from suite.dynamics.compiled.bursts import Burst
from suite.dynamics.compiled.layout import HERE, TIME, Floats
from suite.dynamics.compiled.native import native_extra_slopes
from suite.dynamics.methods.tableaux import to_powers
from suite.errors import AttemptFailed

__all__ = ["polynomials"]


def polynomials(burst: Burst) -> tuple[Floats, int]:
    """Coefficients [k, d, n] of the accepted steps of a burst with slopes, and their evaluations.

    They are those of `Scheme.dense`, but for rounding: the sums run in another order.
    """
    ahead = burst.ahead
    rows = np.flatnonzero(burst.kept) + 1
    before = burst.codes[rows - 1, HERE]
    if burst.slopes is None:
        raise ValueError("The burst was made without slopes.")
    times = burst.numbers[before, TIME]
    h = burst.numbers[rows, TIME] - times
    slopes = _slopes(burst, burst.slopes[rows], times, h, burst.y[before])
    change = burst.y[rows] - burst.y[before]
    span = h[:, None]
    bend = span * slopes[:, 0] - change
    twist = change - span * burst.rates[rows] - bend
    higher = span[:, None] * np.einsum("rs,ksn->krn", ahead.tableau.dense, slopes)
    basis = np.concatenate([np.stack([change, bend, twist], axis=1), higher], axis=1)
    powers = np.einsum("dr,krn->kdn", to_powers(basis.shape[1]), basis)
    return powers, len(rows) * len(ahead.tableau.extra_nodes)


def _slopes(burst: Burst, slopes: Floats, times: Floats, h: Floats, y: Floats) -> Floats:
    """The slopes with those that only the polynomial needs."""
    native, tableau = burst.ahead.native, burst.ahead.tableau
    extras = len(tableau.extra_nodes)
    if not extras:
        return slopes
    steps, first, n = slopes.shape
    every = np.zeros((steps, first + extras, n))
    every[:, :first] = slopes
    failed = native_extra_slopes()(
        native.rate,
        native.parameters,
        np.array(tableau.extra_nodes, float),
        np.array(tableau.extra, float, order="C"),
        np.ascontiguousarray(times),
        np.ascontiguousarray(h),
        np.ascontiguousarray(y),
        every,
        np.empty((1, n)),
    )
    if failed:
        after = times[failed - 1]
        raise AttemptFailed(f"The function raised an exception after t = {after:.12g}.")
    return every
