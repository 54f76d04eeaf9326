"""Files written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from suite.errors import StoreError

__all__ = ["write_whole"]


def write_whole(path: str | Path, content: str | bytes | Callable[[Path], object]) -> Path:
    """Write a file so that its path holds the old content or the new, never a part of it.

    `content` is text (written as UTF-8), bytes, or a function that writes the file it is given.
    Raises `StoreError` where the folder or the disk does not take it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "a.txt", "whole").read_text()
    'whole'
    """
    path = Path(path)
    # One name for the part, so that what a killed process left is overwritten by the next.
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(part)
        else:
            part.write_bytes(content.encode() if isinstance(content, str) else content)
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        part.replace(path)
    except OSError as error:
        raise StoreError(
            f"{path} could not be written: {error.strerror or error}. Nothing was left half done."
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()
    return path
