"""Any parametrised circuit as a list of rotations about Pauli words.

Fixed gates that are Cliffords go into the frame; every other gate is one or more rotations
exp(-iφ Σ c P) about commuting words, with φ a function of the parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from suite.errors import InputError, OutOfDomain
from suite.quantum.exact.definitions import definition_of
from suite.quantum.exact.generators import (
    ROTATIONS,
    Letters,
    letters_of,
    placed,
)
from suite.quantum.exact.pauli_frame import (
    Frame,
    Pauli,
    clifford_images,
    commute,
    pauli_of,
    word_matrix,
)
from suite.quantum.exact.resets import IDLE, without_idle_resets

__all__ = ["Lowered", "Rotation", "angles", "bound_at", "lower"]

Vector = NDArray[np.float64]
# A word and its coefficient: x mask, z mask, c.
Word: TypeAlias = tuple[int, int, float]

WIDEST = 2
"""Qubits up to which a fixed gate is looked at as a matrix."""
FAR = 64
"""How many rotations back a rotation may slide, past those it commutes with, to join another."""


class Angle(NamedTuple):
    """φ = constant + Σ slope·parameter; where that is not so, the expression with its slopes."""

    constant: float
    slopes: tuple[tuple[int, float], ...] = ()
    expression: Any = None
    gradients: tuple[tuple[int, Any], ...] = ()


class Rotation(NamedTuple):
    """exp(-iφ Σ c P) about commuting words, in the frame before all Clifford gates."""

    words: tuple[Word, ...]
    angle: Angle

    @property
    def free(self) -> bool:
        """Whether its angle hangs on a parameter."""
        return bool(self.angle.slopes or self.angle.gradients)

    @property
    def diagonal(self) -> bool:
        """Whether all its words are of Z and I."""
        return all(x == 0 for x, _, _ in self.words)

    def commutes(self, other: Rotation) -> bool:
        """Whether the two may change places."""
        return all(commute(a[:2], b[:2]) for a in self.words for b in other.words)


@dataclass(frozen=True, slots=True, eq=False)
class Lowered:
    """A circuit as rotations, then Clifford gates.

    `parameters` in the order of `circuit.parameters`; `frame` pulls the observable's words through
    the Clifford gates; `cliffords` are these gates, matrix and qubits, in their order.
    """

    qubits: int
    parameters: tuple[Any, ...]
    rotations: tuple[Rotation, ...]
    frame: Frame
    cliffords: tuple[tuple[Any, tuple[int, ...]], ...]


def lower(circuit: Any) -> Lowered:
    """Bring a circuit to rotations about Pauli words; parameters stay symbolic.

    Final measurements and resets of fresh qubits are left out. Raises `InputError` for what is no
    unitary gate; warns where words of an evolution do not commute.
    """
    found = _Builder(circuit)
    bare = without_idle_resets(circuit.remove_final_measurements(inplace=False))
    found.walk(bare, tuple(range(bare.num_qubits)))
    return Lowered(
        circuit.num_qubits,
        tuple(circuit.parameters),
        tuple(found.rotations),
        found.frame,
        tuple(found.cliffords),
    )


class _Builder:
    """The rotations and the frame while a circuit is walked through."""

    def __init__(self, circuit: Any) -> None:
        self.place = {parameter: i for i, parameter in enumerate(circuit.parameters)}
        self.frame = Frame(circuit.num_qubits)
        self.rotations: list[Rotation] = []
        self.cliffords: list[tuple[Any, tuple[int, ...]]] = []
        self.images: dict[bytes, Any] = {}

    def walk(self, circuit: Any, qubits: tuple[int, ...]) -> None:
        """All instructions of a circuit that acts on these qubits."""
        index = dict(zip(circuit.qubits, qubits, strict=True))
        for instruction in circuit.data:
            self._gate(instruction.operation, tuple(index[bit] for bit in instruction.qubits))

    def _gate(self, gate: Any, qubits: tuple[int, ...]) -> None:
        name, parameters = gate.name, getattr(gate, "params", ())
        if name in IDLE:
            return
        if self._clifford(gate, qubits):
            return
        if (letters := letters_of(gate)) is not None:
            self._rotate(placed(letters, qubits), self._free(gate, letters, qubits))
        elif name in ("u", "u3"):
            for rotation, place in (("rz", 2), ("ry", 0), ("rz", 1)):
                self._rotate(placed(ROTATIONS[rotation], qubits), parameters[place])
        else:
            self.walk(definition_of(gate), qubits)

    def _free(self, gate: Any, letters: Letters, qubits: tuple[int, ...]) -> Any:
        """A rotation's angle; a fixed share of it that is a Clifford gate goes into the frame.

        Transpilers write such shares, and without them rotations of one parameter join again.
        """
        value = gate.params[0]
        if len(letters) > 1 or len(qubits) > WIDEST:
            return value
        angle, scale = _angle(value, self.place)
        offset = angle.constant * scale * letters[0][0]
        eighths = offset / (0.25 * np.pi)
        if not angle.slopes or abs(eighths - round(eighths)) > 1e-12:
            return value
        if round(eighths):
            word = pauli_of(letters[0][1])
            matrix = 1j**word.phase * word_matrix(word.x, word.z, len(qubits))
            turn = np.cos(offset) * np.eye(len(matrix)) - 1j * np.sin(offset) * matrix
            self._take(turn, qubits)
        return value - angle.constant * scale

    def _clifford(self, gate: Any, qubits: tuple[int, ...]) -> bool:
        """Take a fixed Clifford gate into the frame."""
        free = any(getattr(value, "parameters", ()) for value in getattr(gate, "params", ()))
        if free or len(qubits) > WIDEST or not hasattr(gate, "__array__"):
            return False
        return self._take(np.asarray(gate, complex), qubits)

    def _take(self, matrix: Any, qubits: tuple[int, ...]) -> bool:
        """Take a matrix into the frame if it is a Clifford gate."""
        key = matrix.tobytes()
        if key not in self.images:
            self.images[key] = clifford_images(matrix)
        if self.images[key] is None:
            return False
        self.frame.append(self.images[key], qubits)
        self.cliffords.append((matrix, qubits))
        return True

    def _rotate(self, words: Iterator[tuple[float, Pauli]], value: Any) -> None:
        pulled = [(c, self.frame.pull(word)) for c, word in words]
        angle, scale = _angle(value, self.place)
        sums: dict[tuple[int, int], float] = {}
        for c, word in pulled:
            key = (word.x, word.z)
            sums[key] = sums.get(key, 0.0) + scale * c * word.sign
        kept = tuple((x, z, c) for (x, z), c in sums.items() if (x or z) and c != 0.0)
        if kept:
            self._join(Rotation(kept, angle))

    def _join(self, new: Rotation) -> None:
        """Append a rotation, or add its words to an earlier one of the same angle if they commute.

        One row of derivatives then serves a whole layer that shares a parameter.
        """
        for place in range(len(self.rotations) - 1, max(-1, len(self.rotations) - FAR), -1):
            old = self.rotations[place]
            if not new.commutes(old):
                break
            if not new.angle.gradients and old.angle == new.angle:
                words = {w[:2]: w[2] for w in old.words}
                for x, z, c in new.words:
                    words[x, z] = words.get((x, z), 0.0) + c
                merged = tuple((x, z, c) for (x, z), c in words.items() if c != 0.0)
                self.rotations[place] = Rotation(merged, old.angle)
                return
        self.rotations.append(new)


def _angle(value: Any, place: dict[Any, int]) -> tuple[Angle, float]:
    """The angle as a function of the parameters, and the factor taken out of it."""
    mine = sorted(getattr(value, "parameters", ()), key=place.__getitem__)
    if not mine:
        return Angle(1.0), _real(value)
    gradients = tuple((place[p], value.gradient(p)) for p in mine)
    if any(getattr(slope, "parameters", ()) for _, slope in gradients):
        return Angle(0.0, (), value, gradients), 1.0
    slopes = tuple((i, _real(slope)) for i, slope in gradients)
    constant = _real(value.bind(dict.fromkeys(mine, 0.0)))
    if len(slopes) == 1 and slopes[0][1] != 0.0:
        ((i, slope),) = slopes
        return Angle(constant / slope, ((i, 1.0),)), slope
    return Angle(constant, slopes), 1.0


def _real(value: Any) -> float:
    number = complex(value)
    if number.imag != 0.0 or not np.isfinite(number.real):
        raise InputError(f"A gate's angle must be real and finite. Got {number}.")
    return number.real


def angles(lowered: Lowered) -> Callable[[Vector], tuple[Vector, Any]]:
    """A function from parameter values [p] to all rotations' angles [r] and slopes [r, p]."""
    from scipy.sparse import csr_array

    count = len(lowered.parameters)
    constant = np.array([r.angle.constant for r in lowered.rotations])
    entries = [
        (row, i, slope) for row, r in enumerate(lowered.rotations) for i, slope in r.angle.slopes
    ]
    rows, columns, slopes = (
        (np.array(part) for part in zip(*entries, strict=True))
        if entries
        else (np.zeros(0, int), np.zeros(0, int), np.zeros(0))
    )
    shape = (len(lowered.rotations), count)
    linear = csr_array((slopes, (rows, columns)), shape=shape)
    bent = [row for row, r in enumerate(lowered.rotations) if r.angle.gradients]
    if not bent:
        return lambda values: (constant + linear @ values, linear)

    def at(values: Vector) -> tuple[Vector, Any]:
        found, jacobian = constant + linear @ values, linear.tolil()
        for row in bent:
            angle = lowered.rotations[row].angle
            bound = {p: float(values[i]) for i, p in enumerate(lowered.parameters)}
            found[row] = bound_at(angle.expression, bound)
            for i, gradient in angle.gradients:
                jacobian[row, i] = bound_at(gradient, bound)
        return found, jacobian.tocsr()

    return at


def bound_at(expression: Any, values: dict[Any, float]) -> float:
    """A gate's angle, or its slope, at parameter values; raises `OutOfDomain` where it has none."""
    mine = {p: values[p] for p in getattr(expression, "parameters", ())}
    try:
        found = complex(expression.bind(mine) if mine else expression)
    except (ArithmeticError, RuntimeError, TypeError, ValueError):
        found = complex(np.nan)
    if found.imag != 0.0 or not np.isfinite(found.real):
        where = ", ".join(f"{p.name} = {value:.6g}" for p, value in mine.items())
        raise OutOfDomain(
            f"A gate's angle must be real and finite, with its slopes. Got {found} of "
            f"{expression} at {where}: start elsewhere."
        )
    return found.real
