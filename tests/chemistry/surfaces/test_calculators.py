"""Functions and ASE calculators as surfaces."""

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import CalculationFailed, Calculator
from ase.calculators.lj import LennardJones
from ase.calculators.morse import MorsePotential

from suite.chemistry.surfaces import ase_surface, function_surface
from suite.errors import AttemptFailed, InputError
from suite.molecule import BOHR

HARTREE_EV = 27.211386245988


def test_a_function_is_its_surface():
    surface = function_surface(lambda x: (0.5 * x @ x, x), ["O", "H"], hessian=lambda x: np.eye(6))
    assert surface.has_hessian
    assert surface.masses.tolist() == [15.999, 1.008]
    np.testing.assert_array_equal(surface.hessian(np.ones(6)), np.eye(6))
    assert "test_a_function" in surface.about()["method"]


def test_what_a_function_may_not_do():
    def wrong(x):
        return 0.0, x[:2]

    def bad(x):
        raise ZeroDivisionError("apart")

    with pytest.raises(InputError, match=r"gradient\[6\]"):
        function_surface(wrong, ["H", "H"]).measure(np.ones(6))
    with pytest.raises(AttemptFailed, match="apart"):
        function_surface(bad, ["H", "H"]).measure(np.ones(6))
    with pytest.raises(InputError, match="differences of gradients"):
        function_surface(wrong, ["H", "H"]).hessian(np.ones(6))
    with pytest.raises(InputError, match="A function of the geometry"):
        function_surface(7, ["H"])
    with pytest.raises(InputError, match="symbols"):
        function_surface(wrong, [])


def test_an_ase_calculator_is_converted_to_atomic_units():
    atoms = Atoms("ArArAr", positions=[[0, 0, 0], [0, 0, 3.8], [0, 3.5, 1.7]])
    depth, size = 0.0104, 3.4
    atoms.calc = LennardJones(epsilon=depth, sigma=size, rc=1e4, smooth=False)
    surface = ase_surface(atoms)
    x = atoms.positions.ravel() / BOHR
    pairs = np.linalg.norm(atoms.positions[[0, 0, 1]] - atoms.positions[[1, 2, 2]], axis=1)
    closed = np.sum(4 * depth * ((size / pairs) ** 12 - (size / pairs) ** 6)) / HARTREE_EV
    found = surface.measure(x)
    # ASE's electronvolt is CODATA 2014's, which differs in the ninth digit.
    assert found.energy == pytest.approx(closed, rel=2e-8)
    for i in (1, 5, 8):
        step = np.eye(9)[i] * 1e-3
        slope = (surface.measure(x + step).energy - surface.measure(x - step).energy) / 2e-3
        assert found.gradient[i] == pytest.approx(slope, abs=1e-8)
    np.testing.assert_array_equal(atoms.positions.ravel() / BOHR, x)
    assert surface.masses[0] == pytest.approx(39.95, abs=0.01)
    other = ase_surface(atoms, MorsePotential())
    assert other.about() != surface.about()


class Failing(Calculator):
    implemented_properties = ("energy", "forces")

    def calculate(self, *args, **kwargs):
        raise CalculationFailed("no convergence")


def test_a_calculator_that_fails_is_a_failed_attempt_and_none_is_refused():
    atoms = Atoms("HH", positions=[[0, 0, 0], [0, 0, 1.0]])
    with pytest.raises(AttemptFailed, match="no convergence"):
        ase_surface(atoms, Failing()).measure(np.zeros(6))
    with pytest.raises(InputError, match="need a calculator"):
        ase_surface(atoms)
