"""What differs between what was stored and what is asked for, in words."""

from __future__ import annotations

from typing import Any

__all__ = ["differences"]

_LONGEST = 60


def differences(stored: Any, asked: Any, name: str = "") -> list[str]:
    """One text for each value that differs; names within names are joined by a dot.

    >>> differences({"law": {"safety": 0.9}}, {"law": {"safety": 0.8}})
    ['law.safety was 0.9, now 0.8']
    """
    if isinstance(stored, dict) and isinstance(asked, dict):
        keys = dict.fromkeys([*stored, *asked])
        return [
            change
            for key in keys
            for change in differences(stored.get(key), asked.get(key), f"{name}.{key}".lstrip("."))
        ]
    if stored == asked:
        return []
    was, now = repr(stored), repr(asked)
    if max(len(was), len(now)) > _LONGEST:
        return [f"{name} differs"]
    return [f"{name} was {was}, now {now}"]
