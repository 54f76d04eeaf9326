"""Reaction paths on PySCF surfaces: saddles, intrinsic reaction coordinates, barriers."""

from suite.errors import missing

try:
    from suite.chemistry.path import ReactionPath
    from suite.chemistry.stationary.saddle import NotASaddle, Saddle, refine
    from suite.chemistry.surfaces import (
        MullerBrown,
        Surface,
        ase_surface,
        function_surface,
        model_surface,
        pyscf_surface,
        stability,
        surface_of,
    )
    from suite.chemistry.tracing import trace
    from suite.molecule import Molecule, read_xyz
except ModuleNotFoundError as error:
    raise missing(error.name or "A package", "chemistry") from error

__all__ = [
    "Molecule",
    "MullerBrown",
    "NotASaddle",
    "ReactionPath",
    "Saddle",
    "Surface",
    "ase_surface",
    "function_surface",
    "model_surface",
    "pyscf_surface",
    "read_xyz",
    "refine",
    "stability",
    "surface_of",
    "trace",
]
