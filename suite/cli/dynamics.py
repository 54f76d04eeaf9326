"""`suite dynamics`: initial value problems, orbits, charged particles, singularities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from suite.cli.integration import DEFAULT, Integration, given, parameters_of, words_of
from suite.cli.levels import Flag
from suite.cli.output import check_output, exit_code, page_of, print_result, resumable, say
from suite.cli.programs import FILES, Program, blamed, kept_program, program_of
from suite.cli.strides import strides
from suite.errors import InputError

if TYPE_CHECKING:
    from suite.dynamics import Solution
    from suite.report.page import Section

__all__ = ["integrated", "sections_of", "singularity", "solve"]

Output = Annotated[Path | None, Parameter(name=["--output", "-o"])]


def solve(
    problem: str,
    /,
    *,
    output: Output = None,
    way: Integration = DEFAULT,
    json: Flag = False,
) -> int:
    """An initial value problem y' = fun(t, y): its solution, and what bound every step.

    Parameters
    ----------
    problem
        A Python file, or the name of a built-in problem (kepler, arenstorf, pleiades, lorenz,
        robertson, van_der_pol, hires, oregonator, blow_up, riccati, ...). The file is your own
        program and is run as such. It defines fun(t, y), t_span and y0, and as it likes jac,
        invariants (functions of t and y by name), events (a list of functions), names of the
        components, and rtol, atol, method, project, blocks, first_step, max_step, max_evaluations,
        dense_output, foresight and compiled, as suite.dynamics.solve takes them.
    output
        Folder for summary.json, trajectory.csv, attempts.csv, report.html and the run file.
        Default: a folder named after the problem.
    json
        Print summary.json instead of a table.
    """
    from suite.report.dynamics import sections

    program, output, solution = _solved("solve", problem, output, way)
    _written(solution, output, program, way.dense, sections)
    return _told(solution, output, json)


def singularity(
    problem: str,
    /,
    *,
    output: Output = None,
    way: Integration = DEFAULT,
    json: Flag = False,
) -> int:
    """When a solution becomes singular: the time with its error, and the power it grows by.

    Parameters
    ----------
    problem
        A Python file or the name of a built-in problem, as `suite dynamics solve` takes them. A
        singularity beyond the last time (--span) is not looked for.
    output
        Folder for summary.json, trajectory.csv, attempts.csv, report.html and the run file.
        Default: a folder named after the problem.
    json
        Print summary.json instead of a table.
    """
    from suite.report.dynamics import singularity_sections

    if way.no_foresight:
        raise InputError("--no-foresight leaves nothing for this command to do.")
    program, output, solution = _solved("singularity", problem, output, way)
    _written(solution, output, program, way.dense, singularity_sections)
    code = _told(solution, output, json)
    return 0 if str(solution.status) == "singular" else code


def integrated(program: Program, output: Path, way: Integration = DEFAULT) -> Solution:
    """The solution of a problem, its run kept in a folder; the options win over the problem's."""
    from suite.dynamics import solve as integrate

    options = given(way)
    with blamed(program.path, options), kept_program(program.path, output):
        return integrate(
            program.fun,
            way.span or program.t_span,
            program.y0,
            names=program.names or None,
            store=output,
            observe=(strides(),),
            **{**program.options, **options},
        )


def sections_of(solution: Solution) -> list[Section]:
    """The first sections of a solution that became singular, for a page that it shares."""
    from suite.report.dynamics import singularity_sections

    return singularity_sections(solution.record, solution.summary())[:4]


def _solved(
    verb: str, problem: str, output: Path | None, way: Integration
) -> tuple[Program, Path, Solution]:
    """The problem, the folder of its results, and its solution."""
    program = _program(problem, way)
    output = output or Path(f"{program.name}_{verb}")
    if program.path is not None:
        check_output(program.path, output, FILES)
    source = problem if program.path is None else str(program.path.absolute())
    with resumable(output, ["dynamics", verb, source, *words_of(way)]):
        solution = integrated(program, output, way)
    details = {**solution.details, "problem": program.name}
    if way.set is not None:
        details["parameters"] = dict(parameters_of(way.set))
    return program, output, replace(solution, job=f"dynamics {verb}", details=details)


def _program(problem: str, way: Integration) -> Program:
    """The problem of a file, or a built-in one by its name."""
    path = Path(problem)
    if path.suffix or path.is_file() or len(path.parts) > 1:
        if way.set is not None:
            raise InputError(f"--set is for built-in problems. {problem} has numbers of its own.")
        return program_of(path)
    from suite.dynamics import problem as named

    found = named(problem, **parameters_of(way.set))
    options: dict[str, Any] = {"jac": found.jacobian, "invariants": dict(found.invariants)}
    return Program(
        found.name, found.fun, found.t_span, found.y0, _known(options), tuple(found.names)
    )


def _known(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value}


def _written(
    solution: Solution,
    output: Path,
    program: Program,
    dense: int | None,
    sections: Callable[[Iterable[Any], Mapping[str, Any]], list[Section]],
) -> None:
    """The files of a solution, and its page."""
    even = _even(solution, dense) if dense else solution
    even.save(output)
    title = f"{solution.job.split()[-1].capitalize()}: {program.name}"
    page_of(output / "report.html", title, lambda: sections(solution.record, solution.summary()))


def _even(solution: Solution, count: int) -> Solution:
    """The solution at so many times at equal distances, from its polynomials."""
    import numpy as np

    if solution.sol is None or solution.t.size < 2:
        say("No points between the steps: the run ended before its first step.")
        return solution
    times = np.linspace(solution.t[0], solution.t[-1], count)
    return replace(solution, t=times, y=solution.sol(times))


def _told(solution: Solution, output: Path, json: bool) -> int:
    from suite.report.dynamics import facts_of

    summary = solution.summary()
    print_result(summary, {**facts_of(summary), "written to": output}, json)
    return exit_code(summary["status"])
