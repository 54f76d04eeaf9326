"""Where a run of VQE starts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from suite.quantum.ansatz.named import PAIRED
from suite.quantum.asked.task import Task
from suite.quantum.geometry import checked_values

__all__ = ["first_parameters"]

Vector = NDArray[np.float64]

RANDOM = 0.3
"""Largest angle of a random start, radians."""
ASIDE = 0.01
"""Largest angle by which k-UpCCGSD starts beside Hartree-Fock, some millihartree above it."""


def first_parameters(task: Task, count: int) -> Vector:
    """Where a run starts: what was given [p], Hartree-Fock or just beside it, or small random
    angles."""
    if task.start is not None:
        return checked_values(task.start, count)
    if task.excitations is not None and task.ansatz != PAIRED:
        return np.zeros(count)
    # Zero is a stationary point of many circuits. From it layers that are alike would stay alike
    # for ever, and so would the singles of both spins.
    most = RANDOM if task.excitations is None else ASIDE
    return np.random.default_rng(task.seed).uniform(-most, most, count)
