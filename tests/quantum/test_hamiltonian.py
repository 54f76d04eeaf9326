"""Hamiltonians against full CI, dense matrices and the algebra of fermions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.errors import InputError
from suite.quantum import molecule, pauli_sum
from suite.quantum.hamiltonian import fermion_to_qubits

LADDER = [np.array([[0, 1], [0, 0]]), np.array([[0, 0], [1, 0]])]  # annihilates, creates


def dense_ladder(mode, create, modes):
    """A ladder operator by Kronecker products, mode 0 rightmost, Z on all below it."""
    out = np.eye(1)
    for m in range(modes):
        factor = LADDER[create] if m == mode else (np.diag([1, -1]) if m < mode else np.eye(2))
        out = np.kron(factor, out)
    return out


ladders = st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(ladder=ladders, weight=st.complex_numbers(max_magnitude=10, allow_nan=False))
def test_jordan_wigner_of_any_product_is_its_dense_matrix(ladder, weight):
    expected = weight * np.eye(16, dtype=complex)
    for mode, create in ladder:
        expected = expected @ dense_ladder(mode, create, 4)
    found = fermion_to_qubits({tuple(ladder): weight}, 4).to_matrix()
    np.testing.assert_allclose(found, expected, atol=1e-12)


MOLECULES = [
    ({"geometry": "H 0 0 0; H 0 0 0.735"}, -1.1373060357534004),
    ({"geometry": "H 0 0 0; H 0 0 1.5"}, -0.9981493534714101),
    ({"geometry": "He 0 0 0; H 0 0 0.9", "charge": 1}, -2.8626175787977766),
    ({"geometry": "Li 0 0 0; H 0 0 1.595", "active_space": (2, 2)}, -7.862285533899535),
]


@pytest.mark.parametrize(("settings_", "exact"), MOLECULES)
def test_full_ci_and_the_lowest_eigenvalue_agree_with_the_reference(settings_, exact):
    problem = molecule(**settings_)
    assert problem.exact == pytest.approx(exact, abs=1e-8)
    matrix = problem.observable.to_matrix()
    up, down = problem.electrons
    half = problem.qubits // 2
    states = [
        i
        for i in range(2**problem.qubits)
        if (i & (2**half - 1)).bit_count() == up and (i >> half).bit_count() == down
    ]
    sector = matrix[np.ix_(states, states)]
    assert np.linalg.eigvalsh(sector)[0] == pytest.approx(exact, abs=1e-8)


def test_an_open_shell_molecule_keeps_its_spin():
    problem = molecule("O 0 0 0; H 0 0 0.97", spin=1, active_space=(3, 3))
    assert problem.electrons == (2, 1)
    assert problem.exact <= problem.hartree_fock + 1e-9


@pytest.mark.parametrize(
    ("settings_", "sentence"),
    [
        ({"geometry": "H 0 0 0; H 0 0 0.7", "basis": "no-such"}, "no-such"),
        ({"geometry": "H 0 0 0; H 0 0 0.7", "spin": 1}, "spin 1"),
        ({"geometry": "Qq 0 0 0"}, "refuses this molecule"),
        ({"geometry": "no/such/file.xyz"}, "no/such/file.xyz cannot be read"),
        ({"geometry": "H 0 0 0; H 0 0 0"}, "0.000 angstrom apart"),
        ({"geometry": "H 0 0 0; H 0 0 0.7", "active_space": (3, 2)}, "does not fit 2 electrons"),
        ({"geometry": "H 0 0 0; H 0 0 0.7", "active_space": (2, 5)}, "in 2 orbitals"),
    ],
)
def test_what_is_no_molecule_is_refused(settings_, sentence):
    with pytest.raises(InputError, match=sentence):
        molecule(**settings_)


@pytest.mark.parametrize("terms", [[], [("ZZ", 1.0), ("Z", 1.0)], [("AB", 1.0)], [("ZZ", np.inf)]])
def test_what_is_no_pauli_sum_is_refused(terms):
    with pytest.raises(InputError):
        pauli_sum(terms)


def test_the_exact_energy_of_a_spin_chain_is_that_of_the_reference():
    # The open transverse-field Ising chain of six spins, J = h = 1, by exact diagonalisation.
    terms = [("I" * i + "ZZ" + "I" * (4 - i), -1.0) for i in range(5)]
    terms += [("I" * i + "X" + "I" * (5 - i), -1.0) for i in range(6)]
    assert pauli_sum(terms).exact == pytest.approx(-7.296229810558762, abs=1e-10)
