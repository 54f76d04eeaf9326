"""What a run watches, laid around its attempts: events, invariants, stiffness, singularities."""
