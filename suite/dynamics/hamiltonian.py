"""Separable Hamiltonians by symplectic methods of fixed steps: the entry point."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from suite.core import Attempt, Fixed
from suite.dynamics.about import about_of
from suite.dynamics.asked import Own, asked_of
from suite.dynamics.checks import span_of, state_of
from suite.dynamics.equation import Equation, Scheme, Vector
from suite.dynamics.methods.symplectic import ORDERS, symplectic
from suite.dynamics.numbers import positive
from suite.dynamics.result import Solution
from suite.dynamics.solve import integrate
from suite.errors import InputError

__all__ = ["hamiltonian"]


def hamiltonian(
    velocity: Callable[[Vector], Any],
    force: Callable[[float, Vector], Any],
    t_span: Sequence[float],
    q0: ArrayLike,
    p0: ArrayLike,
    *,
    step: float,
    order: int = 4,
    scale: Callable[[Vector], float] | None = None,
    invariants: Mapping[str, Any] | None = None,
    t_eval: ArrayLike | None = None,
    dense_output: bool = False,
    names: Sequence[str] | None = None,
    max_evaluations: int = 100_000_000,
    store: str | Path | None = None,
    observe: tuple[Callable[[Attempt], object], ...] = (),
) -> Solution:
    """Integrate q' = velocity(p), p' = force(t, q) by a symplectic composition of fixed steps.

    `q0` and `p0` [n] are positions and momenta at `t_span[0]`, `step` the size of every step, of
    which the last is cut short at `t_span[1]`; `order` is 2, 4, 6 or 8. The solution's y is (q, p)
    [2n]. With `scale`, a positive function of the position, a step lasts about `step` · scale(q):
    let it vary as the time in which something happens at q does, |q|^(3/2) on a Kepler orbit.
    `invariants` are functions of (t, y) by name whose departure is reported; they bind no step.
    An evaluation is one of the force. Raises `InputError` on another order, step, time or shape,
    and a scale that is not above zero.

    >>> done = hamiltonian(lambda p: p, lambda t, q: -q, (0.0, 10.0), [1.0], [0.0], step=0.1)
    >>> abs(done.y[0, -1] - np.cos(10.0)) < 1e-5
    np.True_
    """
    q, p = state_of(q0), state_of(p0)
    _check(q, p, step, order)
    size = len(q)
    begin = span_of(t_span)[0]
    _check_answer("velocity", lambda: velocity(p.copy()), size)
    _check_answer("force", lambda: force(begin, q.copy()), size)
    if scale is not None:
        first = _check_answer("scale", lambda: scale(q.copy()), 1)
        if not 0.0 < float(first.reshape(())) < math.inf:
            raise InputError(f"scale must be positive and finite at q0. Got {first.tolist()!r}.")

    def fun(time: float, y: Vector) -> Vector:
        return np.concatenate([velocity(y[size:]), force(time, y[:size])])

    options = dict.fromkeys(("args", "jac", "events", "blocks", "compiled"))
    options |= {
        "method": "symplectic",
        "rtol": 1.0,  # what an invariant's change is shown over
        "atol": 0.0,
        "t_eval": t_eval,
        "dense_output": dense_output,
        "invariants": invariants,
        "project": False,
        "first_step": step,
        "max_step": math.inf,
        "max_evaluations": max_evaluations,
        "foresight": False,
        "names": names,
    }
    asked = asked_of(fun, t_span, np.concatenate([q, p]), options)

    def scheme(equation: Equation) -> Scheme:
        return symplectic(velocity, force, equation, order, scale)

    asked = replace(asked, own=Own(scheme, Fixed(), ends=scale is not None))
    more = {"job": "dynamics hamiltonian", "velocity": velocity, "force": force, "order": order}
    about = about_of(fun, asked, options, {**more, "scale": scale}) if store is not None else None
    done = integrate(asked, store=store, about=about, observe=observe)
    return replace(done, options={"step": step, "order": order, "scale": scale is not None})


def _check(q: Vector, p: Vector, step: Any, order: Any) -> None:
    if q.shape != p.shape or q.dtype.kind == "c" or p.dtype.kind == "c":
        raise InputError(
            f"q0 and p0 must be real vectors of one length. Got {q.size} and {p.size} values."
        )
    if order not in ORDERS:
        known = ", ".join(str(known) for known in ORDERS)
        raise InputError(f"order must be one of {known}. Got {order!r}.")
    positive("step", step)


def _check_answer(name: str, call: Callable[[], Any], size: int) -> Any:
    """What a function answers at the start; raises `InputError` where that is of no use."""
    try:
        answer = call()
        found = np.asarray(answer)
    except (ArithmeticError, ValueError) as error:
        raise InputError(f"{name} raised {type(error).__name__} at the start: {error}.") from error
    if found.size != size or found.dtype.kind not in "fiu":
        raise InputError(f"{name} must answer {size} real numbers. Got {answer!r} at the start.")
    return found
