"""The options that the commands of dynamics share: how an integration is carried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from suite.cli.output import spoken
from suite.cli.whole import whole
from suite.errors import InputError

__all__ = ["DEFAULT", "Integration", "given", "parameters_of", "words_of"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Integration:
    """How an integration is carried; each field is an option that wins over the problem's own."""

    span: Annotated[
        tuple[float, float] | None,
        Parameter(negative="", help="First and last time. Default: the problem's."),
    ] = None
    rtol: Annotated[
        float | None, Parameter(help="Relative tolerance. Default: the problem's, else 1e-6.")
    ] = None
    atol: Annotated[
        float | None, Parameter(help="Absolute tolerance. Default: the problem's, else 1e-9.")
    ] = None
    method: Annotated[
        str | None,
        Parameter(
            help="auto (the default: DOP853, and Radau where the problem is stiff), DOP853, RK45, "
            "RK4 or Radau."
        ),
    ] = None
    max_step: Annotated[float | None, Parameter(help="Longest step.")] = None
    max_evaluations: Annotated[
        int | None,
        Parameter(converter=whole, help="Calls of the function at most. Default: 5,000,000."),
    ] = None
    dense: Annotated[
        int | None,
        Parameter(
            converter=whole,
            help="Points of trajectory.csv, at equal distances, between steps too. Default: the "
            "ends of the steps.",
        ),
    ] = None
    project: Annotated[
        bool,
        Parameter(negative="", help="Put the solution back on its invariants after each step."),
    ] = False
    no_foresight: Annotated[
        bool, Parameter(negative="", help="Do not look for singularities ahead.")
    ] = False
    compiled: Annotated[
        bool,
        Parameter(negative="", help="Have numba compile the function (extra: compiled)."),
    ] = False
    set: Annotated[
        str | None,
        Parameter(help="Parameters of a built-in problem, such as eccentricity=0.9,..."),
    ] = None


DEFAULT = Integration()


def given(way: Integration) -> dict[str, Any]:
    """The options that were given, by the names that `solve` gives them."""
    if way.dense is not None and way.dense < 2:
        raise InputError(f"--dense must be at least 2 points. Got {way.dense}.")
    options: dict[str, Any] = {
        name: value
        for name in ("rtol", "atol", "method", "max_step", "max_evaluations")
        if (value := getattr(way, name)) is not None
    }
    if way.dense:
        options["dense_output"] = True
    if way.project:
        options["project"] = True
    if way.compiled:
        options["compiled"] = True
    if way.no_foresight:
        options["foresight"] = False
    return options


def words_of(way: Integration) -> list[str]:
    """The options as the words of a command."""
    options = {name: value for name, value in asdict(way).items() if name != "span"}
    span = [] if way.span is None else ["--span", *map(repr, way.span)]
    return [*spoken(options), *span]


def parameters_of(text: str | None) -> Mapping[str, float]:
    """`name=value,...` as numbers by name.

    >>> parameters_of("mu=1000,eps=1e-3")
    {'mu': 1000.0, 'eps': 0.001}
    """
    parameters = {}
    for part in text.split(",") if text else ():
        name, _, value = part.partition("=")
        try:
            parameters[name.strip()] = float(value)
        except ValueError:
            raise InputError(f"--set takes name=number, ... Got {part!r}.") from None
    return parameters
