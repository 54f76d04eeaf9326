"""States to text and bytes and back: every bit comes back, and nothing else is built."""

import math
import struct
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from suite.core.document import decode, encode
from suite.errors import StoreMismatch


class Pair(NamedTuple):
    left: object
    right: object


@dataclass(frozen=True)
class Box:
    content: object
    label: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Slotted:
    matrix: object


KINDS = (Pair, Box, Slotted)
dtypes = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?"),
    hnp.complex_number_dtypes(endianness="?"),
)
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
scalars = dtypes.flatmap(hnp.from_dtype).map(lambda x: np.asarray(x)[()])
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), arrays, scalars)
names = st.text().filter(lambda name: not name.startswith("$"))
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(names, inner, max_size=3),
        st.builds(Pair, inner, inner),
        st.builds(Box, inner, st.text(max_size=3)),
        st.builds(Slotted, inner),
    ),
    max_leaves=12,
)


def same(one, other):
    """Equal in type and in every bit; any NaN of a Python float is as good as another."""
    assert type(one) is type(other)
    if isinstance(one, np.ndarray | np.generic):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        # The padding of a long double is nobody's number.
        if one.dtype.itemsize in (1, 2, 4, 8) or one.dtype == np.complex128:
            assert one.tobytes() == other.tobytes()
        else:
            np.testing.assert_array_equal(one, other)
    elif isinstance(one, float):
        assert (math.isnan(one) and math.isnan(other)) or (
            struct.pack("d", one) == struct.pack("d", other)
        )
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            same(a, b)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            same(one[key], other[key])
    elif isinstance(one, Box | Slotted):
        for field in fields(one):
            same(getattr(one, field.name), getattr(other, field.name))
    else:
        assert one == other


@given(tree=trees)
def test_every_bit_comes_back(tree):
    text, data = encode(tree, KINDS)
    assert text.isascii()
    same(tree, decode(text, data, KINDS))


@pytest.mark.parametrize(
    "array",
    [np.arange(12.0).reshape(3, 4).T, np.arange(12.0)[::-3], np.broadcast_to(1.5, (2, 3))],
    ids=["transposed", "backwards", "broadcast"],
)
def test_any_layout_comes_back_writeable(array):
    back = decode(*encode(array), ())
    np.testing.assert_array_equal(back, array)
    back[0] = 7.0


@pytest.mark.parametrize(
    "tree",
    [
        np.array([object()]),
        np.array(["text"]),
        np.array([np.datetime64("2026-01-01")]),
        np.zeros(2, [("a", "f8")]),
        {1, 2},
        1j,
        b"bytes",
        Pair,
        object(),
        {1: "number as key"},
        {"$tuple": [1]},
        {None: 1},
    ],
    ids=lambda tree: type(tree).__name__,
)
def test_what_would_not_come_back_is_refused(tree):
    with pytest.raises(TypeError):
        encode({"deep": [tree]}, KINDS)


def test_a_class_must_be_named():
    with pytest.raises(TypeError, match="a Pair: name its class"):
        encode(Pair(1, 2))
    text, data = encode(Pair(1, 2), KINDS)
    with pytest.raises(KeyError):
        decode(text, data, (Box,))


@pytest.mark.parametrize(
    "text",
    [
        '{"$kind": "system", "$fields": {"command": "true"}}',
        '{"$kind": "os.system", "$fields": {}}',
        '{"$kind": "Pair", "$fields": {"left": 1, "right": 2, "__class__": 3}}',
        '{"$array": ["|O", [1], 0]}',
        '{"$array": ["O8", [1], 0]}',
        '{"$scalar": ["|O8", [], 0]}',
        '{"$array": ["f8,O", [1], 0]}',
        '{"$array": ["|V16", [1], 0]}',
        '{"$array": ["<U4", [1], 0]}',
        '{"$array": ["<f8", [3], 0]}',
        '{"$array": ["<f8", [1], 12]}',
        '{"$array": ["<f8", [1], -8]}',
        '{"$array": ["nonsense", [1], 0]}',
        '{"$array": [["f8"], [1], 0]}',
        '{"$array": []}',
        '{"$float": "__import__(\'os\')"}',
        '{"$tuple": 5}',
        "[1, 2",
    ],
)
def test_a_crafted_document_builds_nothing(text):
    built = []

    class Pair:
        def __init__(self, left, right):
            built.append(self)

    with pytest.raises((KeyError, ValueError, TypeError, StoreMismatch)):
        decode(text, bytes(16), (Pair, Box))
    assert built == []
