"""The outcome of a particle's run: its motion, the run itself, and what is written of it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.dynamics.equation import Vector
from suite.dynamics.held import Held
from suite.dynamics.particles.motion import Frame, Motion
from suite.dynamics.trajectory import Trajectory
from suite.errors import InputError

__all__ = ["ParticlePath"]

_NO_POLYNOMIALS = "path(t) needs the steps' polynomials: ask for dense_output=True."


@dataclass(frozen=True, slots=True, eq=False)
class ParticlePath(Held):
    """The motion of a charged particle at the ends of the accepted steps (or at `t_eval`).

    Each property is one of `Motion`, with [m] behind; `path(t)` is the motion between the steps.
    `energy_error` [m] is γ less what the work done on it makes of the γ at the start, over γ: the
    balance of energy, kept by no correction. `kinetic_at_start` is (γ - 1) m c² where the run
    began, whatever `t_eval` shows. `solution` tells of the run: its status, record, evaluations,
    singularity; its y [11, m] has the rows named by its `names`.
    """

    motion: Motion
    frame: Frame
    charge: float
    kinetic_at_start: float
    _dense: Trajectory | None = None

    def __call__(self, t: ArrayLike) -> Motion:
        """The motion at a time or at times [k] within the run."""
        if self._dense is None:
            raise InputError(_NO_POLYNOMIALS)
        return self.frame.motion(np.asarray(t, float), self._dense(t))

    def covers(self, t: ArrayLike) -> NDArray[np.bool_]:
        """Whether the run's steps cover each time of [k]."""
        if self._dense is None:
            raise InputError(_NO_POLYNOMIALS)
        times = np.asarray(t, float)
        return (times >= self._dense.t_min) & (times <= self._dense.t_max)

    @property
    def t(self) -> NDArray[np.float64]:
        """Times [m]."""
        return self.motion.t

    @property
    def position(self) -> Vector:
        """Places [3, m]."""
        return self.motion.position

    @property
    def momentum(self) -> Vector:
        """Momenta [3, m]."""
        return self.motion.momentum

    @property
    def velocity(self) -> Vector:
        """Velocities [3, m], each below c."""
        return self.motion.velocity

    @property
    def gamma(self) -> NDArray[np.float64]:
        """Lorentz factors [m]."""
        return self.motion.gamma

    @property
    def one_minus_speed(self) -> NDArray[np.float64]:
        """1 - |v|/c [m]."""
        return self.motion.one_minus_speed

    @property
    def proper_time(self) -> NDArray[np.float64]:
        """Proper time since the start [m]."""
        return self.motion.proper_time

    @property
    def lag(self) -> NDArray[np.float64]:
        """c t - n·x along `direction` [m]."""
        return self.motion.lag

    @property
    def direction(self) -> Vector:
        """The unit vector n [3] along which the motion was followed."""
        return self.frame.axes[0].copy()

    @property
    def energy_error(self) -> NDArray[np.float64]:
        """(γ - γ(0) - w/(m c²)) / γ, w the work of the electric field [m]."""
        rest = self.frame.mass * self.frame.c**2
        gained = (self.motion.kinetic_energy - self.kinetic_at_start) / rest
        return (gained - self.motion.work / rest) / self.gamma

    def _repr_html_(self) -> str:
        """The motion and its steps in a frame, and a sentence where there is no report for it."""
        columns = self.columns()
        if not columns:
            return self.solution._repr_html_()
        try:
            # By name, since no domain depends on the report.
            page = import_module("suite.report.particles")
            return str(page.particle_in_notebook(columns, self.record, self.summary()))
        except ImportError:
            return self.solution._repr_html_()
