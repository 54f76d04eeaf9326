"""Whole numbers of the command line: what is none is refused, and not rounded."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

__all__ = ["whole"]


def whole(_: Any, tokens: Sequence[Any]) -> int:
    """The number of an option that counts: 2.0 and 3e5 are whole, 2.5 is not.

    Raises `ValueError`, which the parser of the command line tells with the option's name.

    >>> from types import SimpleNamespace
    >>> whole(int, [SimpleNamespace(value="3e5")])
    300000
    """
    text = tokens[0].value
    for read in (int, float):
        with suppress(ValueError):
            number = read(text)
            if float(number).is_integer():
                return int(number)
    raise ValueError(f"{text} is no whole number")
