"""The finished parts of a big table, kept until all are there.

OUTPUT.parts/ holds `manifest.json` (what was asked of which file, and the finished parts in order),
`part-000000.parquet` and so on, and `forwards.parquet`. Each file is written whole, and a part
counts only once the manifest names it; so a process killed at any moment loses what was under way.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from suite.core.compare import differences
from suite.core.database import lock
from suite.core.files import write_whole
from suite.errors import StoreError, StoreMismatch, StoreUnreadable

__all__ = ["Checkpoint", "join", "open_checkpoint", "write_part"]

SCHEMA = 1
_JOB = b"suite.job"


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """The folder of parts of one output; `finished` has an entry for each part in order.

    `job` says what was asked, as plain data; `joined` whether the output of this very job is
    already in place and only the folder is left to be removed.
    """

    output: Path
    folder: Path
    job: Mapping[str, Any]
    finished: list[dict[str, Any]]
    joined: bool

    def part(self, number: int) -> Path:
        """The file of a part."""
        return self.folder / f"part-{number:06d}.parquet"

    @property
    def forwards(self) -> Path:
        """The file of the forwards that a first pass found."""
        return self.folder / "forwards.parquet"

    def record(self, entry: Mapping[str, Any]) -> None:
        """Count the next part as finished; its file is there."""
        self.finished.append(dict(entry))
        _write_manifest(self)


@contextmanager
def open_checkpoint(output: Path, job: Mapping[str, Any]) -> Iterator[Checkpoint]:
    """Begin or go on with an output, alone.

    Raises `StoreMismatch` where the folder was begun for something else, naming what differs;
    `StoreLocked` while another process writes it.
    """
    folder = output.with_name(output.name + ".parts")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror or error}.") from error
    with closing(lock(folder / "manifest.json")):
        job = json.loads(json.dumps(job))
        stored = _stored(folder)
        finished = [] if stored is None else _still_there(folder, stored, job)
        state = Checkpoint(output, folder, job, finished, _is_output(output, job))
        if stored is None:
            _write_manifest(state)
        yield state


def _stored(folder: Path) -> dict[str, Any] | None:
    path = folder / "manifest.json"
    if not path.exists():
        return None
    try:
        stored = json.loads(path.read_text())
        if stored["schema"] != SCHEMA:
            raise ValueError(f"schema {stored['schema']!r}")
        return {"job": dict(stored["job"]), "finished": list(stored["finished"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreUnreadable(
            f"{path} is not a manifest of finished parts ({error}). Delete {folder} to start anew."
        ) from error


def _still_there(folder: Path, stored: dict[str, Any], job: Mapping[str, Any]) -> list[Any]:
    changes = differences(stored["job"], job)
    if changes:
        raise StoreMismatch(
            f"The parts in {folder} were begun differently: {'; '.join(changes)}. Use the same "
            f"input, options and versions, or delete the folder to start anew."
        )
    finished: list[Any] = []
    for number, entry in enumerate(stored["finished"]):
        if not (folder / f"part-{number:06d}.parquet").is_file():
            break
        finished.append(entry)
    return finished


def _write_manifest(state: Checkpoint) -> None:
    content = {"schema": SCHEMA, "job": state.job, "finished": state.finished}
    write_whole(state.folder / "manifest.json", json.dumps(content, indent=1))


def _hash(job: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest().encode()


def _is_output(output: Path, job: Mapping[str, Any]) -> bool:
    """Whether the output was joined by this very job, which died before it could tidy up."""
    try:
        return (pq.read_schema(output).metadata or {}).get(_JOB) == _hash(job)
    except (OSError, pa.ArrowException):
        return False


def write_part(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write a part whole; it is read once more and then goes, so it is not packed hard."""

    def write(part: Path) -> None:
        writer = None
        for table in tables:
            writer = writer or pq.ParquetWriter(
                part, table.schema, compression="lz4", use_dictionary=False
            )
            writer.write_table(table)
        if writer is not None:
            writer.close()

    write_whole(path, write)


def join(state: Checkpoint, summary: Mapping[str, Any], observe: Any) -> None:
    """Join the parts into the output, a row group at a time, and remove the folder.

    `observe(rows)` hears how many rows are joined.
    """
    about = {b"suite": json.dumps(summary).encode(), _JOB: _hash(state.job)}

    def write(path: Path) -> None:
        schema = pq.read_schema(state.part(0)).with_metadata(about)
        with pq.ParquetWriter(path, schema, compression="zstd", compression_level=1) as writer:
            done = 0
            for number in range(len(state.finished)):
                with pq.ParquetFile(state.part(number), pre_buffer=False) as part:
                    for group in range(part.metadata.num_row_groups):
                        table = part.read_row_group(group, use_threads=False)
                        writer.write_table(table.replace_schema_metadata(about))
                        done += len(table)
                        observe(done)

    write_whole(state.output, write)
    discard(state)


def discard(state: Checkpoint) -> None:
    """Remove the folder of parts."""
    shutil.rmtree(state.folder, ignore_errors=True)
