"""Runs ahead in machine code, for right-hand sides that numba takes."""

from suite.dynamics.compiled.bursts import Ahead, Burst, ahead_of
from suite.dynamics.compiled.marching import march_ahead
from suite.dynamics.compiled.native import is_compiled, numba_takes
from suite.dynamics.compiled.runs import Trace, whole

__all__ = [
    "Ahead",
    "Burst",
    "Trace",
    "ahead_of",
    "is_compiled",
    "march_ahead",
    "numba_takes",
    "whole",
]
