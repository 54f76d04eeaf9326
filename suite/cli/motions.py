"""`suite dynamics orbit` and `suite dynamics particle`: motions with what carries them kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from suite.cli.levels import Flag
from suite.cli.motion_files import VECTORS, bodies_of, particle_of, vector_of
from suite.cli.output import (
    check_output,
    exit_code,
    page_of,
    print_result,
    resumable,
    spoken,
)
from suite.cli.programs import FILES, blamed, kept_program
from suite.cli.strides import strides
from suite.cli.whole import whole
from suite.errors import InputError

if TYPE_CHECKING:
    from suite.dynamics.particles.velocities import Comparison

__all__ = ["Charged", "Gravity", "orbit", "particle"]

Triple = partial(Parameter, allow_leading_hyphen=True)
"""Three numbers in a word, of which the first may be negative."""
Output = Annotated[Path | None, Parameter(name=["--output", "-o"])]

BESIDE = 100_000
"""Evaluations of the run in velocities at most: it is there to be looked at, not to be finished."""


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Gravity:
    """How bodies are followed; each field is an option that wins over the file."""

    eccentricity: Annotated[
        float | None,
        Parameter(help="Of two bodies with G M = 1 and semi-major axis 1, from pericentre."),
    ] = None
    periods: Annotated[float | None, Parameter(help="How many periods of two bodies.")] = None
    time: Annotated[float | None, Parameter(help="How long, instead of periods.")] = None
    rtol: Annotated[
        float | None, Parameter(help="Error of a step over distance and speed. Default: 4e-13.")
    ] = None
    project: Annotated[
        str | None,
        Parameter(
            help="What is restored after each step: energy (the default), angular_momentum, both "
            "or none."
        ),
    ] = None
    method: Annotated[str | None, Parameter(help="DOP853 (the default), RK45 or another.")] = None
    max_evaluations: Annotated[
        int | None, Parameter(converter=whole, help="Force calls at most. Default: 100,000,000.")
    ] = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Charged:
    """A charged particle; each field is an option that wins over the file."""

    electric: Annotated[str | None, Triple(help="Electric field, such as 1,0,0.")] = None
    magnetic: Annotated[str | None, Triple(help="Magnetic field, such as 0,0,3.")] = None
    position: Annotated[str | None, Triple(help="Place at the start.")] = None
    momentum: Annotated[str | None, Triple(help="Momentum at the start.")] = None
    charge: Annotated[float | None, Parameter(help="Charge. Default: 1.")] = None
    mass: Annotated[float | None, Parameter(help="Mass. Default: 1.")] = None
    c: Annotated[float | None, Parameter(help="Speed of light. Default: 1.")] = None
    along: Annotated[
        str | None, Triple(help="The direction in which it will be nearly as fast as light.")
    ] = None
    time: Annotated[float | None, Parameter(help="How long, from 0.")] = None
    rtol: Annotated[float | None, Parameter(help="Relative tolerance. Default: 1e-9.")] = None
    method: Annotated[str | None, Parameter(help="DOP853 (the default) or another.")] = None
    max_evaluations: Annotated[
        int | None,
        Parameter(converter=whole, help="Calls of the function at most. Default: 5,000,000."),
    ] = None


NO_GRAVITY, NO_CHARGED = Gravity(), Charged()


def orbit(
    bodies: Path | None = None,
    /,
    *,
    output: Output = None,
    way: Gravity = NO_GRAVITY,
    json: Flag = False,
) -> int:
    """Bodies under their gravity, with energy kept, and what the orbit is worth.

    Parameters
    ----------
    bodies
        TOML file with G and a [[body]] each: name, mass, position and velocity (two or three
        numbers), in any consistent units; and as you like periods, time, rtol, project.
    output
        Folder for summary.json, trajectory.csv, attempts.csv, report.html and the run file.
        Default: a folder named after the input.
    json
        Print summary.json instead of a table.
    """
    from suite.dynamics import Bodies, two_bodies
    from suite.dynamics import orbit as follow
    from suite.report.orbits import orbit_facts, orbit_sections

    if (bodies is None) == (way.eccentricity is None):
        raise InputError("Give either a file of bodies or --eccentricity.")
    given = {k: v for k, v in asdict(way).items() if v is not None and k != "eccentricity"}
    settings: dict[str, Any] = {}
    if bodies is None:
        found = two_bodies(float(way.eccentricity or 0.0))
    else:
        arguments, settings = bodies_of(bodies)
        found = Bodies(**arguments)
    options = _how_long({**settings, **given}, given)
    options["project"] = _projected(options.get("project", "energy"))
    output = output or Path("orbit" if bodies is None else f"{bodies.stem}_orbit")
    with (
        resumable(output, ["dynamics", "orbit", *_input(bodies, output), *spoken(asdict(way))]),
        kept_program(bodies, output),
    ):
        run = follow(found, store=output, observe=(strides(),), **options)
    run.save(output)
    summary = run.summary()
    which = f"eccentricity {way.eccentricity:g}" if bodies is None else bodies.name
    title = f"Orbit: {which}"
    page_of(
        output / "report.html",
        title,
        lambda: orbit_sections(_columns(run.table()), run.record, summary),
    )
    print_result(summary, {**orbit_facts(summary), "written to": output}, json)
    return exit_code(summary["status"])


def particle(
    charged: Path | None = None,
    /,
    *,
    output: Output = None,
    way: Charged = NO_CHARGED,
    json: Flag = False,
) -> int:
    """A charged particle on its momentum, and beside it what the same run in velocities loses.

    Parameters
    ----------
    charged
        TOML file with the names of the options below, or a Python file that defines them, in which
        electric and magnetic may be functions of (t, x). A Python file is your own program and is
        run as such.
    output
        Folder for summary.json, trajectory.csv, attempts.csv, report.html and the run file.
        Default: a folder named after the input.
    json
        Print summary.json instead of a table.
    """
    from suite.report.particles import particle_facts, particle_sections

    settings = {} if charged is None else particle_of(charged)
    given = {k: v for k, v in asdict(way).items() if v is not None}
    given |= {k: vector_of(v, f"--{k}") for k, v in given.items() if k in VECTORS}
    output = output or Path("particle" if charged is None else f"{charged.stem}_particle")
    words = ["dynamics", "particle", *_input(charged, output), *spoken(asdict(way))]
    with resumable(output, words), blamed(charged, given), kept_program(charged, output):
        found = _compared(_where(settings, given), output)
    found.momentum.save(output)
    summary = found.momentum.summary()
    columns = _columns(found.momentum.solution.table())
    page_of(
        output / "report.html",
        f"Particle: {_named(way) if charged is None else charged.name}",
        lambda: particle_sections(columns, found.momentum.record, summary, _beside(found)),
    )
    facts = particle_facts(columns, summary)
    print_result(summary, {**facts, "beside it": found.sentence, "written to": output}, json)
    return exit_code(summary["status"])


def _named(way: Charged) -> str:
    """The fields that were given as options."""
    fields = {"electric": way.electric, "magnetic": way.magnetic}
    return ", ".join(f"{name} field {text}" for name, text in fields.items() if text is not None)


def _input(path: Path | None, output: Path) -> list[str]:
    """The input as a word of the command; refuses to write over it."""
    if path is None:
        return []
    check_output(path, output, FILES)
    return [str(path.absolute())]


def _how_long(options: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of `orbit`: what the command line says of time wins over the file."""
    if "periods" in given and "time" not in given:
        options.pop("time", None)
    elif "time" in given and "periods" not in given:
        options.pop("periods", None)
    if "time" in options:
        options["t_end"] = options.pop("time")
    return options


