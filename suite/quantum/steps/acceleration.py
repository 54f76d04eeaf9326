"""Geodesic acceleration: a step that bends with the states that the parameters reach.

A straight step of the parameters leaves the geodesic of states along which the model is exact, by
half the second derivative of the state. What of that lies along the state's own derivatives is
taken back beforehand: Transtrum and Sethna, arXiv:1201.5885 (2012).
"""

from __future__ import annotations

import numpy as np

from suite.quantum.geometry import Engine
from suite.quantum.steps.course import Incumbent, Vector, across
from suite.quantum.steps.region import Region

__all__ = ["accelerated"]

ANGLE = 1e-4
"""Angle ahead (radians, in the damped metric) at which the state is looked at."""
MOST = 0.5
"""Length of the correction over that of the step (in the damped metric) beyond which it is cut."""


def accelerated(engine: Engine, at: Incumbent, region: Region, y: Vector) -> Vector:
    """The move of the parameters [p] that goes by y in a region, corrected by its acceleration.

    Costs one state and one adjoint sweep, no energy.
    """
    move, length = region.basis @ y, float(np.linalg.norm(y))
    if length == 0.0:
        return move
    share, here = ANGLE / length, at.parameters
    there = here + share * move
    ahead = across(engine.state(there), at.here.state)
    # The first derivative's part is known, by the metric: what is left is half the second's. Large
    # parameters are rounded on the way there.
    bend = engine.overlaps(here, ahead) - at.here.metric @ (there - here)
    correction = region.basis.T @ -bend / share**2
    size = float(np.linalg.norm(correction))
    return move + region.basis @ (correction * min(1.0, MOST * length / max(size, 1e-300)))
