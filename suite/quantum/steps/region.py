"""The model of the energy about a point, in coordinates in which the metric is the identity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from suite.quantum.geometry import Geometry
from suite.quantum.steps.course import RESOLVED, Vector

__all__ = ["FARTHEST", "Region", "region_of"]

EPS = float(np.finfo(float).eps)
FARTHEST = float(np.pi / 2.0)
"""The largest angle between two states."""
LEAST = 1e-9
"""Share of the largest curvature or slope added to all curvatures: nothing is divided by nil."""
BLIND = 1e-6
"""Share of the largest slope below which a direction has none, by symmetry."""
STATIONARY = 1e-3
"""Largest slope, as a share of the largest curvature, below which the slope leads nowhere."""


class Region(NamedTuple):
    """The energy's model about a point, where parameters move by `basis` @ y.

    y turns the state by |y| radians, in the damped metric, along the geodesic that leaves in its
    direction u. There the energy is exactly E + sin|y| cos|y| slopes·u + sin²|y| u·curvatures·u/2.
    `spectrum` [p] are the eigenvalues of the metric as it was measured.
    """

    basis: Vector
    slopes: Vector
    curvatures: Vector
    spectrum: Vector

    @property
    def top(self) -> float:
        """The largest curvature by size."""
        return float(np.max(np.abs(self.curvatures), initial=0.0))

    def lowest(self, angle: float) -> Vector:
        """Where the model is lowest at no more than an angle from its centre: y.

        With x = u tan|y| the model is the Rayleigh quotient of the state and its derivatives,
        E + (slopes·x + x·curvatures·x/2) / (1 + x·x). It is lowest at the x of the lowest
        eigenvector, which lowers all curvatures by twice the gain, or at the edge.

        As long as a slope leads on, a direction that bends down and has none is not taken: at
        the stretched bonds of a molecule these are the singles, which break its symmetry, gain
        little, and must be undone.

        >>> Region(np.eye(1), np.array([3.0]), np.array([2.0]), np.ones(1)).lowest(1.5).round(3)
        array([-0.625])
        """
        least = LEAST * max(self.top, float(np.max(np.abs(self.slopes), initial=0.0)))
        curvatures = self._followed()
        bottom = float(np.min(curvatures, initial=0.0))
        if bottom > -least:  # by rounding, in a direction that moves nothing
            bottom = 0.0
        # Counted from the lowest curvature, so that a shift just above it keeps its digits.
        gaps = curvatures - bottom
        radius = float(np.tan(min(angle, FARTHEST)))
        shift = self._shift(gaps, bottom, least)
        x = self._shifted(gaps, shift)
        if float(np.linalg.norm(x)) > radius:
            x = self._at_the_edge(gaps, radius, shift)
        elif bottom < 0.0 and shift == least:
            # The hard case: the slope does not see the direction that bends down most.
            lowest = int(np.argmin(gaps))
            x[lowest] = 0.0
            missing = np.sqrt(radius**2 - float(x @ x))
            x[lowest] = -missing if self.slopes[lowest] > 0.0 else missing
        length = float(np.linalg.norm(x))
        return np.asarray(x * (np.arctan(length) / max(length, 1e-300)))

    def _followed(self) -> Vector:
        """The curvatures, those of directions that are not to be taken turned up."""
        slopes = np.abs(self.slopes)
        steepest = float(np.max(slopes, initial=0.0))
        if steepest <= STATIONARY * self.top:
            return self.curvatures
        return np.where(slopes <= BLIND * steepest, np.abs(self.curvatures), self.curvatures)

    def _shifted(self, gaps: Vector, shift: float) -> Vector:
        """Where the curvatures, raised by a shift, and the slopes have their lowest point."""
        raised = gaps + shift
        return np.asarray(-self.slopes / np.where(raised > 0.0, raised, np.inf))

    def _shift(self, gaps: Vector, bottom: float, least: float) -> float:
        """The shift of the Rayleigh quotient's minimum: what the curvatures rise by, at least.

        Above their bottom, the curvatures rise by twice the gain, -slopes·x.
        """
        from scipy.optimize import brentq

        def beyond(shift: float) -> float:
            return shift - bottom + float(self.slopes @ self._shifted(gaps, shift))

        most = 2.0 * float(np.linalg.norm(self.slopes))
        if most <= least or beyond(least) >= 0.0:
            return least
        return float(brentq(beyond, least, most, xtol=EPS * least, rtol=4 * EPS))

    def _at_the_edge(self, gaps: Vector, radius: float, least: float) -> Vector:
        """The lowest point at just that radius, by the secular equation in the shift."""
        from scipy.optimize import brentq

        def short(shift: float) -> float:
            return 1.0 / radius - 1.0 / float(np.linalg.norm(self._shifted(gaps, shift)))

        most = least + float(np.linalg.norm(self.slopes)) / radius
        if short(most) >= 0.0:  # by rounding only
            return self._shifted(gaps, most)
        root = brentq(short, least, most, xtol=EPS * least, rtol=4 * EPS)
        return self._shifted(gaps, float(root))

    def gain(self, y: Vector) -> float:
        """By how much the model says the energy falls."""
        angle = float(np.linalg.norm(y))
        bent = float(np.sinc(angle / np.pi)) * y  # u sin|y|
        return -float(np.cos(angle) * (self.slopes @ bent) + 0.5 * (self.curvatures @ bent**2))


def region_of(here: Geometry, damping: float) -> Region:
    """The model at a point, in the metric damped by a share of its mean eigenvalue.

    What moves nothing has neither slope nor curvature: those that were measured there are rounding,
    and steps along them would bend the state by their square.
    """
    size = len(here.metric)
    spectrum, vectors = np.linalg.eigh(here.metric)
    damped = spectrum + damping * np.trace(here.metric) / size
    kept = damped > size * EPS * max(damped[-1], 0.0)
    white = vectors[:, kept] / np.sqrt(damped[kept])
    moving = spectrum[kept] > RESOLVED * max(spectrum[-1], 0.0)
    still, moved = white[:, ~moving], white[:, moving]
    curvatures, turn = np.linalg.eigh(moved.T @ here.curvature @ moved)
    along = moved @ turn
    nil = np.zeros(still.shape[1])
    return Region(
        np.hstack([still, along]),
        np.append(nil, along.T @ here.gradient),
        np.append(nil, curvatures),
        spectrum,
    )
