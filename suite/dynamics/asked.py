"""What `solve` was asked, checked: each refusal names the value and what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.core import Law
from suite.dynamics.checks import (
    Invariants,
    args_of,
    compiled_of,
    evaluations_of,
    invariants_of,
    jacobian_of,
    max_step_of,
    method_of,
    names_of,
    not_compiled,
    project_of,
    rate_of,
    span_of,
    sparsity_of,
    state_of,
    t_eval_of,
    tolerance_of,
)
from suite.dynamics.equation import Equation, Scheme, Vector
from suite.dynamics.numbers import positive
from suite.dynamics.watch.events import Event, events_of

__all__ = ["Asked", "Own", "asked_of"]


class Own(NamedTuple):
    """A method that `solve` does not know by name, and its law.

    `ends` is whether its attempts stop at the end by themselves, since a step's size is no time.
    """

    scheme: Callable[[Equation], Scheme]
    law: Law
    ends: bool = False


@dataclass(frozen=True, eq=False)
class Asked:
    """An integration as it was asked for, in its checked form.

    `fun` and `args` are as they were given, for whoever compiles them; `equation.fun` takes (t, y).
    `own` stands in place of the method and its law.
    """

    equation: Equation
    t_span: tuple[float, float]
    y0: Vector
    method: str
    events: tuple[Event, ...]
    dense_output: bool
    t_eval: NDArray[np.float64] | None
    invariants: Invariants
    project: tuple[str, ...]
    first_step: float | None
    max_step: float
    max_evaluations: int
    foresight: bool
    names: tuple[str, ...]
    fun: Callable[..., Any]
    args: tuple[Any, ...]
    compiled: bool
    own: Own | None = None

    @property
    def polynomials(self) -> bool:
        """Whether every step's polynomial is kept."""
        return self.dense_output or self.t_eval is not None


def asked_of(
    fun: Callable[..., Any],
    t_span: Sequence[float],
    y0: ArrayLike,
    options: Mapping[str, Any],
) -> Asked:
    """Check the arguments of `solve`; raises `InputError`."""
    args = args_of(options["args"])
    span = span_of(t_span)
    state = state_of(y0)
    equation = Equation(
        rate_of(fun, args, options.get("vectorized")),
        tolerance_of(options["rtol"], options["atol"], options["blocks"], len(state)),
        span[1],
        1.0 if span[1] >= span[0] else -1.0,
        jacobian_of(options["jac"], args, len(state)),
        sparsity_of(options.get("jac_sparsity"), len(state)),
    )
    first_step = options["first_step"]
    method = method_of(options["method"])
    invariants = invariants_of(options["invariants"])
    reason = not_compiled(state, method, invariants)
    return Asked(
        equation,
        span,
        state,
        method,
        events_of(options["events"], args),
        bool(options["dense_output"]),
        t_eval_of(options["t_eval"], span),
        invariants,
        project_of(options["project"], invariants),
        None if first_step is None else positive("first_step", first_step),
        max_step_of(options["max_step"], span),
        evaluations_of(options["max_evaluations"]),
        bool(options["foresight"]),
        names_of(options["names"], len(state)),
        fun,
        args,
        compiled_of(options["compiled"], fun, args, reason),
    )
