"""What the commands share: where results go, how they are printed, how a run is told to resume."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.errors import (
    InputError,
    MissingPackage,
    StoreLocked,
    StoreMismatch,
    StoreUnreadable,
)

if TYPE_CHECKING:
    from suite.core import Attempt
    from suite.report.page import Section

__all__ = [
    "COMMAND_FILE",
    "check_output",
    "exit_code",
    "judged",
    "page_of",
    "pairs_of",
    "print_result",
    "print_table",
    "resumable",
    "say",
    "spoken",
]

COMMAND_FILE = "command.json"


def say(text: str) -> None:
    """A line of progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def resumable(folder: Path, words: Sequence[str]) -> Iterator[None]:
    """Write down how a run is started, so that `suite resume` can start it again.

    On Ctrl-C it says how to go on; where the input is refused it leaves nothing behind.
    """
    from suite.core.files import write_whole

    if folder.exists() and not folder.is_dir():
        raise InputError(f"-o {folder} is a file. Results go into a folder: name another.")
    path = folder / COMMAND_FILE
    before = path.read_text(encoding="utf-8") if path.exists() else None
    _check_same_job(folder, before, words)
    write_whole(path, json.dumps({"schema": 1, "command": list(words)}, indent=1))
    try:
        yield
    except (InputError, MissingPackage, StoreMismatch, StoreLocked, StoreUnreadable):
        if before is not None:
            write_whole(path, before)
        else:
            path.unlink(missing_ok=True)
            with suppress(OSError):  # something else is in the folder
                folder.rmdir()
        raise
    except KeyboardInterrupt:
        say(f"\nThe run so far is kept. Go on with: suite resume {shlex.quote(str(folder))}")
        raise


def _check_same_job(folder: Path, before: str | None, words: Sequence[str]) -> None:
    """Refuse a folder that holds the run of another job."""
    if before is None:
        return
    try:
        job = json.loads(before)["command"][: len(words[:2])]
    except (ValueError, KeyError, TypeError):
        return
    if job[:1] != list(words[:1]) or (len(words) > 1 and job[1:2] != list(words[1:2])):
        raise InputError(
            f"{folder} holds a run of suite {' '.join(job)}; use another folder: -o DIR."
        )


def check_output(source: Path, output: Path, names: Sequence[str]) -> None:
    """Refuse to write over the input."""
    for target in (output, *(output / name for name in names)):
        if target.exists() and source.exists() and target.samefile(source):
            raise InputError(f"-o {output} would write over the input {source}; choose another.")


def page_of(path: Path, title: str, sections: Callable[[], list[Section]]) -> None:
    """Write the HTML page, or say what is missing for it; results do not depend on it."""
    from suite.report.page import write_page

    try:
        write_page(path, title, sections())
    except (MissingPackage, ModuleNotFoundError):
        say("No HTML page: plotly is missing (pip install 'suite-adaptive[report]').")


def print_result(summary: Mapping[str, Any], facts: Mapping[str, Any], as_json: bool) -> None:
    """The result on standard output: the summary as JSON, or a table of facts and the record."""
    from suite.report.page import tally_table

    if as_json:
        print(json.dumps(summary, indent=1))
        return
    print_table(
        f"{summary['job']}: {summary['sentence']}", {**facts, **tally_table(summary["record"])}
    )


def print_table(title: str, rows: Mapping[str, Any]) -> None:
    """A table of two columns on standard output; a path stays in one piece, to be copied."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    width = max(map(len, rows), default=0)
    console.print(Text(title, style="bold"), soft_wrap=True)
    for name, value in rows.items():
        # As it is: [ibm] is no markup.
        console.print(Text(f"{name:{width}s}  ", style="dim") + Text(str(value)), soft_wrap=True)


def exit_code(status: str) -> int:
    """0 for a run that met its goal, 4 for one that stopped short."""
    from suite.core import Status

    return 0 if Status[status.upper()].finished else 4


def judged(attempt: Attempt) -> str:
    """What bound an attempt and what became of it, in words."""
    refused = f"refused: {attempt.refused}" if attempt.refused else "accepted"
    return f"bound by {attempt.bound}, {refused}"


def spoken(options: Mapping[str, Any]) -> list[str]:
    """Options as the words of a command; what is None, or false, is left out.

    >>> spoken({"stale_after": "1D", "greeks": True, "rate": None})
    ['--stale-after=1D', '--greeks']
    """
    words = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif value is not None and value is not False:
            words.append(f"{flag}={value}")
    return words


def pairs_of(texts: Sequence[str]) -> dict[str, str]:
    """`field=column` texts as a mapping.

    >>> pairs_of(["strike=K,kind=flag"])
    {'strike': 'K', 'kind': 'flag'}
    """
    pairs = {}
    for part in ",".join(texts).split(",") if texts else []:
        field, equals, column = part.partition("=")
        if not (field and equals and column):
            raise InputError(f"--map takes field=column. Got {part!r}.")
        pairs[field.strip()] = column.strip()
    return pairs
