"""Differential equations on the core: the entry point.

What a step is, is the scheme's; what a run watches is laid around it, function by function. This
file brings equation, scheme, watchers, law and store together and keeps the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from suite.core import Attempt, Status, Store, run
from suite.dynamics.about import about_of
from suite.dynamics.asked import Asked, asked_of
from suite.dynamics.checks import refuse
from suite.dynamics.compiled import Trace
from suite.dynamics.course import Course, Journal
from suite.dynamics.ending import ending_of
from suite.dynamics.equation import Flow, charge, guarded
from suite.dynamics.outcome import Ending, solution_of
from suite.dynamics.result import Solution
from suite.dynamics.walk import prepared, traced, walk_of
from suite.dynamics.watch.singularity import Singularity
from suite.errors import InputError

__all__ = ["integrate", "singularity", "solve"]

Observers: TypeAlias = tuple[Callable[[Attempt], object], ...]


def solve(
    fun: Callable[..., Any],
    t_span: Sequence[float],
    y0: ArrayLike,
    method: str = "auto",
    t_eval: ArrayLike | None = None,
    dense_output: bool = False,
    events: Any = None,
    vectorized: bool = False,
    args: Any = None,
    *,
    rtol: ArrayLike = 1e-6,
    atol: ArrayLike = 1e-9,
    jac: Any = None,
    jac_sparsity: Any = None,
    invariants: Any = None,
    project: bool | str | Sequence[str] = False,
    blocks: ArrayLike | None = None,
    first_step: float | None = None,
    max_step: float = np.inf,
    max_evaluations: int = 5_000_000,
    foresight: bool = True,
    names: Sequence[str] | None = None,
    compiled: bool | None = None,
    store: str | Path | None = None,
    about: Mapping[str, Any] | None = None,
    observe: tuple[Callable[[Attempt], object], ...] = (),
    **others: Any,
) -> Solution:
    """Integrate y' = fun(t, y) from y(t0) = y0 over `t_span`, in the form of `solve_ivp`.

    `y0` [n] real or complex; `rtol` and `atol` for all components or one each; components with the
    same label in `blocks` [n] are measured as one vector. `method` is "auto" (order 8, handed over
    to Radau and back where stability binds), "DOP853", "RK45", "RK4" or "Radau"; "LSODA", "BDF" and
    "RK23" stand for auto, Radau and RK45. A `vectorized` function takes y as a column. `jac` is a
    function of (t, y), a matrix, or None for differences; `jac_sparsity` a matrix that is not zero
    where they may not be, for fewer of them and sparse elimination. `events` as `solve_ivp` takes
    them.

    `invariants` are functions of (t, y) by name that the solution should keep: each binds the step
    beside the error, and those named by `project` (True: all) are restored after each step.
    `foresight` names singularities that approach. The run ends with the attempt in which
    `max_evaluations` calls of `fun` are reached. `store` is a folder that keeps the run; called
    again it goes on, if `fun` and what else `about` names are the same. Stiffness is seen by
    "auto", "DOP853" and "RK45".

    A `fun` that numba has compiled runs in machine code; `compiled` True has numba compile it,
    False calls it from Python.

    Raises `InputError` for arguments that make no sense; everything else is told by `status`.

    >>> done = solve(lambda t, y: -y, (0.0, 1.0), [1.0])
    >>> done.success, abs(done.y[0, -1] - np.exp(-1.0)) < 1e-6
    (True, np.True_)
    """
    refuse(others)
    options = {
        "method": method,
        "t_eval": t_eval,
        "dense_output": dense_output,
        "events": events,
        "vectorized": vectorized,
        "args": args,
        "rtol": rtol,
        "atol": atol,
        "jac": jac,
        "jac_sparsity": jac_sparsity,
        "invariants": invariants,
        "project": project,
        "blocks": blocks,
        "first_step": first_step,
        "max_step": max_step,
        "max_evaluations": max_evaluations,
        "foresight": foresight,
        "names": names,
        "compiled": compiled,
    }
    asked = asked_of(fun, t_span, y0, options)
    told = about_of(fun, asked, options, about or {}) if store is not None else None
    return integrate(asked, store=store, about=told, observe=observe)


def singularity(
    fun: Callable[..., Any], t_span: Sequence[float], y0: ArrayLike, **options: Any
) -> Singularity | None:
    """When the solution of y' = fun(t, y) becomes singular on its way through `t_span`, or None.

    `options` are those of `solve`, whose solution has the same as `singularity` and says more.

    >>> found = singularity(lambda t, y: y**2, (0.0, 2.0), [1.0], rtol=1e-9)
    >>> abs(found.time - 1.0) < found.error < 1e-7, round(found.exponent, 3)
    (True, 1.0)
    """
    return solve(fun, t_span, y0, **options).singularity


def integrate(
    asked: Asked,
    *,
    store: str | Path | None = None,
    about: dict[str, Any] | None = None,
    observe: tuple[Callable[[Attempt], object], ...] = (),
) -> Solution:
    """Carry an integration as it was asked for to its end, kept in a store where there is one."""
    journal = Journal(asked.max_evaluations)
    flow, plain, ending = _first(asked)
    if ending is not None:
        there = Course(np.array([flow.time]), flow.y[None], [], 1, 0, 0)
        return solution_of(asked, there, ending, journal.record)
    given = asked.equation.fun
    # A method may call what answers vectors bare, and guard a whole step at once.
    bare = given if plain else None
    asked = replace(
        asked, equation=replace(asked.equation, fun=guarded(given, asked.y0), bare=bare)
    )
    # What overflows or divides by zero on a trial step refuses that step; no warning is due.
    with np.errstate(all="ignore"):
        if store is None:
            status, course = _carried(asked, journal, flow, observe)
        else:
            with Store(store, about or {}, kinds=(Flow,)) as kept:
                status = _resumed(asked, journal, flow, observe, kept)
                journal.point = kept.point()
            course = journal.course()
        ending = ending_of(asked, journal, course, status)
        return solution_of(asked, course, ending, journal.record)


def _carried(
    asked: Asked, journal: Journal, flow: Flow, observe: Observers
) -> tuple[Status, Course]:
    """Carry a run without a store; in machine code as a whole, where nothing looks at it."""
    first = prepared(asked, flow)
    made = None if observe else traced(asked, first)
    if made is not None and made.is_quiet(asked.foresight):
        return made.status, journal.take(made, asked.polynomials)
    if made is not None:
        charge(first.trial, made.looked)  # what it cost to see that it has to be looked at
    status = _run(asked, journal, flow, observe, None, first, made)
    return status, journal.course()


def _resumed(
    asked: Asked, journal: Journal, flow: Flow, observe: Observers, store: Store
) -> Status:
    """Go on with a stored run, if it has evaluations left."""
    rows = list(store.rows())
    spent = sum(row["cost"].get("evaluations", 0) for row in rows)
    if rows and rows[-1]["status"] == str(Status.OUT_OF_BUDGET) and spent >= asked.max_evaluations:
        for row in rows:
            journal.record.append(row)
        return Status.OUT_OF_BUDGET
    return _run(asked, journal, flow, observe, store)


def _run(
    asked: Asked,
    journal: Journal,
    flow: Flow,
    observe: Observers,
    store: Store | None,
    first: Attempt | None = None,
    made: Trace | None = None,
) -> Status:
    return run(
        walk_of(asked, made),
        lambda: first or prepared(asked, flow),
        journal.record,
        store=store,
        stop=(journal.budget,),
        observe=(journal.keep, *observe),
    )


def _first(asked: Asked) -> tuple[Flow, bool, Ending | None]:
    """The first point, whether fun answers vectors as they are, and how the run ends where fun is
    of no use there; raises `InputError`."""
    time, y = asked.t_span[0], asked.y0
    try:
        with np.errstate(all="ignore"):
            answer = asked.equation.fun(time, y.copy())
            rate = np.asarray(answer)
    except (ArithmeticError, ValueError) as error:
        said = (
            f"The function raised {type(error).__name__} ({error}) at the start, t = {time:.12g}."
        )
        return Flow(time, y, np.full_like(y, np.nan)), False, Ending(Status.FAILED, said)
    if answer is None:
        raise InputError(f"fun returned None at t = {time:.12g}: is its return missing?")
    if rate.size != y.size:
        raise InputError(
            f"fun must answer {y.size} values, as many as y0 has. Got shape {rate.shape} "
            f"at t = {time:.12g}."
        )
    if rate.dtype.kind == "c" and y.dtype.kind != "c":
        raise InputError("fun answers complex values for a real y0: give y0 as complex numbers.")
    try:
        flow = Flow(time, y, np.array(rate, y.dtype).reshape(y.shape))
    except (TypeError, ValueError):
        raise InputError(f"fun must answer numbers. Got {answer!r} at t = {time:.12g}.") from None
    plain = rate.shape == y.shape
    bad = np.flatnonzero(~np.isfinite(flow.rate))
    if bad.size:
        said = f"fun gave {flow.rate[bad[0]]} in component {bad[0]} at the start, t = {time:.12g}."
        return flow, plain, Ending(Status.NOT_FINITE, said)
    return flow, plain, None
