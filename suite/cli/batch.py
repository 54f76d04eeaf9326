"""Several saddles as one batch: each its own run, one table at the end."""

from __future__ import annotations

import csv
import io
import json as json_text
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from suite.cli.output import page_of, print_table, resumable, say, spoken
from suite.cli.reactions import refined, stopped, traced
from suite.core import Status
from suite.core.files import write_whole
from suite.errors import InputError, SuiteError

__all__ = ["batch", "gathered", "is_batch", "output_of"]

COLUMNS = {
    "irc": (
        *("name", "status", "barrier_reverse_kcal_mol", "barrier_forward_kcal_mol"),
        *("imaginary_frequency_cm1", "gradients", "hessians", "connectivity", "sentence"),
    ),
    "ts": (
        *("name", "status", "energy", "max_gradient"),
        *("imaginary_frequency_cm1", "gradients", "hessians", "sentence"),
    ),
}
PLURAL = {"irc": "reactions", "ts": "transition states"}
_FINISHED = {status.name.lower() for status in Status if status.finished}


def is_batch(inputs: Sequence[Path]) -> bool:
    """Whether the inputs of a command are more than one file: several, a folder, or a list."""
    return len(inputs) > 1 or inputs[0].is_dir() or _is_list(inputs[0])


def output_of(inputs: Sequence[Path], verb: str) -> Path:
    """The folder that a batch goes to where none is named."""
    if len(inputs) > 1:
        return Path(f"batch_{verb}")
    first = inputs[0]
    return Path(f"{first.resolve().name if first.is_dir() else _list_of(first).stem}_{verb}")


def gathered(inputs: Sequence[Path]) -> dict[str, Path]:
    """The geometries of folders, lists and files in that order, each by a name of its own.

    The name is the file's without its suffix; files that are called alike have their folder's name
    before it. A file that is named twice is taken once. Raises `InputError` for a folder or a list
    without files, and for files whose names stay alike.
    """
    found = [path for one in inputs for path in _files_of(one)]
    paths = list({path.absolute(): path for path in found}.values())
    shared = Counter(path.stem for path in paths)
    names = [
        path.stem if shared[path.stem] == 1 else f"{path.absolute().parent.name}_{path.stem}"
        for path in paths
    ]
    alike = [name for name, count in Counter(names).items() if count > 1]
    if alike:
        raise InputError(
            f"Two files of the batch would both be called {alike[0]!r}: rename one of them."
        )
    return dict(zip(names, paths, strict=True))


def _files_of(source: Path) -> list[Path]:
    if _is_list(source):
        return _listed(_list_of(source))
    if not source.is_dir():
        return [source]
    found = sorted(source.glob("*.xyz"))
    if not found:
        raise InputError(f"{source} holds no .xyz file; give a geometry or a folder of them.")
    return found


def _is_list(source: Path) -> bool:
    """Whether it is a list of paths: so marked by @, or a text file that begins with no number."""
    if str(source).startswith("@"):
        return True
    if source.suffix != ".txt" or not source.is_file():
        return False
    return not source.read_text(encoding="utf-8", errors="replace").split("\n")[0].strip().isdigit()


def _list_of(source: Path) -> Path:
    return Path(str(source).removeprefix("@"))


def _listed(path: Path) -> list[Path]:
    """The files of a list, one a line, relative to the list; # begins a remark."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a list of files: {error}") from error
    named = [text for line in lines if (text := line.partition("#")[0].strip())]
    if not named:
        raise InputError(f"{path} names no file; it takes one path a line.")
    return [path.parent / text for text in named]


def batch(
    verb: str,
    inputs: Sequence[Path],
    output: Path,
    options: Mapping[str, Any],
    cluster: str | None,
    json: bool,
) -> int:
    """Carry out `irc` or `ts` for every geometry; one that fails stops no other.

    Each goes into a folder of its own. Called again it goes on: what is finished is read back from
    its run. Answers 0 where all arrived, 4 otherwise.
    """
    from suite.cluster import map_parts

    saddles = gathered(inputs)
    words = ["chemistry", verb, *map(_absolute, inputs), *spoken(options)]
    if cluster is not None:
        words.append(f"--cluster={cluster}")
    rows: list[dict[str, Any]] = []
    work = partial(_one, verb=verb, output=output, options=options)
    with resumable(output, words):
        for row in map_parts(work, saddles.items(), cluster):
            rows.append(row)
            say(f"{len(rows)}/{len(saddles)} {row['name']}: {row['status']}")
    _save(verb, output, rows)
    if json:
        print(json_text.dumps(rows, indent=1))
    else:
        told = {row["name"]: _line(row) for row in rows}
        title = f"chemistry {verb}: {len(rows)} {PLURAL[verb]}"
        print_table(title, {**told, "written to": output})
    return 0 if all(row["status"] in _FINISHED for row in rows) else 4


def _absolute(source: Path) -> str:
    mark = "@" if str(source).startswith("@") else ""
    return f"{mark}{_list_of(source).absolute()}"


def _one(
    part: tuple[str, Path], verb: str, output: Path, options: Mapping[str, Any]
) -> dict[str, Any]:
    """One geometry of a batch, as a row; what goes wrong becomes its sentence."""
    from suite.chemistry.journal import Unfinished

    (name, path), folder = part, output / part[0]
    try:
        if verb == "irc":
            summary = traced(path, folder, options).summary()
        else:
            summary = refined(path, folder, options).summary()
    except Unfinished as error:
        summary = stopped(verb, folder, error)
    except SuiteError as error:
        return {"name": name, "status": "failed", "sentence": str(error)}
    except Exception as error:
        # A defect met by one geometry must not lose the night's other results.
        told = f"{type(error).__name__}: {error} (a defect: run it alone to see where)"
        return {"name": name, "status": "failed", "sentence": told}
    return {"name": name, **{key: summary[key] for key in COLUMNS[verb][1:] if key in summary}}


def _line(row: Mapping[str, Any]) -> str:
    if "imaginary_frequency_cm1" not in row:
        return f"{row['status'].replace('_', ' ')}: {row['sentence']}"
    mode = f"{-row['imaginary_frequency_cm1']:.0f}i cm⁻¹, {row['gradients']} gradients"
    if "energy" in row:
        return f"{row['energy']:.8f} hartree, {mode}"
    return (
        f"{row['barrier_reverse_kcal_mol']:.2f} / {row['barrier_forward_kcal_mol']:.2f} kcal/mol, "
        f"{mode}; {row['connectivity'] or row['sentence']}"
    )


def _save(verb: str, output: Path, rows: list[dict[str, Any]]) -> None:
    """The table of the whole batch, and its page."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS[verb], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(output / "batch.csv", text.getvalue())

    def sections() -> Any:
        from suite.report.chemistry import batch_sections

        return batch_sections(rows)

    title = "Reaction paths" if verb == "irc" else "Transition states"
    page_of(output / "report.html", title, sections)
