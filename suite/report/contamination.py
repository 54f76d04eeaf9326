"""What <S^2> along a path says about its wave function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["spin_sentence"]

MIXED = 0.05
"""A deviation of <S^2> from S(S+1) from which barriers begin to suffer."""


def spin_sentence(columns: Mapping[str, Sequence[Any]], summary: Mapping[str, Any]) -> str:
    """Where and how far `spin_square` leaves S(S+1); '' where it stays within 0.05 of it.

    S is half of the `spin` (unpaired electrons) of the summary.

    >>> columns = {"s": [-0.5, 0.0, 0.5], "spin_square": [0.75, 0.92, 0.76]}
    >>> spin_sentence(columns, {"spin": 1}).split(":")[0]
    '⟨S²⟩ reaches 0.92 at s = 0.00 where S(S+1) is 0.75'
    """
    values = np.array(columns.get("spin_square", ()), float)
    half = 0.5 * float(summary.get("spin", 0))
    pure = half * (half + 1.0)
    away = np.nan_to_num(np.abs(values - pure))
    if not np.any(away > MIXED):
        return ""
    worst = int(np.argmax(away))
    return (
        f"⟨S²⟩ reaches {values[worst]:.2f} at s = {columns['s'][worst]:.2f} where S(S+1) is "
        f"{pure:.2f}: the unrestricted wave function mixes spin states there, and energies by it "
        f"are less sure."
    )
