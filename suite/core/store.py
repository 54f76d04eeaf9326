"""A run on disk: one SQLite file with inputs, every attempt, the newest points and paid work.

A process killed at any instant loses unpaid work only. One process writes a run at a time (its lock
dies with it); others may read while it is written. Nothing read from the file is executed: states
are JSON and raw arrays, rebuilt only into the classes that the caller names.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from suite.core.compare import differences
from suite.core.database import (
    APPLICATION,
    RUN_FILE,
    SCHEMA,
    cannot_write,
    check_ours,
    connect,
    is_shared,
    lock,
    lock_file,
    run_file,
    speaking,
    transaction,
)
from suite.core.document import Kinds, decode, encode
from suite.core.law import Step
from suite.core.march import Attempt, Point
from suite.core.record import Row, row_of
from suite.errors import (
    BudgetExhausted,
    StoreError,
    StoreLocked,
    StoreMismatch,
    StoreUnreadable,
)

__all__ = ["RUN_FILE", "Reader", "Store"]

_COMMIT_EVERY = 0.2  # seconds; cheap attempts share a commit
_TABLES = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS attempt (
    track TEXT, number INTEGER, phase TEXT, size REAL, damping REAL, effort REAL, tries INTEGER,
    accepted INTEGER, bound TEXT, refused TEXT, status TEXT, document TEXT, arrays BLOB,
    PRIMARY KEY (track, number));
CREATE TABLE IF NOT EXISTS point (
    track TEXT PRIMARY KEY, document TEXT NOT NULL, arrays BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS ledger (
    key TEXT PRIMARY KEY, job TEXT, price TEXT NOT NULL, document TEXT, arrays BLOB);
"""
_INSERT = "INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_COLUMNS = (
    *("track", "number", "phase", "size", "damping", "effort", "tries"),
    *("accepted", "bound", "refused", "status"),
)


