"""What one run of VQE is asked: a problem in an ansatz, where to start and stop, on what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from suite.errors import InputError
from suite.quantum.ansatz.named import Ansatz
from suite.quantum.problems.hamiltonian import Problem
from suite.quantum.request import ORDERS

__all__ = ["EVALUATIONS", "EXACT", "SIMULATOR", "Task"]

EXACT, SIMULATOR = "exact", "simulator"
"""The backends where nobody chose: without shots and with them."""
EVALUATIONS = 500
"""Evaluations at most on the exact engine, where nobody says."""
LARGEST_SEED = 2**63


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A problem with its ansatz, where to start and stop, and what is to run it.

    `circuit` may be given as an `Ansatz`, which is then unpacked: `excitations` are its own, and
    `ansatz` the name. `method`, `shots`, the two limits and the `order` of jobs are None where
    nobody chose; `overlaps` asks for the angle by which a step really turned the state. `mode` and
    `resilience` are of the jobs on a machine. `backend` is a name or a Qiskit backend; without one
    it is the simulator where there are shots, else the exact engine; without a bound on
    `evaluations` that engine gets 500, and shots alone bound a search that has them.
    """

    problem: Problem
    circuit: Any
    ansatz: str
    gradient: float = 1e-6
    evaluations: int | None = None
    seed: int = 0
    start: Any = None
    method: str | None = None
    backend: Any = ""
    shots: int | None = None
    max_shots: int | None = None
    max_qpu_seconds: float | None = None
    excitations: Any = None
    order: str | None = None
    overlaps: bool = False
    mode: str | None = None
    resilience: int | None = None

    def __post_init__(self) -> None:
        self._unpack()
        self._settle()
        self._check_kinds()
        if not 0.0 < self.gradient < float("inf"):
            raise InputError(f"gradient must be positive and finite. Got {self.gradient}.")
        if self.evaluations is not None and self.evaluations < 1:
            raise InputError(f"evaluations must be at least 1. Got {self.evaluations}.")
        if not 0 <= self.seed < LARGEST_SEED:
            raise InputError(f"seed must be from 0 to 2^63 - 1. Got {self.seed}.")
        if self.order not in (None, *ORDERS):
            raise InputError(f"order must be one of {', '.join(ORDERS)}. Got {self.order!r}.")
        for name in ("shots", "max_shots", "max_qpu_seconds"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise InputError(f"{name} must be positive and finite. Got {value}.")

    def _check_kinds(self) -> None:
        """Numbers are numbers, and those that count whole."""
        for name in ("gradient", "max_qpu_seconds"):
            value = getattr(self, name)
            if value is not None and not _is_number(value):
                raise InputError(f"{name} must be a number. Got {value!r}.")
        for name in ("evaluations", "seed", "shots", "max_shots", "resilience"):
            value = getattr(self, name)
            if value is not None and not _is_whole(value):
                raise InputError(f"{name} must be a whole number. Got {value!r}.")

    def _unpack(self) -> None:
        """The circuit and the excitations of an `Ansatz`; refuses one of another width."""
        if isinstance(self.circuit, Ansatz):
            object.__setattr__(self, "excitations", self.circuit.excitations)
            object.__setattr__(self, "circuit", self.circuit.circuit)
        if self.circuit.num_qubits != self.problem.qubits:
            raise InputError(
                f"The observable acts on {self.problem.qubits} qubits, the circuit has "
                f"{self.circuit.num_qubits}."
            )

    def _settle(self) -> None:
        """The backend and the bound on evaluations where nobody chose them."""
        measured = self.shots is not None or self.max_shots is not None
        if not self.backend:
            object.__setattr__(self, "backend", SIMULATOR if measured else EXACT)
        if self.backend == EXACT and measured:
            name = "shots" if self.shots is not None else "max_shots"
            raise InputError(
                f"The backend {EXACT!r} measures nothing and takes no shots. Got {name} = "
                f"{getattr(self, name):,}: leave them out, or name the backend {SIMULATOR!r}, "
                f"which draws them from exact probabilities."
            )
        if self.backend == EXACT and self.evaluations is None:
            object.__setattr__(self, "evaluations", EVALUATIONS)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    if not _is_number(value):
        return False
    return isinstance(value, int) or not np.isfinite(value) or float(value).is_integer()
