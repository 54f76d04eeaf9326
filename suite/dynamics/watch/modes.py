"""The modes of a Jacobian: whether the fastest of them decays and is gone from a solution.

A mode that is damped well is gone soon. One that turns many times as it decays may last: it counts
as gone where the rate of the solution, split into modes, shows none of its turning. Oscillators
whose motion is followed show it in every step, and one without damping never counts.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from suite.dynamics.equation import Flow, Tolerance, Vector, rms
from suite.dynamics.methods.jacobian import LARGE, leading

__all__ = ["Motion", "creeps", "decays_fastest", "glides", "left_behind"]

CALM = 0.05
"""Share of the fastest decay at which other modes may grow or turn in a stiff equation."""
DAMPED = 0.3
"""Cosine of the angle from the negative real axis beyond which a mode counts as one that turns."""
LIGHTLY = 1e-3
"""The cosine beyond which it counts as one that does not decay at all."""
FAINT = 10.0
"""Amplitude of a mode, in the tolerance, that stability at its boundary may leave in a solution."""
GLIDING = 0.1
"""Share of |λ| at which the rate may turn in a solution that has left the fast mode behind."""
SLOW = 0.25
"""Share of its part in the rate by which a mode may change in a step that takes it for slow."""


def glides(before: Flow, after: Flow, ratio: float) -> bool:
    """Whether the rate turned far less over a step than a mode of this h |λ| would have it turn.

    >>> before, after = Flow(0.0, np.ones(1), np.ones(1)), Flow(0.1, np.ones(1), np.array([1.2]))
    >>> glides(before, after, 5.0), glides(before, after, 1.0)
    (True, False)
    """
    turned = after.rate - before.rate
    most = GLIDING * ratio
    return bool(abs(np.vdot(turned, turned)) <= most * most * abs(np.vdot(after.rate, after.rate)))


def creeps(before: Flow, after: Flow, tolerance: Tolerance) -> bool:
    """Whether the rate turned so little over a step, in the tolerance, that no error held it down.

    Stability may, by a mode that the last stages do not show: in units that differ by component it
    hides behind others, and at tight tolerances behind rounding.

    >>> before, after = Flow(0.0, np.ones(1), np.ones(1)), Flow(0.1, np.ones(1), np.array([1.2]))
    >>> creeps(before, after, Tolerance(1e-2)), creeps(before, after, Tolerance(1e-4))
    (True, False)
    """
    turned, h = after.rate - before.rate, after.time - before.time
    if turned.dtype.kind == "f":
        # Mostly it turned by far too much, whatever the scales.
        most = FAINT * tolerance.at_most(math.sqrt(after.y.dot(after.y)))
        if h * h * float(turned.dot(turned)) > turned.size * most * most:
            return False
    return bool(rms(h * turned / tolerance.scale(after.y, after.y)) <= FAINT)


class Motion(NamedTuple):
    """A step of a solution: its size, the rate [n] after it, the rate's change [n], the tolerance.

    `scale` [n] is what an error is measured by.
    """

    size: float
    rate: Vector
    change: Vector
    scale: Vector


def decays_fastest(jacobian: Vector, least: float, motion: Motion | None = None) -> bool:
    """Whether a mode decays at least at rate `least`, and all that do not decay are far slower.

    A mode that turns counts as one that decays if it is damped well, or if the `motion` shows that
    it is gone; the latter is found for matrices of up to 100 rows.

    >>> decays_fastest(np.diag([-100.0, 1.0]), 50.0), decays_fastest(np.diag([-100.0, 99.0]), 50.0)
    (True, False)
    """
    if not np.isfinite(jacobian).all():
        return False
    modes = np.linalg.eigvals(leading(jacobian))
    if _decayed(modes, modes.real <= -DAMPED * np.abs(modes), least):
        return True
    if motion is None or len(jacobian) > LARGE or not (modes.real < 0.0).any():
        return False
    modes, vectors = np.linalg.eig(jacobian)
    lightly = modes.real <= -LIGHTLY * np.abs(modes)
    if not _decayed(modes, lightly, least):
        return False
    gone = lightly & _gone(modes, vectors, motion)
    return _decayed(modes, (modes.real <= -DAMPED * np.abs(modes)) | gone, least)


def left_behind(jacobian: Vector, least: float, motion: Motion) -> bool:
    """Whether a mode that decays at least at rate `least` is gone, and all that are not are slower.

    >>> motion = Motion(0.01, np.array([0.0, 1.0]), np.array([0.0, 0.01]), np.full(2, 1e-6))
    >>> left_behind(np.diag([-1e3, -1.0]), 300.0, motion)
    True
    >>> left_behind(np.diag([-1e3, -1.0]), 300.0, motion._replace(change=np.array([1.0, 0.01])))
    False
    """
    if not np.isfinite(jacobian).all():
        return False
    modes, vectors = np.linalg.eig(jacobian)
    lightly = modes.real <= -LIGHTLY * np.abs(modes)
    if not _decayed(modes, lightly, least):
        return False
    return _decayed(modes, lightly & _gone(modes, vectors, motion), least)


def _decayed(modes: Vector, damped: Vector, least: float) -> bool:
    rates = np.abs(modes)
    fastest = float(np.max(rates, where=damped, initial=0.0))
    others = float(np.max(rates, where=~damped, initial=0.0))
    return fastest >= least and others <= CALM * fastest


def _gone(modes: Vector, vectors: Vector, motion: Motion) -> Vector:
    """Of each mode, whether it is fainter than matters or a slow motion alone goes along it."""
    try:
        parts = np.linalg.solve(vectors, np.array([motion.change, motion.rate]).T)
    except np.linalg.LinAlgError:
        return np.zeros(len(modes), bool)
    change, part = np.abs(parts.T)
    rates = np.abs(modes)
    lengths = np.sqrt(np.mean((np.abs(vectors) / motion.scale[:, None]) ** 2, axis=0))
    faint = change * lengths <= FAINT * rates
    slow = change <= SLOW * np.minimum(motion.size * rates, 1.0) * part
    return np.asarray(faint | slow)
