"""Where the natural gradient on shots stands, and where its next step goes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.core import Step
from suite.quantum.noise.laboratory import Annealed, Lab
from suite.quantum.request import TOGETHER

__all__ = ["Aim", "Natural", "aimed"]

Vector = NDArray[np.float64]

_TELLING = 72.0
"""Squared noise of a comparison's energies over the predicted gain's square at which a gain of
half the prediction stands out: 2 · (3 / 0.5)²."""
_HOPELESS = 9.0
"""Times the most shots of a comparison: where it would take more, it tells nothing."""
_REACH = 4.0
"""The longest step, over the lowest point that the bound on the curvature promises."""
_LEAST_SIGNAL = 0.1
"""Share of a measured slope that is always believed to be more than noise."""


class Natural(NamedTuple):
    """Where a natural gradient on shots stands.

    `at` as in an annealed run. `gradient` [p] with `covariance` [p, p] of its error there, of
    length 0 where the point was kept before they were measured. `energy` with `error` as measured
    last, `spread` that of one shot of it. `kept` of `tried` attempts, `wait` seconds of a job in
    its queue, `excess` shots paid over shots asked for; `order` of the next attempt's jobs and
    `why`: decided once, so that a resumed attempt asks for the same jobs.
    """

    at: Annealed
    gradient: Vector
    covariance: Vector
    energy: float
    error: float
    spread: float
    kept: int = 0
    tried: int = 0
    wait: float = 0.0
    excess: float = 1.0
    order: str = TOGETHER
    why: str = ""


class Aim(NamedTuple):
    """A step before it is taken.

    `unit` [p] turns the state by a radian; `slope` is the energy that it gains, cleaned of noise;
    `lowest` the angle of the lowest point on the bounding parabola; `gain` and `bias` are g·M⁻¹g
    and how much of it noise alone makes; `size` the angle, `cut` what made it shorter than asked,
    `shots` of each of the two energies that tell what it gained.
    """

    unit: Vector
    slope: float
    lowest: float
    gain: float
    bias: float
    size: float
    cut: str
    shots: int

    @property
    def predicted(self) -> float:
        """The gain to first order."""
        return self.slope * self.size


def aimed(lab: Lab, state: Natural, step: Step, most: int) -> Aim:
    """Where a step goes, how far at most, and the shots that would tell what it gained.

    `most` is what each of the two energies may take.
    The longest step is short of where the bound on the curvature allows any harm, by more than
    a few times only if the comparison can tell.
    """
    at = state.at
    slopes = lab.rows.unrolled.jacobian(at.parameters)
    inverse = np.linalg.inv(lab.damped(at, step, slopes))
    direction = -inverse @ state.gradient
    length = max(float(np.sqrt(max(float(direction @ at.metric @ direction), 0.0))), 1e-300)
    gain = -float(state.gradient @ direction)
    bias = float(np.sum(inverse * state.covariance))
    slope = max(gain - bias, _LEAST_SIGNAL * gain) / length
    lowest = lab.pace * gain / length / lab.curvature
    size, cut = min((step.size, ""), (_REACH * lowest, "curvature"))
    telling = _TELLING * (state.spread / max(slope * size, 1e-150)) ** 2
    shots = most
    if telling > _HOPELESS * most:
        size, cut = min((size, cut), (lowest, "noise"))
        shots = max(1, round(lab.price(step.effort) / len(lab.rows)))
    elif telling < most:
        shots = max(1, round(telling))
    return Aim(direction / length, slope, lowest, gain, bias, float(size), cut, shots)
