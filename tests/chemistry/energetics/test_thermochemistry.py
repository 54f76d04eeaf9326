"""Thermochemistry beside PySCF's, ASE's and tables; symmetry numbers beside textbooks'."""

from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms, units
from ase.collections import g2
from ase.thermochemistry import RRHOMode
from hypothesis import given
from hypothesis import strategies as st
from pyscf import gto
from pyscf.data import nist
from pyscf.hessian import thermo
from scipy.spatial.transform import Rotation

from suite.chemistry.energetics.symmetry import rotational_symmetry_number
from suite.chemistry.energetics.thermochemistry import (
    BOLTZMANN,
    is_linear,
    thermochemistry,
    together,
)
from suite.chemistry.stationary.modes import AMU, WAVENUMBER
from suite.errors import InputError

JOULE = 2625499.6394799  # one hartree in J/mol
MOLECULES = {
    "water": ("O 0 0 0; H 0 .757 .587; H 0 -.757 .587", 0, [1595.0, 3657.0, 3756.0]),
    "carbon dioxide": ("C 0 0 0; O 0 0 1.162; O 0 0 -1.162", 0, [667.0, 667.0, 1333.0, 2349.0]),
    "hydrogen atom": ("H 0 0 0", 1, []),
    "hydroxyl": ("O 0 0 0; H 0 0 .97", 1, [3738.0]),
    "ammonia": (
        "N 0 0 .068; H 0 .94 -.32; H .814 -.47 -.32; H -.814 -.47 -.32",
        0,
        [950.0, 1627.0, 1627.0, 3337.0, 3444.0, 3444.0],
    ),
}


@pytest.fixture
def codata_2018(monkeypatch):
    """PySCF with the constants of 2018: its own, of 2014, differ by 3e-7."""
    for name, value in {
        "BOLTZMANN": 1.380649e-23,
        "PLANCK": 6.62607015e-34,
        "HBAR": 6.62607015e-34 / (2 * np.pi),
        "AVOGADRO": 6.02214076e23,
        "HARTREE2J": 4.3597447222071e-18,
        "ATOMIC_MASS": 1.66053906660e-27,
        "BOHR_SI": 5.29177210903e-11,
    }.items():
        monkeypatch.setattr(nist, name, value)


@pytest.mark.parametrize("name", MOLECULES)
@pytest.mark.parametrize(("temperature", "pressure"), [(298.15, 101325.0), (77.0, 1e3)])
def test_rigid_rotor_and_oscillator_are_those_of_pyscf(name, temperature, pressure, codata_2018):
    atoms, spin, wavenumbers = MOLECULES[name]
    molecule = gto.M(atom=atoms, spin=spin, verbose=0)
    quanta = np.array(wavenumbers) / WAVENUMBER * np.sqrt(AMU)
    theirs = thermo.thermo(
        SimpleNamespace(mol=molecule, e_tot=-76.0), quanta, temperature, pressure
    )
    ours = thermochemistry(
        -76.0,
        molecule.atom_mass_list(isotope_avg=True),
        molecule.atom_coords(),
        np.array(wavenumbers),
        temperature=temperature,
        pressure=pressure,
        spin=spin,
        symmetry_number=theirs["sym_number"][0],
        quasi=None,
    )
    for value, key in (
        (ours.zero_point, "ZPE"),
        (ours.enthalpy, "H_tot"),
        (ours.gibbs, "G_tot"),
        (ours.entropy * temperature, None),
    ):
        expected = theirs[key][0] if key else theirs["S_tot"][0] * temperature
        assert value == pytest.approx(expected, abs=1e-8)
    for part, kind in (("translation", "trans"), ("rotation", "rot"), ("vibration", "vib")):
        found = ours.contributions[part]
        assert found.energy == pytest.approx(theirs[f"E_{kind}"][0], abs=1e-9)
        assert found.heat_capacity == pytest.approx(theirs[f"Cv_{kind}"][0], abs=1e-11)


@pytest.mark.parametrize(
    ("name", "symmetry", "entropy"),
    # CODATA Key Values for Thermodynamics (1989), J/(K mol) at 298.15 K and 1 bar.
    [("water", 2, 188.835), ("carbon dioxide", 2, 213.785), ("ammonia", 3, 192.77)],
)
def test_entropies_are_those_of_the_tables(name, symmetry, entropy):
    atoms, spin, wavenumbers = MOLECULES[name]
    molecule = gto.M(atom=atoms, spin=spin, verbose=0)
    found = thermochemistry(
        0.0,
        molecule.atom_mass_list(isotope_avg=True),
        molecule.atom_coords(),
        np.array(wavenumbers),
        pressure=1e5,
        symmetry_number=symmetry,
    )
    # Harmonic and rigid, with rounded geometries: a few tenths are what is left.
    assert found.entropy * JOULE == pytest.approx(entropy, abs=0.4)


