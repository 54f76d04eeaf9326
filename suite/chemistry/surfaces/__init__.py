"""Potential energy surfaces: by PySCF, by a calculator of ASE, by a function, in closed form."""

from suite.chemistry.surfaces.electronic import PySCFSurface, pyscf_surface
from suite.chemistry.surfaces.models import MullerBrown
from suite.chemistry.surfaces.protocol import Measured, Surface

__all__ = ["Measured", "MullerBrown", "PySCFSurface", "Surface", "pyscf_surface"]
