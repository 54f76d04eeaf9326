"""What the ground state is sought of: molecules, spin models, sums of Pauli words."""
