"""The dispersion of ωB97X-D: its derivatives, its limits, and what the surface makes of it."""

import mpmath
import numpy as np
import pytest
from pyscf import dft, gto

from suite.chemistry.surfaces import pyscf_surface
from suite.chemistry.surfaces.dispersion import pair_dispersion
from suite.errors import InputError
from suite.molecule import BOHR, Molecule


def test_derivatives_are_those_of_the_energy():
    symbols = ["C", "O", "H", "Cl"]
    x = np.random.default_rng(3).normal(scale=3.0, size=12)
    here = pair_dispersion(symbols, x)
    for i in range(12):
        step = np.eye(12)[i] * 1e-4
        up, down = pair_dispersion(symbols, x + step), pair_dispersion(symbols, x - step)
        assert here.gradient[i] == pytest.approx((up.energy - down.energy) / 2e-4, abs=1e-10)
        np.testing.assert_allclose(here.hessian[i], (up.gradient - down.gradient) / 2e-4, atol=1e-9)


@pytest.mark.parametrize("distance", [1.0, 2.5, 8.0])
def test_a_pair_by_the_papers_own_units(distance):
    """Argon: C6 4.61 J nm⁶/mol, radius 1.595 Å; everything else from CODATA."""
    r, radius = mpmath.mpf(distance), mpmath.mpf("1.595") * 2
    damping = 1 / (1 + 6 * (r / radius) ** -12)
    joule_per_mole = -mpmath.mpf("4.61") / (r / 10) ** 6 * damping
    hartree = joule_per_mole / (mpmath.mpf("4.3597447222071e-18") * mpmath.mpf("6.02214076e23"))
    found = pair_dispersion(["Ar", "Ar"], np.array([0, 0, 0, 0, 0, distance]) / BOHR)
    assert found.energy == pytest.approx(float(hartree), rel=1e-9)


def test_atoms_that_meet_and_unknown_elements():
    assert pair_dispersion(["H", "H"], np.array([0, 0, 0, 0, 0, 1e-3])).energy > -1e-12
    with pytest.raises(InputError, match=r"up to xenon\. Got Cs"):
        pair_dispersion(["Cs", "H"], np.arange(6.0))


def test_the_surface_is_the_functional_and_the_pairs():
    pair = Molecule(("Ne", "Ne"), np.array([[0, 0, 0], [0, 0, 3.1]]))
    x = pair.coordinates.ravel() / BOHR
    surface = pyscf_surface(pair, "wB97X-D", "sto-3g")
    alone = dft.RKS(gto.M(atom="Ne 0 0 0; Ne 0 0 3.1", basis="sto-3g", verbose=0))
    alone.xc, alone.grids.level, alone.nlc = "hyb_gga_xc_wb97x_d", 4, False
    energy = alone.kernel() + pair_dispersion(pair.symbols, x).energy
    assert surface.measure(x).energy == pytest.approx(energy, abs=1e-8)
    assert "Chai" in surface.about()["dispersion"]
