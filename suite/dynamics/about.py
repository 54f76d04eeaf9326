"""What a stored run must agree in to be gone on with: functions by their text and constants."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from suite.core.versions import versions
from suite.dynamics.asked import Asked

__all__ = ["about_of", "told"]

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
    if isinstance(value, np.ndarray | np.generic):
        return told(value.tolist())
    if isinstance(value, Mapping):
        return {str(name): told(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [told(each) for each in value]
    if isinstance(value, functools.partial):
        return [told(value.func), told(value.args), told(value.keywords)]
    if callable(value):
        return _function(value)
    if dataclasses.is_dataclass(value):
        return {field.name: told(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return type(value).__name__


def _function(function: Any) -> str:
    """A name, and a digest of code and constants, as far as they can be had."""
    function = getattr(function, "py_func", function)
    name = str(getattr(function, "__qualname__", type(function).__name__))
    code = getattr(function, "__code__", None)
    if code is None:
        return name
    try:
        text = inspect.getsource(function)
    except (OSError, TypeError):
        text = ""
    if not text or code.co_name == "<lambda>":  # several may stand on one line
        text += code.co_code.hex() + repr(code.co_consts)
    closed = [_constant(cell) for cell in getattr(function, "__closure__", None) or ()]
    return f"{name} {_digest(repr((text, function.__defaults__, closed)))}"


def _constant(cell: Any) -> Any:
    try:
        return told(cell.cell_contents)
    except ValueError:  # a cell that is still empty
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
