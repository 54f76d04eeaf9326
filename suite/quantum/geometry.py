"""Energy, gradient and quantum geometric tensor of a circuit, exactly, in one derivative sweep.

The circuit is brought to fixed gates and rotations exp(-iφP/2); the derivative of the state by each
parameter is carried through the circuit beside the state itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.errors import InputError, missing

__all__ = ["Compiled", "Geometry", "compile_circuit", "energy_gradient_metric", "evaluate"]

Vector = NDArray[np.float64]
States = NDArray[np.complex128]

MOST_BYTES = 8 * 2**30
_ROTATIONS = {"rx": "x", "ry": "y", "rz": "z", "p": "p"}
_FIXED = ("h", "x", "y", "z", "s", "sdg", "sx", "sxdg", "t", "tdg", "cx", "cz", "swap")
# Derivatives of rx, ry, rz, p by their angle are these matrices times the gate.
_GENERATORS = {
    "x": -0.5j * np.array([[0, 1], [1, 0]]),
    "y": -0.5j * np.array([[0, -1j], [1j, 0]]),
    "z": -0.5j * np.array([[1, 0], [0, -1]]),
    "p": 1j * np.array([[0, 0], [0, 1]]),
}


class Geometry(NamedTuple):
    """What a step needs to know at one point.

    `energy`; `gradient` [p]; `metric` [p, p] Fubini-Study, Re<∂i|∂j> - <∂i|ψ><ψ|∂j>;
    `curvature` [p, p] the Gauss-Newton matrix 2 Re<di|H - E|dj> with d the derivatives across the
    state; `state` [2^n] amplitudes.
    """

    energy: float
    gradient: Vector
    metric: Vector
    curvature: Vector
    state: States


class _Gate(NamedTuple):
    """A gate: its matrix, or the letter of its rotation with how its angle hangs on parameters."""

    qubits: tuple[int, ...]
    matrix: Any
    letter: str
    angle: Any
    slopes: tuple[tuple[int, Any], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A circuit as gates, with its parameters in the order of `circuit.parameters`."""

    qubits: int
    parameters: tuple[Any, ...]
    gates: tuple[_Gate, ...]


def energy_gradient_metric(
    circuit: Any, observable: Any, values: ArrayLike
) -> tuple[float, Vector, Vector]:
    """Energy, gradient [p] and Fubini-Study metric [p, p] of any parametrised circuit.

    `circuit` a `QuantumCircuit`, `observable` a `SparsePauliOp` of the same width, `values` [p] in
    the order of `circuit.parameters`. Raises `InputError` where they do not fit together.

    >>> from qiskit import QuantumCircuit
    >>> from qiskit.circuit import Parameter
    >>> from qiskit.quantum_info import SparsePauliOp
    >>> circuit = QuantumCircuit(1)
    >>> _ = circuit.ry(Parameter("a"), 0)
    >>> energy, gradient, metric = energy_gradient_metric(circuit, SparsePauliOp("Z"), [np.pi / 2])
    >>> round(energy, 12), gradient.round(12), metric.round(12)
    (0.0, array([-1.]), array([[0.25]]))
    """
    found = evaluate(compile_circuit(circuit), sparse_matrix(observable, circuit), values)
    return found.energy, found.gradient, found.metric


def sparse_matrix(observable: Any, circuit: Any) -> Any:
    """The observable as a sparse matrix, checked against the circuit and the memory."""
    if not hasattr(observable, "to_matrix") or not hasattr(observable, "coeffs"):
        raise InputError(f"The observable must be a SparsePauliOp. Got {observable!r}.")
    if observable.num_qubits != circuit.num_qubits:
        raise InputError(
            f"The observable acts on {observable.num_qubits} qubits, "
            f"the circuit has {circuit.num_qubits}."
        )
    wrong = np.flatnonzero(np.abs(observable.coeffs.imag) > 1e-12 * np.abs(observable.coeffs))
    if len(wrong):
        word, value = observable.to_list()[int(wrong[0])]
        raise InputError(f"An observable must have real coefficients. Got {value} for {word}.")
    _check_memory(observable.num_qubits, circuit.num_parameters, len(observable))
    return observable.to_matrix(sparse=True).tocsr()


def _check_memory(qubits: int, parameters: int, terms: int) -> None:
    """Refuse what does not fit: two sets of derivatives, and the observable's nonzero elements."""
    need = (16 * (2 * parameters + 2) + 24 * terms) * 2**qubits
    if need > MOST_BYTES:
        raise InputError(
            f"{qubits} qubits with {parameters} parameters and {terms} terms need "
            f"{need / 2**30:.0f} GiB of memory; {MOST_BYTES / 2**30:.0f} are allowed."
        )


