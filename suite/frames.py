"""Results as data frames: the one door to pandas for packages that are not about tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from suite.errors import missing

__all__ = ["frame_of"]


def frame_of(table: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> Any:
    """A pandas frame of columns by name, or of rows.

    Raises `MissingPackage` where pandas is not installed.

    >>> frame_of({"s": [0.0, 0.1], "side": ["saddle", "forward"]}).shape
    (2, 2)
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise missing("pandas", "finance") from error
    return pd.DataFrame(table if isinstance(table, Mapping) else list(table))
