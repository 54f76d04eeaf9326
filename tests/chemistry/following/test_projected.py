"""Frequencies across a path: counts, invariance, limits, and a valley that becomes a ridge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyscf import gto, hessian, scf
from pyscf.hessian import thermo
from scipy.spatial.transform import Rotation

from suite.chemistry.following.projected import (
    inflections,
    projected_wavenumbers,
    transverse,
    valley_ridge,
)
from suite.chemistry.stationary.modes import internal_projector
from suite.errors import InputError

SEEDS = st.integers(0, 10**6)


def _problem(seed, atoms=4):
    rng = np.random.default_rng(seed)
    n = 3 * atoms
    h = rng.normal(size=(n, n))
    return h + h.T, rng.normal(size=n), 2.0 * rng.normal(size=n), rng.uniform(1.0, 20.0, atoms)


@given(SEEDS)
def test_what_is_left_is_across_everything_taken_out(seed):
    h, tangent, x, masses = _problem(seed)
    projector = internal_projector(x, masses)
    curvatures, modes = transverse(h, tangent, projector)
    assert modes.shape == (12, 12 - 7)
    assert modes.T @ modes == pytest.approx(np.eye(5), abs=1e-10)
    assert projector @ modes == pytest.approx(modes, abs=1e-10)
    assert tangent @ modes == pytest.approx(np.zeros(5), abs=1e-9)
    # The textbook's way: (1 - tt) P H P (1 - tt) has these curvatures and seven zeros.
    t = projector @ tangent / np.linalg.norm(projector @ tangent)
    across = projector @ (np.eye(12) - np.outer(t, t))
    zeros = np.concatenate([curvatures, np.zeros(7)])
    assert np.linalg.eigvalsh(across.T @ h @ across) == pytest.approx(np.sort(zeros), abs=1e-9)
    assert valley_ridge(h, tangent, projector) == curvatures[0]


@given(SEEDS, st.floats(0.01, 100.0))
def test_neither_frame_nor_length_nor_sign_of_the_tangent_matter(seed, factor):
    h, tangent, x, masses = _problem(seed)
    plain = projected_wavenumbers(h, tangent, x, masses)
    turn = np.kron(np.eye(4), Rotation.random(random_state=seed).as_matrix())
    moved = projected_wavenumbers(
        turn @ h @ turn.T, -factor * (turn @ tangent), turn @ x + 3.0, masses
    )
    assert moved == pytest.approx(plain, rel=1e-6, abs=0.1)


def test_at_a_minimum_along_a_mode_the_others_are_those_of_pyscf():
    molecule = gto.M(atom="O 0 0 .0664; H 0 .7541 -.5267; H 0 -.7541 -.5267", verbose=0)
    mean_field = scf.RHF(molecule).run(conv_tol=1e-12)
    second = hessian.RHF(mean_field).kernel()
    masses = molecule.atom_mass_list(isotope_avg=True)
    theirs = thermo.harmonic_analysis(molecule, second)
    root = np.sqrt(np.repeat(masses, 3))
    weighted = second.transpose(0, 2, 1, 3).reshape(9, 9) / np.outer(root, root)
    bend = theirs["norm_mode"][0].ravel() * root
    found = projected_wavenumbers(weighted, bend, molecule.atom_coords().ravel(), masses)
    assert found == pytest.approx(theirs["freq_wavenumber"][1:].real, rel=1e-6)


@pytest.mark.parametrize(("bend", "count"), [(0.0, 4 - 1), (1.0, 3 - 1)])
def test_a_line_of_atoms_has_one_more(bend, count):
    x = np.array([0.0, 0, 0, 2.0, 0, 0, 4.0, bend, 0])
    tangent = np.array([1.0, 0, 0, 0, 0, 0, -1.0, 0, 0])
    assert projected_wavenumbers(np.eye(9), tangent, x, np.ones(3)).shape == (count,)


def test_a_diatomic_has_nothing_across():
    x, tangent = np.array([0.0, 0, 0, 2.0, 0, 0]), np.array([1.0, 0, 0, -1.0, 0, 0])
    projector = internal_projector(x, np.ones(2))
    assert projected_wavenumbers(np.eye(6), tangent, x, np.ones(2)).size == 0
    assert valley_ridge(np.eye(6), tangent, projector) == np.inf


def test_a_rigid_motion_or_none_is_no_path():
    x, masses = np.arange(9.0) ** 2, np.ones(3)
    for tangent in (np.zeros(9), np.tile([1.0, 0, 0], 3)):
        with pytest.raises(InputError, match="against each other"):
            projected_wavenumbers(np.eye(9), tangent, x, masses)
    with pytest.raises(InputError, match="finite"):
        projected_wavenumbers(np.full((9, 9), np.nan), np.ones(9), x, masses)


def test_a_valley_that_becomes_a_ridge_is_seen_where_it_does():
    """V = -s + (1 - s) q²/2 along q = 0: the curvature across is 1 - s."""
    s = np.linspace(0.0, 2.0, 8)
    lowest = np.array([valley_ridge(np.diag([0.0, 1.0 - a]), [1.0, 0.0], np.eye(2)) for a in s])
    assert lowest == pytest.approx(1.0 - s)
    assert inflections(s, lowest) == pytest.approx([1.0])
    assert inflections(s, lowest[::-1]) == []
    with pytest.raises(InputError, match="alike"):
        inflections(s, lowest[1:])
