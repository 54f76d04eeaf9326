"""Normal modes beside PySCF's own analysis and closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyscf import gto, scf
from pyscf.hessian import thermo
from scipy.spatial.transform import Rotation

from suite.chemistry.stationary.modes import (
    AMU,
    WAVENUMBER,
    displacement,
    frequencies,
    internal_basis,
    internal_projector,
    reduced_masses,
    rigid_generators,
    vibrations,
)

WATER = "O 0 0 0; H 0.76 0 0.59; H -0.76 0 0.59"
HCN = "H 0 0 -1.05; C 0 0 0; N 0 0 1.14"


def by_pyscf(atoms):
    molecule = gto.M(atom=atoms, basis="sto-3g", verbose=0)
    field = scf.RHF(molecule).run(conv_tol=1e-11)
    hessian = field.Hessian().kernel()
    n = 3 * molecule.natm
    x, masses = molecule.atom_coords().ravel(), molecule.atom_mass_list(isotope_avg=True)
    return hessian.transpose(0, 2, 1, 3).reshape(n, n), x, masses, (molecule, hessian)


@pytest.mark.parametrize(("atoms", "count"), [(WATER, 3), (HCN, 4)])
def test_wavenumbers_and_reduced_masses_are_pyscfs(atoms, count):
    hessian, x, masses, theirs = by_pyscf(atoms)
    found = vibrations(hessian, x, masses)
    expected = thermo.harmonic_analysis(*theirs)
    assert found.wavenumbers.shape == (count,)
    # Two sets of physical constants: CODATA 2018 here, PySCF's own there.
    assert np.allclose(found.wavenumbers, expected["freq_wavenumber"], rtol=1e-6)
    if count == 3:  # degenerate bends may be mixed in any way
        ours = reduced_masses(found.modes, masses)
        assert np.allclose(ours, expected["reduced_mass"], rtol=1e-6)


@given(st.floats(0.05, 2.0), st.floats(1.0, 100.0), st.floats(1.0, 100.0), st.integers(0, 1000))
def test_a_diatomic_has_its_textbook_wavenumber_however_it_lies(spring, m1, m2, seed):
    axis = Rotation.random(random_state=seed).apply([1.0, 0.0, 0.0])
    block = spring * np.outer(axis, axis)
    hessian = np.block([[block, -block], [-block, block]])
    x, masses = np.concatenate([np.zeros(3), 2.0 * axis]) + seed, np.array([m1, m2])
    found = vibrations(hessian, x, masses)
    reduced = m1 * m2 / (m1 + m2)
    assert np.isclose(found.wavenumbers, np.sqrt(spring / (reduced * AMU)) * WAVENUMBER).all()
    # The Cartesian displacement is normalised, as Gaussian does it: not the textbook mass.
    gaussian = m1 * m2 * (m1 + m2) / (m1**2 + m2**2)
    assert np.isclose(reduced_masses(found.modes, masses), gaussian).all()
    moved = displacement(found.modes[:, 0], masses)
    assert np.isclose(np.linalg.norm(moved, axis=1).max(), 1.0)
    assert np.allclose(masses @ moved, 0.0, atol=1e-9 * masses.max())


@given(st.integers(0, 10_000), st.integers(2, 8), st.booleans())
def test_the_internal_basis_is_all_that_does_not_move_rigidly(seed, atoms, linear):
    random = np.random.default_rng(seed)
    place = random.normal(size=(atoms, 3)) * 3.0
    linear = linear or atoms == 2
    if linear:
        place = np.outer(np.arange(atoms) * 2.0 + random.uniform(size=atoms), place[0])
    masses = random.uniform(1.0, 30.0, atoms)
    basis = internal_basis(place.ravel(), masses)
    assert basis.shape == (3 * atoms, 3 * atoms - (5 if linear else 6))
    assert np.allclose(basis.T @ basis, np.eye(basis.shape[1]))
    generators = rigid_generators(place.ravel(), masses)
    assert np.abs(basis.T @ generators).max(initial=0.0) < 1e-10 * np.abs(generators).max()
    assert np.allclose(internal_projector(place.ravel(), masses), basis @ basis.T)


def test_a_model_surface_has_nothing_to_take_out():
    assert np.array_equal(internal_basis(np.zeros(2), np.ones(1)), np.eye(2))
    found = vibrations(np.diag([1.0, -1.0]), np.zeros(2), np.ones(1))
    assert np.array_equal(found.wavenumbers, frequencies(np.array([-1.0, 1.0])))


@pytest.mark.parametrize(("bent", "count"), [(0.0, 4), (1.0, 4), (6.0, 3)])
def test_a_molecule_that_noise_left_bent_by_a_degree_is_linear(bent, count):
    angle = np.radians(bent)
    place = np.array([[0, 0, 0], [0, 0, 2.2], [2 * np.sin(angle), 0, -2 * np.cos(angle)]])
    found = vibrations(0.3 * np.eye(9), place.ravel(), np.array([12.011, 14.007, 1.008]))
    assert len(found.wavenumbers) == count
