"""Surfaces by PySCF: gradients against slopes, published energies, purity, rescue and refusals."""

import numpy as np
import pytest
from pyscf import dft, gto, mcscf, mp, scf

from suite.chemistry.surfaces import pyscf_surface, stability, surface_of
from suite.chemistry.surfaces import rescue as rescue_module
from suite.core.document import decode, encode
from suite.errors import AttemptFailed, InputError
from suite.molecule import BOHR, Molecule

# Crawford's programming projects, water in STO-3G: geometry in bohr, and every energy below.
CRAWFORD = np.array(
    [
        [0.0, -0.143225816552, 0.0],
        [1.638036840407, 1.136548822547, 0.0],
        [-1.638036840407, 1.136548822547, 0.0],
    ]
)
WATER = Molecule(("O", "H", "H"), CRAWFORD * BOHR)
BENT = Molecule(("O", "H", "H"), np.array([[0, 0, 0.1], [0.05, 0.8, -0.45], [0, -0.76, -0.5]]))
AMINO = Molecule(("N", "H", "H"), BENT.coordinates, 0, 1)
FLUORIDE = Molecule(("F", "H"), np.array([[0, 0, 0.1], [0.1, 0.2, 1.05]]))
LITHIUM = Molecule(("Li", "H"), np.array([[0, 0, 0.1], [0.1, 0.3, 1.75]]))


def slope_error(surface, x):
    """The gradient along a direction less the slope of the energy, by a five-point difference."""
    here = surface.measure(x)
    direction = np.random.default_rng(0).normal(size=x.size)
    direction /= np.linalg.norm(direction)

    def energy(k):
        return surface.measure(x + k * 2e-3 * direction, here.guess).energy

    slope = (8 * (energy(1) - energy(-1)) - (energy(2) - energy(-2))) / (12 * 2e-3)
    return abs(here.gradient @ direction - slope)


@pytest.mark.parametrize(
    ("molecule", "method", "options"),
    [
        (BENT, "hf", {}),
        (AMINO, "hf", {}),
        (AMINO, "rohf", {}),
        (BENT, "b3lyp", {}),
        (BENT, "hf", {"density_fit": True}),
        (BENT, "hf", {"solvent": "cpcm:toluene"}),
        (FLUORIDE, "hf", {"solvent": "ddcosmo"}),
        (BENT, "mp2", {}),
        (AMINO, "mp2", {}),
        (LITHIUM, "casscf(2,2)", {}),
        (FLUORIDE, "ccsd", {}),
        (FLUORIDE, "ccsd(t)", {}),
        (FLUORIDE, "cisd", {}),
    ],
)
def test_the_gradient_is_the_slope_of_the_energy(molecule, method, options):
    surface = pyscf_surface(molecule, method, "sto-3g", **options)
    # A five-point difference of energies good to 1e-11 is good to 1e-8; the noise is the claim.
    assert slope_error(surface, molecule.coordinates.ravel() / BOHR) < surface.noise + 1e-8


@pytest.mark.slow
@pytest.mark.parametrize(
    ("molecule", "method", "options"),
    [
        (BENT, "wb97x-d", {}),
        (BENT, "b3lyp-d3bj", {"density_fit": True}),
        (AMINO, "pbe", {"density_fit": True}),
        (BENT, "hf", {"solvent": "smd:ethanol"}),
        (FLUORIDE, "scan", {}),
        (AMINO, "tpss", {"density_fit": True}),
        (BENT, "casscf(4,4)", {}),
        (LITHIUM, "casscf(2,2)", {"density_fit": True}),
        (AMINO, "ccsd", {}),
    ],
)
def test_the_gradient_is_the_slope_of_the_energy_at_dearer_levels(molecule, method, options):
    if "-d3" in method:
        pytest.importorskip("pyscf.dispersion")
    surface = pyscf_surface(molecule, method, "sto-3g", **options)
    assert slope_error(surface, molecule.coordinates.ravel() / BOHR) < surface.noise + 1e-8


@pytest.mark.parametrize(
    ("method", "energy"),
    [
        ("hf", -74.942079928192),
        ("MP2", -74.942079928192 - 0.049149636120),
        ("ccsd", -74.942079928192 - 0.070680088376),
        ("CCSD(T)", -74.942079928192 - 0.070680088376 - 0.000099877272),
    ],
)
def test_published_energies_of_water(method, energy):
    found = pyscf_surface(WATER, method, "sto-3g").measure(CRAWFORD.ravel())
    assert found.energy == pytest.approx(energy, abs=2e-8)


