"""One geometry of the command line into its folder: a reaction path, or a transition state."""

from __future__ import annotations

import json as json_text
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.cli.levels import Level
from suite.cli.output import check_output, judged, page_of, resumable, say, spoken

if TYPE_CHECKING:
    from suite.chemistry import ReactionPath
    from suite.chemistry.journal import Unfinished
    from suite.chemistry.transition import TransitionState
    from suite.core import Attempt
    from suite.report.page import Section

__all__ = ["progress", "refined", "sections_of", "stopped", "traced"]


def traced(saddle: Path, output: Path, options: Mapping[str, Any], jobs: int = 1) -> ReactionPath:
    """One reaction path into its folder, by the options of the command line."""
    from suite.chemistry import trace
    from suite.chemistry.extras import Extras, price
    from suite.molecule import read_xyz

    check_output(saddle, output, ("path.xyz", "reverse_end.xyz", "forward_end.xyz"))
    words = ["chemistry", "irc", str(saddle.absolute()), *spoken(options)]
    if jobs > 1:
        words.append(f"--jobs={jobs}")
    known = {k: v for k, v in options.items() if k in (*Level.__slots__, "accuracy")}
    extras = Extras(**{name: options[name] for name in Extras._fields})
    if extras.projected > 0:
        say(price(len(read_xyz(saddle, units=options["units"]).symbols), extras.projected))
    with resumable(output, words):
        path = trace(
            saddle,
            **known,
            ends=not options["no_ends"],
            conditions=(options["temperature"], options["pressure"]),
            extras=extras,
            jobs=jobs,
            store=output,
            observe=(progress,),
        )
    path.save(output)
    page_of(output / "report.html", f"Reaction path of {saddle.name}", lambda: sections_of(path))
    return path


def refined(guess: Path, output: Path, options: Mapping[str, Any]) -> TransitionState:
    """One transition state into its folder, by the options of the command line."""
    from suite.chemistry.transition import find

    check_output(guess, output, ("ts.xyz",))
    with resumable(output, ["chemistry", "ts", str(guess.absolute()), *spoken(options)]):
        found = find(guess, **options, store=output, observe=(progress,))
    found.save(output)

    def sections() -> list[Section]:
        from suite.report.chemistry import saddle_sections

        return saddle_sections(found.summary(), found.swing(), found.record)

    page_of(output / "report.html", f"Transition state of {guess.name}", sections)
    return found


def stopped(verb: str, output: Path, error: Unfinished) -> dict[str, Any]:
    """The summary of a run whose search for a saddle was given up; also written to its folder."""
    from suite.core import Reader, Record
    from suite.core.files import write_whole

    with Reader(output) as reader:
        record = Record(reader.rows())
    summary = {
        "schema": 1,
        "job": f"chemistry {verb}",
        "status": error.status.name.lower(),
        "sentence": str(error),
        "gradients": record.tally.cost["gradients"],
        "hessians": record.tally.cost["hessians"],
        "record": record.tally.to_dict(),
    }
    write_whole(output / "attempts.csv", record.to_csv())
    write_whole(output / "summary.json", json_text.dumps(summary, indent=1))
    return summary


def sections_of(path: ReactionPath) -> list[Section]:
    """The page's sections of a reaction path."""
    from suite.report.chemistry import sections

    return sections(path.columns(), path.record, path.summary(), path.film(), path.swing())


def progress(track: str, attempt: Attempt) -> None:
    """A line for each attempt: gradients are dear, and so is not knowing."""
    if attempt.number == 0:
        return
    notes = attempt.trial.notes
    where = f"s={notes['s']:.3f} " if "s" in notes else ""
    where += f"E={notes['energy']:.8f} " if "energy" in notes else ""
    say(f"{track:12s}{attempt.number:4d} {where}step={attempt.step.size:.3f} {judged(attempt)}")
