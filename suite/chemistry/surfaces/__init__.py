"""Potential energy surfaces: by PySCF, by a calculator of ASE, by a function, in closed form."""

from suite.chemistry.surfaces.calculators import FunctionSurface, ase_surface, function_surface
from suite.chemistry.surfaces.electronic import PySCFSurface, pyscf_surface, surface_of
from suite.chemistry.surfaces.models import Leps, MullerBrown, ValleyRidge, model_surface
from suite.chemistry.surfaces.protocol import Measured, Surface
from suite.chemistry.surfaces.stability import Stability, stability

__all__ = [
    "FunctionSurface",
    "Leps",
    "Measured",
    "MullerBrown",
    "PySCFSurface",
    "Stability",
    "Surface",
    "ValleyRidge",
    "ase_surface",
    "function_surface",
    "model_surface",
    "pyscf_surface",
    "stability",
    "surface_of",
]