def _projected(text: Any) -> str | bool:
    known: dict[str, str | bool] = {
        "energy": "energy",
        "angular_momentum": "angular_momentum",
        "both": True,
        "none": False,
    }
    if text not in known:
        raise InputError(f"project must be one of {', '.join(known)}. Got {text!r}.")
    return known[text]


def _where(settings: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a particle from the file and the options, which win."""
    options = {**settings, **given}
    time = options.pop("time", None)
    if "time" in given or "t_span" not in options:
        if time is None:
            raise InputError("How long? Give --time, or time or t_span in the file.")
        options["t_span"] = (0.0, float(time))
    if not {"electric", "magnetic", "wave"} & options.keys():
        raise InputError("No field is given: --electric, --magnetic, or a file with one of them.")
    nothing = (0.0, 0.0, 0.0)
    return {"electric": nothing, "magnetic": nothing, **options}


def _compared(options: dict[str, Any], output: Path) -> Comparison:
    """The run on the momentum, kept in its folder, and the one in velocities beside it."""
    from suite.dynamics.particles.velocities import comparison

    alone = {"store": None, "observe": (), "max_evaluations": BESIDE, "foresight": False}
    if "potential" in options:
        alone["potential"] = None
    return comparison(**options, store=output, observe=(strides(),), options=alone)


def _beside(found: Comparison) -> dict[str, Any]:
    """The run in velocities as the page takes it."""
    return {
        "t": found.velocities.t,
        "gamma": found.velocities.gamma,
        "gamma_error": found.gamma_error,
        "sentence": found.sentence,
    }


def _columns(table: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in table] for name in table[0]} if table else {}
