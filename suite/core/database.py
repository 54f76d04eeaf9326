"""The run file as an SQLite database: whose it is, its lock, and its errors as sentences."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from suite.errors import StoreError, StoreLocked, StoreUnreadable

__all__ = [
    "APPLICATION",
    "RUN_FILE",
    "SCHEMA",
    "cannot_write",
    "check_ours",
    "connect",
    "is_shared",
    "lock",
    "lock_file",
    "run_file",
    "speaking",
    "transaction",
]

RUN_FILE = "run.sqlite"
APPLICATION = 0x53554954
""""SUIT": marks the file as ours."""
SCHEMA = 1

_SHARED_FILE_SYSTEMS = frozenset(
    ["9p", "afs", "beegfs", "ceph", "cifs", "fuse.sshfs", "gpfs", "lustre", "nfs", "nfs4", "smb3"]
)


def run_file(path: Path) -> Path:
    """The run file of a folder, or the file itself."""
    return path if path.suffix == ".sqlite" else path / RUN_FILE


def connect(path: Path, *, write: bool = False) -> sqlite3.Connection:
    """The run file opened for reading, or for writing from any thread."""
    if write:
        return sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
    # Not mode=ro: what a killed process left half done must be undone before it can be read. Where
    # the file is write-protected SQLite falls back to reading.
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=30.0)
    database.execute("PRAGMA query_only=1")
    return database


def lock_file(path: Path) -> Path:
    """The file whose lock the writer holds."""
    return path.with_name(path.name + ".lock")


def lock(path: Path) -> sqlite3.Connection:
    """An exclusive lock that the system lets go of when this process dies."""
    held = sqlite3.connect(
        lock_file(path),
        timeout=0.0,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        held.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        held.close()
        if error.sqlite_errorname == "SQLITE_BUSY":
            raise StoreLocked(
                f"Another process is writing {path}. Wait for it, stop it, or use another folder."
            ) from None
        raise
    return held


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


@contextmanager
def speaking(path: Path) -> Iterator[None]:
    """Turn the database's errors into one sentence each."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "") or ""
        if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            raise StoreUnreadable(
                f"{path} is damaged or no run file ({error}). Move it away or use another folder."
            ) from error
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
            raise StoreError(
                f"{path} cannot be written: {error}. What was committed is kept; "
                f"free some space and resume."
            ) from error
        raise cannot_write(path, error) from error
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, TypeError):
            raise
        raise StoreUnreadable(f"{path} is damaged: {error!r}. Use another folder.") from error


def cannot_write(path: Path, error: Exception) -> StoreError:
    """The exception for a file or folder that does not open."""
    return StoreError(
        f"{path} cannot be opened or written: {error}. Choose a folder that you may write to."
    )


def check_ours(path: Path) -> None:
    """Refuse a file that is no run file of this schema, by its first bytes alone.

    To open another program's database is to change it already, if that program crashed and left
    something to recover. See https://www.sqlite.org/fileformat2.html, section 1.3.
    """
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        raise cannot_write(path, error) from error
    if not header:  # killed before its first commit
        return
    if header[:16] != b"SQLite format 3\0":
        raise StoreUnreadable(
            f"{path} is damaged or no run file. Move it away or use another folder."
        )
    if int.from_bytes(header[68:72], "big") != APPLICATION:
        raise StoreUnreadable(
            f"{path} is an SQLite file of another program. Nothing was changed; use another folder."
        )
    schema = int.from_bytes(header[60:64], "big")
    if schema != SCHEMA:
        raise StoreUnreadable(
            f"{path} has schema version {schema}; this version of suite reads {SCHEMA}. Nothing "
            f"was changed; use the version that wrote it."
        )


def is_shared(path: Path) -> bool:
    """Whether the folder lies on a network file system, where WAL's shared memory does not work."""
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return False
    folder = path.absolute().parent
    best, kind = -1, ""
    for line in mounts.read_text(errors="replace").splitlines():
        _, mount, file_system, *_ = line.split(" ")
        inside = folder.is_relative_to(mount.replace("\\040", " "))
        if inside and len(mount) > best:
            best, kind = len(mount), file_system
    return kind in _SHARED_FILE_SYSTEMS
