"""Reaction paths on PySCF surfaces: intrinsic reaction coordinates with error estimates."""

from suite.chemistry.molecule import Molecule, read_xyz
from suite.chemistry.path import ReactionPath, trace
from suite.chemistry.surface import MullerBrown, Surface, pyscf_surface

__all__ = [
    "Molecule",
    "MullerBrown",
    "ReactionPath",
    "Surface",
    "pyscf_surface",
    "read_xyz",
    "trace",
]
