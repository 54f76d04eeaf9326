"""Reaction paths on PySCF surfaces: intrinsic reaction coordinates with error estimates."""
