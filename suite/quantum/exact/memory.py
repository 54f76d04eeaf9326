"""How much memory an engine takes, told before it is taken."""

from __future__ import annotations

import os

from suite.errors import InputError

__all__ = ["allowance", "rows_that_fit"]

MOST_BYTES: int | None = None
"""Bytes that one engine may take; None allows half of the machine's memory."""
SHARE = 0.5
UNKNOWN_MACHINE = 8 * 2**30


def allowance() -> int:
    """Bytes that one engine may take."""
    if MOST_BYTES is not None:
        return MOST_BYTES
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        machine = UNKNOWN_MACHINE
    return int(SHARE * machine)


def rows_that_fit(what: str, rows: int, row_bytes: int, fixed_bytes: int, least: int) -> int:
    """How many rows of derivatives may be held at once, all of them where they fit.

    `fixed_bytes` is what is needed beside them, `least` the fewest rows that are of use. Raises
    `InputError` with the numbers where not even these fit.

    >>> rows_that_fit("3 qubits", 10, 128, 1000, 4)
    10
    """
    allowed = allowance()
    fit = max(0, allowed - fixed_bytes) // max(row_bytes, 1)
    if fit >= rows:
        return rows
    if fit < least:
        need = (fixed_bytes + least * row_bytes) / 2**30
        raise InputError(
            f"{what} need at least {need:.3g} GiB of memory; {allowed / 2**30:.3g} are allowed. "
            "Use fewer qubits or an active space."
        )
    return int(fit)
