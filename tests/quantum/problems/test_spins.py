"""Spin models against closed forms and stored references."""

import json
from pathlib import Path

import numpy as np
import pytest

from suite.errors import InputError
from suite.quantum.problems.spins import chain, grid, heisenberg, ring, spin_model, tfim, xxz

REFERENCES = {
    case["id"]: case
    for case in json.loads(
        (Path(__file__).parents[2] / "reference" / "ground_states.json").read_text()
    )["problems"]
}
NAMED = {
    "tfim_open_4_J1_h1": lambda: tfim(chain(4)),
    "tfim_open_6_J1_h1": lambda: tfim(chain(6)),
    "tfim_open_8_J1_h1": lambda: tfim(chain(8), 1, 1),
    "heis_open_4": lambda: heisenberg(chain(4)),
    "heis_open_8": lambda: heisenberg(chain(8)),
    "xxz_open_6_d0.5": lambda: xxz(chain(6), 1.0, 0.5),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_named_model_is_the_sum_of_its_reference(name):
    problem = NAMED[name]()
    assert problem.exact == pytest.approx(REFERENCES[name]["exact"], abs=1e-9)
    found = {word: value.real for word, value in problem.observable.to_list()}
    assert found == dict(REFERENCES[name]["terms"])


@pytest.mark.parametrize(
    ("sites", "coupling", "field"), [(6, 1.0, 0.7), (10, 0.8, 1.3), (14, 1, 1)]
)
def test_the_ising_ring_has_its_closed_form(sites, coupling, field):
    # Free fermions with half-integer momenta, Pfeuty, Ann. Phys. 57, 79 (1970).
    momenta = (2 * np.arange(sites) + 1) * np.pi / sites
    exact = -np.sum(np.sqrt(coupling**2 + field**2 - 2 * coupling * field * np.cos(momenta)))
    assert tfim(ring(sites), coupling, field).exact == pytest.approx(exact, abs=1e-9)


def test_the_heisenberg_square_has_its_closed_form():
    # Two sublattices of two spins: E = S(S+1) - SA(SA+1) - SB(SB+1) in units of 2J, -8 in Paulis.
    assert heisenberg(grid(2, 2)).exact == pytest.approx(-8.0, abs=1e-10)
    assert heisenberg(ring(4)).exact == pytest.approx(-8.0, abs=1e-10)


def test_sixteen_sites_are_still_solved():
    # The ring of 16: Bethe ansatz, E/J = -7.1422963606 in spin operators.
    assert heisenberg(ring(16)).exact == pytest.approx(4 * -7.1422963606, abs=1e-6)


def test_grids_have_the_bonds_of_a_square_lattice():
    assert len(grid(3, 4)) == 3 * 3 + 2 * 4
    assert len(grid(3, 4, periodic=True)) == 2 * 12
    degrees = np.bincount(np.ravel(grid(3, 3, periodic=True)))
    assert set(degrees) == {4}


def test_couplings_and_fields_go_to_their_bonds_and_sites():
    problem = spin_model([(2, 0)], {"XY": 0.5}, {"Z": [0, 0, 1.5]})
    assert dict(problem.observable.to_list()) == {"XIY": 0.5, "ZII": 1.5}


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: chain(1), "sites must be a whole number from 2 to 1,000"),
        (lambda: ring(2), "from 3 to 1,000"),
        (lambda: grid(1, 1), "two sites"),
        (lambda: tfim([(0, 0)]), "two different sites"),
        (lambda: tfim([(0, 1), (1, 0)]), "twice"),
        (lambda: tfim([]), "needs a bond"),
        (lambda: tfim(chain(3), [1.0, 2.0, 3.0]), "each of the 2 bonds"),
        (lambda: tfim(chain(3), 1.0, np.nan), "finite"),
        (lambda: tfim(chain(3), 0.0, 0.0), "are zero"),
        (lambda: spin_model([(0, 1)], {"ZQ": 1.0}), "letters X, Y, Z"),
        (lambda: spin_model([(0, 5)], {"ZZ": 1.0}, sites=3), "names site 5"),
    ],
)
def test_what_is_no_spin_model_is_refused(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: tfim(chain(3), [1.0]), r"coupling must be one .* of the 2 bonds\. Got \[1\.0\]"),
        (lambda: tfim(chain(3), 1.0, np.nan), r"field must be .*\. Got nan\."),
        (lambda: xxz(chain(3), 1.0, [1, 2, 3]), "anisotropy must be"),
        (lambda: heisenberg(chain(3), "a"), "coupling must be numbers. Got 'a'"),
    ],
)
def test_a_number_that_does_not_fit_is_told_as_it_was_given(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()
