"""What a stored run must agree in to be gone on with: functions by their text and constants."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from suite.core.versions import versions
from suite.dynamics.asked import Asked

__all__ = ["about_of", "told"]

_PLAIN = (bool, int, float, complex, str, list, tuple, np.ndarray, np.generic)
DEEPEST = 4
"""Objects within objects whose attributes are told."""
FUNCTIONS = ("events", "invariants", "jac")


def about_of(
    fun: Callable[..., Any], asked: Asked, options: Mapping[str, Any], more: Mapping[str, Any]
) -> dict[str, Any]:
    """Inputs, options and versions of a run; `more` adds inputs by name, or another `job`."""
    named = {name: told(options[name]) for name in FUNCTIONS}
    left_out = (*FUNCTIONS, "max_evaluations")  # a run may go on with more
    others = {name: told(value) for name, value in options.items() if name not in left_out}
    return {
        "job": more.get("job", "dynamics solve"),
        "inputs": {
            "fun": told(fun),
            **named,
            "t_span": list(asked.t_span),
            "y0": told(asked.y0),
            **{name: told(value) for name, value in more.items() if name != "job"},
        },
        "options": others,
        "seed": 0,
        "versions": versions("scipy"),
    }


def told(value: Any, depth: int = 0) -> Any:
    """A value as JSON can hold it: a function by its name, its text and the constants it closes on,
    an object by its class and its attributes.

    `depth` is how many objects it is in.

    >>> told((1, [2.5, "x"], np.ones(2)))
    [1, [2.5, 'x'], [1.0, 1.0]]
    >>> told(lambda t, y: y) == told(lambda t, y: 2 * y)
    False
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else repr(value)
    if isinstance(value, complex):
        return ["complex", told(value.real), told(value.imag)]
    if isinstance(value, np.ndarray | np.generic):
        return told(value.tolist())
    if isinstance(value, Mapping):
        return {str(name): told(each, depth) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [told(each, depth) for each in value]
    if isinstance(value, functools.partial):
        return [told(each, depth) for each in (value.func, value.args, value.keywords)]
    if callable(value) and not isinstance(value, type):
        return _function(value, depth)
    return _held(value, depth)


def _function(function: Any, depth: int) -> Any:
    """A name and a digest of code and constants, as far as they can be had."""
    function = _plainly(function)
    name = str(getattr(function, "__qualname__", type(function).__name__))
    if hasattr(function, "__self__"):  # a method: what it is of belongs to it
        return [name, _held(function.__self__, depth), _function(function.__func__, depth)]
    code = getattr(function, "__code__", None)
    if code is None:
        return [name, _held(function, depth)]
    closed = [_constant(cell, depth) for cell in function.__closure__ or ()]
    known = ((each, function.__globals__.get(each)) for each in code.co_names)
    outside = {each: _named(value, depth) for each, value in known if _is_told(value)}
    constants = [told(function.__defaults__), told(function.__kwdefaults__), closed, outside]
    return f"{name} {_digest(_text(function, code))} {_digest(json.dumps(constants))}"


def _text(function: Any, code: Any) -> str:
    """The source of a function, or its code where several may stand on one line."""
    try:
        text = inspect.getsource(function)
    except (OSError, TypeError):
        text = ""
    return text if text and code.co_name != "<lambda>" else text + _code(code)


def _code(code: Any) -> str:
    """Code and constants, those of functions within too, without an address."""
    inner = [_code(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts]
    return " ".join([code.co_code.hex(), *code.co_names, *inner])


def _is_told(value: Any) -> bool:
    """Whether a value has anything to tell: a plain one, an object with attributes, a function."""
    if isinstance(value, (*_PLAIN, Mapping)) or hasattr(_plainly(value), "__code__"):
        return True
    return not isinstance(value, ModuleType) and bool(_attributes(value))


def _attributes(value: Any) -> dict[str, Any]:
    """What an object or a class holds by name, in slots too, but for Python's own."""
    found = dict(getattr(value, "__dict__", {}))
    for kind in () if isinstance(value, type) else type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if hasattr(value, name):
                found[name] = getattr(value, name)
    return {name: held for name, held in found.items() if not name.startswith("__")}


def _plainly(function: Any) -> Any:
    """The Python function within one that numba has compiled, or the thing itself."""
    return getattr(function, "py_func", function)


def _named(value: Any, depth: int) -> Any:
    """What a name in a function stands for; of a function its text alone, as those call others."""
    function = _plainly(value)
    if hasattr(function, "__code__"):
        return _digest(_text(function, function.__code__))
    return told(value, depth + 1)


def _held(value: Any, depth: int) -> Any:
    """An object by its class and its attributes; beyond some objects in each other by its class."""
    name = (value if isinstance(value, type) else type(value)).__qualname__
    if depth >= DEEPEST or isinstance(value, ModuleType):
        return name
    kept = {each: held for each, held in _attributes(value).items() if _is_told(held)}
    return [name, {each: _named(held, depth) for each, held in kept.items()}]


def _constant(cell: Any, depth: int) -> Any:
    try:
        return told(cell.cell_contents, depth + 1)
    except ValueError:  # a cell that is still empty
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
