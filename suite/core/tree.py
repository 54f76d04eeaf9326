"""States as nests of arrays: tuples, named tuples, dicts and frozen dataclasses with leaves."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

__all__ = ["map_leaves"]


def map_leaves(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply a function to the leaves of one tree, or of several of the same form.

    >>> map_leaves(lambda a, b: a + b, (1, {"x": 2}), (10, {"x": 20}))
    (11, {'x': 22})
    """
    if isinstance(tree, tuple):
        leaves = [map_leaves(function, *parts) for parts in zip(tree, *others, strict=True)]
        return type(tree)(*leaves) if hasattr(tree, "_fields") else tuple(leaves)
    if isinstance(tree, dict):
        return {k: map_leaves(function, v, *(o[k] for o in others)) for k, v in tree.items()}
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        changes = {
            f.name: map_leaves(
                function, getattr(tree, f.name), *(getattr(o, f.name) for o in others)
            )
            for f in dataclasses.fields(tree)
        }
        return dataclasses.replace(tree, **changes)
    return function(tree, *others)
