"""Small problems that the tests of both drivers share."""

from typing import NamedTuple

import numpy as np

from suite.core import Signal, Trial


class Decay(NamedTuple):
    """y' = -rate · y, one problem or a row of many; `end` is where it stops."""

    time: object
    y: object
    rate: object
    end: object


TOLERANCE = 1e-7


def heun(y, rate, h):
    """One step of order 2."""
    slope = -rate * y
    return y + 0.5 * h * (slope - rate * (y + h * slope))


def decay(state, step):
    """One step against two halves, by ufuncs only, so that a row has the bits of a float."""
    time, y, rate, end = state
    h = step.size
    whole = heun(y, rate, h)
    halves = heun(heun(y, rate, 0.5 * h), rate, 0.5 * h)
    difference = (halves - whole) / 3.0
    largest = np.maximum(np.abs(y), np.abs(halves))
    error = np.abs(difference) / (TOLERANCE * (largest + 1e-3))
    after = Decay(time + h, halves + difference, rate, end)
    evidence = {
        "error": Signal(error, 1e-16 / TOLERANCE, 3.0),
        "gain": Signal(1.0 - 0.2 * error, 0.0, 3.0),
        "angle": Signal(error, 0.0, 3.0),
    }
    return Trial(after, evidence, {"evaluations": 6})


def at_end(state):
    """Endpoint reached, for one or many."""
    return np.where(state.time >= state.end, 2, 0)


def to_end(state):
    """No step beyond the end."""
    return {"end": state.end - state.time}
