"""Fragments: whole charges and spins that add up, and each fragment's own surface."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyscf import gto, mp, scf

from suite.chemistry import model_surface, pyscf_surface, surface_of
from suite.chemistry.surfaces.parts import Share, part_of, shares, whole_numbers
from suite.errors import InputError
from suite.molecule import BOHR, Molecule

METHYL = [[1.03, 0, -0.36], [-0.515, 0.892, -0.36], [-0.515, -0.892, -0.36]]
FLUORIDE = np.array([[0, 0, -9.0], [0, 0, 0], [0, 0, 1.39], *METHYL])
SYMBOLS = ("F", "C", "F", "H", "H", "H")


def apart(method="hf", symbols=SYMBOLS, place=FLUORIDE, charge=-1, spin=0, basis="3-21g", **more):
    surface = pyscf_surface(Molecule(symbols, place, charge, spin), method, basis, **more)
    return surface, place.ravel() / BOHR


def quiet(method):
    """Without the temporary file that PySCF would leave open."""
    method.chkfile = None
    return method


def alone(kind, atom, spin):
    molecule = gto.M(atom=atom, basis="3-21g", spin=spin, verbose=0)
    return quiet(getattr(scf, kind)(molecule)).run(conv_tol=1e-11).e_tot


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=5), st.data())
def test_populations_near_whole_numbers_are_those_numbers(whole, data):
    small = st.floats(-0.39, 0.39, allow_nan=False)
    noise = np.array([data.draw(small) for _ in whole])
    noise -= noise.mean()  # populations add up whatever they are
    if np.max(np.abs(noise)) < 0.39:
        assert whole_numbers((np.array(whole) + noise).tolist(), sum(whole), "charges") == whole


@given(st.lists(st.floats(-2, 2, allow_nan=False), min_size=1, max_size=5))
def test_what_is_rounded_adds_up_or_is_refused(values):
    total = round(sum(values))
    found = None
    with suppress(InputError):
        found = whole_numbers(values, total, "spins")
    assert found is None or sum(found) == total


def test_an_ion_keeps_its_charge_and_a_radical_its_spin():
    surface, x = apart()
    assert shares(surface, x, [(0,), (1, 2, 3, 4, 5)]) == [
        Share((0,), -1, 0),
        Share((1, 2, 3, 4, 5), 0, 0),
    ]
    place = np.array([[0, 0, 0], [0, 0, 0.98], [0, 0, 6.0], [0, 0, 6.74]])
    surface, x = apart(symbols=("O", "H", "H", "H"), place=place, charge=0, spin=1)
    assert shares(surface, x, [(0, 1), (2, 3)]) == [Share((0, 1), 0, 1), Share((2, 3), 0, 0)]


def test_radicals_of_opposite_spin_are_told_by_an_unrestricted_wave_function_only():
    place = np.array([[0, 0, 0], [0, 0, 5.0]])
    surface, x = apart("uhf", ("H", "H"), place, 0)
    broken = quiet(scf.UHF(gto.M(atom="H 0 0 0; H 0 0 5", basis="3-21g", verbose=0)))
    density = np.zeros((2, 4, 4))
    density[0, 0, 0] = density[1, 2, 2] = 1.0
    broken.kernel(density)
    guess = {
        "orbitals": tuple(c[:, :1].copy() for c in broken.mo_coeff),
        "occupations": (np.ones(1), np.ones(1)),
    }
    assert [s[1:] for s in shares(surface, x, [(0,), (1,)], guess)] == [(0, 1), (0, 1)]
    restricted, x = apart("hf", ("H", "H"), place, 0)
    with pytest.raises(InputError, match="leading u"):
        shares(restricted, x, [(0,), (1,)])


def test_what_lies_between_two_whole_charges_is_not_guessed():
    surface, x = apart("hf", ("H", "H"), np.array([[0, 0, 0], [0, 0, 4.0]]), 1, 1)
    with pytest.raises(InputError, match=r"not whole \(0.50, 0.50 by Mulliken"):
        shares(surface, x, [(0,), (1,)])
    with pytest.raises(InputError, match="PySCF surfaces only"):
        shares(model_surface("leps"), np.zeros(9), [(0,), (1, 2)])


@pytest.mark.parametrize("method", ["hf", "b3lyp-d3bj", "wb97x-d", "mp2", "ccsd"])
def test_far_fragments_have_the_energy_and_gradient_of_the_whole(method):
    place = np.array([[0, 0, 0], [0, 0, 0.95], [0, 0, 60.0]])
    surface, x = apart(method, ("F", "H", "He"), place, 0, basis="sto-3g")
    whole = surface.measure(x)
    parts = [part_of(surface, x, Share(a, 0, 0)) for a in ((0, 1), (2,))]
    found = [parts[0].measure(x[:6]), parts[1].measure(x[6:])]
    assert sum(f.energy for f in found) == pytest.approx(whole.energy, abs=2e-6)
    gradient = np.concatenate([f.gradient for f in found])
    np.testing.assert_allclose(gradient, whole.gradient, atol=3e-5)
    np.testing.assert_array_equal(parts[0].masses, surface.masses[:2])
    assert parts[0].has_hessian == surface.has_hessian


def test_a_single_electron_needs_no_correlation():
    place = np.array([[0, 0, 0], [0, 0, 0.92], [0, 0, 9.0]])
    surface, x = apart("ccsd", ("F", "H", "H"), place, 0, 1)
    atom = part_of(surface, x, Share((2,), 0, 1)).measure(x[6:])
    exact = alone("UHF", "H", 1)
    assert atom.energy == pytest.approx(exact, abs=1e-9)


def test_isotopes_and_settings_go_with_their_atoms():
    place = np.array([[0, 0, 0], [0, 0, 0.92], [0, 0, 9.0]])
    surface, x = apart(
        "hf", ("F", "H", "H"), place, 0, 1, masses={3: 2.014}, solvent="cpcm", density_fit=True
    )
    part = part_of(surface, x, Share((2,), 0, 1))
    assert part.masses.tolist() == [2.014]
    told = part.about()
    assert (told["solvent"], told["density_fit"], told["spin"]) == ("cpcm:water", True, 1)


@pytest.mark.parametrize("method", ["cisd", "casscf(2,2)"])
def test_methods_that_do_not_add_up_are_refused(method):
    surface, x = apart(method, basis="sto-3g")
    with pytest.raises(InputError, match="does not add up"):
        part_of(surface, x, Share((1, 2, 3, 4, 5), 0, 0))


def test_an_own_object_is_taken_apart_where_its_kind_still_fits():
    molecule = gto.M(atom="F 0 0 0; H 0 0 0.92; H 0 0 9", basis="3-21g", spin=1, verbose=0)
    x = molecule.atom_coords().ravel()
    surface = surface_of(quiet(scf.UHF(molecule)))
    found = part_of(surface, x, Share((0, 1), 0, 0)).measure(x[:6]).energy
    assert found == pytest.approx(alone("RHF", "F 0 0 0; H 0 0 0.92", 0), abs=1e-8)
    for method in (quiet(scf.UHF(molecule)), mp.UMP2(quiet(scf.UHF(molecule)))):
        with pytest.raises(InputError, match="of one's own"):
            part_of(surface_of(method), x, Share((2,), 0, 1))
