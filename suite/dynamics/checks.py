"""Each argument of `solve`, checked: a refusal names the value and what is allowed."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.dynamics.compiled import is_compiled, numba_takes
from suite.dynamics.equation import Tolerance, Vector
from suite.dynamics.numbers import positive
from suite.dynamics.sparsity import Sparsity, sparsity
from suite.errors import InputError

__all__ = [
    "METHODS",
    "SYMPLECTIC",
    "Invariants",
    "args_of",
    "compiled_of",
    "evaluations_of",
    "invariants_of",
    "jacobian_of",
    "max_step_of",
    "method_of",
    "names_of",
    "not_compiled",
    "project_of",
    "rate_of",
    "refuse",
    "span_of",
    "sparsity_of",
    "state_of",
    "t_eval_of",
    "tolerance_of",
]

METHODS = ("auto", "DOP853", "RK45", "RK4", "Radau")
"""`auto` is DOP853 that hands over to Radau and back where stability binds."""

OTHER_NAMES = {"lsoda": "auto", "bdf": "Radau", "rk23": "RK45"}
"""Methods that `solve_ivp` knows, and what stands for them here."""
SYMPLECTIC = "symplectic"
"""The name of a run of `hamiltonian`, whose scheme is its own."""

_LEAST_RELATIVE = 1e-20
"""Far below rounding, where less asks for nothing more, and errors over it overflow in squares."""
_BAND = "Give jac_sparsity instead, a matrix that is not zero within the band."
INSTEAD = {
    "min_step": "A run ends where steps no longer move the time; max_evaluations ends it sooner.",
    "lband": _BAND,
    "uband": _BAND,
}
"""Options that `solve_ivp` has, and what to do without them."""

Invariants = Mapping[str, Any]
TAKEN = ("error", "newton", "start", "end", "max_step", "stability", "accuracy")
"""What else the record tells by name: no invariant may be called so."""


def refuse(others: Mapping[str, Any]) -> None:
    """Refuse options that `solve` does not have, with what stands for those of `solve_ivp`."""
    for name in others:
        if name in INSTEAD:
            raise InputError(f"{name} is not taken. {INSTEAD[name]}")
        raise TypeError(f"solve() got an unexpected keyword argument {name!r}")


def tolerance_of(rtol: Any, atol: Any, blocks: Any, size: int) -> Tolerance:
    """The tolerance of a state of `size` components; raises `InputError`."""
    relative, absolute = (_tolerance(name, v, size) for name, v in (("rtol", rtol), ("atol", atol)))
    if np.any((np.asarray(relative) == 0.0) & (np.asarray(absolute) == 0.0)):
        raise InputError("rtol and atol must not both be 0: no step could be small enough.")
    relative = np.maximum(relative, _LEAST_RELATIVE)
    if blocks is None:
        return Tolerance(relative, absolute)
    labels = np.asarray(blocks)
    if labels.shape != (size,) or labels.dtype.kind not in "iu" or np.any(labels < 0):
        raise InputError(
            f"blocks must be {size} labels 0, 1, ..., one a component. Got {blocks!r}."
        )
    # Renumbered, so that none lies beyond the components.
    return Tolerance(relative, absolute, np.unique(labels, return_inverse=True)[1])


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


def span_of(t_span: Any) -> tuple[float, float]:
    """Start and end; raises `InputError`."""
    try:
        first, last = (float(time) for time in t_span)
    except (TypeError, ValueError):
        raise InputError(f"t_span must be two times (t0, t_end). Got {t_span!r}.") from None
    if not (np.isfinite(first) and np.isfinite(last)):
        raise InputError(f"t_span must be finite. Got ({first}, {last}).")
    return first, last


def state_of(y0: Any) -> Vector:
    """The state at the start [n]; raises `InputError`."""
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


def rate_of(fun: Any, args: tuple[Any, ...], vectorized: Any) -> Callable[[float, Vector], Any]:
    """f(t, y) with the arguments that follow; raises `InputError`.

    A vectorized function is called with a column [n, 1], as `solve_ivp` calls it.
    """
    if not callable(fun):
        raise InputError(f"fun must be a function of (t, y). Got {fun!r}.")
    if vectorized:
        return lambda time, y: np.reshape(fun(time, y[:, None], *args), y.shape)
    return (lambda time, y: fun(time, y, *args)) if args else fun


def jacobian_of(jac: Any, args: tuple[Any, ...], size: int) -> Any:
    """The Jacobian as a function of (t, y), or None; raises `InputError`."""
    if jac is None:
        return None
    if callable(jac):
        return (lambda time, y: jac(time, y, *args)) if args else jac
    try:
        matrix = np.asarray(jac.toarray() if hasattr(jac, "toarray") else jac)
    except ValueError:
        raise InputError(f"jac must be a matrix of {size} by {size}. Got {jac!r}.") from None
    if matrix.shape != (size, size) or matrix.dtype.kind not in "fiuc":
        raise InputError(
            f"jac must be a function of (t, y) or a matrix of {size} by {size}. "
            f"Got shape {matrix.shape}."
        )
    return lambda time, y: matrix


def sparsity_of(pattern: Any, size: int) -> Sparsity | None:
    """Where the Jacobian may differ from zero, or None; raises `InputError`."""
    if pattern is None:
        return None
    try:
        found = np.asarray(pattern.toarray() if hasattr(pattern, "toarray") else pattern)
    except ValueError:
        found = np.zeros(0)
    if found.shape != (size, size) or found.dtype.kind not in "biufc":
        raise InputError(
            f"jac_sparsity must be a matrix of {size} by {size}, not zero where the Jacobian may "
            f"not be. Got shape {found.shape}."
        )
    return sparsity(found)


def args_of(args: Any) -> tuple[Any, ...]:
    """What follows t and y in the calls of fun; raises `InputError`."""
    if args is None:
        return ()
    try:
        return tuple(args)
    except TypeError:
        raise InputError(f"args must be a tuple, such as ({args!r},). Got {args!r}.") from None


def max_step_of(most: Any, span: tuple[float, float]) -> float:
    """The largest step, which must move the time; raises `InputError`."""
    if most == math.inf:
        return math.inf
    found, least = positive("max_step", most), 10.0 * math.ulp(max(map(abs, span)))
    if found < least:
        raise InputError(
            f"max_step must be at least {least:.1e}, or a step would not move the time. Got {most}."
        )
    return found


def evaluations_of(most: Any) -> int:
    """The evaluations a run may take; raises `InputError`."""
    try:
        found = math.inf if most == math.inf else int(most)
    except (TypeError, ValueError):
        raise InputError(f"max_evaluations must be a whole number. Got {most!r}.") from None
    if not 1 <= found < math.inf:
        raise InputError(f"max_evaluations must be at least 1, and finite. Got {most}.")
    return int(found)


def method_of(method: Any) -> str:
    """The name of a method as we write it; raises `InputError`."""
    if method == SYMPLECTIC:
        return SYMPLECTIC
    named = {name.lower(): name for name in METHODS} | OTHER_NAMES
    method = getattr(method, "__name__", method)  # `solve_ivp` takes its classes as well
    found = named.get(str(method).lower())
    if found is None:
        near = difflib.get_close_matches(str(method).lower(), named, 1)
        hint = f" Did you mean {named[near[0]]!r}?" if near else ""
        others = ", ".join(other.upper() for other in OTHER_NAMES)
        raise InputError(
            f"method must be one of {', '.join(METHODS)}, or {others}. Got {method!r}.{hint}"
        )
    return found


def t_eval_of(t_eval: Any, span: tuple[float, float]) -> NDArray[np.float64] | None:
    """Times to show the solution at, or None; raises `InputError`."""
    if t_eval is None:
        return None
    try:
        times = np.asarray(t_eval, float)
    except (TypeError, ValueError):
        raise InputError(f"t_eval must be times [k]. Got {t_eval!r}.") from None
    if times.ndim != 1:
        raise InputError(f"t_eval must be times [k], in one row. Got shape {times.shape}.")
    low, high = min(span), max(span)
    outside = np.flatnonzero(~((times >= low) & (times <= high)))
    if outside.size:
        i = outside[0]
        raise InputError(
            f"t_eval must be within t_span ({low:.12g} to {high:.12g}). "
            f"Got {times[i]:.12g} at index {i}."
        )
    back = np.flatnonzero(np.sign(span[1] - span[0]) * np.diff(times) <= 0.0)
    if back.size:
        i = back[0] + 1
        raise InputError(
            "t_eval must run strictly from t0 towards t_end. "
            f"Got {times[i]:.12g} after {times[i - 1]:.12g} at index {i}."
        )
    return times


def invariants_of(invariants: Any) -> Invariants:
    """The declared invariants by name; raises `InputError`."""
    if invariants is None:
        return {}
    if not isinstance(invariants, Mapping):
        raise InputError(
            "invariants must be functions of (t, y) by name, such as {'energy': energy}. "
            f"Got {invariants!r}."
        )
    for name in invariants:
        if not isinstance(name, str) or not name or name in TAKEN:
            raise InputError(
                f"An invariant may not be called {name!r}: the record has other things by the "
                f"names {', '.join(TAKEN)}. Give it a name of its own, such as 'energy'."
            )
    return dict(invariants)


def project_of(project: Any, invariants: Invariants) -> tuple[str, ...]:
    """The names of the invariants to restore; raises `InputError`."""
    if project is None or isinstance(project, bool):
        names = tuple(invariants) if project else ()
    elif isinstance(project, str):
        names = (project,)
    elif isinstance(project, list | tuple | set):
        names = tuple(project)
    else:
        raise InputError(f"project must be True, False or names of invariants. Got {project!r}.")
    if project is True and not names:
        raise InputError("project=True needs invariants to project on: give invariants={...}.")
    for name in names:
        if name not in invariants:
            known = ", ".join(invariants) or "none"
            raise InputError(f"project names {name!r}, which is no invariant. Declared: {known}.")
    return names


def compiled_of(compiled: Any, fun: Any, args: tuple[Any, ...], reason: str) -> bool:
    """Whether the function runs in machine code; `reason` says why a run cannot, or is empty."""
    if not reason:
        return is_compiled(fun) and numba_takes(fun, args) if compiled is None else bool(compiled)
    if compiled:
        raise InputError(f"compiled=True is not to be had {reason}. Leave it out.")
    return False


def not_compiled(state: Vector, method: str, invariants: Invariants) -> str:
    """Why a run cannot be in machine code, or an empty text."""
    if state.dtype.kind == "c":
        return "for a complex y0"
    if method not in ("auto", "DOP853", "RK45"):
        return f"with method={method!r}"
    return "with invariants" if invariants else ""


def names_of(names: Any, size: int) -> tuple[str, ...]:
    """The names of the components, or none; raises `InputError`."""
    if names is None:
        return ()
    found = tuple(str(name) for name in names) if isinstance(names, list | tuple) else ()
    if len(found) != size or len({"t", *found}) != size + 1:
        raise InputError(
            f"names must be {size} different names, one a component, and none of them 't'. "
            f"Got {names!r}."
        )
    return found
