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

__all__ = ["Priced"]

SEED = 5


@dataclass(slots=True, eq=False)
class Priced:
    """What a method asks of it is kept in `prices`; the answers are zeros with plausible errors.

    `measurer` is the adapter of a machine, which knows its own prices; without it they are the
    simulator's.
    """

    unrolled: Unrolled
    observable: Any
    measurer: Any = None
    prices: list[Price] = field(default_factory=list)

    def measure(self, request: Request, number: int, groups: Any = None) -> tuple[Measured, Any]:
        """Remember the price; energies are zero with the errors that so many shots have."""
        price = self._price(request)
        self.prices.append(price)
        energies = fidelities = None
        if request.rows is not None:
            shots = np.asarray(request.shots, float)
            # Rows differ in their noise, and so do the shots that a method gives them.
            spreads = np.random.default_rng((SEED, number)).uniform(0.2, 1.0, len(shots))
            energies = Estimates(np.zeros(len(shots)), spreads / np.sqrt(shots), price.shots)
        if request.pairs is not None:
            count = len(request.pairs)
            each = np.full(count, 1.0 / np.sqrt(request.pair_shots))
            fidelities = Estimates(np.ones(count), each, 0 if energies else price.shots)
        return Measured(energies=energies, fidelities=fidelities), groups

    def _price(self, request: Request) -> Price:
        if self.measurer is not None:
            found: Price = self.measurer.price(request)
            return found
        layers = len(layers_of(self.unrolled)) if request.values is not None else 0
        rows = 0 if request.rows is None else len(request.rows)
        shots = 0 if request.rows is None else int(np.sum(request.shots))
        shots += layers * request.metric_shots
        pairs = 0 if request.pairs is None else len(request.pairs)
        groups = len(grouped(self.observable).groups)
        return Price(
            1, 1 + layers, groups, rows + layers + pairs, shots + pairs * request.pair_shots
        )
