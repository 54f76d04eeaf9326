"""Exact engine of unitary coupled cluster in the sector of fixed particle numbers.

Excitations turn pairs of determinants into one another and keep amplitudes real, so LiH in a
minimal basis has 225 real amplitudes where its 12 qubits have 4096 complex ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.errors import InputError
from suite.quantum.exact.kernel import PAIR_LANES, PairRunner, Pairs
from suite.quantum.exact.memory import allowance, rows_that_fit
from suite.quantum.exact.sector_hamiltonian import hamiltonian_bytes, sector_action, strings
from suite.quantum.geometry import Geometry, assemble, checked_values, products_of

__all__ = ["SectorEngine", "sector_engine"]

Vector = NDArray[np.float64]
Whole = NDArray[np.int64]
# Modes to empty and modes to fill; spin-down modes follow all spin-up ones.
Excitation: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]


def sector_engine(hamiltonian: Any, excitations: Sequence[Excitation]) -> SectorEngine:
    """The exact engine of Π exp(θ(T - T†)) on Hartree-Fock, the first excitation acting first.

    `hamiltonian` has integrals over the active orbitals: `one` [o, o], `two` [o, o, o, o] in
    chemists' order, `constant`, and `electrons` (spin up, spin down). T of an excitation (filled,
    empty) creates in the empty modes and annihilates in the filled ones, in their order; mode
    q is spin-up orbital q, mode o + q spin-down orbital q. Raises `InputError` where an excitation
    does not conserve the spins or the memory does not suffice.
    """
    orbitals = len(hamiltonian.one)
    up, down = hamiltonian.electrons
    dimension = comb(orbitals, up) * comb(orbitals, down)
    matrix = hamiltonian_bytes(orbitals, (up, down))
    what = f"{2 * orbitals} qubits with {len(excitations)} excitations"
    fixed = min(matrix, allowance() // 4) + 16 * dimension * max(len(excitations), 1)
    rows_that_fit(what, 2 * PAIR_LANES, 8 * dimension, fixed, 2 * PAIR_LANES)
    determinants = (strings(orbitals, down)[:, None] << orbitals | strings(orbitals, up)).ravel()
    act, scale = sector_action(hamiltonian, matrix <= allowance() // 4)
    first = np.zeros(dimension)
    first[np.searchsorted(determinants, (2**down - 1) << orbitals | (2**up - 1))] = 1.0
    return SectorEngine(_pairs(determinants, orbitals, excitations), first, act, scale, fixed)


@dataclass(frozen=True, slots=True, eq=False)
class SectorEngine:
    """An `Engine` with real amplitudes of determinants, in the order of their bits."""

    pairs: Pairs
    reference: Vector
    act: Callable[[Vector], Vector]
    scale: float
    fixed_bytes: int

    @property
    def parameters(self) -> int:
        """Number of parameters, p."""
        return len(self.pairs.begin) - 1

    def energy(self, values: ArrayLike) -> float:
        """The energy at parameter values [p]."""
        state = self._state(checked_values(values, self.parameters))
        return float(state @ self.act(state[None])[0])

    def gradient(self, values: ArrayLike) -> tuple[float, Vector]:
        """Energy and gradient [p] by the adjoint sweep: state and image go back together."""
        values = checked_values(values, self.parameters)
        state = self._state(values)
        image = self.act(state[None])[0]
        return float(state @ image), 2.0 * self._way_back(values, state, image)

    def state(self, values: ArrayLike) -> Vector:
        """The state at parameter values [p]."""
        return self._state(checked_values(values, self.parameters))

    def overlaps(self, values: ArrayLike, vector: Vector) -> Vector:
        """<∂i|vector> [p] at parameter values [p], by the adjoint sweep."""
        values = checked_values(values, self.parameters)
        return self._way_back(values, self._state(values), vector)

    def geometry(self, values: ArrayLike, *, curvature: bool = True) -> Geometry:
        """Energy, gradient, metric and, where asked, the Gauss-Newton matrix at values [p]."""
        values = checked_values(values, self.parameters)
        count = self.parameters
        row = 8 * len(self.reference) * (4 if curvature else 1)
        what = f"{len(self.reference)} determinants with {count} excitations"
        fit = rows_that_fit(what, count, row, self.fixed_bytes, 2 * PAIR_LANES)
        # A row travels with its lane; two groups of rows are held at a time where not all fit.
        size = count if fit >= count else fit // (2 * PAIR_LANES) * PAIR_LANES
        starts = range(0, count, max(size, 1))
        state = self._state(values)
        image = self.act(state[None])[0]
        products = products_of(
            [min(size, count - start) for start in starts],
            lambda group: self._rows(values, starts[group], min(starts[group] + size, count)),
            image,
            None,
            None,
            self.act if curvature else None,
        )
        return assemble(float(state @ image), products, None, state)

    def variance(self, state: Vector) -> float:
        """<H²> - <H>² at the `state` of one of this engine's answers."""
        image = self.act(state[None])[0]
        return float(np.linalg.norm(image - (state @ image) * state) ** 2)

    def spread(self, values: ArrayLike) -> float:
        """Standard deviation of the energy in the state at parameter values [p]."""
        return self.variance(self._state(checked_values(values, self.parameters))) ** 0.5

    def _way_back(self, values: Vector, state: Vector, image: Vector) -> Vector:
        """<∂i|image> [p], state and image turned back together."""
        both = np.ascontiguousarray(np.array([state, image]).T)
        numbers = np.arange(self.parameters)[::-1].astype(np.int64)
        angles = np.repeat(-values[::-1, None], 2, axis=1)
        sums = np.zeros(self.parameters)
        back = PairRunner(self.pairs, numbers, angles, np.ones_like(angles), sums)
        back(both, 0, self.parameters)
        return sums[::-1]

    def _state(self, values: Vector) -> Vector:
        state = self.reference[:, None].copy()
        _carrier(self.pairs, values, 1)(state, 0, len(values))
        return state[:, 0]

    def _rows(self, values: Vector, start: int, stop: int) -> Vector:
        """Derivatives start to stop [m, dimension].

        Each lane is the state until its own rotation, where a quarter turn more on the pairs and
        nothing on the rest makes it the derivative.
        """
        count, dimension = len(values), len(self.reference)
        single, wide = (_carrier(self.pairs, values, lanes) for lanes in (1, PAIR_LANES))
        place = np.arange(count)
        angles = np.repeat(values[:, None], PAIR_LANES, axis=1)
        factors = np.ones_like(angles)
        angles[place, place % PAIR_LANES] += 0.5 * np.pi
        factors[place, place % PAIR_LANES] = 0.0
        arise = PairRunner(self.pairs, place.astype(np.int64), angles, factors)
        state = self.reference[:, None].copy()
        single(state, 0, start)
        lanes = np.empty((dimension, PAIR_LANES))
        rows = np.empty((stop - start, dimension))
        for low in range(start, stop, PAIR_LANES):
            high = min(low + PAIR_LANES, stop)
            lanes[:] = state
            arise(lanes, low, high)
            single(state, low, high)
            wide(lanes, high, count)
            rows[low - start : high - start] = lanes.T[: high - low]
        return rows


