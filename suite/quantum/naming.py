"""Names as people spell them."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["spelled"]


def spelled(name: str, known: Iterable[str]) -> str:
    """The known name that differs in nothing but case, hyphens and underscores; else the name.

    >>> spelled("k-UpCCGSD", ["uccsd", "k-upccgsd"]), spelled("EfficientSU2", ["efficient_su2"])
    ('k-upccgsd', 'efficient_su2')
    >>> spelled("nope", ["uccsd"])
    'nope'
    """
    name = str(name)  # of whatever is given, so that it can be told what it must be
    return {_plain(each): each for each in known}.get(_plain(name), name)


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
