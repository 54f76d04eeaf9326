"""A problem of dynamics as a Python program of the user: run, read by name, and blamed by line."""

from __future__ import annotations

import difflib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from importlib.util import decode_source, module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from suite.cli.output import say
from suite.core.files import write_whole
from suite.core.store import RUN_FILE
from suite.errors import InputError, SuiteError

__all__ = ["FILES", "Program", "blamed", "kept_program", "numbers", "program_of", "read_program"]

FILES = (
    *("problem.py", "problem.toml", "summary.json", "trajectory.csv", "attempts.csv"),
    "report.html",
)
"""What the commands of dynamics write, over which no input may lie."""
OPTIONS = (
    "rtol",
    "atol",
    "method",
    "jac",
    "events",
    "invariants",
    "project",
    "blocks",
    "compiled",
    "first_step",
    "max_step",
    "max_evaluations",
    "dense_output",
    "foresight",
)
"""Names that a file may define and that `solve` takes by the same name."""


@dataclass(frozen=True, slots=True)
class Program:
    """An initial value problem: y' = fun(t, y) over `t_span` (start, end) from `y0` [n].

    `options` are those of `solve` that the problem sets, `names` [n] what its components are
    called, `path` the file it came from or None.
    """

    name: str
    fun: Callable[..., Any]
    t_span: tuple[float, float]
    y0: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    path: Path | None = None


class _AsItStands(SourceFileLoader):
    """Runs the file as it stands: no cache of it is read or written."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def read_program(path: Path) -> dict[str, Any]:
    """Run a Python file and answer what it defines by name.

    Its folder is where it imports from, as with `python FILE`. Raises `InputError` with file and
    line for a file that cannot be read or that raises.
    """
    name = f"suite_program_{path.stem}"
    loader = _AsItStands(name, str(path))
    spec = spec_from_file_location(name, path, loader=loader)
    if spec is None or not path.is_file():
        raise InputError(f"{path} is no file.")
    _check_text(path)
    module = module_from_spec(spec)
    folder = str(path.parent.absolute())
    sys.modules[name] = module  # where dataclasses look for the names of a module
    sys.path.insert(0, folder)
    try:
        with blamed(path):
            loader.exec_module(module)
    finally:
        sys.path.remove(folder)
        del sys.modules[name]
    return vars(module)


def _check_text(path: Path) -> None:
    try:
        if b"\0" in path.read_bytes():
            raise InputError(f"{path} is no Python text: it holds zero bytes.")
        decode_source(path.read_bytes())
    except (UnicodeDecodeError, SyntaxError, OSError) as error:
        raise InputError(f"{path} cannot be read as Python text: {error}") from error


@contextmanager
def blamed(path: Path | None, options: Iterable[str] = ()) -> Iterator[None]:
    """The user's own code: what it prints goes to standard error, for standard output is the
    result's; an exception of it is told as one sentence with file and line.

    A refusal names the file, unless it begins with one of `options`, which are not the file's. What
    else does not pass through the file is left alone.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except InputError as error:
        if path is None or str(path) in str(error) or str(error).startswith(tuple(options)):
            raise
        raise InputError(f"{path}: {error}") from error
    except SuiteError:
        raise
    except SyntaxError as error:
        if path is None or error.filename != str(path):
            raise
        raise InputError(f"{path}, line {error.lineno}: {error.msg}.") from error
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        mine = [frame for frame in frames if path is not None and frame.filename == str(path)]
        if not mine:
            if isinstance(error, OSError) and path is not None:
                raise InputError(f"{path} cannot be read: {error}") from error
            raise
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        where = "" if mine[-1].name == "<module>" else f" in {mine[-1].name}"
        raise InputError(f"{path}, line {mine[-1].lineno}{where}: {what}") from error


@contextmanager
def kept_program(path: Path | None, folder: Path) -> Iterator[None]:
    """Keep a copy of the program beside its results; refuse a folder with the run of another.

    A run that was begun with one text of the program may not go on with another.
    """
    if path is None:
        yield
        return
    copy = folder / f"problem{path.suffix}"
    text = path.read_bytes()
    if (folder / RUN_FILE).exists() and copy.exists() and copy.read_bytes() != text:
        raise InputError(
            f"{path} is not what the run in {folder} was begun with, which is kept as {copy.name}. "
            "Use another folder: -o DIR."
        )
    yield
    write_whole(copy, text)


def _hint(found: Mapping[str, Any], path: Path) -> None:
    """Say where a name that a file defines is nearly that of an option."""
    known = ("fun", "t_span", "y0", "names", *OPTIONS)
    for name, value in found.items():
        if name in known or name.startswith("_") or callable(value) or inspect.ismodule(value):
            continue
        near = difflib.get_close_matches(name, known, 1, 0.8)
        if near and near[0] not in found:
            say(f"{path} defines {name!r}, which is no option. Did you mean {near[0]!r}?")