@pytest.mark.parametrize("options", [{}, {"density_fit": True}])
def test_the_hessian_is_the_slope_of_the_gradient(options):
    surface = pyscf_surface(BENT, "hf", "sto-3g", **options)
    x = BENT.coordinates.ravel() / BOHR
    hessian = surface.hessian(x)
    column = np.eye(9)[4] * 1e-3
    slope = (surface.measure(x + column).gradient - surface.measure(x - column).gradient) / 2e-3
    # The central difference is off by h² times a fourth derivative of order one.
    np.testing.assert_allclose(hessian[:, 4], slope, atol=2e-5)
    np.testing.assert_array_equal(hessian, hessian.T)


@pytest.mark.parametrize(
    ("molecule", "method"), [(BENT, "hf"), (AMINO, "hf"), (AMINO, "rohf"), (LITHIUM, "casscf(2,2)")]
)
def test_a_guess_from_disk_gives_the_same_bits(molecule, method):
    surface = pyscf_surface(molecule, method, "3-21g")
    x = molecule.coordinates.ravel() / BOHR
    guess = surface.measure(x).guess
    moved = x + 0.02 * np.sin(np.arange(x.size))
    first = surface.measure(moved, guess)
    again = surface.measure(moved, decode(*encode(guess), ()))
    assert first.energy == again.energy
    np.testing.assert_array_equal(first.gradient, again.gradient)
    assert first.energy == pytest.approx(surface.measure(moved).energy, abs=1e-9)


def test_a_guess_saves_cycles():
    surface = pyscf_surface(BENT, "hf", "def2-svp")
    x = BENT.coordinates.ravel() / BOHR
    moved, guess = x + 0.02 * np.sin(np.arange(x.size)), surface.measure(x).guess
    cold, warm = (surface.measure(moved, g).notes["scf_cycles"] for g in (None, guess))
    assert warm < cold
    assert surface.measure(x, guess).notes["scf_cycles"] <= 2


def test_spin_square_is_exact_where_theory_says_so():
    x = AMINO.coordinates.ravel() / BOHR
    restricted = pyscf_surface(AMINO, "rohf", "sto-3g").measure(x).notes["spin_square"]
    unrestricted = pyscf_surface(AMINO, "hf", "sto-3g").measure(x).notes["spin_square"]
    assert restricted == 0.75
    assert 0.75 < unrestricted < 0.77


def test_a_failing_scf_is_rescued_and_a_hopeless_one_is_a_failed_attempt(monkeypatch):
    surface = pyscf_surface(BENT, "hf", "sto-3g")
    x = BENT.coordinates.ravel() / BOHR
    plain = surface.measure(x)
    solved = scf.hf.SCF.kernel
    failed = []

    def first_fails(self, dm0=None, **kwargs):
        # Two cycles are never enough; the second-order solver goes on from there.
        self.max_cycle = 2 if not failed else self.max_cycle
        failed.append(True)
        return solved(self, dm0=dm0, **kwargs)

    monkeypatch.setattr(scf.hf.SCF, "kernel", first_fails)
    rescued = surface.measure(x)
    assert rescued.energy == pytest.approx(plain.energy, abs=1e-9)
    monkeypatch.undo()
    monkeypatch.setattr(rescue_module, "_second_order", lambda *_: 0)
    failed.clear()
    monkeypatch.setattr(scf.hf.SCF, "kernel", first_fails)
    assert surface.measure(x).energy == pytest.approx(plain.energy, abs=1e-9)
    monkeypatch.setattr(rescue_module, "_level_shifted", lambda *_: 0)
    failed.clear()
    with pytest.raises(AttemptFailed, match="The SCF did not converge in 2 cycles"):
        surface.measure(x)


def test_a_geometry_of_nan_is_a_failed_attempt():
    with pytest.raises(AttemptFailed, match="NaN"):
        pyscf_surface(BENT, "hf", "sto-3g").measure(np.full(9, np.nan))


def test_an_own_object_gives_what_it_gives_and_is_left_alone():
    molecule = gto.M(atom="F 0 0 0; H 0.1 0.2 0.95", basis="sto-3g", verbose=0)
    x = molecule.atom_coords().ravel()
    for own in (scf.RHF(molecule), dft.RKS(molecule, xc="lda,vwn"), mp.MP2(scf.RHF(molecule))):
        surface = surface_of(own)
        found = surface.measure(x)
        moved = surface.measure(x + 0.01, found.guess)
        assert moved.energy == pytest.approx(found.energy, abs=1e-5)
        np.testing.assert_array_equal(own.mol.atom_coords().ravel(), x)
        own.kernel()
        assert found.energy == pytest.approx(own.e_tot, abs=1e-8)
        assert encode(surface.about())
    own = mcscf.CASSCF(scf.RHF(molecule).run(), 2, 2)
    assert surface_of(own).about()["active"] == [2, 1, 1]
    with pytest.raises(InputError, match="A PySCF method with gradients is needed"):
        surface_of(molecule)


