"""The problem file of a run: with the command's options in it, and kept beside the results."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from suite.cli.output import COMMAND_FILE
from suite.errors import InputError, MissingPackage

__all__ = ["PROBLEM_FILE", "as_asked", "check_copy", "kept_problem"]

PROBLEM_FILE = "problem.toml"
"""The copy in a run's folder, with all that the file names in it: `suite resume` goes on with it
where the file is gone."""
COPIES = (PROBLEM_FILE, "problem.qasm", "problem.qpy")
"""What is kept of a problem: TOML cannot hold the circuit that it may name."""


@contextmanager
def as_asked(problem: Path, options: Mapping[str, Any]) -> Iterator[Path]:
    """The problem file with the options in it: the file itself where they change nothing."""
    from suite.quantum.asked.settings import amended, read_settings, simulated, to_toml

    before = read_settings(problem)
    settings = simulated(amended(before, options))
    if settings == before:
        yield problem
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / problem.name
        copy.write_text(to_toml(settings), encoding="utf-8")
        try:
            yield copy
        except (InputError, MissingPackage) as error:
            # The user knows the file that was given, not its copy.
            raise type(error)(str(error).replace(str(copy), str(problem))) from error


def check_copy(problem: Path, folder: Path) -> None:
    """Refuse a folder where a copy would take the place of a file of the user's."""
    if (folder / COMMAND_FILE).exists():
        return
    for name in COPIES:
        if (folder / name).exists() and not _same(folder / name, problem):
            raise InputError(
                f"{folder} has a {name} of its own, where a copy of {problem} or of its circuit "
                f"would be kept. Use another folder."
            )


def _same(copy: Path, problem: Path) -> bool:
    return copy.exists() and problem.exists() and copy.samefile(problem)


@contextmanager
def kept_problem(problem: Path, folder: Path) -> Iterator[None]:
    """Keep a copy of the problem file in a run's folder, where nothing was begun none."""
    from suite.core.files import write_whole
    from suite.core.store import RUN_FILE

    if _same(folder / PROBLEM_FILE, problem):
        yield
        return
    copies = _copies(problem)
    fresh = [name for name in copies if not (folder / name).exists()]
    for name in fresh:
        write_whole(folder / name, copies[name])
    try:
        yield
    except BaseException:  # whatever ended it: what was not begun leaves no copy
        if not any(folder.rglob(RUN_FILE)):
            for name in fresh:
                (folder / name).unlink(missing_ok=True)
        raise
    # A run goes on with a file whose budgets are others.
    for name, content in copies.items():
        write_whole(folder / name, content)


def _copies(problem: Path) -> dict[str, str | bytes]:
    """The copy of a problem file and of the circuit that it may name, by their names."""
    from suite.quantum.asked.settings import read_settings, to_toml, whole

    settings, found = whole(read_settings(problem)), {}
    form = settings.get("ansatz")
    if isinstance(form, dict) and isinstance(form.get("file"), str):
        circuit = Path(form["file"])
        name = f"problem{circuit.suffix.lower()}"
        if name in COPIES and circuit.is_file():  # else it is refused when it is read
            found[name] = circuit.read_bytes()
            form["file"] = name
    return {PROBLEM_FILE: to_toml(settings), **found}
