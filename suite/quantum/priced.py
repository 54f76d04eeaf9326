"""An instrument that measures nothing and remembers what measuring would have cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from suite.quantum.hardware.pricing import Price
from suite.quantum.noise.groups import grouped
from suite.quantum.noise.metric_blocks import layers_of
from suite.quantum.noise.unrolled import Unrolled
from suite.quantum.request import Estimates, Measured, Request

__all__ = ["HIDES", "TELLS", "Priced"]

SEED = 5
TELLS, HIDES = 0.1, 1e5
"""Errors of a comparison: with the first it may tell something, with the second nothing."""
LOW = 100.0 * HIDES
"""How much lower than the candidate an incumbent is that is to be kept."""


@dataclass(slots=True, eq=False)
class Priced:
    """What a method asks of it is kept in `prices`, and in `numbers` by which attempt; the answers
    are noise with plausible errors.

    `every` so many comparisons of two energies one is answered such that the step is refused, and
    `doubt` is the error of all: a method that sees little in them may give them fewer shots.
    `measurer` is the adapter of a machine, which knows its own prices; without it they are the
    simulator's. A machine rounds shots up to what its groups and a common precision can have, by
    how much hangs on the noise of the rows; `thrifty` counts only those that were asked for, which
    is the least that a job can take of a run's shots.
    """

    unrolled: Unrolled
    observable: Any
    measurer: Any = None
    every: int | None = None
    doubt: float = TELLS
    thrifty: bool = False
    prices: list[Price] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    _compared: int = 0
    _groups: int = field(init=False)
    _layers: int = field(init=False)

    def __post_init__(self) -> None:
        self._groups = len(grouped(self.observable).groups)
        self._layers = len(layers_of(self.unrolled))

    def measure(self, request: Request, number: int, groups: Any = None) -> tuple[Measured, Any]:
        """Remember the price; energies are noise about zero with the errors of so many shots."""
        price = self.price(request)
        self.prices.append(price)
        self.numbers.append(number)
        rng = np.random.default_rng((SEED, number, request.part))
        counted = self._asked(request).shots if self.thrifty else price.shots
        energies = fidelities = incumbent = None
        if request.rows is not None:
            shots = np.asarray(request.shots, float)
            # Rows differ in their noise, and so do the shots that a method gives them.
            errors = rng.uniform(0.2, 1.0, len(shots)) / np.sqrt(shots)
            energies = Estimates(errors * rng.normal(size=len(shots)), errors, counted)
        if request.incumbent is not None:
            incumbent = Estimates(np.full(1, self._height()), np.full(1, self.doubt), 0)
        if request.pairs is not None:
            count = len(request.pairs)
            each = np.full(count, 1.0 / np.sqrt(request.pair_shots))
            fidelities = Estimates(np.ones(count), each, 0 if energies else counted)
        return Measured(energies=energies, fidelities=fidelities, incumbent=incumbent), groups

    def attempts(self) -> list[Price]:
        """The price of each attempt, all its jobs together."""
        found: dict[int, Price] = {}
        for number, price in zip(self.numbers, self.prices, strict=True):
            found[number] = found.get(number, Price()).plus(price)
        return list(found.values())

    def _height(self) -> float:
        """The incumbent's energy: as high as the candidate's, or so low that this is refused."""
        self._compared += 1
        return -LOW if self.every and self._compared % self.every == 0 else 0.0

    def price(self, request: Request) -> Price:
        """What a request costs."""
        if self.measurer is not None:
            found: Price = self.measurer.price(request)
            return found
        return self._asked(request)

    def _asked(self, request: Request) -> Price:
        """What a request costs that is measured as it is asked."""
        layers = self._layers if request.values is not None else 0
        rows = 0 if request.rows is None else len(request.rows)
        shots = 0 if request.rows is None else int(np.sum(request.shots))
        shots += layers * request.metric_shots + request.incumbent_shots
        pairs = 0 if request.pairs is None else len(request.pairs)
        beside = int(request.incumbent is not None)
        return Price(
            1,
            1 + layers,
            self._groups,
            rows + layers + pairs + beside,
            shots + pairs * request.pair_shots,
        )
