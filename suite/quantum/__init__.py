"""Ground states by VQE, steered by the quantum geometric tensor."""
