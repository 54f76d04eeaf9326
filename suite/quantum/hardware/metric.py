"""The block of a layer in the metric, as words to measure on the circuit before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.quantum.hardware.layout import Isa, measurement_groups
from suite.quantum.request import Block

__all__ = ["Metric", "block_of", "metric_layer"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """A layer of the metric on the machine: its prefix circuit, the words to measure (ordered by
    measurement group), their number of groups, and how the generators are made of them.

    `single` [q, words] and `double` [q, q, words] are coefficients, the identity last.
    """

    isa: Isa
    indices: NDArray[np.int64]
    words: tuple[Any, ...]
    bases: int
    single: Vector
    double: Vector


def metric_layer(isa: Isa, indices: Sequence[int], generators: Sequence[Any]) -> Metric:
    """What to measure for one block: <K_i K_j> - <K_i><K_j> of the layer's generators."""
    count = len(generators)
    products = [
        [(0.5 * (a.dot(b) + b.dot(a))).simplify(1e-14) for b in generators] for a in generators
    ]
    first = generators[0]
    every = (sum(generators[1:], first) + _sum(products)).paulis.unique()
    kept = every[np.any(every.x | every.z, axis=1)]
    place = {label: i for i, label in enumerate(kept.to_labels())}
    single, double = np.zeros((count, len(kept) + 1)), np.zeros((count, count, len(kept) + 1))
    for i, generator in enumerate(generators):
        _spread(generator, place, single[i])
        for j in range(count):
            _spread(products[i][j], place, double[i, j])
    if not len(kept):
        return Metric(isa, np.asarray(indices, np.int64), (), 0, single, double)
    # The words go to the machine one by one, in the order of their groups.
    operator = type(first)(kept, np.arange(1, len(kept) + 1))
    groups = measurement_groups(isa.observable(operator))
    words = [word for group in groups for word in group]
    order = np.array([round(word.coeffs[0].real) - 1 for word in words])
    columns = np.append(order, len(kept))
    return Metric(
        isa,
        np.asarray(indices, np.int64),
        tuple(word / word.coeffs[0] for word in words),
        len(groups),
        single[:, columns],
        double[:, :, columns],
    )


def _sum(products: list[list[Any]]) -> Any:
    flat = [product for row in products for product in row]
    return sum(flat[1:], flat[0])


def _spread(operator: Any, place: dict[str, int], out: Vector) -> None:
    for label, weight in operator.to_list():
        out[place.get(label, -1)] += weight.real


def block_of(layer: Metric, words: Vector) -> Block:
    """A layer's indices and block, from the measured values of its words."""
    values = np.append(words, 1.0)
    single = layer.single @ values
    block = layer.double @ values - np.outer(single, single)
    return layer.indices, 0.5 * (block + block.T)
