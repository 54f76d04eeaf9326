"""Hamiltonians against full CI, dense matrices, the algebra of fermions and stored references."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.errors import InputError
from suite.molecule import Molecule
from suite.quantum import molecule, pauli_sum
from suite.quantum.problems.active import SplitShellWarning
from suite.quantum.problems.hamiltonian import fermion_to_qubits
from tests.quantum.ladders import dense_ladder

REFERENCES = json.loads(
    (Path(__file__).parents[2] / "reference" / "ground_states.json").read_text()
)["problems"]
MOLECULES = [case for case in REFERENCES if case["kind"] == "molecule"]
SPINS = [case for case in REFERENCES if case["kind"] == "spin"]


def sector_of(problem):
    """The observable's matrix between determinants with the problem's numbers of electrons."""
    up, down = problem.electrons
    half = problem.qubits // 2
    states = [
        i
        for i in range(2**problem.qubits)
        if (i & (2**half - 1)).bit_count() == up and (i >> half).bit_count() == down
    ]
    matrix = problem.observable.to_matrix(sparse=True).tocsr()[states][:, states].toarray()
    return matrix, states


ladders = st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=0, max_size=5)


@settings(max_examples=60, deadline=None)
@given(
    terms=st.dictionaries(
        ladders.map(tuple), st.complex_numbers(max_magnitude=10, allow_nan=False), max_size=4
    )
)
def test_jordan_wigner_of_any_sum_of_products_is_its_dense_matrix(terms):
    expected = np.zeros((16, 16), complex)
    for ladder, weight in terms.items():
        matrix = weight * np.eye(16, dtype=complex)
        for mode, create in ladder:
            matrix = matrix @ dense_ladder(mode, create, 4)
        expected += matrix
    np.testing.assert_allclose(fermion_to_qubits(terms, 4).to_matrix(), expected, atol=1e-12)


@pytest.mark.parametrize("case", MOLECULES, ids=lambda case: case["id"])
def test_a_molecule_has_the_energies_of_its_reference(case):
    given_ = {key: case[key] for key in ("geometry", "charge", "spin", "active_space")}
    problem = molecule(**given_)
    assert problem.exact == pytest.approx(case["exact"], abs=1e-8)
    assert problem.hartree_fock == pytest.approx(case["hartree_fock"], abs=1e-8)
    assert problem.qubits == case["qubits"]
    assert problem.electrons == problem.integrals.electrons == tuple(case["electrons"])
    assert not np.any(problem.observable.coeffs.imag)
    matrix, states = sector_of(problem)
    roots = np.linalg.eigvalsh(matrix)
    expected = case["lowest"] or [case["exact"]]
    np.testing.assert_allclose(roots[: len(expected)], expected, atol=1e-8)
    # Hartree-Fock is the determinant that fills the lowest orbitals of each spin.
    (up, down), half = problem.electrons, problem.qubits // 2
    reference = states.index((2**down - 1) << half | (2**up - 1))
    assert matrix[reference, reference].real == pytest.approx(case["hartree_fock"], abs=1e-8)


@pytest.mark.parametrize("case", SPINS, ids=lambda case: case["id"])
def test_a_pauli_sum_has_the_exact_energy_of_its_reference(case):
    assert pauli_sum(case["terms"]).exact == pytest.approx(case["exact"], abs=1e-9)


OPEN_SHELLS = [
    ({"geometry": "O 0 0 0; H 0 0 0.97", "spin": 1, "active_space": (5, 4)}, (3, 2)),
    ({"geometry": "N 0 0 0", "spin": 3}, (5, 2)),
    ({"geometry": "H 0 0 0; H 0 0 1; H 0 0 2", "spin": 1}, (2, 1)),
    ({"geometry": "H 0 0 0; H 0 0 1; H 0 0 2; H 0 0 3", "charge": 1, "spin": 3}, (3, 0)),
]


@pytest.mark.parametrize(("given_", "electrons"), OPEN_SHELLS)
def test_the_whole_spectrum_of_an_open_shell_is_that_of_full_ci(given_, electrons):
    from pyscf import fci

    problem = molecule(**given_)
    assert problem.electrons == electrons
    integrals = problem.integrals
    orbitals = integrals.orbitals
    absorbed = fci.direct_spin1.absorb_h1e(integrals.one, integrals.two, orbitals, electrons, 0.5)
    matrix, states = sector_of(problem)
    size = len(states)
    shape = tuple(fci.cistring.num_strings(orbitals, count) for count in electrons)
    columns = [
        fci.direct_spin1.contract_2e(absorbed, row.reshape(shape), orbitals, electrons).ravel()
        for row in np.eye(size)
    ]
    expected = np.linalg.eigvalsh(np.array(columns)) + integrals.constant
    np.testing.assert_allclose(np.linalg.eigvalsh(matrix), expected, atol=1e-9)
    assert problem.exact == pytest.approx(expected[0], abs=1e-8)
    half, (up, down) = problem.qubits // 2, electrons
    reference = states.index((2**down - 1) << half | (2**up - 1))
    assert matrix[reference, reference].real == pytest.approx(problem.hartree_fock, abs=1e-8)


def test_an_active_space_by_list_is_that_by_size_where_they_name_the_same():
    where = {"geometry": "Li 0 0 0; H 0 0 1.595"}
    by_size, by_list = (molecule(**where, active_space=space) for space in ((2, 2), [2, [1, 2]]))
    assert by_list.exact == pytest.approx(by_size.exact, abs=1e-10)
    # The σ orbitals 1, 2 and 5 correlate more than the frontier pair; π (3, 4) stays out whole.
    wider = molecule(**where, active_space=[2, [1, 2, 5]])
    assert wider.exact < by_size.exact - 1e-3
    assert wider.hartree_fock == by_size.hartree_fock


def test_a_split_shell_is_warned_of_and_a_whole_one_is_not():
    where = {"geometry": "Li 0 0 0; H 0 0 1.595"}
    with pytest.warns(SplitShellWarning, match="takes orbital 3 and leaves out orbital 4"):
        molecule(**where, active_space=(2, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        molecule(**where, active_space=(2, 4))


@pytest.mark.parametrize(
    ("settings_", "sentence"),
    [
        ({"geometry": "H 0 0 0; H 0 0 0.7", "basis": "no-such"}, "no-such"),
        ({"geometry": "H 0 0 0; H 0 0 0.7", "spin": 1}, "spin 1 .* must be even and at most 2"),
        ({"geometry": "H 0 0 0; H 0 0 0.7", "spin": 4}, "spin 4 .* impossible"),
        ({"geometry": "H 0 0 0; H 0 0 0.7", "charge": 2}, "charge 2 leaves 0 electrons"),
        ({"geometry": "He 0 0 0", "spin": 2}, "needs 2 orbitals"),
        ({"geometry": "H 0 0 0; Xx 0 0 1"}, "Atom 2 of the geometry is no element. Got 'Xx'"),
        ({"geometry": "H 0 0 0; H 0 0 0.7", "basis": "6-31gg"}, "near names: 631g"),
        ({"geometry": "H 0 0 nan"}, "Atom 1 of the geometry"),
        ({"geometry": "H 0 0 0; H 0 0 abs(1)"}, r"Got 'H 0 0 abs\(1\)'"),
        ({"geometry": " ; "}, "no atoms"),
        ({"geometry": "no/such/file.xyz"}, "no/such/file.xyz cannot be read"),
        ({"geometry": "H 0 0 0; H 0 0 0"}, "0.000 angstrom apart"),
        ({"geometry": "H 0 0 0; H 0 0 0.7", "active_space": (3, 2)}, "does not fit 2 electrons"),
        ({"geometry": "H 0 0 0; H 0 0 0.7", "active_space": (2, 5)}, "in 2 orbitals"),
        ({"geometry": "H 0 0 0; H 0 0 0.7", "active_space": (2, "2")}, "must be \\[electrons"),
        ({"geometry": "H 0 0 0; H 0 0 0.7", "active_space": (2, [0, 7])}, "from 0 to 1"),
        ({"geometry": "Li 0 0 0; H 0 0 1.6", "active_space": (2, [0, 1])}, "hold 4 electrons"),
        (
            {"geometry": "O 0 0 0; H 0 0 1", "spin": 1, "active_space": (3, [3, 5])},
            r"singly filled \[4\]",
        ),
        ({"geometry": "C 0 0 0; C 0 0 1.3", "basis": "cc-pvtz"}, "choose an active_space"),
    ],
)
def test_what_is_no_molecule_is_refused(settings_, sentence):
    with pytest.raises(InputError, match=sentence):
        molecule(**settings_)


def test_an_explicit_charge_wins_over_that_of_the_molecule():
    ion = Molecule(("He", "H"), np.array([[0, 0, 0], [0, 0, 0.9]]), charge=1)
    assert molecule(ion).electrons == (1, 1)
    assert molecule(ion, charge=0, spin=1).electrons == (2, 1)


@pytest.mark.parametrize(
    "terms",
    [[], [("ZZ", 1.0), ("Z", 1.0)], [("AB", 1.0)], [("ZZ", np.inf)], [("Z", True)], [("Z",)], 3],
)
def test_what_is_no_pauli_sum_is_refused(terms):
    with pytest.raises(InputError):
        pauli_sum(terms)


@pytest.mark.parametrize(
    "text", ["-1.5 ZZ + 0.5*XI - IX", "ZZ -1.5\nXI 0.5  # field\nIX, -1", "-1.5*ZZ\n+.5XI; - IX"]
)
def test_pauli_text_is_read_however_it_is_written(text):
    terms = dict(pauli_sum(text).observable.to_list())
    assert terms == {"ZZ": -1.5, "XI": 0.5, "IX": -1.0}


@pytest.mark.parametrize("text", ["", "ZZ + 2 Q", "1.0 2.0 ZZ", "ZZ XX", "zz 1.0"])
def test_pauli_text_that_cannot_be_read_is_refused(text):
    with pytest.raises(InputError, match=r"no Pauli term|is empty"):
        pauli_sum(text)
