"""Ground states by VQE, steered by the quantum geometric tensor."""

from suite.errors import missing

try:
    from suite.quantum.ansatz import Ansatz, ansatz_of
    from suite.quantum.circuits import circuit_engine, energy_gradient_metric, engine_of
    from suite.quantum.hamiltonian import Problem, molecule, pauli_sum
    from suite.quantum.spins import spin_model
    from suite.quantum.vqe import VQEResult, vqe
except ModuleNotFoundError as error:
    raise missing(error.name or "A package", "quantum") from error

__all__ = [
    "Ansatz",
    "Problem",
    "VQEResult",
    "ansatz_of",
    "circuit_engine",
    "energy_gradient_metric",
    "engine_of",
    "molecule",
    "pauli_sum",
    "spin_model",
    "vqe",
]
