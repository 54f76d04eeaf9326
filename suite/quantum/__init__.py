"""Ground states by VQE, steered by the quantum geometric tensor."""

from suite.errors import missing

try:
    from suite.quantum.ansatz.named import Ansatz, ansatz_of
    from suite.quantum.exact.circuits import circuit_engine, energy_gradient_metric, engine_of
    from suite.quantum.problems.hamiltonian import Problem, molecule, pauli_sum
    from suite.quantum.problems.operators import problem_of
    from suite.quantum.problems.spins import chain, grid, heisenberg, ring, spin_model, tfim, xxz
    from suite.quantum.vqe import VQEResult, vqe
except ModuleNotFoundError as error:
    raise missing(error.name or "A package", "quantum") from error

__all__ = [
    "Ansatz",
    "Problem",
    "VQEResult",
    "ansatz_of",
    "chain",
    "circuit_engine",
    "energy_gradient_metric",
    "engine_of",
    "grid",
    "heisenberg",
    "molecule",
    "pauli_sum",
    "problem_of",
    "ring",
    "spin_model",
    "tfim",
    "vqe",
    "xxz",
]
