"""What a stored run must agree in to be gone on with: functions by their text and constants."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any

import numpy as np

from suite.core.versions import versions
from suite.dynamics.asked import Asked

__all__ = ["about_of", "told"]

_PLAIN = (bool, int, float, complex, str, list, tuple, np.ndarray, np.generic)
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


def told(value: Any) -> Any:
    """A value as JSON can hold it: a function by its name, its text and the constants it closes on.

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
        return {str(name): told(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [told(each) for each in value]
    if isinstance(value, functools.partial):
        return [told(value.func), told(value.args), told(value.keywords)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: told(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if callable(value):
        return _function(value)
    return type(value).__name__


def _function(function: Any) -> Any:
    """A name and a digest of code and constants, as far as they can be had."""
    function = getattr(function, "py_func", function)
    name = str(getattr(function, "__qualname__", type(function).__name__))
    if hasattr(function, "__self__"):  # a method: what it is of belongs to it
        return [name, _held(function.__self__), _function(function.__func__)]
    code = getattr(function, "__code__", None)
    if code is None:
        return [name, _held(function)]
    closed = [_constant(cell) for cell in function.__closure__ or ()]
    outside = {
        each: told(function.__globals__[each])
        for each in code.co_names
        if isinstance(function.__globals__.get(each), _PLAIN)
    }
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


def _held(value: Any) -> Any:
    """An object by its class and its plain attributes."""
    attributes = getattr(value, "__dict__", {})
    kept = {name: told(each) for name, each in attributes.items() if isinstance(each, _PLAIN)}
    return [type(value).__qualname__, kept]


def _constant(cell: Any) -> Any:
    try:
        return told(cell.cell_contents)
    except ValueError:  # a cell that is still empty
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