def program_of(path: Path) -> Program:
    """The problem that a Python file defines: `fun(t, y)`, `t_span`, `y0`, and what else it likes.

    `fun` is called once at the start to see that it answers as many numbers as y0 has.
    """
    found = read_program(path)
    fun = _function(found, path)
    t_span = _span(numbers(_needed(found, "t_span", path), f"{path}: t_span"), path)
    y0 = numbers(_needed(found, "y0", path), f"{path}: y0")
    if not np.iscomplexobj(y0):
        y0 = y0.astype(float)
    options = {name: found[name] for name in OPTIONS if found.get(name) is not None}
    _check_options(options, path)
    for what, function in _functions(fun, options):
        _check_call(what, function, path)
    names = tuple(map(str, found.get("names", ())))
    if names and len(names) != len(y0):
        raise InputError(
            f"{path}: names must name each of the {len(y0)} components of y0. Got {len(names)}."
        )
    with blamed(path):
        slope = fun(t_span[0], y0.copy())
    _check_slope(slope, y0, fun, path)
    _hint(found, path)
    return Program(path.stem, fun, t_span, y0, options, names, path)


def _needed(found: Mapping[str, Any], name: str, path: Path) -> Any:
    if name in found:
        return found[name]
    mine = [word for word in found if not word.startswith("__")]
    lowered = {word.lower(): word for word in mine}
    near = difflib.get_close_matches(name, lowered, 1, 0.6)
    hint = f" Did you mean {lowered[near[0]]!r} by it?" if near else ""
    raise InputError(
        f"{path} defines no {name}. A problem file defines fun(t, y), t_span and y0.{hint}"
    )


def _function(found: Mapping[str, Any], path: Path) -> Callable[..., Any]:
    fun = _needed(found, "fun", path)
    if not callable(fun):
        raise InputError(f"{path}: fun must be a function of t and y. Got {fun!r}.")
    return fun


def numbers(value: Any, what: str) -> Any:
    """A vector of finite numbers [n], real or complex."""
    try:
        array = np.atleast_1d(np.array(value))
    except ValueError:
        array = np.array("ragged")
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iufc":
        raise InputError(f"{what} must be a list of numbers. Got {_short(value)}.")
    if not np.isfinite(array).all():
        raise InputError(f"{what} must be finite. Got {_short(value)}.")
    return array


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _span(values: Any, path: Path) -> tuple[float, float]:
    if len(values) != 2 or np.iscomplexobj(values) or values[0] == values[1]:
        raise InputError(
            f"{path}: t_span must be two different times, (start, end). Got {values.tolist()}."
        )
    return float(values[0]), float(values[1])


def _check_options(options: Mapping[str, Any], path: Path) -> None:
    invariants = options.get("invariants", {})
    if not isinstance(invariants, Mapping):
        raise InputError(
            f"{path}: invariants must be a dict of functions I(t, y) by name. "
            f"Got {_short(invariants)}."
        )
    for what, function in _functions(None, options):
        if not callable(function):
            raise InputError(f"{path}: {what} must be a function of t and y. Got {function!r}.")


def _functions(fun: Any, options: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every function of (t, y) that a problem brings, and what it is called."""
    if fun is not None:
        yield "fun", fun
    if callable(options.get("jac")):
        yield "jac", options["jac"]
    for name, value in options.get("invariants", {}).items():
        for part in value if isinstance(value, tuple) else (value,):
            yield f"the invariant {name!r}", part
    events = options.get("events", ())
    for number, event in enumerate(events if isinstance(events, list | tuple) else (events,), 1):
        yield f"event {number}", event


def _check_call(what: str, function: Callable[..., Any], path: Path) -> None:
    """Refuse a function that cannot be called with t and y; those written in C are not asked."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(0.0, 0.0)
    except TypeError:
        raise InputError(
            f"{path}{_line_of(function, path)}: {what} must take t and y. It takes {signature}."
        ) from None


def _line_of(function: Any, path: Path) -> str:
    code = getattr(function, "__code__", None)
    return f", line {code.co_firstlineno}" if code and code.co_filename == str(path) else ""


def _check_slope(slope: Any, y0: Any, fun: Callable[..., Any], path: Path) -> None:
    line = _line_of(fun, path)
    try:
        array = np.asarray(slope)
    except ValueError:
        array = np.array("ragged")
    if array.dtype.kind not in "iufcb":
        raise InputError(
            f"{path}{line}: fun must return {len(y0)} numbers, the rate of each component of y0. "
            f"Got {_short(slope)}{': is its return missing?' if slope is None else '.'}"
        )
    if array.shape != y0.shape:
        raise InputError(
            f"{path}{line}: fun must return {len(y0)} numbers, one for each component of y0. "
            f"Got an array of shape {array.shape}."
        )
    if array.dtype.kind == "c" and y0.dtype.kind != "c":
        raise InputError(
            f"{path}{line}: fun returns complex numbers; write y0 as complex numbers as well."
        )
