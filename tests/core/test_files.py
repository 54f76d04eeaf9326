"""Files are whole or not there, also where the disk or the folder refuses."""

import subprocess
import sys

import pytest

from suite.core.files import write_whole
from suite.errors import StoreError

FULL = """
import resource, sys
from suite.core.files import write_whole
from suite.errors import StoreError
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
try:
    write_whole(sys.argv[1], "x" * 100_000)
except StoreError as error:
    print(error)
"""


def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path):
    path = tmp_path / "summary.json"
    write_whole(path, "old")
    done = subprocess.run(
        [sys.executable, "-c", FULL, path], capture_output=True, text=True, check=True
    )
    assert "could not be written" in done.stdout
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["summary.json"]


def test_a_writer_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "table.parquet"
    write_whole(path, b"old")

    def half(part):
        part.write_bytes(b"ne")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, half)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["table.parquet"]


def test_a_folder_that_cannot_be_written_is_named():
    with pytest.raises(StoreError, match=r"/proc/no/summary\.json could not be written"):
        write_whole("/proc/no/summary.json", "new")
