"""The engines' inner loops on many states at once: machine code, or NumPy where LLVM is absent.

Both do the same to rounding. States lie as [dimension, 2, lanes] (real and imaginary parts, the
lanes fastest), so that one operation on all lanes is one vector instruction.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.quantum.exact.kernel_native import native

__all__ = [
    "DIAGONAL",
    "IMAGINARY",
    "OVERLAP",
    "REAL",
    "SIGNS",
    "Operations",
    "PairRunner",
    "Pairs",
    "Runner",
    "add_words",
    "collect",
    "spread",
]

Vector = NDArray[np.float64]
Whole = NDArray[np.int64]

REAL, IMAGINARY, SIGNS, DIAGONAL, OVERLAP = range(5)
"""Kinds of operation: about a word with an odd or even number of Y, of Z alone, by a table of
phases (its number in the place of x), and the overlap of the second lane with a word on the first.
"""
WORD_LANES = 4
PAIR_LANES = 8


class Operations(NamedTuple):
    """Operations in their order: `kind`, and the `x` and `z` masks of the word, each [n]."""

    kind: Whole
    x: Whole
    z: Whole


class Runner:
    """Operations on states, bound to the arrays of one evaluation.

    `states` [dimension, 2, lanes]; `cosines` and `sines` [n, lanes] of the half angles, the sine
    with the sign of -i·i^(number of Y); `tables` [t, dimension, 2]; `sums` [n, 2].
    """

    def __init__(
        self,
        operations: Operations,
        cosines: Vector,
        sines: Vector,
        tables: Vector,
        sums: Vector | None = None,
    ) -> None:
        self.operations, self.cosines, self.sines = operations, cosines, sines
        self.tables, self.sums = tables, np.zeros((0, 2)) if sums is None else sums
        functions = native()
        self._native = functions and functions.get(f"turns{cosines.shape[1]}")
        if self._native:
            whole = [part.ctypes.data for part in operations]
            real = [part.ctypes.data for part in (cosines, sines, self.tables, self.sums)]
            self._addresses = (*whole, *real)

    def __call__(self, states: Vector, start: int, stop: int) -> None:
        """Apply operations start to stop in place."""
        if not self._native:
            turns_slowly(self, states, start, stop)
            return
        kind, x, z, cosines, sines, tables, sums = self._addresses
        row, byte = 8 * states.shape[2] * start, 8 * start
        self._native(
            states.ctypes.data, len(states), stop - start,
            kind + byte, x + byte, z + byte, cosines + row, sines + row, tables, sums + 2 * byte,
        )  # fmt: skip


def turns_slowly(runner: Runner, states: Vector, start: int, stop: int) -> None:
    """What the compiled function does, in NumPy."""
    index = np.arange(len(states))
    for i in range(start, stop):
        kind, x, z = (int(part[i]) for part in runner.operations)
        c, s = runner.cosines[i], runner.sines[i]
        if kind == DIAGONAL:
            phases = runner.tables[x].view(complex)  # [dimension, 1]
            turned = (states[:, 0] + 1j * states[:, 1]) * phases
            states[:, 0], states[:, 1] = turned.real, turned.imag
            continue
        sign = 1.0 - 2.0 * (np.bitwise_count((index ^ x) & z) % 2)
        moved = states[index ^ x]
        if kind == OVERLAP:
            first, second = (
                moved[:, 0, 0] + 1j * moved[:, 1, 0],
                states[:, 0, 1] + 1j * states[:, 1, 1],
            )
            total = np.vdot(second, sign * first)
            runner.sums[i] = total.real, total.imag
            continue
        t = sign[:, None] * s
        if kind == REAL:
            states *= c
            states += t[:, None, :] * moved
        else:
            states *= c
            states[:, 0] += t * moved[:, 1]
            states[:, 1] -= t * moved[:, 0]


def add_words(
    out: NDArray[np.complex128],
    state: NDArray[np.complex128],
    x: Whole,
    z: Whole,
    weights: NDArray[np.complex128],
) -> None:
    """out[k] += Σ_w weight_w (-1)^|(k^x)&z| state[k^x]: a sum of words X^x Z^z on a state."""
    functions = native()
    if functions:
        functions["words"](
            out.ctypes.data, state.ctypes.data, len(state), len(x),
            x.ctypes.data, z.ctypes.data, weights.ctypes.data,
        )  # fmt: skip
        return
    index = np.arange(len(state))
    for mask, signs, weight in zip(x.tolist(), z.tolist(), weights.tolist(), strict=True):
        other = index ^ mask
        out += weight * (1.0 - 2.0 * (np.bitwise_count(other & signs) % 2)) * state[other]


def spread(state: Vector, lanes: Vector) -> None:
    """Copy a state [2·dimension] to every lane."""
    functions = native()
    if functions and lanes.shape[-1] == WORD_LANES:
        functions["spread"](state.ctypes.data, lanes.ctypes.data, state.size)
        return
    lanes[:] = state.reshape(-1, 2, 1)


def collect(lanes: Vector, rows: Vector) -> None:
    """Copy the first lanes to rows [≤ lanes, dimension, 2], contiguous."""
    functions = native()
    if functions and len(rows) == lanes.shape[-1] == WORD_LANES:
        functions["collect"](lanes.ctypes.data, rows.ctypes.data, rows[0].size)
        return
    rows[:] = lanes.transpose(2, 0, 1)[: len(rows)]


class Pairs(NamedTuple):
    """Generators of real rotations: pairs of amplitudes that each turns, and the rest it kills.

    Generator g turns `left`[j] to `right`[j] for j in `begin`[g] to `begin`[g+1]; `rest` alike.
    """

    begin: Whole
    left: Whole
    right: Whole
    rest_begin: Whole
    rest: Whole


class PairRunner:
    """Rotations of pairs in the order `numbers` [n], by `angles` [n, lanes].

    The factor [n, lanes] multiplies what the generator does not touch: 1 for the rotation, 0 for
    its derivative. With two lanes `sums` [n] takes the second lane's overlap with the generator on
    the first, before the rotation.
    """

    def __init__(
        self,
        pairs: Pairs,
        numbers: Whole,
        angles: Vector,
        factors: Vector,
        sums: Vector | None = None,
    ) -> None:
        self.pairs, self.numbers = pairs, numbers
        cosines, sines = np.cos(angles), np.sin(angles)
        self.sums = np.zeros(len(numbers)) if sums is None else sums
        self.cosines, self.sines, self.factors = cosines, sines, factors
        functions = native()
        self._native: Any = functions and functions.get(f"pairs{cosines.shape[1]}")
        if self._native:
            self._pairs = [part.ctypes.data for part in pairs]
            self._addresses = [part.ctypes.data for part in (cosines, sines, factors)]
            self._starts = (numbers.ctypes.data, self.sums.ctypes.data)

    def __call__(self, states: Vector, start: int, stop: int) -> None:
        """Apply rotations start to stop to states [dimension, lanes] in place."""
        if not self._native:
            pairs_slowly(self, states, start, stop)
            return
        row = 8 * states.shape[1] * start
        self._native(
            states.ctypes.data, stop - start, self._starts[0] + 8 * start, *self._pairs,
            *(address + row for address in self._addresses), self._starts[1] + 8 * start,
        )  # fmt: skip


def pairs_slowly(runner: PairRunner, states: Vector, start: int, stop: int) -> None:
    """What the compiled function does, in NumPy."""
    pairs = runner.pairs
    for i in range(start, stop):
        g = int(runner.numbers[i])
        own = slice(pairs.begin[g], pairs.begin[g + 1])
        left, right = pairs.left[own], pairs.right[own]
        c, s = runner.cosines[i], runner.sines[i]
        first, second = states[left], states[right]
        if len(c) == 2:
            runner.sums[i] = np.sum(first[:, 0] * second[:, 1] - second[:, 0] * first[:, 1])
        states[left], states[right] = c * first - s * second, c * second + s * first
        if np.any(runner.factors[i] != 1.0):
            states[pairs.rest[pairs.rest_begin[g] : pairs.rest_begin[g + 1]]] *= runner.factors[i]
