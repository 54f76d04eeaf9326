"""Where a run of VQE starts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suite.quantum.geometry import checked_values
from suite.quantum.task import Task

__all__ = ["first_parameters"]

Vector = NDArray[np.float64]


def first_parameters(task: Task, count: int) -> Vector:
    """Where a run starts: what was given [p], Hartree-Fock, or small random angles."""
    if task.start is not None:
        return checked_values(task.start, count)
    if task.excitations is not None:
        return np.zeros(count)
    # Zero is a stationary point of many circuits.
    return np.random.default_rng(task.seed).uniform(-0.3, 0.3, count)
