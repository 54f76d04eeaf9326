"""The projection of a state on what a solution conserves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from suite.dynamics.equation import Equation, Flow, Vector
from suite.dynamics.watch.conserved import Bundle, correction, rounding
from suite.dynamics.watch.declared import Floats, flat_of

__all__ = ["Seen", "metric", "moved", "real"]

_MOST_ITERATIONS = 5
_LEAST_SHARE = 1e-3
"""The part in a correction of a vector that did not bend at all: it made no error either."""


class Seen(NamedTuple):
    """A state [n], the invariants there, how much the method's step changed them, each part of that
    over what is allowed, and the rounding of it [k]."""

    y: Vector
    values: Floats
    change: Floats
    parts: Floats
    noise: Floats


def metric(equation: Equation, flow: Flow, after: Flow, scale: Floats) -> Floats:
    """What a move is measured by [n]: the scale; where vectors are declared, each one's times how
    much it bent in the step, over the most that any did."""
    blocks = equation.tolerance.blocks
    if blocks is None or flow.y.dtype.kind == "c":
        return scale
    bend = after.y - flow.y - 0.5 * (after.time - flow.time) * (after.rate + flow.rate)
    bend /= scale
    share = np.sqrt(np.bincount(blocks, bend * bend))
    most = share.max()
    return scale * (share / most + _LEAST_SHARE)[blocks] if most > 0.0 else scale


def moved(
    bundle: Bundle,
    after: Flow,
    aim: Floats,
    sizes: Floats | float,
    measures: tuple[Floats, Floats],
) -> Seen:
    """The state on the manifold nearest in the second of `measures`; its parts are over the first,
    the tolerance."""
    time, y, (scale, metric) = after.time, after.y, measures
    values = bundle.values(time, y)
    change, left = values - aim, aim - values
    rows = bundle.slopes(after, values, sizes).rows
    unsure = rounding(rows, flat_of(y))
    most = np.abs(left).max()
    for _ in range(_MOST_ITERATIONS):
        further = y + correction(rows, left, metric).view(y.dtype)
        there = bundle.values(time, further)
        still = aim - there
        still_most = np.abs(still).max()
        if not still_most < most:
            break
        y, values, left, most = further, there, still, still_most
        if (np.abs(left) <= unsure).all():
            break
    scaled = rows * scale
    response = np.sqrt(np.einsum("ij,ij->i", scaled, scaled) * after.y.size)
    response[response == 0.0] = np.inf
    return Seen(y, values, change, np.abs(change) / response, unsure / response)


def real(scale: Vector, y: Vector) -> Floats:
    """A scale of the components as one of the real numbers they consist of."""
    return np.repeat(scale, 2) if y.dtype.kind == "c" else np.asarray(scale, float)
