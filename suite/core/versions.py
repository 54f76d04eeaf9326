"""The versions that a run was made with, for its run file."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import suite

__all__ = ["versions"]


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python, this package, numpy and others, by name.

    >>> versions("no-such-package")["no-such-package"]
    'absent'
    """
    found = {"python": platform.python_version(), "suite": suite.__version__}
    for package in ("numpy", *packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found
