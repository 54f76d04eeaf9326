"""Numbers as they are given, checked: what is not one is refused with its name."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite.errors import InputError

__all__ = ["finite", "positive"]


def finite(name: str, value: Any) -> float:
    """One finite number; raises `InputError`.

    >>> finite("mu", 3)
    3.0
    >>> finite("mu", "3")
    Traceback (most recent call last):
    ...
    suite.errors.InputError: mu must be one finite number. Got '3'.
    """
    try:
        # A text is none, even where float() would read it.
        found = math.nan if isinstance(value, str | bytes) or np.ndim(value) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise InputError(f"{name} must be one finite number. Got {value!r}.")
    return found


def positive(name: str, value: Any) -> float:
    """One finite number above 0; raises `InputError`."""
    found = finite(name, value)
    if not found > 0.0:
        raise InputError(f"{name} must be positive and finite. Got {value!r}.")
    return found
