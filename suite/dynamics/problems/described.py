"""What a named problem is: its function, span and start, and what is known of its solution."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from numpy.typing import NDArray

__all__ = ["Invariant", "ODEProblem", "Rate", "Vector"]

Vector: TypeAlias = NDArray[Any]
Rate: TypeAlias = Callable[[float, Vector], Vector]
Invariant: TypeAlias = Callable[[float, Vector], float]


@dataclass(frozen=True, eq=False)
class ODEProblem:
    """An initial value problem y' = fun(t, y), y(t_span[0]) = y0, asked for until t_span[1].

    `jacobian(t, y)` answers df/dy [n, n] where it is known, `invariants` are functions of (t, y)
    that the solution keeps, `names` those of its components. `singular_time` is where the solution
    ends in a singularity, if it does; `t_span` then reaches beyond it.
    """

    name: str
    fun: Rate
    t_span: tuple[float, float]
    y0: tuple[float, ...]
    names: tuple[str, ...]
    source: str
    jacobian: Rate | None = None
    invariants: Mapping[str, Invariant] = field(default_factory=dict)
    singular_time: float | None = None