class Reader:
    """A run file opened for reading, also while another process writes it.

    >>> Reader("no/such/folder")
    Traceback (most recent call last):
    ...
    suite.errors.StoreUnreadable: There is no run at no/such/folder: no file run.sqlite there.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = run_file(Path(path))
        if not self.path.exists():
            folder = self.path.parent
            raise StoreUnreadable(f"There is no run at {folder}: no file {self.path.name} there.")
        with speaking(self.path):
            check_ours(self.path)
            self._db = connect(self.path)
            try:
                if not _has_begun(self._db):
                    raise StoreUnreadable(f"The run in {self.path} ended before it had begun.")
            except BaseException:
                self._db.close()
                raise

    def about(self) -> dict[str, Any]:
        """Job, inputs, options, versions and seed of the run."""
        with speaking(self.path):
            return {k: json.loads(v) for k, v in self._db.execute("SELECT key, value FROM about")}

    def rows(
        self, track: str | None = None, after: Mapping[str, int] | None = None
    ) -> Iterator[Row]:
        """The attempts in the order in which they were stored, as rows of a record.

        `after` names for each track the number of the last attempt already read.
        """
        with speaking(self.path):
            found = self._db.execute("SELECT * FROM attempt ORDER BY rowid").fetchall()
        for values in found:
            row = dict(zip(_COLUMNS, values, strict=False))
            if track not in (None, row["track"]):
                continue
            if after and row["number"] <= after.get(row["track"], -1):
                continue
            row["accepted"] = bool(row["accepted"])
            with speaking(self.path):
                row |= decode(values[-2], values[-1], ())
            yield row

    def is_being_written(self) -> bool:
        """Whether a living process holds the run's lock."""
        if not lock_file(self.path).exists():
            return False
        try:
            lock(self.path).close()
        except StoreLocked:
            return True
        return False

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Store(Reader):
    """A run file opened for writing: a new run, or one to go on with.

    `about` names the run: its `job`, `inputs`, `options`, `versions` and `seed`, as JSON values.
    A run that exists must agree in all of them; what differs is named. `kinds` are the classes
    that states may hold. `budget` bounds the paid work by name of its price.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Store(folder, {"job": "example", "options": {"tolerance": 1e-6}}) as store:
    ...         store.point("main") is None
    True
    """

    def __init__(
        self,
        path: str | Path,
        about: Mapping[str, Any],
        *,
        kinds: Kinds = (),
        budget: Mapping[str, float] | None = None,
    ) -> None:
        self.path = run_file(Path(path))
        self._kinds = (Point, Step, *kinds)
        self._budget = dict(budget or {})
        self._pending: list[tuple[Any, ...]] = []
        self._points: dict[str, Point] = {}
        self._guard = threading.RLock()
        self._timer: threading.Timer | None = None
        self._committed = time.monotonic()
        self._told = False  # whether the caller knows that something could not be written
        with speaking(self.path):
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise cannot_write(self.path, error) from error
            self._lock = lock(self.path)
            try:
                self._prepare(json.loads(json.dumps(about)))
            except BaseException:
                self._lock.close()
                raise

    def _prepare(self, about: dict[str, Any]) -> None:
        check_ours(self.path)
        self._db = connect(self.path, write=True)
        try:
            begun = _holds_work(self._db)
            if begun:
                _check_same(self.about(), about, self.path)
            elif not _has_begun(self._db):
                self._sign()
            self._db.execute("PRAGMA synchronous=NORMAL")
            mode = "DELETE" if is_shared(self.path) else "WAL"
            self._db.execute(f"PRAGMA journal_mode={mode}")
            if not begun:
                self._create(about)
        except BaseException:
            self._db.close()
            raise

    def _sign(self) -> None:
        """Mark the file as ours before there can be a log beside it that hides the mark."""
        with transaction(self._db):
            self._db.execute(f"PRAGMA application_id={APPLICATION}")
            self._db.execute(f"PRAGMA user_version={SCHEMA}")

    def _create(self, about: dict[str, Any]) -> None:
        about["hash"] = _hash(about)
        rows = [(key, json.dumps(value)) for key, value in about.items()]
        with transaction(self._db):
            for statement in _TABLES.split(";"):
                self._db.execute(statement)
            self._db.execute("DELETE FROM about")  # of a run that was refused before its first step
            self._db.executemany("INSERT INTO about VALUES (?, ?)", rows)

    def point(self, track: str = "main") -> Point | None:
        """Where a track stands, or None if it has not begun."""
        with speaking(self.path):
            found = self._db.execute(
                "SELECT document, arrays FROM point WHERE track = ?", (track,)
            ).fetchone()
            return decode(found[0], found[1], self._kinds) if found else None

    def write(self, attempt: Attempt, track: str = "main") -> Row:
        """Keep an attempt and the point after it; answers the row of the record.

        Attempts share a commit, at the latest 0.2 s after they came; an attempt with a status is
        committed at once.
        """
        row = row_of(attempt, track)
        document, arrays = encode({k: row[k] for k in ("evidence", "cost", "notes")})
        with self._guard:
            self._pending.append((*(row[k] for k in _COLUMNS), document, arrays))
            self._points[track] = attempt.after
            wait = self._committed + _COMMIT_EVERY - time.monotonic()
            if attempt.status or wait <= 0.0:
                self.flush()
            elif self._timer is None:
                # The next attempt may take minutes; what is paid must not wait for it.
                self._timer = threading.Timer(wait, self._flush_late)
                self._timer.daemon = True
                self._timer.start()
        return row

    def _flush_late(self) -> None:
        # The next write, or closing, tries again in the main thread and says what is wrong.
        with suppress(StoreError, TypeError):
            self._commit()

    def flush(self) -> None:
        """Commit what is pending."""
        try:
            self._commit()
        except StoreError:
            self._told = True
            raise

    def _commit(self) -> None:
        with self._guard, speaking(self.path):
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._pending:
                points = [(t, *encode(p, self._kinds)) for t, p in self._points.items()]
                with transaction(self._db):
                    self._db.executemany(_INSERT, self._pending)
                    self._db.executemany("INSERT OR REPLACE INTO point VALUES (?, ?, ?)", points)
                self._pending.clear()
                self._points.clear()
            self._committed = time.monotonic()

    def once(
        self,
        key: str,
        submit: Callable[[str], str],
        wait: Callable[[str], Any],
        *,
        find: Callable[[str], str | None] | None = None,
        price: Mapping[str, float] | None = None,
    ) -> Any:
        """Do a piece of paid work once, however often the run is killed; answers its result.

        `submit(key)` starts it and answers the id of the job, `wait(id)` its result (a nest of
        plain values and arrays). The ledger holds the intent before `submit`, the id before
        `wait`. A run that died in between asks `find(key)` for a job of that key before it submits
        again. `price` counts against the budget, which refuses before anything is submitted.
        """
        self.flush()
        with self._guard, speaking(self.path):
            query = "SELECT job, document, arrays FROM ledger WHERE key = ?"
            found = self._db.execute(query, (key,)).fetchone()
            if found and found[1] is not None:
                return decode(found[1], found[2], self._kinds)
            if found is None:
                self._afford(key, price or {})
                self._ledger(
                    "INSERT INTO ledger (key, price) VALUES (?, ?)", key, json.dumps(price or {})
                )
        job = found[0] if found else None
        if job is None and found and find is not None:
            job = find(key)
        if job is None:
            job = submit(key)
        self._ledger("UPDATE ledger SET job = ?2 WHERE key = ?1", key, job)
        result = wait(job)
        document, arrays = encode(result, self._kinds)
        self._ledger(
            "UPDATE ledger SET document = ?2, arrays = ?3 WHERE key = ?1", key, document, arrays
        )
        return decode(document, arrays, self._kinds)

    def spent(self) -> dict[str, float]:
        """The price of all work in the ledger, paid or submitted, by name."""
        total: dict[str, float] = {}
        with self._guard, speaking(self.path):
            for (price,) in self._db.execute("SELECT price FROM ledger"):
                for name, amount in json.loads(price).items():
                    total[name] = total.get(name, 0.0) + amount
        return total

    def _afford(self, key: str, price: Mapping[str, float]) -> None:
        spent = self.spent()
        for name, amount in price.items():
            limit, before = self._budget.get(name), spent.get(name, 0.0)
            if limit is not None and before + amount > limit:
                raise BudgetExhausted(
                    f"{key} would cost {amount:g} {name}; {before:g} of the budget of {limit:g} "
                    f"are spent. Nothing was submitted: raise the budget and resume."
                )

    def _ledger(self, statement: str, *values: Any) -> None:
        with self._guard, speaking(self.path), transaction(self._db):
            self._db.execute(statement, values)

    def close(self) -> None:
        """Commit what is pending and let go of the file and its lock."""
        try:
            self._commit()
        except StoreError:
            if not self._told:
                raise
        finally:
            if not is_shared(self.path):
                # Leaves one plain file, readable from a read-only folder too.
                with suppress(sqlite3.OperationalError):
                    self._db.execute("PRAGMA journal_mode=DELETE")
            self._db.close()
            self._lock.close()

    def __enter__(self) -> Store:
        return self


