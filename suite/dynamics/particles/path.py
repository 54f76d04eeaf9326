"""The outcome of a particle's run: its motion, the run itself, and what is written of it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.core import Record, Status
from suite.dynamics.equation import Vector
from suite.dynamics.particles.motion import Frame, Motion
from suite.dynamics.result import Solution
from suite.dynamics.trajectory import Trajectory
from suite.errors import InputError

__all__ = ["ParticlePath"]


@dataclass(frozen=True, slots=True, eq=False)
class ParticlePath:
    """The motion of a charged particle at the ends of the accepted steps (or at `t_eval`).

    Each property is one of `Motion`, with [m] behind; `path(t)` is the motion between the steps.
    `energy_error` [m] is γ less what the work done on it makes of the γ at the start, over γ: the
    balance of energy, kept by no correction. `solution` tells of the run: its status, record,
    evaluations, singularity; its y [11, m] has the rows named by its `names`.
    """

    motion: Motion
    solution: Solution
    frame: Frame
    charge: float
    _dense: Trajectory | None = None

    def __call__(self, t: ArrayLike) -> Motion:
        """The motion at a time or at times [k] within the run."""
        if self._dense is None:
            raise InputError("path(t) needs the steps' polynomials: ask for dense_output=True.")
        return self.frame.motion(np.asarray(t, float), self._dense(t))

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
        gained = (self.motion.kinetic_energy - self.motion.kinetic_energy[0]) / rest
        return (gained - self.motion.work / rest) / self.gamma

    @property
    def status(self) -> Status:
        """How the run ended."""
        return self.solution.status

    @property
    def message(self) -> str:
        """How the run ended, in a sentence."""
        return self.solution.message

    @property
    def success(self) -> bool:
        """Whether the run reached its end."""
        return self.solution.success

    @property
    def record(self) -> Record:
        """Every attempt."""
        return self.solution.record

    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds."""
        return self.solution.summary()

    def save(self, folder: str | Path) -> Path:
        """Write summary.json, attempts.csv and trajectory.csv into a folder."""
        return self.solution.save(folder)

    def _repr_html_(self) -> str:
        """The motion and its steps in a frame, and a sentence where there is no report for it."""
        try:
            # By name, since no domain depends on the report.
            page = import_module("suite.report.particles")
        except ImportError:
            return f"<p>{self.message} {self.solution.evaluations} evaluations.</p>"
        table = self.solution.table()
        columns = {name: [row[name] for row in table] for name in table[0]}
        return str(page.particle_in_notebook(columns, self.record, self.summary()))
