"""VQE with shots: shift rules, grouped observables, standard errors, and annealed steps."""
