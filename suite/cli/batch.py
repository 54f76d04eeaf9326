"""A folder of saddles as one batch: each its own run, one table at the end."""

from __future__ import annotations

import csv
import io
import json as json_text
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from suite.cli.output import page_of, print_table, say
from suite.core import Status
from suite.core.files import write_whole
from suite.errors import InputError, SuiteError

__all__ = ["batch"]

COLUMNS = (
    *("name", "status", "barrier_reverse_kcal_mol", "barrier_forward_kcal_mol"),
    *("imaginary_frequency_cm1", "gradients", "hessians", "connectivity", "sentence"),
)


def batch(
    folder: Path, output: Path, options: Mapping[str, Any], cluster: str | None, json: bool
) -> int:
    """Trace every XYZ file of a folder into a folder of its own; one that fails stops no other.

    Called again it goes on: what is finished is read back from its run. Answers 0 where all
    arrived, 4 otherwise.
    """
    from suite.cluster import map_parts

    saddles = sorted(folder.glob("*.xyz"))
    if not saddles:
        raise InputError(
            f"{folder} holds no .xyz file; give a transition state or a folder of them."
        )
    rows = []
    work = partial(_one, output=output, options=options)
    for row in map_parts(work, saddles, cluster):
        rows.append(row)
        say(f"{len(rows)}/{len(saddles)} {row['name']}: {row['status']}")
    _save(output, rows)
    if json:
        print(json_text.dumps(rows, indent=1))
    else:
        told = {row["name"]: _line(row) for row in rows}
        print_table(f"chemistry irc: {len(rows)} reactions", {**told, "written to": output})
    arrived = all(row["status"] in _FINISHED for row in rows)
    return 0 if arrived else 4


_FINISHED = {status.name.lower() for status in Status if status.finished}


def _one(saddle: Path, output: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """One reaction of a batch, as a row; what goes wrong becomes its sentence."""
    from suite.cli.chemistry import traced

    name = saddle.stem
    try:
        summary = traced(saddle, output / name, options).summary()
    except SuiteError as error:
        return {"name": name, "status": "failed", "sentence": str(error)}
    return {"name": name, **{key: summary[key] for key in COLUMNS[1:]}}


def _line(row: Mapping[str, Any]) -> str:
    if "gradients" not in row:
        return f"{row['status']}: {row['sentence']}"
    return (
        f"{row['barrier_reverse_kcal_mol']:.2f} / {row['barrier_forward_kcal_mol']:.2f} kcal/mol, "
        f"{-row['imaginary_frequency_cm1']:.0f}i cm⁻¹, {row['gradients']} gradients; "
        f"{row['connectivity'] or row['sentence']}"
    )


def _save(output: Path, rows: list[dict[str, Any]]) -> None:
    """The table of the whole batch, and its page."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(output / "batch.csv", text.getvalue())

    def sections() -> Any:
        from suite.report.chemistry import batch_sections

        return batch_sections(rows)

    page_of(output / "report.html", "Reaction paths", sections)
