"""Natural gradient on the pretended service, killed at random moments in children of this program.

It carries a whole run with its store, through the entry point that a user calls.
"""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from suite.quantum.ansatz.named import ansatz_of
from suite.quantum.asked.problem_file import Task
from suite.quantum.hardware import backends
from suite.quantum.problems.hamiltonian import pauli_sum
from suite.quantum.shots import with_shots
from tests.quantum.hardware.cloud import Service, install, machine

SHOTS = 4000


def task(order=None, **options) -> Task:
    """Two qubits, and a machine of the pretended service."""
    problem = pauli_sum([("ZZ", -1.0), ("XI", 0.5), ("IX", 0.5)])
    form = ansatz_of("real_amplitudes", problem, 1)
    named = {"shots": SHOTS, "method": "natural", "backend": "ibm:pretend"} | options
    return Task(problem, form, "real_amplitudes", 1e-6, 100, 3, order=order, **named)


def use(service: Service, setattr_=setattr) -> None:
    """Make the machine of any name that of the service."""
    install(service, setattr_)
    setattr_(
        backends,
        "machine_of",
        lambda name, **_: replace(machine(service), resilience=0),
    )


def carry(service: Service, folder: Path, order: str) -> list[float]:
    """Energies and drifts of a run, from where its store stands to the end."""
    use(service)

    def seen(_):
        service.moment("the attempt is kept")

    found = with_shots(task(order), method="natural", store=folder, observe=(seen,))
    rows = [float(row["notes"]["energy"]) for row in found.record]
    return [*rows, found.energy, *found.parameters.tolist()]


def main(folder: Path, kills: int, seed: int, order: str) -> None:
    """Carry a run, killed at random moments, and write its numbers and how its children ended."""
    import qiskit.primitives  # noqa: F401

    rng = np.random.default_rng(seed)
    log = []
    for number in range(kills + 1):
        left = [int(rng.integers(1, 40)) if number < kills else -1]
        child = os.fork()
        if child == 0:

            def moment(_, left=left):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            numbers = carry(Service(folder / "cloud", moment), folder / "run", order)
            (folder / "numbers.json").write_text(json.dumps(numbers))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        log.append(os.waitstatus_to_exitcode(status))
        if log[-1] == 0:
            break
    (folder / "log.json").write_text(json.dumps(log))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
