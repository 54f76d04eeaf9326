"""Implied volatility of whole quote tables: Black-Scholes-Merton, Black-76 and Bachelier."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from suite.errors import missing

if TYPE_CHECKING:
    from suite.finance.quotes import SolvedTable, solve_file, solve_table

try:
    from suite.finance.implied import ImpliedVolatility, implied_volatility
    from suite.finance.verdict import Verdict
except ModuleNotFoundError as error:
    raise missing(error.name or "A package", "finance") from error

__all__ = [
    "ImpliedVolatility",
    "SolvedTable",
    "Verdict",
    "implied_volatility",
    "solve_file",
    "solve_table",
]

_TABLES = ("SolvedTable", "solve_file", "solve_table")


def __getattr__(name: str) -> Any:
    """What reads tables needs pandas, which takes longer to import than a million inversions."""
    if name not in _TABLES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module("suite.finance.quotes"), name)
    except ModuleNotFoundError as error:
        raise missing(error.name or "A package", "finance") from error