def _chain(wavenumbers, **options):
    """A molecule of three atoms out of line with given vibrations."""
    x = np.array([[0.0, 0, 0], [2.0, 0, 0], [0, 2.5, 0]])
    return thermochemistry(-1.0, np.array([12.0, 16.0, 1.0]), x, np.array(wavenumbers), **options)


@pytest.mark.parametrize("wavenumber", [2.0, 15.0, 60.0, 100.0, 180.0, 900.0])
@pytest.mark.parametrize("temperature", [298.15, 600.0])
def test_grimmes_entropy_is_that_of_ase(wavenumber, temperature):
    mode = RRHOMode(wavenumber * units.invcm, mean_inertia=1e-44 * units.kg * units.m**2, tau=100.0)
    three = _chain([wavenumber] * 3, temperature=temperature)
    theirs = 3 * mode.get_entropy(temperature, contributions=False) / units.Hartree
    assert three.contributions["vibration"].entropy == pytest.approx(theirs, rel=2e-6)


@given(st.lists(st.floats(1.0, 4000.0), min_size=3, max_size=3), st.floats(50.0, 2000.0))
def test_repairs_lower_the_entropy_of_soft_modes_only(wavenumbers, temperature):
    found = {
        quasi: _chain(wavenumbers, temperature=temperature, quasi=quasi)
        for quasi in ("grimme", "truhlar", None)
    }
    raised = _chain(np.maximum(wavenumbers, 100.0), temperature=temperature, quasi=None)
    assert found["truhlar"].entropy == pytest.approx(raised.entropy, rel=1e-12)
    assert found["truhlar"].entropy <= found[None].entropy * (1 + 1e-12)
    assert len({round(one.enthalpy, 12) for one in found.values()}) == 1
    if min(wavenumbers) > 3000.0:
        assert found["grimme"].entropy == pytest.approx(found[None].entropy, rel=1e-4)


@given(st.floats(100.0, 1500.0))
def test_entropy_is_the_slope_of_the_gibbs_energy(temperature):
    """dG/dT = -S at constant pressure ties energies to entropies (harmonic treatment)."""
    step = 1e-2
    low, mid, high = (
        _chain([500.0, 1500.0, 3000.0], temperature=t, quasi=None)
        for t in (temperature - step, temperature, temperature + step)
    )
    assert (high.gibbs - low.gibbs) / (2 * step) == pytest.approx(-mid.entropy, rel=1e-5)
    capacity = sum(part.heat_capacity for part in mid.contributions.values()) + BOLTZMANN
    assert (high.enthalpy - low.enthalpy) / (2 * step) == pytest.approx(capacity, rel=1e-5)


def test_all_wavenumbers_or_the_vibrations_alone():
    rigid = [-8.0, -0.1, 0.0, 0.02, 3.0, 9.0]
    alone = _chain([-1200.0, 800.0, 3000.0], order=1)
    assert _chain([*rigid, -1200.0, 800.0, 3000.0], order=1) == alone
    assert alone.left_out == (-1200.0,)
    assert alone.zero_point == pytest.approx(0.5 * 3800.0 / WAVENUMBER)


def test_a_small_imaginary_mode_is_noise_and_a_large_one_no_minimum():
    turned = _chain([-20.0, 800.0, 3000.0])
    assert turned.turned == (-20.0,)
    assert turned.gibbs == _chain([20.0, 800.0, 3000.0]).gibbs
    with pytest.raises(InputError, match="900i"):
        _chain([-900.0, 800.0, 3000.0])
    with pytest.raises(InputError, match="order=1"):
        _chain([900.0, 800.0, 3000.0], order=1)


def test_a_free_motion_is_refused_as_an_oscillator_only():
    assert np.isfinite(_chain([0.0, 800.0, 3000.0]).gibbs)
    with pytest.raises(InputError, match="no entropy"):
        _chain([0.0, 800.0, 3000.0], quasi=None)