def _has_begun(database: sqlite3.Connection) -> bool:
    return bool(database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _holds_work(database: sqlite3.Connection) -> bool:
    """Whether anything would be lost if another run took the file over."""
    query = "SELECT EXISTS (SELECT * FROM attempt) OR EXISTS (SELECT * FROM ledger)"
    return _has_begun(database) and bool(database.execute(query).fetchone()[0])


def _check_same(stored: dict[str, Any], asked: dict[str, Any], path: Path) -> None:
    """Refuse other inputs or options by name; a change of versions is said, not refused."""
    stored.pop("hash", None)
    if stored.get("job") != asked.get("job"):
        stored, asked = {"job": stored.get("job")}, {"job": asked.get("job")}
    changes = differences(stored, asked)
    versions = [change for change in changes if change.startswith("versions.")]
    others = [change for change in changes if not change.startswith("versions.")]
    if others:
        raise StoreMismatch(
            f"The run in {path} was started differently: {'; '.join(others)}. "
            f"Use another folder (on the command line -o DIR), or the same inputs and options."
        )
    if versions:
        warnings.warn(
            f"The run was started with other versions, so it may differ in the last digits from "
            f"one that was never interrupted: {'; '.join(versions)}.",
            stacklevel=4,
        )


def _hash(about: Mapping[str, Any]) -> str:
    """What identifies a run: inputs and options, not versions."""
    named = {k: about.get(k) for k in ("job", "inputs", "options", "seed")}
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()
