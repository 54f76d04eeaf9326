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
from suite.dynamics.equation import Equation, Scheme, Vector
from suite.dynamics.methods.symplectic import ORDERS, symplectic
from suite.dynamics.result import Solution
from suite.dynamics.solve import integrate
from suite.errors import InputError

__all__ = ["hamiltonian"]

ATTEMPTS = 100_000_000
"""Evaluations that no run of fixed steps passes: its length is known beforehand."""


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
    q, p = np.array(q0, float), np.array(p0, float)
    _check(q, p, step, order)
    if scale is not None and not 0.0 < scale(q) < math.inf:
        raise InputError(f"scale must be positive and finite at q0. Got {scale(q)!r}.")
    size = len(q)

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
        "max_evaluations": ATTEMPTS,
        "foresight": False,
        "names": names,
    }
    asked = asked_of(fun, t_span, np.concatenate([q, p]), options)

    def scheme(equation: Equation) -> Scheme:
        return symplectic(velocity, force, equation, order, scale)

    asked = replace(asked, own=Own(scheme, Fixed(), ends=scale is not None))
    more = {"job": "dynamics hamiltonian", "velocity": velocity, "force": force, "order": order}
    about = about_of(fun, asked, options, {**more, "scale": scale}) if store is not None else None
    return integrate(asked, store=store, about=about, observe=observe)


def _check(q: Vector, p: Vector, step: Any, order: Any) -> None:
    if q.ndim != 1 or q.shape != p.shape or not q.size:
        raise InputError(
            f"q0 and p0 must be vectors of one length. Got shapes {q.shape} and {p.shape}."
        )
    if order not in ORDERS:
        known = ", ".join(str(known) for known in ORDERS)
        raise InputError(f"order must be one of {known}. Got {order!r}.")
    if not (isinstance(step, int | float) and 0.0 < step < math.inf):
        raise InputError(f"step must be positive and finite. Got {step!r}.")
