"""Tables written as text: their bytes, encoding, delimiter, and where their header is."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from suite.errors import InputError

__all__ = ["form_of", "has_decimal_comma", "opened", "read_text", "text_of"]

_HEAD = 1 << 16
_PREAMBLE = 40
_DELIMITERS = ",;\t|"
_NUMBER = re.compile(r"\s*[-+]?[\d.,]+([eE][-+]?\d+)?%?\s*")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2"}


def opened(path: Path) -> Any:
    """The bytes of a file, unpacked on the way, as a stream."""
    with path.open("rb") as file:
        magic = file.read(4)
    packed = next((name for mark, name in _PACKED.items() if magic.startswith(mark)), None)
    return pa.input_stream(str(path), compression=packed)


def _encoding(raw: bytes) -> str:
    return next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")


def text_of(raw: bytes) -> str:
    """The text, by its mark at the start; else UTF-8, and Latin-1 where it is none."""
    try:
        return raw.decode(_encoding(raw))
    except UnicodeDecodeError:
        if _encoding(raw) != "utf-8":
            raise
        return raw.decode("latin-1")


def read_text(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The columns of a file of text, and the lines above its header.

    What parts the cells is found out: commas, semicolons, tabs or bars; the header is the first
    line with as many cells as most. Decimals are rounded correctly, as pandas does since 3.1: one
    ulp of a price shows near its intrinsic value.
    """
    with opened(path) as stream:
        raw = stream.read(_HEAD)
    encoding = _encoding(raw)
    lines = re.split(r"\r\n|\n|\r", raw.decode(encoding, errors="replace"))
    # The last line of the first bytes may be cut.
    lines = lines[:-1] if len(raw) == _HEAD and len(lines) > 1 else lines
    delimiter, header = form_of(lines[:_PREAMBLE])

    def read(encoding: str) -> pd.DataFrame:
        with opened(path) as stream:
            return pd.read_csv(
                stream,
                encoding=encoding,
                sep=delimiter,
                skiprows=header,
                index_col=False,
                low_memory=False,
                skipinitialspace=True,
                decimal="," if has_decimal_comma(lines[header:], delimiter) else ".",
            )

    try:
        frame = read(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            raise
        frame = read("latin-1")
    frame.columns = pd.Index([str(name).strip() for name in frame.columns])
    return frame, tuple(line for line in lines[:header] if line.strip())


def form_of(lines: list[str]) -> tuple[str, int]:
    """The delimiter and the number of lines above the header.

    The header is the first line with as many cells as most lines have.
    """
    if not any(line.strip() for line in lines):
        raise InputError("The file is empty.")
    forms = [_form_by(lines, delimiter) for delimiter in _DELIMITERS]
    best = max(range(len(forms)), key=lambda i: forms[i][0])
    return _DELIMITERS[best], forms[best][1]


def _form_by(lines: list[str], delimiter: str) -> tuple[tuple[float, ...], int]:
    """How well a delimiter parts these lines, and where the header is if it is the one."""
    rows = [next(csv.reader([line], delimiter=delimiter), []) for line in lines]
    counts = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
    width = max(counts, key=lambda n: (counts[n], n)) if counts else 1
    # Two lines of a preamble may be as many as a header with its one row.
    width = max((n for n in counts if counts[n] >= counts[width]), default=width)
    if width == 1:
        return (0.0, 1.0), next((i for i, row in enumerate(rows) if row), 0)
    header = _header(rows, width)
    words = _words(rows[header])
    return (float(words > 0.5), width * counts[width] / len(lines)), header


def _header(rows: list[list[str]], width: int) -> int:
    """The first row as wide as most; or one above it that names the columns of plain numbers."""
    # Rows may end with a delimiter that the header has not.
    ended = all(not row[-1].strip() for row in rows if len(row) == width)
    widths = (width, width - 1) if ended and width > 2 else (width,)
    header = next(i for i, row in enumerate(rows) if len(row) in widths)
    above = [i for i in range(header) if len(rows[i]) > 1]
    if above and _words(rows[header]) <= 0.5 < _words(rows[above[-1]]):
        return above[-1]
    return header


def _words(row: list[str]) -> float:
    """The share of cells with words in them."""
    cells = [cell for cell in row if cell.strip()]
    return sum(_NUMBER.fullmatch(cell) is None for cell in cells) / max(len(cells), 1)


def has_decimal_comma(lines: list[str], delimiter: str) -> bool:
    """Whether 12,5 is a number: only where no comma parts the cells and no point the decimals."""
    if delimiter == ",":
        return False
    cells = [cell.strip() for line in lines[1:_PREAMBLE] for cell in line.split(delimiter)]
    points = any(re.fullmatch(r"[-+]?\d*\.\d+", cell) for cell in cells)
    return not points and any(re.fullmatch(r"[-+]?\d+,\d+", cell) for cell in cells)
