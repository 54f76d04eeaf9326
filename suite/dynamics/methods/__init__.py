"""One-step methods as attempts of the core: explicit, stiff, symplectic."""
