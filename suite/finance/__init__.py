"""Black-Scholes implied volatility of whole quote tables."""

from suite.errors import missing

try:
    from suite.finance.implied import ImpliedVolatility, implied_volatility
    from suite.finance.quotes import SolvedTable, solve_file, solve_table
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