def compile_circuit(circuit: Any) -> Compiled:
    """Bring a circuit to the gates that `evaluate` knows; parameters stay symbolic."""
    try:
        from qiskit import transpile
    except ImportError as error:
        raise missing("Qiskit", "quantum") from error
    parameters = tuple(circuit.parameters)
    bare = circuit.remove_final_measurements(inplace=False)
    basis = [*_ROTATIONS, *_FIXED]
    simple = transpile(bare, basis_gates=basis, optimization_level=0)
    place = {parameter: i for i, parameter in enumerate(parameters)}
    gates = []
    for instruction in simple.data:
        name = instruction.operation.name
        qubits = tuple(simple.find_bit(q).index for q in instruction.qubits)
        if name in ("barrier", "delay"):
            continue
        if name in _ROTATIONS:
            gates.append(
                _rotation(_ROTATIONS[name], qubits, instruction.operation.params[0], place)
            )
        elif name in _FIXED:
            gates.append(_Gate(qubits, instruction.operation.to_matrix(), "", None, ()))
        else:
            raise InputError(f"The circuit has a {name!r}, which is no unitary gate.")
    return Compiled(circuit.num_qubits, parameters, tuple(gates))


def _rotation(letter: str, qubits: tuple[int, ...], angle: Any, place: dict[Any, int]) -> _Gate:
    mine = getattr(angle, "parameters", ())
    slopes = tuple((place[parameter], angle.gradient(parameter)) for parameter in mine)
    return _Gate(qubits, None, letter, angle if slopes else float(angle), slopes)


def evaluate(compiled: Compiled, observable: Any, values: ArrayLike) -> Geometry:
    """Energy, gradient, metric and curvature at parameter values [p].

    Raises `InputError` for a wrong number of values or one that is not finite.
    """
    values = np.asarray(values, float)
    count, dimension = len(compiled.parameters), 2**compiled.qubits
    if values.shape != (count,):
        raise InputError(f"The circuit has {count} parameters. Got values of shape {values.shape}.")
    if not np.all(np.isfinite(values)):
        raise InputError(f"Parameter values must be finite. Got {values[~np.isfinite(values)][0]}.")
    sweep = np.zeros((count + 1, dimension), complex)  # the derivatives, and last the state
    sweep[-1, 0] = 1.0
    bound = dict(zip(compiled.parameters, values, strict=True))
    for gate in compiled.gates:
        sweep = _apply(sweep, gate, bound)
    state, derivatives = sweep[-1], sweep[:-1]
    acted = observable @ state
    energy = float(np.vdot(state, acted).real)
    across = derivatives - np.outer(derivatives @ state.conj(), state)
    metric = (across.conj() @ across.T).real
    curved = (observable @ across.T).T - energy * across
    return Geometry(
        energy,
        2.0 * (derivatives.conj() @ acted).real,
        0.5 * (metric + metric.T),
        2.0 * (across.conj() @ curved.T).real,
        state,
    )


def _apply(sweep: States, gate: _Gate, bound: dict[Any, float]) -> States:
    """One gate on all rows; a parametrised one adds its own share to the derivatives."""
    if gate.matrix is not None:
        return _act(sweep, gate.matrix, gate.qubits)
    angle = _number(gate.angle, bound)
    generator = _GENERATORS[gate.letter]
    sweep = _act(sweep, _exponential(gate.letter, angle), gate.qubits)
    if gate.slopes:
        turned = _act(sweep[-1:], generator, gate.qubits)[0]
        for row, slope in gate.slopes:
            sweep[row] += _number(slope, bound) * turned
    return sweep


def _number(expression: Any, bound: dict[Any, float]) -> float:
    """The value of a parameter expression."""
    names = getattr(expression, "parameters", None)
    if not names:
        return float(expression)
    return float(expression.bind({name: bound[name] for name in names}))


def _exponential(letter: str, angle: float) -> Any:
    if letter == "p":
        return np.array([[1, 0], [0, np.exp(1j * angle)]])
    return np.cos(angle / 2) * np.eye(2) + 2.0 * np.sin(angle / 2) * _GENERATORS[letter]


def _act(sweep: States, matrix: Any, qubits: tuple[int, ...]) -> States:
    """A gate's matrix on some qubits of all rows; qubit 0 is the fastest index (Qiskit's order)."""
    rows, dimension = sweep.shape
    width = dimension.bit_length() - 1
    axes = [width - qubit for qubit in reversed(qubits)]  # axis 0 is the row
    tensor = sweep.reshape(rows, *(2,) * width)
    shaped = matrix.reshape((2,) * (2 * len(qubits)))
    inner = list(range(len(qubits), 2 * len(qubits)))
    out = np.tensordot(shaped, tensor, axes=(inner, axes))
    return np.moveaxis(out, range(len(qubits)), axes).reshape(rows, dimension)
