"""The form of a big CSV file, from its first bytes."""

from __future__ import annotations

import codecs
import csv
import re
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from suite.errors import InputError
from suite.finance.tables.texts import form_of, has_decimal_comma

__all__ = ["Header", "header_of", "not_plain"]

_HEAD = 1 << 16
_LINES = 40


class Header(NamedTuple):
    """The column names, made different from each other; what parts cells, and what decimals."""

    names: list[str]
    delimiter: str
    decimal: str


def header_of(path: Path) -> Header:
    """The header of a CSV file that can be read a part at a time.

    The delimiter and the decimal comma are found as for a table in one piece. Raises `InputError`
    for a file that has no header, is not in UTF-8, or has lines above its header.
    """
    with pa.input_stream(str(path), compression="detect") as stream:
        raw = stream.read(_HEAD)
    lines = re.split(r"\r\n|\n|\r", _text(path, raw))
    # The last line of the first bytes may be cut.
    lines = lines[:-1] if len(raw) == _HEAD and len(lines) > 1 else lines
    if not any(line.strip() for line in lines[:_LINES]):
        raise InputError(f"{path} has no header in its first line.")
    delimiter, above = form_of(lines[:_LINES])
    if above:
        raise not_plain(path, f"the header in line {above + 1}")
    decimal = "," if has_decimal_comma(lines, delimiter) else "."
    return Header(_names(lines[0], delimiter), delimiter, decimal)


def not_plain(path: Path, found: str) -> InputError:
    """The error for a CSV file that only a reader of the whole file understands."""
    return InputError(
        f"{path} is not a CSV file that can be read in parts (found {found}); write it in UTF-8 "
        f"with the header as its first line, or as Parquet, or solve it in one piece if it fits "
        f"into memory."
    )


def _text(path: Path, raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in raw:
        raise not_plain(path, "UTF-16 text or zero bytes")
    try:
        # Not the end of the file: a letter may be cut.
        return codecs.getincrementaldecoder("utf-8-sig")().decode(raw)
    except UnicodeDecodeError as error:
        raise not_plain(path, "bytes that are no UTF-8") from error


def _names(line: str, delimiter: str) -> list[str]:
    names: list[str] = []
    for name in next(csv.reader([line], delimiter=delimiter)):
        repeats = sum(other.partition(".")[0] == name for other in names)
        names.append(f"{name}.{repeats}" if name in names else name)
    return names
