"""One gradient for all: the surface of a case, behind a counter."""

import numpy as np

from suite.chemistry import Molecule, pyscf_surface


class OutOfTime(BaseException):
    """The time of a run is up; no program catches it by accident."""


class Counted:
    """A surface that counts every distinct geometry whose gradient or Hessian was asked.

    It is a surface itself, so `suite` takes it as it is; other programs call `gradient`, which
    starts each SCF from the last one, as `suite` does with its own guess. A geometry that is asked
    again is answered from memory and not counted. Coordinates are in bohr [3 atoms].
    """

    def __init__(self, surface, masses):
        self._surface = surface
        self._known, self._curved = {}, {}
        self._guess = None
        self.masses = np.asarray(masses, float)

    def __getattr__(self, name):
        return getattr(self._surface, name)

    @property
    def gradients(self):
        return len(self._known)

    @property
    def hessians(self):
        return len(self._curved)

    def measure(self, x, guess=None):
        key = np.asarray(x, float).tobytes()
        found = self._known.get(key)
        if found is None:
            self._known[key] = None  # a gradient that fails is paid for as well
            found = self._known[key] = self._surface.measure(x, guess)
        return found

    def hessian(self, x, guess=None):
        key = np.asarray(x, float).tobytes()
        if key not in self._curved:
            self._curved[key] = self._surface.hessian(x, guess)
        return self._curved[key]

    def gradient(self, x):
        """Energy (hartree) and gradient [3 atoms] (hartree/bohr)."""
        found = self.measure(np.ravel(x), self._guess)
        self._guess = found.guess
        return found.energy, found.gradient.copy()

    def energy_at(self, x):
        """An energy that was already paid for, NaN of a geometry that was not."""
        found = self._known.get(np.ravel(np.asarray(x, float)).tobytes())
        return np.nan if found is None else found.energy


def surface_of(case):
    """The surface of a case, and its saddle [3 atoms] in bohr."""
    molecule = Molecule(
        tuple(case["symbols"]),
        np.array(case["ts"]["xyz"]),
        charge=case["charge"],
        spin=case["spin"],
    )
    functional = case.get("xc")
    grid = case.get("dft_grid_level") if functional else None
    surface = pyscf_surface(molecule, functional or "hf", case["basis"], grid=grid)
    start = np.array(case["ts"]["xyz"]) / case["bohr_in_angstrom"]
    return Counted(surface, case["masses_amu"]), start.ravel()