def test_a_heavy_element_brings_its_core_potential():
    hydrogen_iodide = Molecule(("I", "H"), np.array([[0, 0, 0], [0, 0, 1.61]]))
    surface = pyscf_surface(hydrogen_iodide, "hf", "def2-svp")
    # def2 replaces 28 of iodine's 53 electrons: all-electron energies are near -6900 hartree.
    energy = surface.measure(hydrogen_iodide.coordinates.ravel() / BOHR).energy
    assert -299 < energy < -297


def test_only_some_settings_have_a_hessian():
    for method, has in (("hf", True), ("rohf", False), ("mp2", False), ("pbe", True)):
        surface = pyscf_surface(BENT, method, "sto-3g")
        assert surface.has_hessian is has
    assert not pyscf_surface(BENT, "hf", "sto-3g", solvent="ddcosmo").has_hessian
    with pytest.raises(InputError, match="no analytic Hessian of mp2"):
        pyscf_surface(BENT, "mp2", "sto-3g").hessian(BENT.coordinates.ravel())


def test_about_tells_surfaces_apart():
    options = [
        {},
        {"method": "pbe"},
        {"basis": "3-21g"},
        {"density_fit": True},
        {"solvent": "cpcm"},
        {"solvent": "cpcm:ethanol"},
        {"masses": "common"},
        {"masses": {2: 2.014102}},
        {"method": "pbe", "grid": 5},
    ]
    seen = [encode(pyscf_surface(BENT, **{"basis": "sto-3g", **o}).about()) for o in options]
    assert len(set(seen)) == len(options)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"method": "b3lpy"}, "did you mean b3lyp"),
        ({"method": ""}, "method must be hf"),
        ({"method": "7"}, "method must be hf"),
        ({"method": "b97-d"}, "half a method without D2"),
        ({"method": "mp2", "density_fit": True}, "no gradients of mp2 with density fitting"),
        ({"method": "ccsd", "solvent": "smd"}, "no gradients of ccsd in a solvent"),
        ({"method": "casscf(3,2)"}, "inactive electrons come in pairs"),
        ({"method": "casscf(9,2)"}, "cannot hold 9 electrons in 2 orbitals"),
        ({"method": "uccsd(t)"}, "no trustworthy gradient of ccsd"),
        ({"method": "pbe", "dispersion": "d7"}, "dispersion must be one of"),
        ({"method": "pbe", "grid": 12}, "grid is a level"),
        ({"solvent": "smd:watr"}, "did you mean water"),
        ({"solvent": "smd:20"}, "smd needs the name of a solvent"),
        ({"solvent": "cpcm:0.5"}, "dielectric constant is 1 at least"),
        ({"solvent": "spcm"}, "solvent must be a model"),
        ({"basis": "def2-spv"}, "did you mean def2svp"),
        ({"masses": {9: 2.0}}, "masses has no atom 9"),
        ({"masses": [1.0, -1.0, 1.0]}, "3 positive numbers"),
        ({"masses": "light"}, "average, common or numbers"),
    ],
)
def test_what_there_is_not_is_refused_by_a_sentence(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        pyscf_surface(BENT, **{"basis": "sto-3g", **changes})


@pytest.mark.parametrize(
    ("charge", "spin", "sentence"),
    [(0, 1, "spin must be an even number"), (11, 0, "no electrons"), (8, 4, "at most 2")],
)
def test_impossible_charge_and_spin_are_refused(charge, spin, sentence):
    with pytest.raises(InputError, match=sentence):
        pyscf_surface(Molecule(BENT.symbols, BENT.coordinates, charge, spin), "hf", "sto-3g")


def test_an_instability_is_followed_to_two_hydrogen_atoms():
    far = Molecule(("H", "H"), np.array([[0, 0, 0], [0, 0, 6.0]]))
    x = far.coordinates.ravel() / BOHR
    atom = scf.UHF(gto.M(atom="H", basis="3-21g", spin=1, verbose=0)).run().e_tot
    restricted = stability(pyscf_surface(far, "hf", "3-21g"), x)
    assert restricted.external is False
    assert "leading u" in restricted.sentence
    surface = pyscf_surface(far, "uhf", "3-21g")
    found = stability(surface, x, pyscf_surface(far, "hf", "3-21g").measure(x).guess)
    assert found.stable is False
    assert "was unstable" in found.sentence
    followed = surface.measure(x, found.guess)
    assert followed.energy == pytest.approx(2 * atom, abs=1e-6)
    assert followed.notes["spin_square"] == pytest.approx(1.0, abs=1e-3)
    near = stability(pyscf_surface(BENT, "hf", "sto-3g"), BENT.coordinates.ravel() / BOHR)
    assert (near.stable, near.external, near.sentence) == (True, True, "")
