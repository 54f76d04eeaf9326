"""`suite show` and `suite resume`: runs that are on disk."""

from __future__ import annotations

import json as json_text
import time
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from suite.cli.output import COMMAND_FILE, print_table, say
from suite.cli.problems import PROBLEM_FILE
from suite.core.record import Record
from suite.core.store import RUN_FILE, Reader
from suite.errors import InputError
from suite.report.page import tally_table

__all__ = ["resume", "show"]

LOOK_EVERY = 0.5
"""Seconds between two looks at a run that is being written."""


def show(
    run: Path,
    /,
    *,
    follow: Annotated[bool, Parameter(negative="")] = False,
    attempts: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """What a run did: what bound its steps, what was refused, what it cost.

    Parameters
    ----------
    run
        The folder of a run or of several, a run file, or a Parquet table that a job wrote.
    follow
        Print attempts as they come, until the run ends.
    attempts
        Print every attempt.
    json
        Print the summary as JSON.
    """
    if follow:
        return _follow(run)
    inside = sorted(path.parent for path in run.glob("*/summary.json"))
    if inside and not (run / "summary.json").exists():
        codes = [show(folder, attempts=attempts, json=json) for folder in inside]
        return max(codes)
    facts, summary, record = _read(run)
    if json:
        print(json_text.dumps(summary, indent=1))
        return 0
    if attempts:
        for row in record:
            print(_line(row))
    title = f"{summary.get('job', 'run')}: {summary.get('sentence', 'not finished')}"
    print_table(title, {**facts, **tally_table(summary["record"])})
    return 0


def resume(run: Path, /) -> int:
    """Go on with a run that was interrupted; a finished one answers again at no cost.

    Parameters
    ----------
    run
        The folder of the run.
    """
    from suite.cli.main import run as run_words

    if not run.is_dir():
        raise InputError(f"There is no folder {run}.")
    path = run / COMMAND_FILE
    try:
        words = json_text.loads(path.read_text())["command"]
    except FileNotFoundError:
        raise InputError(
            f"{run} holds no {COMMAND_FILE}: it was not started by the suite command. Call the "
            f"same Python function with the same store instead."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    return run_words([*_at_hand([str(word) for word in words], run), "-o", str(run)])


def _at_hand(words: list[str], run: Path) -> list[str]:
    """The command with the copy in the run's folder where its problem file is gone."""
    copy = run / PROBLEM_FILE
    if words[:1] != ["quantum"] or len(words) < 3 or Path(words[2]).exists() or not copy.exists():
        return words
    say(f"{words[2]} is gone; its copy {copy} is used.")
    return [*words[:2], str(copy.absolute()), *words[3:]]


def _read(run: Path) -> tuple[dict[str, Any], dict[str, Any], Record]:
    """Facts to print, the summary, and the attempts where there are any."""
    if run.suffix == ".parquet":
        summary = _of_parquet(run)
        return {"rows": f"{summary['rows']:,}"}, summary, Record()
    if (run / RUN_FILE).exists() or run.suffix == ".sqlite":
        with Reader(run) as reader:
            about, record = reader.about(), Record(reader.rows())
        summary = {"job": about["job"], **_sentences(record), "record": record.tally.to_dict()}
        facts = {"ended": _ends(record), "versions": _words(about["versions"])}
        return _energies(run, about["job"], record) | facts, summary, record
    path = run / "summary.json"
    if path.exists():
        summary = json_text.loads(path.read_text())
        return {}, summary, Record()
    raise InputError(f"{run} is no run: it holds neither {RUN_FILE} nor summary.json.")


def _energies(run: Path, job: str, record: Record) -> dict[str, str]:
    """The numbers of a ground state, or the energy that its search has come to so far."""
    if job != "quantum vqe":
        return {}
    path = run / "summary.json"
    if path.exists():
        from suite.report.quantum import facts_of

        facts = facts_of(json_text.loads(path.read_text(encoding="utf-8")))
        return {name: value for name, value in facts.items() if name != "ended"}
    for row in reversed(list(record)):
        energy, error = row["notes"].get("energy"), row["notes"].get("standard_error")
        if row["accepted"] and energy is not None:
            told = f"{energy:.6f} ± {error:.1e}" if error else f"{energy:.10f}"
            return {"energy so far": told}
    return {}


def _of_parquet(path: Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    try:
        found = (pq.read_schema(path).metadata or {}).get(b"suite")
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as a Parquet file: {error}") from error
    if found is None:
        raise InputError(f"{path} was not written by suite: it carries no summary.")
    summary: dict[str, Any] = json_text.loads(found)
    return summary


def _statuses(record: Record) -> dict[str, str]:
    """The status of each track, empty while it goes on."""
    return {row["track"]: row["status"] for row in record}


def _ends(record: Record) -> str:
    return ", ".join(f"{t}: {s or 'not finished'}" for t, s in _statuses(record).items()) or "-"


def _sentences(record: Record) -> dict[str, str]:
    from suite.core.status import Status

    names = [name or "running" for name in _statuses(record).values()] or ["running"]
    ends = [Status[name.upper()] for name in names]
    worst = next((status for status in ends if not status.finished), ends[-1])
    return {"status": worst.name.lower(), "sentence": worst.sentence}


def _words(mapping: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in mapping.items())


def _follow(run: Path) -> int:
    """Print attempts as they are committed; ends with the run, or with Ctrl-C."""
    seen: dict[str, int] = {}
    with Reader(run) as reader:
        while True:
            written = reader.is_being_written()
            for row in reader.rows(after=seen):
                print(_line(row), flush=True)
                seen[row["track"]] = row["number"]
            if not written:
                return 0
            time.sleep(LOOK_EVERY)


def _line(row: dict[str, Any]) -> str:
    evidence = " ".join(f"{name}={value[0]:.3g}" for name, value in row["evidence"].items())
    judged = f"refused: {row['refused']}" if row["refused"] else "accepted"
    end = f" [{row['status']}]" if row["status"] else ""
    return (
        f"{row['track']:8s}{row['number']:5d} size={row['size']:.4g} bound by {row['bound']}, "
        f"{judged} {evidence}{end}"
    )
