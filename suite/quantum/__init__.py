"""Ground states by VQE, steered by the quantum geometric tensor."""

from suite.errors import missing

try:
    from suite.quantum.geometry import energy_gradient_metric
    from suite.quantum.hamiltonian import Problem, molecule, pauli_sum
    from suite.quantum.vqe import VQEResult, vqe
except ModuleNotFoundError as error:
    raise missing(error.name or "A package", "quantum") from error

__all__ = ["Problem", "VQEResult", "energy_gradient_metric", "molecule", "pauli_sum", "vqe"]
