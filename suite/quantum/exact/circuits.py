"""Exact engine of any parametrised circuit: energy, gradient, metric and Gauss-Newton matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.errors import InputError, missing
from suite.quantum.exact.action import action, checked_observable, matrix_allowed, matrix_bytes
from suite.quantum.exact.evaluation import Evaluation, gathered
from suite.quantum.exact.kernel import WORD_LANES
from suite.quantum.exact.lowering import Lowered, angles, lower
from suite.quantum.exact.memory import allowance, rows_that_fit
from suite.quantum.exact.schedule import Direction, Order, adjoint, direction, middle, order_of
from suite.quantum.geometry import (
    Chain,
    Engine,
    Geometry,
    assemble,
    checked_values,
    products_of,
)

__all__ = ["CircuitEngine", "circuit_engine", "energy_gradient_metric", "engine_of"]

Vector = NDArray[np.float64]
States = NDArray[np.complex128]

TABLE_SHARE = 0.125
"""Share of the allowed memory that tables of phases may take."""


def engine_of(problem: Any, ansatz: Any) -> Engine:
    """The exact engine of a problem in an ansatz: in the particle-number sector where it has one.

    `ansatz` an `Ansatz` or a `QuantumCircuit`.
    """
    excitations = getattr(ansatz, "excitations", None)
    integrals = getattr(problem, "integrals", None)
    if excitations is not None and integrals is not None:
        from suite.quantum.exact.sector import sector_engine

        return sector_engine(integrals, excitations)
    return circuit_engine(getattr(ansatz, "circuit", ansatz), problem.observable)


def energy_gradient_metric(
    circuit: Any, observable: Any, values: ArrayLike
) -> tuple[float, Vector, Vector]:
    """Energy, gradient [p] and Fubini-Study metric [p, p] of any parametrised circuit.

    `circuit` a `QuantumCircuit`, `observable` a `SparsePauliOp` of the same width, `values` [p] in
    the order of `circuit.parameters`. For many points of one circuit, `circuit_engine` prepares it
    once. Raises `InputError` where they do not fit together.

    >>> from qiskit import QuantumCircuit
    >>> from qiskit.circuit import Parameter
    >>> from qiskit.quantum_info import SparsePauliOp
    >>> circuit = QuantumCircuit(1)
    >>> _ = circuit.ry(Parameter("a"), 0)
    >>> energy, gradient, metric = energy_gradient_metric(circuit, SparsePauliOp("Z"), [np.pi / 2])
    >>> round(energy, 12), gradient.round(12), metric.round(12)
    (0.0, array([-1.]), array([[0.25]]))
    """
    found = circuit_engine(circuit, observable).geometry(values, curvature=False)
    return found.energy, found.gradient, found.metric


def circuit_engine(circuit: Any, observable: Any) -> CircuitEngine:
    """The exact engine of any parametrised circuit.

    `circuit` a `QuantumCircuit`, whose parameters are taken in the order of `circuit.parameters`,
    `observable` a `SparsePauliOp` of the same width. Raises `InputError` where they do not fit
    together, for what is no unitary gate, and where the memory does not suffice.

    >>> from qiskit import QuantumCircuit
    >>> from qiskit.circuit import Parameter
    >>> from qiskit.quantum_info import SparsePauliOp
    >>> circuit = QuantumCircuit(1)
    >>> _ = circuit.ry(Parameter("a"), 0)
    >>> engine = circuit_engine(circuit, SparsePauliOp("Z"))
    >>> round(engine.energy([np.pi]), 12)
    -1.0
    """
    try:
        import qiskit  # noqa: F401
    except ImportError as error:
        raise missing("Qiskit", "quantum") from error
    if not hasattr(circuit, "num_qubits") or not hasattr(circuit, "data"):
        raise InputError(f"The circuit must be a QuantumCircuit. Got {circuit!r}.")
    observable = checked_observable(observable, circuit.num_qubits)
    matrix = min(matrix_bytes(observable), matrix_allowed())
    # The fewest that help: one chunk beside a state, its image and the seeds.
    what = f"{circuit.num_qubits} qubits with {circuit.num_parameters} parameters"
    rows_that_fit(what, 2 * WORD_LANES, 16 * 2**circuit.num_qubits, matrix, 2 * WORD_LANES)
    lowered = lower(circuit)
    tables = len(lowered.rotations) * 16 * 2**lowered.qubits <= TABLE_SHARE * allowance()
    return CircuitEngine(
        lowered,
        order_of(lowered.rotations, tables),
        angles(lowered),
        action(observable, lowered.frame),
        float(np.sum(np.abs(observable.coeffs))),
        matrix,
    )


@dataclass(frozen=True, eq=False)
class CircuitEngine:
    """An `Engine` of a circuit; its states are in the frame before the circuit's Clifford gates.

    Overlaps of its states are those of the circuit's. `statevector` gives the circuit's own.
    """

    lowered: Lowered
    order: Order
    angles: Callable[[Vector], tuple[Vector, Any]]
    act: Callable[[States], States]
    scale: float
    observable_bytes: int
    chains: dict[bool, tuple[Any, Chain]] = field(default_factory=dict, repr=False)

    @property
    def parameters(self) -> int:
        """Number of parameters, p."""
        return len(self.lowered.parameters)

    @property
    def dimension(self) -> int:
        """Number of amplitudes."""
        return int(2**self.lowered.qubits)

    def energy(self, values: ArrayLike) -> float:
        """The energy at parameter values [p]."""
        return Evaluation(self, checked_values(values, self.parameters)).energy

    def gradient(self, values: ArrayLike) -> tuple[float, Vector]:
        """Energy and gradient [p] by the adjoint sweep: state and image go back together.

        Jones and Gacon, arXiv:2009.02823.
        """
        found = Evaluation(self, checked_values(values, self.parameters))
        return found.energy, np.asarray(found.jacobian.T @ found.slopes(found.acted))

    def state(self, values: ArrayLike) -> States:
        """The state at parameter values [p]."""
        return Evaluation(self, checked_values(values, self.parameters)).state

    def overlaps(self, values: ArrayLike, vector: States) -> Vector:
        """Re<∂i|vector> [p] at parameter values [p], by the adjoint sweep."""
        found = Evaluation(self, checked_values(values, self.parameters))
        return 0.5 * np.asarray(found.jacobian.T @ found.slopes(vector))

    def geometry(self, values: ArrayLike, *, curvature: bool = True) -> Geometry:
        """Energy, gradient, metric and, where asked, the Gauss-Newton matrix at values [p]."""
        found = Evaluation(self, checked_values(values, self.parameters))
        way = self._whole if curvature else self._halves
        rows = [r for part in way for chunk in part.chunks for r in chunk.rows]
        fit = self._fit(len(rows), curvature)
        chain = found.chain(rows, curvature)
        if fit >= len(rows):
            groups = [[(part, part.chunks) for part in way]]
        else:  # two groups are held at a time
            size = fit // (2 * WORD_LANES)
            groups = [
                [(part, part.chunks[at : at + size])]
                for part in way
                for at in range(0, len(part.chunks), size)
            ]
        joined = len(groups) == 1 and len(rows) > self.parameters

        def derivatives(group: int) -> Vector:
            flat = gathered(found, groups[group])
            return chain.rows(flat) if joined else flat

        state, image = found.frame(way)
        products = products_of(
            [self.parameters]
            if joined
            else [sum(len(c.rows) for _, own in group for c in own) for group in groups],
            derivatives,
            image.view(float),
            (1j * state).view(float),
            (1j * (image - found.energy * state)).view(float),
            (lambda flat: self.act(flat.view(complex)).view(float)) if curvature else None,
        )
        return assemble(found.energy, products, None if joined else chain, found.state)

    def variance(self, state: States) -> float:
        """<H²> - <H>² at the `state` of one of this engine's answers."""
        acted = self.act(state[None])[0]
        energy = float(np.vdot(state, acted).real)
        return float(np.linalg.norm(acted - energy * state) ** 2)

    def spread(self, values: ArrayLike) -> float:
        """Standard deviation of the energy in the state at parameter values [p]."""
        found = Evaluation(self, checked_values(values, self.parameters))
        return float(np.linalg.norm(found.acted - found.energy * found.state))

    def statevector(self, values: ArrayLike) -> States:
        """The circuit's amplitudes [2^n] in Qiskit's order, up to a phase of the whole state."""
        state = Evaluation(self, checked_values(values, self.parameters)).state
        width = self.lowered.qubits
        for matrix, qubits in self.lowered.cliffords:
            axes = [width - 1 - qubit for qubit in reversed(qubits)]
            tensor = np.asarray(matrix).reshape((2,) * (2 * len(qubits)))
            inner = list(range(len(qubits), 2 * len(qubits)))
            moved = np.tensordot(tensor, state.reshape((2,) * width), axes=(inner, axes))
            state = np.moveaxis(moved, range(len(qubits)), axes).reshape(-1)
        return state

    @cached_property
    def _middle(self) -> int:
        return middle(self.order, self.lowered.rotations)

    @cached_property
    def _halves(self) -> tuple[Direction, ...]:
        last = len(self.order.blocks)
        rotations = self.lowered.rotations
        return (
            direction(self.order, rotations, 0, self._middle),
            direction(self.order, rotations, last, self._middle),
        )

    @cached_property
    def _whole(self) -> tuple[Direction, ...]:
        return (direction(self.order, self.lowered.rotations, 0, len(self.order.blocks)),)

    @cached_property
    def way_back(self) -> Any:
        """The adjoint sweep's operations."""
        return adjoint(self.order, self.lowered.rotations)

    def _fit(self, rows: int, curvature: bool) -> int:
        """Rows that may be held at once: themselves, their seeds, and their images."""
        sums = 1 if rows > self.parameters else 0
        each = 16 * self.dimension * (1 + 1 / WORD_LANES + sums + (3 if curvature else 0))
        fixed = 16 * self.dimension * (2 * WORD_LANES + 4 + 2 * self.order.tables)
        fixed += self.observable_bytes + 40 * rows * rows
        what = f"{self.lowered.qubits} qubits with {self.parameters} parameters"
        return rows_that_fit(what, rows, int(each), fixed, 2 * WORD_LANES)
