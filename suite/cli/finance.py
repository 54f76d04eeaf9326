"""`suite finance`: quote tables."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from suite.cli.output import check_output, page_of, pairs_of, print_result, resumable
from suite.errors import InputError

if TYPE_CHECKING:
    from suite.finance import SolvedTable
    from suite.report.page import Section

__all__ = ["iv", "sections_of"]


def iv(
    quotes: Path,
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    quoted: str | None = None,
    map: Annotated[tuple[str, ...], Parameter(consume_multiple=False)] = (),
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Implied volatility of a whole quote table.

    Forwards and discount factors come from put-call parity; every row is answered with a
    volatility or with the reason why there is none.

    Parameters
    ----------
    quotes
        CSV (also .gz) or Parquet file of option quotes.
    output
        A .parquet or .csv file for the table alone, or a folder for everything.
        Default: a folder named after the input.
    quoted
        Date of the quotes, like 2025-10-06, where the table does not hold it.
    map
        Columns with names of their own: strike=K,kind=flag.
    json
        Print summary.json instead of a table.
    """
    from suite.finance import solve_file

    output = output or Path(f"{quotes.name.split('.')[0]}_iv")
    check_output(quotes, output, ("iv.parquet", "forwards.csv", "attempts.csv"))
    words = ["finance", "iv", str(quotes.absolute())]
    words += [f"--quoted={quoted}"] if quoted else []
    words += [f"--map={text}" for text in map]
    to_file = output.suffix in (".parquet", ".csv")
    if output.suffix and not to_file and not output.is_dir():
        raise InputError(
            f"-o takes a .parquet or .csv file, or a folder. Got {str(output)!r}; a folder's name "
            f"has no dot here."
        )
    with nullcontext() if to_file else resumable(output, words):
        solved = solve_file(quotes, columns=pairs_of(map), quoted=quoted)
        solved.save(output)
    if not to_file:
        title = f"Implied volatility of {quotes.name}"
        page_of(output / "report.html", title, lambda: sections_of(solved))
    summary = solved.summary()
    facts = {
        "rows": f"{summary['rows']:,} ({summary['layout']})",
        **{name.replace("_", " "): f"{n:,}" for name, n in summary["verdicts"].items()},
        "expirations": summary["expirations"],
        "written to": output,
    }
    print_result(summary, facts, json)
    return 0


def sections_of(solved: SolvedTable) -> list[Section]:
    """The page's sections of a solved table."""
    from suite.report.finance import sections

    return sections(solved.curves(), solved.summary())
