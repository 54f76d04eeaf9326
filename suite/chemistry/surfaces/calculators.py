"""Surfaces by a function of the user's, and by any calculator of ASE."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from suite.chemistry.surfaces.masses import Masses, masses_of
from suite.chemistry.surfaces.protocol import Measured, Vector
from suite.errors import AttemptFailed, InputError, missing
from suite.molecule import BOHR

__all__ = ["FunctionSurface", "ase_surface", "function_surface"]

Gradient = Callable[[Vector], tuple[float, Vector]]


@dataclass(frozen=True, slots=True, eq=False)
class FunctionSurface:
    """A surface whose energy and gradient a function answers; made by `function_surface`."""

    symbols: tuple[str, ...]
    masses: Vector
    noise: float
    details: dict[str, Any]
    _function: Gradient = field(repr=False)
    _second: Callable[[Vector], Vector] | None = field(default=None, repr=False)

    @property
    def has_hessian(self) -> bool:
        """Whether a function for second derivatives was given."""
        return self._second is not None

    def measure(self, x: Vector, guess: Any = None) -> Measured:
        """Energy and gradient; an `ArithmeticError` of the function is a failed attempt."""
        try:
            energy, gradient = self._function(np.array(x, float))
        except ArithmeticError as error:
            raise AttemptFailed(f"The surface answers nothing here: {error}") from error
        gradient = np.ravel(np.asarray(gradient, float))
        if gradient.shape != np.shape(x):
            raise InputError(
                f"The surface's function must answer (energy, gradient[{np.size(x)}]). "
                f"Got a gradient of {gradient.size} numbers."
            )
        return Measured(float(energy), gradient)

    def hessian(self, x: Vector, guess: Any = None) -> Vector:
        """Second derivatives by the function that was given for them."""
        if self._second is None:
            raise InputError("This surface has no Hessian: take differences of gradients.")
        return np.asarray(self._second(np.array(x, float)), float).reshape(x.size, x.size)

    def about(self) -> dict[str, Any]:
        """The name, the masses; what a function computes cannot be seen from outside."""
        return {**self.details, "masses_amu": self.masses.tolist()}


def function_surface(
    function: Gradient,
    symbols: Sequence[str],
    *,
    masses: Masses = "average",
    hessian: Callable[[Vector], Vector] | None = None,
    noise: float = 1e-8,
    name: str | None = None,
) -> FunctionSurface:
    """The surface of a function from x [n] in bohr to (energy in hartree, gradient [n]).

    `hessian` answers second derivatives [n, n]; `noise` is the largest error of a gradient
    component; `name` is what tells this surface from another when a stored run is gone on with.
    The function must be pure. What it raises is passed on, except an `ArithmeticError`, which
    counts as a step that failed.

    >>> spring = function_surface(lambda x: (0.5 * x @ x, x), ["H", "H"], name="spring")
    >>> spring.measure(np.ones(6)).energy
    3.0
    """
    if not callable(function):
        raise InputError(f"A function of the geometry is needed. Got {type(function).__name__}.")
    if not symbols:
        raise InputError("A surface needs the symbols of its atoms. Got none.")
    if not (np.isfinite(noise) and noise >= 0.0):
        raise InputError(f"noise must be a finite number, 0 or more. Got {noise}.")
    called = getattr(function, "__qualname__", type(function).__qualname__)
    details = {"method": name or f"{getattr(function, '__module__', '')}.{called}"}
    return FunctionSurface(
        tuple(symbols), masses_of(symbols, masses), float(noise), details, function, hessian
    )


def ase_surface(
    atoms: Any, calculator: Any = None, *, masses: Masses | None = None, noise: float = 1e-6
) -> FunctionSurface:
    """The surface of an ASE calculator (eV and angstrom are converted).

    `atoms` names the elements, the cell and, unless `calculator` is given, the calculator; charge
    and spin are the calculator's business. Masses are those of `atoms` unless given. A calculator
    that cannot finish is a step that failed. `noise` in hartree/bohr.
    Raises `InputError` where there is no calculator with forces.
    """
    try:
        from ase.calculators.calculator import CalculationFailed, CalculatorError
        from ase.units import Hartree
    except ImportError as error:
        raise missing("ASE", "ase") from error
    calculator = calculator if calculator is not None else atoms.calc
    if calculator is None or not hasattr(calculator, "get_forces"):
        raise InputError("ASE atoms need a calculator with forces: give calculator=.")
    symbols = atoms.get_chemical_symbols()
    frame = atoms.copy()

    def measure(x: Vector) -> tuple[float, Vector]:
        here = frame.copy()
        here.positions = x.reshape(-1, 3) * BOHR
        # Calculators keep their last density or neighbours: an answer must not depend on them.
        if hasattr(calculator, "reset"):
            calculator.reset()
        here.calc = calculator
        try:
            energy, forces = here.get_potential_energy(), here.get_forces()
        except (CalculationFailed, CalculatorError) as error:
            raise AttemptFailed(f"The calculator failed: {error}") from error
        return energy / Hartree, -np.ravel(forces) * BOHR / Hartree

    made = function_surface(
        measure,
        symbols,
        masses=frame.get_masses() if masses is None else masses,
        noise=noise,
        name=f"ASE {type(calculator).__name__}",
    )
    made.details.update(_parameters(calculator))
    return made


def _parameters(calculator: Any) -> dict[str, Any]:
    """A calculator's settings as far as they are plain; they identify a stored run."""
    settings = dict(getattr(calculator, "parameters", None) or {})
    return {"parameters": {key: repr(value) for key, value in sorted(settings.items())}}
