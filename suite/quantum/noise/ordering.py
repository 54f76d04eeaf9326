"""Gates in an order in which those that one local basis measures stand next to each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.quantum.noise.gates import Gate

__all__ = ["fits", "in_layers"]


def in_layers(gates: list[Gate], free: list[bool], width: int) -> list[int]:
    """An order of a circuit's gates, those that share a qubit in theirs; `free` have an angle.

    An open layer takes what fits it; then fixed gates go, which close it on their qubits; then a
    new layer is opened.
    """
    queues = [[i for i, gate in enumerate(gates) if q in gate.qubits] for q in range(width)]
    heads = [0] * width
    bases = [gate.basis(width) if own else None for gate, own in zip(gates, free, strict=True)]
    order: list[int] = []
    layer, touched = np.zeros(width, np.int64), 0
    for _ in gates:
        chosen, rank = _next(_ready(gates, queues, heads), bases, layer, touched)
        if rank == _FIXED:
            touched |= gates[chosen].support
        elif rank == _NEW:
            layer, touched = np.asarray(bases[chosen]), 0
        else:
            layer = np.maximum(layer, np.asarray(bases[chosen]))
        order.append(chosen)
        for q in gates[chosen].qubits:
            heads[q] += 1
    return order


_FITTING, _FIXED, _NEW = range(3)


def _next(ready: list[int], bases: list[Any], layer: Any, touched: int) -> tuple[int, int]:
    """The first gate of the lowest rank among those that are ready, and its rank."""
    ranks = [
        _FIXED if bases[i] is None else _FITTING if fits(bases[i], layer, touched) else _NEW
        for i in ready
    ]
    rank = min(ranks)
    return ready[ranks.index(rank)], rank


def _ready(gates: list[Gate], queues: list[list[int]], heads: list[int]) -> list[int]:
    """Gates that come next on all of their qubits, in their order."""
    first = {q: queue[heads[q]] for q, queue in enumerate(queues) if heads[q] < len(queue)}
    return [i for i in sorted(set(first.values())) if all(first[q] == i for q in gates[i].qubits)]


def fits(own: Any, basis: Any, touched: int) -> bool:
    """Whether a generator's basis [n] goes with that of a layer whose `touched` qubits are shut."""
    if any(own[q] and touched >> q & 1 for q in range(len(own))):
        return False
    return not np.any((own > 0) & (basis > 0) & (own != basis))
