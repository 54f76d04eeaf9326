"""Reaction paths on PySCF surfaces: intrinsic reaction coordinates with error estimates."""

from suite.errors import missing

try:
    from suite.chemistry.path import ReactionPath, trace
    from suite.chemistry.surfaces import MullerBrown, Surface, pyscf_surface
    from suite.molecule import Molecule, read_xyz
except ModuleNotFoundError as error:
    raise missing(error.name or "A package", "chemistry") from error

__all__ = [
    "Molecule",
    "MullerBrown",
    "ReactionPath",
    "Surface",
    "pyscf_surface",
    "read_xyz",
    "trace",
]
