"""States as JSON text and raw array bytes, without loss of a bit and without pickle."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from suite.errors import StoreMismatch

__all__ = ["Kinds", "decode", "encode"]

Kinds: TypeAlias = tuple[type, ...]

# Only these dtypes come back from disk; an object array would need pickle.
_DTYPE_KINDS = frozenset("biufc")


def encode(tree: Any, kinds: Kinds = ()) -> tuple[str, bytes]:
    """JSON text and the bytes of all arrays, of a nest of plain values, arrays and `kinds`.

    >>> encode({"x": np.array([1.0])})[0]
    '{"x": {"$array": ["<f8", [1], 0]}}'
    """
    arrays = bytearray()
    text = json.dumps(_plain(tree, {kind.__name__ for kind in kinds}, arrays), allow_nan=False)
    return text, bytes(arrays)


def decode(text: str, arrays: bytes, kinds: Kinds) -> Any:
    """What `encode` was given; classes are rebuilt only if they are among `kinds`.

    >>> decode(*encode((np.float64(0.1), math.inf, [None])), ())
    (np.float64(0.1), inf, [None])
    """
    return _rebuilt(json.loads(text), arrays, {kind.__name__: kind for kind in kinds})


def _plain(tree: Any, names: set[str], arrays: bytearray) -> Any:
    if tree is None or type(tree) in (bool, int, str):
        return tree
    if type(tree) is float:
        return tree if math.isfinite(tree) else {"$float": repr(tree)}
    if isinstance(tree, np.ndarray | np.generic):
        return _array(tree, arrays)
    if isinstance(tree, Mapping):
        return {_key(k): _plain(v, names, arrays) for k, v in tree.items()}
    if isinstance(tree, list):
        return [_plain(item, names, arrays) for item in tree]
    name = type(tree).__name__
    if isinstance(tree, tuple) and not hasattr(tree, "_fields"):
        return {"$tuple": [_plain(item, names, arrays) for item in tree]}
    if name not in names:
        raise TypeError(f"A state may not hold a {name}: name its class in the store's kinds.")
    fields = _fields(tree)
    return {"$kind": name, "$fields": {k: _plain(v, names, arrays) for k, v in fields.items()}}


def _key(key: Any) -> str:
    """A key as it is: one that JSON would change, or that `decode` would take for its own mark, is
    refused."""
    if type(key) is not str or key.startswith("$"):
        raise TypeError(f"Keys in a state must be text that does not begin with $. Got {key!r}.")
    return key


def _fields(tree: Any) -> dict[str, Any]:
    names = getattr(tree, "_fields", None) or [f.name for f in dataclasses.fields(tree)]
    return {name: getattr(tree, name) for name in names}


def _array(array: Any, arrays: bytearray) -> dict[str, Any]:
    if array.dtype.kind not in _DTYPE_KINDS:
        raise TypeError(f"A state may hold arrays of numbers only. Got dtype {array.dtype}.")
    place = [array.dtype.str, list(array.shape), len(arrays)]
    arrays += np.ascontiguousarray(array).tobytes()
    return {"$scalar" if isinstance(array, np.generic) else "$array": place}


def _rebuilt(tree: Any, arrays: bytes, kinds: dict[str, type]) -> Any:
    if isinstance(tree, list):
        return [_rebuilt(item, arrays, kinds) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if "$float" in tree:
        return float(tree["$float"])
    if "$tuple" in tree:
        return tuple(_rebuilt(item, arrays, kinds) for item in tree["$tuple"])
    if "$array" in tree:
        return _loaded(tree["$array"], arrays)
    if "$scalar" in tree:
        return _loaded(tree["$scalar"], arrays)[()]
    if "$kind" in tree:
        fields = {k: _rebuilt(v, arrays, kinds) for k, v in tree["$fields"].items()}
        return _made(tree["$kind"], fields, kinds)
    return {k: _rebuilt(v, arrays, kinds) for k, v in tree.items()}


def _made(name: str, fields: dict[str, Any], kinds: dict[str, type]) -> Any:
    try:
        return kinds[name](**fields)
    except TypeError:
        raise StoreMismatch(
            f"The run file holds a {name} of another version of suite, with the fields "
            f"{', '.join(fields)}. Finish the run with that version, or start it anew."
        ) from None


def _loaded(place: list[Any], arrays: bytes) -> np.ndarray[Any, Any]:
    name, shape, offset = place
    dtype = np.dtype(name)
    if dtype.kind not in _DTYPE_KINDS:
        raise ValueError(f"dtype {name} is not a number")
    count = math.prod(shape)
    return np.frombuffer(arrays, dtype, count, offset).reshape(shape).copy()
