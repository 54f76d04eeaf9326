"""A circuit with one angle for every parametrised gate, and how these hang on its parameters.

Shift rules act on gates, not on parameters: a parameter that is used twice, or inside an
expression, is differentiated gate by gate and put together by the chain rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suite.errors import missing
from suite.quantum.exact.definitions import definition_of
from suite.quantum.exact.lowering import bound_at
from suite.quantum.noise.gates import Gate, words_of
from suite.quantum.noise.ordering import in_layers

__all__ = ["Unrolled", "unroll"]

Vector = NDArray[np.float64]
_NOTHING = ("barrier", "delay", "id", "global_phase")
_WIDEST = 2  # qubits up to which a fixed gate is kept as a matrix


@dataclass(frozen=True, eq=False)
class Unrolled:
    """A circuit as gates with one angle each.

    `parameters` in the order of the circuit's; `circuit` is the same circuit with one parameter a
    gate, in the order of the angles; `expressions` give the angles by the parameters.
    """

    qubits: int
    parameters: tuple[Any, ...]
    gates: tuple[Gate, ...]
    circuit: Any
    expressions: tuple[Any, ...]

    @property
    def count(self) -> int:
        """Number of unrolled angles."""
        return len(self.expressions)

    @cached_property
    def rotations(self) -> tuple[Gate, ...]:
        """The gates with an angle, in its order."""
        return tuple(gate for gate in self.gates if gate.angle >= 0)

    @cached_property
    def _slopes(self) -> tuple[tuple[int, int, Any], ...]:
        place = {parameter: i for i, parameter in enumerate(self.parameters)}
        return tuple(
            (row, place[parameter], expression.gradient(parameter))
            for row, expression in enumerate(self.expressions)
            for parameter in expression.parameters
        )

    @cached_property
    def _linear(self) -> tuple[Vector, Vector] | None:
        """Constant and slopes where all angles are linear in the parameters."""
        if any(getattr(slope, "parameters", ()) for _, _, slope in self._slopes):
            return None
        nil = np.zeros(len(self.parameters))
        return self._bound(nil), self._jacobian(nil)

    def angles(self, values: Vector) -> Vector:
        """The unrolled angles [r] at parameter values [p]."""
        if self._linear is None:
            return self._bound(values)
        constant, slopes = self._linear
        return constant + slopes @ values

    def jacobian(self, values: Vector) -> Vector:
        """The slopes [r, p] of the angles by the parameters."""
        return self._jacobian(values) if self._linear is None else self._linear[1]

    def _bound(self, values: Vector) -> Vector:
        given = dict(zip(self.parameters, values.tolist(), strict=True))
        return np.array([bound_at(expression, given) for expression in self.expressions])

    def _jacobian(self, values: Vector) -> Vector:
        given = dict(zip(self.parameters, values.tolist(), strict=True))
        found = np.zeros((self.count, len(self.parameters)))
        for row, column, slope in self._slopes:
            found[row, column] = bound_at(slope, given)
        return found


def unroll(circuit: Any) -> Unrolled:
    """Give every parametrised gate of a circuit an angle of its own; measurements are left out.

    Raises `InputError` for a gate that is not unitary.

    >>> from qiskit import QuantumCircuit
    >>> from qiskit.circuit import Parameter
    >>> a, circuit = Parameter("a"), QuantumCircuit(1)
    >>> _ = circuit.ry(a, 0), circuit.rz(2 * a + 1, 0)
    >>> found = unroll(circuit)
    >>> found.angles(np.array([0.5])), found.jacobian(np.array([0.5])).ravel()
    (array([0.5, 2. ]), array([1., 2.]))
    """
    try:
        import qiskit  # noqa: F401
    except ImportError as error:
        raise missing("Qiskit", "quantum") from error
    bare = circuit.remove_final_measurements(inplace=False)
    found = _Builder()
    found.walk(bare, tuple(range(bare.num_qubits)))
    items = found.items
    free = [item.expression is not None for item in items]
    order = in_layers([item.gate for item in items], free, bare.num_qubits)
    gates, single, expressions = _written([items[i] for i in order], bare.num_qubits)
    return Unrolled(bare.num_qubits, tuple(circuit.parameters), gates, single, expressions)


class _Item(NamedTuple):
    """An instruction to be placed: its gate, and the expression of its angle where it has one."""

    operation: Any
    gate: Gate
    expression: Any = None


class _Builder:
    """Instructions collected while a circuit is walked through, and put in order."""

    def __init__(self) -> None:
        self.items: list[_Item] = []

    def walk(self, circuit: Any, qubits: tuple[int, ...]) -> None:
        """All instructions of a circuit that acts on these qubits."""
        index = dict(zip(circuit.qubits, qubits, strict=True))
        for instruction in circuit.data:
            self._gate(instruction.operation, tuple(index[bit] for bit in instruction.qubits))

    def _gate(self, gate: Any, qubits: tuple[int, ...]) -> None:
        name = gate.name
        if name in _NOTHING:
            return
        parameters: Any = getattr(gate, "params", ())
        free = any(getattr(value, "parameters", ()) for value in parameters)
        words = words_of(gate, qubits)
        if not free and len(qubits) <= _WIDEST and hasattr(gate, "__array__"):
            self.items.append(_Item(gate, Gate(qubits, np.asarray(gate, complex))))
        elif words is not None and free:
            self.items.append(_Item(gate, Gate(qubits, None, words), parameters[0]))
        elif words is not None:
            self.items.append(_Item(gate, Gate(qubits, None, words, -1, float(parameters[0]))))
        elif name in ("u", "u3"):
            self._euler(parameters, qubits)
        else:
            self.walk(definition_of(gate), qubits)

    def _euler(self, parameters: Any, qubits: tuple[int, ...]) -> None:
        from qiskit.circuit import library

        theta, phi, lam = parameters
        for kind, value in (("RZGate", lam), ("RYGate", theta), ("RZGate", phi)):
            self._gate(getattr(library, kind)(value), qubits)


def _written(items: list[_Item], width: int) -> tuple[tuple[Gate, ...], Any, tuple[Any, ...]]:
    """Gates, circuit and expressions of instructions in their order."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector

    count = sum(item.expression is not None for item in items)
    angles, circuit = ParameterVector("φ", count), QuantumCircuit(width)
    gates: list[Gate] = []
    expressions: list[Any] = []
    for operation, gate, expression in items:
        if expression is not None:
            operation = operation.copy()
            operation.params = [angles[len(expressions)]]
            gate = gate._replace(angle=len(expressions))
            expressions.append(expression)
        circuit.append(operation, gate.qubits)
        gates.append(gate)
    return tuple(gates), circuit, tuple(expressions)
