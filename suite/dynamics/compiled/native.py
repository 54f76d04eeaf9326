"""The kernel and a user's function as machine code, by numba; nothing is kept on disk.

The kernel is compiled once a process and calls the right-hand side through a pointer, so another
function costs its own compilation only.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from suite.core import control
from suite.dynamics.compiled import kernel, layout
from suite.dynamics.compiled.layout import Floats
from suite.errors import InputError, missing

__all__ = [
    "Native",
    "is_compiled",
    "native_burst",
    "native_extra_slopes",
    "native_rate",
    "numba_takes",
]

RAISED, WRONG_LENGTH = 1, 2
"""What a compiled right-hand side answers beside 0."""

# Without counts of references, which cost more than the arithmetic: nothing is allocated there.
_OPTIONS = {"error_model": "numpy", "_nrt": False}

_lock = threading.RLock()
MOST_KNOWN = 128
"""Right-hand sides that are kept in their compiled form."""
_known: dict[Any, Any] = {}


class Native(NamedTuple):
    """A right-hand side as machine code, and the parameters it is called with."""

    rate: Any
    parameters: Floats


def is_compiled(fun: Any) -> bool:
    """Whether a function was compiled by numba; numba is not imported to find out.

    >>> is_compiled(lambda t, y: -y)
    False
    """
    numba = sys.modules.get("numba")
    return numba is not None and isinstance(fun, numba.core.dispatcher.Dispatcher)


def numba_takes(fun: Callable[..., Any], args: Sequence[Any] = ()) -> bool:
    """Whether `native_rate` can compile a function."""
    try:
        native_rate(fun, args)
    except InputError:
        return False
    return True


def native_rate(fun: Callable[..., Any], args: Sequence[Any] = ()) -> Native:
    """fun(t, y, *args) -> f(t, y) [n], an array or a tuple, as machine code.

    `args` that are all floats are passed on, so that other values need no compilation; others are
    compiled in. Raises `InputError` where numba refuses the function, `MissingPackage` without
    numba.
    """
    passed = all(isinstance(value, float) for value in args)
    parameters = np.array(args if passed else (), float)
    try:
        key = (fun, _frozen_in(fun), len(parameters) if passed else _key(args))
        hash(key)
    except TypeError:
        return Native(_made(fun, args, passed), parameters)
    with _lock:
        rate = _known.get(key)
        if rate is None:
            rate = _known[key] = _made(fun, args, passed)
            for oldest in list(_known)[:-MOST_KNOWN]:
                del _known[oldest]
    return Native(rate, parameters)


def _made(fun: Callable[..., Any], args: Sequence[Any], passed: bool) -> Any:
    numba = _numba()
    try:
        given = fun if is_compiled(fun) else numba.njit(fun)
        return _compiled(_passing(given, len(args)) if passed else _frozen(given, tuple(args)))
    except TypeError:
        raise InputError(f"numba compiles plain functions only. Got {fun!r}.") from None
    except numba.core.errors.NumbaError as error:
        raise InputError(
            f"numba cannot compile fun(t, y) for a float and an array [n] of floats: "
            f"{_first_line(error)} Use compiled=False."
        ) from error


def _key(args: Sequence[Any]) -> tuple[Any, ...]:
    """What tells values that are compiled in from others; not to be hashed where nothing does."""
    return tuple(_told(value) for value in args)


def _told(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    return type(value), _key(value) if isinstance(value, tuple) else value


def _frozen_in(fun: Any) -> tuple[Any, ...]:
    """The globals and closure values that a plain function would be compiled with, by name.

    What numba has compiled keeps those that it was compiled with. Raises `TypeError` where a value
    may change and stay the same object.
    """
    if not isinstance(fun, FunctionType):
        return ()
    names = sorted(_names(fun.__code__) & fun.__globals__.keys())
    values = [fun.__globals__[name] for name in names]
    values += [_content(cell) for cell in fun.__closure__ or ()]
    for value in values:
        if isinstance(value, ModuleType) and value.__name__.split(".")[0] not in ("math", "numpy"):
            raise TypeError(f"Names of {value.__name__} may be set to other values.")
    return (tuple(names), _key(values), _key(fun.__defaults__ or ()))


def _names(code: CodeType) -> set[str]:
    """The names that a code and those within it look up."""
    within = (part for part in code.co_consts if isinstance(part, CodeType))
    return set(code.co_names).union(*map(_names, within))


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # nothing is in it yet
        return CellType


@cache
def native_burst() -> Callable[..., tuple[int, int]]:
    """`kernel.burst` as machine code; some seconds the first time in a process."""
    one, two, three = (np.zeros((1,) * dimensions) for dimensions in (1, 2, 3))
    values = (
        one,
        layout.Method(one, two, two, 0.0),
        layout.Constants((0.0,) * 3, (0.0,) * 3),
        layout.Bounds(*[0.0] * 5),
        layout.Measure(one, one, np.zeros(1, np.int64), 0.0),
        layout.Rows(two, np.zeros((1, 1), np.int64), two, two, three, two),
    )
    return _kernel(kernel.burst, values)


@cache
def native_extra_slopes() -> Callable[..., int]:
    """`kernel.extra_slopes` as machine code."""
    one, two, three = (np.zeros((1,) * dimensions) for dimensions in (1, 2, 3))
    return _kernel(kernel.extra_slopes, (one, one, two, one, one, two, three, two))


def _kernel(whole: Callable[..., Any], values: tuple[Any, ...]) -> Callable[..., Any]:
    """A function of the kernel that takes a right-hand side and values like these."""
    numba = _numba()
    function = numba.types.FunctionType(_rate_signature(numba))
    signature = (function, *map(numba.typeof, values))
    with _lock, warnings.catch_warnings():
        # Functions in a tuple are told to be experimental.
        warnings.simplefilter("ignore", numba.core.errors.NumbaExperimentalFeatureWarning)
        return numba.njit(signature, **_OPTIONS, no_cfunc_wrapper=True)(
            FunctionType(whole.__code__, _parts())
        )


@cache
def _parts() -> dict[str, Any]:
    """The names of the kernel, each function of it ready to be compiled."""
    jit = _numba().njit(**_OPTIONS, no_cpython_wrapper=True, no_cfunc_wrapper=True)
    judged = {**vars(control), "within": jit(control.within)}
    space = {
        **vars(kernel),
        "next_size": jit(FunctionType(control.next_size.__code__, judged)),
        "TOOLS": tuple(jit(tool) for tool in kernel.TOOLS),
    }
    for part in kernel.PARTS:
        space[part.__name__] = jit(FunctionType(part.__code__, space))
    return space


def _numba() -> Any:
    try:
        return import_module("numba")
    except ImportError as error:
        raise missing("numba", "compiled") from error


def _rate_signature(numba: Any) -> Any:
    vector = numba.float64[::1]
    return numba.int64(numba.float64, vector, vector, vector)


def _compiled(call: Any) -> Any:
    numba = _numba()
    inner = numba.njit(call, no_cpython_wrapper=True, no_cfunc_wrapper=True)
    outer = numba.njit(_rate_signature(numba), error_model="numpy", no_cpython_wrapper=True)
    return outer(_rate(inner))


def _rate(call: Any) -> Any:
    """The right-hand side as the kernel wants it.

    Numba catches exceptions of every kind or of none. What was raised is found by calling the
    Python function at the same place, where a mistake of programming comes through as ever.
    """

    def rate(time: float, y: Floats, out: Floats, parameters: Floats) -> int:
        try:
            value = call(time, y, parameters)
            if len(value) != len(out):
                return WRONG_LENGTH
            for k in range(len(out)):
                out[k] = value[k]
        except Exception:
            return RAISED
        return 0

    return rate


def _passing(fun: Any, count: int) -> Any:
    if count == 0:
        return _bare(fun)
    as_tuple = import_module("numba.np.unsafe.ndarray").to_fixed_tuple

    def call(time: float, y: Floats, parameters: Floats) -> Any:
        return fun(time, y, *as_tuple(parameters, count))

    return call


def _bare(fun: Any) -> Any:
    def call(time: float, y: Floats, parameters: Floats) -> Any:
        return fun(time, y)

    return call


def _frozen(fun: Any, args: tuple[Any, ...]) -> Any:
    def call(time: float, y: Floats, parameters: Floats) -> Any:
        return fun(time, y, *args)

    return call


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[1] if len(lines) > 1 else str(error)
