"""What a path holds on request, against closed forms, PySCF and QCElemental."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from ase.io import read
from pyscf import gto, scf
from pyscf.tools import molden
from scipy.integrate import solve_ivp

from suite.chemistry import MullerBrown, model_surface, trace
from suite.chemistry.extras import Extras
from suite.chemistry.following.course import FLAT
from suite.chemistry.following.projected import spread
from suite.errors import InputError

HCN = Path(__file__).parents[2] / "examples" / "chemistry" / "hcn.xyz"
KCAL = 627.5094740631


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """HCN to HNC with everything that may be asked for, in its folder."""
    folder = tmp_path_factory.mktemp("extras")
    extras = Extras("1-2,1-2-3,2-3", projected=3, molden=True, qcschema=True)
    path = trace(HCN, basis="sto-3g", accuracy=0.05, extras=extras, store=folder)
    path.save(folder)
    return path, folder


def test_chosen_coordinates_are_those_of_ase(asked):
    _, folder = asked
    with open(folder / "path.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    frames = read(folder / "path.xyz", index=":", format="xyz")
    for name, theirs in {
        "C1-N2 (angstrom)": [f.get_distance(0, 1) for f in frames],
        "C1-N2-H3 (degree)": [f.get_angle(0, 1, 2) for f in frames],
        "N2-H3 (angstrom)": [f.get_distance(1, 2) for f in frames],
    }.items():
        assert [float(row[name]) for row in rows] == pytest.approx(theirs, abs=2e-5)
    assert "C1-H3 (angstrom)" not in rows[0]  # nobody asked for it


def test_molden_files_hold_the_orbitals_of_each_station(asked):
    path, folder = asked
    energies = {f"{side}_end": end.energy for side, end in path.ends.items()}
    energies["saddle"] = path.energy[path.s == 0.0][0]
    for name, energy in energies.items():
        molecule, _, orbitals, occupations, _, _ = molden.load(str(folder / f"{name}.molden"))
        field = scf.RHF(molecule)
        density = field.make_rdm1(orbitals, occupations)
        assert field.energy_tot(density) == pytest.approx(energy, abs=1e-6)


def test_qcschema_files_are_valid_and_agree_with_a_calculation_of_its_own(asked):
    _, folder = asked
    models = pytest.importorskip("qcelemental").models
    for name in ("saddle", "reverse_end", "forward_end"):
        text = (folder / f"{name}.qcschema.json").read_text(encoding="utf-8")
        made = getattr(models, "v1", models).AtomicResult(**json.loads(text))
        place = np.reshape(made.molecule.geometry, (-1, 3))
        atoms = list(zip(made.molecule.symbols, place, strict=True))
        molecule = gto.M(atom=atoms, unit="bohr", basis="sto-3g", verbose=0)
        field = scf.RHF(molecule).run(conv_tol=1e-12)
        assert made.properties.return_energy == pytest.approx(field.e_tot, abs=1e-8)
        theirs = field.nuc_grad_method().run(verbose=0).de
        assert np.reshape(made.return_result, (-1, 3)) == pytest.approx(theirs, abs=1e-6)


def test_extras_are_counted_and_cost_nothing_again(asked):
    path, folder = asked
    assert path.gradients_by_task()["extras"] == 2
    plain = trace(HCN, basis="sto-3g", accuracy=0.05, store=folder)
    assert "extras" not in plain.gradients_by_task()
    assert path.record.tally.cost["hessians"] == plain.record.tally.cost["hessians"] + 3
    again = trace(
        HCN,
        basis="sto-3g",
        accuracy=0.05,
        store=folder,
        extras=Extras("1-2,1-2-3,2-3", projected=3, molden=True, qcschema=True),
        observe=(lambda *_: pytest.fail("an attempt was made again"),),
    )
    assert again.summary() == path.summary()
    assert again.files == path.files


def test_the_valley_ridge_inflection_is_where_the_closed_form_has_it():
    """Along y = 0 the curvature across is 0.05 (1 - 4x): it vanishes at x = 1/4."""
    surface = model_surface("valley-ridge")
    path = trace(surface, start=surface.saddle, ends=False, extras=Extras(projected=24))
    side = "forward" if path.coordinates[-1, 0, 0] > 0 else "reverse"
    (place,) = path.across.inflections()[side]
    assert abs(place) == pytest.approx(0.25, abs=1e-3)
    assert any("valley-ridge inflection" in told for told in path.remarks)
    assert not path.across.inflections()["reverse" if side == "forward" else "forward"]
    columns = path.across.columns()
    assert columns["s"] == sorted(columns["s"])
    assert 0.0 in columns["s"]


@pytest.mark.parametrize("accuracy", [0.02, 0.003])
def test_the_energy_error_covers_what_the_exact_path_has_nearby(accuracy):
    surface = MullerBrown()
    path = trace(surface, start=surface.saddle, accuracy=accuracy, ends=False)
    _, modes = np.linalg.eigh(surface.hessian(surface.saddle))

    def rate(_, x):
        slope = surface.measure(x).gradient
        return -slope / np.linalg.norm(slope)

    def flat(_, x):
        return float(np.sqrt(np.mean(surface.measure(x).gradient ** 2))) - FLAT

    flat.terminal, flat.direction = True, -1
    frames = path.coordinates.reshape(-1, 2) / 0.529177210903
    for sign in (1.0, -1.0):
        # The last frames are where the exact path has ended too, or just has not.
        side = (sign * path.s > 0.05) & (sign * path.s < np.max(sign * path.s) - 0.05)
        toward = np.sign((frames[side].mean(axis=0) - surface.saddle) @ modes[:, 0])
        begin = surface.saddle + 1e-4 * toward * modes[:, 0]
        run = solve_ivp(
            rate, (0.0, 5.0), begin, "Radau", rtol=1e-8, atol=1e-10, max_step=1e-2, events=flat
        )
        near = np.argmin(np.linalg.norm(frames[side][:, None] - run.y.T, axis=2), axis=1)
        exact = [surface.measure(x).energy for x in run.y.T[near]]
        # The nearest stored point is up to half a step away along the path.
        steps = np.abs(np.gradient([surface.measure(x).energy for x in run.y.T]))[near]
        miss = np.abs(path.energy[side] - exact) - steps
        assert np.all(miss <= path.energy_error[side])
    told = path.summary()["largest_energy_error_estimate_kcal_mol"]
    assert told == pytest.approx(path.energy_error.max() * KCAL)


@pytest.mark.parametrize(
    ("extras", "sentence"),
    [
        (Extras("1-9"), "Atom 9 of the coordinate '1-9' is not there"),
        (Extras("1-2,"), "two, three or four atom numbers"),
        (Extras("1-1"), "names an atom twice"),
        (Extras(projected=-1), "projected counts frames"),
    ],
)
def test_what_cannot_be_had_is_refused_before_anything_is_paid(extras, sentence, tmp_path):
    with pytest.raises(InputError, match=sentence):
        trace(HCN, basis="sto-3g", extras=extras, store=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("extras", [Extras("1-2"), Extras(molden=True), Extras(qcschema=True)])
def test_a_model_surface_has_no_atoms_and_no_orbitals(extras):
    with pytest.raises(InputError):
        trace(MullerBrown(), start=MullerBrown().saddle, extras=extras)


def test_frames_are_spread_evenly_and_each_once():
    s = np.linspace(-2.0, 3.0, 51)
    found = spread(s, 6)
    assert s[found] == pytest.approx([-2.0, -1.0, -0.1, 1.0, 2.0, 3.0], abs=0.101)
    assert len(spread(s, 500)) == 50
    assert spread(s, 0) == []