def _carrier(pairs: Pairs, values: Vector, lanes: int) -> PairRunner:
    angles = np.repeat(values[:, None], lanes, axis=1)
    return PairRunner(pairs, np.arange(len(values), dtype=np.int64), angles, np.ones_like(angles))


def _pairs(determinants: Whole, orbitals: int, excitations: Sequence[Excitation]) -> Pairs:
    """The determinants that each excitation joins, ordered so that the turn is positive."""
    lefts, rights, rests = [], [], []
    for filled, empty in excitations:
        _check(filled, empty, orbitals)
        mask = sum(1 << mode for mode in (*filled, *empty))
        before = sum(1 << mode for mode in filled)
        left = np.flatnonzero(determinants & mask == before)
        sign, reached = _excite(determinants[left], filled, empty)
        right = np.searchsorted(determinants, reached)
        lefts.append(np.where(sign > 0, left, right))
        rights.append(np.where(sign > 0, right, left))
        untouched = np.ones(len(determinants), bool)
        untouched[left] = untouched[right] = False
        rests.append(np.flatnonzero(untouched))
    return Pairs(_begins(lefts), _joined(lefts), _joined(rights), _begins(rests), _joined(rests))


def _begins(parts: list[Whole]) -> Whole:
    return np.cumsum([0, *(len(part) for part in parts)]).astype(np.int64)


def _joined(parts: list[Whole]) -> Whole:
    return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64)


def _excite(
    determinants: Whole, filled: tuple[int, ...], empty: tuple[int, ...]
) -> tuple[Whole, Whole]:
    """Signs and determinants after the ladder operators, the rightmost acting first."""
    parity, bits = np.zeros(len(determinants), np.int64), determinants.copy()
    for mode in (*reversed(filled), *reversed(empty)):
        parity += np.bitwise_count(bits & ((1 << mode) - 1))
        bits = bits ^ (1 << mode)
    return 1 - 2 * (parity % 2), bits


def _check(filled: tuple[int, ...], empty: tuple[int, ...], orbitals: int) -> None:
    modes = (*filled, *empty)
    balanced = sum(m < orbitals for m in filled) == sum(m < orbitals for m in empty)
    inside = all(0 <= m < 2 * orbitals for m in modes) and len(set(modes)) == len(modes)
    if not inside or len(filled) != len(empty) or not balanced:
        raise InputError(
            f"The excitation from modes {filled} to {empty} must join as many different modes of "
            f"each spin, numbered below {2 * orbitals}."
        )