def test_separate_molecules_add_up():
    atom = thermochemistry(-0.5, np.array([1.0]), np.zeros(3), np.array([0.0, 0, 0]), spin=1)
    both = together([atom, _chain([900.0, 800.0, 3000.0])])
    assert both.molecules == 2
    assert both.summary()["gibbs"] == both.gibbs
    assert both.gibbs == pytest.approx(both.enthalpy - both.temperature * both.entropy, rel=1e-14)
    parts = both.contributions.values()
    assert both.entropy == pytest.approx(sum(part.entropy for part in parts), rel=1e-13)
    with pytest.raises(InputError, match="same conditions"):
        together([atom, _chain([900.0, 800.0, 3000.0], temperature=300.0)])
    with pytest.raises(InputError, match="no molecule"):
        together([])


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"temperature": 0.0}, "temperature"),
        ({"pressure": -1.0}, "pressure"),
        ({"spin": -1}, "spin"),
        ({"symmetry_number": 0}, "symmetry_number"),
        ({"quasi": "grim"}, "quasi"),
    ],
)
def test_impossible_conditions_are_named(wrong, named):
    with pytest.raises(InputError, match=named):
        _chain([900.0, 800.0, 3000.0], **wrong)


def test_impossible_arrays_are_named():
    for wavenumbers in ([900.0, 800.0], [np.nan, 800.0, 900.0]):
        with pytest.raises(InputError, match="wavenumbers must be 3"):
            _chain(wavenumbers)
    with pytest.raises(InputError, match="masses"):
        thermochemistry(0.0, np.array([1.0, -1.0]), np.eye(3)[:2], np.array([900.0]))
    for x in (np.eye(3), np.ones(2)):
        with pytest.raises(InputError, match="three an atom"):
            thermochemistry(0.0, np.array([1.0]), x, np.array([900.0]))
    with pytest.raises(InputError, match="finite"):
        thermochemistry(np.nan, np.ones(2), np.eye(3)[:2], np.array([900.0]))


@given(st.integers(0, 10**6), st.floats(0.0, 1e-4))
def test_a_bend_of_rounding_leaves_a_molecule_linear(seed, bend):
    x = np.array([[0.0, 0, 0], [2.2, 0, 0], [-2.0, bend, 0]])
    turned = Rotation.random(random_state=seed).apply(x)
    assert is_linear(np.array([12.0, 14.0, 1.0]), turned)
    x[2, 1] = 0.3
    assert not is_linear(np.array([12.0, 14.0, 1.0]), x)


SYMMETRY = {"H2O": 2, "NH3": 3, "CH4": 12, "C2H6": 6, "C6H6": 12, "CO2": 2, "HCN": 1, "C2H4": 4}
SYMMETRY |= {"BF3": 6, "CH3OH": 1, "H2O2": 2, "Ar": 1, "SiF4": 12, "C3H4_D2d": 4}


@pytest.mark.parametrize("name", SYMMETRY)
def test_symmetry_numbers_are_those_of_the_point_groups(name):
    atoms = Atoms("Ar") if name == "Ar" else g2[name]
    symbols = atoms.get_chemical_symbols()
    molecule = gto.M(atom=list(zip(symbols, atoms.positions, strict=True)), verbose=0)
    turned = Rotation.random(random_state=7).apply(atoms.positions) + 3.0
    found = rotational_symmetry_number(symbols, turned)
    assert found == SYMMETRY[name]
    # PySCF counts by the name of the group it finds, at times a subgroup.
    assert found % thermo.rotational_symmetry_number(molecule) == 0
    symbols[-1] = "X"
    assert rotational_symmetry_number(symbols, turned) < max(found, 2)


def test_symmetry_of_coordinates_that_do_not_fit_is_refused():
    with pytest.raises(InputError, match="coordinates"):
        rotational_symmetry_number(["H", "H"], np.zeros((3, 3)))


@pytest.mark.parametrize(
    ("symbols", "place", "mode", "whole", "kept"),
    [
        # Pollak and Pechukas (1978): H + H2 and the umbrella of ammonia.
        ("HHH", [[0, 0, -0.93], [0, 0, 0], [0, 0, 0.93]], [[0, 0, 1], [0, 0, -2], [0, 0, 1]], 2, 1),
        (
            "NHHH",
            [[0, 0, 0], [1, 0, 0], [-0.5, 0.8660254, 0], [-0.5, -0.8660254, 0]],
            [[0, 0, -0.2], [0, 0, 1], [0, 0, 1], [0, 0, 1]],
            6,
            3,
        ),
        # The torsion of cis hydrogen peroxide: its rotation leads to neither side.
        (
            "OOHH",
            [[0, 0.7, 0], [0, -0.7, 0], [0.9, 0.9, 0], [0.9, -0.9, 0]],
            [[0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, -1]],
            2,
            2,
        ),
    ],
)
def test_rotations_that_exchange_the_sides_of_a_saddle_do_not_count(
    symbols, place, mode, whole, kept
):
    assert rotational_symmetry_number(list(symbols), np.array(place, float)) == whole
    found = rotational_symmetry_number(
        list(symbols), np.array(place, float), mode=np.array(mode, float)
    )
    assert found == kept
