"""A machine as something to measure with: energies, metric blocks and fidelities in one job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from suite.core import Store
from suite.errors import InputError
from suite.quantum.hardware.fidelity import MOST_FIDELITY_QUBITS, fidelity_circuit
from suite.quantum.hardware.jobs import Ledger, ledger_of
from suite.quantum.hardware.layout import (
    Isa,
    isa_of,
    measurement_groups,
    packed,
    squares_of,
    unpacked,
)
from suite.quantum.hardware.metric import metric_layer
from suite.quantum.hardware.plan import Plan
from suite.quantum.hardware.pricing import Price
from suite.quantum.hardware.primitives import STATEVECTOR, Machine
from suite.quantum.hardware.program import Circuits, Program, build, price_of, read
from suite.quantum.request import Block, Estimates, Layer, Measured, Request, checked

__all__ = ["HardwareMeasurer", "measurer_of"]

Vector = NDArray[np.float64]
_LAYOUT_SEED = 20_23


@dataclass(slots=True, eq=False)
class HardwareMeasurer:
    """Measures on a machine; every call is one job, kept by the ledger of the run.

    `measure(request, number)` is the instrument of a method with shots; `at(number)` the measurer
    of one attempt, for single questions: its jobs are named after it, so that a run that
    is resumed asks for the same jobs. `backwards` makes the circuit of fidelities, which few runs
    need.
    """

    machine: Machine
    circuits: Circuits
    ledger: Ledger
    number: int = 0
    backwards: Callable[[], Isa] | None = None
    _names: dict[str, int] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """Length of the parameter vectors."""
        return len(self.circuits.parameters)

    def at(self, number: int) -> HardwareMeasurer:
        """The measurer of the attempt of that number."""
        return replace(self, number=int(number), _names={})

    def close(self) -> None:
        """End the session or batch, if one was opened."""
        end = getattr(self.ledger.service, "close", None)
        if end is not None:
            end()

    def price(self, request: Request) -> Price:
        """What a request would cost, from the program that would be submitted."""
        program = self._program(request)
        return price_of(program, self.machine.timing, self.ledger.factor)

    def _prepare(self, request: Request) -> None:
        """Make the circuit of fidelities where a request is the first to ask for any."""
        if request.pairs is not None and self.circuits.fidelity is None and self.backwards:
            self.circuits = replace(self.circuits, fidelity=self.backwards())

    def _program(self, request: Request) -> Program:
        request = checked(request, self.parameters)
        self._prepare(request)
        return build(request, self.circuits, self.machine.timing)

    def plan(
        self,
        request: Request,
        attempts: int,
        *,
        final: Request | None = None,
        budget: dict[str, float] | None = None,
        order: str = "",
    ) -> Plan:
        """The worst case of a run of that many attempts of at most that request."""
        each = self.price(request)
        return Plan(
            self.machine.name,
            each,
            attempts,
            each.times(attempts),
            Price() if final is None else self.price(final),
            budget or {},
            order,
            self.machine.open_plan,
            self.machine.remote,
        )

    def measure(self, request: Request, number: int, groups: Any = None) -> tuple[Measured, Any]:
        """Everything of a request in one job of the attempt `number`.

        `groups` is handed back: the shots of a row are the same for all its measurement groups.
        Raises `InputError` for values that cannot be bound, `BudgetExhausted` before a job is
        submitted that would pass the budget, `JobFailed` for a service that gives no result.
        """
        self._prepare(request)
        here = self if number == self.number else self.at(number)
        what = f"measure.{request.part + 1}" if request.part else "measure"
        return here._measured(request, what), groups

    def _measured(self, request: Request, what: str) -> Measured:
        timing = self.machine.timing
        program = self._program(request)
        if not program.pubs:
            return read(program, (), self.circuits, timing)
        price = price_of(program, timing, self.ledger.factor)
        result = self.ledger.measure(self._key(what), program, price)
        answers = list(zip(result["values"], result["errors"], strict=True))
        found = read(program, answers, self.circuits, timing)
        return found._replace(
            qpu_seconds=float(result.get("qpu_seconds", 0.0)),
            queue_seconds=float(result.get("queue_seconds", 0.0)),
        )

    def _key(self, what: str) -> str:
        """A name for the next job: attempt, what, and how many of it came before."""
        count = self._names.get(what, 0)
        self._names[what] = count + 1
        return f"{self.number}:{what}" + (f":{count + 1}" if count else "")

    def energies(self, rows: ArrayLike, shots: ArrayLike) -> Estimates:
        """Energies at rows [r, p], with shots [r] each over all measurement groups."""
        found = self._measured(Request(rows=rows, shots=shots), "energies").energies
        return found or Estimates(np.zeros(0), np.zeros(0), 0)

    def layer_covariances(self, values: ArrayLike, shots: int) -> tuple[list[Block], int]:
        """The blocks of the metric at values [p], with `shots` a layer; and the shots spent."""
        found = self._measured(Request(values=values, metric_shots=shots), "metric")
        return list(found.blocks), found.metric_shots

    def fidelities(self, pairs: ArrayLike, shots: int) -> Estimates:
        """|<ψ(a)|ψ(b)>|² of pairs [k, 2, p], by running one circuit and the other backwards."""
        found = self._measured(Request(pairs=pairs, pair_shots=shots), "fidelities").fidelities
        return found or Estimates(np.zeros(0), np.zeros(0), 0)


def measurer_of(
    machine: Machine,
    circuit: Any,
    observable: Any,
    layers: Sequence[Layer] = (),
    *,
    store: Store | None = None,
    budget: dict[str, float] | None = None,
    tell: Callable[[str], object] = lambda _: None,
) -> HardwareMeasurer:
    """Transpile once what a run needs on a machine, and answer what measures with it.

    `circuit` with p named parameters, `observable` a `SparsePauliOp` of its width, `layers` of the
    metric. With a `store` the machine's circuits and all jobs are kept, and a run that is resumed
    goes on with them. `tell` hears of queues and trouble.
    """
    _check(machine, circuit, observable)
    ledger = ledger_of(machine, store, budget, tell)

    def isa(name: str, logical: Any, places: list[int] | None = None) -> Isa:
        def make(_: str) -> dict[str, Any]:
            return packed(isa_of(logical, machine.backend, _LAYOUT_SEED, places))

        # The key is of the work, not of the machine: the store refuses another backend by itself.
        return unpacked(ledger.keeper.once(f"isa:{name}", lambda _: "here", make))

    energy = isa("energy", circuit)
    places = energy.places()
    words = observable.simplify()
    moves = np.any(words.paulis.x | words.paulis.z, axis=1)
    if not moves.any():
        raise InputError("The observable is a constant: there is nothing to measure.")
    metric = [
        metric_layer(isa(f"metric {i}", layer.circuit, places), layer.indices, layer.generators)
        for i, layer in enumerate(layers)
    ]

    def backwards() -> Isa:
        return isa("fidelity", fidelity_circuit(circuit), places)

    groups = measurement_groups(energy.observable(words[moves]))
    # The noise of an ideal simulator is known without.
    squares = [] if machine.kind == STATEVECTOR else squares_of(groups)
    circuits = Circuits(
        tuple(parameter.name for parameter in circuit.parameters),
        energy,
        float(words.coeffs[~moves].real.sum()),
        tuple(groups),
        tuple(metric),
        None,
        int(circuit.num_qubits),
        tuple(squares),
        machine.bounded,
    )
    small = circuit.num_qubits <= MOST_FIDELITY_QUBITS
    return HardwareMeasurer(machine, circuits, ledger, backwards=backwards if small else None)


def _check(machine: Machine, circuit: Any, observable: Any) -> None:
    if observable.num_qubits != circuit.num_qubits:
        raise InputError(
            f"The observable acts on {observable.num_qubits} qubits, "
            f"the circuit has {circuit.num_qubits}."
        )
    if not circuit.num_parameters:
        raise InputError("The circuit has no parameters: there is nothing to optimise.")
    most = getattr(machine.backend, "num_qubits", None)
    if most is not None and circuit.num_qubits > most:
        raise InputError(
            f"{machine.name} has {most} qubits, the problem needs {circuit.num_qubits}."
        )
