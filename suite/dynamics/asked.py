"""What `solve` was asked, checked: each refusal names the value and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.core import Law
from suite.dynamics.compiled import is_compiled, numba_takes
from suite.dynamics.equation import Equation, Scheme, Tolerance, Vector
from suite.dynamics.watch.events import Event, events_of
from suite.errors import InputError

__all__ = ["METHODS", "Asked", "Own", "asked_of", "tolerance_of"]

METHODS = ("auto", "DOP853", "RK45", "RK4", "Radau")
"""`auto` is DOP853 that hands over to Radau and back where stability binds."""

OTHER_NAMES = {"lsoda": "auto", "bdf": "Radau", "rk23": "RK45"}
"""Methods that `solve_ivp` knows, and what stands for them here."""
SYMPLECTIC = "symplectic"
"""The name of a run of `hamiltonian`, whose scheme is its own."""

Invariants = Mapping[str, Any]


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
    args = _args_of(options["args"])
    span = _span_of(t_span)
    state = _state_of(y0)
    rate = _rate_of(fun, args, state)
    equation = Equation(
        rate,
        tolerance_of(options["rtol"], options["atol"], options["blocks"], len(state)),
        span[1],
        1.0 if span[1] >= span[0] else -1.0,
        _jacobian_of(options["jac"], args, len(state)),
    )
    _positive("max_step", options["max_step"])
    if options["first_step"] is not None:
        _positive("first_step", options["first_step"])
    if int(options["max_evaluations"]) < 1:
        raise InputError(f"max_evaluations must be at least 1. Got {options['max_evaluations']}.")
    invariants = _invariants_of(options["invariants"])
    return Asked(
        equation,
        span,
        state,
        _method_of(options["method"]),
        events_of(options["events"], args),
        bool(options["dense_output"]),
        _t_eval_of(options["t_eval"], span),
        invariants,
        _project_of(options["project"], invariants),
        options["first_step"],
        float(options["max_step"]),
        int(options["max_evaluations"]),
        bool(options["foresight"]),
        _names_of(options["names"], len(state)),
        fun,
        args,
        _compiled_of(options["compiled"], fun, args, state),
    )


def tolerance_of(rtol: Any, atol: Any, blocks: Any, size: int) -> Tolerance:
    """The tolerance of a state of `size` components; raises `InputError`."""
    relative, absolute = (_tolerance(name, v, size) for name, v in (("rtol", rtol), ("atol", atol)))
    if np.any((np.asarray(relative) == 0.0) & (np.asarray(absolute) == 0.0)):
        raise InputError("rtol and atol must not both be 0: no step could be small enough.")
    if blocks is None:
        return Tolerance(relative, absolute)
    labels = np.asarray(blocks)
    if labels.shape != (size,) or labels.dtype.kind not in "iu" or np.any(labels < 0):
        raise InputError(
            f"blocks must be {size} labels 0, 1, ..., one a component. Got {blocks!r}."
        )
    return Tolerance(relative, absolute, labels.astype(int))


def _tolerance(name: str, value: Any, size: int) -> float | Vector:
    try:
        found = np.array(value, float)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a number or {size} numbers. Got {value!r}.") from None
    if found.shape not in ((), (1,), (size,)):
        raise InputError(
            f"{name} must be one number or one for each of the {size} components. Got {found.size}."
        )
    bad = ~((found >= 0.0) & (found < np.inf))
    if bad.any():
        raise InputError(f"{name} must be finite and not negative. Got {found[bad].flat[0]}.")
    return float(found) if found.ndim == 0 else found


def _span_of(t_span: Any) -> tuple[float, float]:
    try:
        first, last = (float(time) for time in t_span)
    except (TypeError, ValueError):
        raise InputError(f"t_span must be two times (t0, t_end). Got {t_span!r}.") from None
    if not (np.isfinite(first) and np.isfinite(last)):
        raise InputError(f"t_span must be finite. Got ({first}, {last}).")
    return first, last


def _state_of(y0: Any) -> Vector:
    try:
        state = np.atleast_1d(np.asarray(y0))
        state = state.astype(complex if state.dtype.kind == "c" else float)
    except (TypeError, ValueError):
        raise InputError(f"y0 must be numbers. Got {y0!r}.") from None
    if state.ndim != 1 or not state.size:
        raise InputError(f"y0 must be a vector [n] of at least 1. Got shape {state.shape}.")
    bad = np.flatnonzero(~np.isfinite(state))
    if bad.size:
        raise InputError(f"y0 must be finite. Got {state[bad[0]]} in component {bad[0]}.")
    return state


def _rate_of(fun: Any, args: tuple[Any, ...], state: Vector) -> Callable[[float, Vector], Any]:
    if not callable(fun):
        raise InputError(f"fun must be a function of (t, y). Got {fun!r}.")
    return (lambda time, y: fun(time, y, *args)) if args else fun


def _jacobian_of(jac: Any, args: tuple[Any, ...], size: int) -> Any:
    if jac is None:
        return None
    if callable(jac):
        return (lambda time, y: jac(time, y, *args)) if args else jac
    matrix = np.asarray(jac.toarray() if hasattr(jac, "toarray") else jac)
    if matrix.shape != (size, size) or matrix.dtype.kind not in "fiuc":
        raise InputError(
            f"jac must be a function of (t, y) or a matrix of {size} by {size}. "
            f"Got shape {matrix.shape}."
        )
    return lambda time, y: matrix


def _args_of(args: Any) -> tuple[Any, ...]:
    if args is None:
        return ()
    try:
        return tuple(args)
    except TypeError:
        raise InputError(f"args must be a tuple, such as ({args!r},). Got {args!r}.") from None


def _positive(name: str, value: Any) -> None:
    if not (np.ndim(value) == 0 and np.isreal(value) and float(value) > 0.0):
        raise InputError(f"{name} must be positive. Got {value}.")


def _method_of(method: Any) -> str:
    if method == SYMPLECTIC:
        return SYMPLECTIC
    named = {name.lower(): name for name in METHODS} | OTHER_NAMES
    found = named.get(str(method).lower())
    if found is None:
        near = difflib.get_close_matches(str(method).lower(), named, 1)
        hint = f" Did you mean {named[near[0]]!r}?" if near else ""
        raise InputError(f"method must be one of {', '.join(METHODS)}. Got {method!r}.{hint}")
    return found


def _t_eval_of(t_eval: Any, span: tuple[float, float]) -> NDArray[np.float64] | None:
    if t_eval is None:
        return None
    times = np.asarray(t_eval, float)
    low, high = min(span), max(span)
    if times.ndim != 1 or not np.all((times >= low) & (times <= high)):
        raise InputError(f"t_eval must be times [k] within t_span ({low:g} to {high:g}).")
    if np.any(np.sign(span[1] - span[0]) * np.diff(times) <= 0.0):
        raise InputError("t_eval must run strictly from t0 towards t_end.")
    return times


def _invariants_of(invariants: Any) -> Invariants:
    if invariants is None:
        return {}
    if not isinstance(invariants, Mapping):
        raise InputError(
            "invariants must be functions of (t, y) by name, such as {'energy': energy}. "
            f"Got {invariants!r}."
        )
    return dict(invariants)


def _project_of(project: Any, invariants: Invariants) -> tuple[str, ...]:
    if isinstance(project, bool):
        names = tuple(invariants) if project else ()
    else:
        names = (project,) if isinstance(project, str) else tuple(project)
    if project is True and not names:
        raise InputError("project=True needs invariants to project on: give invariants={...}.")
    for name in names:
        if name not in invariants:
            known = ", ".join(invariants) or "none"
            raise InputError(f"project names {name!r}, which is no invariant. Declared: {known}.")
    return names


def _compiled_of(compiled: Any, fun: Any, args: tuple[Any, ...], state: Vector) -> bool:
    """Whether the function runs in machine code; complex states do not."""
    if state.dtype.kind == "c":
        if compiled:
            raise InputError("compiled=True takes real states only. y0 is complex.")
        return False
    return is_compiled(fun) and numba_takes(fun, args) if compiled is None else bool(compiled)


def _names_of(names: Any, size: int) -> tuple[str, ...]:
    if names is None:
        return ()
    found = tuple(str(name) for name in names)
    if len(found) != size or len(set(found)) != size:
        raise InputError(f"names must be {size} different names, one a component. Got {names!r}.")
    return found
