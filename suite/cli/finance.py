"""`suite finance`: quote tables."""

from __future__ import annotations

import json as json_text
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from suite.cli.output import (
    check_output,
    page_of,
    pairs_of,
    print_result,
    resumable,
    say,
    spoken,
)
from suite.errors import InputError

if TYPE_CHECKING:
    from suite.finance import SolvedTable
    from suite.report.page import Section

__all__ = ["iv", "sections_of"]

LARGE = 3_000_000
"""Rows of a Parquet file above which it is solved a part at a time."""
LARGE_TEXT = 500_000_000
"""Bytes of a CSV file above which it is solved a part at a time."""


def iv(
    quotes: Path,
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    quoted: str | None = None,
    map: Annotated[tuple[str, ...], Parameter(consume_multiple=False)] = (),
    query: str | None = None,
    price: Literal["mid", "bid", "ask", "last"] = "mid",
    forward: float | None = None,
    spot: float | None = None,
    rate: float | None = None,
    dividend: float | None = None,
    curve: Path | None = None,
    convention: str = "ACT/365",
    exercise: Literal["european", "american"] | None = None,
    model: Literal["black", "bachelier"] = "black",
    tick: float | None = None,
    most_move: float | None = None,
    snapshot: bool | None = None,
    stale_after: str = "1D",
    greeks: Annotated[bool, Parameter(negative="")] = False,
    errors: Literal["nan", "raise"] = "nan",
    threads: int | None = None,
    rows_per_part: int | None = None,
    cluster: str | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Implied volatility of a whole quote table.

    Every row is answered with a volatility or with the reason why there is none. Forwards and
    discount factors are the table's own, or come from put-call parity.

    Parameters
    ----------
    quotes
        CSV (also .gz, .zst), JSON, Parquet or Arrow file of option quotes, or a DuckDB or SQLite
        database with --query.
    output
        A .parquet or .csv file for the table alone, or a folder for everything.
        Default: a folder named after the input.
    quoted
        Date of the quotes, or date and time, like 2025-10-06 or 2025-10-06T15:45, where the table
        does not hold it.
    map
        Columns with names of their own: strike=K,kind=flag.
    query
        A table of the database, or a SELECT.
    price
        Which price `iv` is the volatility of; bid and ask have their own columns in any case.
    forward
        Forward of every row, where the table has none and parity is not wanted.
    spot
        Spot of every row; needs --rate.
    rate
        Rate a year, decimal, continuously compounded.
    dividend
        Dividend yield a year, decimal, continuously compounded.
    curve
        CSV file of a rate curve, which then fixes the discount factors.
    convention
        Day count: ACT/365, ACT/365.25 or BUS/252.
    exercise
        Exercise of all rows, where root and table tell otherwise or nothing.
    model
        Black's model, or Bachelier's for prices that can be negative.
    tick
        Tick of the price, for the error bars.
    most_move
        A volatility that one tick moves further has the verdict low information.
    snapshot
        Take rows of different quote times as one look at the market; --no-snapshot never does.
        Default: what the vendor's tables are.
    stale_after
        Age of a row, beside the newest, from which it is stale.
    greeks
        Add delta, gamma, vega, theta, rho, vanna and volga.
    errors
        nan answers what can be answered; raise refuses a table with a row that cannot.
    threads
        Threads; all processors by default. No bit of an answer depends on it.
    rows_per_part
        Solve a part of that many rows at a time, as is done with large files anyway.
    cluster
        Address of a Dask scheduler, or local:4 for four processes on this machine.
    json
        Print summary.json instead of a table.
    """
    output = output or Path(f"{quotes.name.split('.')[0]}_iv")
    check_output(quotes, output, ("iv.parquet", "forwards.csv", "attempts.csv"))
    to_file = output.suffix in (".parquet", ".csv")
    if output.suffix and not to_file and not output.is_dir():
        raise InputError(
            f"-o takes a .parquet or .csv file, or a folder. Got {str(output)!r}; a folder's name "
            f"has no dot here."
        )
    options = {
        "quoted": quoted,
        "price": price,
        "forward": forward,
        "spot": spot,
        "rate": rate,
        "dividend": dividend,
        "curve": None if curve is None else str(curve.absolute()),
        "convention": convention,
        "exercise": exercise,
        "model": model,
        "tick": tick,
        "most_move": most_move,
        "snapshot": snapshot,
        "stale_after": stale_after,
        "greeks": greeks,
        "errors": errors,
        "threads": threads,
    }
    asked = {name: value for name, value in options.items() if value is not None}
    words = ["finance", "iv", str(quotes.absolute()), *spoken(asked)]
    words += [f"--map={text}" for text in map] + spoken({"query": query, "cluster": cluster})
    words += spoken({"rows-per-part": rows_per_part, "no-snapshot": snapshot is False})
    keep = nullcontext() if to_file else resumable(output, words)
    columns = pairs_of(map)
    if cluster is not None or rows_per_part is not None or (query is None and _is_large(quotes)):
        parts = {"cluster": cluster, "rows_per_part": rows_per_part}
        return _in_parts(quotes, output, keep, columns, asked, parts, json)
    return _at_once(quotes, output, keep, {"columns": columns, "query": query, **asked}, json)


def _at_once(
    quotes: Path, output: Path, keep: AbstractContextManager[Any], asked: dict[str, Any], json: bool
) -> int:
    """A table that fits into memory: everything, and the page."""
    from suite.finance import solve_file

    began = time.monotonic()
    with keep:
        solved = solve_file(quotes, **asked)
        seconds = time.monotonic() - began
        solved.save(output)
    if not output.suffix:
        title = f"Implied volatility of {quotes.name}"
        page_of(output / "report.html", title, lambda: sections_of(solved))
    summary = solved.summary()
    print_result(summary, _facts(summary, output, seconds), json)
    return 0


def _in_parts(
    quotes: Path,
    output: Path,
    keep: AbstractContextManager[Any],
    columns: dict[str, str],
    asked: dict[str, Any],
    parts: dict[str, Any],
    json: bool,
) -> int:
    """A table of any size: the same columns, without the page."""
    from suite.cli.progress import progress_of_parts
    from suite.core.files import write_whole
    from suite.finance.parts.stream import solve_stream

    if output.suffix == ".csv":
        raise InputError(f"A table in parts is written as Parquet. Got -o {output}; use .parquet.")
    target = output if output.suffix else output / "iv.parquet"
    given = {name: value for name, value in parts.items() if value is not None}
    with keep, progress_of_parts() as watch:
        done = solve_stream(quotes, target, columns=columns, progress=watch, **given, **asked)
    summary = done.summary()
    if not output.suffix:
        write_whole(output / "summary.json", json_text.dumps(summary, indent=1))
        say("No page for a table in parts; make one of an expiration or two that you pick from it.")
    print_result(summary, _facts(summary, target, done.seconds), json)
    return 0


def _is_large(quotes: Path) -> bool:
    """Whether a file should be solved a part at a time."""
    if quotes.suffix == ".parquet" and quotes.is_file():
        from suite.finance.parts.batches import open_source

        return open_source(quotes).rows > LARGE
    return quotes.suffix == ".csv" and quotes.is_file() and quotes.stat().st_size > LARGE_TEXT


def _facts(summary: dict[str, Any], output: Path, seconds: float) -> dict[str, Any]:
    rate = summary["rows"] / max(seconds, 1e-3)
    return {
        "rows": f"{summary['rows']:,} ({summary['layout']})",
        "read and solved in": f"{seconds:.2f} s, {rate:,.0f} rows a second",
        **{name.replace("_", " "): f"{n:,}" for name, n in summary["verdicts"].items()},
        "expirations": summary["expirations"],
        "written to": output,
    }


def sections_of(solved: SolvedTable) -> list[Section]:
    """The page's sections of a solved table."""
    from suite.finance.smiles.picture import picture
    from suite.report.finance import sections, verdicts_only

    if solved.model != "black":  # smiles and their fits are in log-moneyness and in per cent
        from suite.finance.smiles.inspection import verdict_counts

        return verdicts_only(verdict_counts(solved), solved.summary())
    return sections(picture(solved), solved.summary())
